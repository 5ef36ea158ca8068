//! Reading a policy file: every key is known, every number in its range, every fault named with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::civil::Time;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::clause::{Amount, ChargeTerms, Clause, Seat, Severity, Source, Text};
use crate::calendar::Days;
use crate::money::{Currency, Money};

/// What is wrong in a policy file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {place}: {reason}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// The key, dotted.
    pub place: String,
    /// What is wrong and what to write instead.
    pub reason: String,
}

/// A table of a policy file while it is read: what has been asked for is taken out, what is left over at the
/// end is unknown.
pub struct Section<'t> {
    path: String,
    span: Range<usize>,
    entries: BTreeMap<String, (Range<usize>, Spanned<DeValue<'t>>)>,
    /// Where its keys stand, also those that were taken out.
    keys: BTreeMap<String, Range<usize>>,
    within: Within<'t>,
    errors: Vec<PolicyError>,
}

/// What a file is read within.
#[derive(Clone, Copy)]
struct Within<'t> {
    text: &'t str,
    currency: Currency,
    regions: Option<&'t [String]>,
}

impl<'t> Section<'t> {
    /// The whole file; the regions it may name, where they are known.
    pub fn file(
        text: &'t str,
        currency: Currency,
        regions: Option<&'t [String]>,
    ) -> Result<Self, Vec<PolicyError>> {
        match DeTable::parse(text) {
            Ok(table) => {
                let span = table.span();
                let within = Within { text, currency, regions };
                Ok(Self::of(String::new(), span, table.into_inner(), within))
            }
            Err(error) => Err(vec![PolicyError {
                line: line_of(text, error.span().map_or(0, |span| span.start)),
                place: "file".to_owned(),
                reason: format!("not readable as TOML: {}", error.message()),
            }]),
        }
    }

    fn of(path: String, span: Range<usize>, table: DeTable<'t>, within: Within<'t>) -> Self {
        let entries: BTreeMap<_, _> =
            table.into_iter().map(|(key, value)| (key.get_ref().to_string(), (key.span(), value))).collect();
        let keys = entries.iter().map(|(key, (span, _))| (key.clone(), span.clone())).collect();
        Self { path, span, entries, keys, within, errors: Vec::new() }
    }

    /// All faults found, or that every key was used.
    pub fn finish(mut self) -> Result<(), Vec<PolicyError>> {
        self.refuse_the_rest();
        self.errors.sort_by_key(|error| error.line);
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }

    fn refuse_the_rest(&mut self) {
        for (key, (span, _)) in std::mem::take(&mut self.entries) {
            self.fault(&span, &key, "unknown key: remove it or correct its spelling");
        }
    }

