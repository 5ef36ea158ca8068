//! The calls that Entra ID and Okta make, as their makers publish them, replayed against the real database; and that a
//! provider's secret shows and changes what it told itself, and nothing else.

use farsight_control::providers::{self, Wished};
use farsight_control::{doors, users};
use farsight_ledger::settlement::Role;
use farsight_store::single_sign_on::Rule;
use farsight_store::users::User;
use farsight_tests::office::{at, sealer};
use farsight_tests::tower::{number, texts};
use farsight_tests::{Office, Tower};
use serde_json::{Value, json};

use crate::App;
use crate::router::{Object, routes};
use crate::testing::{Browser, NOW, PASSWORD, over, user};

struct House {
    tower: Tower,
    offices: Vec<Office>,
    app: App,
}

impl House {
    /// Two tenants, each with somebody of headquarters.
    async fn new() -> Self {
        let tower = Tower::new();
        let mut offices =
            vec![Office::new(&tower, "a", "example-2026"), Office::new(&tower, "b", "example-2026")];
        for office in &mut offices {
            user(office, "hq@oem.example", Role::Hq, (&[], &[]));
            office.desk.actor = "hq@oem.example".to_owned();
        }
        let app = over(&tower.database, at(NOW)).await;
        Self { tower, offices, app }
    }

    /// Adds a provider that makes finance and call centre of groups; gives who calls by its secret.
    fn provider(&mut self, tenant: usize, code: &str, links_by_email: bool) -> Caller {
        let desk = &mut self.offices[tenant].desk;
        let wished = Wished {
            code: code.to_owned(),
            name: code.to_owned(),
            issuer: "https://login.example".to_owned(),
            client_id: "tower".to_owned(),
            client_secret: "s".to_owned(),
            links_by_email,
            enabled: true,
            ..Wished::default()
        };
        providers::add(desk, &sealer(), &wished).unwrap();
        let rule = |claim: &str, value: &str, role| Rule {
            claim: claim.to_owned(),
            value: value.to_owned(),
            role,
            regions: Vec::new(),
            dealers: Vec::new(),
        };
        let rules = [
            rule("groups", "Finance", Role::Finance),
            rule("groups", "Callers", Role::CallCentre),
            rule("department", "Books", Role::Finance),
        ];
        providers::set_rules(desk, code, &rules).unwrap();
        let secret = providers::make_scim_secret(desk, &sealer(), code).unwrap();
        Caller { browser: Browser::new(&self.app), tenant: ["a", "b"][tenant].to_owned(), secret }
    }

    /// Address, role and whether they may enter, of all users of a tenant but headquarters'.
    fn users(&self, tenant: usize) -> Vec<String> {
        let id = self.offices[tenant].tenant();
        texts(
            &mut self.tower.sql(),
            &format!(
                "SELECT concat_ws(' ', email, role, CASE WHEN disabled_at IS NULL THEN 'in' ELSE 'out' END) AS value FROM users
                 WHERE tenant_id = {id} AND email <> 'hq@oem.example' ORDER BY email"
            ),
        )
    }
}

#[derive(Clone)]
struct Caller {
    browser: Browser,
    tenant: String,
    secret: String,
}

