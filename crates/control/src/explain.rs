//! The receipt of an entry (rulebook 5): the clause's text, the facts with their sources, the arithmetic, who bears
//! it and why, what became of it and after which facts, and what it would have been otherwise.

use std::collections::HashSet;

use farsight_ledger::reconcile::ChargeKey;
use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks;
use farsight_rulebook::facts::Facts;
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::messages::{Language, MessageError, Messages, Voice};
use farsight_rulebook::receipt::{self, FactRef, Receipt};
use farsight_rulebook::tables;
use farsight_rulebook::time::Instant;
use farsight_store::facts::sources::{self, Origin};
use farsight_store::ledger::{self, Entry};
use farsight_store::session::Isolation;
use farsight_store::{Tx, runs, settlements};
use serde::Serialize;

use crate::{ControlError, Desk, audit, evaluate, ground};

/// A receipt, said in one language.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// The entry.
    pub entry: i64,
    /// What it is, in one line.
    pub title: String,
    /// To whom it is booked and where it is settled.
    pub booked: String,
    /// The clause, its policy version, and its text.
    pub clause: Vec<String>,
    /// The facts it stands on.
    pub facts: Vec<Stands>,
    /// The arithmetic and reasons.
    pub arithmetic: Vec<String>,
    /// Who bears it and why.
    pub charged: Vec<String>,
    /// What was posted and reversed on this charge, and after which facts.
    pub history: Vec<String>,
    /// What it would have been otherwise.
    pub otherwise: String,
    /// The headings of facts, arithmetic, charged, history and otherwise.
    pub headings: [String; 5],
}

/// A fact and its source.
#[derive(Debug, Clone, Serialize)]
pub struct Stands {
    /// The fact.
    pub fact: String,
    /// The fact table.
    pub table: &'static str,
    /// Its key.
    pub key: Vec<String>,
    /// Where it comes from, when it is stored under this key.
    pub source: Option<String>,
}

/// The words of the house.
fn messages() -> Result<Messages, ControlError> {
    Messages::read(
        include_str!("../../../config/messages/zh-CN.toml"),
        include_str!("../../../config/messages/en.toml"),
    )
    .map_err(unsaid)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unsaid(error: MessageError) -> ControlError {
    ControlError::Usage(format!("the receipt cannot be worded: {error}"))
}

/// Explains an entry.
pub fn explain(desk: &mut Desk, entry: i64, language: Language) -> Result<Explained, ControlError> {
    let tenant = desk.tenant.clone();
    let scope = desk.scope();
    let messages = messages()?;
    let explained = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let ground = ground::load(tx, &tenant)?;
        let currency = ground::currency(&tenant)?;
        let voice = Voice { messages: &messages, language, zone: &ground.zone, currency };
        let Some(entry) = ledger::find(tx, entry)? else {
            return Err(ControlError::Usage(format!(
                "there is no entry {entry}: `farsight export entries` lists them"
            )));
        };
        let known = Known::read(tx, &ground, &entry)?;
        Teller { voice, ground: &ground, entry: &entry, known: &known }.tell(tx)
    })?;
    audit::note(desk, "entry.explain", &entry.to_string(), &serde_json::json!({ "language": language.tag() }))?;
    Ok(explained)
}

/// What is known of an entry's charge: the unit's facts, and its finding if it stands.
struct Known {
    receipt: Option<Receipt>,
    history: Vec<Entry>,
    rulings: Vec<(String, String, Instant)>,
}

impl Known {
    fn read(tx: &mut Tx, ground: &Ground, entry: &Entry) -> Result<Self, ControlError> {
        let key = ChargeKey { family: entry.family.clone(), subject: entry.subject.clone(), seat: entry.seat };
        let history = ledger::history(tx, &key)?;
        let mut known = Self { receipt: None, history, rulings: Vec::new() };
        let Some(check) = checks::check(&entry.check) else { return Ok(known) };
        let as_of = runs::marks(tx)?.into_iter().find(|mark| mark.check == check.name).map(|mark| mark.as_of);
        let Some(as_of) = as_of else { return Ok(known) };
        let units = [entry.unit.clone()];
        let facts = evaluate::facts_of_units(tx, check, &units, ground.zone.name())?;
        known.rulings = facts
            .rulings
            .iter()
            .filter(|ruling| ruling.subject == entry.subject)
            .map(|ruling| (ruling.ruling.clone(), ruling.kind.name().to_owned(), ruling.decided_at))
            .collect();
        let facts = only_this_unit(facts, &entry.unit);
        let case = Case::new(&facts, ground, as_of, Judged::Units(units.into_iter().collect()));
        let mut found = Found::default();
        (check.evaluate)(&case, &mut found)?;
        let same = |finding: &&Finding| finding.family == entry.family && finding.subject == entry.subject;
        if let Some(finding) = found.findings.iter().find(same) {
            known.receipt = Some(receipt::receipt(&case, check, finding, entry.seat)?);
        }
        Ok(known)
    }
}

