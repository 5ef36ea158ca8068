//! Random facts of a small, crowded world, where everything meets everything: four dealers, three items, a few cars and
//! people, half a year; and a plain model of what holds after any sequence of imports.

use std::collections::BTreeMap;

use farsight_rulebook::subject::Subject;
use farsight_rulebook::tables::{self, Kind, TABLES};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::sheets::{Folder, Sheet};
use crate::tower::root;

/// A stream of chance.
pub struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A whole number in 0..count.
    pub fn below(&mut self, count: usize) -> usize {
        (self.0.next_u64() % count as u64) as usize
    }

    /// A whole number, both ends included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// Once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    fn code(&mut self, letter: &str, count: usize) -> String {
        format!("{letter}{}", self.between(1, count))
    }

    fn date(&mut self) -> String {
        let (month, day) = (self.between(1, 6), *self.pick(&[1, 1, 2, 5, 10, 15, 20, 27, 28, 28]));
        let day = if self.once_in(6) { [31, 28, 31, 30, 31, 30][month - 1] } else { day };
        format!("2025-{month:02}-{day:02}")
    }

    /// A day before, within, or (rarely) after what is judged.
    fn any_date(&mut self) -> String {
        match self.below(12) {
            0 | 1 => "2014-01-01".to_owned(),
            2 => "2024-12-20".to_owned(),
            3 => "2025-12-31".to_owned(),
            _ => self.date(),
        }
    }

    /// A moment on one of a few days that lie close together, or a year apart, so that deadlines and windows are met.
    fn instant(&mut self) -> String {
        const DAYS: [&str; 12] = [
            "2024-03-05",
            "2024-09-01",
            "2025-01-10",
            "2025-01-11",
            "2025-01-12",
            "2025-01-14",
            "2025-01-31",
            "2025-02-01",
            "2025-02-03",
            "2025-03-04",
            "2025-03-05",
            "2025-03-08",
        ];
        const TIMES: [&str; 6] =
            ["00:00:00", "09:00:00", "10:00:00", "17:00:00", "23:59:59", "23:59:59.999999"];
        let offset = *self.pick(&["+08:00", "+08:00", "+08:00", "+00:00", "Z"]);
        format!("{}T{}{offset}", self.pick(&DAYS), self.pick(&TIMES))
    }

    /// Mostly a value, else an empty cell.
    fn or_empty(&mut self, value: impl FnOnce(&mut Self) -> String) -> String {
        if self.once_in(3) { String::new() } else { value(self) }
    }

    fn flag(&mut self) -> String {
        self.pick(&["true", "false"]).to_string()
    }
}

/// A row by column.
pub type Row = BTreeMap<String, String>;

/// Tables by how often they are drawn from; those that touch the whole network seldom, lest every check look at everything.
const OFTEN: [(&str, usize); 21] = [
    ("inspections", 40),
    ("complaints", 30),
    ("complaint_events", 40),
    ("work_orders", 40),
    ("support_requests", 25),
    ("employments", 15),
    ("certificates", 15),
    ("customer_base", 12),
    ("bays", 8),
    ("posts", 8),
    ("work_order_delays", 10),
    ("surveys", 25),
    ("mystery_visits", 8),
    ("feedback", 10),
    ("callbacks", 12),
    ("vehicles", 8),
    ("part_prices", 10),
    ("exams", 2),
    ("dealer_regions", 1),
    ("dealers", 1),
    ("calendar", 1),
];

/// Tables whose every change touches the whole network.
const GENERAL: [&str; 5] = ["regions", "people", "dealers", "dealer_regions", "calendar"];

