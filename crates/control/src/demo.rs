//! The demonstration: a tenant `demo` with a believable network up to today, its books judged, its past settled.
//!
//! Made once in a data folder; made to its end by the next call where a call was cut off.

mod cases;
mod desks;
pub mod inspections;
pub mod live;
mod statements;

use std::path::Path;

use farsight_exchange::Progress;
use farsight_ledger::settlement::Role;
use farsight_network::{Plan, Tables};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use farsight_store::registry;
use farsight_store::session::Isolation;
use farsight_store::users::User;
use farsight_store::{Database, alerts, settlements};
use serde::Serialize;

use crate::evaluate::{self, Request};
use crate::sealing::Sealer;
use crate::tenants::{self, NewTenant};
use crate::{ControlError, Desk, audit, doors, figures, ground, import, settle, users};

/// The tenant's code.
pub const TENANT: &str = "demo";

/// Everybody's password in the demonstration, which serves this machine only and has no fact of anyone.
pub const PASSWORD: &str = "see far ahead";

/// Months that are left unlocked, so that there is something to settle: the last whole one and the running one.
const OPEN_MONTHS: usize = 2;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Dealers in the network.
    pub dealers: u32,
    /// Whole months of history.
    pub months: u32,
    /// Another seed is another network.
    pub seed: u64,
}

/// What there is to see.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// Whether it was made now rather than found.
    pub made: bool,
    /// The tenant.
    pub tenant: &'static str,
    /// Dealers.
    pub dealers: usize,
    /// Facts judged, when it was made now.
    pub facts: u64,
    /// Each month, oldest first.
    pub months: Vec<Month>,
    /// Net charges by clause, the largest first.
    pub clauses: Vec<Clause>,
    /// The dealers that owe the most, the most first.
    pub owing: Vec<Owing>,
    /// Open alerts: critical, warning, notice.
    pub alerts: [u64; 3],
    /// Someone of each role.
    pub users: Vec<(String, &'static str)>,
    /// An entry worth explaining.
    pub entry: Option<i64>,
}

/// A month's settlement.
#[derive(Debug, Clone, Serialize)]
pub struct Month {
    /// The month.
    pub period: String,
    /// Where its settlement stands.
    pub status: &'static str,
    /// What is owed.
    pub penalties: String,
    /// What is earned.
    pub incentives: String,
    /// Both, and reversals.
    pub net: String,
}

/// A clause's charges.
#[derive(Debug, Clone, Serialize)]
pub struct Clause {
    /// The clause.
    pub clause: String,
    /// Its title.
    pub title: String,
    /// Live entries.
    pub entries: u64,
    /// Their sum.
    pub net: String,
}

/// A dealer's charges.
#[derive(Debug, Clone, Serialize)]
pub struct Owing {
    /// The dealer.
    pub dealer: String,
    /// Its name.
    pub name: String,
    /// The sum of all its entries.
    pub net: String,
}

/// Makes the demonstration where there is none, brings it up to now, and tells what there is to see.
pub fn demo(
    database: &Database,
    request: Wish,
    scratch: &Path,
    sealer: &Sealer,
    actor: &str,
    now: Instant,
) -> Result<Shown, ControlError> {
    let there = registry::tenants(database)?.into_iter().any(|tenant| tenant.code == TENANT);
    let plan = Plan { tables: Tables::ALL, ..Plan::new(request.dealers, request.months, now, request.seed) };
    if !there {
        let new = NewTenant {
            code: TENANT.to_owned(),
            name: "千里眼示范 Farsight demonstration".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            currency: "CNY".to_owned(),
            from: Some(plan.first_day()),
            simulated: true,
            policy: "example-2026".to_owned(),
        };
        tenants::add(database, &new, sealer, actor, now)?;
    }
    let mut desk = Desk::open(database, Some(TENANT), actor, now)?;
    let made = !is_ready(&mut desk)?;
    let mut facts = 0;
    if made {
        facts = make(&mut desk, &plan, scratch, sealer)?;
    } else {
        evaluate::evaluate(&mut desk, &Request::default())?;
    }
    figures::refresh(&mut desk)?;
    show(&mut desk, made, facts)
}

fn is_ready(desk: &mut Desk) -> Result<bool, ControlError> {
    let scope = desk.scope();
    desk.session
        .transaction(scope, Isolation::Snapshot, |tx| Ok(farsight_store::audit::has(tx, "demo.ready")?))
}

