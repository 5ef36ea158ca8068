//! One cell: from what a file holds to a checked value of its column's kind.
//!
//! Spaces and tabs around a cell do not count. What is given must be exact: nothing is rounded, guessed or mended.

mod time;

use std::num::IntErrorKind;

use farsight_rulebook::money::{AmountError, Currency, parse_decimal};
use farsight_rulebook::period::Period;
use farsight_rulebook::tables::{CODE_LENGTH, Cell, Column, FIRST_DATE, Kind, LAST_DATE, MONEY_MAX};
use farsight_rulebook::time::LocalTimeError;
use jiff::civil::DateTime;

pub(crate) use time::{LocalClock, excel_moment, excel_serial};
use time::{date, digits_at, instant};

/// Why a cell or a row is refused. Each says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CellFault {
    /// Empty where a value is needed.
    #[error("a value is needed here")]
    Required,
    /// A key field that an object lacks.
    #[error("the key field is missing from this object")]
    KeyMissing,
    /// Not a code.
    #[error("not a code: use 1 to 64 ASCII letters, digits, '-', '_' or '.'")]
    NotACode,
    /// Too long a text.
    #[error("longer than {0} bytes of UTF-8: shorten it")]
    TooLong(usize),
    /// A NUL character.
    #[error("holds a NUL character: remove it")]
    Nul,
    /// Not a date.
    #[error("not a date: write it like 2026-03-05")]
    NotADate,
    /// A day or time that no calendar or clock has.
    #[error("no such day or time of day: write it like 2026-03-05 or 2026-03-05 14:30:00")]
    NoSuchMoment,
    /// A date no fact can have.
    #[error("before {FIRST_DATE} or after {LAST_DATE}: an absurd date, correct it")]
    AbsurdDate,
    /// A date with a time where a date is wanted.
    #[error("a date with a time of day: give only the date")]
    TimeOfDay,
    /// Not an instant.
    #[error("not a date and time: write 2026-03-05T14:30:00+08:00, or 2026-03-05 14:30 for local time")]
    NotAnInstant,
    /// Finer than a microsecond.
    #[error("finer than a microsecond: give at most six decimals of a second")]
    TooFine,
    /// A local time that is not one moment.
    #[error(transparent)]
    Local(#[from] LocalTimeError),
    /// Not a month.
    #[error("not a month: write it like 2026-03")]
    NotAMonth,
    /// Not a whole number.
    #[error("not a whole number: write digits only, like 12")]
    NotACount,
    /// Below zero.
    #[error("below zero: only amounts from 0 up are taken here")]
    Negative,
    /// Above what can be.
    #[error("larger than {0}: an absurd value, correct it")]
    TooLarge(String),
    /// Not a decimal, or too fine.
    #[error(transparent)]
    Amount(AmountError),
    /// A score or price with more than two decimals.
    #[error("finer than two decimals: round it before sending")]
    ThirdDecimal,
    /// Not a latitude or longitude.
    #[error("not a decimal between -{0} and {0}: write it like 31.2304")]
    NotDegrees(u16),
    /// Not yes or no.
    #[error("not yes or no: write true, false, 1, 0, 是 or 否")]
    NotAFlag,
    /// Not one of the words.
    #[error("not one of {}", .0.join(", "))]
    NotAChoice(&'static [&'static str]),
    /// Not a web address.
    #[error("not a web address: write it like https://camera.example/snapshot.jpg")]
    NotAnAddress,
    /// A number where text is wanted.
    #[error(
        "a number where text is needed (leading zeros may be lost): format the column as text, or put it in quotes"
    )]
    NumberForText,
    /// A number where a date is wanted.
    #[error("a bare number where a date is needed: format the column as date, or as text like 2026-03-05")]
    NumberForDate,
    /// Some other type of value.
    #[error("{0} does not belong here: this column takes {1}")]
    WrongType(&'static str, &'static str),
    /// A formula.
    #[error("a formula: paste its value instead")]
    Formula,
    /// Excel's error.
    #[error("an error value of the spreadsheet: correct it")]
    SheetError,
    /// Not UTF-8.
    #[error("not UTF-8 but {0}: save the file as UTF-8 (in Excel: CSV UTF-8)")]
    NotUtf8(&'static str),
    /// A row of another width.
    #[error("row has {0} fields, header has {1}: quote fields that hold commas, fill in those that lack")]
    FieldCount(usize, usize),
    /// A last row without its end.
    #[error("the file ends in the middle of this row (it has {0} fields, the header {1}): send it whole")]
    CutOff(usize, usize),
    /// A last line without its end.
    #[error("the file ends in the middle of this object: send it whole")]
    CutOffObject,
    /// Not a JSON object.
    #[error("not a JSON object on one line: {0}")]
    NotAnObject(String),
    /// A field the table does not have.
    #[error("the table {0} has no such column{1}")]
    UnknownColumn(&'static str, String),
    /// The same field twice.
    #[error("given twice in one object: keep one")]
    Twice,
    /// A value beside the table.
    #[error("a value in a column without a header: name the column or clear it")]
    NoHeader,
    /// A rule of the table about one row.
    #[error(transparent)]
    Rule(#[from] farsight_rulebook::tables::Broken),
}

impl CellFault {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::KeyMissing => "key_missing",
            Self::NotACode => "not_a_code",
            Self::TooLong(_) => "too_long",
            Self::Nul => "nul",
            Self::NotADate => "not_a_date",
            Self::NoSuchMoment => "no_such_moment",
            Self::AbsurdDate => "absurd_date",
            Self::TimeOfDay => "time_of_day",
            Self::NotAnInstant => "not_an_instant",
            Self::TooFine => "finer_than_a_microsecond",
            Self::Local(LocalTimeError::Gap(_)) => "local_time_skipped",
            Self::Local(LocalTimeError::Fold(_)) => "local_time_twice",
            Self::NotAMonth => "not_a_month",
            Self::NotACount => "not_a_whole_number",
            Self::Negative => "negative",
            Self::TooLarge(_) | Self::Amount(AmountError::TooLarge) => "too_large",
            Self::Amount(AmountError::NotANumber) => "not_a_number",
            Self::Amount(AmountError::TooFine(_)) | Self::ThirdDecimal => "too_many_decimals",
            Self::NotDegrees(_) => "not_degrees",
            Self::NotAFlag => "not_yes_or_no",
            Self::NotAChoice(_) => "not_a_choice",
            Self::NotAnAddress => "not_an_address",
            Self::NumberForText => "number_for_text",
            Self::NumberForDate => "number_for_date",
            Self::WrongType(..) => "wrong_type",
            Self::Formula => "formula",
            Self::SheetError => "sheet_error",
            Self::NotUtf8(_) => "not_utf8",
            Self::FieldCount(..) => "field_count",
            Self::CutOff(..) | Self::CutOffObject => "ends_in_the_middle",
            Self::NotAnObject(_) => "not_an_object",
            Self::UnknownColumn(..) => "unknown_column",
            Self::Twice => "given_twice",
            Self::NoHeader => "no_header",
            Self::Rule(broken) => broken.code(),
        }
    }
}

