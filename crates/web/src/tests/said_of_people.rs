//! What a provider says of people by tokens and by provisioning, put together: nobody takes a colleague's place, neither word
//! undoes the other, and what is over is over at once.

use farsight_control::providers::{self, Wished};
use farsight_control::provisioning::{self, Person, Refusal, Shown};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::{HOUR, SECOND};
use farsight_store::session::Isolation;
use farsight_store::single_sign_on::{self, Rule};
use farsight_tests::office::sealer;
use farsight_tests::tower::{number, run, texts};
use serde_json::{Value, json};

use super::provider::Signed;
use super::single_sign_on::{Door, counted};
use crate::testing::{Browser, PASSWORD};

/// A provider that provisions: what it tells, as SCIM's calls do.
struct Told {
    door: Door,
    provider: single_sign_on::Provider,
}

impl Told {
    /// With rules on a token's `groups`, and on `department`.
    async fn new() -> Self {
        let mut door = Door::new(true).await;
        let desk = &mut door.office.desk;
        let rule = |claim: &str, value: &str, role| Rule {
            claim: claim.to_owned(),
            value: value.to_owned(),
            role,
            regions: Vec::new(),
            dealers: Vec::new(),
        };
        let rules = [rule("groups", "finance", Role::Finance), rule("department", "Calls", Role::CallCentre)];
        providers::set_rules(desk, "staff", &rules).unwrap();
        let secret = providers::make_scim_secret(desk, &sealer(), "staff").unwrap();
        let provider = provisioning::whose(desk, &secret).unwrap().unwrap();
        Self { door, provider }
    }

    fn add(&mut self, person: &Person) -> Result<Shown, Refusal> {
        provisioning::add_person(&mut self.door.office.desk, &sealer(), &self.provider, person).unwrap()
    }

    fn change(&mut self, id: &str, person: &Person) {
        let told = |_: &Shown| Ok::<_, ()>(person.clone());
        provisioning::change_person(&mut self.door.office.desk, &self.provider, id, told)
            .unwrap()
            .unwrap()
            .unwrap();
    }

    async fn come(&self, app: &crate::App, claims: Value) -> (u16, Browser) {
        let mut browser = Browser::new(app);
        let status = self.door.come(&mut browser, "staff", &claims, Signed::Right).await.status;
        (status, browser)
    }
}

