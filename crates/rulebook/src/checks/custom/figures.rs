//! The figures of a dealer's month that a manufacturer's own rules can name. Each is counted by the function that the
//! check of that figure judges by, where there is one.
//!
//! A region's figure is the sum over its dealers, of a score the mean over all that its dealers were given.

use hashbrown::{HashMap, HashSet};

use super::super::months::ExcusedOrders;
use super::super::{certification, complaint, feedback, satisfaction, service_clock, transparency};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::codes::Code;
use crate::exact::Mean;
use crate::facts::{
    Answer, Complaint, ComplaintEvent, CustomerBase, Feedback, Inspection, InspectionResult, MysteryVisit,
    WorkOrder,
};
use crate::period::Period;
use crate::policy::Version;
use crate::receipt::FactRef;
use crate::time::Instant;

/// What a figure is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// `customer_base` of the month.
    CustomerBase,
    /// `bays`, in force on the month's last day.
    Bays,
    /// `employments` and `certificates`, on the month's last day.
    Staff,
    /// `work_orders` created in the month.
    Created,
    /// `work_orders` completed in the month.
    Completed,
    /// `work_order_delays` of those orders.
    Delays,
    /// `callbacks` about those orders.
    Callbacks,
    /// `complaints` received in the month.
    Complaints,
    /// `complaint_events` of those complaints.
    Deeds,
    /// `inspections` of the month.
    Inspections,
    /// `surveys` answered in the month.
    Surveys,
    /// `mystery_visits` of the month.
    MysteryVisits,
    /// `feedback` received in the month.
    Feedback,
}

impl Table {
    /// The fact tables, by their names in the contract.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::CustomerBase => &["customer_base"],
            Self::Bays => &["bays"],
            Self::Staff => &["employments", "certificates"],
            Self::Created | Self::Completed => &["work_orders"],
            Self::Delays => &["work_order_delays"],
            Self::Callbacks => &["callbacks"],
            Self::Complaints => &["complaints"],
            Self::Deeds => &["complaint_events"],
            Self::Inspections => &["inspections"],
            Self::Surveys => &["surveys"],
            Self::MysteryVisits => &["mystery_visits"],
            Self::Feedback => &["feedback"],
        }
    }
}

