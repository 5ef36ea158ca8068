//! What an identity provider tells of its people and groups without anybody signing in (SCIM 2.0): made, changed, shut out
//! at once, deleted. A provider sees and changes what it told itself, and nothing else.

mod groups;

use farsight_rulebook::time::Instant;
use farsight_store::audit::Deed;
use farsight_store::identities::{self, By, Group, Identity, Wanted};
use farsight_store::session::Isolation;
use farsight_store::single_sign_on::{self, Provider};
use farsight_store::{Tx, audit};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::doors::identity::{Nobody, actor, judged, nobody_yet, settle};
use crate::sealing::Sealer;
use crate::{ControlError, Desk};

pub use groups::{add_group, change_group, drop_group, group, groups};

/// Why a provider's word is not taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing of this id that the provider told.
    #[error("there is no resource of this id")]
    Unknown,
    /// There is one of this name.
    #[error("there is a resource of this name already")]
    Exists,
    /// Nothing that can be a name.
    #[error("a user needs a userName, a group a displayName, of at most 200 characters")]
    Name,
    /// A member that the provider never told of.
    #[error("a member is no user of this provider")]
    Member,
    /// Meanwhile the provider was turned off, or its secret replaced.
    #[error("the provider may not provision any more")]
    Over,
}

/// A person as a provider tells of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Person {
    /// Their id there.
    pub external_id: Option<String>,
    /// What they sign in as.
    pub user_name: String,
    /// What they are called.
    pub name: String,
    /// Whether they may enter; none: as before, and somebody new may.
    pub active: Option<bool>,
    /// All else that is told, as claims.
    pub attributes: Map<String, Value>,
}

/// A person, the id here, and the groups they are in.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Who.
    pub identity: Identity,
    /// Where.
    pub groups: Vec<Group>,
}

/// A group as a provider tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Crowd {
    /// Its id there.
    pub external_id: Option<String>,
    /// Its name.
    pub name: String,
    /// The ids here of who is in it.
    pub members: Vec<String>,
}

/// A group, and the ids of who is in it with what they are called.
#[derive(Debug, Clone)]
pub struct ShownGroup {
    /// Which.
    pub group: Group,
    /// Who.
    pub members: Vec<(String, String)>,
}

/// The provider that a provisioning secret belongs to; none: nobody's.
pub fn whose(desk: &mut Desk, secret: &str) -> Result<Option<Provider>, ControlError> {
    let (scope, sha256) = (desk.tenant.network(), Sha256::digest(secret.as_bytes()).to_vec());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok(single_sign_on::provider_of_secret(tx, &sha256)?)
    })
}

type Told<T> = Result<Result<T, Refusal>, ControlError>;

/// Carries something out for a provider, one thing after the other, as what it is by then: what headquarters took from it
/// while a call waited holds for that call too.
fn at<T>(
    desk: &mut Desk,
    provider: &Provider,
    work: impl FnOnce(&mut Tx, &Provider, Instant) -> Told<T>,
) -> Told<T> {
    let (scope, now) = (desk.tenant.network(), desk.now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        single_sign_on::hold(tx, &provider.code)?;
        let by_then = single_sign_on::provider(tx, &provider.code)?;
        let may = |by_then: &Provider| by_then.enabled && by_then.scim_made_at == provider.scim_made_at;
        match by_then.filter(may) {
            Some(provider) => work(tx, &provider, now),
            None => Ok(Err(Refusal::Over)),
        }
    })
}

/// Some people, and how many there are.
pub fn people(
    desk: &mut Desk,
    provider: &Provider,
    wanted: &Wanted,
) -> Result<(Vec<Shown>, i64), ControlError> {
    let scope = desk.tenant.network();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let (found, total) = identities::list(tx, &provider.code, wanted)?;
        let shown: Result<Vec<Shown>, ControlError> =
            found.into_iter().map(|identity| shown(tx, provider, identity)).collect();
        Ok((shown?, total))
    })
}

/// The person of an id.
pub fn person(desk: &mut Desk, provider: &Provider, id: &str) -> Told<Shown> {
    at(desk, provider, |tx, provider, _| match told(tx, provider, id)? {
        Some(identity) => Ok(Ok(shown(tx, provider, identity)?)),
        None => Ok(Err(Refusal::Unknown)),
    })
}

fn told(tx: &mut Tx, provider: &Provider, id: &str) -> Result<Option<Identity>, ControlError> {
    Ok(identities::find(tx, &provider.code, By::Id(id))?.filter(|identity| !identity.deleted))
}

fn shown(tx: &mut Tx, provider: &Provider, identity: Identity) -> Result<Shown, ControlError> {
    let groups = identities::groups_of(tx, &provider.code, &identity.id)?;
    Ok(Shown { identity, groups })
}

fn new_id(sealer: &Sealer) -> String {
    uuid::Builder::from_random_bytes(sealer.random()).into_uuid().to_string()
}

