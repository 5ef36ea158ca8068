//! Technical support at the desk: what a dealer owes after a second failed repair, requests made and resolved.
//!
//! What is owed, and until when, is the rulebook's (4.5); a request is a fact like any other.

use farsight_ledger::settlement::Role;
use farsight_rulebook::case::{Case, Judged};
use farsight_rulebook::checks::repeat_repair;
use farsight_rulebook::facts::Facts;
use farsight_rulebook::tables::{self, Cell};
use farsight_rulebook::time::{HOUR, Instant};
use farsight_store::audit::Deed;
use farsight_store::facts::read::{self, Wanted, Which};
use farsight_store::session::{Isolation, Turn};
use farsight_store::support::{self as stored, Filter, Request};
use farsight_store::{Tx, audit, imports, users};

use crate::import::entered::{self, Entered};
use crate::import::written;
use crate::{ControlError, Desk, ground};

/// The source that such facts name.
const SOURCE: &str = "support desk";

/// What failed longer ago is not shown any more: asking late changes nothing that anybody can still act on.
const LOOK_BACK_DAYS: i64 = 60;

/// Beyond so many vehicles a person looks at one dealer at a time.
const VEHICLES: u32 = 500;

/// Why something about a request is refused, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The dealer is not the person's.
    #[error("there is no dealer '{0}' of yours: choose one of the list")]
    NoDealer(String),
    /// Requests are the dealer's, and resolved by the dealer or the manufacturer.
    #[error("{by} may not do this: a dealer's people ask, they or the manufacturer resolve")]
    MayNot {
        /// Who tried.
        by: String,
    },
    /// It is resolved.
    #[error("the request is resolved already: make a new one where the fault came back")]
    Resolved {
        /// When.
        at: Instant,
    },
    /// The same is asked already.
    #[error("request {0} about this vehicle and fault is open: resolve it first")]
    Open(String),
    /// The facts do not take it.
    #[error("this cannot be entered: {0}")]
    Facts(String),
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoDealer(_) => "support_no_dealer",
            Self::MayNot { .. } => "support_may_not",
            Self::Resolved { .. } => "support_resolved",
            Self::Open(_) => "support_open",
            Self::Facts(_) => "support_facts",
        }
    }
}

/// A request that a dealer owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The dealer.
    pub dealer: String,
    /// The dealer's name.
    pub dealer_name: String,
    /// The vehicle.
    pub vin: String,
    /// The fault.
    pub fault: String,
    /// The work order of the attempt that it arose with.
    pub work_order: String,
    /// When that was completed.
    pub arose_at: Instant,
    /// Until when support must be asked for.
    pub due: Instant,
    /// How many attempts failed.
    pub attempts: usize,
    /// When the fault was mended since.
    pub mended_at: Option<Instant>,
}

/// Requests of a filter.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// How many there are.
    pub total: u64,
    /// Those of the page.
    pub rows: Vec<Request>,
}

/// The requests that the person at the desk sees.
pub fn list(desk: &mut Desk, filter: &Filter) -> Result<Listed, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let (total, rows) = stored::list(tx, filter)?;
        Ok(Listed { total, rows })
    })
}

/// One request that the person at the desk sees.
pub fn one(desk: &mut Desk, id: &str) -> Result<Request, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        stored::find(tx, id)?.ok_or(ControlError::NotFound("support request"))
    })
}

/// The requests that are owed and not made, of one dealer or of all that the person sees: the earliest deadline first.
/// What was mended without asking is shown until its deadline.
pub fn owed(desk: &mut Desk, dealer: Option<&str>) -> Result<Vec<Owed>, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let since = Instant(now.0 - LOOK_BACK_DAYS * 24 * HOUR);
        let vehicles = stored::failing_vehicles(tx, since, dealer, VEHICLES)?;
        if vehicles.is_empty() {
            return Ok(Vec::new());
        }
        let ground = ground::load(tx, &tenant)?;
        let facts = facts_of(tx, &vehicles, ground.zone.name())?;
        let case = Case::new(&facts, &ground, now, Judged::All);
        let named =
            stored::dealer_names(tx, &vehicles.iter().map(|(dealer, _)| dealer.clone()).collect::<Vec<_>>())?;
        let name = |code: &str| named.iter().find(|(known, _)| known == code).map(|(_, name)| name.clone());
        let shown = |owed: &repeat_repair::Owed| {
            let text = |code| case.text(code).to_owned();
            let dealer = text(owed.dealer);
            Owed {
                dealer_name: name(&dealer).unwrap_or_default(),
                dealer,
                vin: text(owed.vin),
                fault: text(owed.fault),
                work_order: text(owed.work_order),
                arose_at: owed.arose_at,
                due: owed.due,
                attempts: owed.attempts,
                mended_at: owed.mended_at,
            }
        };
        let still = |owed: &&repeat_repair::Owed| {
            owed.arose_at >= since && (owed.mended_at.is_none() || now <= owed.due)
        };
        Ok(repeat_repair::owed(&case).iter().filter(still).map(shown).collect())
    })
}

