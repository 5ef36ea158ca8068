//! `/entries`, `/entries/{entry}` and `/entries/{entry}/appeal`: the entries of the ledger, the receipt of one, and
//! contesting it.

use axum::Form;
use axum::extract::Path;
use farsight_control::appeals;
use farsight_control::entries::{self, Receipt};
use farsight_control::inspections::Pair;
use farsight_ledger::settlement::Role;
use farsight_rulebook::checks::CHECKS;
use farsight_rulebook::period::Period;
use farsight_store::entries::{Filter, Listed, Sort, Standing};
use farsight_store::ledger::Entry;
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::cases::{self, Said, named, pressing, titled};
use crate::pages::evidence::pictures;
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::{Reading, value};

const SORTS: [(&str, Sort); 6] = [
    ("entry", Sort::Id),
    ("occurred_on", Sort::Occurred),
    ("period", Sort::Period),
    ("clause", Sort::Clause),
    ("dealer", Sort::Dealer),
    ("amount", Sort::Amount),
];

fn columns() -> Vec<Column> {
    vec![
        Column::new("entry", Kind::Text).labelled("entries.col-entry").sorts(),
        Column::new("occurred_on", Kind::Date).labelled("entries.col-occurred").sorts(),
        Column::new("dealer", Kind::Text).sorts(),
        Column::new("party", Kind::Text).labelled("entries.col-party"),
        Column::new("clause", Kind::Text).labelled("entries.col-clause").sorts(),
        Column::new("subject", Kind::Text).labelled("entries.col-subject"),
        Column::new("amount", Kind::Money).sorts(),
        Column::new("period", Kind::Text).labelled("entries.col-period").sorts(),
        Column::new("state", Kind::Text),
        Column::new("appeal", Kind::Text).labelled("entries.col-appeal"),
    ]
}

fn filter(ask: &Ask) -> Filter {
    let sorted = ask.sort(&SORTS.map(|(name, _)| name));
    let sort = sorted.and_then(|(asked, _)| SORTS.iter().find(|(name, _)| *name == asked));
    let text = |name| ask.get(name).map(str::to_owned);
    Filter {
        period: ask.read_as::<Period>("period"),
        check: text("check"),
        clause: text("clause"),
        party: text("party"),
        dealer: text("dealer"),
        standing: ask.get("standing").and_then(Standing::named),
        sort: sort.map_or(Sort::default(), |(_, sort)| *sort),
        descending: sorted.is_none_or(|(_, down)| down),
        limit: ask.limit(),
        offset: ask.offset(),
    }
}

/// The entries of a filter.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let filter = filter(&ask);
    let page = entered.at_desk(move |desk| entries::list(desk, &filter)).await?;
    let reading = entered.frame().reading();
    let titles: Vec<(&str, String)> =
        page.titles.iter().map(|(name, text)| (*name, titled(&reading, text))).collect();
    let rows: Vec<_> = page.rows.iter().map(|row| cells(&reading, row, &titles)).collect::<Result<_, _>>()?;
    let (columns, rows) = of_reader(entered.role(), columns(), rows);
    let table = Table { name: "entries", columns, rows, total: page.sum.total, empty: "entries.empty" };
    table.answer(&entered, &ask, "entries/entries.html", || {
        Ok(context! {
            net => page.sum.net, total => page.sum.total,
            checks => CHECKS.iter().map(|check| check.name).collect::<Vec<_>>(),
            clauses => value(titles), standings => Standing::ALL.map(Standing::name),
        })
    })
}

/// A dealer's own list has no column that says which dealer.
fn of_reader(
    role: Role,
    mut columns: Vec<Column>,
    mut rows: Vec<Vec<Cell>>,
) -> (Vec<Column>, Vec<Vec<Cell>>) {
    let place = columns.iter().position(|column| column.key == "dealer").filter(|_| role == Role::Dealer);
    if let Some(place) = place {
        columns.remove(place);
        for row in &mut rows {
            row.remove(place);
        }
    }
    (columns, rows)
}

pub(super) const fn tone(standing: Standing, amount: i64) -> Tone {
    match standing {
        Standing::Live if amount < 0 => Tone::Warning,
        Standing::Live => Tone::Good,
        Standing::Reversed | Standing::Reversal => Tone::Plain,
    }
}

