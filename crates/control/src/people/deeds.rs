//! Changes of a roster, one by one: somebody begins, leaves, gets a certificate, or loses one.
//!
//! A dealer changes its own roster only. Who works elsewhere and whose number a certificate has is asked of the whole
//! network: the answer is yes or no, never where.

use farsight_rulebook::tables::{self, Cell};
use farsight_rulebook::time::Instant;
use farsight_store::audit::Deed;
use farsight_store::roster::{self as stored, Employment};
use farsight_store::session::{Isolation, Turn};
use farsight_store::{Scope, Session, Tx, audit};
use jiff::civil::Date;

use super::look::{may_change, today};
use super::refusal::Refusal;
use crate::import::entered::{self, Entered};
use crate::import::written;
use crate::{ControlError, Desk};

/// The source that such facts name.
const SOURCE: &str = "roster desk";

/// Somebody who begins.
#[derive(Debug, Clone)]
pub struct Hire<'h> {
    /// The dealer.
    pub dealer: &'h str,
    /// The person's code, new or known.
    pub person: &'h str,
    /// The name.
    pub name: &'h str,
    /// The position.
    pub position: &'h str,
    /// The first day.
    pub from: Date,
}

/// Somebody who leaves.
#[derive(Debug, Clone)]
pub struct Leave<'l> {
    /// The dealer.
    pub dealer: &'l str,
    /// The person.
    pub person: &'l str,
    /// The position.
    pub position: &'l str,
    /// The employment's first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Why; empty where none is given.
    pub reason: &'l str,
}

/// A certificate that somebody got, or a new one in place of one that lapses.
#[derive(Debug, Clone)]
pub struct Certify<'c> {
    /// The dealer.
    pub dealer: &'c str,
    /// The number on the certificate.
    pub certificate: &'c str,
    /// The holder.
    pub person: &'c str,
    /// What it certifies.
    pub kind: &'c str,
    /// Its level; empty where it has none.
    pub level: &'c str,
    /// First day it counts.
    pub issued_on: Date,
    /// Last day it counts.
    pub expires_on: Date,
}

/// A certificate that counts no longer.
#[derive(Debug, Clone)]
pub struct Revoke<'r> {
    /// The dealer.
    pub dealer: &'r str,
    /// The certificate.
    pub certificate: &'r str,
    /// The day from which it does not count.
    pub on: Date,
}

/// Who changes a roster, where, when.
struct Change<'c> {
    dealer: &'c str,
    by: &'c str,
    now: Instant,
    today: Date,
    network: Scope,
    scope: Scope,
}

/// Adds an employment, and the person where the code is new.
///
/// Refused, in this order: a dealer or person who may not change the roster; a code that belongs to another name; a
/// person who works elsewhere; one who has the position; a field that no fact can hold.
pub fn hire(desk: &mut Desk, hire: &Hire) -> Result<(), ControlError> {
    change(desk, hire.dealer, |session, change| {
        let person = hire.person.trim().to_owned();
        let known = change.elsewhere(session, &person)?;
        session.transaction(change.scope, Isolation::ReadCommitted, |tx| {
            change.allowed(tx)?;
            let own = change.employments(tx, &person)?;
            let name = stored::names(tx, std::slice::from_ref(&person))?.pop().map(|(_, name)| name);
            if own.is_empty() && name.as_deref().is_some_and(|name| name != hire.name.trim()) {
                return Err(Refusal::CodeTaken(person.clone()).into());
            }
            if known {
                return Err(Refusal::Elsewhere(person.clone()).into());
            }
            let lasts = |row: &&Employment| {
                row.position == hire.position.trim() && row.to.is_none_or(|to| hire.from <= to)
            };
            if let Some(row) = own.iter().find(lasts) {
                return Err(Refusal::Employed { person: person.clone(), since: row.from }.into());
            }
            if name.as_deref() != Some(hire.name.trim()) {
                let cells = [("person_code", Cell::Text(&person)), ("name", Cell::Text(hire.name))];
                change.enter(tx, "people", &cells)?;
            }
            let cells = [
                ("person_code", Cell::Text(&person)),
                ("dealer_code", Cell::Text(change.dealer)),
                ("position", Cell::Text(hire.position)),
                ("from", Cell::Date(hire.from)),
                ("to", Cell::Empty),
            ];
            change.enter(tx, "employments", &cells)?;
            change.log(tx, "person.hire", &person)
        })
    })
}

/// Ends an employment.
///
/// Refused, in this order: a dealer or person who may not change the roster; an employment that is not there; one that
/// ended; a field that no fact can hold.
pub fn leave(desk: &mut Desk, leave: &Leave) -> Result<(), ControlError> {
    change(desk, leave.dealer, |session, change| {
        session.transaction(change.scope, Isolation::ReadCommitted, |tx| {
            change.allowed(tx)?;
            let own = change.employments(tx, leave.person)?;
            let same = |row: &&Employment| row.position == leave.position && row.from == leave.from;
            let row = own.iter().find(same).ok_or_else(|| Refusal::NotEmployed(leave.person.to_owned()))?;
            if let Some(on) = row.to.filter(|to| *to < change.today) {
                return Err(Refusal::Ended { on }.into());
            }
            let cells = [
                ("person_code", Cell::Text(leave.person)),
                ("dealer_code", Cell::Text(change.dealer)),
                ("position", Cell::Text(leave.position)),
                ("from", Cell::Date(leave.from)),
                ("to", Cell::Date(leave.to)),
                ("leave_reason", Cell::Text(leave.reason)),
            ];
            change.enter(tx, "employments", &cells)?;
            change.log(tx, "person.leave", leave.person)
        })
    })
}

