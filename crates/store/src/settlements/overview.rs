//! What a page shows of settlements: kept figures, read in the order and by the page that is asked for.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date as SqlDate, Nullable, Text};
use farsight_rulebook::period::Period;
use serde::Serialize;

use crate::values::pg_month;
use crate::{StoreError, Tx};

/// Which rows of a list, in which order.
#[derive(Debug, Clone, Copy)]
pub struct Part<'p> {
    /// The column to sort by, and whether downwards; one that is not known sorts as nothing was said.
    pub sort: Option<(&'p str, bool)>,
    /// How many.
    pub limit: i64,
    /// After how many.
    pub offset: i64,
}

impl Part<'_> {
    /// An `ORDER BY` of one of these names, each with its expression, and then of `last`.
    pub(crate) fn order(self, known: &[(&str, &str)], last: &str) -> String {
        let by = self.sort.and_then(|(name, down)| {
            let (_, expression) = known.iter().find(|(known, _)| *known == name)?;
            Some(format!("{expression} {}, ", if down { "DESC" } else { "ASC" }))
        });
        format!(
            "ORDER BY {}{last} LIMIT {} OFFSET {}",
            by.unwrap_or_default(),
            self.limit.max(0),
            self.offset.max(0)
        )
    }
}

/// A month in the list of settlements.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Month {
    /// Like `2026-03`.
    #[diesel(sql_type = Text)]
    pub period: String,
    /// Where it stands; `open` when it was never calculated.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// Who reviewed it.
    #[diesel(sql_type = Nullable<Text>)]
    pub reviewed_by: Option<String>,
    /// Who approved it.
    #[diesel(sql_type = Nullable<Text>)]
    pub approved_by: Option<String>,
    /// Who calculated it.
    #[diesel(sql_type = Nullable<Text>)]
    pub calculated_by: Option<String>,
    /// Who locked it.
    #[diesel(sql_type = Nullable<Text>)]
    pub locked_by: Option<String>,
    /// When, in microseconds since 1970, as the following.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub calculated_at: Option<i64>,
    /// When it was reviewed.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reviewed_at: Option<i64>,
    /// When it was approved.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub approved_at: Option<i64>,
    /// When it was locked.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub locked_at: Option<i64>,
    /// The audit chain's head when it was locked.
    #[diesel(sql_type = Nullable<Text>)]
    pub audit_head: Option<String>,
    /// When its figures were added up.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub figured_at: Option<i64>,
    /// The ledger's own sum then, in minor units.
    #[diesel(sql_type = BigInt)]
    pub entry_sum: i64,
    /// How many entries.
    #[diesel(sql_type = BigInt)]
    pub entry_count: i64,
    /// Whether something was posted that is not in the figures.
    #[diesel(sql_type = Bool)]
    pub stale: bool,
}

const MONTH: &str = "to_char(coalesce(s.period, t.period), 'YYYY-MM') AS period, coalesce(s.status, 'open') AS status,
    s.calculated_by, s.reviewed_by, s.approved_by, s.locked_by, s.audit_head,
    (extract(epoch FROM s.calculated_at) * 1000000)::bigint AS calculated_at, (extract(epoch FROM s.reviewed_at) * 1000000)::bigint AS reviewed_at,
    (extract(epoch FROM s.approved_at) * 1000000)::bigint AS approved_at, (extract(epoch FROM s.locked_at) * 1000000)::bigint AS locked_at,
    (extract(epoch FROM t.figured_at) * 1000000)::bigint AS figured_at, coalesce(t.entry_sum, 0) AS entry_sum,
    coalesce(t.entry_count, 0) AS entry_count, coalesce(t.stale, true) AS stale
    FROM settlements s LEFT JOIN settlement_totals t USING (tenant_id, period)";

/// A settlement with its steps and its ledger's sum.
pub fn month(tx: &mut Tx, period: Period) -> Result<Option<Month>, StoreError> {
    Ok(diesel::sql_query(format!("SELECT {MONTH} WHERE s.period = $1"))
        .bind::<SqlDate, _>(pg_month(period))
        .get_result(tx.connection)
        .optional()?)
}

