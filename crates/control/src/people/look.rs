//! A dealer's roster as it is looked at, and the network's dealers by what is missing.

use farsight_ledger::settlement::Role;
use farsight_rulebook::case::Ground;
use farsight_rulebook::checks::certification::{self, ADVISOR, Standing, Terms};
use farsight_rulebook::codes::Codes;
use farsight_rulebook::facts::{Certificate as Fact, Level};
use farsight_rulebook::time::Instant;
use farsight_store::roster::{
    self as stored, Certificate, Employment, Filter, Need, Staffing, StaffingFilter,
};
use farsight_store::session::Isolation;
use farsight_store::{Tx, users};
use jiff::civil::Date;

use crate::{ControlError, Desk, ground};

/// A certificate, and where it stands today.
#[derive(Debug, Clone)]
pub struct Certified {
    /// The certificate.
    pub certificate: Certificate,
    /// Where it stands.
    pub standing: Standing,
}

/// An employment with the person's certificates.
#[derive(Debug, Clone)]
pub struct Member {
    /// The employment.
    pub employment: Employment,
    /// All certificates, those that lapse last first.
    pub certificates: Vec<Certified>,
}

/// A dealer's roster.
#[derive(Debug, Clone)]
pub struct Roster {
    /// The dealer.
    pub dealer: String,
    /// Its name.
    pub name: String,
    /// Bays in force.
    pub bays: i64,
    /// Certified advisors needed; none where no policy is in force.
    pub needed: Option<i64>,
    /// Certified advisors there are today.
    pub have: i64,
    /// How many employments there are of the filter.
    pub total: u64,
    /// Those of the page.
    pub members: Vec<Member>,
    /// Whether the person at the desk may change it.
    pub may_change: bool,
    /// The local date.
    pub today: Date,
}

/// A dealer with what its staff lacks.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its staff in figures.
    pub staffing: Staffing,
    /// Certified advisors needed; none where no policy is in force.
    pub needed: Option<i64>,
}

/// Dealers by what their staff lacks.
#[derive(Debug, Clone, Default)]
pub struct Dealers {
    /// How many there are of the filter.
    pub total: u64,
    /// Those of the page.
    pub rows: Vec<Place>,
}

/// A dealer's roster that the person at the desk sees.
pub fn roster(desk: &mut Desk, filter: &Filter) -> Result<Roster, ControlError> {
    let (scope, now, tenant, actor) = (desk.scope(), desk.now, desk.tenant.clone(), desk.actor.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let ground = ground::load(tx, &tenant)?;
        let today = ground.zone.date(now);
        let (name, bays) =
            stored::dealer(tx, &filter.dealer, today)?.ok_or(ControlError::NotFound("dealer"))?;
        let terms = terms(&ground, today);
        let (total, employments) = stored::employments(tx, filter, today)?;
        let people: Vec<String> = employments.iter().map(|row| row.person.clone()).collect();
        let certificates = stored::certificates(tx, &people)?;
        let thresholds = terms.map_or(&[][..], |terms| &terms.expiring_days);
        let member = |employment: Employment| {
            let own: Vec<&Certificate> =
                certificates.iter().filter(|row| row.person == employment.person).collect();
            Member { certificates: certified(&own, thresholds, today), employment }
        };
        Ok(Roster {
            may_change: may_change(tx, &actor, &filter.dealer)?,
            dealer: filter.dealer.clone(),
            name,
            bays,
            needed: terms.map(|terms| terms.needed(bays)),
            have: stored::certified_advisors(tx, &filter.dealer, today)?,
            total,
            members: employments.into_iter().map(member).collect(),
            today,
        })
    })
}

/// The dealers that the person at the desk sees, by what their staff lacks.
pub fn dealers(desk: &mut Desk, filter: &StaffingFilter) -> Result<Dealers, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let ground = ground::load(tx, &tenant)?;
        let today = ground.zone.date(now);
        let terms = terms(&ground, today);
        let (total, rows) = stored::staffing(tx, filter, need(terms), today)?;
        let place =
            |staffing: Staffing| Place { needed: terms.map(|terms| terms.needed(staffing.bays)), staffing };
        Ok(Dealers { total, rows: rows.into_iter().map(place).collect() })
    })
}

fn terms(ground: &Ground, today: Date) -> Option<&Terms> {
    ground.timeline.in_force(today).map(|version| &version.policy.certification)
}

fn need(terms: Option<&Terms>) -> Need {
    Need {
        least: terms.map_or(0, |terms| terms.min),
        bays_per_advisor: terms.map_or(1, |terms| terms.bays_per_advisor),
        lapsing_days: terms.and_then(|terms| terms.expiring_days.iter().max().copied()).unwrap_or(0),
    }
}

/// Whether somebody may change a dealer's roster: its own people and the headquarters.
pub(super) fn may_change(tx: &mut Tx, by: &str, dealer: &str) -> Result<bool, ControlError> {
    Ok(users::find(tx, by)?.is_some_and(|user| match user.role {
        Role::Hq => true,
        Role::Dealer => user.dealers.iter().any(|own| own == dealer),
        _ => false,
    }))
}

fn certified(own: &[&Certificate], thresholds: &[i64], today: Date) -> Vec<Certified> {
    let mut codes = Codes::default();
    let mut fact = |row: &Certificate| Fact {
        certificate: codes.keep(&row.id),
        person: codes.keep(&row.person),
        kind: codes.keep(&row.kind),
        level: row.level.as_deref().and_then(Level::named),
        issued_on: row.issued_on,
        expires_on: row.expires_on,
        revoked_on: row.revoked_on,
    };
    let facts: Vec<Fact> = own.iter().map(|row| fact(row)).collect();
    let stands = facts.iter().map(|one| certification::standing(one, &facts, thresholds, today));
    own.iter()
        .zip(stands)
        .map(|(row, standing)| Certified { certificate: (*row).clone(), standing })
        .collect()
}

/// Whether a position is one that needs a certificate, by the names of the rulebook.
pub(super) fn needs_certificate(position: &str) -> bool {
    matches!(position, ADVISOR | certification::TECHNICIAN)
}

impl Member {
    /// Whether the position needs a certificate, and none counts on the day.
    pub fn is_uncertified(&self) -> bool {
        let position = self.employment.position.as_str();
        let counts = |one: &Certified| {
            one.certificate.kind == position
                && matches!(one.standing, Standing::Valid | Standing::Lapsing(_) | Standing::Replaced)
        };
        needs_certificate(position) && !self.certificates.iter().any(counts)
    }
}

/// Today's local date at a desk.
pub(super) fn today(desk: &Desk, now: Instant) -> Result<Date, ControlError> {
    Ok(ground::zone(&desk.tenant)?.date(now))
}
