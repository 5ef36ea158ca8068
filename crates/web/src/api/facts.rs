//! `/facts/{table}`: facts in. A request is read through the reader of files and staged as files are; small ones that
//! arrive together share a transaction, large ones are put down on disk first, so that a slow line holds nobody up.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farsight_control::import::{Answered, Batch, Key, Report};
use farsight_exchange::{Format, JSON_MAX_BYTES, Source};
use farsight_rulebook::tables::{self, Table};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::{IntoParams, ToSchema};

use super::admit::KEY;
use super::caller::Caller;
use super::operation::Named;
use super::problem::{Fault, Given, Problem};

/// A request of so many bytes is held in memory and taken in together with others.
const SMALL_BYTES: usize = 64 << 10;
/// The most bytes of a request, as they are sent.
const MOST_BYTES: u64 = 2 << 30;
/// Whoever sends nothing for so long has gone.
const SILENCE: Duration = Duration::from_secs(30);
/// A key has at most so many characters.
const KEY_CHARS: usize = 255;

/// A fact table.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfTable {
    /// Its name.
    table: String,
}

/// What became of the facts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Taken {
    /// The number of the import.
    import: i64,
    /// The table.
    table: String,
    /// Good rows.
    rows: u64,
    /// New facts.
    new: u64,
    /// Facts with other content than before.
    corrected: u64,
    /// Rows that say what is known already.
    unchanged: u64,
    /// Bad rows, which were left out.
    refused: u64,
    /// What is wrong with those, the first of many.
    errors: Vec<Fault>,
    /// How much is wrong.
    error_count: u64,
}

/// Takes facts in.
pub(crate) async fn send(caller: Caller, named: Named<OfTable>, request: Request) -> Given<Response> {
    let table = tables::table(&named.0.table).ok_or_else(Problem::not_found)?;
    let (parts, body) = request.into_parts();
    let told = Told::read(&parts.headers)?;
    if told.length.is_some_and(|length| length > told.most()) {
        return Err(too_large(told.most()));
    }
    let mut hasher = told.hasher(table);
    let received = receive(&caller, body, told.most(), &mut hasher).await?;
    let key = told.key.clone().map(|key| Key { key, request: hasher.finalize().into() });
    let gather = Arc::clone(&caller.app().gather);
    let answered = match received {
        Received::Held(bytes) => {
            let source = Source::held(bytes, table, told.format).called("api");
            gather.submit(&caller, table, Batch { source, lenient: told.lenient, key }).await?
        }
        Received::Put(put) => {
            let source = Source::at(put.file.path().to_owned(), put.bytes, table, told.format).called("api");
            let batch = Batch { source, lenient: told.lenient, key };
            let mut answers = gather.store(&caller, vec![batch], put).await?;
            answers.pop().ok_or_else(|| Problem::fault("a batch without an answer"))?
        }
    };
    answer(table, answered)
}

/// How facts are sent.
struct Told {
    format: Format,
    lenient: bool,
    key: Option<String>,
    length: Option<u64>,
}

impl Told {
    fn read(headers: &HeaderMap) -> Given<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = text("content-type").split(';').next().unwrap_or_default().trim().to_lowercase();
        let unsupported = |what| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", what);
        let format = match kind.as_str() {
            "application/json" => Format::Json,
            "application/x-ndjson" | "application/jsonl" => Format::Ndjson,
            "text/csv" => Format::Csv,
            _ => {
                return Err(unsupported(
                    "facts are application/json, application/x-ndjson or text/csv: say which as Content-Type",
                ));
            }
        };
        if !matches!(text("content-encoding").trim(), "" | "identity" | "gzip") {
            return Err(unsupported("facts come as they are or gzip'd: no other Content-Encoding is taken"));
        }
        let prefer = text("prefer").to_lowercase().replace(' ', "");
        let lenient = prefer.split([',', ';']).any(|wish| wish == "handling=lenient");
        let length = text("content-length").parse().ok();
        Ok(Self { format, lenient, key: key(headers)?, length })
    }

    fn most(&self) -> u64 {
        if self.format == Format::Json { JSON_MAX_BYTES as u64 } else { MOST_BYTES }
    }

    /// What makes a request the same: where it goes, how it is to be taken, and all it says.
    fn hasher(&self, table: &Table) -> Sha256 {
        let mut hasher = Sha256::new();
        hasher.update(format!("{} {:?} {}\n", table.name, self.format, self.lenient));
        hasher
    }
}

