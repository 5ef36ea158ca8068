//! What stands against keeping what was staged, each fault in its place.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use farsight_rulebook::tables::{Refers, Rule};

use super::staged::quoted;
use super::{Fault, MAX_FAULTS, Merge};
use crate::{StoreError, Tx};

/// Tables that are referred to, with their key, and whether they are too large to hold in memory.
fn referred_to(table: &str) -> Option<(&'static str, bool)> {
    match table {
        "complaints" => Some(("complaint_id", true)),
        "work_orders" => Some(("work_order_id", true)),
        "dealers" => Some(("dealer_code", false)),
        "people" => Some(("person_code", false)),
        "regions" => Some(("region_code", false)),
        _ => None,
    }
}

#[derive(QueryableByName)]
struct FaultRow {
    #[diesel(sql_type = Integer)]
    file: i32,
    #[diesel(sql_type = BigInt)]
    line: i64,
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    other_file: Option<i32>,
    #[diesel(sql_type = Nullable<BigInt>)]
    other_line: Option<i64>,
}

impl Merge<'_> {
    /// References into large tables that lead nowhere.
    pub(super) fn dangling(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
        let mut faults = Vec::new();
        let filled = |at: usize| self.filled & (1 << at) != 0;
        for (_, column) in self.table.columns.iter().enumerate().filter(|(at, _)| filled(*at)) {
            let Some(Refers::To(to)) = column.refers else { continue };
            let Some((key, large)) = referred_to(to) else { continue };
            if !large && !self.asks_all {
                continue;
            }
            let name = quoted(column.name);
            let query = format!(
                "SELECT s.file, s.line, s.{name} AS value, NULL::integer AS other_file, NULL::bigint AS other_line FROM staging s
                 WHERE s.{name} IS NOT NULL AND {included} AND NOT EXISTS (
                     SELECT FROM {to} t WHERE t.{key} = s.{name} AND t.superseded_at = 'infinity')
                 ORDER BY s.file, s.line LIMIT {MAX_FAULTS}",
                included = self.included(),
            );
            faults.extend(Self::ask(tx, &query, column.name, "unknown_reference", || {
                format!("not among the {to}: import it first, or correct the code")
            })?);
        }
        Ok(faults)
    }

    fn ask(
        tx: &mut Tx,
        query: &str,
        column: &str,
        code: &'static str,
        reason: impl Fn() -> String,
    ) -> Result<Vec<Fault>, StoreError> {
        let rows: Vec<FaultRow> = diesel::sql_query(query).load(tx.connection)?;
        let fault = |row: FaultRow| Fault {
            file: row.file,
            line: row.line,
            column: column.to_owned(),
            value: row.value.unwrap_or_default(),
            code,
            reason: reason(),
            other: row.other_file.zip(row.other_line),
        };
        Ok(rows.into_iter().map(fault).collect())
    }

    /// Rows of a person with a part of the network whose key is a row's that they do not see: nothing of it is told.
    pub(super) fn taken(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
        if tx.scope().is_whole() {
            return Ok(Vec::new());
        }
        let required = self.required_bits();
        let key_column = self.table.key().next().map_or("", |(_, column)| column.name);
        let query = format!(
            "SELECT s.file, s.line, {key} AS value, NULL::integer AS other_file, NULL::bigint AS other_line FROM staging s
             WHERE (s.present & {required}) = {required} AND {included} AND NOT EXISTS (
                 SELECT FROM {table} t WHERE {same} AND t.superseded_at = 'infinity')
             ORDER BY s.file, s.line LIMIT {MAX_FAULTS}",
            key = self.key_text("s"),
            included = self.included(),
            table = self.table.name,
            same = self.same_key("t", "s"),
        );
        Self::ask(tx, &query, key_column, "key_taken", || {
            "this key is taken by a row that is not yours: choose another".to_owned()
        })
    }

    /// Rows that leave out a required column and are not known: nothing to keep of them.
    pub(super) fn incomplete(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
        let mut faults = Vec::new();
        let missing_before = |at: usize| {
            let earlier = self.table.columns[..at].iter().enumerate().filter(|(_, c)| c.required);
            earlier.fold(0, |bits, (at, _)| bits | (1 << at))
        };
        for (at, column) in self.table.columns.iter().enumerate().filter(|(_, column)| column.required) {
            let earlier = missing_before(at);
            let query = format!(
                "SELECT s.file, s.line, {key} AS value, NULL::integer AS other_file, NULL::bigint AS other_line FROM staging s
                 WHERE (s.present & {bit}) = 0 AND (s.present & {earlier}) = {earlier} AND {included} AND NOT EXISTS (
                     SELECT FROM {table} t WHERE {same} AND t.superseded_at = 'infinity')
                 ORDER BY s.file, s.line LIMIT {MAX_FAULTS}",
                key = self.key_text("s"),
                bit = 1 << at,
                included = self.included(),
                table = self.table.name,
                same = self.same_key("t", "s"),
            );
            faults.extend(Self::ask(tx, &query, column.name, "missing_column", || {
                "this fact is new and needs the column: add it".to_owned()
            })?);
        }
        Ok(faults)
    }

    /// Rows of one call with one key and different content: an error on both.
    pub(super) fn contradicting(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
        let first = self.first_import;
        let key_column = self.table.key().next().map_or("", |(_, column)| column.name);
        let keys = self.table.key().map(|(_, column)| quoted(column.name)).collect::<Vec<_>>().join(", ");
        let pairs = format!(
            "WITH several AS (
                 SELECT * FROM clashes WHERE known_import < {first} AND ({keys}) IN (
                     SELECT {keys} FROM clashes WHERE known_import < {first} GROUP BY {keys} HAVING count(*) > 1)),
             pair AS (
                 SELECT c.file, c.line, (c.known_import - {first})::integer AS file2, c.known_line AS line2, {key} AS value
                 FROM clashes c WHERE c.known_import >= {first} AND c.differs
                 UNION ALL
                 SELECT a.file, a.line, b.file, b.line, {key_a} FROM several a JOIN several b ON {same}
                 WHERE (a.file, a.line) < (b.file, b.line) AND ({differs}))
             SELECT file, line, value, file2 AS other_file, line2 AS other_line FROM pair
             UNION SELECT file2, line2, value, file, line FROM pair
             ORDER BY 1, 2 LIMIT {MAX_FAULTS}",
            key = self.key_text("c"),
            key_a = self.key_text("a"),
            same = self.same_key("a", "b"),
            differs = self
                .table
                .all_columns()
                .map(|column| format!("a.{name} IS DISTINCT FROM b.{name}", name = quoted(column.name)))
                .collect::<Vec<_>>()
                .join(" OR "),
        );
        Self::ask(tx, &pairs, key_column, "contradicting_rows", || {
            "the same key with other content".to_owned()
        })
    }

    /// Corrections that, with what stays stored, break a rule of their table.
    pub(super) fn broken_rules(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
        let mut faults = Vec::new();
        for rule in self.table.rules {
            let (column, condition, reason) = match *rule {
                Rule::NotBefore { column, earlier } => (
                    column,
                    format!("c.{} < c.{}", quoted(column), quoted(earlier)),
                    format!("{column} lies before the stored {earlier}: correct one of them"),
                ),
                Rule::NeededWhen { column, other, is } => (
                    column,
                    format!("c.{} = '{is}' AND c.{} IS NULL", quoted(other), quoted(column)),
                    format!("{column} is needed when {other} is '{is}'"),
                ),
            };
            let query = format!(
                "SELECT c.file, c.line, c.{name}::text AS value, NULL::integer AS other_file, NULL::bigint AS other_line FROM clashes c WHERE {condition}
                 ORDER BY 1, 2 LIMIT {MAX_FAULTS}",
                name = quoted(column),
            );
            faults.extend(Self::ask(tx, &query, column, "out_of_order", || reason.clone())?);
        }
        Ok(faults)
    }

    /// New facts of a file without a column that they need in their case: the reader can't know that nothing is stored.
    pub(super) fn left_out(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
        let mut faults = Vec::new();
        for rule in self.table.rules {
            let Rule::NeededWhen { column, other, is } = *rule else { continue };
            let Some((at, _)) = self.table.column(column) else { continue };
            let query = format!(
                "SELECT s.file, s.line, NULL::text AS value, NULL::integer AS other_file, NULL::bigint AS other_line FROM staging s
                 WHERE (s.present & {bit}) = 0 AND {included} AND EXISTS (
                     SELECT FROM {table} t WHERE {same} AND t.superseded_at = 'infinity' AND t.import_id = {first} + s.file
                         AND t.line = s.line AND t.{other} = '{is}' AND t.{name} IS NULL)
                 ORDER BY 1, 2 LIMIT {MAX_FAULTS}",
                bit = 1 << at,
                included = self.included(),
                table = self.table.name,
                same = self.same_key("t", "s"),
                first = self.first_import,
                other = quoted(other),
                name = quoted(column),
            );
            faults.extend(Self::ask(tx, &query, column, "needed", || {
                format!("{column} is needed when {other} is '{is}': add the column")
            })?);
        }
        Ok(faults)
    }

    /// Rows that belong together and disagree (formats: all rows of an inspection, of a survey response).
    pub(super) fn inconsistent(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
        let (group, conditions, reason) = match self.table.name {
            "inspections" => (
                "inspection_id",
                ["dealer_code", "inspected_at", "kind"],
                "all rows of an inspection have one dealer, one instant, one kind",
            ),
            "surveys" => (
                "response_id",
                ["dealer_code", "coalesce(employee_code, '')", "answered_at"],
                "all rows of a response have one dealer, one employee, one time",
            ),
            _ => return Ok(Vec::new()),
        };
        let varies: Vec<String> =
            conditions.iter().map(|column| format!("min({column}) <> max({column})")).collect();
        // Group by group through the key, whatever the planner believes of a table that was never analysed: as a join
        // this takes a file's rows times the table's.
        let query = format!(
            "WITH mixed AS MATERIALIZED (
                 SELECT s.{group} FROM (SELECT DISTINCT {group} FROM staging) AS s
                 WHERE (SELECT {varies} FROM {table} t WHERE t.{group} = s.{group} AND t.superseded_at = 'infinity' AND NOT t.voided))
             SELECT (i.import_id - {first})::integer AS file, i.line, i.{group} AS value, NULL::integer AS other_file, NULL::bigint AS other_line
             FROM mixed JOIN {table} i USING ({group})
             WHERE i.superseded_at = 'infinity' AND NOT i.voided AND i.import_id >= {first}
             ORDER BY 1, 2 LIMIT {MAX_FAULTS}",
            first = self.first_import,
            table = self.table.name,
            varies = varies.join(" OR "),
        );
        Self::ask(tx, &query, group, "inconsistent_rows", || {
            format!("{reason}: correct the rows that differ")
        })
    }
}