/// Adds a certificate of somebody on the roster.
///
/// Refused, in this order: a dealer or person who may not change the roster; a holder who does not work there; a number
/// that is taken; a field that no fact can hold.
pub fn certify(desk: &mut Desk, certify: &Certify) -> Result<(), ControlError> {
    change(desk, certify.dealer, |session, change| {
        let id = certify.certificate.trim().to_owned();
        let taken = session.transaction(change.network, Isolation::ReadCommitted, |tx| {
            Ok::<_, ControlError>(!stored::certificates_by_id(tx, std::slice::from_ref(&id))?.is_empty())
        })?;
        session.transaction(change.scope, Isolation::ReadCommitted, |tx| {
            change.allowed(tx)?;
            if !change.works_here(tx, certify.person)? {
                return Err(Refusal::NotEmployed(certify.person.to_owned()).into());
            }
            if taken {
                return Err(Refusal::CertificateTaken(id.clone()).into());
            }
            let cells = [
                ("certificate_id", Cell::Text(&id)),
                ("person_code", Cell::Text(certify.person)),
                ("kind", Cell::Text(certify.kind)),
                ("level", Cell::Text(certify.level)),
                ("issued_on", Cell::Date(certify.issued_on)),
                ("expires_on", Cell::Date(certify.expires_on)),
            ];
            change.enter(tx, "certificates", &cells)?;
            change.log(tx, "certificate.add", &id)
        })
    })
}

/// Writes down from which day a certificate does not count.
///
/// Refused, in this order: a dealer or person who may not change the roster; a certificate of nobody on the roster; one
/// that is revoked.
pub fn revoke(desk: &mut Desk, revoke: &Revoke) -> Result<(), ControlError> {
    change(desk, revoke.dealer, |session, change| {
        session.transaction(change.scope, Isolation::ReadCommitted, |tx| {
            change.allowed(tx)?;
            let none = || Refusal::NoCertificate(revoke.certificate.to_owned());
            let certificate =
                stored::certificates_by_id(tx, &[revoke.certificate.to_owned()])?.pop().ok_or_else(none)?;
            if !change.works_here(tx, &certificate.person)? {
                return Err(none().into());
            }
            if let Some(on) = certificate.revoked_on {
                return Err(Refusal::Revoked { on }.into());
            }
            let cells =
                [("certificate_id", Cell::Text(revoke.certificate)), ("revoked_on", Cell::Date(revoke.on))];
            change.enter(tx, "certificates", &cells)?;
            change.log(tx, "certificate.revoke", revoke.certificate)
        })
    })
}

fn change(
    desk: &mut Desk,
    dealer: &str,
    work: impl FnOnce(&mut Session, &Change) -> Result<(), ControlError>,
) -> Result<(), ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    let change = Change {
        dealer: dealer.trim(),
        by: &by,
        now: desk.now,
        today: today(desk, desk.now)?,
        network: desk.tenant.network(),
        scope,
    };
    desk.session.in_turn(scope, Turn::Facts, |session| work(session, &change))
}

impl Change<'_> {
    /// The dealer is seen, and the person may change its roster.
    fn allowed(&self, tx: &mut Tx) -> Result<(), ControlError> {
        if stored::dealer(tx, self.dealer, self.today)?.is_none() {
            return Err(ControlError::NotFound("dealer"));
        }
        if may_change(tx, self.by, self.dealer)? {
            Ok(())
        } else {
            Err(Refusal::MayNot { by: self.by.to_owned() }.into())
        }
    }

    /// Asked of the whole network, since the person's part of it does not show the others.
    fn elsewhere(&self, session: &mut Session, person: &str) -> Result<bool, ControlError> {
        let people = [person.to_owned()];
        session.transaction(self.network, Isolation::ReadCommitted, |tx| {
            Ok(!stored::employed_elsewhere(tx, &people, self.dealer, self.today)?.is_empty())
        })
    }

    fn employments(&self, tx: &mut Tx, person: &str) -> Result<Vec<Employment>, ControlError> {
        let mut all = stored::all_employments(tx, self.dealer)?;
        all.retain(|row| row.person == person);
        Ok(all)
    }

    fn works_here(&self, tx: &mut Tx, person: &str) -> Result<bool, ControlError> {
        let own = self.employments(tx, person)?;
        Ok(own.iter().any(|row| row.to.is_none_or(|to| self.today <= to)))
    }

    fn enter(&self, tx: &mut Tx, table: &str, cells: &[(&str, Cell)]) -> Result<(), ControlError> {
        let table = tables::table(table).ok_or_else(|| Refusal::Facts(format!("no table {table}")))?;
        let rows = [written::row(table, cells)?];
        let entered = Entered { table, source: SOURCE, by: self.by, rows: &rows };
        entered::enter(tx, &entered, self.now)?.map_err(Refusal::Facts)?;
        Ok(())
    }

    fn log(&self, tx: &mut Tx, action: &str, subject: &str) -> Result<(), ControlError> {
        let detail = serde_json::json!({ "dealer": self.dealer }).to_string();
        audit::add(tx, self.now, &Deed { actor: self.by, action, subject, detail: &detail })?;
        Ok(())
    }
}
