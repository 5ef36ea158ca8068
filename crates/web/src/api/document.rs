//! The document of the machines' door, OpenAPI 3.1, made from the operations themselves and the tables of the contract.

use std::collections::BTreeMap;

use farsight_rulebook::tables::{Column, Kind, Refers, TABLES, Table};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::{HttpMethod, Ref, RefOr, Schema};

use super::operation::{Needs, Operation};
use super::problem::{MEDIA_TYPE, Problem};
use crate::admit::Who;

/// What an operation takes and gives.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) takes: Option<Value>,
    pub(crate) gives: Option<Value>,
    /// What could be sent, made from what it takes.
    pub(crate) example: Option<Value>,
    /// What else there is to say of it, where bodies are not one object of JSON.
    pub(crate) besides: Option<fn(&mut Value)>,
}

/// The schemas of all types that come up.
#[derive(Default)]
pub(crate) struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// A type, by reference.
    pub(crate) fn of<T: ToSchema>(&mut self) -> Value {
        let mut all: Vec<(String, RefOr<Schema>)> = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut all);
        for (name, schema) in all {
            let schema = value(&schema);
            let another = self.0.get(&name).is_some_and(|known| *known != schema);
            debug_assert!(
                !another,
                "two types are called {name}: the document would tell one of them as the other"
            );
            self.0.insert(name, schema);
        }
        value(&Ref::from_schema_name(T::name()))
    }

    /// An object as it could be sent: of each field its example, else what its schema allows first.
    fn example(&self, schema: &Value) -> Value {
        if let Some(said) = schema.get("example") {
            return said.clone();
        }
        let named = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next());
        if let Some(named) = named.and_then(|name| self.0.get(name)) {
            return self.example(named);
        }
        for choice in ["oneOf", "allOf"] {
            let mut choices = schema[choice].as_array().into_iter().flatten();
            if let Some(chosen) = choices.rfind(|one| one["type"] != "null") {
                return self.example(chosen);
            }
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.first().cloned().unwrap_or_default();
        }
        // What may be left out has the type `["string", "null"]`.
        let kinds = schema["type"].as_array().into_iter().flatten().chain([&schema["type"]]);
        let kind = kinds.filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default();
        match (kind, schema["format"].as_str()) {
            ("string", Some("date")) => json!("2026-03-05"),
            ("string", _) => json!("some words"),
            ("integer", _) => json!(1),
            ("boolean", _) => json!(false),
            ("array", _) => json!([self.example(&schema["items"])]),
            _ => {
                let fields = schema["properties"].as_object().into_iter().flatten();
                fields.map(|(name, field)| (name.clone(), self.example(field))).collect()
            }
        }
    }

    /// A piece of a list of them.
    pub(crate) fn piece<T: ToSchema>(&mut self) -> Value {
        let item = self.of::<T>();
        json!({
            "type": "object",
            "required": ["items", "next", "more"],
            "properties": {
                "items": { "type": "array", "items": item },
                "next": { "type": "string", "description": "The cursor to go on with: at once where there is more, else whenever something may have changed. It does not expire." },
                "more": { "type": "boolean", "description": "Whether there is more just now." },
            },
        })
    }
}

fn value(schema: &impl serde::Serialize) -> Value {
    serde_json::to_value(schema).unwrap_or_default() // what is written into memory as JSON cannot fail
}

const ABOUT: &str = "Facts in; alerts, entries, settlements and cases out, for machines. Money is a decimal text with its currency, times are RFC 3339. \
    What goes wrong is a problem document (RFC 9457) with a stable code. Lists go on after a cursor, which loses and doubles nothing while facts arrive.";

/// The document of these operations.
pub(crate) fn document(operations: &[Operation]) -> Value {
    let mut schemas = Schemas::default();
    let problem = schemas.of::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let mut part = (operation.part)(&mut schemas);
        part.example = part.takes.as_ref().map(|takes| schemas.example(takes));
        let method = operation.verb().to_lowercase();
        if operation.needs == Needs::Send {
            for table in TABLES {
                let path = operation.path.replace("{table}", table.name);
                let sends = sending(operation, table, &part, &problem);
                insert(&mut paths, path, &method, sends);
                schemas.0.insert(row_name(table), row(table));
            }
        } else {
            insert(&mut paths, operation.path.to_owned(), &method, told(operation, &part, &problem));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Farsight", "version": "1", "description": ABOUT, "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "webhooks": super::webhooks::events(),
        "components": {
            "schemas": schemas.0,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": "A machine's token, `fsk_…`: made, rotated and revoked by administrators." } },
        },
    })
}