impl Caller {
    async fn call(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let path = format!("/scim/v2/{}{path}", self.tenant);
        let bearer = format!("Bearer {}", self.secret);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/scim+json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.browser.send(method, &path, &body, &headers).await;
        if answer.status != 204 {
            assert_eq!(answer.headers["content-type"], "application/scim+json", "{path} {}", answer.text());
        }
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    async fn get(&mut self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn patch(&mut self, path: &str, operations: Value) -> (u16, Value) {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        self.call("PATCH", path, &json!({ "schemas": schemas, "Operations": operations })).await
    }

    async fn add(&mut self, path: &str, body: Value) -> String {
        let (status, body) = self.call("POST", path, &body).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }
}

fn person(name: &str) -> Value {
    json!({ "schemas": [super::resource::USER], "userName": name, "active": true })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_entra_id_calls() {
    let mut house = House::new().await;
    let mut entra = house.provider(0, "entra", false);
    let found = entra.get("/Users?filter=userName+eq+%22anna@oem.example%22").await;
    assert_eq!((found["totalResults"].as_i64(), found["Resources"].as_array().unwrap().len()), (Some(0), 0));
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let id = entra
        .add(
            "/Users",
            json!({
                "schemas": [super::resource::USER, enterprise],
                "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
                "userName": "anna@oem.example",
                "active": true,
                "emails": [{ "primary": true, "type": "work", "value": "anna@oem.example" }],
                "meta": { "resourceType": "User" },
                "name": { "formatted": "Anna Li", "familyName": "Li", "givenName": "Anna" },
                "roles": [],
            }),
        )
        .await;
    assert_eq!(house.users(0), Vec::<String>::new(), "nobody, before a rule fits");
    let shown = entra.get(&format!("/Users/{id}")).await;
    assert_eq!(shown["name"]["givenName"], "Anna");
    assert_eq!(shown["meta"]["location"], format!("http://tower.example/scim/v2/a/Users/{id}"));
    let found = entra.get("/Users?filter=externalId+eq+%220a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef%22").await;
    assert_eq!(found["Resources"][0]["id"], id.as_str());
    // Groups: made empty, then filled.
    let group = entra
        .add(
            "/Groups",
            json!({
                "schemas": [super::resource::GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
                "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "Treasury", "meta": { "resourceType": "Group" },
            }),
        )
        .await;
    let of_group = format!("/Groups/{group}");
    assert_eq!(
        entra
            .patch(&of_group, json!([{ "op": "Replace", "path": "displayName", "value": "Finance" }]))
            .await
            .0,
        204
    );
    let joins = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": id }] }]);
    assert_eq!(entra.patch(&of_group, joins).await.0, 204);
    assert_eq!(house.users(0), ["anna@oem.example finance in"]);
    let listed = entra.get("/Groups?excludedAttributes=members&filter=displayName+eq+%22Finance%22").await;
    assert!(
        listed["Resources"][0].get("members").is_none() && listed["Resources"][0]["id"] == group.as_str()
    );
    assert_eq!(entra.get(&of_group).await["members"][0]["value"], id.as_str());
    let user = format!("/Users/{id}");
    let (status, changed) = entra
        .patch(
            &user,
            json!([
                { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "li@oem.example" },
                { "op": "Replace", "path": "name.familyName", "value": "Liu" },
                { "op": "Add", "path": format!("{enterprise}:department"), "value": "Books" },
            ]),
        )
        .await;
    assert_eq!(
        (status, &changed["name"]["familyName"], &changed["emails"][0]["value"]),
        (200, &json!("Liu"), &json!("li@oem.example"))
    );
    // Out of the group, but the department makes finance too; out of that, nobody.
    let leaves = json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": id }] }]);
    assert_eq!(entra.patch(&of_group, leaves).await.0, 204);
    assert_eq!(house.users(0), ["anna@oem.example finance in"]);
    entra
        .patch(
            &user,
            json!([{ "op": "Replace", "path": format!("{enterprise}:department"), "value": "Cars" }]),
        )
        .await;
    assert_eq!(house.users(0), ["anna@oem.example finance out"]);
    entra
        .patch(
            &user,
            json!([{ "op": "Replace", "path": format!("{enterprise}:department"), "value": "Books" }]),
        )
        .await;
    assert_eq!(house.users(0), ["anna@oem.example finance in"]);
    // Deactivated, in the text that it sends: signed out at once.
    doors::set_password(&mut house.offices[0].desk, &sealer(), "anna@oem.example", PASSWORD)
        .unwrap()
        .unwrap();
    let mut anna = Browser::signed_in(&house.app, "a", "anna@oem.example").await;
    assert_eq!(anna.get("/me").await.status, 200);
    let (status, off) =
        entra.patch(&user, json!([{ "op": "Replace", "path": "active", "value": "False" }])).await;
    assert_eq!((status, &off["active"]), (200, &json!(false)));
    assert_eq!(anna.get("/me").await.status, 303);
    let tried = anna
        .post("/sign-in", &[("tenant", "a"), ("email", "anna@oem.example"), ("password", PASSWORD)])
        .await;
    assert_eq!(tried.status, 422);
    entra.patch(&user, json!([{ "op": "Replace", "path": "active", "value": "True" }])).await;
    assert_eq!(house.users(0), ["anna@oem.example finance in"]);
    assert_eq!(entra.call("DELETE", &user, &Value::Null).await.0, 204);
    assert_eq!(entra.call("GET", &user, &Value::Null).await.0, 404);
    assert_eq!(house.users(0), ["anna@oem.example finance out"], "what she decided keeps its name");
    assert_eq!(entra.call("DELETE", &of_group, &Value::Null).await.0, 204);
    // The same person again.
    let again = entra.add("/Users", person("Anna@oem.example")).await;
    assert_eq!(again, id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_okta_calls() {
    let mut house = House::new().await;
    let mut okta = house.provider(0, "okta", false);
    assert_eq!(okta.get("/ServiceProviderConfig").await["patch"]["supported"], true);
    assert_eq!(okta.get("/ResourceTypes").await["totalResults"], 2);
    assert_eq!(okta.get("/Schemas").await["totalResults"], 2);
    assert_eq!(okta.get(&format!("/Schemas/{}", super::resource::USER)).await["name"], "User");
    let empty =
        okta.get("/Users?filter=userName%20eq%20%22ben%40oem.example%22&startIndex=1&count=100").await;
    assert_eq!(empty["Resources"], json!([]));
    let mut ben = json!({
        "schemas": [super::resource::USER], "userName": "ben@oem.example", "name": { "givenName": "Ben", "familyName": "Wu" },
        "emails": [{ "primary": true, "value": "ben@oem.example", "type": "work" }], "displayName": "Ben Wu", "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": true,
    });
    let id = okta.add("/Users", ben.clone()).await;
    assert!(
        !okta.get(&format!("/Users/{id}")).await.to_string().contains("1mz050nq"),
        "a password is not kept"
    );
    let (status, twice) = okta.call("POST", "/Users", &ben).await;
    assert_eq!((status, &twice["scimType"], &twice["status"]), (409, &json!("uniqueness"), &json!("409")));
    let group = okta
        .add(
            "/Groups",
            json!({ "schemas": [super::resource::GROUP], "displayName": "Callers", "members": [] }),
        )
        .await;
    let listed = okta.get("/Groups?startIndex=1&count=100").await;
    assert_eq!(
        (listed["totalResults"].as_i64(), &listed["Resources"][0]["displayName"]),
        (Some(1), &json!("Callers"))
    );
    let of_group = format!("/Groups/{group}");
    let joins = json!([
        { "op": "replace", "value": { "id": group, "displayName": "Callers" } },
        { "op": "add", "path": "members", "value": [{ "value": id, "display": "ben@oem.example" }] },
    ]);
    assert_eq!(okta.patch(&of_group, joins).await.0, 204);
    assert_eq!(house.users(0), ["ben@oem.example call-centre in"]);
    ben["name"]["familyName"] = json!("Wang");
    ben["displayName"] = json!("Ben Wang");
    let (status, changed) = okta.call("PUT", &format!("/Users/{id}"), &ben).await;
    assert_eq!(
        (status, &changed["displayName"], &changed["groups"][0]["display"]),
        (200, &json!("Ben Wang"), &json!("Callers"))
    );
    let off = json!([{ "op": "replace", "value": { "active": false } }]);
    assert_eq!(okta.patch(&format!("/Users/{id}"), off).await.0, 200);
    assert_eq!(house.users(0), ["ben@oem.example call-centre out"]);
    // What is not said of whether somebody may enter leaves it as it was.
    ben.as_object_mut().unwrap().remove("active");
    ben["roles"] = json!([{ "value": "buyer", "primary": true }]);
    let (status, changed) = okta.call("PUT", &format!("/Users/{id}"), &ben).await;
    assert_eq!((status, &changed["active"], &changed["roles"]), (200, &json!(false), &ben["roles"]));
    let removed = json!([{ "op": "remove", "path": "active" }]);
    assert_eq!(okta.patch(&format!("/Users/{id}"), removed).await.1["active"], false);
    assert_eq!(house.users(0), ["ben@oem.example call-centre out"]);
    let on = json!([{ "op": "replace", "value": { "active": true } }]);
    assert_eq!(okta.patch(&format!("/Users/{id}"), on).await.0, 200);
    let leaves = json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
    assert_eq!(okta.patch(&of_group, leaves).await.0, 204);
    assert_eq!(house.users(0), ["ben@oem.example call-centre out"]);
    let all = json!({ "schemas": [super::resource::GROUP], "displayName": "Callers", "members": [{ "value": id }] });
    assert_eq!(okta.call("PUT", &of_group, &all).await.0, 200);
    assert_eq!(house.users(0), ["ben@oem.example call-centre in"]);
    assert_eq!(okta.call("DELETE", &of_group, &Value::Null).await.0, 204);
    assert_eq!(house.users(0), ["ben@oem.example call-centre out"]);
    // Pages of a list.
    for number in 0..5 {
        okta.add("/Users", person(&format!("p{number}@oem.example"))).await;
    }
    let page = okta.get("/Users?startIndex=5&count=2").await;
    let told = (page["totalResults"].as_i64(), page["startIndex"].as_i64(), page["itemsPerPage"].as_i64());
    assert_eq!(told, (Some(6), Some(5), Some(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_at_once_are_as_if_one_after_the_other() {
    let mut house = House::new().await;
    let mut one = house.provider(0, "okta", false);
    let mut two = one.clone();
    for round in 0..5 {
        let (name, other) = (format!("a{round}@oem.example"), format!("b{round}@oem.example"));
        let (told, again) = (person(&name), person(&name));
        let (a, b) = tokio::join!(one.call("POST", "/Users", &told), two.call("POST", "/Users", &again));
        let mut answered = [a.0, b.0];
        answered.sort_unstable();
        assert_eq!(answered, [201, 409]);
        let first = if a.0 == 201 { a.1 } else { b.1 }["id"].as_str().unwrap().to_owned();
        let second = one.add("/Users", person(&other)).await;
        let group = one.add("/Groups", json!({ "displayName": format!("G{round}") })).await;
        let of_group = format!("/Groups/{group}");
        let joins = |id: &str| json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
        let (a, b) = tokio::join!(one.patch(&of_group, joins(&first)), two.patch(&of_group, joins(&second)));
        assert_eq!((a.0, b.0), (204, 204));
        assert_eq!(one.get(&of_group).await["members"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_in_scims_words() {
    let mut house = House::new().await;
    let mut okta = house.provider(0, "okta", false);
    let id = okta.add("/Users", person("ben@oem.example")).await;
    let user = format!("/Users/{id}");
    for (method, path, body, status, kind) in [
        ("GET", "/Users?filter=userName+sw+%22b%22", Value::Null, 400, "invalidFilter"),
        ("GET", "/Users?filter=password+eq+%22b%22", Value::Null, 400, "invalidFilter"),
        ("POST", "/Users", json!({ "userName": "" }), 400, "invalidValue"),
        ("POST", "/Users", json!({ "userName": "x@y", "active": "maybe" }), 400, "invalidValue"),
        ("POST", "/Users", json!([]), 400, "invalidSyntax"),
        ("PATCH", &user, json!({}), 400, "invalidSyntax"),
        ("PATCH", &user, json!({ "Operations": [{ "op": "remove" }] }), 400, "invalidPath"),
        (
            "PATCH",
            &user,
            json!({ "Operations": [{ "op": "remove", "path": "userName" }] }),
            400,
            "invalidValue",
        ),
        (
            "POST",
            "/Groups",
            json!({ "displayName": "G", "members": [{ "value": "nobody" }] }),
            400,
            "invalidValue",
        ),
        ("GET", "/Users/nobody", Value::Null, 404, ""),
        ("PUT", "/Groups/nobody", json!({ "displayName": "G" }), 404, ""),
    ] {
        let (answered, said) = okta.call(method, path, &body).await;
        assert_eq!(
            (answered, said["scimType"].as_str().unwrap_or_default()),
            (status, kind),
            "{method} {path} {body}: {said}"
        );
        assert_eq!(said["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_shows_and_changes_what_its_provider_told_and_nothing_else() {
    let mut house = House::new().await;
    let mut one = house.provider(0, "one", false);
    let mut two = house.provider(0, "two", false);
    let mut far = house.provider(1, "one", false);
    let id = one.add("/Users", person("carl@oem.example")).await;
    let group = one.add("/Groups", json!({ "displayName": "Finance", "members": [{ "value": id }] })).await;
    assert_eq!(house.users(0), ["carl@oem.example finance in"]);
    let stranger =
        Caller { browser: Browser::new(&house.app), tenant: "a".to_owned(), secret: String::new() };
    let crossed =
        Caller { browser: Browser::new(&house.app), tenant: "a".to_owned(), secret: far.secret.clone() };
    // Every route of the list, made from it: without the tenant's own secret nobody is told that there is anything.
    for mut caller in [stranger, crossed] {
        for route in routes().into_iter().filter(|route| route.of == Object::Provisioned) {
            let path = route.path.strip_prefix("/scim/v2/{tenant}").unwrap();
            let path = path.replace("{id}", &id).replace("{name}", "User");
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let answer = caller.call_raw(method, &path).await;
                assert!(matches!(answer, 401 | 405), "{method} {path}: {answer}");
            }
        }
    }
    // Another provider's, of the same tenant and of another: as if it were not there.
    for other in [&mut two, &mut far] {
        for path in [format!("/Users/{id}"), format!("/Groups/{group}")] {
            let body = json!({ "userName": "carl@oem.example", "displayName": "Finance", "Operations": [] });
            for method in ["GET", "PUT", "PATCH", "DELETE"] {
                assert_eq!(other.call(method, &path, &body).await.0, 404, "{method} {path}");
            }
        }
        assert_eq!(other.get("/Users").await["totalResults"], 0);
        assert_eq!(other.get("/Groups").await["totalResults"], 0);
        let steals = json!({ "displayName": "Thieves", "members": [{ "value": id }] });
        assert_eq!(other.call("POST", "/Groups", &steals).await.0, 400);
    }
    // Another provider that tells of the same address does not get the account, nor does it get one of the tower's own.
    let all = |name: &str| json!({ "userName": name, "department": "Books" });
    two.add("/Users", all("carl@oem.example")).await;
    let hq = two.add("/Users", all("hq@oem.example")).await;
    two.patch(&format!("/Users/{hq}"), json!([{ "op": "replace", "value": { "active": false } }])).await;
    assert_eq!(house.users(0), ["carl@oem.example finance in"]);
    let mut boss = Browser::signed_in(&house.app, "a", "hq@oem.example").await;
    assert_eq!(boss.get("/me").await.status, 200);
    // But where headquarters allowed it.
    let mut trusted = house.provider(0, "trusted", true);
    let owned = User {
        email: "dora@oem.example".to_owned(),
        role: Role::CallCentre,
        regions: vec![],
        dealers: vec![],
    };
    users::add(&mut house.offices[0].desk, &owned).unwrap();
    let dora = trusted.add("/Users", all("Dora@oem.example")).await;
    assert_eq!(house.users(0), ["carl@oem.example finance in", "dora@oem.example finance in"]);
    trusted.call("DELETE", &format!("/Users/{dora}"), &Value::Null).await;
    assert_eq!(house.users(0), ["carl@oem.example finance in", "dora@oem.example finance out"]);
    // A new secret ends the one before.
    let old = one.secret.clone();
    let secret = providers::make_scim_secret(&mut house.offices[0].desk, &sealer(), "one").unwrap();
    one.secret.clone_from(&secret);
    assert_eq!(one.call("GET", "/Users", &Value::Null).await.0, 200);
    one.secret = old;
    assert_eq!(one.call("GET", "/Users", &Value::Null).await.0, 401);
    // What is kept of a secret that holds is its hash: neither its text nor the bytes that it is written of.
    let mut sql = house.tower.sql();
    let hashed = format!("SELECT count(*) FROM identity_providers WHERE scim_sha256 = sha256('{secret}')");
    assert_eq!(number(&mut sql, &hashed), 1);
    let written = ["identity_providers", "audit_log"]
        .map(|table| texts(&mut sql, &format!("SELECT t::text AS value FROM {table} t")).join("\n"));
    for kept in written {
        assert!(
            !kept.is_empty() && !kept.contains(&secret) && !kept.contains(&hex::encode(&secret)),
            "{kept}"
        );
    }
}

impl Caller {
    async fn call_raw(&mut self, method: &str, path: &str) -> u16 {
        let bearer = format!("Bearer {}", self.secret);
        let path = format!("/scim/v2/{}{path}", self.tenant);
        self.browser.send(method, &path, "{}", &[("authorization", bearer.as_str())]).await.status
    }
}
