//! The people who may enter.

use farsight_ledger::settlement::{Actor, Role};
use farsight_store::audit::Deed;
use farsight_store::session::Isolation;
use farsight_store::settlements::Part;
use farsight_store::users::{self, Listed, NetworkTable, User};
use farsight_store::{Tx, audit, doors, tokens};

use crate::sealing::Sealer;
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

/// Whether two are one pair of eyes: the same person, a machine and whoever made it a token, or two machines of one maker.
pub(crate) fn same_eyes(tx: &mut Tx, one: &str, other: &str) -> Result<bool, ControlError> {
    let eyes = tokens::eyes(tx, one)?;
    Ok(tokens::eyes(tx, other)?.iter().any(|eye| eyes.contains(eye)))
}

/// All users, by address.
pub fn all(desk: &mut Desk) -> Result<Vec<User>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| Ok(users::all(tx)?))
}

/// Why nothing was done about a user, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserRefusal {
    /// Only headquarters and operators look after users.
    #[error("this role may not look after users: headquarters and operators do")]
    Role,
    /// Nobody changes their own role, scope or being there.
    #[error("nobody changes their own account here: another administrator has to")]
    Own,
    /// No address.
    #[error("a user is named by an e-mail address, like name@example.com")]
    Address,
    /// Somebody has this address.
    #[error("there is a user of this address already: change that one")]
    Exists,
    /// A regional manager without regions, or with dealers.
    #[error("a regional manager has at least one region, and no dealers")]
    Regions,
    /// A dealer's user without dealers, or with regions.
    #[error("a dealer's user has at least one dealer, and no regions")]
    Dealers,
    /// A scope for a role that sees the whole network.
    #[error("this role sees the whole network: leave regions and dealers out")]
    Whole,
    /// Codes that nothing has.
    #[error("no such code: {0}")]
    Unknown(String),
}

impl UserRefusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Role => "user_role",
            Self::Own => "user_own",
            Self::Address => "user_address",
            Self::Exists => "user_exists",
            Self::Regions => "user_regions",
            Self::Dealers => "user_dealers",
            Self::Whole => "user_whole",
            Self::Unknown(_) => "user_unknown",
        }
    }
}

/// Some users, and how many there are.
pub fn list(
    desk: &mut Desk,
    role: Option<&str>,
    text: Option<&str>,
    part: Part,
) -> Result<(Vec<Listed>, i64), ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(users::listed(tx, role, text, part)?))
}

/// The user of a number.
pub fn one(desk: &mut Desk, user: i32) -> Result<Listed, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| there(tx, user))
}

fn there(tx: &mut Tx, user: i32) -> Result<Listed, ControlError> {
    users::one(tx, user)?.ok_or(ControlError::NotFound("user"))
}

/// Adds a user by another person's hand.
pub fn enrol(desk: &mut Desk, user: &User, name: &str) -> Result<i32, ControlError> {
    let user = User { email: user.email.trim().to_lowercase(), ..user.clone() };
    write(desk, None, user, name.trim())
}

/// Gives a user another role, scope or name.
pub fn change(desk: &mut Desk, user: i32, change: User, name: &str) -> Result<i32, ControlError> {
    write(desk, Some(user), change, name.trim())
}

fn write(desk: &mut Desk, user: Option<i32>, mut wished: User, name: &str) -> Result<i32, ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after_users(tx, &by)?;
        if let Some(user) = user {
            wished.email = there(tx, user)?.email;
        }
        if wished.email == by {
            return Err(UserRefusal::Own.into());
        }
        if user.is_none() {
            is_address(&wished.email)?;
            if users::find(tx, &wished.email)?.is_some() {
                return Err(UserRefusal::Exists.into());
            }
        }
        fits(tx, &wished)?;
        users::put(tx, &wished, now)?;
        users::rename(tx, &wished.email, name)?;
        let detail = serde_json::json!({
            "role": wished.role.name(), "regions": wished.regions, "dealers": wished.dealers, "name": name,
        });
        let action = if user.is_some() { "user.change" } else { "user.add" };
        audit::add(
            tx,
            now,
            &Deed { actor: &by, action, subject: &wished.email, detail: &detail.to_string() },
        )?;
        let account = doors::of_email(tx, &wished.email)?.ok_or(ControlError::NotFound("user"))?;
        // Another role is another person to the tower: browsers that were let in as the old one come in anew.
        if user.is_some() {
            doors::end_sessions(tx, account.user, None)?;
        }
        Ok(account.user)
    })
}

/// Lets a user enter no more, signing them out everywhere; or lets them enter again.
pub fn let_in(desk: &mut Desk, user: i32, may: bool) -> Result<(), ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after_users(tx, &by)?;
        let there = there(tx, user)?;
        if there.email == by {
            return Err(UserRefusal::Own.into());
        }
        users::disable(tx, user, (!may).then_some(now))?;
        if !may {
            doors::end_sessions(tx, user, None)?;
            doors::drop_resets(tx, user)?;
        }
        let action = if may { "user.enable" } else { "user.disable" };
        audit::add(tx, now, &Deed { actor: &by, action, subject: &there.email, detail: "{}" })?;
        Ok(())
    })
}

/// A link for a user to set a password by, for an administrator to hand on.
pub fn invite(desk: &mut Desk, sealer: &Sealer, user: i32) -> Result<String, ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    let email = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after_users(tx, &by)?;
        let there = there(tx, user)?;
        if there.email == by {
            return Err(ControlError::from(UserRefusal::Own));
        }
        Ok(there.email)
    })?;
    Ok(crate::doors::invite(desk, sealer, &email)?.path)
}

pub(crate) fn looks_after_users(tx: &mut Tx, by: &str) -> Result<(), ControlError> {
    match actor(tx, by)?.role {
        Role::Hq | Role::Operator => Ok(()),
        _ => Err(UserRefusal::Role.into()),
    }
}

fn is_address(email: &str) -> Result<(), UserRefusal> {
    let parts = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if parts && !email.contains(char::is_whitespace) { Ok(()) } else { Err(UserRefusal::Address) }
}

/// Whether a scope fits the role, and names what there is.
pub(crate) fn fits(tx: &mut Tx, user: &User) -> Result<(), ControlError> {
    let refused = match user.role {
        Role::RegionalManager => {
            (user.regions.is_empty() || !user.dealers.is_empty()).then_some(UserRefusal::Regions)
        }
        Role::Dealer => (user.dealers.is_empty() || !user.regions.is_empty()).then_some(UserRefusal::Dealers),
        _ => (!user.regions.is_empty() || !user.dealers.is_empty()).then_some(UserRefusal::Whole),
    };
    if let Some(refusal) = refused {
        return Err(refusal.into());
    }
    let mut unknown = users::unknown_codes(tx, NetworkTable::Regions, &user.regions)?;
    unknown.extend(users::unknown_codes(tx, NetworkTable::Dealers, &user.dealers)?);
    if unknown.is_empty() { Ok(()) } else { Err(UserRefusal::Unknown(unknown.join(", ")).into()) }
}
