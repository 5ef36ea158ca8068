//! Figures of months, as they are shown.

use diesel::data_types::PgDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date as SqlDate, Nullable, Text};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;

use crate::values::{month, pg_month};
use crate::{StoreError, Tx};

/// A dealer's month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealerMonth {
    /// The month.
    pub month: Period,
    /// The dealer.
    pub dealer: String,
    /// Its region on the month's last day.
    pub region: String,
    /// Whether it was open on that day.
    pub is_open: bool,
    /// Customers it is to look after.
    pub base_customers: Option<i64>,
    /// Bays in force on the last day.
    pub bays: Option<i64>,
    /// Spot checks and follow-ups.
    pub inspections: i64,
    /// Items passed in spot checks.
    pub passed: i64,
    /// Items failed in spot checks, those excused left out.
    pub failed: i64,
    /// Complaints received.
    pub complaints: i64,
    /// First replies that came late or not at all.
    pub replies_late: i64,
    /// Closings that came late or not at all.
    pub closings_late: i64,
    /// Complaints open at the end.
    pub complaints_open: i64,
    /// Those of them that are past their closing deadline.
    pub complaints_overdue: i64,
    /// Complaints waiting for the manufacturer at the end.
    pub waiting: i64,
    /// Waits for the manufacturer that ended.
    pub waits: i64,
    /// How long they were, in minutes.
    pub waited_minutes: i64,
    /// Certified advisors on the last day.
    pub certified: i64,
    /// Certified advisors asked for.
    pub required: i64,
    /// Charges below zero.
    pub penalties: Money,
    /// Charges above zero.
    pub incentives: Money,
    /// What was taken back.
    pub reversals: Money,
}

#[derive(QueryableByName)]
struct DealerRow {
    #[diesel(sql_type = SqlDate)]
    month: PgDate,
    #[diesel(sql_type = Text)]
    dealer_code: String,
    #[diesel(sql_type = Text)]
    region_code: String,
    #[diesel(sql_type = Bool)]
    is_open: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    base_customers: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    bays: Option<i64>,
    #[diesel(sql_type = BigInt)]
    inspections: i64,
    #[diesel(sql_type = BigInt)]
    passed: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    complaints: i64,
    #[diesel(sql_type = BigInt)]
    replies_late: i64,
    #[diesel(sql_type = BigInt)]
    closings_late: i64,
    #[diesel(sql_type = BigInt)]
    complaints_open: i64,
    #[diesel(sql_type = BigInt)]
    complaints_overdue: i64,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = BigInt)]
    waits: i64,
    #[diesel(sql_type = BigInt)]
    waited_minutes: i64,
    #[diesel(sql_type = BigInt)]
    certified: i64,
    #[diesel(sql_type = BigInt)]
    required: i64,
    #[diesel(sql_type = BigInt)]
    penalties: i64,
    #[diesel(sql_type = BigInt)]
    incentives: i64,
    #[diesel(sql_type = BigInt)]
    reversals: i64,
}

impl From<DealerRow> for DealerMonth {
    fn from(row: DealerRow) -> Self {
        Self {
            month: month(row.month),
            dealer: row.dealer_code,
            region: row.region_code,
            is_open: row.is_open,
            base_customers: row.base_customers,
            bays: row.bays,
            inspections: row.inspections,
            passed: row.passed,
            failed: row.failed,
            complaints: row.complaints,
            replies_late: row.replies_late,
            closings_late: row.closings_late,
            complaints_open: row.complaints_open,
            complaints_overdue: row.complaints_overdue,
            waiting: row.waiting,
            waits: row.waits,
            waited_minutes: row.waited_minutes,
            certified: row.certified,
            required: row.required,
            penalties: Money(row.penalties),
            incentives: Money(row.incentives),
            reversals: Money(row.reversals),
        }
    }
}

/// The months of a dealer from one on, oldest first.
pub fn of_dealer(tx: &mut Tx, dealer: &str, first: Period) -> Result<Vec<DealerMonth>, StoreError> {
    let rows: Vec<DealerRow> = diesel::sql_query(
        "SELECT * FROM dealer_figures WHERE dealer_code = $1 AND month >= $2 ORDER BY month",
    )
    .bind::<Text, _>(dealer)
    .bind::<SqlDate, _>(pg_month(first))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(DealerMonth::from).collect())
}

