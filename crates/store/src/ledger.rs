//! The entries of the ledger: only ever added to.

use std::collections::HashSet;

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Integer, Nullable, Text, Timestamptz};
use farsight_ledger::period::posting_period;
use farsight_ledger::reconcile::{ChargeKey, Desired, Live, Postings, Terms};
use farsight_rulebook::finding::PartyKind;
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::policy::Seat;
use farsight_rulebook::time::Instant;

use crate::values::{date, instant, month, pg_instant};
use crate::{StoreError, Tx};

/// An entry, whole.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id.
    pub id: i64,
    /// The settlement it falls into.
    pub period: Period,
    /// The month it occurred in.
    pub origin_period: Period,
    /// What it says.
    pub terms: Terms,
    /// The seat.
    pub seat: Seat,
    /// The family.
    pub family: String,
    /// The dealer's region.
    pub region: String,
    /// The check.
    pub check: String,
    /// The subject.
    pub subject: String,
    /// The unit it was judged in.
    pub unit: String,
    /// The entry it reverses; none: a charge.
    pub reverses: Option<i64>,
    /// The policy version.
    pub version: i32,
    /// The run that posted it.
    pub run: i64,
    /// When it was posted.
    pub posted_at: Instant,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    entry_id: i64,
    #[diesel(sql_type = SqlDate)]
    period: PgDate,
    #[diesel(sql_type = SqlDate)]
    origin_period: PgDate,
    #[diesel(sql_type = Text)]
    party_kind: String,
    #[diesel(sql_type = Text)]
    party_code: String,
    #[diesel(sql_type = Text)]
    seat: String,
    #[diesel(sql_type = Text)]
    family: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    region_code: String,
    #[diesel(sql_type = Text)]
    check_name: String,
    #[diesel(sql_type = Text)]
    clause: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    unit: String,
    #[diesel(sql_type = SqlDate)]
    occurred_on: PgDate,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    reverses: Option<i64>,
    #[diesel(sql_type = Integer)]
    policy_version: i32,
    #[diesel(sql_type = BigInt)]
    run_id: i64,
    #[diesel(sql_type = Timestamptz)]
    posted_at: PgTimestamp,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        Self {
            id: row.entry_id,
            period: month(row.period),
            origin_period: month(row.origin_period),
            terms: Terms {
                clause: row.clause,
                party_kind: PartyKind::named(&row.party_kind).unwrap_or(PartyKind::Dealer),
                party: row.party_code,
                dealer: row.dealer_code,
                occurred_on: date(row.occurred_on),
                amount: Money(row.amount),
            },
            seat: Seat::named(&row.seat).unwrap_or(Seat::Dealer),
            family: row.family,
            region: row.region_code,
            check: row.check_name,
            subject: row.subject,
            unit: row.unit,
            reverses: row.reverses,
            version: row.policy_version,
            run: row.run_id,
            posted_at: instant(row.posted_at),
        }
    }
}

/// Every entry (of one period, when it is named), by period, clause, subject, seat and posting order, streamed.
pub fn each(tx: &mut Tx, period: Option<Period>, mut take: impl FnMut(Entry)) -> Result<(), StoreError> {
    let of_period =
        period.map_or(String::new(), |period| format!("period = date '{}' AND", period.first_day()));
    let query = format!(
        "SELECT * FROM entries WHERE {of_period} {known} ORDER BY period, clause COLLATE \"C\", subject COLLATE \"C\", seat COLLATE \"C\", entry_id",
        known = tx.by_then("posted_at")
    );
    tx.each::<_, Row>(diesel::sql_query(query), |row| take(row.into()))
}

/// The entry of an id.
pub fn find(tx: &mut Tx, id: i64) -> Result<Option<Entry>, StoreError> {
    let known = tx.by_then("posted_at");
    let row: Option<Row> =
        diesel::sql_query(format!("SELECT * FROM entries WHERE entry_id = $1 AND {known}"))
            .bind::<BigInt, _>(id)
            .get_result(tx.connection)
            .optional()?;
    Ok(row.map(Entry::from))
}

