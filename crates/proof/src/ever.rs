//! Facts as they were ever known: each state of each row, with when it became known and when another took its place.
//!
//! A judgement is redone with the states that were known at its moment, and of those only with what its unit needs: a unit
//! judged alone gives what it gives among all.

use std::collections::{BTreeSet, HashMap};

use farsight_rulebook::calendar::{Calendar, DayKind};
use farsight_rulebook::checks::{
    certification, complaint, custom, feedback, mystery_shopper, repeat_repair, satisfaction, service_clock,
    spot_check, transparency,
};
use farsight_rulebook::facts::Facts;
use farsight_rulebook::money::Currency;
use farsight_rulebook::time::Instant;
use serde_json::{Map, Value};

use crate::rows::{self, Fields, RowFault};

/// The tables whose rows may bear on any check's judgements.
pub const NETWORK: [&str; 6] = ["dealers", "dealer_regions", "posts", "bays", "rulings", "calendar"];

/// Of every table that judgements read: the columns they read, and so those that are packed. Names, texts and addresses are
/// not among them.
pub const TABLES: [(&str, &[&str]); 21] = [
    ("dealers", &["dealer_code", "region_code", "opened_on", "closed_on"]),
    ("dealer_regions", &["dealer_code", "from", "region_code"]),
    ("posts", &["person_code", "role", "scope_code", "from", "to"]),
    ("bays", &["dealer_code", "effective_on", "bays"]),
    ("rulings", &["ruling_id", "kind", "subject", "family", "decided_at", "amount"]),
    ("calendar", &["day", "kind"]),
    ("customer_base", &["dealer_code", "month", "base_customers", "visits"]),
    ("inspections", &["inspection_id", "item_code", "dealer_code", "inspected_at", "result", "kind"]),
    (
        "complaints",
        &["complaint_id", "dealer_code", "received_at", "dispatched_at", "severity", "category", "vin"],
    ),
    ("complaint_events", &["complaint_id", "at", "kind", "actor_role", "satisfied"]),
    ("employments", &["person_code", "dealer_code", "position", "from", "to", "leave_reason"]),
    (
        "certificates",
        &["certificate_id", "person_code", "kind", "level", "issued_on", "expires_on", "revoked_on"],
    ),
    (
        "work_orders",
        &[
            "work_order_id",
            "dealer_code",
            "vin",
            "fault_code",
            "reported_at",
            "created_at",
            "diagnosed_at",
            "promised_at",
            "completed_at",
            "fixed",
            "advisor_code",
            "technician_code",
            "level",
            "nev",
            "odometer_km",
            "confirmed_advisor",
            "confirmed_technician",
            "confirmed_inspector",
        ],
    ),
    ("support_requests", &["request_id", "dealer_code", "vin", "fault_code", "requested_at"]),
    ("work_order_delays", &["work_order_id", "given_at", "promised_at"]),
    ("surveys", &["response_id", "factor", "dealer_code", "employee_code", "answered_at", "score"]),
    (
        "mystery_visits",
        &["visit_id", "dealer_code", "visited_on", "response", "attitude", "professionalism", "transparency"],
    ),
    ("feedback", &["feedback_id", "dealer_code", "received_at", "solved_at"]),
    ("callbacks", &["work_order_id", "at"]),
    ("vehicles", &["vin", "model", "sold_on", "dealer_code"]),
    ("part_prices", &["part_code", "effective_on", "dealer_code", "price"]),
];

