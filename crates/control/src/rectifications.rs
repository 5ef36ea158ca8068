//! Orders to mend — 整改: given by people, or following from bay turnover (rulebook 4.4); the dealer hands evidence in, a
//! manager accepts or sends back. Accepting one of bay turnover enters an `accept` ruling, which is what the rulebook counts.

use farsight_ledger::settlement::Role;
use farsight_rulebook::facts::RulingKind;
use farsight_rulebook::subject::Subject;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::rectifications::{self as stored, Cause, Filter, New, Order, Sight, State, Step, Taken};
use farsight_store::session::{Isolation, Turn};
use farsight_store::subjects::{self, Fact};
use farsight_store::{Tx, evidence, users};
use jiff::civil::Date;
use serde_json::json;

use crate::appeals::{text, watches};
use crate::{ControlError, Desk, audit, ground, rulings};

/// Why something about an order is refused, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is for somebody else.
    #[error(
        "{by} may not do this: dealers hand in, managers of their region and headquarters order and accept"
    )]
    MayNot {
        /// Who tried.
        by: String,
    },
    /// There is none of that code in the person's part of the network.
    #[error("there is no dealer '{0}': choose one of the list")]
    NoDealer(String),
    /// There is none of that id at that dealer.
    #[error("there is no inspection '{0}' of this dealer: look it up in the list, or leave it empty")]
    NoInspection(String),
    /// It says not what is to be mended.
    #[error("the title is empty or longer than 200 characters: say in a line what is to be mended")]
    Title,
    /// It is due before it is given.
    #[error("the order is due before tomorrow: leave the dealer a day at least, and at most two years")]
    Due,
    /// It is mended.
    #[error("this order is accepted: nothing can be done on it any more")]
    Accepted,
    /// It waits for the manager.
    #[error("evidence is handed in already: it waits for the manager's look")]
    HandedIn,
    /// There is nothing to look at yet.
    #[error("nothing is handed in yet: there is nothing to accept or send back")]
    NotHandedIn,
    /// Words alone do not show that it is mended.
    #[error("there is no new evidence: hand in at least one picture or document first")]
    NoEvidence,
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MayNot { .. } => "rectification_may_not",
            Self::NoDealer(_) => "rectification_no_dealer",
            Self::NoInspection(_) => "rectification_no_inspection",
            Self::Title => "rectification_title",
            Self::Due => "rectification_due",
            Self::Accepted => "rectification_accepted",
            Self::HandedIn => "rectification_handed_in",
            Self::NotHandedIn => "rectification_not_handed_in",
            Self::NoEvidence => "rectification_no_evidence",
        }
    }
}

/// Orders of a filter.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// How many there are.
    pub total: u64,
    /// Those of the page.
    pub rows: Vec<Order>,
}

/// An order with all that happened on it.
#[derive(Debug, Clone)]
pub struct One {
    /// The order.
    pub order: Order,
    /// What happened, the first first.
    pub steps: Vec<Step>,
    /// What its evidence is handed in for.
    pub subject: String,
    /// Whether the person at the desk may hand in now.
    pub may_hand_in: bool,
    /// Whether the person may accept or send back now.
    pub may_judge: bool,
    /// Whether it is due and not accepted.
    pub overdue: bool,
}

/// The subject that an order's evidence is handed in for.
pub fn subject(order: &Order) -> String {
    match order.cause {
        Cause::BayTurnover => format!("dealer:{}", order.key),
        Cause::Inspection | Cause::Hand => format!("rectification:{}", order.key),
    }
}

/// Whether an order is due and not accepted.
pub fn is_overdue(order: &Order, today: Date) -> bool {
    order.state != State::Accepted && order.due_on < today
}

fn sight(zone: &Zone, now: Instant) -> Sight<'_> {
    Sight { zone: zone.name(), now }
}

/// The orders of a filter that the person at the desk sees.
pub fn list(desk: &mut Desk, filter: &Filter) -> Result<Listed, ControlError> {
    let (scope, now, zone) = (desk.scope(), desk.now, ground::zone(&desk.tenant)?);
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let (total, rows) = stored::list(tx, filter, sight(&zone, now))?;
        Ok(Listed { total, rows })
    })
}

fn wanted(tx: &mut Tx, key: &str, zone: &Zone, now: Instant) -> Result<Order, ControlError> {
    stored::find(tx, key, sight(zone, now))?.ok_or(ControlError::NotFound("rectification"))
}