/// Facts in, everyone in, checks run, the past settled.
fn make(desk: &mut Desk, plan: &Plan, scratch: &Path, sealer: &Sealer) -> Result<u64, ControlError> {
    farsight_network::write(plan, scratch).map_err(|error| ControlError::Usage(error.to_string()))?;
    desks::write(scratch, desk.now, &ground::zone(&desk.tenant)?)?;
    let sources = import::sources(&[scratch.to_owned()])?;
    let imported = import::import(desk, &sources, false, &Progress::default())?;
    if let Some(error) = imported.errors.first() {
        return Err(ControlError::Usage(format!(
            "the demonstration's own facts are refused, which is a fault of the program: {error}"
        )));
    }
    for user in cast(desk)? {
        users::add(desk, &user)?;
        doors::set_password(desk, sealer, &user.email, PASSWORD)?
            .map_err(|refusal| ControlError::Usage(refusal.to_string()))?;
    }
    let outcome = evaluate::evaluate(desk, &Request::default())?;
    let (as_of, today) = (desk.now, ground::zone(&desk.tenant)?.date(desk.now));
    let mut months: Vec<Period> = Period::of(plan.first_day()).through(Period::of(today)).collect();
    months.truncate(months.len().saturating_sub(OPEN_MONTHS));
    for month in months {
        let stands = stands(desk, month)?;
        if stands == Some(farsight_ledger::settlement::Status::Locked) {
            continue;
        }
        settle::calculate(desk, month, as_of, "finance@demo.example")?;
        settle::review(desk, month, "finance@demo.example")?;
        settle::approve(desk, month, "finance.lead@demo.example")?;
        settle::lock(desk, month, "finance@demo.example")?;
    }
    cases::make(desk)?;
    statements::make(desk)?;
    audit::note(
        desk,
        "demo.ready",
        TENANT,
        &serde_json::json!({ "dealers": plan.dealers, "months": plan.months, "seed": plan.seed }),
    )?;
    Ok(outcome.facts)
}

fn stands(
    desk: &mut Desk,
    month: Period,
) -> Result<Option<farsight_ledger::settlement::Status>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        Ok(settlements::find(tx, month)?.map(|stored| stored.settlement.status))
    })
}

/// Someone of each role.
fn cast(desk: &mut Desk) -> Result<Vec<User>, ControlError> {
    let scope = desk.scope();
    let (region, dealer) = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let dealers = farsight_store::facts::read::dealer_codes(tx)?;
        let regions = farsight_store::facts::read::region_codes(tx)?;
        Ok::<_, ControlError>((regions.into_iter().next(), dealers.into_iter().next()))
    })?;
    let user = |email: &str, role, regions: Option<String>, dealers: Option<String>| User {
        email: format!("{email}@demo.example"),
        role,
        regions: regions.into_iter().collect(),
        dealers: dealers.into_iter().collect(),
    };
    Ok(vec![
        user("region", Role::RegionalManager, region, None),
        user("dealer", Role::Dealer, None, dealer),
        user("finance", Role::Finance, None, None),
        user("finance.lead", Role::Finance, None, None),
        user("hq", Role::Hq, None, None),
        user("callcentre", Role::CallCentre, None, None),
        user("operator", Role::Operator, None, None),
    ])
}

/// How many lines the lists of the summary have.
const SHOWN: usize = 8;

fn show(desk: &mut Desk, made: bool, facts: u64) -> Result<Shown, ControlError> {
    let (scope, tenant) = (desk.scope(), desk.tenant.clone());
    let currency = ground::currency(&tenant)?;
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let ground = ground::load(tx, &tenant)?;
        let latest = ground.timeline.versions().last();
        let title = |clause: &str| {
            latest.and_then(|v| v.policy.clause(clause).map(|c| format!("{} {}", c.title.zh, c.title.en)))
        };
        let mut months = Vec::new();
        let mut owing: std::collections::BTreeMap<String, (String, farsight_rulebook::money::Money)> =
            std::collections::BTreeMap::new();
        for period in settlements::periods(tx)? {
            let stored = settlements::find(tx, period)?;
            let lines =
                settlements::lines(tx, period, stored.as_ref().map(|stored| stored.settlement.status))?;
            let settled =
                settle::total(period, stored.as_ref(), &lines, |amount| currency.show(amount).to_string());
            for line in lines.into_iter().filter(|line| line.party_kind == "dealer") {
                let net = line.net();
                let sum =
                    owing.entry(line.party).or_insert((line.name, farsight_rulebook::money::Money::ZERO));
                sum.1 = sum.1 + net;
            }
            months.push(Month {
                period: settled.period,
                status: settled.status,
                penalties: settled.penalties,
                incentives: settled.incentives,
                net: settled.net,
            });
        }
        let mut owing: Vec<_> = owing.into_iter().collect();
        owing.sort_by_key(|(_, (_, net))| *net);
        owing.truncate(SHOWN);
        let clauses = farsight_store::ledger::by_clause(tx)?;
        let shown = Shown {
            made,
            tenant: TENANT,
            dealers: farsight_store::facts::read::dealer_codes(tx)?.len(),
            facts,
            months,
            clauses: clauses
                .into_iter()
                .map(|row| Clause {
                    title: title(&row.clause).unwrap_or_default(),
                    clause: row.clause,
                    entries: row.entries,
                    net: currency.show(row.net).to_string(),
                })
                .collect(),
            owing: owing
                .into_iter()
                .map(|(dealer, (name, net))| Owing { dealer, name, net: currency.show(net).to_string() })
                .collect(),
            alerts: alerts::open_by_severity(tx)?,
            users: farsight_store::users::all(tx)?
                .into_iter()
                .map(|user| (user.email, user.role.name()))
                .collect(),
            entry: farsight_store::ledger::worst_entry(tx)?,
        };
        Ok(shown)
    })
}
