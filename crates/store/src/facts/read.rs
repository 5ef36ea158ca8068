//! Reading facts for an evaluation: those that hold, of all dealers, of some, or of a few units.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, BigInt, Bool, Date as SqlDate, Nullable, Text, Timestamptz};
use diesel::{QueryableByName, RunQueryDsl};
use farsight_rulebook::calendar::{Calendar, DayKind};
use farsight_rulebook::codes::{Code, Codes};
use farsight_rulebook::facts::{
    Bays, Certificate, Complaint, ComplaintEvent, CustomerBase, Dealer, Deed, Employment, Facts, Inspection,
    InspectionResult, Level, Move, Post, Role, Ruling, RulingKind, SupportRequest, WorkOrder,
};
use farsight_rulebook::money::Money;
use jiff::civil::Date;

use super::short::Short;
use crate::values::{date, instant, month, pg_date};
use crate::{StoreError, Tx};

/// What holds: not superseded and not voided.
const HOLDS: &str = "t.superseded_at = 'infinity' AND NOT t.voided";

/// Rows to look for, put into the temporary table `wanted (a, b, on_day)`.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    a: Vec<String>,
    b: Vec<String>,
    on_day: Vec<Option<PgDate>>,
}

impl Wanted {
    /// One code a row.
    pub fn codes<'c>(codes: impl IntoIterator<Item = &'c str>) -> Self {
        let mut wanted = Self::default();
        codes.into_iter().for_each(|code| wanted.push(code, "", None));
        wanted
    }

    /// Adds a row.
    pub fn push(&mut self, a: &str, b: &str, on_day: Option<Date>) {
        self.a.push(a.to_owned());
        self.b.push(b.to_owned());
        self.on_day.push(on_day.map(pg_date));
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.a.is_empty()
    }
}

/// Which rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All that hold.
    All,
    /// Those whose dealer is wanted as `a`.
    OfDealers,
    /// Those whose own id is wanted as `a`.
    ById,
    /// Work orders of dealer `a`, created on the local date `on_day`.
    OfDealerDays,
    /// Those of dealer `a` and vehicle `b`.
    OfVehicles,
}

impl Tx<'_> {
    /// Puts what is wanted where the next reads find it.
    pub fn want(&mut self, wanted: &Wanted) -> Result<(), StoreError> {
        self.execute("DROP TABLE IF EXISTS pg_temp.wanted")?;
        self.execute("CREATE TEMP TABLE wanted (a text, b text, on_day date) ON COMMIT DROP")?;
        diesel::sql_query("INSERT INTO pg_temp.wanted SELECT * FROM unnest($1, $2, $3)")
            .bind::<Array<Text>, _>(&wanted.a)
            .bind::<Array<Text>, _>(&wanted.b)
            .bind::<Array<Nullable<SqlDate>>, _>(&wanted.on_day)
            .execute(self.connection)?;
        self.execute("ANALYZE pg_temp.wanted")?;
        Ok(())
    }

    fn rows<S, R>(&mut self, query: &str, take: impl FnMut(R)) -> Result<(), StoreError>
    where
        S: diesel::expression::TypedExpressionType,
        SqlLiteral<S>: for<'q> diesel::query_dsl::LoadQuery<'q, diesel::PgConnection, R, diesel::pg::PgRowByRowLoadingMode>,
    {
        self.each::<SqlLiteral<S>, R>(sql::<S>(query), take)
    }
}

fn level(text: Option<Short>) -> Option<Level> {
    text.and_then(|text| Level::named(text.as_str()))
}

fn keep(codes: &mut Codes, text: Option<Short>) -> Option<Code> {
    text.map(|text| codes.keep(text.as_str()))
}

