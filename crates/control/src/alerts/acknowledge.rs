//! Acknowledging: somebody at an alert's level, or above, has looked at it; that stops its clock for a stated time.

use farsight_ledger::settlement::Role;
use farsight_rulebook::alert::{JOB_GAVE_UP, Level, WATCH_AWAY, WEBHOOK_OFF};
use farsight_rulebook::messages::Language;
use farsight_store::alerts::{self, Acknowledgement, Alert};
use farsight_store::audit::{self, Deed};
use farsight_store::users::{self, User};

use super::{Shown, Words, change};
use crate::{ControlError, Desk};

/// Why an alert is not acknowledged, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or none that this user sees: the two are not told apart.
    #[error("there is no alert {0} among those that {1} sees: `farsight alerts list` shows the open ones")]
    NotThere(i64, String),
    /// The role has no part in alerts.
    #[error("{role} acknowledges no alerts: the dealer, the regional manager or hq does")]
    WrongRole {
        /// The user's role.
        role: &'static str,
    },
    /// It has gone up, past this user.
    #[error("alert {alert} is before the {level} now: acknowledging it is for them or hq, not for {role}")]
    GoneUp {
        /// The alert.
        alert: i64,
        /// Before whom it is.
        level: &'static str,
        /// The user's role.
        role: &'static str,
    },
    /// There is nothing left to look at.
    #[error("alert {0} is resolved: there is nothing left to acknowledge")]
    Resolved(i64),
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotThere(..) => "alert_not_found",
            Self::WrongRole { .. } => "alert_wrong_role",
            Self::GoneUp { .. } => "alert_gone_up",
            Self::Resolved(_) => "alert_resolved",
        }
    }
}

/// Acknowledges an alert for a user, and shows it as it stands then.
pub fn acknowledge(desk: &mut Desk, alert: i64, by: &str, language: Language) -> Result<Shown, ControlError> {
    let by = &*by.to_lowercase();
    let (tenant, now) = (desk.tenant.clone(), desk.now);
    change(desk, |tx, hour| {
        let user = users::find(tx, by)?.ok_or_else(|| {
            ControlError::Usage(format!(
                "no user '{by}': add them with `farsight user add {by} --role hq`, or correct --by"
            ))
        })?;
        let not_there = || Refusal::NotThere(alert, by.to_owned());
        let found = alerts::find(tx, alert)?.ok_or_else(not_there)?;
        let region = alerts::region_on(tx, &found.dealer, hour.today)?;
        may(&user, &found, &region)?;
        alerts::acknowledge(tx, Acknowledgement { alert, by, at: hour.at, terms: &hour.terms })?;
        let subject = alert.to_string();
        let detail = serde_json::json!({ "clause": found.clause, "subject": found.subject }).to_string();
        let deed = Deed { actor: by, action: "alert.acknowledge", subject: &subject, detail: &detail };
        audit::add(tx, now, &deed)?;
        let after = alerts::find(tx, alert)?.ok_or_else(not_there)?;
        Words::of(tx, &tenant)?.show(after, language, hour.at)
    })
}

/// Whether a user may acknowledge an alert whose dealer belongs to a region today.
fn may(user: &User, alert: &Alert, region: &str) -> Result<(), Refusal> {
    let role = user.role.name();
    if !sees(user, alert, region) {
        return Err(Refusal::NotThere(alert.id, user.email.clone()));
    }
    let reach = match user.role {
        Role::Dealer => Level::Dealer,
        Role::RegionalManager => Level::RegionDirector,
        Role::Hq | Role::Operator => Level::Hq,
        Role::Finance | Role::CallCentre => return Err(Refusal::WrongRole { role }),
    };
    if alert.level > reach {
        return Err(Refusal::GoneUp { alert: alert.id, level: alert.level.name(), role });
    }
    if alert.resolved_at.is_some() {
        return Err(Refusal::Resolved(alert.id));
    }
    Ok(())
}

