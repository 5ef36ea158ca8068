//! Pages: a template with what every page has, and the answers when there is none.
//!
//! In `page` a template finds: `reading` (for words and filters), `language`, `other_language`, `colours`, `path`, `now`,
//! `user` (`email`, `name`, `role`), `tenant`, `nav` (`path`, `key`, `here`), `done` (a key said once), `refusal`.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use farsight_control::ControlError;
use farsight_rulebook::messages::Language;
use farsight_rulebook::money::Currency;
use farsight_rulebook::time::{Instant, Zone};
use minijinja::Value;
use minijinja::value::merge_maps;
use serde::Serialize;

use crate::App;
use crate::answer::refusal;
use crate::assets;
use crate::reader::Reader;
use crate::views::{Reading, value};

/// The cookie with what was done: said once on the next page.
pub(crate) const DONE: &str = "done";

/// Why a page is not shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Not there, or not this person's: which, is not said.
    NotFound,
    /// What was asked for is refused; why is said on a page of its own. Forms that can say it beside what was typed do so.
    Refused {
        /// The stable code; a message `refusal.CODE` says it in words.
        code: String,
        /// In English, where there is no such message.
        text: String,
    },
    /// Something is broken; told to operators, not to the reader.
    Fault(String),
}

impl From<ControlError> for PageError {
    fn from(error: ControlError) -> Self {
        match error {
            gone if gone.is_not_found() => Self::NotFound,
            ControlError::Store(_) | ControlError::Write(_) | ControlError::File { .. } => {
                Self::Fault(error.to_string())
            }
            refused => Self::Refused { code: refused.code().to_owned(), text: refused.to_string() },
        }
    }
}

impl From<minijinja::Error> for PageError {
    fn from(error: minijinja::Error) -> Self {
        Self::Fault(format!("{error:#}"))
    }
}

impl From<farsight_store::StoreError> for PageError {
    fn from(error: farsight_store::StoreError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<farsight_exchange::WriteError> for PageError {
    fn from(error: farsight_exchange::WriteError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<farsight_rulebook::messages::MessageError> for PageError {
    fn from(error: farsight_rulebook::messages::MessageError) -> Self {
        Self::Fault(error.to_string())
    }
}

/// Answers where no page could be made: the layer [`crate::admit`] makes a page of it, in the reader's words.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::Refused { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "refused"),
            Self::Fault(why) => {
                tracing::error!(why, "a page could not be made");
                (StatusCode::INTERNAL_SERVER_ERROR, "fault")
            }
        };
        let mut answer = refusal(status, code);
        answer.extensions_mut().insert(Told(std::sync::Arc::new(self)));
        answer
    }
}

/// An error on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Told(pub(crate) std::sync::Arc<PageError>);

/// What a handler gives.
pub(crate) type PageResult = Result<Response, PageError>;

/// What every page has.
pub(crate) struct Frame<'f> {
    pub(crate) app: &'f App,
    pub(crate) reader: Reader,
    pub(crate) zone: Zone,
    pub(crate) currency: Currency,
    pub(crate) now: Instant,
    pub(crate) uri: &'f Uri,
    pub(crate) done: Option<String>,
    /// Who is signed in, as a template sees it: `user`, `tenant`, `nav`.
    pub(crate) person: Value,
}

#[derive(Serialize)]
struct Base<'b> {
    language: &'static str,
    other_language: &'static str,
    colours: &'static str,
    path: &'b str,
    here: String,
    now: i64,
    style: &'b str,
    script: &'b str,
    done: Option<&'b str>,
}

impl Frame<'_> {
    /// Words and values for this reader.
    pub(crate) fn reading(&self) -> Reading {
        Reading {
            language: self.reader.language,
            zone: self.zone.clone(),
            currency: self.currency,
            messages: self.app.views.messages.clone(),
        }
    }

    /// Renders a template with what every page has and a context of its own.
    pub(crate) fn render(&self, template: &str, context: Value) -> Result<String, PageError> {
        let language = self.reader.language;
        let other = Language::ALL.into_iter().find(|other| *other != language).unwrap_or(language);
        let base = Base {
            language: language.tag(),
            other_language: other.tag(),
            colours: self.reader.colours.name(),
            path: self.uri.path(),
            here: self.uri.path_and_query().map_or_else(|| self.uri.path().to_owned(), ToString::to_string),
            now: self.now.0,
            style: assets::style_path(),
            script: assets::script_path(),
            done: self.done.as_deref(),
        };
        let reading = minijinja::context! { reading => Value::from_object(self.reading()) };
        let page = merge_maps([reading, self.person.clone(), value(base)]);
        let whole = merge_maps([minijinja::context! { page }, context]);
        Ok(self.app.views.render(template, whole)?)
    }

    /// The page as an answer.
    pub(crate) fn page(&self, template: &str, context: Value) -> PageResult {
        let mut answer = Html(self.render(template, context)?).into_response();
        if self.done.is_some() {
            forget(answer.headers_mut(), DONE);
        }
        Ok(answer)
    }

    /// A page that says that, and why, nothing was done.
    pub(crate) fn told(&self, error: &PageError, status: StatusCode) -> PageResult {
        let context = match error {
            PageError::Refused { code, text } => {
                let said = said_of(&self.reading(), code, text)?;
                minijinja::context! { kind => "refused", said }
            }
            PageError::NotFound => minijinja::context! { kind => "not-found" },
            PageError::Fault(_) => minijinja::context! { kind => "fault" },
        };
        let mut answer = self.page("shell/told.html", context)?;
        *answer.status_mut() = status;
        Ok(answer)
    }
}

/// A refusal in the reader's words, where there is a message for its code; else in the words it came with.
pub(crate) fn said_of(reading: &Reading, code: &str, text: &str) -> Result<String, PageError> {
    let key = format!("refusal.{code}");
    if reading.messages.has(reading.language, &key) {
        Ok(reading.say(&key, &[])?)
    } else {
        Ok(text.to_owned())
    }
}

/// Puts a cookie of this tower into an answer; `seconds` none: until the browser is closed. Scripts never see it.
pub(crate) fn set(headers: &mut HeaderMap, (name, value): (&str, &str), seconds: Option<i64>, secure: bool) {
    let age = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let secure = if secure { "; Secure" } else { "" };
    if let Ok(value) =
        HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}"))
    {
        headers.append(header::SET_COOKIE, value);
    }
}

/// Takes a cookie out of the browser.
pub(crate) fn forget(headers: &mut HeaderMap, name: &str) {
    set(headers, (name, ""), Some(0), false);
}

/// What was done, of the browser's cookie: a key of the messages `done`, nothing else.
pub(crate) fn done_of(headers: &HeaderMap) -> Option<String> {
    let value = CookieJar::from_headers(headers).get(DONE)?.value().to_owned();
    let is_key = !value.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'.');
    is_key.then_some(value)
}

/// On to another page, after something was done; `done` is a key of the messages `done`, said there once.
pub(crate) fn onward(to: &str, done: &str) -> Response {
    let mut answer = Redirect::to(to).into_response();
    set(answer.headers_mut(), (DONE, done), Some(60), false);
    answer
}

/// Where to go after signing in: a path of this tower, never another's address.
pub(crate) fn safe_path(path: &str) -> &str {
    let own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
        && path.len() < 2000;
    if own { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (path, to) in [
            ("/dealers?page=2", "/dealers?page=2"),
            ("", "/"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            assert_eq!(safe_path(path), to, "{path}");
        }
    }
}