/// A row that counts.
#[derive(Clone, Copy)]
pub(super) enum Row<'f> {
    Base(&'f CustomerBase),
    Order(&'f WorkOrder),
    Complaint(&'f Complaint),
    Inspection(&'f Inspection),
    Answer(&'f Answer),
    Visit(&'f MysteryVisit),
    Feedback(&'f Feedback),
}

impl Row<'_> {
    /// The row as a receipt names it.
    pub(super) fn fact(self, case: &Case) -> FactRef {
        match self {
            Self::Base(row) => FactRef::new(case, row, "customer-base"),
            Self::Order(row) => FactRef::new(case, row, "work-order"),
            Self::Complaint(row) => FactRef::new(case, row, "complaint"),
            Self::Inspection(row) => FactRef::new(case, row, "inspection"),
            Self::Answer(row) => FactRef::new(case, row, "answer"),
            Self::Visit(row) => FactRef::new(case, row, "mystery-visit"),
            Self::Feedback(row) => FactRef::new(case, row, "feedback"),
        }
        .judged()
    }
}

/// Is told of each row that counts.
pub(super) type Tell<'t, 'f> = dyn FnMut(Row<'f>) + 't;
type Counted = Result<Option<i64>, HolidaysUnknown>;

/// How a figure comes about.
enum How {
    /// From the calendar alone.
    Calendar(fn(Period) -> i64),
    /// A dealer's; of several dealers the sum of those that have it.
    Sum(for<'f> fn(&Of<'_, 'f>, &mut Tell<'_, 'f>) -> Counted),
    /// The mean of all that one or several dealers were given, in hundredths.
    Mean(for<'f> fn(&Of<'_, 'f>, &mut Mean, &mut Tell<'_, 'f>)),
}

/// A figure.
pub struct Figure {
    /// Its name in expressions, and of its words `figure.NAME`.
    pub name: &'static str,
    /// What it is counted from.
    pub reads: &'static [Table],
    /// Its decimals when it is shown: a score is kept in hundredths.
    pub decimals: u8,
    how: How,
}

const fn sum(
    name: &'static str,
    reads: &'static [Table],
    count: for<'f> fn(&Of<'_, 'f>, &mut Tell<'_, 'f>) -> Counted,
) -> Figure {
    Figure { name, reads, decimals: 0, how: How::Sum(count) }
}

const fn score(
    name: &'static str,
    reads: &'static [Table],
    mean: for<'f> fn(&Of<'_, 'f>, &mut Mean, &mut Tell<'_, 'f>),
) -> Figure {
    Figure { name, reads, decimals: 2, how: How::Mean(mean) }
}

const fn calendar(name: &'static str, count: fn(Period) -> i64) -> Figure {
    Figure { name, reads: &[], decimals: 0, how: How::Calendar(count) }
}

use Table as T;

/// All of them.
pub static FIGURES: [Figure; 34] = [
    sum("base_customers", &[T::CustomerBase], |of, tell| {
        Ok(of.rows.base.inspect(|row| tell(Row::Base(row))).map(|row| row.base_customers))
    }),
    sum("visits", &[T::CustomerBase], |of, tell| {
        Ok(of.rows.base.inspect(|row| tell(Row::Base(row))).and_then(|row| row.visits))
    }),
    sum("bays", &[T::Bays], |of, _| {
        Ok(of.case.org.bays(of.dealer, of.month.last_day()).filter(|bays| *bays > 0))
    }),
    sum("advisors_certified", &[T::Staff], |of, _| {
        Ok(Some(of.book.advisors.certified(of.dealer, of.month.last_day())))
    }),
    sum("orders_created", &[T::Created], |of, tell| Ok(Some(of.orders(&of.rows.created, tell, |_| true)))),
    sum("orders_completed", &[T::Completed], |of, tell| {
        Ok(Some(of.orders(&of.rows.completed, tell, |_| true)))
    }),
    sum("orders_promised", &[T::Completed, T::Delays], |of, tell| {
        Ok(Some(of.orders(&of.rows.completed, tell, |order| of.late(order).is_some())))
    }),
    sum("orders_late", &[T::Completed, T::Delays], |of, tell| {
        Ok(Some(of.orders(&of.rows.completed, tell, |order| of.late(order) == Some(true))))
    }),
    sum("orders_fixed", &[T::Completed], |of, tell| {
        Ok(Some(of.orders(&of.rows.completed, tell, |order| order.fixed == Some(true))))
    }),
    sum("orders_not_fixed", &[T::Completed], |of, tell| {
        Ok(Some(of.orders(&of.rows.completed, tell, |order| order.fixed == Some(false))))
    }),
    sum("orders_with_fault", &[T::Completed], |of, tell| {
        Ok(Some(of.orders(&of.rows.completed, tell, |order| of.unconfirmed(order).is_some())))
    }),
    sum("orders_unconfirmed", &[T::Completed], |of, tell| {
        Ok(Some(of.orders(&of.rows.completed, tell, |order| of.unconfirmed(order) == Some(true))))
    }),
    sum("orders_timed", &[T::Created, T::Delays], |of, tell| Ok(of.clocked(tell, |prompt| prompt.is_some()))),
    sum("orders_prompt", &[T::Created, T::Delays], |of, tell| {
        Ok(of.clocked(tell, |prompt| prompt == Some(true)))
    }),
    sum("orders_to_call", &[T::Completed, T::Callbacks], |of, tell| {
        Ok(of.called(tell, |called| called.is_some()))
    }),
    sum("orders_called", &[T::Completed, T::Callbacks], |of, tell| {
        Ok(of.called(tell, |called| called == Some(true)))
    }),
    sum("complaints", &[T::Complaints], |of, tell| of.complaints(tell, |_, _| Ok(true))),
    sum("complaints_major", &[T::Complaints], |of, tell| of.complaints(tell, |row, _| Ok(row.major))),
    sum("complaints_reply_late", &[T::Complaints, T::Deeds], |of, tell| {
        of.complaints(tell, |row, deeds| {
            Ok(complaint::clocks(of.case, row, deeds)?.is_some_and(|clocks| clocks.reply.late))
        })
    }),
    sum("complaints_close_late", &[T::Complaints, T::Deeds], |of, tell| {
        of.complaints(tell, |row, deeds| {
            Ok(complaint::clocks(of.case, row, deeds)?.is_some_and(|clocks| clocks.close.late))
        })
    }),
    sum("complaints_closed", &[T::Complaints, T::Deeds], |of, tell| {
        of.complaints(tell, |row, deeds| Ok(complaint::standing(of.case, row, deeds).closed.is_some()))
    }),
    sum("inspections", &[T::Inspections], |of, _| {
        let mut looks: Vec<Code> = of.rows.inspections.iter().map(|row| row.inspection).collect();
        looks.sort_unstable();
        looks.dedup();
        Ok(Some(looks.len() as i64))
    }),
    sum("items_inspected", &[T::Inspections], |of, tell| {
        Ok(Some(of.items(tell, |result| matches!(result, InspectionResult::Pass | InspectionResult::Fail))))
    }),
    sum("items_failed", &[T::Inspections], |of, tell| {
        Ok(Some(of.items(tell, |result| result == InspectionResult::Fail)))
    }),
    sum("responses", &[T::Surveys], |of, tell| Ok(of.responses(tell, |_, _| true))),
    sum("responses_good", &[T::Surveys], |of, tell| {
        Ok(of.responses(tell, |terms, response| response.reaches(terms.star_at)))
    }),
    score("response_score", &[T::Surveys], |of, mean, tell| {
        of.rows.answers.iter().for_each(|row| tell(Row::Answer(row)));
        for response in of.scored() {
            mean.add(response.above, response.below);
        }
    }),
    sum("mystery_visits", &[T::MysteryVisits], |of, tell| {
        of.rows.visits.iter().for_each(|row| tell(Row::Visit(row)));
        Ok(Some(of.rows.visits.len() as i64))
    }),
    score("mystery_score", &[T::MysteryVisits], |of, mean, tell| {
        let Some(terms) = &of.version.policy.mystery_shopper else { return };
        for visit in &of.rows.visits {
            tell(Row::Visit(visit));
            terms.add_to(mean, visit);
        }
    }),
    sum("feedback", &[T::Feedback], |of, tell| {
        of.rows.feedback.iter().for_each(|row| tell(Row::Feedback(row)));
        Ok(Some(of.rows.feedback.len() as i64))
    }),
    sum("feedback_late", &[T::Feedback], |of, tell| {
        if of.version.policy.feedback.is_none() {
            return Ok(None);
        }
        let late = of.rows.feedback.iter().filter(|row| feedback::is_late(of.case, row));
        Ok(Some(late.inspect(|row| tell(Row::Feedback(row))).count() as i64))
    }),
    calendar("year", |month| i64::from(month.first_day().year())),
    calendar("month", |month| i64::from(month.first_day().month())),
    calendar("days", |month| i64::from(month.last_day().day())),
];

/// The rows of a dealer's month.
#[derive(Default)]
pub(super) struct Rows<'f> {
    base: Option<&'f CustomerBase>,
    created: Vec<&'f WorkOrder>,
    completed: Vec<&'f WorkOrder>,
    complaints: Vec<&'f Complaint>,
    inspections: Vec<&'f Inspection>,
    answers: Vec<&'f Answer>,
    visits: Vec<&'f MysteryVisit>,
    feedback: Vec<&'f Feedback>,
}

/// The rows of all dealers' months, and what stands beside them.
pub(super) struct Book<'f> {
    months: HashMap<(Code, Period), Rows<'f>>,
    none: Rows<'f>,
    deeds: HashMap<Code, Vec<&'f ComplaintEvent>>,
    delays: service_clock::Delays<'f>,
    calls: HashMap<Code, Vec<Instant>>,
    excused: ExcusedOrders,
    advisors: certification::Advisors<'f>,
}

impl<'f> Book<'f> {
    /// The rows of a case's facts.
    pub(super) fn of(case: &Case<'f>) -> Self {
        let mut months: HashMap<(Code, Period), Rows> = HashMap::new();
        let facts = case.facts;
        let month = |at: Instant| Period::of(case.date(at));
        for row in &facts.customer_base {
            months.entry((row.dealer, row.month)).or_default().base = Some(row);
        }
        for row in &facts.work_orders {
            months.entry((row.dealer, month(row.created_at))).or_default().created.push(row);
            if let Some(at) = row.completed_at {
                months.entry((row.dealer, month(at))).or_default().completed.push(row);
            }
        }
        for row in &facts.complaints {
            months.entry((row.dealer, month(row.received_at))).or_default().complaints.push(row);
        }
        for row in &facts.inspections {
            months.entry((row.dealer, month(row.inspected_at))).or_default().inspections.push(row);
        }
        for row in &facts.answers {
            months.entry((row.dealer, month(row.answered_at))).or_default().answers.push(row);
        }
        for row in &facts.mystery_visits {
            months.entry((row.dealer, Period::of(row.visited_on))).or_default().visits.push(row);
        }
        for row in &facts.feedback {
            months.entry((row.dealer, month(row.received_at))).or_default().feedback.push(row);
        }
        let mut deeds: HashMap<Code, Vec<&ComplaintEvent>> = HashMap::new();
        for row in &facts.complaint_events {
            deeds.entry(row.complaint).or_default().push(row);
        }
        deeds.values_mut().for_each(|own| own.sort_by_key(|row| row.at));
        Self {
            months,
            none: Rows::default(),
            deeds,
            delays: service_clock::Delays::of(case),
            calls: feedback::callbacks(case),
            excused: ExcusedOrders::of(case),
            advisors: certification::Advisors::of(case),
        }
    }
}

/// Some dealers in a month: one, or those of a region.
pub(super) struct Scope<'a, 'f> {
    pub(super) case: &'a Case<'f>,
    pub(super) book: &'a Book<'f>,
    pub(super) dealers: &'a [Code],
    pub(super) month: Period,
    pub(super) version: &'f Version,
}

impl<'f> Scope<'_, 'f> {
    /// A figure; none where it is not known.
    pub(super) fn figure(&self, place: usize, tell: &mut Tell<'_, 'f>) -> Counted {
        match FIGURES[place].how {
            How::Calendar(count) => Ok(Some(count(self.month))),
            How::Sum(count) => {
                let mut sum = None;
                for dealer in self.dealers {
                    if let Some(own) = count(&self.of(*dealer), tell)? {
                        sum = Some(sum.unwrap_or(0_i64).saturating_add(own));
                    }
                }
                Ok(sum)
            }
            How::Mean(add) => {
                let mut mean = Mean::default();
                self.dealers.iter().for_each(|dealer| add(&self.of(*dealer), &mut mean, tell));
                Ok(mean.rounded())
            }
        }
    }

    fn of(&self, dealer: Code) -> Of<'_, 'f> {
        let rows = self.book.months.get(&(dealer, self.month)).unwrap_or(&self.book.none);
        Of { case: self.case, book: self.book, rows, dealer, month: self.month, version: self.version }
    }
}

/// One dealer's month.
struct Of<'a, 'f> {
    case: &'a Case<'f>,
    book: &'a Book<'f>,
    rows: &'a Rows<'f>,
    dealer: Code,
    month: Period,
    version: &'f Version,
}

impl<'f> Of<'_, 'f> {
    fn orders(
        &self,
        orders: &[&'f WorkOrder],
        tell: &mut Tell<'_, 'f>,
        counts: impl Fn(&WorkOrder) -> bool,
    ) -> i64 {
        let seen = orders.iter().copied().filter(|order| self.case.horizon.seen(order.created_at));
        let counted = seen.filter(|order| counts(order));
        counted.inspect(|order| tell(Row::Order(order))).count() as i64
    }

    /// Whether an order was completed after its promise; none: nothing was promised.
    fn late(&self, order: &WorkOrder) -> Option<bool> {
        let completed = order.completed_at?;
        let promise = service_clock::promise(order, self.book.delays.on(order), completed)?;
        Some(completed > promise)
    }

    fn unconfirmed(&self, order: &WorkOrder) -> Option<bool> {
        transparency::unconfirmed(self.case, &self.book.excused, order)
    }

    /// Orders created in the month by whether they were prompt; none where the policy has no service clock.
    fn clocked(&self, tell: &mut Tell<'_, 'f>, counts: impl Fn(Option<bool>) -> bool) -> Option<i64> {
        let terms = self.version.policy.service_clock.as_ref()?;
        Some(self.orders(&self.rows.created, tell, |order| {
            let excused = self.book.excused.has(self.case, service_clock::SLOW, order.work_order);
            !excused && counts(service_clock::prompt(self.case, terms, order, self.book.delays.on(order)))
        }))
    }

    /// Orders completed in the month by whether the customer was called; none where the policy asks for no calls.
    fn called(&self, tell: &mut Tell<'_, 'f>, counts: impl Fn(Option<bool>) -> bool) -> Option<i64> {
        let terms = self.version.policy.feedback.as_ref()?;
        Some(self.orders(&self.rows.completed, tell, |order| {
            let excused = self.book.excused.has(self.case, feedback::MISSED, order.work_order);
            let calls = self.book.calls.get(&order.work_order).map_or(&[][..], Vec::as_slice);
            let called = order.completed_at.map(|at| feedback::called(self.case, terms, at, calls));
            !excused && called.is_some_and(&counts)
        }))
    }

    /// Complaints received in the month that were not withdrawn.
    fn complaints(
        &self,
        tell: &mut Tell<'_, 'f>,
        counts: impl Fn(&Complaint, &[&ComplaintEvent]) -> Result<bool, HolidaysUnknown>,
    ) -> Counted {
        let mut count = 0;
        for row in &self.rows.complaints {
            let subject = format!("complaint:{}", self.case.text(row.complaint));
            let deeds = self.book.deeds.get(&row.complaint).map_or(&[][..], Vec::as_slice);
            if !self.case.rulings.withdrawn(&self.case.horizon, &subject) && counts(row, deeds)? {
                count += 1;
                tell(Row::Complaint(row));
            }
        }
        Ok(Some(count))
    }

    fn items(&self, tell: &mut Tell<'_, 'f>, counts: impl Fn(InspectionResult) -> bool) -> i64 {
        let counted = self.rows.inspections.iter().filter(|row| counts(row.result));
        counted.inspect(|row| tell(Row::Inspection(row))).count() as i64
    }

    /// The month's responses with a score; none where the policy scores none.
    fn scored(&self) -> Vec<satisfaction::Response> {
        let Some(terms) = &self.version.policy.satisfaction else { return Vec::new() };
        satisfaction::responses(self.case, terms, self.rows.answers.iter().copied(), self.month)
    }

    fn responses(
        &self,
        tell: &mut Tell<'_, 'f>,
        counts: impl Fn(&satisfaction::Terms, &satisfaction::Response) -> bool,
    ) -> Option<i64> {
        let terms = self.version.policy.satisfaction.as_ref()?;
        let scored = self.scored().into_iter().filter(|response| counts(terms, response));
        let counted: HashSet<Code> = scored.map(|response| response.response).collect();
        let told = self.rows.answers.iter().filter(|row| counted.contains(&row.response));
        told.for_each(|row| tell(Row::Answer(row)));
        Some(counted.len() as i64)
    }
}
