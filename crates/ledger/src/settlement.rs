//! The life of a settlement: calculated → reviewed → approved → locked, and back to calculated when something is
//! posted into it before it is locked (rulebook 3.4). Four eyes are kept here, not in a page.

use std::fmt;

use farsight_rulebook::period::Period;
use serde::Serialize;

/// Where a settlement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Added up; anything posted since is in it.
    Calculated,
    /// A first person has looked.
    Reviewed,
    /// A second person has agreed.
    Approved,
    /// Never changes again.
    Locked,
}

impl Status {
    /// Its name in files and exports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calculated => "calculated",
            Self::Reviewed => "reviewed",
            Self::Approved => "approved",
            Self::Locked => "locked",
        }
    }

    /// The status of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Calculated, Self::Reviewed, Self::Approved, Self::Locked]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a user of the tower may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Watches the dealers of regions.
    RegionalManager,
    /// Works for a dealer.
    Dealer,
    /// Settles and exports.
    Finance,
    /// Sets the policy.
    Hq,
    /// Takes and follows complaints.
    CallCentre,
    /// Runs the installation; sees no facts.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::RegionalManager, Self::Dealer, Self::Finance, Self::Hq, Self::CallCentre, Self::Operator];

    /// Whether it sees only the dealers of its user, or of their regions.
    pub const fn sees_a_part(self) -> bool {
        match self {
            Self::RegionalManager | Self::Dealer => true,
            Self::Finance | Self::Hq | Self::CallCentre | Self::Operator => false,
        }
    }

    /// Its name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RegionalManager => "regional-manager",
            Self::Dealer => "dealer",
            Self::Finance => "finance",
            Self::Hq => "hq",
            Self::CallCentre => "call-centre",
            Self::Operator => "operator",
        }
    }

    /// The role of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A settlement as a step looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The month.
    pub period: Period,
    /// Where it stands.
    pub status: Status,
    /// Who reviewed it.
    pub reviewed_by: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
}

/// A person or machine taking a step.
#[derive(Debug, Clone)]
pub struct Actor<'a> {
    /// Who.
    pub email: &'a str,
    /// As what.
    pub role: Role,
    /// Every name that sees with the same eyes: a machine with those of whoever made its tokens.
    pub eyes: Vec<String>,
}

/// What must hold around a settlement before it is locked.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The earliest period before this one that has postings and is not locked.
    pub open_before: Option<Period>,
    /// The last locked period.
    pub last_locked: Option<Period>,
    /// Checks whose latest run was before the period's end, or that never ran.
    pub behind: Vec<String>,
    /// Checks that have not seen every fact stored.
    pub unseen: Vec<String>,
}

