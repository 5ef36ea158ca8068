//! Reading facts for an evaluation: those that hold, of all dealers, of some, or of a few units.

mod service;

use diesel::RunQueryDsl;
use diesel::data_types::PgDate;
use diesel::sql_types::{Array, Bool, Date as SqlDate, Nullable, Text};
use farsight_rulebook::calendar::{Calendar, DayKind};
use farsight_rulebook::codes::{Code, Codes};
use farsight_rulebook::facts::{
    Bays, Certificate, Complaint, ComplaintEvent, CustomerBase, Dealer, Deed, Employment, Facts, Inspection,
    InspectionResult, Level, Move, Post, Role, Ruling, RulingKind, SupportRequest, WorkOrder,
};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::{Instant, plus_days};
use jiff::civil::Date;

use crate::values::{date, literal, pg_date};
use crate::{StoreError, Tx};

pub use service::{
    answers, callbacks, delays, exams, feedback, feedback_of_days, mystery_visits, of_orders, part_prices,
};

/// Rows to look for, put into the temporary table `wanted (a, b, on_day, until_day)`.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    a: Vec<String>,
    b: Vec<String>,
    on_day: Vec<Option<PgDate>>,
    until_day: Vec<Option<PgDate>>,
}

impl Wanted {
    /// One code a row.
    pub fn codes<'c>(codes: impl IntoIterator<Item = &'c str>) -> Self {
        let mut wanted = Self::default();
        codes.into_iter().for_each(|code| wanted.push(code, "", None));
        wanted
    }

    /// Adds a row, of one day where it names one.
    pub fn push(&mut self, a: &str, b: &str, on_day: Option<Date>) {
        self.add(a, b, on_day, on_day.map(|day| plus_days(day, 1)));
    }

    /// Adds all days of a month.
    pub fn push_month(&mut self, a: &str, month: Period) {
        self.add(a, "", Some(month.first_day()), Some(month.next().first_day()));
    }

    fn add(&mut self, a: &str, b: &str, on_day: Option<Date>, until_day: Option<Date>) {
        self.a.push(a.to_owned());
        self.b.push(b.to_owned());
        self.on_day.push(on_day.map(pg_date));
        self.until_day.push(until_day.map(pg_date));
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
    /// The same, looked up one dealer after the other: for few of many.
    DealerByDealer,
    /// Those whose own id is wanted as `a`.
    ById,
    /// Work orders of dealer `a`, created from the local date `on_day` to before `until_day`; survey answers, inspections, complaints and feedback of then.
    OfDealerDays,
    /// Work orders of dealer `a`, completed then.
    OfDealerCompletions,
    /// Work orders of dealer `a`, created or completed then; one that was both for different rows comes for each.
    OfDealerWork,
    /// Those of dealer `a` and vehicle `b`.
    OfVehicles,
}

impl Tx<'_> {
    /// Puts what is wanted where the next reads find it.
    pub fn want(&mut self, wanted: &Wanted) -> Result<(), StoreError> {
        self.execute("DROP TABLE IF EXISTS pg_temp.wanted CASCADE")?;
        self.execute(
            "CREATE TEMP TABLE wanted (a text, b text, on_day date, until_day date) ON COMMIT DROP",
        )?;
        diesel::sql_query("INSERT INTO pg_temp.wanted SELECT * FROM unnest($1, $2, $3, $4)")
            .bind::<Array<Text>, _>(&wanted.a)
            .bind::<Array<Text>, _>(&wanted.b)
            .bind::<Array<Nullable<SqlDate>>, _>(&wanted.on_day)
            .bind::<Array<Nullable<SqlDate>>, _>(&wanted.until_day)
            .execute(self.connection)?;
        self.execute("ANALYZE pg_temp.wanted")?;
        Ok(())
    }
}

fn keep(codes: &mut Codes, text: Option<&str>) -> Option<Code> {
    text.map(|text| codes.keep(text))
}

/// Who there is and what holds for the whole network: dealers, moves, posts, bays, rulings.
pub fn network(tx: &mut Tx, facts: &mut Facts) -> Result<(), StoreError> {
    let Facts { codes, dealers, moves, posts, bays, .. } = facts;
    let holds = tx.holds();
    tx.read(
        &format!(
            "SELECT t.dealer_code, t.region_code, t.opened_on, t.closed_on FROM dealers t WHERE {holds}"
        ),
        |row| {
            let (dealer, region) = (codes.keep(row.text()), codes.keep(row.text()));
            dealers.push(Dealer { dealer, region, opened_on: row.date(), closed_on: row.date_or() });
        },
    )?;
    tx.read(
        &format!("SELECT t.dealer_code, t.\"from\", t.region_code FROM dealer_regions t WHERE {holds}"),
        |row| {
            moves.push(Move {
                dealer: codes.keep(row.text()),
                from: row.date(),
                region: codes.keep(row.text()),
            });
        },
    )?;
    tx.read(
        &format!(
            "SELECT t.person_code, t.scope_code, t.role, t.\"from\", t.\"to\" FROM posts t WHERE {holds}"
        ),
        |row| {
            let (person, scope) = (codes.keep(row.text()), codes.keep(row.text()));
            let (role, from, to) = (Role::named(row.text()), row.date(), row.date_or());
            posts.extend(role.map(|role| Post { person, role, scope, from, to }));
        },
    )?;
    tx.read(&format!("SELECT t.dealer_code, t.effective_on, t.bays FROM bays t WHERE {holds}"), |row| {
        bays.push(Bays { dealer: codes.keep(row.text()), effective_on: row.date(), bays: row.big() });
    })?;
    self::rulings(tx, facts)
}

