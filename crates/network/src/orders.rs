//! Work orders: a car comes, is looked at, mended and handed back.
//!
//! A day's orders are drawn with all that follows from them (returns, requests, complaints: see `repairs`), so that
//! no day needs to know another.

use crate::World;
use crate::cars::{Fault, Model, Vehicle, draw_fault, fault_named};
use crate::crew::Crew;
use crate::days::{CLOSING, Day, HOUR, MINUTE, Moment, OPENING, push_short_date};
use crate::dealers::Dealer;
use crate::dice::{Dice, Purpose, between_bad_and_good};
use crate::repairs;
use crate::season;
use crate::staff::{LEVELS, Staff};
use crate::tables::{Books, Table};
use crate::texts;
use crate::voices;

/// The share of orders with a fault; the others are maintenance.
const FAULTY: f64 = 0.40;
/// A model and a fault that rise together towards the end of the plan: a bad batch of parts.
const HOTSPOT: (&str, &str) = ("UNI-V", "U0100");
/// For how many days before the plan's end they do.
const HOTSPOT_DAYS: i64 = 50;

/// A later promise, told before the earlier one ran out.
#[derive(Clone, Copy)]
pub(crate) struct Delay {
    given: Moment,
    reason: &'static str,
    promised: Moment,
}

/// A work order with everything that will have happened to it.
pub(crate) struct Order<'a> {
    pub(crate) id: String,
    pub(crate) dealer: &'a Dealer,
    pub(crate) vehicle: Vehicle,
    pub(crate) fault: Option<&'static Fault>,
    reported: Option<Moment>,
    created: Moment,
    diagnosed: Option<Moment>,
    promised: Moment,
    delay: Option<Delay>,
    /// `None` when the dealer closes before.
    pub(crate) completed: Option<Moment>,
    pub(crate) fixed: Option<bool>,
    pub(crate) advisor: Option<&'a str>,
    technician: Option<&'a str>,
    level: u8,
    nev: bool,
    odometer: i64,
    confirmed: [bool; 3],
}

/// How long a job takes.
struct Duration {
    promised: Moment,
    completed: Moment,
    delay: Option<Delay>,
}

/// A dealer's workshop.
pub(crate) struct Shop<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) dealer: &'a Dealer,
    staff: &'a Staff,
    crew: Crew,
    hotspot_from: Day,
}

impl<'a> Shop<'a> {
    /// That of a dealer.
    pub(crate) fn of(world: &'a World<'a>, dealer: &'a Dealer, staff: &'a Staff) -> Self {
        let hotspot_from = Moment::of(world.plan.until).day().plus(-HOTSPOT_DAYS);
        Self { world, dealer, staff, crew: Crew::default(), hotspot_from }
    }

    /// The orders created on a day, with all that follows from them.
    pub(crate) fn write_day(&mut self, day: Day, demand: f64, books: &mut Books) {
        let dealer = self.dealer;
        let mut dice = Dice::of(self.world.plan.seed, Purpose::Orders, u64::from(dealer.index), day.0 as u64);
        let usual = self.world.plan.scale.orders_a_month / 30.4;
        for number in 1..=dice.poisson(usual * dealer.size * dealer.growth(day) * demand) {
            // Called again for each: the order before may have called the crew of another day.
            self.crew.call(self.staff, day);
            let vehicle = self.draw_vehicle(day, &mut dice);
            let fault = dice.chance(FAULTY).then(|| self.draw_fault(day, vehicle.model, &mut dice));
            let mut id = format!("W{:05}-", dealer.index + 1);
            push_short_date(&mut id, day);
            let id = format!("{id}-{number:02}");
            let fixed = !dice.chance(between_bad_and_good(0.080, 0.018, dealer.quality(day)));
            let order = self.order(id, day, vehicle, fault, fixed, &mut dice);
            order.write(self.world, books);
            if order.fixed == Some(false) {
                repairs::write(self, &order, &mut dice, books);
            }
        }
    }

    /// One of the dealer's vehicles, sometimes a neighbour's; new ones come more often.
    fn draw_vehicle(&self, day: Day, dice: &mut Dice) -> Vehicle {
        let pool = if dice.chance(0.04) {
            let neighbour = (self.dealer.index + 1 + dice.below(4)) % self.world.plan.dealers;
            self.world.dealers[neighbour as usize].pool
        } else {
            self.dealer.pool
        };
        let sold = pool.sold_by(day).max(1);
        let number = if dice.chance(0.05) { sold - 1 - dice.below(sold.min(6)) } else { dice.below(sold) };
        pool.vehicle(self.world.plan.seed, number)
    }

