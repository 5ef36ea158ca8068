//! Spot checks: who is looked at on a day, and what the camera shows.
//!
//! Simpler than life: the draw here is the seed's, not the hash chain's (the chain is made by the tenant's own
//! program, later), and a follow-up looks at the items that failed only.

use farsight_rulebook::period::Period;

use crate::World;
use crate::days::{Day, HOUR, Moment, push_short_date};
use crate::dealers::Dealer;
use crate::dice::{Dice, Purpose, between_bad_and_good, stir};
use crate::rulings::{self, Ruling};
use crate::tables::{Books, Table};

const ITEMS: usize = 12;
/// How hard the items are, against each other: hardware seldom fails, tidiness often.
const HARDNESS: [f64; ITEMS] = [0.6, 0.7, 0.5, 1.1, 1.5, 1.0, 0.8, 1.6, 1.3, 1.0, 0.6, 1.3];
/// How many days after an inspection an appeal about it is decided at the latest.
const LATEST_APPEAL: i64 = 14;
/// For how many days something stays neglected.
const SPELL: i64 = 50;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Pass,
    Fail,
    NotThere,
    NotVisible,
}

impl Look {
    const fn code(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotThere => "na",
            Self::NotVisible => "not-visible",
        }
    }
}

/// One inspection of a day's draw.
struct Inspection<'a> {
    dealer: &'a Dealer,
    at: Moment,
    number: usize,
    looks: [Look; ITEMS],
}

/// A second look at what failed.
struct FollowUp {
    day: Day,
    dealer: u32,
    items: u16,
}

/// The rows of inspections and of appeals against them.
pub(crate) fn write(world: &World<'_>, books: &mut Books) {
    let first = world.run.begins.max(Day(world.span.after.day().0.saturating_sub(LATEST_APPEAL)));
    let last = world.span.until.day();
    let mut month = None;
    let mut follow_ups = Vec::new();
    for day in first.through(last) {
        if month != Some(day.month()) {
            month = Some(day.month());
            follow_ups = plan_follow_ups(world, day.month());
        }
        for inspection in drawn(world, day) {
            inspection.write(world, books);
        }
        for (number, follow_up) in follow_ups.iter().filter(|f: &&FollowUp| f.day == day).enumerate() {
            follow_up.write(world, number + 1, books);
        }
    }
}

/// The inspections of a day: as many as are planned, one more for each that saw nothing.
fn drawn<'a>(world: &World<'a>, day: Day) -> Vec<Inspection<'a>> {
    let mut dice = Dice::of(world.plan.seed, Purpose::Draw, day.0 as u64, 0);
    let mut planned = world.plan.scale.inspections_a_day as usize;
    let mut drawn: Vec<Inspection<'_>> = Vec::with_capacity(planned + 2);
    for _ in 0..planned * 20 + 100 {
        if drawn.len() >= planned || drawn.len() >= world.dealers.len() {
            break;
        }
        let dealer = &world.dealers[dice.below(world.plan.dealers) as usize];
        let at = day.at(9 * HOUR + dice.between(0, 8 * HOUR - 1));
        let taken = drawn.iter().any(|i| i.dealer.index == dealer.index);
        if taken || !dealer.is_open(day) || !dealer.is_in_sight(world.plan.seed, at) {
            continue;
        }
        let looks = look(world, dealer, day);
        if looks.iter().all(|l| *l == Look::NotVisible) {
            planned += 1;
        }
        drawn.push(Inspection { dealer, at, number: drawn.len() + 1, looks });
    }
    drawn
}

/// What the camera shows of a dealer on a day.
fn look(world: &World<'_>, dealer: &Dealer, day: Day) -> [Look; ITEMS] {
    let mut dice = Dice::of(world.plan.seed, Purpose::Inspection, u64::from(dealer.index), day.0 as u64);
    if dice.chance(0.012) {
        return [Look::NotVisible; ITEMS]; // somebody parked a van before the camera
    }
    let habits = habits(world, dealer);
    let quality = dealer.quality(day);
    let lack = 1.0 - quality;
    let base = 0.010 + 0.025 * lack + 0.030 * lack * lack;
    std::array::from_fn(|item| {
        let (fails, hidden) = (dice.unit(), dice.chance(0.004));
        let neglect = if is_neglected(world, dealer, item, day, 0.018 + 0.075 * lack) { 0.40 } else { 0.0 };
        if habits[item] == 0.0 {
            Look::NotThere
        } else if hidden {
            Look::NotVisible
        } else if fails < neglect + (base * HARDNESS[item] * habits[item]).min(0.25) {
            Look::Fail
        } else {
            Look::Pass
        }
    })
}

/// Whether something stays broken for some weeks, as things do: next month's look finds it again.
fn is_neglected(world: &World<'_>, dealer: &Dealer, item: usize, day: Day, share: f64) -> bool {
    let item_of_dealer = u64::from(dealer.index) << 8 | item as u64;
    let spell = (day.0 + stir(world.plan.seed, item_of_dealer, 1) as i64 % SPELL).div_euclid(SPELL);
    let drawn = stir(world.plan.seed, item_of_dealer, spell as u64 | 1 << 40) >> 11;
    (drawn as f64) < share * (1_u64 << 53) as f64
}