/// A region's month: the sums of its dealers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionMonth {
    /// The month.
    pub month: Period,
    /// The region; empty: the whole network.
    pub region: String,
    /// Open dealers on the last day.
    pub dealers: i64,
    /// Customers of the dealers with customers and bays.
    pub base_customers: i64,
    /// Their bays.
    pub bays: i64,
    /// Spot checks and follow-ups.
    pub inspections: i64,
    /// Items passed in spot checks.
    pub passed: i64,
    /// Items failed in spot checks.
    pub failed: i64,
    /// Complaints received.
    pub complaints: i64,
    /// First replies late.
    pub replies_late: i64,
    /// Closings late.
    pub closings_late: i64,
    /// Complaints open at the end.
    pub complaints_open: i64,
    /// Complaints past their closing deadline at the end.
    pub complaints_overdue: i64,
    /// Complaints waiting for the manufacturer at the end.
    pub waiting: i64,
    /// Waits for the manufacturer that ended.
    pub waits: i64,
    /// How long they were, in minutes.
    pub waited_minutes: i64,
    /// Advisor posts asked for that are filled by certified ones.
    pub covered: i64,
    /// Advisor posts asked for.
    pub required: i64,
    /// Charges below zero.
    pub penalties: Money,
    /// Charges above zero.
    pub incentives: Money,
    /// What was taken back.
    pub reversals: Money,
}

#[derive(QueryableByName)]
struct RegionRow {
    #[diesel(sql_type = SqlDate)]
    month: PgDate,
    #[diesel(sql_type = Text)]
    region_code: String,
    #[diesel(sql_type = BigInt)]
    dealers: i64,
    #[diesel(sql_type = BigInt)]
    base_customers: i64,
    #[diesel(sql_type = BigInt)]
    bays: i64,
    #[diesel(sql_type = BigInt)]
    inspections: i64,
    #[diesel(sql_type = BigInt)]
    passed: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    complaints: i64,
    #[diesel(sql_type = BigInt)]
    replies_late: i64,
    #[diesel(sql_type = BigInt)]
    closings_late: i64,
    #[diesel(sql_type = BigInt)]
    complaints_open: i64,
    #[diesel(sql_type = BigInt)]
    complaints_overdue: i64,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = BigInt)]
    waits: i64,
    #[diesel(sql_type = BigInt)]
    waited_minutes: i64,
    #[diesel(sql_type = BigInt)]
    covered: i64,
    #[diesel(sql_type = BigInt)]
    required: i64,
    #[diesel(sql_type = BigInt)]
    penalties: i64,
    #[diesel(sql_type = BigInt)]
    incentives: i64,
    #[diesel(sql_type = BigInt)]
    reversals: i64,
}

impl From<RegionRow> for RegionMonth {
    fn from(row: RegionRow) -> Self {
        Self {
            month: month(row.month),
            region: row.region_code,
            dealers: row.dealers,
            base_customers: row.base_customers,
            bays: row.bays,
            inspections: row.inspections,
            passed: row.passed,
            failed: row.failed,
            complaints: row.complaints,
            replies_late: row.replies_late,
            closings_late: row.closings_late,
            complaints_open: row.complaints_open,
            complaints_overdue: row.complaints_overdue,
            waiting: row.waiting,
            waits: row.waits,
            waited_minutes: row.waited_minutes,
            covered: row.covered,
            required: row.required,
            penalties: Money(row.penalties),
            incentives: Money(row.incentives),
            reversals: Money(row.reversals),
        }
    }
}

/// The months of every region in sight from one on, oldest first; the whole network's, for those who see it, under the
/// empty code.
pub fn of_regions(tx: &mut Tx, first: Period) -> Result<Vec<RegionMonth>, StoreError> {
    let rows: Vec<RegionRow> = diesel::sql_query(
        "SELECT * FROM region_figures WHERE month >= $1 ORDER BY month, region_code COLLATE \"C\"",
    )
    .bind::<SqlDate, _>(pg_month(first))
    .load(tx.connection)?;
    Ok(rows.into_iter().map(RegionMonth::from).collect())
}