    fn draw_fault(&self, day: Day, model: &Model, dice: &mut Dice) -> &'static Fault {
        let drawn = draw_fault(dice, season::heat(day), model.nev);
        let is_hotspot = dice.chance(0.30) && model.code == HOTSPOT.0 && day >= self.hotspot_from;
        if is_hotspot { fault_named(HOTSPOT.1) } else { drawn }
    }

    /// An order that comes back on a later day for the same fault.
    pub(crate) fn order_again(
        &mut self,
        first: &Order<'_>,
        visit: u32,
        day: Day,
        fixed: bool,
        dice: &mut Dice,
    ) -> Order<'a> {
        self.crew.call(self.staff, day);
        self.order(format!("{}R{visit}", first.id), day, first.vehicle, first.fault, fixed, dice)
    }

    fn order(
        &self,
        id: String,
        day: Day,
        vehicle: Vehicle,
        fault: Option<&'static Fault>,
        fixed: bool,
        dice: &mut Dice,
    ) -> Order<'a> {
        let quality = self.dealer.quality(day);
        // Most come in the morning.
        let share = dice.unit() * (0.35 + 0.65 * dice.unit());
        let created = day.at(OPENING + (share * (CLOSING - OPENING - HOUR) as f64) as i64);
        let slow_to_open = dice.chance(between_bad_and_good(0.035, 0.004, quality));
        let waited = if slow_to_open { dice.between(190, 1_500) } else { dice.between(15, 175) };
        let reported = dice.chance(0.75).then(|| created.plus(-waited));
        let slow_to_look = dice.chance(between_bad_and_good(0.06, 0.008, quality));
        let looked = if slow_to_look { dice.between(31, 95) } else { dice.between(4, 29) };
        let is_looked_at = fault.is_some() || dice.chance(0.3);
        let diagnosed = is_looked_at.then(|| created.plus(looked * MINUTE));

        let level = dice.weighted(if fault.is_some() {
            &[(0, 55), (1, 32), (2, 13)]
        } else {
            &[(0, 94), (1, 5), (2, 1)]
        });
        let nev = vehicle.model.nev && dice.chance(0.6);
        let careless = between_bad_and_good(0.022, 0.001, quality);
        let team = self.crew.assign(level, nev, careless, dice);
        let duration = duration(created, team.level, quality, dice);
        let completed =
            Some(duration.completed).filter(|at| self.dealer.closed.is_none_or(|closed| at.day() <= closed));
        let confirms = between_bad_and_good(0.982, 0.9995, quality);
        let confirmed = [dice.chance(confirms), dice.chance(confirms), dice.chance(confirms)];
        let staff = self.staff;
        let code = |worker: usize| staff.workers[worker].code.as_str();
        Order {
            id,
            dealer: self.dealer,
            vehicle,
            fault,
            reported,
            created,
            diagnosed,
            promised: duration.promised,
            delay: duration.delay,
            completed,
            fixed: fault.map(|_| fixed),
            advisor: team.advisor.map(code),
            technician: team.technician.map(code),
            level: team.level,
            nev,
            odometer: vehicle.odometer(day) + dice.between(0, 9),
            confirmed,
        }
    }
}

/// What is promised and what is kept. Draws the same number of times whatever comes out.
fn duration(created: Moment, level: u8, quality: f64, dice: &mut Dice) -> Duration {
    let work = match level {
        0 => dice.between(30, 140),
        1 => dice.between(80, 340),
        _ => dice.between(180, 660),
    };
    let (slack, pace) = (dice.between(20, 60), 0.6 + 0.4 * dice.unit());
    let promised = created.plus_working_minutes(work + slack).round_up();
    let (waits_for_parts, parts_days) = (dice.chance(0.03), dice.between(1, 4));
    let is_late = dice.chance(between_bad_and_good(0.11, 0.02, quality));
    let (more, told_early, tells, keeps) =
        (dice.between(40, 240), dice.between(30, 100), dice.unit(), dice.chance(0.85));
    let reason = dice.pick(&texts::DELAYS);
    if waits_for_parts {
        // Told on the first day, and the new promise is mostly kept.
        let next = created.day().plus(parts_days).at(16 * HOUR);
        let given = created.plus((told_early / 3) * MINUTE);
        let completed = next.plus(if keeps { -more } else { more } * MINUTE / 2).max(created.plus(HOUR));
        let told = tells < between_bad_and_good(0.75, 0.98, quality);
        let delay = told.then_some(Delay { given, reason: texts::DELAYS[0], promised: next });
        return Duration { promised, completed, delay };
    }
    if !is_late {
        let completed = created.plus_working_minutes(((work as f64 * pace) as i64).max(15));
        return Duration { promised, completed, delay: None };
    }
    let completed = promised.plus_working_minutes(more);
    let told = tells < between_bad_and_good(0.35, 0.80, quality);
    let next = promised.plus_working_minutes(if keeps { more + 30 } else { more / 3 }).round_up();
    let given = promised.plus(-told_early * MINUTE).max(created.plus(5 * MINUTE));
    let delay = (told && given < promised).then_some(Delay { given, reason, promised: next });
    Duration { promised, completed, delay }
}

impl Order<'_> {
    /// The rows of the order, its delay notice, and what the customer says afterwards.
    pub(crate) fn write(&self, world: &World<'_>, books: &mut Books) {
        let span = world.span;
        if span.writes(self.created, &[self.diagnosed, self.completed]) {
            self.write_row(world, books.of(Table::WorkOrders));
        }
        if let Some(delay) = self.delay
            && span.writes(delay.given, &[])
        {
            let sheet = books.of(Table::WorkOrderDelays);
            sheet.text(&self.id).moment(delay.given).text(delay.reason).moment(delay.promised).end();
        }
        voices::write_of_order(world, self, books);
    }

    fn write_row(&self, world: &World<'_>, sheet: &mut crate::tables::Sheet) {
        let span = world.span;
        let completed = span.seen(self.completed);
        let known = |value: bool| completed.map(|_| value);
        sheet.text(&self.id).text(&self.dealer.code).text(self.vehicle.vin()).text(self.vehicle.model.code);
        sheet.text(self.fault.map_or("", |fault| fault.code));
        sheet.moment_or_none(self.reported).moment(self.created).moment_or_none(span.seen(self.diagnosed));
        sheet.moment(self.promised).moment_or_none(completed);
        sheet.flag_or_none(completed.and(self.fixed));
        sheet.text(self.advisor.unwrap_or("")).text(self.technician.unwrap_or(""));
        sheet.text(LEVELS[usize::from(self.level)]).flag(self.nev).shown(self.odometer);
        for confirmed in self.confirmed {
            sheet.flag_or_none(known(confirmed));
        }
        sheet.end();
    }
}