/// What a dealer is never good at, and what it does not have at all (0).
fn habits(world: &World<'_>, dealer: &Dealer) -> [f64; ITEMS] {
    let mut dice = Dice::of(world.plan.seed, Purpose::Habit, u64::from(dealer.index), u64::MAX);
    std::array::from_fn(|item| {
        let habit = dice.weighted(&[(0.5, 56), (1.2, 33), (2.6, 11)]);
        let lacks_it = dice.chance(if item == ITEMS - 1 && dealer.size < 0.8 { 0.5 } else { 0.01 });
        if lacks_it { 0.0 } else { habit }
    })
}

/// The month's follow-ups: most of the dealers that failed in the month before, each once.
fn plan_follow_ups(world: &World<'_>, month: Period) -> Vec<FollowUp> {
    let before = month.previous();
    let mut failed: Vec<(u32, u16)> = Vec::new();
    let first = Day::of(before.first_day());
    for day in first.max(world.run.begins).through(Day::of(before.last_day())) {
        for inspection in drawn(world, day) {
            let fails = inspection.looks.iter().enumerate().filter(|(_, look)| **look == Look::Fail);
            let items = fails.fold(0_u16, |items, (item, _)| items | 1 << item);
            match failed.iter_mut().find(|(dealer, _)| *dealer == inspection.dealer.index) {
                Some((_, known)) => *known |= items,
                None if items != 0 => failed.push((inspection.dealer.index, items)),
                None => {}
            }
        }
    }
    let mut follow_ups = Vec::new();
    for (dealer, items) in failed {
        let mut dice = Dice::of(world.plan.seed, Purpose::FollowUp, u64::from(dealer), month.number() as u64);
        let day = Day::of(month.first_day()).plus(dice.between(1, 26));
        if dice.chance(0.85) && world.dealers[dealer as usize].is_open(day) {
            follow_ups.push(FollowUp { day, dealer, items });
        }
    }
    follow_ups
}

/// An inspection's id without its number.
fn id(day: Day) -> String {
    let mut id = "I".to_owned();
    push_short_date(&mut id, day);
    id
}

impl Inspection<'_> {
    fn write(&self, world: &World<'_>, books: &mut Books) {
        let id = format!("{}-{:02}", id(self.at.day()), self.number);
        if world.span.writes(self.at, &[]) {
            for (item, look) in self.looks.iter().enumerate() {
                write_row(&id, item, self.dealer, self.at, *look, "draw", books);
            }
        }
        let mut dice = Dice::of(
            world.plan.seed,
            Purpose::Inspection,
            u64::from(self.dealer.index) | 1 << 40,
            self.at.day().0 as u64,
        );
        for (item, look) in self.looks.iter().enumerate() {
            if *look == Look::Fail
                && dice.chance(between_bad_and_good(0.02, 0.06, self.dealer.quality(self.at.day())))
            {
                self.write_appeal(world, &id, item, &mut dice, books);
            }
        }
    }

    fn write_appeal(&self, world: &World<'_>, id: &str, item: usize, dice: &mut Dice, books: &mut Books) {
        let decided = self.at.day().plus(dice.between(2, LATEST_APPEAL - 1));
        let notes =
            ["当日停电检修,有供电通知,申诉成立", "截图时正在更换设施,复核无误", "画面误判,复核改为合格"];
        Ruling {
            id: format!("R{id}-{:02}", item + 1),
            kind: "excuse",
            subject: format!("inspection:{id}#item-{:02}", item + 1),
            family: if dice.chance(0.5) { "spot-check" } else { "" },
            decided: decided.at(10 * HOUR + dice.between(0, 6 * HOUR)),
            decided_by: rulings::APPEALS,
            amount: None,
            note: dice.pick(&notes),
        }
        .write(world.span, books);
    }
}

impl FollowUp {
    fn write(&self, world: &World<'_>, number: usize, books: &mut Books) {
        let dealer = &world.dealers[self.dealer as usize];
        let mut dice =
            Dice::of(world.plan.seed, Purpose::FollowUp, u64::from(self.dealer) | 1 << 40, self.day.0 as u64);
        let at = self.day.at(9 * HOUR + dice.between(0, 8 * HOUR - 1));
        let id = format!("{}-F{number:02}", id(self.day));
        for item in (0..ITEMS).filter(|item| self.items & 1 << item != 0) {
            let mended = dice.chance(between_bad_and_good(0.70, 0.95, dealer.quality(self.day)));
            if world.span.writes(at, &[]) {
                let look = if mended { Look::Pass } else { Look::Fail };
                write_row(&id, item, dealer, at, look, "follow-up", books);
            }
        }
    }
}

fn write_row(id: &str, item: usize, dealer: &Dealer, at: Moment, look: Look, kind: &str, books: &mut Books) {
    let sheet = books.of(Table::Inspections);
    sheet.text(id).shown(format_args!("item-{:02}", item + 1)).text(&dealer.code).moment(at);
    sheet.text(look.code()).text(kind).end();
}
