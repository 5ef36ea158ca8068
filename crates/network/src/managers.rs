//! The manufacturer's people: directors and deputies of regions, district managers, signatories; and their posts.

use crate::World;
use crate::days::Day;
use crate::dealers::Dealer;
use crate::dice::{Dice, Purpose};
use crate::names;
use crate::places::REGIONS;
use crate::rulings::SIGNATORIES;
use crate::tables::{Books, Table};

/// How many dealers a district manager looks after.
const DISTRICT: usize = 12;
/// How long a district stays without a manager, in days.
const VACANCY: i64 = 31;

/// Somebody who holds a post from one day to another.
struct Holder {
    person: String,
    from: Day,
    to: Option<Day>,
}

/// The dealers of one district manager, with the days they belong to it.
struct District {
    region: usize,
    dealers: Vec<(u32, Day, Option<Day>)>,
    holders: Vec<Holder>,
}

/// The manufacturer's people.
pub(crate) struct Managers {
    directors: Vec<Vec<Holder>>,
    deputies: Vec<Vec<Holder>>,
    districts: Vec<District>,
}

impl Managers {
    /// Those of a network.
    pub(crate) fn of(world: &World<'_>) -> Self {
        let since = world.run.begins.plus(-600);
        let after = |share| world.run.after(share);
        let post = |role: &str, region: usize, change: Option<(Day, i64)>| {
            let code = REGIONS[region].code;
            successive(|number| format!("{role}-{code}-{number}"), since, change)
        };
        // The east is without a director for six weeks: its deputy answers. The southwest has a new deputy.
        let directors =
            (0..REGIONS.len()).map(|r| post("RD", r, (r == 2).then(|| (after(0.5), 45)))).collect();
        let deputies = (0..REGIONS.len()).map(|r| post("RV", r, (r == 5).then(|| (after(0.4), 0)))).collect();
        let mut districts = districts(world.dealers);
        assign_managers(&mut districts, since, &after);
        Self { directors, deputies, districts }
    }

    /// The rows of people, posts and exams.
    pub(crate) fn write(&self, world: &World<'_>, books: &mut Books) {
        let since = world.run.begins.plus(-600);
        for signatory in SIGNATORIES {
            write_person(world, signatory, since, books);
        }
        for (region, (directors, deputies)) in self.directors.iter().zip(&self.deputies).enumerate() {
            for (role, holders) in [("region-director", directors), ("region-deputy-director", deputies)] {
                for holder in holders {
                    write_person(world, &holder.person, holder.from, books);
                    write_post(
                        world,
                        &holder.person,
                        role,
                        REGIONS[region].code,
                        holder.from,
                        holder.to,
                        books,
                    );
                }
            }
        }
        for district in &self.districts {
            district.write(world, books);
        }
    }
}

/// One holder, or two with a change on a day and so many days between them.
fn successive(code: impl Fn(u32) -> String, since: Day, change: Option<(Day, i64)>) -> Vec<Holder> {
    match change {
        None => vec![Holder { person: code(1), from: since, to: None }],
        Some((day, vacant)) => vec![
            Holder { person: code(1), from: since, to: Some(day.plus(-1)) },
            Holder { person: code(2), from: day.plus(vacant), to: None },
        ],
    }
}

/// Dealers of one region that stand near each other.
fn districts(dealers: &[Dealer]) -> Vec<District> {
    let mut districts = Vec::new();
    for region in 0..REGIONS.len() {
        let mut members: Vec<&Dealer> = dealers.iter().filter(|d| d.city.region == region).collect();
        members.sort_by_key(|d| (d.city.province, d.city.name, d.index));
        let count = ((members.len() + DISTRICT / 2) / DISTRICT).max(1);
        for number in 0..count {
            let part = &members[members.len() * number / count..members.len() * (number + 1) / count];
            let leaves = |d: &Dealer| d.moved.map_or(d.closed, |(day, _)| Some(day.plus(-1)));
            let dealers = part.iter().map(|d| (d.index, d.opened, leaves(d))).collect();
            districts.push(District { region, dealers, holders: Vec::new() });
        }
    }
    for dealer in dealers {
        if let Some((day, region)) = dealer.moved
            && let Some(district) = districts.iter_mut().find(|d| d.region == region)
        {
            district.dealers.push((dealer.index, day, dealer.closed));
        }
    }
    districts
}

