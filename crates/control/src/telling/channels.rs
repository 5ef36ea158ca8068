//! Channels: added with their secrets sealed, listed without them, tried, removed. Each change is in the audit log,
//! which never sees an address or a key.

use farsight_courier::{Channel, Line, Message, Reach};
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use farsight_store::audit::{self, Deed};
use farsight_store::registry::Tenant;
use farsight_store::session::{Isolation, Turn};
use farsight_store::telling::{self, Delivery};
use farsight_store::{StoreError, Tx};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::error::TellingError;
use super::texts::written;
use super::{CHANNEL, number};
use crate::sealing::Sealer;
use crate::{ControlError, Desk, explain, ground};

/// A channel as it is entered.
pub struct NewChannel<'a> {
    /// Its code.
    pub code: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// `email`, `wecom`, `dingtalk`, `feishu` or `webhook`.
    pub kind: &'a str,
    /// Its address, then its signing keys: what comes on standard input, line by line.
    pub lines: &'a [String],
    /// A word every message must contain, where the robot's group asks for one.
    pub keyword: Option<&'a str>,
}

/// A channel as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// Its code.
    pub channel: String,
    /// Its kind.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// When it was added, RFC 3339.
    pub added_at: String,
    /// By whom.
    pub added_by: String,
    /// Since when nothing is sent by it, RFC 3339.
    pub disabled_at: Option<String>,
    /// Why.
    pub disabled_why: Option<String>,
    /// Whether anything is told by it: whether it has a subscription.
    pub subscribed: bool,
}

impl NewChannel<'_> {
    /// The channel as JSON, as the courier reads it.
    fn written(&self) -> Result<serde_json::Value, TellingError> {
        let (kind, wants, most) = match self.kind {
            "email" => ("email", "the address", 1),
            "wecom" => ("wecom", "the robot's address", 1),
            "dingtalk" => {
                ("dingtalk", "the robot's address, and its signing key on a second line if it has one", 2)
            }
            "feishu" => {
                ("feishu", "the robot's address, and its signing key on a second line if it has one", 2)
            }
            _ => ("webhook", "the address, then one or two signing keys (whsec_…), the new one first", 3),
        };
        let fault = TellingError::Lines { kind, wants };
        let least = if kind == "webhook" { 2 } else { 1 };
        if self.lines.len() < least || self.lines.len() > most {
            return Err(fault);
        }
        let [address, keys @ ..] = self.lines else { return Err(fault) };
        Ok(match kind {
            "email" => json!({ "kind": kind, "to": address }),
            "webhook" => json!({ "kind": kind, "url": address, "secrets": keys }),
            "wecom" => json!({ "kind": kind, "url": address }),
            _ => json!({ "kind": kind, "url": address, "secret": keys.first(), "keyword": self.keyword }),
        })
    }
}

fn purpose(tenant: &Tenant, code: &str) -> String {
    format!("channel:{}:{code}", tenant.code)
}

/// A stored channel, opened.
pub(super) fn open(
    sealer: &Sealer,
    tenant: &Tenant,
    channel: &telling::Channel,
) -> Result<Channel, ControlError> {
    let text = sealer.open(&purpose(tenant, &channel.code), &channel.sealed)?;
    // What the parser says might quote a secret.
    serde_json::from_slice(&text).map_err(|_| StoreError::Value(format!("channel {}", channel.code)).into())
}

/// The robot's key: by this its pace is held, whatever channels lead to it.
fn robot_key(channel: &Channel, address: &str) -> String {
    match channel.pace() {
        Some(_) => hex::encode(&Sha256::digest(address.trim().as_bytes())[..16]),
        None => String::new(),
    }
}

