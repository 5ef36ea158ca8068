//! Appeals: a dealer contests an entry, someone decides. Whether that may be is decided elsewhere.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::money::Money;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::changes::Content;
use crate::values::{date, instant, pg_instant};
use crate::{StoreError, Tx};

/// Where an appeal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has decided.
    Open,
    /// The charge goes.
    Upheld,
    /// The charge stays.
    Rejected,
    /// The dealer took it back.
    Withdrawn,
}

impl State {
    /// All of them, in the order of a choice.
    pub const ALL: [Self; 4] = [Self::Open, Self::Upheld, Self::Rejected, Self::Withdrawn];

    /// Its name in the database, addresses and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Upheld => "upheld",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// An appeal with what it is about.
#[derive(Debug, Clone)]
pub struct Appeal {
    /// Its number.
    pub id: i64,
    /// The entry contested.
    pub entry: i64,
    /// The dealer.
    pub dealer: String,
    /// The dealer's name.
    pub dealer_name: String,
    /// What the dealer says.
    pub body: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Instant,
    /// Until when it is to be decided.
    pub decide_by: Instant,
    /// Where it stands.
    pub state: State,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Instant>,
    /// Why.
    pub reason: Option<String>,
    /// The ruling that upholding it became.
    pub ruling: Option<String>,
    /// The entry's clause.
    pub clause: String,
    /// Its family.
    pub family: String,
    /// Its subject.
    pub subject: String,
    /// Its check.
    pub check: String,
    /// What it charges.
    pub amount: Money,
    /// The local date of what happened.
    pub occurred_on: Date,
    /// The entry that reversed it.
    pub reversed_by: Option<i64>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    appeal_id: i64,
    #[diesel(sql_type = BigInt)]
    entry_id: i64,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    dealer_name: String,
    #[diesel(sql_type = Text)]
    body: String,
    #[diesel(sql_type = Text)]
    made_by: String,
    #[diesel(sql_type = Timestamptz)]
    made_at: PgTimestamp,
    #[diesel(sql_type = Timestamptz)]
    decide_by: PgTimestamp,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    decided_by: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    decided_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    ruling_id: Option<String>,
    #[diesel(sql_type = Text)]
    clause: String,
    #[diesel(sql_type = Text)]
    family: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    check_name: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = SqlDate)]
    occurred_on: PgDate,
    #[diesel(sql_type = Nullable<BigInt>)]
    reversed_by: Option<i64>,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

impl From<Row> for Appeal {
    fn from(row: Row) -> Self {
        Self {
            id: row.appeal_id,
            entry: row.entry_id,
            dealer: row.dealer_code,
            dealer_name: row.dealer_name,
            body: row.body,
            made_by: row.made_by,
            made_at: instant(row.made_at),
            decide_by: instant(row.decide_by),
            state: State::named(&row.state).unwrap_or(State::Open),
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(instant),
            reason: row.reason,
            ruling: row.ruling_id,
            clause: row.clause,
            family: row.family,
            subject: row.subject,
            check: row.check_name,
            amount: Money(row.amount),
            occurred_on: date(row.occurred_on),
            reversed_by: row.reversed_by,
        }
    }
}

/// What a new appeal says.
#[derive(Debug, Clone, Copy)]
pub struct New<'n> {
    /// The entry contested.
    pub entry: i64,
    /// The dealer.
    pub dealer: &'n str,
    /// What the dealer says.
    pub body: &'n str,
    /// Who makes it.
    pub by: &'n str,
    /// When.
    pub at: Instant,
    /// Until when it is to be decided.
    pub decide_by: Instant,
}

/// Writes an appeal down and gives its number. Two at once on one entry: the second fails by the database.
pub fn add(tx: &mut Tx, new: &New) -> Result<i64, StoreError> {
    let id = tx.next_number("appeals", "appeal_id")?;
    diesel::sql_query(
        "INSERT INTO appeals (tenant_id, appeal_id, entry_id, dealer_code, body, made_by, made_at, decide_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(new.entry)
    .bind::<Text, _>(new.dealer)
    .bind::<Text, _>(new.body)
    .bind::<Text, _>(new.by)
    .bind::<Timestamptz, _>(pg_instant(new.at))
    .bind::<Timestamptz, _>(pg_instant(new.decide_by))
    .execute(tx.connection)?;
    Ok(id)
}

/// How an appeal ended.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'d> {
    /// Its state from now on.
    pub state: State,
    /// By whom.
    pub by: &'d str,
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: &'d str,
    /// The ruling it became.
    pub ruling: Option<&'d str>,
}

