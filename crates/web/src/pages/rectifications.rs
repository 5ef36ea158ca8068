//! `/rectifications`, `/rectifications/new` and `/rectifications/{order}`: orders to mend, from order to acceptance.

use axum::Form;
use axum::extract::Path;
use farsight_control::rectifications::{self, One, Verdict, Wanted, is_overdue};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;
use farsight_store::rectifications::{Cause, Filter, Order, Sort, State};
use jiff::civil::Date;
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::cases::{self, Said, named, pressing};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::{Reading, value};

const SORTS: [(&str, Sort); 4] = [
    ("due_on", Sort::Due),
    ("ordered_at", Sort::Ordered),
    ("dealer", Sort::Dealer),
    ("rounds", Sort::Rounds),
];

fn columns() -> Vec<Column> {
    vec![
        Column::new("order", Kind::Text).labelled("rectifications.col-order"),
        Column::new("dealer", Kind::Text).sorts(),
        Column::new("title", Kind::Text).labelled("rectifications.col-title"),
        Column::new("due_on", Kind::Date).labelled("rectifications.col-due").sorts(),
        Column::new("state", Kind::Text),
        Column::new("rounds", Kind::Count).labelled("rectifications.col-rounds").sorts(),
        Column::new("ordered_at", Kind::Instant).labelled("rectifications.col-ordered").sorts(),
    ]
}

/// The orders of a filter; those not accepted unless others are asked for.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let sorted = ask.sort(&SORTS.map(|(name, _)| name));
    let sort = sorted.and_then(|(asked, _)| SORTS.iter().find(|(name, _)| *name == asked));
    let (asked, today) = (ask.get("state"), entered.zone().date(entered.now()));
    let filter = Filter {
        unfinished: asked.is_none(),
        state: asked.and_then(State::named),
        dealer: ask.get("dealer").map(str::to_owned),
        overdue_on: (asked == Some("overdue")).then_some(today),
        sort: sort.map_or(Sort::default(), |(_, sort)| *sort),
        descending: sorted.is_some_and(|(_, down)| down),
        limit: ask.limit(),
        offset: ask.offset(),
    };
    let listed = entered.at_desk(move |desk| rectifications::list(desk, &filter)).await?;
    let reading = entered.frame().reading();
    let rows = listed.rows.iter().map(|row| cells(&reading, row, today)).collect::<Result<_, _>>()?;
    let total = listed.total as i64;
    let table =
        Table { name: "rectifications", columns: columns(), rows, total, empty: "rectifications.empty" };
    let orders = matches!(entered.role(), Role::RegionalManager | Role::Hq);
    table.answer(&entered, &ask, "rectifications/rectifications.html", || {
        Ok(context! { states => State::ALL.map(State::name), orders })
    })
}

/// What an order is called: its title, or of bay turnover what it is.
fn title(reading: &Reading, order: &Order) -> Result<String, PageError> {
    Ok(match order.cause {
        Cause::BayTurnover => {
            reading.say("rectifications.of-bay-turnover", &[("order", order.key.clone())])?
        }
        Cause::Inspection | Cause::Hand => order.title.clone(),
    })
}

fn standing(reading: &Reading, order: &Order, today: Date) -> Result<(Tone, String), PageError> {
    let said = reading.say(&format!("rectifications.state-{}", order.state.name()), &[])?;
    Ok(match order.state {
        State::Accepted => (Tone::Good, said),
        _ if is_overdue(order, today) => {
            (Tone::Critical, reading.say("rectifications.overdue", &[("state", said)])?)
        }
        State::HandedIn => (Tone::Notice, said),
        State::Open | State::SentBack => (Tone::Warning, said),
    })
}

fn cells(reading: &Reading, row: &Order, today: Date) -> Result<Vec<Cell>, PageError> {
    let (tone, state) = standing(reading, row, today)?;
    Ok(vec![
        Cell::link(row.key.clone(), format!("/rectifications/{}", row.key)),
        Cell::text(named(&row.dealer, &row.dealer_name)),
        Cell::text(title(reading, row)?),
        Cell::Date(row.due_on),
        Cell::State(tone, state),
        Cell::Count(i64::from(row.rounds)),
        Cell::Instant(row.ordered_at),
    ])
}

/// One order.
pub(crate) async fn show(entered: Entered, Path(key): Path<String>) -> PageResult {
    let context = seen(&entered, &key).await?;
    entered.page("rectifications/rectification.html", context)
}

async fn seen(entered: &Entered, key: &str) -> Result<Value, PageError> {
    let wanted = key.to_owned();
    let one = entered.at_desk(move |desk| rectifications::one(desk, &wanted)).await?;
    let back = format!("/rectifications/{key}");
    let send = one.may_hand_in.then_some((one.order.dealer.as_str(), back.as_str()));
    let evidence = cases::evidence(entered, vec![one.subject.clone()], send).await?;
    Ok(merge_maps([told(entered, &one)?, evidence]))
}

