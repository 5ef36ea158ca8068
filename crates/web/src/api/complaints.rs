//! `/complaints`: complaints with what was done on them, and doing it.

use farsight_control::complaints::{self, CallbackOutcome, Deed, DeedKind, Intake};
use farsight_control::pulls::{self, Kept};
use farsight_store::complaints::{Complaint, Event};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::operation::Nothing;
use super::paging::{Paging, Piece};
use super::problem::{Given, Problem};

const LIST: &str = "complaints";

/// A complaint.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfComplaint {
    /// Its id.
    complaint: String,
}

/// A complaint with the first (of submissions and answers the last) deed of each kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComplaintOut {
    /// Its id.
    complaint_id: String,
    /// The dealer.
    dealer_code: String,
    /// `general` or `major`.
    severity: String,
    /// The category.
    category: String,
    /// The vehicle.
    vin: Option<String>,
    /// The way it came.
    channel: Option<String>,
    /// What the customer said.
    text: Option<String>,
    /// When it was received.
    #[schema(format = DateTime)]
    received_at: String,
    /// When it was dispatched to the dealer.
    #[schema(format = DateTime)]
    dispatched_at: Option<String>,
    /// The first reply.
    #[schema(format = DateTime)]
    replied_at: Option<String>,
    /// The dealer's general manager in person.
    #[schema(format = DateTime)]
    dealer_gm_at: Option<String>,
    /// The region's deputy director in person.
    #[schema(format = DateTime)]
    deputy_at: Option<String>,
    /// The last submission.
    #[schema(format = DateTime)]
    submitted_at: Option<String>,
    /// The last answered callback.
    #[schema(format = DateTime)]
    answered_at: Option<String>,
    /// The first satisfied callback.
    #[schema(format = DateTime)]
    closed_at: Option<String>,
    /// Whether it was withdrawn.
    withdrawn: bool,
    /// Whether it was voided: it is gone, and this is what was known of it last.
    voided: bool,
}

fn told(caller: &Caller, it: Complaint, voided: bool) -> ComplaintOut {
    let moment = |at: Option<_>| at.map(|at| caller.moment(at));
    ComplaintOut {
        complaint_id: it.id,
        dealer_code: it.dealer,
        severity: if it.major { "major" } else { "general" }.to_owned(),
        category: it.category,
        vin: it.vin,
        channel: it.channel,
        text: it.text,
        received_at: caller.moment(it.received_at),
        dispatched_at: moment(it.dispatched_at),
        replied_at: moment(it.replied_at),
        dealer_gm_at: moment(it.dealer_gm_at),
        deputy_at: moment(it.deputy_at),
        submitted_at: moment(it.submitted_at),
        answered_at: moment(it.answered_at),
        closed_at: moment(it.closed_at),
        withdrawn: it.withdrawn,
        voided,
    }
}

/// The complaints, in the order of what became known of them last.
pub(crate) async fn list(caller: Caller, paging: Paging) -> Given<Piece<ComplaintOut>> {
    let wanted = paging.wanted(LIST)?;
    let pulled = caller.at_desk(move |desk| pulls::complaints(desk, &wanted)).await?;
    Ok(Piece::of(LIST, pulled, |Kept { it, voided }| told(&caller, it, voided)))
}

/// A complaint with all that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneComplaint {
    /// The complaint.
    complaint: ComplaintOut,
    /// What happened, by time.
    events: Vec<EventOut>,
    /// The deeds that the caller may do on it now.
    may: Vec<String>,
}

/// Something that happened to a complaint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventOut {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// What: `first-reply`, `handled`, `submitted` or `callback`.
    kind: String,
    /// In which post it was handled.
    actor_role: Option<String>,
    /// What the customer said.
    satisfied: Option<bool>,
    /// What was noted.
    note: Option<String>,
    /// Who wrote it down.
    by: String,
}

fn event(caller: &Caller, event: Event) -> EventOut {
    EventOut {
        at: caller.moment(event.at),
        kind: event.kind,
        actor_role: event.actor_role,
        satisfied: event.satisfied,
        note: event.note,
        by: event.by,
    }
}

