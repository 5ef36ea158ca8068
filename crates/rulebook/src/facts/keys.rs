//! How a row is named outside: its table and key, in the texts of the contract (formats section 2).

use jiff::civil::Date;

use super::{
    Answer, Bays, Callback, Certificate, Complaint, ComplaintEvent, CustomerBase, Dealer, Deed, Delay,
    Employment, Exam, Facts, Feedback, Inspection, Move, MysteryVisit, PartPrice, Post, Role, Ruling,
    SupportRequest, Vehicle, WorkOrder,
};
use crate::codes::{Code, Codes};
use crate::period::Period;
use crate::time::{Instant, Zone};

/// When something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// On a local day.
    Day(Date),
    /// At a moment.
    At(Instant),
    /// In a month; dated by its end.
    Month(Period),
}

impl When {
    /// The moment it is dated by: a day's begin, a month's end.
    pub fn instant(self, zone: &Zone) -> Instant {
        match self {
            Self::Day(day) => zone.midnight(day),
            Self::At(at) => at,
            Self::Month(month) => zone.end_of(month.last_day()),
        }
    }
}

/// A row of a fact table.
pub trait Row {
    /// The table.
    const TABLE: &'static str;

    /// The texts of its key columns, in the table's order: dates `2026-03-05`, months `2026-03`, instants
    /// RFC 3339 in UTC.
    fn key(&self, codes: &Codes) -> Vec<String>;

    /// What the row is dated by (rulebook 3.1).
    fn when(&self) -> When;
}

fn texts<const N: usize>(codes: &Codes, of: [Code; N]) -> Vec<String> {
    of.into_iter().map(|code| codes.text(code).to_owned()).collect()
}

macro_rules! rows {
    ($($row:ident in $table:literal: |$this:ident, $codes:ident| $key:expr, $when:expr;)+) => {
        $(impl Row for $row {
            const TABLE: &'static str = $table;
            fn key(&self, $codes: &Codes) -> Vec<String> {
                let $this = self;
                $key
            }
            fn when(&self) -> When {
                let $this = self;
                $when
            }
        })+
    };
}

rows! {
    Dealer in "dealers": |row, codes| texts(codes, [row.dealer]), When::Day(row.opened_on);
    Move in "dealer_regions": |row, codes| with(texts(codes, [row.dealer]), [row.from.to_string()]), When::Day(row.from);
    Post in "posts": |row, codes| vec![
        codes.text(row.person).to_owned(),
        row.role.name().to_owned(),
        codes.text(row.scope).to_owned(),
        row.from.to_string(),
    ], When::Day(row.from);
    Bays in "bays": |row, codes| with(texts(codes, [row.dealer]), [row.effective_on.to_string()]), When::Day(row.effective_on);
    CustomerBase in "customer_base": |row, codes| with(texts(codes, [row.dealer]), [row.month.to_string()]), When::Month(row.month);
    Inspection in "inspections": |row, codes| texts(codes, [row.inspection, row.item]), When::At(row.inspected_at);
    Complaint in "complaints": |row, codes| texts(codes, [row.complaint]), When::At(row.received_at);
    ComplaintEvent in "complaint_events": |row, codes| with(
        texts(codes, [row.complaint]), [row.at.to_string(), row.deed.kind().to_owned()],
    ), When::At(row.at);
    Employment in "employments": |row, codes| with(
        texts(codes, [row.person, row.dealer, row.position]), [row.from.to_string()],
    ), When::Day(row.from);
    Certificate in "certificates": |row, codes| texts(codes, [row.certificate]), When::Day(row.issued_on);
    WorkOrder in "work_orders": |row, codes| texts(codes, [row.work_order]), When::At(row.created_at);
    SupportRequest in "support_requests": |row, codes| texts(codes, [row.request]), When::At(row.requested_at);
    Delay in "work_order_delays": |row, codes| with(texts(codes, [row.work_order]), [row.given_at.to_string()]), When::At(row.given_at);
    Answer in "surveys": |row, codes| texts(codes, [row.response, row.factor]), When::At(row.answered_at);
    MysteryVisit in "mystery_visits": |row, codes| texts(codes, [row.visit]), When::Day(row.visited_on);
    Feedback in "feedback": |row, codes| texts(codes, [row.feedback]), When::At(row.received_at);
    Callback in "callbacks": |row, codes| with(texts(codes, [row.work_order]), [row.at.to_string()]), When::At(row.at);
    Vehicle in "vehicles": |row, codes| texts(codes, [row.vin]), When::Day(row.sold_on);
    PartPrice in "part_prices": |row, codes| vec![
        codes.text(row.part).to_owned(),
        row.effective_on.to_string(),
        row.dealer.map_or_else(String::new, |dealer| codes.text(dealer).to_owned()),
    ], When::Day(row.effective_on);
    Exam in "exams": |row, codes| with(texts(codes, [row.person]), [row.taken_on.to_string()]), When::Day(row.taken_on);
    Ruling in "rulings": |row, _codes| vec![row.ruling.clone()], When::At(row.decided_at);
}

