//! The audit log: decisions, exports and looks at evidence, as a hash chain that only grows.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};
use farsight_ledger::chain::{self, FIRST, Said};
use farsight_rulebook::time::Instant;
use serde::Serialize;

use crate::session::{Isolation, Turn};
use crate::values::{instant, pg_instant};
use crate::{Database, StoreError, Tx};

/// What is written down.
#[derive(Debug, Clone)]
pub struct Deed<'a> {
    /// Who did it.
    pub actor: &'a str,
    /// What was done, such as `settlement.lock`.
    pub action: &'a str,
    /// To what.
    pub subject: &'a str,
    /// With what result, as JSON.
    pub detail: &'a str,
}

#[derive(QueryableByName)]
struct Link {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Timestamptz)]
    at: PgTimestamp,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = Text)]
    previous_hash: String,
    #[diesel(sql_type = Text)]
    hash: String,
}

fn hash(previous: &str, tenant: i32, seq: i64, at: Instant, deed: &Deed) -> String {
    let Deed { actor, action, subject, detail } = *deed;
    chain::hash(previous, &Said { tenant, seq, at: at.0, actor, action, subject, detail })
}

/// Adds a link; gives its hash, the new head.
pub fn add(tx: &mut Tx, at: Instant, deed: &Deed) -> Result<String, StoreError> {
    tx.take_turn(Turn::Audit)?;
    let last = head(tx)?;
    Ok(append(tx, last, at, deed)?.1)
}

/// Adds links from a transaction that sees an older state: the links since then, a session beside it looks up while nobody
/// else can add any. Without that, a check would fail whenever facts came in while it ran. Once a transaction: a second
/// time would not see the first.
pub fn add_beside(tx: &mut Tx, database: &Database, at: Instant, deeds: &[Deed]) -> Result<(), StoreError> {
    tx.take_turn(Turn::Audit)?;
    let mut last = database.session()?.transaction(tx.scope(), Isolation::ReadCommitted, head)?;
    for deed in deeds {
        last = Some(append(tx, last, at, deed)?);
    }
    Ok(())
}

/// Adds a link after the last one; gives its number and hash.
fn append(
    tx: &mut Tx,
    last: Option<(i64, String)>,
    at: Instant,
    deed: &Deed,
) -> Result<(i64, String), StoreError> {
    let (seq, previous) = last.map_or((1, FIRST.to_owned()), |(seq, hash)| (seq + 1, hash));
    let hash = hash(&previous, tx.tenant(), seq, at, deed);
    diesel::sql_query(
        "INSERT INTO audit_log (tenant_id, seq, at, actor, action, subject, detail, previous_hash, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<BigInt, _>(seq)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Text, _>(deed.actor)
    .bind::<Text, _>(deed.action)
    .bind::<Text, _>(deed.subject)
    .bind::<Text, _>(deed.detail)
    .bind::<Text, _>(&previous)
    .bind::<Text, _>(&hash)
    .execute(tx.connection)?;
    Ok((seq, hash))
}

/// The last link's number and hash.
pub fn head(tx: &mut Tx) -> Result<Option<(i64, String)>, StoreError> {
    let last: Option<Link> = diesel::sql_query("SELECT * FROM audit_log ORDER BY seq DESC LIMIT 1")
        .get_result(tx.connection)
        .optional()?;
    Ok(last.map(|link| (link.seq, link.hash)))
}

/// What a walk along the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// How many links there are.
    pub links: i64,
    /// The last hash.
    pub head: String,
    /// The first link that does not fit, and why.
    pub broken: Option<(i64, &'static str)>,
}

/// Walks the chain from its first link to its head.
pub fn walk(tx: &mut Tx) -> Result<Walk, StoreError> {
    let tenant = tx.tenant();
    let mut walk = Walk { links: 0, head: FIRST.to_owned(), broken: None };
    tx.each::<_, Link>(diesel::sql_query("SELECT * FROM audit_log ORDER BY seq"), |link| {
        walk.links += 1;
        let deed =
            Deed { actor: &link.actor, action: &link.action, subject: &link.subject, detail: &link.detail };
        let fault = if link.seq != walk.links {
            Some("a link is missing before it")
        } else if link.previous_hash != walk.head {
            Some("it does not follow the link before it")
        } else if hash(&link.previous_hash, tenant, link.seq, instant(link.at), &deed) != link.hash {
            Some("its content is not what was hashed")
        } else {
            None
        };
        if let (Some(fault), None) = (fault, walk.broken) {
            walk.broken = Some((link.seq, fault));
        }
        walk.head = link.hash;
    })?;
    Ok(walk)
}

/// When the so-many-last link of an action was written, 1 the last; none: there are not so many.
pub fn nth_last(tx: &mut Tx, action: &str, place: i64) -> Result<Option<Instant>, StoreError> {
    #[derive(QueryableByName)]
    struct At {
        #[diesel(sql_type = Timestamptz)]
        at: PgTimestamp,
    }
    let query = "SELECT at FROM audit_log WHERE action = $1 ORDER BY seq DESC OFFSET $2 - 1 LIMIT 1";
    let found: Option<At> = diesel::sql_query(query)
        .bind::<Text, _>(action)
        .bind::<BigInt, _>(place)
        .get_result(tx.connection)
        .optional()?;
    Ok(found.map(|found| instant(found.at)))
}

/// A link, whole: with it anybody can redo its hash.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The listed link.
    pub link: Listed,
    /// The hash of the link before it.
    pub previous_hash: String,
}

