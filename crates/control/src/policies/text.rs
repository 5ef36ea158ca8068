//! A policy version as people read it: every parameter and clause with what it is worth and where the number is from.

use farsight_rulebook::checks::custom;
use farsight_rulebook::money::Currency;
use farsight_rulebook::policy::{Clause, Policy, Text};
use farsight_rulebook::time::DAY;
use farsight_store::policies::{self, Published};
use farsight_store::session::Isolation;
use jiff::civil::Date;
use serde::Serialize;

use super::{Change, own};
use crate::{ControlError, Desk, ground};

/// A version on the line of time.
#[derive(Debug, Clone, Serialize)]
pub struct VersionRead {
    /// Its number.
    pub version: i32,
    /// The first day it judges.
    pub effective_on: String,
    /// Its title.
    pub title: Text,
    /// Whether it judges today.
    pub in_force: bool,
    /// In how many days it begins; none: it has begun.
    pub begins_in_days: Option<i64>,
    /// When it was published.
    pub published_at: i64,
    /// By whom.
    pub published_by: String,
    /// Who drafted it; nobody where it came with the tenant.
    pub drafted_by: Option<String>,
}

/// A number or rule of a policy.
#[derive(Debug, Clone, Serialize)]
pub struct Parameter {
    /// Its name, such as `daily_sample`.
    pub name: String,
    /// What it is.
    pub text: Text,
    /// Its value, as the file has it.
    pub value: String,
    /// Whether the published programme has it; otherwise the manufacturer set it.
    pub published: bool,
}

/// What a clause charges a seat.
#[derive(Debug, Clone, Serialize)]
pub struct ChargeRead {
    /// Who, by the seat's name.
    pub seat: &'static str,
    /// In minor units: penalty below zero.
    pub amount: i64,
    /// Whether the published programme has it.
    pub published: bool,
}

/// A clause.
#[derive(Debug, Clone, Serialize)]
pub struct ClauseRead {
    /// Its full name.
    pub name: &'static str,
    /// Its title.
    pub title: Text,
    /// Its severity's name.
    pub severity: &'static str,
    /// Whom it charges.
    pub charges: Vec<ChargeRead>,
}

/// A check's part of a policy.
#[derive(Debug, Clone, Serialize)]
pub struct Section {
    /// The check, or `alerts`.
    pub check: String,
    /// Its numbers and rules.
    pub parameters: Vec<Parameter>,
    /// Its clauses, in the order of the rulebook.
    pub clauses: Vec<ClauseRead>,
    /// What is looked at, code and name: of the spot check.
    pub items: Vec<(String, Text)>,
}

/// A policy as people read it.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyRead {
    /// All versions, by date.
    pub versions: Vec<VersionRead>,
    /// The one that is read.
    pub version: i32,
    /// Since when it judges.
    pub effective_on: String,
    /// Its title.
    pub title: Text,
    /// Its parts, in the order of the rulebook.
    pub sections: Vec<Section>,
    /// The version before it.
    pub before: Option<i32>,
    /// What is different from that one.
    pub changes: Vec<Change>,
    /// How many versions were published in the twelve months up to today.
    pub published_within_a_year: usize,
}

/// The order of the parts.
pub(super) const SECTIONS: [&str; 17] = [
    "spot-check",
    "complaint",
    "certification",
    "bay-turnover",
    "repeat-repair",
    "service-clock",
    "satisfaction",
    "mystery-shopper",
    "feedback",
    "retention",
    "fault-hotspot",
    "transparency",
    "custom",
    "field-staff",
    "alerts",
    "appeal",
    "general",
];