/// A cell as its file holds it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Raw<'a> {
    /// Nothing.
    Null,
    /// Text; empty text is nothing.
    Text(&'a str),
    /// A number, by its digits.
    Number(&'a str),
    /// A boolean.
    Flag(bool),
    /// A spreadsheet's date and time; without a value where it names none.
    Moment(Option<DateTime>),
    /// Nothing that can be read, and how it shows.
    Bad(Fault, &'a str),
}

/// What a spreadsheet or object may hold instead of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    Formula,
    SheetError,
    Duration,
    Nested,
    Twice,
}

/// Turns raw cells into values, for one tenant's clock and currency.
pub(crate) struct Values {
    pub(crate) clock: LocalClock,
    pub(crate) currency: Currency,
}

impl Values {
    /// The value of a cell of a column.
    pub(crate) fn read<'a>(&mut self, column: &Column, raw: Raw<'a>) -> Result<Cell<'a>, CellFault> {
        match raw {
            Raw::Null => empty(column),
            Raw::Text(text) => {
                let text = trim(text);
                if text.is_empty() { empty(column) } else { self.text(column.kind, text) }
            }
            Raw::Number(digits) => self.number(column.kind, digits),
            Raw::Flag(flag) if column.kind == Kind::Flag => Ok(Cell::Flag(flag)),
            Raw::Flag(_) => Err(CellFault::WrongType("true or false", wanted(column.kind))),
            Raw::Moment(moment) => self.moment(column.kind, moment),
            Raw::Bad(Fault::Formula, _) => Err(CellFault::Formula),
            Raw::Bad(Fault::SheetError, _) => Err(CellFault::SheetError),
            Raw::Bad(Fault::Twice, _) => Err(CellFault::Twice),
            Raw::Bad(Fault::Duration, _) => Err(CellFault::WrongType("a duration", wanted(column.kind))),
            Raw::Bad(Fault::Nested, _) => Err(CellFault::WrongType("a list or object", wanted(column.kind))),
        }
    }

    fn text<'a>(&mut self, kind: Kind, text: &'a str) -> Result<Cell<'a>, CellFault> {
        match kind {
            Kind::Code => code(text),
            Kind::Text { max } => free_text(text, max),
            Kind::Subject => free_text(text, 400),
            Kind::Url => address(text),
            Kind::Date => date(text.as_bytes()).map(Cell::Date),
            Kind::Instant => instant(text.as_bytes(), &mut self.clock).map(Cell::Instant),
            Kind::Month => month(text),
            Kind::Count { max } => count(text, max),
            Kind::Hundredths { max } => hundredths(text, max),
            Kind::Money => self.money(text),
            Kind::Degrees { limit } => degrees(text, limit),
            Kind::Flag => flag(text),
            Kind::Choice(words) => choice(text, words),
        }
    }

    fn number<'a>(&mut self, kind: Kind, digits: &'a str) -> Result<Cell<'a>, CellFault> {
        match kind {
            Kind::Code | Kind::Text { .. } | Kind::Subject | Kind::Url | Kind::Choice(_) => {
                Err(CellFault::NumberForText)
            }
            Kind::Date | Kind::Instant | Kind::Month => Err(CellFault::NumberForDate),
            Kind::Count { max } => count(whole(digits), max),
            Kind::Flag => flag(whole(digits)),
            Kind::Hundredths { .. } | Kind::Money | Kind::Degrees { .. } => self.text(kind, digits),
        }
    }

    fn moment(&mut self, kind: Kind, moment: Option<DateTime>) -> Result<Cell<'static>, CellFault> {
        match kind {
            Kind::Date => time::whole_day(moment).map(Cell::Date),
            Kind::Month => {
                let day = time::whole_day(moment)?;
                if day.day() == 1 { Ok(Cell::Month(Period::of(day))) } else { Err(CellFault::NotAMonth) }
            }
            Kind::Instant => {
                let local = moment.ok_or(CellFault::NoSuchMoment)?;
                self.clock.instant(local).map(Cell::Instant)
            }
            _ => Err(CellFault::WrongType("a date", wanted(kind))),
        }
    }

    fn money(&self, text: &str) -> Result<Cell<'static>, CellFault> {
        let units = self.currency.parse(text).map_err(CellFault::Amount)?.0;
        let largest = || self.currency.show(farsight_rulebook::money::Money(MONEY_MAX)).to_string();
        not_negative(units, MONEY_MAX, largest)
    }
}

