//! A message's parts put together within a channel's limit, cut between characters, with a line that says how much was
//! left out. The first and last parts are never cut.

use farsight_rulebook::messages::Language;

use crate::words;

/// Parts of a message: `head` and `foot` always go out, `body` is what may be cut.
pub(crate) struct Parts<'a> {
    pub(crate) head: &'a str,
    pub(crate) body: &'a str,
    pub(crate) foot: &'a str,
    pub(crate) joint: &'a str,
}

/// The parts joined, within `limit` as `cost` counts the characters.
pub(crate) fn fit(parts: &Parts, limit: usize, cost: fn(char) -> usize, language: Language) -> String {
    let size = |text: &str| text.chars().map(cost).sum::<usize>();
    let joined = |parts_there: [&str; 4]| {
        let there: Vec<_> = parts_there.into_iter().filter(|part| !part.is_empty()).collect();
        there.join(parts.joint)
    };
    let whole = joined([parts.head, parts.body, "", parts.foot]);
    if size(&whole) <= limit {
        return whole;
    }
    let all = parts.body.chars().count();
    // The note about everything is the longest it can get.
    let note = words::left_out(language, all);
    let fixed = size(parts.head) + size(parts.foot) + size(&note) + 3 * size(parts.joint);
    let kept = start_within(parts.body, limit.saturating_sub(fixed), cost);
    let note = words::left_out(language, all - kept.chars().count());
    joined([parts.head, kept, &note, parts.foot])
}

/// The longest start of a text within a limit.
fn start_within(text: &str, limit: usize, cost: fn(char) -> usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find_map(|(place, c)| {
        used += cost(c);
        (used > limit).then_some(place)
    });
    &text[..end.unwrap_or(text.len())]
}

/// Bytes of a character in UTF-8.
pub(crate) fn utf8(c: char) -> usize {
    c.len_utf8()
}

/// Bytes of a character in a JSON text.
pub(crate) fn json(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' => 2,
        c if c.is_control() => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fitted(body: &str, limit: usize) -> String {
        fit(&Parts { head: "标题", body, foot: "脚", joint: "\n" }, limit, utf8, Language::Chinese)
    }

    #[test]
    fn what_fits_is_whole() {
        assert_eq!(fitted("正文", 100), "标题\n正文\n脚");
    }

    #[test]
    fn what_does_not_fit_says_how_much_is_missing() {
        assert_eq!(
            fitted(&"字".repeat(100), 100),
            "标题\n字字字字字字字字字字字字字\n……（超出长度限制，省略 87 字）\n脚"
        );
    }

    proptest! {
        #[test]
        fn nothing_exceeds_its_limit_and_every_character_is_accounted_for(body in "\\PC{0,400}", limit in 90_usize..800) {
            let text = fitted(&body, limit);
            prop_assert!(text.len() <= limit);
            if let Some((_, rest)) = text.split_once("省略 ") {
                let missing: usize = rest.split_once(" 字").unwrap().0.parse().unwrap();
                let kept = body.chars().take(body.chars().count() - missing).collect::<String>();
                prop_assert!(text.contains(&kept));
                prop_assert!(missing > 0);
            } else {
                prop_assert!(text.contains(&body));
            }
        }
    }
}
