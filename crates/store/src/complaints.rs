//! Complaints as people see them: listed, paged and sorted by the database, and one with all that happened to it.
//!
//! Deadlines are told by whoever asks ([`Deadlines`]): what is right is decided elsewhere.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{instant, pg_date, pg_instant};
use crate::{StoreError, Tx};

/// A complaint with the first (of submissions and answers the last) deed of each kind.
#[derive(Debug, Clone)]
pub struct Complaint {
    /// Its id.
    pub id: String,
    /// The dealer.
    pub dealer: String,
    /// The dealer's name.
    pub dealer_name: String,
    /// When it was received.
    pub received_at: Instant,
    /// When it was dispatched to the dealer.
    pub dispatched_at: Option<Instant>,
    /// Whether it is major.
    pub major: bool,
    /// The category.
    pub category: String,
    /// The vehicle.
    pub vin: Option<String>,
    /// The way it came.
    pub channel: Option<String>,
    /// What the customer said.
    pub text: Option<String>,
    /// The first reply.
    pub replied_at: Option<Instant>,
    /// The dealer's general manager in person.
    pub dealer_gm_at: Option<Instant>,
    /// The region's deputy director in person.
    pub deputy_at: Option<Instant>,
    /// The last submission.
    pub submitted_at: Option<Instant>,
    /// The last answered callback.
    pub answered_at: Option<Instant>,
    /// The first satisfied callback.
    pub closed_at: Option<Instant>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    complaint_id: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    dealer_name: String,
    #[diesel(sql_type = Timestamptz)]
    received_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    dispatched_at: Option<PgTimestamp>,
    #[diesel(sql_type = Text)]
    severity: String,
    #[diesel(sql_type = Text)]
    category: String,
    #[diesel(sql_type = Nullable<Text>)]
    vin: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    channel: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    text: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    replied_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    dealer_gm_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    deputy_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    submitted_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    answered_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    closed_at: Option<PgTimestamp>,
    #[diesel(sql_type = Bool)]
    withdrawn: bool,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

impl From<Row> for Complaint {
    fn from(row: Row) -> Self {
        Self {
            id: row.complaint_id,
            dealer: row.dealer_code,
            dealer_name: row.dealer_name,
            received_at: instant(row.received_at),
            dispatched_at: row.dispatched_at.map(instant),
            major: row.severity == "major",
            category: row.category,
            vin: row.vin,
            channel: row.channel,
            text: row.text,
            replied_at: row.replied_at.map(instant),
            dealer_gm_at: row.dealer_gm_at.map(instant),
            deputy_at: row.deputy_at.map(instant),
            submitted_at: row.submitted_at.map(instant),
            answered_at: row.answered_at.map(instant),
            closed_at: row.closed_at.map(instant),
            withdrawn: row.withdrawn,
        }
    }
}

/// Whether a complaint `c` has a satisfied callback or not, is not withdrawn, and more.
macro_rules! concat_open {
    ($not:literal, $more:literal) => {
        concat!(
            $not,
            " EXISTS (SELECT FROM complaint_events k WHERE k.tenant_id = c.tenant_id AND k.complaint_id = c.complaint_id
                 AND k.kind = 'callback' AND k.satisfied AND k.at <= $1 AND k.superseded_at = 'infinity' AND NOT k.voided)
             AND c.complaint_id NOT IN (SELECT id FROM withdrawn)",
            $more
        )
    };
}
/// Which complaints are listed by where they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Neither closed nor withdrawn.
    #[default]
    Open,
    /// Open, and a deadline that somebody must still meet is over.
    Overdue,
    /// Open, and not dispatched to the dealer.
    Undispatched,
    /// Open, and submitted for the manufacturer's callback.
    Waiting,
    /// The customer said satisfied.
    Closed,
    /// Taken out of every check.
    Withdrawn,
    /// All of them.
    All,
}

