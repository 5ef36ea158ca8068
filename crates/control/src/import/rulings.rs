//! What a ruling must satisfy beyond its row: a known form of subject, a known family, an amount within the limits
//! in force on the day it was decided (rulebook 3.6, 4.2).

use farsight_rulebook::case::Ground;
use farsight_rulebook::facts::RulingKind;
use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::subject::{Subject, is_family};
use farsight_rulebook::time::Instant;
use farsight_store::Tx;
use farsight_store::facts::take_in::{self, Fault, TakenRuling};

use crate::ControlError;

/// The faults of the rulings that a merge has just added or corrected.
pub(super) fn faults(
    tx: &mut Tx,
    ground: &Ground,
    currency: Currency,
    first_import: i64,
) -> Result<Vec<Fault>, ControlError> {
    let rulings = take_in::rulings_taken(tx, first_import)?;
    Ok(rulings.iter().filter_map(|ruling| fault(ruling, ground, currency)).collect())
}

fn fault(ruling: &TakenRuling, ground: &Ground, currency: Currency) -> Option<Fault> {
    let at = |column: &str, value: &str, code, reason: String| {
        let (column, value) = (column.to_owned(), value.to_owned());
        Some(Fault { file: ruling.file, line: ruling.line, column, value, code, reason, other: None })
    };
    let Some(subject) = Subject::read(&ruling.subject) else {
        let reason = "no form of subject is like this: write it as the finding has it, like complaint:C-1 or inspection:I-1#item-01";
        return at("subject", &ruling.subject, "unknown_subject", reason.to_owned());
    };
    let kind = RulingKind::named(&ruling.kind)?;
    let fits = match kind {
        RulingKind::Excuse => true,
        RulingKind::Withdraw | RulingKind::Mishandled => matches!(subject, Subject::Complaint { .. }),
        RulingKind::Accept => matches!(subject, Subject::DealerMonth { .. }),
    };
    if !fits {
        let form = if kind == RulingKind::Accept { "dealer:CODE@MONTH" } else { "complaint:ID" };
        return at(
            "subject",
            &ruling.subject,
            "wrong_subject",
            format!("a ruling '{}' is on a subject like {form}", ruling.kind),
        );
    }
    // A family that no finding of such a subject has is taken: it excuses nothing, as if the finding were not there.
    if let Some(family) = ruling.family.as_deref().filter(|family| !is_family(family)) {
        return at(
            "family",
            family,
            "unknown_family",
            "no clause family has this name: leave it empty to excuse all".to_owned(),
        );
    }
    if kind == RulingKind::Mishandled {
        return amount_fault(ruling, ground, currency, &at);
    }
    None
}

fn amount_fault(
    ruling: &TakenRuling,
    ground: &Ground,
    currency: Currency,
    at: &dyn Fn(&str, &str, &'static str, String) -> Option<Fault>,
) -> Option<Fault> {
    let Some(amount) = ruling.amount.map(Money) else {
        return at("amount", "", "needed", "a mishandled complaint needs an amount".to_owned());
    };
    let decided_on = ground.zone.date(Instant(ruling.decided_at));
    let version = ground.timeline.in_force(decided_on)?;
    let terms = &version.policy.complaint;
    let (least, most) = (terms.mishandled_least.money, terms.mishandled_most.money);
    if (least..=most).contains(&amount) {
        return None;
    }
    let limits = format!(
        "outside the limits in force on {decided_on}: {} to {}",
        currency.show(least),
        currency.show(most)
    );
    at("amount", &currency.show(amount).to_string(), "amount_out_of_range", limits)
}
