//! A roster by workbook: what a dealer fills in is looked through, shown with its faults, and taken in whole or not at all.
//!
//! Only the sheets people, employments and certificates, and only rows of that dealer: what belongs to another is refused
//! row by row, before anything is compared with what is stored.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;

use farsight_exchange::facts::{Sheet, write_workbook};
use farsight_exchange::{Cell, Found, Progress, Reader, Reading, RowError, Source, find};
use farsight_rulebook::tables::Table;
use farsight_store::roster::{self as stored};
use farsight_store::session::Isolation;
use jiff::civil::Date;

use super::look::{may_change, today};
use super::refusal::Refusal;
use crate::import::{self, Outcome};
use crate::{ControlError, Desk, ground};

/// The sheets that a dealer may fill in.
const SHEETS: [&str; 3] = ["people", "employments", "certificates"];

/// What became of a workbook.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// What would change, or changed, sheet by sheet, and what is wrong.
    pub outcome: Outcome,
}

impl Checked {
    /// Whether it can be taken in.
    pub fn is_good(&self) -> bool {
        self.outcome.error_count() == 0 && !self.outcome.files.is_empty()
    }
}

/// Looks a workbook through as if it were taken in; nothing is stored. `called` is the name its sender gave it.
///
/// # Errors
/// When it cannot be opened, or the person may not change the dealer's roster.
pub fn preview(desk: &mut Desk, dealer: &str, path: &Path, called: &str) -> Result<Checked, ControlError> {
    let sources: Vec<Source> = find(&[path])?.into_iter().map(|source| source.called(called)).collect();
    let strange = foreign_rows(desk, dealer, &sources)?;
    if !strange.is_empty() {
        let files = sources.iter().map(|source| report(source, &strange)).collect();
        return Ok(Checked { outcome: Outcome { files, errors: strange, dry_run: true } });
    }
    Ok(Checked { outcome: import::import(desk, &sources, true, &Progress::default())? })
}

/// Takes a workbook in, when nothing is wrong with any of its sheets; else it is as if it had only been looked through.
///
/// # Errors
/// The same as of looking it through.
pub fn take_in(desk: &mut Desk, dealer: &str, path: &Path, called: &str) -> Result<Checked, ControlError> {
    let checked = preview(desk, dealer, path, called)?;
    if !checked.is_good() {
        return Ok(checked);
    }
    let sources: Vec<Source> = find(&[path])?.into_iter().map(|source| source.called(called)).collect();
    Ok(Checked { outcome: import::import(desk, &sources, false, &Progress::default())? })
}

/// A dealer's roster as a workbook that can be changed and sent back.
pub fn download(desk: &mut Desk, dealer: &str) -> Result<Vec<u8>, ControlError> {
    let (scope, today) = (desk.scope(), today(desk, desk.now)?);
    let sheets = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        if stored::dealer(tx, dealer, today)?.is_none() {
            return Err(ControlError::NotFound("dealer"));
        }
        let employments = stored::all_employments(tx, dealer)?;
        let here = |to: Option<Date>| to.is_none_or(|to| today <= to);
        let mut people: Vec<String> =
            employments.iter().filter(|row| here(row.to)).map(|row| row.person.clone()).collect();
        people.dedup();
        let certificates = stored::certificates(tx, &people)?;
        let day = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
        let mut named = stored::names(tx, &people)?;
        named.sort();
        Ok(vec![
            sheet("people", &["person_code", "name"], named.into_iter().map(|(code, name)| vec![code, name])),
            sheet(
                "employments",
                &["person_code", "dealer_code", "position", "from", "to", "leave_reason"],
                employments.into_iter().map(|row| {
                    let (from, to) = (row.from.to_string(), day(row.to));
                    vec![
                        row.person,
                        dealer.to_owned(),
                        row.position,
                        from,
                        to,
                        row.leave_reason.unwrap_or_default(),
                    ]
                }),
            ),
            sheet(
                "certificates",
                &["certificate_id", "person_code", "kind", "level", "issued_on", "expires_on", "revoked_on"],
                certificates.into_iter().map(|row| {
                    let (issued, expires) = (row.issued_on.to_string(), row.expires_on.to_string());
                    let level = row.level.unwrap_or_default();
                    vec![row.id, row.person, row.kind, level, issued, expires, day(row.revoked_on)]
                }),
            ),
        ])
    })?;
    Ok(write_workbook(Vec::new(), &sheets)?)
}