/// By which columns states are looked up.
const LOOKED_UP: [(&str, &str); 23] = [
    ("dealers", "dealer_code"),
    ("dealer_regions", "dealer_code"),
    ("posts", "scope_code"),
    ("bays", "dealer_code"),
    ("customer_base", "dealer_code"),
    ("inspections", "dealer_code"),
    ("complaints", "complaint_id"),
    ("complaints", "dealer_code"),
    ("complaints", "vin"),
    ("complaint_events", "complaint_id"),
    ("employments", "dealer_code"),
    ("employments", "person_code"),
    ("certificates", "person_code"),
    ("work_orders", "dealer_code"),
    ("work_orders", "vin"),
    ("support_requests", "vin"),
    ("work_order_delays", "work_order_id"),
    ("surveys", "dealer_code"),
    ("mystery_visits", "dealer_code"),
    ("feedback", "feedback_id"),
    ("feedback", "dealer_code"),
    ("callbacks", "work_order_id"),
    ("part_prices", "dealer_code"),
];

/// The table of a name with the columns that are packed.
pub fn kept(table: &str) -> Option<(&'static str, &'static [&'static str])> {
    TABLES.into_iter().find(|(name, _)| *name == table)
}

/// One state of a row.
#[derive(Debug, Clone)]
struct State {
    known_from: Instant,
    known_to: Option<Instant>,
    voided: bool,
    line: Box<str>,
}

impl State {
    fn known(&self, at: Instant) -> bool {
        self.known_from <= at && self.known_to.is_none_or(|to| at < to)
    }
}

/// The states of some tables.
#[derive(Debug, Clone)]
pub struct Ever {
    currency: Currency,
    tables: HashMap<&'static str, Vec<State>>,
    found_by: HashMap<(&'static str, &'static str), HashMap<String, Vec<usize>>>,
    /// What each ruling's state is about, in their order.
    ruled_on: Vec<String>,
}

fn fields(line: &str) -> Result<Map<String, Value>, RowFault> {
    serde_json::from_str(line).map_err(|why| RowFault { column: "(line)".to_owned(), value: why.to_string() })
}

impl Ever {
    /// Nothing yet; amounts are in a currency.
    pub fn new(currency: Currency) -> Self {
        Self { currency, tables: HashMap::new(), found_by: HashMap::new(), ruled_on: Vec::new() }
    }

    /// Adds a state by its line.
    ///
    /// # Errors
    /// A line that no row of its table has.
    pub fn add(&mut self, table: &'static str, line: &str) -> Result<(), RowFault> {
        let map = fields(line)?;
        let row = Fields(&map);
        rows::put(&mut Facts::default(), table, &row, self.currency)?;
        let state = State {
            known_from: row.instant("recorded_at")?,
            known_to: row.instant_or("superseded_at")?,
            voided: row.flag_or("voided")? == Some(true),
            line: line.into(),
        };
        let states = self.tables.entry(table).or_default();
        for (_, column) in LOOKED_UP.into_iter().filter(|(of, _)| *of == table) {
            if let Some(text) = row.text_or(column)? {
                let found_by = self.found_by.entry((table, column)).or_default();
                found_by.entry(text.to_owned()).or_default().push(states.len());
            }
        }
        states.push(state);
        if table == "rulings" {
            self.ruled_on.push(row.text("subject")?.to_owned());
        }
        Ok(())
    }

    /// The texts that a column of a table has, in any state.
    pub fn texts(&self, table: &'static str, column: &str) -> BTreeSet<String> {
        let mut texts = BTreeSet::new();
        for state in self.tables.get(table).into_iter().flatten() {
            let map = fields(&state.line).unwrap_or_default();
            texts.extend(map.get(column).and_then(Value::as_str).map(str::to_owned));
        }
        texts
    }

    /// The moments, latest first, at which something became known by `until`.
    pub fn became_known(&self, until: Instant) -> Vec<Instant> {
        let moments = self.tables.values().flatten().map(|state| state.known_from);
        let moments: BTreeSet<Instant> = moments.filter(|at| *at <= until).collect();
        moments.into_iter().rev().collect()
    }

    /// Lays the tenant's own days, as they were known, over a calendar.
    ///
    /// # Errors
    /// A line that is no day.
    pub fn calendar(&self, known_at: Instant, mut calendar: Calendar) -> Result<Calendar, RowFault> {
        for state in self.tables.get("calendar").into_iter().flatten().filter(|state| state.known(known_at)) {
            let map = fields(&state.line)?;
            let row = Fields(&map);
            let day = row.date("day")?;
            match (state.voided, row.text("kind")?) {
                (true, _) => calendar.clear(day),
                (false, "holiday") => calendar.set(day, DayKind::Holiday),
                (false, _) => calendar.set(day, DayKind::MakeUp),
            }
        }
        Ok(calendar)
    }

    /// The facts by which a unit of a check was judged at a moment of knowledge; and whether they are only that unit's.
    ///
    /// # Errors
    /// A line that no row of its table has.
    pub fn facts(&self, check: &str, unit: &str, known_at: Instant) -> Result<(Facts, bool), RowFault> {
        let mut sight = Sight { ever: self, known_at, facts: Facts::default() };
        let (first, rest) = unit.split_once(['@', '/']).unwrap_or((unit, ""));
        match check {
            spot_check::NAME => sight.take("inspections", "dealer_code", first)?,
            complaint::NAME => {
                sight.take("complaints", "complaint_id", first)?;
                sight.take("complaint_events", "complaint_id", first)?;
            }
            certification::NAME => sight.take_staff(first)?,
            repeat_repair::NAME => {
                for table in ["work_orders", "support_requests", "complaints"] {
                    sight.take(table, "vin", rest)?;
                }
            }
            service_clock::NAME => sight.take_orders(first, &["work_order_delays"])?,
            feedback::NAME if rest.is_empty() => sight.take("feedback", "feedback_id", first)?,
            feedback::NAME => sight.take_orders(first, &["callbacks"])?,
            satisfaction::NAME if !rest.is_empty() => sight.take("surveys", "dealer_code", first)?,
            mystery_shopper::NAME => sight.take("mystery_visits", "dealer_code", first)?,
            transparency::NAME => {
                sight.take_orders(first, &[])?;
                for dealer in ["", first] {
                    sight.take("part_prices", "dealer_code", dealer)?;
                }
            }
            custom::NAME if !rest.is_empty() => sight.take_months(first)?,
            // A month of the network, or every dealer's customers: all that is packed.
            _ => return Ok((sight.everything()?, false)),
        }
        let by_id = check == complaint::NAME || check == feedback::NAME && rest.is_empty();
        sight.take_network(if by_id { None } else { Some(first) })?;
        Ok((sight.facts, true))
    }
}

/// The facts of a unit while they are gathered.
struct Sight<'e> {
    ever: &'e Ever,
    known_at: Instant,
    facts: Facts,
}