/// The entries of ids, in no order.
pub fn find_all(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query("SELECT * FROM entries WHERE entry_id = ANY($1)")
        .bind::<Array<BigInt>, _>(ids)
        .load(tx.connection)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Which of these entries are reversed.
pub fn reversed_among(tx: &mut Tx, ids: &[i64]) -> Result<HashSet<i64>, StoreError> {
    #[derive(QueryableByName)]
    struct Reversed {
        #[diesel(sql_type = BigInt)]
        entry_id: i64,
    }
    let rows: Vec<Reversed> = diesel::sql_query(
        "SELECT e.entry_id FROM entries e JOIN entries r ON r.family = e.family AND r.subject = e.subject AND r.seat = e.seat
             AND r.reverses = e.entry_id
         WHERE e.entry_id = ANY($1)",
    )
    .bind::<Array<BigInt>, _>(ids)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| row.entry_id).collect())
}

/// All that was ever posted on a charge key, in posting order.
pub fn history(tx: &mut Tx, key: &ChargeKey) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT * FROM entries WHERE family = $1 AND subject = $2 AND seat = $3 AND {} ORDER BY entry_id",
        tx.by_then("posted_at")
    ))
    .bind::<Text, _>(&key.family)
    .bind::<Text, _>(&key.subject)
    .bind::<Text, _>(key.seat.name())
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// The other live charges of a finding's subject in a family group (who else was charged).
pub fn beside(tx: &mut Tx, subject_prefix: &str, entry: i64) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT * FROM entries e WHERE (e.subject = $1 OR e.subject = split_part($1, '#', 1)) AND e.entry_id <> $2 AND {}
         ORDER BY entry_id",
        live_charge(tx)
    ))
    .bind::<Text, _>(subject_prefix)
    .bind::<BigInt, _>(entry)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// The condition that entry `e` is a charge that is not reversed.
fn live_charge(tx: &Tx) -> String {
    let (posted, reversed) = (tx.by_then("e.posted_at"), tx.by_then("r.posted_at"));
    format!(
        "e.kind = 'charge' AND {posted} AND NOT EXISTS (
             SELECT FROM entries r WHERE r.family = e.family AND r.subject = e.subject AND r.seat = e.seat AND r.turn = e.turn
                 AND r.kind = 'reversal' AND {reversed})"
    )
}

/// Which live entries are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Those of the dealers put into `wanted`.
    WantedDealers,
    /// Those of the units put into `wanted`.
    WantedUnits,
}

/// The live entries of some checks.
pub fn live(tx: &mut Tx, checks: &[&str], among: Among) -> Result<Vec<Live>, StoreError> {
    let names = checks.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let from = match among {
        // A fence: unit by unit, by index.
        Among::WantedUnits => format!(
            "pg_temp.wanted w CROSS JOIN LATERAL (
                 SELECT * FROM entries e WHERE e.check_name IN ({names}) AND e.unit = w.a OFFSET 0) AS e"
        ),
        Among::WantedDealers => {
            format!(
                "entries e WHERE e.check_name IN ({names}) AND e.dealer_code IN (SELECT a FROM pg_temp.wanted)"
            )
        }
    };
    not_reversed(tx, &from)
}

/// What was charged and not reversed, of the entries that a `FROM` clause gives whole (every reversal with its charge).
fn not_reversed(tx: &mut Tx, from: &str) -> Result<Vec<Live>, StoreError> {
    let mut charges = Vec::new();
    let mut reversed = HashSet::new();
    tx.read(
        &format!(
            "SELECT e.reverses, e.entry_id, e.family, e.subject, e.seat, e.clause, e.party_kind, e.party_code, e.dealer_code,
                    e.occurred_on, e.amount FROM {from}"
        ),
        |row| {
            let reverses = row.big_or();
            let entry = row.big();
            let key = ChargeKey {
                family: row.text().to_owned(),
                subject: row.text().to_owned(),
                seat: Seat::named(row.text()).unwrap_or(Seat::Dealer),
            };
            let terms = Terms {
                clause: row.text().to_owned(),
                party_kind: PartyKind::named(row.text()).unwrap_or(PartyKind::Dealer),
                party: row.text().to_owned(),
                dealer: row.text().to_owned(),
                occurred_on: row.date(),
                amount: Money(row.big()),
            };
            match reverses {
                Some(charge) => {
                    reversed.insert(charge);
                }
                None => charges.push(Live { entry, key, terms }),
            }
        },
    )?;
    charges.retain(|charge| !reversed.contains(&charge.entry));
    Ok(charges)
}

