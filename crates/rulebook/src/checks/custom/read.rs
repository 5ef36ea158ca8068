//! Reading the section `custom` of a policy file: what is not plain is refused with its line.

use super::expression::{self, Expression, Kind, Name};
use super::{FIGURES, FUNCTIONS, Measure, NAME, Of, Rule, Terms, Tier};
use crate::names;
use crate::policy::{Seat, Section, Text};

/// How many measures a file has at most.
pub const MOST_MEASURES: usize = 32;
/// How many rules a file has at most.
pub const MOST_RULES: usize = 32;
/// How many tiers a rule has at most.
pub const MOST_TIERS: usize = 12;

/// How long the name of a measure, rule or tier is at most.
const MOST_NAME: usize = 32;
/// What a tier's bound or a sample is at most.
const MOST_NUMBER: i64 = 1_000_000_000_000_000;
/// The clause of a rule that has no figure, which no tier may be called.
const NO_FIGURE: &str = "no-figure";
/// The words that CEL keeps for itself.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

impl Terms {
    /// Reads the section `custom` of a policy file.
    pub fn read(section: &mut Section) -> Self {
        let measures = section.optional_section("measures", read_measures).unwrap_or_default();
        let names: Vec<String> = measures.iter().map(|measure| measure.name.clone()).collect();
        let rules = section.section("rules", |rules| read_rules(rules, &names));
        Self { measures, rules }
    }
}

/// What a name stands for, the file's own measures by their places.
fn named(name: &str, measures: &[String]) -> Option<Name> {
    let figure = FIGURES.iter().position(|figure| figure.name == name).map(Name::Figure);
    figure.or_else(|| measures.iter().position(|own| own == name).map(Name::Measure))
}

/// Whether a name is short, lower-case, and has besides letters and digits only `joint`.
fn is_plain(name: &str, joint: u8) -> bool {
    name.len() <= MOST_NAME
        && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == joint)
}

fn must_be_few(section: &mut Section, count: usize, most: usize) {
    if count > most {
        section.contradiction("", &format!("{count} are too many: at most {most}"));
    }
}

fn read_measures(section: &mut Section) -> Vec<Measure> {
    let names = section.names_left();
    must_be_few(section, names.len(), MOST_MEASURES);
    for name in &names {
        if !is_plain(name, b'_') {
            let reason =
                format!("a measure's name has 1–{MOST_NAME} of a–z, 0–9 and '_', and begins with a letter");
            section.contradiction(name, &reason);
        } else if RESERVED.contains(&name.as_str()) {
            section.contradiction(name, "CEL keeps this word for itself: take another name");
        } else if named(name, &[]).is_some() || FUNCTIONS.iter().any(|(known, _)| known == name) {
            section.contradiction(name, "there is a figure or function of this name: take another");
        }
    }
    let measures: Vec<Measure> = names
        .iter()
        .map(|name| section.section(name, |inner| read_measure(inner, name.clone(), &names)))
        .collect();
    refuse_cycles(section, &measures);
    measures
}

fn read_measure(section: &mut Section, name: String, names: &[String]) -> Measure {
    let title = section.title();
    let unit = section.optional_section("unit", Section::title);
    let unit = unit.unwrap_or_else(|| Text { zh: String::new(), en: String::new() });
    let decimals = section.optional_whole("decimals", 0, 4).unwrap_or(0) as u8;
    let expression = read_expression(section, "expression", Kind::Number, names);
    Measure { name, title, unit, decimals, expression }
}

fn read_expression(section: &mut Section, key: &str, kind: Kind, names: &[String]) -> Expression {
    let Some(text) = section.text(key) else { return Expression::nothing() };
    let known = |name: &str| named(name, names);
    match expression::read(&text, kind, &known) {
        Ok(expression) => expression,
        Err(fault) => {
            section.contradiction(key, &format!("at character {}: {}", fault.at, fault.reason));
            Expression::nothing()
        }
    }
}

/// Refuses measures that need themselves, and tells how.
fn refuse_cycles(section: &mut Section, measures: &[Measure]) {
    let mut free = vec![false; measures.len()];
    for start in 0..measures.len() {
        let mut path = Vec::new();
        if let Some(cycle) = cycle_from(start, measures, &mut free, &mut path) {
            let names: Vec<&str> = cycle.iter().map(|place| measures[*place].name.as_str()).collect();
            let reason = format!("a measure that needs itself: {}", names.join(" → "));
            section.contradiction(&measures[cycle[0]].name, &reason);
            return;
        }
    }
}

/// The first way from a measure back to one on the way; measures that are `free` of such ways are not walked again.
fn cycle_from(
    at: usize,
    measures: &[Measure],
    free: &mut [bool],
    path: &mut Vec<usize>,
) -> Option<Vec<usize>> {
    if let Some(first) = path.iter().position(|step| *step == at) {
        return Some(path[first..].iter().copied().chain([at]).collect());
    }
    if free[at] {
        return None;
    }
    path.push(at);
    for name in &measures[at].expression.names {
        if let Name::Measure(next) = name
            && let Some(cycle) = cycle_from(*next, measures, free, path)
        {
            return Some(cycle);
        }
    }
    path.pop();
    free[at] = true;
    None
}

