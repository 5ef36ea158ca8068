//! What the inspection desk shows: the day's visits, and one visit with its pictures, what each is compared with, the
//! items and what is judged so far.

use farsight_rulebook::policy::Text;
use farsight_store::inspections::{self, Judged, Queued, Standard};
use farsight_store::pictures::{self, Picture};
use farsight_store::session::Isolation;
use farsight_store::visits::{self, Visit};
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::InspectionError;
use crate::sample::SampleError;
use crate::{ControlError, Desk, ground};

/// The day's visits that were made, those to judge first.
pub fn queue(desk: &mut Desk, day: Date) -> Result<Vec<Queued>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(inspections::queue(tx, day)?))
}

/// The days of which visits wait to be judged, the latest first.
pub fn days(desk: &mut Desk) -> Result<Vec<(Date, i64)>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(inspections::days(tx)?))
}

/// A picture and what it is compared with.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The picture.
    pub picture: Picture,
    /// What its camera should show, or showed last.
    pub standard: Option<Standard>,
}

/// An item and what is judged of it.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its code.
    pub code: String,
    /// Its name in both languages.
    pub title: Text,
    /// What is judged so far.
    pub judged: Option<Judged>,
}

/// A visit at the desk.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The visit.
    pub visit: Visit,
    /// How it stands in the queue.
    pub queued: Option<Queued>,
    /// Its pictures.
    pub pictures: Vec<Pair>,
    /// The items of the policy in force on that day, in its order.
    pub items: Vec<Item>,
    /// The next visit of the day to judge.
    pub next: Option<Shown>,
    /// Names what is judged so far: to be given back when it is confirmed.
    pub mark: String,
}

/// A visit that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The dealer.
    pub dealer: String,
    /// Its name.
    pub name: String,
    /// Its pictures, to be fetched beforehand.
    pub pictures: Vec<String>,
}

/// A visit with all that is needed to judge it.
pub fn sheet(desk: &mut Desk, day: Date, dealer: &str) -> Result<Sheet, ControlError> {
    let (scope, tenant) = (desk.scope(), desk.tenant.clone());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let visit = visits::find(tx, day, dealer)?
            .ok_or_else(|| InspectionError::NoVisit { day, dealer: dealer.to_owned() })?;
        let ground = ground::load(tx, &tenant)?;
        let version = ground.timeline.in_force(day).ok_or(SampleError::NoPolicy(day))?;
        let draft = inspections::draft(tx, day, dealer)?;
        let mut pairs = Vec::new();
        for picture in pictures::of_visit(tx, day, dealer)? {
            let standard = inspections::standard_of(tx, &picture.camera, day)?;
            pairs.push(Pair { picture, standard });
        }
        let item = |(code, title): &(String, Text)| Item {
            code: code.clone(),
            title: title.clone(),
            judged: draft.iter().find(|judged| judged.item == *code).cloned(),
        };
        let items = version.policy.spot_check.items.iter().map(item).collect();
        let queue = inspections::queue(tx, day)?;
        let mut next = next(&queue, dealer);
        if let Some(next) = &mut next {
            let pictures = pictures::of_visit(tx, day, &next.dealer)?;
            next.pictures = pictures.into_iter().map(|picture| picture.shot.sha256).collect();
        }
        let queued = queue.into_iter().find(|queued| queued.dealer == dealer);
        Ok(Sheet { visit, queued, pictures: pairs, items, next, mark: mark(&draft) })
    })
}

/// The next after this one that waits to be judged, from the top again after the last.
fn next(queue: &[Queued], dealer: &str) -> Option<Shown> {
    let here = queue.iter().position(|queued| queued.dealer == dealer).map_or(0, |at| at + 1);
    let (before, after) = queue.split_at(here);
    let next = after.iter().chain(before).find(|queued| {
        queued.dealer != dealer && queued.inspection.is_none() && !queued.decided && queued.pictures > 0
    });
    next.map(|queued| Shown {
        dealer: queued.dealer.clone(),
        name: queued.dealer_name.clone(),
        pictures: Vec::new(),
    })
}

/// Names a draft: another draft has another name.
pub(super) fn mark(draft: &[Judged]) -> String {
    let mut hasher = Sha256::new();
    for Judged { item, result, .. } in draft {
        hasher.update(format!("{item}={result}\n"));
    }
    hex::encode(&hasher.finalize()[..8])
}

/// The items of the policy in force on a day, each with its name in both languages.
pub fn items(desk: &mut Desk, day: Date) -> Result<Vec<(String, Text)>, ControlError> {
    let (scope, tenant) = (desk.scope(), desk.tenant.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let ground = ground::load(tx, &tenant)?;
        let version = ground.timeline.in_force(day);
        Ok(version.map(|version| version.policy.spot_check.items.clone()).unwrap_or_default())
    })
}