fn insert(paths: &mut Map<String, Value>, path: String, method: &str, operation: Value) {
    let item = paths.entry(path).or_insert_with(|| json!({}));
    item[method] = operation;
}

fn told(operation: &Operation, part: &Part, problem: &Value) -> Value {
    let mut told = json!({
        "operationId": operation.id,
        "summary": operation.about,
        "description": needed(operation),
        "tags": [tag(operation.path)],
        "parameters": value(&part.parameters),
        "responses": responses(operation, part, problem),
    });
    if let Some(takes) = &part.takes {
        told["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": takes, "example": part.example } } });
    }
    if let Some(going) = operation.goes {
        told["deprecated"] = json!(true);
        let until =
            format!(" Deprecated since {}; it may be gone from {} on.", going.deprecated_on, going.sunset_on);
        told["description"] = json!(needed(operation) + &until);
    }
    if let Some(besides) = part.besides {
        besides(&mut told);
    }
    told
}

fn tag(path: &str) -> &str {
    path.strip_prefix(super::PREFIX).and_then(|rest| rest.split('/').nth(1)).unwrap_or_default()
}

/// Who may call it with what token, in words.
fn needed(operation: &Operation) -> String {
    let token = match operation.needs {
        Needs::Nothing => "any token",
        Needs::Read => "a token that reads",
        Needs::Act => "a token that takes deeds",
        Needs::Send => "a token that sends this table",
    };
    let keyless = if operation.needs == Needs::Act { " Takes no Idempotency-Key." } else { "" };
    match operation.who {
        Who::Roles(roles) => {
            let roles: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            format!("Needs {token}, of {}.{keyless}", roles.join(", "))
        }
        _ => format!("Needs {token}.{keyless}"),
    }
}

fn responses(operation: &Operation, part: &Part, problem: &Value) -> Value {
    let bad = |said: &str| json!({ "description": said, "content": { MEDIA_TYPE: { "schema": problem } } });
    let mut responses = json!({
        "401": bad("No token, or one that does not hold."),
        "403": bad("The token may not do this."),
        "404": bad("There is nothing like this, or it is not this caller's."),
        "422": bad("What was asked for cannot be: see the code."),
        "429": bad("Too many requests: wait as Retry-After says."),
        "default": bad("Anything else that goes wrong."),
    });
    if let Some(gives) = &part.gives {
        responses["200"] =
            json!({ "description": "Done.", "content": { "application/json": { "schema": gives } } });
    }
    if operation.method == HttpMethod::Get {
        responses["304"] = json!({ "description": "What If-None-Match names has not changed." });
    }
    responses
}

/// Sending facts of a table.
fn sending(operation: &Operation, table: &Table, part: &Part, problem: &Value) -> Value {
    let one = json!({ "$ref": format!("#/components/schemas/{}", row_name(table)) });
    let example = example(table);
    let header = |name: &str, said: &str, schema: Value| json!({ "name": name, "in": "header", "required": false, "description": said, "schema": schema });
    let mut told = told(operation, part, problem);
    told["operationId"] = json!(format!("{}-{}", operation.id, table.name.replace('_', "-")));
    told["summary"] = json!(format!("{} Table {}.", operation.about, table.name));
    told["parameters"] = json!([
        header(
            "Prefer",
            "`handling=lenient` takes good rows in though others are bad; else a request is whole or nothing.",
            json!({ "type": "string", "enum": ["handling=strict", "handling=lenient"] })
        ),
        header(
            "Idempotency-Key",
            "By what a request is known again for seven days: the same is given its first answer again.",
            json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" })
        ),
    ]);
    told["requestBody"] = json!({ "required": true, "content": {
        "application/json": { "schema": { "oneOf": [one, { "type": "array", "items": one }] }, "example": example },
        "application/x-ndjson": { "schema": { "type": "string", "description": "One object a line; may be gzip'd and large." } },
        "text/csv": { "schema": { "type": "string", "description": "With a header; may be gzip'd and large." } },
    }});
    let bad = |said: &str| json!({ "description": said, "content": { MEDIA_TYPE: { "schema": problem } } });
    told["responses"]["409"] = bad("A request with this key is being answered just now.");
    told["responses"]["413"] = bad("Too large: send it in parts.");
    told["responses"]["415"] = bad("Another media type or encoding than those taken.");
    told
}