fn empty(column: &Column) -> Result<Cell<'static>, CellFault> {
    match column.default {
        Some(default) => Ok(Cell::Text(default)),
        None if column.required => Err(CellFault::Required),
        None => Ok(Cell::Empty),
    }
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Code | Kind::Text { .. } | Kind::Subject | Kind::Url => "text",
        Kind::Choice(_) => "one of certain words",
        Kind::Date => "a date like 2026-03-05",
        Kind::Instant => "a date and time like 2026-03-05T14:30:00+08:00",
        Kind::Month => "a month like 2026-03",
        Kind::Count { .. } => "a whole number",
        Kind::Hundredths { .. } | Kind::Money | Kind::Degrees { .. } => "a decimal number",
        Kind::Flag => "true or false",
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A number's digits without a fraction that is nothing, as spreadsheets and some JSON writers put one: `12.0`.
fn whole(digits: &str) -> &str {
    match digits.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => digits,
    }
}

fn code(text: &str) -> Result<Cell<'_>, CellFault> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if text.len() <= CODE_LENGTH && text.bytes().all(allowed) {
        Ok(Cell::Text(text))
    } else {
        Err(CellFault::NotACode)
    }
}

fn free_text(text: &str, max: usize) -> Result<Cell<'_>, CellFault> {
    if text.len() > max {
        Err(CellFault::TooLong(max))
    } else if text.as_bytes().contains(&0) {
        Err(CellFault::Nul)
    } else {
        Ok(Cell::Text(text))
    }
}

