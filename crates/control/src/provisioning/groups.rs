//! Groups that a provider tells of, and who is in them: the accounts of those follow.

use farsight_rulebook::time::Instant;
use farsight_store::Tx;
use farsight_store::identities::{self, Group, Wanted};
use farsight_store::session::Isolation;
use farsight_store::single_sign_on::Provider;
use serde_json::json;

use super::{Crowd, Refusal, ShownGroup, Told, at, is_name, new_id, settle_here, tell, told};
use crate::sealing::Sealer;
use crate::{ControlError, Desk};

/// Some groups, and how many there are; without who is in them where that is not asked for.
pub fn groups(
    desk: &mut Desk,
    provider: &Provider,
    wanted: &Wanted,
    with_members: bool,
) -> Result<(Vec<ShownGroup>, i64), ControlError> {
    let scope = desk.tenant.network();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let (found, total) = identities::groups(tx, &provider.code, wanted)?;
        let shown: Result<Vec<ShownGroup>, ControlError> = found
            .into_iter()
            .map(|group| {
                if with_members {
                    shown_group(tx, provider, group)
                } else {
                    Ok(ShownGroup { group, members: Vec::new() })
                }
            })
            .collect();
        Ok((shown?, total))
    })
}

/// The group of an id.
pub fn group(desk: &mut Desk, provider: &Provider, id: &str) -> Told<ShownGroup> {
    at(desk, provider, |tx, provider, _| match identities::group(tx, &provider.code, id)? {
        Some(group) => Ok(Ok(shown_group(tx, provider, group)?)),
        None => Ok(Err(Refusal::Unknown)),
    })
}

fn shown_group(tx: &mut Tx, provider: &Provider, group: Group) -> Result<ShownGroup, ControlError> {
    let members = identities::members(tx, &provider.code, &group.id)?;
    Ok(ShownGroup { group, members })
}

/// Takes a group down.
pub fn add_group(desk: &mut Desk, sealer: &Sealer, provider: &Provider, crowd: &Crowd) -> Told<ShownGroup> {
    let group =
        Group { id: new_id(sealer), external_id: None, name: String::new(), made_at: 0, changed_at: 0 };
    at(desk, provider, |tx, provider, now| write_group(tx, provider, (group, crowd), "group.add", now))
}

/// Changes a group and who is in it to what `alter` makes of it, kept from change by others meanwhile.
pub fn change_group<E>(
    desk: &mut Desk,
    provider: &Provider,
    id: &str,
    alter: impl FnOnce(&ShownGroup) -> Result<Crowd, E>,
) -> Told<Result<ShownGroup, E>> {
    at(desk, provider, |tx, provider, now| {
        let Some(group) = identities::group(tx, &provider.code, id)? else {
            return Ok(Err(Refusal::Unknown));
        };
        let before = shown_group(tx, provider, group.clone())?;
        match alter(&before) {
            Ok(crowd) => Ok(write_group(tx, provider, (group, &crowd), "group.change", now)?.map(Ok)),
            Err(fault) => Ok(Ok(Err(fault))),
        }
    })
}

fn write_group(
    tx: &mut Tx,
    provider: &Provider,
    (mut group, crowd): (Group, &Crowd),
    action: &str,
    now: Instant,
) -> Told<ShownGroup> {
    if !is_name(&crowd.name) {
        return Ok(Err(Refusal::Name));
    }
    let same_name = Wanted { name: Some(crowd.name.clone()), from: 1, count: 1, ..Wanted::default() };
    if identities::groups(tx, &provider.code, &same_name)?.0.iter().any(|other| other.id != group.id) {
        return Ok(Err(Refusal::Exists));
    }
    for member in &crowd.members {
        if told(tx, provider, member)?.is_none() {
            return Ok(Err(Refusal::Member));
        }
    }
    let renamed = group.name != crowd.name || group.external_id != crowd.external_id;
    group.name.clone_from(&crowd.name);
    group.external_id.clone_from(&crowd.external_id);
    identities::put_group(tx, &provider.code, &group, now)?;
    let moved = move_members(tx, provider, &group.id, (&crowd.members, renamed))?;
    follow(tx, provider, &moved, now)?;
    let detail = json!({ "id": group.id, "members": crowd.members.len(), "moved": moved.len() });
    tell(tx, provider, (action, &group.name), &detail, now)?;
    let group = identities::group(tx, &provider.code, &group.id)?.ok_or(ControlError::NotFound("group"))?;
    Ok(Ok(shown_group(tx, provider, group)?))
}

/// Puts in and takes out whom the list differs in; gives those for whom anything changed.
fn move_members(
    tx: &mut Tx,
    provider: &Provider,
    group: &str,
    (wanted, renamed): (&[String], bool),
) -> Result<Vec<String>, ControlError> {
    let before: Vec<String> =
        identities::members(tx, &provider.code, group)?.into_iter().map(|(id, _)| id).collect();
    let mut moved = Vec::new();
    for id in before {
        if wanted.contains(&id) {
            if renamed {
                moved.push(id);
            }
        } else if identities::leave(tx, &provider.code, group, &id)? {
            moved.push(id);
        }
    }
    for id in wanted {
        if identities::join(tx, &provider.code, group, id)? {
            moved.push(id.clone());
        }
    }
    Ok(moved)
}

/// Makes the accounts of these people follow their groups.
fn follow(tx: &mut Tx, provider: &Provider, ids: &[String], now: Instant) -> Result<(), ControlError> {
    for id in ids {
        if let Some(mut identity) = told(tx, provider, id)? {
            settle_here(tx, provider, &mut identity, now)?;
        }
    }
    Ok(())
}

/// Deletes a group.
pub fn drop_group(desk: &mut Desk, provider: &Provider, id: &str) -> Told<()> {
    at(desk, provider, |tx, provider, now| {
        let Some(group) = identities::group(tx, &provider.code, id)? else {
            return Ok(Err(Refusal::Unknown));
        };
        let members: Vec<String> =
            identities::members(tx, &provider.code, id)?.into_iter().map(|(id, _)| id).collect();
        identities::drop_group(tx, &provider.code, id)?;
        follow(tx, provider, &members, now)?;
        tell(tx, provider, ("group.delete", &group.name), &json!({ "id": id }), now)?;
        Ok(Ok(()))
    })
}
