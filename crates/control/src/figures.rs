//! Figures of months: worked out from facts and entries whenever those have changed, so that a screen reads a few rows.
//!
//! They converge: worked out bit by bit or from nothing, they are the same. Nothing else rests on them, and they are
//! never corrected by hand.

use farsight_rulebook::case::Ground;
use farsight_rulebook::checks::complaint::life::Life;
use farsight_rulebook::facts::{ComplaintEvent, Facts};
use farsight_rulebook::period::Period;
use farsight_rulebook::rulings::Rulings;
use farsight_rulebook::time::{Instant, plus_days};
use farsight_store::facts::read::{self, Wanted, Which};
use farsight_store::figures::{self, Dirty, LifeRow, MonthTerms, Seen};
use farsight_store::session::{Isolation, Turn};
use farsight_store::{Tx, standings};
use jiff::civil::Date;
use serde::Serialize;

use crate::{ControlError, Desk, ground};

/// Older months than this are not kept.
const KEPT_MONTHS: i32 = 120;

/// What a refresh worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refreshed {
    /// Months.
    pub months: usize,
    /// Complaints.
    pub complaints: usize,
    /// Whether it began from nothing.
    pub whole: bool,
}

/// Brings the figures up to now. They are of the whole network, whoever asks: a person's part is cut from them later.
pub fn refresh(desk: &mut Desk) -> Result<Refreshed, ControlError> {
    work_out(desk, false)
}

/// Works all figures out from nothing.
pub fn rebuild(desk: &mut Desk) -> Result<Refreshed, ControlError> {
    work_out(desk, true)
}

fn work_out(desk: &mut Desk, from_nothing: bool) -> Result<Refreshed, ControlError> {
    let (scope, now, tenant) = (desk.tenant.network(), desk.now, desk.tenant.clone());
    desk.session.in_turn(scope, Turn::Figures, |session| {
        session.transaction(scope, Isolation::Snapshot, |tx| {
            let ground = ground::load(tx, &tenant)?;
            let heads = figures::heads(tx)?;
            let before = figures::mark(tx)?.map(|mark| (mark.seen, mark.month)).filter(|_| !from_nothing);
            let whole = match before {
                Some((seen, _)) => seen.policies != heads.policies || figures::ground_changed(tx, seen)?,
                None => true,
            };
            let round = Round { ground: &ground, now, today: ground.zone.date(now) };
            let (complaints, mut dirty) = match before.filter(|_| !whole) {
                Some(before) => round.since(tx, before)?,
                None => round.everything(tx)?,
            };
            round.bound(tx, &mut dirty)?;
            let months = dirty.months(Period::of(round.today));
            for month in &months {
                figures::work_out(tx, &round.terms(*month))?;
            }
            standings::work_out(tx, round.today)?;
            figures::put_mark(tx, heads, Period::of(round.today), now)?;
            Ok(Refreshed { months: months.len(), complaints, whole })
        })
    })
}

struct Round<'r> {
    ground: &'r Ground,
    now: Instant,
    today: Date,
}

impl Round<'_> {
    fn month_of(&self, at: Instant) -> Period {
        Period::of(self.ground.zone.date(at))
    }

    /// Every complaint and every month there is.
    fn everything(&self, tx: &mut Tx) -> Result<(usize, Dirty), ControlError> {
        let (complaints, _) = self.put_lives(tx, None)?;
        Ok((complaints, Dirty { since: Some(self.oldest()), only: Vec::new() }))
    }

    /// The complaints and months that the books have touched since, and those that time has: the month that was running.
    fn since(&self, tx: &mut Tx, (seen, running): (Seen, Period)) -> Result<(usize, Dirty), ControlError> {
        let mut dirty = figures::touched_months(tx, seen, self.ground.zone.name())?;
        dirty.since(Some(running));
        let touched = figures::touched_complaints(tx, seen)?;
        let (complaints, first) =
            if touched.is_empty() { (0, None) } else { self.put_lives(tx, Some(&touched))? };
        dirty.since(first.map(|at| self.month_of(at)));
        Ok((complaints, dirty))
    }

    fn oldest(&self) -> Period {
        let running = Period::of(self.today);
        Period::from_number(running.number() - KEPT_MONTHS).unwrap_or(running)
    }

    /// Figures begin with the first month that has any, which facts may move either way.
    fn bound(&self, tx: &mut Tx, dirty: &mut Dirty) -> Result<(), ControlError> {
        let running = Period::of(self.today);
        let first = figures::first_month(tx, self.ground.zone.name())?.unwrap_or(running).max(self.oldest());
        figures::forget_before(tx, first)?;
        if figures::earliest(tx)?.is_none_or(|earliest| first < earliest) {
            dirty.since(Some(first));
        }
        dirty.since = dirty.since.map(|since| since.max(first));
        dirty.only.retain(|month| *month >= first);
        Ok(())
    }

    /// Puts the lives of the touched complaints (none: of all) in place. How many, and when the earliest was received.
    fn put_lives(
        &self,
        tx: &mut Tx,
        touched: Option<&[String]>,
    ) -> Result<(usize, Option<Instant>), ControlError> {
        let wanted = Wanted::codes(touched.unwrap_or_default().iter().map(String::as_str));
        tx.want(&wanted)?;
        let which = if touched.is_some() { Which::ById } else { Which::All };
        let mut facts = Facts::default();
        read::complaints(tx, &mut facts, which)?;
        read::complaint_events(tx, &mut facts, which)?;
        read::rulings(tx, &mut facts)?;
        let lives = self.lives(&mut facts);
        let rows: Vec<LifeRow> = lives
            .iter()
            .map(|(index, life)| {
                let complaint = &facts.complaints[*index];
                LifeRow {
                    complaint: facts.codes.text(complaint.complaint),
                    dealer: facts.codes.text(complaint.dealer),
                    received_at: complaint.received_at,
                    life: life.clone(),
                }
            })
            .collect();
        Ok((rows.len(), figures::put_lives(tx, touched, &rows)?))
    }

    fn lives(&self, facts: &mut Facts) -> Vec<(usize, Life)> {
        facts.complaint_events.sort_by_key(|event| (event.complaint, event.at));
        let rulings = Rulings::new(&facts.rulings);
        let mut lives = Vec::with_capacity(facts.complaints.len());
        for (index, complaint) in facts.complaints.iter().enumerate() {
            let all: &[ComplaintEvent] = &facts.complaint_events;
            let first = all.partition_point(|event| event.complaint < complaint.complaint);
            let after = all.partition_point(|event| event.complaint <= complaint.complaint);
            let subject = format!("complaint:{}", facts.codes.text(complaint.complaint));
            let life = Life::of(self.ground, &rulings, &subject, complaint, &all[first..after]);
            lives.extend(life.map(|life| (index, life)));
        }
        lives
    }

    fn terms(&self, month: Period) -> MonthTerms {
        let (zone, last) = (&self.ground.zone, month.last_day());
        let policy =
            self.ground.timeline.in_force(last.min(self.today)).map(|version| &version.policy.certification);
        MonthTerms {
            month,
            day: last.min(self.today),
            starts: zone.midnight(month.first_day()),
            ends: zone.midnight(plus_days(last, 1)).min(self.now),
            least_advisors: policy.map_or(0, |terms| terms.min),
            bays_per_advisor: policy.map_or(i64::MAX / 2, |terms| terms.bays_per_advisor),
        }
    }
}
