//! `/policy` and `/organisation`: the rules in force as text, who leads which region, which days count.

pub(crate) mod drafts;

use farsight_control::policies::{self, Change, ClauseRead, Section};
use farsight_control::{ControlError, organisation};
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Text;
use farsight_rulebook::receipt::Value as Said;
use minijinja::context;
use minijinja::value::merge_maps;
use serde_json::{Value, json};

use crate::ask::{Ask, Format};
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::settlements::part;
use crate::table::{Cell, Column, Kind, Table};
use crate::views::{Reading, value};

/// A version of the policy: the one in force unless `?version=` names another.
pub(crate) async fn show(entered: Entered, ask: Ask) -> PageResult {
    let number = ask.read_as("version");
    let (makes, language) = (entered.role() == Role::Hq, entered.frame().reading().language);
    let read = entered.at_desk(move |desk| {
        let drafted = if makes { policies::drafts::list(desk)? } else { Vec::new() };
        let policy = policies::text(desk, number).map(Some).or_else(none_yet)?;
        let changes = policy.as_ref().map_or(&[][..], |policy| &policy.changes);
        let sentences = policies::say(desk, changes, language)?;
        Ok((policy, sentences, drafted))
    });
    let (policy, sentences, drafted) = read.await?;
    let drafted: Vec<_> = drafted.iter().map(drafts::draft_told).collect();
    let drafts = context! { makes, drafts => value(drafted) };
    let policy = match policy {
        Some(policy) => policy,
        None if number.is_some() => return Err(PageError::NotFound),
        None => {
            return entered.page("policy/policy.html", merge_maps([context! { policy => () }, drafts]));
        }
    };
    let reading = entered.frame().reading();
    let sections =
        policy.sections.iter().map(|section| told(section, &reading)).collect::<Result<Vec<_>, _>>()?;
    let versions: Vec<_> = policy
        .versions
        .iter()
        .map(|version| json!({ "version": version.version, "effective_on": version.effective_on, "in_force": version.in_force,
            "begins_in_days": version.begins_in_days, "title": word(&version.title, &reading), "here": version.version == policy.version }))
        .collect();
    let shown = context! {
        policy => value(json!({ "version": policy.version, "effective_on": policy.effective_on, "title": word(&policy.title, &reading) })),
        sections => value(sections), versions => value(versions),
        before => policy.before,
        changes => value(changes_told(&policy.changes, &sentences)),
        within_a_year => policy.published_within_a_year,
    };
    entered.page("policy/policy.html", merge_maps([shown, drafts]))
}

/// Changes as sentences, each with its part of the policy and what it means for dealers.
fn changes_told(changes: &[Change], sentences: &[String]) -> Vec<Value> {
    let told = |(change, said): (&Change, &String)| json!({ "section": change.section, "toll": change.toll, "said": said });
    changes.iter().zip(sentences).map(told).collect()
}

/// A tenant without a policy has a page that says so.
fn none_yet<T>(error: ControlError) -> Result<Option<T>, ControlError> {
    match error {
        ControlError::NotFound(_) => Ok(None),
        other => Err(other),
    }
}

fn word(text: &Text, reading: &Reading) -> String {
    match reading.language {
        Language::Chinese => text.zh.clone(),
        Language::English => text.en.clone(),
    }
}

/// A part of the policy in words: each clause's sentence has the values of the part's own parameters.
fn told(section: &Section, reading: &Reading) -> Result<Value, PageError> {
    let values: Vec<(&str, String)> = section
        .parameters
        .iter()
        .map(|parameter| (parameter.name.as_str(), plain(&parameter.value, reading)))
        .collect();
    let clauses = section
        .clauses
        .iter()
        .map(|clause| clause_told(clause, &values, reading))
        .collect::<Result<Vec<_>, _>>()?;
    let parameters: Vec<_> = section
        .parameters
        .iter()
        .map(|parameter| json!({ "name": parameter.name, "text": word(&parameter.text, reading), "value": plain(&parameter.value, reading), "published": parameter.published }))
        .collect();
    let items: Vec<_> = section
        .items
        .iter()
        .map(|(code, text)| json!({ "code": code, "text": word(text, reading) }))
        .collect();
    Ok(json!({ "check": section.check, "clauses": clauses, "parameters": parameters, "items": items }))
}

fn clause_told(
    clause: &ClauseRead,
    values: &[(&str, String)],
    reading: &Reading,
) -> Result<Value, PageError> {
    let amount = |minor: i64| reading.voice().value(&Said::Amount(Money(minor)));
    let mut charges = Vec::new();
    for charge in &clause.charges {
        charges.push(json!({ "seat": charge.seat, "amount": amount(charge.amount.abs())?, "penalty": charge.amount <= 0,
            "nothing": charge.amount == 0, "published": charge.published }));
    }
    let key = format!("policy-when.{}", clause.name);
    let when =
        if reading.messages.has(reading.language, &key) { reading.say(&key, values)? } else { String::new() };
    Ok(
        json!({ "name": clause.name, "title": word(&clause.title, reading), "severity": clause.severity, "charges": charges, "when": when }),
    )
}

/// A rule's word in the reader's language; a number as it is.
fn plain(text: &str, reading: &Reading) -> String {
    text.split(", ")
        .map(|one| reading.say(&format!("policy-value.{one}"), &[]).unwrap_or_else(|_| one.to_owned()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Regions, posts and days.
pub(crate) async fn organisation(entered: Entered, ask: Ask) -> PageResult {
    let this_year = entered.zone().date(entered.now()).year();
    let year = ask.read_as::<i16>("year").filter(|year| (2000..=2100).contains(year)).unwrap_or(this_year);
    let asked = ask.clone();
    let page = ask.format() == Format::Page;
    let (regions, (posts, total), days) = entered
        .at_desk(move |desk| {
            let posts = organisation::posts(desk, asked.get("role"), asked.get("q"), part(&asked))?;
            let days = if page { organisation::days(desk, year)? } else { Vec::new() };
            Ok((organisation::regions(desk)?, posts, days))
        })
        .await?;
    let reading = entered.frame().reading();
    let mut rows = Vec::new();
    for post in posts {
        rows.push(vec![
            Cell::text(reading.say(&format!("role.{}", post.role), &[]).unwrap_or(post.role)),
            Cell::text(post.of),
            Cell::text(post.person),
            Cell::text(post.name),
            Cell::Date(post.from),
            Cell::of(post.to, Cell::Date),
        ]);
    }
    let table = Table {
        name: "posts",
        columns: vec![
            Column::new("role", Kind::Text).labelled("policy.post").sorts(),
            Column::new("scope", Kind::Text).labelled("policy.post-of").sorts(),
            Column::new("person", Kind::Text).labelled("policy.person").sorts(),
            Column::new("name", Kind::Text).labelled("settlements.name").sorts(),
            Column::new("from", Kind::Date).labelled("policy.from").sorts(),
            Column::new("to", Kind::Date).labelled("policy.to").sorts(),
        ],
        rows,
        total,
        empty: "policy.no-posts",
    };
    table.answer(&entered, &ask, "policy/organisation.html", || {
        let days: Vec<_> = days
            .iter()
            .map(|day| json!({ "day": day.day.to_string(), "holiday": day.holiday, "own": day.own }))
            .collect();
        Ok(context! { regions => value(regions), days => value(days), year, before => year - 1, after => year + 1 })
    })
}
