//! The machines' door, `/api/v1`: facts in; what was found, charged, settled and decided out; deeds in. One list of
//! operations, like that of the pages; the document and the test of isolation are made from it.
//!
//! It decides nothing: an operation calls the use case that the page calls.

mod admit;
mod alerts;
mod appeals;
mod caller;
mod complaints;
pub(crate) mod docs;
mod document;
mod draws;
mod entries;
mod facts;
mod gather;
mod inspections;
mod me;
mod operation;
mod paging;
pub(crate) mod problem;
mod rectifications;
mod sandbox;
mod settlements;
mod statements;
mod webhooks;

use axum::routing::post;
use utoipa::openapi::HttpMethod;

use crate::admit::Who;
use crate::router::{
    COMPLAINTS, DEALERS, HEADQUARTERS, MONEY, NETWORK, Object, SEARCHERS, SETTLERS, WATCHERS,
};

pub(crate) use admit::{Gate, admit};
pub(crate) use caller::Calls;
pub(crate) use gather::Gather;
pub(crate) use operation::Operation;
use operation::{Needs, act, change, list, list_of, read, remove};

/// Where the door is.
const PREFIX: &str = "/api/v1";
/// Where facts go: what is sent there may take long.
pub(crate) const FACTS: &str = "/api/v1/facts/";