/// What everything else refers to.
pub fn masters() -> Vec<Sheet> {
    let rows = |letter: &str, count: usize, rest: &[&str]| -> Vec<Vec<String>> {
        let row = |number| {
            std::iter::once(format!("{letter}{number}")).chain(rest.iter().map(ToString::to_string)).collect()
        };
        (1..=count).map(row).collect()
    };
    let sheet = |table: &str, columns: &str, rows| Sheet {
        table: table.to_owned(),
        columns: columns.split(' ').map(str::to_owned).collect(),
        rows,
    };
    vec![
        sheet("regions", "region_code name", rows("R", 2, &["region"])),
        sheet("people", "person_code name", rows("P", 6, &["person"])),
        sheet(
            "dealers",
            "dealer_code name region_code opened_on",
            rows("D", 4, &["dealer", "R1", "2020-01-01"]),
        ),
    ]
}

/// A new row of a table, whole; its key may be known already.
fn row(table: &str, dice: &mut Dice) -> Row {
    let mut row = Row::new();
    let mut put = |column: &str, value: String| {
        row.insert(column.to_owned(), value);
    };
    match table {
        "dealers" => {
            put("dealer_code", dice.code("D", 4));
            put("name", "dealer".to_owned());
            put("region_code", dice.code("R", 2));
            put("opened_on", dice.pick(&["2020-01-01", "2020-01-01", "2025-02-01"]).to_string());
            put(
                "closed_on",
                if dice.once_in(3) {
                    dice.date().replace("2025-01", "2025-06").replace("2025-02", "2025-05")
                } else {
                    String::new()
                },
            );
        }
        "dealer_regions" => {
            put("dealer_code", dice.code("D", 4));
            put("from", dice.date());
            put("region_code", dice.code("R", 2));
        }
        "posts" => {
            let role = *dice.pick(&[
                "region-director",
                "region-deputy-director",
                "district-manager",
                "district-manager",
                "dealer-gm",
            ]);
            put("person_code", dice.code("P", 6));
            put("role", role.to_owned());
            put("scope_code", if role.starts_with("region") { dice.code("R", 2) } else { dice.code("D", 4) });
            put("from", dice.pick(&["2014-01-01", "2025-01-01", "2025-03-01"]).to_string());
            put(
                "to",
                if dice.once_in(2) {
                    dice.pick(&["2025-03-10", "2025-05-31"]).to_string()
                } else {
                    String::new()
                },
            );
        }
        "bays" => {
            put("dealer_code", dice.code("D", 4));
            put("effective_on", dice.any_date());
            put("bays", dice.pick(&["0", "4", "8", "20"]).to_string());
        }
        "calendar" => {
            put("day", dice.date());
            put("kind", dice.pick(&["holiday", "make-up"]).to_string());
        }
        "customer_base" => {
            put("dealer_code", dice.code("D", 4));
            put("month", format!("2025-{:02}", dice.between(1, 6)));
            put("base_customers", dice.pick(&["0", "1400", "1800", "3000", "3600", "4000"]).to_string());
            put("visits", dice.or_empty(|dice| dice.pick(&["0", "500", "900", "1500"]).to_string()));
        }
        "inspections" => {
            put("inspection_id", dice.code("I", 40));
            put("item_code", format!("item-{:02}", dice.between(1, 3)));
            put("dealer_code", dice.code("D", 4));
            put("inspected_at", dice.instant());
            put("result", dice.pick(&["fail", "fail", "fail", "pass", "na", "not-visible"]).to_string());
            put("kind", dice.pick(&["draw", "draw", "draw", "follow-up", ""]).to_string());
        }
        "complaints" => {
            let received = dice.instant();
            put("complaint_id", dice.code("C", 20));
            put("dealer_code", dice.code("D", 4));
            put("dispatched_at", if dice.once_in(3) { received.clone() } else { String::new() });
            put("received_at", received);
            put("severity", dice.pick(&["general", "major"]).to_string());
            put("category", dice.pick(&["attitude", "parts", "waiting", "repair-quality"]).to_string());
            put("vin", dice.or_empty(|dice| dice.code("V", 2)));
        }
        "complaint_events" => {
            put("complaint_id", dice.code("C", 20));
            put("at", dice.instant());
            put(
                "kind",
                dice.pick(&["first-reply", "handled", "submitted", "callback", "callback"]).to_string(),
            );
            put("actor_role", dice.pick(&["dealer-gm", "region-deputy-director"]).to_string());
            put("satisfied", dice.or_empty(Dice::flag));
        }
        "employments" => {
            put("person_code", dice.code("P", 6));
            put("dealer_code", dice.code("D", 2));
            put(
                "position",
                dice.pick(&["service-advisor", "service-advisor", "technician", "porter"]).to_string(),
            );
            put("from", dice.pick(&["2024-12-01", "2025-01-01", "2025-03-01"]).to_string());
            put(
                "to",
                if dice.once_in(2) {
                    dice.pick(&["2025-02-28", "2025-04-15", "2025-05-31"]).to_string()
                } else {
                    String::new()
                },
            );
            put("leave_reason", dice.pick(&["resigned", "transfer", ""]).to_string());
        }
        "certificates" => {
            put("certificate_id", dice.code("K", 12));
            put("person_code", dice.code("P", 6));
            put("kind", dice.pick(&["service-advisor", "service-advisor", "technician", "nev"]).to_string());
            put("level", dice.pick(&["", "basic", "special", "difficult"]).to_string());
            put("issued_on", dice.pick(&["2024-06-01", "2025-01-15", "2025-03-01"]).to_string());
            put(
                "expires_on",
                dice.pick(&["2025-04-01", "2025-06-10", "2025-07-20", "2026-12-31"]).to_string(),
            );
            put("revoked_on", if dice.once_in(5) { dice.date() } else { String::new() });
        }
        "work_orders" => {
            put("work_order_id", dice.code("W", 60));
            put("dealer_code", dice.code("D", 2));
            put("vin", dice.code("V", 2));
            put("fault_code", dice.pick(&["F1", "F1", "F2", ""]).to_string());
            put("created_at", dice.instant());
            put("completed_at", dice.or_empty(Dice::instant));
            put("fixed", dice.pick(&["false", "false", "true", ""]).to_string());
            put("advisor_code", dice.or_empty(|dice| dice.code("P", 6)));
            put("technician_code", dice.or_empty(|dice| dice.code("P", 6)));
            put("level", dice.pick(&["", "basic", "special", "difficult"]).to_string());
            put("nev", dice.or_empty(Dice::flag));
            put("reported_at", dice.or_empty(Dice::instant));
            put("diagnosed_at", dice.or_empty(Dice::instant));
            put("promised_at", dice.or_empty(Dice::instant));
            put("odometer_km", dice.pick(&["", "500", "1000", "1001", "9000"]).to_string());
            for column in ["confirmed_advisor", "confirmed_technician", "confirmed_inspector"] {
                put(column, dice.pick(&["true", "true", "true", "false", ""]).to_string());
            }
        }
        "support_requests" => {
            put("request_id", dice.code("S", 20));
            put("dealer_code", dice.code("D", 2));
            put("vin", dice.code("V", 2));
            put("fault_code", dice.pick(&["F1", "F1", "F2"]).to_string());
            put("requested_at", dice.instant());
        }
        _ => return service_row(table, dice),
    }
    row
}

