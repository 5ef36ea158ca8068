//! Writes a plan into a temporary folder and reads its tables back.

use std::collections::BTreeMap;
use std::path::Path;

use farsight_network::{Plan, Table, Tables, Window, write_window};
use farsight_rulebook::time::{Instant, Zone};
use jiff::civil::DateTime;

/// A row by column.
pub(crate) type Row = BTreeMap<String, String>;

/// Columns that are a table's key (formats, section 2: the bold ones).
pub(crate) fn key_columns(table: Table) -> &'static [&'static str] {
    match table {
        Table::Regions => &["region_code"],
        Table::People => &["person_code"],
        Table::Posts => &["person_code", "role", "scope_code", "from"],
        Table::Dealers => &["dealer_code"],
        Table::DealerRegions => &["dealer_code", "from"],
        Table::Bays => &["dealer_code", "effective_on"],
        Table::CustomerBase => &["dealer_code", "month"],
        Table::Cameras => &["camera_code"],
        Table::Inspections => &["inspection_id", "item_code"],
        Table::Complaints => &["complaint_id"],
        Table::ComplaintEvents => &["complaint_id", "at", "kind"],
        Table::Employments => &["person_code", "dealer_code", "position", "from"],
        Table::Certificates => &["certificate_id"],
        Table::WorkOrders => &["work_order_id"],
        Table::WorkOrderDelays => &["work_order_id", "given_at"],
        Table::SupportRequests => &["request_id"],
        Table::Rulings => &["ruling_id"],
        Table::Surveys => &["response_id", "factor"],
        Table::MysteryVisits => &["visit_id"],
        Table::Feedback => &["feedback_id"],
        Table::Callbacks => &["work_order_id", "at"],
        Table::Vehicles => &["vin"],
        Table::PartPrices => &["part_code", "effective_on", "dealer_code"],
        Table::Exams => &["person_code", "taken_on"],
    }
}

/// The instant of a local time.
pub(crate) fn local(text: &str) -> Instant {
    Zone::shanghai().instant(text.parse::<DateTime>().unwrap()).unwrap()
}

/// A plan of all tables.
pub(crate) fn plan(dealers: u32, months: u32, until: &str) -> Plan {
    Plan { tables: Tables::ALL, ..Plan::new(dealers, months, local(until), 7) }
}

/// The tables of one writing.
pub(crate) struct Network(Vec<Vec<Row>>);

impl Network {
    pub(crate) fn of(plan: &Plan, window: Window) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let summary = write_window(plan, window, folder.path()).unwrap();
        let read = |table: &Table| {
            let rows = rows(&folder.path().join(format!("{}.csv", table.name())));
            assert_eq!(rows.len() as u64, summary.rows_of(*table), "{table:?}");
            rows
        };
        Self(Table::ALL.iter().map(read).collect())
    }

    pub(crate) fn whole(plan: &Plan) -> Self {
        Self::of(plan, Window::up_to(plan.until))
    }

    pub(crate) fn rows(&self, table: Table) -> &[Row] {
        &self.0[table as usize]
    }

    /// The rows of a table by key; two with one key are an error.
    pub(crate) fn by_key(&self, table: Table) -> BTreeMap<Vec<String>, Row> {
        let mut found = BTreeMap::new();
        for row in self.rows(table) {
            let key: Vec<String> = key_columns(table).iter().map(|c| row[*c].clone()).collect();
            assert!(found.insert(key.clone(), row.clone()).is_none(), "{table:?} {key:?} twice");
        }
        found
    }
}

fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.unwrap();
        header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(row).collect()
}
