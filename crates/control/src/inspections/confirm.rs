//! Confirming a visit's judgement: the second act, after which it is facts like any other.

use farsight_rulebook::tables;
use farsight_rulebook::tables::Cell;
use farsight_store::audit::Deed;
use farsight_store::pictures::{self, State as PictureState};
use farsight_store::session::{Isolation, Turn};
use farsight_store::visits::Visit;
use farsight_store::{Tx, audit, draws, inspections};
use jiff::civil::Date;
use serde_json::json;

use super::judge::{may_judge, refuse};
use super::{InspectionError, desk};
use crate::import::entered::{self, Entered};
use crate::sample::SampleError;
use crate::visits::{SOURCE, cells, inspection_id};
use crate::{ControlError, Desk, ground};

/// What a confirmation has led to.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// The inspection.
    pub inspection: String,
    /// New facts.
    pub facts: u64,
}

/// Confirms what is judged of a visit, if it is still what the person saw: `seen` is the sheet's mark. Refused in this
/// order: visit, role, nothing to judge, confirmed, pictures in doubt, incomplete, changed, facts.
pub fn confirm(desk: &mut Desk, day: Date, dealer: &str, seen: &str) -> Result<Confirmed, ControlError> {
    let (own, network) = (desk.scope(), desk.tenant.network());
    let by = desk.actor.clone();
    // Whether the person may is asked within what the person sees; facts are taken in for the whole network, whose
    // imports are numbered through and whose references are looked up.
    desk.session.transaction(own, Isolation::ReadCommitted, |tx| may_judge(tx, &by, day, dealer))?;
    let (tenant, now) = (desk.tenant.clone(), desk.now);
    desk.session.in_turn(network, Turn::Facts, |session| {
        session.transaction(network, Isolation::ReadCommitted, |tx| {
            draws::take_turn(tx)?;
            let visit = may_judge(tx, &by, day, dealer)?;
            refuse(tx, &visit)?;
            let ground = ground::load(tx, &tenant)?;
            let version = ground.timeline.in_force(day).ok_or(SampleError::NoPolicy(day))?;
            let items: Vec<&str> =
                version.policy.spot_check.items.iter().map(|(item, _)| item.as_str()).collect();
            let results = whole(tx, &visit, &items, seen)?;
            let confirmed = enter(tx, &visit, &results, &by, now)?;
            inspections::confirm(tx, (day, dealer), &confirmed.inspection, &by, now)?;
            let failed = results.iter().filter(|(_, result)| result == "fail").count();
            let detail = json!({ "inspection": confirmed.inspection, "failed": failed }).to_string();
            let subject = format!("visit:{dealer}@{day}");
            audit::add(
                tx,
                now,
                &Deed { actor: &by, action: "inspection.confirm", subject: &subject, detail: &detail },
            )?;
            Ok(confirmed)
        })
    })
}

/// A result for every item, as the person saw them.
fn whole(
    tx: &mut Tx,
    visit: &Visit,
    items: &[&str],
    seen: &str,
) -> Result<Vec<(String, String)>, ControlError> {
    let pictures = pictures::of_visit(tx, visit.day, &visit.dealer)?;
    let in_doubt = pictures.iter().filter(|picture| picture.state == PictureState::Candidate).count();
    if in_doubt > 0 {
        return Err(InspectionError::InDoubt(in_doubt).into());
    }
    let draft = inspections::draft(tx, visit.day, &visit.dealer)?;
    let judged = |item: &&str| draft.iter().find(|judged| judged.item == **item);
    let missing: Vec<String> =
        items.iter().filter(|item| judged(item).is_none()).map(ToString::to_string).collect();
    if !missing.is_empty() {
        return Err(InspectionError::Incomplete { missing }.into());
    }
    if desk::mark(&draft) != seen {
        return Err(InspectionError::Changed.into());
    }
    Ok(items.iter().filter_map(judged).map(|judged| (judged.item.clone(), judged.result.clone())).collect())
}

fn enter(
    tx: &mut Tx,
    visit: &Visit,
    results: &[(String, String)],
    by: &str,
    now: farsight_rulebook::time::Instant,
) -> Result<Confirmed, ControlError> {
    let inspection = inspection_id(visit);
    let refused = |why: String| InspectionError::Refused { inspection: inspection.clone(), why };
    let table = tables::table("inspections").ok_or_else(|| refused("no table inspections".to_owned()))?;
    let at = visit.concluded_at.unwrap_or(now);
    let row = |(item, result): &(String, String)| -> Vec<(&'static str, String)> {
        vec![
            ("inspection_id", inspection.clone()),
            ("item_code", item.clone()),
            ("dealer_code", visit.dealer.clone()),
            ("result", result.clone()),
            ("kind", visit.kind.name().to_owned()),
        ]
    };
    let texts: Vec<_> = results.iter().map(row).collect();
    let rows: Vec<Vec<Cell>> = texts.iter().map(|row| cells(table, row, at)).collect();
    let entered = Entered { table, source: SOURCE, by, rows: &rows };
    let merged = entered::enter(tx, &entered, now)?.map_err(refused)?;
    Ok(Confirmed { facts: merged.added, inspection })
}
