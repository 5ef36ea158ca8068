//! The list of inspections: filtered, sorted and cut into pages by the database.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};

/// Which inspections are wanted.
#[derive(Debug, Clone)]
pub struct Filter<'f> {
    /// From this instant on.
    pub from: Instant,
    /// Before this instant.
    pub to: Instant,
    /// Of this dealer.
    pub dealer: Option<&'f str>,
    /// With a result of this item.
    pub item: Option<&'f str>,
    /// With such a result, of the item where one is named.
    pub result: Option<&'f str>,
    /// Of this kind.
    pub kind: Option<&'f str>,
}

/// What a list is sorted by; ties by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The latest first.
    #[default]
    Latest,
    /// The earliest first.
    Earliest,
    /// By dealer.
    Dealer,
    /// The most failures first.
    Failures,
    /// The highest charge first.
    Charge,
}

impl Order {
    const fn sql(self) -> &'static str {
        match self {
            Self::Latest => "f.inspected_at DESC",
            Self::Earliest => "f.inspected_at",
            Self::Dealer => "f.dealer_code, f.inspected_at DESC",
            Self::Failures => "f.failed DESC, f.inspected_at DESC",
            Self::Charge => "charged, f.inspected_at DESC",
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows before it.
    pub skip: i64,
    /// Rows at most.
    pub most: i64,
}

/// An inspection in a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id.
    pub inspection: String,
    /// The dealer.
    pub dealer: String,
    /// The dealer's name.
    pub dealer_name: String,
    /// When.
    pub at: Instant,
    /// `draw` or `follow-up`.
    pub kind: String,
    /// Items that passed.
    pub passed: i64,
    /// Items that failed.
    pub failed: i64,
    /// Items that do not apply.
    pub not_applicable: i64,
    /// Items that could not be seen.
    pub not_visible: i64,
    /// What it costs the dealer by now, minor units; negative is owed.
    pub charged: i64,
}

#[derive(QueryableByName)]
struct ListedRow {
    #[diesel(sql_type = Text)]
    inspection_id: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Timestamptz)]
    inspected_at: PgTimestamp,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    passed: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    not_applicable: i64,
    #[diesel(sql_type = BigInt)]
    not_visible: i64,
    #[diesel(sql_type = BigInt)]
    charged: i64,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// What an inspection costs the dealer, by the entries of the dealer's unit.
const CHARGED: &str = "SELECT coalesce(sum(e.amount), 0)::bigint AS charged FROM entries e
    WHERE e.check_name = 'spot-check' AND e.unit = f.dealer_code AND e.party_kind = 'dealer'
      AND split_part(e.subject, '#', 1) = 'inspection:' || f.inspection_id";

/// The wanted page, and how many inspections there are in all.
pub fn list(
    tx: &mut Tx,
    filter: &Filter,
    order: Order,
    page: Page,
) -> Result<(Vec<Listed>, i64), StoreError> {
    let holds = tx.holds();
    // Who sorts by the charge needs every one; else those of the page are enough.
    let (early, late) = if order == Order::Charge {
        (format!("CROSS JOIN LATERAL ({CHARGED}) AS c"), String::new())
    } else {
        (String::new(), format!("CROSS JOIN LATERAL ({CHARGED}) AS c"))
    };
    let (cut, charge) = (order.sql(), if early.is_empty() { "" } else { ", c.charged" });
    let query = format!(
        "WITH found AS (
             SELECT t.inspection_id, min(t.dealer_code) AS dealer_code, min(t.inspected_at) AS inspected_at, min(t.kind) AS kind,
                 count(*) FILTER (WHERE t.result = 'pass') AS passed, count(*) FILTER (WHERE t.result = 'fail') AS failed,
                 count(*) FILTER (WHERE t.result = 'na') AS not_applicable, count(*) FILTER (WHERE t.result = 'not-visible') AS not_visible
             FROM inspections t
             WHERE {holds} AND t.inspected_at >= $1 AND t.inspected_at < $2
               AND ($3 IS NULL OR t.dealer_code = $3) AND ($4 IS NULL OR t.kind = $4)
             GROUP BY t.inspection_id
             HAVING bool_or(($5 IS NULL OR t.item_code = $5) AND ($6 IS NULL OR t.result = $6))
         ), page AS (
             SELECT f.*, count(*) OVER () AS total{charge} FROM found f {early} ORDER BY {cut}, f.inspection_id OFFSET $7 LIMIT $8
         )
         SELECT f.inspection_id, f.dealer_code, coalesce(d.name, '') AS name, f.inspected_at, f.kind, f.passed, f.failed,
             f.not_applicable, f.not_visible, charged, f.total
         FROM page f {late}
         LEFT JOIN dealers d ON d.dealer_code = f.dealer_code AND d.superseded_at = 'infinity'
         ORDER BY {cut}, f.inspection_id"
    );
    let rows: Vec<ListedRow> = diesel::sql_query(query)
        .bind::<Timestamptz, _>(pg_instant(filter.from))
        .bind::<Timestamptz, _>(pg_instant(filter.to))
        .bind::<Nullable<Text>, _>(filter.dealer)
        .bind::<Nullable<Text>, _>(filter.kind)
        .bind::<Nullable<Text>, _>(filter.item)
        .bind::<Nullable<Text>, _>(filter.result)
        .bind::<BigInt, _>(page.skip)
        .bind::<BigInt, _>(page.most)
        .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(listed).collect(), total))
}

fn listed(row: ListedRow) -> Listed {
    Listed {
        inspection: row.inspection_id,
        dealer: row.dealer_code,
        dealer_name: row.name,
        at: instant(row.inspected_at),
        kind: row.kind,
        passed: row.passed,
        failed: row.failed,
        not_applicable: row.not_applicable,
        not_visible: row.not_visible,
        charged: row.charged,
    }
}