fn with<const N: usize>(mut key: Vec<String>, more: [String; N]) -> Vec<String> {
    key.extend(more);
    key
}

impl Role {
    /// Its name in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RegionDirector => "region-director",
            Self::RegionDeputyDirector => "region-deputy-director",
            Self::DistrictManager => "district-manager",
            Self::DealerGm => "dealer-gm",
        }
    }
}

impl Deed {
    /// Its kind in a file.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::FirstReply => "first-reply",
            Self::HandledByDealerGm | Self::HandledByDeputyDirector => "handled",
            Self::Submitted => "submitted",
            Self::Callback(_) => "callback",
        }
    }
}

impl Facts {
    /// The facts as if one row had never been sent. A table or key that is not here leaves all as they are.
    #[must_use]
    pub fn without(&self, table: &str, key: &[String]) -> Self {
        fn leave_out<R: Row>(rows: &mut Vec<R>, codes: &Codes, table: &str, key: &[String]) {
            if R::TABLE == table {
                rows.retain(|row| row.key(codes) != key);
            }
        }
        let mut facts = self.clone();
        let codes = &self.codes;
        leave_out(&mut facts.dealers, codes, table, key);
        leave_out(&mut facts.moves, codes, table, key);
        leave_out(&mut facts.posts, codes, table, key);
        leave_out(&mut facts.bays, codes, table, key);
        leave_out(&mut facts.customer_base, codes, table, key);
        leave_out(&mut facts.inspections, codes, table, key);
        leave_out(&mut facts.complaints, codes, table, key);
        leave_out(&mut facts.complaint_events, codes, table, key);
        leave_out(&mut facts.employments, codes, table, key);
        leave_out(&mut facts.certificates, codes, table, key);
        leave_out(&mut facts.work_orders, codes, table, key);
        leave_out(&mut facts.support_requests, codes, table, key);
        leave_out(&mut facts.delays, codes, table, key);
        leave_out(&mut facts.answers, codes, table, key);
        leave_out(&mut facts.mystery_visits, codes, table, key);
        leave_out(&mut facts.feedback, codes, table, key);
        leave_out(&mut facts.callbacks, codes, table, key);
        leave_out(&mut facts.vehicles, codes, table, key);
        leave_out(&mut facts.part_prices, codes, table, key);
        leave_out(&mut facts.exams, codes, table, key);
        leave_out(&mut facts.rulings, codes, table, key);
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables;

    fn check<R: Row>(row: &R, codes: &Codes) {
        let table = tables::table(R::TABLE).expect(R::TABLE);
        assert_eq!(row.key(codes).len(), table.key().count(), "{}", R::TABLE);
    }

    #[test]
    fn keys_have_the_columns_of_their_tables_and_leave_out_one_row() {
        let mut facts = Facts::default();
        let (dealer, region, other) =
            (facts.codes.keep("D1"), facts.codes.keep("R1"), facts.codes.keep("P1"));
        let day = Date::constant(2025, 3, 5);
        facts.posts.push(Post {
            person: other,
            role: Role::DistrictManager,
            scope: dealer,
            from: day,
            to: None,
        });
        facts.posts.push(Post {
            person: other,
            role: Role::RegionDirector,
            scope: region,
            from: day,
            to: None,
        });
        let event = ComplaintEvent { complaint: other, at: Instant(0), deed: Deed::HandledByDealerGm };
        let base = CustomerBase { dealer, month: Period::of(day), base_customers: 1, visits: None };
        check(&facts.posts[0], &facts.codes);
        check(&event, &facts.codes);
        check(&base, &facts.codes);
        check(&Move { dealer, from: day, region }, &facts.codes);
        check(&Bays { dealer, effective_on: day, bays: 1 }, &facts.codes);
        check(&Dealer { dealer, region, opened_on: day, closed_on: None }, &facts.codes);
        assert_eq!(event.key(&facts.codes), ["P1", "1970-01-01T00:00:00Z", "handled"]);
        assert_eq!(base.key(&facts.codes), ["D1", "2025-03"]);
        let key = facts.posts[0].key(&facts.codes);
        assert_eq!(key, ["P1", "district-manager", "D1", "2025-03-05"]);
        assert_eq!(facts.without("posts", &key).posts.len(), 1);
        assert_eq!(facts.without("bays", &key).posts.len(), 2);
    }
}