fn read_rules(section: &mut Section, measures: &[String]) -> Vec<Rule> {
    let names = section.names_left();
    must_be_few(section, names.len(), MOST_RULES);
    if names.is_empty() {
        section.contradiction("", "no rule: name at least one, or leave the whole part out");
    }
    for name in names.iter().filter(|name| !is_plain(name, b'-')) {
        section.contradiction(name, &plain_reason("a rule"));
    }
    names.iter().map(|name| section.section(name, |inner| read_rule(inner, name.clone(), measures))).collect()
}

fn plain_reason(of: &str) -> String {
    format!("{of}'s name has 1–{MOST_NAME} of a–z, 0–9 and '-', and begins with a letter")
}

fn read_rule(section: &mut Section, name: String, measures: &[String]) -> Rule {
    let of = match section.text("of").as_deref() {
        Some("region") => Of::Region,
        Some("dealer") | None => Of::Dealer,
        Some(_) => {
            section.contradiction("of", "must be \"dealer\" or \"region\"");
            Of::Dealer
        }
    };
    let family = kept(section, &format!("{NAME}.{name}"));
    let condition =
        section.has("condition").then(|| read_expression(section, "condition", Kind::Truth, measures));
    Rule {
        family,
        title: section.title(),
        of,
        regions: section.optional_regions("regions"),
        measure: read_name(section, "measure", measures),
        condition,
        sample: read_name(section, "sample", measures),
        min_sample: section.whole_number("min_sample", 1, MOST_NUMBER),
        tiers: section.section("tiers", |tiers| read_tiers(tiers, family, of)),
        no_figure: section.has(NO_FIGURE).then(|| {
            let clause = kept(section, &format!("{family}.{NO_FIGURE}"));
            section.clause(NO_FIGURE, clause, &[])
        }),
        name,
    }
}

fn read_name(section: &mut Section, key: &str, measures: &[String]) -> Name {
    let Some(name) = section.text(key) else { return Name::Figure(0) };
    named(&name, measures).unwrap_or_else(|| {
        let reason = format!("no figure or measure '{name}': docs/custom-rules.md lists the figures");
        section.contradiction(key, &reason);
        Name::Figure(0)
    })
}

/// The seats that a rule may charge.
const fn seats(of: Of) -> &'static [Seat] {
    match of {
        Of::Dealer => &[Seat::Dealer, Seat::DistrictManager, Seat::RegionDirector],
        Of::Region => &[Seat::RegionDirector],
    }
}

fn read_tiers(section: &mut Section, family: &'static str, of: Of) -> Vec<Tier> {
    let names = section.names_left();
    must_be_few(section, names.len(), MOST_TIERS);
    for name in names.iter().filter(|name| !is_plain(name, b'-') || *name == NO_FIGURE) {
        section.contradiction(name, &plain_reason("a tier"));
    }
    let mut tiers: Vec<Tier> =
        names.iter().map(|name| section.section(name, |inner| read_tier(inner, name, family, of))).collect();
    tiers.sort_by_key(|tier| (tier.from, tier.below.is_none(), tier.below));
    refuse_gaps(section, &tiers);
    if !tiers.iter().any(|tier| tier.clause.is_some()) {
        section.contradiction("", "no tier finds anything: give at least one its title and severity");
    }
    tiers
}

fn read_tier(section: &mut Section, name: &str, family: &'static str, of: Of) -> Tier {
    let from = section.optional_whole("from", -MOST_NUMBER, MOST_NUMBER);
    let below = section.optional_whole("below", -MOST_NUMBER, MOST_NUMBER);
    if from.zip(below).is_some_and(|(from, below)| from >= below) {
        section.contradiction("below", "nothing lies in this tier: from must be less than below");
    }
    let says = ["zh", "en", "severity", "charges"].iter().any(|key| section.has(key));
    let clause = says.then(|| {
        let clause = kept(section, &format!("{family}.{name}"));
        section.clause_here(clause, seats(of))
    });
    Tier { name: name.to_owned(), from, below, clause }
}

/// Tiers, lowest first, have to follow on one another.
fn refuse_gaps(section: &mut Section, tiers: &[Tier]) {
    for pair in tiers.windows(2) {
        let [lower, upper] = pair else { continue };
        match (lower.below, upper.from) {
            (Some(below), Some(from)) if below == from => {}
            (Some(below), Some(from)) if below < from => {
                let reason = format!(
                    "a gap between the tiers: '{}' ends below {below}, '{}' begins at {from}",
                    lower.name, upper.name
                );
                section.contradiction(&upper.name, &reason);
            }
            _ => {
                let reason = format!("the tiers overlap: '{}' and '{}'", lower.name, upper.name);
                section.contradiction(&upper.name, &reason);
            }
        }
    }
}

fn kept(section: &mut Section, name: &str) -> &'static str {
    names::keep(name).unwrap_or_else(|| {
        section.contradiction("", "too many different names since the program was started: start it anew");
        NAME
    })
}
