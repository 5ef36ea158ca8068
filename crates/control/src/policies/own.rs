//! A manufacturer's own measures and rules as people read and compare them: what the file says of each, but its clauses.

use farsight_rulebook::policy::Text;

use super::text::{Parameter, plain, words};

/// What is a number or rule, in the order in which it is read; titles, and what a clause says of itself, are said elsewhere.
const SAID: [&str; 10] = [
    "of",
    "regions",
    "measure",
    "condition",
    "sample",
    "min_sample",
    "expression",
    "decimals",
    "from",
    "below",
];

/// Each measure, each rule, and each of its tiers, under the name that the file has for it.
pub(super) fn parameters(table: &toml::Table) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for (name, measure) in tables(table.get("measures")) {
        parameters.push(parameter(format!("measures.{name}"), words(measure), measure));
    }
    for (name, rule) in tables(table.get("rules")) {
        let title = words(rule);
        parameters.push(parameter(format!("rules.{name}"), title.clone(), rule));
        for (tier, of) in tables(rule.get("tiers")) {
            let own = words(of);
            let named = |rule: &str, own: &str, joint: &str| {
                format!("{rule}{joint}{}", if own.is_empty() { tier.as_str() } else { own })
            };
            let text = Text { zh: named(&title.zh, &own.zh, "："), en: named(&title.en, &own.en, ": ") };
            parameters.push(parameter(format!("rules.{name}.tiers.{tier}"), text, of));
        }
    }
    parameters
}

fn tables(of: Option<&toml::Value>) -> impl Iterator<Item = (&String, &toml::Value)> {
    of.and_then(toml::Value::as_table).into_iter().flatten()
}

fn parameter(name: String, text: Text, of: &toml::Value) -> Parameter {
    let said = SAID.iter().filter_map(|key| Some(format!("{key} {}", plain(of.get(key)?))));
    let value = said.collect::<Vec<_>>().join(", ");
    Parameter { name, text, value, published: false }
}
