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
mod evidence;
mod facts;
mod findings;
mod gather;
mod inspections;
mod known;
mod me;
mod operation;
mod paging;
mod penalties;
mod people;
pub(crate) mod problem;
mod rectifications;
mod sandbox;
mod settlements;
mod statements;
mod support;
mod uploads;
mod webhooks;

use axum::routing::post;
use utoipa::openapi::HttpMethod;

use crate::admit::Who;
use crate::router::{
    CALLERS, COMPLAINTS, DEALERS, HEADQUARTERS, MONEY, NETWORK, Object, ROSTERS, SEARCHERS, SETTLERS,
    WATCHERS,
};

pub(crate) use admit::{Gate, admit};
pub(crate) use caller::Calls;
pub(crate) use gather::Gather;
#[cfg(test)]
pub(crate) use gather::LARGE;
pub(crate) use known::Known;
pub(crate) use operation::Operation;
use operation::{Needs, act, change, derived, list, list_of, read, remove};

/// Where the door is.
const PREFIX: &str = "/api/v1";
/// Where facts go: what is sent there may take long.
pub(crate) const FACTS: &str = "/api/v1/facts/";

/// Every operation there is.
#[rustfmt::skip]
pub(crate) fn operations() -> Vec<Operation> {
    use Object::{Alert, Appeal, Complaint, Dealer, Draw, Entry, Evidence, Inspection, Nothing, Own, Penalty, Rectification, Settlement, Statement, Support};
    let mut operations = vec![
        Operation { needs: Needs::Nothing, ..read(("/api/v1/me", Nothing, Who::Entered), ("me", "Who the caller is."), me::show) },
        facts_in(),
        derived(("/api/v1/findings", Nothing, NETWORK), ("findings", "What each check finds as of its latest run."), findings::basis, findings::list),
        list(("/api/v1/alerts", Nothing, NETWORK), ("alerts", "Alerts, in the order of their latest change."), alerts::list),
        read(("/api/v1/alerts/{alert}", Alert, NETWORK), ("alert", "An alert."), alerts::one),
        act(("/api/v1/alerts/{alert}/acknowledge", Alert, NETWORK), ("acknowledge-alert", "Says that somebody has looked at an alert."), alerts::acknowledge),
        list(("/api/v1/entries", Nothing, MONEY), ("entries", "Entries of the ledger, in the order of posting."), entries::list),
        read(("/api/v1/entries/{entry}", Entry, MONEY), ("entry", "An entry."), entries::one),
        read(("/api/v1/entries/{entry}/receipt", Entry, MONEY), ("receipt", "Why an entry is as it is."), entries::receipt),
        act(("/api/v1/entries/{entry}/appeal", Entry, DEALERS), ("make-appeal", "Contests an entry."), entries::appeal),
        list(("/api/v1/settlements", Nothing, SETTLERS), ("settlements", "Settlements, in the order of their latest step."), settlements::list),
        read(("/api/v1/settlements/{period}", Settlement, SETTLERS), ("settlement", "A month's settlement."), settlements::one),
        act(("/api/v1/settlements/{period}/calculate", Settlement, SETTLERS), ("calculate-settlement", "Runs all checks and calculates a month, or calculates it again."), settlements::calculate),
        act(("/api/v1/settlements/{period}/review", Settlement, SETTLERS), ("review-settlement", "A first pair of eyes has looked."), settlements::review),
        act(("/api/v1/settlements/{period}/approve", Settlement, SETTLERS), ("approve-settlement", "A second pair of eyes agrees."), settlements::approve),
        act(("/api/v1/settlements/{period}/lock", Settlement, SETTLERS), ("lock-settlement", "Locks a month: it never changes again."), settlements::lock),
        list(("/api/v1/statements", Nothing, MONEY), ("statements", "Dealers' statements, in the order of their latest change."), statements::list),
        read(("/api/v1/statements/{period}/{dealer}", Statement, MONEY), ("statement", "A dealer's statement of a month."), statements::one),
        act(("/api/v1/statements/{period}/{dealer}/confirm", Statement, MONEY), ("confirm-statement", "The dealer says that a statement is right."), statements::confirm),
        act(("/api/v1/statements/{period}/{dealer}/dispute", Statement, MONEY), ("dispute-line", "The dealer says that a line is wrong."), statements::dispute),
        act(("/api/v1/statements/{period}/{dealer}/reply", Statement, MONEY), ("reply-to-dispute", "Finance replies to a dispute."), statements::reply),
        list(("/api/v1/inspections", Nothing, NETWORK), ("inspections", "Inspections with their results, in the order of what became known last."), inspections::list),
        read(("/api/v1/inspections/{inspection}", Inspection, NETWORK), ("inspection", "An inspection with its pictures."), inspections::one),
        read(("/api/v1/evidence/{sha256}", Evidence, SEARCHERS), ("evidence", "What was handed in, by whom and for what."), evidence::one),
        evidence::copy_out(),
        list(("/api/v1/draws", Nothing, NETWORK), ("draws", "Draws, in the order of their latest step."), draws::list),
        read(("/api/v1/draws/{date}", Draw, NETWORK), ("draw", "A day's draw."), draws::one),
        read(("/api/v1/draws/{date}/proof", Draw, NETWORK), ("proof", "All that is needed to redo a draw, once its day is over."), draws::proof),
        list(("/api/v1/rectifications", Nothing, NETWORK), ("rectifications", "Orders to mend, in the order of their latest change."), rectifications::list),
        act(("/api/v1/rectifications", Nothing, WATCHERS), ("order-rectification", "Gives an order to mend."), rectifications::order),
        read(("/api/v1/rectifications/{order}", Rectification, NETWORK), ("rectification", "An order with all that happened on it."), rectifications::one),
        act(("/api/v1/rectifications/{order}/hand-in", Rectification, DEALERS), ("hand-in", "Hands an order in."), rectifications::hand_in),
        act(("/api/v1/rectifications/{order}/judge", Rectification, WATCHERS), ("judge", "Accepts what was handed in, or sends it back."), rectifications::judge),
        list(("/api/v1/appeals", Nothing, MONEY), ("appeals", "Appeals, in the order of the latest deed on them."), appeals::list),
        read(("/api/v1/appeals/{appeal}", Appeal, MONEY), ("appeal", "An appeal."), appeals::one),
        act(("/api/v1/appeals/{appeal}/decide", Appeal, WATCHERS), ("decide-appeal", "Decides on an appeal."), appeals::decide),
        act(("/api/v1/appeals/{appeal}/withdraw", Appeal, DEALERS), ("withdraw-appeal", "Takes an appeal back."), appeals::withdraw),
        list(("/api/v1/penalties", Nothing, WATCHERS), ("penalties", "Drafts of penalties, in the order of the latest deed on them."), penalties::list),
        act(("/api/v1/penalties", Nothing, WATCHERS), ("draft-penalty", "Drafts a penalty for a mishandled complaint."), penalties::draft),
        read(("/api/v1/penalties/{draft}", Penalty, WATCHERS), ("penalty", "The draft of a penalty."), penalties::one),
        act(("/api/v1/penalties/{draft}/decide", Penalty, WATCHERS), ("decide-penalty", "Decides on a draft of somebody else's."), penalties::decide),
        act(("/api/v1/penalties/{draft}/withdraw", Penalty, WATCHERS), ("withdraw-penalty", "Takes a draft back."), penalties::withdraw),
        list(("/api/v1/complaints", Nothing, COMPLAINTS), ("complaints", "Complaints, in the order of what became known last."), complaints::list),
        act(("/api/v1/complaints", Nothing, CALLERS), ("take-complaint-in", "Takes a complaint in."), complaints::take_in),
        read(("/api/v1/complaints/{complaint}", Complaint, COMPLAINTS), ("complaint", "A complaint with all that happened."), complaints::one),
        act(("/api/v1/sandbox/check", Nothing, HEADQUARTERS), ("run-checks", "Runs every check of a simulated tenant, at the moment that Farsight-Now says; a real tenant's are run by jobs."), sandbox::check),
        list(("/api/v1/webhooks", Own, SEARCHERS), ("webhooks", "The caller's webhooks, the oldest first."), webhooks::list),
        act(("/api/v1/webhooks", Own, SEARCHERS), ("make-webhook", "Subscribes an address to types of events, of what happens from now on. Its key is told this once."), webhooks::add),
        read(("/api/v1/webhooks/{webhook}", Own, SEARCHERS), ("webhook", "A webhook of the caller's."), webhooks::one),
        change(("/api/v1/webhooks/{webhook}", Own, SEARCHERS), ("change-webhook", "Changes a webhook, or switches it off and on."), webhooks::change),
        act(("/api/v1/webhooks/{webhook}/rotate", Own, SEARCHERS), ("rotate-webhook", "Gives a webhook a new key, told this once; the old one signs too for a while."), webhooks::rotate),
        act(("/api/v1/webhooks/{webhook}/ping", Own, SEARCHERS), ("ping-webhook", "Sends a webhook an event of type ping."), webhooks::ping),
        list_of(("/api/v1/webhooks/{webhook}/deliveries", Own, SEARCHERS), ("webhook-deliveries", "What was sent to a webhook and what became of it, the newest first."), webhooks::deliveries),
        act(("/api/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver", Own, SEARCHERS), ("redeliver", "Sends an event again, under its number."), webhooks::redeliver),
        act(("/api/v1/webhooks/{webhook}/redeliver", Own, SEARCHERS), ("redeliver-failed", "Sends again what was given up, of what was made at a moment or later."), webhooks::redeliver_failed),
        remove(("/api/v1/webhooks/{webhook}", Own, SEARCHERS), ("remove-webhook", "Removes a webhook."), webhooks::remove),
        act(("/api/v1/complaints/{complaint}/deeds", Complaint, COMPLAINTS), ("act-on-complaint", "Does a deed on a complaint."), complaints::act),
        list(("/api/v1/support-requests", Nothing, NETWORK), ("support-requests", "Requests for technical support, in the order of what became known last."), support::list),
        act(("/api/v1/support-requests", Nothing, NETWORK), ("request-support", "Asks for technical support."), support::request),
        read(("/api/v1/support-requests/owed", Nothing, NETWORK), ("support-owed", "Support that dealers have yet to ask for after a second failed repair."), support::owed),
        read(("/api/v1/support-requests/{request}", Support, NETWORK), ("support-request", "A request for technical support."), support::one),
        act(("/api/v1/support-requests/{request}/resolve", Support, NETWORK), ("resolve-support", "Writes down that a request is resolved."), support::resolve),
        read(("/api/v1/dealers/{dealer}/roster", Dealer, NETWORK), ("roster", "Who works at a dealer, with which certificates."), people::roster),
        read(("/api/v1/dealers/{dealer}/roster/former", Dealer, NETWORK), ("former-roster", "Who worked at a dealer."), people::former),
        act(("/api/v1/dealers/{dealer}/roster/hire", Dealer, ROSTERS), ("hire", "Somebody begins."), people::hire),
        act(("/api/v1/dealers/{dealer}/roster/certify", Dealer, ROSTERS), ("certify", "Somebody is certified."), people::certify),
        act(("/api/v1/dealers/{dealer}/roster/revoke", Dealer, ROSTERS), ("revoke-certificate", "A certificate counts no longer."), people::revoke),
        act(("/api/v1/dealers/{dealer}/roster/leave", Dealer, ROSTERS), ("leave", "Somebody leaves."), people::leave),
    ];
    operations.extend(uploads::operations());
    operations
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
        goes: None,
        does: post(facts::send),
    }
}
