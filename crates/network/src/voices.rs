//! The second set of tables: what customers say when asked (surveys, callbacks, feedback), what strangers see
//! (mystery visits), the vehicles themselves, and prices. Plausible, simpler than the first set.

use farsight_rulebook::period::Period;

use crate::World;
use crate::days::{Day, HOUR, MINUTE, push_short_date};
use crate::dealers::Dealer;
use crate::dice::{Dice, Purpose, between_bad_and_good, stir};
use crate::orders::Order;
use crate::season;
use crate::tables::{Books, Table};
use crate::texts;

/// The factors customers are asked about, with how dealers differ from their mean there.
const FACTORS: [(&str, f64); 5] =
    [("response", -1.0), ("quality", 0.0), ("attitude", 1.5), ("transparency", -0.5), ("amenities", -2.0)];

/// The survey and the callback after an order. They have a stream of their own, so that asking for these tables
/// changes no other.
pub(crate) fn write_of_order(world: &World<'_>, order: &Order<'_>, books: &mut Books) {
    let Some(completed) = order.completed else { return };
    let (surveys, callbacks) = (books.of(Table::Surveys).is_wanted(), books.of(Table::Callbacks).is_wanted());
    if !surveys && !callbacks {
        return;
    }
    let number = order.id.bytes().fold(0, |sum, byte| stir(sum, u64::from(byte), 1));
    let mut dice = Dice::of(world.plan.seed, Purpose::Feedback, u64::MAX, number);
    let quality = order.dealer.quality(completed.day());

    let is_called = dice.chance(between_bad_and_good(0.86, 0.985, quality));
    let called = completed.plus(dice.between(60, 14 * 60) * MINUTE).awake();
    let reached = dice.chance(0.88);
    if is_called && world.span.writes(called, &[]) {
        books.of(Table::Callbacks).text(&order.id).moment(called).flag(reached).end();
    }

    let answered = completed.plus(dice.between(3 * HOUR, 70 * HOUR)).awake();
    if !dice.chance(world.plan.scale.answers) || !world.span.writes(answered, &[]) {
        return;
    }
    let mood = if order.fixed == Some(false) { -22.0 } else { 0.0 };
    let mean = between_bad_and_good(72.0, 95.5, quality) + mood + 7.0 * dice.bell();
    for (factor, shift) in FACTORS {
        let score = (mean + shift + 6.0 * dice.bell()).clamp(10.0, 100.0);
        if factor == "amenities" && dice.chance(0.2) {
            continue; // not everybody waits in the lounge
        }
        let sheet = books.of(Table::Surveys);
        sheet.shown(format_args!("S{}", &order.id[1..])).text(factor).text(&order.dealer.code);
        sheet.text(order.advisor.unwrap_or("")).moment(answered).hundredths((score * 2.0) as i64 * 50).end();
    }
}

/// A dealer's vehicles, mystery visits, feedback and own prices.
pub(crate) fn write_of_dealer(world: &World<'_>, dealer: &Dealer, books: &mut Books) {
    if books.of(Table::Vehicles).is_wanted() {
        write_vehicles(world, dealer, books);
    }
    let last = world.span.until.day();
    for month in world.run.begins.month().through(last.month()) {
        write_mystery_visit(world, dealer, month, books);
    }
    if books.of(Table::Feedback).is_wanted() {
        let first = world.run.begins.max(Day(world.span.after.day().0.saturating_sub(10)));
        for day in first.through(last).filter(|day| dealer.is_open(*day)) {
            write_feedback(world, dealer, day, books);
        }
    }
    write_own_prices(world, dealer, books);
}

fn write_vehicles(world: &World<'_>, dealer: &Dealer, books: &mut Books) {
    // One more than are surely sold the day after: its sale may have come before the pace's beat.
    for number in 0..=dealer.pool.sold_by(world.span.until.day().plus(1)) {
        let vehicle = dealer.pool.vehicle(world.plan.seed, number);
        if world.span.writes(vehicle.sold.start(), &[]) {
            let seller = if dealer.is_open(vehicle.sold) { dealer.code.as_str() } else { "" };
            let sheet = books.of(Table::Vehicles);
            sheet.text(vehicle.vin()).text(vehicle.model.code).date(vehicle.sold).text(seller).end();
        }
    }
}

/// About one visit in a quarter.
fn write_mystery_visit(world: &World<'_>, dealer: &Dealer, month: Period, books: &mut Books) {
    let mut dice =
        Dice::of(world.plan.seed, Purpose::Mystery, u64::from(dealer.index), month.number() as u64);
    let day = Day::of(month.first_day()).plus(dice.between(2, 26));
    if !dice.chance(0.33) || !dealer.is_open(day) || !world.span.writes(day.start(), &[]) {
        return;
    }
    let mean = between_bad_and_good(52.0, 93.0, dealer.quality(day)) + 7.0 * dice.bell();
    let sheet = books.of(Table::MysteryVisits);
    let code = &dealer.code;
    sheet.shown(format_args!("V{}-{month}", &code[1..])).text(code).date(day);
    for _ in 0..4 {
        let score = (mean + 10.0 * dice.bell()).clamp(0.0, 100.0);
        sheet.hundredths(score as i64 * 100);
    }
    sheet.end();
}