/// All settlements, the latest first.
pub fn months(tx: &mut Tx) -> Result<Vec<Month>, StoreError> {
    Ok(diesel::sql_query(format!("SELECT {MONTH} ORDER BY s.period DESC")).load(tx.connection)?)
}

/// The first and the last month that anything is posted in.
pub fn posted_span(tx: &mut Tx) -> Result<Option<(String, String)>, StoreError> {
    #[derive(QueryableByName)]
    struct Span {
        #[diesel(sql_type = Nullable<Text>)]
        first: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        last: Option<String>,
    }
    let span: Span = diesel::sql_query(
        "SELECT to_char((SELECT period FROM entries ORDER BY period LIMIT 1), 'YYYY-MM') AS first,
                to_char((SELECT period FROM entries ORDER BY period DESC LIMIT 1), 'YYYY-MM') AS last",
    )
    .get_result(tx.connection)?;
    Ok(span.first.zip(span.last))
}

/// Sums of a month's entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, QueryableByName)]
pub struct Sum {
    /// Of which clause, region or kind of party.
    #[diesel(sql_type = Text)]
    pub of: String,
    /// Charges below zero, in minor units.
    #[diesel(sql_type = BigInt)]
    pub penalties: i64,
    /// Charges above zero.
    #[diesel(sql_type = BigInt)]
    pub incentives: i64,
    /// Reversals.
    #[diesel(sql_type = BigInt)]
    pub reversals: i64,
    /// All three.
    #[diesel(sql_type = BigInt)]
    pub net: i64,
    /// How many entries.
    #[diesel(sql_type = BigInt)]
    pub entries: i64,
}

/// A month's sums, from the ledger's entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// By clause.
    pub clauses: Vec<Sum>,
    /// By the dealer's region, empty for persons, with its name.
    pub regions: Vec<(Sum, String)>,
}

/// A month's sums by clause and by region.
pub fn sums(tx: &mut Tx, period: Period) -> Result<Sums, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(embed)]
        sum: Sum,
        #[diesel(sql_type = Bool)]
        of_region: bool,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT s.*, coalesce(r.name, '') AS name FROM (
             SELECT coalesce(clause, region_code) AS of, grouping(clause) = 1 AS of_region, sum(penalties)::bigint AS penalties,
                 sum(incentives)::bigint AS incentives, sum(reversals)::bigint AS reversals,
                 sum(penalties + incentives + reversals)::bigint AS net, sum(entry_count)::bigint AS entries
             FROM settlement_sums WHERE period = $1 GROUP BY GROUPING SETS ((clause), (region_code))) s
         LEFT JOIN regions r ON s.of_region AND r.region_code = s.of AND r.superseded_at = 'infinity' AND NOT r.voided
         ORDER BY s.of COLLATE \"C\"",
    )
    .bind::<SqlDate, _>(pg_month(period))
    .load(tx.connection)?;
    let (regions, clauses): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.of_region);
    Ok(Sums {
        clauses: clauses.into_iter().map(|row| row.sum).collect(),
        regions: regions.into_iter().map(|row| (row.sum, row.name)).collect(),
    })
}

/// A month's sums by kind of party, from the lines; `of` is the kind, `entries` those the lines count.
pub fn of_lines(tx: &mut Tx, period: Period) -> Result<Vec<(Sum, i64)>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(embed)]
        sum: Sum,
        #[diesel(sql_type = BigInt)]
        parties: i64,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT party_kind AS of, sum(penalties)::bigint AS penalties, sum(incentives)::bigint AS incentives, sum(reversals)::bigint AS reversals,
             sum(net)::bigint AS net, sum(entry_count)::bigint AS entries, count(*) AS parties
         FROM settlement_parties WHERE period = $1 GROUP BY party_kind ORDER BY party_kind",
    )
    .bind::<SqlDate, _>(pg_month(period))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.sum, row.parties)).collect())
}

