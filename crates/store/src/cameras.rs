//! Cameras: where a dealer's are, how each is, and how one signs in to it.
//!
//! Secrets come here sealed and leave sealed.

mod list;

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::values::{instant, pg_instant};
use crate::{StoreError, Tx};
pub use list::{CameraOrder, Condition, ListedCamera, conditions, list};

/// A working camera, with how one signs in to it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Camera {
    /// Its code.
    #[diesel(sql_type = Text, column_name = "camera_code")]
    pub code: String,
    /// Where its picture is fetched.
    #[diesel(sql_type = Text)]
    pub snapshot_url: String,
    /// The user to sign in as.
    #[diesel(sql_type = Nullable<Text>)]
    pub sign_in_user: Option<String>,
    /// The password, sealed.
    #[diesel(sql_type = Nullable<Binary>)]
    pub sealed_secret: Option<Vec<u8>>,
}

/// The cameras of a dealer that are not said to be out of order, by code.
pub fn of_dealer(tx: &mut Tx, dealer: &str) -> Result<Vec<Camera>, StoreError> {
    let query = format!(
        "SELECT t.camera_code, t.snapshot_url, s.sign_in_user, s.sealed_secret
         FROM cameras t LEFT JOIN camera_states s USING (tenant_id, camera_code)
         WHERE {} AND t.dealer_code = $1 AND t.working IS DISTINCT FROM false ORDER BY t.camera_code COLLATE \"C\"",
        tx.holds()
    );
    Ok(diesel::sql_query(query).bind::<Text, _>(dealer).load(tx.connection)?)
}

/// Whether a camera of this code is known.
pub fn is_known(tx: &mut Tx, camera: &str) -> Result<bool, StoreError> {
    let query = format!("SELECT 1 FROM cameras t WHERE {} AND t.camera_code = $1", tx.holds());
    Ok(diesel::sql_query(query).bind::<Text, _>(camera).execute(tx.connection)? > 0)
}

/// How a camera is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CameraState {
    /// Visits in a row at which it gave no picture.
    pub failures: i32,
    /// Since when it counts as away.
    pub away_since: Option<Instant>,
    /// When it last gave a picture.
    pub last_seen_at: Option<Instant>,
    /// What was wrong last.
    pub last_reason: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    camera_code: String,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    away_since: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_seen_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    last_reason: Option<String>,
}

impl From<Row> for CameraState {
    fn from(row: Row) -> Self {
        Self {
            failures: row.failures,
            away_since: row.away_since.map(instant),
            last_seen_at: row.last_seen_at.map(instant),
            last_reason: row.last_reason,
        }
    }
}

const COLUMNS: &str = "camera_code, failures, away_since, last_seen_at, last_reason";

/// How a camera is; one of which nothing is known has never failed.
pub fn state(tx: &mut Tx, camera: &str) -> Result<CameraState, StoreError> {
    let row: Option<Row> =
        diesel::sql_query(format!("SELECT {COLUMNS} FROM camera_states WHERE camera_code = $1"))
            .bind::<Text, _>(camera)
            .get_result(tx.connection)
            .optional()?;
    Ok(row.map(CameraState::from).unwrap_or_default())
}

/// Cameras that count as away, by code.
pub fn away(tx: &mut Tx) -> Result<Vec<(String, CameraState)>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT {COLUMNS} FROM camera_states WHERE away_since IS NOT NULL ORDER BY camera_code COLLATE \"C\""
    ))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(|row| (row.camera_code.clone(), row.into())).collect())
}

/// Writes down how a camera is.
pub fn put_state(tx: &mut Tx, camera: &str, state: &CameraState) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO camera_states (tenant_id, camera_code, failures, away_since, last_seen_at, last_reason)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, camera_code) DO UPDATE SET failures = excluded.failures,
             away_since = excluded.away_since, last_seen_at = excluded.last_seen_at, last_reason = excluded.last_reason",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(camera)
    .bind::<Integer, _>(state.failures)
    .bind::<Nullable<Timestamptz>, _>(state.away_since.map(pg_instant))
    .bind::<Nullable<Timestamptz>, _>(state.last_seen_at.map(pg_instant))
    .bind::<Nullable<Text>, _>(state.last_reason.as_deref())
    .execute(tx.connection)?;
    Ok(())
}

/// Keeps how one signs in to a camera.
pub fn put_sign_in(tx: &mut Tx, camera: &str, user: &str, sealed_secret: &[u8]) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO camera_states (tenant_id, camera_code, sign_in_user, sealed_secret) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, camera_code) DO UPDATE SET sign_in_user = excluded.sign_in_user, sealed_secret = excluded.sealed_secret",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(camera)
    .bind::<Text, _>(user)
    .bind::<Binary, _>(sealed_secret)
    .execute(tx.connection)?;
    Ok(())
}

/// Every camera of the tenant: its code, its dealer, where its picture is fetched.
pub fn all(tx: &mut Tx) -> Result<Vec<(String, String, String)>, StoreError> {
    let query = format!(
        "SELECT t.camera_code, t.dealer_code, t.snapshot_url FROM cameras t WHERE {} ORDER BY t.camera_code",
        tx.holds()
    );
    let mut all = Vec::new();
    tx.each::<_, (String, String, String)>(diesel::dsl::sql::<(Text, Text, Text)>(&query), |row| {
        all.push(row);
    })?;
    Ok(all)
}

/// Where the tenant's cameras may be, as JSON; none: nobody has said.
pub fn rules(tx: &mut Tx) -> Result<Option<String>, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        rules: String,
    }
    let row: Option<Row> =
        diesel::sql_query("SELECT rules FROM camera_rules").get_result(tx.connection).optional()?;
    Ok(row.map(|row| row.rules))
}

/// Says where the tenant's cameras may be, in place of what was said before.
pub fn set_rules(tx: &mut Tx, rules: &str, at: Instant, by: &str) -> Result<(), StoreError> {
    diesel::sql_query(
        "INSERT INTO camera_rules (tenant_id, rules, set_at, set_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id) DO UPDATE SET rules = excluded.rules, set_at = excluded.set_at, set_by = excluded.set_by",
    )
    .bind::<Integer, _>(tx.tenant())
    .bind::<Text, _>(rules)
    .bind::<Timestamptz, _>(pg_instant(at))
    .bind::<Text, _>(by)
    .execute(tx.connection)?;
    Ok(())
}