/// A new row of a table of service and customers.
fn service_row(table: &str, dice: &mut Dice) -> Row {
    let mut row = Row::new();
    let mut put = |column: &str, value: String| {
        row.insert(column.to_owned(), value);
    };
    match table {
        "work_order_delays" => {
            put("work_order_id", dice.code("W", 60));
            put("given_at", dice.instant());
            put("reason", "parts".to_owned());
            put("promised_at", dice.instant());
        }
        "surveys" => {
            // All rows of a response say the same of dealer, employee and time.
            let number = dice.between(1, 24);
            let days =
                ["2025-01-31T23:59:59+08:00", "2025-02-01T00:00:00+08:00", "2025-03-05T10:00:00+08:00"];
            put("response_id", format!("Y{number}"));
            put("factor", dice.pick(&["response", "quality", "attitude", "amenities"]).to_string());
            put("dealer_code", format!("D{}", 1 + number % 4));
            put("employee_code", format!("P{}", 1 + number % 5));
            put("answered_at", days[number % days.len()].to_owned());
            put("score", dice.pick(&["0", "74.99", "89.99", "90", "95", "100"]).to_string());
        }
        "mystery_visits" => {
            put("visit_id", dice.code("M", 12));
            put("dealer_code", dice.code("D", 4));
            put("visited_on", dice.any_date());
            for column in ["response", "attitude", "professionalism", "transparency"] {
                put(column, dice.pick(&["0", "60", "90", "100"]).to_string());
            }
        }
        "feedback" => {
            put("feedback_id", dice.code("B", 12));
            put("dealer_code", dice.code("D", 4));
            put("channel", "phone".to_owned());
            put("kind", "praise".to_owned());
            put("received_at", dice.instant());
            put("solved_at", dice.or_empty(Dice::instant));
        }
        "callbacks" => {
            put("work_order_id", dice.code("W", 60));
            put("at", dice.instant());
            put("reached", dice.flag());
        }
        "vehicles" => {
            put("vin", dice.code("V", 3));
            put("model", dice.code("M", 2));
            put("sold_on", dice.pick(&["2024-01-05", "2024-09-01", "2025-01-10", "2025-03-01"]).to_string());
            put("dealer_code", dice.or_empty(|dice| dice.code("D", 4)));
        }
        "part_prices" => {
            put("part_code", dice.code("A", 2));
            put("effective_on", dice.any_date());
            put("dealer_code", dice.or_empty(|dice| dice.code("D", 4)));
            put("price", dice.pick(&["1", "2"]).to_string());
        }
        "exams" => {
            put("person_code", dice.code("P", 6));
            put("taken_on", dice.date());
            put("score", dice.pick(&["50", "100"]).to_string());
        }
        other => panic!("no rows of {other}"),
    }
    row
}

