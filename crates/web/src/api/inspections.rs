//! `/inspections`: what was found, and the pictures it was judged by.

use farsight_control::inspections;
use farsight_control::pulls::{self, Kept, Results};
use farsight_store::inspections::Row;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::paging::{Paging, Piece};
use super::problem::Given;

const LIST: &str = "inspections";

/// An inspection.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfInspection {
    /// Its id.
    inspection: String,
}

/// An inspection with its results.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InspectionOut {
    /// Its id.
    inspection_id: String,
    /// The dealer.
    dealer_code: String,
    /// When.
    #[schema(format = DateTime)]
    inspected_at: String,
    /// `draw` or `follow-up`.
    kind: String,
    /// The results, by item.
    results: Vec<ResultOut>,
    /// Whether it was voided: it is gone, and this is what was known of it last.
    voided: bool,
}

/// What was found of an item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultOut {
    /// The item.
    item_code: String,
    /// `pass`, `fail`, `na` or `not-visible`.
    result: String,
    /// The ruling that excuses it; told of one inspection only.
    excused_by: Option<String>,
}

fn told(caller: &Caller, (id, rows): Results, voided: bool) -> Option<InspectionOut> {
    let first = rows.first()?.clone();
    let result = |row: Row| ResultOut { item_code: row.item, result: row.result, excused_by: None };
    Some(InspectionOut {
        inspection_id: id,
        dealer_code: first.dealer,
        inspected_at: caller.moment(first.at),
        kind: first.kind,
        results: rows.into_iter().map(result).collect(),
        voided,
    })
}

/// The inspections, in the order of what became known of them last.
pub(crate) async fn list(caller: Caller, paging: Paging) -> Given<Piece<InspectionOut>> {
    let wanted = paging.wanted(LIST)?;
    let pulled = caller.at_desk(move |desk| pulls::inspections(desk, &wanted)).await?;
    let items =
        pulled.items.into_iter().filter_map(|Kept { it, voided }| told(&caller, it, voided)).collect();
    Ok(Piece::of(LIST, pulls::Pulled { items, next: pulled.next, more: pulled.more }, |it| it))
}

/// An inspection with its pictures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneInspection {
    /// The inspection.
    inspection: InspectionOut,
    /// Who made its findings.
    judged_by: Option<String>,
    /// The entries on its findings.
    entries: Vec<i64>,
    /// The pictures it was judged by.
    pictures: Vec<PictureOut>,
}

/// A picture.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PictureOut {
    /// The camera.
    camera_code: String,
    /// When it was taken.
    #[schema(format = DateTime)]
    taken_at: String,
    /// The SHA-256 of its content, lower-case hex: `/evidence/{sha256}/copy` gives the picture.
    sha256: String,
    /// In pixels.
    width: i32,
    /// In pixels.
    height: i32,
    /// What it is good for: `candidate`, `fine`, `confirmed` (shows nothing) or `dismissed`.
    state: String,
    /// What is wrong with it.
    flaws: Vec<String>,
}

/// One inspection.
pub(crate) async fn one(caller: Caller, of: OfInspection) -> Given<OneInspection> {
    let it = caller.at_desk(move |desk| inspections::one(desk, &of.inspection)).await?;
    let of_items = it.items.iter().flat_map(|item| &item.entries).chain(&it.entries);
    let entries = of_items.map(|entry| entry.id).collect();
    let pictures = it.pictures.into_iter().map(|picture| PictureOut {
        camera_code: picture.camera,
        taken_at: caller.moment(picture.shot.taken_at),
        sha256: picture.shot.sha256,
        width: picture.shot.width,
        height: picture.shot.height,
        state: picture.state.name().to_owned(),
        flaws: picture.shot.flaws,
    });
    let pictures = pictures.collect();
    let results = it.items.into_iter().map(|item| ResultOut {
        item_code: item.code,
        result: item.result,
        excused_by: item.excuse.map(|excuse| excuse.ruling),
    });
    let inspection = InspectionOut {
        inspection_id: it.id,
        dealer_code: it.dealer,
        inspected_at: caller.moment(it.at),
        kind: it.kind,
        results: results.collect(),
        voided: false,
    };
    Ok(OneInspection { inspection, judged_by: it.judged_by, entries, pictures })
}