/// The rulings that hold.
pub fn rulings(tx: &mut Tx, facts: &mut Facts) -> Result<(), StoreError> {
    let holds = tx.holds();
    let rulings = &mut facts.rulings;
    tx.read(
        &format!(
            "SELECT t.kind, t.ruling_id, t.subject, t.family, t.decided_at, t.amount FROM rulings t WHERE {holds}"
        ),
        |row| {
            let kind = RulingKind::named(row.text());
            let (ruling, subject) = (row.text().to_owned(), row.text().to_owned());
            let family = row.text_or().map(str::to_owned);
            let (decided_at, amount) = (row.instant(), row.big_or().map(Money));
            rulings.extend(kind.map(|kind| Ruling { ruling, kind, subject, family, decided_at, amount }));
        },
    )
}

/// Who works where and is certified for what.
pub fn staff(tx: &mut Tx, facts: &mut Facts) -> Result<(), StoreError> {
    let Facts { codes, employments, certificates, .. } = facts;
    let holds = tx.holds();
    tx.read(
        &format!(
            "SELECT t.person_code, t.dealer_code, t.position, t.\"from\", t.\"to\", t.leave_reason FROM employments t WHERE {holds}"
        ),
        |row| {
            employments.push(Employment {
                person: codes.keep(row.text()),
                dealer: codes.keep(row.text()),
                position: codes.keep(row.text()),
                from: row.date(),
                to: row.date_or(),
                leave_reason: keep(codes, row.text_or()),
            });
        },
    )?;
    tx.read(
        &format!(
            "SELECT t.certificate_id, t.person_code, t.kind, t.level, t.issued_on, t.expires_on, t.revoked_on
             FROM certificates t WHERE {holds}"
        ),
        |row| {
            certificates.push(Certificate {
                certificate: codes.keep(row.text()),
                person: codes.keep(row.text()),
                kind: codes.keep(row.text()),
                level: row.text_or().and_then(Level::named),
                issued_on: row.date(),
                expires_on: row.date(),
                revoked_on: row.date_or(),
            });
        },
    )
}

/// Monthly customers of the whole network.
pub fn customer_base(tx: &mut Tx, facts: &mut Facts) -> Result<(), StoreError> {
    let Facts { codes, customer_base, .. } = facts;
    let holds = tx.holds();
    tx.read(
        &format!(
            "SELECT t.dealer_code, t.month, t.base_customers, t.visits FROM customer_base t WHERE {holds}"
        ),
        |row| {
            customer_base.push(CustomerBase {
                dealer: codes.keep(row.text()),
                month: Period::of(row.date()),
                base_customers: row.big(),
                visits: row.big_or(),
            });
        },
    )
}

/// Where rows of a table are wanted from. `OFFSET 0` is a fence: what is wanted is looked up row by row, by index.
fn from(tx: &Tx, table: &str, which: Which, id: &str, zone: &str) -> String {
    source(&tx.holds(), table, which, id, zone)
}

/// The same, of the rows that some condition on `t` holds for.
pub(super) fn source(holds: &str, table: &str, which: Which, id: &str, zone: &str) -> String {
    let looked_up = |condition: &str| {
        format!(
            "pg_temp.wanted w CROSS JOIN LATERAL (SELECT * FROM {table} t WHERE {holds} AND {condition} OFFSET 0) AS t"
        )
    };
    match which {
        Which::All => format!("{table} t WHERE {holds}"),
        Which::OfDealers => {
            format!("{table} t WHERE {holds} AND t.dealer_code IN (SELECT a FROM pg_temp.wanted)")
        }
        Which::DealerByDealer => looked_up("t.dealer_code = w.a"),
        Which::ById => looked_up(&format!("t.{id} = w.a")),
        Which::OfVehicles if table == "work_orders" => {
            looked_up("t.vin = w.b AND t.dealer_code = w.a AND t.fault_code IS NOT NULL")
        }
        Which::OfVehicles => looked_up("t.dealer_code = w.a AND t.vin = w.b"),
        Which::OfDealerDays | Which::OfDealerCompletions => {
            let at = match (which, table) {
                (Which::OfDealerCompletions, _) => "completed_at",
                (_, "surveys") => "answered_at",
                (_, "inspections") => "inspected_at",
                (_, "complaints" | "feedback") => "received_at",
                _ => "created_at",
            };
            looked_up(&format!("t.dealer_code = w.a AND {}", within(at, zone)))
        }
        Which::OfDealerWork => looked_up(&format!(
            "t.dealer_code = w.a AND ({} OR {})",
            within("created_at", zone),
            within("completed_at", zone)
        )),
    }
}

