//! Statements of the demonstration's dealer: one disputed, one confirmed, one that waits, one with finance's reply, the
//! older ones confirmed. By the use cases, as the demo's people; a small network has fewer.

use farsight_rulebook::period::Period;
use farsight_store::session::Isolation;
use farsight_store::statements::{self as stored, Listed};

use super::cases::{DEALER, if_it_fits, own_dealers};
use crate::{ControlError, Desk, statements};

const FINANCE: &str = "finance@demo.example";
/// So many months back, at most.
const MONTHS: i64 = 24;

/// Answers the statements; the desk is given back as it came.
pub(super) fn make(desk: &mut Desk) -> Result<(), ControlError> {
    let actor = std::mem::replace(&mut desk.actor, DEALER.to_owned());
    let made = answer_all(desk);
    desk.actor = actor;
    made
}

fn answer_all(desk: &mut Desk) -> Result<(), ControlError> {
    let scope = desk.scope();
    for dealer in own_dealers(desk)? {
        let all = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
            Ok::<_, ControlError>(stored::of_dealer(tx, &dealer, MONTHS)?)
        })?;
        for (place, statement) in all.iter().enumerate() {
            answer(desk, place, statement)?;
        }
    }
    Ok(())
}

/// The latest month has place 0.
fn answer(desk: &mut Desk, place: usize, statement: &Listed) -> Result<(), ControlError> {
    let Ok(period) = statement.period.parse::<Period>() else { return Ok(()) };
    let dealer = &statement.dealer;
    DEALER.clone_into(&mut desk.actor);
    match place {
        0 => dispute(desk, period, dealer, "当日停电检修，设备停用有公告，请核对。").map(drop),
        2 => Ok(()),
        3 => {
            let Some(entry) = dispute(desk, period, dealer, "本条与上月重复，请核实。")? else {
                return Ok(());
            };
            FINANCE.clone_into(&mut desk.actor);
            let said = "已核对原始记录，两条并非同一事项。";
            if_it_fits(statements::reply(desk, period, dealer, entry, said)).map(drop)
        }
        _ => if_it_fits(statements::confirm(desk, period, dealer)).map(drop),
    }
}

/// Disputes the month's own line that costs the most; gives its entry.
fn dispute(desk: &mut Desk, period: Period, dealer: &str, reason: &str) -> Result<Option<i64>, ControlError> {
    let shown = statements::show(desk, period, dealer)?;
    let worst = shown.lines.iter().min_by_key(|shown| shown.line.amount);
    let Some(entry) = worst.map(|shown| shown.line.entry) else { return Ok(None) };
    let disputed = if_it_fits(statements::dispute(desk, period, dealer, entry, reason))?;
    Ok(disputed.map(|()| entry))
}
