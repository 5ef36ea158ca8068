//! Inspections as they are looked up: the list, and one with its items, pictures, charges and excuses.

use farsight_rulebook::policy::Text;
use farsight_rulebook::time::Instant;
use farsight_store::inspections::{self, Entry, Excuse, Filter, Listed, Order, Page};
use farsight_store::pictures::{self, Picture};
use farsight_store::session::Isolation;

use super::InspectionError;
use crate::{ControlError, Desk, ground};

/// The wanted page of the inspections that the person sees, and how many there are in all.
pub fn list(
    desk: &mut Desk,
    filter: &Filter,
    order: Order,
    page: Page,
) -> Result<(Vec<Listed>, i64), ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| Ok(inspections::list(tx, filter, order, page)?))
}

/// An item of an inspection.
#[derive(Debug, Clone)]
pub struct ItemResult {
    /// Its code.
    pub code: String,
    /// Its name in both languages, where the policy in force that day has the item.
    pub title: Option<Text>,
    /// The result, as the fact has it.
    pub result: String,
    /// The entries on its failure, in the order of posting.
    pub entries: Vec<Entry>,
    /// What excuses it.
    pub excuse: Option<Excuse>,
}

/// An inspection.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Its id.
    pub id: String,
    /// The dealer.
    pub dealer: String,
    /// When.
    pub at: Instant,
    /// `draw` or `follow-up`.
    pub kind: String,
    /// Who made its findings.
    pub judged_by: Option<String>,
    /// Its items.
    pub items: Vec<ItemResult>,
    /// Entries on the inspection as a whole.
    pub entries: Vec<Entry>,
    /// The pictures it was judged by; none of an inspection that came in by an import.
    pub pictures: Vec<Picture>,
}

/// An inspection of a dealer whom the person sees.
pub fn one(desk: &mut Desk, id: &str) -> Result<Inspection, ControlError> {
    let (scope, tenant) = (desk.scope(), desk.tenant.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let rows = inspections::rows(tx, id)?;
        let first = rows.first().cloned().ok_or_else(|| InspectionError::NoInspection(id.to_owned()))?;
        let ground = ground::load(tx, &tenant)?;
        let version = ground.timeline.in_force(ground.zone.date(first.at));
        let whole = format!("inspection:{id}");
        let of = |item: &str| format!("{whole}#{item}");
        let subjects: Vec<String> = rows.iter().map(|row| of(&row.item)).chain([whole.clone()]).collect();
        let entries = inspections::entries(tx, &subjects)?;
        let excuses = inspections::excuses(tx, &subjects)?;
        let about =
            |subject: &str| entries.iter().filter(|entry| entry.subject == subject).cloned().collect();
        let title = |code: &str| {
            let items = version.map(|version| &version.policy.spot_check.items);
            items
                .and_then(|items| items.iter().find(|(item, _)| item == code))
                .map(|(_, title)| title.clone())
        };
        let items = rows.iter().map(|row| ItemResult {
            code: row.item.clone(),
            title: title(&row.item),
            result: row.result.clone(),
            entries: about(&of(&row.item)),
            excuse: excuses.iter().find(|excuse| excuse.subject == of(&row.item)).cloned(),
        });
        let pictures = match inspections::visit_of(tx, id)? {
            Some((day, dealer)) => pictures::of_visit(tx, day, &dealer)?,
            None => Vec::new(),
        };
        Ok(Inspection {
            id: id.to_owned(),
            items: items.collect(),
            entries: about(&whole),
            judged_by: inspections::judged_by(tx, id)?,
            pictures,
            dealer: first.dealer,
            at: first.at,
            kind: first.kind,
        })
    })
}