fn write_feedback(world: &World<'_>, dealer: &Dealer, day: Day, books: &mut Books) {
    let mut dice = Dice::of(world.plan.seed, Purpose::Feedback, u64::from(dealer.index), day.0 as u64);
    let quality = dealer.quality(day);
    for number in 1..=dice.poisson(0.05 * dealer.size * season::demand(day)) {
        let received = day.at(8 * HOUR + dice.between(0, 13 * HOUR));
        let channel = dice.weighted(&texts::CHANNELS);
        let kind = dice.weighted(&[("suggestion", 30), ("enquiry", 45), ("criticism", 15), ("praise", 10)]);
        let in_time = dice.chance(between_bad_and_good(0.82, 0.98, quality));
        let (soon, late) = (dice.between(HOUR, 34 * HOUR), dice.between(50 * HOUR, 150 * HOUR));
        let solved = received.plus(if in_time { soon } else { late }).awake();
        if world.span.writes(received, &[Some(solved)]) {
            let mut id = format!("F{:05}-", dealer.index + 1);
            push_short_date(&mut id, day);
            let sheet = books.of(Table::Feedback);
            sheet.shown(format_args!("{id}-{number}")).text(&dealer.code).text(channel).moment(received);
            sheet.text(kind).moment_or_none(world.span.seen(Some(solved))).end();
        }
    }
}

/// Parts with the manufacturer's price in yuan.
const PARTS: [(&str, i64); 24] = [
    ("OIL-FILTER", 38),
    ("AIR-FILTER", 65),
    ("CABIN-FILTER", 78),
    ("FUEL-FILTER", 145),
    ("SPARK-PLUG", 58),
    ("BRAKE-PAD-F", 420),
    ("BRAKE-PAD-R", 360),
    ("BRAKE-DISC-F", 560),
    ("WIPER-F", 96),
    ("BATTERY-60AH", 480),
    ("COOLANT-2L", 88),
    ("BRAKE-FLUID", 72),
    ("OIL-5W30-4L", 268),
    ("BELT-AUX", 160),
    ("MOUNT-ENGINE", 540),
    ("SHOCK-F", 690),
    ("SHOCK-R", 510),
    ("LAMP-HEAD-L", 1_680),
    ("LAMP-HEAD-R", 1_680),
    ("BUMPER-F", 980),
    ("MIRROR-L", 620),
    ("COMPRESSOR-AC", 2_350),
    ("SENSOR-O2", 390),
    ("PUMP-WATER", 450),
];

fn list_price(world: &World<'_>, part: usize, year: i16) -> i64 {
    let mut dice = Dice::of(world.plan.seed, Purpose::Prices, part as u64, year as u64);
    PARTS[part].1 * 100 + dice.between(-3, 4) * PARTS[part].1
}

/// The manufacturer's list, anew on the first of every year.
pub(crate) fn write_prices(world: &World<'_>, books: &mut Books) {
    let first = world.plan.first_day().year();
    for year in first..=world.span.until.day().date().year() {
        let day = first_of(year);
        if !world.span.writes(day.start(), &[]) {
            continue;
        }
        for (part, (code, _)) in PARTS.iter().enumerate() {
            let price = list_price(world, part, year);
            books.of(Table::PartPrices).text(code).date(day).none().hundredths(price).end();
        }
    }
}

/// A dealer posts prices of its own for a part now and then; most agree with the list.
fn write_own_prices(world: &World<'_>, dealer: &Dealer, books: &mut Books) {
    if !books.of(Table::PartPrices).is_wanted() {
        return;
    }
    for month in world.run.begins.month().through(world.span.until.day().month()) {
        let number = u64::from(dealer.index) | 1 << 40;
        let mut dice = Dice::of(world.plan.seed, Purpose::Prices, number, month.number() as u64);
        let (posts, part) = (dice.chance(0.35), dice.below(PARTS.len() as u32) as usize);
        let day = Day::of(month.first_day()).plus(dice.between(0, 25));
        let differs = dice.chance(between_bad_and_good(0.25, 0.01, dealer.quality(day)));
        let list = list_price(world, part, day.date().year());
        let price = if differs { list * dice.between(105, 130) / 100 } else { list };
        if posts && dealer.is_open(day) && world.span.writes(day.start(), &[]) {
            let sheet = books.of(Table::PartPrices);
            sheet.text(PARTS[part].0).date(day).text(&dealer.code).hundredths(price).end();
        }
    }
}

fn first_of(year: i16) -> Day {
    Day::of(jiff::civil::Date::constant(year, 1, 1))
}
