//! What each tab of a dealer's page shows: a table, pictures, or both.

mod service;

use std::collections::HashMap;

use farsight_control::dealers::{Page, Shown, Thresholds};
use farsight_rulebook::messages::Language;
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::{Severity, Text};
use farsight_store::board::Clock;
use farsight_store::dealers::{DealerComplaint, DealerEntry, DealerInspection, DealerPerson, Happening};
use farsight_store::figures::DealerMonth;
use minijinja::{Value, context};
use serde_json::json;

use super::{tone, worded};
use crate::drawing::{self, Threshold, picture};
use crate::entered::Entered;
use crate::page::PageError;
use crate::pages::board::ratio;
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::{Reading, value};

/// How a tab is drawn.
pub(super) enum Drawn {
    Table(Table),
    Parts(Value),
    Both(Table, Value),
}

type Titles = HashMap<String, Text>;

fn title(titles: &Titles, clause: &str, reading: &Reading) -> String {
    match (titles.get(clause), reading.language) {
        (Some(title), Language::Chinese) => title.zh.clone(),
        (Some(title), Language::English) => title.en.clone(),
        (None, _) => clause.to_owned(),
    }
}

/// What the tab at hand shows.
pub(super) fn shown(entered: &Entered, page: &Page, reading: &Reading) -> Result<Drawn, PageError> {
    Ok(match &page.shown {
        Shown::Timeline(happened) => {
            let row = |it: &Happening| happening(it, &page.titles, reading);
            Drawn::Parts(context! { happened => value(happened.iter().map(row).collect::<Vec<_>>()) })
        }
        Shown::Money(total, entries) => {
            let drawn = context! { money => picture(money(&page.months, reading)?) };
            Drawn::Both(entry_table(*total, entries, &page.titles, reading), drawn)
        }
        Shown::Tasks(total, clocks) => {
            let row = |clock: &Clock| {
                let mut row = crate::pages::board::clock_row(clock, reading);
                row["late"] = json!(clock.due_at < entered.now());
                row
            };
            let rows: Vec<_> = clocks.iter().map(row).collect();
            Drawn::Parts(context! { clocks => value(rows), clocks_total => total })
        }
        Shown::Inspections(inspections) => Drawn::Table(inspection_table(inspections, reading)),
        Shown::Complaints(complaints) => Drawn::Table(complaint_table(complaints, entered, reading)),
        Shown::People(people) => Drawn::Table(people_table(people, page.today, reading)),
        Shown::Service(service) => {
            Drawn::Both(service::table(service), context! { cards => value(service::cards(service)) })
        }
        Shown::Trends(thresholds) => {
            Drawn::Parts(context! { trends => Value::from(trends(&page.months, *thresholds, reading)?) })
        }
    })
}

fn happening(it: &Happening, titles: &Titles, reading: &Reading) -> serde_json::Value {
    let (what, to) = match it.kind.as_str() {
        "alert" => (title(titles, &it.clause, reading), format!("/alerts/{}", it.id)),
        "entry" | "reversal" => (title(titles, &it.clause, reading), format!("/entries/{}", it.id)),
        "complaint" => {
            let (severity, category) = (&it.clause, &it.subject);
            let told =
                [worded(reading, "complaint-severity", severity), worded(reading, "category", category)];
            (told.join(" · "), format!("/complaints/{}", it.id))
        }
        _ => (worded(reading, "dealers", &format!("kind-{}", it.clause)), format!("/inspections/{}", it.id)),
    };
    json!({
        "kind": it.kind, "at": it.at.0, "id": it.id, "what": what, "to": to, "subject": it.subject,
        "tone": Severity::named(&it.severity).map(tone), "severity": it.severity,
        "amount": it.amount.map(|Money(minor)| minor), "passed": it.items.0, "failed": it.items.1,
    })
}

