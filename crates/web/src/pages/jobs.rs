//! `/jobs`, `/feeds`, `/deliveries`: how the installation works. An operator sees when and whether, never of which dealer.

use axum::Form;
use axum::extract::Path;
use farsight_control::telling::{self, State};
use farsight_control::{ControlError, jobs};
use farsight_rulebook::time::{HOUR, Instant};
use farsight_store::slots::Listed;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::value;

/// The line of time: so many hours, in so many stretches of half an hour, each so many units wide.
const HOURS: i64 = 24;
const STRETCH_SECONDS: i64 = 1800;
const STRETCHES: i64 = HOURS * 3600 / STRETCH_SECONDS;
const WIDE: i64 = 10;

/// How late a slot may begin before it counts as late: the worker's own pace is seconds.
const LATE: i64 = 5 * 60 * 1_000_000;

/// All jobs on a line of time.
pub(crate) async fn list(entered: Entered) -> PageResult {
    let now = entered.now();
    // Stretches begin at whole half hours, and the last is the one at hand.
    let stretch = STRETCH_SECONDS * 1_000_000;
    let to = Instant((now.0.div_euclid(stretch) + 1) * stretch);
    let from = Instant(to.0 - HOURS * HOUR);
    let overview = entered.at_desk(move |desk| jobs::overview(desk, (from, to), STRETCH_SECONDS)).await?;
    let rows: Vec<_> = overview
        .jobs
        .iter()
        .map(|job| {
            let marks: Vec<_> = overview
                .stretches
                .iter()
                .filter(|of| of.job == job.job)
                .map(|of| json!({ "x": i64::from(of.stretch) * WIDE, "state": of.state, "slots": of.slots,
                    "at": from.0 + i64::from(of.stretch) * stretch }))
                .collect();
            let late = job.oldest_due.is_some_and(|due| now.0 - due > LATE);
            json!({ "job": job, "marks": marks, "state": state_of(job.gave_up, job.retrying, late, job.running), "late": late })
        })
        .collect();
    let hours: Vec<_> = (0..HOURS)
        .step_by(3)
        .map(|hour| {
            let at = Instant(from.0 + hour * HOUR);
            json!({ "x": hour * 3600 / STRETCH_SECONDS * WIDE, "label": entered.zone().local(at).strftime("%H:%M").to_string() })
        })
        .collect();
    entered.page(
        "jobs/jobs.html",
        context! { rows => value(rows), hours => value(hours), width => STRETCHES * WIDE, paused => overview.paused },
    )
}

const fn state_of(gave_up: i64, retrying: i64, late: bool, running: i64) -> &'static str {
    match () {
        () if gave_up > 0 => "gave-up",
        () if retrying > 0 => "retry",
        () if late => "late",
        () if running > 0 => "running",
        () => "done",
    }
}

/// One job's slots.
pub(crate) async fn show(entered: Entered, Path(job): Path<String>, ask: Ask) -> PageResult {
    let asked = ask.clone();
    let (standing, slots, total) = entered
        .at_desk(move |desk| jobs::of_job(desk, &job, asked.get("state"), asked.limit(), asked.offset()))
        .await?;
    let mut rows = Vec::new();
    for slot in slots {
        rows.push(slot_row(&entered, slot)?);
    }
    let table = Table {
        name: "slots",
        columns: vec![
            Column::new("due_at", Kind::Instant).labelled("jobs.due-at"),
            Column::new("state", Kind::Text).labelled("jobs.state"),
            Column::new("starts", Kind::Count).labelled("jobs.starts"),
            Column::new("failures", Kind::Count).labelled("jobs.failures"),
            Column::new("started_at", Kind::Instant).labelled("jobs.started-at"),
            Column::new("ended_at", Kind::Instant).labelled("jobs.ended-at"),
            Column::new("next_at", Kind::Instant).labelled("jobs.next-at"),
            Column::new("outcome", Kind::Text).labelled("jobs.outcome"),
        ],
        rows,
        total,
        empty: "jobs.no-slots",
    };
    table.answer(&entered, &ask, "jobs/job.html", || Ok(context! { job => value(standing) }))
}