/// A party's line.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct PartyLine {
    /// `dealer` or `person`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Their code.
    #[diesel(sql_type = Text)]
    pub party: String,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The dealer's region; empty for persons.
    #[diesel(sql_type = Text)]
    pub region: String,
    /// Charges below zero, in minor units.
    #[diesel(sql_type = BigInt)]
    pub penalties: i64,
    /// Charges above zero.
    #[diesel(sql_type = BigInt)]
    pub incentives: i64,
    /// Reversals.
    #[diesel(sql_type = BigInt)]
    pub reversals: i64,
    /// All three.
    #[diesel(sql_type = BigInt)]
    pub net: i64,
    /// How many entries.
    #[diesel(sql_type = BigInt)]
    pub entries: i64,
}

/// What lines are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinesOf<'l> {
    /// `dealer` or `person`; none: both.
    pub kind: Option<&'l str>,
    /// Of one region.
    pub region: Option<&'l str>,
    /// Whose code or name has this in it.
    pub text: Option<&'l str>,
}

const LINE_ORDER: [(&str, &str); 9] = [
    ("kind", "party_kind"),
    ("party", "party_code COLLATE \"C\""),
    ("name", "name"),
    ("region", "region_code"),
    ("penalties", "penalties"),
    ("incentives", "incentives"),
    ("reversals", "reversals"),
    ("net", "net"),
    ("entries", "entry_count"),
];

/// Some lines of a month, and how many there are in all.
pub fn party_lines(
    tx: &mut Tx,
    period: Period,
    of: LinesOf,
    part: Part,
) -> Result<(Vec<PartyLine>, i64), StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(embed)]
        line: PartyLine,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT party_kind AS kind, party_code AS party, name, region_code AS region, penalties, incentives, reversals, net,
             entry_count AS entries, count(*) OVER () AS total
         FROM settlement_parties WHERE period = $1 AND ($2 IS NULL OR party_kind = $2) AND ($3 IS NULL OR region_code = $3)
           AND ($4 IS NULL OR strpos(lower(party_code || ' ' || name), lower($4)) > 0) {}",
        part.order(&LINE_ORDER, "party_kind, party_code COLLATE \"C\"")
    ))
    .bind::<SqlDate, _>(pg_month(period))
    .bind::<Nullable<Text>, _>(of.kind)
    .bind::<Nullable<Text>, _>(of.region)
    .bind::<Nullable<Text>, _>(of.text)
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(|row| row.line).collect(), total))
}

/// What became different for a party under a clause.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Change {
    /// `last`: since the last calculation; `before`: between it and the one before.
    #[diesel(sql_type = Text)]
    pub since: String,
    /// `dealer` or `person`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Who.
    #[diesel(sql_type = Text)]
    pub party: String,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The clause.
    #[diesel(sql_type = Text)]
    pub clause: String,
    /// The sum before, in minor units.
    #[diesel(sql_type = BigInt)]
    pub was: i64,
    /// The sum after.
    #[diesel(sql_type = BigInt)]
    pub became: i64,
    /// How many differences there are in all.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
}

/// The largest differences of a month.
pub fn changes(tx: &mut Tx, period: Period, part: Part) -> Result<Vec<Change>, StoreError> {
    let order =
        [("was", "was"), ("became", "became"), ("party", "party_code COLLATE \"C\""), ("clause", "clause")];
    Ok(diesel::sql_query(format!(
        "SELECT c.since, c.party_kind AS kind, c.party_code AS party, coalesce(p.name, '') AS name, c.clause, c.was, c.became, count(*) OVER () AS total
         FROM settlement_changes c LEFT JOIN settlement_parties p USING (tenant_id, period, party_kind, party_code) WHERE c.period = $1 {}",
        part.order(&order, "since DESC, abs(became - was) DESC, party_kind, party_code COLLATE \"C\", clause")
    ))
    .bind::<SqlDate, _>(pg_month(period))
    .load(tx.connection)?)
}
