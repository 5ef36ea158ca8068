//! `/alerts`: what a person is to look at; one of them in words; and that somebody has looked.

use axum::extract::Path;
use farsight_control::alerts::{self, Shown};
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::Instant;
use farsight_store::alerts::{Filter, Order, Status};
use minijinja::context;
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::dealers::{chosen, tone, worded};
use crate::pages::entries::subject_page;
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::value;

const COLUMNS: [Column; 9] = [
    Column::new("alert", Kind::Text).labelled("alerts.alert"),
    Column::new("severity", Kind::Text).labelled("alerts.severity").sorts(),
    Column::new("dealer", Kind::Text).sorts(),
    Column::new("happened", Kind::Text).labelled("alerts.happened"),
    Column::new("amount", Kind::Money).sorts(),
    Column::new("opened", Kind::Instant).labelled("alerts.opened").sorts(),
    Column::new("due", Kind::Instant).labelled("alerts.due").sorts(),
    Column::new("level", Kind::Text).labelled("alerts.level"),
    Column::new("status", Kind::Text).labelled("column.state"),
];

/// The list.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let names = Order::ALL.map(Order::name);
    let (sort, falling) = ask.sort(&names).unwrap_or((Order::Severity.name(), false));
    let filter = Filter {
        dealer: ask.get("dealer").map(str::to_owned),
        region: ask.get("region").map(str::to_owned),
        severity: ask.get("severity").and_then(Severity::named),
        status: ask.get("status").and_then(|name| Status::ALL.into_iter().find(|it| it.name() == name)),
        opened_since: None,
        limit: u32::try_from(ask.limit()).ok(),
        offset: ask.offset(),
        order: Order::ALL.into_iter().find(|order| order.name() == sort).unwrap_or_default(),
        falling,
    };
    let language = entered.reader().language;
    let listed = entered.at_desk(move |desk| alerts::list(desk, &filter, language)).await?;
    let reading = entered.frame().reading();
    let row = |it: &Shown| {
        vec![
            Cell::link(it.alert.to_string(), format!("/alerts/{}", it.alert)),
            Cell::State(severity_tone(&it.severity), worded(&reading, "severity", &it.severity)),
            if it.dealer.is_empty() {
                Cell::Empty
            } else {
                Cell::link(&*it.dealer, format!("/dealers/{}", it.dealer))
            },
            Cell::text(&*it.happened),
            reading.currency.parse(&it.amount).map_or(Cell::Empty, |amount| Cell::Money(amount.0)),
            moment(&it.opened_at),
            Cell::of(it.due_at.as_deref(), moment),
            Cell::text(worded(&reading, "alert-level", it.level)),
            Cell::State(status_tone(it.status), worded(&reading, "alert-status", it.status)),
        ]
    };
    let rows = listed.alerts.iter().map(row).collect();
    let total = i64::try_from(listed.total).unwrap_or(i64::MAX);
    let table = Table { name: "alerts", columns: COLUMNS.to_vec(), rows, total, empty: "alerts.empty" };
    table.answer(&entered, &ask, "alerts/list.html", || {
        let severities = [Severity::Critical, Severity::Warning, Severity::Notice].map(Severity::name);
        let chosen = chosen(&ask, &["dealer", "severity", "status", "sort"]);
        Ok(context! { chosen, severities => value(severities), statuses => value(Status::ALL.map(Status::name)) })
    })
}

/// A cell of an RFC 3339 text.
fn moment(rfc3339: &str) -> Cell {
    let at = rfc3339.parse().ok().and_then(Instant::exactly);
    at.map_or_else(|| Cell::text(rfc3339), Cell::Instant)
}

/// An RFC 3339 text as the tenant's clocks show it: `2026-03-05 14:30`.
fn short(rfc3339: &str) -> String {
    rfc3339.get(..16).map_or_else(|| rfc3339.to_owned(), |text| text.replace('T', " "))
}

fn severity_tone(severity: &str) -> Tone {
    Severity::named(severity).map_or(Tone::Plain, tone)
}

fn status_tone(status: &str) -> Tone {
    match status {
        "open" => Tone::Warning,
        "acknowledged" => Tone::Notice,
        _ => Tone::Good,
    }
}

/// One alert.
pub(crate) async fn show(entered: Entered, Path(alert): Path<String>) -> PageResult {
    let (number, language) = (number(&alert)?, entered.reader().language);
    let found = entered.at_desk(move |desk| alerts::find(desk, number, language)).await?;
    let it = found.ok_or(PageError::NotFound)?;
    let shown = json!({
        "number": it.alert, "severity": it.severity, "tone": severity_tone(&it.severity), "status": it.status,
        "status_tone": status_tone(it.status), "level": it.level, "holder": it.holder, "dealer": it.dealer,
        "subject": it.subject, "to": subject_page(&it.subject, entered.role()), "clause": it.clause, "occurred_on": it.occurred_on.to_string(), "amount": it.amount,
        "due_at": it.due_at, "due": it.due_at.as_deref().map(short), "opened": short(&it.opened_at),
        "escalates_at": it.escalates_at, "escalates": it.escalates_at.as_deref().map(short),
        "acknowledged": it.acknowledged_at.as_deref().map(short), "acknowledged_by": it.acknowledged_by,
        "resolved": it.resolved_at.as_deref().map(short), "flaps": it.flaps,
        "happened": it.happened, "cost": it.cost, "act": it.act,
    });
    entered.page("alerts/alert.html", context! { alert => value(shown) })
}

/// A number in an address; what is none names nothing.
fn number(text: &str) -> Result<i64, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// Says that somebody has looked at it.
pub(crate) async fn acknowledge(entered: Entered, Path(alert): Path<String>) -> PageResult {
    let (number, language, by) = (number(&alert)?, entered.reader().language, entered.email().to_owned());
    let find = entered.at_desk(move |desk| alerts::find(desk, number, language)).await?;
    find.ok_or(PageError::NotFound)?;
    entered.at_desk(move |desk| alerts::acknowledge(desk, number, &by, language)).await?;
    Ok(entered.onward(&format!("/alerts/{number}"), "alert-acknowledged"))
}
