//! What the morning board reads besides figures: today's visits, clocks about to run out, cameras away, and how long
//! the manufacturer takes to settle.

use diesel::data_types::{PgDate, PgTimestamp};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date as SqlDate, Nullable, Text, Timestamptz};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;

use crate::values::{instant, month, pg_date, pg_instant};
use crate::visits::{Kind, State};
use crate::{StoreError, Tx};

/// How many of a day's visits in sight are of a kind and stand so.
pub fn visits(tx: &mut Tx, day: Date) -> Result<Vec<(Kind, State, i64)>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Text)]
        state: String,
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let rows: Vec<Row> =
        diesel::sql_query("SELECT kind, state, count(*) AS count FROM visits WHERE day = $1 GROUP BY 1, 2")
            .bind::<SqlDate, _>(pg_date(day))
            .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (Kind::named(&row.kind), State::named(&row.state), row.count)).collect())
}

/// What a clock runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// A complaint's first reply.
    Reply,
    /// A complaint's closing.
    Close,
    /// A rectification order.
    Mend,
    /// An appeal, which the manufacturer has to decide.
    Appeal,
    /// Another alert with a date.
    Alert,
}

impl ClockKind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Close => "close",
            Self::Mend => "mend",
            Self::Appeal => "appeal",
            Self::Alert => "alert",
        }
    }

    fn named(name: &str) -> Self {
        [Self::Reply, Self::Close, Self::Mend, Self::Appeal]
            .into_iter()
            .find(|kind| kind.name() == name)
            .unwrap_or(Self::Alert)
    }
}

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// On what.
    pub kind: ClockKind,
    /// For which dealer.
    pub dealer: String,
    /// The complaint's id, the appeal's number, or the alert's subject.
    pub subject: String,
    /// The alert's number.
    pub alert: Option<i64>,
    /// Until when.
    pub due_at: Instant,
}

#[derive(QueryableByName)]
struct ClockRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    alert_id: Option<i64>,
    #[diesel(sql_type = Timestamptz)]
    due_at: PgTimestamp,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// Clocks that run out from one instant to before another, of one dealer or of all in sight: how many, and the first.
pub fn clocks(
    tx: &mut Tx,
    from: Instant,
    to: Instant,
    dealer: Option<&str>,
    most: i64,
) -> Result<(i64, Vec<Clock>), StoreError> {
    let of = "($3 IS NULL OR dealer_code = $3)";
    let query = format!(
        "SELECT *, count(*) OVER () AS total FROM (
                 SELECT 'reply' AS kind, dealer_code, complaint_id AS subject, NULL::bigint AS alert_id, reply_due_at AS due_at
                 FROM complaint_lives WHERE replied_at IS NULL AND closed_at = 'infinity' AND reply_due_at >= $1 AND reply_due_at < $2 AND {of}
                 UNION ALL
                 SELECT 'close', dealer_code, complaint_id, NULL, close_due_at
                 FROM complaint_lives WHERE waiting_since IS NULL AND closed_at = 'infinity' AND close_due_at >= $1 AND close_due_at < $2 AND {of}
                 UNION ALL
                 SELECT CASE WHEN clause = 'bay-turnover.rectify' THEN 'mend' ELSE 'alert' END, dealer_code, subject, alert_id, due_at
                 FROM alerts WHERE resolved_at = 'infinity' AND due_at >= $1 AND due_at < $2 AND {of}
                 UNION ALL
                 SELECT 'appeal', dealer_code, appeal_id::text, NULL, decide_by
                 FROM appeals WHERE state = 'open' AND decide_by >= $1 AND decide_by < $2 AND {of}) AS u
         ORDER BY due_at, subject COLLATE \"C\" LIMIT $4"
    );
    let rows: Vec<ClockRow> = diesel::sql_query(query)
        .bind::<Timestamptz, _>(pg_instant(from))
        .bind::<Timestamptz, _>(pg_instant(to))
        .bind::<Nullable<Text>, _>(dealer)
        .bind::<BigInt, _>(most)
        .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total);
    let clocks = rows.into_iter().map(|row| Clock {
        kind: ClockKind::named(&row.kind),
        dealer: row.dealer_code,
        subject: row.subject,
        alert: row.alert_id,
        due_at: instant(row.due_at),
    });
    Ok((total, clocks.collect()))
}

/// A camera that gives no picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// The camera.
    pub camera: String,
    /// Its dealer.
    pub dealer: String,
    /// Since when.
    pub since: Instant,
    /// Why, as the last try told.
    pub reason: String,
}

/// Cameras in sight that give no picture: how many, and those away the longest.
pub fn cameras_away(tx: &mut Tx, most: i64) -> Result<(i64, Vec<Away>), StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        camera_code: String,
        #[diesel(sql_type = Text)]
        dealer_code: String,
        #[diesel(sql_type = Timestamptz)]
        away_since: PgTimestamp,
        #[diesel(sql_type = Text)]
        reason: String,
        #[diesel(sql_type = BigInt)]
        total: i64,
    }
    let rows: Vec<Row> = diesel::sql_query(
        // A fence: few are away, and each is looked up by index.
        "SELECT c.camera_code, c.dealer_code, s.away_since, coalesce(s.last_reason, '') AS reason, count(*) OVER () AS total
         FROM camera_states s CROSS JOIN LATERAL (
             SELECT camera_code, dealer_code FROM cameras
             WHERE camera_code = s.camera_code AND superseded_at = 'infinity' AND NOT voided OFFSET 0) AS c
         WHERE s.away_since IS NOT NULL ORDER BY s.away_since, c.camera_code COLLATE \"C\" LIMIT $1",
    )
    .bind::<BigInt, _>(most)
    .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total);
    let away = rows.into_iter().map(|row| Away {
        camera: row.camera_code,
        dealer: row.dealer_code,
        since: instant(row.away_since),
        reason: row.reason,
    });
    Ok((total, away.collect()))
}

/// Locked periods, the latest first: the period and when it was locked.
pub fn locked_at(tx: &mut Tx, most: i64) -> Result<Vec<(Period, Instant)>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlDate)]
        period: PgDate,
        #[diesel(sql_type = Timestamptz)]
        locked_at: PgTimestamp,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT period, locked_at FROM settlements WHERE locked_at IS NOT NULL ORDER BY period DESC LIMIT $1",
    )
    .bind::<BigInt, _>(most)
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (month(row.period), instant(row.locked_at))).collect())
}
