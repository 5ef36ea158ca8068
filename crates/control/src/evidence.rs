//! Evidence handed in: what it is, and where it, or nearly it, was handed in before.
//!
//! A likeness is a hint for a person, never a reason to charge anyone.

mod gallery;
mod links;

use farsight_evidence::picture::{self, NEAR_BITS};
use farsight_evidence::{EvidenceError, Stored, exif};
use farsight_rulebook::subject::Subject;
use farsight_store::Tx;
use farsight_store::audit::{self, Deed};
use farsight_store::evidence::{self, Content, Handing, Like};
use farsight_store::facts::read;
use farsight_store::session::Isolation;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use farsight_store::evidence::Source;
pub use gallery::{Shown, gallery, may_judge, of_content};
pub use links::{Copy, Link, LinkError, Opened, link, look, open};

use crate::{ControlError, Desk, ground, users};

/// So many earlier handings are named at most.
const MOST_LIKE: u32 = 20;

/// A content as it was looked at.
#[derive(Debug, Clone)]
pub struct Examined {
    /// What is known of it.
    pub content: Content,
    /// The fingerprints of a picture's eight turned and mirrored forms.
    forms: Vec<u64>,
}

/// Looks at a content that the store has taken. Uses the processor: call it where blocking is allowed.
///
/// What cannot be looked at (a document, a film, a picture of a kind that is not decoded) is kept without.
pub fn examine(stored: &Stored, bytes: &[u8]) -> Result<Examined, EvidenceError> {
    let taken = exif::read(bytes);
    let mut content = Content {
        taken_local: taken.at.map(|at| at.local),
        place: taken.place.map(|place| (place.latitude, place.longitude)),
        ..unlooked(stored).content
    };
    let mut forms = Vec::new();
    match picture::look(bytes) {
        Ok(look) => {
            content.size = Some((look.width as i32, look.height as i32));
            content.fingerprint = Some(look.fingerprint.first());
            content.flaws = flaws(&look.flaws);
            // A picture of nothing is like every other picture of nothing.
            if content.flaws.is_empty() {
                forms = look.fingerprint.all().to_vec();
            }
        }
        Err(EvidenceError::NotDecoded(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(Examined { content, forms })
}

/// A content that is kept without a look: a document or a film, of whatever size.
pub fn unlooked(stored: &Stored) -> Examined {
    let content = Content {
        sha256: stored.sha256.to_string(),
        bytes: stored.bytes as i64,
        media_type: stored.media_type.mime().to_owned(),
        ..Content::default()
    };
    Examined { content, forms: Vec::new() }
}

fn flaws(flaws: &picture::Flaws) -> Vec<String> {
    [("black", flaws.black.found), ("covered", flaws.covered.found), ("blurred", flaws.blurred.found)]
        .into_iter()
        .filter(|(_, found)| *found)
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// A content handed in for something.
#[derive(Debug, Clone, Copy)]
pub struct For<'a> {
    /// Where it comes from.
    pub source: Source,
    /// Who hands it in.
    pub by: &'a str,
    /// What it is about: a subject of the rulebook, or `camera:CODE`.
    pub subject: &'a str,
    /// The dealer.
    pub dealer: &'a str,
    /// What the file was called.
    pub file_name: &'a str,
}

/// What was handed in.
#[derive(Debug, Clone, Serialize)]
pub struct Handed {
    /// Its number.
    pub handing: i64,
    /// The content's SHA-256.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: i64,
    /// Its type, told by content.
    pub media_type: String,
    /// What is wrong with a picture.
    pub flaws: Vec<String>,
    /// Where it, or nearly it, was handed in before; the nearest first.
    pub like: Vec<Seen>,
}

/// An earlier handing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    /// Its number.
    pub handing: i64,
    /// By whom.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// For what.
    pub subject: String,
    /// `same` file, or `near`: a picture that looks nearly the same, perhaps turned or mirrored.
    pub how: String,
    /// Bits by which the pictures differ.
    pub distance: i32,
}

/// Writes down that a content, which the store has, was handed in. Pictures of cameras are not compared with others: a
/// camera looks at the same hall every day.
///
/// The same content, handed in again by the same person for the same subject, is the same handing: a phone that lost
/// the answer sends it once more. Whether a person may hand it in is asked within what the person sees. Then the whole network is looked at: the same
/// picture handed in at another dealer's is what a likeness is for, and handings are numbered through.
pub fn hand_in(desk: &mut Desk, examined: &Examined, what: For) -> Result<Handed, ControlError> {
    let (own, network, now) = (desk.scope(), desk.tenant.network(), desk.now);
    let zone = ground::zone(&desk.tenant)?;
    if what.source == Source::Person {
        desk.session.transaction(own, Isolation::ReadCommitted, |tx| refuse(tx, what))?;
    }
    desk.session.transaction(network, Isolation::ReadCommitted, |tx| {
        let content = &examined.content;
        if what.source == Source::Person {
            evidence::take_turn(tx)?;
            let this = evidence::Handed {
                sha256: &content.sha256,
                by: what.by,
                subject: what.subject,
                dealer: what.dealer,
            };
            if let Some(handing) = evidence::handed_before(tx, &this)? {
                return Ok(handed(content, handing, Vec::new()));
            }
        }
        let like = match what.source {
            Source::Person => evidence::like(tx, &content.sha256, &examined.forms, NEAR_BITS, MOST_LIKE)?,
            Source::Camera => Vec::new(),
        };
        let like: Vec<Seen> =
            like.into_iter().map(|like| seen(like, &content.sha256, |at| zone.rfc3339(at))).collect();
        evidence::keep(tx, content, now)?;
        let handing = Handing {
            sha256: &content.sha256,
            source: what.source,
            by: what.by,
            at: now,
            subject: what.subject,
            dealer: what.dealer,
            file_name: what.file_name,
            likeness: &json!(like).to_string(),
        };
        let number = evidence::hand_in(tx, &handing)?;
        if what.source == Source::Person {
            let detail = json!({ "sha256": content.sha256, "like": like.len() }).to_string();
            audit::add(
                tx,
                now,
                &Deed { actor: what.by, action: "evidence.hand-in", subject: what.subject, detail: &detail },
            )?;
        }
        Ok(handed(content, number, like))
    })
}

fn handed(content: &Content, handing: i64, like: Vec<Seen>) -> Handed {
    Handed {
        handing,
        sha256: content.sha256.clone(),
        bytes: content.bytes,
        media_type: content.media_type.clone(),
        flaws: content.flaws.clone(),
        like,
    }
}

/// What nobody could make use of is not taken.
fn refuse(tx: &mut Tx, what: For) -> Result<(), ControlError> {
    users::actor(tx, what.by)?;
    if !read::dealer_codes(tx)?.iter().any(|dealer| dealer == what.dealer) {
        return Err(ControlError::Usage(format!(
            "no dealer '{}': correct --dealer, or import it first",
            what.dealer
        )));
    }
    if Subject::read(what.subject).is_none() && !crate::cases::takes_evidence(tx, what.subject, what.dealer)?
    {
        return Err(ControlError::Usage(format!(
            "'{}' is no subject: write for example inspection:I-7#item-03, complaint:C-12 or dealer:D1@2026-03",
            what.subject
        )));
    }
    Ok(())
}

fn seen(like: Like, sha256: &str, shown: impl Fn(farsight_rulebook::time::Instant) -> String) -> Seen {
    Seen {
        handing: like.handing,
        how: if like.sha256 == sha256 { "same" } else { "near" }.to_owned(),
        by: like.by,
        at: shown(like.at),
        subject: like.subject,
        distance: like.distance,
    }
}
