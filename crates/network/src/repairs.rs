//! Repairs that did not hold: the car comes back, technical support is asked or not, the customer loses patience.

use crate::complaints::Grievance;
use crate::days::{HOUR, MINUTE, Moment};
use crate::dice::{Dice, between_bad_and_good};
use crate::orders::{Order, Shop};
use crate::rulings::{self, Ruling};
use crate::tables::{Books, Table};

/// All that follows from a first repair that did not hold.
pub(crate) fn write(shop: &mut Shop<'_>, first: &Order<'_>, dice: &mut Dice, books: &mut Books) {
    let Some(completed) = first.completed else { return };
    let quality = shop.dealer.quality(completed.day());
    let asks_at_once = dice.chance(0.08);
    if asks_at_once {
        write_request(shop, first, 1, completed.plus(dice.between(10, 300) * MINUTE), dice, books);
    }
    let comes_back = dice.chance(0.85);
    let day = completed.day().plus(dice.between(2, 20));
    if !comes_back || !shop.dealer.is_open(day) {
        return;
    }
    let fixed = asks_at_once || dice.chance(between_bad_and_good(0.68, 0.88, quality));
    let second = shop.order_again(first, 1, day, fixed, dice);
    second.write(shop.world, books);
    if !fixed {
        second_failure(shop, first, &second, quality, dice, books);
    }
}

/// The second repair did not hold either: technical support is to be asked within a day.
fn second_failure(
    shop: &mut Shop<'_>,
    first: &Order<'_>,
    second: &Order<'_>,
    quality: f64,
    dice: &mut Dice,
    books: &mut Books,
) {
    let Some(completed) = second.completed else { return };
    let mut back = completed;
    if dice.chance(between_bad_and_good(0.50, 0.93, quality)) {
        write_request(shop, first, 2, completed.plus(dice.between(20, 18 * 60) * MINUTE), dice, books);
    } else if dice.chance(0.35) {
        back = completed.plus(dice.between(30 * HOUR, 200 * HOUR)).awake();
        write_complaint(shop, second, back, dice, books);
    } else if dice.chance(0.6) {
        write_request(shop, first, 2, completed.plus(dice.between(26 * HOUR, 120 * HOUR)), dice, books);
    } else if dice.chance(0.25) {
        write_appeal(shop, second, completed, dice, books);
    }
    let day = back.day().plus(dice.between(3, 15));
    if shop.dealer.is_open(day) {
        shop.order_again(first, 2, day, true, dice).write(shop.world, books);
    }
}

fn write_request(
    shop: &Shop<'_>,
    first: &Order<'_>,
    number: u32,
    requested: Moment,
    dice: &mut Dice,
    books: &mut Books,
) {
    let resolved = requested.plus(dice.between(3 * HOUR, 90 * HOUR)).awake();
    let span = shop.world.span;
    if !span.writes(requested, &[Some(resolved)]) {
        return;
    }
    let sheet = books.of(Table::SupportRequests);
    sheet.shown(format_args!("Q{}-{number}", &first.id[1..])).text(&shop.dealer.code);
    sheet.text(first.vehicle.vin()).text(first.fault.map_or("", |fault| fault.code));
    sheet.moment(requested).moment_or_none(span.seen(Some(resolved))).end();
}

fn write_complaint(shop: &Shop<'_>, order: &Order<'_>, received: Moment, dice: &mut Dice, books: &mut Books) {
    let grievance = Grievance {
        id: format!("K{}", &order.id[1..]),
        received,
        category: if dice.chance(0.8) { "repair-quality" } else { "waiting" },
        is_major: dice.chance(0.12),
        vehicle: Some(&order.vehicle),
        trouble: order.fault.map_or("", |fault| fault.called),
    };
    grievance.write(shop.world, shop.dealer, dice, books);
}

fn write_appeal(shop: &Shop<'_>, order: &Order<'_>, completed: Moment, dice: &mut Dice, books: &mut Books) {
    let (vin, fault) = (order.vehicle.vin(), order.fault.map_or("", |fault| fault.code));
    Ruling {
        id: format!("R{}", order.id),
        kind: "excuse",
        subject: format!("vin:{vin}/{fault}@{}#{}", shop.dealer.code, order.id),
        family: "repeat-repair.unreported",
        decided: completed.day().plus(dice.between(3, 14)).at(11 * HOUR),
        decided_by: rulings::APPEALS,
        amount: None,
        note: "已通过电话向技术支持报备,记录属实",
    }
    .write(shop.world.span, books);
}