/// Every operation there is.
#[rustfmt::skip]
pub(crate) fn operations() -> Vec<Operation> {
    use Object::{Alert, Appeal, Complaint, Draw, Entry, Inspection, Nothing, Own, Rectification, Settlement, Statement};
    vec![
        Operation { needs: Needs::Nothing, ..read(("/api/v1/me", Nothing, Who::Entered), ("me", "Who the caller is."), me::show) },
        facts_in(),
        list(("/api/v1/alerts", Nothing, NETWORK), ("alerts", "Alerts, in the order of their latest change."), alerts::list),
        read(("/api/v1/alerts/{alert}", Alert, NETWORK), ("alert", "An alert."), alerts::one),
        act(("/api/v1/alerts/{alert}/acknowledge", Alert, NETWORK), ("acknowledge-alert", "Says that somebody has looked at an alert."), alerts::acknowledge),
        list(("/api/v1/entries", Nothing, MONEY), ("entries", "Entries of the ledger, in the order of posting."), entries::list),
        read(("/api/v1/entries/{entry}", Entry, MONEY), ("entry", "An entry."), entries::one),
        read(("/api/v1/entries/{entry}/receipt", Entry, MONEY), ("receipt", "Why an entry is as it is."), entries::receipt),
        act(("/api/v1/entries/{entry}/appeal", Entry, DEALERS), ("make-appeal", "Contests an entry."), entries::appeal),
        list(("/api/v1/settlements", Nothing, SETTLERS), ("settlements", "Settlements, in the order of their latest step."), settlements::list),
        read(("/api/v1/settlements/{period}", Settlement, SETTLERS), ("settlement", "A month's settlement."), settlements::one),
        list(("/api/v1/statements", Nothing, MONEY), ("statements", "Dealers' statements, by month."), statements::list),
        read(("/api/v1/statements/{period}/{dealer}", Statement, MONEY), ("statement", "A dealer's statement of a month."), statements::one),
        list(("/api/v1/inspections", Nothing, NETWORK), ("inspections", "Inspections with their results, in the order of what became known last."), inspections::list),
        read(("/api/v1/inspections/{inspection}", Inspection, NETWORK), ("inspection", "An inspection with its pictures."), inspections::one),
        list(("/api/v1/draws", Nothing, NETWORK), ("draws", "Draws, in the order of their latest step."), draws::list),
        read(("/api/v1/draws/{date}", Draw, NETWORK), ("draw", "A day's draw."), draws::one),
        read(("/api/v1/draws/{date}/proof", Draw, NETWORK), ("proof", "All that is needed to redo a draw, once its day is over."), draws::proof),
        list(("/api/v1/rectifications", Nothing, NETWORK), ("rectifications", "Orders to mend, in the order they were given."), rectifications::list),
        read(("/api/v1/rectifications/{order}", Rectification, NETWORK), ("rectification", "An order with all that happened on it."), rectifications::one),
        act(("/api/v1/rectifications/{order}/hand-in", Rectification, DEALERS), ("hand-in", "Hands an order in."), rectifications::hand_in),
        act(("/api/v1/rectifications/{order}/judge", Rectification, WATCHERS), ("judge", "Accepts what was handed in, or sends it back."), rectifications::judge),
        list(("/api/v1/appeals", Nothing, MONEY), ("appeals", "Appeals, in the order of the latest deed on them."), appeals::list),
        read(("/api/v1/appeals/{appeal}", Appeal, MONEY), ("appeal", "An appeal."), appeals::one),
        act(("/api/v1/appeals/{appeal}/decide", Appeal, WATCHERS), ("decide-appeal", "Decides on an appeal."), appeals::decide),
        act(("/api/v1/appeals/{appeal}/withdraw", Appeal, DEALERS), ("withdraw-appeal", "Takes an appeal back."), appeals::withdraw),
        list(("/api/v1/complaints", Nothing, COMPLAINTS), ("complaints", "Complaints, in the order of what became known last."), complaints::list),
        read(("/api/v1/complaints/{complaint}", Complaint, COMPLAINTS), ("complaint", "A complaint with all that happened."), complaints::one),
        act(("/api/v1/sandbox/check", Nothing, HEADQUARTERS), ("run-checks", "Runs every check of a simulated tenant, at the moment that Farsight-Now says; a real tenant's are run by jobs."), sandbox::check),
        list(("/api/v1/webhooks", Own, SEARCHERS), ("webhooks", "The caller's webhooks, the oldest first."), webhooks::list),
        act(("/api/v1/webhooks", Own, SEARCHERS), ("make-webhook", "Subscribes an address to types of events, of what happens from now on. Its key is told this once."), webhooks::add),
        read(("/api/v1/webhooks/{webhook}", Own, SEARCHERS), ("webhook", "A webhook of the caller's."), webhooks::one),
        change(("/api/v1/webhooks/{webhook}", Own, SEARCHERS), ("change-webhook", "Changes a webhook, or switches it off and on."), webhooks::change),
        remove(("/api/v1/webhooks/{webhook}", Own, SEARCHERS), ("remove-webhook", "Removes a webhook."), webhooks::remove),
        act(("/api/v1/webhooks/{webhook}/rotate", Own, SEARCHERS), ("rotate-webhook", "Gives a webhook a new key, told this once; the old one signs too for a while."), webhooks::rotate),
        act(("/api/v1/webhooks/{webhook}/ping", Own, SEARCHERS), ("ping-webhook", "Sends a webhook an event of type ping."), webhooks::ping),
        list_of(("/api/v1/webhooks/{webhook}/deliveries", Own, SEARCHERS), ("webhook-deliveries", "What was sent to a webhook and what became of it, the newest first."), webhooks::deliveries),
        act(("/api/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver", Own, SEARCHERS), ("redeliver", "Sends an event again, under its number."), webhooks::redeliver),
        act(("/api/v1/webhooks/{webhook}/redeliver", Own, SEARCHERS), ("redeliver-failed", "Sends again what was given up, of what was made at a moment or later."), webhooks::redeliver_failed),
        act(("/api/v1/complaints/{complaint}/deeds", Complaint, COMPLAINTS), ("act-on-complaint", "Does a deed on a complaint."), complaints::act),
    ]
}

/// Facts in: the one operation whose body is not one object.
fn facts_in() -> Operation {
    Operation {
        path: "/api/v1/facts/{table}",
        method: HttpMethod::Post,
        of: Object::Nothing,
        who: SEARCHERS,
        needs: Needs::Send,
        id: "send",
        about: "Takes facts in: one object, an array, NDJSON or CSV.",
        part: |schemas| document::Part {
            gives: Some(schemas.of::<facts::Taken>()),
            ..document::Part::default()
        },
        does: post(facts::send),
    }
}