/// Adds a channel, or takes the place of the one of its code, which counts as enabled then.
pub fn add(desk: &mut Desk, sealer: &Sealer, reach: &Reach, new: &NewChannel) -> Result<(), ControlError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if new.code.is_empty() || new.code.len() > 64 || !new.code.chars().all(fits) {
        return Err(TellingError::Code(new.code.to_owned()).into());
    }
    let text = new.written()?;
    let channel: Channel = serde_json::from_value(text.clone())
        .map_err(|_| StoreError::Value(format!("channel {}", new.code)))?;
    channel.check(reach).map_err(TellingError::from)?;
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    let row = telling::Channel {
        code: new.code.to_owned(),
        kind: channel.kind().to_owned(),
        name: new.name.to_owned(),
        sealed: sealer.seal(&purpose(&desk.tenant, new.code), text.to_string().as_bytes()),
        robot_key: robot_key(&channel, new.lines.first().map_or("", String::as_str)),
        added_at: now,
        added_by: actor.clone(),
        disabled: None,
    };
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        telling::put(tx, &row)?;
        let detail = json!({ "kind": row.kind, "name": row.name }).to_string();
        audit::add(
            tx,
            now,
            &Deed { actor: &actor, action: "channel.add", subject: new.code, detail: &detail },
        )?;
        Ok(())
    })
}

/// All channels, by code, without their secrets.
pub fn list(desk: &mut Desk) -> Result<Vec<Shown>, ControlError> {
    let (scope, zone) = (desk.scope(), ground::zone(&desk.tenant)?);
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let subscribed = super::receivers::subscribed(tx)?;
        let shown = |channel: telling::Channel| Shown {
            subscribed: subscribed.contains_key(&format!("{CHANNEL}{}", channel.code)),
            channel: channel.code,
            kind: channel.kind,
            name: channel.name,
            added_at: zone.rfc3339(channel.added_at),
            added_by: channel.added_by,
            disabled_at: channel.disabled.as_ref().map(|(at, _)| zone.rfc3339(*at)),
            disabled_why: channel.disabled.map(|(_, why)| why),
        };
        Ok(telling::all(tx)?.into_iter().map(shown).collect())
    })
}

fn known(tx: &mut Tx, code: &str) -> Result<telling::Channel, ControlError> {
    Ok(telling::find(tx, code)?.ok_or_else(|| TellingError::NoChannel(code.to_owned()))?)
}

/// Removes a channel with its subscription; what waits for it is dropped. Says how many messages that were.
pub fn remove(desk: &mut Desk, code: &str) -> Result<u64, ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.in_turn(scope, Turn::Telling, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            known(tx, code)?;
            telling::remove(tx, code)?;
            let dropped = telling::drop_of(tx, &format!("{CHANNEL}{code}"))?;
            let detail = json!({ "dropped": dropped }).to_string();
            audit::add(
                tx,
                now,
                &Deed { actor: &actor, action: "channel.remove", subject: code, detail: &detail },
            )?;
            Ok(dropped)
        })
    })
}

/// Makes a message that says nothing but that a channel works, due at once; gives its number.
pub fn test(desk: &mut Desk, code: &str, language: Language) -> Result<String, ControlError> {
    let (scope, now, tenant, actor) = (desk.scope(), desk.now, desk.tenant.clone(), desk.actor.clone());
    let id = number(&tenant, &["test", code, &now.0.to_string()]);
    let messages = explain::messages()?;
    let say = |key, values: &[(&str, &str)]| messages.say(language, key, values).map_err(explain::unsaid);
    let message = Message {
        id: id.clone(),
        title: say("telling.test", &[])?,
        lines: vec![Line::Text(say("telling.test-by", &[("channel", code), ("tenant", &tenant.name)])?)],
        severity: Severity::None,
        link: None,
        language,
        at: now.to_string(),
        event: "channel.test".to_owned(),
        data: json!({ "channel": code }),
    };
    let message = written(&message)?;
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let channel = known(tx, code)?;
        let delivery = Delivery {
            id: &id,
            receiver: &format!("{CHANNEL}{code}"),
            robot_key: &channel.robot_key,
            what: "test",
            alerts: &[],
            message: &message,
            made_at: now,
        };
        telling::add(tx, &delivery)?;
        let deed = Deed { actor: &actor, action: "channel.test", subject: code, detail: "{}" };
        audit::add(tx, now, &deed)?;
        Ok(id)
    })
}
