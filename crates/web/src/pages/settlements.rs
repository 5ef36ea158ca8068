//! `/settlements`: months being settled, one month with its steps and figures, its lines, its exports.

use axum::Form;
use axum::extract::Path;
use farsight_control::export::{self, Report};
use farsight_control::settle::{self, Look};
use farsight_control::{journal, pack};
use farsight_ledger::settlement::{Role, Status};
use farsight_rulebook::moment;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use farsight_store::settlements::{LinesOf, Part, PartyLine};
use minijinja::context;
use serde::Deserialize;
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::table::{Cell, Column, Kind, Table, Tone, WORKBOOK, download};
use crate::views::value;

/// The month that a path names; another text names nothing.
pub(crate) fn period(text: &str) -> Result<Period, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// The part of a list that is asked for.
pub(crate) fn part(ask: &Ask) -> Part<'_> {
    let sort =
        ask.get("sort").map(|asked| asked.strip_prefix('-').map_or((asked, false), |name| (name, true)));
    Part { sort, limit: ask.limit(), offset: ask.offset() }
}

/// A settlement's status as a state.
pub(crate) fn status(entered: &Entered, name: &str) -> Result<Cell, PageError> {
    let tone = match name {
        "locked" => Tone::Good,
        "approved" | "reviewed" => Tone::Notice,
        "calculated" => Tone::Warning,
        _ => Tone::Plain,
    };
    Ok(Cell::State(tone, entered.frame().reading().say(&format!("settlements.status-{name}"), &[])?))
}

/// Every month.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let (months, open) = entered.at_desk(settle::months).await?;
    let mut rows = Vec::new();
    for listed in &months {
        let month = &listed.month;
        let moment = |at: Option<i64>| Cell::of(at, |at| Cell::Instant(Instant(at)));
        rows.push(vec![
            Cell::link(&month.period, format!("/settlements/{}", month.period)),
            status(&entered, &month.status)?,
            Cell::Money(month.entry_sum),
            Cell::Count(month.entry_count),
            moment(month.calculated_at),
            Cell::text(month.reviewed_by.clone().unwrap_or_default()),
            Cell::text(month.approved_by.clone().unwrap_or_default()),
            Cell::text(month.locked_by.clone().unwrap_or_default()),
            moment(month.locked_at),
            if listed.over { Cell::Count(listed.days) } else { Cell::Empty },
        ]);
    }
    let total = rows.len() as i64;
    let table = Table {
        name: "settlements",
        columns: vec![
            Column::new("period", Kind::Text).labelled("settlements.period"),
            Column::new("status", Kind::Text).labelled("settlements.status"),
            Column::new("net", Kind::Money).labelled("settlements.net"),
            Column::new("entries", Kind::Count).labelled("settlements.entries"),
            Column::new("calculated_at", Kind::Instant).labelled("settlements.calculated-at"),
            Column::new("reviewed_by", Kind::Text).labelled("settlements.reviewed-by"),
            Column::new("approved_by", Kind::Text).labelled("settlements.approved-by"),
            Column::new("locked_by", Kind::Text).labelled("settlements.locked-by"),
            Column::new("locked_at", Kind::Instant).labelled("settlements.locked-at"),
            Column::new("days", Kind::Count).labelled("settlements.days"),
        ],
        rows,
        total,
        empty: "settlements.empty",
    };
    let locked: Vec<i64> =
        months.iter().filter(|month| month.month.status == "locked").map(|month| month.days).collect();
    let next = months
        .iter()
        .rev()
        .find(|month| month.month.status != "locked")
        .map(|month| month.month.period.clone());
    let slowest = locked.iter().max().copied();
    table.answer(&entered, &ask, "settlements/settlements.html", || {
        Ok(context! { open => value(open), next, locked => locked.len(), slowest, median => median(locked) })
    })
}

fn median(mut days: Vec<i64>) -> Option<i64> {
    days.sort_unstable();
    days.get(days.len() / 2).copied()
}

/// One month.
pub(crate) async fn show(entered: Entered, Path(month): Path<String>) -> PageResult {
    let period = period(&month)?;
    let look = entered.at_desk(move |desk| settle::look(desk, period)).await?;
    let context = seen(&entered, &look);
    entered.page("settlements/settlement.html", context)
}

