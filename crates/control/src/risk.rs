//! Money at risk of a dealer: what the next failure, the next late deed, the next complaint would cost. Each figure is
//! what a check says of facts with one imagined more; nothing of it is ever stored.

use farsight_rulebook::case::{Case, Ground, Judged};
use farsight_rulebook::checks::{self, Check, complaint, repeat_repair, spot_check};
use farsight_rulebook::facts::{Complaint, Facts};
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::{Seat, Text};
use farsight_rulebook::time::{Instant, plus_days};
use farsight_store::complaints::{Filter, State};
use farsight_store::facts::read::{self, Wanted, Which};
use farsight_store::session::Isolation;
use farsight_store::sums::From;
use jiff::civil::Date;

use crate::support::{self, Owed};
use crate::{ControlError, Desk, complaints, evaluate, ground};

/// An item of the spot check.
#[derive(Debug, Clone)]
pub struct ItemAtRisk {
    /// What stands behind it, and what the next failure costs.
    pub outlook: spot_check::Outlook,
    /// What the policy calls the item.
    pub title: Text,
    /// What the policy calls the clause.
    pub clause_title: Option<Text>,
}

/// A look that the dealer is owed because of failures in the month before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowUp {
    /// The oldest of those failures.
    pub failed_at: Instant,
    /// The last day of the month in which the look comes.
    pub due_on: Date,
    /// Days until then, today not counted.
    pub days: i64,
}

/// Something that will cost money unless a deed comes in time.
#[derive(Debug, Clone)]
pub struct Late {
    /// The complaint.
    pub complaint: String,
    /// The clause it would come under.
    pub clause: &'static str,
    /// What the policy calls it.
    pub title: Option<Text>,
    /// The deadline.
    pub due: Option<Instant>,
    /// Whether it has passed.
    pub over: bool,
    /// What it would cost the dealer; a penalty is below zero.
    pub dealer: Money,
}

/// A repair on which a complaint would cost money.
#[derive(Debug, Clone)]
pub struct Repair {
    /// What is owed.
    pub owed: Owed,
    /// What a complaint received today would cost the dealer, once the deadline is missed.
    pub dealer: Money,
}

/// All that is at risk.
#[derive(Debug, Clone, Default)]
pub struct Risk {
    /// Every item, the dearest next failure first, then the most failures.
    pub items: Vec<ItemAtRisk>,
    /// The look that is owed this month.
    pub follow_up: Option<FollowUp>,
    /// Complaints that run late.
    pub complaints: Vec<Late>,
    /// Repairs about which support has to be asked for.
    pub repairs: Vec<Repair>,
}

/// So far ahead complaints are judged: longer than any deadline of theirs runs.
const AHEAD_HOURS: i64 = 24 * 400;

/// Complaints looked at, at most.
const MOST: u32 = 200;

/// What is at risk for a dealer of the person at the desk.
pub fn of_dealer(desk: &mut Desk, dealer: &str) -> Result<Risk, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    let open =
        Filter { state: State::Open, dealer: Some(dealer.to_owned()), limit: MOST, ..Filter::default() };
    let open = complaints::list(desk, &open)?;
    let owed = support::owed(desk, Some(dealer))?;
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let ground = ground::load(tx, &tenant)?;
        if !farsight_store::subjects::is_dealer(tx, dealer)? {
            return Err(ControlError::NotFound("dealer"));
        }
        tx.look_at_few()?;
        let mut facts = Facts::default();
        read::network(tx, &mut facts)?;
        tx.want(&Wanted::codes([dealer]))?;
        read::inspections(tx, &mut facts, Which::DealerByDealer)?;
        let mut risk = Risk {
            items: items(&facts, &ground, now, dealer)?,
            follow_up: follow_up(&facts, &ground, now, dealer),
            ..Risk::default()
        };
        let ids: Vec<String> = open.rows.iter().map(|row| row.complaint.id.clone()).collect();
        if let Some(check) = checks::check(complaint::NAME).filter(|_| !ids.is_empty()) {
            let facts = evaluate::facts_of_units(tx, check, &ids, (&ground, now), From::Now)?;
            risk.complaints = late(&facts, &ground, now, (check, &ids))?;
        }
        if let Some(check) = checks::check(repeat_repair::NAME).filter(|_| !owed.is_empty()) {
            let units: Vec<String> =
                owed.iter().map(|owed| format!("{}/{}", owed.dealer, owed.vin)).collect();
            let facts = evaluate::facts_of_units(tx, check, &units, (&ground, now), From::Now)?;
            risk.repairs = repairs(facts, &ground, now, (check, owed))?;
        }
        Ok(risk)
    })
}

fn items(
    facts: &Facts,
    ground: &Ground,
    now: Instant,
    dealer: &str,
) -> Result<Vec<ItemAtRisk>, ControlError> {
    let Some(version) = ground.timeline.in_force(ground.zone.date(now)) else { return Ok(Vec::new()) };
    let named = |code: &str| version.policy.spot_check.items.iter().find(|(item, _)| item == code);
    let mut items: Vec<ItemAtRisk> = spot_check::outlook(facts, ground, now, dealer)?
        .into_iter()
        .filter_map(|outlook| {
            let title = named(&outlook.item)?.1.clone();
            let clause_title = version.policy.clause(outlook.clause).map(|clause| clause.title.clone());
            Some(ItemAtRisk { outlook, title, clause_title })
        })
        .collect();
    items.sort_by(|a, b| {
        let place = |it: &ItemAtRisk| (it.outlook.dealer.0, -(it.outlook.failures as i64));
        place(a).cmp(&place(b)).then_with(|| a.outlook.item.cmp(&b.outlook.item))
    });
    Ok(items)
}

