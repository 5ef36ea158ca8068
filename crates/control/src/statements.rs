//! Statements: a dealer's month, to be confirmed or disputed by line; finance replies.
//!
//! Nothing here moves money: a dispute that is right becomes a fact (an appeal's ruling, a corrected import), and the
//! books follow that.

mod workbook;

use farsight_ledger::settlement::Role;
use farsight_rulebook::period::Period;
use farsight_store::audit::{self, Deed};
use farsight_store::session::Isolation;
use farsight_store::settlements::Part;
use farsight_store::statements::{self, Answer, Confirmation, Line, Listed, Which};
use farsight_store::{Tx, settlements, standings};
use serde::Serialize;
use serde_json::json;

pub use workbook::workbook;

use crate::choices::ByRegion;
use crate::{ControlError, Desk, appeals, ground, users};

/// The most characters a reason or a reply has.
const LONGEST: usize = 2000;

/// Why nothing was said, in the order in which it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatementRefusal {
    /// Only a dealer's user confirms and disputes; only finance replies.
    #[error("this role may not: a dealer's user confirms or disputes a statement, finance replies")]
    Role,
    /// This line is disputed still.
    #[error("this line is disputed already: wait for finance's reply")]
    DisputedLine,
    /// A reply was given, or nothing was disputed.
    #[error("this line has no dispute without a reply")]
    NoDispute,
    /// Something is disputed still.
    #[error("a line is disputed without a reply: wait for finance's reply before confirming")]
    Disputed,
    /// Said already.
    #[error("the statement was confirmed already, and nothing was posted since")]
    Confirmed,
    /// There is nothing to answer.
    #[error("there is no text: say what is wrong, or what was decided")]
    NoText,
    /// Too long to read.
    #[error("the text has more than {LONGEST} characters: say it shorter")]
    LongText,
}

impl StatementRefusal {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Role => "statement_role",
            Self::NoText => "statement_no_text",
            Self::LongText => "statement_long_text",
            Self::DisputedLine => "statement_line_disputed",
            Self::Disputed => "statement_disputed",
            Self::Confirmed => "statement_confirmed",
            Self::NoDispute => "statement_no_dispute",
        }
    }
}

/// A line with what the person at the desk can do about it now.
#[derive(Debug, Clone, Serialize)]
pub struct ShownLine {
    /// The line.
    #[serde(flatten)]
    pub line: Line,
    /// Whether it can be disputed.
    pub may_dispute: bool,
    /// Whether its dispute can be replied to.
    pub may_reply: bool,
    /// Until when its entry can be contested, in microseconds since 1970; none: it cannot.
    pub appeal_until: Option<i64>,
}

/// A statement with its lines.
#[derive(Debug, Clone, Serialize)]
pub struct Statement {
    /// Its sums and state.
    pub head: Listed,
    /// The month's own entries.
    pub lines: Vec<ShownLine>,
    /// What settles earlier months, with its cause.
    pub adjustments: Vec<ShownLine>,
    /// Whether the person at the desk may confirm it now.
    pub may_confirm: bool,
    /// The sum of the month's own, in minor units.
    pub own_net: i64,
    /// The sum of adjustments.
    pub adjusted_net: i64,
    /// Who confirmed it.
    pub confirmation: Option<Confirmation>,
    /// The audit chain's head, once the month is locked.
    pub audit_head: Option<String>,
}

/// Some statements of those the person may see, and how many there are.
pub fn list(desk: &mut Desk, which: Which, part: Part) -> Result<ByRegion<Listed>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let (rows, total) = statements::list(tx, which, part)?;
        Ok(ByRegion { rows, total, regions: standings::regions(tx)? })
    })
}

/// A dealer's statement of a month that was calculated.
pub fn show(desk: &mut Desk, period: Period, dealer: &str) -> Result<Statement, ControlError> {
    let (scope, now, by, tenant) = (desk.scope(), desk.now, desk.actor.clone(), desk.tenant.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let head = found(tx, period, dealer)?;
        let role = users::actor(tx, &by)?.role;
        let lines = statements::lines(tx, period, dealer)?;
        let entries: Vec<i64> = lines.iter().map(|line| line.entry).collect();
        let ground = ground::load(tx, &tenant)?;
        let contestable = appeals::contestable(tx, &ground, &entries, &by.to_lowercase(), now)?;
        let shown = |line: Line| ShownLine {
            may_dispute: refuse_dispute(role, &line).is_ok(),
            may_reply: refuse_reply(role, &line).is_ok(),
            appeal_until: contestable.get(&line.entry).map(|until| until.0),
            line,
        };
        let (adjustments, lines): (Vec<_>, Vec<_>) =
            lines.into_iter().map(shown).partition(|shown| shown.line.adjusts);
        let sum = |lines: &[ShownLine]| lines.iter().map(|shown| shown.line.amount).sum();
        Ok(Statement {
            may_confirm: refuse_confirmation(role, &head).is_ok(),
            own_net: sum(&lines),
            adjusted_net: sum(&adjustments),
            confirmation: statements::confirmation(tx, period, dealer)?,
            audit_head: settlements::find(tx, period)?.and_then(|stored| stored.audit_head),
            head,
            lines,
            adjustments,
        })
    })
}

