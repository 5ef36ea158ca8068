//! What has happened made into messages to webhooks, each as its machine sees it.
//!
//! For each webhook and source: what happened after its cursor is read in the scope of its machine, and one transaction writes the
//! messages down and moves the cursor. Killed in between, the same is read again: nothing is lost, nothing is made twice.

use farsight_courier::Message;
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::Instant;
use farsight_store::pulls::Mark;
use farsight_store::registry::Tenant;
use farsight_store::session::{Isolation, Person, Turn};
use farsight_store::telling::{self, Delivery};
use farsight_store::webhooks::happened::{self, Happened, Source};
use farsight_store::webhooks::{self as stored, Owned};
use farsight_store::{Scope, Session, StoreError};
use serde_json::{Value, json};

use super::{events, receiver};
use crate::desk::scope_of;
use crate::telling::{number, written};
use crate::{ControlError, Desk, ground, pulls};

/// So many events of a source are told to a webhook in one run; the next run goes on from there.
const AT_ONCE: i64 = 500;

/// Makes what is new into messages to webhooks; says how many.
pub fn fan_out(desk: &mut Desk) -> Result<u64, ControlError> {
    let (scope, now, tenant) = (desk.tenant.network(), desk.now, desk.tenant.clone());
    let today = ground::zone(&tenant)?.date(now);
    desk.session.in_turn(scope, Turn::Telling, |session| {
        let (told, latest) = session.transaction(scope, Isolation::ReadCommitted, |tx| {
            let told = stored::all(tx, now)?.into_iter();
            let told: Vec<Owned> =
                told.filter(|owned| owned.holds && owned.webhook.disabled.is_none()).collect();
            // Nobody is told: nothing is looked for.
            let sources: &[Source] = if told.is_empty() { &[] } else { &Source::ALL };
            let latest = sources.iter().map(|source| Ok((*source, happened::latest(tx, *source)?)));
            let latest: Result<Vec<(Source, Mark)>, StoreError> = latest.collect();
            Ok::<_, ControlError>((told, latest?))
        })?;
        let mut made = 0;
        for owned in told {
            let sees = scope_of(&tenant, owned.role, Person { user: owned.webhook.user, today });
            let round = Round { tenant: &tenant, now, owned: &owned, latest: &latest, sees };
            made += round.carry_out(session)?;
        }
        Ok(made)
    })
}

/// One webhook's messages.
struct Round<'r> {
    tenant: &'r Tenant,
    now: Instant,
    owned: &'r Owned,
    /// Up to where things have happened, by source.
    latest: &'r [(Source, Mark)],
    sees: Scope,
}

impl Round<'_> {
    fn carry_out(&self, session: &mut Session) -> Result<u64, ControlError> {
        let (network, id) = (self.tenant.network(), &self.owned.webhook.id);
        let cursors = session.transaction(network, Isolation::ReadCommitted, |tx| {
            Ok::<_, ControlError>(stored::cursors(tx, id)?)
        })?;
        let mut made = 0;
        for (source, latest) in self.latest.iter().cloned() {
            // A machine whose role has changed is told what its new role may see.
            let may = events::roles(source).contains(&self.owned.role);
            let Some(cursor) = cursors.get(source.name()).filter(|cursor| may && cursor.seq < latest.seq)
            else {
                continue;
            };
            made += self.tell(session, source, (cursor, latest))?;
        }
        Ok(made)
    }

    fn tell(
        &self,
        session: &mut Session,
        source: Source,
        (cursor, latest): (&Mark, Mark),
    ) -> Result<u64, ControlError> {
        let (happened, mut last) = session.transaction(self.sees, Isolation::Snapshot, |tx| {
            Ok::<_, ControlError>(happened::after(tx, source, cursor, AT_ONCE)?)
        })?;
        // All there was when the latest mark was read has been seen: what is not this machine's is not read again.
        if (happened.len() as i64) < AT_ONCE && last.seq < latest.seq {
            last = latest;
        }
        let wanted = |it: &&Happened| self.owned.webhook.events.contains(&it.event);
        session.transaction(self.tenant.network(), Isolation::ReadCommitted, |tx| {
            let mut made = 0;
            for it in happened.iter().filter(wanted) {
                let message = self.message(source, cursor, it)?;
                let receiver = receiver(&self.owned.webhook.id);
                let delivery = Delivery {
                    id: &message.id,
                    receiver: &receiver,
                    robot_key: &receiver,
                    what: "event",
                    alerts: &[],
                    message: &written(&message)?,
                    made_at: self.now,
                };
                made += u64::from(telling::add(tx, &delivery)?);
            }
            stored::move_cursor(tx, &self.owned.webhook.id, source.name(), &last)?;
            Ok(made)
        })
    }

    fn message(&self, source: Source, after: &Mark, it: &Happened) -> Result<Message, ControlError> {
        let mut told: Value = serde_json::from_str(&it.told)
            .map_err(|why| StoreError::Value(format!("what happened ({}): {why}", it.event)))?;
        told["tenant"] = json!(self.tenant.code);
        if source == Source::Entries {
            told["link"] = json!(format!("/api/v1/entries?cursor={}", pulls::cursor("entries", after)));
        }
        let parts = [&it.event, &it.mark.seq.to_string(), &it.mark.key];
        Ok(event(self.tenant, &self.owned.webhook.id, &parts.map(String::as_str), it.at, told))
    }
}

/// A message to a program; its number is told by what it is about.
pub(super) fn event(tenant: &Tenant, webhook: &str, about: &[&str], at: i64, data: Value) -> Message {
    let name = about.first().copied().unwrap_or_default();
    Message {
        id: number(tenant, &[&["event", webhook], about].concat()),
        title: name.to_owned(),
        lines: Vec::new(),
        severity: Severity::None,
        link: None,
        language: Language::English,
        at: Instant(at).timestamp().to_string(),
        event: name.to_owned(),
        data,
    }
}
