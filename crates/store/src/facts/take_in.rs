//! Taking facts in: staged rows become new facts, corrections, or nothing new; faults name their line.
//!
//! A fact's content is closed and followed by a new row, never changed. What is staged is compared with what is
//! stored and with itself by whole statements, so that a file's size is no matter.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use farsight_rulebook::tables::{Cell, Column, Kind, MAX_COLUMNS, Refers, Rule, Table};
use farsight_rulebook::time::Instant;

use crate::staging::Rows;
use crate::{StoreError, Tx};

/// The most faults one question to the database gives.
const MAX_FAULTS: usize = 10_000;

/// Fewer rows than this are looked up by index rather than by scanning what is stored.
const FEW: u64 = 20_000;

/// What is wrong with a row, in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, by its number in the call.
    pub file: i32,
    /// The line.
    pub line: i64,
    /// The column.
    pub column: String,
    /// The value.
    pub value: String,
    /// The stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub reason: String,
    /// The file and line of the row it contradicts.
    pub other: Option<(i32, i64)>,
}

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

/// What was staged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Staged {
    /// How many rows.
    pub rows: u64,
    /// Which columns, by their place, hold anything in any row.
    pub filled: i32,
}

/// Writes rows into the staging table.
pub struct Stage<'r, 'w> {
    rows: &'r mut Rows<'w>,
    filled: &'r mut i32,
}

impl Stage<'_, '_> {
    /// Adds a row of a file.
    pub fn row(&mut self, file: i32, line: u64, cells: &[Cell]) -> std::io::Result<()> {
        let bits = |of: fn(&Cell) -> bool| {
            cells.iter().enumerate().filter(|(_, cell)| of(cell)).fold(0, |bits, (at, _)| bits | (1 << at))
        };
        let present = bits(|cell| *cell != Cell::Missing);
        *self.filled |= bits(|cell| !matches!(cell, Cell::Missing | Cell::Empty));
        let row = self.rows.row()?.int(file).big(line as i64).int(present);
        for cell in cells {
            match *cell {
                Cell::Missing | Cell::Empty => row.null(),
                Cell::Text(text) => row.text(text),
                Cell::Count(number) => row.big(number),
                Cell::Degrees(degrees) => row.double(degrees),
                Cell::Flag(flag) => row.flag(flag),
                Cell::Date(date) => row.date(date),
                Cell::Month(month) => row.date(month.first_day()),
                Cell::Instant(at) => row.instant(at),
            };
        }
        Ok(())
    }
}

/// Stages the rows that `fill` writes.
pub fn stage<E: From<StoreError>>(
    tx: &mut Tx,
    table: &'static Table,
    fill: impl FnOnce(&mut Stage) -> Result<(), E>,
) -> Result<Staged, E> {
    debug_assert!(table.width() <= MAX_COLUMNS);
    let columns: Vec<String> = table
        .all_columns()
        .map(|column| format!("{} {}", quoted(column.name), sql_type(column.kind)))
        .collect();
    let columns = format!("file integer, line bigint, present integer, {}", columns.join(", "));
    let mut filled = 0;
    let rows = tx.stage(&columns, |rows| fill(&mut Stage { rows, filled: &mut filled }))?;
    Ok(Staged { rows, filled })
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Code | Kind::Text { .. } | Kind::Subject | Kind::Url | Kind::Choice(_) => "text",
        Kind::Date | Kind::Month => "date",
        Kind::Instant => "timestamptz",
        Kind::Count { .. } | Kind::Hundredths { .. } | Kind::Money => "bigint",
        Kind::Degrees { .. } => "double precision",
        Kind::Flag => "boolean",
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// A call's rows of one table, staged and about to be taken in.
pub struct Merge<'m> {
    /// The table.
    pub table: &'static Table,
    /// The import number of file 0; file n has the n-th after it.
    pub first_import: i64,
    /// When the rows become known.
    pub recorded_at: Instant,
    /// Files that failed; their rows are passed over.
    pub excluded: &'m [i32],
    /// Whether references into small tables are asked for too: where few rows came, they were not looked at before.
    pub asks_all: bool,
    /// Which columns hold anything: others refer to nothing.
    pub filled: i32,
}

/// What a merge did for one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merged {
    /// New facts.
    pub added: u64,
    /// Facts with other content.
    pub corrected: u64,
}

