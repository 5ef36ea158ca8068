//! What messages say: alerts bundled for one receiver, in the receiver's language, the worst first.

use std::collections::{BTreeMap, HashMap};

use farsight_courier::{Line, Message};
use farsight_rulebook::alert::Spoken;
use farsight_rulebook::messages::{Language, MessageError, Voice};
use farsight_rulebook::policy::Severity;
use farsight_rulebook::receipt::Value;
use farsight_rulebook::time::Instant;
use farsight_store::registry::Tenant;
use farsight_store::{StoreError, Tx, alerts};
use serde_json::json;

use super::fan_out::Item;
use super::receivers::Receiver;
use super::terms::Kind;
use crate::alerts::Words;
use crate::{ControlError, explain};

/// So many alerts are told in words; of the others there is the number.
const IN_WORDS: usize = 10;
/// So many are told to programs.
const FOR_PROGRAMS: usize = 100;

/// Puts alerts into words; what was said once in a language is kept.
pub(super) struct Speaker {
    words: Words,
    said: HashMap<(i64, Language), Spoken>,
    now: Instant,
}

/// How many alerts there are: critical, warnings, notices.
pub(super) type Counts = [usize; 3];

/// Counts alerts by their severity.
pub(super) fn count(severities: impl Iterator<Item = Severity>) -> Counts {
    let mut counts = [0; 3];
    for severity in severities {
        match severity {
            Severity::Critical => counts[0] += 1,
            Severity::Warning => counts[1] += 1,
            Severity::Notice | Severity::None => counts[2] += 1,
        }
    }
    counts
}

impl Speaker {
    pub(super) fn new(tx: &mut Tx, tenant: &Tenant, now: Instant) -> Result<Self, ControlError> {
        Ok(Self { words: Words::of(tx, tenant)?, said: HashMap::new(), now })
    }

