//! What a finding of the spot check stands on: the failure, and the earlier ones that make it cost more.

use jiff::civil::Date;

use super::{FAMILY, Look, MANAGERS, Terms, look, window_start};
use crate::calendar::HolidaysUnknown;
use crate::case::Case;
use crate::checks::spot_check::{ManagerUnit, RepeatWindow};
use crate::codes::Code;
use crate::facts::{Inspection, InspectionResult};
use crate::finding::Finding;
use crate::period::Period;
use crate::policy::Version;
use crate::receipt::{FactRef, Grounds, Value};
use crate::subject::Subject;

/// Tells a finding's grounds.
pub fn grounds(case: &Case, finding: &Finding, grounds: &mut Grounds) -> Result<(), HolidaysUnknown> {
    let Some(version) = case.ground.timeline.version(finding.version) else { return Ok(()) };
    let telling = Telling { case, version, terms: &version.policy.spot_check };
    match Subject::read(&finding.subject) {
        Some(Subject::InspectionItem { inspection, item }) => {
            if let Some(row) = telling.row(inspection, item) {
                telling.item(row, finding, grounds);
            }
        }
        Some(Subject::Inspection { inspection }) if finding.family == MANAGERS => {
            telling.managers(inspection, finding, grounds);
        }
        _ => {}
    }
    Ok(())
}

struct Telling<'a, 'c> {
    case: &'a Case<'c>,
    version: &'a Version,
    terms: &'a Terms,
}