/// Who there is and what holds for the whole network: dealers, moves, posts, bays, rulings.
pub fn network(tx: &mut Tx, facts: &mut Facts) -> Result<(), StoreError> {
    let Facts { codes, dealers, moves, posts, bays, rulings, .. } = facts;
    tx.rows::<(Text, Text, SqlDate, Nullable<SqlDate>), (Short, Short, PgDate, Option<PgDate>)>(
        &format!("SELECT t.dealer_code, t.region_code, t.opened_on, t.closed_on FROM dealers t WHERE {HOLDS}"),
        |(dealer, region, opened_on, closed_on)| {
            let (dealer, region) = (codes.keep(dealer.as_str()), codes.keep(region.as_str()));
            dealers.push(Dealer { dealer, region, opened_on: date(opened_on), closed_on: closed_on.map(date) });
        },
    )?;
    tx.rows::<(Text, SqlDate, Text), (Short, PgDate, Short)>(
        &format!("SELECT t.dealer_code, t.\"from\", t.region_code FROM dealer_regions t WHERE {HOLDS}"),
        |(dealer, from, region)| {
            let (dealer, region) = (codes.keep(dealer.as_str()), codes.keep(region.as_str()));
            moves.push(Move { dealer, from: date(from), region });
        },
    )?;
    tx.rows::<(Text, Text, Text, SqlDate, Nullable<SqlDate>), (Short, Short, Short, PgDate, Option<PgDate>)>(
        &format!("SELECT t.person_code, t.role, t.scope_code, t.\"from\", t.\"to\" FROM posts t WHERE {HOLDS}"),
        |(person, role, scope, from, to)| {
            let Some(role) = Role::named(role.as_str()) else { return };
            let (person, scope) = (codes.keep(person.as_str()), codes.keep(scope.as_str()));
            posts.push(Post { person, role, scope, from: date(from), to: to.map(date) });
        },
    )?;
    tx.rows::<(Text, SqlDate, BigInt), (Short, PgDate, i64)>(
        &format!("SELECT t.dealer_code, t.effective_on, t.bays FROM bays t WHERE {HOLDS}"),
        |(dealer, effective_on, number)| {
            bays.push(Bays { dealer: codes.keep(dealer.as_str()), effective_on: date(effective_on), bays: number });
        },
    )?;
    tx.rows::<(Text, Text, Text, Nullable<Text>, Timestamptz, Nullable<BigInt>), (String, Short, String, Option<String>, PgTimestamp, Option<i64>)>(
        &format!("SELECT t.ruling_id, t.kind, t.subject, t.family, t.decided_at, t.amount FROM rulings t WHERE {HOLDS}"),
        |(ruling, kind, subject, family, decided_at, amount)| {
            let Some(kind) = RulingKind::named(kind.as_str()) else { return };
            rulings.push(Ruling { ruling, kind, subject, family, decided_at: instant(decided_at), amount: amount.map(Money) });
        },
    )?;
    Ok(())
}

/// Who works where and is certified for what.
pub fn staff(tx: &mut Tx, facts: &mut Facts) -> Result<(), StoreError> {
    let Facts { codes, employments, certificates, .. } = facts;
    tx.rows::<(Text, Text, Text, SqlDate, Nullable<SqlDate>, Nullable<Text>), (Short, Short, Short, PgDate, Option<PgDate>, Option<String>)>(
        &format!(
            "SELECT t.person_code, t.dealer_code, t.position, t.\"from\", t.\"to\", t.leave_reason FROM employments t WHERE {HOLDS}"
        ),
        |(person, dealer, position, from, to, leave_reason)| {
            employments.push(Employment {
                person: codes.keep(person.as_str()),
                dealer: codes.keep(dealer.as_str()),
                position: codes.keep(position.as_str()),
                from: date(from),
                to: to.map(date),
                leave_reason: leave_reason.map(|reason| codes.keep(&reason)),
            });
        },
    )?;
    tx.rows::<(Text, Text, Text, Nullable<Text>, SqlDate, SqlDate, Nullable<SqlDate>), (Short, Short, Short, Option<Short>, PgDate, PgDate, Option<PgDate>)>(
        &format!(
            "SELECT t.certificate_id, t.person_code, t.kind, t.level, t.issued_on, t.expires_on, t.revoked_on FROM certificates t WHERE {HOLDS}"
        ),
        |(certificate, person, kind, of_level, issued_on, expires_on, revoked_on)| {
            certificates.push(Certificate {
                certificate: codes.keep(certificate.as_str()),
                person: codes.keep(person.as_str()),
                kind: codes.keep(kind.as_str()),
                level: level(of_level),
                issued_on: date(issued_on),
                expires_on: date(expires_on),
                revoked_on: revoked_on.map(date),
            });
        },
    )?;
    Ok(())
}

/// Monthly customers of the whole network.
pub fn customer_base(tx: &mut Tx, facts: &mut Facts) -> Result<(), StoreError> {
    let Facts { codes, customer_base, .. } = facts;
    tx.rows::<(Text, SqlDate, BigInt, Nullable<BigInt>), (Short, PgDate, i64, Option<i64>)>(
        &format!("SELECT t.dealer_code, t.month, t.base_customers, t.visits FROM customer_base t WHERE {HOLDS}"),
        |(dealer, of_month, base_customers, visits)| {
            customer_base.push(CustomerBase { dealer: codes.keep(dealer.as_str()), month: month(of_month), base_customers, visits });
        },
    )
}