/// Whether a statement waits for its dealer's confirmation: not while a line is disputed without a reply, and not once it
/// was confirmed and nothing was posted since.
pub(crate) fn waits_for_confirmation(head: &Listed) -> Result<(), StatementRefusal> {
    match &*head.state {
        "disputed" => Err(StatementRefusal::Disputed),
        "confirmed" => Err(StatementRefusal::Confirmed),
        _ => Ok(()),
    }
}

fn found(tx: &mut Tx, period: Period, dealer: &str) -> Result<Listed, ControlError> {
    let missing = || ControlError::NotFound("statement");
    statements::find(tx, period, dealer)?.ok_or_else(missing)
}

/// The dealer says that the statement is right, as it is now.
pub fn confirm(desk: &mut Desk, period: Period, dealer: &str) -> Result<(), ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let head = found(tx, period, dealer)?;
        refuse_confirmation(users::actor(tx, &by)?.role, &head)?;
        let (net, entries) = (head.net, head.entries);
        statements::say(
            tx,
            &Answer { period, dealer, entry: 0, net, entries, reason: "", by: &by, at: now },
        )?;
        note(tx, (now, &*by, "statement.confirm"), period, dealer, &json!({ "net": net, "entries": entries }))
    })
}

/// The dealer says that a line is wrong, and why.
pub fn dispute(
    desk: &mut Desk,
    period: Period,
    dealer: &str,
    entry: i64,
    reason: &str,
) -> Result<(), ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let head = found(tx, period, dealer)?;
        let line = line_of(tx, period, dealer, entry)?;
        refuse_dispute(users::actor(tx, &by)?.role, &line)?;
        let reason = text(reason)?;
        let (net, entries) = (head.net, head.entries);
        statements::say(tx, &Answer { period, dealer, entry, net, entries, reason, by: &by, at: now })?;
        note(
            tx,
            (now, &*by, "statement.dispute"),
            period,
            dealer,
            &json!({ "entry": entry, "reason": reason }),
        )
    })
}

/// Finance replies to a dispute.
pub fn reply(
    desk: &mut Desk,
    period: Period,
    dealer: &str,
    entry: i64,
    said: &str,
) -> Result<(), ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        found(tx, period, dealer)?;
        let line = line_of(tx, period, dealer, entry)?;
        refuse_reply(users::actor(tx, &by)?.role, &line)?;
        let said = text(said)?;
        let answer = Answer { period, dealer, entry, net: 0, entries: 0, reason: "", by: &by, at: now };
        if !statements::reply(tx, &answer, said)? {
            return Err(StatementRefusal::NoDispute.into());
        }
        note(tx, (now, &*by, "statement.reply"), period, dealer, &json!({ "entry": entry, "reply": said }))
    })
}

fn line_of(tx: &mut Tx, period: Period, dealer: &str, entry: i64) -> Result<Line, ControlError> {
    let line = statements::lines(tx, period, dealer)?.into_iter().find(|line| line.entry == entry);
    line.ok_or(ControlError::NotFound("entry"))
}

fn may(role: Role, needed: Role) -> Result<(), StatementRefusal> {
    if role == needed { Ok(()) } else { Err(StatementRefusal::Role) }
}

fn refuse_confirmation(role: Role, head: &Listed) -> Result<(), StatementRefusal> {
    may(role, Role::Dealer)?;
    waits_for_confirmation(head)
}

/// A line that was replied to may be disputed anew; one that waits for a reply may not.
fn refuse_dispute(role: Role, line: &Line) -> Result<(), StatementRefusal> {
    may(role, Role::Dealer)?;
    if waits_for_reply(line) { Err(StatementRefusal::DisputedLine) } else { Ok(()) }
}

fn refuse_reply(role: Role, line: &Line) -> Result<(), StatementRefusal> {
    may(role, Role::Finance)?;
    if waits_for_reply(line) { Ok(()) } else { Err(StatementRefusal::NoDispute) }
}

const fn waits_for_reply(line: &Line) -> bool {
    line.disputed && line.reply.is_none()
}

fn text(said: &str) -> Result<&str, StatementRefusal> {
    let said = said.trim();
    match said.chars().count() {
        0 => Err(StatementRefusal::NoText),
        count if count > LONGEST => Err(StatementRefusal::LongText),
        _ => Ok(said),
    }
}

/// When, who, and what.
type By<'b> = (farsight_rulebook::time::Instant, &'b str, &'static str);

fn note(
    tx: &mut Tx,
    (now, actor, action): By,
    period: Period,
    dealer: &str,
    detail: &serde_json::Value,
) -> Result<(), ControlError> {
    let subject = format!("statement:{dealer}@{period}");
    audit::add(tx, now, &Deed { actor, action, subject: &subject, detail: &detail.to_string() })?;
    Ok(())
}
