//! `farsight policy replay`: what policy files would have charged, next to what was in force.

use std::collections::BTreeMap;
use std::process::ExitCode;

use farsight_control::policies::Source;
use farsight_control::policies::replay::{self, Crossing, Pair, Replayed, Sums};
use farsight_control::{Desk, ground};
use farsight_rulebook::money::{Currency, Money};
use serde_json::{Value, json};

use super::Installation;
use crate::arguments::ReplayArguments;
use crate::failure::Failure;
use crate::output::{self, counted, grouped};

/// So many dealers and crossings are shown; `--out` and `--json` have all.
const SHOWN: usize = 10;

pub(super) fn run(installation: &Installation, arguments: &ReplayArguments) -> Result<ExitCode, Failure> {
    let files = arguments.files.iter().map(|file| Source::named(file)).collect::<Result<Vec<_>, _>>()?;
    let mut desk = installation.desk()?;
    let known_at = arguments.knowledge.at(&desk)?;
    let replayed = replay::replay(&mut desk, &files, (arguments.from, arguments.to), known_at)?;
    let written = match &arguments.out {
        Some(path) => Some(output::to_file(path, |out| Ok(replay::write(&desk, &replayed, out)?))?),
        None => None,
    };
    let shown = Shown { currency: ground::currency(&desk.tenant)?, arguments };
    output::print(installation.global.json, &shown.json(&desk, &replayed), |_| {
        let mut texts: Vec<String> = replayed.iter().map(|one| shown.text(one)).collect();
        if let (Some(path), Some(rows)) = (&arguments.out, written) {
            texts.push(format!("{}: {}", path.display(), counted(rows, "row")));
        }
        texts.join("\n\n")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// How amounts are shown, and of which months.
struct Shown<'s> {
    currency: Currency,
    arguments: &'s ReplayArguments,
}

impl Shown<'_> {
    fn money(&self, amount: Money) -> String {
        self.currency.show(amount).to_string()
    }

    fn text(&self, one: &Replayed) -> String {
        let (from, to) = (self.arguments.from, self.arguments.to);
        let mut lines = vec![
            format!(
                "{} ({}) over {from} to {to}, as if in force from {} on; nothing is posted",
                one.policy,
                one.file,
                from.first_day()
            ),
            format!("{:<28}{:>18}{:>18}{:>18}", "", "in force", "replayed", "difference"),
        ];
        lines.extend(self.total(&one.total));
        lines.extend(self.table("clause", &one.clauses, usize::MAX));
        lines.extend(self.table("region", &one.regions, usize::MAX));
        lines.extend(self.table("dealer", &one.dealers, SHOWN));
        lines.extend(self.crossings(one));
        lines.join("\n")
    }

    fn line(&self, name: &str, [in_force, replayed, difference]: [Money; 3]) -> String {
        let [a, b, c] = [in_force, replayed, difference].map(|amount| self.money(amount));
        format!("{name:<28}{a:>18}{b:>18}{c:>18}")
    }

    fn total(&self, total: &Pair) -> Vec<String> {
        let (a, b) = (total.in_force, total.replayed);
        let of = |get: fn(&Sums) -> Money| [get(&a), get(&b), get(&b).minus(get(&a))];
        let (charges_a, charges_b) = (grouped(a.charges), grouped(b.charges));
        vec![
            self.line("penalties", of(|sums| sums.penalties)),
            self.line("incentives", of(|sums| sums.incentives)),
            self.line("net", of(Sums::net)),
            format!("{:<28}{charges_a:>18}{charges_b:>18}", "charges"),
            format!("{:<28}{:>18}{:>18}", "penalties : incentives", ratio(&a), ratio(&b)),
        ]
    }

    /// The rows that differ most first.
    fn table(&self, of: &str, map: &BTreeMap<String, Pair>, most: usize) -> Vec<String> {
        let mut rows: Vec<(&String, &Pair)> = map.iter().collect();
        rows.sort_by_key(|(_, pair)| std::cmp::Reverse(pair.difference().size()));
        let left = rows.len().saturating_sub(most);
        let line = |(code, pair): (&String, &Pair)| {
            let name = if code.is_empty() { format!("{of} (none)") } else { format!("{of} {code}") };
            self.line(&name, [pair.in_force.net(), pair.replayed.net(), pair.difference()])
        };
        let mut lines: Vec<String> = rows.into_iter().take(most).map(line).collect();
        if left > 0 {
            lines.push(format!("… and {}: see --out or --json", counted(left as u64, of)));
        }
        lines
    }

    fn crossings(&self, one: &Replayed) -> Vec<String> {
        let mut lines = vec![format!(
            "{} appear and {} vanish; the largest:",
            counted(one.total.appear, "charge"),
            grouped(one.total.vanish)
        )];
        let amount =
            |amount: Option<Money>| amount.map_or_else(|| "-".to_owned(), |amount| self.money(amount));
        lines.extend(one.crossings.iter().take(SHOWN).map(|it| {
            let (before, after) = (amount(it.in_force), amount(it.replayed));
            format!("  {} {} {}: {before} → {after}", it.party, it.clause, it.subject)
        }));
        lines
    }

    fn json(&self, desk: &Desk, replayed: &[Replayed]) -> Value {
        let pairs = |map: &BTreeMap<String, Pair>| -> Vec<Value> {
            map.iter()
                .map(|(code, pair)| {
                    let mut told = self.pair(pair);
                    told["code"] = json!(code);
                    told
                })
                .collect()
        };
        let files: Vec<Value> = replayed
            .iter()
            .map(|one| {
                json!({ "policy": one.policy, "file": one.file, "total": self.pair(&one.total), "clauses": pairs(&one.clauses),
                    "regions": pairs(&one.regions), "dealers": pairs(&one.dealers),
                    "crossings": one.crossings.iter().map(|it| self.crossing(it)).collect::<Vec<_>>() })
            })
            .collect();
        json!({ "from": self.arguments.from, "to": self.arguments.to, "currency": desk.tenant.currency, "replayed": files })
    }

    fn pair(&self, pair: &Pair) -> Value {
        let sums = |sums: &Sums| {
            json!({ "penalties": self.money(sums.penalties), "incentives": self.money(sums.incentives),
                "net": self.money(sums.net()), "charges": sums.charges })
        };
        json!({ "in_force": sums(&pair.in_force), "replayed": sums(&pair.replayed), "difference": self.money(pair.difference()),
            "appear": pair.appear, "vanish": pair.vanish })
    }

    fn crossing(&self, it: &Crossing) -> Value {
        let amount = |amount: Option<Money>| amount.map(|amount| self.money(amount));
        json!({ "dealer": it.dealer, "party": it.party, "clause": it.clause, "subject": it.subject,
            "in_force": amount(it.in_force), "replayed": amount(it.replayed) })
    }
}

/// Penalties for each one of incentives, to a tenth.
fn ratio(sums: &Sums) -> String {
    sums.ratio_in_tenths()
        .map_or_else(|| "no incentives".to_owned(), |tenths| format!("{}.{} : 1", tenths / 10, tenths % 10))
}