/// A ruling on one of these subjects, or on some other thing.
pub fn ruling(dice: &mut Dice, subjects: &[String], decided_at: &str) -> Row {
    let complaint = format!("complaint:C{}", dice.between(1, 20));
    let found =
        if subjects.is_empty() || dice.once_in(6) { complaint.clone() } else { dice.pick(subjects).clone() };
    let (kind, subject) = match dice.below(10) {
        0..=4 => ("excuse", found),
        5 => ("excuse", format!("order:W{}", dice.between(1, 60))),
        6 => ("withdraw", complaint),
        7 | 8 => ("mishandled", complaint),
        _ => ("accept", format!("dealer:D{}@2025-{:02}", dice.between(1, 4), dice.between(1, 6))),
    };
    let families = Subject::read(&subject).map_or(&[][..], |subject| subject.families());
    let family = if kind == "excuse" && !families.is_empty() && dice.once_in(2) {
        dice.pick(families).to_string()
    } else {
        String::new()
    };
    let amount = if kind == "mishandled" {
        dice.pick(&["5000", "7777.77", "20000", "20000.01"]).to_string()
    } else {
        String::new()
    };
    let ruling_id = dice.code("Q", 40);
    let cells = [
        ("ruling_id", ruling_id.as_str()),
        ("kind", kind),
        ("subject", &subject),
        ("family", &family),
        ("decided_at", decided_at),
    ];
    let cells = cells.into_iter().chain([("decided_by", "HQ"), ("amount", amount.as_str())]);
    cells.map(|(column, value)| (column.to_owned(), value.to_owned())).collect()
}

/// What holds, by table and key: the plain meaning of a sequence of imports.
#[derive(Debug, Clone, Default)]
pub struct World {
    rows: BTreeMap<(String, Vec<String>), Row>,
}