fn entry_table(total: i64, entries: &[DealerEntry], titles: &Titles, reading: &Reading) -> Table {
    let columns = vec![
        Column::new("entry", Kind::Text).labelled("dealers.entry"),
        Column::new("period", Kind::Text).labelled("dealers.period"),
        Column::new("occurred_on", Kind::Date).labelled("dealers.occurred-on"),
        Column::new("clause", Kind::Text).labelled("dealers.clause"),
        Column::new("subject", Kind::Text).labelled("dealers.subject"),
        Column::new("amount", Kind::Money),
        Column::new("kind", Kind::Text).labelled("dealers.kind"),
    ];
    let row = |it: &DealerEntry| {
        let (kind, tone) = if it.is_reversal { ("reversal", Tone::Notice) } else { ("charge", Tone::Plain) };
        vec![
            Cell::link(it.entry.to_string(), format!("/entries/{}", it.entry)),
            Cell::text(it.period.to_string()),
            Cell::Date(it.occurred_on),
            Cell::text(title(titles, &it.clause, reading)),
            Cell::text(&*it.subject),
            Cell::Money(it.amount.0),
            Cell::State(tone, worded(reading, "dealers", kind)),
        ]
    };
    Table {
        name: "dealer-entries",
        columns,
        rows: entries.iter().map(row).collect(),
        total,
        empty: "dealers.no-entries",
    }
}

fn inspection_table(inspections: &[DealerInspection], reading: &Reading) -> Table {
    let columns = vec![
        Column::new("inspection", Kind::Text).labelled("dealers.inspection"),
        Column::new("at", Kind::Instant),
        Column::new("kind", Kind::Text).labelled("dealers.kind"),
        Column::new("passed", Kind::Count).labelled("dealers.passed"),
        Column::new("failed", Kind::Count).labelled("dealers.failed"),
        Column::new("other", Kind::Count).labelled("dealers.other"),
        Column::new("items", Kind::Text).labelled("dealers.failed-items"),
    ];
    let row = |it: &DealerInspection| {
        vec![
            Cell::link(&*it.inspection, format!("/inspections/{}", it.inspection)),
            Cell::Instant(it.at),
            Cell::text(worded(reading, "dealers", &format!("kind-{}", it.kind))),
            Cell::Count(it.passed),
            Cell::Count(it.failed),
            Cell::Count(it.other),
            Cell::text(&*it.failed_items),
        ]
    };
    let total = inspections.len() as i64;
    let rows = inspections.iter().map(row).collect();
    Table { name: "dealer-inspections", columns, rows, total, empty: "dealers.no-inspections" }
}

fn complaint_table(complaints: &[DealerComplaint], entered: &Entered, reading: &Reading) -> Table {
    let columns = vec![
        Column::new("complaint", Kind::Text).labelled("dealers.complaint"),
        Column::new("received_at", Kind::Instant).labelled("dealers.received"),
        Column::new("severity", Kind::Text).labelled("dealers.severity"),
        Column::new("category", Kind::Text).labelled("dealers.category"),
        Column::new("reply", Kind::Text).labelled("dealers.reply"),
        Column::new("reply_due_at", Kind::Instant).labelled("dealers.reply-due"),
        Column::new("close", Kind::Text).labelled("dealers.close"),
        Column::new("close_due_at", Kind::Instant).labelled("dealers.close-due"),
    ];
    let clock = |done: bool, late: bool, waits: bool, due: Option<farsight_rulebook::time::Instant>| {
        let (key, tone) = match (done, late && due.is_some_and(|due| due < entered.now())) {
            (true, false) => ("kept", Tone::Good),
            (true, true) => ("late", Tone::Warning),
            (false, true) => ("overdue-now", Tone::Critical),
            (false, false) if waits => ("waits", Tone::Plain),
            (false, false) => ("runs", Tone::Notice),
        };
        Cell::State(tone, worded(reading, "dealers", key))
    };
    let row = |it: &DealerComplaint| {
        let waits = it.waiting_since.is_some();
        vec![
            Cell::link(&*it.complaint, format!("/complaints/{}", it.complaint)),
            Cell::Instant(it.received_at),
            Cell::text(worded(reading, "complaint-severity", &it.severity)),
            Cell::text(worded(reading, "category", &it.category)),
            clock(it.replied_at.is_some(), it.reply_late, false, it.reply_due_at),
            Cell::of(it.reply_due_at, Cell::Instant),
            clock(it.closed_at.is_some(), it.close_late, waits, it.close_due_at),
            Cell::of(it.close_due_at, Cell::Instant),
        ]
    };
    let total = complaints.len() as i64;
    let rows = complaints.iter().map(row).collect();
    Table { name: "dealer-complaints", columns, rows, total, empty: "dealers.no-complaints" }
}