fn facts_of(tx: &mut Tx, vehicles: &[(String, String)], zone: &str) -> Result<Facts, ControlError> {
    let mut wanted = Wanted::default();
    vehicles.iter().for_each(|(dealer, vin)| wanted.push(dealer, vin, None));
    tx.want(&wanted)?;
    let mut facts = Facts::default();
    read::work_orders(tx, &mut facts, Which::OfVehicles, zone)?;
    read::support_requests(tx, &mut facts, Which::OfVehicles)?;
    let vins: Vec<&str> = vehicles.iter().map(|(_, vin)| vin.as_str()).collect();
    stored::excuses(tx, &mut facts, &vins)?;
    Ok(facts)
}

/// Asks for technical support about a vehicle's fault and gives the request's id.
///
/// Refused, in this order: a person who is no dealer's; a dealer that is not theirs; an open request about the same; a
/// field that no fact can hold.
pub fn request(desk: &mut Desk, dealer: &str, vin: &str, fault: &str) -> Result<String, ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    let today = ground::zone(&desk.tenant)?.date(now);
    let (dealer, vin, fault) = (dealer.trim(), vin.trim(), fault.trim());
    desk.session.in_turn(scope, Turn::Facts, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            let user = users::find(tx, &actor)?.filter(|user| user.role == Role::Dealer);
            let user = user.ok_or_else(|| Refusal::MayNot { by: actor.clone() })?;
            if !user.dealers.iter().any(|own| own == dealer) {
                return Err(Refusal::NoDealer(dealer.to_owned()).into());
            }
            let open = Filter {
                resolved: Some(false),
                dealer: Some(dealer.to_owned()),
                search: Some(vin.to_owned()),
                limit: 1_000,
                ..Filter::default()
            };
            let (_, open) = stored::list(tx, &open)?;
            if let Some(same) = open.iter().find(|open| open.vin == vin && open.fault == fault) {
                return Err(Refusal::Open(same.id.clone()).into());
            }
            let id = format!("TS-{}-{}", today.strftime("%Y%m%d"), imports::next_id(tx)?);
            let cells = [
                ("request_id", Cell::Text(&id)),
                ("dealer_code", Cell::Text(dealer)),
                ("vin", Cell::Text(vin)),
                ("fault_code", Cell::Text(fault)),
                ("requested_at", Cell::Instant(now)),
            ];
            enter(tx, &cells, &actor, now, "support.request", &id)?;
            Ok(id)
        })
    })
}

/// Writes down that a request is resolved.
///
/// Refused, in this order: a request that the person does not see; a person of finance, the call centre or operation;
/// one that is resolved.
pub fn resolve(desk: &mut Desk, id: &str) -> Result<(), ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.in_turn(scope, Turn::Facts, |session| {
        session.transaction(scope, Isolation::ReadCommitted, |tx| {
            let request = stored::find(tx, id)?.ok_or(ControlError::NotFound("support request"))?;
            let role = users::find(tx, &actor)?.map(|user| user.role);
            if !matches!(role, Some(Role::Dealer | Role::RegionalManager | Role::Hq)) {
                return Err(Refusal::MayNot { by: actor.clone() }.into());
            }
            if let Some(at) = request.resolved_at {
                return Err(Refusal::Resolved { at }.into());
            }
            let cells = [
                ("request_id", Cell::Text(id)),
                ("resolved_at", Cell::Instant(now.max(request.requested_at))),
            ];
            enter(tx, &cells, &actor, now, "support.resolve", id)
        })
    })
}

fn enter(
    tx: &mut Tx,
    cells: &[(&str, Cell)],
    by: &str,
    now: Instant,
    action: &str,
    id: &str,
) -> Result<(), ControlError> {
    let table = tables::table("support_requests").ok_or_else(|| Refusal::Facts(String::new()))?;
    let rows = [written::row(table, cells)?];
    let entered = Entered { table, source: SOURCE, by, rows: &rows };
    entered::enter(tx, &entered, now)?.map_err(Refusal::Facts)?;
    audit::add(tx, now, &Deed { actor: by, action, subject: &format!("support:{id}"), detail: "{}" })?;
    Ok(())
}
