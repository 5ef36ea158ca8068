//! The types of events there are: what each is about, which roles are told of it, and from which source it comes.
//!
//! A type is told to the roles that may call the operation its link leads to; a test of the machines' door says so.

use farsight_ledger::settlement::Role;
use farsight_store::webhooks::happened::Source;

/// A type of events.
#[derive(Debug, Clone, Copy)]
pub struct EventType {
    /// Its name.
    pub name: &'static str,
    /// What it tells, in a sentence.
    pub about: &'static str,
    /// Which of `data` it has besides `tenant` and `link`.
    pub fields: &'static [&'static str],
    /// Where it comes from.
    pub source: Source,
}

/// The event that says nothing but that a webhook works.
pub const PING: &str = "ping";

const fn event(
    name: &'static str,
    source: Source,
    fields: &'static [&'static str],
    about: &'static str,
) -> EventType {
    EventType { name, about, fields, source }
}

const ALERT: &[&str] = &["alert_id", "severity", "level", "dealer_code"];
const APPEAL: &[&str] = &["appeal_id", "entry_id", "dealer_code"];
const ORDER: &[&str] = &["order", "dealer_code"];
const STATEMENT: &[&str] = &["period", "dealer_code"];

/// Every type there is.
#[rustfmt::skip]
pub const EVENTS: &[EventType] = &[
    event("alert.opened", Source::Alerts, ALERT, "An alert opened."),
    event("alert.reopened", Source::Alerts, ALERT, "An alert came back, and stayed."),
    event("alert.worsened", Source::Alerts, ALERT, "An alert became more severe."),
    event("alert.escalated", Source::Alerts, ALERT, "An alert went one level up."),
    event("alert.acknowledged", Source::Alerts, ALERT, "Somebody has looked at an alert."),
    event("alert.resolved", Source::Alerts, ALERT, "An alert is over."),
    event("entries.changed", Source::Entries, &["posted", "reversed", "first_entry_id", "last_entry_id"], "Entries were posted or reversed: how many; the link is the list from there on."),
    event("settlement.calculated", Source::Settlements, &["period"], "A month's settlement was calculated."),
    event("settlement.reviewed", Source::Settlements, &["period"], "A month's settlement was reviewed."),
    event("settlement.approved", Source::Settlements, &["period"], "A month's settlement was approved."),
    event("settlement.reopened", Source::Settlements, &["period"], "A charge was posted into a month that was reviewed or approved: it is calculated again."),
    event("settlement.locked", Source::Settlements, &["period"], "A month's settlement is locked."),
    event("statements.ready", Source::Statements, STATEMENT, "A month's statements are there, or there anew; no dealer is named."),
    event("statement.confirmed", Source::Statements, STATEMENT, "A dealer confirmed its statement."),
    event("statement.disputed", Source::Statements, STATEMENT, "A dealer disputed a line of its statement."),
    event("statement.replied", Source::Statements, STATEMENT, "Finance replied to a dispute."),
    event("appeal.made", Source::Appeals, APPEAL, "An entry was contested."),
    event("appeal.decided", Source::Appeals, APPEAL, "An appeal was decided."),
    event("appeal.withdrawn", Source::Appeals, APPEAL, "An appeal was taken back."),
    event("rectification.ordered", Source::Rectifications, ORDER, "An order to mend was given."),
    event("rectification.handed-in", Source::Rectifications, ORDER, "What was mended was handed in."),
    event("rectification.accepted", Source::Rectifications, ORDER, "What was mended was accepted."),
    event("rectification.sent-back", Source::Rectifications, ORDER, "What was mended was sent back."),
    event("draw.committed", Source::Draws, &["date"], "A day's pool was frozen, its hash published."),
    event("draw.made", Source::Draws, &["date"], "A day's sample was drawn."),
    event("draw.revealed", Source::Draws, &["date"], "A day's key was published: its draw can be redone."),
    event("complaint.changed", Source::Complaints, &["complaint_id"], "A complaint came in, or something was done on it."),
    event("inspection.changed", Source::Inspections, &["inspection_id"], "An inspection's results came in, or were corrected."),
    event("facts.imported", Source::Imports, &["first_import_id", "last_import_id", "tables"], "Facts came in: how many imports, new and corrected facts of each table."),
];

/// Who is told of what comes from a source: whoever may pull it, and of imports, which are nobody's part, headquarters.
pub const fn roles(source: Source) -> &'static [Role] {
    use Role::{CallCentre, Dealer, Finance, Hq, RegionalManager};
    match source {
        Source::Alerts | Source::Rectifications | Source::Draws | Source::Inspections => {
            &[RegionalManager, Hq, Dealer]
        }
        Source::Entries | Source::Statements | Source::Appeals => &[RegionalManager, Hq, Dealer, Finance],
        Source::Settlements => &[Finance, Hq],
        Source::Complaints => &[RegionalManager, Hq, Dealer, CallCentre],
        Source::Imports => &[Hq],
    }
}

/// Whether a role is told of a type.
pub fn may_hear(role: Role, event: &str) -> bool {
    of_role(role).any(|name| name == event)
}

/// The types a role is told of.
pub fn of_role(role: Role) -> impl Iterator<Item = &'static str> {
    EVENTS.iter().filter(move |event| roles(event.source).contains(&role)).map(|event| event.name)
}

/// Whether some of these types come from a source.
pub(super) fn asks(events: &[String], source: Source) -> bool {
    EVENTS.iter().any(|event| event.source == source && events.iter().any(|name| name == event.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_a_type_and_every_role_its_own() {
        for source in Source::ALL {
            assert!(EVENTS.iter().any(|event| event.source == source), "{source:?}");
        }
        assert_eq!(of_role(Role::CallCentre).collect::<Vec<_>>(), ["complaint.changed"]);
        assert_eq!(of_role(Role::Operator).count(), 0);
        assert_eq!(of_role(Role::Hq).count(), EVENTS.len());
        assert!(!may_hear(Role::Dealer, "settlement.locked") && !may_hear(Role::Finance, "alert.opened"));
    }

    #[test]
    fn a_source_is_asked_where_one_of_its_types_is() {
        let events = vec!["appeal.decided".to_owned()];
        assert!(asks(&events, Source::Appeals) && !asks(&events, Source::Alerts));
    }
}
