//! Who works for a dealer and with which certificates, as people see it; paged and sorted by the database.

use diesel::data_types::PgDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date as SqlDate, Nullable, Text};
use jiff::civil::Date;

use crate::values::{date, pg_date};
use crate::{StoreError, Tx};

/// A person in a position at a dealer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Employment {
    /// The person.
    pub person: String,
    /// The person's name.
    pub name: String,
    /// The position.
    pub position: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Option<Date>,
    /// Why it ended.
    pub leave_reason: Option<String>,
}

/// A certificate of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its id.
    pub id: String,
    /// The holder.
    pub person: String,
    /// What it certifies.
    pub kind: String,
    /// Its level.
    pub level: Option<String>,
    /// First day it counts.
    pub issued_on: Date,
    /// Last day it counts.
    pub expires_on: Date,
    /// The day it no longer counts.
    pub revoked_on: Option<Date>,
}

/// Which employments of a dealer are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The dealer.
    pub dealer: String,
    /// Those that are over, rather than those that last or begin later.
    pub ended: bool,
    /// In a position.
    pub position: Option<String>,
    /// With this in the person's code or name.
    pub search: Option<String>,
    /// By what they are sorted.
    pub sort: Sort,
    /// The other way round.
    pub descending: bool,
    /// The first row, from 0.
    pub offset: u32,
    /// At most so many rows.
    pub limit: u32,
}

/// By what employments are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The last day of the certificate that lapses next; those without one first.
    #[default]
    Expiry,
    /// The name.
    Name,
    /// The position.
    Position,
    /// First day.
    From,
    /// Last day.
    To,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Expiry, Self::Name, Self::Position, Self::From, Self::To];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::Name => "name",
            Self::Position => "position",
            Self::From => "from",
            Self::To => "to",
        }
    }

    /// The sort of its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name() == name)
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::Expiry => {
                "(SELECT max(c.expires_on) FROM certificates c WHERE c.tenant_id = e.tenant_id AND c.person_code = e.person_code
                    AND c.superseded_at = 'infinity' AND NOT c.voided AND c.revoked_on IS NULL
                    AND c.kind = CASE WHEN e.position = 'service-advisor' THEN 'service-advisor' ELSE 'technician' END)"
            }
            Self::Name => "p.name",
            Self::Position => "e.position COLLATE \"C\"",
            Self::From => "e.\"from\"",
            Self::To => "e.\"to\"",
        }
    }
}

#[derive(QueryableByName)]
struct EmploymentRow {
    #[diesel(sql_type = Text)]
    person_code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    position: String,
    #[diesel(sql_type = SqlDate)]
    from: PgDate,
    #[diesel(sql_type = Nullable<SqlDate>)]
    to: Option<PgDate>,
    #[diesel(sql_type = Nullable<Text>)]
    leave_reason: Option<String>,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

impl From<EmploymentRow> for Employment {
    fn from(row: EmploymentRow) -> Self {
        Self {
            person: row.person_code,
            name: row.name,
            position: row.position,
            from: date(row.from),
            to: row.to.map(date),
            leave_reason: row.leave_reason,
        }
    }
}

const EMPLOYMENTS: &str = "SELECT e.person_code, coalesce(p.name, '') AS name, e.position, e.\"from\", e.\"to\", e.leave_reason, count(*) OVER () AS total
    FROM employments e
    LEFT JOIN people p ON p.tenant_id = e.tenant_id AND p.person_code = e.person_code AND p.superseded_at = 'infinity'
    WHERE e.superseded_at = 'infinity' AND NOT e.voided AND e.dealer_code = $1";

/// The employments of a filter on a day, and how many there are of it.
pub fn employments(tx: &mut Tx, filter: &Filter, today: Date) -> Result<(u64, Vec<Employment>), StoreError> {
    let order = if filter.descending { "DESC NULLS LAST" } else { "ASC NULLS FIRST" };
    let rows: Vec<EmploymentRow> = diesel::sql_query(format!(
        "{EMPLOYMENTS} AND (e.\"to\" IS NOT NULL AND e.\"to\" < $2) = $3 AND ($4 IS NULL OR e.position = $4)
         AND ($5 IS NULL OR strpos(lower(concat_ws(' ', e.person_code, p.name)), lower($5)) > 0)
         ORDER BY {} {order}, e.person_code COLLATE \"C\", e.\"from\", e.position LIMIT $6 OFFSET $7",
        filter.sort.sql()
    ))
    .bind::<Text, _>(&filter.dealer)
    .bind::<SqlDate, _>(pg_date(today))
    .bind::<Bool, _>(filter.ended)
    .bind::<Nullable<Text>, _>(&filter.position)
    .bind::<Nullable<Text>, _>(&filter.search)
    .bind::<BigInt, _>(i64::from(filter.limit))
    .bind::<BigInt, _>(i64::from(filter.offset))
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total as u64);
    Ok((total, rows.into_iter().map(Employment::from).collect()))
}