/// Why a step is refused, in the order they are looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The role may not.
    #[error("{email} is {role}: {step} a settlement takes a user of role {needed}")]
    Role {
        /// Who.
        email: String,
        /// Their role.
        role: &'static str,
        /// The step.
        step: &'static str,
        /// Who may.
        needed: &'static str,
    },
    /// It never changes again.
    #[error("settlement {0} is locked and never changes: late facts are settled in the first open period")]
    Locked(Period),
    /// A step was left out.
    #[error("settlement {period} is {status}: {step} needs it {needed} first")]
    Status {
        /// The month.
        period: Period,
        /// Where it stands.
        status: Status,
        /// The step.
        step: &'static str,
        /// Where it has to stand.
        needed: Status,
    },
    /// The same person twice.
    #[error("{email} has already {done} settlement {period}: a second person has to {step} it")]
    FourEyes {
        /// Who.
        email: String,
        /// What they did.
        done: &'static str,
        /// The month.
        period: Period,
        /// The step.
        step: &'static str,
    },
    /// Periods are locked in order, without a gap.
    #[error(
        "settlement {period} cannot be locked before {before}: periods are locked in order without a gap"
    )]
    Order {
        /// The month.
        period: Period,
        /// The one to lock first.
        before: Period,
    },
    /// Something was posted since somebody looked.
    #[error("settlement {0} is not as it was looked at: something was posted since; look again, then decide")]
    Moved(Period),
    /// A later one is locked.
    #[error("settlement {period} comes before a locked one: what is posted late is settled in {next}")]
    Past {
        /// The month.
        period: Period,
        /// The first one that is open.
        next: Period,
    },
    /// The latest run was too early.
    #[error("settlement {period} cannot be locked: {} ran last before the period's end; run `farsight check`", checks.join(", "))]
    Behind {
        /// The month.
        period: Period,
        /// The checks.
        checks: Vec<String>,
    },
    /// Facts arrived since the latest run.
    #[error("settlement {period} cannot be locked: {} has not seen every fact stored; run `farsight check`", checks.join(", "))]
    Unseen {
        /// The month.
        period: Period,
        /// The checks.
        checks: Vec<String>,
    },
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Role { .. } => "role_may_not",
            Self::Locked(_) => "locked",
            Self::Status { .. } => "wrong_status",
            Self::FourEyes { .. } => "four_eyes",
            Self::Order { .. } => "out_of_order",
            Self::Moved(_) => "figures_moved",
            Self::Past { .. } => "past",
            Self::Behind { .. } => "checks_behind",
            Self::Unseen { .. } => "facts_unseen",
        }
    }
}

/// Whether it may be calculated (again); a reviewed or approved one starts over.
pub fn calculate(settlement: Option<&Settlement>, actor: &Actor) -> Result<(), Refusal> {
    may(actor, "calculating", &[Role::Finance, Role::Hq], "finance or hq")?;
    not_locked(settlement)
}

/// Whether it may be reviewed.
pub fn review(settlement: &Settlement, actor: &Actor) -> Result<(), Refusal> {
    may(actor, "reviewing", &[Role::Finance, Role::Hq], "finance or hq")?;
    not_locked(Some(settlement))?;
    stands(settlement, "review", Status::Calculated)
}

/// Whether it may be approved: by another person than reviewed it.
pub fn approve(settlement: &Settlement, actor: &Actor) -> Result<(), Refusal> {
    may(actor, "approving", &[Role::Finance], "finance")?;
    not_locked(Some(settlement))?;
    stands(settlement, "approve", Status::Reviewed)?;
    second_person(settlement, actor, settlement.reviewed_by.as_deref(), "reviewed", "approve")
}

/// Whether it may be locked: by another person than approved it, in order, with every check and fact seen.
pub fn lock(settlement: &Settlement, actor: &Actor, around: &Surroundings) -> Result<(), Refusal> {
    may(actor, "locking", &[Role::Finance], "finance")?;
    not_locked(Some(settlement))?;
    stands(settlement, "lock", Status::Approved)?;
    second_person(settlement, actor, settlement.approved_by.as_deref(), "approved", "lock")?;
    let period = settlement.period;
    let next = around.last_locked.map(Period::next).filter(|next| *next < period);
    if let Some(before) = next.or(around.open_before) {
        return Err(Refusal::Order { period, before });
    }
    if !around.behind.is_empty() {
        return Err(Refusal::Behind { period, checks: around.behind.clone() });
    }
    if !around.unseen.is_empty() {
        return Err(Refusal::Unseen { period, checks: around.unseen.clone() });
    }
    Ok(())
}

fn may(actor: &Actor, step: &'static str, roles: &[Role], needed: &'static str) -> Result<(), Refusal> {
    if roles.contains(&actor.role) {
        return Ok(());
    }
    Err(Refusal::Role { email: actor.email.to_owned(), role: actor.role.name(), step, needed })
}

fn not_locked(settlement: Option<&Settlement>) -> Result<(), Refusal> {
    match settlement {
        Some(settlement) if settlement.status == Status::Locked => Err(Refusal::Locked(settlement.period)),
        _ => Ok(()),
    }
}

