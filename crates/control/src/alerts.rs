//! Alerts at work: listed in words, acknowledged, raised where no check finds them, and tended as time goes by.
//!
//! Whatever changes one takes the tenant's turn of the books, as checks do: an alert is opened once, and notices are
//! numbered in the order of committing.

mod acknowledge;
mod raised;
mod tend;

use farsight_rulebook::alert::{Spoken, Terms, Told};
use farsight_rulebook::case::Ground;
use farsight_rulebook::messages::{Language, Messages, Voice};
use farsight_rulebook::money::Currency;
use farsight_rulebook::time::Instant;
use farsight_store::alerts::{self, Alert, Filter};
use farsight_store::registry::Tenant;
use farsight_store::session::{Isolation, Turn};
use farsight_store::{Tx, runs};
use jiff::civil::Date;
use serde::Serialize;

use crate::{ControlError, Desk, explain, ground};

pub use acknowledge::{Refusal, acknowledge};
pub use raised::{Trouble, raise, raise_within, withdraw, withdraw_within};
pub use tend::{Tended, escalate, tend};

/// What the policy in force on a day says of alerts; where none is, the defaults.
pub fn terms(ground: &Ground, on: Date) -> Terms {
    ground.timeline.in_force(on).map_or_else(Terms::default, |version| version.policy.alerts.clone())
}

/// An alert for people.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// Its number.
    pub alert: i64,
    /// Where it stands: `open`, `acknowledged`, `resolved`.
    pub status: &'static str,
    /// Its severity.
    pub severity: String,
    /// Before whom it is: `dealer`, `district-manager`, `region-director`, `hq`.
    pub level: &'static str,
    /// Who held that post when it came there.
    pub holder: Option<String>,
    /// The check.
    pub check: String,
    /// The clause.
    pub clause: String,
    /// The subject.
    pub subject: String,
    /// The dealer.
    pub dealer: String,
    /// The region.
    pub region: String,
    /// The local date of what happened.
    pub occurred_on: Date,
    /// All that its finding charges, posted or vacant, as a decimal.
    pub amount: String,
    /// Until when something can or must be done, RFC 3339.
    pub due_at: Option<String>,
    /// When it opened.
    pub opened_at: String,
    /// When it goes one level up.
    pub escalates_at: Option<String>,
    /// When it was acknowledged.
    pub acknowledged_at: Option<String>,
    /// By whom.
    pub acknowledged_by: Option<String>,
    /// When it was resolved.
    pub resolved_at: Option<String>,
    /// How often it came back soon after it was resolved.
    pub flaps: i32,
    /// What happened.
    pub happened: String,
    /// What it costs.
    pub cost: String,
    /// Who is to do what by when.
    pub act: String,
    /// All three.
    pub text: String,
}

/// Alerts of a filter, and how many there are.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// How many there are.
    pub total: u64,
    /// The first of them: the most severe first, then the oldest.
    pub alerts: Vec<Shown>,
}

/// What is needed to put a tenant's alerts into words.
pub struct Words {
    messages: Messages,
    ground: Ground,
    currency: Currency,
}

impl Words {
    /// The words for a tenant.
    pub fn of(tx: &mut Tx, tenant: &Tenant) -> Result<Self, ControlError> {
        let (messages, currency) = (explain::messages()?, ground::currency(tenant)?);
        Ok(Self { messages, ground: ground::load(tx, tenant)?, currency })
    }

    /// The tenant's voice in a language.
    pub(crate) fn voice(&self, language: Language) -> Voice<'_> {
        Voice { messages: &self.messages, language, zone: &self.ground.zone, currency: self.currency }
    }

    /// What an alert says at an instant.
    pub fn say(&self, alert: &Alert, language: Language, at: Instant) -> Result<Spoken, ControlError> {
        let voice = self.voice(language);
        let version = self.ground.timeline.in_force(alert.occurred_on);
        told(alert).speak(&voice, version.map(|version| &*version.policy), at).map_err(explain::unsaid)
    }

    pub(crate) fn show(&self, alert: Alert, language: Language, at: Instant) -> Result<Shown, ControlError> {
        let Spoken { happened, cost, act, text } = self.say(&alert, language, at)?;
        let when = |at: Instant| self.ground.zone.rfc3339(at);
        Ok(Shown {
            alert: alert.id,
            status: alert.status().name(),
            level: alert.level.name(),
            amount: self.currency.show(alert.amount).to_string(),
            due_at: alert.due_at.map(when),
            opened_at: when(alert.opened_at),
            escalates_at: alert.escalates_at.filter(|_| alert.resolved_at.is_none()).map(when),
            acknowledged_at: alert.acknowledged_at.map(when),
            resolved_at: alert.resolved_at.map(when),
            severity: alert.severity,
            holder: alert.holder,
            check: alert.check,
            clause: alert.clause,
            subject: alert.subject,
            dealer: alert.dealer,
            region: alert.region,
            occurred_on: alert.occurred_on,
            acknowledged_by: alert.acknowledged_by,
            flaps: alert.flaps,
            happened,
            cost,
            act,
            text,
        })
    }
}

fn told(alert: &Alert) -> Told<'_> {
    let open = alert.resolved_at.is_none();
    Told {
        family: &alert.family,
        clause: &alert.clause,
        subject: &alert.subject,
        dealer: &alert.dealer,
        region: &alert.region,
        occurred_on: alert.occurred_on,
        detail: &alert.detail,
        amount: alert.amount,
        due_at: alert.due_at,
        escalates_at: alert.escalates_at.filter(|_| open),
        level: alert.level,
        holder: alert.holder.as_deref(),
    }
}

/// Alerts of a filter, in words.
pub fn list(desk: &mut Desk, filter: &Filter, language: Language) -> Result<Listed, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let words = Words::of(tx, &tenant)?;
        let (total, found) = alerts::list(tx, filter)?;
        let shown = found.into_iter().map(|alert| words.show(alert, language, now));
        Ok(Listed { total, alerts: shown.collect::<Result<_, _>>()? })
    })
}

/// The alert of a number, in words; none: there is none in sight.
pub fn find(desk: &mut Desk, alert: i64, language: Language) -> Result<Option<Shown>, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let Some(found) = alerts::find(tx, alert)? else { return Ok(None) };
        Words::of(tx, &tenant)?.show(found, language, now).map(Some)
    })
}

/// The moment and terms by which alerts change now.
struct Hour {
    at: Instant,
    today: Date,
    terms: Terms,
}

impl Hour {
    /// Now, but after all that the books know.
    fn strike(tx: &mut Tx, tenant: &Tenant, now: Instant) -> Result<Self, ControlError> {
        let ground = ground::load(tx, tenant)?;
        let at = runs::stamp(tx, now)?;
        let today = ground.zone.date(at);
        Ok(Self { at, today, terms: terms(&ground, today) })
    }
}

/// Carries out what changes alerts, in the tenant's turn of the books and one transaction. It sees the whole network,
/// whoever acts: notices are numbered over all of it. Who may act on what is decided by role, regions and dealers.
fn change<T>(
    desk: &mut Desk,
    work: impl FnOnce(&mut Tx, &Hour) -> Result<T, ControlError>,
) -> Result<T, ControlError> {
    let (scope, now, tenant) = (desk.tenant.network(), desk.now, desk.tenant.clone());
    desk.session.in_turn(scope, Turn::Books, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            let hour = Hour::strike(tx, &tenant, now)?;
            work(tx, &hour)
        })
    })
}
