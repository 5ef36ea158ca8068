//! Files on their way in: begun for a subject of a dealer, sent piece by piece over whatever line there is, whole at
//! last, then looked at and handed in.
//!
//! The bytes pass elsewhere; here is what is known of them, in the database, so that any replica takes the next piece.
//! A step taken twice is taken once. Somebody else's upload is not found.

mod error;
mod sweep;

use farsight_evidence::{EvidenceError, Limits, MediaClass, MediaType, Stored};
use farsight_ledger::settlement::Role;
use farsight_rulebook::subject::Subject;
use farsight_rulebook::time::Instant;
use farsight_store::session::Isolation;
use farsight_store::uploads::{self, State};
use farsight_store::{Tx, subjects, users};

pub use error::UploadError;
pub use farsight_store::uploads::{State as UploadState, Upload};
pub use sweep::{left, left_in_pieces, sweep};

use crate::evidence::{self, Examined, For, Source};
use crate::sealing::Sealer;
use crate::{ControlError, Desk};

/// So long more of an upload is taken. With the day until the next `evidence-sweep`, which puts together what arrived, shorter
/// than the two days after which the store sweeps what lies among the incoming.
const LIFE_MICROS: i64 = 20 * 3_600_000_000;
/// So many uploads of one person may be under way.
const MOST_OPEN: i64 = 200;
/// A longer name of a file is cut.
const NAME_CHARS: usize = 200;

/// An upload that is asked for.
#[derive(Debug, Clone)]
pub struct New<'n> {
    /// The dealer it is about.
    pub dealer: &'n str,
    /// What it is for: a subject of the rulebook.
    pub subject: &'n str,
    /// What the file is called.
    pub file_name: &'n str,
    /// Its size in bytes.
    pub length: u64,
}

/// Begins an upload. Refused in this order: too many, empty, too large, role, subject, dealer.
pub fn begin(desk: &mut Desk, sealer: &Sealer, new: &New) -> Result<Upload, ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    let upload = Upload {
        id: hex::encode(sealer.random::<16>()),
        dealer: new.dealer.to_owned(),
        subject: new.subject.to_owned(),
        file_name: cleaned(new.file_name),
        by: by.clone(),
        length: new.length,
        received: 0,
        state: State::Open,
        ends_at: Instant(now.0 + LIFE_MICROS),
        stored_at: None,
    };
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let open = uploads::open_of(tx, &by, now)?;
        refuse(tx, &by, new, open)?;
        uploads::begin(tx, &upload, now)?;
        Ok(upload)
    })
}

/// The name of a file without a path and without what no name has.
fn cleaned(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|char| !char.is_control()).take(NAME_CHARS).collect()
}

fn refuse(tx: &mut Tx, by: &str, new: &New, open: i64) -> Result<(), ControlError> {
    let most_bytes = most_bytes(&Limits::default());
    if open >= MOST_OPEN {
        return Err(UploadError::TooMany { most: MOST_OPEN }.into());
    }
    if new.length == 0 {
        return Err(UploadError::Empty.into());
    }
    if new.length > most_bytes {
        return Err(UploadError::TooLarge { bytes: new.length, most_bytes }.into());
    }
    let hands_in = |role| !matches!(role, Role::Operator | Role::Finance);
    if !users::find(tx, by)?.is_some_and(|user| hands_in(user.role)) {
        return Err(UploadError::MayNot.into());
    }
    if !is_about(tx, new)? {
        return Err(UploadError::Subject(new.subject.chars().take(120).collect()).into());
    }
    Ok(())
}

/// The most bytes that anything may have; what may be less is told by its content, as it passes.
const fn most_bytes(limits: &Limits) -> u64 {
    limits.film_bytes
}

