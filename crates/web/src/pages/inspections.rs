//! `/inspections`: the list, and one with its items, pictures, charges and excuses.

use axum::extract::Path;
use farsight_control::inspections::{self, Entry, Filter, ItemResult, Listed, Order, Page, Pair};
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Text;
use farsight_rulebook::time::plus_days;
use jiff::civil::Date;
use minijinja::context;
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::evidence;
use crate::router::WATCHERS;
use crate::table::{Cell, Column, Kind, Table};
use crate::views::value;

/// The results of an item, as facts have them.
pub(crate) const RESULTS: [&str; 4] = ["pass", "fail", "na", "not-visible"];
/// Where nothing is said, a list goes so many days back.
const DAYS_BACK: i64 = 30;

/// A text of the policy in the reader's language.
pub(crate) fn said(text: &Text, language: Language) -> &str {
    match language {
        Language::Chinese => &text.zh,
        Language::English => &text.en,
    }
}

/// The days that a list is of: as asked, or the last ones.
fn days(entered: &Entered, ask: &Ask) -> (Date, Date) {
    let today = entered.zone().date(entered.now());
    let to: Date = ask.read_as("to").unwrap_or(today);
    (ask.read_as("from").unwrap_or_else(|| plus_days(to, -DAYS_BACK)), to)
}

fn order(ask: &Ask) -> Order {
    match ask.sort(&["at", "dealer", "failed", "charged"]) {
        Some(("at", false)) => Order::Earliest,
        Some(("dealer", _)) => Order::Dealer,
        Some(("failed", _)) => Order::Failures,
        Some(("charged", _)) => Order::Charge,
        _ => Order::Latest,
    }
}

/// The inspections of some days.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let (from, to) = days(&entered, &ask);
    let (start, end) = (entered.zone().midnight(from), entered.zone().end_of(to));
    let page = Page { skip: ask.offset(), most: ask.limit() };
    let asked = ask.clone();
    let (list, total, items) = entered
        .at_desk(move |desk| {
            let filter = Filter {
                from: start,
                to: end,
                dealer: asked.get("dealer"),
                item: asked.get("item"),
                result: asked.get("result").filter(|result| RESULTS.contains(result)),
                kind: asked.get("kind").filter(|kind| ["draw", "follow-up"].contains(kind)),
            };
            let (list, total) = inspections::list(desk, &filter, order(&asked), page)?;
            Ok((list, total, inspections::items(desk, to)?))
        })
        .await?;
    let rows = list.iter().map(|listed| row(&entered, listed)).collect::<Result<_, _>>()?;
    let table = Table { name: "inspections", columns: columns(), rows, total, empty: "inspections.empty" };
    let language = entered.reader().language;
    table.answer(&entered, &ask, "inspections/list.html", || {
        let items: Vec<_> = items
            .iter()
            .map(|(code, title)| json!({ "code": code, "title": said(title, language) }))
            .collect();
        let (from, to) = (from.to_string(), to.to_string());
        Ok(context! { from, to, items => value(items), results => value(RESULTS) })
    })
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("at", Kind::Instant).sorts(),
        Column::new("inspection", Kind::Text).labelled("inspections.id"),
        Column::new("dealer", Kind::Text).sorts(),
        Column::new("name", Kind::Text),
        Column::new("kind", Kind::Text).labelled("inspections.kind"),
        Column::new("passed", Kind::Count).labelled("inspections.result-pass"),
        Column::new("failed", Kind::Count).labelled("inspections.result-fail").sorts(),
        Column::new("not_applicable", Kind::Count).labelled("inspections.result-na"),
        Column::new("not_visible", Kind::Count).labelled("inspections.result-not-visible"),
        Column::new("charged", Kind::Money).labelled("inspections.charged").sorts(),
    ]
}

fn row(entered: &Entered, listed: &Listed) -> Result<Vec<Cell>, PageError> {
    let kind = entered.frame().reading().say(&format!("inspections.kind-{}", listed.kind), &[])?;
    Ok(vec![
        Cell::Instant(listed.at),
        Cell::link(listed.inspection.clone(), format!("/inspections/{}", listed.inspection)),
        Cell::text(listed.dealer.clone()),
        Cell::text(listed.dealer_name.clone()),
        Cell::text(kind),
        Cell::Count(listed.passed),
        Cell::Count(listed.failed),
        Cell::Count(listed.not_applicable),
        Cell::Count(listed.not_visible),
        Cell::Money(listed.charged),
    ])
}

/// One inspection.
pub(crate) async fn one(entered: Entered, Path(id): Path<String>) -> PageResult {
    let inspection = entered.at_desk(move |desk| inspections::one(desk, &id)).await?;
    let language = entered.reader().language;
    let items: Vec<_> = inspection.items.iter().map(|item| shown(item, language)).collect();
    let charged: i64 = inspection
        .items
        .iter()
        .flat_map(|item| &item.entries)
        .chain(&inspection.entries)
        .filter(|entry| entry.party_kind == "dealer")
        .map(|entry| entry.amount)
        .sum();
    let subjects = inspection.items.iter().map(|item| format!("inspection:{}#{}", inspection.id, item.code));
    let subjects = subjects.chain([format!("inspection:{}", inspection.id)]).collect();
    let gallery = evidence::of_subjects(&entered, subjects).await?;
    let pairs: Vec<Pair> =
        inspection.pictures.iter().map(|picture| Pair { picture: picture.clone(), standard: None }).collect();
    let (whole, here) = (format!("inspection:{}", inspection.id), format!("/inspections/{}", inspection.id));
    let upload = evidence::Upload { dealer: &inspection.dealer, subject: &whole, back: &here };
    let context = context! {
        id => inspection.id,
        dealer => inspection.dealer.clone(),
        at => inspection.at.0,
        kind => inspection.kind,
        judged_by => inspection.judged_by,
        failed => inspection.items.iter().filter(|item| item.result == "fail").count(),
        items => value(items),
        entries => value(entries(&inspection.entries)),
        charged,
        pictures => evidence::pictures(&entered, &pairs),
        gallery,
        upload => value(upload),
        may_order => WATCHERS.lets(entered.role()),
    };
    entered.page("inspections/one.html", context)
}

fn shown(item: &ItemResult, language: Language) -> serde_json::Value {
    let excuse = item.excuse.as_ref().map(|excuse| {
        json!({ "ruling": excuse.ruling, "at": excuse.decided_at.0, "by": excuse.by, "note": excuse.note })
    });
    json!({
        "code": item.code, "title": item.title.as_ref().map_or(item.code.as_str(), |title| said(title, language)),
        "result": item.result, "entries": entries(&item.entries), "excuse": excuse,
    })
}

fn entries(entries: &[Entry]) -> Vec<serde_json::Value> {
    let entry = |entry: &Entry| {
        json!({
            "id": entry.id, "kind": entry.kind, "clause": entry.clause, "party": entry.party,
            "party_kind": entry.party_kind, "amount": entry.amount,
        })
    };
    entries.iter().map(entry).collect()
}
