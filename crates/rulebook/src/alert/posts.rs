//! Posts that nobody holds on a day: a dealer without district manager, a region without director and deputy.
//!
//! Only kinds of posts that the tenant records at all: no record of any is missing data, not a vacancy.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{DISTRICT_VACANT, Level, REGION_VACANT};
use crate::facts::{Facts, Role};
use crate::org::Org;

/// A post that nobody holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vacancy {
    /// The family of its alert.
    pub family: &'static str,
    /// The dealer; empty for a region's posts.
    pub dealer: String,
    /// The region.
    pub region: String,
    /// Who is to fill it: the lowest above it that somebody holds.
    pub level: Level,
}

impl Vacancy {
    /// The subject of its alert.
    pub fn subject(&self) -> String {
        if self.dealer.is_empty() {
            format!("region:{}", self.region)
        } else {
            format!("dealer:{}", self.dealer)
        }
    }

    /// The detail of its alert, as JSON: the role that is vacant.
    pub fn detail(&self) -> String {
        let role = if self.family == REGION_VACANT { "region-director" } else { "district-manager" };
        serde_json::json!({ "role": role }).to_string()
    }
}

/// The vacant posts around the dealers that are open on a day, in order.
pub fn vacant(facts: &Facts, on: Date) -> Vec<Vacancy> {
    let org = Org::new(facts);
    let text = |code| facts.codes.text(code).to_owned();
    let keeps = |roles: &[Role]| facts.posts.iter().any(|post| roles.contains(&post.role));
    let (districts, leaders) =
        (keeps(&[Role::DistrictManager]), keeps(&[Role::RegionDirector, Role::RegionDeputyDirector]));
    let mut vacant = BTreeSet::new();
    for dealer in facts.dealers.iter().filter(|dealer| dealer.is_open(on)) {
        let Some(region) = org.region(dealer.dealer, on) else { continue };
        let led = org.region_leader(region, on).is_some();
        if districts && org.holder(Role::DistrictManager, dealer.dealer, on).is_none() {
            let level = if led { Level::RegionDirector } else { Level::Hq };
            let (dealer, region) = (text(dealer.dealer), text(region));
            vacant.insert(Vacancy { family: DISTRICT_VACANT, dealer, region, level });
        }
        if leaders && !led {
            let region = text(region);
            vacant.insert(Vacancy { family: REGION_VACANT, dealer: String::new(), region, level: Level::Hq });
        }
    }
    vacant.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Dealer, Post};
    use jiff::civil::date;

    const OPENED: Date = Date::constant(2020, 1, 1);

    /// Two dealers of region R; posts as role, scope, last day.
    fn check(posts: &[(Role, &str, Option<Date>)], on: Date, expected: &[&str]) {
        let mut facts = Facts::default();
        let region = facts.codes.keep("R");
        for code in ["D1", "D2"] {
            let dealer = facts.codes.keep(code);
            let closed_on = (code == "D2").then_some(date(2025, 6, 30));
            facts.dealers.push(Dealer { dealer, region, opened_on: OPENED, closed_on });
        }
        for (role, scope, to) in posts {
            let (person, scope) = (facts.codes.keep("P"), facts.codes.keep(scope));
            facts.posts.push(Post { person, role: *role, scope, from: OPENED, to: *to });
        }
        let found: Vec<String> = vacant(&facts, on)
            .iter()
            .map(|vacancy| format!("{} {}", vacancy.subject(), vacancy.level.name()))
            .collect();
        assert_eq!(found, expected, "{posts:?} on {on}");
    }

    #[test]
    fn a_post_is_vacant_from_the_day_after_its_last() {
        let last = date(2025, 3, 31);
        let posts = [
            (Role::DistrictManager, "D1", Some(last)),
            (Role::DistrictManager, "D2", None),
            (Role::RegionDirector, "R", None),
        ];
        check(&posts, last, &[]);
        check(&posts, date(2025, 4, 1), &["dealer:D1 region-director"]);
    }

    #[test]
    fn a_deputy_is_enough_and_the_vacant_are_passed_over() {
        let posts = [
            (Role::DistrictManager, "D1", None),
            (Role::DistrictManager, "D2", Some(date(2025, 3, 31))),
            (Role::RegionDeputyDirector, "R", Some(date(2025, 4, 30))),
        ];
        check(&posts, date(2025, 4, 30), &["dealer:D2 region-director"]);
        check(&posts, date(2025, 5, 1), &["dealer:D2 hq", "region:R hq"]);
        check(&posts, date(2025, 7, 1), &["region:R hq"]); // D2 is closed
    }

    #[test]
    fn what_a_tenant_does_not_record_is_not_vacant() {
        check(&[], date(2025, 5, 1), &[]);
        check(&[(Role::RegionDirector, "R", None)], date(2025, 5, 1), &[]);
        check(&[(Role::DealerGm, "D1", None)], date(2025, 5, 1), &[]);
    }
}