/// Of ten districts one is vacant for a month until a new manager comes, and two change managers with each other.
fn assign_managers(districts: &mut [District], since: Day, after: &impl Fn(f64) -> Day) {
    let code = |district: usize, number: u32| format!("M{:03}-{number}", district + 1);
    let count = districts.len();
    let swap = after(0.6);
    for (index, district) in districts.iter_mut().enumerate() {
        let own = |number| code(index, number);
        district.holders = match index % 10 {
            0 => successive(own, since, Some((after(0.66).month_start(), VACANCY))),
            1 if index + 1 < count => swapped(own(1), code(index + 1, 1), since, swap),
            2 => swapped(own(1), code(index - 1, 1), since, swap),
            _ => successive(own, since, None),
        };
    }
}

fn swapped(first: String, second: String, since: Day, day: Day) -> Vec<Holder> {
    vec![
        Holder { person: first, from: since, to: Some(day.plus(-1)) },
        Holder { person: second, from: day, to: None },
    ]
}

impl Day {
    fn month_start(self) -> Self {
        Self::of(self.date().first_of_month())
    }
}

impl District {
    fn write(&self, world: &World<'_>, books: &mut Books) {
        for (number, holder) in self.holders.iter().enumerate() {
            // A manager who comes from another district is written there.
            if number == 0 || holder.person.ends_with("-2") {
                write_person(world, &holder.person, holder.from, books);
                write_exams(world, holder, books);
            }
            for (dealer, from, to) in &self.dealers {
                let from = holder.from.max(*from);
                let to = match (holder.to, *to) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
                if to.is_none_or(|to| from <= to) {
                    let dealer = &world.dealers[*dealer as usize].code;
                    write_post(world, &holder.person, "district-manager", dealer, from, to, books);
                }
            }
        }
    }
}

fn write_person(world: &World<'_>, code: &str, since: Day, books: &mut Books) {
    if world.span.writes(since.start(), &[]) {
        let number = code.bytes().fold(0, |sum: u64, byte| sum * 31 + u64::from(byte));
        let name = names::person(world.plan.seed, u64::MAX, number);
        books.of(Table::People).text(code).text(name).end();
    }
}

fn write_post(
    world: &World<'_>,
    person: &str,
    role: &str,
    scope: &str,
    from: Day,
    to: Option<Day>,
    books: &mut Books,
) {
    if world.span.writes(from.start(), &[to.map(Day::start)]) {
        let sheet = books.of(Table::Posts);
        sheet.text(person).text(role).text(scope).date(from).date_or_none(world.span.seen_day(to)).end();
    }
}

/// A district manager is examined in the second month of every quarter.
fn write_exams(world: &World<'_>, holder: &Holder, books: &mut Books) {
    if !books.of(Table::Exams).is_wanted() {
        return;
    }
    let begins = world.run.begins.max(holder.from);
    let number = holder.person.bytes().fold(7, |sum: u64, byte| sum * 31 + u64::from(byte));
    let able = Dice::of(world.plan.seed, Purpose::Exam, number, 0).bell();
    for month in begins.month().through(world.span.until.day().month()) {
        let mut dice = Dice::of(world.plan.seed, Purpose::Exam, number, month.number() as u64);
        let taken = Day::of(month.first_day()).plus(dice.between(9, 20));
        let is_month_of_exams = month.number() % 3 == 1;
        if is_month_of_exams && taken >= begins && world.span.writes(taken.start(), &[]) {
            let score = (8_400.0 + 800.0 * able + 900.0 * dice.bell()).clamp(4_000.0, 10_000.0) as i64;
            books.of(Table::Exams).text(&holder.person).date(taken).hundredths(score / 50 * 50).end();
        }
    }
}
