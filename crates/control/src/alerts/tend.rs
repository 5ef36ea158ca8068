//! What time does to alerts: they go up, a coming back that stays is told, feeds go quiet, posts are vacant.

use farsight_rulebook::alert::posts::{self, Vacancy};
use farsight_rulebook::alert::{FEED_SILENT, JOB_GAVE_UP, Level, POST_VACANT, WATCH_AWAY, WEBHOOK_OFF};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::alerts::{self, Among, Round, Wanted};
use farsight_store::facts::read;
use farsight_store::slots::{self, Listed};
use farsight_store::{Tx, watches, webhooks};
use serde::Serialize;

use super::{Hour, Trouble, change};
use crate::{ControlError, Desk, feeds, ground, tokens};

/// What tending did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tended {
    /// Alerts opened for silent feeds and vacant posts.
    pub opened: u64,
    /// Those of them resolved.
    pub resolved: u64,
    /// Alerts that went one level up.
    pub escalated: u64,
    /// Alerts whose coming back was told, now that it has stayed.
    pub told: u64,
}

/// Does all that time asks of alerts, in one transaction; a second time at once does nothing.
pub fn tend(desk: &mut Desk) -> Result<Tended, ControlError> {
    let zone = ground::zone(&desk.tenant)?;
    change(desk, |tx, hour| {
        let mut tended = Tended::default();
        watch_feeds(tx, hour, &zone, &mut tended)?;
        watch_posts(tx, hour, &mut tended)?;
        watch_jobs(tx, hour, &zone, &mut tended)?;
        watch_webhooks(tx, hour, &zone, &mut tended)?;
        watch_places(tx, hour, &zone, &mut tended)?;
        (tended.escalated, tended.told) = go_up(tx, hour)?;
        Ok(tended)
    })
}

/// Moves every alert that is due one level up, and tells of those that came back and stayed. Says how many each.
pub fn escalate(desk: &mut Desk) -> Result<(u64, u64), ControlError> {
    change(desk, go_up)
}

fn go_up(tx: &mut Tx, hour: &Hour) -> Result<(u64, u64), ControlError> {
    let escalated = alerts::escalate(tx, hour.at, hour.today, &hour.terms)?;
    Ok((escalated, alerts::tell_what_stayed(tx, hour.at)?))
}

/// An alert for each feed that has been silent for longer than usual.
fn watch_feeds(tx: &mut Tx, hour: &Hour, zone: &Zone, tended: &mut Tended) -> Result<(), ControlError> {
    let feeds = feeds::feeds(tx, hour.at, hour.terms.feed_silent_hours)?;
    let silent = feeds.into_iter().filter(|(_, feed)| feed.is_silent(hour.at));
    let found: Vec<Found> = silent
        .map(|(table, feed)| Found {
            family: FEED_SILENT,
            subject: format!("feed:{table}"),
            dealer: String::new(),
            region: String::new(),
            level: Level::Hq,
            occurred_on: zone.date(feed.expected_by),
            detail: serde_json::json!({
                "table": table, "since": zone.rfc3339(feed.last_at), "usual_gap_hours": feed.usual_hours(),
            })
            .to_string(),
        })
        .collect();
    sync(tx, hour, FEED_SILENT, &found, tended)
}

/// An alert for each post that nobody holds today.
fn watch_posts(tx: &mut Tx, hour: &Hour, tended: &mut Tended) -> Result<(), ControlError> {
    let mut facts = Facts::default();
    read::network(tx, &mut facts)?;
    let found: Vec<Found> =
        posts::vacant(&facts, hour.today).into_iter().map(|vacancy| vacant(vacancy, hour)).collect();
    // What stays vacant keeps the day on which it was seen first.
    let found = keep_days(tx, found)?;
    sync(tx, hour, POST_VACANT, &found, tended)
}

/// An alert for each slot of a job that was given up, until it is done after all.
fn watch_jobs(tx: &mut Tx, hour: &Hour, zone: &Zone, tended: &mut Tended) -> Result<(), ControlError> {
    let given_up = slots::list(tx, None, Some("gave-up"), MOST_JOBS)?;
    let found: Vec<Found> = given_up
        .iter()
        .map(|slot| {
            let trouble = gave_up(slot);
            Found {
                family: JOB_GAVE_UP,
                subject: trouble.subject(),
                dealer: String::new(),
                region: String::new(),
                level: Level::Hq,
                occurred_on: zone.date(slot.key.due_at),
                detail: trouble.detail(|at| zone.rfc3339(at)),
            }
        })
        .collect();
    // One alert a job and due time, also where it is split by dealers.
    let mut found = found;
    found.sort_by(|a, b| a.subject.cmp(&b.subject));
    found.dedup_by(|a, b| a.subject == b.subject);
    sync(tx, hour, JOB_GAVE_UP, &found, tended)
}

