//! A reader's voice: receipts put into the words, dates and amounts of one language, zone and currency.

use jiff::civil::{Date, Time};

use super::{Language, MessageError, Messages};
use crate::facts::When;
use crate::money::{Currency, Money};
use crate::policy::Text;
use crate::receipt::{Counterfactual, FactRef, Sentence, Value};
use crate::time::{HOUR, Instant, MINUTE, Zone};

/// One language, for one tenant.
pub struct Voice<'m> {
    /// The words.
    pub messages: &'m Messages,
    /// The language.
    pub language: Language,
    /// The tenant's zone.
    pub zone: &'m Zone,
    /// The tenant's currency.
    pub currency: Currency,
}

type Said = Result<String, MessageError>;

impl Voice<'_> {
    /// The text of a key without placeholders.
    pub fn word(&self, key: &str) -> Said {
        self.fill(key, &[])
    }

    /// A sentence.
    pub fn sentence(&self, sentence: &Sentence) -> Said {
        let values: Result<Vec<(&str, String)>, MessageError> =
            sentence.values.iter().map(|(name, value)| Ok((*name, self.value(value)?))).collect();
        self.messages.say(self.language, sentence.key, &values?)
    }

    /// A fact: its part, its id, when it was, and its notes.
    pub fn fact(&self, fact: &FactRef) -> Said {
        let id = fact.key.first().map_or("", String::as_str);
        let role = self.fill(&format!("fact.{}", fact.role), &[("id", id)])?;
        let when = self.when(fact.when)?;
        let mut notes = Vec::with_capacity(fact.notes.len());
        for (name, value) in &fact.notes {
            notes.push(self.fill(&format!("note.{name}"), &[("value", &self.value(value)?)])?);
        }
        if notes.is_empty() {
            return self.fill("receipt.fact", &[("fact", &role), ("when", &when)]);
        }
        let notes = notes.join(&self.word("list.separator")?);
        if fact.notes.iter().any(|(_, value)| matches!(value, Value::Days(..))) {
            return self.fill("receipt.fact-standing", &[("fact", &role), ("notes", &notes)]);
        }
        self.fill("receipt.fact-with-notes", &[("fact", &role), ("when", &when), ("notes", &notes)])
    }

    /// What the charge would be without a fact; `title` is that of the clause it would then stand on.
    pub fn counterfactual(&self, it: &Counterfactual, title: Option<&Text>) -> Said {
        let fact = self.fact(&it.without)?;
        if it.would_be.is_zero() {
            return self.fill("counterfactual.gone", &[("fact", &fact)]);
        }
        let charge = self.value(&Value::Charge(it.would_be))?;
        let title = title.map_or_else(|| it.clause.unwrap_or_default(), |title| self.title(title));
        self.fill("counterfactual.less", &[("fact", &fact), ("charge", &charge), ("clause", title)])
    }

    /// A value.
    pub fn value(&self, value: &Value) -> Said {
        match value {
            Value::Text(text) => Ok(text.clone()),
            Value::Word(key) => self.word(key),
            Value::Known(group, code) => {
                let key = format!("{group}.{code}");
                if self.messages.has(self.language, &key) { self.word(&key) } else { Ok(code.clone()) }
            }
            Value::Title(title) => Ok(self.title(title).to_owned()),
            Value::Counted(key, count) => self.counted(key, *count),
            Value::Date(date) => self.date(*date),
            Value::Days(first, Some(last)) => {
                self.fill("days.closed", &[("from", &self.date(*first)?), ("to", &self.date(*last)?)])
            }
            Value::Days(first, None) => self.fill("days.open", &[("from", &self.date(*first)?)]),
            Value::Month(month) => self.month(month.first_day()),
            Value::List(values) => {
                let said: Result<Vec<String>, MessageError> =
                    values.iter().map(|value| self.value(value)).collect();
                Ok(said?.join(&self.word("list.separator")?))
            }
            Value::At(at) => self.instant(*at),
            Value::Elapsed(micros) => self.elapsed(*micros),
            Value::Charge(amount) => {
                let key = match amount.0 {
                    ..0 => "charge.penalty",
                    0 => return self.word("charge.none"),
                    1.. => "charge.incentive",
                };
                self.fill(key, &[("amount", &self.amount(*amount)?)])
            }
            Value::Amount(amount) => self.amount(*amount),
        }
    }

    /// A fact's time.
    pub fn when(&self, when: When) -> Said {
        match when {
            When::Day(day) => self.date(day),
            When::At(at) => self.instant(at),
            When::Month(month) => self.month(month.first_day()),
        }
    }

    fn fill(&self, key: &str, values: &[(&str, &str)]) -> Said {
        self.messages.say(self.language, key, values)
    }

    fn title<'t>(&self, title: &'t Text) -> &'t str {
        match self.language {
            Language::Chinese => &title.zh,
            Language::English => &title.en,
        }
    }

    fn counted(&self, key: &str, count: i64) -> Said {
        let one = format!("{key}.one");
        let key =
            if count == 1 && self.messages.has(self.language, &one) { one } else { format!("{key}.other") };
        self.fill(&key, &[("count", &count.to_string())])
    }

    fn date(&self, date: Date) -> Said {
        let month = self.word(&format!("month.{}", date.month()))?;
        let (year, day) = (date.year().to_string(), date.day().to_string());
        self.fill("date.day", &[("year", &year), ("month", &month), ("day", &day)])
    }

    fn month(&self, first: Date) -> Said {
        let month = self.word(&format!("month.{}", first.month()))?;
        self.fill("date.month", &[("year", &first.year().to_string()), ("month", &month)])
    }

    /// The local wall-clock time, to the minute, or exactly where there is more.
    fn instant(&self, at: Instant) -> Said {
        let local = self.zone.local(at);
        let time = clock(local.time());
        self.fill("date.at", &[("date", &self.date(local.date())?), ("time", &time)])
    }

    fn elapsed(&self, micros: i64) -> Said {
        const DAY: i64 = 24 * HOUR;
        const SECOND: i64 = MINUTE / 60;
        if micros < SECOND {
            return self.word("elapsed.less");
        }
        let units = [
            ("elapsed.days", micros / DAY),
            ("elapsed.hours", micros % DAY / HOUR),
            ("elapsed.minutes", micros % HOUR / MINUTE),
            ("elapsed.seconds", micros % MINUTE / SECOND),
        ];
        let said: Result<Vec<String>, MessageError> = units
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(key, count)| self.counted(key, count))
            .collect();
        Ok(said?.join(&self.word("elapsed.separator")?))
    }

    /// Without sign, thousands apart.
    fn amount(&self, amount: Money) -> Said {
        let text = self.currency.show(Money(amount.0.saturating_abs())).to_string();
        let (whole, fraction) =
            text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
        let mut grouped = String::with_capacity(text.len() + 4);
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        if let Some(fraction) = fraction {
            grouped.push('.');
            grouped.push_str(fraction);
        }
        let currency = self.value(&Value::Known("currency", self.currency.code().to_owned()))?;
        self.fill("charge.money", &[("amount", &grouped), ("currency", &currency)])
    }
}

fn clock(time: Time) -> String {
    let minutes = format!("{:02}:{:02}", time.hour(), time.minute());
    match (time.second(), time.subsec_nanosecond() / 1_000) {
        (0, 0) => minutes,
        (second, 0) => format!("{minutes}:{second:02}"),
        (second, micros) => format!("{minutes}:{second:02}.{micros:06}"),
    }
}