/// The look that is owed this month, unless a follow-up of this month has seen the dealer.
fn follow_up(facts: &Facts, ground: &Ground, now: Instant, dealer: &str) -> Option<FollowUp> {
    let today = ground.zone.date(now);
    let month = Period::of(today);
    let seen = facts.inspections.iter().any(|row| {
        row.follow_up && row.inspected_at <= now && Period::of(ground.zone.date(row.inspected_at)) == month
    });
    let case = Case::new(facts, ground, now, Judged::All);
    let owed = spot_check::owed(&case, today).into_iter().find(|owed| owed.dealer == dealer)?;
    let due_on = month.last_day();
    let days = farsight_rulebook::time::day_number(due_on) - farsight_rulebook::time::day_number(today);
    (!seen).then_some(FollowUp { failed_at: owed.failed_at, due_on, days })
}

/// What a finding charges the dealer.
fn of_dealer_seat(finding: &Finding) -> Money {
    finding.charges.iter().filter(|charge| charge.seat == Seat::Dealer).map(|charge| charge.amount).sum()
}

fn judge(
    facts: &Facts,
    ground: &Ground,
    as_of: Instant,
    check: &Check,
    units: &[String],
) -> Result<Found, ControlError> {
    let judged = Judged::Units(units.iter().cloned().collect());
    let mut found = Found::default();
    (check.evaluate)(&Case::new(facts, ground, as_of, judged), &mut found)?;
    Ok(found)
}

/// What the check will find of open complaints if nothing more is done: all deadlines over, no deed added.
fn late(
    facts: &Facts,
    ground: &Ground,
    now: Instant,
    (check, ids): (&Check, &[String]),
) -> Result<Vec<Late>, ControlError> {
    let found = judge(facts, ground, now.plus_hours(AHEAD_HOURS), check, ids)?;
    let of_deadline = |finding: &&Finding| {
        matches!(finding.family, "complaint.reply" | "complaint.close" | "complaint.major")
    };
    let told = |finding: &Finding| {
        let detail: serde_json::Value = serde_json::from_str(&finding.detail).unwrap_or_default();
        let due = detail["due_at"].as_str().and_then(|at| at.parse().ok()).and_then(Instant::exactly);
        // A reply that came late is over and done: it costs nothing more.
        let done = detail["done_at"].is_string();
        let version = ground.timeline.version(finding.version);
        let clause = version.and_then(|version| version.policy.clause(finding.clause));
        (!done).then(|| Late {
            complaint: finding.subject.trim_start_matches("complaint:").to_owned(),
            clause: finding.clause,
            title: clause.map(|clause| clause.title.clone()),
            over: due.is_some_and(|due| due < now),
            due,
            dealer: of_dealer_seat(finding),
        })
    };
    let mut late: Vec<Late> = found.findings.iter().filter(of_deadline).filter_map(told).collect();
    late.sort_by(|a, b| (a.due, &a.complaint).cmp(&(b.due, &b.complaint)));
    Ok(late)
}

/// A code that no complaint can have.
const IMAGINED: &str = "?next";

/// What a complaint about each repair, received now, would cost once the deadline is missed.
fn repairs(
    mut facts: Facts,
    ground: &Ground,
    now: Instant,
    (check, owed): (&Check, Vec<Owed>),
) -> Result<Vec<Repair>, ControlError> {
    let today = ground.zone.date(now);
    let version = ground.timeline.in_force(today);
    let category = version.and_then(|version| version.policy.repeat_repair.categories.first());
    let Some(category) = category.map(|category| facts.codes.keep(category)) else { return Ok(Vec::new()) };
    for (place, owed) in owed.iter().enumerate() {
        let complaint = facts.codes.keep(&format!("{IMAGINED}{place}"));
        let (dealer, vin) = (facts.codes.keep(&owed.dealer), facts.codes.keep(&owed.vin));
        facts.complaints.push(Complaint {
            complaint,
            dealer,
            received_at: now,
            dispatched_at: None,
            major: false,
            category,
            vin: Some(vin),
        });
    }
    let units: Vec<String> = owed.iter().map(|owed| format!("{}/{}", owed.dealer, owed.vin)).collect();
    let last = owed.iter().map(|owed| owed.due).max().unwrap_or(now).max(now);
    let after = ground.zone.end_of(plus_days(ground.zone.date(last), 1));
    let found = judge(&facts, ground, after, check, &units)?;
    let cost = |place: usize| {
        let subject = format!("complaint:{IMAGINED}{place}");
        found.findings.iter().filter(|finding| finding.subject == subject).map(of_dealer_seat).sum()
    };
    Ok(owed.into_iter().enumerate().map(|(place, owed)| Repair { dealer: cost(place), owed }).collect())
}
