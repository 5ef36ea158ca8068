//! The list of complaints, and the call centre's queue.

use farsight_control::choices;
use farsight_control::complaints::{self, Shown};
use farsight_ledger::settlement::Role;
use farsight_rulebook::checks::complaint::CATEGORIES;
use farsight_rulebook::checks::complaint::clocks::Act;
use farsight_rulebook::time::Instant;
use farsight_store::complaints::{Filter, Sort, State};
use minijinja::context;
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::desks::{named, pressing, to_dealer, word};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::{Reading, value};

/// Rows of each kind in the queue.
const QUEUED: u32 = 50;

/// The complaints that the person sees.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let filter = filter(&ask);
    let listed = entered.at_desk(move |desk| complaints::list(desk, &filter)).await?;
    let everywhere = !matches!(entered.role(), Role::Dealer);
    let mut regions = if everywhere { entered.at_desk(choices::regions).await? } else { Vec::new() };
    if entered.role() == Role::RegionalManager {
        regions.retain(|region| entered.regions().contains(&region.code));
    }
    let table = table("complaints", &listed.rows, listed.total, "complaints.empty", &entered)?;
    let choices = context! {
        states => State::ALL.map(State::name),
        categories => categories(&entered.frame().reading())?,
        regions => value(regions.iter().map(|region| json!({ "code": region.code, "name": region.name })).collect::<Vec<_>>()),
        everywhere,
        may_take_in => matches!(entered.role(), Role::CallCentre | Role::Hq),
    };
    table.answer(&entered, &ask, "complaints/list.html", || Ok(choices))
}

fn filter(ask: &Ask) -> Filter {
    let text = |name| ask.get(name).map(str::to_owned);
    let state = ask.get("state").and_then(State::named).unwrap_or_default();
    // What is over has no deadline left: the latest comes first.
    let is_over = matches!(state, State::Closed | State::Withdrawn | State::All);
    let usual = if is_over { (Sort::Received, true) } else { (Sort::Due, false) };
    let sort = ask.sort(&Sort::ALL.map(Sort::name));
    let (sort, descending) = sort.and_then(|(name, down)| Some((Sort::named(name)?, down))).unwrap_or(usual);
    Filter {
        state,
        major: ask.get("severity").map(|severity| severity == "major"),
        category: text("category"),
        dealer: text("dealer"),
        region: text("region"),
        search: text("q"),
        sort,
        descending,
        offset: u32::try_from(ask.offset()).unwrap_or(u32::MAX),
        limit: u32::try_from(ask.limit()).unwrap_or(u32::MAX),
    }
}

/// The categories that there are words for.
pub(super) fn categories(reading: &Reading) -> Result<minijinja::Value, PageError> {
    let one = |name: &&str| Ok(json!({ "name": name, "said": word(reading, "category", name)? }));
    Ok(value(CATEGORIES.iter().map(one).collect::<Result<Vec<_>, PageError>>()?))
}

/// What the call centre has to do: to dispatch, and to call back.
pub(crate) async fn queue(entered: Entered, ask: Ask) -> PageResult {
    let queue = entered.at_desk(|desk| complaints::queue(desk, QUEUED)).await?;
    let none = "complaints.queue-empty";
    let undispatched = (queue.undispatched.rows, queue.undispatched.total);
    let callbacks = (queue.callbacks.rows, queue.callbacks.total);
    let mut dispatch = table("to-dispatch", &undispatched.0, undispatched.1, none, &entered)?;
    let mut call = table("to-call-back", &callbacks.0, callbacks.1, none, &entered)?;
    // Whoever waits for a call has no deadline: since when comes in its place.
    swap_columns(&mut call);
    [&mut dispatch, &mut call].into_iter().for_each(without_last_column);
    entered.page(
        "complaints/queue.html",
        context! {
            dispatch => dispatch.value(&entered, &ask)?,
            call => call.value(&entered, &ask)?,
            to_dispatch => undispatched.1,
            to_call_back => callbacks.1,
            open => queue.open,
            overdue => queue.overdue,
        },
    )
}

