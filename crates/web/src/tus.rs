//! Files sent piece by piece by the tus protocol 1.0.0 (core, creation, termination, expiration), for pages and machines.
//!
//! What is received lies in memory only up to a bound, then in the store's incoming area; how far it has come is in the
//! database, so that any replica goes on with it. A line that breaks loses nothing that arrived.

mod take;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_control::ControlError;
use farsight_control::uploads::{self, New, Upload, UploadError, UploadState};
use farsight_evidence::Limits;

use crate::page::PageError;
use crate::seat::{Failed, Seat};

pub(crate) use take::{finish_later, whole};

pub(crate) const VERSION: &str = "1.0.0";
pub(crate) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
/// What a piece comes as.
const PIECE_TYPE: &str = "application/offset+octet-stream";

/// Why a request of the protocol is not answered as it was meant.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It does not keep to the protocol.
    Protocol(StatusCode),
    /// Refused, in words for the sender.
    Upload(UploadError),
    /// Anything else that went wrong.
    Failed(Failed),
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Upload(refusal) => Self::Upload(refusal),
            other => Self::Failed(Failed::Control(other)),
        }
    }
}

impl From<Failed> for Refusal {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Control(error) => error.into(),
            broken @ Failed::Broken(_) => Self::Failed(broken),
        }
    }
}

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Upload(refusal) => ControlError::Upload(refusal).into(),
            Refusal::Failed(failed) => failed.into(),
            Refusal::Protocol(status) => {
                Self::Refused { code: "upload_protocol".to_owned(), text: status.to_string() }
            }
        }
    }
}

