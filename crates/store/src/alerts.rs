//! Alerts: what a person is to look at now. An alert opens with its finding (or when it is raised), and resolves
//! itself when that is gone.
//!
//! Whoever writes here has the tenant's turn of the books ([`Turn::Books`](crate::session::Turn)): numbers are given
//! in the order of committing, and an alert is open once. Each change writes its notice in the same transaction.

mod exported;
mod life;
mod read;

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use farsight_rulebook::alert::{Level, Terms};
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::{HOUR, Instant};
use jiff::civil::Date;

use crate::values::pg_instant;
use crate::{StoreError, Tx};

pub use exported::{Exported, each};
pub use life::{Acknowledgement, acknowledge, escalate, region_on, tell_what_stayed};
pub(crate) use life::{KNOWN, REGION};
pub use read::{Alert, Filter, Order, Status, find, find_all, list, open_by_severity, open_days, open_of};

/// An alert that should be open.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The family, of its key.
    pub family: &'a str,
    /// The subject, of its key.
    pub subject: &'a str,
    /// The check.
    pub check: &'a str,
    /// The clause.
    pub clause: &'a str,
    /// The unit it was found in.
    pub unit: &'a str,
    /// The dealer; empty where none is concerned.
    pub dealer: &'a str,
    /// The region; empty where none is concerned.
    pub region: &'a str,
    /// Its severity.
    pub severity: Severity,
    /// Before whom it opens.
    pub level: Level,
    /// The local date of its finding.
    pub occurred_on: Date,
    /// All that its finding charges, posted or vacant.
    pub amount: Money,
    /// Until when something can or must be done.
    pub due_at: Option<Instant>,
    /// What there is to know at a glance, as JSON.
    pub detail: &'a str,
}

/// What changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Alerts opened, those that came back included.
    pub opened: u64,
    /// Alerts resolved.
    pub resolved: u64,
}

/// Whose alerts are compared with what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// None are there yet.
    Nothing,
    /// All of the checks.
    Everything,
    /// Those of the dealers put into `wanted`.
    WantedDealers,
    /// Those of the units put into `wanted`.
    WantedUnits,
}

/// An open alert as far as a finding decides it.
#[derive(PartialEq, Eq)]
struct Open {
    clause: String,
    unit: String,
    dealer: String,
    region: String,
    severity: String,
    occurred_on: Date,
    amount: i64,
    due_at: Option<Instant>,
    detail: String,
}

impl Open {
    fn says(&self, wanted: &Wanted) -> bool {
        let texts = (&*self.clause, &*self.unit, &*self.dealer, &*self.region, &*self.detail);
        texts == (wanted.clause, wanted.unit, wanted.dealer, wanted.region, wanted.detail)
            && self.severity == wanted.severity.name()
            && (self.occurred_on, self.amount, self.due_at)
                == (wanted.occurred_on, wanted.amount.0, wanted.due_at)
    }

    fn is_milder_than(&self, wanted: &Wanted) -> bool {
        Severity::named(&self.severity).is_some_and(|severity| severity < wanted.severity)
    }
}

type Key = (String, String);

fn open(tx: &mut Tx, checks: &[&str], among: Among) -> Result<HashMap<Key, Open>, StoreError> {
    let names = checks.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let is_open = format!("a.resolved_at = 'infinity' AND a.check_name IN ({names})");
    let from = match among {
        Among::Nothing => return Ok(HashMap::new()),
        Among::Everything => format!("alerts a WHERE {is_open}"),
        // A fence: unit by unit, by index.
        Among::WantedUnits => format!(
            "pg_temp.wanted w CROSS JOIN LATERAL (SELECT * FROM alerts a WHERE {is_open} AND a.unit = w.a OFFSET 0) AS a"
        ),
        Among::WantedDealers => {
            format!("alerts a WHERE {is_open} AND a.dealer_code IN (SELECT a FROM pg_temp.wanted)")
        }
    };
    let mut open = HashMap::new();
    let columns = "a.family, a.subject, a.clause, a.unit, a.dealer_code, a.region_code, a.severity, a.occurred_on, a.amount, a.due_at, a.detail";
    tx.read(&format!("SELECT {columns} FROM {from}"), |row| {
        let key = (row.text().to_owned(), row.text().to_owned());
        let alert = Open {
            clause: row.text().to_owned(),
            unit: row.text().to_owned(),
            dealer: row.text().to_owned(),
            region: row.text().to_owned(),
            severity: row.text().to_owned(),
            occurred_on: row.date(),
            amount: row.big(),
            due_at: row.instant_or(),
            detail: row.text().to_owned(),
        };
        open.insert(key, alert);
    })?;
    Ok(open)
}