/// Whether an alert lies in a user's scope; an operator sees no facts, only what became of jobs.
fn sees(user: &User, alert: &Alert, region: &str) -> bool {
    let region = if region.is_empty() { alert.region.as_str() } else { region };
    match user.role {
        Role::Hq | Role::Finance => true,
        Role::CallCentre => alert.check == farsight_rulebook::checks::complaint::NAME,
        Role::RegionalManager => user.regions.iter().any(|own| own == region),
        Role::Dealer => user.dealers.contains(&alert.dealer),
        Role::Operator => [JOB_GAVE_UP, WEBHOOK_OFF, WATCH_AWAY].contains(&alert.clause.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use farsight_rulebook::money::Money;
    use farsight_rulebook::time::Instant;
    use jiff::civil::Date;

    use super::*;

    fn user(role: Role, regions: &[&str], dealers: &[&str]) -> User {
        let own = |codes: &[&str]| codes.iter().map(ToString::to_string).collect();
        User { email: "u@oem".to_owned(), role, regions: own(regions), dealers: own(dealers) }
    }

    fn alert(clause: &str, dealer: &str, level: Level) -> Alert {
        Alert {
            id: 7,
            family: clause.to_owned(),
            check: clause.split('.').next().unwrap().to_owned(),
            clause: clause.to_owned(),
            subject: "complaint:C-1".to_owned(),
            dealer: dealer.to_owned(),
            region: "R-then".to_owned(),
            severity: "warning".to_owned(),
            occurred_on: Date::constant(2026, 3, 5),
            detail: "{}".to_owned(),
            amount: Money::ZERO,
            due_at: None,
            level,
            level_since: Instant(0),
            holder: None,
            escalates_at: None,
            flaps: 0,
            opened_at: Instant(0),
            acknowledged_at: None,
            acknowledged_by: None,
            resolved_at: None,
        }
    }

    #[test]
    fn who_may_acknowledge_what() {
        let (dealer, district, director, hq) =
            (Level::Dealer, Level::DistrictManager, Level::RegionDirector, Level::Hq);
        let late = "complaint.reply-late";
        let own = || user(Role::Dealer, &[], &["D1"]);
        let regional = || user(Role::RegionalManager, &["R-now"], &[]);
        let table = [
            (own(), late, "D1", dealer, ""),
            (own(), late, "D1", district, "alert_gone_up"),
            (own(), late, "D2", dealer, "alert_not_found"),
            (own(), "feed-silent", "", hq, "alert_not_found"),
            (regional(), late, "D1", dealer, ""),
            (regional(), late, "D1", director, ""),
            (regional(), late, "D1", hq, "alert_gone_up"),
            (user(Role::RegionalManager, &["R-then"], &[]), late, "D1", dealer, "alert_not_found"),
            (user(Role::Hq, &[], &[]), late, "D1", hq, ""),
            (user(Role::Hq, &[], &[]), "feed-silent", "", hq, ""),
            (user(Role::Finance, &[], &[]), late, "D1", dealer, "alert_wrong_role"),
            (user(Role::CallCentre, &[], &[]), late, "D1", dealer, "alert_wrong_role"),
            (user(Role::CallCentre, &[], &[]), "spot-check.first", "D1", dealer, "alert_not_found"),
            (user(Role::Operator, &[], &[]), late, "D1", dealer, "alert_not_found"),
            (user(Role::Operator, &[], &[]), "job-gave-up", "", hq, ""),
        ];
        for (user, clause, of, level, code) in table {
            let region = if of.is_empty() { "" } else { "R-now" };
            let said =
                may(&user, &alert(clause, of, level), region).map_or_else(|refusal| refusal.code(), |()| "");
            assert_eq!(said, code, "{:?} {clause} {of} {level:?}", user.role);
        }
    }

    #[test]
    fn what_is_resolved_is_not_acknowledged() {
        let gone =
            Alert { resolved_at: Some(Instant(1)), ..alert("complaint.reply-late", "D1", Level::Dealer) };
        assert_eq!(may(&user(Role::Hq, &[], &[]), &gone, "R"), Err(Refusal::Resolved(7)));
        assert!(matches!(may(&user(Role::Dealer, &[], &["D2"]), &gone, "R"), Err(Refusal::NotThere(..))));
    }
}