fn slot_row(entered: &Entered, slot: Listed) -> Result<Vec<Cell>, PageError> {
    let tone = match &*slot.state {
        "done" => Tone::Good,
        "gave-up" => Tone::Critical,
        "retry" | "missed" => Tone::Warning,
        "running" => Tone::Notice,
        _ => Tone::Plain,
    };
    let state = entered.frame().reading().say(&format!("jobs.state-{}", slot.state), &[])?;
    // What a job did well tells of dealers and money; what went wrong is the operator's.
    let wrong = matches!(&*slot.state, "gave-up" | "retry" | "missed");
    Ok(vec![
        Cell::Instant(slot.key.due_at),
        Cell::State(tone, state),
        Cell::Count(i64::from(slot.starts)),
        Cell::Count(i64::from(slot.failures)),
        Cell::of(slot.started_at, Cell::Instant),
        Cell::of(slot.ended_at, Cell::Instant),
        Cell::of(slot.next_at, Cell::Instant),
        Cell::text(slot.outcome.filter(|_| wrong).unwrap_or_default()),
    ])
}

/// The job exists, or there is nothing here.
fn known(desk: &mut farsight_control::Desk, job: &str) -> Result<(), ControlError> {
    jobs::of_job(desk, job, None, 0, 0).map(drop)
}

/// Makes a job due now.
pub(crate) async fn call(entered: Entered, Path(job): Path<String>) -> PageResult {
    let named = job.clone();
    entered
        .at_desk(move |desk| {
            known(desk, &named)?;
            jobs::call(desk, &named)
        })
        .await?;
    Ok(entered.onward(&format!("/jobs/{job}"), "job-called"))
}

/// Queues again what was given up.
pub(crate) async fn retry(entered: Entered, Path(job): Path<String>) -> PageResult {
    let named = job.clone();
    entered
        .at_desk(move |desk| {
            known(desk, &named)?;
            jobs::retry(desk, Some(&named), None)
        })
        .await?;
    Ok(entered.onward(&format!("/jobs/{job}"), "job-queued-again"))
}

/// Pauses the tenant's jobs.
pub(crate) async fn pause(entered: Entered) -> PageResult {
    entered.at_desk(jobs::pause).await?;
    Ok(entered.onward("/jobs", "jobs-paused"))
}

/// Ends the pause.
pub(crate) async fn resume(entered: Entered) -> PageResult {
    entered.at_desk(jobs::resume).await?;
    Ok(entered.onward("/jobs", "jobs-resumed"))
}

/// What comes in regularly, and what is stored.
pub(crate) async fn feeds(entered: Entered, ask: Ask) -> PageResult {
    let (feeds, storage) = entered.at_desk(jobs::feeds).await?;
    let reading = entered.frame().reading();
    let mut rows = Vec::new();
    for feed in feeds {
        let (tone, key) = match (feed.silent, feed.usual_hours) {
            (true, _) => (Tone::Critical, "jobs.feed-silent"),
            (false, Some(_)) => (Tone::Good, "jobs.feed-well"),
            (false, None) => (Tone::Plain, "jobs.feed-new"),
        };
        let moment = |at: Option<i64>| Cell::of(at, |at| Cell::Instant(Instant(at)));
        rows.push(vec![
            Cell::text(reading.say(&format!("table.{}", feed.table), &[]).unwrap_or(feed.table)),
            Cell::State(tone, reading.say(key, &[])?),
            moment(feed.last_at),
            Cell::of(feed.usual_hours, Cell::Count),
            moment(feed.expected_by),
            Cell::Count(feed.imports.try_into().unwrap_or(i64::MAX)),
            Cell::Count(feed.added.try_into().unwrap_or(i64::MAX)),
            Cell::Count(feed.corrected.try_into().unwrap_or(i64::MAX)),
        ]);
    }
    let table = Table {
        name: "feeds",
        columns: vec![
            Column::new("table", Kind::Text).labelled("jobs.feed"),
            Column::new("state", Kind::Text).labelled("jobs.state"),
            Column::new("last_at", Kind::Instant).labelled("jobs.last-at"),
            Column::new("usual_hours", Kind::Count).labelled("jobs.usual-hours"),
            Column::new("expected_by", Kind::Instant).labelled("jobs.expected-by"),
            Column::new("imports", Kind::Count).labelled("jobs.imports"),
            Column::new("added", Kind::Count).labelled("jobs.added"),
            Column::new("corrected", Kind::Count).labelled("jobs.corrected"),
        ],
        total: rows.len() as i64,
        rows,
        empty: "jobs.no-feeds",
    };
    table.answer(&entered, &ask, "jobs/feeds.html", || {
        Ok(context! { database => bytes(storage.database_bytes), evidence => bytes(storage.evidence_bytes), contents => storage.evidence_contents })
    })
}

