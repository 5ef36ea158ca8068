//! `/evidence`: copies of what was handed in, by signed links; and files sent by a plain form, where no script runs.

mod gallery;

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, Path, Query};
use farsight_control::evidence::{self, Copy, Link};
use farsight_control::uploads::{self, New, UploadState};
use farsight_evidence::EvidenceError;
use futures_util::StreamExt as _;
use serde::Deserialize;

use crate::copies;
use crate::entered::Entered;
use crate::page::{PageError, PageResult, safe_path};
use crate::pages::uploads::words;
use crate::tus::whole;

pub(crate) use gallery::{Upload, link, of_subjects, pictures};

/// What a link says.
#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(rename = "as", default)]
    copy: String,
    #[serde(default)]
    until: i64,
    #[serde(default)]
    tag: String,
}

/// Shows a copy, for who has a link of their own.
pub(crate) async fn show(
    entered: Entered,
    Path(sha256): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let copy = Copy::named(&asked.copy).ok_or(PageError::NotFound)?;
    let app = entered.app().clone();
    let opened = entered.at_desk(move |desk| {
        let link = Link { sha256: &sha256, copy, until: asked.until, tag: &asked.tag };
        evidence::open(desk, &app.parts.sealer, &link)
    });
    let opened = opened.await?;
    Ok(copies::answer(entered.seat(), &opened, copy).await?)
}

/// Takes files that a plain form brings: `dealer`, `subject`, `back`, then any number of `file`s. A file is spooled as
/// piece of the store, never held as a whole.
pub(crate) async fn send(entered: Entered, mut form: Multipart) -> PageResult {
    let (mut dealer, mut subject, mut back) = (String::new(), String::new(), "/".to_owned());
    let mut sent = 0;
    while let Some(field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("dealer") => dealer = field.text().await.map_err(broken)?,
            Some("subject") => subject = field.text().await.map_err(broken)?,
            Some("back") => back = field.text().await.map_err(broken)?,
            Some("file") if field.file_name().is_some_and(|name| !name.is_empty()) => {
                take(&entered, &dealer, &subject, field).await?;
                sent += 1;
            }
            _ => {}
        }
    }
    if sent == 0 {
        return Err(refused(&entered, "upload_empty", "no file was chosen"));
    }
    Ok(entered.onward(safe_path(&back), "evidence-sent"))
}

async fn take(entered: &Entered, dealer: &str, subject: &str, field: Field<'_>) -> Result<(), PageError> {
    let (app, dealer, subject) = (entered.app().clone(), dealer.to_owned(), subject.to_owned());
    let file_name = field.file_name().unwrap_or_default().to_owned();
    let begun = entered.at_desk(move |desk| {
        // A form does not say how large its files are; what may not be so large is found as it passes.
        let new = New { dealer: &dealer, subject: &subject, file_name: &file_name, length: 1 };
        uploads::begin(desk, &app.parts.sealer, &new)
    });
    let upload = begun.await?;
    let pieces = field.map(|piece| piece.map_err(|error| EvidenceError::Source(error.to_string())));
    // The stream borrows from the request, and is read here to its end.
    let upload = whole(entered.seat(), upload, pieces).await?;
    match upload.state {
        UploadState::Refused { code, why } => Err(refused(entered, &code, &why)),
        _ => Ok(()),
    }
}

fn refused(entered: &Entered, code: &str, why: &str) -> PageError {
    PageError::Refused { code: code.to_owned(), text: words(entered, code, why) }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn broken(error: MultipartError) -> PageError {
    PageError::Refused { code: "upload_broken".to_owned(), text: error.body_text() }
}
