//! The layers around the routes, one list in order: what stands first sees a request first, and its answer last.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::answer::refusal;
use crate::api::problem;
use crate::{App, api, requests};

/// How much a request may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until its answer begins.
    pub time: Duration,
    /// Its body.
    pub body_bytes: usize,
}

/// A batch of facts may take so long: millions of rows come in one.
const BATCH: Duration = Duration::from_mins(30);

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(30), body_bytes: 1 << 20 }
    }
}

/// Puts the layers around the routes. `Router::layer` wraps what is there, so the list is written from the innermost.
pub(crate) fn around(router: Router<App>, app: &App) -> Router<App> {
    router
        // 8. A body that is too large is refused, told or found out; a route that takes more says so itself.
        .layer(DefaultBodyLimit::max(app.limits.body_bytes))
        // 7. What changes anything comes from a page of this tower, not of another's.
        .layer(from_fn(from_own_page))
        // 6. Texts travel compressed.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        // 5. A request that takes too long is given up.
        .layer(from_fn_with_state(app.clone(), in_time))
        // 4. A fault of the program is an answer too, and the process goes on.
        .layer(CatchPanicLayer::custom(panicked))
        // 3. Machines are told whatever went wrong as a problem document.
        .layer(from_fn(problem::everywhere))
        // 2. Every answer says how little a browser may do with it.
        .layer(from_fn_with_state(app.clone(), guard))
        // 1. Every request is counted and logged, as it was answered in the end.
        .layer(from_fn_with_state(app.clone(), requests::watch))
}

async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let batch = request.uri().path().starts_with(api::FACTS);
    let time = if batch { BATCH } else { app.limits.time };
    match tokio::time::timeout(time, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => refusal(StatusCode::SERVICE_UNAVAILABLE, "took_too_long"),
    }
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    // The panic itself has been told on standard error; its text may hold anything.
    tracing::error!("a request met a fault of the program");
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "fault")
}

/// What every answer carries; a route that needs more says so itself.
const GUARDS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
];

/// For two years browsers come by https only.
const ALWAYS_HTTPS: &str = "max-age=63072000; includeSubDomains";

/// A request that changes something and says that it comes from another's page is refused: with the session's cookie being
/// `SameSite=Lax` besides, nobody's page can act for somebody who is signed in here.
async fn from_own_page(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && is_foreign(request.headers()) {
        return refusal(StatusCode::FORBIDDEN, "foreign_page");
    }
    next.run(request).await
}

fn is_foreign(headers: &axum::http::HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(site), ..) => !matches!(site, "same-origin" | "none"),
        // A browser too old for that says at least where it comes from; a program that is no browser says nothing.
        (None, Some(origin), host) => origin.split_once("://").is_none_or(|(_, from)| Some(from) != host),
        (None, None, _) => false,
    }
}

async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    for (name, value) in GUARDS {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.parts.front.secure {
        let always = HeaderValue::from_static(ALWAYS_HTTPS);
        answer.headers_mut().entry(header::STRICT_TRANSPORT_SECURITY).or_insert(always);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{app, ask};
    use axum::routing::{get, post};

    fn routes() -> Router<App> {
        Router::new()
            .route("/panics", get(async || -> &'static str { panic!("Wang Wei, 13800000000") }))
            .route("/hangs", get(std::future::pending::<&'static str>))
            .route("/takes", post(async |body: String| body))
    }

    #[test]
    fn only_own_pages_change_anything() {
        for (site, origin, foreign) in [
            (Some("same-origin"), None, false),
            (Some("none"), None, false),
            (Some("cross-site"), None, true),
            (Some("same-site"), None, true),
            (None, Some("https://tower.example"), false),
            (None, Some("https://evil.example"), true),
            (None, Some("null"), true),
            (None, None, false),
        ] {
            let mut headers = axum::http::HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("tower.example"));
            let named = [("sec-fetch-site", site), ("origin", origin)];
            for (name, value) in named.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                headers.insert(name, HeaderValue::from_static(value));
            }
            assert_eq!(is_foreign(&headers), foreign, "{site:?} {origin:?}");
        }
    }

    #[tokio::test]
    async fn what_goes_wrong_is_an_answer() {
        let app = app().await.within(Limits { time: Duration::from_millis(50), body_bytes: 10 });
        let router = around(routes(), &app).with_state(app);
        let large =
            "POST /takes HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 11\r\n\r\n01234567890";
        for (request, status, says) in [
            ("GET /panics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 500, r#"{"error":"fault"}"#),
            (
                "GET /hangs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                503,
                r#"{"error":"took_too_long"}"#,
            ),
            (large, 413, ""),
        ] {
            let told = ask(router.clone(), request).await;
            assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{told}");
            assert!(told.ends_with(says) && !told.contains("Wang"), "{told}");
            assert!(told.contains("x-content-type-options: nosniff"), "{told}");
        }
    }
}