impl World {
    /// The world that the masters make.
    pub fn new() -> Self {
        let mut world = Self::default();
        world.take(&masters());
        world
    }

    fn key(table: &str, row: &Row) -> Vec<String> {
        let known = tables::table(table).expect("a table");
        let text = |name: &str, kind: Kind| {
            let text = row.get(name).cloned().unwrap_or_default();
            // Keys are compared after reading, instants as UTC.
            if kind == Kind::Instant {
                text.parse::<jiff::Timestamp>().expect("an instant").to_string()
            } else {
                text
            }
        };
        known.key().map(|(_, column)| text(column.name, column.kind)).collect()
    }

    /// Lays the rows of an import over what holds: columns that are there replace, others stay.
    pub fn take(&mut self, sheets: &[Sheet]) {
        for sheet in sheets {
            for cells in &sheet.rows {
                let row: Row = sheet.columns.iter().cloned().zip(cells.iter().cloned()).collect();
                let stored =
                    self.rows.entry((sheet.table.clone(), Self::key(&sheet.table, &row))).or_default();
                for (column, value) in row {
                    // An empty `voided` says nothing.
                    if column != "voided" || !value.is_empty() {
                        stored.insert(column, value);
                    }
                }
            }
        }
    }

    /// All that holds, one sheet a table.
    pub fn sheets(&self) -> Vec<Sheet> {
        let of = |table: &'static tables::Table| {
            let columns: Vec<String> = table.all_columns().map(|column| column.name.to_owned()).collect();
            let cells = |row: &Row| {
                columns.iter().map(|column| row.get(column).cloned().unwrap_or_default()).collect()
            };
            let rows = self
                .rows
                .iter()
                .filter(|((name, _), _)| name == table.name)
                .map(|(_, row)| cells(row))
                .collect();
            Sheet { table: table.name.to_owned(), columns, rows }
        };
        TABLES.iter().map(of).filter(|sheet| !sheet.rows.is_empty()).collect()
    }

    /// Rows for one call: new ones, late ones, corrections of some columns, voids; a sheet for each.
    pub fn draw(&self, dice: &mut Dice, most: usize) -> Vec<Sheet> {
        let tables: Vec<&str> =
            OFTEN.iter().flat_map(|(table, times)| std::iter::repeat_n(*table, *times)).collect();
        let mut sheets: Vec<Sheet> = Vec::new();
        let mut keys = Vec::new();
        for _ in 0..dice.between(1, most) {
            let table = *dice.pick(&tables);
            let row = match dice.below(10) {
                0..=2 => self.correction(dice),
                3 => self.void(dice),
                _ => Some((table.to_owned(), row(table, dice))),
            };
            let Some((table, row)) = row else { continue };
            let key = (table.clone(), Self::key(&table, &row));
            // What happened to a complaint or an order that is not known is refused: once in a while is enough.
            let refused = match table.as_str() {
                "complaint_events" => !self.knows("complaints", &row["complaint_id"]),
                "work_order_delays" | "callbacks" => !self.knows("work_orders", &row["work_order_id"]),
                _ => false,
            };
            if !keys.contains(&key) && (!refused || dice.once_in(20)) {
                keys.push(key);
                match sheets
                    .iter_mut()
                    .find(|sheet| sheet.table == table && sheet.columns.iter().eq(row.keys()))
                {
                    Some(sheet) => sheet.rows.push(row.into_values().collect()),
                    None => sheets.push(sheet_of(&table, row)),
                }
            }
        }
        sheets
    }

    fn knows(&self, table: &str, id: &str) -> bool {
        self.rows.contains_key(&(table.to_owned(), vec![id.to_owned()]))
    }

    fn known(&self, dice: &mut Dice) -> Option<(&String, &Row)> {
        let general = dice.once_in(40);
        let changing: Vec<_> =
            self.rows.iter().filter(|((table, _), _)| general == GENERAL.contains(&table.as_str())).collect();
        if changing.is_empty() {
            return None;
        }
        let ((table, _), row) = dice.pick(&changing);
        Some((table, row))
    }

    /// Some columns of a known row, as another row of its table has them.
    fn correction(&self, dice: &mut Dice) -> Option<(String, Row)> {
        let (table, known) = self.known(dice)?;
        if ["rulings", "regions", "people"].contains(&table.as_str()) {
            return None;
        }
        let other = row(table, dice);
        let keys: Vec<&str> = tables::table(table)?.key().map(|(_, column)| column.name).collect();
        let mut kept = Row::new();
        for (column, value) in other {
            if keys.contains(&column.as_str()) {
                kept.insert(column.clone(), known[&column].clone());
            } else if dice.once_in(3) {
                kept.insert(column, value);
            }
        }
        Some((table.clone(), kept))
    }

    fn void(&self, dice: &mut Dice) -> Option<(String, Row)> {
        let (table, known) = self.known(dice)?;
        let keys = tables::table(table)?.key();
        let mut kept: Row =
            keys.map(|(_, column)| (column.name.to_owned(), known[column.name].clone())).collect();
        let voided = known.get("voided").is_some_and(|voided| voided == "true");
        kept.insert(
            "voided".to_owned(),
            if voided && !dice.once_in(3) { "false" } else { "true" }.to_owned(),
        );
        Some((table.clone(), kept))
    }
}

