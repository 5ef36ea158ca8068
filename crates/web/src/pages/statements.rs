//! `/statements`: what each dealer's month comes to, confirmed or disputed by line.

use axum::Form;
use axum::extract::Path;
use farsight_control::statements;
use farsight_ledger::settlement::Role;
use farsight_store::statements::{Listed, Which};
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use crate::ask::{Ask, Format};
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::cases;
use crate::pages::settlements::{named, part, period, status};
use crate::table::{Cell, Column, Kind, Table, Tone, WORKBOOK, download};
use crate::views::value;

/// Statements that the person may see.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let asked = ask.clone();
    let listed = entered
        .at_desk(move |desk| {
            let which = Which {
                period: asked.read_as("period"),
                state: asked.get("state"),
                region: asked.get("region"),
                text: asked.get("q"),
            };
            statements::list(desk, which, part(&asked))
        })
        .await?;
    let mut rows = Vec::new();
    for statement in listed.rows {
        rows.push(row(&entered, statement)?);
    }
    let table = Table {
        name: "statements",
        columns: columns(),
        rows,
        total: listed.total,
        empty: "statements.empty",
    };
    table.answer(&entered, &ask, "statements/statements.html", || {
        Ok(context! { regions => value(named(listed.regions)), own => entered.role() == Role::Dealer })
    })
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("period", Kind::Text).labelled("settlements.period").sorts(),
        Column::new("dealer", Kind::Text).labelled("statements.dealer").sorts(),
        Column::new("name", Kind::Text).labelled("settlements.name").sorts(),
        Column::new("region", Kind::Text).labelled("settlements.region").sorts(),
        Column::new("penalties", Kind::Money).labelled("settlements.penalties").sorts(),
        Column::new("incentives", Kind::Money).labelled("settlements.incentives").sorts(),
        Column::new("reversals", Kind::Money).labelled("settlements.reversals").sorts(),
        Column::new("net", Kind::Money).labelled("settlements.net").sorts(),
        Column::new("state", Kind::Text).labelled("statements.state").sorts(),
        Column::new("disputes", Kind::Count).labelled("statements.disputes"),
        Column::new("status", Kind::Text).labelled("settlements.status"),
    ]
}

fn row(entered: &Entered, statement: Listed) -> Result<Vec<Cell>, PageError> {
    let to = format!("/statements/{}/{}", statement.period, statement.dealer);
    Ok(vec![
        Cell::text(statement.period),
        Cell::link(statement.dealer, to),
        Cell::text(statement.name),
        Cell::text(statement.region),
        Cell::Money(statement.penalties),
        Cell::Money(statement.incentives),
        Cell::Money(statement.reversals),
        Cell::Money(statement.net),
        Cell::State(
            tone(&statement.state),
            entered.frame().reading().say(&format!("statements.state-{}", statement.state), &[])?,
        ),
        Cell::Count(statement.disputes),
        status(entered, &statement.status)?,
    ])
}

fn tone(state: &str) -> Tone {
    match state {
        "confirmed" => Tone::Good,
        "disputed" => Tone::Critical,
        "changed" => Tone::Warning,
        "replied" => Tone::Notice,
        _ => Tone::Plain,
    }
}

/// One dealer's month: as a page, which is also the one to print, or with `?format=xlsx` as a workbook.
pub(crate) async fn show(
    entered: Entered,
    Path((month, dealer)): Path<(String, String)>,
    ask: Ask,
) -> PageResult {
    if ask.format() == Format::Xlsx {
        let (at, of) = (period(&month)?, dealer.clone());
        let bytes = entered.at_desk(move |desk| statements::workbook(desk, at, &of)).await?;
        return Ok(download(bytes, WORKBOOK, &format!("statement-{month}-{dealer}.xlsx")));
    }
    let context = seen(&entered, &month, &dealer).await?;
    entered.page("statements/statement.html", context)
}

async fn seen(entered: &Entered, month: &str, dealer: &str) -> Result<Value, PageError> {
    let (at, dealer) = (period(month)?, dealer.to_owned());
    let statement = entered.at_desk(move |desk| statements::show(desk, at, &dealer)).await?;
    let tone = tone(&statement.head.state);
    Ok(context! { statement => value(statement), tone => value(tone) })
}

/// On to the statement where it was done; else the statement again, with why not beside what was typed.
async fn onward(
    entered: &Entered,
    (month, dealer): (&str, &str),
    done: Result<&str, PageError>,
    typed: Option<Said>,
) -> PageResult {
    match done {
        Ok(said) => Ok(entered.onward(&format!("/statements/{month}/{dealer}"), said)),
        Err(error) => {
            let refused = cases::refused(entered, error)?;
            let why = context! { refused, typed => typed.map(value) };
            let context = merge_maps([why, seen(entered, month, dealer).await?]);
            cases::unprocessed(entered.page("statements/statement.html", context))
        }
    }
}

/// It is right.
pub(crate) async fn confirm(entered: Entered, Path((month, dealer)): Path<(String, String)>) -> PageResult {
    let (at, of) = (period(&month)?, dealer.clone());
    let done = entered.at_desk(move |desk| statements::confirm(desk, at, &of)).await;
    onward(&entered, (&month, &dealer), done.map(|()| "statement-confirmed"), None).await
}

/// What is said of a line.
#[derive(Deserialize, Serialize, Clone)]
pub(crate) struct Said {
    #[serde(default)]
    entry: i64,
    #[serde(default)]
    text: String,
}

/// A line is wrong.
pub(crate) async fn dispute(
    entered: Entered,
    Path((month, dealer)): Path<(String, String)>,
    Form(said): Form<Said>,
) -> PageResult {
    let (at, of, typed) = (period(&month)?, dealer.clone(), said.clone());
    let done = entered.at_desk(move |desk| statements::dispute(desk, at, &of, said.entry, &said.text)).await;
    onward(&entered, (&month, &dealer), done.map(|()| "statement-disputed"), Some(typed)).await
}

/// A reply to a dispute.
pub(crate) async fn reply(
    entered: Entered,
    Path((month, dealer)): Path<(String, String)>,
    Form(said): Form<Said>,
) -> PageResult {
    let (at, of, typed) = (period(&month)?, dealer.clone(), said.clone());
    let done = entered.at_desk(move |desk| statements::reply(desk, at, &of, said.entry, &said.text)).await;
    onward(&entered, (&month, &dealer), done.map(|()| "statement-replied"), Some(typed)).await
}
