//! How a page is wished for: language and colours, by the browser's wish and its switches.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use axum_extra::extract::CookieJar;
use farsight_rulebook::messages::Language;

/// The cookie of the language.
pub(crate) const LANGUAGE: &str = "language";
/// The cookie of the colours.
pub(crate) const COLOURS: &str = "colours";

/// Light, dark, or as the machine wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colours {
    Light,
    Dark,
    Machine,
}

impl Colours {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Machine => "machine",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Machine,
        }
    }
}

/// What a browser wishes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    pub(crate) language: Language,
    pub(crate) colours: Colours,
}

impl Reader {
    /// By cookies first, then by the browser's languages; `chosen` is the user's own choice, kept with their account.
    pub(crate) fn of(headers: &HeaderMap, chosen: &str) -> Self {
        let cookies = CookieJar::from_headers(headers);
        let cookie = |name: &str| cookies.get(name).map(|cookie| cookie.value().to_owned());
        let wished = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let language = cookie(LANGUAGE)
            .and_then(|tag| Language::tagged(&tag))
            .or_else(|| Language::tagged(chosen))
            .unwrap_or_else(|| of_browser(wished));
        Self { language, colours: Colours::named(&cookie(COLOURS).unwrap_or_default()) }
    }
}

/// The first of the browser's languages that the house speaks; Chinese where it speaks none of them.
fn of_browser(wished: &str) -> Language {
    wished
        .split(',')
        .filter_map(|one| one.split(';').next())
        .find_map(|tag| match tag.trim().to_ascii_lowercase().split('-').next() {
            Some("zh") => Some(Language::Chinese),
            Some("en") => Some(Language::English),
            _ => None,
        })
        .unwrap_or(Language::Chinese)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_first_language_that_we_speak() {
        for (wished, language) in [
            ("", Language::Chinese),
            ("en-GB,en;q=0.9,zh;q=0.8", Language::English),
            ("zh-TW,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("de-DE, en;q=0.5", Language::English),
            ("fr", Language::Chinese),
        ] {
            assert_eq!(of_browser(wished), language, "{wished}");
        }
    }
}