/// Whether an instant of `t` lies in the days wanted.
fn within(at: &str, zone: &str) -> String {
    format!(
        "t.{at} >= (w.on_day::timestamp AT TIME ZONE '{zone}') AND t.{at} < (w.until_day::timestamp AT TIME ZONE '{zone}')"
    )
}

/// Inspection results.
pub fn inspections(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let source = from(tx, "inspections", which, "inspection_id", "");
    inspections_from(tx, facts, &source)
}

/// Inspection results of the dealers and days wanted.
pub fn inspections_of_days(tx: &mut Tx, facts: &mut Facts, zone: &str) -> Result<(), StoreError> {
    let source = from(tx, "inspections", Which::OfDealerDays, "inspection_id", zone);
    inspections_from(tx, facts, &source)
}

fn inspections_from(tx: &mut Tx, facts: &mut Facts, source: &str) -> Result<(), StoreError> {
    let Facts { codes, inspections, .. } = facts;
    tx.read(
        &format!("SELECT t.inspection_id, t.item_code, t.dealer_code, t.inspected_at, t.result, t.kind FROM {source}"),
        |row| {
            inspections.push(Inspection {
                inspection: codes.keep(row.text()),
                item: codes.keep(row.text()),
                dealer: codes.keep(row.text()),
                inspected_at: row.instant(),
                result: match row.text() {
                    "pass" => InspectionResult::Pass,
                    "fail" => InspectionResult::Fail,
                    "na" => InspectionResult::NotApplicable,
                    _ => InspectionResult::NotVisible,
                },
                follow_up: row.text() == "follow-up",
            });
        },
    )
}

/// Failures seen by camera from one instant to before another, of the whole network.
pub fn failures_between(
    tx: &mut Tx,
    facts: &mut Facts,
    from: Instant,
    to: Instant,
) -> Result<(), StoreError> {
    let Facts { codes, inspections, .. } = facts;
    let holds = tx.holds();
    tx.read(
        &format!(
            "SELECT t.inspection_id, t.item_code, t.dealer_code, t.inspected_at, t.kind FROM inspections t
             WHERE {holds} AND t.result = 'fail' AND t.inspected_at >= {} AND t.inspected_at < {}",
            literal(from),
            literal(to)
        ),
        |row| {
            inspections.push(Inspection {
                inspection: codes.keep(row.text()),
                item: codes.keep(row.text()),
                dealer: codes.keep(row.text()),
                inspected_at: row.instant(),
                result: InspectionResult::Fail,
                follow_up: row.text() == "follow-up",
            });
        },
    )
}

/// Complaints.
pub fn complaints(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let source = from(tx, "complaints", which, "complaint_id", "");
    complaints_from(tx, facts, &source)
}

/// Complaints that the dealers wanted received on the days wanted.
pub fn complaints_of_days(tx: &mut Tx, facts: &mut Facts, zone: &str) -> Result<(), StoreError> {
    let source = from(tx, "complaints", Which::OfDealerDays, "complaint_id", zone);
    complaints_from(tx, facts, &source)
}

fn complaints_from(tx: &mut Tx, facts: &mut Facts, source: &str) -> Result<(), StoreError> {
    let Facts { codes, complaints, .. } = facts;
    tx.read(
        &format!(
            "SELECT t.complaint_id, t.dealer_code, t.received_at, t.dispatched_at, t.severity, t.category, t.vin FROM {source}"
        ),
        |row| {
            complaints.push(Complaint {
                complaint: codes.keep(row.text()),
                dealer: codes.keep(row.text()),
                received_at: row.instant(),
                dispatched_at: row.instant_or(),
                major: row.text() == "major",
                category: codes.keep(row.text()),
                vin: keep(codes, row.text_or()),
            });
        },
    )
}

