//! Draws redone from what is published of them, and the settlement's links of the audit chain.

use farsight_ledger::chain::{self, Said};
use farsight_rulebook::draw::{Published, Verdict};
use serde_json::Value;

use super::Verification;
use crate::books::{Audit, Link};
use crate::fault::{Fault, What};
use crate::names;

pub(super) fn verify(work: &mut Verification) {
    let mut draws = work.pack.names();
    draws.retain(|name| name.starts_with("draws/"));
    draws.sort();
    for name in draws {
        draw(work, &name);
    }
    if let Some(audit) = work.json::<Audit>(names::AUDIT) {
        audit_links(work, &audit);
    }
}

fn draw(work: &mut Verification, name: &str) {
    let Some(draw) = work.json::<Published>(name) else { return };
    let statement = &work.manifest.statement;
    let place = (names::draw(draw.date), draw.date.to_string()[..7].to_owned(), draw.tenant.clone());
    let expected = (name.to_owned(), statement.period.clone(), statement.tenant.code.clone());
    if place != expected {
        let expected = format!("a draw of {} in {}", expected.2, expected.1);
        let found = format!("one of {} on {}", draw.tenant, draw.date);
        work.fault(Fault::of(What::Draw, name, expected, found));
    }
    match draw.verify() {
        Ok(Verdict::Redone) => work.report.draws += 1,
        Ok(Verdict::KeyNotPublished) => {
            work.fault(Fault::of(What::Draw, name, "the day's key", "none, so that nothing can be redone"));
        }
        Err(why) => work.fault(Fault::of(What::Draw, name, "a draw that can be redone", why.to_string())),
    }
}

fn audit_links(work: &mut Verification, audit: &Audit) {
    for link in &audit.links {
        let Link { seq, at, actor, action, subject, detail, previous_hash, hash } = link;
        let said = Said { tenant: audit.tenant, seq: *seq, at: *at, actor, action, subject, detail };
        let computed = chain::hash(previous_hash, &said);
        if computed == *hash {
            work.report.audit_links += 1;
        } else {
            let (expected, found) = (format!("link {seq} to hash to {computed}"), hash.as_str());
            work.fault(Fault::of(What::Audit, names::AUDIT, expected, found));
        }
    }
    if work.manifest.statement.status == "locked" {
        locked(work, audit);
    }
}

/// What was locked is what is stated: the head, and the totals in the link of the locking.
fn locked(work: &mut Verification, audit: &Audit) {
    let statement = work.manifest.statement.clone();
    let lock =
        audit.links.iter().rfind(|link| link.action == "settlement.lock" && link.subject == statement.period);
    let Some(lock) = lock else {
        work.fault(Fault::of(What::Audit, names::AUDIT, "the link of the locking", "none"));
        return;
    };
    let head = statement.audit_head.unwrap_or_default();
    if lock.previous_hash != head {
        let expected = format!("the head {}, after which the month was locked", lock.previous_hash);
        work.fault(Fault::of(What::Audit, names::MANIFEST, expected, head));
    }
    let detail: Value = serde_json::from_str(&lock.detail).unwrap_or_default();
    let stated = serde_json::to_value(&statement.totals).unwrap_or_default();
    for (name, value) in stated.as_object().into_iter().flatten() {
        if detail[name] != *value {
            let (expected, found) = (format!("{name} {}, as locked", detail[name]), value.to_string());
            work.fault(Fault::of(What::Audit, names::MANIFEST, expected, found));
        }
    }
}