fn told(entered: &Entered, one: &One) -> Result<Value, PageError> {
    let (it, reading) = (&one.order, entered.frame().reading());
    let (now, zone) = (entered.now(), entered.zone());
    let (tone, state) = standing(&reading, it, zone.date(now))?;
    let due: Instant = zone.end_of(it.due_on);
    let figures: Option<serde_json::Value> =
        (it.cause == Cause::BayTurnover).then(|| serde_json::from_str(&it.body).unwrap_or_default());
    let steps: Vec<_> = one
        .steps
        .iter()
        .map(|step| {
            json!({ "kind": step.kind, "body": step.body, "by": step.by, "at": step.at.0, "ruling": step.ruling })
        })
        .collect();
    Ok(context! {
        order => value(json!({
            "key": it.key, "cause": it.cause.name(), "dealer": it.dealer, "dealer_name": it.dealer_name,
            "inspection": it.inspection, "title": title(&reading, it)?, "body": if figures.is_some() { "" } else { &it.body },
            "due_on": it.due_on.to_string(), "due": due.0, "ordered_by": it.ordered_by, "ordered_at": it.ordered_at.0,
            "months": it.months, "rounds": it.rounds, "accepted_on": it.accepted_on.map(|day| day.to_string()),
        })),
        figures => figures.map(value),
        steps => value(steps),
        tone => value(tone),
        state,
        finished => it.state == State::Accepted,
        due_tone => value(pressing((it.state != State::Accepted).then_some(due), now)),
        overdue => one.overdue,
        may_hand_in => one.may_hand_in,
        may_judge => one.may_judge,
    })
}

/// Hands in by `verdict` `hand-in`, accepts by `accept`, sends back by `send-back`.
pub(crate) async fn act(entered: Entered, Path(key): Path<String>, Form(typed): Form<Said>) -> PageResult {
    let (body, wanted) = (typed.body.clone(), key.clone());
    let done = match (Verdict::named(&typed.verdict), typed.verdict.as_str()) {
        (Some(verdict), _) => {
            let said =
                if verdict == Verdict::Accept { "rectification-accepted" } else { "rectification-sent-back" };
            let judge = entered.at_desk(move |desk| rectifications::judge(desk, &wanted, verdict, &body));
            judge.await.map(|()| said)
        }
        (None, "hand-in") => {
            let hand_in = entered.at_desk(move |desk| rectifications::hand_in(desk, &wanted, &body));
            hand_in.await.map(|()| "rectification-handed-in")
        }
        _ => return Err(PageError::NotFound),
    };
    match done {
        Ok(said) => Ok(entered.onward(&format!("/rectifications/{key}"), said)),
        Err(error) => {
            let refused = cases::refused(&entered, error)?;
            let context =
                merge_maps([context! { refused, typed => typed.body }, seen(&entered, &key).await?]);
            cases::unprocessed(entered.page("rectifications/rectification.html", context))
        }
    }
}

/// What the form of a new order says.
#[derive(Deserialize, Serialize, Default)]
pub(crate) struct Typed {
    #[serde(default)]
    dealer: String,
    #[serde(default)]
    inspection: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    due_on: String,
}

/// The form of a new order, with what the address says filled in.
pub(crate) async fn new(entered: Entered, ask: Ask) -> PageResult {
    let text = |name| ask.get(name).unwrap_or_default().to_owned();
    let typed = Typed {
        dealer: text("dealer"),
        inspection: text("inspection"),
        title: text("title"),
        ..Typed::default()
    };
    let refused = Value::from(());
    entered.page("rectifications/new.html", context! { typed => value(typed), refused })
}

/// Gives an order.
pub(crate) async fn order(entered: Entered, Form(typed): Form<Typed>) -> PageResult {
    // A date that cannot be read is refused as one that has passed.
    let due_on = typed.due_on.parse().unwrap_or(Date::MIN);
    let (dealer, inspection) = (typed.dealer.clone(), typed.inspection.clone());
    let (title, body) = (typed.title.clone(), typed.body.clone());
    let order = entered.at_desk(move |desk| {
        let wanted = Wanted { dealer: &dealer, inspection: &inspection, title: &title, body: &body, due_on };
        rectifications::order(desk, &wanted)
    });
    match order.await {
        Ok(id) => Ok(entered.onward(&format!("/rectifications/{id}"), "rectification-ordered")),
        Err(error) => {
            let refused = cases::refused(&entered, error)?;
            let context = context! { refused, typed => value(typed) };
            cases::unprocessed(entered.page("rectifications/new.html", context))
        }
    }
}
