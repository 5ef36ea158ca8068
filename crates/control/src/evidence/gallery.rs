//! What was handed in for a subject, as a page shows it. Where a picture was handed in before is told only as far as the
//! person sees that place; of the others only how many there are.

use farsight_evidence::MediaType;
use farsight_ledger::settlement::Role;
use farsight_store::session::Isolation;
use farsight_store::{Tx, evidence as stored, users};

use super::Seen;
use crate::{ControlError, Desk, ground};

/// A handing as it is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What was handed in, by whom, when; where it was taken for who judges alone.
    pub handing: stored::Shown,
    /// When, RFC 3339 in the tenant's zone.
    pub at: String,
    /// Whether it can be shown as a picture.
    pub is_picture: bool,
    /// Where it, or nearly it, was handed in before, as far as the person sees.
    pub like: Vec<Seen>,
    /// In how many other places.
    pub like_elsewhere: usize,
}

/// Whether a person judges what others hand in, and so sees it as it was handed in.
pub fn may_judge(tx: &mut Tx, by: &str) -> Result<bool, ControlError> {
    let user = users::find(tx, by)?;
    Ok(user.is_some_and(|user| matches!(user.role, Role::RegionalManager | Role::Hq)))
}

/// What persons handed in for these subjects, the first first.
pub fn gallery(desk: &mut Desk, subjects: &[&str]) -> Result<Vec<Shown>, ControlError> {
    shown(desk, |tx| Ok(stored::of_subjects(tx, subjects)?))
}

/// What was handed in of one content, as far as the person at the desk sees it; there is always something.
pub fn of_content(desk: &mut Desk, sha256: &str) -> Result<Vec<Shown>, ControlError> {
    shown(desk, |tx| {
        let handings = stored::of_content(tx, sha256)?;
        if handings.is_empty() { Err(ControlError::NotFound("evidence")) } else { Ok(handings) }
    })
}

/// Where a picture was taken is for who judges; where else it was handed in, for who sees that place.
fn shown(
    desk: &mut Desk,
    read: impl FnOnce(&mut Tx) -> Result<Vec<stored::Shown>, ControlError>,
) -> Result<Vec<Shown>, ControlError> {
    let (scope, zone, by) = (desk.scope(), ground::zone(&desk.tenant)?, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let handings = read(tx)?;
        let judges = may_judge(tx, &by)?;
        let like: Vec<Vec<Seen>> = handings.iter().map(|handing| like(&handing.likeness)).collect();
        let all: Vec<i64> = like.iter().flatten().map(|seen| seen.handing).collect();
        let visible = stored::seen_of(tx, &all)?;
        let shown = |(mut handing, like): (stored::Shown, Vec<Seen>)| {
            let (own, elsewhere): (Vec<_>, Vec<_>) =
                like.into_iter().partition(|seen| visible.contains(&seen.handing));
            handing.place = handing.place.filter(|_| judges);
            Shown {
                at: zone.rfc3339(handing.at),
                is_picture: is_shown(&handing.media_type),
                like: own,
                like_elsewhere: elsewhere.len(),
                handing,
            }
        };
        Ok(handings.into_iter().zip(like).map(shown).collect())
    })
}

/// Whether content of this type has a copy that a page shows.
fn is_shown(media_type: &str) -> bool {
    matches!(MediaType::from_mime(media_type), Some(MediaType::Jpeg | MediaType::Png | MediaType::Webp))
}

/// What was written down when it was handed in; what cannot be read says nothing.
fn like(told: &str) -> Vec<Seen> {
    serde_json::from_str(told).unwrap_or_default()
}