/// Every employment of a dealer that was ever told, by person and first day.
pub fn all_employments(tx: &mut Tx, dealer: &str) -> Result<Vec<Employment>, StoreError> {
    let rows: Vec<EmploymentRow> = diesel::sql_query(format!(
        "{EMPLOYMENTS} ORDER BY e.person_code COLLATE \"C\", e.\"from\", e.position COLLATE \"C\""
    ))
    .bind::<Text, _>(dealer)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Employment::from).collect())
}

/// The certificates of some people, by person and last day.
pub fn certificates(tx: &mut Tx, people: &[String]) -> Result<Vec<Certificate>, StoreError> {
    certificates_where(tx, "c.person_code = ANY($1)", people)
}

/// The certificates of some ids.
pub fn certificates_by_id(tx: &mut Tx, ids: &[String]) -> Result<Vec<Certificate>, StoreError> {
    certificates_where(tx, "c.certificate_id = ANY($1)", ids)
}

fn certificates_where(
    tx: &mut Tx,
    condition: &str,
    codes: &[String],
) -> Result<Vec<Certificate>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        certificate_id: String,
        #[diesel(sql_type = Text)]
        person_code: String,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Nullable<Text>)]
        level: Option<String>,
        #[diesel(sql_type = SqlDate)]
        issued_on: PgDate,
        #[diesel(sql_type = SqlDate)]
        expires_on: PgDate,
        #[diesel(sql_type = Nullable<SqlDate>)]
        revoked_on: Option<PgDate>,
    }
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT c.certificate_id, c.person_code, c.kind, c.level, c.issued_on, c.expires_on, c.revoked_on FROM certificates c
         WHERE c.superseded_at = 'infinity' AND NOT c.voided AND {condition}
         ORDER BY c.person_code COLLATE \"C\", c.expires_on DESC, c.certificate_id COLLATE \"C\""
    ))
    .bind::<Array<Text>, _>(codes)
    .load(tx.connection)?;
    let certificate = |row: Row| Certificate {
        id: row.certificate_id,
        person: row.person_code,
        kind: row.kind,
        level: row.level,
        issued_on: date(row.issued_on),
        expires_on: date(row.expires_on),
        revoked_on: row.revoked_on.map(date),
    };
    Ok(rows.into_iter().map(certificate).collect())
}

/// The names of people, by code; who is not known is left out.
pub fn names(tx: &mut Tx, people: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        person_code: String,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT person_code, name FROM people WHERE person_code = ANY($1) AND superseded_at = 'infinity' AND NOT voided",
    )
    .bind::<Array<Text>, _>(people)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.person_code, row.name)).collect())
}

/// Which of these people work on a day, or will, for another dealer than this one. To be asked of the whole network.
pub fn employed_elsewhere(
    tx: &mut Tx,
    people: &[String],
    dealer: &str,
    today: Date,
) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        person_code: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT DISTINCT e.person_code FROM employments e WHERE e.person_code = ANY($1) AND e.dealer_code <> $2
         AND (e.\"to\" IS NULL OR e.\"to\" >= $3) AND e.superseded_at = 'infinity' AND NOT e.voided",
    )
    .bind::<Array<Text>, _>(people)
    .bind::<Text, _>(dealer)
    .bind::<SqlDate, _>(pg_date(today))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.person_code).collect())
}