/// Bytes as people read them, by powers of 1024, to one decimal.
fn bytes(bytes: i64) -> String {
    let mut tenths = i128::from(bytes) * 10;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Messages that did not arrive, and those that did.
pub(crate) async fn deliveries(entered: Entered, ask: Ask) -> PageResult {
    let states = match ask.get("state").map(State::named) {
        Some(Some(state)) => vec![state],
        Some(None) => return Err(PageError::NotFound),
        None => vec![State::GaveUp, State::Due, State::Sending],
    };
    let asked = ask.clone();
    let ((listed, total), channels) = entered
        .at_desk(move |desk| {
            Ok((telling::page(desk, &states, asked.limit(), asked.offset())?, telling::list(desk)?.len()))
        })
        .await?;
    let reading = entered.frame().reading();
    let mut rows = Vec::new();
    for delivery in listed {
        let tone = match &*delivery.state {
            "gave-up" => Tone::Critical,
            "due" | "sending" => Tone::Notice,
            "delivered" => Tone::Good,
            _ => Tone::Plain,
        };
        rows.push(vec![
            Cell::Instant(delivery.made_at),
            Cell::text(delivery.receiver),
            Cell::text(delivery.what),
            Cell::State(tone, reading.say(&format!("jobs.delivery-{}", delivery.state), &[])?),
            Cell::Count(i64::from(delivery.tries)),
            Cell::Instant(delivery.next_at),
            Cell::of(delivery.delivered_at, Cell::Instant),
            Cell::text(delivery.last_error.unwrap_or_default()),
            Cell::text(delivery.id),
        ]);
    }
    let table = Table {
        name: "deliveries",
        columns: vec![
            Column::new("made_at", Kind::Instant).labelled("jobs.made-at"),
            Column::new("receiver", Kind::Text).labelled("jobs.receiver"),
            Column::new("what", Kind::Text).labelled("jobs.what"),
            Column::new("state", Kind::Text).labelled("jobs.state"),
            Column::new("tries", Kind::Count).labelled("jobs.tries"),
            Column::new("next_at", Kind::Instant).labelled("jobs.next-at"),
            Column::new("delivered_at", Kind::Instant).labelled("jobs.delivered-at"),
            Column::new("last_error", Kind::Text).labelled("jobs.last-error"),
            Column::new("id", Kind::Text).labelled("jobs.number"),
        ],
        rows,
        total,
        empty: "jobs.no-deliveries",
    };
    table.answer(&entered, &ask, "jobs/deliveries.html", || Ok(context! { channels }))
}

/// Which delivery; none: all that were given up.
#[derive(Deserialize)]
pub(crate) struct Again {
    #[serde(default)]
    id: String,
}

/// Has what was given up delivered again.
pub(crate) async fn deliver_again(entered: Entered, Form(again): Form<Again>) -> PageResult {
    let only = (!again.id.trim().is_empty()).then(|| vec![again.id.trim().to_owned()]);
    entered.at_desk(move |desk| telling::deliver_again(desk, only.as_deref())).await?;
    Ok(entered.onward("/deliveries", "delivered-again"))
}
