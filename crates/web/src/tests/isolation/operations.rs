//! The machines' door: every operation for a token of each role, made from the list of operations.

use std::sync::Arc;

use farsight_ledger::settlement::Role;
use farsight_tests::Office;

use super::{Codes, Found, USERS, Whose, decisions, has_object, is_of_tenant, network, sees};
use crate::api;
use crate::router::Object;
use crate::tests::machines::{Machine, token};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_for_a_token_of_every_role() {
    let network = network().await;
    let codes = Arc::new(network.codes);
    let mut office = Office::open(&network.tower, "a");
    let mut walks = tokio::task::JoinSet::new();
    for (role, email) in USERS {
        let secret = token(&mut office, &email.replace('@', "-"), |new| {
            let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
            let (regions, dealers): (&[&str], &[&str]) = match role {
                Role::RegionalManager => (&["R1"], &[]),
                Role::Dealer => (&[], &["A1"]),
                _ => (&[], &[]),
            };
            (new.role, new.regions, new.dealers) = (role, codes(regions), codes(dealers));
            if role != Role::Operator {
                new.tables = vec!["all".to_owned()];
            }
        });
        walks.spawn(walk_operations(Machine::new(&network.app, &secret), role, Arc::clone(&codes)));
    }
    let before = decisions(&network.tower);
    let faults: Vec<String> = walks.join_all().await.into_iter().flat_map(|found| found.faults).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(decisions(&network.tower), before, "what is not theirs they changed nothing of");
}

async fn walk_operations(machine: Machine, role: Role, codes: Arc<Codes>) -> Found {
    let mut found = Found::default();
    let json = [("content-type", "application/json")];
    let document = machine.send("GET", "/api/v1/openapi.json", "", &[]).await.text;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    for operation in api::operations() {
        let path = operation.path;
        assert!(
            !has_object(path) || operation.of != Object::Nothing || path.ends_with("{table}"),
            "{path} names an object"
        );
        let method = operation.verb();
        let lets = operation.who.lets(role);
        if !has_object(path) || is_of_tenant(operation.of) || path.ends_with("{table}") {
            let filled = codes.path(path, Whose::Own);
            let answer = machine.send(method, &filled, "{}", &json).await;
            found.look(answer.status < 500, || format!("{role:?} {method} {filled}: {}", answer.text));
            found.look(lets || answer.status == 404, || format!("{role:?} {filled}: {}", answer.status));
            found.unmarked_in(&answer.text, role, &filled);
            continue;
        }
        let (nobody, said) = (codes.path(path, Whose::Nobody), said(&document, path, method));
        let nobodys = machine.send(method, &nobody, &said, &json).await;
        for whose in Whose::ALL {
            let seen = lets && sees(role, operation.of, whose);
            if !matches!(method, "GET" | "HEAD") && seen {
                continue; // what is theirs they may change
            }
            let filled = codes.path(path, whose);
            let answer = machine.send(method, &filled, &said, &json).await;
            found.look(answer.status < 500, || format!("{role:?} {method} {filled}: {}", answer.text));
            found.unmarked_in(&answer.text, role, &filled);
            let same = (answer.status, &answer.text) == (nobodys.status, &nobodys.text);
            found.look(seen || same, || {
                format!(
                    "{role:?} {method} {filled} is not as nobody's: {} {} / {} {}",
                    answer.status, answer.text, nobodys.status, nobodys.text
                )
            });
            found.look(
                !seen || !matches!(method, "GET" | "HEAD") || matches!(answer.status, 200 | 404),
                || format!("{role:?} {filled}: {} {}", answer.status, answer.text),
            );
        }
    }
    found
}

/// A body that can be read, made from what the document says of it: so that what is refused is what the path names.
fn said(document: &serde_json::Value, path: &str, method: &str) -> String {
    let schema = &document["paths"][path][method.to_lowercase()]["requestBody"]["content"]["application/json"]
        ["schema"];
    sample(document, schema).to_string()
}

fn sample(document: &serde_json::Value, schema: &serde_json::Value) -> serde_json::Value {
    if let Some(to) = schema["$ref"].as_str() {
        return sample(document, document.pointer(&to[1..]).unwrap());
    }
    if let Some(words) = schema["enum"].as_array() {
        return words[0].clone();
    }
    if schema["type"] == "string" {
        return "some words".into();
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let fields = required.iter().filter_map(serde_json::Value::as_str);
    fields.map(|name| (name.to_owned(), sample(document, &schema["properties"][name]))).collect()
}
