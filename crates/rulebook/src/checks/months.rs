//! What the checks of months share: rows by dealer and month, orders excused from counts, shares of months.

use hashbrown::HashSet;

use crate::case::{Case, Draft, detail};
use crate::codes::Code;
use crate::facts::RulingKind;
use crate::finding::Found;
use crate::period::Period;
use crate::policy::{Clause, Policy, Version};

/// Rows of judged dealers, sorted by dealer and `K`, to be taken in chunks.
pub(super) fn by_dealer<K: Ord + Copy, R>(
    case: &Case,
    rows: impl Iterator<Item = (Code, K, R)>,
) -> Vec<(Code, K, R)> {
    let mut rows: Vec<_> = rows.filter(|(dealer, _, _)| case.judges_dealer(*dealer)).collect();
    rows.sort_by_key(|(dealer, key, _)| (*dealer, *key));
    rows
}

/// Whether two neighbours are of one dealer and `K`.
pub(super) fn together<K: PartialEq, R>(a: &(Code, K, R), b: &(Code, K, R)) -> bool {
    a.0 == b.0 && a.1 == b.1
}

/// Orders of which some ruling says that they do not count (rulebook 3.6).
pub(super) struct ExcusedOrders(HashSet<Code>);

impl ExcusedOrders {
    /// Those of a case, seen or not.
    pub(super) fn of(case: &Case) -> Self {
        let excuses = case.facts.rulings.iter().filter(|ruling| ruling.kind == RulingKind::Excuse);
        let orders = excuses.filter_map(|ruling| ruling.subject.strip_prefix("order:"));
        Self(orders.filter_map(|order| case.facts.codes.find(order)).collect())
    }

    /// Whether an order does not count for a family.
    pub(super) fn has(&self, case: &Case, family: &str, order: Code) -> bool {
        self.0.contains(&order)
            && case.rulings.excused(&case.horizon, family, &format!("order:{}", case.text(order)))
    }
}

/// Judges a dealer's month, once it is over, by what the policy in force on its last day says of a check, and closes its unit.
pub(super) fn judge_month<'c, T: 'c>(
    case: &Case<'c>,
    check: &'static str,
    (dealer, month): (Code, Period),
    terms: impl Fn(&'c Policy) -> Option<&'c T>,
    found: &mut Found,
    judge: impl FnOnce(&str, (&'c Version, &'c T), &mut Found),
) {
    let unit = format!("{}@{month}", case.text(dealer));
    if !case.judges(&unit, dealer) {
        return;
    }
    let version = case.version(month.last_day());
    if let Some((version, terms)) = version.and_then(|version| Some((version, terms(&version.policy)?)))
        && case.horizon.over(month.last_day())
    {
        judge(&unit, (version, terms), found);
    }
    case.close_unit(check, &unit, found);
}

/// What is found of a dealer and month.
pub(super) struct OfMonth<'m> {
    pub(super) check: &'static str,
    pub(super) clause: &'m Clause,
    pub(super) family: &'static str,
    pub(super) dealer: Code,
    pub(super) month: Period,
    pub(super) unit: &'m str,
    pub(super) version: &'m Version,
}

impl OfMonth<'_> {
    /// Adds the finding, dated by the month's last day.
    pub(super) fn find(self, case: &Case, found: &mut Found, facts: &serde_json::Value) -> bool {
        let draft = Draft {
            check: self.check,
            clause: self.clause,
            family: self.family,
            subject: format!("dealer:{}@{}", case.text(self.dealer), self.month),
            unit: self.unit,
            dealer: self.dealer,
            occurred_on: self.month.last_day(),
            version: self.version.number,
            charged: &self.clause.charges,
            detail: detail(facts),
        };
        case.find(found, draft)
    }
}
