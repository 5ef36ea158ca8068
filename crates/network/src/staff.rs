//! The people of a dealer: who works there from when to when, and what they are certified for.
//!
//! A dealer has places (advisor 1, advisor 2, …); each is held by one person after another. Simpler than life: nobody
//! changes position, and who is transferred works at the new dealer beside its own places.

use crate::World;
use crate::days::{Day, Span};
use crate::dealers::{self, Dealer};
use crate::dice::{Dice, Purpose, between_bad_and_good};
use crate::names;
use crate::rulings::{self, Ruling};
use crate::tables::{Books, Table};

/// What a person does at a dealer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    Advisor,
    Technician,
    PartsClerk,
    GeneralManager,
}

impl Position {
    const fn code(self) -> &'static str {
        match self {
            Self::Advisor => "service-advisor",
            Self::Technician => "technician",
            Self::PartsClerk => "parts-clerk",
            Self::GeneralManager => "general-manager",
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Advisor => 'A',
            Self::Technician => 'T',
            Self::PartsClerk => 'P',
            Self::GeneralManager => 'G',
        }
    }
}

/// What a certificate is for; a technician's has a level, 0 basic to 2 difficult.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skill {
    Advisor,
    Technician(u8),
    Nev,
}

/// The levels of technicians and of orders.
pub(crate) const LEVELS: [&str; 3] = ["basic", "special", "difficult"];

/// A certificate.
pub(crate) struct Certificate {
    id: String,
    pub(crate) skill: Skill,
    issued: Day,
    expires: Day,
    revoked: Option<Day>,
}

impl Certificate {
    /// Whether it counts on a day.
    pub(crate) fn is_valid(&self, day: Day) -> bool {
        self.issued <= day && day <= self.expires && self.revoked.is_none_or(|revoked| day < revoked)
    }
}

/// A person at a dealer.
pub(crate) struct Worker {
    pub(crate) code: String,
    name: String,
    pub(crate) position: Position,
    pub(crate) from: Day,
    pub(crate) to: Option<Day>,
    reason: &'static str,
    /// The dealer a transfer leads to.
    next_dealer: Option<u32>,
    pub(crate) certificates: Vec<Certificate>,
}

impl Worker {
    /// Whether the person works at the dealer on a day.
    pub(crate) fn is_there(&self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// Everybody who has worked at a dealer since the plan began.
pub(crate) struct Staff {
    pub(crate) workers: Vec<Worker>,
}

/// How long a certificate is valid, in days.
const VALIDITY: i64 = 730;
/// Why people leave, with how often. Transfers, retirements and deaths are nobody's fault.
const REASONS: [(&str, u32); 7] = [
    ("resigned", 56),
    ("contract-ended", 10),
    ("dismissed", 9),
    ("transfer", 17),
    ("retirement", 6),
    ("death", 1),
    ("", 1),
];

impl Staff {
    /// The staff of a dealer as far as the window needs it.
    pub(crate) fn of(world: &World<'_>, dealer: &Dealer) -> Self {
        let mut habit = Dice::of(world.plan.seed, Purpose::Habit, u64::from(dealer.index), u64::MAX - 1);
        // A few make do with two advisors: when one leaves, they are short.
        let is_thin = habit.chance(between_bad_and_good(0.22, 0.02, dealer.quality(world.run.begins)));
        let advisors = if is_thin { 2 } else { (1.7 + 5.5 * dealer.size) as u32 };
        let technicians = (1.6 + 5.8 * dealer.size) as u32;
        let mut workers = Vec::new();
        for (position, places) in [
            (Position::Advisor, advisors),
            (Position::Technician, technicians.max(3)),
            (Position::PartsClerk, 1),
            (Position::GeneralManager, 1),
        ] {
            for place in 1..=places {
                Place { world, dealer, position, number: place }.fill(&mut workers);
            }
        }
        Self { workers }
    }

    /// The rows of people, employments, certificates, managers' posts and rulings about leavers.
    pub(crate) fn write(&self, world: &World<'_>, dealer: &Dealer, books: &mut Books) {
        for worker in &self.workers {
            worker.write(world, dealer, books);
        }
    }
}

/// One place of a dealer.
struct Place<'a> {
    world: &'a World<'a>,
    dealer: &'a Dealer,
    position: Position,
    number: u32,
}

impl Place<'_> {
    /// Everybody who has held it, one after another, as far as the window needs it. Chance is drawn month by
    /// month, so that a later end of the window changes nothing before it.
    fn fill(&self, workers: &mut Vec<Worker>) {
        let dealer = self.dealer;
        let begins = self.world.run.begins.max(dealer.opened);
        let last = self.world.span.until.day();
        let mut dice = self.dice(Purpose::Slot, 0);
        let days_there = (begins.0 - dealer.opened.0).min(2_400) as f64 * dice.unit();
        let mut holder = self.worker(1, begins.plus(-(days_there as i64)));
        let mut number = 1;
        let mut month = begins.plus(dice.between(0, 29));
        while month <= last {
            let leaves = dice.chance(self.leaving_rate(month) / 12.0);
            let (to, gap) = (month.plus(dice.between(0, 29)), dice.between(4, 40));
            if leaves && holder.from < month && dealer.closed.is_none_or(|closed| to.plus(gap + 30) < closed)
            {
                self.leave(&mut holder, to);
                workers.push(self.certified(holder, number));
                number += 1;
                let gap = if self.position == Position::GeneralManager { 1 } else { gap };
                holder = self.worker(number, to.plus(gap));
            }
            month = month.plus(30);
        }
        if let Some(closed) = dealer.closed {
            holder.to = Some(closed);
            holder.reason = "dealer-closed";
        }
        workers.push(self.certified(holder, number));
    }

