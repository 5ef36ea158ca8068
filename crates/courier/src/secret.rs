//! A text that nobody may see: passwords, signing keys, robots' addresses (whoever has one may post to the group).

use std::fmt;

use serde::Deserialize;

/// A secret text. It shows itself only to [`Secret::expose`]; it can be read from a file or JSON but not written.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, to sign or to connect with; never to print.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The text without the given secrets, at most 200 characters, on one line: what others answer is shown to people,
/// and a receiver may echo what it was sent.
pub(crate) fn redacted(text: &str, secrets: &[&str]) -> String {
    let mut shown = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 6) {
        shown = shown.replace(secret, "***");
    }
    shown
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("SEC123456")), "Secret(***)");
    }

    #[test]
    fn what_others_answer_is_shown_without_secrets_on_one_line() {
        assert_eq!(redacted("key abcdef-1\nis bad", &["abcdef-1"]), "key *** is bad");
        assert_eq!(redacted(&"长".repeat(999), &[]).chars().count(), 200);
    }
}
