//! `/policy/drafts/{draft}/replay`: what a draft would have charged over some months, next to what was in force.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use axum::extract::Path;
use farsight_control::policies::drafts;
use farsight_control::policies::replay::{self, Pair, Replayed, Sums};
use farsight_rulebook::period::Period;
use minijinja::context;
use minijinja::value::merge_maps;
use serde_json::{Value, json};

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::PageResult;
use crate::pages::cases;
use crate::views::value;

/// So many dealers are shown, those that it changes most for; the command writes all.
const DEALERS: usize = 50;
/// So many cliffs are shown.
const CROSSINGS: usize = 50;

/// Asks for the months, and with `?from=2025-01&to=2025-06` shows them.
pub(crate) async fn show(entered: Entered, Path(id): Path<i64>, ask: Ask) -> PageResult {
    let drafted = entered.at_desk(move |desk| drafts::one(desk, id, None)).await?;
    let months = |name| ask.wanted::<Period>(name, "no_month");
    let (from, to) = (months("from")?, months("to")?);
    let last = Period::of(entered.zone().date(entered.now())).previous();
    let first = Period::from_number(last.number() - 11).unwrap_or(last);
    let frame = context! {
        draft => value(super::drafts::draft_told(&drafted.draft)),
        from => from.unwrap_or(first).to_string(), to => to.unwrap_or(last).to_string(),
    };
    let Some(months) = from.zip(to) else { return entered.page("policy/replay.html", frame) };
    match entered.at_desk(move |desk| replay::of_draft(desk, id, months)).await {
        Ok(replayed) => entered.page("policy/replay.html", merge_maps([frame, told(&entered, &replayed)])),
        Err(error) => {
            let refused = cases::refused(&entered, error)?;
            cases::unprocessed(entered.page("policy/replay.html", merge_maps([frame, context! { refused }])))
        }
    }
}

fn told(entered: &Entered, replayed: &Replayed) -> minijinja::Value {
    let reading = entered.frame().reading();
    let title = |clause: &str| replayed.titles.get(clause).map(|title| super::word(title, &reading));
    let mut dealers = rows(&replayed.dealers);
    dealers.retain(|row| row["code"] != "" && row["difference"] != 0);
    let changed = dealers.len();
    dealers.truncate(DEALERS);
    let mut clauses = rows(&replayed.clauses);
    for row in &mut clauses {
        row["title"] = json!(row["code"].as_str().and_then(title));
    }
    let mut regions = rows(&replayed.regions);
    for row in &mut regions {
        row["title"] = json!(row["code"].as_str().and_then(|code| replayed.region_names.get(code)));
    }
    let spread = replayed.spread();
    let most = spread.iter().map(|bin| bin.dealers).max().unwrap_or(0).max(1);
    let spread: Vec<Value> = spread
        .iter()
        .map(|bin| {
            json!({ "order": order(bin.order), "from": bin.from, "to": bin.to, "dealers": bin.dealers,
                "width": bin.dealers * 100 / most })
        })
        .collect();
    let crossings: Vec<Value> = replayed
        .crossings
        .iter()
        .take(CROSSINGS)
        .map(|it| {
            json!({ "dealer": it.dealer, "party": it.party, "clause": it.clause, "title": title(it.clause), "subject": it.subject,
                "in_force": it.in_force, "replayed": it.replayed })
        })
        .collect();
    context! {
        total => value(pair("", &replayed.total)),
        clauses => value(clauses), regions => value(regions),
        dealers => value(dealers), changed, spread => value(spread), crossings => value(crossings),
    }
}

const fn order(order: Ordering) -> &'static str {
    match order {
        Ordering::Less => "worse",
        Ordering::Equal => "same",
        Ordering::Greater => "better",
    }
}

/// What differs most first.
fn rows(pairs: &BTreeMap<String, Pair>) -> Vec<Value> {
    let mut sorted: Vec<(&String, &Pair)> = pairs.iter().collect();
    sorted.sort_by_key(|(_, pair)| std::cmp::Reverse(pair.difference().size()));
    sorted.into_iter().map(|(code, of)| pair(code, of)).collect()
}

fn pair(code: &str, pair: &Pair) -> Value {
    let sums = |sums: &Sums| {
        json!({ "penalties": sums.penalties, "incentives": sums.incentives, "net": sums.net(), "charges": sums.charges,
            "ratio": sums.ratio_in_tenths().map(|tenths| format!("{}.{}", tenths / 10, tenths % 10)) })
    };
    json!({ "code": code, "in_force": sums(&pair.in_force), "replayed": sums(&pair.replayed), "difference": pair.difference(),
        "appear": pair.appear, "vanish": pair.vanish })
}
