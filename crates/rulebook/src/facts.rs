//! Facts as the checks read them: small typed rows whose texts are [`Code`]s.
//!
//! Which rows are here is the caller's business (all of them, or those of a few units); what of them is
//! *seen* at an instant is the [`Horizon`](crate::horizon::Horizon)'s.

mod keys;
mod service;

use jiff::civil::Date;

use crate::codes::{Code, Codes};
use crate::money::Money;
use crate::period::Period;
use crate::sums::Sums;
use crate::time::Instant;

pub use keys::{Row, When};
pub use service::{Answer, Callback, Delay, Exam, Feedback, MysteryVisit, PartPrice, Vehicle};

/// A service centre.
#[derive(Debug, Clone, Copy)]
pub struct Dealer {
    /// Its code.
    pub dealer: Code,
    /// Its region before the first move.
    pub region: Code,
    /// First day of business.
    pub opened_on: Date,
    /// Last day of business.
    pub closed_on: Option<Date>,
}

impl Dealer {
    /// Whether it is open on a local date.
    pub fn is_open(&self, on: Date) -> bool {
        self.opened_on <= on && self.closed_on.is_none_or(|last| on <= last)
    }
}

/// A dealer's move to another region.
#[derive(Debug, Clone, Copy)]
pub struct Move {
    /// The dealer.
    pub dealer: Code,
    /// First day in the region.
    pub from: Date,
    /// The region.
    pub region: Code,
}

/// A post of the network's staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Leads a region.
    RegionDirector,
    /// Stands in for the director.
    RegionDeputyDirector,
    /// Looks after dealers.
    DistrictManager,
    /// Leads a dealer.
    DealerGm,
}

impl Role {
    /// The role of its name in a file.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "region-director" => Self::RegionDirector,
            "region-deputy-director" => Self::RegionDeputyDirector,
            "district-manager" => Self::DistrictManager,
            "dealer-gm" => Self::DealerGm,
            _ => return None,
        })
    }
}

/// A person holding a post.
#[derive(Debug, Clone, Copy)]
pub struct Post {
    /// The holder.
    pub person: Code,
    /// The post.
    pub role: Role,
    /// The region or dealer it is for.
    pub scope: Code,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Option<Date>,
}

/// The number of bays of a dealer from a day on.
#[derive(Debug, Clone, Copy)]
pub struct Bays {
    /// The dealer.
    pub dealer: Code,
    /// First day it holds.
    pub effective_on: Date,
    /// How many; 0 is none.
    pub bays: i64,
}

/// A dealer's customers and visits in a month.
#[derive(Debug, Clone, Copy)]
pub struct CustomerBase {
    /// The dealer.
    pub dealer: Code,
    /// The month.
    pub month: Period,
    /// Base customers.
    pub base_customers: i64,
    /// Visits, when known.
    pub visits: Option<i64>,
}

/// What a camera look at one item gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InspectionResult {
    /// In order.
    Pass,
    /// A failure.
    Fail,
    /// The item does not apply there.
    NotApplicable,
    /// Camera off or blocked: never a failure.
    NotVisible,
}

/// One item of an inspection.
#[derive(Debug, Clone, Copy)]
pub struct Inspection {
    /// The inspection.
    pub inspection: Code,
    /// The item.
    pub item: Code,
    /// The dealer.
    pub dealer: Code,
    /// When.
    pub inspected_at: Instant,
    /// What was seen.
    pub result: InspectionResult,
    /// Whether it was a follow-up rather than the draw.
    pub follow_up: bool,
}

/// A customer's complaint.
#[derive(Debug, Clone, Copy)]
pub struct Complaint {
    /// Its id.
    pub complaint: Code,
    /// The dealer.
    pub dealer: Code,
    /// When it was received.
    pub received_at: Instant,
    /// When it was dispatched to the dealer.
    pub dispatched_at: Option<Instant>,
    /// Major rather than general.
    pub major: bool,
    /// Its category.
    pub category: Code,
    /// The vehicle.
    pub vin: Option<Code>,
}

/// What happened to a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The dealer's first reply.
    FirstReply,
    /// Handled in person by the dealer's general manager.
    HandledByDealerGm,
    /// Handled in person by the region's deputy director.
    HandledByDeputyDirector,
    /// Submitted by the dealer for a callback.
    Submitted,
    /// The call centre's callback, with the customer's answer if there was one.
    Callback(Option<bool>),
}

/// A deed on a complaint.
#[derive(Debug, Clone, Copy)]
pub struct ComplaintEvent {
    /// The complaint.
    pub complaint: Code,
    /// When.
    pub at: Instant,
    /// What.
    pub deed: Deed,
}

/// A person working for a dealer.
#[derive(Debug, Clone, Copy)]
pub struct Employment {
    /// The person.
    pub person: Code,
    /// The dealer.
    pub dealer: Code,
    /// The position.
    pub position: Code,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Option<Date>,
    /// Why it ended.
    pub leave_reason: Option<Code>,
}

/// The level of a technician's certificate or of an order's work; a higher one covers the lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The level of an order that names none.
    Basic,
    /// Above basic.
    Special,
    /// The highest.
    Difficult,
}

impl Level {
    /// Its name in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Special => "special",
            Self::Difficult => "difficult",
        }
    }

    /// The level of its name in a file.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "basic" => Self::Basic,
            "special" => Self::Special,
            "difficult" => Self::Difficult,
            _ => return None,
        })
    }
}

/// A certificate of a person.
#[derive(Debug, Clone, Copy)]
pub struct Certificate {
    /// Its id.
    pub certificate: Code,
    /// The holder.
    pub person: Code,
    /// What it certifies: `service-advisor`, `technician`, `nev`, or another.
    pub kind: Code,
    /// Its level, when it names one.
    pub level: Option<Level>,
    /// First day it counts.
    pub issued_on: Date,
    /// Last day it counts.
    pub expires_on: Date,
    /// The day it no longer counts.
    pub revoked_on: Option<Date>,
}

