//! Words: message files in every language of the house, and the one way to put values into them.
//!
//! A message file is TOML; nested tables make dotted keys (`[seat] dealer = "…"` is `seat.dealer`); placeholders are
//! `{name}`. A key that counts has forms `.one` (where the language has one) and `.other`. Nothing here reads a file.

mod voice;

use std::collections::{BTreeMap, BTreeSet};

pub use voice::Voice;

/// A language of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Chinese, the first.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// Its tag, the name of its message file: `zh-CN`, `en`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The language of a tag.
    pub fn tagged(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }
}

/// Why something cannot be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A message file is no TOML.
    #[error("the message file {language}.toml cannot be read: {reason}")]
    Unreadable {
        /// The file's language tag.
        language: &'static str,
        /// What the parser says.
        reason: String,
    },
    /// A message is no text, or its braces do not match.
    #[error("{language}.toml: '{key}' must be a text with placeholders like {{name}}")]
    NoText {
        /// The file's language tag.
        language: &'static str,
        /// The key.
        key: String,
    },
    /// Two files say the same message.
    #[error("{language}: '{key}' is said by two message files: take one out")]
    Twice {
        /// The files' language tag.
        language: &'static str,
        /// The key.
        key: String,
    },
    /// No such message.
    #[error("{language}.toml has no message '{key}': add it")]
    UnknownKey {
        /// The file's language tag.
        language: &'static str,
        /// The key.
        key: String,
    },
    /// A message asks for a value that was not given.
    #[error("{language}.toml: '{key}' asks for {{{placeholder}}}, which is not given here")]
    NoValue {
        /// The file's language tag.
        language: &'static str,
        /// The key.
        key: String,
        /// The placeholder.
        placeholder: String,
    },
}

/// The messages of all languages.
#[derive(Debug, Clone)]
pub struct Messages {
    languages: Vec<BTreeMap<String, String>>,
}

impl Messages {
    /// Reads the message files, given as texts.
    pub fn read(chinese: &str, english: &str) -> Result<Self, MessageError> {
        let files = Language::ALL.into_iter().zip([chinese, english]);
        Ok(Self {
            languages: files.map(|(language, text)| read(language.tag(), text)).collect::<Result<_, _>>()?,
        })
    }

    /// With a further file of a language; what another file says already is an error.
    pub fn with(mut self, language: Language, text: &str) -> Result<Self, MessageError> {
        let more = read(language.tag(), text)?;
        for texts in self
            .languages
            .iter_mut()
            .zip(Language::ALL)
            .filter(|(_, of)| *of == language)
            .map(|(texts, _)| texts)
        {
            for (key, text) in more.clone() {
                if texts.insert(key.clone(), text).is_some() {
                    return Err(MessageError::Twice { language: language.tag(), key });
                }
            }
        }
        Ok(self)
    }

    /// Whether a language has a message.
    pub fn has(&self, language: Language, key: &str) -> bool {
        self.texts(language).contains_key(key)
    }

    /// All keys of a language, sorted.
    pub fn keys(&self, language: Language) -> impl Iterator<Item = &str> {
        self.texts(language).keys().map(String::as_str)
    }

    /// A message with its placeholders filled. A value that the message does not ask for is left unsaid.
    pub fn say<V: AsRef<str>>(
        &self,
        language: Language,
        key: &str,
        values: &[(&str, V)],
    ) -> Result<String, MessageError> {
        let tag = language.tag();
        let unknown = || MessageError::UnknownKey { language: tag, key: key.to_owned() };
        let text = self.texts(language).get(key).ok_or_else(unknown)?;
        let mut said = String::with_capacity(text.len());
        for part in parts(text).unwrap_or_default() {
            match part {
                Part::Words(words) => said.push_str(words),
                Part::Placeholder(name) => {
                    let value = values.iter().find(|(given, _)| *given == name);
                    let no_value = || MessageError::NoValue {
                        language: tag,
                        key: key.to_owned(),
                        placeholder: name.to_owned(),
                    };
                    said.push_str(value.ok_or_else(no_value)?.1.as_ref());
                }
            }
        }
        Ok(said)
    }

    /// Where the languages differ in keys or placeholders; `.one` forms aside, which not every language has.
    pub fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        let keys: BTreeSet<&str> =
            Language::ALL.into_iter().flat_map(|language| self.keys(language)).collect();
        for key in keys.into_iter().filter(|key| key.rsplit('.').next() != Some("one")) {
            let asked =
                Language::ALL.map(|language| self.texts(language).get(key).map(|text| placeholders(text)));
            if asked[0] != asked[1] {
                differences.push(format!("{key}: {:?} and {:?}", asked[0], asked[1]));
            }
        }
        differences
    }

    fn texts(&self, language: Language) -> &BTreeMap<String, String> {
        &self.languages[language as usize]
    }
}

fn read(language: &'static str, text: &str) -> Result<BTreeMap<String, String>, MessageError> {
    let unreadable =
        |reason: toml::de::Error| MessageError::Unreadable { language, reason: reason.to_string() };
    let table: toml::Table = toml::from_str(text).map_err(unreadable)?;
    let mut texts = BTreeMap::new();
    flatten(language, "", table, &mut texts)?;
    Ok(texts)
}

fn flatten(
    language: &'static str,
    above: &str,
    table: toml::Table,
    texts: &mut BTreeMap<String, String>,
) -> Result<(), MessageError> {
    for (name, value) in table {
        let key = if above.is_empty() { name } else { format!("{above}.{name}") };
        match value {
            toml::Value::Table(inner) => flatten(language, &key, inner, texts)?,
            toml::Value::String(text) if parts(&text).is_some() => {
                texts.insert(key, text);
            }
            _ => return Err(MessageError::NoText { language, key }),
        }
    }
    Ok(())
}

enum Part<'t> {
    Words(&'t str),
    Placeholder(&'t str),
}

/// The parts of a message; `None` when its braces do not match.
fn parts(text: &str) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((words, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        if words.contains('}') || name.is_empty() || name.contains('{') {
            return None;
        }
        parts.extend([Part::Words(words), Part::Placeholder(name)]);
        rest = after;
    }
    (!rest.contains('}')).then(|| {
        parts.push(Part::Words(rest));
        parts
    })
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    let names = parts(text).unwrap_or_default().into_iter().filter_map(|part| match part {
        Part::Placeholder(name) => Some(name),
        Part::Words(_) => None,
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_filled_and_what_is_missing_is_an_error() {
        let messages = Messages::read("[a]\nb = \"{x} 次\"", "a.b = \"{x} times {y}\"").unwrap();
        assert_eq!(messages.say(Language::Chinese, "a.b", &[("x", "3")]).unwrap(), "3 次");
        let missing = messages.say(Language::English, "a.b", &[("x", "3")]).unwrap_err();
        assert_eq!(missing.to_string(), "en.toml: 'a.b' asks for {y}, which is not given here");
        let unknown = messages.say(Language::English, "a.c", &[("x", "3")]).unwrap_err();
        assert_eq!(unknown.to_string(), "en.toml has no message 'a.c': add it");
        assert_eq!(messages.differences().len(), 1);
    }

    #[test]
    fn a_file_that_is_no_toml_or_has_odd_braces_is_refused() {
        assert!(matches!(
            Messages::read("a = ", ""),
            Err(MessageError::Unreadable { language: "zh-CN", .. })
        ));
        for wrong in ["a = 1", "a = \"{x\"", "a = \"x}\"", "a = \"{}\"", "a = \"{x{y}}\""] {
            assert!(matches!(Messages::read("", wrong), Err(MessageError::NoText { .. })), "{wrong}");
        }
    }
}