/// Deeds on complaints; `OfDealers` reads those of the complaints of these dealers.
pub fn complaint_events(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let Facts { codes, complaint_events, .. } = facts;
    let holds = tx.holds();
    let source = match which {
        Which::OfDealers => format!(
            "complaint_events t JOIN complaints c ON c.complaint_id = t.complaint_id AND {}
             WHERE {holds} AND c.dealer_code IN (SELECT a FROM pg_temp.wanted)",
            tx.holds_of("c")
        ),
        other => from(tx, "complaint_events", other, "complaint_id", ""),
    };
    tx.read(&format!("SELECT t.complaint_id, t.at, t.kind, t.actor_role, t.satisfied FROM {source}"), |row| {
        let (complaint, at) = (codes.keep(row.text()), row.instant());
        let (kind, actor_role, satisfied) = (row.text(), row.text_or(), row.flag_or());
        let deed = match (kind, actor_role) {
            ("first-reply", _) => Deed::FirstReply,
            ("handled", Some("dealer-gm")) => Deed::HandledByDealerGm,
            ("handled", _) => Deed::HandledByDeputyDirector,
            ("submitted", _) => Deed::Submitted,
            _ => Deed::Callback(satisfied),
        };
        complaint_events.push(ComplaintEvent { complaint, at, deed });
    })
}

/// Work orders.
pub fn work_orders(tx: &mut Tx, facts: &mut Facts, which: Which, zone: &str) -> Result<(), StoreError> {
    let Facts { codes, work_orders, .. } = facts;
    let source = from(tx, "work_orders", which, "work_order_id", zone);
    tx.read(
        &format!(
            "SELECT t.work_order_id, t.dealer_code, t.vin, t.fault_code, t.reported_at, t.created_at, t.diagnosed_at,
                    t.promised_at, t.completed_at, t.fixed, t.advisor_code, t.technician_code, t.level, t.nev, t.odometer_km,
                    t.confirmed_advisor AND t.confirmed_technician AND t.confirmed_inspector FROM {source}"
        ),
        |row| {
            work_orders.push(WorkOrder {
                work_order: codes.keep(row.text()),
                dealer: codes.keep(row.text()),
                vin: codes.keep(row.text()),
                fault: keep(codes, row.text_or()),
                reported_at: row.instant_or(),
                created_at: row.instant(),
                diagnosed_at: row.instant_or(),
                promised_at: row.instant_or(),
                completed_at: row.instant_or(),
                fixed: row.flag_or(),
                advisor: keep(codes, row.text_or()),
                technician: keep(codes, row.text_or()),
                level: row.text_or().and_then(Level::named).unwrap_or(Level::Basic),
                nev: row.flag_or() == Some(true),
                odometer_km: row.big_or(),
                confirmed: row.flag_or() == Some(true),
            });
        },
    )
}

/// Requests for technical support.
pub fn support_requests(tx: &mut Tx, facts: &mut Facts, which: Which) -> Result<(), StoreError> {
    let Facts { codes, support_requests, .. } = facts;
    let source = from(tx, "support_requests", which, "request_id", "");
    tx.read(
        &format!("SELECT t.request_id, t.dealer_code, t.vin, t.fault_code, t.requested_at FROM {source}"),
        |row| {
            support_requests.push(SupportRequest {
                request: codes.keep(row.text()),
                dealer: codes.keep(row.text()),
                vin: codes.keep(row.text()),
                fault: codes.keep(row.text()),
                requested_at: row.instant(),
            });
        },
    )
}

/// Lays the tenant's own calendar over the one that ships.
pub fn calendar(tx: &mut Tx, calendar: &mut Calendar) -> Result<(), StoreError> {
    // A small table that many pages read: a plain query, which makes no view.
    let query = format!("SELECT t.day, t.kind, t.voided FROM calendar t WHERE {}", tx.stands("t"));
    tx.each::<_, (PgDate, String, bool)>(
        diesel::dsl::sql::<(SqlDate, Text, Bool)>(&query),
        |(day, kind, voided)| match (voided, &*kind) {
            (true, _) => calendar.clear(date(day)),
            (false, "holiday") => calendar.set(date(day), DayKind::Holiday),
            (false, _) => calendar.set(date(day), DayKind::MakeUp),
        },
    )
}

/// The codes of all dealers, also of those voided (what was posted for them may have to be reversed).
pub fn dealer_codes(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    codes_of(tx, "dealers", "dealer_code")
}

/// The codes of all regions.
pub fn region_codes(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    codes_of(tx, "regions", "region_code")
}

fn codes_of(tx: &mut Tx, table: &str, column: &str) -> Result<Vec<String>, StoreError> {
    let mut codes = Vec::new();
    let query = format!("SELECT t.{column} FROM {table} t WHERE {} ORDER BY 1", tx.stands("t"));
    tx.read(&query, |row| codes.push(row.text().to_owned()))?;
    Ok(codes)
}

/// About how many work orders there are, of all tenants, by the table's size on disk.
pub fn estimated_work_orders(tx: &mut Tx) -> Result<i64, StoreError> {
    tx.number("SELECT pg_relation_size('work_orders') / 210 AS number")
}
