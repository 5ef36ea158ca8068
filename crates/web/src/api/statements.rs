//! `/statements`: a dealer's own entries of a settled month.

use farsight_control::statements::{self, ShownLine, Statement};
use farsight_control::{ControlError, Desk, pulls};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_store::statements::{Line, Listed};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::appeals::Silent;
use super::caller::Caller;
use super::paging::{Amount, Months, Piece};
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

/// The statements, in the order of their latest change.
pub(crate) async fn list(caller: Caller, months: Months) -> Given<Piece<StatementOut>> {
    let (period, wanted) = months.wanted(LIST)?;
    let pulled = caller.at_desk(move |desk| pulls::statements(desk, period, &wanted)).await?;
    Ok(Piece::of(LIST, pulled, |it| told(&caller, it)))
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

fn whole(caller: &Caller, it: Statement) -> OneStatement {
    let lines = |lines: Vec<ShownLine>| lines.into_iter().map(|it| line(caller, it.line)).collect();
    OneStatement {
        lines: lines(it.lines),
        adjustments: lines(it.adjustments),
        confirmed_by: it.confirmation.map(|said| said.by),
        audit_head: it.audit_head,
        statement: told(caller, it.head),
    }
}

/// Does something about a statement, and gives it as it is then.
async fn answered<F>(caller: Caller, of: OfStatement, answer: F) -> Given<OneStatement>
where
    F: FnOnce(&mut Desk, Period, &str) -> Result<(), ControlError> + Send + 'static,
{
    let period: Period = of.period.parse().map_err(|_| Problem::not_found())?;
    let done = caller.at_desk(move |desk| {
        answer(desk, period, &of.dealer)?;
        statements::show(desk, period, &of.dealer)
    });
    let it = done.await?;
    Ok(whole(&caller, it))
}

/// One statement.
pub(crate) async fn one(caller: Caller, of: OfStatement) -> Given<OneStatement> {
    answered(caller, of, |_, _, _| Ok(())).await
}

/// The dealer says that the statement is right.
pub(crate) async fn confirm(caller: Caller, of: OfStatement, _: Silent) -> Given<OneStatement> {
    answered(caller, of, statements::confirm).await
}

/// A line that is wrong.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dispute {
    /// The entry.
    entry_id: i64,
    /// What is wrong with it.
    #[schema(min_length = 1, max_length = 2000, example = "This was another dealer.")]
    reason: String,
}

/// The dealer says that a line is wrong.
pub(crate) async fn dispute(caller: Caller, of: OfStatement, it: Dispute) -> Given<OneStatement> {
    let say = move |desk: &mut Desk, period, dealer: &str| {
        statements::dispute(desk, period, dealer, it.entry_id, &it.reason)
    };
    answered(caller, of, say).await
}

/// A reply to a dispute.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    /// The entry.
    entry_id: i64,
    /// What was decided.
    #[schema(min_length = 1, max_length = 2000, example = "It was yours: see the picture.")]
    reply: String,
}

/// Finance replies to a dispute.
pub(crate) async fn reply(caller: Caller, of: OfStatement, it: Reply) -> Given<OneStatement> {
    let say = move |desk: &mut Desk, period, dealer: &str| {
        statements::reply(desk, period, dealer, it.entry_id, &it.reply)
    };
    answered(caller, of, say).await
}