impl State {
    /// All of them, in the order of a choice.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Overdue,
        Self::Undispatched,
        Self::Waiting,
        Self::Closed,
        Self::Withdrawn,
        Self::All,
    ];

    /// Its name in addresses and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Overdue => "overdue",
            Self::Undispatched => "undispatched",
            Self::Waiting => "waiting",
            Self::Closed => "closed",
            Self::Withdrawn => "withdrawn",
            Self::All => "all",
        }
    }

    /// The state of its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// What is asked of a complaint `c` before its deeds are looked at.
    const fn of_complaint(self) -> &'static str {
        match self {
            Self::Open | Self::Overdue | Self::Waiting => concat_open!("NOT", ""),
            Self::Undispatched => {
                concat_open!("NOT", " AND (c.dispatched_at IS NULL OR c.dispatched_at > $1)")
            }
            Self::Closed => concat_open!("", ""),
            Self::Withdrawn => "c.complaint_id IN (SELECT id FROM withdrawn)",
            Self::All => "true",
        }
    }

    /// What is asked of a complaint with its deeds and deadlines.
    const fn of_deeds(self) -> &'static str {
        match self {
            Self::Overdue => "next_due < $1",
            Self::Waiting => "is_waiting",
            _ => "true",
        }
    }
}

/// By what complaints are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The deadline that comes next; those without one last.
    #[default]
    Due,
    /// When they were received.
    Received,
    /// When they were submitted for callback.
    Submitted,
    /// The dealer.
    Dealer,
    /// The severity, major first.
    Severity,
    /// The category.
    Category,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Due, Self::Received, Self::Submitted, Self::Dealer, Self::Severity, Self::Category];

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Received => "received",
            Self::Submitted => "submitted",
            Self::Dealer => "dealer",
            Self::Severity => "severity",
            Self::Category => "category",
        }
    }

    /// The sort of its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name() == name)
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::Due => "next_due",
            Self::Received => "received_at",
            Self::Submitted => "submitted_at",
            Self::Dealer => "dealer_code COLLATE \"C\"",
            Self::Severity => "(severity = 'general')",
            Self::Category => "category COLLATE \"C\"",
        }
    }
}

/// Which complaints are listed, and how; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Where they stand.
    pub state: State,
    /// Major, or not.
    pub major: Option<bool>,
    /// Of a category.
    pub category: Option<String>,
    /// Of a dealer.
    pub dealer: Option<String>,
    /// Of dealers that are in a region on the day asked.
    pub region: Option<String>,
    /// With this in the id, the vehicle, the dealer's name or the text.
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

/// The deadlines of one policy version, for complaints whose clocks start on its days.
#[derive(Debug, Clone)]
pub struct Span {
    /// Its first day.
    pub from: Date,
    /// The day after its last.
    pub until: Date,
    /// Days to the first reply.
    pub reply_days: i32,
    /// Days to close a general one.
    pub close_days: i32,
    /// Days to close a major one.
    pub close_days_major: i32,
    /// Whether they are working days.
    pub working: bool,
}

/// Where so many working days after a day end.
#[derive(Debug, Clone, Copy)]
pub struct WorkingDeadline {
    /// The local date of the start.
    pub day: Date,
    /// How many days.
    pub days: i32,
    /// The local date of the deadline.
    pub target: Date,
    /// Whether it is at midnight rather than at the start's time of day.
    pub at_midnight: bool,
}

/// By what the database knows when a complaint is due.
#[derive(Debug, Clone, Default)]
pub struct Deadlines {
    /// The zone of local dates.
    pub zone: String,
    /// Each policy version.
    pub spans: Vec<Span>,
    /// Every deadline in working days that may be asked.
    pub working: Vec<WorkingDeadline>,
}