fn row_name(table: &Table) -> String {
    format!("Fact.{}", table.name)
}

/// A row of a table, as JSON.
fn row(table: &Table) -> Value {
    let properties: Map<String, Value> =
        table.all_columns().map(|column| (column.name.to_owned(), cell(column))).collect();
    let required: Vec<&str> = table
        .columns
        .iter()
        .filter(|column| column.key && column.required)
        .map(|column| column.name)
        .collect();
    json!({
        "type": "object",
        "description": "A new fact needs all that is not nullable; a correction needs the key, and keeps what it does not name.",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn cell(column: &Column) -> Value {
    let (kind, mut schema) = match column.kind {
        Kind::Code => (json!("string"), json!({ "pattern": "^[A-Za-z0-9._-]{1,64}$" })),
        Kind::Text { max } => (json!("string"), json!({ "maxLength": max })),
        Kind::Subject => (json!("string"), json!({ "maxLength": 400 })),
        Kind::Url => (json!("string"), json!({ "format": "uri" })),
        Kind::Date => (json!("string"), json!({ "format": "date" })),
        Kind::Month => (json!("string"), json!({ "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$" })),
        Kind::Instant => {
            (json!("string"), json!({ "description": "RFC 3339, or local time in the tenant's zone." }))
        }
        Kind::Count { max } => (json!("integer"), json!({ "minimum": 0, "maximum": max })),
        Kind::Hundredths { .. } | Kind::Money => {
            (json!(["string", "number"]), json!({ "description": "A decimal from 0 up; best as a text." }))
        }
        Kind::Degrees { limit } => (json!("number"), json!({ "minimum": -limit, "maximum": limit })),
        Kind::Flag => (json!("boolean"), json!({})),
        Kind::Choice(words) => (json!("string"), json!({ "enum": words })),
    };
    if column.required || column.key {
        schema["type"] = kind;
    } else {
        let mut kinds = kind.as_array().cloned().unwrap_or_else(|| vec![kind]);
        kinds.push(json!("null"));
        schema["type"] = json!(kinds);
        if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            words.push(Value::Null);
        }
    }
    schema
}

/// A row that could be sent as it stands, after the examples of the tables it refers to.
pub(crate) fn example(table: &Table) -> Value {
    let cells = table.columns.iter().map(|column| (column.name.to_owned(), example_cell(column)));
    Value::Object(cells.collect())
}

fn example_cell(column: &Column) -> Value {
    let code = |of: &str| json!(format!("{}-1", of.replace("_code", "").replace("_id", "")));
    match (column.kind, column.refers) {
        (_, Some(Refers::PostScope)) => code("region"),
        (_, Some(Refers::To("people"))) => code("person"),
        (Kind::Code, _) if column.name == "item_code" => json!("item-01"),
        (Kind::Code, _) if column.name == "family" => Value::Null,
        (Kind::Code, _) => code(column.name),
        (Kind::Text { .. }, _) => json!(format!("a {}", column.name)),
        (Kind::Subject, _) => json!("complaint:complaint-1"),
        (Kind::Url, _) => json!("https://cameras.example.com/1.jpg"),
        (Kind::Date, _) => json!("2026-03-05"),
        (Kind::Month, _) => json!("2026-03"),
        (Kind::Instant, _) => json!("2026-03-05T14:30:00+08:00"),
        (Kind::Count { .. }, _) => json!(4),
        (Kind::Hundredths { .. } | Kind::Money, _) => json!("90.50"),
        (Kind::Degrees { .. }, _) => json!(31.2304),
        (Kind::Flag, _) => json!(true),
        (Kind::Choice(words), _) => json!(words[0]),
    }
}