    /// The tenant's voice in a language.
    pub(super) fn voice(&self, language: Language) -> Voice<'_> {
        self.words.voice(language)
    }

    /// Puts the alerts of some numbers into words, all in one query.
    pub(super) fn prepare(
        &mut self,
        tx: &mut Tx,
        ids: impl Iterator<Item = i64>,
        language: Language,
    ) -> Result<(), ControlError> {
        let unsaid: Vec<i64> = ids.filter(|id| !self.said.contains_key(&(*id, language))).collect();
        if unsaid.is_empty() {
            return Ok(());
        }
        for alert in alerts::find_all(tx, &unsaid)? {
            let spoken = self.words.say(&alert, language, self.now)?;
            self.said.insert((alert.id, language), spoken);
        }
        Ok(())
    }

    /// What an alert says that was prepared.
    pub(super) fn alert(&self, id: i64, language: Language) -> Result<&Spoken, ControlError> {
        let missing = || StoreError::Value(format!("alert {id}, of which there is a notice")).into();
        self.said.get(&(id, language)).ok_or_else(missing)
    }

    /// `3 critical, 5 warnings`.
    pub(super) fn counted(&self, language: Language, counts: Counts) -> Result<String, ControlError> {
        let voice = self.voice(language);
        let keys = ["telling.critical", "telling.warning", "telling.notice"];
        let there = keys.into_iter().zip(counts).filter(|(_, count)| *count > 0);
        let parts = there.map(|(key, count)| voice.value(&Value::Counted(key, count as i64)));
        let parts: Vec<String> = parts.collect::<Result<_, _>>().map_err(explain::unsaid)?;
        Ok(parts.join(&voice.word("list.separator").map_err(explain::unsaid)?))
    }

    /// A text with values filled in.
    pub(super) fn fill(
        &self,
        language: Language,
        key: &str,
        values: &[(&str, &str)],
    ) -> Result<String, ControlError> {
        self.voice(language).messages.say(language, key, values).map_err(explain::unsaid)
    }

    /// The message about some alerts, as JSON.
    pub(super) fn bundle(
        &mut self,
        tx: &mut Tx,
        receiver: &Receiver,
        items: &[Item],
        id: &str,
    ) -> Result<String, ControlError> {
        let language = receiver.terms.language;
        self.prepare(tx, items.iter().take(IN_WORDS).map(|item| item.news.alert), language)?;
        let (title, lines) = match items {
            [item] => self.one(*item, language)?,
            _ => self.many(items, language)?,
        };
        let asking = items.iter().filter(|item| item.kind.asks());
        let message = Message {
            id: id.to_owned(),
            title,
            lines,
            severity: asking.map(|item| item.news.severity).max().unwrap_or(Severity::None),
            link: None,
            language,
            at: self.now.to_string(),
            event: match items {
                [item] => format!("alert.{}", item.kind.name()),
                _ => "alerts".to_owned(),
            },
            data: for_programs(items),
        };
        written(&message)
    }

    fn one(&self, item: Item, language: Language) -> Result<(String, Vec<Line>), ControlError> {
        let said = self.alert(item.news.alert, language)?;
        let happened = self.with_kind(item.kind, &said.happened, language)?;
        let lines = match item.kind {
            Kind::Resolved => Vec::new(),
            _ => vec![Line::Text(said.cost.clone()), Line::Text(said.act.clone())],
        };
        Ok((happened.clone(), [vec![Line::Text(happened)], lines].concat()))
    }

    fn many(&self, items: &[Item], language: Language) -> Result<(String, Vec<Line>), ControlError> {
        let asking = || items.iter().filter(|item| item.kind.asks());
        let all = Value::Counted("telling.title", items.len() as i64);
        let title = self.voice(language).value(&all).map_err(explain::unsaid)?;
        let mut lines = Vec::new();
        let counts = count(asking().map(|item| item.news.severity));
        if counts != [0; 3] {
            lines.push(Line::Text(self.counted(language, counts)?));
        }
        if items.len() > IN_WORDS {
            lines.push(Line::Text(self.by_check(items, language)?));
            lines.push(Line::Heading(self.fill(language, "telling.worst", &[])?));
        }
        for item in items.iter().take(IN_WORDS) {
            let said = self.alert(item.news.alert, language)?;
            let text = if item.kind.asks() { &said.text } else { &said.happened };
            lines.push(Line::Item(self.with_kind(item.kind, text, language)?));
        }
        if items.len() > IN_WORDS {
            let rest = Value::Counted("telling.more", (items.len() - IN_WORDS) as i64);
            lines.push(Line::Text(self.voice(language).value(&rest).map_err(explain::unsaid)?));
        }
        Ok((title, lines))
    }

    fn with_kind(&self, kind: Kind, what: &str, language: Language) -> Result<String, ControlError> {
        let word = self.fill(language, &format!("telling-kind.{}", kind.name()), &[])?;
        self.fill(language, "telling.item", &[("kind", &word), ("what", what)])
    }

    /// How many there are of each check, or each kind of trouble.
    fn by_check(&self, items: &[Item], language: Language) -> Result<String, ControlError> {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for item in items {
            *counts.entry(item.news.check.as_str()).or_default() += 1;
        }
        let voice = self.voice(language);
        let part = |(check, count): (&str, i64)| {
            let key = if voice.messages.has(language, &format!("check.{check}")) {
                format!("check.{check}")
            } else {
                format!("trouble.{check}")
            };
            let check = voice.word(&key)?;
            voice.messages.say(
                language,
                "telling.of-check",
                &[("check", check), ("count", count.to_string())],
            )
        };
        let parts: Result<Vec<String>, MessageError> = counts.into_iter().map(part).collect();
        let separator = voice.word("list.separator").map_err(explain::unsaid)?;
        Ok(parts.map_err(explain::unsaid)?.join(&separator))
    }
}

/// The alerts as programs read them.
fn for_programs(items: &[Item]) -> serde_json::Value {
    let listed = items.iter().take(FOR_PROGRAMS).map(|Item { kind, news }| {
        json!({
            "alert": news.alert, "kind": kind.name(), "severity": news.severity.name(), "level": news.level.name(),
            "check": news.check, "clause": news.clause, "dealer": news.dealer, "region": news.region,
            "amount_minor": news.amount.0,
        })
    });
    json!({ "total": items.len(), "alerts": listed.collect::<Vec<_>>() })
}

/// A message as it is kept.
pub(crate) fn written(message: &Message) -> Result<String, ControlError> {
    serde_json::to_string(message)
        .map_err(|error| StoreError::Value(format!("a message cannot be written: {error}")).into())
}
