//! `farsight jobs`: the jobs there are, what became of them, and an operator's hand on them.

use std::process::ExitCode;

use farsight_control::{Desk, ground, jobs};
use farsight_jobs::JOBS;
use farsight_jobs::job::CatchUp;
use farsight_jobs::schedule::Schedule;
use farsight_jobs::worker::Queue;
use farsight_rulebook::time::Zone;
use farsight_store::slots::{Key, Listed};
use serde::Serialize;

use super::{Installation, instant, work};
use crate::arguments::{JobsCommand, JobsListArguments, JobsRetryArguments};
use crate::failure::Failure;
use crate::output;

/// Does what was asked.
pub(super) fn run(installation: &Installation, command: &JobsCommand) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    match command {
        JobsCommand::List(arguments) => list(installation, &mut desk, arguments)?,
        JobsCommand::Run { name } => {
            known(name)?;
            with_queue(installation)?;
            let key = jobs::call(&mut desk, name)?;
            print_keys(installation, &desk, "due now; a worker carries it out", &[key])?;
        }
        JobsCommand::Retry(arguments) => retry(installation, &mut desk, arguments)?,
        JobsCommand::Pause => {
            let changed = jobs::pause(&mut desk)?;
            told(installation, &desk, "paused", changed)?;
        }
        JobsCommand::Resume => {
            with_queue(installation)?;
            let changed = jobs::resume(&mut desk)?;
            told(installation, &desk, "resumed", changed)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The queue's tables are there before anything is put into them.
fn with_queue(installation: &Installation) -> Result<(), Failure> {
    work::runtime()?.block_on(Queue::open(&installation.database))?;
    Ok(())
}

fn known(name: &str) -> Result<(), Failure> {
    if JOBS.iter().any(|job| job.name == name) {
        return Ok(());
    }
    let names: Vec<&str> = JOBS.iter().map(|job| job.name).collect();
    Err(Failure::usage(format!("no job '{name}': there is {}", names.join(", "))))
}

#[derive(Serialize)]
struct Jobs {
    tenant: String,
    paused: bool,
    jobs: Vec<Declared>,
    slots: Vec<Slot>,
}

#[derive(Serialize)]
struct Declared {
    name: &'static str,
    due: String,
    catch_up: String,
    failures: u32,
    promise: &'static str,
}

#[derive(Serialize)]
struct Slot {
    job: String,
    due_at: String,
    part: String,
    state: String,
    stands_for: i64,
    starts: i32,
    failures: i32,
    losses: i32,
    next_at: Option<String>,
    started_at: Option<String>,
    ended_at: Option<String>,
    outcome: Option<String>,
}

fn list(installation: &Installation, desk: &mut Desk, arguments: &JobsListArguments) -> Result<(), Failure> {
    if let Some(name) = &arguments.job {
        known(name)?;
    }
    let zone = ground::zone(&desk.tenant)?;
    let state = arguments.state.map(crate::arguments::SlotState::name);
    let slots = jobs::list(desk, arguments.job.as_deref(), state, arguments.most)?;
    let shown = Jobs {
        tenant: desk.tenant.code.clone(),
        paused: jobs::is_paused(desk)?,
        jobs: JOBS.iter().map(declared).collect(),
        slots: slots.into_iter().map(|slot| shown(slot, &zone)).collect(),
    };
    output::print(installation.global.json, &shown, words)
}

fn declared(job: &farsight_jobs::Job) -> Declared {
    let due = match job.schedule {
        Schedule::Every(seconds) if seconds % 3600 == 0 => format!("every {} h", seconds / 3600),
        Schedule::Every(seconds) if seconds % 60 == 0 => format!("every {} min", seconds / 60),
        Schedule::Every(seconds) => format!("every {seconds} s"),
        Schedule::Daily(time) => format!("daily {}", time.strftime("%H:%M")),
        Schedule::Monthly(day, time) => format!("monthly on {day}, {}", time.strftime("%H:%M")),
        Schedule::Called => "when called".to_owned(),
    };
    let catch_up = match job.catch_up {
        CatchUp::All(most) => format!("all, at most {most}"),
        CatchUp::Latest => "the latest".to_owned(),
        CatchUp::Today => "today's".to_owned(),
    };
    Declared { name: job.name, due, catch_up, failures: job.retries.failures, promise: job.promise }
}

fn shown(slot: Listed, zone: &Zone) -> Slot {
    Slot {
        job: slot.key.job,
        due_at: zone.rfc3339(slot.key.due_at),
        part: slot.key.part,
        state: slot.state,
        stands_for: slot.stands_for,
        starts: slot.starts,
        failures: slot.failures,
        losses: slot.losses,
        next_at: slot.next_at.map(|at| zone.rfc3339(at)),
        started_at: slot.started_at.map(|at| zone.rfc3339(at)),
        ended_at: slot.ended_at.map(|at| zone.rfc3339(at)),
        outcome: slot.outcome,
    }
}

fn words(jobs: &Jobs) -> String {
    let mut text = String::new();
    if jobs.paused {
        text += &format!("Jobs of {} are paused: `farsight jobs resume` lets them go on.\n\n", jobs.tenant);
    }
    text += &format!("{:<20} {:<22} {:<16} promise\n", "job", "due", "catches up with");
    for job in &jobs.jobs {
        text += &format!("{:<20} {:<22} {:<16} {}\n", job.name, job.due, job.catch_up, job.promise);
    }
    if jobs.slots.is_empty() {
        return text + "\nNo slot was made yet: start `farsight work`.";
    }
    text += &format!("\n{:<26} {:<20} {:<9} {:>6} outcome\n", "due", "job", "state", "starts");
    for slot in &jobs.slots {
        let name =
            if slot.part.is_empty() { slot.job.clone() } else { format!("{} {}", slot.job, slot.part) };
        let outcome = slot.outcome.as_deref().unwrap_or("");
        text += &format!("{:<26} {name:<20} {:<9} {:>6} {outcome}\n", slot.due_at, slot.state, slot.starts);
    }
    text
}

fn retry(
    installation: &Installation,
    desk: &mut Desk,
    arguments: &JobsRetryArguments,
) -> Result<(), Failure> {
    if let Some(name) = &arguments.job {
        known(name)?;
    }
    let zone = ground::zone(&desk.tenant)?;
    let due_at = match &arguments.due {
        Some(text) => Some(instant(text, &zone, "--due")?),
        None => None,
    };
    with_queue(installation)?;
    let again = jobs::retry(desk, arguments.job.as_deref(), due_at)?;
    print_keys(installation, desk, "queued again", &again)
}

fn print_keys(installation: &Installation, desk: &Desk, what: &str, keys: &[Key]) -> Result<(), Failure> {
    let zone = ground::zone(&desk.tenant)?;
    let keys: Vec<String> = keys
        .iter()
        .map(|key| {
            format!(
                "{}@{}{}{}",
                key.job,
                zone.rfc3339(key.due_at),
                if key.part.is_empty() { "" } else { "/" },
                key.part
            )
        })
        .collect();
    output::print(installation.global.json, &keys, |keys| match keys.len() {
        0 => "Nothing was given up.".to_owned(),
        _ => keys.iter().map(|key| format!("{key}: {what}")).collect::<Vec<_>>().join("\n"),
    })
}

fn told(installation: &Installation, desk: &Desk, what: &str, changed: bool) -> Result<(), Failure> {
    let code = &desk.tenant.code;
    output::print(installation.global.json, &serde_json::json!({ "tenant": code, what: changed }), |_| {
        if changed {
            format!("Jobs of {code} are {what}.")
        } else {
            format!("Jobs of {code} were {what} already.")
        }
    })
}
