//! The receipt of an entry (rulebook 5): the clause's text, the facts with their sources, the arithmetic, who bears
//! it and why, what became of it and after which facts, and what it would have been otherwise.

use std::collections::HashSet;

use farsight_ledger::reconcile::ChargeKey;
use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks::{self, Check};
use farsight_rulebook::facts::{Facts, Ruling};
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::messages::{Language, MessageError, Messages, Voice};
use farsight_rulebook::policy::Seat;
use farsight_rulebook::receipt::{self, Counterfactual, FactRef, Receipt};
use farsight_rulebook::tables;
use farsight_rulebook::time::Instant;
use farsight_store::facts::sources::{self, Origin};
use farsight_store::ledger::{self, Entry};
use farsight_store::session::Isolation;
use farsight_store::sums::From;
use farsight_store::{Tx, runs, settlements};
use serde::Serialize;

use crate::{ControlError, Desk, audit, evaluate, ground, known};

/// A receipt, said in one language.
#[derive(Debug, Clone, Default, Serialize)]
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
pub(crate) fn messages() -> Result<Messages, ControlError> {
    Messages::read(
        include_str!("../../../config/messages/zh-CN.toml"),
        include_str!("../../../config/messages/en.toml"),
    )
    .map_err(unsaid)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(crate) fn unsaid(error: MessageError) -> ControlError {
    ControlError::Usage(format!("this cannot be worded: {error}"))
}

/// Explains an entry; as known at a moment, as it would have been explained then.
///
/// Refused: a moment that has not come; an entry that is not there, or was not posted by then.
pub fn explain(
    desk: &mut Desk,
    entry: i64,
    language: Language,
    known_at: Option<Instant>,
) -> Result<Explained, ControlError> {
    let known_at = known::asked(desk, known_at)?;
    let tenant = desk.tenant.clone();
    let scope = desk.scope();
    let messages = messages()?;
    let (entry, seen) = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        tx.as_known_at(known_at);
        seen(tx, entry)
    })?;
    // What is found stands on facts of other dealers too: it is judged by the whole network's, as every run does.
    let (ground, mut known) = desk.session.transaction(tenant.network(), Isolation::Snapshot, |tx| {
        tx.as_known_at(known_at);
        let ground = ground::load(tx, &tenant)?;
        let known = Known::read(tx, &ground, &entry)?;
        Ok::<_, ControlError>((ground, known))
    })?;
    known.history.retain(|(step, _)| seen.contains(&step.id));
    // Told is what the person at the desk sees of it.
    let part = desk.person.is_some();
    let explained = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let currency = ground::currency(&tenant)?;
        let voice = Voice { messages: &messages, language, zone: &ground.zone, currency };
        tx.as_known_at(known_at);
        Teller { voice, ground: &ground, entry: &entry, known: &known, part }.tell(tx)
    })?;
    audit::note(
        desk,
        "entry.explain",
        &entry.id.to_string(),
        &serde_json::json!({ "language": language.tag() }),
    )?;
    Ok(explained)
}

/// An entry, and those of its charge that the person at the desk sees.
fn seen(tx: &mut Tx, id: i64) -> Result<(Entry, HashSet<i64>), ControlError> {
    let Some(entry) = ledger::find(tx, id)? else {
        let then = if tx.known_at().is_some() { " at that moment" } else { "" };
        return Err(ControlError::Usage(format!(
            "there is no entry {id}{then}: `farsight export entries` lists them"
        )));
    };
    let history = ledger::history(tx, &key(&entry))?;
    Ok((entry, history.iter().map(|step| step.id).collect()))
}

fn key(entry: &Entry) -> ChargeKey {
    ChargeKey { family: entry.family.clone(), subject: entry.subject.clone(), seat: entry.seat }
}

/// What could be seen of an entry's unit at one time.
#[derive(Default)]
struct Sight {
    receipt: Option<Receipt>,
    rulings: Vec<Ruling>,
    verdict: Option<Verdict>,
}

/// What was found of an entry, with all that it was judged by.
struct Verdict {
    check: &'static Check,
    ground: Ground,
    as_of: Instant,
    facts: Facts,
    finding: Finding,
}

impl Verdict {
    fn otherwise(&self, seat: Seat) -> Result<Option<Counterfactual>, ControlError> {
        let unit = Judged::Units(std::iter::once(self.finding.unit.clone()).collect());
        let case = Case::new(&self.facts, &self.ground, self.as_of, unit);
        Ok(receipt::otherwise(&case, self.check, &self.finding, seat)?)
    }
}

/// What is known of an entry's charge.
struct Known {
    /// The receipt of the charge: of a live one as things are known now, of a reversed one as they were when it was posted.
    receipt: Option<Receipt>,
    /// The entry that reversed it.
    reversed_by: Option<i64>,
    /// All that was posted on its key, each with what could be seen then.
    history: Vec<(Entry, Sight)>,
}