fn key(headers: &HeaderMap) -> Given<Option<String>> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    let key = value.to_str().ok().map(str::trim).filter(|key| {
        (1..=KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let bad = || Problem::refused("bad_key", "an Idempotency-Key is 1 to 255 visible ASCII characters");
    key.map(|key| Some(key.to_owned())).ok_or_else(bad)
}

/// The body of a request.
enum Received {
    Held(Arc<[u8]>),
    Put(Put),
}

/// A body on disk: it goes with its place among the large ones.
struct Put {
    file: NamedTempFile,
    bytes: u64,
    _place: OwnedSemaphorePermit,
}

fn too_large(most: u64) -> Problem {
    let detail = format!(
        "more than {} MiB: send it in parts, and large ones as application/x-ndjson or text/csv, gzip'd if you like",
        most >> 20
    );
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

async fn receive(caller: &Caller, body: Body, most: u64, hasher: &mut Sha256) -> Given<Received> {
    let mut stream = body.into_data_stream();
    let mut held = Vec::new();
    while let Some(bytes) = next(&mut stream).await? {
        hasher.update(&bytes);
        held.extend_from_slice(&bytes);
        if held.len() as u64 > most {
            return Err(too_large(most));
        }
        if held.len() > SMALL_BYTES {
            return put_down(caller, held, stream, most, hasher).await;
        }
    }
    Ok(Received::Held(held.into()))
}

/// The next bytes; none at the end.
async fn next(stream: &mut BodyDataStream) -> Given<Option<bytes::Bytes>> {
    match tokio::time::timeout(SILENCE, stream.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
        Ok(Some(Err(_))) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "cut_off",
            "the request ends in the middle: send it again",
        )),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "nothing came for 30 s: send it again, in smaller parts",
        )),
    }
}

/// What is too large to hold goes to disk as it comes, on a thread that may block.
async fn put_down(
    caller: &Caller,
    held: Vec<u8>,
    mut stream: BodyDataStream,
    most: u64,
    hasher: &mut Sha256,
) -> Given<Received> {
    let place = caller.app().gather.large(caller.tenant().id)?;
    let mut length = held.len() as u64;
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<bytes::Bytes>(16);
    let writing = tokio::task::spawn_blocking(move || -> std::io::Result<NamedTempFile> {
        let mut file = NamedTempFile::new()?;
        file.write_all(&held)?;
        while let Some(bytes) = receiver.blocking_recv() {
            file.write_all(&bytes)?;
        }
        file.flush()?;
        Ok(file)
    });
    while let Some(bytes) = next(&mut stream).await? {
        hasher.update(&bytes);
        length += bytes.len() as u64;
        if length > most {
            return Err(too_large(most));
        }
        if sender.send(bytes).await.is_err() {
            break; // the disk broke: why, the writer tells
        }
    }
    drop(sender);
    let fault = |why: String| Problem::fault(&format!("facts cannot be put down: {why}"));
    let written = writing.await.map_err(|why| fault(why.to_string()))?;
    let file = written.map_err(|why| fault(why.to_string()))?;
    Ok(Received::Put(Put { file, bytes: length, _place: place }))
}

fn answer(table: &Table, answered: Answered) -> Given<Response> {
    let (report, again) = match answered {
        Answered::Taken(report) => (report, false),
        Answered::Again(report) => (report, true),
        Answered::Differs => {
            return Err(Problem::refused(
                "key_used",
                "this Idempotency-Key came with another request before: choose another key",
            ));
        }
        Answered::Busy => {
            let detail = "a request with this Idempotency-Key is being answered just now: ask again soon";
            let problem = Problem::new(StatusCode::CONFLICT, "key_busy", detail);
            return Err(problem.later(Duration::from_secs(1)));
        }
    };
    let mut answer = match taken(table, report) {
        Ok(taken) => Json(taken).into_response(),
        Err(problem) => problem.into_response(),
    };
    if again {
        answer.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

fn taken(table: &Table, report: Report) -> Given<Taken> {
    let Some(import) = report.import else {
        return Err(Problem::of_rows(report.errors, report.error_count));
    };
    Ok(Taken {
        import,
        table: table.name.to_owned(),
        rows: report.rows,
        new: report.added,
        corrected: report.corrected,
        unchanged: report.unchanged,
        refused: report.refused,
        errors: report.errors.into_iter().map(Fault::from).collect(),
        error_count: report.error_count,
    })
}