/// A dealer's name and its bays in force on a day.
pub fn dealer(tx: &mut Tx, code: &str, today: Date) -> Result<Option<(String, i64)>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        bays: i64,
    }
    let row: Option<Row> = diesel::sql_query(format!(
        "SELECT d.name, {BAYS} AS bays FROM dealers d WHERE d.dealer_code = $1 AND d.superseded_at = 'infinity' AND NOT d.voided"
    ))
    .bind::<Text, _>(code)
    .bind::<SqlDate, _>(pg_date(today))
    .get_result(tx.connection)
    .optional()?;
    Ok(row.map(|row| (row.name, row.bays)))
}

/// How many people are advisors at a dealer on a day with an advisor certificate that counts.
pub fn certified_advisors(tx: &mut Tx, dealer: &str, today: Date) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let row: Row = diesel::sql_query(
        "SELECT count(DISTINCT e.person_code) AS number FROM employments e
         JOIN certificates c ON c.tenant_id = e.tenant_id AND c.person_code = e.person_code
         WHERE e.dealer_code = $1 AND e.position = 'service-advisor' AND e.\"from\" <= $2 AND (e.\"to\" IS NULL OR e.\"to\" >= $2)
           AND e.superseded_at = 'infinity' AND NOT e.voided AND c.superseded_at = 'infinity' AND NOT c.voided
           AND c.kind = 'service-advisor' AND c.issued_on <= $2 AND c.expires_on >= $2 AND (c.revoked_on IS NULL OR c.revoked_on > $2)",
    )
    .bind::<Text, _>(dealer)
    .bind::<SqlDate, _>(pg_date(today))
    .get_result(tx.connection)?;
    Ok(row.number)
}

const BAYS: &str = "coalesce((SELECT b.bays FROM bays b WHERE b.tenant_id = d.tenant_id AND b.dealer_code = d.dealer_code
    AND b.effective_on <= $2 AND b.superseded_at = 'infinity' AND NOT b.voided ORDER BY b.effective_on DESC LIMIT 1), 0)";

/// A dealer's staff in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staffing {
    /// The dealer.
    pub dealer: String,
    /// Its name.
    pub name: String,
    /// Bays in force.
    pub bays: i64,
    /// People who work there.
    pub people: i64,
    /// Of them advisors with a valid advisor certificate.
    pub certified_advisors: i64,
    /// Certificates of theirs that lapse within the longest threshold, and no other lapses later.
    pub lapsing: i64,
}

/// By what dealers' staff is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StaffingSort {
    /// How many certified advisors are missing, the most first.
    #[default]
    Short,
    /// Certificates that lapse, the most first.
    Lapsing,
    /// People, the most first.
    People,
    /// The dealer's code.
    Dealer,
}

impl StaffingSort {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Short, Self::Lapsing, Self::People, Self::Dealer];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Lapsing => "lapsing",
            Self::People => "people",
            Self::Dealer => "dealer",
        }
    }

    /// The sort of its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name() == name)
    }

    const fn sql(self) -> (&'static str, [&'static str; 2]) {
        const MOST_FIRST: [&str; 2] = ["DESC", "ASC"];
        match self {
            Self::Short => ("greatest($4, (bays + $5 - 1) / $5) - certified_advisors", MOST_FIRST),
            Self::Lapsing => ("lapsing", MOST_FIRST),
            Self::People => ("people", MOST_FIRST),
            Self::Dealer => ("dealer_code COLLATE \"C\"", ["ASC", "DESC"]),
        }
    }
}

/// Which dealers' staff is listed.
#[derive(Debug, Clone, Default)]
pub struct StaffingFilter {
    /// With this in the code or name.
    pub search: Option<String>,
    /// By what they are sorted.
    pub sort: StaffingSort,
    /// The other way round.
    pub descending: bool,
    /// The first row, from 0.
    pub offset: u32,
    /// At most so many rows.
    pub limit: u32,
}