/// Ends an open appeal; says whether it was open.
pub fn decide(tx: &mut Tx, id: i64, decision: &Decision) -> Result<bool, StoreError> {
    let changed = diesel::sql_query(
        "UPDATE appeals SET state = $2, decided_by = $3, decided_at = $4, reason = $5, ruling_id = $6
         WHERE appeal_id = $1 AND state = 'open'",
    )
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(decision.state.name())
    .bind::<Text, _>(decision.by)
    .bind::<Timestamptz, _>(pg_instant(decision.at))
    .bind::<Text, _>(decision.reason)
    .bind::<Nullable<Text>, _>(decision.ruling)
    .execute(tx.connection)?;
    Ok(changed > 0)
}

const WHOLE: &str = "SELECT a.*, coalesce(d.name, '') AS dealer_name, e.clause, e.family, e.subject, e.check_name, e.amount, e.occurred_on,
        (SELECT r.entry_id FROM entries r WHERE r.family = e.family AND r.subject = e.subject AND r.seat = e.seat
            AND r.turn = e.turn AND r.kind = 'reversal') AS reversed_by,
        count(*) OVER () AS total
    FROM appeals a JOIN entries e ON e.tenant_id = a.tenant_id AND e.entry_id = a.entry_id
    LEFT JOIN dealers d ON d.tenant_id = a.tenant_id AND d.dealer_code = a.dealer_code AND d.superseded_at = 'infinity'";

/// All appeals as they are now, each with a hash of what is told of it.
pub fn contents(tx: &mut Tx) -> Result<Vec<Content>, StoreError> {
    Ok(diesel::sql_query(format!(
        "SELECT appeal_id::text AS key, dealer_code AS dealer,
             md5(concat_ws(' ', state, decided_by, decided_at, reason, ruling_id, reversed_by)) AS content FROM ({WHOLE}) AS a"
    ))
    .load(tx.connection)?)
}

/// The appeal of a number.
pub fn find(tx: &mut Tx, id: i64) -> Result<Option<Appeal>, StoreError> {
    let row: Option<Row> = diesel::sql_query(format!("{WHOLE} WHERE a.appeal_id = $1"))
        .bind::<BigInt, _>(id)
        .get_result(tx.connection)
        .optional()?;
    Ok(row.map(Appeal::from))
}

/// The appeals on an entry, the latest first.
pub fn of_entry(tx: &mut Tx, entry: i64) -> Result<Vec<Appeal>, StoreError> {
    let rows: Vec<Row> =
        diesel::sql_query(format!("{WHOLE} WHERE a.entry_id = $1 ORDER BY a.appeal_id DESC"))
            .bind::<BigInt, _>(entry)
            .load(tx.connection)?;
    Ok(rows.into_iter().map(Appeal::from).collect())
}

/// The appeals on some entries, in no order.
pub fn of_entries(tx: &mut Tx, entries: &[i64]) -> Result<Vec<Appeal>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!("{WHOLE} WHERE a.entry_id = ANY($1)"))
        .bind::<Array<BigInt>, _>(entries)
        .load(tx.connection)?;
    Ok(rows.into_iter().map(Appeal::from).collect())
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Until when it is to be decided.
    #[default]
    DecideBy,
    /// When it was made.
    Made,
    /// The dealer.
    Dealer,
    /// The amount.
    Amount,
}

impl Sort {
    const fn sql(self) -> &'static str {
        match self {
            Self::DecideBy => "a.decide_by",
            Self::Made => "a.made_at",
            Self::Dealer => "a.dealer_code COLLATE \"C\"",
            Self::Amount => "e.amount",
        }
    }
}

/// Which appeals are listed; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In a state.
    pub state: Option<State>,
    /// Of a dealer.
    pub dealer: Option<String>,
    /// Open, and to be decided before.
    pub overdue_at: Option<Instant>,
    /// In what order.
    pub sort: Sort,
    /// The last first.
    pub descending: bool,
    /// At most so many.
    pub limit: i64,
    /// After so many.
    pub offset: i64,
}

/// How many appeals there are of a filter, and those of the page.
pub fn list(tx: &mut Tx, filter: &Filter) -> Result<(u64, Vec<Appeal>), StoreError> {
    let order = if filter.descending { "DESC" } else { "ASC" };
    let rows: Vec<Row> = diesel::sql_query(format!(
        "{WHOLE} WHERE ($1 IS NULL OR a.state = $1) AND ($2 IS NULL OR a.dealer_code = $2)
             AND ($3 IS NULL OR (a.state = 'open' AND a.decide_by < $3))
         ORDER BY {} {order}, a.appeal_id {order} LIMIT $4 OFFSET $5",
        filter.sort.sql()
    ))
    .bind::<Nullable<Text>, _>(filter.state.map(State::name))
    .bind::<Nullable<Text>, _>(&filter.dealer)
    .bind::<Nullable<Timestamptz>, _>(filter.overdue_at.map(pg_instant))
    .bind::<BigInt, _>(filter.limit)
    .bind::<BigInt, _>(filter.offset)
    .load(tx.connection)?;
    Ok((rows.first().map_or(0, |row| row.total as u64), rows.into_iter().map(Appeal::from).collect()))
}

