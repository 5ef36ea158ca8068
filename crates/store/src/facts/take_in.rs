//! Taking facts in: staged rows become new facts, corrections, or nothing new; faults name their line.
//!
//! A fact's content is closed and followed by a new row, never changed. What is staged is compared with what is
//! stored and with itself by whole statements, so that a file's size is no matter.

mod faults;
mod staged;

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use farsight_rulebook::tables::{Column, Table};
use farsight_rulebook::time::Instant;

use self::staged::quoted;
use super::read;
use crate::{StoreError, Tx};

pub use self::staged::{Stage, Staged, leave_out, stage};

/// The most faults one question to the database gives.
const MAX_FAULTS: usize = 10_000;

/// Fewer rows than this are looked up by index rather than by scanning what is stored.
const FEW: u64 = 20_000;
/// So are fewer than one for so many work orders that are stored.
const FEW_OF: u64 = 100;

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
struct CountRow {
    #[diesel(sql_type = BigInt)]
    import_id: i64,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Merge<'_> {
    /// Takes the staged rows in; faults, if any, are for the caller to undo and tell.
    pub fn run(&self, tx: &mut Tx, staged: u64) -> Result<Taken, StoreError> {
        // So few rows, in all or beside the largest table, are looked up one by one, whatever the planner knows of the tables.
        let known = read::estimated_work_orders(tx)?.unsigned_abs();
        if staged < FEW.max(known / FEW_OF) {
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