impl Certificate {
    /// Whether it is valid on a day (rulebook 4.3).
    pub fn is_valid(&self, on: Date) -> bool {
        self.issued_on <= on && on <= self.expires_on && self.revoked_on.is_none_or(|revoked| on < revoked)
    }
}

/// A work order, with what the checks read of it.
#[derive(Debug, Clone, Copy)]
pub struct WorkOrder {
    /// Its id.
    pub work_order: Code,
    /// The dealer.
    pub dealer: Code,
    /// The vehicle.
    pub vin: Code,
    /// The fault.
    pub fault: Option<Code>,
    /// When the customer reported.
    pub reported_at: Option<Instant>,
    /// When it was created.
    pub created_at: Instant,
    /// When the fault was diagnosed.
    pub diagnosed_at: Option<Instant>,
    /// When the customer was promised it.
    pub promised_at: Option<Instant>,
    /// When it was completed.
    pub completed_at: Option<Instant>,
    /// Whether the fault was mended.
    pub fixed: Option<bool>,
    /// The advisor.
    pub advisor: Option<Code>,
    /// The technician.
    pub technician: Option<Code>,
    /// The level of the work.
    pub level: Level,
    /// Whether it was new-energy work.
    pub nev: bool,
    /// The odometer, in kilometres.
    pub odometer_km: Option<i64>,
    /// Whether advisor, technician and inspector have all confirmed it.
    pub confirmed: bool,
}

/// A dealer's request for the manufacturer's technical support.
#[derive(Debug, Clone, Copy)]
pub struct SupportRequest {
    /// Its id.
    pub request: Code,
    /// The dealer.
    pub dealer: Code,
    /// The vehicle.
    pub vin: Code,
    /// The fault.
    pub fault: Code,
    /// When.
    pub requested_at: Instant,
}

/// What a ruling decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulingKind {
    /// Removes a finding.
    Excuse,
    /// Takes a complaint out of every check.
    Withdraw,
    /// A complaint was mishandled; carries the amount.
    Mishandled,
    /// A rectification order is accepted as mended.
    Accept,
}

impl RulingKind {
    /// Its name in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Excuse => "excuse",
            Self::Withdraw => "withdraw",
            Self::Mishandled => "mishandled",
            Self::Accept => "accept",
        }
    }

    /// The kind of its name in a file.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "excuse" => Self::Excuse,
            "withdraw" => Self::Withdraw,
            "mishandled" => Self::Mishandled,
            "accept" => Self::Accept,
            _ => return None,
        })
    }
}

/// A decision by an authorised person.
#[derive(Debug, Clone)]
pub struct Ruling {
    /// Its id.
    pub ruling: String,
    /// What it decides.
    pub kind: RulingKind,
    /// About what.
    pub subject: String,
    /// For which family only.
    pub family: Option<String>,
    /// When.
    pub decided_at: Instant,
    /// For how much (mishandled).
    pub amount: Option<Money>,
}

/// The facts given to an evaluation.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The texts of all codes below.
    pub codes: Codes,
    /// Service centres.
    pub dealers: Vec<Dealer>,
    /// Moves between regions.
    pub moves: Vec<Move>,
    /// Posts held.
    pub posts: Vec<Post>,
    /// Numbers of bays.
    pub bays: Vec<Bays>,
    /// Monthly customers.
    pub customer_base: Vec<CustomerBase>,
    /// Inspection results.
    pub inspections: Vec<Inspection>,
    /// Complaints.
    pub complaints: Vec<Complaint>,
    /// Deeds on complaints.
    pub complaint_events: Vec<ComplaintEvent>,
    /// Employments.
    pub employments: Vec<Employment>,
    /// Certificates.
    pub certificates: Vec<Certificate>,
    /// Work orders.
    pub work_orders: Vec<WorkOrder>,
    /// Requests for technical support.
    pub support_requests: Vec<SupportRequest>,
    /// Delay notices.
    pub delays: Vec<Delay>,
    /// Survey answers.
    pub answers: Vec<Answer>,
    /// Visits of mystery shoppers.
    pub mystery_visits: Vec<MysteryVisit>,
    /// Feedback.
    pub feedback: Vec<Feedback>,
    /// Callbacks after work.
    pub callbacks: Vec<Callback>,
    /// Vehicles sold.
    pub vehicles: Vec<Vehicle>,
    /// Prices of parts.
    pub part_prices: Vec<PartPrice>,
    /// Exams of regional staff.
    pub exams: Vec<Exam>,
    /// Rulings.
    pub rulings: Vec<Ruling>,
    /// Sums of vehicles and work orders where the rows themselves are not given; none: they are counted from the rows.
    pub sums: Option<Sums>,
}

impl Facts {
    /// How many rows there are, the measure of an evaluation's work.
    pub fn len(&self) -> usize {
        self.dealers.len()
            + self.moves.len()
            + self.posts.len()
            + self.bays.len()
            + self.customer_base.len()
            + self.inspections.len()
            + self.complaints.len()
            + self.complaint_events.len()
            + self.employments.len()
            + self.certificates.len()
            + self.work_orders.len()
            + self.support_requests.len()
            + self.delays.len()
            + self.answers.len()
            + self.mystery_visits.len()
            + self.feedback.len()
            + self.callbacks.len()
            + self.vehicles.len()
            + self.part_prices.len()
            + self.exams.len()
            + self.rulings.len()
            + self.sums.as_ref().map_or(0, Sums::len)
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
