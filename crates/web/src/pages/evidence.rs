//! `/evidence`: copies of what was handed in, by signed links; and files sent by a plain form, where no script runs.

mod copies;
mod gallery;

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, Path, Query};
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use farsight_control::ControlError;
use farsight_control::evidence::{self, Copy, Link};
use farsight_control::uploads::{self, New, UploadState};
use farsight_evidence::{EvidenceError, MediaType};
use futures_util::StreamExt as _;
use serde::Deserialize;

use crate::entered::Entered;
use crate::page::{PageError, PageResult, safe_path};
use crate::pages::uploads::{Refusal, whole, words};

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
    match copy.longest_side() {
        Some(longest) => copies::shown(&entered, opened.digest, copy, longest).await,
        None => original(&entered, &opened).await,
    }
}

/// The bytes as they were handed in, to be kept: a browser never runs them.
async fn original(entered: &Entered, opened: &evidence::Opened) -> PageResult {
    let store = &entered.app().parts.evidence;
    let content = store.get(&entered.tenant().code, &opened.digest).await.map_err(fault)?;
    let kind: MediaType = opened.media_type;
    let name = format!("{}.{}", &opened.digest.to_string()[..12], kind.extension());
    let mut answer = Body::from_stream(content.stream).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.mime()));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.bytes));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(answer)
}

pub(super) fn fault(error: EvidenceError) -> PageError {
    match error {
        EvidenceError::Missing(_) => PageError::NotFound,
        other => PageError::Fault(other.to_string()),
    }
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
    let upload = whole(entered, upload, pieces).await.map_err(|refusal| match refusal {
        Refusal::Upload(refusal) => PageError::from(ControlError::Upload(refusal)),
        Refusal::Page(error) => error,
    })?;
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
