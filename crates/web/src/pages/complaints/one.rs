//! One complaint: its clocks as bars, who must act now, what the person may do, what happened; and taking one in.

use axum::Form;
use axum::extract::Path;
use axum::response::IntoResponse;
use farsight_control::choices;
use farsight_control::complaints::{self, CallbackOutcome, Deed, DeedKind, Intake, One, Shown};
use farsight_ledger::settlement::Role;
use farsight_rulebook::checks::complaint::clocks::{Clock, Duty};
use farsight_rulebook::time::Instant;
use farsight_store::complaints::Event;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::bars::{Scale, bar};
use super::list::{categories, standing};
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::cases::evidence;
use crate::pages::desks::{reason, unprocessed, word};
use crate::router::WATCHERS;
use crate::views::{Reading, value};

/// The ways complaints come.
const CHANNELS: [&str; 5] = ["hotline", "app", "wechat", "web", "authority"];

/// One complaint.
pub(crate) async fn show(entered: Entered, Path(id): Path<String>) -> PageResult {
    page(&entered, &id, context! {}).await
}

/// The page; `form` has what was `typed` for a deed, and why that was `refused`.
async fn page(entered: &Entered, id: &str, form: Value) -> PageResult {
    let wanted = id.to_owned();
    let one = entered.at_desk(move |desk| complaints::one(desk, &wanted)).await?;
    let (dealer, here) = (one.complaint.dealer.clone(), format!("/complaints/{}", one.complaint.id));
    let subjects = vec![format!("complaint:{}", one.complaint.id)];
    let evidence = evidence(entered, subjects, Some((&dealer, &here))).await?;
    let parts = [form, evidence, seen(entered, one)?];
    entered.page("complaints/one.html", minijinja::value::merge_maps(parts))
}

fn seen(entered: &Entered, one: One) -> Result<Value, PageError> {
    let (reading, now) = (entered.frame().reading(), entered.now());
    let due = one.duties.iter().filter_map(|duty| duty.until).min();
    let shown = Shown { complaint: one.complaint, dues: None, duties: one.duties };
    let (tone, state) = standing(&shown, due, now);
    let it = &shown.complaint;
    let mut clocks = Vec::new();
    if let Some(all) = &one.clocks {
        let scale = Scale::of(all);
        let named = [
            ("reply", Some(&all.reply)),
            ("close", Some(&all.close)),
            ("dealer-gm", all.dealer_gm.as_ref()),
            ("region-deputy-director", all.deputy.as_ref()),
        ];
        for (name, clock) in named.into_iter().filter_map(|(name, clock)| Some((name, clock?))) {
            clocks.push(told_clock(&reading, name, clock, scale, it.withdrawn)?);
        }
    }
    let scale = one.clocks.as_ref().map(Scale::of);
    let duties = shown.duties.iter().map(told_duty).collect::<Vec<_>>();
    let handles_as = if entered.role() == Role::Dealer { "dealer-gm" } else { "region-deputy-director" };
    Ok(context! {
        complaint => value(json!({
            "id": it.id, "dealer": it.dealer, "dealer_name": it.dealer_name, "severity": if it.major { "major" } else { "general" },
            "category": word(&reading, "category", &it.category)?, "vin": it.vin, "text": it.text,
            "channel": word(&reading, "complaint-channel", it.channel.as_deref().unwrap_or_default())?,
            "received_at": it.received_at.0, "dispatched_at": it.dispatched_at.map(|at| at.0),
            "closed_at": it.closed_at.map(|at| at.0), "withdrawn": it.withdrawn,
        })),
        tone => value(tone),
        state,
        clocks => value(clocks),
        no_clocks => one.no_clocks,
        from => scale.map(|scale| scale.from.0),
        to => scale.map(|scale| scale.to.0),
        duties => value(duties),
        may => one.may.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        handles_as,
        may_draft => WATCHERS.lets(entered.role()),
        outcomes => CallbackOutcome::ALL.map(CallbackOutcome::name),
        events => value(one.events.iter().map(told_event).collect::<Vec<_>>()),
    })
}

fn told_clock(
    reading: &Reading,
    name: &str,
    clock: &Clock,
    scale: Scale,
    withdrawn: bool,
) -> Result<serde_json::Value, PageError> {
    let stands = match (clock.done, clock.late) {
        _ if withdrawn => ("plain", "stopped"),
        (Some(_), true) => ("critical", "met-late"),
        (Some(_), false) => ("good", "met"),
        (None, true) => ("critical", "late"),
        (None, false) if clock.stretches.last().is_some_and(|last| last.phase.name() == "waiting") => {
            ("notice", "waiting")
        }
        (None, false) => ("plain", "running"),
    };
    let name_said = reading.say(&format!("complaint-clock.{name}"), &[])?;
    let mut told =
        format!("{name_said}: {}", reading.say("complaint-clock.due", &[("at", reading.moment(clock.due))])?);
    for stretch in &clock.stretches {
        let phase = reading.say(&format!("complaint-clock.{}", stretch.phase.name()), &[])?;
        told.push_str(&format!(
            "; {phase} {} – {}",
            reading.moment(stretch.from),
            reading.moment(stretch.to)
        ));
    }
    let runs = clock.done.is_none() && !withdrawn && stands.1 != "waiting";
    Ok(json!({
        "name": name_said, "tone": stands.0, "stands": stands.1, "due": clock.due.0, "done": clock.done.map(|at| at.0),
        "runs": runs, "bar": bar(clock, scale, &told),
    }))
}

