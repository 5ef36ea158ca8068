//! What is to be told: a title, lines, a link, and the event behind it for machines. Markup comes only from the kind of
//! a line, never from its text, so a dealer's words cannot become a link, a heading or a call to everybody.

use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest id in bytes.
const ID_BYTES: usize = 128;
/// The longest link in bytes: it must fit into the smallest channel with room for words.
const LINK_BYTES: usize = 1_000;
/// The longest title in characters; a longer one is cut.
const TITLE_CHARACTERS: usize = 120;

/// One line of a message's body. Its text is shown as it is, whatever marks it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "text", rename_all = "kebab-case")]
pub enum Line {
    /// A heading over the lines below it.
    Heading(String),
    /// One item of a list.
    Item(String),
    /// A plain line.
    Text(String),
}

impl Line {
    /// The words of the line.
    pub fn text(&self) -> &str {
        match self {
            Self::Heading(text) | Self::Item(text) | Self::Text(text) => text,
        }
    }
}

/// A message to one receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The same in every try, so that the receiver can drop repeats: letters, digits, `-` and `_`, at most 128.
    pub id: String,
    /// One line; beyond 120 characters it is cut.
    pub title: String,
    /// The body.
    pub lines: Vec<Line>,
    /// How much it wants a person's eye.
    #[serde(with = "severity_name")]
    pub severity: Severity,
    /// Where to read on: an http or https address of at most 1000 bytes.
    pub link: Option<String>,
    /// The language of the words the courier adds.
    #[serde(with = "language_tag")]
    pub language: Language,
    /// When it happened, an instant as RFC 3339 text.
    pub at: String,
    /// The event's type for machines, like `alert.opened`.
    pub event: String,
    /// The event for machines.
    pub data: serde_json::Value,
}

/// Why a message cannot be sent by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageFault {
    /// The id is empty, too long or has other characters.
    #[error("the message's id must be 1 to 128 letters, digits, '-' or '_': give it such an id")]
    Id,
    /// The link is no http or https address, or too long.
    #[error("the message's link must be an http or https address of at most 1000 bytes: shorten or mend it")]
    Link,
    /// The instant is not RFC 3339.
    #[error("the message's instant must be RFC 3339, like 2026-03-05T14:30:00Z: mend it")]
    At,
    /// The event's type is not words joined by dots.
    #[error("the message's event type must be lower-case words joined by dots, like alert.opened: mend it")]
    Event,
}

impl MessageFault {
    /// A stable name of the fault.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Id => "message_id",
            Self::Link => "message_link",
            Self::At => "message_at",
            Self::Event => "message_event",
        }
    }
}

impl Message {
    /// Refuses what no channel could carry, in the order of the fields.
    pub fn check(&self) -> Result<(), MessageFault> {
        let fits =
            |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        if self.id.is_empty() || self.id.len() > ID_BYTES || !fits(&self.id, "-_") {
            return Err(MessageFault::Id);
        }
        if self.link.is_some() && self.link_address().is_none() {
            return Err(MessageFault::Link);
        }
        if self.at.parse::<Timestamp>().is_err() {
            return Err(MessageFault::At);
        }
        if self.event.is_empty() || self.event.len() > ID_BYTES || !fits(&self.event, "-_.") {
            return Err(MessageFault::Event);
        }
        Ok(())
    }

    /// The title on one line, cut at its limit.
    pub(crate) fn headline(&self) -> String {
        let title = crate::inert::one_line(&self.title);
        let shown: String = if title.chars().count() > TITLE_CHARACTERS {
            title.chars().take(TITLE_CHARACTERS - 1).chain(['…']).collect()
        } else {
            title
        };
        crate::words::headline(self.language, self.severity, &shown)
    }

    /// The link as the address parser writes it, with brackets encoded so that no Markdown ends early.
    pub(crate) fn link_address(&self) -> Option<String> {
        let url = reqwest::Url::parse(self.link.as_deref()?).ok()?;
        let text = url.as_str().replace('(', "%28").replace(')', "%29").replace('\'', "%27");
        (matches!(url.scheme(), "http" | "https") && text.len() <= LINK_BYTES).then_some(text)
    }
}

/// A severity by its name in files.
mod severity_name {
    use farsight_rulebook::policy::Severity;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(super) fn serialize<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(severity.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
        let name = String::deserialize(deserializer)?;
        Severity::named(&name).ok_or_else(|| D::Error::custom("no such severity"))
    }
}

/// A language by its tag.
mod language_tag {
    use farsight_rulebook::messages::Language;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(super) fn serialize<S: Serializer>(language: &Language, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(language.tag())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Language, D::Error> {
        let tag = String::deserialize(deserializer)?;
        Language::tagged(&tag).ok_or_else(|| D::Error::custom("no such language"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A message that every channel carries.
    pub(crate) fn sound() -> Message {
        Message {
            id: "msg_1".to_owned(),
            title: "D1 未通过视频抽查".to_owned(),
            lines: vec![
                Line::Heading("处理".to_owned()),
                Line::Item("D1".to_owned()),
                Line::Text("请整改".to_owned()),
            ],
            severity: Severity::Warning,
            link: Some("https://tower.example/alerts/1".to_owned()),
            language: Language::Chinese,
            at: "2026-03-05T06:30:00Z".to_owned(),
            event: "alert.opened".to_owned(),
            data: serde_json::json!({ "dealer": "D1" }),
        }
    }

    fn fault(change: impl Fn(&mut Message)) -> Option<&'static str> {
        let mut message = sound();
        change(&mut message);
        message.check().err().map(MessageFault::code)
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(fault(|_| ()), None);
        assert_eq!(fault(|m| m.id = "a.b".to_owned()), Some("message_id"));
        assert_eq!(fault(|m| m.id = "a\r\nBcc: x".to_owned()), Some("message_id"));
        assert_eq!(fault(|m| m.link = Some("javascript:alert(1)".to_owned())), Some("message_link"));
        assert_eq!(fault(|m| m.at = "yesterday".to_owned()), Some("message_at"));
        assert_eq!(fault(|m| m.event = "a b".to_owned()), Some("message_event"));
    }

    #[test]
    fn a_message_comes_back_from_json_as_it_went() {
        let text = serde_json::to_string(&sound()).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&text).unwrap(), sound());
    }

    #[test]
    fn a_title_is_one_line_of_bounded_length() {
        let mut message = sound();
        message.title = format!("a\r\nBcc: {}", "长".repeat(500));
        let headline = message.headline();
        assert!(!headline.contains(['\r', '\n']));
        assert_eq!(headline.chars().count(), "【注意】".chars().count() + TITLE_CHARACTERS);
    }
}
