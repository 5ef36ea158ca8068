//! CSV and NDJSON.

use std::borrow::Cow;
use std::io::Write;

use farsight_rulebook::time::Zone;

use super::{OutCell, OutColumn, OutKind, WriteError, guarded, moment};

/// CSV in the making.
pub(super) struct CsvSink<W: Write>(csv::Writer<W>);

fn output(why: csv::Error) -> WriteError {
    match why.into_kind() {
        csv::ErrorKind::Io(why) => WriteError::Output(why),
        other => WriteError::Output(std::io::Error::other(format!("{other:?}"))),
    }
}

impl<W: Write> CsvSink<W> {
    pub(super) fn new(mut out: W, columns: &[OutColumn], bom: bool) -> Result<Self, WriteError> {
        if bom {
            out.write_all("\u{feff}".as_bytes())?;
        }
        let mut csv = csv::WriterBuilder::new().from_writer(out);
        csv.write_record(columns.iter().map(|column| column.name)).map_err(output)?;
        Ok(Self(csv))
    }

    pub(super) fn row(&mut self, cells: &[OutCell<'_>], zone: &Zone) -> Result<(), WriteError> {
        for cell in cells {
            self.0.write_field(text(cell, zone).as_bytes()).map_err(output)?;
        }
        self.0.write_record(None::<&[u8]>).map_err(output)
    }

    pub(super) fn finish(self) -> Result<W, WriteError> {
        self.0.into_inner().map_err(|why| WriteError::Output(why.into_error()))
    }
}

fn text<'a>(cell: &OutCell<'a>, zone: &Zone) -> Cow<'a, str> {
    match *cell {
        OutCell::Empty => "".into(),
        OutCell::Text(text) => guarded(text),
        OutCell::Count(number) => number.to_string().into(),
        OutCell::Decimal(decimal) => decimal.to_string().into(),
        OutCell::Date(date) => date.to_string().into(),
        OutCell::Instant(at) => moment(at, zone).into(),
        OutCell::Json(json) => guarded(&json.to_string()).into_owned().into(),
    }
}

/// One object, its fields in the order of the columns.
pub(super) fn ndjson_row<W: Write>(
    out: &mut W,
    columns: &[OutColumn],
    cells: &[OutCell<'_>],
    zone: &Zone,
) -> Result<(), WriteError> {
    let mut line = String::from("{");
    for (column, cell) in columns.iter().zip(cells) {
        if line.len() > 1 {
            line.push(',');
        }
        line.push_str(&quoted(column.name));
        line.push(':');
        line.push_str(&json(column.kind, cell, zone));
    }
    line.push_str("}\n");
    Ok(out.write_all(line.as_bytes())?)
}

fn json(kind: OutKind, cell: &OutCell<'_>, zone: &Zone) -> String {
    match *cell {
        OutCell::Empty => "null".to_owned(),
        OutCell::Text(text) => quoted(text),
        OutCell::Count(number) => number.to_string(),
        OutCell::Decimal(decimal) if kind == OutKind::Number => decimal.to_string(),
        OutCell::Decimal(decimal) => quoted(&decimal.to_string()),
        OutCell::Date(date) => quoted(&date.to_string()),
        OutCell::Instant(at) => quoted(&moment(at, zone)),
        OutCell::Json(json) => json.to_string(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