/// One order.
pub fn one(desk: &mut Desk, key: &str) -> Result<One, ControlError> {
    let (scope, now, zone) = (desk.scope(), desk.now, ground::zone(&desk.tenant)?);
    let (actor, today) = (desk.actor.to_lowercase(), zone.date(now));
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let order = wanted(tx, key, &zone, now)?;
        let steps = stored::steps(tx, key)?;
        let open = matches!(order.state, State::Open | State::SentBack);
        Ok(One {
            may_hand_in: open && works_for(tx, &actor, &order.dealer)?,
            may_judge: order.state == State::HandedIn && watches(tx, &order.dealer, &actor, today)?,
            overdue: is_overdue(&order, today),
            subject: subject(&order),
            order,
            steps,
        })
    })
}

fn works_for(tx: &mut Tx, by: &str, dealer: &str) -> Result<bool, ControlError> {
    let user = users::find(tx, by)?;
    Ok(user.is_some_and(|user| user.role == Role::Dealer && user.dealers.iter().any(|own| own == dealer)))
}

/// What a new order says.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'w> {
    /// The dealer.
    pub dealer: &'w str,
    /// The inspection whose failures it is about; empty: none.
    pub inspection: &'w str,
    /// What is to be mended.
    pub title: &'w str,
    /// More of it; may be empty.
    pub body: &'w str,
    /// By when.
    pub due_on: Date,
}

/// An order is due at the latest so many days after it is given.
const MOST_DAYS: i64 = 730;

/// Gives an order and its number.
///
/// Refused, in this order: a dealer that the person does not see; a person who does not watch it; an inspection that is not
/// the dealer's; a title that is empty or long; a due date before tomorrow or after two years.
pub fn order(desk: &mut Desk, new: &Wanted) -> Result<i64, ControlError> {
    let (scope, now, zone) = (desk.scope(), desk.now, ground::zone(&desk.tenant)?);
    let (actor, today) = (desk.actor.to_lowercase(), zone.date(now));
    let (dealer, inspection, title) = (new.dealer.trim(), new.inspection.trim(), new.title.trim());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        if !subjects::is_dealer(tx, dealer)? {
            return Err(Refusal::NoDealer(dealer.chars().take(80).collect()).into());
        }
        if !watches(tx, dealer, &actor, today)? {
            return Err(Refusal::MayNot { by: actor.clone() }.into());
        }
        let inspection = (!inspection.is_empty()).then_some(inspection);
        if let Some(id) = inspection
            && !subjects::is_of(tx, Fact::Inspection, id, dealer)?
        {
            return Err(Refusal::NoInspection(id.chars().take(80).collect()).into());
        }
        if title.is_empty() || title.chars().count() > 200 || title.contains('\0') {
            return Err(Refusal::Title.into());
        }
        let latest = farsight_rulebook::time::plus_days(today, MOST_DAYS);
        if new.due_on <= today || new.due_on > latest {
            return Err(Refusal::Due.into());
        }
        let body = if new.body.trim().is_empty() { "" } else { text(new.body)? };
        let row = New { dealer, inspection, title, body, due_on: new.due_on, by: &actor, at: now };
        let id = stored::add(tx, &row)?;
        let detail = json!({ "dealer": dealer, "due_on": new.due_on.to_string() });
        audit::about(tx, now, (&actor, "rectification.order"), ("rectification", id), &detail)?;
        Ok(id)
    })
}

/// Hands an order in: what was mended, and the evidence that shows it (handed in before, on the order's subject).
///
/// Refused, in this order: an order that the person does not see; a person who is not the dealer's; an order that is
/// accepted; one that waits for the manager; no evidence since the last round; a text that is empty or too long.
pub fn hand_in(desk: &mut Desk, key: &str, said: &str) -> Result<(), ControlError> {
    let (scope, now, zone) = (desk.scope(), desk.now, ground::zone(&desk.tenant)?);
    let actor = desk.actor.to_lowercase();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        stored::take_turn(tx)?;
        let order = wanted(tx, key, &zone, now)?;
        if !works_for(tx, &actor, &order.dealer)? {
            return Err(Refusal::MayNot { by: actor.clone() }.into());
        }
        match order.state {
            State::Accepted => return Err(Refusal::Accepted.into()),
            State::HandedIn => return Err(Refusal::HandedIn.into()),
            State::Open | State::SentBack => {}
        }
        let last = stored::steps(tx, key)?.last().map(|step| step.at);
        let handed = evidence::of_subjects(tx, &[&subject(&order)])?;
        if !handed.iter().any(|handing| last.is_none_or(|last| handing.at > last)) {
            return Err(Refusal::NoEvidence.into());
        }
        let body = text(said)?;
        step(tx, &order, (State::HandedIn, None), (&actor, body, now))
    })
}

