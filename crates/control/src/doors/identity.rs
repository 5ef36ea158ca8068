//! Who a provider's person is here: an account made, changed, shut and opened again by what the claim table says.
//!
//! Signing in and provisioning both end here, so that they cannot differ.

use farsight_identity::Told;
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;
use farsight_store::audit::Deed;
use farsight_store::doors::Account;
use farsight_store::identities::{self, By, Identity};
use farsight_store::single_sign_on::{self, Provider};
use farsight_store::users::{self, NetworkTable, User};
use farsight_store::{Tx, audit, doors};
use serde_json::{Map, Value, json};

use super::claims::{Standing, standing};
use super::said::said;
use crate::ControlError;

/// Why a provider's person is nobody here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nobody {
    /// The provider does not let them in (any more).
    Inactive,
    /// No rule of the table fits.
    NoRule,
    /// Somebody else has their address, and may not be taken over.
    Taken,
}

/// Who acts where a provider does.
pub(crate) fn actor(provider: &Provider) -> String {
    format!("provider:{}", provider.code)
}

/// Somebody whom a provider tells of, before anything is known.
pub(crate) fn nobody_yet(id: String) -> Identity {
    Identity {
        id,
        subject: None,
        external_id: None,
        user_name: String::new(),
        name: String::new(),
        attributes: Value::Object(Map::new()),
        claims: Value::Object(Map::new()),
        active: true,
        provisioned: true,
        user: None,
        shut: false,
        made_at: 0,
        changed_at: 0,
        deleted: false,
    }
}

/// What all that a provider said of a person makes, with codes that the network knows; for somebody provisioned groups are
/// what provisioning says, as soon as it says any.
pub(crate) fn judged(
    tx: &mut Tx,
    provider: &Provider,
    identity: &Identity,
) -> Result<Option<Standing>, ControlError> {
    let mut claims = said(identity);
    if identity.provisioned && has_groups(tx, provider)? {
        let groups = identities::groups_of(tx, &provider.code, &identity.id)?;
        let named: Vec<String> =
            groups.into_iter().flat_map(|group| [Some(group.name), group.external_id]).flatten().collect();
        claims.insert("groups".to_owned(), json!(named));
    }
    let rules = single_sign_on::rules(tx, &provider.code)?;
    known(tx, standing(&rules, &provider.dealers, &claims))
}

fn has_groups(tx: &mut Tx, provider: &Provider) -> Result<bool, ControlError> {
    let one = identities::Wanted { from: 1, count: 1, ..identities::Wanted::default() };
    Ok(identities::groups(tx, &provider.code, &one)?.1 > 0)
}

/// Without codes that nothing has; nothing left where a scope is needed: nobody.
pub(crate) fn known(tx: &mut Tx, standing: Option<Standing>) -> Result<Option<Standing>, ControlError> {
    let Some(mut standing) = standing else { return Ok(None) };
    let unknown = users::unknown_codes(tx, NetworkTable::Regions, &standing.regions)?;
    standing.regions.retain(|code| !unknown.contains(code));
    let unknown = users::unknown_codes(tx, NetworkTable::Dealers, &standing.dealers)?;
    standing.dealers.retain(|code| !unknown.contains(code));
    Ok(standing.is_whole().then_some(standing))
}

/// Makes the account say what the table says. `may_link`: whether the provider vouches for the address, so that an account
/// of that address may be taken over where headquarters allowed it.
pub(crate) fn settle(
    tx: &mut Tx,
    provider: &Provider,
    identity: &mut Identity,
    standing: Option<Standing>,
    may_link: bool,
    now: Instant,
) -> Result<Result<i32, Nobody>, ControlError> {
    let wanted = match standing {
        _ if !identity.active || identity.deleted => Err(Nobody::Inactive),
        None => Err(Nobody::NoRule),
        Some(standing) => Ok(standing),
    };
    let settled = match (identity.user, wanted) {
        (Some(user), Ok(standing)) => change(tx, provider, identity, (user, &standing), now)?,
        (Some(user), Err(why)) => {
            shut(tx, provider, identity, user, now)?;
            Err(why)
        }
        (None, Ok(standing)) => take_in(tx, provider, identity, &standing, may_link, now)?,
        (None, Err(why)) => Err(why),
    };
    if let Ok(user) = settled {
        identity.user = Some(user);
    }
    Ok(settled)
}

fn user_of(email: &str, standing: &Standing) -> User {
    User {
        email: email.to_owned(),
        role: standing.role,
        regions: standing.regions.clone(),
        dealers: standing.dealers.clone(),
    }
}

fn account(tx: &mut Tx, user: i32) -> Result<Account, ControlError> {
    doors::of_user(tx, user)?.ok_or(ControlError::NotFound("user"))
}

