//! The people who may enter.

use farsight_ledger::settlement::{Actor, Role};
use farsight_store::audit::Deed;
use farsight_store::session::Isolation;
use farsight_store::users::{self, NetworkTable, User};
use farsight_store::{Tx, audit};

use crate::{ControlError, Desk};

/// Adds a user, or gives one another role and scope. Says whether it is new.
pub fn add(desk: &mut Desk, user: &User) -> Result<bool, ControlError> {
    // One person is one address: two spellings of it are not two pairs of eyes.
    let user = &User { email: user.email.to_lowercase(), ..user.clone() };
    check(user)?;
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        for (table, codes, noun) in [
            (NetworkTable::Regions, &user.regions, "region"),
            (NetworkTable::Dealers, &user.dealers, "dealer"),
        ] {
            let unknown = users::unknown_codes(tx, table, codes)?;
            if !unknown.is_empty() {
                return Err(ControlError::Usage(format!(
                    "no {noun} {}: import it first, or correct the code",
                    unknown.join(", ")
                )));
            }
        }
        let new = users::put(tx, user, now)?;
        let detail =
            serde_json::json!({ "role": user.role.name(), "regions": user.regions, "dealers": user.dealers })
                .to_string();
        audit::add(
            tx,
            now,
            &Deed { actor: &actor, action: "user.add", subject: &user.email, detail: &detail },
        )?;
        Ok(new)
    })
}

fn check(user: &User) -> Result<(), ControlError> {
    let usage = |text: &str| Err(ControlError::Usage(text.to_owned()));
    let looks_right =
        user.email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if !looks_right || user.email.contains(char::is_whitespace) {
        return usage("a user is named by an e-mail address, like name@example.com");
    }
    match user.role {
        Role::RegionalManager if user.regions.is_empty() => {
            usage("a regional manager needs at least one --region")
        }
        Role::Dealer if user.dealers.is_empty() => usage("a dealer's user needs at least one --dealer"),
        Role::RegionalManager if !user.dealers.is_empty() => {
            usage("a regional manager has regions, not dealers")
        }
        Role::Dealer if !user.regions.is_empty() => usage("a dealer's user has dealers, not regions"),
        Role::RegionalManager | Role::Dealer => Ok(()),
        _ if user.regions.is_empty() && user.dealers.is_empty() => Ok(()),
        _ => usage("this role sees the whole network: leave --region and --dealer out"),
    }
}

/// The user who takes a step, as the ledger looks at them.
pub(crate) fn actor<'a>(tx: &mut Tx, email: &'a str) -> Result<Actor<'a>, ControlError> {
    match users::find(tx, email)? {
        Some(user) => Ok(Actor { email, role: user.role }),
        None => Err(ControlError::Usage(format!(
            "no user '{email}': add them with `farsight user add {email} --role finance`, or correct --by"
        ))),
    }
}

/// All users, by address.
pub fn all(desk: &mut Desk) -> Result<Vec<User>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| Ok(users::all(tx)?))
}