/// Puts the last column in the place of the third, and that last.
fn swap_columns(table: &mut Table) {
    let last = table.columns.len() - 1;
    table.columns.swap(2, last);
    table.rows.iter_mut().for_each(|row| row.swap(2, last));
}

fn without_last_column(table: &mut Table) {
    table.columns.pop();
    table.rows.iter_mut().for_each(|row| drop(row.pop()));
}

fn table(
    name: &'static str,
    rows: &[Shown],
    total: u64,
    empty: &'static str,
    entered: &Entered,
) -> Result<Table, PageError> {
    let (reading, now) = (entered.frame().reading(), entered.now());
    let sorts = name == "complaints";
    let column = |key, label, kind| {
        let column = Column::new(key, kind).labelled(label);
        if sorts && Sort::named(key).is_some() { column.sorts() } else { column }
    };
    let columns = vec![
        column("complaint", "complaints.complaint", Kind::Text),
        column("state", "complaints.standing", Kind::Text),
        column("due", "complaints.next-due", Kind::Instant),
        column("turn", "complaints.turn", Kind::Text),
        column("dealer", "complaints.dealer", Kind::Text),
        column("severity", "complaints.severity", Kind::Text),
        column("category", "complaints.category", Kind::Text),
        column("received", "complaints.received", Kind::Instant),
        column("submitted", "complaints.submitted", Kind::Instant),
    ];
    let leads = entered.role() != Role::CallCentre;
    let rows = rows.iter().map(|shown| row(shown, &reading, now, leads)).collect::<Result<_, PageError>>()?;
    Ok(Table { name, columns, rows, total: total as i64, empty })
}

fn row(shown: &Shown, reading: &Reading, now: Instant, leads: bool) -> Result<Vec<Cell>, PageError> {
    let it = &shown.complaint;
    let due = shown.duties.iter().filter_map(|duty| duty.until).min();
    let turn = shown.duties.iter().map(|duty| {
        let who = reading.say(&format!("complaint-who.{}", duty.who.name()), &[])?;
        Ok(format!("{who} · {}", reading.say(&format!("complaint-act.{}", duty.act.name()), &[])?))
    });
    let (tone, state) = standing(shown, due, now);
    let severity = if it.major { "major" } else { "general" };
    let tone_of_severity = if it.major { Tone::Warning } else { Tone::Plain };
    Ok(vec![
        Cell::link(&it.id, format!("/complaints/{}", it.id)),
        Cell::State(tone, reading.say(&format!("complaint-state.{state}"), &[])?),
        Cell::of(due, Cell::Instant),
        Cell::text(turn.collect::<Result<Vec<_>, PageError>>()?.join("; ")),
        if leads { to_dealer(&it.dealer, &it.dealer_name) } else { named(&it.dealer, &it.dealer_name) },
        Cell::State(tone_of_severity, word(reading, "complaint-severity", severity)?),
        Cell::text(word(reading, "category", &it.category)?),
        Cell::Instant(it.received_at),
        Cell::of(it.submitted_at, Cell::Instant),
    ])
}

/// Where a complaint stands at a glance: its tone, and a key of the messages `complaint-state`.
pub(super) fn standing(shown: &Shown, due: Option<Instant>, now: Instant) -> (Tone, &'static str) {
    let it = &shown.complaint;
    let calls_back = shown.duties.iter().any(|duty| duty.act == Act::CallBack);
    match pressing(due, now) {
        _ if it.withdrawn => (Tone::Plain, "withdrawn"),
        Tone::Critical if it.closed_at.is_none() => (Tone::Critical, "overdue"),
        _ if it.closed_at.is_some() => (Tone::Good, "closed"),
        _ if calls_back => (Tone::Notice, "waiting"),
        tone if it.dispatched_at.is_none() => (tone, "undispatched"),
        Tone::Warning => (Tone::Warning, "soon"),
        _ => (Tone::Plain, "open"),
    }
}
