//! A machine shows its token, and what it used it for is noted.

use farsight_rulebook::time::{DAY, HOUR, Instant, MINUTE};
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::tokens::{self as stored, Held};
use farsight_store::{Session, audit};
use serde_json::json;

use super::{MARK, kept};
use crate::{ControlError, Desk};

/// Uses and first answers are kept for so long.
const KEPT: i64 = 7 * DAY;

/// A token as it was shown: whose it says it is, and the whole of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bearer {
    /// The tenant's number, not yet looked up.
    pub tenant: i32,
    secret: String,
}

impl Bearer {
    /// Of what stands behind `Bearer` in a request; none: no token of this tower looks so.
    pub fn read(shown: &str) -> Option<Self> {
        let (tenant, random) = shown.strip_prefix(MARK)?.strip_prefix('_')?.split_once('_')?;
        let fits = random.len() == 2 * super::SECRET_BYTES && random.bytes().all(|b| b.is_ascii_hexdigit());
        let tenant = tenant.parse().ok().filter(|_| fits && tenant.bytes().all(|b| b.is_ascii_digit()))?;
        Some(Self { tenant, secret: shown.to_owned() })
    }
}

/// Who a token belongs to, while it holds. That it was used is kept to the minute.
pub fn known(
    session: &mut Session,
    tenant: &Tenant,
    bearer: &Bearer,
    now: Instant,
) -> Result<Option<Held>, ControlError> {
    let secret = kept(&bearer.secret);
    session.transaction(tenant.network(), Isolation::ReadCommitted, |tx| {
        let Some(held) = stored::held(tx, &secret, now)? else { return Ok(None) };
        if held.last_used_at.is_none_or(|last| now.0 - last.0 >= MINUTE) {
            stored::used(tx, held.token, now)?;
        }
        Ok(Some(held))
    })
}

/// Notes what a token is used for: in the audit log once an hour, however many requests there are. `what` is a word such as
/// `read`, `act`, or `write work_orders`.
pub fn note_use(desk: &mut Desk, token: i32, what: &str) -> Result<(), ControlError> {
    let (scope, now, actor) = (desk.tenant.network(), desk.now, desk.actor.clone());
    let hour = Instant(now.0 - now.0.rem_euclid(HOUR));
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        if !stored::note_use(tx, token, hour, what)? {
            return Ok(());
        }
        stored::forget(tx, Instant(now.0.saturating_sub(KEPT)))?;
        let detail = json!({ "token": token, "what": what }).to_string();
        audit::add(
            tx,
            now,
            &audit::Deed { actor: &actor, action: "token.use", subject: &actor, detail: &detail },
        )?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_is_not_looked_for() {
        let random = "ab".repeat(32);
        assert_eq!(Bearer::read(&format!("fsk_7_{random}")).map(|bearer| bearer.tenant), Some(7));
        for wrong in [
            String::new(),
            "fsk".to_owned(),
            format!("fsk_{random}"),
            format!("fsk__{random}"),
            format!("fsk_+7_{random}"),
            format!("fsk_-7_{random}"),
            format!("fsk_7_{random}a"),
            format!("fsk_99999999999_{random}"),
            format!("fsk_7_{}", "zz".repeat(32)),
            format!("key_7_{random}"),
        ] {
            assert_eq!(Bearer::read(&wrong), None, "{wrong}");
        }
    }
}
