//! Templates: minijinja over `dashboards/web`, part of the program. They hold no words and compute nothing.
//!
//! A template finds in `page` what every page has (see [`crate::page`]), says words by `t('key', name=value)`, and shows
//! values by the filters `money`, `amount`, `date`, `month`, `instant`, `clock`, `share`.

use std::sync::Arc;

use farsight_rulebook::messages::{Language, MessageError, Messages, Voice};
use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::receipt::Value as Said;
use farsight_rulebook::time::{Instant, Zone};
use jiff::civil::Date;
use minijinja::value::{Kwargs, Object, Value};
use minijinja::{Environment, Error, ErrorKind, State};
use rust_embed::RustEmbed;

use crate::words;

#[derive(RustEmbed)]
#[folder = "../../dashboards/web"]
struct Files;

/// Anything that can be written as JSON, for a template.
pub(crate) fn value(it: impl serde::Serialize) -> Value {
    Value::from(minijinja::value::Serde(it))
}

/// Why no page can be shown.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// A message file.
    #[error(transparent)]
    Words(#[from] MessageError),
    /// A template.
    #[error("a template cannot be read: {0:#}")]
    Template(#[from] Error),
}

/// The templates and words.
pub(crate) struct Views {
    templates: Environment<'static>,
    pub(crate) messages: Arc<Messages>,
}

/// Who reads: what words and values are said by.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) language: Language,
    pub(crate) zone: Zone,
    pub(crate) currency: Currency,
    pub(crate) messages: Arc<Messages>,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("language", &self.language).finish_non_exhaustive()
    }
}

impl Object for Reading {}

impl Reading {
    pub(crate) fn voice(&self) -> Voice<'_> {
        Voice { messages: &self.messages, language: self.language, zone: &self.zone, currency: self.currency }
    }

    /// A word.
    pub(crate) fn say(&self, key: &str, values: &[(&str, String)]) -> Result<String, MessageError> {
        words::say(&self.messages, self.language, key, values)
    }

    /// Money for a column: signed, thousands apart, without the currency.
    pub(crate) fn money(&self, minor: i64) -> String {
        let text = self.currency.show(Money(minor)).to_string();
        let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("\u{2212}", rest));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let mut shown = sign.to_owned();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                shown.push(',');
            }
            shown.push(digit);
        }
        if !fraction.is_empty() {
            shown.push('.');
            shown.push_str(fraction);
        }
        shown
    }

    /// A month like `2026-03`, or of any of its days, in words.
    pub(crate) fn month(&self, text: &str) -> Result<String, MessageError> {
        let first: Option<Date> = format!("{}-01", text.get(..7).unwrap_or_default()).parse().ok();
        match first {
            Some(day) => self.voice().value(&Said::Month(farsight_rulebook::period::Period::of(day))),
            None => Ok(text.to_owned()),
        }
    }

    /// A moment as the tenant's clocks show it, short: `2026-03-05 14:30`.
    pub(crate) fn moment(&self, at: Instant) -> String {
        self.zone.local(at).strftime("%Y-%m-%d %H:%M").to_string()
    }
}

impl Views {
    /// Reads templates and words; a template that cannot be parsed is found here, not when it is asked for.
    pub(crate) fn read() -> Result<Self, ViewError> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(minijinja::UndefinedBehavior::SemiStrict);
        for name in Files::iter().filter(|name| name.ends_with(".html")) {
            let source = Files::get(&name).map(|file| String::from_utf8_lossy(&file.data).into_owned());
            templates.add_template_owned(name.to_string(), source.unwrap_or_default())?;
        }
        templates.add_function("t", say);
        templates.add_filter("money", money);
        templates.add_filter("amount", amount);
        templates.add_filter("date", date);
        templates.add_filter("month", month);
        templates.add_filter("instant", instant);
        templates.add_filter("clock", clock);
        templates.add_filter("iso", iso);
        templates.add_filter("share", share);
        Ok(Self { templates, messages: Arc::new(words::read()?) })
    }

    /// Renders a template.
    pub(crate) fn render(&self, template: &str, context: Value) -> Result<String, Error> {
        self.templates.get_template(template)?.render(context)
    }
}

fn reading(state: &State) -> Result<Value, Error> {
    let page = state.lookup("page").unwrap_or_default();
    let reading = page.get_attr("reading")?;
    match reading.downcast_object_ref::<Reading>() {
        Some(_) => Ok(reading),
        None => Err(Error::new(ErrorKind::UndefinedError, "the page has no reader")),
    }
}

/// With the reader of the page at hand.
fn read_by<T>(state: &State, tell: impl FnOnce(&Reading) -> Result<T, Error>) -> Result<T, Error> {
    let reading = reading(state)?;
    match reading.downcast_object_ref::<Reading>() {
        Some(reading) => tell(reading),
        None => Err(Error::new(ErrorKind::UndefinedError, "the page has no reader")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unsaid(error: MessageError) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that minijinja wants")]
fn say(state: &State, key: &str, values: Kwargs) -> Result<String, Error> {
    let mut said = Vec::new();
    for name in values.args() {
        said.push((name, values.get::<Value>(name)?.to_string()));
    }
    read_by(state, |reading| reading.say(key, &said).map_err(unsaid))
}

fn money(state: &State, minor: i64) -> Result<String, Error> {
    read_by(state, |reading| Ok(reading.money(minor)))
}

fn amount(state: &State, minor: i64) -> Result<String, Error> {
    read_by(state, |reading| reading.voice().value(&Said::Amount(Money(minor))).map_err(unsaid))
}

fn day(text: &str) -> Result<Date, Error> {
    text.parse().map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("'{text}' is no date")))
}

fn date(state: &State, text: &str) -> Result<String, Error> {
    let day = day(text)?;
    read_by(state, |reading| reading.voice().value(&Said::Date(day)).map_err(unsaid))
}

/// Of a month like `2026-03`, or of any of its days.
fn month(state: &State, text: String) -> Result<String, Error> {
    let text = if text.len() == 7 { format!("{text}-01") } else { text };
    let month = farsight_rulebook::period::Period::of(day(&text)?);
    read_by(state, |reading| reading.voice().value(&Said::Month(month)).map_err(unsaid))
}

/// A moment in words, of microseconds since 1970.
fn instant(state: &State, micros: i64) -> Result<String, Error> {
    read_by(state, |reading| reading.voice().value(&Said::At(Instant(micros))).map_err(unsaid))
}

/// A moment, short: `2026-03-05 14:30`.
fn clock(state: &State, micros: i64) -> Result<String, Error> {
    read_by(state, |reading| Ok(reading.moment(Instant(micros))))
}

/// A moment for machines, RFC 3339.
fn iso(micros: i64) -> String {
    Instant(micros).to_string()
}

/// A share of one as a percentage: `0.915` is `91.5 %`.
fn share(of_one: f64) -> String {
    format!("{:.1} %", of_one * 100.0)
}