/// What a posting carries besides its terms.
#[derive(Debug, Clone, Copy)]
pub struct Posting {
    /// The run.
    pub run: i64,
    /// When.
    pub posted_at: Instant,
    /// The last locked period.
    pub last_locked: Option<Period>,
}

/// Posts reversals and charges. A charge whose key is live elsewhere (its fact has moved to another unit that is
/// judged later in the same run) is posted after the reversal of that. `first_ever` says that the books are empty.
/// Gives how many of each, and the periods.
pub fn post(
    tx: &mut Tx,
    mut postings: Postings,
    posting: Posting,
    first_ever: bool,
) -> Result<(u64, u64, Vec<Period>), StoreError> {
    if postings.reversals.is_empty() && postings.charges.is_empty() {
        return Ok((0, 0, Vec::new()));
    }
    if !first_ever && !postings.charges.is_empty() {
        stage_keys(tx, &postings.charges)?;
        let elsewhere = not_reversed(
            tx,
            "pg_temp.staging s CROSS JOIN LATERAL (SELECT * FROM entries e
                 WHERE e.family = s.family AND e.subject = s.subject AND e.seat = s.seat OFFSET 0) AS e",
        )?;
        let known: HashSet<i64> = postings.reversals.iter().map(|entry| entry.entry).collect();
        postings.reversals.extend(elsewhere.into_iter().filter(|entry| !known.contains(&entry.entry)));
    }
    let mut next = tx.number("SELECT coalesce(max(entry_id), 0) + 1 AS number FROM entries")?;
    let mut periods = Vec::new();
    reverse(tx, &postings.reversals, &mut next, &mut periods, posting)?;
    charge(tx, &postings.charges, &mut next, &mut periods, posting, first_ever)?;
    periods.sort_unstable();
    periods.dedup();
    Ok((postings.charges.len() as u64, postings.reversals.len() as u64, periods))
}

fn stage_keys(tx: &mut Tx, charges: &[Desired]) -> Result<(), StoreError> {
    tx.stage::<StoreError>("family text, subject text, seat text", |rows| {
        for charge in charges {
            let row = rows.row().map_err(input)?;
            row.text(&charge.key.family).text(&charge.key.subject).text(charge.key.seat.name());
        }
        Ok(())
    })?;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn input(error: std::io::Error) -> StoreError {
    StoreError::Input(error.to_string())
}

fn reverse(
    tx: &mut Tx,
    reversals: &[Live],
    next: &mut i64,
    periods: &mut Vec<Period>,
    posting: Posting,
) -> Result<(), StoreError> {
    if reversals.is_empty() {
        return Ok(());
    }
    tx.stage::<StoreError>("entry_id bigint, reverses bigint, period date", |rows| {
        for live in reversals {
            let period = posting_period(live.terms.occurred_on, posting.last_locked);
            rows.row().map_err(input)?.big(*next).big(live.entry).date(period.first_day());
            periods.push(period);
            *next += 1;
        }
        Ok(())
    })?;
    diesel::sql_query(
        "INSERT INTO entries (tenant_id, entry_id, kind, reverses, turn, period, origin_period, check_name, family, clause, subject,
             unit, seat, party_kind, party_code, dealer_code, region_code, occurred_on, amount, policy_version, run_id, posted_at)
         SELECT e.tenant_id, s.entry_id, 'reversal', e.entry_id, e.turn, s.period, e.origin_period, e.check_name, e.family, e.clause,
             e.subject, e.unit, e.seat, e.party_kind, e.party_code, e.dealer_code, e.region_code, e.occurred_on, -e.amount,
             e.policy_version, $1, $2
         FROM staging s JOIN entries e ON e.entry_id = s.reverses",
    )
    .bind::<BigInt, _>(posting.run)
    .bind::<Timestamptz, _>(pg_instant(posting.posted_at))
    .execute(tx.connection)?;
    Ok(())
}

