//! The routes, one list: a newcomer finds the file by the path.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get};

use crate::answer::refusal;
use crate::{App, health, metrics, middleware};

/// Every route there is.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/healthz", get(health::alive)),
        ("/readyz", get(health::ready)), //
        ("/metrics", get(metrics::show)),
    ]
}

/// What answers requests: the routes, within the layers of [`middleware`].
pub fn router(app: App) -> Router {
    let bare = routes().into_iter().fold(Router::new(), |router, (path, route)| router.route(path, route));
    let whole = bare
        .fallback(async || refusal(StatusCode::NOT_FOUND, "not_found"))
        .method_not_allowed_fallback(async || refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"));
    middleware::around(whole, &app).with_state(app)
}
