//! The words of the pages: the house's message files and those of the screens, one set in every language.

use farsight_rulebook::messages::{Language, MessageError, Messages};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../config/messages"]
struct Files;

/// Reads all message files: `LANGUAGE.toml`, and `web/SCREEN.LANGUAGE.toml`.
pub(crate) fn read() -> Result<Messages, MessageError> {
    let house = |language: Language| text(&format!("{}.toml", language.tag()));
    let mut messages = Messages::read(&house(Language::Chinese), &house(Language::English))?;
    for language in Language::ALL {
        let ending = format!(".{}.toml", language.tag());
        for name in Files::iter().filter(|name| name.ends_with(&ending)) {
            messages = messages.with(language, &text(&name))?;
        }
    }
    Ok(messages)
}

fn text(name: &str) -> String {
    Files::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

/// A message; one that counts takes its form by the value `count`.
pub(crate) fn say(
    messages: &Messages,
    language: Language,
    key: &str,
    values: &[(&str, String)],
) -> Result<String, MessageError> {
    let one = || values.iter().any(|(name, value)| *name == "count" && value == "1");
    let forms = [format!("{key}.one"), format!("{key}.other")];
    let key = match &forms {
        _ if messages.has(language, key) => key,
        [form, _] if one() && messages.has(language, form) => form,
        [_, form] if messages.has(language, form) => form,
        _ => key,
    };
    messages.say(language, key, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word that one language has and the other lacks would be a page that fails in that language only.
    #[test]
    fn both_languages_say_the_same() {
        let messages = read().unwrap();
        // A count has one form in Chinese, and may have two in English.
        let keys = |language| {
            let keys = messages.keys(language).filter(|key| key.strip_suffix(".one").is_none());
            keys.map(|key| key.strip_suffix(".other").unwrap_or(key)).collect::<Vec<_>>()
        };
        let (chinese, english) = (keys(Language::Chinese), keys(Language::English));
        let missing: Vec<_> = chinese.iter().filter(|key| !english.contains(key)).collect();
        let more: Vec<_> = english.iter().filter(|key| !chinese.contains(key)).collect();
        assert!(missing.is_empty() && more.is_empty(), "only Chinese: {missing:?}; only English: {more:?}");
    }
}
