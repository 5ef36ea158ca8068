//! Facts of service and customers: delays, surveys, mystery visits, feedback, callbacks, vehicles, prices, exams.

use jiff::civil::Date;

use crate::codes::Code;
use crate::time::Instant;

/// A notice to the customer that an order takes longer.
#[derive(Debug, Clone, Copy)]
pub struct Delay {
    /// The order.
    pub work_order: Code,
    /// When it was given.
    pub given_at: Instant,
    /// The new promise.
    pub promised_at: Instant,
}

/// A customer's answer to one factor of a survey.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The response it is part of.
    pub response: Code,
    /// The factor.
    pub factor: Code,
    /// The dealer.
    pub dealer: Code,
    /// The employee named.
    pub employee: Option<Code>,
    /// When.
    pub answered_at: Instant,
    /// 0 to 100, in hundredths.
    pub score: i64,
}

/// A mystery shopper's visit; scores 0 to 100, in hundredths.
#[derive(Debug, Clone, Copy)]
pub struct MysteryVisit {
    /// Its id.
    pub visit: Code,
    /// The dealer.
    pub dealer: Code,
    /// The day.
    pub visited_on: Date,
    /// Response, attitude, professionalism, transparency.
    pub scores: [i64; 4],
}

/// A customer's feedback.
#[derive(Debug, Clone, Copy)]
pub struct Feedback {
    /// Its id.
    pub feedback: Code,
    /// The dealer.
    pub dealer: Code,
    /// When it was received.
    pub received_at: Instant,
    /// When it was solved.
    pub solved_at: Option<Instant>,
}

/// A call to the customer after the work, reached or not.
#[derive(Debug, Clone, Copy)]
pub struct Callback {
    /// The order.
    pub work_order: Code,
    /// When.
    pub at: Instant,
}

/// A vehicle sold.
#[derive(Debug, Clone, Copy)]
pub struct Vehicle {
    /// The vehicle.
    pub vin: Code,
    /// Its model.
    pub model: Code,
    /// The day it was sold.
    pub sold_on: Date,
    /// Who sold it.
    pub dealer: Option<Code>,
}

/// A price of a part from a day on.
#[derive(Debug, Clone, Copy)]
pub struct PartPrice {
    /// The part.
    pub part: Code,
    /// First day it holds.
    pub effective_on: Date,
    /// Whose price; none: the manufacturer's list.
    pub dealer: Option<Code>,
    /// In hundredths.
    pub price: i64,
}

/// An exam of a person.
#[derive(Debug, Clone, Copy)]
pub struct Exam {
    /// Who.
    pub person: Code,
    /// The day.
    pub taken_on: Date,
    /// 0 to 100, in hundredths.
    pub score: i64,
}