/// Whether a subject is one of the dealer's, and the dealer one that the person sees.
fn is_about(tx: &mut Tx, new: &New) -> Result<bool, ControlError> {
    let own = |dealer: &str| dealer == new.dealer;
    let there = match Subject::read(new.subject) {
        Some(Subject::Inspection { inspection } | Subject::InspectionItem { inspection, .. }) => {
            subjects::is_of(tx, subjects::Fact::Inspection, inspection, new.dealer)?
        }
        Some(Subject::Complaint { complaint }) => {
            subjects::is_of(tx, subjects::Fact::Complaint, complaint, new.dealer)?
        }
        Some(Subject::Order { work_order }) => {
            subjects::is_of(tx, subjects::Fact::WorkOrder, work_order, new.dealer)?
        }
        Some(Subject::Feedback { feedback }) => {
            subjects::is_of(tx, subjects::Fact::Feedback, feedback, new.dealer)?
        }
        Some(Subject::Certificate { certificate, .. }) => {
            subjects::is_of(tx, subjects::Fact::Certificate, certificate, new.dealer)?
        }
        Some(
            Subject::DealerMonth { dealer, .. }
            | Subject::DealerDate { dealer, .. }
            | Subject::PersonDealerDate { dealer, .. }
            | Subject::PersonDealerMonth { dealer, .. }
            | Subject::Obligation { dealer, .. },
        ) => own(dealer),
        Some(Subject::PersonMonth { .. } | Subject::RegionMonth { .. } | Subject::ModelFaultMonth { .. }) => {
            false
        }
        None => crate::cases::takes_evidence(tx, new.subject, new.dealer)?,
    };
    Ok(there && subjects::is_dealer(tx, new.dealer)?)
}

/// An upload of the person at the desk.
pub fn find(desk: &mut Desk, id: &str) -> Result<Upload, ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| own(uploads::find(tx, id)?, &by))
}

fn own(found: Option<Upload>, by: &str) -> Result<Upload, ControlError> {
    Ok(found.filter(|upload| upload.by == by).ok_or(UploadError::Unknown)?)
}

/// An upload that takes bytes at an offset: what is asked before any are read. Refused in this order: unknown, over,
/// expired, offset.
pub fn ready(desk: &mut Desk, id: &str, offset: u64) -> Result<Upload, ControlError> {
    let upload = find(desk, id)?;
    takes_more(&upload, offset, desk.now)?;
    Ok(upload)
}

fn takes_more(upload: &Upload, offset: u64, now: Instant) -> Result<(), UploadError> {
    if upload.state != State::Open {
        return Err(UploadError::Over);
    }
    if now >= upload.ends_at {
        return Err(UploadError::Expired);
    }
    if offset != upload.received {
        return Err(UploadError::Offset { asked: offset, received: upload.received });
    }
    Ok(())
}

/// Writes down that a piece was taken which begins at an offset. Whoever comes second with the same bytes is refused by
/// their offset, and drops the piece.
pub fn took(desk: &mut Desk, id: &str, offset: u64, bytes: u64, piece: &str) -> Result<Upload, ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let mut upload = own(uploads::find_for_update(tx, id)?, &by)?;
        takes_more(&upload, offset, now)?;
        if offset + bytes > upload.length {
            return Err(UploadError::Beyond { length: upload.length }.into());
        }
        uploads::add_piece(tx, &upload, bytes, piece)?;
        upload.received += bytes;
        Ok(upload)
    })
}

/// An upload, and where all its bytes are here the pieces that are to be put together, in their order. None are where bytes
/// are missing, and where somebody else has put them together.
pub fn arrived(desk: &mut Desk, id: &str) -> Result<(Upload, Vec<String>), ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let upload = own(uploads::find_for_update(tx, id)?, &by)?;
        let pieces = if upload.has_arrived() { uploads::pieces(tx, id)? } else { Vec::new() };
        Ok((upload, pieces))
    })
}