fn told_duty(duty: &Duty) -> serde_json::Value {
    let micros = |at: Instant| at.0;
    json!({
        "who": duty.who.name(), "act": duty.act.name(), "until": duty.until.map(micros), "since": duty.since.map(micros),
    })
}

fn told_event(event: &Event) -> serde_json::Value {
    let kind = match (event.kind.as_str(), event.satisfied) {
        ("callback", Some(true)) => "callback-satisfied",
        ("callback", Some(false)) => "callback-not-satisfied",
        ("callback", None) => "callback-no-answer",
        ("handled", _) if event.actor_role.as_deref() == Some("dealer-gm") => "handled-dealer-gm",
        ("handled", _) => "handled-deputy",
        (kind, _) => kind,
    };
    json!({ "at": event.at.0, "kind": kind, "note": event.note, "by": event.by })
}

/// What is done on a complaint.
#[derive(Deserialize, Serialize, Clone)]
pub(crate) struct Done {
    deed: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    note: String,
}

/// Does a deed on a complaint.
pub(crate) async fn act(entered: Entered, Path(id): Path<String>, Form(done): Form<Done>) -> PageResult {
    let kind = DeedKind::ALL.into_iter().find(|kind| kind.name() == done.deed).ok_or(PageError::NotFound)?;
    let outcome = match CallbackOutcome::named(&done.outcome) {
        Some(outcome) => outcome,
        None if kind == DeedKind::CallBack => {
            let text = entered.frame().reading().say("complaints.choose-outcome", &[])?;
            let form = context! { refused => text, typed => value(done) };
            return Ok(unprocessed(page(&entered, &id, form).await?));
        }
        None => CallbackOutcome::NoAnswer,
    };
    let (wanted, note) = (id.clone(), done.note.clone());
    let acted = entered
        .at_desk(move |desk| complaints::act(desk, &wanted, &Deed { kind, outcome, note: &note }))
        .await;
    match acted {
        Ok(()) => Ok(entered.onward(&format!("/complaints/{id}"), &format!("complaint-{}", kind.name()))),
        Err(error) => {
            let form = context! { refused => reason(&entered, error)?, typed => value(done) };
            Ok(unprocessed(page(&entered, &id, form).await?))
        }
    }
}

/// The form of intake.
pub(crate) async fn intake(entered: Entered) -> PageResult {
    form(&entered, None, &Typed::default()).await
}

/// What was typed into the form of intake.
#[derive(Deserialize, Default)]
pub(crate) struct Typed {
    #[serde(default)]
    dealer: String,
    #[serde(default)]
    severity: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    vin: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    dispatch: String,
}

async fn form(entered: &Entered, refused: Option<String>, typed: &Typed) -> PageResult {
    let dealers = entered.at_desk(choices::dealers).await?;
    let reading = entered.frame().reading();
    let dealers = dealers.iter().map(|dealer| json!({ "code": dealer.code, "name": dealer.name }));
    let channels = CHANNELS.map(|name| {
        word(&reading, "complaint-channel", name).map(|said| json!({ "name": name, "said": said }))
    });
    let context = context! {
        refused,
        dealers => value(dealers.collect::<Vec<_>>()),
        categories => categories(&reading)?,
        channels => value(channels.into_iter().collect::<Result<Vec<_>, PageError>>()?),
        typed => value(json!({
            "dealer": typed.dealer, "severity": typed.severity, "category": typed.category, "vin": typed.vin,
            "channel": typed.channel, "text": typed.text, "dispatch": !typed.dispatch.is_empty(),
        })),
    };
    entered.page("complaints/new.html", context)
}

/// Takes a complaint in.
pub(crate) async fn take_in(entered: Entered, Form(typed): Form<Typed>) -> PageResult {
    let intake = Intake {
        dealer: typed.dealer.clone(),
        severity: typed.severity.clone(),
        category: typed.category.clone(),
        vin: typed.vin.clone(),
        channel: typed.channel.clone(),
        text: typed.text.clone(),
        dispatch: !typed.dispatch.is_empty(),
    };
    match entered.at_desk(move |desk| complaints::intake(desk, &intake)).await {
        Ok(id) => Ok(entered.onward(&format!("/complaints/{id}"), "complaint-intake").into_response()),
        Err(error) => {
            let why = reason(&entered, error)?;
            Ok(unprocessed(form(&entered, Some(why), &typed).await?))
        }
    }
}