/// What the page of a month shows: the look, what its steps are, and how wide its bars.
fn seen(entered: &Entered, look: &Look) -> minijinja::Value {
    let month = look.month.as_ref().map(|listed| &listed.month);
    let stands = month.and_then(|month| Status::named(&month.status));
    let steps: Vec<_> = [
        (Status::Calculated, month.and_then(|m| m.calculated_by.clone()), month.and_then(|m| m.calculated_at)),
        (Status::Reviewed, month.and_then(|m| m.reviewed_by.clone()), month.and_then(|m| m.reviewed_at)),
        (Status::Approved, month.and_then(|m| m.approved_by.clone()), month.and_then(|m| m.approved_at)),
        (Status::Locked, month.and_then(|m| m.locked_by.clone()), month.and_then(|m| m.locked_at)),
    ]
    .into_iter()
    .map(|(step, by, at)| json!({ "name": step.name(), "done": stands.is_some_and(|stands| stands >= step), "by": by, "at": at }))
    .collect();
    let finance = entered.role() == Role::Finance;
    let next = match stands {
        None => "calculate",
        Some(Status::Calculated) => "review",
        Some(Status::Reviewed) => "approve",
        Some(Status::Approved) => "lock",
        Some(Status::Locked) => "",
    };
    let me = Some(entered.email());
    let first = match next {
        "approve" => month.and_then(|month| month.reviewed_by.as_deref()),
        "lock" => month.and_then(|month| month.approved_by.as_deref()),
        _ => None,
    };
    let widest =
        look.regions.iter().map(|region| region.sum.penalties.abs().max(region.sum.incentives)).max();
    let wide = |amount: i64| bar(amount.abs(), widest.unwrap_or(0));
    let regions: Vec<_> = look
        .regions
        .iter()
        .map(|region| json!({ "of": region.sum.of, "name": region.name, "penalties": region.sum.penalties, "incentives": region.sum.incentives,
            "reversals": region.sum.reversals, "net": region.sum.net, "entries": region.sum.entries, "ratio": region.ratio.map(|ratio| format!("{ratio:.1} : 1")),
            "minus": wide(region.sum.penalties), "plus": wide(region.sum.incentives) }))
        .collect();
    let kinds: Vec<_> =
        look.kinds.iter().map(|(sum, parties)| json!({ "sum": sum, "parties": parties })).collect();
    let changed = look.changes.first().map_or(0, |change| change.total);
    context! {
        look => value(look), steps => value(steps), next, regions => value(regions), kinds => value(kinds), states => value(&look.states),
        changed, finance, same_person => first.is_some() && first == me,
        blocked => next == "lock" && (look.locked_first.is_some() || !look.behind.is_empty() || !look.unseen.is_empty()),
    }
}

/// The width of a bar of at most 100.
fn bar(amount: i64, widest: i64) -> i64 {
    if widest > 0 { (amount * 100 / widest).max(i64::from(amount > 0)) } else { 0 }
}

/// A step, by somebody who looked at the figures of a moment.
#[derive(Deserialize)]
pub(crate) struct Seen {
    seen: i64,
}

/// Takes a step.
async fn advance(entered: Entered, month: String, to: Status, seen: i64, done: &str) -> PageResult {
    let at = period(&month)?;
    entered.at_desk(move |desk| settle::advance(desk, at, to, seen)).await?;
    Ok(entered.onward(&format!("/settlements/{month}"), done))
}

/// Calculates the month, or calculates it again.
pub(crate) async fn calculate(
    entered: Entered,
    Path(month): Path<String>,
    Form(seen): Form<Seen>,
) -> PageResult {
    advance(entered, month, Status::Calculated, seen.seen, "settlement-calculated").await
}

/// A first person has looked.
pub(crate) async fn review(
    entered: Entered,
    Path(month): Path<String>,
    Form(seen): Form<Seen>,
) -> PageResult {
    advance(entered, month, Status::Reviewed, seen.seen, "settlement-reviewed").await
}

/// A second person agrees.
pub(crate) async fn approve(
    entered: Entered,
    Path(month): Path<String>,
    Form(seen): Form<Seen>,
) -> PageResult {
    advance(entered, month, Status::Approved, seen.seen, "settlement-approved").await
}