/// An alert for each webhook that was switched off because nothing was taken by it.
fn watch_webhooks(tx: &mut Tx, hour: &Hour, zone: &Zone, tended: &mut Tended) -> Result<(), ControlError> {
    let lost = webhooks::lost(tx)?;
    let found: Vec<Found> = lost
        .iter()
        .map(|lost| {
            let detail = serde_json::json!({
                "machine": tokens::name_of(&lost.machine), "host": lost.host, "since": zone.rfc3339(Instant(lost.since)),
                "why": lost.why,
            });
            of_the_tower(WEBHOOK_OFF, format!("webhook:{}", lost.webhook_id), zone.date(Instant(lost.since)), &detail)
        })
        .collect();
    sync(tx, hour, WEBHOOK_OFF, &found, tended)
}

/// An alert for each watched place that cannot be looked at.
fn watch_places(tx: &mut Tx, hour: &Hour, zone: &Zone, tended: &mut Tended) -> Result<(), ControlError> {
    let watches = watches::all(tx)?;
    let found: Vec<Found> = watches
        .iter()
        .filter_map(|watch| Some((watch, watch.failing_since?)))
        .map(|(watch, since)| {
            let why = watch.last_error.as_deref().unwrap_or_default();
            let detail = serde_json::json!({ "watch": watch.code, "since": zone.rfc3339(since), "why": why });
            of_the_tower(WATCH_AWAY, format!("watch:{}", watch.code), zone.date(since), &detail)
        })
        .collect();
    sync(tx, hour, WATCH_AWAY, &found, tended)
}

/// Trouble of the tower itself: no dealer's, for headquarters.
fn of_the_tower(
    family: &'static str,
    subject: String,
    occurred_on: jiff::civil::Date,
    detail: &serde_json::Value,
) -> Found {
    let (dealer, region) = (String::new(), String::new());
    Found { family, subject, dealer, region, level: Level::Hq, occurred_on, detail: detail.to_string() }
}

/// More slots than this that were given up are not told one by one.
const MOST_JOBS: u32 = 1000;

/// The trouble of a slot that was given up.
pub(crate) fn gave_up(slot: &Listed) -> Trouble<'_> {
    Trouble::JobGaveUp {
        job: &slot.key.job,
        slot: slot.key.due_at,
        attempts: slot.starts as u32,
        why: slot.outcome.as_deref().unwrap_or_default(),
    }
}

fn vacant(vacancy: Vacancy, hour: &Hour) -> Found {
    Found {
        family: vacancy.family,
        subject: vacancy.subject(),
        detail: vacancy.detail(),
        level: vacancy.level,
        dealer: vacancy.dealer,
        region: vacancy.region,
        occurred_on: hour.today,
    }
}

fn keep_days(tx: &mut Tx, mut found: Vec<Found>) -> Result<Vec<Found>, ControlError> {
    let seen = alerts::open_days(tx, POST_VACANT)?;
    for it in &mut found {
        if let Some(day) = seen.get(&(it.family.to_owned(), it.subject.clone())) {
            it.occurred_on = *day;
        }
    }
    Ok(found)
}

/// Trouble as it was found.
struct Found {
    family: &'static str,
    subject: String,
    dealer: String,
    region: String,
    level: Level,
    occurred_on: jiff::civil::Date,
    detail: String,
}

/// Opens and resolves the alerts of a kind that no check finds.
fn sync(
    tx: &mut Tx,
    hour: &Hour,
    clause: &'static str,
    found: &[Found],
    tended: &mut Tended,
) -> Result<(), ControlError> {
    let wanted = found.iter().map(|it| Wanted {
        family: it.family,
        subject: &it.subject,
        check: clause,
        clause,
        unit: &it.subject,
        dealer: &it.dealer,
        region: &it.region,
        severity: Severity::Warning,
        level: it.level,
        occurred_on: it.occurred_on,
        amount: Money::ZERO,
        due_at: None,
        detail: &it.detail,
    });
    let mut round = Round::new(hour.at, hour.terms.clone());
    round.sync(tx, &[clause], Among::Everything, wanted)?;
    let changes = round.close(tx)?;
    tended.opened += changes.opened;
    tended.resolved += changes.resolved;
    Ok(())
}