/// A version of the tenant's policy; without a number the one that is in force today, or the first to come.
pub fn text(desk: &mut Desk, number: Option<i32>) -> Result<PolicyRead, ControlError> {
    let scope = desk.scope();
    let currency = ground::currency(&desk.tenant)?;
    let today = ground::zone(&desk.tenant)?.date(desk.now);
    let published = desk
        .session
        .transaction(scope, Isolation::ReadCommitted, |tx| Ok::<_, ControlError>(policies::all(tx)?))?;
    let in_force = published.iter().rev().find(|version| version.effective_on <= today).or(published.first());
    let in_force = in_force.map(|version| version.version);
    let wanted = number.or(in_force);
    let read = |published: &Published| {
        Policy::read(&published.body, currency)
            .map_err(|faults| ControlError::Policy { file: format!("version {}", published.version), faults })
    };
    let begins_in = |on: Date| (on > today).then(|| on.duration_since(today).as_hours() / 24);
    let mut versions = Vec::new();
    for version in &published {
        versions.push(VersionRead {
            version: version.version,
            effective_on: version.effective_on.to_string(),
            title: read(version)?.title,
            in_force: Some(version.version) == in_force,
            begins_in_days: begins_in(version.effective_on),
            published_at: version.published_at.0,
            published_by: version.published_by.clone(),
            drafted_by: version.drafted_by.clone(),
        });
    }
    let shown = published.iter().find(|version| Some(version.version) == wanted);
    let shown = shown.ok_or(ControlError::NotFound("policy version"))?;
    let policy = read(shown)?;
    let parts = sections(&shown.body, &policy);
    let before = published.iter().rfind(|version| version.effective_on < shown.effective_on);
    let changes = match before {
        Some(before) => super::changes::between(&sections(&before.body, &read(before)?), &parts),
        None => Vec::new(),
    };
    let a_year_ago = desk.now.0 - 365 * DAY;
    Ok(PolicyRead {
        versions,
        version: shown.version,
        effective_on: shown.effective_on.to_string(),
        sections: parts,
        before: before.map(|before| before.version),
        changes,
        published_within_a_year: published
            .iter()
            .filter(|version| version.published_at.0 > a_year_ago)
            .count(),
        title: policy.title,
    })
}

/// A file that was drafted or published: this program may not be able to read it any more.
pub(super) fn read(body: &str, currency: Currency) -> Result<Policy, ControlError> {
    super::read(&super::Source { name: "policy".to_owned(), text: body.to_owned() }, currency)
}

/// The parts of such a file.
pub(super) fn sections_of(body: &str, currency: Currency) -> Result<Vec<Section>, ControlError> {
    Ok(sections(body, &read(body, currency)?))
}

/// The parts of a file that has been read without a fault.
fn sections(body: &str, policy: &Policy) -> Vec<Section> {
    let file: toml::Table = body.parse().unwrap_or_default();
    let section = |name: &str| {
        let table = file.get(name).and_then(toml::Value::as_table)?;
        Some(Section {
            check: name.to_owned(),
            parameters: if name == custom::NAME { own::parameters(table) } else { parameters(table) },
            clauses: clauses(policy, name),
            items: items(table),
        })
    };
    SECTIONS.iter().filter_map(|name| section(name)).collect()
}

fn parameters(table: &toml::Table) -> Vec<Parameter> {
    let own = table.iter().filter_map(|(name, of)| parameter(name, of));
    own.chain(region_weights(table)).collect()
}

/// Weights of named regions, in the words of those of all others.
fn region_weights(table: &toml::Table) -> Vec<Parameter> {
    let Some(all) = table.get("weights").and_then(|of| parameter("weights", of)) else { return Vec::new() };
    let regions = table.get("region_weights").and_then(toml::Value::as_table).into_iter().flatten();
    let named = |(region, of): (&String, &toml::Value)| Parameter {
        name: format!("region_weights.{region}"),
        text: Text { zh: format!("{}：{region}", all.text.zh), en: format!("{}: {region}", all.text.en) },
        value: plain(of),
        published: false,
    };
    regions.map(named).collect()
}

fn parameter(name: &str, of: &toml::Value) -> Option<Parameter> {
    let value = of.get("value").or_else(|| of.get("amount"))?;
    Some(Parameter {
        name: name.to_owned(),
        text: words(of),
        value: plain(value),
        published: of.get("source").and_then(toml::Value::as_str) == Some("published"),
    })
}

pub(super) fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        toml::Value::Table(values) => values
            .iter()
            .map(|(name, value)| format!("{name} {}", plain(value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

pub(super) fn words(of: &toml::Value) -> Text {
    let word = |language: &str| of.get(language).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    Text { zh: word("zh"), en: word("en") }
}

fn items(table: &toml::Table) -> Vec<(String, Text)> {
    let items = table.get("items").and_then(toml::Value::as_table).into_iter().flatten();
    items.map(|(code, of)| (code.clone(), words(of))).collect()
}

fn clauses(policy: &Policy, check: &str) -> Vec<ClauseRead> {
    let of_check = |clause: &&Clause| clause.name.split_once('.').is_some_and(|(name, _)| name == check);
    let read = |clause: &Clause| ClauseRead {
        name: clause.name,
        title: clause.title.clone(),
        severity: clause.severity.name(),
        charges: clause
            .charges
            .iter()
            .map(|charge| ChargeRead {
                seat: charge.seat.name(),
                amount: charge.amount.0,
                published: charge.source == farsight_rulebook::policy::Source::Published,
            })
            .collect(),
    };
    policy.clauses().into_iter().filter(of_check).map(read).collect()
}