/// Never changes again.
pub(crate) async fn lock(entered: Entered, Path(month): Path<String>, Form(seen): Form<Seen>) -> PageResult {
    advance(entered, month, Status::Locked, seen.seen, "settlement-locked").await
}

/// The lines of all parties.
pub(crate) async fn lines(entered: Entered, Path(month): Path<String>, ask: Ask) -> PageResult {
    parties(entered, month, ask, None).await
}

/// The lines of persons: a file of their own, since it goes to the pay office and not to dealers.
pub(crate) async fn people(entered: Entered, Path(month): Path<String>, ask: Ask) -> PageResult {
    parties(entered, month, ask, Some("person")).await
}

async fn parties(entered: Entered, month: String, ask: Ask, only: Option<&'static str>) -> PageResult {
    let at = period(&month)?;
    let asked = ask.clone();
    let listed = entered
        .at_desk(move |desk| {
            let of = LinesOf {
                kind: only.or(asked.get("kind")),
                region: asked.get("region"),
                text: asked.get("q"),
            };
            settle::lines(desk, at, of, part(&asked))
        })
        .await?;
    let reading = entered.frame().reading();
    let mut rows = Vec::new();
    for line in listed.rows {
        let kind = reading.say(&format!("settlements.kind-{}", line.kind), &[])?;
        rows.push(line_row(&month, line, kind));
    }
    let table = Table {
        name: if only.is_some() { "settlement-people" } else { "settlement-lines" },
        columns: line_columns(),
        rows,
        total: listed.total,
        empty: "settlements.no-lines",
    };
    table.answer(&entered, &ask, "settlements/lines.html", || {
        Ok(context! { period => month, people => only.is_some(), regions => value(named(listed.regions)) })
    })
}

/// Codes and names, for a choice.
pub(crate) fn named(regions: Vec<(String, String)>) -> Vec<serde_json::Value> {
    regions.into_iter().map(|(code, name)| json!({ "code": code, "name": name })).collect()
}

fn line_row(month: &str, line: PartyLine, kind: String) -> Vec<Cell> {
    let party = if line.kind == "dealer" {
        Cell::link(&line.party, format!("/statements/{month}/{}", line.party))
    } else {
        Cell::text(&line.party)
    };
    vec![
        Cell::text(kind),
        party,
        Cell::text(line.name),
        Cell::text(line.region),
        Cell::Money(line.penalties),
        Cell::Money(line.incentives),
        Cell::Money(line.reversals),
        Cell::Money(line.net),
        Cell::Count(line.entries),
    ]
}

fn line_columns() -> Vec<Column> {
    vec![
        Column::new("kind", Kind::Text).labelled("settlements.kind").sorts(),
        Column::new("party", Kind::Text).labelled("settlements.party").sorts(),
        Column::new("name", Kind::Text).labelled("settlements.name").sorts(),
        Column::new("region", Kind::Text).labelled("settlements.region").sorts(),
        Column::new("penalties", Kind::Money).labelled("settlements.penalties").sorts(),
        Column::new("incentives", Kind::Money).labelled("settlements.incentives").sorts(),
        Column::new("reversals", Kind::Money).labelled("settlements.reversals").sorts(),
        Column::new("net", Kind::Money).labelled("settlements.net").sorts(),
        Column::new("entries", Kind::Count).labelled("settlements.entries").sorts(),
    ]
}

/// What became different.
pub(crate) async fn changes(entered: Entered, Path(month): Path<String>, ask: Ask) -> PageResult {
    let at = period(&month)?;
    let asked = ask.clone();
    let changes = entered.at_desk(move |desk| settle::changes(desk, at, part(&asked))).await?;
    let total = changes.first().map_or(0, |change| change.total);
    let reading = entered.frame().reading();
    let mut rows = Vec::new();
    for change in changes {
        rows.push(vec![
            Cell::text(reading.say(&format!("settlements.since-{}", change.since), &[])?),
            Cell::text(change.party),
            Cell::text(change.name),
            Cell::text(change.clause),
            Cell::Money(change.was),
            Cell::Money(change.became),
            Cell::Money(change.became - change.was),
        ]);
    }
    let table = Table {
        name: "settlement-changes",
        columns: vec![
            Column::new("since", Kind::Text).labelled("settlements.since"),
            Column::new("party", Kind::Text).labelled("settlements.party").sorts(),
            Column::new("name", Kind::Text).labelled("settlements.name"),
            Column::new("clause", Kind::Text).labelled("settlements.clause").sorts(),
            Column::new("was", Kind::Money).labelled("settlements.was").sorts(),
            Column::new("became", Kind::Money).labelled("settlements.became").sorts(),
            Column::new("difference", Kind::Money).labelled("settlements.difference"),
        ],
        rows,
        total,
        empty: "settlements.no-changes",
    };
    table.answer(&entered, &ask, "settlements/changes.html", || Ok(context! { period => month }))
}

