//! NDJSON: one object a line, fields named as columns. Blank lines are passed over.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use farsight_rulebook::tables::Table;
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Draft, Sink, header};
use crate::error::SourceError;
use crate::input::{Progress, failed, guess_encoding, open_text};
use crate::lines::Lines;
use crate::source::Source;
use crate::value::{CellFault, Fault, Raw};

pub(super) struct NdjsonRows {
    file: String,
    lines: Lines,
}

impl NdjsonRows {
    pub(super) fn open(source: &Source, progress: &Progress) -> Result<Self, SourceError> {
        let bytes = match open_text(source, progress) {
            // No facts, no objects: unlike a table, this format has no header to lack.
            Err(SourceError::Empty { .. }) => Box::new(std::io::empty()),
            opened => opened?,
        };
        Ok(Self { file: source.label(), lines: Lines::new(bytes) })
    }

    pub(super) fn each(mut self, sink: &mut Sink<'_>) -> Result<(), SourceError> {
        loop {
            let next = self.lines.number() + 1;
            if !self.lines.advance().map_err(|why| failed(&self.file, next, why))? {
                return Ok(());
            }
            let blank = self.lines.line().iter().all(u8::is_ascii_whitespace);
            if !blank && self.row(sink).is_break() {
                return Ok(());
            }
        }
    }

    fn row(&self, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (number, line) = (self.lines.number(), self.lines.line());
        let Ok(text) = std::str::from_utf8(line) else {
            let mut draft = Draft::at(number);
            draft.fault("", "", CellFault::NotUtf8(guess_encoding(line)));
            return sink.row(draft);
        };
        object_row(text, number, !self.lines.ended(), sink)
    }
}

/// Hands an object on as a row; `open` says that what follows it may have been cut off.
pub(super) fn object_row(text: &str, number: u64, open: bool, sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut draft = Draft::at(number);
    let mut fields = Fields { table: sink.table, known: Vec::new(), unknown: Vec::new() };
    if let Err(why) = object(text, &mut fields) {
        let cut = why.is_eof() && open;
        let fault = if cut { CellFault::CutOffObject } else { CellFault::NotAnObject(why.to_string()) };
        draft.fault("", text.trim(), fault);
        return sink.row(draft);
    }
    let texts: Vec<_> = fields.known.iter().map(|(place, raw)| (*place, text_of(raw))).collect();
    for name in &fields.unknown {
        draft.fault(name, "", CellFault::UnknownColumn(sink.table.name, header::hint(sink.table, name)));
    }
    let mut seen = [false; farsight_rulebook::tables::MAX_COLUMNS];
    for (place, text) in &texts {
        let raw = if seen[*place] { Raw::Bad(Fault::Twice, "") } else { text.raw() };
        seen[*place] = true;
        sink.cell(&mut draft, *place, raw);
    }
    sink.row(draft)
}

/// A field's value, its string decoded.
enum Value<'a> {
    Text(Cow<'a, str>),
    Plain(Raw<'a>),
}

impl Value<'_> {
    fn raw(&self) -> Raw<'_> {
        match self {
            Self::Text(text) => Raw::Text(text),
            Self::Plain(raw) => *raw,
        }
    }
}

fn text_of(raw: &RawValue) -> Value<'_> {
    let json = raw.get();
    match json.as_bytes().first() {
        Some(b'"') if json.contains('\\') => match serde_json::from_str::<String>(json) {
            Ok(text) => Value::Text(Cow::Owned(text)),
            Err(_) => Value::Text(Cow::Borrowed(json)),
        },
        Some(b'"') => Value::Text(Cow::Borrowed(json.trim_matches('"'))),
        Some(b't') => Value::Plain(Raw::Flag(true)),
        Some(b'f') => Value::Plain(Raw::Flag(false)),
        Some(b'n') => Value::Plain(Raw::Null),
        Some(b'{' | b'[') => Value::Plain(Raw::Bad(Fault::Nested, json)),
        _ => Value::Plain(Raw::Number(json)),
    }
}

/// The fields of one object, in their order.
struct Fields<'t, 'de> {
    table: &'t Table,
    known: Vec<(usize, &'de RawValue)>,
    unknown: Vec<String>,
}

fn object<'de>(text: &'de str, fields: &mut Fields<'_, 'de>) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(FieldsVisitor(fields))?;
    json.end()
}

struct FieldsVisitor<'f, 't, 'de>(&'f mut Fields<'t, 'de>);

impl<'de> Visitor<'de> for FieldsVisitor<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of columns, one a line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let fields = self.0;
        while let Some(name) = map.next_key_seed(Name(fields.table))? {
            let value: &'de RawValue = map.next_value()?;
            match name {
                Ok(place) => fields.known.push((place, value)),
                Err(name) => fields.unknown.push(name),
            }
        }
        Ok(())
    }
}

/// A field's name: its place in the row, or the name that no column has.
struct Name<'t>(&'t Table);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Result<usize, String>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Result<usize, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.column(name).map(|(place, _)| place).ok_or_else(|| name.to_owned()))
    }
}