/// What a merge did, by import, and what stands against keeping it.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// What it did for each import.
    pub counts: Vec<(i64, Merged)>,
    /// What is wrong with the rows.
    pub faults: Vec<Fault>,
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

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    import_id: i64,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Merge<'_> {
    /// Takes the staged rows in; faults, if any, are for the caller to undo and tell.
    pub fn run(&self, tx: &mut Tx, staged: u64) -> Result<Taken, StoreError> {
        // So few rows are looked up one by one, whatever the planner knows of the tables.
        if staged < FEW {
            tx.look_at_few()?;
        } else {
            tx.look_at_all()?;
        }
        let mut faults = self.dangling(tx)?;
        // What refers to what a person does not see is theirs to write neither: the table itself would refuse it.
        if !faults.is_empty() && !tx.scope().is_whole() {
            return Ok(Taken { counts: Vec::new(), faults });
        }
        let mut counts: BTreeMap<i64, Merged> = BTreeMap::new();
        for row in self.insert_new(tx)? {
            counts.entry(row.import_id).or_default().added = row.number as u64;
        }
        if counts.values().map(|merged| merged.added).sum::<u64>() < staged {
            let (corrected, wrong) = self.correct(tx)?;
            for row in corrected {
                counts.entry(row.import_id).or_default().corrected = row.number as u64;
            }
            faults.extend(wrong);
            faults.extend(self.taken(tx)?);
        }
        faults.extend(self.left_out(tx)?);
        faults.extend(self.inconsistent(tx)?);
        Ok(Taken { counts: counts.into_iter().collect(), faults })
    }

    fn included(&self) -> String {
        if self.excluded.is_empty() {
            return "true".to_owned();
        }
        let files: Vec<String> = self.excluded.iter().map(ToString::to_string).collect();
        format!("NOT (s.file = ANY('{{{}}}'))", files.join(","))
    }

    fn names(&self) -> String {
        self.table.columns.iter().map(|column| quoted(column.name)).collect::<Vec<_>>().join(", ")
    }

    fn required_bits(&self) -> i32 {
        let required = self.table.columns.iter().enumerate().filter(|(_, column)| column.required);
        required.fold(0, |bits, (at, _)| bits | (1 << at))
    }

    /// `from`'s value of a column, its default where it is empty.
    fn value(column: &Column, from: &str) -> String {
        let name = quoted(column.name);
        match column.default {
            Some(default) => format!("coalesce({from}.{name}, '{default}')"),
            None if column.key && !column.required => format!("coalesce({from}.{name}, '')"),
            None => format!("{from}.{name}"),
        }
    }

    /// Whether the key of `a` is that of `b`.
    fn same_key(&self, a: &str, b: &str) -> String {
        let same = |(_, column): (usize, &Column)| {
            format!("{a}.{} = {}", quoted(column.name), Self::value(column, b))
        };
        self.table.key().map(same).collect::<Vec<_>>().join(" AND ")
    }

    fn key_text(&self, from: &str) -> String {
        let parts: Vec<String> =
            self.table.key().map(|(_, column)| format!("{}::text", Self::value(column, from))).collect();
        format!("concat_ws(' ', {})", parts.join(", "))
    }

    fn stamps(&self) -> String {
        format!("timestamptz '1970-01-01 00:00:00+00' + {} * interval '1 microsecond'", self.recorded_at.0)
    }

    /// Adds the facts whose keys are not known; says how many of each import.
    fn insert_new(&self, tx: &mut Tx) -> Result<Vec<CountRow>, StoreError> {
        let values: Vec<String> = self.table.columns.iter().map(|column| Self::value(column, "s")).collect();
        let required = self.required_bits();
        let insert = format!(
            "INSERT INTO {table} (tenant_id, {names}, voided, recorded_at, import_id, line)
             SELECT (SELECT nullif(current_setting('farsight.tenant', true), '')::integer), {values}, coalesce(s.voided, false),
                    (SELECT {stamp}), {first} + s.file, s.line
             FROM staging s WHERE (s.present & {required}) = {required} AND {included}
             ON CONFLICT DO NOTHING",
            table = self.table.name,
            names = self.names(),
            values = values.join(", "),
            stamp = self.stamps(),
            first = self.first_import,
            included = self.included(),
        );
        Self::counted(tx, &insert)
    }

    /// Carries an insertion out; says how many facts of each import it added.
    fn counted(tx: &mut Tx, insert: &str) -> Result<Vec<CountRow>, StoreError> {
        let query = format!(
            "WITH added AS ({insert} RETURNING import_id) SELECT import_id, count(*) AS number FROM added GROUP BY 1"
        );
        Ok(diesel::sql_query(query).load(tx.connection)?)
    }

    /// References into large tables that lead nowhere.
    fn dangling(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
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

    /// Closes facts whose content differs and adds the new; says how many of each import. Faults where two rows of the call
    /// disagree, or where a row that would be new lacks a column.
    fn correct(&self, tx: &mut Tx) -> Result<(Vec<CountRow>, Vec<Fault>), StoreError> {
        let table = self.table.name;
        let first = self.first_import;
        let content = |at: usize, column: &Column| {
            let name = quoted(column.name);
            format!(
                "CASE WHEN (s.present & {}) <> 0 THEN {} ELSE t.{name} END",
                1 << at,
                Self::value(column, "s")
            )
        };
        let columns = || self.table.columns.iter().enumerate();
        let contents: Vec<String> =
            columns().map(|(at, c)| format!("{} AS {}", content(at, c), quoted(c.name))).collect();
        let differs: Vec<String> = columns()
            .map(|(at, c)| format!("({}) IS DISTINCT FROM t.{}", content(at, c), quoted(c.name)))
            .collect();
        tx.execute("DROP TABLE IF EXISTS pg_temp.clashes")?;
        tx.execute(&format!(
            "CREATE TEMP TABLE clashes ON COMMIT DROP AS
             SELECT s.file, s.line, t.import_id AS known_import, t.line AS known_line, {contents}, coalesce(s.voided, t.voided) AS voided,
                    ({differs} OR coalesce(s.voided, t.voided) <> t.voided) AS differs
             FROM staging s JOIN {table} t ON {same} AND t.superseded_at = 'infinity'
             WHERE {included} AND NOT (t.import_id = {first} + s.file AND t.line = s.line)",
            contents = contents.join(", "),
            differs = differs.join(" OR "),
            same = self.same_key("t", "s"),
            included = self.included(),
        ))?;
        let mut faults = self.incomplete(tx)?;
        faults.extend(self.contradicting(tx)?);
        // What says the same as is known is nothing new.
        tx.execute("DELETE FROM clashes WHERE NOT differs")?;
        faults.extend(self.broken_rules(tx)?);
        let keys: Vec<String> = self.table.key().map(|(_, column)| quoted(column.name)).collect();
        let keys = keys.join(", ");
        tx.execute(&format!(
            "DELETE FROM clashes WHERE ctid NOT IN (SELECT DISTINCT ON ({keys}) ctid FROM clashes ORDER BY {keys}, file, line)"
        ))?;
        tx.execute(&format!(
            "UPDATE {table} t SET superseded_at = (SELECT {stamp}), superseded_by = {first} + c.file
             FROM clashes c WHERE {same} AND t.superseded_at = 'infinity' AND c.known_import < {first}",
            stamp = self.stamps(),
            same = self.same_key("t", "c"),
        ))?;
        let insert = format!(
            "INSERT INTO {table} (tenant_id, {names}, voided, recorded_at, import_id, line)
             SELECT (SELECT nullif(current_setting('farsight.tenant', true), '')::integer), {names}, voided, (SELECT {stamp}),
                    {first} + file, line FROM clashes WHERE known_import < {first}",
            names = self.names(),
            stamp = self.stamps(),
        );
        Ok((Self::counted(tx, &insert)?, faults))
    }

    /// Rows of a person with a part of the network whose key is a row's that they do not see: nothing of it is told.
    fn taken(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
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
    fn incomplete(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
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
    fn contradicting(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
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
    fn broken_rules(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
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
    fn left_out(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
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
    fn inconsistent(&self, tx: &mut Tx) -> Result<Vec<Fault>, StoreError> {
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

/// Takes rows, by file and line, out of what is staged; says how many of each file those were.
pub fn leave_out(tx: &mut Tx, rows: &[(i32, i64)]) -> Result<Vec<(i32, u64)>, StoreError> {
    let (files, lines): (Vec<i32>, Vec<i64>) = rows.iter().copied().unzip();
    let gone: Vec<CountRow> = diesel::sql_query(
        "WITH gone AS (
             DELETE FROM staging s USING unnest($1, $2) AS r (file, line) WHERE s.file = r.file AND s.line = r.line RETURNING s.file)
         SELECT file::bigint AS import_id, count(*) AS number FROM gone GROUP BY 1",
    )
    .bind::<Array<Integer>, _>(files)
    .bind::<Array<BigInt>, _>(lines)
    .load(tx.connection)?;
    Ok(gone.into_iter().map(|row| (row.import_id as i32, row.number as u64)).collect())
}

/// A ruling as it now stands stored, for the checks that need more than its row.
#[derive(Debug, Clone, QueryableByName)]
pub struct TakenRuling {
    /// The file, by its number in the call.
    #[diesel(sql_type = Integer)]
    pub file: i32,
    /// The line.
    #[diesel(sql_type = BigInt)]
    pub line: i64,
    /// What it decides.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// About what.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// For which family only.
    #[diesel(sql_type = Nullable<Text>)]
    pub family: Option<String>,
    /// When, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub decided_at: i64,
    /// For how much.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub amount: Option<i64>,
}

/// The rulings a merge has added or corrected.
pub fn rulings_taken(tx: &mut Tx, first_import: i64) -> Result<Vec<TakenRuling>, StoreError> {
    let query = "SELECT (import_id - $1)::integer AS file, line, kind, subject, family,
                        (extract(epoch FROM decided_at) * 1000000)::bigint AS decided_at, amount
                 FROM rulings WHERE import_id >= $1 AND superseded_at = 'infinity' ORDER BY 1, 2";
    Ok(diesel::sql_query(query).bind::<BigInt, _>(first_import).load(tx.connection)?)
}

/// Whether any fact is stored: then zone and currency cannot change.
pub fn import_count(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.number("SELECT count(*) AS number FROM imports")
}