/// The month's proof pack.
async fn packed(entered: Entered, month: String, at: Period) -> PageResult {
    let app = entered.app().clone();
    let bytes = entered
        .at_desk(move |desk| {
            let mut bytes = Vec::new();
            pack::pack(desk, &app.parts.sealer, at, &mut bytes)?;
            Ok(bytes)
        })
        .await?;
    Ok(download(bytes, "application/zip", &format!("pack-{month}.zip")))
}

/// The month's vouchers.
async fn vouchers(entered: Entered, month: &str, of: journal::Of, format: Option<&str>) -> PageResult {
    let (format, kind, ending) = match format {
        None | Some("csv") => (journal::Format::Csv { bom: false }, "text/csv; charset=utf-8", "csv"),
        Some("xlsx") => (journal::Format::Xlsx, WORKBOOK, "xlsx"),
        Some("xml") => (journal::Format::Xml, "application/xml", "xml"),
        Some(_) => return Err(PageError::NotFound),
    };
    let app = entered.app().clone();
    let bytes = entered
        .at_desk(move |desk| {
            let mut bytes = Vec::new();
            journal::journal(desk, &app.parts.accounts, of, format, &mut bytes)?;
            Ok(bytes)
        })
        .await?;
    Ok(download(bytes, kind, &format!("journal-{month}.{ending}")))
}

/// The past moment that a download is asked for; none: now.
fn known_at(entered: &Entered, ask: &Ask) -> Result<Option<Instant>, PageError> {
    let read = |text| {
        moment::read(text, entered.zone()).map_err(|why| PageError::Refused {
            code: "no_moment".to_owned(),
            text: format!("known_at '{text}' {why}"),
        })
    };
    ask.get("known_at").map(read).transpose()
}

/// The very bytes that `farsight export` writes: `?what=settlement` or `entries`, `?format=csv`, `ndjson` or `xlsx`; or
/// `?what=pack`, `?what=journal` with `?format=csv`, `xlsx` or `xml`. With `known_at`, a past moment, as known then.
pub(crate) async fn file(entered: Entered, Path(month): Path<String>, ask: Ask) -> PageResult {
    let at = period(&month)?;
    let known_at = known_at(&entered, &ask)?;
    if ask.get("what") == Some("pack") {
        if known_at.is_some() {
            return Err(PageError::Refused {
                code: "pack_known_at".to_owned(),
                text: "a pack always says what was known at its month's last posting".to_owned(),
            });
        }
        return packed(entered, month, at).await;
    }
    let of = journal::Of { period: at, known_at };
    if ask.get("what") == Some("journal") {
        return vouchers(entered, &month, of, ask.get("format")).await;
    }
    let what = match ask.get("what") {
        None | Some("settlement") => Report::Settlement,
        Some("entries") => Report::Entries,
        Some(_) => return Err(PageError::NotFound),
    };
    let (format, kind, ending) = match ask.get("format") {
        None | Some("csv") => (export::Format::Csv { bom: false }, "text/csv; charset=utf-8", "csv"),
        Some("ndjson") => (export::Format::Ndjson, "application/x-ndjson", "ndjson"),
        Some("xlsx") => (export::Format::Xlsx, WORKBOOK, "xlsx"),
        Some(_) => return Err(PageError::NotFound),
    };
    let bytes = entered
        .at_desk(move |desk| {
            let mut bytes = Vec::new();
            export::export(desk, what, export::Of { period: Some(at), known_at }, format, &mut bytes)?;
            Ok(bytes)
        })
        .await?;
    Ok(download(bytes, kind, &format!("{}-{month}.{ending}", what.name())))
}