fn whole(caller: &Caller, one: complaints::One) -> OneComplaint {
    OneComplaint {
        complaint: told(caller, one.complaint, false),
        events: one.events.into_iter().map(|it| event(caller, it)).collect(),
        may: one.may.iter().map(|kind| kind.name().to_owned()).collect(),
    }
}

/// One complaint.
pub(crate) async fn one(caller: Caller, of: OfComplaint) -> Given<OneComplaint> {
    let one = caller.at_desk(move |desk| complaints::one(desk, &of.complaint)).await?;
    Ok(whole(&caller, one))
}

/// What a customer complains of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewComplaint {
    /// The dealer.
    #[schema(example = "dealer-1")]
    dealer_code: String,
    /// `general` or `major`.
    #[schema(example = "general")]
    severity: String,
    /// The category.
    #[schema(example = "waiting")]
    category: String,
    /// The vehicle, where one is named.
    #[serde(default)]
    #[schema(required = false, example = "vin-1")]
    vin: String,
    /// The way it came.
    #[serde(default)]
    #[schema(required = false, example = "hotline")]
    channel: String,
    /// What the customer says.
    #[serde(default)]
    #[schema(required = false, example = "Waited for two hours.")]
    text: String,
    /// Whether it goes to the dealer at once.
    #[serde(default)]
    #[schema(required = false, example = true)]
    dispatch: bool,
}

/// Takes a complaint in, received now.
pub(crate) async fn take_in(caller: Caller, _: Nothing, new: NewComplaint) -> Given<OneComplaint> {
    let NewComplaint { dealer_code: dealer, severity, category, vin, channel, text, dispatch } = new;
    let taken = caller.at_desk(move |desk| {
        let id =
            complaints::intake(desk, &Intake { dealer, severity, category, vin, channel, text, dispatch })?;
        complaints::one(desk, &id)
    });
    let one = taken.await?;
    Ok(whole(&caller, one))
}

/// What is done on a complaint.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Done {
    /// The deed.
    #[schema(example = "submit")]
    deed: DeedIn,
    /// What the customer said: of a callback it is needed.
    outcome: Option<OutcomeIn>,
    /// What is noted; of a withdrawal the reason.
    #[serde(default)]
    #[schema(required = false, example = "Spoke with the customer.")]
    note: String,
}

/// A deed on a complaint.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DeedIn {
    /// It is dispatched to the dealer.
    Dispatch,
    /// The dealer replied to the customer.
    FirstReply,
    /// Somebody handled it in person.
    Handle,
    /// It is submitted for the manufacturer's callback.
    Submit,
    /// The manufacturer called the customer.
    Callback,
    /// It is taken out of every check.
    Withdraw,
}

/// What came of a callback.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OutcomeIn {
    /// The customer is satisfied.
    Satisfied,
    /// The customer is not.
    NotSatisfied,
    /// Nobody answered.
    NoAnswer,
}

/// Does a deed on a complaint.
pub(crate) async fn act(caller: Caller, of: OfComplaint, done: Done) -> Given<OneComplaint> {
    let kind = match done.deed {
        DeedIn::Dispatch => DeedKind::Dispatch,
        DeedIn::FirstReply => DeedKind::FirstReply,
        DeedIn::Handle => DeedKind::Handle,
        DeedIn::Submit => DeedKind::Submit,
        DeedIn::Callback => DeedKind::CallBack,
        DeedIn::Withdraw => DeedKind::Withdraw,
    };
    let outcome = match done.outcome {
        Some(OutcomeIn::Satisfied) => CallbackOutcome::Satisfied,
        Some(OutcomeIn::NotSatisfied) => CallbackOutcome::NotSatisfied,
        None if kind == DeedKind::CallBack => {
            return Err(Problem::refused("no_outcome", "outcome is missing: say what came of the callback"));
        }
        Some(OutcomeIn::NoAnswer) | None => CallbackOutcome::NoAnswer,
    };
    let acted = caller.at_desk(move |desk| {
        complaints::act(desk, &of.complaint, &Deed { kind, outcome, note: &done.note })?;
        complaints::one(desk, &of.complaint)
    });
    let one = acted.await?;
    Ok(whole(&caller, one))
}
