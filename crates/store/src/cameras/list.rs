//! The list of cameras with how each is; filtered, sorted and cut into pages by the database.

use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};
use farsight_rulebook::time::Instant;

use crate::values::instant;
use crate::{StoreError, Tx};

/// The condition of a camera `t` with its state `s`.
const CONDITION: &str = "CASE WHEN t.working IS FALSE THEN 'out-of-order' WHEN s.away_since IS NOT NULL THEN 'away'
    WHEN s.failures > 0 THEN 'failing' WHEN s.last_seen_at IS NULL THEN 'unseen' ELSE 'fine' END AS condition";

/// How a camera is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It gave no picture at several visits in a row.
    Away,
    /// It gave none at its last visit.
    Failing,
    /// It is said to be out of order.
    OutOfOrder,
    /// It gave a picture when it was last asked.
    Fine,
    /// It was never asked.
    Unseen,
}

impl Condition {
    /// Every condition, the worst first.
    pub const ALL: [Self; 5] = [Self::Away, Self::Failing, Self::OutOfOrder, Self::Unseen, Self::Fine];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Failing => "failing",
            Self::OutOfOrder => "out-of-order",
            Self::Fine => "fine",
            Self::Unseen => "unseen",
        }
    }

    /// The condition of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| condition.name() == name)
    }
}

/// What a list of cameras is sorted by; ties by code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CameraOrder {
    /// The worst first, of those the longest away first.
    #[default]
    Worst,
    /// By dealer.
    Dealer,
    /// By code.
    Camera,
    /// Those longest not seen first.
    LongestUnseen,
}

impl CameraOrder {
    const fn sql(self) -> &'static str {
        match self {
            Self::Worst => "k.place, k.away_since, k.camera_code",
            Self::Dealer => "k.dealer_code, k.camera_code",
            Self::Camera => "k.camera_code",
            Self::LongestUnseen => "k.last_seen_at NULLS FIRST, k.camera_code",
        }
    }
}

/// A camera in a list.
#[derive(Debug, Clone)]
pub struct ListedCamera {
    /// Its code.
    pub camera: String,
    /// The dealer.
    pub dealer: String,
    /// The dealer's name.
    pub dealer_name: String,
    /// How it is.
    pub condition: Condition,
    /// Visits in a row at which it gave no picture.
    pub failures: i32,
    /// Since when it counts as away.
    pub away_since: Option<Instant>,
    /// When it last gave a picture.
    pub last_seen_at: Option<Instant>,
    /// What was wrong last.
    pub last_reason: Option<String>,
    /// The last picture it gave.
    pub last_picture: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    camera_code: String,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    condition: String,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    away_since: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_seen_at: Option<PgTimestamp>,
    #[diesel(sql_type = Nullable<Text>)]
    last_reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    last_picture: Option<String>,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

impl From<Row> for ListedCamera {
    fn from(row: Row) -> Self {
        Self {
            condition: Condition::named(&row.condition).unwrap_or(Condition::Unseen),
            camera: row.camera_code,
            dealer: row.dealer_code,
            dealer_name: row.name,
            failures: row.failures,
            away_since: row.away_since.map(instant),
            last_seen_at: row.last_seen_at.map(instant),
            last_reason: row.last_reason,
            last_picture: row.last_picture,
        }
    }
}

/// The wanted page of the cameras of a dealer and condition, and how many there are in all.
pub fn list(
    tx: &mut Tx,
    dealer: Option<&str>,
    condition: Option<Condition>,
    order: CameraOrder,
    (skip, most): (i64, i64),
) -> Result<(Vec<ListedCamera>, i64), StoreError> {
    let (holds, order) = (tx.holds(), order.sql());
    let query = format!(
        "WITH known AS (
             SELECT t.camera_code, t.dealer_code, coalesce(s.failures, 0) AS failures, s.away_since, s.last_seen_at, s.last_reason,
                 {CONDITION}
             FROM cameras t LEFT JOIN camera_states s ON s.tenant_id = t.tenant_id AND s.camera_code = t.camera_code
             WHERE {holds} AND ($1 IS NULL OR t.dealer_code = $1)
         ), page AS (
             SELECT k.*, count(*) OVER () AS total
             FROM (SELECT *, array_position(ARRAY['away', 'failing', 'out-of-order', 'unseen', 'fine'], condition) AS place FROM known) AS k
             WHERE $2 IS NULL OR k.condition = $2 ORDER BY {order} OFFSET $3 LIMIT $4
         )
         SELECT k.camera_code, k.dealer_code, coalesce(d.name, '') AS name, k.condition, k.failures, k.away_since, k.last_seen_at, k.last_reason,
             (SELECT i.sha256 FROM pictures i WHERE i.camera_code = k.camera_code ORDER BY i.picture_id DESC LIMIT 1) AS last_picture, k.total
         FROM page k LEFT JOIN dealers d ON d.dealer_code = k.dealer_code AND d.superseded_at = 'infinity'
         ORDER BY {order}"
    );
    let rows: Vec<Row> = diesel::sql_query(query)
        .bind::<Nullable<Text>, _>(dealer)
        .bind::<Nullable<Text>, _>(condition.map(Condition::name))
        .bind::<BigInt, _>(skip)
        .bind::<BigInt, _>(most)
        .load(tx.connection)?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(ListedCamera::from).collect(), total))
}

/// How many cameras are in each condition.
pub fn conditions(tx: &mut Tx) -> Result<Vec<(Condition, i64)>, StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = Text)]
        condition: String,
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let query = format!(
        "SELECT {CONDITION}, count(*) AS number
         FROM cameras t LEFT JOIN camera_states s ON s.tenant_id = t.tenant_id AND s.camera_code = t.camera_code
         WHERE {} GROUP BY 1",
        tx.holds()
    );
    let rows: Vec<Count> = diesel::sql_query(query).load(tx.connection)?;
    let of = |condition: Condition| {
        let found = rows.iter().find(|row| row.condition == condition.name());
        (condition, found.map_or(0, |row| row.number))
    };
    Ok(Condition::ALL.into_iter().map(of).collect())
}