/// Who had a hand in what an entry stands on: whoever judged or brought in the inspection, ruled on the subject, brought
/// that ruling in, or drafted the penalty. Addresses, in lower case.
pub fn makers(tx: &mut Tx, entry: i64) -> Result<Vec<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Maker {
        #[diesel(sql_type = Text)]
        by: String,
    }
    let rows: Vec<Maker> = diesel::sql_query(
        "WITH e AS (SELECT * FROM entries WHERE entry_id = $1),
              r AS (SELECT t.* FROM rulings t JOIN e ON t.subject = e.subject
                    WHERE t.superseded_at = 'infinity' AND NOT t.voided AND t.kind <> 'excuse'),
              i AS (SELECT split_part(substr(e.subject, 12), '#', 1) AS id FROM e WHERE e.subject LIKE 'inspection:%')
         SELECT DISTINCT lower(by) AS by FROM (
             SELECT r.decided_by AS by FROM r
             UNION ALL SELECT m.imported_by FROM r JOIN imports m ON m.tenant_id = r.tenant_id AND m.import_id = r.import_id
             UNION ALL SELECT p.drafted_by FROM r JOIN penalty_drafts p ON p.tenant_id = r.tenant_id AND p.ruling_id = r.ruling_id
             UNION ALL SELECT j.judged_by FROM i JOIN judged_visits j ON j.inspection_id = i.id
             UNION ALL SELECT m.imported_by FROM i JOIN inspections t ON t.inspection_id = i.id AND t.superseded_at = 'infinity'
                       JOIN imports m ON m.tenant_id = t.tenant_id AND m.import_id = t.import_id
         ) AS makers (by) ORDER BY 1",
    )
    .bind::<BigInt, _>(entry)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.by).collect())
}

/// A live penalty of a dealer that nobody has contested, as the dealer's list of things to do shows it.
#[derive(Debug, Clone)]
pub struct Contestable {
    /// The entry.
    pub entry: i64,
    /// The clause.
    pub clause: String,
    /// The subject.
    pub subject: String,
    /// What it charges.
    pub amount: Money,
    /// The local date of what happened.
    pub occurred_on: Date,
    /// When it was posted.
    pub posted_at: Instant,
}

/// The live penalties of a dealer that were posted since an instant and never contested, the oldest posting first.
pub fn contestable(
    tx: &mut Tx,
    dealer: &str,
    since: Instant,
    limit: i64,
) -> Result<Vec<Contestable>, StoreError> {
    #[derive(QueryableByName)]
    struct Penalty {
        #[diesel(sql_type = BigInt)]
        entry_id: i64,
        #[diesel(sql_type = Text)]
        clause: String,
        #[diesel(sql_type = Text)]
        subject: String,
        #[diesel(sql_type = BigInt)]
        amount: i64,
        #[diesel(sql_type = SqlDate)]
        occurred_on: PgDate,
        #[diesel(sql_type = Timestamptz)]
        posted_at: PgTimestamp,
    }
    let rows: Vec<Penalty> = diesel::sql_query(
        "SELECT e.entry_id, e.clause, e.subject, e.amount, e.occurred_on, e.posted_at FROM entries e
         WHERE e.dealer_code = $1 AND e.kind = 'charge' AND e.party_kind = 'dealer' AND e.amount < 0 AND e.posted_at >= $2
           AND NOT EXISTS (SELECT FROM entries r WHERE r.family = e.family AND r.subject = e.subject AND r.seat = e.seat
                           AND r.turn = e.turn AND r.kind = 'reversal')
           AND NOT EXISTS (SELECT FROM appeals a WHERE a.tenant_id = e.tenant_id AND a.entry_id = e.entry_id
                           AND a.state IN ('open', 'upheld', 'rejected'))
         ORDER BY e.posted_at, e.entry_id LIMIT $3",
    )
    .bind::<Text, _>(dealer)
    .bind::<Timestamptz, _>(pg_instant(since))
    .bind::<BigInt, _>(limit)
    .load(tx.connection)?;
    let told = |row: Penalty| Contestable {
        entry: row.entry_id,
        clause: row.clause,
        subject: row.subject,
        amount: Money(row.amount),
        occurred_on: date(row.occurred_on),
        posted_at: instant(row.posted_at),
    };
    Ok(rows.into_iter().map(told).collect())
}

/// Whether a dealer is among those of a user, on a day.
pub fn is_of_user(tx: &mut Tx, dealer: &str, email: &str, today: Date) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Is {
        #[diesel(sql_type = Bool)]
        is: bool,
    }
    let row: Is = diesel::sql_query(
        "SELECT EXISTS (SELECT FROM users u, farsight_dealers_of(u.user_id, $3) AS own WHERE u.email = $2 AND own = $1) AS is",
    )
    .bind::<Text, _>(dealer)
    .bind::<Text, _>(email)
    .bind::<SqlDate, _>(crate::values::pg_date(today))
    .get_result(tx.connection)?;
    Ok(row.is)
}
