//! The facts of a pack: of the units that the month's entries come from, what those units are judged by.

use std::collections::BTreeSet;
use std::io::Write;

use farsight_proof::{Ever, NETWORK, RowFault, kept, names};
use farsight_rulebook::checks::{bay_turnover, certification, complaint, repeat_repair, spot_check};
use farsight_rulebook::time::Instant;
use farsight_store::facts::read::{Wanted, Which};
use farsight_store::facts::states::{self, Asked};
use farsight_store::{StoreError, Tx};

use super::Packing;
use crate::ControlError;
use crate::export::keep_first;

/// The tables that units of a check are judged by beside the network's, and which of their rows: those that
/// `evaluate::facts_of_units` reads. Certificates and employments are looked for person by person.
pub(super) fn needs(check: &str) -> &'static [(&'static str, Which, &'static str)] {
    match check {
        spot_check::NAME => &[("inspections", Which::DealerByDealer, "")],
        complaint::NAME => {
            &[("complaints", Which::ById, "complaint_id"), ("complaint_events", Which::ById, "complaint_id")]
        }
        certification::NAME => &[("work_orders", Which::OfDealerDays, "")],
        bay_turnover::NAME => &[("customer_base", Which::All, "")],
        repeat_repair::NAME => &[
            ("work_orders", Which::OfVehicles, ""),
            ("support_requests", Which::OfVehicles, ""),
            ("complaints", Which::OfVehicles, ""),
        ],
        _ => &[],
    }
}

/// A unit as it is looked for: dealer or complaint, vehicle, day.
fn wanted<'u>(units: impl Iterator<Item = &'u str>) -> Wanted {
    let mut wanted = Wanted::default();
    for unit in units {
        match (unit.split_once('@'), unit.split_once('/')) {
            (Some((dealer, day)), _) => wanted.push(dealer, "", day.parse().ok()),
            (None, Some((dealer, vehicle))) => wanted.push(dealer, vehicle, None),
            (None, None) => wanted.push(unit, "", None),
        }
    }
    wanted
}

impl Packing {
    /// What bears on every check: who there is, posts, bays, rulings, the tenant's own days.
    pub(super) fn network(&mut self, tx: &mut Tx, until: Instant) -> Result<Ever, ControlError> {
        let mut ever = Ever::new(self.currency);
        for table in NETWORK {
            self.states(tx, "network", (table, Which::All, ""), until, &mut ever)?;
        }
        Ok(ever)
    }

    /// What units of one check are judged by, added to what bears on every check.
    pub(super) fn own(
        &mut self,
        tx: &mut Tx,
        check: &str,
        units: &BTreeSet<String>,
        until: Instant,
        ever: &mut Ever,
    ) -> Result<(), ControlError> {
        tx.look_at_few()?;
        tx.want(&wanted(units.iter().map(String::as_str)))?;
        for of in needs(check) {
            self.states(tx, check, *of, until, ever)?;
        }
        if check == certification::NAME {
            self.staff(tx, units, until, ever)?;
        }
        Ok(())
    }

    /// Whoever ever worked at these dealers, and whoever their orders name: all their employments and certificates.
    fn staff(
        &mut self,
        tx: &mut Tx,
        units: &BTreeSet<String>,
        until: Instant,
        ever: &mut Ever,
    ) -> Result<(), ControlError> {
        let dealers: BTreeSet<&str> =
            units.iter().map(|unit| unit.split('@').next().unwrap_or(unit)).collect();
        let mut persons: BTreeSet<String> = BTreeSet::new();
        for column in ["advisor_code", "technician_code"] {
            persons.extend(ever.texts("work_orders", column));
        }
        tx.want(&Wanted::codes(dealers))?;
        let asked =
            Asked { table: "employments", columns: &["person_code"], which: Which::OfDealers, id: "", until };
        states::each(tx, asked, self.zone.name(), self.currency, |line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            persons.extend(line["person_code"].as_str().map(str::to_owned));
        })?;
        tx.want(&Wanted::codes(persons.iter().map(String::as_str)))?;
        for table in ["employments", "certificates"] {
            self.states(tx, certification::NAME, (table, Which::ById, "person_code"), until, ever)?;
        }
        Ok(())
    }

    /// Writes the states of a table as a file of the pack, and keeps them to judge by.
    fn states(
        &mut self,
        tx: &mut Tx,
        check: &str,
        (table, which, id): (&'static str, Which, &str),
        until: Instant,
        ever: &mut Ever,
    ) -> Result<(), ControlError> {
        let unknown = || StoreError::Value(format!("no judgement reads the table '{table}'"));
        let (table, columns) = kept(table).ok_or_else(unknown)?;
        self.writer.begin(&names::facts(check, table))?;
        let (writer, mut failure, mut count) = (&mut self.writer, None, 0);
        let asked = Asked { table, columns, which, id, until };
        states::each(tx, asked, self.zone.name(), self.currency, |line| {
            count += 1;
            keep_first(&mut failure, || {
                writeln!(writer, "{line}").map_err(farsight_proof::PackError::Io)?;
                ever.add(table, line).map_err(odd)
            });
        })?;
        self.packed.facts += count;
        failure.map_or(Ok(()), Err)
    }
}

/// A stored row that the rulebook does not read.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn odd(fault: RowFault) -> ControlError {
    ControlError::Store(StoreError::Value(fault.to_string()))
}

#[cfg(test)]
mod tests {
    use farsight_rulebook::checks::CHECKS;

    use super::*;

    #[test]
    fn of_every_check_it_is_known_what_its_units_are_judged_by() {
        for check in &CHECKS {
            assert!(!needs(check.name).is_empty(), "{}: name the tables in `needs`", check.name);
            for (table, ..) in needs(check.name) {
                assert!(kept(table).is_some(), "{table}: name its columns in `farsight_proof::TABLES`");
            }
        }
    }
}