/// Another role or scope, where it differs; and in again, where this provider had shut them out.
fn change(
    tx: &mut Tx,
    provider: &Provider,
    identity: &Identity,
    (user, standing): (i32, &Standing),
    now: Instant,
) -> Result<Result<i32, Nobody>, ControlError> {
    let account = account(tx, user)?;
    let same = (account.role, &account.regions, &account.dealers)
        == (standing.role, &standing.regions, &standing.dealers);
    if !same {
        users::put(tx, &user_of(&account.email, standing), now)?;
        doors::end_sessions(tx, user, None)?;
        tell(tx, provider, "user.change", (&account.email, &told(standing)), now)?;
    }
    if !identity.name.is_empty() && identity.name != account.name {
        users::rename(tx, &account.email, &identity.name)?;
    }
    if identity.shut {
        users::disable(tx, user, None)?;
        identities::shut(tx, &provider.code, &identity.id, None)?;
        tell(tx, provider, "user.enable", (&account.email, &json!({})), now)?;
    }
    Ok(Ok(user))
}

/// Lets nobody in by this account any more, at once. What somebody else shut stays theirs to open.
fn shut(
    tx: &mut Tx,
    provider: &Provider,
    identity: &Identity,
    user: i32,
    now: Instant,
) -> Result<(), ControlError> {
    let account = account(tx, user)?;
    doors::end_sessions(tx, user, None)?;
    doors::drop_resets(tx, user)?;
    if !account.disabled {
        users::disable(tx, user, Some(now))?;
        identities::shut(tx, &provider.code, &identity.id, Some(now))?;
        tell(tx, provider, "user.disable", (&account.email, &json!({})), now)?;
    }
    Ok(())
}

/// Makes an account, or takes one over that has the same address, where that is allowed.
fn take_in(
    tx: &mut Tx,
    provider: &Provider,
    identity: &Identity,
    standing: &Standing,
    may_link: bool,
    now: Instant,
) -> Result<Result<i32, Nobody>, ControlError> {
    let email = identity.user_name.to_lowercase();
    let action = match doors::of_email(tx, &email)? {
        Some(there) => {
            if !(may_link && may_take_over(tx, provider, &there)?) {
                return Ok(Err(Nobody::Taken));
            }
            doors::end_sessions(tx, there.user, None)?;
            "user.link"
        }
        None => "user.add",
    };
    users::put(tx, &user_of(&email, standing), now)?;
    if !identity.name.is_empty() {
        users::rename(tx, &email, &identity.name)?;
    }
    tell(tx, provider, action, (&email, &told(standing)), now)?;
    let account = doors::of_email(tx, &email)?.ok_or(ControlError::NotFound("user"))?;
    Ok(Ok(account.user))
}

/// Only where headquarters allowed it, of nobody that another provider looks after, of no operator; and a dealer group's
/// provider only of users of its own dealers.
fn may_take_over(tx: &mut Tx, provider: &Provider, there: &Account) -> Result<bool, ControlError> {
    let of_group = provider.dealers.is_empty()
        || (there.role == Role::Dealer
            && there.dealers.iter().all(|dealer| provider.dealers.contains(dealer)));
    Ok(provider.links_by_email
        && there.role != Role::Operator
        && of_group
        && identities::provider_of(tx, there.user)?.is_none())
}

fn told(standing: &Standing) -> Value {
    json!({ "role": standing.role.name(), "regions": standing.regions, "dealers": standing.dealers })
}

fn tell(
    tx: &mut Tx,
    provider: &Provider,
    action: &str,
    (subject, detail): (&str, &Value),
    now: Instant,
) -> Result<(), ControlError> {
    let (actor, detail) = (actor(provider), detail.to_string());
    audit::add(tx, now, &Deed { actor: &actor, action, subject, detail: &detail })?;
    Ok(())
}

/// The identity that a token is about: the one that came before, or one provisioned that never came yet. That one is known
/// by an id that lasts, or by an address that the provider made sure of: a name that people set themselves would let in
/// whoever took a colleague's.
pub(crate) fn of_token(tx: &mut Tx, provider: &str, told: &Told) -> Result<Option<Identity>, ControlError> {
    if let Some(known) = identities::find(tx, provider, By::Subject(&told.subject))? {
        return Ok(Some(known));
    }
    let email = told.verified_email();
    for by in told.lasting_ids().map(By::ExternalId).chain(email.as_deref().map(By::UserName)) {
        let found = identities::find(tx, provider, by)?;
        if let Some(found) = found.filter(|found| found.subject.is_none()) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Whether the provider calls somebody by a name.
pub(crate) fn is_somebodys(tx: &mut Tx, provider: &str, name: &str) -> Result<bool, ControlError> {
    Ok(identities::find(tx, provider, By::UserName(name))?.is_some())
}
