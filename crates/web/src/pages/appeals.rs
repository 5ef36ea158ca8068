//! `/appeals` and `/appeals/{appeal}`: contested entries, and deciding on them.

use axum::Form;
use axum::extract::Path;
use farsight_control::appeals::{self, One, Verdict};
use farsight_store::appeals::{Appeal, Filter, Sort, State};
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::cases::{self, Said, named, pressing};
use crate::pages::entries::subject_page;
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::{Reading, value};

const SORTS: [(&str, Sort); 4] = [
    ("decide_by", Sort::DecideBy),
    ("made_at", Sort::Made),
    ("dealer", Sort::Dealer),
    ("amount", Sort::Amount),
];

fn columns() -> Vec<Column> {
    vec![
        Column::new("appeal", Kind::Text).labelled("appeals.col-appeal"),
        Column::new("dealer", Kind::Text).sorts(),
        Column::new("clause", Kind::Text).labelled("entries.col-clause"),
        Column::new("amount", Kind::Money).sorts(),
        Column::new("made_at", Kind::Instant).labelled("appeals.col-made").sorts(),
        Column::new("decide_by", Kind::Instant).labelled("appeals.col-decide-by").sorts(),
        Column::new("state", Kind::Text),
        Column::new("decided_by", Kind::Text).labelled("appeals.col-decided-by"),
    ]
}

/// The appeals of a filter; open ones unless others are asked for.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let sorted = ask.sort(&SORTS.map(|(name, _)| name));
    let sort = sorted.and_then(|(asked, _)| SORTS.iter().find(|(name, _)| *name == asked));
    let filter = Filter {
        state: ask.get("state").and_then(State::named),
        dealer: ask.get("dealer").map(str::to_owned),
        overdue_at: (ask.get("state") == Some("overdue")).then(|| entered.now()),
        sort: sort.map_or(Sort::Made, |(_, sort)| *sort),
        descending: sorted.is_none_or(|(_, down)| down),
        limit: ask.limit(),
        offset: ask.offset(),
    };
    let listed = entered.at_desk(move |desk| appeals::list(desk, &filter)).await?;
    let reading = entered.frame().reading();
    let rows = listed.rows.iter().map(|row| cells(&reading, &entered, row)).collect::<Result<_, _>>()?;
    let total = listed.total as i64;
    let table = Table { name: "appeals", columns: columns(), rows, total, empty: "appeals.empty" };
    table.answer(&entered, &ask, "appeals/appeals.html", || {
        Ok(context! { states => State::ALL.map(State::name) })
    })
}

fn tone(appeal: &Appeal, now: farsight_rulebook::time::Instant) -> Tone {
    match appeal.state {
        State::Open if appeal.decide_by < now => Tone::Critical,
        State::Open => Tone::Notice,
        State::Upheld => Tone::Good,
        State::Rejected | State::Withdrawn => Tone::Plain,
    }
}

fn cells(reading: &Reading, entered: &Entered, row: &Appeal) -> Result<Vec<Cell>, PageError> {
    let state = reading.say(&format!("appeals.state-{}", row.state.name()), &[])?;
    Ok(vec![
        Cell::link(row.id.to_string(), format!("/appeals/{}", row.id)),
        Cell::text(named(&row.dealer, &row.dealer_name)),
        Cell::text(row.clause.clone()),
        Cell::Money(row.amount.0),
        Cell::Instant(row.made_at),
        Cell::Instant(row.decide_by),
        Cell::State(tone(row, entered.now()), state),
        Cell::of(row.decided_by.clone(), Cell::text),
    ])
}

/// One appeal.
pub(crate) async fn show(entered: Entered, Path(id): Path<i64>) -> PageResult {
    let context = seen(&entered, id).await?;
    entered.page("appeals/appeal.html", context)
}

async fn seen(entered: &Entered, id: i64) -> Result<Value, PageError> {
    let one = entered.at_desk(move |desk| appeals::one(desk, id)).await?;
    let back = format!("/appeals/{id}");
    let mut subjects = vec![format!("appeal:{id}"), one.appeal.subject.clone()];
    if let Some((inspection, _)) = one.appeal.subject.split_once('#') {
        subjects.push(inspection.to_owned());
    }
    let send = one.may_withdraw.then_some((one.appeal.dealer.as_str(), back.as_str()));
    let evidence = cases::evidence(entered, subjects, send).await?;
    Ok(merge_maps([told(entered, &one), evidence]))
}

fn told(entered: &Entered, one: &One) -> Value {
    let (it, now, reading) = (&one.appeal, entered.now(), entered.frame().reading());
    let open = it.state == State::Open;
    context! {
        appeal => value(json!({
            "id": it.id, "entry": it.entry, "dealer": it.dealer, "dealer_name": it.dealer_name, "body": it.body,
            "made_by": it.made_by, "made_at": it.made_at.0, "decide_by": it.decide_by.0, "state": it.state.name(),
            "decided_by": it.decided_by, "decided_at": it.decided_at.map(|at| at.0), "reason": it.reason, "ruling": it.ruling,
            "clause": it.clause, "clause_title": one.clause_title.as_ref().map(|title| cases::titled(&reading, title)), "subject": it.subject, "amount": it.amount.0, "occurred_on": it.occurred_on.to_string(),
            "reversed_by": it.reversed_by, "to": subject_page(&it.subject, entered.role()),
        })),
        tone => value(tone(it, now)),
        due_tone => value(pressing(open.then_some(it.decide_by), now)),
        open,
        may_decide => one.may_decide.is_ok(),
        why_not => one.may_decide.as_ref().err().map(appeals::Refusal::code),
        may_withdraw => one.may_withdraw,
        reversal_period => one.reversal_period.to_string(),
        later_month => one.later_month,
    }
}

/// Decides, by `verdict` `uphold` or `reject`, or takes it back by `withdraw`.
pub(crate) async fn act(entered: Entered, Path(id): Path<i64>, Form(typed): Form<Said>) -> PageResult {
    let (body, verdict) = (typed.body.clone(), Verdict::named(&typed.verdict));
    let done = match (verdict, typed.verdict.as_str()) {
        (Some(verdict), _) => {
            let said = if verdict == Verdict::Uphold { "appeal-upheld" } else { "appeal-rejected" };
            entered.at_desk(move |desk| appeals::decide(desk, id, verdict, &body)).await.map(|()| said)
        }
        (None, "withdraw") => {
            entered.at_desk(move |desk| appeals::withdraw(desk, id)).await.map(|()| "appeal-withdrawn")
        }
        _ => return Err(PageError::NotFound),
    };
    match done {
        Ok(said) => Ok(entered.onward(&format!("/appeals/{id}"), said)),
        Err(error) => {
            let refused = cases::refused(&entered, error)?;
            let context = merge_maps([context! { refused, typed => typed.body }, seen(&entered, id).await?]);
            cases::unprocessed(entered.page("appeals/appeal.html", context))
        }
    }
}
