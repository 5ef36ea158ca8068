//! A dealer's day: everything with a countdown in one list, the most urgent first, and what was done today. It only
//! gathers: deadlines are the rulebook's and the policy's.

use farsight_rulebook::case::Ground;
use farsight_rulebook::checks::complaint::clocks::{Act, Who};
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Text;
use farsight_rulebook::time::Instant;
use farsight_store::appeals::{self as stored, Contestable};
use farsight_store::complaints::{Filter, State};
use farsight_store::rectifications::{self, Cause, Sight, State as OrderState};
use farsight_store::session::Isolation;
use farsight_store::statements::{self, Listed as Statement};
use farsight_store::{subjects, todo as deeds};

pub use farsight_store::todo::Done;

use crate::statements::waits_for_confirmation;
use crate::{ControlError, Desk, appeals, complaints, ground, support};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Give a complaint its first reply.
    Reply {
        /// The complaint.
        complaint: String,
        /// Whether it is major.
        major: bool,
    },
    /// The general manager handles a major complaint in person.
    Attend {
        /// The complaint.
        complaint: String,
    },
    /// Settle a complaint and submit it for callback.
    Submit {
        /// The complaint.
        complaint: String,
        /// Whether it is major.
        major: bool,
    },
    /// Ask for technical support.
    Ask {
        /// The vehicle.
        vin: String,
        /// The fault.
        fault: String,
    },
    /// Mend what was ordered.
    Mend {
        /// The order.
        order: String,
        /// What is to be mended; empty of bay turnover.
        title: String,
        /// Whether it is one of bay turnover.
        bay_turnover: bool,
        /// Whether it was sent back.
        sent_back: bool,
    },
    /// Renew a certificate.
    Renew {
        /// The certificate.
        certificate: String,
        /// Its kind.
        kind: String,
        /// Whose it is: a name, or a code where there is none.
        person: String,
    },
    /// Contest an entry, or let it stand.
    Contest {
        /// The entry.
        entry: i64,
        /// The clause.
        clause: String,
        /// What the policy calls it.
        title: Option<Text>,
        /// What it charges.
        amount: Money,
    },
    /// Confirm a month's statement, or dispute lines of it.
    Confirm {
        /// The month, like `2026-03`.
        period: String,
        /// What it comes to.
        net: Money,
        /// Whether it was confirmed before something was posted.
        changed: bool,
    },
}

/// A task with its deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What.
    pub task: Task,
    /// Until when.
    pub due: Option<Instant>,
    /// Whether that is over.
    pub over: bool,
}

/// A dealer's list.
#[derive(Debug, Clone, Default)]
pub struct Todo {
    /// What is to be done, the earliest deadline first.
    pub items: Vec<Item>,
    /// What was done today, the latest first.
    pub done: Vec<Done>,
}

/// Rows of each kind, at most.
const MOST: i64 = 200;

/// What a dealer of the person at the desk has to do.
pub fn of_dealer(desk: &mut Desk, dealer: &str) -> Result<Todo, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    let mut tasks = complaint_tasks(desk, dealer)?;
    for owed in support::owed(desk, Some(dealer))? {
        tasks.push((Task::Ask { vin: owed.vin, fault: owed.fault }, Some(owed.due)));
    }
    let done = desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        if !subjects::is_dealer(tx, dealer)? {
            return Err(ControlError::NotFound("dealer"));
        }
        let ground = ground::load(tx, &tenant)?;
        let zone = &ground.zone;
        let unfinished = rectifications::Filter {
            unfinished: true,
            dealer: Some(dealer.to_owned()),
            limit: MOST,
            ..Default::default()
        };
        let (_, orders) = rectifications::list(tx, &unfinished, Sight { zone: zone.name(), now })?;
        for order in orders.into_iter().filter(|order| order.state != OrderState::HandedIn) {
            let task = Task::Mend {
                order: order.key,
                title: order.title,
                bay_turnover: order.cause == Cause::BayTurnover,
                sent_back: order.state == OrderState::SentBack,
            };
            tasks.push((task, Some(zone.end_of(order.due_on))));
        }
        for lapsing in deeds::lapsing(tx, dealer, MOST)? {
            let person = if lapsing.name.is_empty() { lapsing.person } else { lapsing.name };
            let task = Task::Renew { certificate: lapsing.certificate, kind: lapsing.kind, person };
            tasks.push((task, Some(zone.end_of(lapsing.expires_on))));
        }
        for entry in stored::contestable(tx, dealer, now.plus_hours(-24 * 367), MOST)? {
            let until = appeals::until(&ground, entry.posted_at).filter(|until| now <= *until);
            tasks.extend(until.map(|until| (contest(&ground, entry), Some(until))));
        }
        // Neither policy nor rulebook gives a statement a deadline: these come last.
        let statements = statements::of_dealer(tx, dealer, MOST)?;
        let waiting = statements.into_iter().filter(|it| waits_for_confirmation(it).is_ok());
        tasks.extend(waiting.map(|it| (confirm(it), None)));
        let midnight = zone.midnight(zone.date(now));
        Ok::<_, ControlError>(deeds::done(tx, dealer, midnight, now)?)
    })?;
    let mut items: Vec<Item> = tasks
        .into_iter()
        .map(|(task, due)| Item { task, due, over: due.is_some_and(|due| due < now) })
        .collect();
    items.sort_by_key(|item| item.due.unwrap_or(Instant::MAX)); // stable: equal ones stay in the order of kinds
    Ok(Todo { items, done })
}

fn contest(ground: &Ground, entry: Contestable) -> Task {
    let version = ground.timeline.in_force(entry.occurred_on);
    let clause = version.and_then(|version| version.policy.clause(&entry.clause));
    let title = clause.map(|clause| clause.title.clone());
    Task::Contest { entry: entry.entry, clause: entry.clause, title, amount: entry.amount }
}

fn confirm(statement: Statement) -> Task {
    let changed = statement.state == "changed";
    Task::Confirm { period: statement.period, net: Money(statement.net), changed }
}

/// What the dealer's people have to do on open complaints.
fn complaint_tasks(desk: &mut Desk, dealer: &str) -> Result<Vec<(Task, Option<Instant>)>, ControlError> {
    let filter = Filter {
        state: State::Open,
        dealer: Some(dealer.to_owned()),
        limit: MOST as u32,
        ..Filter::default()
    };
    let mut tasks = Vec::new();
    for row in complaints::list(desk, &filter)?.rows {
        let (id, major) = (&row.complaint.id, row.complaint.major);
        for duty in row.duties.iter().filter(|duty| matches!(duty.who, Who::Dealer | Who::DealerGm)) {
            let complaint = id.clone();
            let task = match duty.act {
                Act::Reply => Task::Reply { complaint, major },
                Act::Attend => Task::Attend { complaint },
                Act::Submit => Task::Submit { complaint, major },
                Act::Dispatch | Act::CallBack => continue,
            };
            tasks.push((task, duty.until));
        }
    }
    Ok(tasks)
}
