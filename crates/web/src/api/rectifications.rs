//! `/rectifications`: orders to mend, handing in, and judging what is handed in.

use farsight_control::pulls;
use farsight_control::rectifications::{self, One, Wanted};
use farsight_store::rectifications::{Cause, Order};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::operation::Nothing;
use super::paging::{Paging, Piece};
use super::problem::{Given, Problem};

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
    /// By when; absent of one that is gone.
    #[schema(format = Date)]
    due_on: Option<String>,
    /// Who gave it; empty of bay turnover.
    ordered_by: String,
    /// When; absent of one that is gone.
    #[schema(format = DateTime)]
    ordered_at: Option<String>,
    /// Where it stands: `open`, `handed-in`, `sent-back` or `accepted`; in the list also `gone`, of one of bay turnover that
    /// the facts do not call for any more.
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
        due_on: Some(it.due_on.to_string()),
        ordered_by: it.ordered_by,
        ordered_at: Some(caller.moment(it.ordered_at)),
        state: it.state.name().to_owned(),
        rounds: it.rounds,
        accepted_on: it.accepted_on.map(|day| day.to_string()),
    }
}

/// What is told of an order of bay turnover that is there no more.
fn gone(key: String) -> OrderOut {
    OrderOut {
        cause: Cause::BayTurnover.name().to_owned(),
        dealer_code: key.split('@').next().unwrap_or_default().to_owned(),
        order: key,
        inspection_id: None,
        title: String::new(),
        due_on: None,
        ordered_by: String::new(),
        ordered_at: None,
        state: "gone".to_owned(),
        rounds: 0,
        accepted_on: None,
    }
}

/// The orders, in the order of their latest change.
pub(crate) async fn list(caller: Caller, paging: Paging) -> Given<Piece<OrderOut>> {
    let wanted = paging.wanted(LIST)?;
    let pulled = caller.at_desk(move |desk| pulls::rectifications(desk, &wanted)).await?;
    Ok(Piece::of(LIST, pulled, |(key, order)| match order {
        Some(order) => told(&caller, order),
        None => gone(key),
    }))
}

/// What is to be mended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// The dealer.
    #[schema(example = "dealer-1")]
    dealer_code: String,
    /// The inspection whose failures it is about.
    #[serde(default)]
    #[schema(required = false, example = "inspection-1")]
    inspection_id: String,
    /// What is to be mended.
    #[schema(min_length = 1, max_length = 200, example = "Mend the lamps of bay 3")]
    title: String,
    /// More of it.
    #[serde(default)]
    #[schema(required = false, max_length = 2000, example = "Two of four are dark.")]
    body: String,
    /// By when: from tomorrow on, within two years.
    #[schema(format = Date, example = "2026-05-31")]
    due_on: String,
}

/// Gives an order.
pub(crate) async fn order(caller: Caller, _: Nothing, new: NewOrder) -> Given<OneOrder> {
    let due_on = new.due_on.parse().map_err(|_| {
        Problem::refused(
            "field_not_a_date",
            format!("due_on '{}' is no date: write it like 2026-03-05", new.due_on),
        )
    })?;
    let done = caller.at_desk(move |desk| {
        let NewOrder { dealer_code: dealer, inspection_id: inspection, title, body, .. } = &new;
        let id = rectifications::order(desk, &Wanted { dealer, inspection, title, body, due_on })?;
        rectifications::one(desk, &id.to_string())
    });
    let one = done.await?;
    Ok(whole(&caller, one))
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
    #[schema(min_length = 1, max_length = 2000, example = "The lamps are mended; see the pictures.")]
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
    #[schema(min_length = 1, max_length = 2000, example = "All lamps are lit.")]
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
