//! Complaints: what is complained of, how the dealer answers, what the customer says when called back.

use crate::World;
use crate::cars::{Vehicle, draw_fault};
use crate::days::{DAY, Day, HOUR, MINUTE, Moment, push_short_date};
use crate::dealers::Dealer;
use crate::dice::{Dice, Purpose, between_bad_and_good};
use crate::rulings::{self, Ruling};
use crate::season;
use crate::tables::{Books, Table};
use crate::texts;

/// A complaint as it comes in.
pub(crate) struct Grievance<'a> {
    pub(crate) id: String,
    pub(crate) received: Moment,
    pub(crate) category: &'a str,
    pub(crate) is_major: bool,
    pub(crate) vehicle: Option<&'a Vehicle>,
    pub(crate) trouble: &'a str,
}

/// The complaints that are received about a dealer on a day, with all that follows from them.
pub(crate) fn write_day(world: &World<'_>, dealer: &Dealer, day: Day, demand: f64, books: &mut Books) {
    let mut dice = Dice::of(world.plan.seed, Purpose::Complaints, u64::from(dealer.index), day.0 as u64);
    let quality = dealer.quality(day);
    let busy = 0.4 + 0.6 * demand;
    let temper = between_bad_and_good(2.0, 0.5, quality);
    let usual = world.plan.scale.complaints_a_month / 30.4;
    for number in 1..=dice.poisson(usual * dealer.size * busy * temper * dealer.growth(day)) {
        let mut id = format!("K{:05}-", dealer.index + 1);
        push_short_date(&mut id, day);
        let sold = dealer.pool.sold_by(day);
        let vehicle = dealer.pool.vehicle(world.plan.seed, dice.below(sold.max(1)));
        let mut category = dice.weighted(&texts::CATEGORIES);
        if category == "attitude" && dice.chance(quality * 0.5) {
            category = "other"; // good dealers' people keep their temper
        }
        let fault = draw_fault(&mut dice, season::heat(day), vehicle.model.nev);
        let grievance = Grievance {
            id: format!("{id}-{number}"),
            received: day.at(8 * HOUR + dice.between(0, 12 * HOUR - 1)),
            category,
            is_major: dice.chance(0.05),
            vehicle: dice.chance(0.8).then_some(&vehicle),
            trouble: fault.called,
        };
        grievance.write(world, dealer, &mut dice, books);
    }
}

/// How a complaint went on.
struct Course {
    replied_late: bool,
    closed_late: bool,
    unsatisfied: u32,
    /// The last the call centre heard.
    last: Moment,
}

