//! What people do on a complaint: dispatch, first reply, handling in person, submission, callback, withdrawal.
//!
//! A deed is refused or becomes facts; whose deed it is follows from the role, and the dealer from the person's part of
//! the network.

use std::fmt;

use farsight_ledger::settlement::Role;
use farsight_rulebook::tables::{self, Cell};
use farsight_rulebook::time::Instant;
use farsight_store::audit::Deed as AuditDeed;
use farsight_store::complaints::{self as stored, Complaint, Event};
use farsight_store::registry::Tenant;
use farsight_store::session::{Isolation, Turn};
use farsight_store::{Tx, audit, imports, users};
use serde_json::json;

use super::look::standing;
use super::refusal::Refusal;
use crate::import::entered::{self, Entered};
use crate::import::written;
use crate::{ControlError, Desk, ground};

/// The source that such facts name.
pub(super) const SOURCE: &str = "complaint desk";

/// How far deeds of one instant are set apart at most, in microseconds.
const SET_APART: i64 = 1_000;

/// A kind of deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeedKind {
    /// Sending it to the dealer.
    Dispatch,
    /// The dealer's first reply.
    FirstReply,
    /// Handling in person: of a dealer's person by the general manager, of a regional manager by the deputy director.
    Handle,
    /// Asking for the manufacturer's callback.
    Submit,
    /// Calling the customer back.
    CallBack,
    /// Taking it out of every check.
    Withdraw,
}

impl DeedKind {
    /// All of them, in the order of a complaint's life.
    pub const ALL: [Self; 6] =
        [Self::Dispatch, Self::FirstReply, Self::Handle, Self::Submit, Self::CallBack, Self::Withdraw];

    /// Its name in addresses, messages and the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dispatch => "dispatch",
            Self::FirstReply => "reply",
            Self::Handle => "attend",
            Self::Submit => "submit",
            Self::CallBack => "callback",
            Self::Withdraw => "withdraw",
        }
    }

    pub(super) const fn verb(self) -> &'static str {
        match self {
            Self::Dispatch => "dispatch a complaint",
            Self::FirstReply => "give the first reply",
            Self::Handle => "handle a complaint in person",
            Self::Submit => "submit a complaint for callback",
            Self::CallBack => "call the customer back",
            Self::Withdraw => "withdraw a complaint",
        }
    }

    pub(super) const fn belongs_to(self) -> &'static str {
        match self {
            Self::Dispatch | Self::CallBack | Self::Withdraw => "the call centre",
            Self::FirstReply | Self::Submit => "the dealer",
            Self::Handle => "the dealer and the regional manager",
        }
    }

    const fn is_for(self, role: Role) -> bool {
        match self {
            Self::Dispatch | Self::CallBack | Self::Withdraw => matches!(role, Role::CallCentre | Role::Hq),
            Self::FirstReply | Self::Submit => matches!(role, Role::Dealer),
            Self::Handle => matches!(role, Role::Dealer | Role::RegionalManager),
        }
    }
}

impl fmt::Display for DeedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the customer said when called back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackOutcome {
    /// Satisfied: the complaint is closed.
    Satisfied,
    /// Not satisfied: the submission was no good one.
    NotSatisfied,
    /// Nobody answered, or gave no word: it counts for nothing.
    NoAnswer,
}

impl CallbackOutcome {
    /// All of them, in the order of a choice.
    pub const ALL: [Self; 3] = [Self::Satisfied, Self::NotSatisfied, Self::NoAnswer];

    /// Its name in forms and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::NotSatisfied => "not-satisfied",
            Self::NoAnswer => "no-answer",
        }
    }

    /// The outcome of its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    const fn satisfied(self) -> Cell<'static> {
        match self {
            Self::Satisfied => Cell::Flag(true),
            Self::NotSatisfied => Cell::Flag(false),
            Self::NoAnswer => Cell::Empty,
        }
    }
}

/// A deed with what was written about it.
#[derive(Debug, Clone, Copy)]
pub struct Deed<'d> {
    /// What is done.
    pub kind: DeedKind,
    /// What the customer said, of a callback.
    pub outcome: CallbackOutcome,
    /// What is noted; of a withdrawal the reason.
    pub note: &'d str,
}

/// Does a deed on a complaint.
///
/// Refused, in this order: a complaint that the person does not see; a deed of another post; a withdrawn complaint; a
/// closed one (but for the first reply and handling in person, whose deadlines go on); what was done already or comes
/// too early; a withdrawal without a reason; a text that no fact can hold.
pub fn act(desk: &mut Desk, id: &str, deed: &Deed) -> Result<(), ControlError> {
    let (scope, now, tenant, actor) = (desk.scope(), desk.now, desk.tenant.clone(), desk.actor.clone());
    let doing = Doing { tenant: &tenant, now, actor: &actor };
    desk.session.in_turn(scope, Turn::Facts, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| doing.carry_out(tx, id, deed))
    })
}