/// One round of comparing alerts with what is wanted, part by part; what is gone resolves when the round closes, so
/// that what only moved between parts stays open.
pub struct Round {
    at: Instant,
    terms: Terms,
    gone: HashMap<Key, Open>,
    opened: u64,
}

impl Round {
    /// A round at an instant, under the terms in force then.
    pub fn new(at: Instant, terms: Terms) -> Self {
        Self { at, terms, gone: HashMap::new(), opened: 0 }
    }

    /// Opens what is wanted and not open, lets an open one say what its finding says now, and keeps in mind what is
    /// open and not wanted.
    pub fn sync<'a>(
        &mut self,
        tx: &mut Tx,
        checks: &[&str],
        among: Among,
        wanted: impl Iterator<Item = Wanted<'a>>,
    ) -> Result<(), StoreError> {
        let mut open = open(tx, checks, among)?;
        let mut changed = Vec::new();
        let mut opened = Vec::new();
        for alert in wanted {
            let key = (alert.family.to_owned(), alert.subject.to_owned());
            match open.remove(&key).or_else(|| self.gone.remove(&key)) {
                Some(known) if known.says(&alert) => {}
                Some(known) => changed.push((known.is_milder_than(&alert), alert)),
                None => opened.push((false, alert)),
            }
        }
        self.gone.extend(open);
        self.change(tx, &changed)?;
        self.open(tx, &opened, among)
    }

    /// Resolves what is gone.
    pub fn close(self, tx: &mut Tx) -> Result<Changes, StoreError> {
        let resolved = resolve(tx, self.gone.keys(), self.at)?;
        Ok(Changes { opened: self.opened, resolved })
    }

    fn change(&self, tx: &mut Tx, changed: &[(bool, Wanted)]) -> Result<(), StoreError> {
        if changed.is_empty() {
            return Ok(());
        }
        stage(tx, changed)?;
        self.take_over(tx)?;
        if changed.iter().any(|(worse, _)| *worse) {
            let worse = format!("FROM alerts a JOIN pg_temp.staging s ON {SAME} WHERE s.worse");
            tell(tx, "worsened", &worse, self.at)?;
        }
        Ok(())
    }

    /// Lets open alerts say what is staged. One that became worse begins anew at its level: nobody has acknowledged
    /// that yet.
    fn take_over(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let step = step(&self.terms, "s.severity", "a.level");
        let acknowledged = hours(self.terms.acknowledged_hours);
        diesel::sql_query(format!(
            "UPDATE alerts a SET {SAYS}, {CHANGED},
                 level_since = CASE WHEN s.worse THEN $1 ELSE a.level_since END,
                 acknowledged_at = CASE WHEN s.worse THEN NULL ELSE a.acknowledged_at END,
                 acknowledged_by = CASE WHEN s.worse THEN NULL ELSE a.acknowledged_by END,
                 escalates_at = CASE WHEN s.worse THEN $1 + {step} WHEN a.severity = s.severity THEN a.escalates_at
                     WHEN {step} IS NULL THEN NULL
                     ELSE greatest(a.level_since + {step}, a.acknowledged_at + {acknowledged}) END
             FROM pg_temp.staging s WHERE {SAME}"
        ))
        .bind::<Timestamptz, _>(pg_instant(self.at))
        .execute(tx.connection)?;
        Ok(())
    }

    fn open(&mut self, tx: &mut Tx, opened: &[(bool, Wanted)], among: Among) -> Result<(), StoreError> {
        if opened.is_empty() {
            return Ok(());
        }
        stage(tx, opened)?;
        let reopened = if among == Among::Nothing { 0 } else { self.reopen(tx)? };
        let news = self.insert(tx)?;
        // What is open under another unit or dealer, which is judged later in this run, becomes this finding's.
        if reopened + news < opened.len() {
            self.take_over(tx)?;
        }
        self.opened += (reopened + news) as u64;
        Ok(())
    }

    /// What comes back soon after it was resolved is the same alert; that is told once in a while only.
    fn reopen(&self, tx: &mut Tx) -> Result<usize, StoreError> {
        let window = hours(self.terms.flap_hours);
        let last = last_notice(tx)?;
        let back: Touched = diesel::sql_query(format!(
            "WITH back AS (
                 SELECT DISTINCT ON (r.family, r.subject) r.family, r.subject, r.resolved_at
                 FROM pg_temp.staging s JOIN alerts r ON r.family = s.family AND r.subject = s.subject
                 WHERE r.resolved_at >= $2 AND r.resolved_at < 'infinity' AND NOT EXISTS (
                     SELECT FROM alerts a WHERE {SAME})
                 ORDER BY r.family, r.subject, r.resolved_at DESC),
             reopened AS (
                 UPDATE alerts a SET {SAYS}, {CHANGED}, resolved_at = 'infinity', flaps = a.flaps + 1,
                     told_at = CASE WHEN a.told_at + {window} <= $1 THEN $1 ELSE a.told_at END,
                     tell_at = CASE WHEN a.told_at + {window} <= $1 THEN NULL ELSE a.told_at + {window} END
                 FROM back b JOIN pg_temp.staging s ON s.family = b.family AND s.subject = b.subject
                 WHERE a.family = b.family AND a.subject = b.subject AND a.resolved_at = b.resolved_at
                 RETURNING a.*),
             told AS (
                 {INTO_NOTICES} SELECT {tenant}, $3 + row_number() OVER (ORDER BY a.alert_id), 'reopened', {TOLD}, $1
                 FROM reopened a WHERE a.tell_at IS NULL)
             SELECT count(*) AS alerts FROM reopened",
            tenant = tx.tenant()
        ))
        .bind::<Timestamptz, _>(pg_instant(self.at))
        .bind::<Timestamptz, _>(pg_instant(self.terms.reopens_from(self.at)))
        .bind::<BigInt, _>(last)
        .get_result(tx.connection)?;
        Ok(back.alerts as usize)
    }

    fn insert(&self, tx: &mut Tx) -> Result<usize, StoreError> {
        let tenant = tx.tenant();
        let last = tx.number("SELECT coalesce(max(alert_id), 0) AS number FROM alerts")?;
        let last_notice = last_notice(tx)?;
        let step = step(&self.terms, "severity", "level");
        let opened = diesel::sql_query(format!(
            "WITH opened AS (
                 INSERT INTO alerts (tenant_id, alert_id, {COLUMNS}, level, opened_at, level_since, told_at, changed_at, escalates_at)
                 SELECT {tenant}, $2 + place, {COLUMNS}, level, $1, $1, $1, $1, $1 + {step} FROM pg_temp.staging
                 ON CONFLICT (tenant_id, family, subject, resolved_at) DO NOTHING
                 RETURNING alert_id, severity, dealer_code, region_code, level)
             INSERT INTO notices (tenant_id, notice_id, kind, alert_id, severity, dealer_code, region_code, level, at)
             SELECT {tenant}, $3 + alert_id, 'opened', alert_id, severity, dealer_code, region_code, level, $1 FROM opened"
        ))
        .bind::<Timestamptz, _>(pg_instant(self.at))
        .bind::<BigInt, _>(last)
        .bind::<BigInt, _>(last_notice - last)
        .execute(tx.connection)?;
        Ok(opened)
    }
}

