//! Bays and customers: how full a dealer is, and what it does when it is too full.

use farsight_rulebook::period::Period;

use crate::World;
use crate::days::{Day, HOUR};
use crate::dealers::{Answer, Dealer, Fate};
use crate::dice::{Dice, Purpose};
use crate::places::REGIONS;
use crate::rulings::{self, Ruling};
use crate::season;
use crate::tables::{Books, Table};

/// Customers a bay of an ordinary dealer, from the emptiest to the fullest.
const ORDINARY: (f64, f64) = (150.0, 300.0);
/// Customers a bay of a busy dealer: above the warning of 350 in most months.
const BUSY: (f64, f64) = (372.0, 400.0);
/// An overloaded dealer's customers a bay before and after the neighbour's customers came to it: 450 is too many
/// whatever the region's factor makes of it.
const OVERLOADED: (f64, f64) = (380.0, 520.0);
/// Visits of a base customer in a month.
const VISITS: f64 = 0.052;

/// What never changes about a dealer's load.
struct Load {
    bays: i64,
    customers_a_bay: f64,
    /// The month its customers become too many, with its answer.
    overloaded: Option<(Period, Answer)>,
    /// The day it has more bays, and how many.
    more: Option<(Day, i64)>,
}

impl Load {
    fn of(world: &World<'_>, dealer: &Dealer) -> Self {
        let mut dice = Dice::of(world.plan.seed, Purpose::Load, u64::from(dealer.index), 0);
        let bays = (2.2 + 3.6 * dealer.size + 1.5 * dice.unit()) as i64;
        let between = |(low, high): (f64, f64), share: f64| low + (high - low) * share;
        let share = 0.5 + dice.bell() / 3.0;
        let customers_a_bay = match dealer.fate {
            Fate::Busy => between(BUSY, share),
            Fate::Overloaded(..) => OVERLOADED.0,
            _ => between(ORDINARY, share),
        };
        let overloaded = match dealer.fate {
            Fate::Overloaded(share, answer) => Some((world.run.after(share).month(), answer)),
            _ => None,
        };
        let more = overloaded.and_then(|(month, answer)| match answer {
            Answer::InTime => Some((Day::of(month.last_day()).plus(dice.between(35, 50)), bays * 7 / 10 + 1)),
            Answer::Late => Some((Day::of(month.last_day()).plus(dice.between(70, 90)), bays * 7 / 10 + 1)),
            Answer::Never => None,
        });
        Self { bays, customers_a_bay, overloaded, more }
    }

    /// Base customers at the end of a month, but for chance.
    fn customers(&self, dealer: &Dealer, month: Period) -> f64 {
        let a_bay = match self.overloaded {
            Some((from, _)) if from <= month => OVERLOADED.1,
            _ => self.customers_a_bay,
        };
        let growth = match dealer.fate {
            Fate::Ordinary => 1.0 + (dealer.growth(Day::of(month.first_day())) - 1.0) / 2.0,
            _ => 1.0,
        };
        self.bays as f64 * a_bay * growth
    }
}

/// The rows of bays, customer base and accepted rectifications.
pub(crate) fn write(world: &World<'_>, dealer: &Dealer, books: &mut Books) {
    let span = world.span;
    let load = Load::of(world, dealer);
    let mut bays = |day: Day, count: i64| {
        if span.writes(day.start(), &[]) {
            books.of(Table::Bays).text(&dealer.code).date(day).shown(count).end();
        }
    };
    bays(dealer.opened, load.bays);
    if let Some((day, more)) = load.more {
        bays(day, load.bays + more);
    }
    if let (Some((day, _)), Some((month, _))) = (load.more, load.overloaded) {
        Ruling {
            id: format!("R{}-BAYS", dealer.code),
            kind: "accept",
            subject: format!("dealer:{}@{month}", dealer.code),
            family: "",
            decided: day.plus(3).at(15 * HOUR + 1_260),
            decided_by: rulings::RECTIFICATION,
            amount: None,
            note: "新增工位已验收,整改合格",
        }
        .write(span, books);
    }
    let first = world.run.begins.max(dealer.opened).month();
    for month in first.through(span.until.day().month()) {
        write_month(world, dealer, &load, month, books);
    }
}

/// A month's figures are there when the month is over.
fn write_month(world: &World<'_>, dealer: &Dealer, load: &Load, month: Period, books: &mut Books) {
    let last = Day::of(month.last_day());
    if !dealer.is_open(last) || !world.span.writes(last.plus(1).start(), &[]) {
        return;
    }
    let mut dice = Dice::of(world.plan.seed, Purpose::Load, u64::from(dealer.index), month.number() as u64);
    let forgets = if dealer.fate == Fate::Forgetful { 0.25 } else { 0.002 };
    if dice.chance(forgets) {
        return;
    }
    let customers = load.customers(dealer, month) * (1.0 + 0.02 * dice.bell());
    let season =
        (0..last.date().day()).map(|back| season::demand(last.plus(-i64::from(back)))).sum::<f64>() / 30.4;
    let visits =
        customers * VISITS * season * REGIONS[dealer.region(last)].visits * (1.0 + 0.05 * dice.bell());
    let sheet = books.of(Table::CustomerBase);
    sheet.text(&dealer.code).month(month).shown(customers as i64).shown(visits as i64).end();
}
