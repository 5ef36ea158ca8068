//! What machines pull: objects in the order of their latest change, as the person or machine at the desk sees them. The
//! same rows and finders as the pages'; see [`farsight_store::pulls`] for why nothing is lost.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use farsight_rulebook::messages::Language;
use farsight_rulebook::period::Period;
use farsight_store::appeals::{self as stored_appeals, Appeal};
use farsight_store::changes::{self, Content, List};
use farsight_store::complaints::{self as stored_complaints, Complaint};
use farsight_store::inspections::{self as stored_inspections, Row};
use farsight_store::ledger::{self, Entry};
use farsight_store::penalties::{self as stored_penalties, Draft};
use farsight_store::pulls;
use farsight_store::rectifications::{self as stored_rectifications, Order, Sight};
use farsight_store::session::Isolation;
use farsight_store::settlements::{self, Month};
use farsight_store::statements::{self as stored_statements, Listed};
use farsight_store::support::{self as stored_support, Request};
use farsight_store::{StoreError, Tx};
use jiff::civil::Date;

use crate::alerts::{self, Shown};
use crate::sample::{self, ShownDraw};
use crate::{ControlError, Desk, ground};

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

/// An object, or what was known of it before it was voided.
#[derive(Debug, Clone)]
pub struct Kept<T> {
    /// The object.
    pub it: T,
    /// Whether it was voided: no check looks at it any more.
    pub voided: bool,
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

/// One mark more than wanted tells whether there is more.
fn marks(
    tx: &mut Tx,
    read: impl FnOnce(&mut Tx, &Wanted) -> Result<Vec<Mark>, StoreError>,
    wanted: &Wanted,
) -> Result<(Vec<Mark>, Mark, bool), StoreError> {
    let mut marks = read(tx, &Wanted { limit: wanted.limit + 1, ..wanted.clone() })?;
    let more = marks.len() as i64 > wanted.limit;
    marks.truncate(usize::try_from(wanted.limit).unwrap_or(0));
    let next = marks.last().unwrap_or(&wanted.after).clone();
    Ok((marks, next, more))
}

fn pulled<T>(
    desk: &mut Desk,
    read: impl FnOnce(&mut Tx, &Wanted) -> Result<Vec<Mark>, StoreError>,
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

/// Alerts in words, in the order of their latest change.
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

/// What holds, else what was voided.
fn kept<T>(
    tx: &mut Tx,
    holding: impl FnOnce(&mut Tx) -> Result<Option<T>, StoreError>,
    voided: impl FnOnce(&mut Tx) -> Result<Option<T>, StoreError>,
) -> Result<Option<Kept<T>>, ControlError> {
    if let Some(it) = holding(tx)? {
        return Ok(Some(Kept { it, voided: false }));
    }
    Ok(voided(tx)?.map(|it| Kept { it, voided: true }))
}

/// Complaints, in the order of what was imported of them last.
pub fn complaints(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<Kept<Complaint>>, ControlError> {
    use stored_complaints::{find, find_voided};
    let now = desk.now;
    pulled(desk, pulls::complaints, wanted, |tx, key| {
        kept(tx, |tx| find(tx, key, now), |tx| find_voided(tx, key, now))
    })
}

/// Requests for technical support, in the order of what was imported of them last.
pub fn support_requests(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<Kept<Request>>, ControlError> {
    use stored_support::{find, find_voided};
    pulled(desk, pulls::support_requests, wanted, |tx, key| {
        kept(tx, |tx| find(tx, key), |tx| find_voided(tx, key))
    })
}

/// An inspection's id with its results.
pub type Results = (String, Vec<Row>);

/// Inspections with their results, in the order of what was imported of them last.
pub fn inspections(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<Kept<Results>>, ControlError> {
    use stored_inspections::{rows, voided_rows};
    let some = |key: &str, rows: Vec<Row>| (!rows.is_empty()).then(|| (key.to_owned(), rows));
    pulled(desk, pulls::inspections, wanted, |tx, key| {
        kept(tx, |tx| Ok(some(key, rows(tx, key)?)), |tx| Ok(some(key, voided_rows(tx, key)?)))
    })
}

/// Drafts of penalties, in the order of the latest deed on them.
pub fn penalties(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<Draft>, ControlError> {
    pulled(desk, pulls::penalties, wanted, |tx, key| Ok(stored_penalties::find(tx, number(key))?))
}

/// Gives what has become another since a list was last pulled the next number.
fn note_changes(
    desk: &mut Desk,
    list: List,
    contents: impl FnOnce(&mut Tx) -> Result<Vec<Content>, StoreError>,
) -> Result<(), ControlError> {
    let (network, now) = (desk.tenant.network(), desk.now);
    desk.session.transaction(network, Isolation::ReadCommitted, |tx| {
        let (stamp, last) = changes::stamps(tx, list)?;
        if last.as_ref() == Some(&stamp) {
            return Ok(());
        }
        changes::take_turn(tx)?;
        // Read again under the turn: whoever had it before may have noted all this, and what is read next is not older.
        let (stamp, last) = changes::stamps(tx, list)?;
        if last.as_ref() == Some(&stamp) {
            return Ok(());
        }
        let contents = contents(tx)?;
        Ok(changes::note(tx, list, &contents, &stamp, now)?)
    })
}

/// Dealers' statements of a month or of all, in the order of their latest change.
pub fn statements(
    desk: &mut Desk,
    period: Option<Period>,
    wanted: &Wanted,
) -> Result<Pulled<Listed>, ControlError> {
    note_changes(desk, List::Statements, stored_statements::contents)?;
    let read = |tx: &mut Tx, wanted: &Wanted| changes::pull(tx, List::Statements, period, wanted);
    pulled(desk, read, wanted, |tx, key| {
        let Some((month, dealer)) = key.split_once('/') else { return Ok(None) };
        let Ok(month) = month.parse::<Period>() else { return Ok(None) };
        Ok(stored_statements::find(tx, month, dealer)?)
    })
}

/// An order to mend as it is pulled: its key, and the order where there is one still.
pub type Changed = (String, Option<Order>);

/// Orders to mend, in the order of their latest change.
pub fn rectifications(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<Changed>, ControlError> {
    let (now, zone) = (desk.now, ground::zone(&desk.tenant)?);
    let sight = || Sight { zone: zone.name(), now };
    note_changes(desk, List::Rectifications, |tx| stored_rectifications::contents(tx, sight()))?;
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let read = |tx: &mut Tx, wanted: &Wanted| changes::pull(tx, List::Rectifications, None, wanted);
        let (marks, next, more) = marks(tx, read, wanted)?;
        let keys: Vec<&str> = marks.iter().map(|mark| mark.key.as_str()).collect();
        let orders = stored_rectifications::of_keys(tx, &keys, sight())?;
        let of = |key: &str| orders.iter().find(|order| order.key == key).cloned();
        Ok(Pulled { items: keys.iter().map(|key| ((*key).to_owned(), of(key))).collect(), next, more })
    })
}

/// Appeals, in the order of their latest change.
pub fn appeals(desk: &mut Desk, wanted: &Wanted) -> Result<Pulled<Appeal>, ControlError> {
    note_changes(desk, List::Appeals, stored_appeals::contents)?;
    let read = |tx: &mut Tx, wanted: &Wanted| changes::pull(tx, List::Appeals, None, wanted);
    pulled(desk, read, wanted, |tx, key| Ok(stored_appeals::find(tx, number(key))?))
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
    let by = desk.actor.clone();
    let anchors = sample::anchors(desk)?;
    pulled(desk, pulls::draws, wanted, |tx, key| match key.parse::<Date>() {
        Ok(day) => Ok(Some(sample::shown_of(tx, day, &by, &anchors)?)),
        Err(_) => Ok(None),
    })
}