/// Where rows of a table are wanted from: the join and the condition.
fn from(table: &str, which: Which, id: &str, zone: &str) -> String {
    match which {
        Which::All => format!("{table} t WHERE {HOLDS}"),
        Which::OfDealers => format!("{table} t WHERE {HOLDS} AND t.dealer_code IN (SELECT a FROM pg_temp.wanted)"),
        Which::ById => format!("pg_temp.wanted w JOIN {table} t ON t.{id} = w.a WHERE {HOLDS}"),
        Which::OfVehicles => format!("pg_temp.wanted w JOIN {table} t ON t.dealer_code = w.a AND t.vin = w.b WHERE {HOLDS}"),
        Which::OfDealerDays => format!(
            "pg_temp.wanted w JOIN {table} t ON t.dealer_code = w.a
                 AND t.created_at >= (w.on_day::timestamp AT TIME ZONE '{zone}')
                 AND t.created_at < ((w.on_day + 1)::timestamp AT TIME ZONE '{zone}') WHERE {HOLDS}"
        ),
    }
}

/// Inspection results.
pub fn inspections(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let Facts { codes, inspections, .. } = facts;
    tx.rows::<(Text, Text, Text, Timestamptz, Text, Text), (Short, Short, Short, PgTimestamp, Short, Short)>(
        &format!(
            "SELECT t.inspection_id, t.item_code, t.dealer_code, t.inspected_at, t.result, t.kind FROM {}",
            from("inspections", which, "inspection_id", "")
        ),
        |(inspection, item, dealer, at, result, kind)| {
            inspections.push(Inspection {
                inspection: codes.keep(inspection.as_str()),
                item: codes.keep(item.as_str()),
                dealer: codes.keep(dealer.as_str()),
                inspected_at: instant(at),
                result: match result.as_str() {
                    "pass" => InspectionResult::Pass,
                    "fail" => InspectionResult::Fail,
                    "na" => InspectionResult::NotApplicable,
                    _ => InspectionResult::NotVisible,
                },
                follow_up: kind.as_str() == "follow-up",
            });
        },
    )
}

/// Complaints.
pub fn complaints(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let Facts { codes, complaints, .. } = facts;
    tx.rows::<(Text, Text, Timestamptz, Nullable<Timestamptz>, Text, Text, Nullable<Text>), (Short, Short, PgTimestamp, Option<PgTimestamp>, Short, String, Option<Short>)>(
        &format!(
            "SELECT t.complaint_id, t.dealer_code, t.received_at, t.dispatched_at, t.severity, t.category, t.vin FROM {}",
            from("complaints", which, "complaint_id", "")
        ),
        |(complaint, dealer, received_at, dispatched_at, severity, category, vin)| {
            complaints.push(Complaint {
                complaint: codes.keep(complaint.as_str()),
                dealer: codes.keep(dealer.as_str()),
                received_at: instant(received_at),
                dispatched_at: dispatched_at.map(instant),
                major: severity.as_str() == "major",
                category: codes.keep(&category),
                vin: keep(codes, vin),
            });
        },
    )
}

/// Deeds on complaints; `OfDealers` reads those of the complaints of these dealers.
pub fn complaint_events(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let Facts { codes, complaint_events, .. } = facts;
    let source = match which {
        Which::OfDealers => format!(
            "complaint_events t JOIN complaints c ON c.complaint_id = t.complaint_id AND c.superseded_at = 'infinity' AND NOT c.voided
             WHERE {HOLDS} AND c.dealer_code IN (SELECT a FROM pg_temp.wanted)"
        ),
        other => from("complaint_events", other, "complaint_id", ""),
    };
    tx.rows::<(Text, Timestamptz, Text, Nullable<Text>, Nullable<Bool>), (Short, PgTimestamp, Short, Option<Short>, Option<bool>)>(
        &format!("SELECT t.complaint_id, t.at, t.kind, t.actor_role, t.satisfied FROM {source}"),
        |(complaint, at, kind, actor_role, satisfied)| {
            let deed = match (kind.as_str(), actor_role.as_ref().map(Short::as_str)) {
                ("first-reply", _) => Deed::FirstReply,
                ("handled", Some("dealer-gm")) => Deed::HandledByDealerGm,
                ("handled", _) => Deed::HandledByDeputyDirector,
                ("submitted", _) => Deed::Submitted,
                _ => Deed::Callback(satisfied),
            };
            complaint_events.push(ComplaintEvent { complaint: codes.keep(complaint.as_str()), at: instant(at), deed });
        },
    )
}