fn person(user_name: &str, attributes: Value) -> Person {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    Person { user_name: user_name.to_owned(), name: "Somebody".to_owned(), attributes, ..Person::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provisioned_persons_place_is_not_taken() {
    let mut told = Told::new().await;
    told.add(&person("cfo@a.example", json!({ "department": "Calls" }))).unwrap();
    let later = person("later@a.example", json!({}));
    told.add(&later).unwrap();
    let known = person("known@a.example", json!({ "department": "Calls" }));
    told.add(&Person { external_id: Some("OID-1".to_owned()), ..known }).unwrap();
    let before = told.door.users();
    let app = told.door.app().await;
    for (claims, status) in [
        // A colleague who set this address, or calls themselves so.
        (json!({ "sub": "S-9", "email": "cfo@a.example", "email_verified": false }), 422),
        (json!({ "sub": "S-9", "email": "cfo@a.example", "email_verified": null }), 422),
        (json!({ "sub": "S-9", "email": null, "preferred_username": "cfo@a.example" }), 422),
        // Nor is there a second one of the name, where there is no account yet.
        (json!({ "sub": "S-9", "email": "later@a.example", "email_verified": false }), 422),
        // The person themselves: by an address that was made sure of, or by an id that lasts.
        (json!({ "sub": "S-1", "email": "CFO@a.example" }), 303),
        (
            json!({ "sub": "S-2", "oid": "OID-1", "email": null, "preferred_username": "known@a.example" }),
            303,
        ),
        (
            json!({ "sub": "S-3", "oid": "OID-1", "email": null, "preferred_username": "known@a.example" }),
            422,
        ),
    ] {
        assert_eq!(told.come(&app, claims.clone()).await.0, status, "{claims}");
    }
    assert_eq!(told.door.refusals(), ["sso_taken"; 5]);
    assert_eq!(told.door.users().len(), before.len(), "{:?}", told.door.users());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provisioning_and_signing_in_judge_the_same() {
    let mut told = Told::new().await;
    let app = told.door.app().await;
    // Users are pushed, groups are not: those are in the token.
    let anna = told.add(&person("anna@a.example", json!({}))).unwrap().identity.id;
    assert_eq!(told.door.users(), Vec::<String>::new());
    let (status, mut browser) = told.come(&app, json!({})).await;
    assert_eq!((status, told.door.users()[0].as_str()), (303, "anna@a.example finance {} {} Somebody false"));
    told.change(&anna, &person("anna@a.example", json!({ "title": "Ms", "groups": [] })));
    assert_eq!(browser.get("/me").await.status, 200, "{:?}", told.door.users());
    // The rule is on what is pushed: the token says nothing of it.
    let ben = told.add(&person("ben@a.example", json!({ "department": "Calls" }))).unwrap().identity.id;
    let claims = json!({ "sub": "S-2", "email": "ben@a.example", "groups": null });
    let (status, mut browser) = told.come(&app, claims.clone()).await;
    assert_eq!((status, browser.get("/me").await.status), (303, 200), "{:?}", told.door.users());
    // What is pushed works at once, and stands above what a token said before.
    let claims = json!({ "sub": "S-2", "email": "ben@a.example", "groups": null, "department": "Calls" });
    let (_, mut browser) = told.come(&app, claims.clone()).await;
    told.change(&ben, &person("ben@a.example", json!({ "department": "Cars" })));
    assert_eq!((browser.get("/me").await.status, told.come(&app, claims).await.0), (303, 422));
    assert!(told.door.users()[1].ends_with("true"), "{:?}", told.door.users());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_deleted_is_forgotten_and_may_come_again() {
    let mut told = Told::new().await;
    let app = told.door.app().await;
    let cara = Person {
        external_id: Some("E-1".to_owned()),
        ..person("cara@a.example", json!({ "department": "Calls", "phone": "123" }))
    };
    let first = told.add(&cara).unwrap().identity.id;
    let claims = |sub: &str| json!({ "sub": sub, "email": "cara@a.example", "groups": ["finance"] });
    assert_eq!(told.come(&app, claims("S-1")).await.0, 303);
    provisioning::drop_person(&mut told.door.office.desk, &told.provider, &first).unwrap().unwrap();
    let kept = texts(
        &mut told.door.tower.sql(),
        "SELECT concat_ws(' ', coalesce(external_id, '-'), '[' || name || ']', attributes, claims) AS value FROM identities",
    );
    assert_eq!(kept, ["- [] {} {}"]);
    for sub in ["S-1", "S-2"] {
        assert_eq!(told.come(&app, claims(sub)).await.0, 422, "{sub}");
    }
    // Taken on again: the provider made her anew, with another subject; an unsaid `active` means that she may.
    let again = told.add(&cara).unwrap();
    assert!(again.identity.id == first && again.identity.active);
    assert_eq!(told.come(&app, claims("S-2")).await.0, 303);
    assert_eq!(told.come(&app, claims("S-1")).await.0, 422, "the old subject is nobody now");
    assert_eq!(told.door.users().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_headquarters_took_away_meanwhile_holds() {
    let mut told = Told::new().await;
    let desk = &mut told.door.office.desk;
    // The call has read its provider by the secret, and waits; another secret is made.
    desk.now.0 += SECOND;
    let secret = providers::make_scim_secret(desk, &sealer(), "staff").unwrap();
    let anna = person("anna@a.example", json!({ "department": "Calls" }));
    assert_eq!(told.add(&anna).unwrap_err(), Refusal::Over);
    // Likewise: it is made a dealer group's, whose users are of its dealers only; and turned off.
    told.provider = provisioning::whose(&mut told.door.office.desk, &secret).unwrap().unwrap();
    let mut wished = Wished {
        code: "staff".to_owned(),
        name: "Staff".to_owned(),
        issuer: told.provider.issuer.clone(),
        client_id: "tower".to_owned(),
        dealers: vec!["D1".to_owned()],
        enabled: true,
        ..Wished::default()
    };
    providers::change(&mut told.door.office.desk, &sealer(), &wished).unwrap();
    told.add(&anna).unwrap();
    assert_eq!(told.door.users(), Vec::<String>::new(), "a call-centre user is no group's to make");
    wished.enabled = false;
    providers::change(&mut told.door.office.desk, &sealer(), &wished).unwrap();
    assert_eq!(told.add(&person("ben@a.example", json!({}))).unwrap_err(), Refusal::Over);
    // Who adds a provider that somebody else added this moment changes nothing of it.
    let (scope, now) = (told.door.office.desk.scope(), told.door.office.desk.now);
    let other = single_sign_on::Provider { issuer: "https://evil.example".to_owned(), ..told.provider };
    let added = told
        .door
        .office
        .desk
        .session
        .transaction(scope, Isolation::ReadCommitted, |tx| single_sign_on::add_provider(tx, &other, now));
    assert!(!added.unwrap());
    let issuers = "SELECT count(*) FROM identity_providers WHERE issuer = 'https://evil.example'";
    assert_eq!(number(&mut told.door.tower.sql(), issuers), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_waits_for_no_provider() {
    let door = Door::new(true).await;
    let app = door.app().await;
    let sessions = || number(&mut door.tower.sql(), "SELECT count(*) FROM sessions");
    // A token that the key does not open any more.
    let mut browser = Browser::new(&app);
    door.come(&mut browser, "staff", &json!({}), Signed::Right).await;
    run(&mut door.tower.sql(), "UPDATE sessions SET token_sealed = 'nonsense'");
    let answer = browser.post("/sign-out", &[]).await;
    assert_eq!((answer.status, sessions()), (303, 0), "{}", answer.text());
    // A provider that says nothing: while it is asked, nobody is signed in any more.
    door.come(&mut browser, "staff", &json!({}), Signed::Right).await;
    door.wait(HOUR);
    let asked = door.provider.fall_silent();
    let leaves = tokio::spawn(async move { browser.post("/sign-out", &[]).await });
    asked.notified().await;
    assert_eq!(sessions(), 0);
    let answer = leaves.await.unwrap();
    assert_eq!((answer.status, answer.to.as_str()), (303, "/sign-in"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_write_nothing_into_the_audit_log() {
    let door = Door::new(true).await;
    let app = door.app().await;
    let links = || number(&mut door.tower.sql(), "SELECT count(*) FROM audit_log");
    let before = links();
    for (cookie, asked) in
        [("1.x", "?state=x&code=c"), ("1.x", "?state=y&error=no"), ("1.x", ""), ("99.x", "?state=x")]
    {
        let mut stranger = Browser::new(&app);
        stranger.set_cookie("sent", cookie);
        assert_eq!(stranger.get(&format!("/sign-in/return{asked}")).await.status, 422, "{cookie} {asked}");
    }
    assert_eq!(Browser::new(&app).get("/sign-in/return?state=x").await.status, 422);
    // Nor does who would be sent away, were the provider there.
    run(&mut door.tower.sql(), "UPDATE identity_providers SET issuer = 'http://127.0.0.1:9'");
    assert_eq!(Browser::new(&app).get("/sign-in/with/a/staff").await.status, 422);
    assert_eq!(links(), before);
    let counted = counted(&app);
    for refused in [r#"{code="sso_state"} 5"#, r#"{code="provider_away"} 1"#] {
        assert!(counted.contains(&format!("farsight_sign_ins_refused_total{refused}")), "{counted}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_ends_the_session_it_names() {
    let door = Door::new(true).await;
    let app = door.app().await;
    let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let farewell = async |over: Value| {
        let mut claims =
            json!({ "events": events, "nonce": null, "email": null, "groups": null, "sub": null });
        claims.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        let token = door.provider.token(&door.claims("", &claims), Signed::Right);
        Browser::new(&app).post("/sign-out/by/a/staff", &[("logout_token", &token)]).await.status
    };
    let mut browsers = Vec::new();
    for claims in [
        json!({ "sid": "at-work" }),
        json!({ "sid": "at-home" }),
        json!({}),
        json!({ "sid": "at-work-2", "sub": "S-2", "email": "ben@a.example" }),
    ] {
        let mut browser = Browser::new(&app);
        door.come(&mut browser, "staff", &claims, Signed::Right).await;
        browsers.push(browser);
    }
    for (over, status, stay) in [
        (json!({}), 400, [200, 200, 200, 200]), // neither person nor session
        (json!({ "sid": "another" }), 200, [200, 200, 200, 200]),
        (json!({ "sid": "at-work" }), 200, [303, 200, 200, 200]),
        (json!({ "sid": "at-lunch", "sub": "S-1" }), 200, [303, 200, 303, 200]), // one of hers without a name
        (json!({ "sub": "S-1" }), 200, [303, 303, 303, 200]),
    ] {
        assert_eq!(farewell(over.clone()).await, status, "{over}");
        for (number, (browser, stays)) in browsers.iter_mut().zip(stay).enumerate() {
            assert_eq!(browser.get("/me").await.status, stays, "{over} {number}");
        }
    }
    let told = "SELECT concat_ws(' ', subject, detail) AS value FROM audit_log WHERE action = 'session.end-by-provider' ORDER BY seq";
    assert_eq!(texts(&mut door.tower.sql(), told), [r#"anna@a.example {"ended":1}"#; 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headquarters_unlink_whom_the_provider_made_anew() {
    let door = Door::new(true).await;
    let app = door.app().await;
    let (mut old, mut new) = (Browser::new(&app), Browser::new(&app));
    door.come(&mut old, "staff", &json!({}), Signed::Right).await;
    let anew = json!({ "sub": "S-2" });
    assert_eq!(door.come(&mut new, "staff", &anew, Signed::Right).await.status, 422);
    let mut hq = Browser::new(&app);
    hq.post("/sign-in", &[("email", "hq@a.example"), ("password", PASSWORD)]).await;
    let unlink = async |hq: &mut Browser, email: &str| {
        hq.post("/single-sign-on/staff/unlink", &[("email", email)]).await.status
    };
    assert_eq!(
        (unlink(&mut hq, "hq@a.example").await, unlink(&mut hq, "nobody@a.example").await),
        (422, 422)
    );
    assert_eq!(unlink(&mut hq, " Anna@a.example ").await, 303);
    assert_eq!(old.get("/me").await.status, 303, "what began by the old subject is over");
    let lies = json!({ "sub": "S-3", "email_verified": false });
    assert_eq!(door.come(&mut old, "staff", &lies, Signed::Right).await.status, 422);
    assert_eq!(door.come(&mut new, "staff", &anew, Signed::Right).await.status, 303);
    assert_eq!(door.come(&mut old, "staff", &json!({}), Signed::Right).await.status, 422);
    let links = "SELECT count(*) FROM audit_log WHERE action = 'provider.unlink' AND actor = 'hq@a.example'";
    assert_eq!(number(&mut door.tower.sql(), links), 1);
}