fn stands(settlement: &Settlement, step: &'static str, needed: Status) -> Result<(), Refusal> {
    if settlement.status == needed {
        return Ok(());
    }
    Err(Refusal::Status { period: settlement.period, status: settlement.status, step, needed })
}

fn second_person(
    settlement: &Settlement,
    actor: &Actor,
    first: Option<&str>,
    done: &'static str,
    step: &'static str,
) -> Result<(), Refusal> {
    let same = |first: &str| first == actor.email || actor.eyes.iter().any(|name| name == first);
    if !first.is_some_and(same) {
        return Ok(());
    }
    Err(Refusal::FourEyes { email: actor.email.to_owned(), done, period: settlement.period, step })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: Actor<'static> = Actor { email: "anna@oem", role: Role::Finance, eyes: Vec::new() };
    const BO: Actor<'static> = Actor { email: "bo@oem", role: Role::Finance, eyes: Vec::new() };

    fn settlement(status: Status) -> Settlement {
        let done = |from| (status >= from).then(|| ANNA.email.to_owned());
        Settlement {
            period: "2025-03".parse().unwrap(),
            status,
            reviewed_by: done(Status::Reviewed),
            approved_by: done(Status::Approved),
        }
    }

    fn code(result: Result<(), Refusal>) -> &'static str {
        result.err().map_or("done", |refusal| refusal.code())
    }

    #[test]
    fn each_step_needs_the_one_before_and_a_second_person() {
        let around = Surroundings::default();
        for (status, calculated, reviewed, approved, locked) in [
            (Status::Calculated, "done", "done", "wrong_status", "wrong_status"),
            (Status::Reviewed, "done", "wrong_status", "done", "wrong_status"),
            (Status::Approved, "done", "wrong_status", "wrong_status", "done"),
            (Status::Locked, "locked", "locked", "locked", "locked"),
        ] {
            let it = settlement(status);
            assert_eq!(code(calculate(Some(&it), &BO)), calculated, "{status}");
            assert_eq!(code(review(&it, &BO)), reviewed, "{status}");
            assert_eq!(code(approve(&it, &BO)), approved, "{status}");
            assert_eq!(code(lock(&it, &BO, &around)), locked, "{status}");
        }
        assert_eq!(code(approve(&settlement(Status::Reviewed), &ANNA)), "four_eyes");
        assert_eq!(code(lock(&settlement(Status::Approved), &ANNA, &around)), "four_eyes");
        let machine = Actor { email: "machine:erp", role: Role::Finance, eyes: vec![ANNA.email.to_owned()] };
        assert_eq!(
            code(approve(&settlement(Status::Reviewed), &machine)),
            "four_eyes",
            "a machine of Anna's"
        );
        let dealer = Actor { email: "d@dealer", role: Role::Dealer, eyes: Vec::new() };
        assert_eq!(code(lock(&settlement(Status::Approved), &dealer, &around)), "role_may_not");
    }

    #[test]
    fn a_period_is_locked_in_order_and_only_on_whole_books() {
        let it = settlement(Status::Approved);
        let month = |text: &str| Some(text.parse().unwrap());
        let with = |around: Surroundings| code(lock(&it, &BO, &around));
        assert_eq!(
            with(Surroundings { last_locked: month("2025-01"), ..Surroundings::default() }),
            "out_of_order"
        );
        assert_eq!(with(Surroundings { last_locked: month("2025-02"), ..Surroundings::default() }), "done");
        assert_eq!(
            with(Surroundings { open_before: month("2024-11"), ..Surroundings::default() }),
            "out_of_order"
        );
        assert_eq!(
            with(Surroundings { behind: vec!["complaint".into()], ..Surroundings::default() }),
            "checks_behind"
        );
        assert_eq!(
            with(Surroundings { unseen: vec!["complaint".into()], ..Surroundings::default() }),
            "facts_unseen"
        );
    }
}
