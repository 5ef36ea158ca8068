//! Alerts that no check finds: raised by what sees the trouble, withdrawn when it is over.

use farsight_rulebook::alert::{CAMERA_AWAY, JOB_GAVE_UP, Level};
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::Instant;
use farsight_store::alerts::{self, Wanted};
use farsight_store::registry::Tenant;
use farsight_store::{Tx, runs};

use super::{Hour, change};
use crate::{ControlError, Desk, ground};

/// Trouble that somebody is to look at.
#[derive(Debug, Clone, Copy)]
pub enum Trouble<'a> {
    /// A camera gives no picture.
    CameraAway {
        /// The camera.
        camera: &'a str,
        /// Its dealer.
        dealer: &'a str,
        /// Since when.
        since: Instant,
        /// What was tried and failed, in a few words.
        why: &'a str,
    },
    /// A job is tried no more.
    JobGaveUp {
        /// The job.
        job: &'a str,
        /// The slot it was for.
        slot: Instant,
        /// How often it was tried.
        attempts: u32,
        /// Why it failed the last time, in a few words without personal data.
        why: &'a str,
    },
}

impl Trouble<'_> {
    /// The clause of its alert, which is its family and check as well.
    pub const fn clause(&self) -> &'static str {
        match self {
            Self::CameraAway { .. } => CAMERA_AWAY,
            Self::JobGaveUp { .. } => JOB_GAVE_UP,
        }
    }

    /// The subject of its alert: `camera:CODE`, `job:NAME@INSTANT`.
    pub fn subject(&self) -> String {
        match self {
            Self::CameraAway { camera, .. } => format!("camera:{camera}"),
            Self::JobGaveUp { job, slot, .. } => format!("job:{job}@{slot}"),
        }
    }

    const fn dealer(&self) -> &str {
        match self {
            Self::CameraAway { dealer, .. } => dealer,
            Self::JobGaveUp { .. } => "",
        }
    }

    const fn since(&self) -> Instant {
        match self {
            Self::CameraAway { since, .. } => *since,
            Self::JobGaveUp { slot, .. } => *slot,
        }
    }

    const fn level(&self) -> Level {
        match self {
            Self::CameraAway { .. } => Level::Dealer,
            Self::JobGaveUp { .. } => Level::Hq,
        }
    }

    pub(super) fn detail(&self, shown: impl Fn(Instant) -> String) -> String {
        let detail = match self {
            Self::CameraAway { camera, since, why, .. } => {
                serde_json::json!({ "camera": camera, "since": shown(*since), "why": why })
            }
            Self::JobGaveUp { job, slot, attempts, why } => {
                serde_json::json!({ "job": job, "slot": shown(*slot), "attempts": attempts, "why": why })
            }
        };
        detail.to_string()
    }
}

/// Raises an alert, or lets the one that is open say what is known now. Says whether it opened.
pub fn raise(desk: &mut Desk, trouble: Trouble) -> Result<bool, ControlError> {
    let tenant = desk.tenant.clone();
    change(desk, |tx, hour| raise_at(tx, &tenant, hour, trouble))
}

/// The same within a transaction of the caller, who has the tenant's turn of the books.
pub fn raise_within(
    tx: &mut Tx,
    tenant: &Tenant,
    now: Instant,
    trouble: Trouble,
) -> Result<bool, ControlError> {
    let hour = Hour::strike(tx, tenant, now)?;
    raise_at(tx, tenant, &hour, trouble)
}

fn raise_at(tx: &mut Tx, tenant: &Tenant, hour: &Hour, trouble: Trouble) -> Result<bool, ControlError> {
    let zone = ground::zone(tenant)?;
    let (subject, detail) = (trouble.subject(), trouble.detail(|at| zone.rfc3339(at)));
    let region = alerts::region_on(tx, trouble.dealer(), hour.today)?;
    let wanted = Wanted {
        family: trouble.clause(),
        subject: &subject,
        check: trouble.clause(),
        clause: trouble.clause(),
        unit: &subject,
        dealer: trouble.dealer(),
        region: &region,
        severity: Severity::Warning,
        level: trouble.level(),
        occurred_on: zone.date(trouble.since()),
        amount: Money::ZERO,
        due_at: None,
        detail: &detail,
    };
    Ok(alerts::raise(tx, wanted, hour.at, &hour.terms)?)
}

/// Resolves the alert of a clause and subject, the trouble being over. Says whether one was open.
pub fn withdraw(desk: &mut Desk, clause: &str, subject: &str) -> Result<bool, ControlError> {
    change(desk, |tx, hour| Ok(alerts::resolve_one(tx, clause, subject, hour.at)?))
}

/// The same within a transaction of the caller, who has the tenant's turn of the books.
pub fn withdraw_within(tx: &mut Tx, now: Instant, clause: &str, subject: &str) -> Result<bool, ControlError> {
    let at = runs::stamp(tx, now)?;
    Ok(alerts::resolve_one(tx, clause, subject, at)?)
}
