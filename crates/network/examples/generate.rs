//! Writes a network into a folder:
//! `generate --out DIR [--dealers N] [--months M] [--seed S] [--until DATE] [--from DATE] [--to DATE] [--all] [--gzip]
//! [--orders-a-month X] [--answers SHARE]`.
//!
//! `--until` is the network's "now", the end of that local day. `--from` and `--to` choose a window of whole local days,
//! for "one more day of facts": `--from D --to D`. `--all` writes every table, not only the core. `--orders-a-month`
//! is how many orders the mean dealer has, `--answers` the share of their customers who answer a survey.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use farsight_network::{Plan, Tables, Window, write_window};
use farsight_rulebook::time::{Instant, Zone};
use jiff::civil::Date;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options: HashMap<String, String> = HashMap::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let name = word.strip_prefix("--").ok_or_else(|| format!("not an option: {word}"))?.to_owned();
        let value = match name.as_str() {
            "all" | "gzip" => String::new(),
            "out" | "dealers" | "months" | "seed" | "until" | "from" | "to" | "orders-a-month"
            | "answers" => words.next().ok_or_else(|| format!("--{name} needs a value"))?,
            _ => return Err(format!("no option --{name}").into()),
        };
        options.insert(name, value);
    }
    let option = |name: &str, default: &str| options.get(name).cloned().unwrap_or_else(|| default.to_owned());
    // A window's ends: the last second before a day, and the last of a day.
    let zone = Zone::shanghai();
    let before = |date: Date| Instant(zone.midnight(date).0 - 1_000_000);
    let end = |date: Date| Instant(zone.end_of(date).0 - 1_000_000);

    let until: Date = option("until", "2025-12-31").parse()?;
    let mut plan = Plan::new(
        option("dealers", "60").parse()?,
        option("months", "14").parse()?,
        end(until),
        option("seed", "1").parse()?,
    );
    if let Some(orders) = options.get("orders-a-month") {
        plan.scale.orders_a_month = orders.parse()?;
    }
    if let Some(share) = options.get("answers") {
        plan.scale.answers = share.parse()?;
    }
    plan.gzip = options.contains_key("gzip");
    if options.contains_key("all") {
        plan.tables = Tables::ALL;
    }
    let to = end(option("to", &until.to_string()).parse()?);
    let window = match options.get("from") {
        Some(from) => Window::between(before(from.parse()?), to),
        None => Window::up_to(to),
    };
    let folder = options.get("out").ok_or("--out DIR is needed")?;
    let summary = write_window(&plan, window, Path::new(folder))?;
    println!("first day {}, until {}", summary.first_day, summary.until);
    for (table, rows) in &summary.rows {
        println!("{:>10} {}", rows, table.name());
    }
    Ok(())
}