/// How many alerts a statement changed that wrote notices besides.
#[derive(QueryableByName)]
struct Touched {
    #[diesel(sql_type = BigInt)]
    alerts: i64,
}

/// Opens one alert that no check finds, or lets it say what it says now.
pub fn raise(tx: &mut Tx, alert: Wanted, at: Instant, terms: &Terms) -> Result<bool, StoreError> {
    tx.want(&crate::facts::read::Wanted::codes([alert.unit]))?;
    let mut round = Round::new(at, terms.clone());
    round.sync(tx, &[alert.check], Among::WantedUnits, std::iter::once(alert))?;
    Ok(round.opened > 0)
}

const COLUMNS: &str = "family, subject, check_name, clause, unit, dealer_code, region_code, severity, occurred_on, amount, due_at, detail";
const SAYS: &str = "check_name = s.check_name, clause = s.clause, unit = s.unit, dealer_code = s.dealer_code,
    region_code = s.region_code, severity = s.severity, occurred_on = s.occurred_on, amount = s.amount, due_at = s.due_at,
    detail = s.detail";
/// That an alert changed at the moment `$1`: its next number among the changes, for who pulls (`pulls`).
const CHANGED: &str = "change = nextval('alert_changes'), changed_at = $1";
const SAME: &str = "a.family = s.family AND a.subject = s.subject AND a.resolved_at = 'infinity'";