/// Work orders.
pub fn work_orders(tx: &mut Tx, facts: &mut Facts, which: Which, zone: &str) -> Result<(), StoreError> {
    let Facts { codes, work_orders, .. } = facts;
    let faulty = if which == Which::OfVehicles { " AND t.fault_code IS NOT NULL" } else { "" };
    tx.rows::<
        (Text, Text, Text, Nullable<Text>, Timestamptz, Nullable<Timestamptz>, Nullable<Bool>, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Bool>),
        (Short, Short, Short, Option<Short>, PgTimestamp, Option<PgTimestamp>, Option<bool>, Option<Short>, Option<Short>, Option<Short>, Option<bool>),
    >(
        &format!(
            "SELECT t.work_order_id, t.dealer_code, t.vin, t.fault_code, t.created_at, t.completed_at, t.fixed,
                    t.advisor_code, t.technician_code, t.level, t.nev FROM {}{faulty}",
            from("work_orders", which, "work_order_id", zone)
        ),
        |(work_order, dealer, vin, fault, created_at, completed_at, fixed, advisor, technician, of_level, nev)| {
            work_orders.push(WorkOrder {
                work_order: codes.keep(work_order.as_str()),
                dealer: codes.keep(dealer.as_str()),
                vin: codes.keep(vin.as_str()),
                fault: keep(codes, fault),
                created_at: instant(created_at),
                completed_at: completed_at.map(instant),
                fixed,
                advisor: keep(codes, advisor),
                technician: keep(codes, technician),
                level: level(of_level).unwrap_or(Level::Basic),
                nev: nev == Some(true),
            });
        },
    )
}

/// Requests for technical support.
pub fn support_requests(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let Facts { codes, support_requests, .. } = facts;
    tx.rows::<(Text, Text, Text, Text, Timestamptz), (Short, Short, Short, Short, PgTimestamp)>(
        &format!(
            "SELECT t.request_id, t.dealer_code, t.vin, t.fault_code, t.requested_at FROM {}",
            from("support_requests", which, "request_id", "")
        ),
        |(request, dealer, vin, fault, requested_at)| {
            support_requests.push(SupportRequest {
                request: codes.keep(request.as_str()),
                dealer: codes.keep(dealer.as_str()),
                vin: codes.keep(vin.as_str()),
                fault: codes.keep(fault.as_str()),
                requested_at: instant(requested_at),
            });
        },
    )
}

#[derive(QueryableByName)]
struct CalendarDay {
    #[diesel(sql_type = SqlDate)]
    day: PgDate,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    voided: bool,
}

/// Lays the tenant's own calendar over the one that ships.
pub fn calendar(tx: &mut Tx, calendar: &mut Calendar) -> Result<(), StoreError> {
    let query = "SELECT day, kind, voided FROM calendar WHERE superseded_at = 'infinity'";
    let days: Vec<CalendarDay> = diesel::sql_query(query).load(tx.connection)?;
    for row in days {
        match (row.voided, row.kind.as_str()) {
            (true, _) => calendar.clear(date(row.day)),
            (false, "holiday") => calendar.set(date(row.day), DayKind::Holiday),
            (false, _) => calendar.set(date(row.day), DayKind::MakeUp),
        }
    }
    Ok(())
}

/// The codes of all dealers, also of those voided (what was posted for them may have to be reversed).
pub fn dealer_codes(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let mut codes = Vec::new();
    tx.rows::<Text, String>("SELECT t.dealer_code FROM dealers t WHERE t.superseded_at = 'infinity' ORDER BY 1", |code| {
        codes.push(code);
    })?;
    Ok(codes)
}

/// About how many work orders there are, of all tenants, by the table's size on disk.
pub fn estimated_work_orders(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.number("SELECT pg_relation_size('work_orders') / 230 AS number")
}

/// The codes of all regions.
pub fn region_codes(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let mut codes = Vec::new();
    tx.rows::<Text, String>("SELECT t.region_code FROM regions t WHERE t.superseded_at = 'infinity' ORDER BY 1", |code| {
        codes.push(code);
    })?;
    Ok(codes)
}
