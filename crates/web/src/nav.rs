//! Where each role can go, one list: the first is where they begin.

use farsight_ledger::settlement::Role;
use serde::Serialize;

/// A place to go.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Place {
    pub(crate) path: &'static str,
    /// The key of its name, `nav.KEY`.
    pub(crate) key: &'static str,
    pub(crate) here: bool,
}

const fn place(path: &'static str, key: &'static str) -> Place {
    Place { path, key, here: false }
}

const MANAGER: &[Place] = &[
    place("/board", "board"),
    place("/dealers", "dealers"),
    place("/desk", "desk"),
    place("/inspections", "inspections"),
    place("/complaints", "complaints"),
    place("/rectifications", "rectifications"),
    place("/appeals", "appeals"),
    place("/penalties", "penalties"),
    place("/entries", "entries"),
    place("/people", "people"),
    place("/support", "support"),
    place("/alerts", "alerts"),
    place("/cameras", "cameras"),
    place("/draws", "draws"),
    place("/policy", "policy"),
];
const DEALER: &[Place] = &[
    place("/todo", "todo"),
    place("/complaints", "complaints"),
    place("/inspections", "inspections"),
    place("/rectifications", "rectifications"),
    place("/entries", "entries"),
    place("/appeals", "appeals"),
    place("/statements", "statements"),
    place("/people", "people"),
    place("/support", "support"),
    place("/alerts", "alerts"),
    place("/draws", "draws"),
    place("/policy", "policy"),
];
const FINANCE: &[Place] = &[
    place("/settlements", "settlements"),
    place("/statements", "statements"),
    place("/entries", "entries"),
    place("/appeals", "appeals"),
    place("/policy", "policy"),
    place("/audit", "audit"),
];
const HQ: &[Place] = &[
    place("/board", "board"),
    place("/policy", "policy"),
    place("/organisation", "organisation"),
    place("/dealers", "dealers"),
    place("/desk", "desk"),
    place("/inspections", "inspections"),
    place("/complaints", "complaints"),
    place("/rectifications", "rectifications"),
    place("/appeals", "appeals"),
    place("/penalties", "penalties"),
    place("/entries", "entries"),
    place("/settlements", "settlements"),
    place("/people", "people"),
    place("/support", "support"),
    place("/alerts", "alerts"),
    place("/hotspots", "hotspots"),
    place("/stars", "stars"),
    place("/staff", "staff"),
    place("/cameras", "cameras"),
    place("/draws", "draws"),
    place("/users", "users"),
    place("/single-sign-on", "single-sign-on"),
    place("/tokens", "tokens"),
    place("/audit", "audit"),
];
const CALL_CENTRE: &[Place] =
    &[place("/queue", "queue"), place("/complaints", "complaints"), place("/complaints/new", "intake")];
const OPERATOR: &[Place] = &[
    place("/jobs", "jobs"),
    place("/feeds", "feeds"),
    place("/deliveries", "deliveries"),
    place("/users", "users"),
    place("/single-sign-on", "single-sign-on"),
    place("/tokens", "tokens"),
    place("/audit", "audit"),
];

/// All places of a role.
pub(crate) const fn places(role: Role) -> &'static [Place] {
    match role {
        Role::RegionalManager => MANAGER,
        Role::Dealer => DEALER,
        Role::Finance => FINANCE,
        Role::Hq => HQ,
        Role::CallCentre => CALL_CENTRE,
        Role::Operator => OPERATOR,
    }
}

/// Where a role begins.
pub(crate) fn home(role: Role) -> &'static str {
    places(role).first().map_or("/me", |place| place.path)
}

/// The places of a role, the one at hand marked: the longest that the path begins with.
pub(crate) fn of(role: Role, path: &str) -> Vec<Place> {
    let within = |place: &&Place| {
        path == place.path || path.strip_prefix(place.path).is_some_and(|rest| rest.starts_with('/'))
    };
    let here =
        places(role).iter().filter(within).max_by_key(|place| place.path.len()).map(|place| place.path);
    places(role).iter().map(|place| Place { here: Some(place.path) == here, ..*place }).collect()
}