fn stage(tx: &mut Tx, alerts: &[(bool, Wanted)]) -> Result<(), StoreError> {
    let types = "place bigint, family text, subject text, check_name text, clause text, unit text, dealer_code text,
        region_code text, severity text, level text, occurred_on date, amount bigint, due_at timestamptz, detail text, worse boolean";
    tx.stage::<StoreError>(types, |rows| {
        for (place, (worse, alert)) in (1..).zip(alerts) {
            let row = rows.row().map_err(|error| StoreError::Input(error.to_string()))?;
            row.big(place).text(alert.family).text(alert.subject).text(alert.check).text(alert.clause);
            row.text(alert.unit).text(alert.dealer).text(alert.region).text(alert.severity.name());
            row.text(alert.level.name()).date(alert.occurred_on).big(alert.amount.0);
            match alert.due_at {
                Some(due) => row.instant(due),
                None => row.null(),
            };
            row.text(alert.detail).flag(*worse);
        }
        Ok(())
    })?;
    Ok(())
}

/// Resolves the open alerts of these keys. Coming back that was not told yet is not told to be over either.
fn resolve<'k>(tx: &mut Tx, keys: impl Iterator<Item = &'k Key>, at: Instant) -> Result<u64, StoreError> {
    let (families, subjects): (Vec<&str>, Vec<&str>) =
        keys.map(|(family, subject)| (&**family, &**subject)).unzip();
    if families.is_empty() {
        return Ok(0);
    }
    let last = last_notice(tx)?;
    let resolved: Touched = diesel::sql_query(format!(
        "WITH gone AS (
             UPDATE alerts a SET resolved_at = $1, {CHANGED} FROM unnest($2, $3) AS s (family, subject) WHERE {SAME} RETURNING a.*),
         told AS (
             {INTO_NOTICES} SELECT {}, $4 + row_number() OVER (ORDER BY a.alert_id), 'resolved', {TOLD}, $1
             FROM gone a WHERE a.tell_at IS NULL)
         SELECT count(*) AS alerts FROM gone",
        tx.tenant()
    ))
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Array<Text>, _>(&families)
    .bind::<Array<Text>, _>(&subjects)
    .bind::<BigInt, _>(last)
    .get_result(tx.connection)?;
    Ok(resolved.alerts as u64)
}

/// Resolves one alert, if it is open.
pub fn resolve_one(tx: &mut Tx, family: &str, subject: &str, at: Instant) -> Result<bool, StoreError> {
    let key = (family.to_owned(), subject.to_owned());
    Ok(resolve(tx, std::iter::once(&key), at)? > 0)
}

const INTO_NOTICES: &str = "INSERT INTO notices (tenant_id, notice_id, kind, alert_id, severity, dealer_code, region_code, level, holder_code, actor, at)";
/// What a notice says of its alert `a`.
const TOLD: &str =
    "a.alert_id, a.severity, a.dealer_code, a.region_code, a.level, a.holder_code, a.acknowledged_by";

/// Writes a notice of a kind for each alert `a` of a `FROM` clause, in which `$1` is the instant.
fn tell(tx: &mut Tx, kind: &str, from: &str, at: Instant) -> Result<usize, StoreError> {
    let last = last_notice(tx)?;
    let told = diesel::sql_query(format!(
        "{INTO_NOTICES} SELECT {}, $2 + row_number() OVER (ORDER BY a.alert_id), '{kind}', {TOLD}, $1 {from}",
        tx.tenant()
    ))
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<BigInt, _>(last)
    .execute(tx.connection)?;
    Ok(told)
}

fn last_notice(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.number("SELECT coalesce(max(notice_id), 0) AS number FROM notices")
}

/// The hours at a level as an SQL interval; NULL where an alert stays there.
fn step(terms: &Terms, severity: &str, level: &str) -> String {
    let mut cases = String::new();
    for worth in [Severity::Critical, Severity::Warning] {
        for at in Level::ALL {
            if let Some(step) = terms.hours(worth, at) {
                let (worth, at, step) = (worth.name(), at.name(), hours(step));
                cases.push_str(&format!(" WHEN {severity} = '{worth}' AND {level} = '{at}' THEN {step}"));
            }
        }
    }
    format!("(CASE{cases} END)")
}

/// Elapsed hours as an SQL interval.
fn hours(hours: i64) -> String {
    format!("({} * interval '1 microsecond')", hours * HOUR)
}
