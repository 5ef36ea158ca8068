//! What touches the units of a manufacturer's own rules: of each table that their figures are counted from, the dealer's
//! and the network's month of every row; of what stands for longer, every month from then to the latest run.

use farsight_rulebook::checks::custom::{NAME, Reads, Table};

use super::CHANGED;

type Touches = Vec<(&'static str, Option<String>)>;

/// The tables that rules read, with the units that a changed row touches; `None`: everything.
pub(super) fn touches(reads: &Reads, zone: &str) -> Touches {
    let mut list: Touches = vec![("dealers", None), ("dealer_regions", None), ("calendar", None)];
    if reads.posts {
        list.push(("posts", None));
    }
    let months = Months { zone };
    let own = [
        of("customer_base", "t", &["t.month::timestamp"], ""),
        months.of_orders("work_orders", "t", ""),
        months.of_orders("work_order_delays", "o", ORDER),
        months.of_orders("callbacks", "o", ORDER),
        of("complaints", "t", &[&months.local("t.received_at")], ""),
        of(
            "complaint_events",
            "c",
            &[&months.local("c.received_at")],
            "JOIN complaints c ON c.complaint_id = t.complaint_id",
        ),
        of("inspections", "t", &[&months.local("t.inspected_at")], ""),
        of("surveys", "t", &[&months.local("t.answered_at")], ""),
        of("mystery_visits", "t", &["t.visited_on::timestamp"], ""),
        of("feedback", "t", &[&months.local("t.received_at")], ""),
        months.since("bays", "t.dealer_code", "t.effective_on", ""),
        months.since("employments", "t.dealer_code", "t.\"from\"", ""),
        months.since(
            "certificates",
            "e.dealer_code",
            "t.issued_on",
            "JOIN employments e ON e.person_code = t.person_code",
        ),
    ];
    list.extend(own.into_iter().filter(|(table, _)| reads.reads(table)));
    list.push(months.rulings(reads));
    list
}

const ORDER: &str = "JOIN work_orders o ON o.work_order_id = t.work_order_id";

/// A dealer's and the network's month of each of some times of a row; of a time that is not there none.
fn units(row: &str, times: &[&str]) -> String {
    let unit = |at: &&str| {
        let month = format!("to_char({at}, 'YYYY-MM')");
        format!("coalesce({row}.dealer_code || '@' || {month} || ' ' || {month}, '')")
    };
    times.iter().map(unit).collect::<Vec<_>>().join(" || ' ' || ")
}

/// A table whose rows touch the months of some of their times.
fn of(table: &'static str, row: &str, times: &[&str], from: &str) -> (&'static str, Option<String>) {
    let units = units(row, times);
    (table, Some(format!("SELECT DISTINCT {units} AS unit FROM {table} t {from} WHERE {CHANGED}")))
}

/// Writes units as months in a zone.
struct Months<'z> {
    zone: &'z str,
}

impl Months<'_> {
    fn local(&self, at: &str) -> String {
        format!("{at} AT TIME ZONE '{}'", self.zone)
    }

    /// The months in which orders were created and completed.
    fn of_orders(&self, table: &'static str, row: &str, from: &str) -> (&'static str, Option<String>) {
        of(table, row, &self.order_times(row).each_ref().map(String::as_str), from)
    }

    fn order_times(&self, row: &str) -> [String; 2] {
        [format!("{row}.created_at"), format!("{row}.completed_at")].map(|at| self.local(&at))
    }

    /// Every month from a day to the one that ran when the rules were judged last.
    fn since(
        &self,
        table: &'static str,
        dealer: &str,
        on: &str,
        from: &str,
    ) -> (&'static str, Option<String>) {
        let judged = format!(
            "(SELECT date_trunc('month', {}) FROM marks m WHERE m.check_name = '{NAME}')",
            self.local("m.as_of")
        );
        let units = format!(
            "(SELECT coalesce(string_agg({dealer} || '@' || to_char(m, 'YYYY-MM') || ' ' || to_char(m, 'YYYY-MM'), ' '), '')
              FROM generate_series(date_trunc('month', {on}::timestamp), {judged}, interval '1 month') AS m)"
        );
        (table, Some(format!("SELECT DISTINCT {units} AS unit FROM {table} t {from} WHERE {CHANGED}")))
    }

    /// Rulings about a month, and those by which an order or complaint does not count in one.
    fn rulings(&self, reads: &Reads) -> (&'static str, Option<String>) {
        let mut cases = vec![
            "WHEN t.subject LIKE 'dealer:%@____-__' THEN substr(t.subject, 8)".to_owned(),
            "WHEN t.subject LIKE 'region:%@____-__' THEN split_part(t.subject, '@', 2)".to_owned(),
        ];
        if reads.reads("work_orders") {
            let units = units("o", &self.order_times("o").each_ref().map(String::as_str));
            cases.push(format!(
                "WHEN t.subject LIKE 'order:%' THEN coalesce((
                     SELECT string_agg(DISTINCT {units}, ' ') FROM work_orders o WHERE o.work_order_id = substr(t.subject, 7)), '')"
            ));
        }
        if reads.tables.contains(&Table::Complaints) {
            let units = units("c", &[&self.local("c.received_at")]);
            cases.push(format!(
                "WHEN t.subject LIKE 'complaint:%' THEN coalesce((
                     SELECT string_agg(DISTINCT {units}, ' ') FROM complaints c WHERE c.complaint_id = substr(t.subject, 11)), '')"
            ));
        }
        let unit = format!("CASE {} ELSE '' END", cases.join(" "));
        ("rulings", Some(format!("SELECT DISTINCT {unit} AS unit FROM rulings t WHERE {CHANGED}")))
    }
}