fn people_table(people: &[DealerPerson], today: jiff::civil::Date, reading: &Reading) -> Table {
    let columns = vec![
        Column::new("person", Kind::Text).labelled("dealers.person"),
        Column::new("name", Kind::Text),
        Column::new("position", Kind::Text).labelled("dealers.position"),
        Column::new("since", Kind::Date).labelled("dealers.since"),
        Column::new("certificates", Kind::Text).labelled("dealers.certificates"),
        Column::new("lapses_on", Kind::Date).labelled("dealers.lapses"),
        Column::new("state", Kind::Text),
    ];
    let soon = farsight_rulebook::time::plus_days(today, 60);
    let row = |it: &DealerPerson| {
        let (key, tone) = match it.lapses_on {
            None => ("uncertified", Tone::Warning),
            Some(day) if day <= soon => ("lapsing", Tone::Notice),
            Some(_) => ("certified", Tone::Good),
        };
        vec![
            Cell::text(&*it.person),
            Cell::text(&*it.name),
            Cell::text(worded(reading, "position", &it.position)),
            Cell::Date(it.since),
            Cell::text(&*it.certificates),
            Cell::of(it.lapses_on, Cell::Date),
            Cell::State(tone, worded(reading, "dealers", key)),
        ]
    };
    let total = people.len() as i64;
    let rows = people.iter().map(row).collect();
    Table { name: "dealer-people", columns, rows, total, empty: "dealers.no-people" }
}

/// The money of the months: what was earned goes up, what was charged goes down.
fn money(months: &[DealerMonth], reading: &Reading) -> Result<String, PageError> {
    let last = months.len().saturating_sub(1);
    let column = |(index, it): (usize, &DealerMonth)| {
        let net = it.penalties + it.incentives + it.reversals;
        let plus = it.incentives.0 + it.reversals.0.max(0);
        let minus = -it.penalties.0 - it.reversals.0.min(0);
        let month = it.month.to_string();
        drawing::Column {
            title: format!("{month}: {}", reading.money(net.0)),
            label: if (last - index).is_multiple_of(3) { month } else { String::new() },
            up: plus as f64,
            down: minus as f64,
        }
    };
    let columns: Vec<_> = months.iter().enumerate().map(column).collect();
    Ok(drawing::columns(&columns, &reading.say("dealers.money-chart", &[])?))
}

fn trends(
    months: &[DealerMonth],
    policy: Option<Thresholds>,
    reading: &Reading,
) -> Result<Vec<Value>, PageError> {
    let labels: Vec<String> = months.iter().map(|month| month.month.to_string()).collect();
    let threshold = |at: i64, key: &str, tone| -> Result<Threshold, PageError> {
        Ok(Threshold { at: at as f64, label: reading.say(key, &[("at", at.to_string())])?, tone })
    };
    let limits = match policy {
        Some(policy) => vec![
            threshold(policy.warn, "dealers.warn-at", "warning")?,
            threshold(policy.rectify, "dealers.rectify-at", "critical")?,
        ],
        None => Vec::new(),
    };
    let one =
        |key: &'static str, of: &dyn Fn(&DealerMonth) -> Option<f64>, limits: &[Threshold], share: bool| {
            let numbers: Vec<_> = months.iter().map(of).collect();
            let shown = |y: f64| {
                let decimals = usize::from(!share && y.fract().abs() >= 0.05);
                let (y, unit) = if share { (y * 100.0, " %") } else { (y, "") };
                format!("{y:.decimals$}{unit}")
            };
            let label = reading.say(&format!("dealers.{key}"), &[])?;
            let drawn = drawing::trend(&numbers, &labels, limits, shown, &label);
            Ok::<_, PageError>(context! { label, picture => picture(drawn) })
        };
    let turnover =
        |it: &DealerMonth| it.base_customers.zip(it.bays).and_then(|(base, bays)| ratio(base, bays));
    Ok(vec![
        one("turnover", &turnover, &limits, false)?,
        one("pass-rate", &|it| ratio(it.passed, it.passed + it.failed), &[], true)?,
        one("cover", &|it| ratio(it.certified.min(it.required), it.required), &[], true)?,
        one("complaints", &|it| Some(it.complaints_open as f64), &[], false)?,
        one("received-complaints", &|it| Some(it.complaints as f64), &[], false)?,
        one("late", &|it| Some((it.replies_late + it.closings_late) as f64), &[], false)?,
    ])
}
