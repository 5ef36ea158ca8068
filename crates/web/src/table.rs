//! Tables: one set of rows, shown as a page's table, as CSV or as a workbook: every table exports as it stands.
//!
//! A screen says its columns and rows; how a cell looks, sorts and exports is here. The template is `shell/_table.html`.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use farsight_exchange::{OutCell, OutColumn, OutFormat, OutKind, Writer};
use farsight_rulebook::money::{Currency, Decimal, Money};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;
use minijinja::Value;
use serde::Serialize;
use serde_json::json;

use crate::ask::{Ask, Format, PAGE_ROWS};
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::views::{Reading, value};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text, codes, states.
    Text,
    /// Whole numbers.
    Count,
    /// Money in minor units.
    Money,
    /// Shares of one and other decimals: in an export the number.
    Share,
    /// Dates.
    Date,
    /// Moments.
    Instant,
}

/// A column: its key names it in the address and in an export; its label is the message `column.KEY` unless said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) key: &'static str,
    pub(crate) label: Option<&'static str>,
    pub(crate) kind: Kind,
    pub(crate) sorts: bool,
}

impl Column {
    pub(crate) const fn new(key: &'static str, kind: Kind) -> Self {
        Self { key, label: None, kind, sorts: false }
    }

    /// With a message of its own as its label.
    pub(crate) const fn labelled(mut self, key: &'static str) -> Self {
        self.label = Some(key);
        self
    }

    /// One that the list can be sorted by.
    pub(crate) const fn sorts(mut self) -> Self {
        self.sorts = true;
        self
    }
}

/// How a state looks: by colour, by shape, and in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tone {
    /// All is well.
    Good,
    /// Worth a look.
    Notice,
    /// To be done soon.
    Warning,
    /// To be done now.
    Critical,
    /// Neither good nor bad.
    Plain,
}

/// A cell.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Empty,
    Text(String),
    /// Text that leads somewhere.
    Link {
        text: String,
        to: String,
    },
    Count(i64),
    /// Minor units.
    Money(i64),
    /// A share of one.
    Share(f64),
    /// A figure, shown with one decimal.
    Figure(f64),
    Date(Date),
    Instant(Instant),
    /// A state: its tone, and what it is called.
    State(Tone, String),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    pub(crate) fn link(text: impl Into<String>, to: impl Into<String>) -> Self {
        Self::Link { text: text.into(), to: to.into() }
    }

    pub(crate) fn of<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Empty, make)
    }
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Names it: its element, its file, its sheet.
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// All rows there are, on all pages.
    pub(crate) total: i64,
    /// The message that says what will appear here and how to make it.
    pub(crate) empty: &'static str,
}

#[derive(Serialize)]
struct Shown {
    name: &'static str,
    caption: String,
    columns: Vec<serde_json::Value>,
    rows: Vec<Vec<serde_json::Value>>,
    total: i64,
    first: i64,
    last: i64,
    previous: Option<String>,
    next: Option<String>,
    csv: String,
    xlsx: String,
    empty: &'static str,
}

impl Table {
    /// The list as asked: a file, or a page from `template`, where the table is `table` besides what `context` has.
    pub(crate) fn answer(
        self,
        entered: &Entered,
        ask: &Ask,
        template: &str,
        context: impl FnOnce() -> Result<Value, PageError>,
    ) -> PageResult {
        if ask.format() != Format::Page {
            return self.file(entered, ask.format());
        }
        let reading = entered.frame().reading();
        let table = value(self.shown(&reading, ask)?);
        let kept: std::collections::BTreeMap<&String, &String> =
            ask.values().iter().filter(|(name, _)| !["page", "format"].contains(&name.as_str())).collect();
        let ask = value(json!({ "path": ask.path(), "values": ask.values(), "kept": kept }));
        let whole = minijinja::value::merge_maps([minijinja::context! { table, ask }, context()?]);
        entered.page(template, whole)
    }

    /// The table as a template sees it, for pages with several.
    pub(crate) fn value(&self, entered: &Entered, ask: &Ask) -> Result<Value, PageError> {
        Ok(value(self.shown(&entered.frame().reading(), ask)?))
    }

    fn shown(&self, reading: &Reading, ask: &Ask) -> Result<Shown, PageError> {
        let sorted = ask.get("sort").unwrap_or_default();
        let columns =
            self.columns.iter().map(|column| head(column, reading, ask, sorted)).collect::<Result<_, _>>()?;
        let rows = self.rows.iter().map(|row| {
            row.iter().zip(&self.columns).map(|(cell, column)| shown(cell, *column, reading)).collect()
        });
        let (page, offset) = (ask.page(), ask.offset());
        let last = offset + self.rows.len() as i64;
        let to = |page: i64| ask.with(&[("page", &page.to_string())]);
        Ok(Shown {
            name: self.name,
            caption: reading.say(&format!("list.{}", self.name), &[])?,
            columns,
            rows: rows.collect(),
            total: self.total,
            first: if self.rows.is_empty() { 0 } else { offset + 1 },
            last,
            previous: (page > 1).then(|| to(page - 1)),
            next: (last < self.total && self.rows.len() as i64 >= PAGE_ROWS).then(|| to(page + 1)),
            csv: ask.with(&[("format", "csv"), ("page", "")]),
            xlsx: ask.with(&[("format", "xlsx"), ("page", "")]),
            empty: self.empty,
        })
    }