fn address(text: &str) -> Result<Cell<'_>, CellFault> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if host && plain && text.len() <= 2_000 { Ok(Cell::Text(text)) } else { Err(CellFault::NotAnAddress) }
}

fn month(text: &str) -> Result<Cell<'_>, CellFault> {
    let period: Period = text.parse().map_err(|_| CellFault::NotAMonth)?;
    let absurd = period.first_day() < FIRST_DATE || period.last_day() > LAST_DATE;
    if absurd { Err(CellFault::AbsurdDate) } else { Ok(Cell::Month(period)) }
}

fn count(text: &str, max: i64) -> Result<Cell<'static>, CellFault> {
    if text.starts_with('-') && digits_at(text.as_bytes(), 1) {
        return Err(CellFault::Negative);
    }
    if !digits_at(text.as_bytes(), 0) {
        return Err(CellFault::NotACount);
    }
    match text.parse::<i64>() {
        Ok(number) if number <= max => Ok(Cell::Count(number)),
        Err(why) if *why.kind() != IntErrorKind::PosOverflow => Err(CellFault::NotACount),
        _ => Err(CellFault::TooLarge(max.to_string())),
    }
}

fn hundredths(text: &str, max: i64) -> Result<Cell<'static>, CellFault> {
    let units = parse_decimal(text, 2).map_err(|why| match why {
        AmountError::TooFine(_) => CellFault::ThirdDecimal,
        other => CellFault::Amount(other),
    })?;
    not_negative(units, max, || (max / 100).to_string())
}

fn not_negative(units: i64, max: i64, largest: impl Fn() -> String) -> Result<Cell<'static>, CellFault> {
    if units < 0 {
        Err(CellFault::Negative)
    } else if units > max {
        Err(CellFault::TooLarge(largest()))
    } else {
        Ok(Cell::Count(units))
    }
}

fn degrees(text: &str, limit: f64) -> Result<Cell<'static>, CellFault> {
    let wrong = CellFault::NotDegrees(limit as u16);
    let plain =
        text.len() <= 40 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    match text.parse::<f64>() {
        Ok(value) if plain && value.abs() <= limit => Ok(Cell::Degrees(value)),
        _ => Err(wrong),
    }
}

fn flag(text: &str) -> Result<Cell<'static>, CellFault> {
    match text {
        "true" | "True" | "TRUE" | "1" | "是" => Ok(Cell::Flag(true)),
        "false" | "False" | "FALSE" | "0" | "否" => Ok(Cell::Flag(false)),
        _ => Err(CellFault::NotAFlag),
    }
}

fn choice<'a>(text: &str, words: &'static [&'static str]) -> Result<Cell<'a>, CellFault> {
    words.iter().find(|word| **word == text).map(|word| Cell::Text(word)).ok_or(CellFault::NotAChoice(words))
}