impl Sight<'_> {
    fn put(&mut self, table: &'static str, state: &State) -> Result<(), RowFault> {
        if state.voided || !state.known(self.known_at) {
            return Ok(());
        }
        rows::put(&mut self.facts, table, &Fields(&fields(&state.line)?), self.ever.currency)
    }

    fn take(&mut self, table: &'static str, column: &'static str, value: &str) -> Result<(), RowFault> {
        let ever = self.ever;
        let Some(states) = ever.tables.get(table) else { return Ok(()) };
        let found = ever.found_by.get(&(table, column)).and_then(|by| by.get(value));
        for place in found.into_iter().flatten() {
            self.put(table, &states[*place])?;
        }
        Ok(())
    }

    /// A dealer's orders, with what some tables say of them.
    fn take_orders(&mut self, dealer: &str, tables: &[&'static str]) -> Result<(), RowFault> {
        self.take("work_orders", "dealer_code", dealer)?;
        let orders: Vec<String> = self
            .facts
            .work_orders
            .iter()
            .map(|row| self.facts.codes.text(row.work_order).to_owned())
            .collect();
        for table in tables {
            for order in &orders {
                self.take(table, "work_order_id", order)?;
            }
        }
        Ok(())
    }

    /// All that a manufacturer's own rules may count of a dealer.
    fn take_months(&mut self, dealer: &str) -> Result<(), RowFault> {
        self.take_orders(dealer, &["work_order_delays", "callbacks"])?;
        let tables = [
            "customer_base",
            "employments",
            "inspections",
            "complaints",
            "surveys",
            "mystery_visits",
            "feedback",
        ];
        for table in tables {
            self.take(table, "dealer_code", dealer)?;
        }
        let text = |code| self.facts.codes.text(code).to_owned();
        let complaints: Vec<String> = self.facts.complaints.iter().map(|row| text(row.complaint)).collect();
        let persons: BTreeSet<String> = self.facts.employments.iter().map(|row| text(row.person)).collect();
        for complaint in &complaints {
            self.take("complaint_events", "complaint_id", complaint)?;
        }
        persons.iter().try_for_each(|person| self.take("certificates", "person_code", person))
    }

    /// Whoever ever worked at a dealer or is named on its orders, with all their employments and certificates.
    fn take_staff(&mut self, dealer: &str) -> Result<(), RowFault> {
        let mut of_dealer = Sight { ever: self.ever, known_at: self.known_at, facts: Facts::default() };
        of_dealer.take("employments", "dealer_code", dealer)?;
        self.take("work_orders", "dealer_code", dealer)?;
        let text = |facts: &Facts, code| facts.codes.text(code).to_owned();
        let employed = of_dealer.facts.employments.iter().map(|row| text(&of_dealer.facts, row.person));
        let mut persons: BTreeSet<String> = employed.collect();
        let orders = self.facts.work_orders.iter();
        let named = orders.flat_map(|row| [row.advisor, row.technician].into_iter().flatten());
        persons.extend(named.map(|person| text(&self.facts, person)));
        for person in &persons {
            self.take("employments", "person_code", person)?;
            self.take("certificates", "person_code", person)?;
        }
        Ok(())
    }

    /// The dealers concerned with their moves, bays and posts, the posts of their regions, and the rulings on what is here.
    fn take_network(&mut self, dealer: Option<&str>) -> Result<(), RowFault> {
        let mut dealers: BTreeSet<String> = dealer.map(str::to_owned).into_iter().collect();
        let complained = self.facts.complaints.iter().map(|row| self.facts.codes.text(row.dealer).to_owned());
        dealers.extend(complained);
        dealers.extend(self.facts.feedback.iter().map(|row| self.facts.codes.text(row.dealer).to_owned()));
        for dealer in &dealers {
            self.facts.codes.keep(dealer);
            self.take("dealers", "dealer_code", dealer)?;
            self.take("dealer_regions", "dealer_code", dealer)?;
            self.take("bays", "dealer_code", dealer)?;
            self.take("posts", "scope_code", dealer)?;
        }
        let text = |code| self.facts.codes.text(code).to_owned();
        let mut regions: BTreeSet<String> = self.facts.dealers.iter().map(|row| text(row.region)).collect();
        regions.extend(self.facts.moves.iter().map(|row| text(row.region)));
        for region in regions.difference(&dealers) {
            self.take("posts", "scope_code", region)?;
        }
        self.take_rulings()
    }

    /// The rulings whose subject names something that is here.
    fn take_rulings(&mut self) -> Result<(), RowFault> {
        let ever = self.ever;
        let rulings = ever.tables.get("rulings").into_iter().flatten();
        for (state, subject) in rulings.zip(&ever.ruled_on) {
            let named = |part: &str| self.facts.codes.find(part).is_some();
            if subject.split([':', '#', '/', '@']).skip(1).any(named) {
                self.put("rulings", state)?;
            }
        }
        Ok(())
    }

    fn everything(mut self) -> Result<Facts, RowFault> {
        let ever = self.ever;
        for (table, _) in TABLES {
            for state in ever.tables.get(table).into_iter().flatten() {
                self.put(table, state)?;
            }
        }
        Ok(self.facts)
    }
}