impl Known {
    fn read(tx: &mut Tx, ground: &Ground, entry: &Entry) -> Result<Self, ControlError> {
        let key = key(entry);
        let charge = entry.reverses.unwrap_or(entry.id);
        let mut shown = None;
        let mut known = Self { receipt: None, reversed_by: None, history: Vec::new() };
        let history = ledger::history(tx, &key)?;
        let runs = runs::judged(tx, &history.iter().map(|step| step.run).collect::<Vec<_>>())?;
        for step in history {
            let mut sight = Sight::then(tx, ground, &step, runs.get(&step.run))?;
            let verdict = sight.verdict.take();
            if step.id == charge {
                known.receipt.clone_from(&sight.receipt);
                shown = verdict;
            }
            if step.reverses == Some(charge) {
                known.reversed_by = Some(step.id);
            }
            known.history.push((step, sight));
        }
        if known.reversed_by.is_none() {
            let marks = runs::marks(tx)?;
            let as_of = marks.into_iter().find(|mark| mark.check == entry.check).map(|mark| mark.as_of);
            Sight { receipt: known.receipt, verdict: shown, .. } = Sight::at(tx, ground, entry, as_of, None)?;
        }
        // What it would have been otherwise is asked of what is shown alone: the unit is judged anew for each fact.
        if let (Some(receipt), Some(verdict)) = (&mut known.receipt, shown) {
            receipt.counterfactual = verdict.otherwise(entry.seat)?;
        }
        Ok(known)
    }
}

impl Sight {
    /// What the run saw that posted an entry: the facts and policy versions that were known then.
    fn then(
        tx: &mut Tx,
        ground: &Ground,
        entry: &Entry,
        run: Option<&runs::Judged>,
    ) -> Result<Self, ControlError> {
        let Some(run) = run else { return Ok(Self::default()) };
        let timeline = ground.timeline.as_known(run.newest_policy);
        let ground = Ground { timeline, ..ground.clone() };
        Self::at(tx, &ground, entry, Some(run.as_of), Some(entry.posted_at))
    }

    fn at(
        tx: &mut Tx,
        ground: &Ground,
        entry: &Entry,
        as_of: Option<Instant>,
        known_at: Option<Instant>,
    ) -> Result<Self, ControlError> {
        let (Some(check), Some(as_of)) = (checks::check(&entry.check), as_of) else {
            return Ok(Self::default());
        };
        let units = [entry.unit.clone()];
        let around = tx.known_at();
        tx.as_known_at(known_at.or(around));
        let facts = evaluate::facts_of_units(tx, check, &units, (ground, as_of), From::KeptOrNow);
        tx.as_known_at(around);
        let facts = only_this_unit(facts?, &entry.unit);
        let case = Case::new(&facts, ground, as_of, Judged::Units(units.into_iter().collect()));
        let mut found = Found::default();
        (check.evaluate)(&case, &mut found)?;
        let same = |finding: &&Finding| finding.family == entry.family && finding.subject == entry.subject;
        let Some(finding) = found.findings.iter().find(same).cloned() else {
            return Ok(Self { rulings: facts.rulings, ..Self::default() });
        };
        let receipt = Some(receipt::standing(&case, check, &finding, entry.seat)?);
        let rulings = facts.rulings.clone();
        let verdict = Some(Verdict { check, ground: ground.clone(), as_of, facts, finding });
        Ok(Self { receipt, rulings, verdict })
    }

    fn facts(&self) -> impl Iterator<Item = &FactRef> {
        self.receipt.iter().flat_map(|receipt| &receipt.facts)
    }
}

