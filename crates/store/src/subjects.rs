//! Whose a thing is: whether a fact of an id is one of a dealer's, as far as the transaction's person sees.

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::{StoreError, Tx};

/// A kind of fact that belongs to a dealer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// `inspections`
    Inspection,
    /// `complaints`
    Complaint,
    /// `work_orders`
    WorkOrder,
    /// `feedback`
    Feedback,
    /// `certificates`, through whoever works at the dealer
    Certificate,
}

/// Whether a fact of this id holds and is the dealer's.
pub fn is_of(tx: &mut Tx, fact: Fact, id: &str, dealer: &str) -> Result<bool, StoreError> {
    let holds = tx.holds();
    let of = |table: &str, column: &str| {
        format!("SELECT 1 FROM {table} t WHERE {holds} AND t.{column} = $1 AND t.dealer_code = $2 LIMIT 1")
    };
    let query = match fact {
        Fact::Inspection => of("inspections", "inspection_id"),
        Fact::Complaint => of("complaints", "complaint_id"),
        Fact::WorkOrder => of("work_orders", "work_order_id"),
        Fact::Feedback => of("feedback", "feedback_id"),
        Fact::Certificate => format!(
            "SELECT 1 FROM certificates t JOIN employments e ON e.tenant_id = t.tenant_id AND e.person_code = t.person_code
             WHERE {holds} AND e.superseded_at = 'infinity' AND NOT e.voided AND t.certificate_id = $1 AND e.dealer_code = $2 LIMIT 1"
        ),
    };
    let found =
        diesel::sql_query(query).bind::<Text, _>(id).bind::<Text, _>(dealer).execute(tx.connection)?;
    Ok(found > 0)
}

/// Whether there is a dealer of this code.
pub fn is_dealer(tx: &mut Tx, dealer: &str) -> Result<bool, StoreError> {
    let query = format!("SELECT 1 FROM dealers t WHERE {} AND t.dealer_code = $1", tx.holds());
    Ok(diesel::sql_query(query).bind::<Text, _>(dealer).execute(tx.connection)? > 0)
}