fn charge(
    tx: &mut Tx,
    charges: &[Desired],
    next: &mut i64,
    periods: &mut Vec<Period>,
    posting: Posting,
    first_ever: bool,
) -> Result<(), StoreError> {
    if charges.is_empty() {
        return Ok(());
    }
    let types = "entry_id bigint, period date, origin_period date, check_name text, family text, clause text, subject text, unit text,
                 seat text, party_kind text, party_code text, dealer_code text, region_code text, occurred_on date, amount bigint,
                 policy_version integer";
    tx.stage::<StoreError>(types, |rows| {
        for Desired { key, terms, context } in charges {
            let period = posting_period(terms.occurred_on, posting.last_locked);
            let row = rows.row().map_err(input)?;
            row.big(*next)
                .date(period.first_day())
                .date(Period::of(terms.occurred_on).first_day())
                .text(context.check);
            row.text(&key.family)
                .text(&terms.clause)
                .text(&key.subject)
                .text(&context.unit)
                .text(key.seat.name());
            row.text(terms.party_kind.name()).text(&terms.party).text(&terms.dealer).text(&context.region);
            row.date(terms.occurred_on).big(terms.amount.0).int(context.version);
            if periods.last() != Some(&period) {
                periods.push(period);
            }
            *next += 1;
        }
        Ok(())
    })?;
    let turn = if first_ever {
        "1"
    } else {
        "1 + coalesce((SELECT max(e.turn) FROM entries e WHERE e.family = s.family AND e.subject = s.subject AND e.seat = s.seat), 0)"
    };
    diesel::sql_query(format!(
        "INSERT INTO entries (tenant_id, entry_id, kind, turn, period, origin_period, check_name, family, clause, subject,
             unit, seat, party_kind, party_code, dealer_code, region_code, occurred_on, amount, policy_version, run_id, posted_at)
         SELECT (SELECT nullif(current_setting('farsight.tenant', true), '')::integer), s.entry_id, 'charge', {turn}, s.period,
             s.origin_period, s.check_name, s.family, s.clause, s.subject, s.unit, s.seat, s.party_kind, s.party_code, s.dealer_code,
             s.region_code, s.occurred_on, s.amount, s.policy_version, $1, $2
         FROM staging s"
    ))
    .bind::<BigInt, _>(posting.run)
    .bind::<Timestamptz, _>(pg_instant(posting.posted_at))
    .execute(tx.connection)?;
    Ok(())
}

/// A clause's live entries, added up.
#[derive(Debug, Clone)]
pub struct ClauseSum {
    /// The clause.
    pub clause: String,
    /// Live entries.
    pub entries: u64,
    /// The sum of all its entries.
    pub net: Money,
}

/// Every clause with entries, the largest sum first.
pub fn by_clause(tx: &mut Tx) -> Result<Vec<ClauseSum>, StoreError> {
    let mut sums = Vec::new();
    tx.each::<_, (String, i64, i64)>(
        diesel::dsl::sql::<(Text, BigInt, BigInt)>(
            "SELECT clause, (count(*) FILTER (WHERE kind = 'charge') - count(*) FILTER (WHERE kind = 'reversal')), sum(amount)::bigint
             FROM entries GROUP BY clause ORDER BY abs(sum(amount)) DESC, clause COLLATE \"C\"",
        ),
        |(clause, entries, net)| sums.push(ClauseSum { clause, entries: entries as u64, net: Money(net) }),
    )?;
    Ok(sums)
}

/// A live charge worth explaining: the latest third of a dealer, else the largest penalty.
pub fn worst_entry(tx: &mut Tx) -> Result<Option<i64>, StoreError> {
    let row: Option<Row> =
        diesel::sql_query(format!("SELECT * FROM entries e WHERE {} ORDER BY clause = 'spot-check.third' AND seat = 'dealer' DESC, amount, occurred_on DESC, entry_id LIMIT 1", live_charge(tx)))
            .get_result(tx.connection)
            .optional()?;
    Ok(row.map(|row| row.entry_id))
}
