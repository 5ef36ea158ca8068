//! What the partials `evidence/_gallery.html` and `evidence/_upload.html` are given, by whichever page includes them.
//!
//! A page puts `gallery` and `upload` into its context and includes them; the links in it are the reader's own.

use farsight_control::evidence::{self, Copy, Shown};
use farsight_control::inspections::Pair;
use farsight_ledger::settlement::Role;
use minijinja::Value;
use serde::Serialize;
use serde_json::json;

use crate::entered::Entered;
use crate::page::PageError;
use crate::views::value;

/// What evidence is sent for: `upload` of `evidence/_upload.html`.
#[derive(Serialize)]
pub(crate) struct Upload<'u> {
    /// The dealer.
    pub(crate) dealer: &'u str,
    /// The subject of the rulebook.
    pub(crate) subject: &'u str,
    /// Where to go on when a plain form sent it.
    pub(crate) back: &'u str,
}

/// The reader's own link to a copy.
pub(crate) fn link(entered: &Entered, sha256: &str, copy: Copy) -> String {
    let app = entered.app();
    evidence::link(&app.parts.sealer, entered.tenant(), entered.email(), sha256, copy, entered.now())
}

/// The gallery of what was handed in for these subjects: a list of `href`, `thumb`, `original`, `name`, `by`, `at`,
/// `taken_at`, `place`, `flaws`, `like`, `like_elsewhere`.
pub(crate) async fn of_subjects(entered: &Entered, subjects: Vec<String>) -> Result<Value, PageError> {
    let shown = entered.at_desk(move |desk| {
        let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
        evidence::gallery(desk, &subjects)
    });
    let shown = shown.await?;
    Ok(value(shown.iter().map(|shown| one(entered, shown)).collect::<Vec<_>>()))
}

fn one(entered: &Entered, shown: &Shown) -> serde_json::Value {
    let handing = &shown.handing;
    let to = |copy| link(entered, &handing.sha256, copy);
    let judges = matches!(entered.role(), Role::RegionalManager | Role::Hq);
    let is_open = judges || !handing.media_type.starts_with("image/");
    let like: Vec<_> = shown
        .like
        .iter()
        .map(|seen| json!({ "how": seen.how, "by": seen.by, "at": seen.at, "subject": seen.subject }))
        .collect();
    json!({
        "href": shown.is_picture.then(|| to(Copy::Large)), "thumb": shown.is_picture.then(|| to(Copy::Thumb)),
        "original": is_open.then(|| to(Copy::Original)), "name": handing.file_name, "by": handing.by, "at": handing.at.0,
        "taken_at": handing.taken_local.map(|local| local.strftime("%Y-%m-%d %H:%M").to_string()),
        "place": handing.place.map(|(lat, lon)| format!("{lat:.5}, {lon:.5}")),
        "flaws": handing.flaws, "like": like, "like_elsewhere": shown.like_elsewhere,
    })
}

/// The pictures of a visit, each with what it is compared with.
pub(crate) fn pictures(entered: &Entered, pairs: &[Pair]) -> Value {
    let picture = |pair: &Pair| {
        let picture = &pair.picture;
        let standard = pair.standard.as_ref().map(|standard| {
            json!({
                "href": link(entered, &standard.sha256, Copy::Large), "taken_at": standard.taken_at.0,
                "chosen_by": standard.chosen_by,
            })
        });
        json!({
            "id": picture.id, "camera": picture.camera, "taken_at": picture.shot.taken_at.0, "flaws": picture.shot.flaws,
            "state": picture.state, "confirmed_by": picture.confirmed_by, "standard": standard,
            "href": link(entered, &picture.shot.sha256, Copy::Large), "thumb": link(entered, &picture.shot.sha256, Copy::Thumb),
            "width": picture.shot.width, "height": picture.shot.height,
        })
    };
    value(pairs.iter().map(picture).collect::<Vec<_>>())
}