    /// The rows as a file.
    fn file(&self, entered: &Entered, format: Format) -> PageResult {
        let columns: Vec<OutColumn> = self
            .columns
            .iter()
            .map(|column| OutColumn { name: column.key, kind: out_kind(column.kind) })
            .collect();
        let (kind, ending, out) = match format {
            Format::Xlsx => (WORKBOOK, "xlsx", OutFormat::Xlsx { sheet: self.name, created: entered.now() }),
            _ => ("text/csv; charset=utf-8", "csv", OutFormat::Csv { bom: true }),
        };
        let mut writer = Writer::new(Vec::new(), out, &columns, entered.zone())?;
        let currency = farsight_control::ground::currency(entered.tenant())?;
        for row in &self.rows {
            let decimals: Vec<_> = row.iter().map(|cell| decimal(cell, currency)).collect();
            let cells: Vec<OutCell> =
                row.iter().zip(&decimals).map(|(cell, decimal)| out_cell(cell, *decimal)).collect();
            writer.row(&cells)?;
        }
        let bytes = writer.finish(&[])?;
        Ok(download(bytes, kind, &format!("{}.{ending}", self.name)))
    }
}

/// What browsers are told of a workbook.
pub(crate) const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A file to be kept, not shown.
pub(crate) fn download(bytes: Vec<u8>, kind: &'static str, name: &str) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let mut answer = bytes.into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    answer
}

fn head(column: &Column, reading: &Reading, ask: &Ask, sorted: &str) -> Result<serde_json::Value, PageError> {
    let label = column.label.map_or_else(|| format!("column.{}", column.key), str::to_owned);
    let down = format!("-{}", column.key);
    let order = match sorted {
        _ if sorted == column.key => "ascending",
        _ if sorted == down => "descending",
        _ => "none",
    };
    let next = if order == "ascending" { down.as_str() } else { column.key };
    let to = column.sorts.then(|| ask.with(&[("sort", next), ("page", "")]));
    Ok(
        json!({ "label": reading.say(&label, &[])?, "order": order, "to": to, "numeric": is_numeric(column.kind) }),
    )
}

const fn is_numeric(kind: Kind) -> bool {
    matches!(kind, Kind::Count | Kind::Money | Kind::Share)
}

fn shown(cell: &Cell, column: Column, reading: &Reading) -> serde_json::Value {
    let numeric = is_numeric(column.kind);
    match cell {
        Cell::Empty => json!({ "empty": true, "numeric": numeric }),
        Cell::Text(text) => json!({ "text": text }),
        Cell::Link { text, to } => json!({ "text": text, "to": to, "numeric": numeric }),
        Cell::Count(count) => json!({ "text": count.to_string(), "numeric": true }),
        Cell::Money(minor) => {
            json!({ "text": reading.money(*minor), "numeric": true, "negative": *minor < 0 })
        }
        Cell::Share(share) => json!({ "text": format!("{:.1} %", share * 100.0), "numeric": true }),
        Cell::Figure(figure) => json!({ "text": format!("{figure:.1}"), "numeric": true }),
        Cell::Date(day) => json!({ "text": day.to_string(), "instant": day.to_string() }),
        Cell::Instant(at) => json!({ "text": reading.moment(*at), "instant": at.to_string() }),
        Cell::State(tone, text) => json!({ "text": text, "tone": tone }),
    }
}

const fn out_kind(kind: Kind) -> OutKind {
    match kind {
        Kind::Text => OutKind::Text,
        Kind::Count => OutKind::Count,
        Kind::Money => OutKind::Amount,
        Kind::Share => OutKind::Number,
        Kind::Date => OutKind::Date,
        Kind::Instant => OutKind::Instant,
    }
}

/// The decimal that a cell of money or shares is; shares to four places.
fn decimal(cell: &Cell, currency: Currency) -> Option<Decimal> {
    match cell {
        Cell::Money(minor) => Some(currency.show(Money(*minor))),
        Cell::Share(share) | Cell::Figure(share) => {
            Some(Decimal { units: (share * 10_000.0).round() as i64, decimals: 4 })
        }
        _ => None,
    }
}

fn out_cell(cell: &Cell, decimal: Option<Decimal>) -> OutCell<'_> {
    match cell {
        Cell::Empty => OutCell::Empty,
        Cell::Text(text) | Cell::Link { text, .. } | Cell::State(_, text) => OutCell::Text(text),
        Cell::Count(count) => OutCell::Count(*count),
        Cell::Money(_) | Cell::Share(_) | Cell::Figure(_) => decimal.map_or(OutCell::Empty, OutCell::Decimal),
        Cell::Date(day) => OutCell::Date(*day),
        Cell::Instant(at) => OutCell::Instant(*at),
    }
}
