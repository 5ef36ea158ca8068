//! The simulator's HTTP side: one route, each behaviour in its turn.
//!
//! This file must never draw; and no request may outlive the simulator.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use digest_auth::{AuthContext, AuthorizationHeader};
use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream};
use tokio::net::TcpListener;

use super::behaviour::{Behaviour, Hash};
use super::picture::{self, View};
use super::{Hall, Standing};

const DRIP: Duration = Duration::from_secs(1);
/// The endless picture ends here all the same, should a reader take everything.
const ENDLESS_CHUNKS: usize = 4096;

pub(super) async fn until_stopped(listener: TcpListener, hall: Arc<Hall>) {
    let stopped = hall.stopped.clone();
    let router = Router::new().route("/camera/{code}/snapshot.jpg", get(snapshot)).with_state(hall);
    let serving = axum::serve(listener, router);
    tokio::select! {
        ended = serving.into_future() => if let Err(error) = ended {
            tracing::warn!(%error, "the camera simulator ended");
        },
        () = stopped.cancelled() => {}
    }
}

async fn snapshot(
    State(hall): State<Arc<Hall>>,
    Path(code): Path<String>,
    uri: Uri,
    head: HeaderMap,
) -> Response {
    let behaviour = {
        let Some(mut camera) = hall.camera(&code) else { return StatusCode::NOT_FOUND.into_response() };
        camera.requests += 1;
        camera.behaviour.clone()
    };
    let given = head.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match behaviour {
        Behaviour::Black => drawn(hall, code, View::Black).await,
        Behaviour::Blurred => drawn(hall, code, View::Blurred).await,
        Behaviour::Covered => drawn(hall, code, View::Covered).await,
        Behaviour::Frozen => frozen(hall, code).await,
        Behaviour::TimesOut => {
            hall.stopped.cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Behaviour::DripsSlowly => dripping(&hall, picture_of(&hall, &code, View::Clear).await),
        Behaviour::Basic { user, password } if given != Some(basic(&user, &password).as_str()) => {
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, r#"Basic realm="hall camera""#)]).into_response()
        }
        Behaviour::Digest { user, password, hash } => {
            let refusal = hall.camera(&code).and_then(|mut camera| {
                let welcome = camera.lets_in(given, &user, &password, &uri);
                (!welcome).then(|| camera.challenge(hash))
            });
            match refusal {
                Some(refusal) => refusal,
                None => drawn(hall, code, View::Clear).await,
            }
        }
        Behaviour::Fine | Behaviour::Basic { .. } => drawn(hall, code, View::Clear).await,
        Behaviour::Fails(status) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        Behaviour::NotAPicture => {
            jpeg(Body::from("<!DOCTYPE html><html><title>Camera</title><p>Please sign in.</html>"))
        }
        Behaviour::TooLarge => jpeg(Body::from_stream(endless())),
        Behaviour::RedirectsTo(url) => (StatusCode::FOUND, [(LOCATION, url)]).into_response(),
    }
}

fn jpeg(body: Body) -> Response {
    ([(CONTENT_TYPE, "image/jpeg")], body).into_response()
}

/// Draws away from the runtime's threads and remembers what it gave.
async fn picture_of(hall: &Arc<Hall>, code: &str, view: View) -> Bytes {
    let Some((camera, frame)) = hall.camera(code).map(|camera| (camera.camera.clone(), camera.requests))
    else {
        return Bytes::new();
    };
    let at = (hall.clock)();
    let drawing = tokio::task::spawn_blocking(move || picture::draw(&camera, view, at, frame));
    let drawn = drawing.await.map(Bytes::from).unwrap_or_default();
    if let Some(mut camera) = hall.camera(code) {
        camera.last = Some(drawn.clone());
    }
    drawn
}

async fn drawn(hall: Arc<Hall>, code: String, view: View) -> Response {
    jpeg(Body::from(picture_of(&hall, &code, view).await))
}

async fn frozen(hall: Arc<Hall>, code: String) -> Response {
    let last = hall.camera(&code).and_then(|camera| camera.last.clone());
    match last {
        Some(last) => jpeg(Body::from(last)),
        None => drawn(hall, code, View::Clear).await,
    }
}

fn dripping(hall: &Hall, picture: Bytes) -> Response {
    let drips =
        stream::unfold((picture, tokio::time::interval(DRIP)), |(mut left, mut interval)| async move {
            interval.tick().await;
            let drip = left.split_to(left.len().min(1));
            (!drip.is_empty()).then_some((Ok::<_, Infallible>(drip), (left, interval)))
        });
    jpeg(Body::from_stream(drips.take_until(hall.stopped.clone().cancelled_owned())))
}

fn endless() -> impl Stream<Item = Result<Bytes, Infallible>> {
    let begin = Bytes::from_static(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01");
    let rest = stream::repeat(Bytes::from_static(&[0x55; 16 << 10])).take(ENDLESS_CHUNKS);
    stream::iter([begin]).chain(rest).map(Ok)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

impl Standing {
    fn lets_in(&mut self, given: Option<&str>, user: &str, password: &str, uri: &Uri) -> bool {
        let Some(Ok(mut answer)) = given.map(AuthorizationHeader::parse) else { return false };
        let Some(known) = self.nonces.iter().position(|nonce| *nonce == answer.nonce) else { return false };
        self.nonces.remove(known);
        let target = uri.path_and_query().map_or("/", |path| path.as_str());
        let (claimed, named) = (answer.response.clone(), answer.username == user && answer.uri == target);
        answer.digest(&AuthContext::new(user, password, target));
        named && answer.qop.is_some() && answer.response == claimed
    }

    fn challenge(&mut self, hash: Hash) -> Response {
        let nonce = format!("{:016x}{:08x}", self.camera.seed, self.requests);
        let offer =
            format!(r#"Digest realm="hall camera", qop="auth", nonce="{nonce}", algorithm={}"#, hash.name());
        self.nonces.push(nonce);
        (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, offer)]).into_response()
    }
}