/// The complaints of a filter, and how many there are of it.
pub fn list(
    tx: &mut Tx,
    filter: &Filter,
    deadlines: &Deadlines,
    now: Instant,
    today: Date,
) -> Result<(u64, Vec<Complaint>), StoreError> {
    let order = if filter.descending { "DESC" } else { "ASC" };
    let sql = format!(
        "WITH {WITHDRAWN}, {SPANS}, picked AS (
             SELECT c.*, coalesce(CASE WHEN c.dispatched_at <= $1 THEN c.dispatched_at END, c.received_at) AS start, d.name AS dealer_name
             FROM complaints c
             LEFT JOIN dealers d ON d.tenant_id = c.tenant_id AND d.dealer_code = c.dealer_code AND d.superseded_at = 'infinity'
             WHERE c.superseded_at = 'infinity' AND NOT c.voided AND c.received_at <= $1 AND {of_complaint}
               AND ($2 IS NULL OR (c.severity = 'major') = $2) AND ($3 IS NULL OR c.category = $3)
               AND ($4 IS NULL OR c.dealer_code = $4)
               AND ($5 IS NULL OR $5 = coalesce((
                   SELECT m.region_code FROM dealer_regions m WHERE m.tenant_id = c.tenant_id AND m.dealer_code = c.dealer_code
                     AND m.superseded_at = 'infinity' AND NOT m.voided AND m.\"from\" <= $7 ORDER BY m.\"from\" DESC LIMIT 1), d.region_code))
               AND ($6 IS NULL OR strpos(lower(concat_ws(' ', c.complaint_id, c.vin, d.name, c.text)), lower($6)) > 0)),
         told AS (SELECT p.*, {DEEDS}, {DUE} FROM picked p {WITH_DEEDS} {WITH_DUE}),
         next AS (SELECT t.*, {NEXT} FROM told t)
         SELECT {SHOWN}, count(*) OVER () AS total FROM next
         WHERE {of_deeds} ORDER BY {sort} {order} NULLS LAST, received_at, complaint_id COLLATE \"C\" LIMIT $18 OFFSET $19",
        of_complaint = filter.state.of_complaint(),
        of_deeds = filter.state.of_deeds(),
        sort = filter.sort.sql(),
    );
    let rows = ask(tx, &sql, filter, deadlines, now, today)?;
    let total = rows.first().map_or(0, |row| row.total as u64);
    Ok((total, rows.into_iter().map(Complaint::from).collect()))
}

fn ask(
    tx: &mut Tx,
    sql: &str,
    filter: &Filter,
    deadlines: &Deadlines,
    now: Instant,
    today: Date,
) -> Result<Vec<Row>, StoreError> {
    let spans = &deadlines.spans;
    let days = |of: fn(&Span) -> i32| spans.iter().map(of).collect::<Vec<i32>>();
    let dates = |of: fn(&Span) -> Date| spans.iter().map(|span| pg_date(of(span))).collect::<Vec<PgDate>>();
    let working = &deadlines.working;
    Ok(diesel::sql_query(sql)
        .bind::<Timestamptz, _>(pg_instant(now))
        .bind::<Nullable<Bool>, _>(filter.major)
        .bind::<Nullable<Text>, _>(&filter.category)
        .bind::<Nullable<Text>, _>(&filter.dealer)
        .bind::<Nullable<Text>, _>(&filter.region)
        .bind::<Nullable<Text>, _>(&filter.search)
        .bind::<SqlDate, _>(pg_date(today))
        .bind::<Text, _>(&deadlines.zone)
        .bind::<Array<SqlDate>, _>(dates(|span| span.from))
        .bind::<Array<SqlDate>, _>(dates(|span| span.until))
        .bind::<Array<Integer>, _>(days(|span| span.reply_days))
        .bind::<Array<Integer>, _>(days(|span| span.close_days))
        .bind::<Array<Integer>, _>(days(|span| span.close_days_major))
        .bind::<Array<Bool>, _>(spans.iter().map(|span| span.working).collect::<Vec<bool>>())
        .bind::<Array<SqlDate>, _>(working.iter().map(|w| pg_date(w.day)).collect::<Vec<PgDate>>())
        .bind::<Array<Integer>, _>(working.iter().map(|w| w.days).collect::<Vec<i32>>())
        .bind::<Array<Timestamptz>, _>(working.iter().map(target).collect::<Vec<PgTimestamp>>())
        .bind::<BigInt, _>(i64::from(filter.limit))
        .bind::<BigInt, _>(i64::from(filter.offset))
        .load(tx.connection)?)
}

/// A working deadline as one value: its date at 00:00 UTC, and a second later where it keeps the start's time of day.
fn target(deadline: &WorkingDeadline) -> PgTimestamp {
    let days = i64::from(pg_date(deadline.target).0);
    PgTimestamp(days * 86_400_000_000 + if deadline.at_midnight { 0 } else { 1_000_000 })
}

const WITHDRAWN: &str = "withdrawn AS (
    SELECT substr(r.subject, 11) AS id FROM rulings r WHERE r.kind = 'withdraw' AND r.subject LIKE 'complaint:%'
      AND r.decided_at <= $1 AND r.superseded_at = 'infinity' AND NOT r.voided)";

const SPANS: &str = "spans AS (
        SELECT * FROM unnest($9, $10, $11, $12, $13, $14) AS v (from_on, until_on, reply_days, close_days, close_days_major, working)),
    workdays AS (SELECT w.day, w.days, date(w.target AT TIME ZONE 'UTC') AS target,
            extract(second FROM w.target AT TIME ZONE 'UTC') = 0 AS at_midnight
        FROM unnest($15, $16, $17) AS w (day, days, target))";

