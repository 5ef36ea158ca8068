//! Dealers: where they stand, how good they are and how that changes, and what fate the plan has for them.

use crate::cars::{MOST_VEHICLES, Pool, SERIAL_NUMBERS};
use crate::days::{Day, Moment, Span};
use crate::dice::{Dice, Purpose};
use crate::names;
use crate::places::{CITIES, City, REGIONS, draw_city};
use crate::tables::{Books, Table};
use crate::{Plan, Run, Scale};

/// How an overloaded dealer answers the order to add bays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    InTime,
    Late,
    Never,
}

/// Something out of the ordinary that befalls a dealer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    Ordinary,
    /// Opens within the plan, at this share of its length.
    Opens(f64),
    /// Closes within the plan, at this share of its length.
    Closes(f64),
    /// Passes to another region at this share of the plan's length.
    Moves(f64),
    /// From this share of the plan's length on has more customers than its bays can bear.
    Overloaded(f64, Answer),
    /// Has so many customers that it is warned most months.
    Busy,
    /// Forgets its figures now and then.
    Forgetful,
}

/// The fates of sixty dealers; the others are ordinary.
const FATES: [Fate; 13] = [
    Fate::Overloaded(0.45, Answer::InTime),
    Fate::Opens(0.22),
    Fate::Busy,
    Fate::Moves(0.55),
    Fate::Overloaded(0.35, Answer::Late),
    Fate::Busy,
    Fate::Closes(0.62),
    Fate::Forgetful,
    Fate::Overloaded(0.72, Answer::Never),
    Fate::Busy,
    Fate::Opens(0.5),
    Fate::Moves(0.3),
    Fate::Overloaded(0.8, Answer::InTime),
];
/// Fates are dealt among this many dealers.
const BLOCK: u32 = 60;

/// A service centre.
pub(crate) struct Dealer {
    pub(crate) index: u32,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) city: &'static City,
    /// Ten-thousandths of a degree.
    lat: i64,
    lon: i64,
    pub(crate) opened: Day,
    pub(crate) closed: Option<Day>,
    /// The day and the region of its move, by place in `REGIONS`.
    pub(crate) moved: Option<(Day, usize)>,
    pub(crate) fate: Fate,
    /// 0 bad, 1 good, when the plan begins.
    quality: f64,
    /// What a year adds to it.
    trend: f64,
    /// 1 is the mean dealer.
    pub(crate) size: f64,
    pub(crate) pool: Pool,
    begins: Day,
}

/// The code of the dealer of a number.
pub(crate) fn code(index: u32) -> String {
    format!("D{:05}", index + 1)
}

/// All dealers of a plan.
pub(crate) fn of(plan: &Plan, run: Run) -> Vec<Dealer> {
    let mut seen = [false; CITIES.len()];
    (0..plan.dealers)
        .map(|index| {
            let dice = &mut Dice::of(plan.seed, Purpose::Dealer, u64::from(index), 0);
            let city = draw_city(dice);
            let first_in_city = !std::mem::replace(&mut seen[city], true);
            dealer(plan, run, index, &CITIES[city], first_in_city, dice)
        })
        .collect()
}

fn dealer(
    plan: &Plan,
    run: Run,
    index: u32,
    city: &'static City,
    first_in_city: bool,
    dice: &mut Dice,
) -> Dealer {
    let Run { begins, .. } = run;
    let fate = fate_of(plan, index);
    let opened = match fate {
        Fate::Opens(share) => run.after(share),
        _ => begins.plus(-dice.between(200, 4_000)),
    };
    let closed = match fate {
        Fate::Closes(share) => Some(Day::of(run.after(share).date().last_of_month())),
        _ => None,
    };
    let moved = match fate {
        Fate::Moves(share) => {
            let neighbour = [1, 3, 3, 2, 3, 3, 1][city.region];
            Some((Day::of(run.after(share).date().first_of_month()), neighbour))
        }
        _ => None,
    };
    let (unit, cube) = (dice.unit(), dice.unit());
    let size = (0.42 + 0.5 * unit + 1.2 * cube * cube * cube) * (0.94 + f64::from(city.weight) * 0.012);
    let quality = (0.66 + 0.38 * dice.bell()).clamp(0.06, 0.97);
    let trend = 0.16 * dice.bell();
    let (lat, lon) = (dice.between(-700, 700), dice.between(-850, 850));
    Dealer {
        index,
        code: code(index),
        name: names::dealer(plan.seed, index, city, first_in_city),
        city,
        lat: (city.lat * 10_000.0) as i64 + lat,
        lon: (city.lon * 10_000.0) as i64 + lon,
        opened,
        closed,
        moved,
        fate,
        quality,
        trend,
        size,
        pool: pool(plan, index, begins, size, quality, dice),
        begins,
    }
}

