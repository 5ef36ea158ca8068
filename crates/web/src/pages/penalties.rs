//! `/penalties`, `/penalties/new` and `/penalties/{draft}`: discretionary penalties, drafted by one and decided by another.

use axum::Form;
use axum::extract::Path;
use farsight_control::ControlError;
use farsight_control::penalties::{self, One, Refusal};
use farsight_rulebook::money::Money;
use farsight_store::penalties::{Draft, Filter, Sort, State};
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::cases::{self, Said, named};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::{Reading, value};

const SORTS: [(&str, Sort); 3] =
    [("drafted_at", Sort::Drafted), ("dealer", Sort::Dealer), ("amount", Sort::Amount)];

fn columns() -> Vec<Column> {
    vec![
        Column::new("draft", Kind::Text).labelled("penalties.col-draft"),
        Column::new("dealer", Kind::Text).sorts(),
        Column::new("complaint", Kind::Text).labelled("penalties.col-complaint"),
        Column::new("amount", Kind::Money).sorts(),
        Column::new("drafted_at", Kind::Instant).labelled("penalties.col-drafted").sorts(),
        Column::new("drafted_by", Kind::Text).labelled("penalties.col-drafted-by"),
        Column::new("state", Kind::Text),
        Column::new("decided_by", Kind::Text).labelled("appeals.col-decided-by"),
    ]
}

/// The drafts of a filter.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let sorted = ask.sort(&SORTS.map(|(name, _)| name));
    let sort = sorted.and_then(|(asked, _)| SORTS.iter().find(|(name, _)| *name == asked));
    let filter = Filter {
        state: ask.get("state").and_then(State::named),
        dealer: ask.get("dealer").map(str::to_owned),
        sort: sort.map_or(Sort::default(), |(_, sort)| *sort),
        descending: sorted.is_none_or(|(_, down)| down),
        limit: ask.limit(),
        offset: ask.offset(),
    };
    let listed = entered.at_desk(move |desk| penalties::list(desk, &filter)).await?;
    let reading = entered.frame().reading();
    let rows = listed.rows.iter().map(|row| cells(&reading, row)).collect::<Result<_, _>>()?;
    let total = listed.total as i64;
    let table = Table { name: "penalties", columns: columns(), rows, total, empty: "penalties.empty" };
    table.answer(&entered, &ask, "penalties/penalties.html", || {
        Ok(context! { states => State::ALL.map(State::name) })
    })
}

const fn tone(state: State) -> Tone {
    match state {
        State::Open => Tone::Notice,
        State::Approved => Tone::Warning,
        State::Refused | State::Withdrawn => Tone::Plain,
    }
}

fn cells(reading: &Reading, row: &Draft) -> Result<Vec<Cell>, PageError> {
    let state = reading.say(&format!("penalties.state-{}", row.state.name()), &[])?;
    Ok(vec![
        Cell::link(row.id.to_string(), format!("/penalties/{}", row.id)),
        Cell::text(named(&row.dealer, &row.dealer_name)),
        Cell::link(row.complaint.clone(), format!("/complaints/{}", row.complaint)),
        Cell::Money(row.amount.opposite().0),
        Cell::Instant(row.drafted_at),
        Cell::text(row.drafted_by.clone()),
        Cell::State(tone(row.state), state),
        Cell::of(row.decided_by.clone(), Cell::text),
    ])
}

/// One draft.
pub(crate) async fn show(entered: Entered, Path(id): Path<i64>) -> PageResult {
    let context = seen(&entered, id).await?;
    entered.page("penalties/penalty.html", context)
}

async fn seen(entered: &Entered, id: i64) -> Result<Value, PageError> {
    let one = entered.at_desk(move |desk| penalties::one(desk, id)).await?;
    let back = format!("/penalties/{id}");
    let subjects = vec![format!("penalty:{id}"), format!("complaint:{}", one.draft.complaint)];
    let send = (one.draft.state == State::Open).then_some((one.draft.dealer.as_str(), back.as_str()));
    let evidence = cases::evidence(entered, subjects, send).await?;
    Ok(merge_maps([told(&one), evidence]))
}