fn sheet(table: &str, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Sheet {
    Sheet {
        table: table.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        rows: rows.collect(),
    }
}

fn report(source: &Source, errors: &[RowError]) -> import::FileReport {
    let label = source.label();
    let errors = errors.iter().filter(|error| error.file == label).count() as u64;
    import::FileReport {
        table: source.table().name,
        rows: 0,
        added: 0,
        corrected: 0,
        unchanged: 0,
        errors,
        file: label,
    }
}

/// A row of a workbook, of the columns that tell whose it is.
struct Told {
    file: String,
    line: u64,
    table: &'static str,
    person: String,
    dealer: String,
    name: String,
    certificate: String,
    to: Option<Date>,
}

/// What of a workbook is another dealer's, row by row.
fn foreign_rows(desk: &mut Desk, dealer: &str, sources: &[Source]) -> Result<Vec<RowError>, ControlError> {
    let (scope, network, by) = (desk.scope(), desk.tenant.network(), desk.actor.clone());
    let today = today(desk, desk.now)?;
    let reading = Reading { zone: ground::zone(&desk.tenant)?, currency: ground::currency(&desk.tenant)? };
    let (rows, mut errors) = told(sources, &reading)?;
    let people: Vec<String> = rows.iter().map(|row| row.person.clone()).collect();
    let certificates: Vec<String> = rows.iter().map(|row| row.certificate.clone()).collect();
    let (own, may) = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        if stored::dealer(tx, dealer, today)?.is_none() {
            return Err(ControlError::NotFound("dealer"));
        }
        Ok((stored::all_employments(tx, dealer)?, may_change(tx, &by, dealer)?))
    })?;
    if !may {
        return Err(Refusal::MayNot { by }.into());
    }
    // Asked of the whole network, since a dealer's part of it does not show the others.
    let (elsewhere, named, holders) = desk.session.transaction(network, Isolation::ReadCommitted, |tx| {
        Ok::<_, ControlError>((
            stored::employed_elsewhere(tx, &people, dealer, today)?,
            stored::names(tx, &people)?,
            stored::certificates_by_id(tx, &certificates)?,
        ))
    })?;
    let lasts = |to: Option<Date>| to.is_none_or(|to| today <= to);
    let here: HashSet<&str> = own.iter().filter(|row| lasts(row.to)).map(|row| row.person.as_str()).collect();
    let sent = rows.iter().filter(|row| row.table == "employments" && row.dealer == dealer && lasts(row.to));
    let sent: HashSet<&str> = sent.map(|row| row.person.as_str()).collect();
    let known = Known { dealer, here, sent, elsewhere, named, holders };
    for row in &rows {
        let fault = known.fault(row, lasts(row.to));
        if let Some((column, value, code, reason)) = fault {
            errors.push(RowError {
                file: row.file.clone(),
                line: row.line,
                index: 0,
                column: column.to_owned(),
                value: value.chars().take(80).collect(),
                code,
                reason: reason.to_owned(),
            });
        }
    }
    Ok(errors)
}

/// What is known of the people and certificates that a workbook names.
struct Known<'k> {
    dealer: &'k str,
    /// Who works for the dealer.
    here: HashSet<&'k str>,
    /// Who will, by the workbook.
    sent: HashSet<&'k str>,
    /// Who works for another.
    elsewhere: Vec<String>,
    named: Vec<(String, String)>,
    holders: Vec<stored::Certificate>,
}

/// The column, its value, the code and the reason of a fault.
type Fault<'f> = (&'static str, &'f str, &'static str, &'static str);

impl Known<'_> {
    /// Why a row is another dealer's business, if it is.
    fn fault<'r>(&self, row: &'r Told, lasts: bool) -> Option<Fault<'r>> {
        let here = self.here.contains(row.person.as_str());
        let away = self.elsewhere.contains(&row.person) && !here;
        let renamed = self.named.iter().any(|(code, name)| *code == row.person && *name != row.name);
        let holder = self.holders.iter().find(|known| known.id == row.certificate);
        match row.table {
            "people" if renamed && !here => Some((
                "person_code",
                &row.person,
                "person_code_taken",
                "this code belongs to another person: choose another, or write the name as it is known",
            )),
            "employments" if row.dealer != self.dealer => {
                Some(("dealer_code", &row.dealer, "foreign_dealer", "not this dealer's: take the row out"))
            }
            "employments" if away && lasts => Some((
                "person_code",
                &row.person,
                "person_elsewhere",
                "works for another dealer: that employment has to end first",
            )),
            "certificates" if !here && !self.sent.contains(row.person.as_str()) => Some((
                "person_code",
                &row.person,
                "person_not_employed",
                "not on this dealer's roster: add the employment first",
            )),
            "certificates" if holder.is_some_and(|holder| holder.person != row.person) => Some((
                "certificate_id",
                &row.certificate,
                "certificate_taken",
                "the number is another person's: write the number that stands on the certificate",
            )),
            _ => None,
        }
    }
}

/// The rows that can be read, and a fault for every sheet that is not a roster's.
fn told(sources: &[Source], reading: &Reading) -> Result<(Vec<Told>, Vec<RowError>), ControlError> {
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for source in sources {
        let (label, table) = (source.label(), source.table());
        if !SHEETS.contains(&table.name) {
            errors.push(RowError {
                file: label,
                line: 0,
                index: 0,
                column: String::new(),
                value: table.name.to_owned(),
                code: "foreign_sheet",
                reason: format!("a roster has the sheets {}: take this one out", SHEETS.join(", ")),
            });
            continue;
        }
        Reader::open(source, reading, &Progress::default())?.each(&mut |found| {
            match found {
                Found::Bad(error) => errors.push(error),
                Found::Row(row) => {
                    let text = |column| text(table, row.cells, column);
                    rows.push(Told {
                        file: label.clone(),
                        line: row.line,
                        table: table.name,
                        person: text("person_code"),
                        dealer: text("dealer_code"),
                        name: text("name"),
                        certificate: text("certificate_id"),
                        to: day(table, row.cells, "to"),
                    });
                }
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok((rows, errors))
}

fn day(table: &Table, cells: &[Cell], column: &str) -> Option<Date> {
    match table.column(column).and_then(|(at, _)| cells.get(at)) {
        Some(Cell::Date(date)) => Some(*date),
        _ => None,
    }
}

fn text(table: &Table, cells: &[Cell], column: &str) -> String {
    match table.column(column).and_then(|(at, _)| cells.get(at)) {
        Some(Cell::Text(text)) => (*text).to_owned(),
        _ => String::new(),
    }
}
