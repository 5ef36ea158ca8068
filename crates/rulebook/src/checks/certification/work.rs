//! Uncertified work: orders whose advisor or technician lacked the certificate on the day.

use jiff::civil::Date;
use serde_json::json;

use super::{ADVISOR, ByPerson, NAME, NEV, TECHNICIAN};
use crate::case::{Case, Draft, detail};
use crate::codes::Code;
use crate::facts::{Certificate, WorkOrder};
use crate::finding::Found;

/// How many orders a finding's detail names.
const NAMED_ORDERS: usize = 20;

/// Judges every order of a dealer and day together; such a day's finding exists once the day is over.
pub(super) fn evaluate(case: &Case, certificates: &ByPerson, found: &mut Found) {
    let kinds = Kinds::of(case);
    let mut lacking: Vec<(Code, Date, Code)> = Vec::new();
    for order in case.facts.work_orders.iter().filter(|order| case.judges_dealer(order.dealer)) {
        let on = case.date(order.created_at);
        if lacks(order, on, certificates, &kinds).any() {
            lacking.push((order.dealer, on, order.work_order));
        }
    }
    lacking.sort_unstable_by_key(|(dealer, on, _)| (*dealer, *on));
    for of_day in lacking.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        judge_day(case, of_day[0].0, of_day[0].1, of_day, found);
    }
}

/// The certificate kinds as codes of the case.
pub(super) struct Kinds {
    advisor: Option<Code>,
    technician: Option<Code>,
    nev: Option<Code>,
}

impl Kinds {
    /// Those of a case; a kind that no fact names has no code.
    pub(super) fn of(case: &Case) -> Self {
        let code = |kind| case.facts.codes.find(kind);
        Self { advisor: code(ADVISOR), technician: code(TECHNICIAN), nev: code(NEV) }
    }
}

/// Which certificates were missing on an order.
#[derive(Clone, Copy)]
pub(super) struct Lacking {
    pub(super) advisor: bool,
    pub(super) technician: bool,
    pub(super) nev: bool,
}

impl Lacking {
    fn any(self) -> bool {
        self.advisor || self.technician || self.nev
    }
}

/// Which certificates were missing on an order created on a day.
pub(super) fn lacks(order: &WorkOrder, on: Date, certificates: &ByPerson, kinds: &Kinds) -> Lacking {
    let has = |person: Code, kind: Option<Code>, enough: &dyn Fn(&Certificate) -> bool| {
        let own = certificates.get(&person).map_or(&[][..], Vec::as_slice);
        own.iter().any(|certificate| {
            Some(certificate.kind) == kind && certificate.is_valid(on) && enough(certificate)
        })
    };
    let any_level = |_: &Certificate| true;
    let high_enough = |certificate: &Certificate| certificate.level.is_some_and(|level| level >= order.level);
    Lacking {
        advisor: order.advisor.is_some_and(|person| !has(person, kinds.advisor, &any_level)),
        technician: order.technician.is_some_and(|person| !has(person, kinds.technician, &high_enough)),
        nev: order.nev && order.technician.is_some_and(|person| !has(person, kinds.nev, &any_level)),
    }
}

fn judge_day(case: &Case, dealer: Code, on: Date, orders: &[(Code, Date, Code)], found: &mut Found) {
    let unit = format!("{}@{on}", case.text(dealer));
    if !case.judges(&unit, dealer) {
        return;
    }
    if case.horizon.over(on)
        && let Some(version) = case.version(on)
    {
        let clause = &version.policy.certification.uncertified_work;
        let mut ids: Vec<&str> = orders.iter().map(|(_, _, order)| case.text(*order)).collect();
        ids.sort_unstable();
        ids.truncate(NAMED_ORDERS);
        let draft = Draft {
            check: NAME,
            clause,
            family: "certification.uncertified-work",
            subject: format!("dealer:{unit}"),
            unit: &unit,
            dealer,
            occurred_on: on,
            version: version.number,
            charged: &clause.charges,
            detail: detail(&json!({ "orders": orders.len(), "work_orders": ids })),
        };
        case.find(found, draft);
    }
    case.close_unit(NAME, &unit, found);
}
