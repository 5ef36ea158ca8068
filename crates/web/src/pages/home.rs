//! `/`: each role begins where its morning begins.

use axum::response::{IntoResponse, Redirect, Response};

use crate::entered::Entered;
use crate::nav;

/// On to the first page of the role.
pub(crate) async fn show(entered: Entered) -> Response {
    Redirect::to(nav::home(entered.role())).into_response()
}
