//! `/findings`: what each check finds as of its latest run. Nothing of it is stored: it is worked out when somebody asks,
//! and only where something has changed since.

use farsight_control::evaluate::FindingRow;
use farsight_control::findings::{self, Asked};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::paging::{self, Amount, Piece};
use super::problem::Given;

const LIST: &str = "findings";

/// Which findings are asked for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Of this dealer: much less is judged then.
    dealer: Option<String>,
    /// Of this check.
    check: Option<String>,
    /// Of this clause.
    clause: Option<String>,
    /// Of this family.
    family: Option<String>,
    /// That occurred in this month, like 2026-03.
    #[param(pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$")]
    period: Option<String>,
    /// At most so many objects; a piece may have fewer though there is more.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// `next` of the piece before.
    cursor: Option<String>,
}

/// What a check finds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingOut {
    /// The check.
    check: String,
    /// The clause.
    clause: String,
    /// The family: with the subject, by what it is known.
    family: String,
    /// What it is about.
    subject: String,
    /// The dealer.
    dealer_code: String,
    /// The local date of what happened.
    #[schema(format = Date)]
    occurred_on: String,
    /// All that it charges, also to seats that nobody holds: below zero is owed.
    amount: Amount,
    /// What there is to know at a glance; of each clause other fields.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

fn told(caller: &Caller, row: FindingRow) -> FindingOut {
    FindingOut {
        check: row.check.to_owned(),
        clause: row.clause.to_owned(),
        family: row.family.to_owned(),
        subject: row.subject,
        dealer_code: row.dealer,
        occurred_on: row.occurred_on.to_string(),
        amount: caller.amount(row.amount),
        detail: serde_json::from_str(&row.detail).unwrap_or_default(), // a check writes an object
    }
}

/// What the findings stand on, for this caller.
pub(crate) async fn basis(caller: Caller) -> Given<String> {
    caller.at_desk(findings::basis).await
}

/// The findings, by dealer, clause, subject and family.
pub(crate) async fn list(caller: Caller, filter: Filter) -> Given<Piece<FindingOut>> {
    let (limit, after) = paging::bounds(LIST, filter.limit, filter.cursor.as_deref())?;
    let period = paging::month(filter.period.as_deref())?;
    let Filter { dealer, check, clause, family, .. } = filter;
    let asked = Asked { dealer, check, clause, family, period };
    let pulled = caller.at_desk(move |desk| findings::list(desk, &asked, &after, limit as usize)).await?;
    Ok(Piece::of(LIST, pulled, |row| told(&caller, row)))
}
