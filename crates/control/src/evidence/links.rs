//! Short-lived links to evidence. A link names tenant, content, copy, person and end, and is signed: altered, too old or
//! another's it leads nowhere, just as if there were no such evidence. Who looked is in the audit log.
//!
//! A link gives no right: what it leads to must be among what the person sees, asked anew at each look.

use farsight_evidence::{Digest, MediaClass, MediaType};
use farsight_rulebook::time::Instant;
use farsight_store::audit::Deed;
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::{audit, evidence as stored};
use serde_json::json;

use super::may_judge;
use crate::sealing::Sealer;
use crate::{ControlError, Desk};

/// A link holds for at least so many seconds.
const LIFE_SECONDS: i64 = 600;
/// Ends fall on multiples of this, so that a page shown twice names the same pictures the same, and a browser keeps them.
const STEP_SECONDS: i64 = 300;

/// Which copy of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Copy {
    /// A small picture, without metadata.
    Thumb,
    /// A picture for a screen, without metadata.
    Large,
    /// The bytes as they were handed in, metadata and all.
    Original,
}

impl Copy {
    /// Its name in links.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::Large => "large",
            Self::Original => "original",
        }
    }

    /// The copy of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Thumb, Self::Large, Self::Original].into_iter().find(|copy| copy.name() == name)
    }

    /// The longest side in pixels; none: as it was handed in.
    pub const fn longest_side(self) -> Option<u32> {
        match self {
            Self::Thumb => Some(320),
            Self::Large => Some(1600),
            Self::Original => None,
        }
    }
}

/// Why a link leads nowhere: always the same words, for whoever tries links is not to learn which part was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is nothing here, or not any more: open the page again from which you came")]
pub struct LinkError;

/// A link as it was followed.
#[derive(Debug, Clone)]
pub struct Link<'l> {
    /// The content.
    pub sha256: &'l str,
    /// The copy.
    pub copy: Copy,
    /// Until when it holds, seconds since 1970.
    pub until: i64,
    /// The tag, hexadecimal.
    pub tag: &'l str,
}

/// The address of a copy for one person, from the root of the site.
pub fn link(sealer: &Sealer, tenant: &Tenant, by: &str, sha256: &str, copy: Copy, now: Instant) -> String {
    let earliest = now.0.div_euclid(1_000_000) + LIFE_SECONDS;
    let until = (earliest / STEP_SECONDS + 1) * STEP_SECONDS;
    let tag = sealer.tag(&parts(tenant, by, sha256, copy, &until.to_be_bytes()));
    format!("/evidence/{sha256}?as={}&until={until}&tag={}", copy.name(), hex::encode(tag))
}

fn parts<'p>(
    tenant: &'p Tenant,
    by: &'p str,
    sha256: &'p str,
    copy: Copy,
    until: &'p [u8; 8],
) -> [&'p [u8]; 6] {
    let copy: &'static str = copy.name();
    [b"evidence link", tenant.code.as_bytes(), by.as_bytes(), sha256.as_bytes(), copy.as_bytes(), until]
}

/// What a link leads to.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The content.
    pub digest: Digest,
    /// Its type.
    pub media_type: MediaType,
}

/// Follows a link: refused unless it is the person's own, whole and not over; then as [`look`].
pub fn open(desk: &mut Desk, sealer: &Sealer, link: &Link) -> Result<Opened, ControlError> {
    let tag = hex::decode(link.tag).map_err(|_| LinkError)?;
    let until = link.until.to_be_bytes();
    let signed = sealer.is_tag(&parts(&desk.tenant, &desk.actor, link.sha256, link.copy, &until), &tag);
    if !signed || desk.now.0.div_euclid(1_000_000) >= link.until {
        return Err(LinkError.into());
    }
    look(desk, link.sha256, link.copy)
}

/// Looks at a copy of a content, which is written down: refused unless the content is among what the person sees, and the
/// copy is one the person may have: pictures as they were handed in, with place and time, are for who judges.
pub fn look(desk: &mut Desk, sha256: &str, copy: Copy) -> Result<Opened, ControlError> {
    let digest: Digest = sha256.parse().map_err(|_| LinkError)?;
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    let original = copy == Copy::Original;
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let media_type = stored::media_type(tx, sha256)?;
        let media_type = media_type.and_then(|mime| MediaType::from_mime(&mime)).ok_or(LinkError)?;
        if original && media_type.class() == MediaClass::Picture && !may_judge(tx, &by)? {
            return Err(LinkError.into());
        }
        if stored::look(tx, sha256, &by, original, now)? {
            let subject = format!("evidence:{sha256}");
            let detail = json!({ "original": original }).to_string();
            audit::add(
                tx,
                now,
                &Deed { actor: &by, action: "evidence.look", subject: &subject, detail: &detail },
            )?;
        }
        Ok(Opened { digest, media_type })
    })
}