/// A roster's unit is read with the staff of the whole network; the counterfactual judges it again and again, so
/// only those who ever worked at the dealer are kept.
fn only_this_unit(mut facts: Facts, unit: &str) -> Facts {
    let dealer = unit.split(['@', '/']).next().unwrap_or(unit);
    if let Some(dealer) = facts.codes.find(dealer).filter(|_| !facts.employments.is_empty()) {
        let staff: HashSet<_> =
            facts.employments.iter().filter(|row| row.dealer == dealer).map(|row| row.person).collect();
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
    /// Whether the person at the desk sees a part of the network.
    part: bool,
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
        if let Some(reversed_by) = self.known.reversed_by {
            explained.booked.push_str(&self.say("then", &[("entry", &reversed_by.to_string())])?);
        }
        match &self.known.receipt {
            Some(receipt) => self.tell_receipt(tx, receipt, &mut explained)?,
            None => explained.arithmetic.push(self.say("gone", &[])?),
        }
        for other in ledger::beside(tx, &entry.subject, entry.id)? {
            let party = other.terms.party.clone();
            let values =
                [("entry", &*other.id.to_string()), ("party", &party), ("amount", &self.amount(&other))];
            explained.charged.push(self.say("beside", &values)?);
        }
        explained.history = self.history(tx)?;
        Ok(explained)
    }

    fn tell_receipt(
        &self,
        tx: &mut Tx,
        receipt: &Receipt,
        explained: &mut Explained,
    ) -> Result<(), ControlError> {
        for fact in &receipt.facts {
            if self.hides(tx, fact)? {
                continue;
            }
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
        let Some(it) = &receipt.counterfactual else { return Ok(()) };
        if self.hides(tx, &it.without)? {
            explained.otherwise = self.say("otherwise-elsewhere", &[])?;
        } else {
            let version = self.ground.timeline.version(self.entry.version);
            let title = version.and_then(|v| {
                it.clause.and_then(|clause| v.policy.clause(clause)).map(|clause| &clause.title)
            });
            explained.otherwise = self.voice.counterfactual(it, title).map_err(unsaid)?;
        }
        Ok(())
    }

    /// Whether a fact is another dealer's, which the person at the desk does not see.
    fn hides(&self, tx: &mut Tx, fact: &FactRef) -> Result<bool, ControlError> {
        Ok(self.part && origin(tx, fact)?.is_none())
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
        // The file's own name: in which folder it lay is nobody's business whom a receipt is given to.
        let file = origin.source.rsplit(['/', '\\']).next().unwrap_or(&origin.source);
        self.say("source", &[("source", file), ("line", &line), ("by", &origin.by), ("known", &known)])
    }

    /// Every posting, each after the first with what became known since the one before and bears on it.
    fn history(&self, tx: &mut Tx) -> Result<Vec<String>, ControlError> {
        let mut lines = Vec::new();
        for (place, (entry, now)) in self.known.history.iter().enumerate() {
            if let Some((earlier, then)) =
                place.checked_sub(1).and_then(|before| self.known.history.get(before))
            {
                for cause in self.causes(tx, (then, earlier.posted_at), (now, entry.posted_at))? {
                    lines.push(format!("  {cause}"));
                }
            }
            let (id, at, amount, period) = (
                entry.id.to_string(),
                self.at(entry.posted_at),
                self.amount(entry),
                entry.period.to_string(),
            );
            let reversed = entry.reverses.map(|reversed| reversed.to_string()).unwrap_or_default();
            let values = [
                ("at", &*at),
                ("entry", &id),
                ("amount", &amount),
                ("period", &period),
                ("reversed", &reversed),
            ];
            lines.push(match entry.reverses {
                Some(_) => self.say("reversed", &values)?,
                None => self.say("posted", &values[..4])?,
            });
        }
        Ok(lines)
    }

    /// The late facts and rulings between two postings: rows recorded in between, of the facts that either stands on,
    /// and rulings on the subject or on one of those facts.
    fn causes(
        &self,
        tx: &mut Tx,
        (then, after): (&Sight, Instant),
        (now, until): (&Sight, Instant),
    ) -> Result<Vec<String>, ControlError> {
        let mut causes = Vec::new();
        let mut bearing: Vec<&FactRef> = Vec::new();
        for fact in then.facts().chain(now.facts()) {
            if bearing.iter().any(|known| (known.table, &known.key) == (fact.table, &fact.key)) {
                continue;
            }
            if self.hides(tx, fact)? {
                continue;
            }
            bearing.push(fact);
            if fact.table != "rulings"
                && let Some(origin) = recorded(tx, fact.table, &fact.key, after, until)?
            {
                let said = self.voice.fact(fact).map_err(unsaid)?;
                causes.push(self.say("cause", &[("fact", &said), ("source", &self.source(&origin)?)])?);
            }
        }
        let bears = |subject: &str| {
            subject == self.entry.subject
                || bearing.iter().any(|fact| mentions(subject, fact.key.first().map_or("", String::as_str)))
        };
        let mut told: Vec<&str> = Vec::new();
        for ruling in now.rulings.iter().chain(&then.rulings).filter(|ruling| bears(&ruling.subject)) {
            if told.contains(&ruling.ruling.as_str()) {
                continue;
            }
            told.push(&ruling.ruling);
            if let Some(origin) = recorded(tx, "rulings", std::slice::from_ref(&ruling.ruling), after, until)?
            {
                let at = self.at(ruling.decided_at);
                let values = [
                    ("ruling", &*ruling.ruling),
                    ("kind", ruling.kind.name()),
                    ("subject", &ruling.subject),
                    ("at", &at),
                ];
                let said = self.say("ruling", &values)?;
                causes.push(self.say("cause", &[("fact", &said), ("source", &self.source(&origin)?)])?);
            }
        }
        Ok(causes)
    }
}

/// Whether a subject such as `inspection:I-1#item-01` names a code whole.
fn mentions(subject: &str, code: &str) -> bool {
    subject.split([':', '#', '/', '@']).skip(1).any(|part| part == code)
}

fn recorded(
    tx: &mut Tx,
    table: &str,
    key: &[String],
    after: Instant,
    until: Instant,
) -> Result<Option<Origin>, ControlError> {
    let Some(table) = tables::table(table) else { return Ok(None) };
    let key: Vec<&str> = key.iter().map(String::as_str).collect();
    Ok(sources::recorded_between(tx, table, &key, after, until)?)
}

fn origin(tx: &mut Tx, fact: &FactRef) -> Result<Option<Origin>, ControlError> {
    let Some(table) = tables::table(fact.table) else { return Ok(None) };
    let key: Vec<&str> = fact.key.iter().map(String::as_str).collect();
    Ok(sources::origin(tx, table, &key)?)
}