/// What a policy needs of advisors, for sorting by what is missing.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// The least number.
    pub least: i64,
    /// Bays one advisor can serve.
    pub bays_per_advisor: i64,
    /// The longest threshold before a certificate lapses, in days.
    pub lapsing_days: i64,
}

/// The staff of the dealers of a filter that are open on a day, and how many dealers there are of it.
pub fn staffing(
    tx: &mut Tx,
    filter: &StaffingFilter,
    need: Need,
    today: Date,
) -> Result<(u64, Vec<Staffing>), StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        dealer_code: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        bays: i64,
        #[diesel(sql_type = BigInt)]
        people: i64,
        #[diesel(sql_type = BigInt)]
        certified_advisors: i64,
        #[diesel(sql_type = BigInt)]
        lapsing: i64,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let (sort, orders) = filter.sort.sql();
    let rows: Vec<Row> = diesel::sql_query(format!(
        "WITH picked AS (
             SELECT d.tenant_id, d.dealer_code, d.name, {BAYS} AS bays FROM dealers d
             WHERE d.superseded_at = 'infinity' AND NOT d.voided AND d.opened_on <= $2 AND (d.closed_on IS NULL OR d.closed_on >= $2)
               AND ($1 IS NULL OR strpos(lower(concat_ws(' ', d.dealer_code, d.name)), lower($1)) > 0)),
         here AS (
             SELECT DISTINCT e.dealer_code, e.person_code, e.position FROM employments e
             WHERE e.superseded_at = 'infinity' AND NOT e.voided AND e.\"from\" <= $2 AND (e.\"to\" IS NULL OR e.\"to\" >= $2)),
         valid AS (
             SELECT c.* FROM (SELECT DISTINCT person_code FROM here) h JOIN certificates c USING (person_code)
             WHERE c.superseded_at = 'infinity' AND NOT c.voided AND c.issued_on <= $2 AND c.expires_on >= $2 AND (c.revoked_on IS NULL OR c.revoked_on > $2)),
         staff AS (
             SELECT dealer_code, count(DISTINCT person_code) AS people,
                 count(DISTINCT person_code) FILTER (WHERE position = 'service-advisor'
                     AND person_code IN (SELECT person_code FROM valid WHERE kind = 'service-advisor')) AS certified_advisors
             FROM here GROUP BY dealer_code),
         soon AS (
             SELECT h.dealer_code, count(DISTINCT v.certificate_id) AS lapsing FROM valid v JOIN here h USING (person_code)
             WHERE v.expires_on <= $2 + $3::integer AND NOT EXISTS (
                 SELECT FROM valid o WHERE o.person_code = v.person_code AND o.kind = v.kind
                   AND o.level IS NOT DISTINCT FROM v.level AND o.expires_on > v.expires_on)
             GROUP BY h.dealer_code),
         counted AS (
             SELECT p.dealer_code, p.name, p.bays, coalesce(s.people, 0) AS people,
                 coalesce(s.certified_advisors, 0) AS certified_advisors, coalesce(n.lapsing, 0) AS lapsing
             FROM picked p LEFT JOIN staff s USING (dealer_code) LEFT JOIN soon n USING (dealer_code))
         SELECT *, count(*) OVER () AS total FROM counted
         ORDER BY {sort} {order}, dealer_code COLLATE \"C\" LIMIT $6 OFFSET $7",
        order = orders[usize::from(filter.descending)],
    ))
    .bind::<Nullable<Text>, _>(&filter.search)
    .bind::<SqlDate, _>(pg_date(today))
    .bind::<BigInt, _>(need.lapsing_days)
    .bind::<BigInt, _>(need.least)
    .bind::<BigInt, _>(need.bays_per_advisor)
    .bind::<BigInt, _>(i64::from(filter.limit))
    .bind::<BigInt, _>(i64::from(filter.offset))
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total as u64);
    let staffing = |row: Row| Staffing {
        dealer: row.dealer_code,
        name: row.name,
        bays: row.bays,
        people: row.people,
        certified_advisors: row.certified_advisors,
        lapsing: row.lapsing,
    };
    Ok((total, rows.into_iter().map(staffing).collect()))
}