/// The status that the protocol has for a refusal.
pub(crate) const fn status(refusal: &UploadError) -> StatusCode {
    match refusal {
        UploadError::Unknown => StatusCode::NOT_FOUND,
        UploadError::Expired => StatusCode::GONE,
        UploadError::Offset { .. } | UploadError::Over => StatusCode::CONFLICT,
        UploadError::TooLarge { .. } | UploadError::Beyond { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        UploadError::MayNot => StatusCode::FORBIDDEN,
        UploadError::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        UploadError::Empty | UploadError::Subject(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// What can be done here, for a client that asks first.
pub(crate) fn options() -> Response {
    let most_bytes = Limits::default().film_bytes.to_string();
    let told = [
        (RESUMABLE, VERSION),
        (HeaderName::from_static("tus-version"), VERSION),
        (HeaderName::from_static("tus-extension"), "creation,termination,expiration"),
        (HeaderName::from_static("tus-max-size"), most_bytes.as_str()),
    ];
    (StatusCode::NO_CONTENT, told.map(|(name, value)| (name, value.to_owned()))).into_response()
}

/// Begins an upload for what its metadata names (`filename`, `subject`, `dealer`); `at` is the address that uploads have.
pub(crate) async fn begin(seat: &Seat, at: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
    this_version(headers)?;
    let length = number(headers, &LENGTH).ok_or(Refusal::Protocol(StatusCode::BAD_REQUEST))?;
    let metadata = headers.get(METADATA).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = |name: &str| value_of(metadata, name).unwrap_or_default();
    let (dealer, subject, file_name) = (named("dealer"), named("subject"), named("filename"));
    let app = seat.app().clone();
    let begun = seat.at_desk(move |desk| {
        let new = New { dealer: &dealer, subject: &subject, file_name: &file_name, length };
        uploads::begin(desk, &app.parts.sealer, &new)
    });
    let upload = begun.await?;
    let location = (header::LOCATION, format!("{at}/{}", upload.id));
    Ok((StatusCode::CREATED, [location], standing(&upload, seat)).into_response())
}

/// How far an upload has come, in headers.
pub(crate) async fn head(seat: &Seat, id: String) -> Result<Response, Refusal> {
    let upload = found(seat, id).await?;
    Ok(([(LENGTH, upload.length.to_string())], standing(&upload, seat)).into_response())
}

/// How an upload stands; one that was not looked at, for who took it ended before that, is looked at now.
pub(crate) async fn state(seat: &Seat, id: String) -> Result<Upload, Refusal> {
    let upload = found(seat, id).await?;
    if matches!(upload.state, UploadState::Stored { .. }) {
        finish_later(seat, &upload);
    }
    Ok(upload)
}

/// An upload; one whose bytes are all here and that was not put together, for who took it ended before that, is put together now:
/// who hears that no more bytes are wanted sends none.
async fn found(seat: &Seat, id: String) -> Result<Upload, Refusal> {
    let upload = seat.at_desk(move |desk| uploads::find(desk, &id)).await?;
    if upload.has_arrived() { take::put_together(seat, upload.id).await } else { Ok(upload) }
}

/// Takes bytes from an offset on.
pub(crate) async fn patch(
    seat: &Seat,
    id: String,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    this_version(headers)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if kind != Some(PIECE_TYPE) {
        return Err(Refusal::Protocol(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let offset = number(headers, &OFFSET).ok_or(Refusal::Protocol(StatusCode::BAD_REQUEST))?;
    // A task of its own: what has arrived is kept even when the line breaks and this answer is not wanted any more.
    let taking = tokio::spawn(take::take(seat.clone(), id, offset, body));
    let upload = taking.await.map_err(|error| Failed::Broken(error.to_string()))??;
    Ok((StatusCode::NO_CONTENT, standing(&upload, seat)).into_response())
}

/// Gives an upload up.
pub(crate) async fn give_up(seat: &Seat, id: String) -> Result<Response, Refusal> {
    let pieces = seat.at_desk(move |desk| uploads::give_up(desk, &id)).await?;
    take::drop_all(seat, &pieces).await;
    Ok((StatusCode::NO_CONTENT, [(RESUMABLE, VERSION)]).into_response())
}

/// A client of another version of the protocol is refused.
fn this_version(headers: &HeaderMap) -> Result<(), Refusal> {
    let same = headers.get(RESUMABLE).is_some_and(|version| version == VERSION);
    if same { Ok(()) } else { Err(Refusal::Protocol(StatusCode::PRECONDITION_FAILED)) }
}

/// What every refusal says of the protocol: which version is spoken here.
pub(crate) fn versions() -> [(HeaderName, &'static str); 2] {
    [(RESUMABLE, VERSION), (HeaderName::from_static("tus-version"), VERSION)]
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// A value of `Upload-Metadata`: pairs of a name and base64, apart by commas.
fn value_of(metadata: &str, name: &str) -> Option<String> {
    let pair = metadata.split(',').map(str::trim).find_map(|pair| match pair.split_once(' ') {
        Some((key, value)) if key == name => Some(value),
        _ => None,
    })?;
    String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()
}

/// How far an upload has come and until when, as the protocol has it.
fn standing(upload: &Upload, seat: &Seat) -> HeaderMap {
    let ends = seat.zone().local(upload.ends_at);
    let ends = ends.to_zoned(jiff::tz::TimeZone::UTC);
    let ends = ends.map(|ends| ends.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).unwrap_or_default();
    let told = [(RESUMABLE, VERSION.to_owned()), (OFFSET, upload.received.to_string()), (EXPIRES, ends)];
    let value = |text: String| HeaderValue::from_str(&text).ok();
    told.into_iter().filter_map(|(name, text)| Some((name, value(text)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_by_name() {
        let metadata = "filename aGFsbC5qcGc=,subject Y29tcGxhaW50OkMtMQ==, dealer RDE=,empty,bad !!";
        for (name, value) in [
            ("filename", Some("hall.jpg")),
            ("subject", Some("complaint:C-1")),
            ("dealer", Some("D1")),
            ("empty", None),
            ("bad", None),
            ("name", None),
        ] {
            assert_eq!(value_of(metadata, name).as_deref(), value, "{name}");
        }
    }
}
