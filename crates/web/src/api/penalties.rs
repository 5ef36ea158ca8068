//! `/penalties`: discretionary penalties, drafted by one and decided by another. Four eyes hold for machines as for people.

use farsight_control::{penalties, pulls};
use farsight_rulebook::money::Money;
use farsight_store::penalties::Draft;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::appeals::Silent;
use super::caller::Caller;
use super::operation::Nothing;
use super::paging::{Amount, Paging, Piece};
use super::problem::{Given, Problem};

const LIST: &str = "penalties";

/// A draft.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfDraft {
    /// Its number.
    draft: i64,
}

/// The draft of a penalty for a mishandled complaint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PenaltyOut {
    /// Its number.
    draft_id: i64,
    /// The complaint that was mishandled.
    complaint_id: String,
    /// The dealer.
    dealer_code: String,
    /// What it would charge: below zero.
    amount: Amount,
    /// Why.
    body: String,
    /// Who drafted it.
    drafted_by: String,
    /// When.
    #[schema(format = DateTime)]
    drafted_at: String,
    /// Where it stands: `open`, `approved`, `refused` or `withdrawn`.
    state: String,
    /// Who decided.
    decided_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    decided_at: Option<String>,
    /// Why so.
    reason: Option<String>,
    /// The ruling that approving it became.
    ruling_id: Option<String>,
}

fn told(caller: &Caller, it: Draft) -> PenaltyOut {
    PenaltyOut {
        draft_id: it.id,
        complaint_id: it.complaint,
        dealer_code: it.dealer,
        amount: caller.amount(it.amount.opposite()),
        body: it.body,
        drafted_by: it.drafted_by,
        drafted_at: caller.moment(it.drafted_at),
        state: it.state.name().to_owned(),
        decided_by: it.decided_by,
        decided_at: it.decided_at.map(|at| caller.moment(at)),
        reason: it.reason,
        ruling_id: it.ruling,
    }
}

/// The drafts, in the order of the latest deed on them.
pub(crate) async fn list(caller: Caller, paging: Paging) -> Given<Piece<PenaltyOut>> {
    let wanted = paging.wanted(LIST)?;
    let pulled = caller.at_desk(move |desk| pulls::penalties(desk, &wanted)).await?;
    Ok(Piece::of(LIST, pulled, |draft| told(&caller, draft)))
}

/// One draft.
pub(crate) async fn one(caller: Caller, of: OfDraft) -> Given<PenaltyOut> {
    let one = caller.at_desk(move |desk| penalties::one(desk, of.draft)).await?;
    Ok(told(&caller, one.draft))
}

/// A penalty as it is drafted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPenalty {
    /// The complaint that was mishandled.
    #[schema(example = "complaint-1")]
    complaint_id: String,
    /// What it is to cost, above zero, within the limits of the policy: a decimal in the tenant's currency.
    #[schema(example = "2000.00", example = "5000.00")]
    amount: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "Nobody called the customer back.")]
    body: String,
}

/// Drafts a penalty.
pub(crate) async fn draft(caller: Caller, _: Nothing, new: NewPenalty) -> Given<PenaltyOut> {
    let amount: Money = caller.read_amount(&new.amount).ok_or_else(|| {
        Problem::refused(
            "bad_amount",
            "amount is no amount of the tenant's currency: write it like \"2000.00\"",
        )
    })?;
    let done = caller.at_desk(move |desk| {
        let id = penalties::draft(desk, &new.complaint_id, amount, &new.body)?;
        penalties::one(desk, id)
    });
    let one = done.await?;
    Ok(told(&caller, one.draft))
}

/// A decision on a draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PenaltyDecision)]
pub(crate) struct Decision {
    /// What is decided.
    verdict: Verdict,
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "The recordings show it.")]
    reason: String,
}

/// What is decided on a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = PenaltyVerdict)]
pub(crate) enum Verdict {
    /// A ruling charges it.
    Approve,
    /// Nothing is charged.
    Refuse,
}

/// Decides on a draft of somebody else's.
pub(crate) async fn decide(caller: Caller, of: OfDraft, decision: Decision) -> Given<PenaltyOut> {
    let done = caller.at_desk(move |desk| {
        penalties::decide(desk, of.draft, decision.verdict == Verdict::Approve, &decision.reason)?;
        penalties::one(desk, of.draft)
    });
    let one = done.await?;
    Ok(told(&caller, one.draft))
}

/// Takes a draft of one's own back.
pub(crate) async fn withdraw(caller: Caller, of: OfDraft, _: Silent) -> Given<PenaltyOut> {
    let done = caller.at_desk(move |desk| {
        penalties::withdraw(desk, of.draft)?;
        penalties::one(desk, of.draft)
    });
    let one = done.await?;
    Ok(told(&caller, one.draft))
}