    fn dice(&self, purpose: Purpose, number: u64) -> Dice {
        let letter = self.position.letter() as u64;
        let place = u64::from(self.dealer.index) << 16 | letter << 8 | u64::from(self.number);
        Dice::of(self.world.plan.seed, purpose, place, number)
    }

    /// The share of people who leave in a year.
    fn leaving_rate(&self, day: Day) -> f64 {
        match self.position {
            Position::Advisor => between_bad_and_good(0.34, 0.07, self.dealer.quality(day)),
            Position::Technician => between_bad_and_good(0.26, 0.05, self.dealer.quality(day)),
            Position::PartsClerk => 0.12,
            Position::GeneralManager => between_bad_and_good(0.30, 0.04, self.dealer.quality(day)),
        }
    }

    fn worker(&self, number: u64, from: Day) -> Worker {
        let code =
            format!("E{:05}-{}{:02}-{number}", self.dealer.index + 1, self.position.letter(), self.number);
        let place = (self.position.letter() as u64) << 32 | u64::from(self.number) << 16 | number;
        let name = names::person(self.world.plan.seed, u64::from(self.dealer.index), place);
        Worker {
            code,
            name,
            position: self.position,
            from,
            to: None,
            reason: "",
            next_dealer: None,
            certificates: Vec::new(),
        }
    }

    fn leave(&self, holder: &mut Worker, to: Day) {
        let mut dice = self.dice(Purpose::Person, u64::MAX - to.0 as u64);
        holder.to = Some(to);
        holder.reason = dice.weighted(&REASONS);
        let next = (self.dealer.index + 1 + dice.below(5)) % self.world.plan.dealers;
        if holder.reason == "transfer" {
            let there = &self.world.dealers[next as usize];
            if next != self.dealer.index && there.is_open(to.plus(1)) && there.closed.is_none() {
                holder.next_dealer = Some(next);
            } else {
                holder.reason = "resigned";
            }
        }
    }

    fn certified(&self, mut worker: Worker, number: u64) -> Worker {
        let mut dice = self.dice(Purpose::Person, number * 4);
        match self.position {
            Position::Advisor => {
                if !dice.chance(between_bad_and_good(0.12, 0.015, self.dealer.quality(worker.from))) {
                    self.certify(&mut worker, number, Skill::Advisor);
                }
            }
            Position::Technician => {
                // The first ones are the old hands: every shop has somebody for difficult work and for electric cars.
                let level = match self.number {
                    1 => 2,
                    2 => 1,
                    _ => dice.weighted(&[(0, 55), (1, 33), (2, 12)]),
                };
                self.certify(&mut worker, number, Skill::Technician(level));
                if self.number == 1 || self.number == 3 || dice.chance(0.35) {
                    self.certify(&mut worker, number, Skill::Nev);
                }
            }
            Position::PartsClerk | Position::GeneralManager => {}
        }
        worker
    }

