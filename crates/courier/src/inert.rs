//! Text made inert: what a dealer wrote stays words. Chat clients and mail programs make links of bare addresses and
//! groups ring at `@`, so marks are replaced by their full-width twins, which read the same and do nothing;
//! backslashes are not understood alike by the three robots.

/// The text on one line, without control characters and without marks that turn the reading direction or hide.
pub(crate) fn one_line(text: &str) -> String {
    let kept = text.chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'));
    let flat: String =
        kept.map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect();
    flat.trim().to_owned()
}

/// One line in which no address turns into a link.
pub(crate) fn unlinked(text: &str) -> String {
    let flat = one_line(text);
    let characters: Vec<char> = flat.chars().collect();
    let at = |place: usize| characters.get(place).copied().unwrap_or(' ');
    let quiet = characters.iter().enumerate().map(|(place, &c)| match c {
        ':' if at(place + 1) == '/' => '：',
        // a dot before a letter makes a host name of it; numbers and ends of sentences keep theirs
        '.' if place > 0 && at(place - 1).is_alphanumeric() && at(place + 1).is_alphabetic() => '．',
        c => c,
    });
    quiet.collect()
}

/// One line in which nothing is a link, a tag or a call to somebody.
pub(crate) fn inert(text: &str) -> String {
    unlinked(text).chars().map(|c| twin(c, "<>@")).collect()
}

/// One line in which nothing is a link, a tag, a call to somebody or Markdown.
pub(crate) fn inert_markdown(text: &str) -> String {
    unlinked(text).chars().map(|c| twin(c, "<>@[]`*_~|#\\!")).collect()
}

/// The full-width twin of an ASCII mark, when it is among the marks.
fn twin(c: char, marks: &str) -> char {
    if !marks.contains(c) {
        return c;
    }
    char::from_u32(u32::from(c) + 0xfee0).unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_lose_their_power() {
        for (text, expected) in [
            ("[点我](https://evil.example/x)", "［点我］(https：//evil．example/x)"),
            ("<@all> @所有人", "＜＠all＞ ＠所有人"),
            ("# a\n> b\r\n**c**", "＃ a ＞ b  ＊＊c＊＊"),
            ("www.evil.example", "www．evil．example"),
            ("`x` \\ ![p](y)", "｀x｀ ＼ ！［p］(y)"),
            ("12.50 元, 10:30. 好", "12.50 元, 10:30. 好"),
            ("a\u{202e}b\u{200b}c\u{7}d", "abc d"),
        ] {
            assert_eq!(inert_markdown(text), expected, "{text}");
        }
    }

    #[test]
    fn where_there_is_no_markdown_only_tags_and_calls_are_taken() {
        assert_eq!(inert("<at user_id=\"all\"></at> *a*"), "＜at user_id=\"all\"＞＜/at＞ *a*");
    }
}