const DEEDS: &str = "e.replied_at, e.dealer_gm_at, e.deputy_at, e.submitted_at, e.answered_at, e.closed_at,
    p.complaint_id IN (SELECT id FROM withdrawn) AS withdrawn";

const WITH_DEEDS: &str = "CROSS JOIN LATERAL (
    SELECT min(e.at) FILTER (WHERE e.kind = 'first-reply') AS replied_at,
        min(e.at) FILTER (WHERE e.kind = 'handled' AND e.actor_role = 'dealer-gm') AS dealer_gm_at,
        min(e.at) FILTER (WHERE e.kind = 'handled' AND e.actor_role = 'region-deputy-director') AS deputy_at,
        max(e.at) FILTER (WHERE e.kind = 'submitted') AS submitted_at,
        max(e.at) FILTER (WHERE e.kind = 'callback' AND e.satisfied IS NOT NULL) AS answered_at,
        min(e.at) FILTER (WHERE e.kind = 'callback' AND e.satisfied) AS closed_at
    FROM complaint_events e WHERE e.tenant_id = p.tenant_id AND e.complaint_id = p.complaint_id
      AND e.superseded_at = 'infinity' AND NOT e.voided AND e.at <= $1) e";

const DUE: &str = "due.reply_due, due.close_due";

/// The deadlines of a complaint `p`, in natural days or by the table of working ones.
const WITH_DUE: &str = "LEFT JOIN LATERAL (
    SELECT max(at) FILTER (WHERE is_reply) AS reply_due, max(at) FILTER (WHERE NOT is_reply) AS close_due FROM (
        SELECT is_reply, CASE WHEN NOT v.working THEN (local + make_interval(days => needed)) AT TIME ZONE $8
            ELSE (SELECT (w.target + CASE WHEN w.at_midnight THEN time '00:00' ELSE local::time END) AT TIME ZONE $8
                  FROM workdays w WHERE w.day = local::date AND w.days = needed) END AS at
        FROM (SELECT p.start AT TIME ZONE $8 AS local) l
        JOIN spans v ON v.from_on <= local::date AND local::date < v.until_on
        CROSS JOIN LATERAL (VALUES (true, v.reply_days),
            (false, CASE WHEN p.severity = 'major' THEN v.close_days_major ELSE v.close_days END)) AS n (is_reply, needed)) each_due) due ON true";