/// Whether a person of a role may do a deed on a complaint as it stands.
pub(super) fn may(
    kind: DeedKind,
    role: Option<Role>,
    complaint: &Complaint,
    by: &str,
) -> Result<(), Refusal> {
    let Some(role) = role.filter(|role| kind.is_for(*role)) else {
        return Err(Refusal::MayNot { by: by.to_owned(), deed: kind });
    };
    if complaint.withdrawn {
        return Err(Refusal::Withdrawn);
    }
    let goes_on = matches!(kind, DeedKind::FirstReply | DeedKind::Handle);
    if complaint.closed_at.is_some() && !goes_on {
        return Err(Refusal::Closed);
    }
    let waiting = standing(complaint).waiting();
    match kind {
        DeedKind::Dispatch => already(complaint.dispatched_at, |at| Refusal::Dispatched { at }),
        DeedKind::FirstReply => already(complaint.replied_at, |at| Refusal::Replied { at }),
        DeedKind::Handle if !complaint.major => Err(Refusal::NotMajor),
        DeedKind::Handle if role == Role::Dealer => {
            already(complaint.dealer_gm_at, |at| Refusal::Handled { at })
        }
        DeedKind::Handle => already(complaint.deputy_at, |at| Refusal::Handled { at }),
        DeedKind::Submit | DeedKind::CallBack if complaint.dispatched_at.is_none() => {
            Err(Refusal::NotDispatched)
        }
        DeedKind::Submit => already(waiting, |at| Refusal::Submitted { at }),
        DeedKind::CallBack | DeedKind::Withdraw => Ok(()),
    }
}

fn already(at: Option<Instant>, refusal: impl FnOnce(Instant) -> Refusal) -> Result<(), Refusal> {
    at.map_or(Ok(()), |at| Err(refusal(at)))
}

/// Who does it, and when.
struct Doing<'d> {
    tenant: &'d Tenant,
    now: Instant,
    actor: &'d str,
}

impl Doing<'_> {
    fn carry_out(&self, tx: &mut Tx, id: &str, deed: &Deed) -> Result<(), ControlError> {
        let taken = stored::events(tx, id)?;
        let complaint =
            stored::find(tx, id, self.seen_at(&taken))?.ok_or(ControlError::NotFound("complaint"))?;
        let role = users::find(tx, self.actor)?.map(|user| user.role);
        may(deed.kind, role, &complaint, self.actor)?;
        match (deed.kind, role) {
            (DeedKind::Dispatch, _) => {
                let cells = [
                    ("complaint_id", Cell::Text(id)),
                    ("dispatched_at", Cell::Instant(self.now.max(complaint.received_at))),
                ];
                self.enter(tx, "complaints", &cells)?;
            }
            (DeedKind::Withdraw, _) => self.withdraw(tx, id, deed.note)?,
            (DeedKind::FirstReply, _) => self.event(tx, id, "first-reply", deed.note, &[])?,
            (DeedKind::Submit, _) => self.event(tx, id, "submitted", deed.note, &[])?,
            (DeedKind::CallBack, _) => {
                self.event(tx, id, "callback", deed.note, &[("satisfied", deed.outcome.satisfied())])?;
            }
            (DeedKind::Handle, role) => {
                let post = if role == Some(Role::Dealer) { "dealer-gm" } else { "region-deputy-director" };
                self.event(tx, id, "handled", deed.note, &[("actor_role", Cell::Text(post))])?;
            }
        }
        let detail = json!({ "outcome": (deed.kind == DeedKind::CallBack).then(|| deed.outcome.name()) });
        let (action, subject) = (format!("complaint.{}", deed.kind), format!("complaint:{id}"));
        let link =
            AuditDeed { actor: self.actor, action: &action, subject: &subject, detail: &detail.to_string() };
        audit::add(tx, self.now, &link)?;
        Ok(())
    }

    /// Now, or just after it where deeds of this very instant were set apart.
    fn seen_at(&self, taken: &[Event]) -> Instant {
        let moments = taken.iter().map(|event| event.at).filter(|at| *at <= Instant(self.now.0 + SET_APART));
        moments.max().map_or(self.now, |last| last.max(self.now))
    }

    /// Two deeds at one instant stay two, in the order in which they were done.
    fn event(
        &self,
        tx: &mut Tx,
        id: &str,
        kind: &str,
        note: &str,
        more: &[(&str, Cell)],
    ) -> Result<(), ControlError> {
        let taken: Vec<Event> = stored::events(tx, id)?;
        let mut at = self.now;
        while taken.iter().any(|event| event.at == at) {
            at = Instant(at.0 + 1);
        }
        let mut cells = vec![
            ("complaint_id", Cell::Text(id)),
            ("at", Cell::Instant(at)),
            ("kind", Cell::Text(kind)),
            ("note", Cell::Text(note)),
        ];
        cells.extend_from_slice(more);
        self.enter(tx, "complaint_events", &cells)
    }

    fn withdraw(&self, tx: &mut Tx, id: &str, reason: &str) -> Result<(), ControlError> {
        if reason.trim().is_empty() {
            return Err(Refusal::NoReason.into());
        }
        let on = ground::zone(self.tenant)?.date(self.now).strftime("%Y%m%d").to_string();
        let (ruling, subject) = (format!("W-{on}-{}", imports::next_id(tx)?), format!("complaint:{id}"));
        let cells = [
            ("ruling_id", Cell::Text(&ruling)),
            ("kind", Cell::Text("withdraw")),
            ("subject", Cell::Text(&subject)),
            ("decided_at", Cell::Instant(self.now)),
            ("decided_by", Cell::Text(self.actor)),
            ("note", Cell::Text(reason)),
        ];
        self.enter(tx, "rulings", &cells)
    }

    fn enter(&self, tx: &mut Tx, table: &str, cells: &[(&str, Cell)]) -> Result<(), ControlError> {
        let table = tables::table(table).ok_or_else(|| Refusal::Facts(format!("no table {table}")))?;
        let rows = [written::row(table, cells)?];
        let entered = Entered { table, source: SOURCE, by: self.actor, rows: &rows };
        entered::enter(tx, &entered, self.now)?.map_err(Refusal::Facts)?;
        Ok(())
    }
}