/// One row as a sheet.
pub fn sheet_of(table: &str, row: Row) -> Sheet {
    let (columns, cells) = row.into_iter().unzip();
    Sheet { table: table.to_owned(), columns, rows: vec![cells] }
}

/// A section of a policy file, a value there, and the value put in its place.
type Change = (&'static str, &'static str, &'static str);

/// How the policy that a run is judged by differs from a shipped one: every choice it has is made in some run.
const POLICIES: [(&str, &[Change]); 3] = [
    ("changan-2014", &[]),
    ("example-2026", &[]),
    (
        "example-2026",
        &[
            ("[spot-check.follow_up_charges]", "value = false", "value = true"),
            ("[spot-check.repeat_window]", "\"next-month\"", "\"next-check\""),
            ("[spot-check.year_window]", "\"rolling\"", "\"calendar-year\""),
            ("[spot-check.manager_unit]", "\"inspection\"", "\"item\""),
            ("[complaint.days]", "\"natural\"", "\"working\""),
            // So few are enough that the small world reaches them.
            ("[service-clock.min_orders]", "value = 20", "value = 1"),
            ("[service-clock.compensation]", "penalty = \"0.00\"", "penalty = \"40.00\""),
            ("[satisfaction.min_responses]", "value = 10", "value = 1"),
            ("[satisfaction.min_regions]", "value = 3", "value = 2"),
            ("[feedback.min_orders]", "value = 20", "value = 1"),
            ("[retention.min_vehicles]", "value = 20", "value = 1"),
            ("[retention.away_days]", "value = 90", "value = 25"),
            ("[fault-hotspot.min_count]", "value = 5", "value = 1"),
            ("[fault-hotspot.chance]", "value = 1000", "value = 500000"),
        ],
    ),
];

/// A policy to judge a run by: a shipped one's name, and what to add a tenant with.
pub fn policy(number: u64, folder: &Folder) -> (&'static str, String) {
    let (name, changes) = POLICIES[number as usize % POLICIES.len()];
    if changes.is_empty() {
        return (name, name.to_owned());
    }
    let mut text = std::fs::read_to_string(root().join(format!("config/policies/{name}.toml")))
        .expect("a shipped policy");
    for (section, from, to) in changes {
        let place = text.find(section).unwrap_or_else(|| panic!("no {section}"));
        let (before, after) = text.split_at(place);
        assert!(after.contains(from), "{section} has {from}");
        text = format!("{before}{}", after.replacen(from, to, 1));
    }
    (name, folder.put("policy.toml", text.as_bytes()).display().to_string())
}