impl Grievance<'_> {
    /// The rows of the complaint, its events and the rulings about it. Draws as much from the stream whatever the
    /// window.
    pub(crate) fn write(&self, world: &World<'_>, dealer: &Dealer, dice: &mut Dice, books: &mut Books) {
        let dispatched = dice.chance(0.95).then(|| self.received.plus(dice.between(4, 50) * MINUTE));
        let channel = dice.weighted(&texts::CHANNELS);
        let car = self.vehicle.map_or("爱车", |vehicle| vehicle.model.code);
        let text = texts::complaint(dice, self.category, car, self.trouble);
        if world.span.writes(self.received, &[dispatched]) {
            let sheet = books.of(Table::Complaints);
            sheet.text(&self.id).text(&dealer.code).moment(self.received);
            sheet.moment_or_none(world.span.seen(dispatched));
            sheet.text(if self.is_major { "major" } else { "general" }).text(self.category);
            sheet.text(self.vehicle.map_or("", |vehicle| vehicle.vin())).text(channel).text(text).end();
        }
        let clock = dispatched.unwrap_or(self.received);
        let course = self.follow(world, dealer, clock, dice, books);
        self.rule(world, dealer, &course, dice, books);
    }

    fn follow(
        &self,
        world: &World<'_>,
        dealer: &Dealer,
        clock: Moment,
        dice: &mut Dice,
        books: &mut Books,
    ) -> Course {
        let mut event = |at: Moment, kind: &str, role: &str, satisfied: Option<bool>, note: &str| {
            if world.span.writes(at, &[]) {
                let sheet = books.of(Table::ComplaintEvents);
                sheet
                    .text(&self.id)
                    .moment(at)
                    .text(kind)
                    .text(role)
                    .flag_or_none(satisfied)
                    .text(note)
                    .end();
            }
        };
        let quality = dealer.quality(clock.day());
        let limit = if self.is_major { 5 * DAY } else { 3 * DAY };

        let replied_late = !dice.chance(between_bad_and_good(0.80, 0.975, quality));
        let wait = if replied_late { dice.between(25 * 60, 60 * 60) } else { dice.between(6, 9 * 60) };
        let replied = clock.plus(wait * MINUTE).awake();
        event(replied, "first-reply", "", None, dice.pick(&texts::REPLIES));

        let closed_late = !dice.chance(between_bad_and_good(0.80, 0.975, quality));
        let earliest = replied.0 - clock.0 + HOUR;
        let hours = if closed_late {
            dice.between(limit + 3 * HOUR, limit + 80 * HOUR)
        } else {
            dice.between(earliest, (earliest + 30 * HOUR).min(limit - 13 * HOUR).max(earliest))
        };
        let mut done = clock.plus(hours.max(earliest)).awake();
        let roles = [("dealer-gm", 0.85, 0.99), ("region-deputy-director", 0.93, 0.98)];
        for (second, (role, bad, good)) in (0..).zip(roles) {
            let (is_there, share) = (dice.chance(between_bad_and_good(bad, good, quality)), dice.unit());
            if self.is_major && is_there {
                // Never at one second: a complaint's deeds of a kind are told apart by their time.
                let at =
                    replied.plus(((done.0 - replied.0) as f64 * share) as i64 / 60 * 60 + MINUTE + second);
                event(at, "handled", role, None, "");
            }
        }

        let mut unsatisfied = 0;
        let unhappy = between_bad_and_good(0.23, 0.05, quality);
        let mut last = done;
        for round in 0..4 {
            let callback = if dice.chance(0.60) || round > 0 {
                event(done, "submitted", "", None, dice.pick(&texts::SUBMISSIONS));
                done.plus(dice.between(2 * HOUR, 22 * HOUR)).awake()
            } else {
                done
            };
            let callback = if dice.chance(0.03) {
                event(callback, "callback", "", None, "无人接听");
                callback.plus(dice.between(3 * HOUR, 20 * HOUR)).awake().plus(MINUTE)
            } else {
                callback
            };
            last = callback;
            if round == 3 || !dice.chance(unhappy) {
                event(callback, "callback", "", Some(true), "");
                break;
            }
            unsatisfied += 1;
            event(callback, "callback", "", Some(false), dice.pick(&texts::DISSATISFIED));
            done = callback.plus(dice.between(12 * HOUR, 50 * HOUR)).awake();
        }
        Course { replied_late, closed_late: closed_late || unsatisfied > 0, unsatisfied, last }
    }

    fn rule(&self, world: &World<'_>, dealer: &Dealer, course: &Course, dice: &mut Dice, books: &mut Books) {
        let is_attitude = self.category == "attitude";
        let (withdraws, excuses, mishandles) = (dice.unit(), dice.unit(), dice.unit());
        let decided = course.last.day().plus(dice.between(2, 12)).at(9 * HOUR + dice.between(0, 8 * HOUR));
        let ruling = |mark: char, kind, family, by, amount, note| Ruling {
            id: format!("R{}-{mark}", self.id),
            kind,
            subject: format!("complaint:{}", self.id),
            family,
            decided,
            decided_by: by,
            amount,
            note,
        };
        if withdraws < 0.004 {
            let note = "客户承认误会,主动撤诉";
            ruling('W', "withdraw", "", rulings::COMPLAINTS_DESK, None, note).write(world.span, books);
            return;
        }
        let family = match (is_attitude, course.replied_late, course.closed_late) {
            (true, ..) => "complaint.attitude",
            (_, true, _) => "complaint.reply",
            (_, _, true) => "complaint.close",
            _ => "",
        };
        if !family.is_empty() && excuses < 0.05 {
            let note = "通话录音证明经销商无过错,申诉成立";
            ruling('E', "excuse", family, rulings::APPEALS, None, note).write(world.span, books);
        }
        let quality = dealer.quality(self.received.day());
        let bad = match (is_attitude, course.unsatisfied) {
            (true, _) => 0.05,
            (_, 3..) => 0.30,
            (_, 2) => 0.06,
            (_, 1) => 0.006,
            _ => 0.0005,
        };
        let share = mishandles / (bad * between_bad_and_good(1.4, 0.6, quality));
        if share < 1.0 {
            // Most cases are light: half of them cost 5 000 to 7 000 yuan.
            let amount = 5_000 + (share * share * share * 15.0) as i64 * 1_000;
            let note = "处理过程推诿,造成客户投诉升级";
            ruling('M', "mishandled", "", rulings::COMPLAINTS_DESK, Some(amount), note)
                .write(world.span, books);
        }
    }
}