/// A roster's unit is read with the staff of the whole network; the counterfactual judges it again and again, so
/// only those who ever worked at the dealer are kept.
fn only_this_unit(mut facts: Facts, unit: &str) -> Facts {
    let dealer = unit.split(['@', '/']).next().unwrap_or(unit);
    if let Some(dealer) = facts.codes.find(dealer).filter(|_| !facts.employments.is_empty()) {
        let staff: HashSet<_> = facts.employments.iter().filter(|row| row.dealer == dealer).map(|row| row.person).collect();
        facts.employments.retain(|row| staff.contains(&row.person));
        facts.certificates.retain(|row| staff.contains(&row.person));
    }
    facts
}

/// Puts what is known into words.
struct Teller<'t> {
    voice: Voice<'t>,
    ground: &'t Ground,
    entry: &'t Entry,
    known: &'t Known,
}

impl Teller<'_> {
    fn tell(&self, tx: &mut Tx) -> Result<Explained, ControlError> {
        let entry = self.entry;
        let amount = self.amount(entry);
        let name = settlements::party_name(tx, entry.terms.party_kind, &entry.terms.party)?;
        let kind = match entry.reverses {
            Some(reversed) => self.say("reversal", &[("reversed", &reversed.to_string())])?,
            None => self.say("charge", &[])?,
        };
        let booked = self.say(
            "booked",
            &[
                ("kind", &kind),
                ("party", &entry.terms.party),
                ("name", &name),
                ("period", &entry.period.to_string()),
                ("on", &entry.terms.occurred_on.to_string()),
                ("subject", &entry.subject),
            ],
        )?;
        let mut explained = Explained {
            entry: entry.id,
            title: self.say("title", &[("entry", &entry.id.to_string()), ("amount", &amount)])?,
            booked,
            clause: self.clause()?,
            facts: Vec::new(),
            arithmetic: Vec::new(),
            charged: Vec::new(),
            history: Vec::new(),
            otherwise: self.say("otherwise-none", &[])?,
            headings: [
                self.say("facts-head", &[])?,
                self.say("arithmetic-head", &[])?,
                self.say("charged-head", &[])?,
                self.say("history-head", &[])?,
                self.say("otherwise-head", &[])?,
            ],
        };
        match &self.known.receipt {
            Some(receipt) => self.tell_receipt(tx, receipt, &mut explained)?,
            None => explained.arithmetic.push(self.say("gone", &[])?),
        }
        for other in ledger::beside(tx, &entry.subject, entry.id)? {
            let party = other.terms.party.clone();
            let values = [("entry", &*other.id.to_string()), ("party", &party), ("amount", &self.amount(&other))];
            explained.charged.push(self.say("beside", &values)?);
        }
        explained.history = self.history(tx)?;
        Ok(explained)
    }

    fn tell_receipt(&self, tx: &mut Tx, receipt: &Receipt, explained: &mut Explained) -> Result<(), ControlError> {
        for fact in &receipt.facts {
            let source = origin(tx, fact)?.map(|origin| self.source(&origin)).transpose()?;
            explained.facts.push(Stands {
                fact: self.voice.fact(fact).map_err(unsaid)?,
                table: fact.table,
                key: fact.key.clone(),
                source,
            });
        }
        for sentence in &receipt.sentences {
            explained.arithmetic.push(self.voice.sentence(sentence).map_err(unsaid)?);
        }
        for why in receipt.charged.iter().flat_map(|charged| &charged.why) {
            explained.charged.push(self.voice.sentence(why).map_err(unsaid)?);
        }
        if let Some(it) = &receipt.counterfactual {
            let version = self.ground.timeline.version(self.entry.version);
            let title = version.and_then(|v| it.clause.and_then(|clause| v.policy.clause(clause)).map(|clause| &clause.title));
            explained.otherwise = self.voice.counterfactual(it, title).map_err(unsaid)?;
        }
        Ok(())
    }

    fn say(&self, key: &str, values: &[(&str, &str)]) -> Result<String, ControlError> {
        self.voice.messages.say(self.voice.language, &format!("explain.{key}"), values).map_err(unsaid)
    }

    fn amount(&self, entry: &Entry) -> String {
        format!("{} {}", self.voice.currency.code(), self.voice.currency.show(entry.terms.amount))
    }

    fn at(&self, at: Instant) -> String {
        self.ground.zone.rfc3339(Instant(at.0 - at.0.rem_euclid(1_000_000)))
    }

    fn clause(&self) -> Result<Vec<String>, ControlError> {
        let Some(version) = self.ground.timeline.version(self.entry.version) else { return Ok(Vec::new()) };
        let head = self.say(
            "clause-head",
            &[
                ("clause", &self.entry.terms.clause),
                ("policy", &version.policy.name),
                ("version", &version.number.to_string()),
                ("effective", &version.effective_on.to_string()),
            ],
        )?;
        let title = version.policy.clause(&self.entry.terms.clause).map(|clause| match self.voice.language {
            Language::Chinese => clause.title.zh.clone(),
            Language::English => clause.title.en.clone(),
        });
        Ok(std::iter::once(head).chain(title).collect())
    }

    fn source(&self, origin: &Origin) -> Result<String, ControlError> {
        let (line, known) = (origin.line.to_string(), self.at(origin.recorded_at));
        self.say("source", &[("source", &origin.source), ("line", &line), ("by", &origin.by), ("known", &known)])
    }

    /// Every posting, each after the first with the facts that had become known since the one before.
    fn history(&self, tx: &mut Tx) -> Result<Vec<String>, ControlError> {
        let mut causes: Vec<(Instant, String)> = Vec::new();
        for fact in self.known.receipt.iter().flat_map(|receipt| &receipt.facts) {
            if let Some(origin) = origin(tx, fact)? {
                let fact = self.voice.fact(fact).map_err(unsaid)?;
                causes.push((origin.recorded_at, self.say("cause", &[("fact", &fact), ("source", &self.source(&origin)?)])?));
            }
        }
        let table = tables::table("rulings");
        for (ruling, kind, decided_at) in &self.known.rulings {
            let Some(origin) = table.map(|table| sources::origin(tx, table, &[ruling])).transpose()?.flatten() else { continue };
            let fact = self.say("ruling", &[("ruling", ruling), ("kind", kind), ("at", &self.at(*decided_at))])?;
            causes.push((origin.recorded_at, self.say("cause", &[("fact", &fact), ("source", &self.source(&origin)?)])?));
        }
        causes.sort();
        causes.dedup();
        let mut lines = Vec::new();
        let mut before: Option<Instant> = None;
        for entry in &self.known.history {
            if let Some(before) = before {
                let since = causes.iter().filter(|(known, _)| *known > before && *known <= entry.posted_at);
                lines.extend(since.map(|(_, cause)| format!("  {cause}")));
            }
            before = Some(entry.posted_at);
            let (id, at, amount, period) =
                (entry.id.to_string(), self.at(entry.posted_at), self.amount(entry), entry.period.to_string());
            let reversed = entry.reverses.map(|reversed| reversed.to_string()).unwrap_or_default();
            let values =
                [("at", &*at), ("entry", &id), ("amount", &amount), ("period", &period), ("reversed", &reversed)];
            lines.push(match entry.reverses {
                Some(_) => self.say("reversed", &values)?,
                None => self.say("posted", &values[..4])?,
            });
        }
        Ok(lines)
    }
}

fn origin(tx: &mut Tx, fact: &FactRef) -> Result<Option<Origin>, ControlError> {
    let Some(table) = tables::table(fact.table) else { return Ok(None) };
    let key: Vec<&str> = fact.key.iter().map(String::as_str).collect();
    Ok(sources::origin(tx, table, &key)?)
}
