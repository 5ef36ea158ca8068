//! Findings and receipts as lines of a pack. Who packs and who verifies make them by the same code from the same facts.

use farsight_rulebook::finding::Finding;
use farsight_rulebook::messages::{Language, MessageError, Messages, Voice};
use farsight_rulebook::policy::Seat;
use farsight_rulebook::receipt::Receipt;
use serde_json::{Value, json};

use crate::books::Judged;
use crate::judging::Judging;

/// The finding of a charge.
pub fn finding_line(judging: &Judging, finding: &Finding, judged: &Judged) -> Value {
    let currency = judging.basis().currency;
    let show = |amount| currency.show(amount).to_string();
    let charges: Vec<Value> = finding
        .charges
        .iter()
        .map(|charge| {
            json!({
                "seat": charge.seat.name(), "party_kind": charge.party_kind.name(),
                "party_code": judging.text(charge.party), "amount": show(charge.amount),
            })
        })
        .collect();
    let vacant: Vec<Value> = finding
        .vacant
        .iter()
        .map(|(seat, amount)| json!({ "seat": seat.name(), "amount": show(*amount) }))
        .collect();
    json!({
        "check": finding.check, "clause": finding.clause, "family": finding.family, "subject": finding.subject,
        "unit": finding.unit, "dealer_code": judging.text(finding.dealer), "region_code": judging.text(finding.region),
        "occurred_on": finding.occurred_on, "policy_version": finding.version, "severity": finding.severity.name(),
        "amount": show(finding.amount()), "charges": charges, "vacant": vacant,
        "as_of": judged.as_of, "known_at": judged.known_at,
        "detail": serde_json::from_str::<Value>(&finding.detail).unwrap_or(Value::Null),
    })
}

/// The receipt of a charge, as it was when it was posted, in both languages.
///
/// # Errors
/// A sentence that the message files lack.
pub fn receipt_line(
    judging: &Judging,
    messages: &Messages,
    (finding, seat): (&Finding, Seat),
    receipt: &Receipt,
    entry: i64,
) -> Result<Value, MessageError> {
    let facts: Vec<Value> = receipt
        .facts
        .iter()
        .map(|fact| json!({ "table": fact.table, "key": fact.key, "role": fact.role }))
        .collect();
    let mut words = serde_json::Map::new();
    for language in Language::ALL {
        words.insert(language.tag().to_owned(), said(judging, messages, language, finding, receipt)?);
    }
    Ok(json!({
        "entry_id": entry, "clause": finding.clause, "subject": finding.subject, "seat": seat.name(),
        "amount": judging.basis().currency.show(receipt.amount).to_string(),
        "policy_version": finding.version, "facts": facts, "words": words,
    }))
}

fn said(
    judging: &Judging,
    messages: &Messages,
    language: Language,
    finding: &Finding,
    receipt: &Receipt,
) -> Result<Value, MessageError> {
    let basis = judging.basis();
    let voice = Voice { messages, language, zone: &basis.zone, currency: basis.currency };
    let clause = |name: &str| {
        basis
            .timeline
            .version(finding.version)
            .and_then(|version| version.policy.clause(name))
            .map(|clause| &clause.title)
    };
    let title = clause(finding.clause).map(|title| match language {
        Language::Chinese => title.zh.clone(),
        Language::English => title.en.clone(),
    });
    let facts: Result<Vec<String>, _> = receipt.facts.iter().map(|fact| voice.fact(fact)).collect();
    let sums: Result<Vec<String>, _> = receipt.sentences.iter().map(|said| voice.sentence(said)).collect();
    let why = receipt.charged.iter().flat_map(|charged| &charged.why);
    let charged: Result<Vec<String>, _> = why.map(|said| voice.sentence(said)).collect();
    let otherwise = receipt.counterfactual.as_ref();
    let otherwise = otherwise.map(|it| voice.counterfactual(it, it.clause.and_then(clause))).transpose()?;
    Ok(json!({
        "clause": title, "facts": facts?, "arithmetic": sums?, "charged": charged?, "otherwise": otherwise,
    }))
}
