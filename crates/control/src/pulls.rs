//! What machines pull: objects in the order of their latest change, as the person or machine at the desk sees them. The
//! same rows and finders as the pages'; see [`farsight_store::pulls`] for why nothing is lost.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use farsight_rulebook::messages::Language;
use farsight_rulebook::period::Period;
use farsight_store::appeals::{self as stored_appeals, Appeal};
use farsight_store::complaints::{self as stored_complaints, Complaint};
use farsight_store::inspections::{self as stored_inspections, Row};
use farsight_store::ledger::{self, Entry};
use farsight_store::pulls;
use farsight_store::session::Isolation;
use farsight_store::settlements::{self, Month};
use farsight_store::{StoreError, Tx};
use jiff::civil::Date;

use crate::alerts::{self, Shown};
use crate::sample::{self, ShownDraw};
use crate::{ControlError, Desk};

pub use farsight_store::pulls::{Mark, Wanted};

/// A piece of what is pulled.
#[derive(Debug, Clone)]
pub struct Pulled<T> {
    /// The objects.
    pub items: Vec<T>,
    /// After what to go on: at once where there is more, else whenever something may have changed.
    pub next: Mark,
    /// Whether there is more just now.
    pub more: bool,
}

/// A mark of a list as those who pull are told it.
pub fn cursor(list: &str, mark: &Mark) -> String {
    URL_SAFE_NO_PAD.encode(format!("1 {list} {} {}", mark.seq, mark.key))
}

/// The mark of a list that somebody was told; none: it is no cursor of this list.
pub fn mark(list: &str, cursor: &str) -> Option<Mark> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    let mut parts = text.splitn(4, ' ');
    let (version, of, seq, key) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let seq = seq.parse().ok().filter(|seq| *seq >= 0 && version == "1" && of == list)?;
    Some(Mark { seq, key: key.to_owned() })
}

type Marks = fn(&mut Tx, &Wanted) -> Result<Vec<Mark>, StoreError>;

/// One mark more than wanted tells whether there is more.
fn marks(tx: &mut Tx, read: Marks, wanted: &Wanted) -> Result<(Vec<Mark>, Mark, bool), StoreError> {
    let mut marks = read(tx, &Wanted { limit: wanted.limit + 1, ..wanted.clone() })?;
    let more = marks.len() as i64 > wanted.limit;
    marks.truncate(usize::try_from(wanted.limit).unwrap_or(0));
    let next = marks.last().unwrap_or(&wanted.after).clone();
    Ok((marks, next, more))
}

fn pulled<T>(
    desk: &mut Desk,
    read: Marks,
    wanted: &Wanted,
    mut find: impl FnMut(&mut Tx, &str) -> Result<Option<T>, ControlError>,
) -> Result<Pulled<T>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let (marks, next, more) = marks(tx, read, wanted)?;
        let mut items = Vec::with_capacity(marks.len());
        for mark in marks {
            items.extend(find(tx, &mark.key)?);
        }
        Ok(Pulled { items, next, more })
    })
}

fn number(key: &str) -> i64 {
    key.parse().unwrap_or(0) // a key of these is the text of a number
}

/// Entries, in the order of posting.
pub fn entries(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<Entry>, ControlError> {
    pulled(desk, pulls::entries, wanted, |tx, key| Ok(ledger::find(tx, number(key))?))
}

/// One entry.
pub fn entry(desk: &mut Desk, id: i64) -> Result<Entry, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        ledger::find(tx, id)?.ok_or(ControlError::NotFound("entry"))
    })
}

/// Alerts in words, in the order of their latest notice.
pub fn alerts(desk: &mut Desk, wanted: &Wanted, language: Language) -> Result<Pulled<Shown>, ControlError> {
    let (now, tenant) = (desk.now, desk.tenant.clone());
    let mut words = None;
    pulled(desk, pulls::alerts, wanted, |tx, key| {
        let Some(alert) = farsight_store::alerts::find(tx, number(key))? else { return Ok(None) };
        let words = match &words {
            Some(words) => words,
            None => words.insert(alerts::Words::of(tx, &tenant)?),
        };
        words.show(alert, language, now).map(Some)
    })
}

/// Complaints, in the order of what was imported of them last.
pub fn complaints(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<Complaint>, ControlError> {
    let now = desk.now;
    pulled(desk, pulls::complaints, wanted, |tx, key| Ok(stored_complaints::find(tx, key, now)?))
}

/// Inspections with their results, in the order of what was imported of them last.
pub fn inspections(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<(String, Vec<Row>)>, ControlError> {
    pulled(desk, pulls::inspections, wanted, |tx, key| {
        let rows = stored_inspections::rows(tx, key)?;
        Ok((!rows.is_empty()).then(|| (key.to_owned(), rows)))
    })
}

/// Appeals, in the order of the latest deed on them.
pub fn appeals(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<Appeal>, ControlError> {
    pulled(desk, pulls::appeals, wanted, |tx, key| Ok(stored_appeals::find(tx, number(key))?))
}

/// Settlements, in the order of their latest step.
pub fn settlements(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<Month>, ControlError> {
    pulled(desk, pulls::settlements, wanted, |tx, key| match key.parse::<Period>() {
        Ok(period) => Ok(settlements::of_month(tx, period)?),
        Err(_) => Ok(None),
    })
}

/// Draws as far as they may be known, in the order of their latest step.
pub fn draws(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<ShownDraw>, ControlError> {
    let days = pulled(desk, pulls::draws, wanted, |_, key| Ok(key.parse::<Date>().ok()))?;
    let shown = days.items.into_iter().map(|day| sample::shown(desk, day)).collect::<Result<_, _>>()?;
    Ok(Pulled { items: shown, next: days.next, more: days.more })
}