    /// One certificate after another, renewed before it expires or, less well, after.
    fn certify(&self, worker: &mut Worker, number: u64, skill: Skill) {
        let (kind, mark) = match skill {
            Skill::Advisor => (1, "SA"),
            Skill::Technician(_) => (2, "TE"),
            Skill::Nev => (3, "NV"),
        };
        let mut dice = self.dice(Purpose::Person, number * 4 + kind);
        let begins = self.world.run.begins;
        let is_old_hand = worker.from < begins || worker.from == self.dealer.opened;
        let learning = dice.between(12, 70);
        let mut issued = if is_old_hand {
            worker.from.max(begins).plus(-dice.between(3, VALIDITY - 10))
        } else {
            worker.from.plus(learning)
        };
        let stays = |day: Day| worker.next_dealer.is_some() || worker.to.is_none_or(|to| day <= to);
        let late = between_bad_and_good(0.22, 0.03, self.dealer.quality(begins));
        let mut certificates = Vec::new();
        while issued <= self.world.span.until.day() && stays(issued) {
            let expires = issued.plus(VALIDITY - 1);
            let (is_revoked, revoked) = (dice.chance(0.004), issued.plus(dice.between(90, 600)));
            let (is_late, delay, lead) = (dice.chance(late), dice.between(4, 50), dice.between(4, 75));
            let id = format!("C{}-{mark}{}", &worker.code[1..], certificates.len() + 1);
            certificates.push(Certificate {
                id,
                skill,
                issued,
                expires,
                revoked: is_revoked.then_some(revoked),
            });
            issued = if is_revoked {
                revoked.plus(90)
            } else if is_late {
                expires.plus(delay)
            } else {
                expires.plus(-lead)
            };
        }
        worker.certificates.extend(certificates);
    }
}

impl Worker {
    fn write(&self, world: &World<'_>, dealer: &Dealer, books: &mut Books) {
        let span = world.span;
        if span.writes(self.from.start(), &[]) {
            books.of(Table::People).text(&self.code).text(&self.name).end();
        }
        if span.writes(self.from.start(), &[self.to.map(Day::start)]) {
            let to = span.seen_day(self.to);
            let sheet = books.of(Table::Employments);
            sheet.text(&self.code).text(&dealer.code).text(self.position.code()).date(self.from);
            sheet.date_or_none(to).text(if to.is_some() { self.reason } else { "" }).end();
        }
        if let (Some(to), Some(next)) = (self.to, self.next_dealer)
            && span.writes(to.plus(1).start(), &[])
        {
            let sheet = books.of(Table::Employments);
            sheet.text(&self.code).text(dealers::code(next)).text(self.position.code()).date(to.plus(1));
            sheet.none().none().end();
        }
        if self.position == Position::GeneralManager
            && span.writes(self.from.start(), &[self.to.map(Day::start)])
        {
            let sheet = books.of(Table::Posts);
            sheet.text(&self.code).text("dealer-gm").text(&dealer.code).date(self.from);
            sheet.date_or_none(span.seen_day(self.to)).end();
        }
        for certificate in &self.certificates {
            certificate.write(&self.code, span, books);
        }
        self.write_appeal(world, dealer, books);
    }

    /// Some who resign had a reason nobody can be blamed for, and the appeal is upheld.
    fn write_appeal(&self, world: &World<'_>, dealer: &Dealer, books: &mut Books) {
        let (Position::Advisor, Some(to), "resigned") = (self.position, self.to, self.reason) else { return };
        let mut dice = Dice::of(world.plan.seed, Purpose::Habit, u64::from(dealer.index), to.0 as u64);
        if !dice.chance(0.06) {
            return;
        }
        let decided = to.plus(dice.between(5, 20)).at(10 * crate::days::HOUR + dice.between(0, 20_000));
        Ruling {
            id: format!("R{}-A", &self.code[1..]),
            kind: "excuse",
            subject: format!("person:{}/{}@{}", self.code, dealer.code, to.date()),
            family: "certification.attrition",
            decided,
            decided_by: rulings::APPEALS,
            amount: None,
            note: dice.pick(&["员工随军迁居,材料属实,申诉成立", "员工因病离职,证明齐全,申诉成立"]),
        }
        .write(world.span, books);
    }
}

impl Certificate {
    fn write(&self, person: &str, span: Span, books: &mut Books) {
        if !span.writes(self.issued.start(), &[self.revoked.map(Day::start)]) {
            return;
        }
        let (kind, level) = match self.skill {
            Skill::Advisor => ("service-advisor", ""),
            Skill::Technician(level) => ("technician", LEVELS[usize::from(level)]),
            Skill::Nev => ("nev", ""),
        };
        let sheet = books.of(Table::Certificates);
        sheet.text(&self.id).text(person).text(kind).text(level).date(self.issued).date(self.expires);
        sheet.date_or_none(span.seen_day(self.revoked)).end();
    }
}
