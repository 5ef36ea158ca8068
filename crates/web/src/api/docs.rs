//! The document of the machines' door, and a page that shows it: rendered here, so that it needs no script and no network.

use std::sync::LazyLock;

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farsight_rulebook::tables::TABLES;
use minijinja::context;
use serde_json::{Value, json};

use super::document;
use crate::App;
use crate::door::AtDoor;
use crate::page::PageResult;
use crate::views::value;

/// It is the same for everybody, for as long as the program runs.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| document::document(&super::operations()));

/// The document.
pub(crate) async fn document() -> Response {
    let body = DOCUMENT.to_string();
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (kind, body).into_response()
}

/// The page.
pub(crate) async fn page(
    State(app): State<App>,
    headers: HeaderMap,
    OriginalUri(uri): OriginalUri,
) -> PageResult {
    let door = AtDoor { app, headers, uri };
    let context = context! { about => value(&DOCUMENT["info"]["description"]), operations => value(operations()), tables => value(tables()) };
    door.page("api/docs.html", context, StatusCode::OK)
}

/// The operations as the page shows them; that of each fact table but the first stands with the tables.
fn operations() -> Vec<Value> {
    let paths = DOCUMENT["paths"].as_object().into_iter().flatten();
    let each = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
    });
    let shown = each.filter(|(path, ..)| !path.starts_with(super::FACTS));
    let one = |(path, method, operation): (&String, &String, &Value)| {
        json!({
            "method": method.to_uppercase(), "path": path, "id": operation["operationId"],
            "summary": operation["summary"], "needs": operation["description"],
            "parameters": operation["parameters"],
            "takes": fields(&operation["requestBody"]["content"]["application/json"]["schema"]),
            "gives": fields(&operation["responses"]["200"]["content"]["application/json"]["schema"]),
        })
    };
    shown.map(one).collect()
}

/// The fields of an object's schema, those of a list's objects where it is a list.
fn fields(schema: &Value) -> Vec<Value> {
    let schema = resolved(schema);
    let items = &schema["properties"]["items"]["items"];
    let object = if items.is_null() { schema } else { resolved(items) };
    let fields = object["properties"].as_object().into_iter().flatten();
    fields.map(|(name, field)| json!({ "name": name, "about": field["description"] })).collect()
}

fn resolved(schema: &Value) -> &Value {
    match schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        Some(name) => &DOCUMENT["components"]["schemas"][name],
        None => schema,
    }
}

/// The fact tables with an example that can be sent as it stands.
fn tables() -> Vec<Value> {
    let table = |table: &farsight_rulebook::tables::Table| {
        let example = serde_json::to_string_pretty(&document::example(table)).unwrap_or_default();
        json!({ "name": table.name, "path": format!("{}{}", super::FACTS, table.name), "example": example })
    };
    TABLES.iter().map(table).collect()
}