impl<'c> Telling<'_, 'c> {
    fn row(&self, inspection: &str, item: &str) -> Option<&'c Inspection> {
        let codes = &self.case.facts.codes;
        let (inspection, item) = (codes.find(inspection)?, codes.find(item)?);
        self.case.facts.inspections.iter().find(|row| (row.inspection, row.item) == (inspection, item))
    }

    fn item(&self, row: &Inspection, finding: &Finding, grounds: &mut Grounds) {
        if finding.family != FAMILY {
            grounds.stand_on(self.fact(row, "not-visible").judged());
            grounds.say(
                "spot-check.not-visible",
                [("item", self.title(row.item)), ("at", Value::At(row.inspected_at))],
            );
            return;
        }
        grounds.stand_on(self.fact(row, "failure").judged());
        let earlier = self.earlier(row);
        let on = finding.occurred_on;
        let days = self.first_of_days(&earlier, on);
        let (from, count) = (window_start(self.terms, on), days.len() as i64 + 1);
        grounds.say(
            "spot-check.window",
            [
                ("item", self.title(row.item)),
                ("days", Value::Days(from, Some(on))),
                ("count", Value::text(count)),
            ],
        );
        if count >= self.terms.year_count {
            for look in &days {
                grounds.stand_on(self.fact(look.row, "earlier-failure"));
            }
            grounds.say("spot-check.third", [("limit", Value::text(self.terms.year_count))]);
            match self.terms.manager_unit {
                ManagerUnit::Item => grounds.say("spot-check.managers-by-item", []),
                ManagerUnit::Inspection => grounds.say("spot-check.managers-apart", []),
            }
        } else {
            self.repeat(&earlier, on, grounds);
        }
    }

    fn repeat(&self, earlier: &[Look], on: Date, grounds: &mut Grounds) {
        match self.terms.repeat_window {
            RepeatWindow::NextCheck => match earlier.last() {
                Some(look) if look.is_failure() => {
                    grounds.stand_on(self.fact(look.row, "earlier-failure"));
                    grounds.say("spot-check.repeat-check", [("on", Value::Date(look.on))]);
                }
                Some(look) => {
                    grounds.stand_on(self.fact(look.row, "earlier-pass"));
                    grounds.say("spot-check.first-check", [("on", Value::Date(look.on))]);
                }
                None => grounds.say("spot-check.first-of-all", []),
            },
            RepeatWindow::NextMonth => {
                let month = Period::of(on).previous();
                let of_month: Vec<&Look> =
                    earlier.iter().filter(|look| look.is_failure() && Period::of(look.on) == month).collect();
                for look in &of_month {
                    grounds.stand_on(self.fact(look.row, "earlier-failure"));
                }
                let month = ("month", Value::Month(month));
                if of_month.is_empty() {
                    grounds.say("spot-check.first-month", [month]);
                } else {
                    grounds.say("spot-check.repeat-month", [month, ("this", Value::Month(Period::of(on)))]);
                }
            }
        }
    }

    /// The thirds of one inspection, with the earlier failures that make them thirds.
    fn managers(&self, inspection: &str, finding: &Finding, grounds: &mut Grounds) {
        let mut rows: Vec<&Inspection> = self
            .case
            .facts
            .inspections
            .iter()
            .filter(|row| self.case.text(row.inspection) == inspection)
            .collect();
        rows.sort_unstable_by_key(|row| self.case.text(row.item));
        let mut thirds = Vec::new();
        for row in rows.into_iter().filter(|row| row.result == InspectionResult::Fail) {
            if look(self.case, row).is_none() {
                continue;
            }
            let earlier = self.earlier(row);
            let days = self.first_of_days(&earlier, finding.occurred_on);
            let count = days.len() as i64 + 1;
            let repeated =
                earlier.last().is_some_and(|look| look.is_failure() && look.on == finding.occurred_on);
            if count >= self.terms.year_count && !repeated {
                grounds.stand_on(self.fact(row, "failure").judged());
                for look in &days {
                    grounds.stand_on(self.fact(look.row, "earlier-failure"));
                }
                grounds.say(
                    "spot-check.window",
                    [
                        ("item", self.title(row.item)),
                        (
                            "days",
                            Value::Days(
                                window_start(self.terms, finding.occurred_on),
                                Some(finding.occurred_on),
                            ),
                        ),
                        ("count", Value::text(count)),
                    ],
                );
                thirds.push(self.title(row.item));
            }
        }
        grounds.say(
            "spot-check.managers",
            [
                ("count", Value::Counted("count.items", thirds.len() as i64)),
                ("items", Value::List(thirds)),
                ("on", Value::Date(finding.occurred_on)),
            ],
        );
    }

    /// The counting results of the same dealer and item before a failure, in order.
    fn earlier(&self, of: &Inspection) -> Vec<Look<'c>> {
        let case = self.case;
        let place = |row: &Inspection| (row.inspected_at, case.text(row.inspection));
        let same = case.facts.inspections.iter().filter(|row| (row.dealer, row.item) == (of.dealer, of.item));
        let before = same.filter(|row| self.terms.counts(row) && place(row) < place(of));
        let mut looks: Vec<Look> = before.filter_map(|row| look(case, row)).collect();
        looks.sort_by(|a, b| place(a.row).cmp(&place(b.row)));
        looks
    }

    /// The earliest failure of each day within the window of thirds.
    fn first_of_days<'l>(&self, earlier: &'l [Look<'c>], on: Date) -> Vec<&'l Look<'c>> {
        let from = window_start(self.terms, on);
        let mut days: Vec<&Look> =
            earlier.iter().filter(|look| look.is_failure() && look.on >= from).collect();
        days.dedup_by_key(|look| look.on);
        days
    }

    fn fact(&self, row: &Inspection, role: &'static str) -> FactRef {
        let fact = FactRef::new(self.case, row, role).note("item", self.title(row.item));
        if row.follow_up { fact.note("kind", Value::word("inspection.follow-up")) } else { fact }
    }

    fn title(&self, item: Code) -> Value {
        let code = self.case.text(item);
        let titled = self.version.policy.spot_check.items.iter().find(|(known, _)| known == code);
        titled.map_or_else(|| Value::text(code), |(_, title)| Value::Title(title.clone()))
    }
}