/// Fates are dealt within blocks of dealers, shuffled, so that every network has its share of each.
fn fate_of(plan: &Plan, index: u32) -> Fate {
    let first = index / BLOCK * BLOCK;
    let size = BLOCK.min(plan.dealers - first);
    let mut order: [u32; BLOCK as usize] = std::array::from_fn(|i| i as u32);
    let mut dice = Dice::of(plan.seed, Purpose::Block, u64::from(first), 0);
    for last in (1..size).rev() {
        order.swap(last as usize, dice.below(last + 1) as usize);
    }
    // A smaller block gets every so manieth fate, so that not everything happens to few dealers.
    let dealt = order[(index - first) as usize] * BLOCK / size;
    FATES.get(dealt as usize).copied().unwrap_or(Fate::Ordinary)
}

/// A dealer sells about as many vehicles as come to it in four to seven months; bad ones see fewer of theirs again.
fn pool(plan: &Plan, index: u32, begins: Day, size: f64, quality: f64, dice: &mut Dice) -> Pool {
    let orders = plan.scale.orders_a_month;
    let usual = Scale::of(plan.dealers).orders_a_month;
    let most = (f64::from(MOST_VEHICLES) * (orders / usual).max(1.0)) as u32;
    let most = most.min(SERIAL_NUMBERS / plan.dealers);
    let months = 3.4 + 0.8 * dice.unit() + 2.6 * (1.0 - quality);
    let vehicles = (orders * size * months).clamp(20.0, f64::from(most) * 0.6);
    Pool { dealer: index, begins, before: vehicles as u32, pace: 30.4 / (vehicles * 0.012), most }
}

impl Dealer {
    /// How good it is on a day, between 0 and 1.
    pub(crate) fn quality(&self, day: Day) -> f64 {
        let years = (day.0 - self.begins.0) as f64 / 365.0;
        (self.quality + self.trend * years).clamp(0.02, 0.99)
    }

    /// Whether it is open on a day.
    pub(crate) fn is_open(&self, day: Day) -> bool {
        self.opened <= day && self.closed.is_none_or(|closed| day <= closed)
    }

    /// Its region on a day, by place in `REGIONS`.
    pub(crate) fn region(&self, day: Day) -> usize {
        match self.moved {
            Some((from, region)) if from <= day => region,
            _ => self.city.region,
        }
    }

    /// How many customers come against the plan's beginning: business grows.
    pub(crate) fn growth(&self, day: Day) -> f64 {
        1.0 + 0.06 * (day.0 - self.begins.0) as f64 / 365.0
    }

    /// Its rows in the tables of dealers, moves and cameras.
    pub(crate) fn write(&self, plan: &Plan, span: Span, books: &mut Books) {
        let closed = self.closed.map(Day::start);
        if span.writes(self.opened.start(), &[closed]) {
            let sheet = books.of(Table::Dealers);
            sheet.text(&self.code).text(&self.name).text(REGIONS[self.city.region].code);
            sheet.text(self.city.province).text(self.city.name);
            for angle in [self.lat, self.lon] {
                sheet.shown(format_args!("{}.{:04}", angle / 10_000, angle % 10_000));
            }
            sheet.date(self.opened).date_or_none(span.seen_day(self.closed)).end();
        }
        if let Some((from, region)) = self.moved
            && span.writes(from.start(), &[])
        {
            books.of(Table::DealerRegions).text(&self.code).date(from).text(REGIONS[region].code).end();
        }
        self.write_cameras(plan, span, books);
    }

    /// A camera's row tells whether it works now, and comes again when that has changed.
    fn write_cameras(&self, plan: &Plan, span: Span, books: &mut Books) {
        for number in 1..=self.cameras() {
            let works = self.camera_works(plan.seed, number, span.until);
            let changed = span.after >= self.opened.start()
                && works == self.camera_works(plan.seed, number, span.after);
            if self.opened.start() > span.until || changed {
                continue;
            }
            let sheet = books.of(Table::Cameras);
            sheet.shown(format_args!("{}-CAM{number}", self.code)).text(&self.code);
            sheet.shown(format_args!("{}/{}/{number}.jpg", plan.snapshots, self.code)).flag(works).end();
        }
    }

    fn cameras(&self) -> u64 {
        if self.size > 1.3 { 3 } else { 2 }
    }

    /// Whether a camera works at a moment: it fails for a week now and then.
    fn camera_works(&self, seed: u64, number: u64, at: Moment) -> bool {
        let week = at.day().0.div_euclid(7) as u64;
        let mut dice = Dice::of(seed, Purpose::Habit, u64::from(self.index) << 8 | number, week);
        !dice.chance(0.02 + 0.05 * (1.0 - self.quality(at.day())))
    }

    /// Whether any camera works at a moment.
    pub(crate) fn is_in_sight(&self, seed: u64, at: Moment) -> bool {
        (1..=self.cameras()).any(|number| self.camera_works(seed, number, at))
    }
}

/// The rows of the table of regions.
pub(crate) fn write_regions(span: Span, books: &mut Books) {
    for region in &REGIONS {
        if span.writes(Day(0).start(), &[]) {
            books.of(Table::Regions).text(region.code).text(region.name).end();
        }
    }
}