/// The links of a kind of deed (what its action begins with) on one subject, in their order.
pub fn of(tx: &mut Tx, action: &str, subject: &str) -> Result<Vec<Whole>, StoreError> {
    let rows: Vec<Link> = diesel::sql_query(
        "SELECT * FROM audit_log WHERE starts_with(action, $1) AND subject = $2 ORDER BY seq",
    )
    .bind::<Text, _>(action)
    .bind::<Text, _>(subject)
    .load(tx.connection)?;
    let whole = |link: Link| {
        let Link { seq, at, actor, action, subject, detail, previous_hash, hash } = link;
        let link = Listed { seq, at: instant(at).0, actor, action, subject, detail, hash };
        Whole { link, previous_hash }
    };
    Ok(rows.into_iter().map(whole).collect())
}

/// Whether something of this kind was ever done.
pub fn has(tx: &mut Tx, action: &str) -> Result<bool, StoreError> {
    let found = diesel::sql_query("SELECT 1 FROM audit_log WHERE action = $1 LIMIT 1")
        .bind::<Text, _>(action)
        .execute(tx.connection)?;
    Ok(found > 0)
}

/// A link as it is listed.
#[derive(Debug, Clone, Serialize, QueryableByName)]
pub struct Listed {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// When, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub at: i64,
    /// Who.
    #[diesel(sql_type = Text)]
    pub actor: String,
    /// What.
    #[diesel(sql_type = Text)]
    pub action: String,
    /// To what.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// With what result, as JSON.
    #[diesel(sql_type = Text)]
    pub detail: String,
    /// Its hash.
    #[diesel(sql_type = Text)]
    pub hash: String,
}

/// Which links are asked for: all that is said must hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which<'w> {
    /// Of one person or program.
    pub actor: Option<&'w str>,
    /// Of one kind, such as `settlement.lock`, or those that begin so.
    pub action: Option<&'w str>,
    /// To what has this in its name.
    pub subject: Option<&'w str>,
}

/// Some links, the latest first, and how many there are.
pub fn list(tx: &mut Tx, which: Which, limit: i64, offset: i64) -> Result<(Vec<Listed>, i64), StoreError> {
    const FILTER: &str = "($1 IS NULL OR actor = $1) AND ($2 IS NULL OR starts_with(action, $2)) AND ($3 IS NULL OR strpos(subject, $3) > 0)";
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let count: Count = diesel::sql_query(format!("SELECT count(*) AS number FROM audit_log WHERE {FILTER}"))
        .bind::<Nullable<Text>, _>(which.actor)
        .bind::<Nullable<Text>, _>(which.action)
        .bind::<Nullable<Text>, _>(which.subject)
        .get_result(tx.connection)?;
    let rows = diesel::sql_query(format!(
        "SELECT seq, (extract(epoch FROM at) * 1000000)::bigint AS at, actor, action, subject, detail, hash
         FROM audit_log WHERE {FILTER} ORDER BY seq DESC LIMIT $4 OFFSET $5"
    ))
    .bind::<Nullable<Text>, _>(which.actor)
    .bind::<Nullable<Text>, _>(which.action)
    .bind::<Nullable<Text>, _>(which.subject)
    .bind::<BigInt, _>(limit)
    .bind::<BigInt, _>(offset)
    .load(tx.connection)?;
    Ok((rows, count.number))
}
