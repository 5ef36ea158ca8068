//! How far things have gone, in one look: what a page that is open compares with to see whether to look again.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date as SqlDate};
use jiff::civil::Date;

use crate::values::pg_date;
use crate::{StoreError, Tx};

/// The last of each that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, QueryableByName)]
pub struct Pulse {
    /// The last notice of an alert.
    #[diesel(sql_type = BigInt)]
    pub alerts: i64,
    /// Visits concluded and pictures judged today.
    #[diesel(sql_type = BigInt)]
    pub draw: i64,
    /// The last entry.
    #[diesel(sql_type = BigInt)]
    pub entries: i64,
    /// The last import.
    #[diesel(sql_type = BigInt)]
    pub facts: i64,
    /// The last link of the audit chain: any decision.
    #[diesel(sql_type = BigInt)]
    pub decisions: i64,
    /// When a job's slot last ended, in microseconds since 1970.
    #[diesel(sql_type = BigInt)]
    pub slots: i64,
}

/// The tenant's pulse on a day.
pub fn pulse(tx: &mut Tx, today: Date) -> Result<Pulse, StoreError> {
    Ok(diesel::sql_query(
        "SELECT coalesce((SELECT max(notice_id) FROM notices), 0) AS alerts,
            (SELECT count(*) FILTER (WHERE concluded_at IS NOT NULL) + count(decided_at) FROM visits WHERE day = $1) AS draw,
            coalesce((SELECT max(entry_id) FROM entries), 0) AS entries,
            coalesce((SELECT max(import_id) FROM imports), 0) AS facts,
            coalesce((SELECT max(seq) FROM audit_log), 0) AS decisions,
            coalesce((SELECT (extract(epoch FROM max(ended_at)) * 1000000)::bigint FROM slots WHERE ended_at IS NOT NULL), 0) AS slots",
    )
    .bind::<SqlDate, _>(pg_date(today))
    .get_result(tx.connection)?)
}