/// Gives an upload up; gives the names of its pieces, to be dropped. What was handed in stays handed in.
pub fn give_up(desk: &mut Desk, id: &str) -> Result<Vec<String>, ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let upload = own(uploads::find_for_update(tx, id)?, &by)?;
        if matches!(upload.state, State::Stored { .. } | State::Finished { .. }) {
            return Err(UploadError::Over.into());
        }
        let pieces = uploads::pieces(tx, id)?;
        uploads::remove(tx, id)?;
        Ok(pieces)
    })
}

/// Writes down that an upload is whole in the evidence store; said again, it is said once.
pub fn stored(desk: &mut Desk, id: &str, stored: &Stored) -> Result<Upload, ControlError> {
    let state =
        State::Stored { sha256: stored.sha256.to_string(), media_type: stored.media_type.mime().to_owned() };
    step(desk, id, |tx, upload, now| {
        if upload.state == State::Open {
            uploads::set_whole(tx, &upload.id, stored.bytes)?;
            uploads::move_on(tx, &upload.id, &state, now)?;
            (upload.received, upload.length) = (stored.bytes, stored.bytes);
            upload.state = state;
        }
        Ok(())
    })
}

/// Writes down that an upload is not taken, and why. All its bytes count as received: none are wanted any more.
pub fn refused(desk: &mut Desk, id: &str, error: &EvidenceError) -> Result<Upload, ControlError> {
    let state = State::Refused { code: error.code().to_owned(), why: error.to_string() };
    step(desk, id, |tx, upload, now| {
        if matches!(upload.state, State::Open | State::Stored { .. }) {
            uploads::set_whole(tx, &upload.id, upload.length)?;
            uploads::move_on(tx, &upload.id, &state, now)?;
            (upload.received, upload.state) = (upload.length, state);
        }
        Ok(())
    })
}

fn step(
    desk: &mut Desk,
    id: &str,
    take: impl FnOnce(&mut Tx, &mut Upload, Instant) -> Result<(), ControlError>,
) -> Result<Upload, ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let mut upload = own(uploads::find_for_update(tx, id)?, &by)?;
        take(tx, &mut upload, now)?;
        Ok(upload)
    })
}

/// What an upload brought, when it is whole and nobody has looked at it; pictures have to be read for that.
pub fn to_look_at(upload: &Upload) -> Option<Stored> {
    let State::Stored { sha256, media_type } = &upload.state else { return None };
    Some(Stored {
        sha256: sha256.parse().ok()?,
        bytes: upload.length,
        media_type: MediaType::from_mime(media_type)?,
        already_there: true,
    })
}

/// Looks at what an upload brought and hands it in; what turns out to be no picture is refused. `bytes` are a picture's;
/// of what is no picture none are needed. Uses the processor: call it where blocking is allowed.
pub fn look_at(desk: &mut Desk, id: &str, stored: &Stored, bytes: &[u8]) -> Result<Upload, ControlError> {
    if stored.media_type.class() != MediaClass::Picture {
        return hand_in(desk, id, &evidence::unlooked(stored));
    }
    match evidence::examine(stored, bytes) {
        Ok(examined) => hand_in(desk, id, &examined),
        Err(error) => refused(desk, id, &error),
    }
}

/// Hands in what an upload brought, once it was looked at. Said again it is said once.
pub fn hand_in(desk: &mut Desk, id: &str, examined: &Examined) -> Result<Upload, ControlError> {
    let upload = find(desk, id)?;
    let State::Stored { sha256, .. } = &upload.state else { return Ok(upload) };
    let what = For {
        source: Source::Person,
        by: &upload.by,
        subject: &upload.subject,
        dealer: &upload.dealer,
        file_name: &upload.file_name,
    };
    let handing = evidence::hand_in(desk, examined, what)?.handing;
    let finished = State::Finished { sha256: sha256.clone(), handing };
    step(desk, id, |tx, upload, now| {
        if matches!(upload.state, State::Stored { .. }) {
            uploads::move_on(tx, &upload.id, &finished, now)?;
            upload.state = finished;
        }
        Ok(())
    })
}
