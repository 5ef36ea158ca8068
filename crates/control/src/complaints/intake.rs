//! Taking a complaint in: the call centre writes down what the customer says, and may dispatch it at once.

use farsight_ledger::settlement::Role;
use farsight_rulebook::tables::{self, Cell};
use farsight_store::audit::Deed;
use farsight_store::session::{Isolation, Turn};
use farsight_store::users::NetworkTable;
use farsight_store::{Tx, audit, imports, users};
use serde_json::json;

use super::DeedKind;
use super::deeds::SOURCE;
use super::refusal::Refusal;
use crate::import::entered::{self, Entered};
use crate::import::written;
use crate::{ControlError, Desk, ground};

/// What a customer complains of.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    /// The dealer.
    pub dealer: String,
    /// `general` or `major`.
    pub severity: String,
    /// The category.
    pub category: String,
    /// The vehicle; empty where none is named.
    pub vin: String,
    /// The way it came.
    pub channel: String,
    /// What the customer says.
    pub text: String,
    /// Whether it goes to the dealer at once.
    pub dispatch: bool,
}

/// Takes a complaint in and gives its id.
///
/// Refused, in this order: a person of another post; a dealer that is not there; a field that no fact can hold.
pub fn intake(desk: &mut Desk, intake: &Intake) -> Result<String, ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    let today = ground::zone(&desk.tenant)?.date(now);
    desk.session.in_turn(scope, Turn::Facts, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            may(tx, intake, &actor)?;
            // The number of the import is taken once only, so the id is nobody else's.
            let id = format!("CC-{}-{}", today.strftime("%Y%m%d"), imports::next_id(tx)?);
            let received = Cell::Instant(now);
            let cells = [
                ("complaint_id", Cell::Text(&id)),
                ("dealer_code", Cell::Text(&intake.dealer)),
                ("received_at", received),
                ("dispatched_at", if intake.dispatch { received } else { Cell::Empty }),
                ("severity", Cell::Text(&intake.severity)),
                ("category", Cell::Text(&intake.category)),
                ("vin", Cell::Text(&intake.vin)),
                ("channel", Cell::Text(&intake.channel)),
                ("text", Cell::Text(&intake.text)),
            ];
            let table = tables::table("complaints").ok_or_else(|| Refusal::Facts(String::new()))?;
            let rows = [written::row(table, &cells)?];
            let entered = Entered { table, source: SOURCE, by: &actor, rows: &rows };
            let merged = entered::enter(tx, &entered, now)?.map_err(Refusal::Facts)?;
            if merged.added != 1 {
                return Err(Refusal::Facts(format!("a complaint {id} is there already")).into());
            }
            let (subject, detail) =
                (format!("complaint:{id}"), json!({ "dispatched": intake.dispatch }).to_string());
            audit::add(
                tx,
                now,
                &Deed { actor: &actor, action: "complaint.intake", subject: &subject, detail: &detail },
            )?;
            Ok(id)
        })
    })
}

fn may(tx: &mut Tx, intake: &Intake, by: &str) -> Result<(), ControlError> {
    let role = users::find(tx, by)?.map(|user| user.role);
    if !matches!(role, Some(Role::CallCentre | Role::Hq)) {
        return Err(Refusal::MayNot { by: by.to_owned(), deed: DeedKind::Dispatch }.into());
    }
    let dealer = intake.dealer.trim().to_owned();
    if users::unknown_codes(tx, NetworkTable::Dealers, std::slice::from_ref(&dealer))?.is_empty() {
        Ok(())
    } else {
        Err(Refusal::NoDealer(dealer).into())
    }
}
