//! Bulk loads: rows go by binary COPY into a temporary table `staging`, and from there by one statement into the
//! tables, where row-level security looks at them (COPY itself is refused under it). The table stays with its connection:
//! to make one costs more than to store a fact.

use std::cell::RefCell;
use std::io::Write;

use diesel::ExecuteCopyFromDsl;
use diesel::pg::{CopyFormat, CopyTarget, Pg};
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Bool, Text};
use farsight_rulebook::time::{Instant, day_number};
use jiff::civil::Date;

use crate::values::{EPOCH_DAYS, EPOCH_MICROS};
use crate::{StoreError, Tx};

#[allow(unreachable_pub, missing_docs, reason = "what the macro makes")]
pub(crate) mod temporary {
    diesel::table! {
        /// Stands for the temporary table; its columns are those of the load at hand.
        staging (line) {
            line -> BigInt,
        }
    }
    pub use self::staging::table;
}

/// `COPY staging`, whatever its columns are.
struct Target;

impl CopyTarget for Target {
    type Table = temporary::table;
    type SqlType = diesel::sql_types::BigInt;

    fn walk_target(mut pass: AstPass<'_, '_, Pg>) -> diesel::QueryResult<()> {
        pass.push_sql("staging");
        Ok(())
    }
}

/// Writes the rows of a load, column by column in the order of the table.
pub struct Rows<'w> {
    out: &'w mut dyn Write,
    buffer: Vec<u8>,
    columns: i16,
    written: u64,
}

/// What is handed to the database at a time.
const CHUNK_BYTES: usize = 256 * 1024;

impl Rows<'_> {
    /// Begins a row; its cells follow.
    pub fn row(&mut self) -> std::io::Result<&mut Self> {
        if self.buffer.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        self.buffer.extend_from_slice(&self.columns.to_be_bytes());
        self.written += 1;
        Ok(self)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn cell(&mut self, bytes: &[u8]) -> &mut Self {
        self.buffer.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
        self.buffer.extend_from_slice(bytes);
        self
    }

    /// An empty cell.
    pub fn null(&mut self) -> &mut Self {
        self.buffer.extend_from_slice(&(-1_i32).to_be_bytes());
        self
    }

    /// A text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.cell(text.as_bytes())
    }

    /// An `integer`.
    pub fn int(&mut self, number: i32) -> &mut Self {
        self.cell(&number.to_be_bytes())
    }

    /// A `bigint`.
    pub fn big(&mut self, number: i64) -> &mut Self {
        self.cell(&number.to_be_bytes())
    }

    /// A `double precision`.
    pub fn double(&mut self, number: f64) -> &mut Self {
        self.cell(&number.to_be_bytes())
    }

    /// A `boolean`.
    pub fn flag(&mut self, flag: bool) -> &mut Self {
        self.cell(&[u8::from(flag)])
    }

    /// A `date`.
    pub fn date(&mut self, date: Date) -> &mut Self {
        self.cell(&((day_number(date) - EPOCH_DAYS) as i32).to_be_bytes())
    }

    /// A `timestamptz`.
    pub fn instant(&mut self, at: Instant) -> &mut Self {
        self.cell(&(at.0.saturating_sub(EPOCH_MICROS)).to_be_bytes())
    }
}

impl Tx<'_> {
    /// Fills the temporary table, of these columns, with what `fill` writes, and says how many rows that were. They are
    /// gone when the transaction ends or the next load begins.
    pub(crate) fn stage<E>(
        &mut self,
        columns: &str,
        fill: impl FnOnce(&mut Rows) -> Result<(), E>,
    ) -> Result<u64, E>
    where
        E: From<StoreError>,
    {
        let count = columns.split(',').count() as i16;
        self.empty_staging(columns)?;
        let fill = RefCell::new(Some(fill));
        let failure: RefCell<Option<E>> = RefCell::new(None);
        let written = RefCell::new(0);
        let copied = diesel::copy_from(temporary::table)
            .from_raw_data(Target, |out| -> Result<(), diesel::result::Error> {
                let Some(fill) = fill.borrow_mut().take() else { return Ok(()) };
                let mut rows =
                    Rows { out, buffer: Vec::with_capacity(CHUNK_BYTES * 2), columns: count, written: 0 };
                rows.buffer.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
                if let Err(error) = fill(&mut rows) {
                    *failure.borrow_mut() = Some(error);
                    return Err(diesel::result::Error::RollbackTransaction);
                }
                rows.buffer.extend_from_slice(&(-1_i16).to_be_bytes());
                *written.borrow_mut() = rows.written;
                rows.flush().map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))
            })
            .with_format(CopyFormat::Binary)
            .execute(self.connection);
        if let Some(error) = failure.into_inner() {
            return Err(error);
        }
        copied.map_err(StoreError::from)?;
        Ok(written.into_inner())
    }

    /// The table of these columns, empty: the connection's own where its last load had the same.
    fn empty_staging(&mut self, columns: &str) -> Result<(), StoreError> {
        #[derive(QueryableByName)]
        struct Known {
            #[diesel(sql_type = Bool)]
            is_same: bool,
            #[diesel(sql_type = Bool)]
            is_filled: bool,
        }
        // Settings go with the transaction that fails, as the table does.
        let known: Known = diesel::sql_query(
            "SELECT coalesce(current_setting('farsight.staging', true), '') = $1 AS is_same,
                 coalesce(current_setting('farsight.staged', true), '') = 'on' AS is_filled,
                 set_config('farsight.staged', 'on', true), set_config('farsight.staging', $1, false)",
        )
        .bind::<Text, _>(columns)
        .get_result(self.connection)?;
        // It is the program's table, whoever it is made for: the connection serves another person next.
        if !known.is_same {
            self.beyond_the_person(|tx| {
                tx.execute("DROP TABLE IF EXISTS pg_temp.staging")?;
                tx.execute(&format!("CREATE TEMP TABLE staging ({columns}) ON COMMIT DELETE ROWS"))?;
                tx.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON pg_temp.staging TO farsight_person")
            })?;
        } else if known.is_filled {
            self.beyond_the_person(|tx| tx.execute("TRUNCATE pg_temp.staging"))?;
        }
        Ok(())
    }
}