/// Takes a person down. One of this name that was deleted before is the same person again; the provider may know them by
/// another subject now, so that the first sign-in tells which.
pub fn add_person(desk: &mut Desk, sealer: &Sealer, provider: &Provider, person: &Person) -> Told<Shown> {
    let id = new_id(sealer);
    at(desk, provider, |tx, provider, now| {
        if !is_name(&person.user_name) {
            return Ok(Err(Refusal::Name));
        }
        let identity = match identities::find(tx, &provider.code, By::UserName(&person.user_name))? {
            Some(there) if !there.deleted => return Ok(Err(Refusal::Exists)),
            Some(gone) => Identity { subject: None, active: true, ..gone },
            None => nobody_yet(id),
        };
        write(tx, provider, (identity, person), "identity.add", now).map(Ok)
    })
}

/// Changes what is told of a person to what `alter` makes of it, kept from change by others meanwhile.
pub fn change_person<E>(
    desk: &mut Desk,
    provider: &Provider,
    id: &str,
    alter: impl FnOnce(&Shown) -> Result<Person, E>,
) -> Told<Result<Shown, E>> {
    at(desk, provider, |tx, provider, now| {
        let Some(identity) = told(tx, provider, id)? else { return Ok(Err(Refusal::Unknown)) };
        let person = match alter(&shown(tx, provider, identity.clone())?) {
            Ok(person) => person,
            Err(fault) => return Ok(Ok(Err(fault))),
        };
        if !is_name(&person.user_name) {
            return Ok(Err(Refusal::Name));
        }
        let same_name = identities::find(tx, &provider.code, By::UserName(&person.user_name))?;
        if same_name.is_some_and(|other| other.id != identity.id) {
            return Ok(Err(Refusal::Exists));
        }
        Ok(Ok(Ok(write(tx, provider, (identity, &person), "identity.change", now)?)))
    })
}

/// Deletes a person: they may not enter any more, and what was told of them is forgotten. Their account stays, for the
/// audit log names them by it, and so do user name and subject: by those they are kept out.
pub fn drop_person(desk: &mut Desk, provider: &Provider, id: &str) -> Told<()> {
    at(desk, provider, |tx, provider, now| {
        let Some(mut identity) = told(tx, provider, id)? else { return Ok(Err(Refusal::Unknown)) };
        for group in identities::groups_of(tx, &provider.code, id)? {
            identities::leave(tx, &provider.code, &group.id, id)?;
        }
        identity = Identity {
            subject: identity.subject,
            user_name: identity.user_name,
            user: identity.user,
            shut: identity.shut,
            active: false,
            deleted: true,
            ..nobody_yet(identity.id)
        };
        settle_here(tx, provider, &mut identity, now)?;
        tell(tx, provider, ("identity.delete", &identity.user_name), &json!({}), now)?;
        Ok(Ok(()))
    })
}

fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= 200 && !name.chars().any(char::is_control)
}

fn write(
    tx: &mut Tx,
    provider: &Provider,
    (mut identity, person): (Identity, &Person),
    action: &str,
    now: Instant,
) -> Result<Shown, ControlError> {
    identity.external_id.clone_from(&person.external_id);
    identity.user_name = person.user_name.trim().to_owned();
    identity.name.clone_from(&person.name);
    identity.active = person.active.unwrap_or(identity.active);
    identity.attributes = Value::Object(person.attributes.clone());
    (identity.provisioned, identity.deleted) = (true, false);
    settle_here(tx, provider, &mut identity, now)?;
    let detail = json!({ "active": identity.active, "id": identity.id });
    tell(tx, provider, (action, &identity.user_name), &detail, now)?;
    let identity = told(tx, provider, &identity.id)?.ok_or(ControlError::NotFound("identity"))?;
    shown(tx, provider, identity)
}

/// Makes the account follow. That nobody is made (no rule fits yet, the address is another's) is no fault of the provider:
/// people often come before their groups.
fn settle_here(
    tx: &mut Tx,
    provider: &Provider,
    identity: &mut Identity,
    now: Instant,
) -> Result<(), ControlError> {
    let standing = judged(tx, provider, identity)?;
    // A name that is no address can be nobody's account; one that there is already stays who it is.
    let can_be = identity.user.is_some() || identity.user_name.contains('@');
    let settled = settle(tx, provider, identity, standing.filter(|_| can_be), true, now)?;
    if let Err(why) = settled {
        tell_taken(tx, provider, identity, why, now)?;
    }
    Ok(identities::put(tx, &provider.code, identity, now)?)
}

/// That somebody who should be in is not, is told where it is looked for: in the audit log.
fn tell_taken(
    tx: &mut Tx,
    provider: &Provider,
    identity: &Identity,
    why: Nobody,
    now: Instant,
) -> Result<(), ControlError> {
    if why != Nobody::Taken {
        return Ok(());
    }
    tell(tx, provider, ("identity.taken", &identity.user_name), &json!({ "code": "sso_taken" }), now)
}

fn tell(
    tx: &mut Tx,
    provider: &Provider,
    (action, subject): (&str, &str),
    detail: &Value,
    now: Instant,
) -> Result<(), ControlError> {
    let (actor, detail) = (actor(provider), detail.to_string());
    audit::add(tx, now, &Deed { actor: &actor, action, subject, detail: &detail })?;
    Ok(())
}
