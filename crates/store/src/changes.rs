//! Numbers for objects that have none of their own: whenever somebody pulls such a list, what has become another since the
//! last time gets the next number. Numbers are given out under a turn that is held until the commit, so that a number that
//! is seen has all smaller ones before it. Nothing is looked through while what the list stands on is the same.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;

use crate::pulls::{Mark, Wanted};
use crate::session::Turn;
use crate::values::pg_instant;
use crate::{StoreError, Tx};

/// A list of such objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Dealers' statements; the key is `2026-03/DEALER`.
    Statements,
    /// Orders to mend, by their key.
    Rectifications,
    /// Appeals, by their number.
    Appeals,
}

impl List {
    const fn name(self) -> &'static str {
        match self {
            Self::Statements => "statements",
            Self::Rectifications => "rectifications",
            Self::Appeals => "appeals",
        }
    }

    /// The decisions that change an object of the list.
    const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Statements => &[
                "books.reconcile",
                "settlement.calculate",
                "settlement.review",
                "settlement.approve",
                "settlement.reopen",
                "settlement.lock",
                "statement.confirm",
                "statement.dispute",
                "statement.reply",
            ],
            Self::Rectifications => &[
                "rectification.order",
                "rectification.hand-in",
                "rectification.accept",
                "rectification.send-back",
            ],
            // The entry that takes a charge back comes with a check, after the decision.
            Self::Appeals => &["appeal.make", "appeal.decide", "appeal.withdraw", "books.reconcile"],
        }
    }

    /// What else it stands on: orders of bay turnover follow from alerts and from rulings.
    const fn besides(self) -> &'static str {
        match self {
            Self::Statements | Self::Appeals => "''",
            Self::Rectifications => {
                "(SELECT coalesce(max(import_id), 0) FROM imports) || ' ' || (SELECT coalesce(max(notice_id), 0) FROM notices)"
            }
        }
    }
}

/// An object as it is now.
#[derive(Debug, Clone, QueryableByName)]
pub struct Content {
    /// Its key.
    #[diesel(sql_type = Text)]
    pub key: String,
    /// The dealer.
    #[diesel(sql_type = Text)]
    pub dealer: String,
    /// A hash of what is told of it.
    #[diesel(sql_type = Text)]
    pub content: String,
}

/// What a list stands on now, and what it stood on when it was last looked through.
pub fn stamps(tx: &mut Tx, list: List) -> Result<(String, Option<String>), StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        now: String,
        #[diesel(sql_type = Nullable<Text>)]
        last: Option<String>,
    }
    let row: Row = diesel::sql_query(format!(
        "SELECT (SELECT coalesce(sum(latest), 0) FROM unnest($1) AS a (name)
                 CROSS JOIN LATERAL (SELECT max(seq) AS latest FROM audit_log WHERE action = a.name) AS l) || ' ' || {} AS now,
             (SELECT stamp FROM change_stamps WHERE list = $2) AS last",
        list.besides()
    ))
    .bind::<Array<Text>, _>(list.actions())
    .bind::<Text, _>(list.name())
    .get_result(tx.connection)?;
    Ok((row.now, row.last))
}

/// Nobody else numbers changes until the transaction ends.
pub fn take_turn(tx: &mut Tx) -> Result<(), StoreError> {
    tx.take_turn(Turn::Changes)
}

/// Gives whatever differs from what was noted, or is there no more, the next number; under the turn.
pub fn note(
    tx: &mut Tx,
    list: List,
    contents: &[Content],
    stamp: &str,
    at: Instant,
) -> Result<(), StoreError> {
    let each = |of: fn(&Content) -> &str| -> Vec<&str> { contents.iter().map(of).collect() };
    let at: PgTimestamp = pg_instant(at);
    diesel::sql_query(
        "INSERT INTO changes (tenant_id, list, key, dealer_code, content, change, noted_at)
         SELECT $1, $2, n.key, n.dealer, n.content, (SELECT coalesce(max(change), 0) + 1 FROM changes WHERE list = $2), $6
         FROM unnest($3, $4, $5) AS n (key, dealer, content)
         ON CONFLICT (tenant_id, list, key) DO UPDATE SET dealer_code = excluded.dealer_code, content = excluded.content,
             gone = false, change = excluded.change, noted_at = excluded.noted_at
         WHERE changes.gone OR (changes.dealer_code, changes.content) <> (excluded.dealer_code, excluded.content)",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(list.name())
    .bind::<Array<Text>, _>(each(|content| &content.key))
    .bind::<Array<Text>, _>(each(|content| &content.dealer))
    .bind::<Array<Text>, _>(each(|content| &content.content))
    .bind::<Timestamptz, _>(at)
    .execute(tx.connection)?;
    diesel::sql_query(
        "UPDATE changes SET gone = true, noted_at = $3, change = (SELECT coalesce(max(change), 0) + 1 FROM changes WHERE list = $1)
         WHERE list = $1 AND NOT gone AND NOT EXISTS (SELECT FROM unnest($2) AS n (key) WHERE n.key = changes.key)",
    )
    .bind::<Text, _>(list.name())
    .bind::<Array<Text>, _>(each(|content| &content.key))
    .bind::<Timestamptz, _>(at)
    .execute(tx.connection)?;
    diesel::sql_query(
        "INSERT INTO change_stamps (tenant_id, list, stamp) VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, list) DO UPDATE SET stamp = excluded.stamp",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(list.name())
    .bind::<Text, _>(stamp)
    .execute(tx.connection)?;
    Ok(())
}

/// Which objects have changed, those that the transaction's person sees; of statements those of a month.
pub fn pull(
    tx: &mut Tx,
    list: List,
    period: Option<Period>,
    wanted: &Wanted,
) -> Result<Vec<Mark>, StoreError> {
    let month = period.map(|period| format!("{period}/"));
    Ok(diesel::sql_query(
        "SELECT change AS seq, key FROM changes
         WHERE list = $5 AND (change, key COLLATE \"C\") > ($1, $2 COLLATE \"C\") AND ($3 IS NULL OR noted_at >= $3)
           AND ($6 IS NULL OR starts_with(key, $6))
         ORDER BY change, key COLLATE \"C\" LIMIT $4",
    )
    .bind::<BigInt, _>(wanted.after.seq)
    .bind::<Text, _>(&wanted.after.key)
    .bind::<Nullable<Timestamptz>, _>(wanted.since.map(pg_instant))
    .bind::<BigInt, _>(wanted.limit)
    .bind::<Text, _>(list.name())
    .bind::<Nullable<Text>, _>(month)
    .load(tx.connection)?)
}
