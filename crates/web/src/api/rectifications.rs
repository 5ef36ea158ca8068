//! `/rectifications`: orders to mend, handing in, and judging what is handed in.

use farsight_control::rectifications::{self, One};
use farsight_store::rectifications::{Filter, Order, Sort};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::paging::{Listing, Piece};
use super::problem::Given;

const LIST: &str = "rectifications";

/// An order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfOrder {
    /// Its key: a number, or `DEALER@MONTH` of bay turnover.
    order: String,
}

/// An order to mend something.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderOut {
    /// Its key.
    order: String,
    /// Why there is one.
    cause: String,
    /// The dealer.
    dealer_code: String,
    /// The inspection.
    inspection_id: Option<String>,
    /// What is to be mended.
    title: String,
    /// By when.
    #[schema(format = Date)]
    due_on: String,
    /// Who gave it; empty of bay turnover.
    ordered_by: String,
    /// When.
    #[schema(format = DateTime)]
    ordered_at: String,
    /// Where it stands: `open`, `handed-in`, `sent-back` or `accepted`.
    state: String,
    /// How often evidence was handed in.
    rounds: i32,
    /// The day it was accepted.
    #[schema(format = Date)]
    accepted_on: Option<String>,
}

fn told(caller: &Caller, it: Order) -> OrderOut {
    OrderOut {
        order: it.key,
        cause: it.cause.name().to_owned(),
        dealer_code: it.dealer,
        inspection_id: it.inspection,
        title: it.title,
        due_on: it.due_on.to_string(),
        ordered_by: it.ordered_by,
        ordered_at: caller.moment(it.ordered_at),
        state: it.state.name().to_owned(),
        rounds: it.rounds,
        accepted_on: it.accepted_on.map(|day| day.to_string()),
    }
}

/// The orders, in the order they were given.
pub(crate) async fn list(caller: Caller, listing: Listing) -> Given<Piece<OrderOut>> {
    let (limit, offset) = listing.wanted(LIST)?;
    let filter = Filter { sort: Sort::Ordered, limit, offset, ..Filter::default() };
    let listed = caller.at_desk(move |desk| rectifications::list(desk, &filter)).await?;
    let total = i64::try_from(listed.total).unwrap_or(i64::MAX);
    Ok(Listing::piece(LIST, (limit, offset, total), listed.rows, |it| told(&caller, it)))
}

/// An order with all that happened on it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneOrder {
    /// The order.
    order: OrderOut,
    /// What happened, the first first.
    steps: Vec<StepOut>,
    /// What its evidence is handed in for.
    subject: String,
}

/// What happened on an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepOut {
    /// `handed-in`, `accepted` or `sent-back`.
    kind: String,
    /// What was said.
    body: String,
    /// By whom.
    by: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

fn whole(caller: &Caller, one: One) -> OneOrder {
    let step = |step: farsight_store::rectifications::Step| StepOut {
        kind: step.kind,
        body: step.body,
        by: step.by,
        at: caller.moment(step.at),
    };
    OneOrder {
        order: told(caller, one.order),
        steps: one.steps.into_iter().map(step).collect(),
        subject: one.subject,
    }
}

/// One order.
pub(crate) async fn one(caller: Caller, of: OfOrder) -> Given<OneOrder> {
    let one = caller.at_desk(move |desk| rectifications::one(desk, &of.order)).await?;
    Ok(whole(&caller, one))
}

/// What is said of an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    /// What was mended, or what is still missing.
    #[schema(min_length = 1, max_length = 2000)]
    body: String,
}

/// Hands an order in: its evidence was handed in before, on the order's subject.
pub(crate) async fn hand_in(caller: Caller, of: OfOrder, said: Said) -> Given<OneOrder> {
    let done = caller.at_desk(move |desk| {
        rectifications::hand_in(desk, &of.order, &said.body)?;
        rectifications::one(desk, &of.order)
    });
    let one = done.await?;
    Ok(whole(&caller, one))
}

/// A judgement of what was handed in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Judgement {
    /// What is judged.
    verdict: Verdict,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    body: String,
}

/// How evidence is judged.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = MendVerdict)]
pub(crate) enum Verdict {
    /// It is mended.
    Accept,
    /// More is to be done.
    SendBack,
}

/// Accepts what was handed in, or sends it back.
pub(crate) async fn judge(caller: Caller, of: OfOrder, judgement: Judgement) -> Given<OneOrder> {
    let verdict = match judgement.verdict {
        Verdict::Accept => rectifications::Verdict::Accept,
        Verdict::SendBack => rectifications::Verdict::SendBack,
    };
    let done = caller.at_desk(move |desk| {
        rectifications::judge(desk, &of.order, verdict, &judgement.body)?;
        rectifications::one(desk, &of.order)
    });
    let one = done.await?;
    Ok(whole(&caller, one))
}