/// How evidence is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is mended.
    Accept,
    /// More is to be done.
    SendBack,
}

impl Verdict {
    /// The verdict of its name in a form.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "accept" => Some(Self::Accept),
            "send-back" => Some(Self::SendBack),
            _ => None,
        }
    }
}

/// Accepts what was handed in, or sends it back. Accepting an order of bay turnover enters the ruling in the same
/// transaction; that counts from this moment, also when the order is overdue.
///
/// Refused, in this order: an order that the person does not see; a person who does not watch the dealer; an order that is
/// accepted; one on which nothing is handed in; a text that is empty or too long.
pub fn judge(desk: &mut Desk, key: &str, verdict: Verdict, said: &str) -> Result<(), ControlError> {
    let (scope, now, zone) = (desk.scope(), desk.now, ground::zone(&desk.tenant)?);
    let (actor, today) = (desk.actor.to_lowercase(), zone.date(now));
    desk.session.in_turn(scope, Turn::Facts, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            stored::take_turn(tx)?;
            let order = wanted(tx, key, &zone, now)?;
            if !watches(tx, &order.dealer, &actor, today)? {
                return Err(Refusal::MayNot { by: actor.clone() }.into());
            }
            match order.state {
                State::Accepted => return Err(Refusal::Accepted.into()),
                State::Open | State::SentBack => return Err(Refusal::NotHandedIn.into()),
                State::HandedIn => {}
            }
            let body = text(said)?;
            if verdict == Verdict::SendBack {
                return step(tx, &order, (State::SentBack, None), (&actor, body, now));
            }
            let ruling = accept(tx, &order, (&actor, body, now))?;
            step(tx, &order, (State::Accepted, ruling.as_deref()), (&actor, body, now))
        })
    })
}

/// The ruling that accepting an order of bay turnover is.
fn accept(
    tx: &mut Tx,
    order: &Order,
    (by, note, at): (&str, &str, Instant),
) -> Result<Option<String>, ControlError> {
    if order.cause != Cause::BayTurnover {
        return Ok(None);
    }
    let rounds = stored::steps(tx, &order.key)?.len();
    let id = ruling_id(order, rounds);
    let (kind, subject) = (RulingKind::Accept, subject(order));
    let new = rulings::New {
        id: &id,
        kind,
        subject: &subject,
        family: None,
        amount: None,
        by,
        at,
        note,
        desk: "rectification",
    };
    rulings::enter(tx, &new)?;
    Ok(Some(id))
}

/// `accept-MONTH-DEALER-N`; of a dealer whose code is too long for that, its last characters.
fn ruling_id(order: &Order, place: usize) -> String {
    let month = match Subject::read(&subject(order)) {
        Some(Subject::DealerMonth { month, .. }) => month.to_string(),
        _ => String::new(),
    };
    let head = format!("accept-{month}-{place}-");
    let room = farsight_rulebook::codes::MAX_CODE_CHARS - head.len();
    let skip = order.dealer.len().saturating_sub(room);
    format!("{head}{}", &order.dealer[skip..])
}

fn step(
    tx: &mut Tx,
    order: &Order,
    (to, ruling): (State, Option<&str>),
    (by, body, at): (&str, &str, Instant),
) -> Result<(), ControlError> {
    let taken = Taken { key: &order.key, dealer: &order.dealer, to, body, by, at, ruling };
    stored::take(tx, &taken)?;
    let action = match to {
        State::Accepted => "rectification.accept",
        State::SentBack => "rectification.send-back",
        State::Open | State::HandedIn => "rectification.hand-in",
    };
    audit::about(
        tx,
        at,
        (by, action),
        ("rectification", &order.key),
        &json!({ "dealer": order.dealer, "ruling": ruling }),
    )
}
