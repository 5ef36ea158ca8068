//! Entries as people look through them: filtered, sorted and paged by the database. The ledger itself is [`crate::ledger`].

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date as SqlDate, Nullable, Text, Timestamptz};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{date, instant, month, pg_month};
use crate::{StoreError, Tx};

/// Which entries are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Charges that are not reversed.
    Live,
    /// Charges that are.
    Reversed,
    /// What reverses them.
    Reversal,
}

impl Standing {
    /// All of them, in the order of a choice.
    pub const ALL: [Self; 3] = [Self::Live, Self::Reversed, Self::Reversal];

    /// Its name in addresses and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Reversed => "reversed",
            Self::Reversal => "reversal",
        }
    }

    /// The standing of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.name() == name)
    }
}

/// An entry of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id.
    pub id: i64,
    /// The settlement it falls into.
    pub period: Period,
    /// The check.
    pub check: String,
    /// The clause.
    pub clause: String,
    /// The subject.
    pub subject: String,
    /// The seat charged.
    pub seat: String,
    /// Who bears it.
    pub party: String,
    /// That party's name.
    pub party_name: String,
    /// The dealer.
    pub dealer: String,
    /// The local date of what happened.
    pub occurred_on: Date,
    /// How much.
    pub amount: Money,
    /// How it stands.
    pub standing: Standing,
    /// When it was posted.
    pub posted_at: Instant,
    /// The state of the latest appeal on it.
    pub appeal: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    entry_id: i64,
    #[diesel(sql_type = SqlDate)]
    period: PgDate,
    #[diesel(sql_type = Text)]
    check_name: String,
    #[diesel(sql_type = Text)]
    clause: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    seat: String,
    #[diesel(sql_type = Text)]
    party_code: String,
    #[diesel(sql_type = Text)]
    party_name: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = SqlDate)]
    occurred_on: PgDate,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Text)]
    standing: String,
    #[diesel(sql_type = Timestamptz)]
    posted_at: PgTimestamp,
    #[diesel(sql_type = Nullable<Text>)]
    appeal: Option<String>,
}

/// How many entries there are of a filter, and what they come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct Sum {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
    /// All amounts, in minor units.
    #[diesel(sql_type = BigInt)]
    pub net: i64,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The day of what happened.
    #[default]
    Occurred,
    /// Its id, which grows with posting.
    Id,
    /// The settlement.
    Period,
    /// The clause.
    Clause,
    /// The dealer.
    Dealer,
    /// The amount.
    Amount,
}

impl Sort {
    const fn sql(self) -> &'static str {
        match self {
            Self::Occurred => "e.occurred_on",
            Self::Id => "e.entry_id",
            Self::Period => "e.period",
            Self::Clause => "e.clause COLLATE \"C\"",
            Self::Dealer => "e.dealer_code COLLATE \"C\"",
            Self::Amount => "e.amount",
        }
    }
}

/// Which entries are listed; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of a settlement.
    pub period: Option<Period>,
    /// Of a check.
    pub check: Option<String>,
    /// Of a clause.
    pub clause: Option<String>,
    /// Of a party's code.
    pub party: Option<String>,
    /// Of a dealer.
    pub dealer: Option<String>,
    /// How they stand.
    pub standing: Option<Standing>,
    /// In what order.
    pub sort: Sort,
    /// The last first.
    pub descending: bool,
    /// At most so many.
    pub limit: i64,
    /// After so many.
    pub offset: i64,
}

/// Whether a reversal of `e` is there.
const REVERSED: &str =
    "EXISTS (SELECT FROM entries r WHERE r.family = e.family AND r.subject = e.subject AND r.seat = e.seat
    AND r.turn = e.turn AND r.kind = 'reversal')";

fn condition(filter: &Filter) -> String {
    let standing = match filter.standing {
        None => String::new(),
        Some(Standing::Live) => format!("AND e.kind = 'charge' AND NOT {REVERSED}"),
        Some(Standing::Reversed) => format!("AND e.kind = 'charge' AND {REVERSED}"),
        Some(Standing::Reversal) => "AND e.kind = 'reversal'".to_owned(),
    };
    format!(
        "($1 IS NULL OR e.period = $1) AND ($2 IS NULL OR e.check_name = $2) AND ($3 IS NULL OR e.clause = $3)
         AND ($4 IS NULL OR e.party_code = $4) AND ($5 IS NULL OR e.dealer_code = $5) {standing}"
    )
}

/// How many entries there are of a filter, and their sum.
pub fn sum(tx: &mut Tx, filter: &Filter) -> Result<Sum, StoreError> {
    Ok(diesel::sql_query(format!(
        "SELECT count(*) AS total, coalesce(sum(e.amount), 0)::bigint AS net FROM entries e WHERE {}",
        condition(filter)
    ))
    .bind::<Nullable<SqlDate>, _>(filter.period.map(pg_month))
    .bind::<Nullable<Text>, _>(&filter.check)
    .bind::<Nullable<Text>, _>(&filter.clause)
    .bind::<Nullable<Text>, _>(&filter.party)
    .bind::<Nullable<Text>, _>(&filter.dealer)
    .get_result(tx.connection)?)
}

/// The entries of a filter, of the page. Names and standings are looked up for those of the page only.
pub fn page(tx: &mut Tx, filter: &Filter) -> Result<Vec<Listed>, StoreError> {
    let order = if filter.descending { "DESC" } else { "ASC" };
    let sort = filter.sort.sql();
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT e.*, coalesce(CASE e.party_kind
                 WHEN 'dealer' THEN (SELECT d.name FROM dealers d WHERE d.dealer_code = e.party_code AND d.superseded_at = 'infinity')
                 ELSE (SELECT p.name FROM people p WHERE p.person_code = e.party_code AND p.superseded_at = 'infinity') END, '') AS party_name,
             CASE WHEN e.kind = 'reversal' THEN 'reversal' WHEN {REVERSED} THEN 'reversed' ELSE 'live' END AS standing,
             (SELECT a.state FROM appeals a WHERE a.tenant_id = e.tenant_id AND a.entry_id = e.entry_id
              ORDER BY a.appeal_id DESC LIMIT 1) AS appeal
         FROM (SELECT * FROM entries e WHERE {} ORDER BY {sort} {order}, e.entry_id {order} LIMIT $6 OFFSET $7) AS e
         ORDER BY {sort} {order}, e.entry_id {order}",
        condition(filter)
    ))
    .bind::<Nullable<SqlDate>, _>(filter.period.map(pg_month))
    .bind::<Nullable<Text>, _>(&filter.check)
    .bind::<Nullable<Text>, _>(&filter.clause)
    .bind::<Nullable<Text>, _>(&filter.party)
    .bind::<Nullable<Text>, _>(&filter.dealer)
    .bind::<BigInt, _>(filter.limit)
    .bind::<BigInt, _>(filter.offset)
    .load(tx.connection)?;
    let told = |row: Row| Listed {
        id: row.entry_id,
        period: month(row.period),
        check: row.check_name,
        clause: row.clause,
        subject: row.subject,
        seat: row.seat,
        party: row.party_code,
        party_name: row.party_name,
        dealer: row.dealer_code,
        occurred_on: date(row.occurred_on),
        amount: Money(row.amount),
        standing: Standing::named(&row.standing).unwrap_or(Standing::Live),
        posted_at: instant(row.posted_at),
        appeal: row.appeal,
    };
    Ok(rows.into_iter().map(told).collect())
}