    fn place(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    fn fault(&mut self, span: &Range<usize>, key: &str, reason: impl Into<String>) {
        let error = PolicyError {
            line: line_of(self.within.text, span.start),
            place: self.place(key),
            reason: reason.into(),
        };
        self.errors.push(error);
    }

    /// Reads a table below this one with `read`; a missing one is a fault for each of its keys.
    pub fn section<T>(&mut self, key: &str, read: impl FnOnce(&mut Section<'t>) -> T) -> T {
        let (span, table) = self.table(key);
        let mut inner = Section::of(self.place(key), span, table, self.within);
        let value = read(&mut inner);
        inner.refuse_the_rest();
        self.errors.append(&mut inner.errors);
        value
    }

    /// The same, where the table is there at all.
    pub fn optional_section<T>(&mut self, key: &str, read: impl FnOnce(&mut Section<'t>) -> T) -> Option<T> {
        self.entries.contains_key(key).then(|| self.section(key, read))
    }

    /// The currency that amounts are in.
    pub fn currency(&self) -> Currency {
        self.within.currency
    }

    /// A table of names with a weight each, from 0 to 1000 and not all 0.
    pub fn weights(&mut self, key: &str) -> Vec<(String, i64)> {
        self.parameter(key, |inner| inner.weights_here("value"))
    }

    /// Tables of weights by region, where there are any.
    pub fn optional_weights_by_region(&mut self, key: &str) -> Vec<(String, Vec<(String, i64)>)> {
        self.optional_section(key, |inner| {
            let names: Vec<String> = inner.entries.keys().cloned().collect();
            names.iter().for_each(|name| inner.must_be_region(name));
            names.into_iter().map(|name| (name.clone(), inner.weights_here(&name))).collect()
        })
        .unwrap_or_default()
    }

    fn must_be_region(&mut self, name: &str) {
        self.must_be_region_at(name, name);
    }

    fn must_be_region_at(&mut self, name: &str, key: &str) {
        let Some(regions) = self.within.regions else { return };
        if !regions.iter().any(|region| region == name) {
            let span = self.keys.get(key).cloned().unwrap_or(0..0);
            self.fault(&span, key, format!("no region '{name}': there is {}", regions.join(", ")));
        }
    }

    fn weights_here(&mut self, key: &str) -> Vec<(String, i64)> {
        self.section(key, |inner| {
            let names: Vec<String> = inner.entries.keys().cloned().collect();
            let weights: Vec<(String, i64)> =
                names.into_iter().map(|name| (name.clone(), inner.whole(&name, 0, 1_000))).collect();
            if weights.iter().all(|(_, weight)| *weight == 0) {
                inner.contradiction("", "every weight is 0: give at least one more than 0");
            }
            weights
        })
    }

    fn table(&mut self, key: &str) -> (Range<usize>, DeTable<'t>) {
        match self.entries.remove(key) {
            Some((_, value)) if value.get_ref().is_table() => {
                let span = value.span();
                let DeValue::Table(table) = value.into_inner() else { return (span, DeTable::new()) };
                (span, table)
            }
            Some((span, _)) => {
                self.fault(&span, key, "must be a table");
                (span, DeTable::new())
            }
            None => {
                let span = self.span.clone();
                if !["general", "charges", "alerts", "appeal"].contains(&key) {
                    self.fault(&span, key, "missing");
                }
                (span, DeTable::new())
            }
        }
    }

    fn take(&mut self, key: &str) -> Option<Spanned<DeValue<'t>>> {
        if let Some((_, value)) = self.entries.remove(key) {
            Some(value)
        } else {
            let span = self.span.clone();
            self.fault(&span, key, "missing");
            None
        }
    }

    fn string(&mut self, key: &str) -> Option<(Range<usize>, String)> {
        let value = self.take(key)?;
        if let Some(text) = value.get_ref().as_str() {
            return Some((value.span(), text.to_owned()));
        }
        self.fault(&value.span(), key, "must be a text in quotes");
        None
    }

    /// A name: 1–64 ASCII letters, digits, `-`, `_`, `.`.
    pub fn name(&mut self, key: &str) -> String {
        let Some((span, text)) = self.string(key) else { return String::new() };
        if !crate::codes::is_code(&text) {
            self.fault(&span, key, "must be 1–64 ASCII letters, digits, '-', '_', '.'");
        }
        text
    }

    /// A text in Chinese and English, neither empty.
    pub fn text_in_both(&mut self, key: &str) -> Text {
        self.section(key, |inner| Text { zh: inner.words("zh"), en: inner.words("en") })
    }

    fn words(&mut self, key: &str) -> String {
        let Some((span, text)) = self.string(key) else { return String::new() };
        if text.trim().is_empty() {
            self.fault(&span, key, "must not be empty: it is what people read");
        }
        text
    }

    fn source(&mut self) -> Source {
        match self.string("source") {
            Some((_, text)) if text == "published" => Source::Published,
            Some((_, text)) if text == "set by the manufacturer" => Source::SetByTheManufacturer,
            Some((span, _)) => {
                self.fault(&span, "source", "must be \"published\" or \"set by the manufacturer\"");
                Source::SetByTheManufacturer
            }
            None => Source::SetByTheManufacturer,
        }
    }

    /// One parameter: a table with value, unit, source and titles; `read` takes the value.
    fn parameter<T>(&mut self, key: &str, read: impl FnOnce(&mut Section<'t>) -> T) -> T {
        self.section(key, |inner| {
            let value = read(inner);
            inner.words("unit");
            inner.words("zh");
            inner.words("en");
            inner.source();
            value
        })
    }

    /// A whole number within bounds.
    pub fn count(&mut self, key: &str, least: i64, most: i64) -> i64 {
        self.parameter(key, |inner| inner.whole("value", least, most))
    }

    /// A whole number within bounds, where the parameter is there at all.
    pub fn optional_count(&mut self, key: &str, least: i64, most: i64) -> Option<i64> {
        self.entries.contains_key(key).then(|| self.count(key, least, most))
    }

    /// A local time of day written `09:00`, where the parameter is there at all.
    pub fn optional_time(&mut self, key: &str) -> Option<Time> {
        if !self.entries.contains_key(key) {
            return None;
        }
        self.parameter(key, |inner| {
            let (span, text) = inner.string("value")?;
            let time = Time::strptime("%H:%M", &text).ok().filter(|_| text.len() == 5);
            if time.is_none() {
                inner.fault(&span, "value", "must be a local time of day like \"09:00\"");
            }
            time
        })
    }

    /// Exactly so many whole numbers within bounds, where the parameter is there at all.
    pub fn optional_counts<const N: usize>(&mut self, key: &str, least: i64, most: i64) -> Option<[i64; N]> {
        self.entries.contains_key(key).then(|| {
            self.parameter(key, |inner| {
                let Some(value) = inner.take("value") else { return [least; N] };
                let numbers =
                    whole_numbers(value.get_ref()).and_then(|numbers| <[i64; N]>::try_from(numbers).ok());
                match numbers.filter(|numbers| numbers.iter().all(|n| (least..=most).contains(n))) {
                    Some(numbers) => numbers,
                    None => {
                        let reason = format!("must be a list of {N} whole numbers from {least} to {most}");
                        inner.fault(&value.span(), "value", reason);
                        [least; N]
                    }
                }
            })
        })
    }

    fn whole(&mut self, key: &str, least: i64, most: i64) -> i64 {
        let Some(value) = self.take(key) else { return least };
        match whole_number(value.get_ref()) {
            Some(number) if (least..=most).contains(&number) => number,
            Some(number) => {
                self.fault(&value.span(), key, format!("{number} is out of range: {least} to {most}"));
                least
            }
            None => {
                self.fault(&value.span(), key, "must be a whole number");
                least
            }
        }
    }

    /// Several whole numbers within bounds, falling, each once.
    pub fn falling_counts(&mut self, key: &str, least: i64, most: i64) -> Vec<i64> {
        self.parameter(key, |inner| {
            let Some(value) = inner.take("value") else { return Vec::new() };
            match whole_numbers(value.get_ref()) {
                Some(numbers)
                    if !numbers.is_empty()
                        && numbers.iter().all(|n| (least..=most).contains(n))
                        && numbers.windows(2).all(|pair| pair[0] > pair[1]) =>
                {
                    numbers
                }
                _ => {
                    let reason = format!(
                        "must be a list of whole numbers from {least} to {most}, the largest first, each once"
                    );
                    inner.fault(&value.span(), "value", reason);
                    Vec::new()
                }
            }
        })
    }

    /// One of some words.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> T {
        self.parameter(key, |inner| {
            let Some((span, text)) = inner.string("value") else { return choices[0].1 };
            if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
                return *value;
            }
            let names: Vec<_> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            inner.fault(&span, "value", format!("must be {}", names.join(" or ")));
            choices[0].1
        })
    }

    /// Natural or working days.
    pub fn days(&mut self, key: &str) -> Days {
        self.choice(key, &[("natural", Days::Natural), ("working", Days::Working)])
    }

    /// Yes or no.
    pub fn flag(&mut self, key: &str) -> bool {
        self.parameter(key, |inner| {
            let Some(value) = inner.take("value") else { return false };
            value.get_ref().as_bool().unwrap_or_else(|| {
                inner.fault(&value.span(), "value", "must be true or false");
                false
            })
        })
    }

    /// A list of codes, each once.
    pub fn names(&mut self, key: &str) -> Vec<String> {
        self.parameter(key, |inner| {
            let Some(value) = inner.take("value") else { return Vec::new() };
            let names: Option<Vec<String>> = value.get_ref().as_array().and_then(|array| {
                array.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
            });
            let mut sorted = names.clone().unwrap_or_default();
            sorted.sort();
            match names {
                Some(names)
                    if names.iter().all(|name| crate::codes::is_code(name))
                        && sorted.windows(2).all(|p| p[0] != p[1]) =>
                {
                    names
                }
                _ => {
                    inner.fault(&value.span(), "value", "must be a list of codes in quotes, each once");
                    Vec::new()
                }
            }
        })
    }

    /// A table of codes with their titles (the items of the spot check); at least one.
    pub fn titled_codes(&mut self, key: &str) -> Vec<(String, Text)> {
        self.section(key, |inner| {
            if inner.entries.is_empty() {
                let span = inner.span.clone();
                inner.fault(&span, "", "must name at least one");
            }
            let codes: Vec<String> = inner.entries.keys().cloned().collect();
            codes.into_iter().map(|code| (code.clone(), inner.text_in_both(&code))).collect()
        })
    }

    /// An amount that is no charge by itself, such as a limit of a discretionary penalty.
    pub fn amount(&mut self, key: &str) -> Amount {
        self.section(key, |inner| {
            let money = inner.money("amount");
            inner.words("zh");
            inner.words("en");
            Amount { money, source: inner.source() }
        })
    }

    /// The currency's decimals are kept: nothing finer, nothing negative, never a float.
    fn money(&mut self, key: &str) -> Money {
        let Some((span, text)) = self.string(key) else { return Money::ZERO };
        let reason = match self.within.currency.parse(&text) {
            Ok(money) if text.starts_with('-') || money.0 < 0 => {
                "negative amount: write how much, the clause says whether it is owed or earned".to_owned()
            }
            Ok(money) => return money,
            Err(error) => error.to_string(),
        };
        self.fault(&span, key, reason);
        Money::ZERO
    }

    /// A clause: titles, severity, and what it charges. `seats` are those that may be charged; each charge
    /// says `penalty` or `incentive`.
    pub fn clause(&mut self, key: &str, name: &'static str, seats: &[Seat]) -> Clause {
        self.section(key, |inner| inner.clause_here(name, seats))
    }

    /// The same, of which this is the table.
    pub fn clause_here(&mut self, name: &'static str, seats: &[Seat]) -> Clause {
        let title = self.title();
        let severity = match self.string("severity") {
            Some((span, text)) => Severity::named(&text).unwrap_or_else(|| {
                self.fault(&span, "severity", "must be none, notice, warning or critical");
                Severity::None
            }),
            None => Severity::None,
        };
        let charges = self.section("charges", |charges| {
            seats.iter().filter_map(|seat| charges.charge_terms(*seat)).collect()
        });
        Clause { name, title, severity, charges }
    }

    /// What this is called, in Chinese and English.
    pub fn title(&mut self) -> Text {
        Text { zh: self.words("zh"), en: self.words("en") }
    }

    /// Whether a key is there that was not asked for yet.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The keys that were not asked for yet, by name.
    pub fn names_left(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// A text that is no parameter of its own; none where it is missing or no text, which is a fault.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.string(key).map(|(_, text)| text)
    }

    /// A whole number that is no parameter of its own.
    pub fn whole_number(&mut self, key: &str, least: i64, most: i64) -> i64 {
        self.whole(key, least, most)
    }

    /// The same, where it is there at all.
    pub fn optional_whole(&mut self, key: &str, least: i64, most: i64) -> Option<i64> {
        self.has(key).then(|| self.whole(key, least, most))
    }

    /// A list of regions, where it is there at all: each once, and each has to be known.
    pub fn optional_regions(&mut self, key: &str) -> Vec<String> {
        let Some((_, value)) = self.entries.remove(key) else { return Vec::new() };
        let names: Option<Vec<String>> = value
            .get_ref()
            .as_array()
            .and_then(|array| array.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect());
        let sorted: BTreeSet<&String> = names.iter().flatten().collect();
        match &names {
            Some(names) if !names.is_empty() && sorted.len() == names.len() => {
                names.iter().for_each(|name| self.must_be_region_at(name, key));
            }
            _ => self.fault(&value.span(), key, "must be a list of regions in quotes, each once"),
        }
        names.unwrap_or_default()
    }

    fn charge_terms(&mut self, seat: Seat) -> Option<ChargeTerms> {
        self.entries.contains_key(seat.name()).then(|| {
            self.section(seat.name(), |inner| {
                let source = inner.source();
                let incentive = inner.entries.contains_key("incentive");
                let money = inner.money(if incentive { "incentive" } else { "penalty" });
                ChargeTerms { seat, amount: if incentive { money } else { money.opposite() }, source }
            })
        })
    }

    /// A fault of values that do not go together, named at the key of one of them, else at this table.
    pub fn contradiction(&mut self, key: &str, reason: &str) {
        let span = self.keys.get(key).unwrap_or(&self.span).clone();
        self.fault(&span, key, reason);
    }
}

fn whole_number(value: &DeValue) -> Option<i64> {
    value.as_integer().and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok())
}

fn whole_numbers(value: &DeValue) -> Option<Vec<i64>> {
    value.as_array()?.iter().map(|item| whole_number(item.get_ref())).collect()
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}
