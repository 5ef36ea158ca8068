//! `/statements`: a dealer's own entries of a settled month.

use farsight_control::statements::{self, ShownLine, Statement};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_store::settlements::Part;
use farsight_store::statements::{Line, Listed, Which};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::paging::{Amount, Listing, Months, Piece};
use super::problem::{Given, Problem};

const LIST: &str = "statements";

/// A month's statement of a dealer.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfStatement {
    /// The month, like 2026-03.
    #[param(pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$")]
    period: String,
    /// The dealer.
    dealer: String,
}

/// A statement's sums and state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementOut {
    /// The month.
    #[schema(example = "2026-03")]
    period: String,
    /// The dealer.
    dealer_code: String,
    /// Charges below zero.
    penalties: Amount,
    /// Charges above zero.
    incentives: Amount,
    /// Reversals.
    reversals: Amount,
    /// All three.
    net: Amount,
    /// How many entries.
    entries: i64,
    /// What the dealer says: `open`, `confirmed`, `changed`, `disputed` or `replied`.
    state: String,
    /// Where the month's settlement stands.
    status: String,
}

fn told(caller: &Caller, it: Listed) -> StatementOut {
    StatementOut {
        penalties: caller.amount(Money(it.penalties)),
        incentives: caller.amount(Money(it.incentives)),
        reversals: caller.amount(Money(it.reversals)),
        net: caller.amount(Money(it.net)),
        period: it.period,
        dealer_code: it.dealer,
        entries: it.entries,
        state: it.state,
        status: it.status,
    }
}

/// The statements, by month: later months come after, what is there stays in its place.
pub(crate) async fn list(caller: Caller, months: Months) -> Given<Piece<StatementOut>> {
    let (period, limit, offset) = months.wanted(LIST)?;
    let listed = caller.at_desk(move |desk| {
        let which = Which { period, ..Which::default() };
        statements::list(desk, which, Part { sort: Some(("period", false)), limit, offset })
    });
    let listed = listed.await?;
    Ok(Listing::piece(LIST, (limit, offset, listed.total), listed.rows, |it| told(&caller, it)))
}

/// A statement with its lines.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneStatement {
    /// Its sums and state.
    statement: StatementOut,
    /// The month's own entries.
    lines: Vec<LineOut>,
    /// What settles earlier months.
    adjustments: Vec<LineOut>,
    /// Who confirmed it.
    confirmed_by: Option<String>,
    /// The audit chain's head, once the month is locked.
    audit_head: Option<String>,
}

/// An entry on a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineOut {
    /// The entry.
    entry_id: i64,
    /// `charge` or `reversal`.
    kind: String,
    /// Its clause.
    clause: String,
    /// What it is about.
    subject: String,
    /// The local date.
    #[schema(format = Date)]
    occurred_on: String,
    /// How much.
    amount: Amount,
    /// Whether the dealer disputes it.
    disputed: bool,
    /// What the dealer says is wrong.
    reason: Option<String>,
    /// What finance replied.
    reply: Option<String>,
}

fn line(caller: &Caller, line: Line) -> LineOut {
    LineOut {
        entry_id: line.entry,
        kind: line.kind,
        clause: line.clause,
        subject: line.subject,
        occurred_on: line.occurred_on,
        amount: caller.amount(Money(line.amount)),
        disputed: line.disputed,
        reason: line.reason,
        reply: line.reply,
    }
}

/// One statement.
pub(crate) async fn one(caller: Caller, of: OfStatement) -> Given<OneStatement> {
    let period: Period = of.period.parse().map_err(|_| Problem::not_found())?;
    let it: Statement = caller.at_desk(move |desk| statements::show(desk, period, &of.dealer)).await?;
    let lines = |lines: Vec<ShownLine>| lines.into_iter().map(|it| line(&caller, it.line)).collect();
    Ok(OneStatement {
        lines: lines(it.lines),
        adjustments: lines(it.adjustments),
        confirmed_by: it.confirmation.map(|said| said.by),
        audit_head: it.audit_head,
        statement: told(&caller, it.head),
    })
}
