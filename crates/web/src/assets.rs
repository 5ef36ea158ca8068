//! Styles and scripts: those of the shell and of each screen put together, under an address that changes with them.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::answer::refusal;

#[derive(RustEmbed)]
#[folder = "../../dashboards/web"]
struct Files;

struct Asset {
    path: String,
    content: String,
    kind: &'static str,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        asset("style.css", "text/css; charset=utf-8", &all(".css")),
        asset("script.js", "text/javascript; charset=utf-8", &all(".js")),
        asset("icon.svg", "image/svg+xml", &all("icon.svg")),
    ]
});

/// All files of an ending, one after another: the shell's first, then the screens' by name.
fn all(ending: &str) -> String {
    let mut names: Vec<String> =
        Files::iter().map(|name| name.to_string()).filter(|name| name.ends_with(ending)).collect();
    names.sort_by_key(|name| (!name.starts_with("shell/"), name.clone()));
    let text = |name: &String| Files::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned());
    names.iter().filter_map(text).collect::<Vec<_>>().join("\n")
}

fn asset(name: &str, kind: &'static str, content: &str) -> Asset {
    let hash = hex::encode(&Sha256::digest(content.as_bytes())[..8]);
    Asset { path: format!("/assets/{hash}/{name}"), content: content.to_owned(), kind }
}

/// The address of the style.
pub(crate) fn style_path() -> &'static str {
    &ASSETS[0].path
}

/// The address of the script.
pub(crate) fn script_path() -> &'static str {
    &ASSETS[1].path
}

/// Gives a style or script; a browser may keep it for ever.
pub(crate) async fn show(Path((hash, name)): Path<(String, String)>) -> Response {
    let path = format!("/assets/{hash}/{name}");
    let Some(asset) = ASSETS.iter().find(|asset| asset.path == path) else {
        return refusal(StatusCode::NOT_FOUND, "not_found");
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, asset.content.clone()).into_response()
}

/// The icon, at the address that browsers ask by themselves.
pub(crate) async fn icon() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400")),
    ];
    (headers, ASSETS[2].content.clone()).into_response()
}
