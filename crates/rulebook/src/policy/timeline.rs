//! A tenant's policy versions, each in force from a local date until the next one's.

use std::sync::Arc;

use jiff::civil::Date;

use super::Policy;

/// A published policy.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its number within the tenant, from 1.
    pub number: i32,
    /// The first day it judges.
    pub effective_on: Date,
    /// What it says.
    pub policy: Arc<Policy>,
}

/// All versions of a tenant, by effective date.
#[derive(Debug, Clone)]
pub struct Timeline {
    versions: Vec<Version>,
    /// What the tenant asked for, and what follows from it and the first version's date.
    asked: Option<Date>,
    first_judged_day: Date,
}

impl Timeline {
    /// The versions, in any order, and the tenant's first judged day (none: the first version's date).
    pub fn new(mut versions: Vec<Version>, first_judged_day: Option<Date>) -> Self {
        versions.sort_by_key(|version| version.effective_on);
        let first = versions.first().map_or(Date::MAX, |version| version.effective_on);
        let asked = first_judged_day;
        Self { asked, first_judged_day: asked.unwrap_or(first).max(first), versions }
    }

    /// One policy from one date on.
    pub fn of(policy: Policy, effective_on: Date) -> Self {
        Self::new(vec![Version { number: 1, effective_on, policy: Arc::new(policy) }], None)
    }

    /// The same with a policy in force from a date on, instead of all versions that begin then or later.
    #[must_use]
    pub fn replaced_from(&self, from: Date, policy: Arc<Policy>) -> Self {
        let number = self.newest() + 1;
        let kept = self.versions.iter().filter(|version| version.effective_on < from).cloned();
        let versions = kept.chain([Version { number, effective_on: from, policy }]).collect();
        Self::new(versions, Some(self.first_judged_day))
    }

    /// The versions as they were known when this was the newest.
    #[must_use]
    pub fn as_known(&self, newest: i32) -> Self {
        let known = self.versions.iter().filter(|version| version.number <= newest).cloned();
        Self::new(known.collect(), self.asked)
    }

    /// The number of the version that was published last; 0: there is none.
    pub fn newest(&self) -> i32 {
        self.versions.iter().map(|version| version.number).max().unwrap_or(0)
    }

    /// The version in force on a local date.
    pub fn in_force(&self, on: Date) -> Option<&Version> {
        let after = self.versions.partition_point(|version| version.effective_on <= on);
        after.checked_sub(1).map(|index| &self.versions[index])
    }

    /// The version of a number.
    pub fn version(&self, number: i32) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// No finding has an earlier `occurred_on` (rulebook 2).
    pub fn first_judged_day(&self) -> Date {
        self.first_judged_day
    }

    /// Whether a check finds the same by both, because what they say of it is the same on every day. `false` where that
    /// cannot be told from its own section: repeat repairs ask which version a day belongs to, own rules read other sections.
    pub fn judges_alike(&self, other: &Self, check: &str) -> bool {
        let days = self.versions.iter().chain(&other.versions).map(|version| version.effective_on);
        let alike = |day: Date| match (self.in_force(day), other.in_force(day)) {
            (Some(one), Some(other)) => one.policy.says_alike(&other.policy, check),
            (one, other) => one.is_none() && other.is_none(),
        };
        self.first_judged_day == other.first_judged_day && days.into_iter().all(alike)
    }

    /// All versions, by effective date.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }
}