/// What somebody must still meet: nothing of a complaint that is over, no closing while the manufacturer is to call.
const NEXT: &str = "submitted_at IS NOT NULL AND closed_at IS NULL AND (answered_at IS NULL OR answered_at <= submitted_at) AS is_waiting,
    CASE WHEN closed_at IS NULL AND NOT withdrawn THEN least(
        CASE WHEN replied_at IS NULL THEN reply_due END,
        CASE WHEN submitted_at IS NULL OR answered_at > submitted_at
               OR (severity = 'major' AND (dealer_gm_at IS NULL OR deputy_at IS NULL)) THEN close_due END) END AS next_due";

const SHOWN: &str = "complaint_id, dealer_code, coalesce(dealer_name, '') AS dealer_name, received_at,
    CASE WHEN dispatched_at <= $1 THEN dispatched_at END AS dispatched_at, severity, category, vin, channel, text,
    replied_at, dealer_gm_at, deputy_at, submitted_at, answered_at, closed_at, withdrawn";

/// The complaint of an id, as of an instant.
pub fn find(tx: &mut Tx, id: &str, now: Instant) -> Result<Option<Complaint>, StoreError> {
    found(tx, "NOT c.voided", id, now)
}

/// The same of one that was voided: what was known of it last.
pub fn find_voided(tx: &mut Tx, id: &str, now: Instant) -> Result<Option<Complaint>, StoreError> {
    found(tx, "c.voided", id, now)
}

fn found(tx: &mut Tx, condition: &str, id: &str, now: Instant) -> Result<Option<Complaint>, StoreError> {
    let sql = format!(
        "WITH {WITHDRAWN}, picked AS (
             SELECT c.*, d.name AS dealer_name FROM complaints c
             LEFT JOIN dealers d ON d.tenant_id = c.tenant_id AND d.dealer_code = c.dealer_code AND d.superseded_at = 'infinity'
             WHERE c.superseded_at = 'infinity' AND {condition} AND c.complaint_id = $2),
         told AS (SELECT p.*, {DEEDS} FROM picked p {WITH_DEEDS})
         SELECT {SHOWN}, 1::bigint AS total FROM told"
    );
    let row: Option<Row> = diesel::sql_query(sql)
        .bind::<Timestamptz, _>(pg_instant(now))
        .bind::<Text, _>(id)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(Complaint::from))
}

/// Something that happened to a complaint, with who wrote it down.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What: `first-reply`, `handled`, `submitted`, `callback`.
    pub kind: String,
    /// In which post it was handled.
    pub actor_role: Option<String>,
    /// What the customer said.
    pub satisfied: Option<bool>,
    /// What was noted.
    pub note: Option<String>,
    /// Who wrote it down.
    pub by: String,
}

/// What happened to a complaint, by time.
pub fn events(tx: &mut Tx, id: &str) -> Result<Vec<Event>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Timestamptz)]
        at: PgTimestamp,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Nullable<Text>)]
        actor_role: Option<String>,
        #[diesel(sql_type = Nullable<Bool>)]
        satisfied: Option<bool>,
        #[diesel(sql_type = Nullable<Text>)]
        note: Option<String>,
        #[diesel(sql_type = Text)]
        imported_by: String,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT e.at, e.kind, e.actor_role, e.satisfied, e.note, i.imported_by FROM complaint_events e
         JOIN imports i ON i.tenant_id = e.tenant_id AND i.import_id = e.import_id
         WHERE e.complaint_id = $1 AND e.superseded_at = 'infinity' AND NOT e.voided ORDER BY e.at, e.kind",
    )
    .bind::<Text, _>(id)
    .load(tx.connection)?;
    let event = |row: Row| Event {
        at: instant(row.at),
        kind: row.kind,
        actor_role: row.actor_role,
        satisfied: row.satisfied,
        note: row.note,
        by: row.imported_by,
    };
    Ok(rows.into_iter().map(event).collect())
}