fn told(one: &One) -> Value {
    let it = &one.draft;
    context! {
        draft => value(json!({
            "id": it.id, "complaint": it.complaint, "dealer": it.dealer, "dealer_name": it.dealer_name,
            "amount": it.amount.opposite().0, "body": it.body, "drafted_by": it.drafted_by, "drafted_at": it.drafted_at.0,
            "state": it.state.name(), "decided_by": it.decided_by, "decided_at": it.decided_at.map(|at| at.0),
            "reason": it.reason, "ruling": it.ruling,
        })),
        tone => value(tone(it.state)),
        open => it.state == State::Open,
        may_decide => one.may_decide.is_ok(),
        why_not => one.may_decide.as_ref().err().map(Refusal::code),
        may_withdraw => one.may_withdraw,
    }
}

/// Approves by `verdict` `approve`, refuses by `refuse`, takes back by `withdraw`.
pub(crate) async fn act(entered: Entered, Path(id): Path<i64>, Form(typed): Form<Said>) -> PageResult {
    let body = typed.body.clone();
    let done = match typed.verdict.as_str() {
        "approve" => {
            let approve = entered.at_desk(move |desk| penalties::decide(desk, id, true, &body));
            approve.await.map(|()| "penalty-approved")
        }
        "refuse" => {
            let refuse = entered.at_desk(move |desk| penalties::decide(desk, id, false, &body));
            refuse.await.map(|()| "penalty-refused")
        }
        "withdraw" => {
            entered.at_desk(move |desk| penalties::withdraw(desk, id)).await.map(|()| "penalty-withdrawn")
        }
        _ => return Err(PageError::NotFound),
    };
    match done {
        Ok(said) => Ok(entered.onward(&format!("/penalties/{id}"), said)),
        Err(error) => {
            let refused = cases::refused(&entered, error)?;
            let context = merge_maps([context! { refused, typed => typed.body }, seen(&entered, id).await?]);
            cases::unprocessed(entered.page("penalties/penalty.html", context))
        }
    }
}

/// What the form of a new draft says.
#[derive(Deserialize, Serialize, Default)]
pub(crate) struct Typed {
    #[serde(default)]
    complaint: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    body: String,
}

/// The form of a new draft, with the complaint of the address filled in.
pub(crate) async fn new(entered: Entered, ask: Ask) -> PageResult {
    let complaint = ask.get("complaint").unwrap_or_default().to_owned();
    let context = form(&entered, &Typed { complaint, ..Typed::default() }).await?;
    entered.page("penalties/new.html", context)
}

async fn form(entered: &Entered, typed: &Typed) -> Result<Value, PageError> {
    let limits = entered.at_desk(penalties::limits).await?;
    let limits = limits.map(|(least, most)| json!({ "least": least.0, "most": most.0 }));
    Ok(context! { typed => value(typed), limits => limits.map(value) })
}

/// Drafts a penalty.
pub(crate) async fn draft(entered: Entered, Form(typed): Form<Typed>) -> PageResult {
    let currency = farsight_control::ground::currency(entered.tenant())?;
    // An amount that cannot be read is refused as one outside the limits.
    let amount = currency.parse(typed.amount.trim().replace(',', "").as_str()).unwrap_or(Money::ZERO);
    let (complaint, body) = (typed.complaint.clone(), typed.body.clone());
    let draft = entered.at_desk(move |desk| -> Result<i64, ControlError> {
        penalties::draft(desk, &complaint, amount, &body)
    });
    match draft.await {
        Ok(id) => Ok(entered.onward(&format!("/penalties/{id}"), "penalty-drafted")),
        Err(error) => {
            let refused = cases::refused(&entered, error)?;
            let context = merge_maps([context! { refused }, form(&entered, &typed).await?]);
            cases::unprocessed(entered.page("penalties/new.html", context))
        }
    }
}
