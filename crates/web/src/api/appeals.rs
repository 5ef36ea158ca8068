//! `/appeals`: what dealers contest, and deciding on it. Four eyes hold for machines as for people.

use farsight_control::{appeals, pulls};
use farsight_store::appeals::Appeal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::paging::{Amount, Paging, Piece};
use super::problem::Given;

const LIST: &str = "appeals";

/// An appeal.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfAppeal {
    /// Its number.
    appeal: i64,
}

/// An appeal that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Made {
    /// Its number.
    pub(crate) appeal_id: i64,
}

/// An appeal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppealOut {
    /// Its number.
    appeal_id: i64,
    /// The entry contested.
    entry_id: i64,
    /// What the entry charges.
    amount: Amount,
    /// The entry's clause.
    clause: String,
    /// What the entry is about.
    subject: String,
    /// The dealer.
    dealer_code: String,
    /// What the dealer says.
    body: String,
    /// Where it stands: `open`, `upheld`, `rejected` or `withdrawn`.
    state: String,
    /// Who made it.
    made_by: String,
    /// When.
    #[schema(format = DateTime)]
    made_at: String,
    /// Until when it is to be decided.
    #[schema(format = DateTime)]
    decide_by: String,
    /// Who decided.
    decided_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    decided_at: Option<String>,
    /// Why.
    reason: Option<String>,
    /// The ruling that upholding it became.
    ruling_id: Option<String>,
    /// The entry that reversed it.
    reversed_by: Option<i64>,
}

fn told(caller: &Caller, appeal: Appeal) -> AppealOut {
    AppealOut {
        appeal_id: appeal.id,
        entry_id: appeal.entry,
        amount: caller.amount(appeal.amount),
        clause: appeal.clause,
        subject: appeal.subject,
        dealer_code: appeal.dealer,
        body: appeal.body,
        state: appeal.state.name().to_owned(),
        made_by: appeal.made_by,
        made_at: caller.moment(appeal.made_at),
        decide_by: caller.moment(appeal.decide_by),
        decided_by: appeal.decided_by,
        decided_at: appeal.decided_at.map(|at| caller.moment(at)),
        reason: appeal.reason,
        ruling_id: appeal.ruling,
        reversed_by: appeal.reversed_by,
    }
}

/// The appeals, in the order of the latest deed on them.
pub(crate) async fn list(caller: Caller, paging: Paging) -> Given<Piece<AppealOut>> {
    let wanted = paging.wanted(LIST)?;
    let pulled = caller.at_desk(move |desk| pulls::appeals(desk, &wanted)).await?;
    Ok(Piece::of(LIST, pulled, |appeal| told(&caller, appeal)))
}

/// One appeal.
pub(crate) async fn one(caller: Caller, of: OfAppeal) -> Given<AppealOut> {
    let one = caller.at_desk(move |desk| appeals::one(desk, of.appeal)).await?;
    Ok(told(&caller, one.appeal))
}

/// A decision on an appeal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    /// What is decided.
    verdict: Verdict,
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "The picture shows another hall.")]
    reason: String,
}

/// What is decided on an appeal.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// The dealer is right: a ruling excuses the finding.
    Uphold,
    /// The entry stays.
    Reject,
}

/// Decides on an appeal.
pub(crate) async fn decide(caller: Caller, of: OfAppeal, decision: Decision) -> Given<AppealOut> {
    let verdict = match decision.verdict {
        Verdict::Uphold => appeals::Verdict::Uphold,
        Verdict::Reject => appeals::Verdict::Reject,
    };
    let decided = caller.at_desk(move |desk| {
        appeals::decide(desk, of.appeal, verdict, &decision.reason)?;
        appeals::one(desk, of.appeal)
    });
    let one = decided.await?;
    Ok(told(&caller, one.appeal))
}

/// Nothing is to be said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Silent {}

/// Takes an appeal back.
pub(crate) async fn withdraw(caller: Caller, of: OfAppeal, _: Silent) -> Given<AppealOut> {
    let withdrawn = caller.at_desk(move |desk| {
        appeals::withdraw(desk, of.appeal)?;
        appeals::one(desk, of.appeal)
    });
    let one = withdrawn.await?;
    Ok(told(&caller, one.appeal))
}
