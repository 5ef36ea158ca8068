//! Bulk reads: the rows of a query by binary COPY, straight from the buffer, without an allocation a value.

use std::io::BufRead;

use diesel::connection::SimpleConnection;
use diesel::pg::{CopyFormat, CopyTarget, Pg};
use diesel::query_builder::AstPass;
use farsight_rulebook::time::{Instant, day_from_number};
use jiff::civil::Date;

use crate::staging::temporary;
use crate::values::{EPOCH_DAYS, EPOCH_MICROS};
use crate::{StoreError, Tx};

/// What a binary COPY begins with: the signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// `COPY (SELECT * FROM reading)`, whatever that view shows.
struct Target;

impl CopyTarget for Target {
    type Table = temporary::table;
    type SqlType = diesel::sql_types::BigInt;

    fn walk_target(mut pass: AstPass<'_, '_, Pg>) -> diesel::QueryResult<()> {
        pass.push_sql("(SELECT * FROM pg_temp.reading)");
        Ok(())
    }
}

/// The values of a row, taken one by one in the order of the query.
pub(crate) struct Values<'b> {
    rest: &'b [u8],
    fault: Option<&'static str>,
}

impl<'b> Values<'b> {
    fn bytes(&mut self, count: usize) -> &'b [u8] {
        match self.rest.split_at_checked(count) {
            Some((bytes, rest)) => {
                self.rest = rest;
                bytes
            }
            None => {
                self.fault = Some("a row that ends early");
                self.rest = &[];
                &[]
            }
        }
    }

    fn number<const N: usize>(&mut self) -> [u8; N] {
        self.bytes(N).try_into().unwrap_or([0; N])
    }

    /// The next value; `None` when it is null.
    fn value(&mut self) -> Option<&'b [u8]> {
        let length = i32::from_be_bytes(self.number());
        usize::try_from(length).ok().map(|length| self.bytes(length))
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let value = self.value()?;
        let fixed = value.try_into().ok();
        if fixed.is_none() {
            self.fault = Some("a value of another width than its type");
        }
        fixed
    }

    /// A text, or none.
    pub(crate) fn text_or(&mut self) -> Option<&'b str> {
        let value = self.value()?;
        let text = std::str::from_utf8(value).ok();
        if text.is_none() {
            self.fault = Some("a text that is not UTF-8");
        }
        text
    }

    /// A text.
    pub(crate) fn text(&mut self) -> &'b str {
        let text = self.text_or();
        self.present(text)
    }

    /// A `bigint`, or none.
    pub(crate) fn big_or(&mut self) -> Option<i64> {
        self.fixed().map(i64::from_be_bytes)
    }

    /// A `bigint`.
    pub(crate) fn big(&mut self) -> i64 {
        let number = self.big_or();
        self.present(number)
    }

    /// A `boolean`, or none.
    pub(crate) fn flag_or(&mut self) -> Option<bool> {
        self.fixed::<1>().map(|byte| byte != [0])
    }

    /// A `date`, or none.
    pub(crate) fn date_or(&mut self) -> Option<Date> {
        self.fixed().map(|days| day_from_number(i64::from(i32::from_be_bytes(days)) + EPOCH_DAYS))
    }

    /// A `date`.
    pub(crate) fn date(&mut self) -> Date {
        let date = self.date_or();
        if date.is_none() {
            self.fault = Some("a null where none can be");
        }
        date.unwrap_or(Date::MIN)
    }

    /// A `timestamptz`, or none.
    pub(crate) fn instant_or(&mut self) -> Option<Instant> {
        self.fixed().map(|micros| Instant(i64::from_be_bytes(micros).saturating_add(EPOCH_MICROS)))
    }

    /// A `timestamptz`.
    pub(crate) fn instant(&mut self) -> Instant {
        let at = self.instant_or();
        if at.is_none() {
            self.fault = Some("a null where none can be");
        }
        at.unwrap_or(Instant::MIN)
    }

    fn present<T: Default>(&mut self, value: Option<T>) -> T {
        if value.is_none() {
            self.fault = Some("a null where none can be");
        }
        value.unwrap_or_default()
    }
}

impl Tx<'_> {
    /// Hands every row of a query to `take`, as it comes.
    pub(crate) fn read(&mut self, query: &str, mut take: impl FnMut(&mut Values)) -> Result<(), StoreError> {
        self.execute(&format!("CREATE TEMP VIEW reading AS {query}"))?;
        let mut source = diesel::copy_to(Target).with_format(CopyFormat::Binary).load_raw(self.connection)?;
        let gone = |error: std::io::Error| StoreError::Gone(error.to_string());
        let (mut begun, mut ended) = (false, false);
        loop {
            // A message holds whole rows: the first has the header before it, the last the end mark.
            let message = source.fill_buf().map_err(gone)?;
            let length = message.len();
            if length == 0 {
                break;
            }
            let mut values = Values { rest: message, fault: None };
            if !begun {
                begun = true;
                if values.bytes(HEADER.len()) != HEADER {
                    return Err(StoreError::Value("a binary copy of an unknown kind".to_owned()));
                }
            }
            while !values.rest.is_empty() && values.fault.is_none() {
                if i16::from_be_bytes(values.number()) < 0 {
                    ended = true;
                } else {
                    take(&mut values);
                }
            }
            if let Some(fault) = values.fault {
                return Err(StoreError::Value(fault.to_owned()));
            }
            source.consume(length);
        }
        drop(source);
        // libpq keeps the command's last word until the next statement asks for it.
        self.connection.batch_execute("DROP VIEW pg_temp.reading")?;
        // Without its end mark a copy was cut off by an error on the other side.
        if ended { Ok(()) } else { Err(StoreError::Gone("a read was cut off".to_owned())) }
    }
}
