//! Reading what is known of service and customers: delays, answers, visits, feedback, callbacks, vehicles, prices, exams.

use farsight_rulebook::facts::{Answer, Callback, Delay, Exam, Facts, Feedback, MysteryVisit, PartPrice};

use super::{Wanted, Which, from, keep};
use crate::{StoreError, Tx};

/// Delay notices and callbacks of the work orders that were read; what was wanted before is not any more.
pub fn of_orders(tx: &mut Tx, facts: &mut Facts) -> Result<(), StoreError> {
    let orders = facts.work_orders.iter().map(|order| facts.codes.text(order.work_order));
    tx.want(&Wanted::codes(orders))?;
    delays(tx, facts, Which::ById)?;
    callbacks(tx, facts, Which::ById)
}

/// Where rows about orders are wanted from; `OfDealers` takes those of the orders of these dealers.
fn from_orders(tx: &Tx, table: &str, which: Which) -> String {
    let holds = tx.holds();
    match which {
        Which::OfDealers => format!(
            "{table} t JOIN work_orders o ON o.work_order_id = t.work_order_id AND {}
             WHERE {holds} AND o.dealer_code IN (SELECT a FROM pg_temp.wanted)",
            tx.holds_of("o")
        ),
        other => from(tx, table, other, "work_order_id", ""),
    }
}

/// Delay notices.
pub fn delays(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let Facts { codes, delays, .. } = facts;
    let source = from_orders(tx, "work_order_delays", which);
    tx.read(&format!("SELECT t.work_order_id, t.given_at, t.promised_at FROM {source}"), |row| {
        let work_order = codes.keep(row.text());
        delays.push(Delay { work_order, given_at: row.instant(), promised_at: row.instant() });
    })
}

/// Callbacks after work.
pub fn callbacks(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let Facts { codes, callbacks, .. } = facts;
    let source = from_orders(tx, "callbacks", which);
    tx.read(&format!("SELECT t.work_order_id, t.at FROM {source}"), |row| {
        callbacks.push(Callback { work_order: codes.keep(row.text()), at: row.instant() });
    })
}

/// Survey answers.
pub fn answers(tx: &mut Tx, facts: &mut Facts, which: Which, zone: &str) -> Result<(), StoreError> {
    let Facts { codes, answers, .. } = facts;
    let source = from(tx, "surveys", which, "response_id", zone);
    tx.read(
        &format!("SELECT t.response_id, t.factor, t.dealer_code, t.employee_code, t.answered_at, t.score FROM {source}"),
        |row| {
            answers.push(Answer {
                response: codes.keep(row.text()),
                factor: codes.keep(row.text()),
                dealer: codes.keep(row.text()),
                employee: keep(codes, row.text_or()),
                answered_at: row.instant(),
                score: row.big(),
            });
        },
    )
}

/// Visits of mystery shoppers.
pub fn mystery_visits(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let Facts { codes, mystery_visits, .. } = facts;
    let source = from(tx, "mystery_visits", which, "visit_id", "");
    tx.read(
        &format!(
            "SELECT t.visit_id, t.dealer_code, t.visited_on, t.response, t.attitude, t.professionalism, t.transparency FROM {source}"
        ),
        |row| {
            mystery_visits.push(MysteryVisit {
                visit: codes.keep(row.text()),
                dealer: codes.keep(row.text()),
                visited_on: row.date(),
                scores: [row.big(), row.big(), row.big(), row.big()],
            });
        },
    )
}

/// Feedback.
pub fn feedback(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let source = from(tx, "feedback", which, "feedback_id", "");
    feedback_from(tx, facts, &source)
}

/// Feedback that the dealers wanted received on the days wanted.
pub fn feedback_of_days(tx: &mut Tx, facts: &mut Facts, zone: &str) -> Result<(), StoreError> {
    let source = from(tx, "feedback", Which::OfDealerDays, "feedback_id", zone);
    feedback_from(tx, facts, &source)
}

fn feedback_from(tx: &mut Tx, facts: &mut Facts, source: &str) -> Result<(), StoreError> {
    let Facts { codes, feedback, .. } = facts;
    tx.read(
        &format!("SELECT t.feedback_id, t.dealer_code, t.received_at, t.solved_at FROM {source}"),
        |row| {
            feedback.push(Feedback {
                feedback: codes.keep(row.text()),
                dealer: codes.keep(row.text()),
                received_at: row.instant(),
                solved_at: row.instant_or(),
            });
        },
    )
}

/// Prices of parts: those of the dealers wanted that came into effect in the days wanted (in any, where none are named), and
/// the manufacturer's that came into effect by then.
pub fn part_prices(tx: &mut Tx, facts: &mut Facts) -> Result<(), StoreError> {
    let Facts { codes, part_prices, .. } = facts;
    let holds = tx.holds();
    tx.read(
        &format!(
            "SELECT t.part_code, t.effective_on, t.dealer_code, t.price FROM (
                 SELECT '' AS a, NULL AS on_day, max(coalesce(until_day, 'infinity')) AS until_day FROM pg_temp.wanted
                 UNION ALL SELECT a, on_day, until_day FROM pg_temp.wanted) AS w
             CROSS JOIN LATERAL (
                 SELECT * FROM part_prices t WHERE {holds} AND t.dealer_code = w.a
                     AND t.effective_on >= coalesce(w.on_day, '-infinity') AND t.effective_on < coalesce(w.until_day, 'infinity')
                 OFFSET 0) AS t"
        ),
        |row| {
            part_prices.push(PartPrice {
                part: codes.keep(row.text()),
                effective_on: row.date(),
                dealer: keep(codes, row.text_or().filter(|dealer| !dealer.is_empty())),
                price: row.big(),
            });
        },
    )
}

/// Exams of regional staff.
pub fn exams(tx: &mut Tx, facts: &mut Facts) -> Result<(), StoreError> {
    let Facts { codes, exams, .. } = facts;
    let holds = tx.holds();
    tx.read(&format!("SELECT t.person_code, t.taken_on, t.score FROM exams t WHERE {holds}"), |row| {
        exams.push(Exam { person: codes.keep(row.text()), taken_on: row.date(), score: row.big() });
    })
}
