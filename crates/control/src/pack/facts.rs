//! The facts of a pack: of the units that the month's entries come from, what those units are judged by.

use std::collections::BTreeSet;
use std::io::Write;

use farsight_proof::{Ever, NETWORK, RowFault, kept, names};
use farsight_rulebook::checks::custom::{Reads, Table};
use farsight_rulebook::checks::{
    bay_turnover, certification, complaint, custom, fault_hotspot, feedback, mystery_shopper, repeat_repair,
    retention, satisfaction, service_clock, spot_check, transparency,
};
use farsight_rulebook::time::Instant;
use farsight_store::facts::read::{Wanted, Which};
use farsight_store::facts::states::{self, Asked};
use farsight_store::{StoreError, Tx};

use super::Packing;
use crate::ControlError;
use crate::evaluate::reads;
use crate::export::keep_first;

/// A table's rows that units are judged by: by which column they are looked up where they are looked up by one, and as what
/// the units are wanted.
type Need = (&'static str, Which, &'static str, As);

/// As what units are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// Dealer or complaint, vehicle.
    Codes,
    /// Dealers.
    Dealers,
    /// Dealers, and the manufacturer.
    DealersAndMaker,
    /// Dealers' days and months.
    DealerDays,
    /// The same, of a month of the network every dealer's.
    Answered,
    /// Dealers, of a month of the network all.
    Concerned,
    /// The orders that are packed already.
    Orders,
    /// The complaints that are packed already.
    Complaints,
}

/// The tables that units of a check are judged by beside the network's, and which of their rows: those that
/// `evaluate::facts_of_units` reads, or whose sums it does. Certificates and employments are looked for person by person.
pub(super) fn needs(check: &str) -> &'static [Need] {
    use As::{Answered, Codes, Complaints, Concerned, DealerDays, Dealers, DealersAndMaker, Orders};
    use Which::{All, ById, DealerByDealer, OfDealerCompletions, OfDealerDays, OfDealerWork, OfVehicles};
    match check {
        spot_check::NAME => &[("inspections", DealerByDealer, "", Codes)],
        complaint::NAME => {
            &[("complaints", ById, "complaint_id", Codes), ("complaint_events", ById, "complaint_id", Codes)]
        }
        certification::NAME => &[("work_orders", OfDealerDays, "", DealerDays)],
        bay_turnover::NAME => &[("customer_base", All, "", Codes)],
        repeat_repair::NAME => &[
            ("work_orders", OfVehicles, "", Codes),
            ("support_requests", OfVehicles, "", Codes),
            ("complaints", OfVehicles, "", Codes),
        ],
        service_clock::NAME => &[
            ("work_orders", OfDealerWork, "", DealerDays),
            ("work_order_delays", ById, "work_order_id", Orders),
        ],
        satisfaction::NAME => &[("surveys", OfDealerDays, "", Answered)],
        mystery_shopper::NAME => &[("mystery_visits", DealerByDealer, "", Dealers)],
        feedback::NAME => &[
            ("feedback", ById, "feedback_id", Codes),
            ("work_orders", OfDealerCompletions, "", DealerDays),
            ("callbacks", ById, "work_order_id", Orders),
        ],
        retention::NAME | fault_hotspot::NAME => {
            &[("vehicles", All, "", Codes), ("work_orders", All, "", Codes)]
        }
        transparency::NAME => &[
            ("work_orders", OfDealerCompletions, "", DealerDays),
            ("part_prices", ById, "dealer_code", DealersAndMaker),
        ],
        // Of these, what the rules of the tenant's policies read.
        custom::NAME => &[
            ("customer_base", All, "", Codes),
            ("work_orders", OfDealerWork, "", Answered),
            ("work_order_delays", ById, "work_order_id", Orders),
            ("callbacks", ById, "work_order_id", Orders),
            ("complaints", OfDealerDays, "", Answered),
            ("complaint_events", ById, "complaint_id", Complaints),
            ("inspections", OfDealerDays, "", Answered),
            ("surveys", OfDealerDays, "", Answered),
            ("mystery_visits", DealerByDealer, "", Concerned),
            ("feedback", OfDealerDays, "", Answered),
        ],
        _ => &[],
    }
}

impl As {
    fn wanted(self, tx: &mut Tx, units: &[String], ever: &Ever) -> Result<Wanted, ControlError> {
        Ok(match self {
            Self::Codes => vehicles_or_codes(units),
            Self::Dealers => reads::dealers(units),
            Self::DealersAndMaker => {
                let mut wanted = reads::dealers(units);
                wanted.push("", "", None);
                wanted
            }
            Self::DealerDays => reads::dealer_days(units),
            Self::Answered => reads::answered(tx, units)?,
            Self::Concerned => reads::concerned(tx, units)?,
            Self::Complaints => {
                Wanted::codes(ever.texts("complaints", "complaint_id").iter().map(String::as_str))
            }
            Self::Orders => {
                Wanted::codes(ever.texts("work_orders", "work_order_id").iter().map(String::as_str))
            }
        })
    }
}

/// A unit as it is looked for: a code, or a dealer's vehicle.
fn vehicles_or_codes(units: &[String]) -> Wanted {
    let mut wanted = Wanted::default();
    for unit in units {
        let (first, vehicle) = unit.split_once('/').unwrap_or((unit, ""));
        wanted.push(first, vehicle, None);
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
        (units, reads): (&BTreeSet<String>, &Reads),
        until: Instant,
        ever: &mut Ever,
    ) -> Result<(), ControlError> {
        tx.look_at_few()?;
        let listed: Vec<String> = units.iter().cloned().collect();
        let own = check == custom::NAME;
        for (table, which, id, wanted_as) in needs(check) {
            if own && !reads.reads(table) {
                continue;
            }
            let wanted = wanted_as.wanted(tx, &listed, ever)?;
            tx.want(&wanted)?;
            self.states(tx, check, (*table, *which, *id), until, ever)?;
        }
        if check == certification::NAME || own && reads.tables.contains(&Table::Staff) {
            let dealers = if own {
                reads::concerned(tx, &listed)?
            } else {
                let dealers: BTreeSet<&str> =
                    units.iter().map(|unit| unit.split('@').next().unwrap_or(unit)).collect();
                Wanted::codes(dealers)
            };
            self.staff(tx, (check, &dealers), until, ever)?;
        }
        Ok(())
    }

    /// Whoever ever worked at these dealers, and whoever their orders name: all their employments and certificates.
    fn staff(
        &mut self,
        tx: &mut Tx,
        (check, dealers): (&str, &Wanted),
        until: Instant,
        ever: &mut Ever,
    ) -> Result<(), ControlError> {
        let mut persons: BTreeSet<String> = BTreeSet::new();
        for column in ["advisor_code", "technician_code"] {
            persons.extend(ever.texts("work_orders", column));
        }
        tx.want(dealers)?;
        let asked =
            Asked { table: "employments", columns: &["person_code"], which: Which::OfDealers, id: "", until };
        states::each(tx, asked, self.zone.name(), self.currency, |line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            persons.extend(line["person_code"].as_str().map(str::to_owned));
        })?;
        tx.want(&Wanted::codes(persons.iter().map(String::as_str)))?;
        for table in ["employments", "certificates"] {
            self.states(tx, check, (table, Which::ById, "person_code"), until, ever)?;
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