fn cells(reading: &Reading, row: &Listed, titles: &[(&str, String)]) -> Result<Vec<Cell>, PageError> {
    let clause = titles.iter().find(|(name, _)| *name == row.clause);
    let appeal =
        row.appeal.as_ref().map(|state| reading.say(&format!("appeals.state-{state}"), &[])).transpose()?;
    let standing = reading.say(&format!("entries.{}", row.standing.name()), &[])?;
    Ok(vec![
        Cell::link(row.id.to_string(), format!("/entries/{}", row.id)),
        Cell::Date(row.occurred_on),
        Cell::text(row.dealer.clone()),
        Cell::text(named(&row.party, &row.party_name)),
        Cell::text(clause.map_or_else(|| row.clause.clone(), |(_, title)| title.clone())),
        Cell::text(row.subject.clone()),
        Cell::Money(row.amount.0),
        Cell::text(row.period.to_string()),
        Cell::State(tone(row.standing, row.amount.0), standing),
        Cell::of(appeal, Cell::text),
    ])
}

/// The receipt of an entry: one page that a person understands without help.
pub(crate) async fn show(entered: Entered, Path(id): Path<i64>) -> PageResult {
    let context = receipt(&entered, id).await?;
    entered.page("entries/receipt.html", context)
}

async fn receipt(entered: &Entered, id: i64) -> Result<Value, PageError> {
    let language = entered.reader().language;
    let receipt = entered.at_desk(move |desk| entries::receipt(desk, id, language)).await?;
    let evidence = cases::evidence(entered, receipt.subjects.clone(), None).await?;
    let pairs: Vec<Pair> =
        receipt.pictures.iter().map(|picture| Pair { picture: picture.clone(), standard: None }).collect();
    let pictures = context! { pictures => pictures(entered, &pairs) };
    Ok(merge_maps([told(entered, &receipt), evidence, pictures]))
}

fn told(entered: &Entered, receipt: &Receipt) -> Value {
    let it = &receipt.entry;
    let beside: Vec<_> = receipt.beside.iter().map(told_beside).collect();
    let appeals: Vec<_> = receipt
        .contest
        .appeals
        .iter()
        .map(|appeal| json!({ "id": appeal.id, "state": appeal.state.name(), "made_at": appeal.made_at.0 }))
        .collect();
    let why_not = receipt.contest.may.as_ref().err().map(appeals::Refusal::code);
    let (until, now) = (receipt.contest.until, entered.now());
    context! {
        entry => value(json!({
            "id": it.id, "amount": it.terms.amount.0, "dealer": it.terms.dealer, "party": it.terms.party,
            "party_name": receipt.party_name, "party_kind": it.terms.party_kind.name(), "seat": it.seat.name(),
            "clause": it.terms.clause, "subject": it.subject, "check": it.check, "period": it.period.to_string(),
            "origin_period": it.origin_period.to_string(), "occurred_on": it.terms.occurred_on.to_string(),
            "reverses": it.reverses, "reversed_by": receipt.reversed_by, "posted_at": it.posted_at.0,
            "to": subject_page(&it.subject, entered.role()),
        })),
        explained => value(&receipt.explained),
        beside => value(beside),
        appeals => value(appeals),
        may_appeal => receipt.contest.may.is_ok(),
        why_not,
        until => until.map(|until| until.0),
        until_tone => value(pressing(until, now)),
        until_over => until.is_none_or(|until| until < now),
        locked => receipt.locked,
        reversal_period => receipt.reversal_period.to_string(),
    }
}

fn told_beside(other: &Entry) -> serde_json::Value {
    json!({
        "id": other.id, "party": other.terms.party, "seat": other.seat.name(), "amount": other.terms.amount.0,
    })
}

/// The page of what an entry is about, for a role that may open it: finance sees money, not what lies behind it.
pub(crate) fn subject_page(subject: &str, role: Role) -> Option<String> {
    if role == Role::Finance {
        return None;
    }
    let (noun, rest) = subject.split_once(':')?;
    match noun {
        "inspection" => Some(format!("/inspections/{}", rest.split('#').next().unwrap_or(rest))),
        "complaint" => Some(format!("/complaints/{rest}")),
        _ => None,
    }
}

/// The form of an appeal, below what it is about.
pub(crate) async fn appeal(entered: Entered, Path(id): Path<i64>) -> PageResult {
    let context = receipt(&entered, id).await?;
    entered.page("entries/appeal.html", context)
}

/// Contests an entry; evidence is sent from the appeal's own page.
pub(crate) async fn make_appeal(
    entered: Entered,
    Path(id): Path<i64>,
    Form(typed): Form<Said>,
) -> PageResult {
    let body = typed.body.clone();
    match entered.at_desk(move |desk| appeals::make(desk, id, &body)).await {
        Ok(appeal) => Ok(entered.onward(&format!("/appeals/{appeal}"), "appeal-made")),
        Err(error) => {
            let refused = cases::refused(&entered, error)?;
            let context =
                merge_maps([context! { refused, typed => typed.body }, receipt(&entered, id).await?]);
            cases::unprocessed(entered.page("entries/appeal.html", context))
        }
    }
}
