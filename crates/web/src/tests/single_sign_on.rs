//! Coming in by a provider's word, against the real database and a provider that lies when it is told to: what lets in, as
//! whom, and that everything else is refused by its own code, with a link in the audit log.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use farsight_control::doors::single_sign_on::{Unwelcome, turned_away};
use farsight_control::providers::{self, Wished};
use farsight_control::tenants::{self, NewTenant};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::{HOUR, Instant, MINUTE, SECOND};
use farsight_store::single_sign_on::Rule;
use farsight_tests::office::{at, sealer};
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::tower::{number, run, texts};
use farsight_tests::{Office, Tower};
use serde_json::{Value, json};

use super::provider::{CLIENT, Provider, Signed};
use crate::App;
use crate::testing::{self, Answer, Browser, PASSWORD, user};

/// A tower with a clock that the test sets, and a provider of a tenant's staff.
pub(super) struct Door {
    pub(super) tower: Tower,
    pub(super) office: Office,
    pub(super) provider: Provider,
    pub(super) clock: Arc<AtomicI64>,
}

const NETWORK: [(&str, &str); 2] = [
    ("regions", "region_code | name\nR1 | North\nR2 | South"),
    (
        "dealers",
        "dealer_code | name | region_code | city | lat | lon | opened_on\nD1 | One | R1 | X | 30.1 | 110.2 | 2020-01-01\nD2 | Two | R2 | Y | 30.2 | 110.3 | 2020-01-01",
    ),
];

impl Door {
    pub(super) async fn new(simulated: bool) -> Self {
        let tower = Tower::new();
        let new = NewTenant {
            code: "a".to_owned(),
            name: "A".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            currency: "CNY".to_owned(),
            from: None,
            simulated,
            policy: "example-2026".to_owned(),
        };
        tenants::add(&tower.database, &new, &sealer(), "test", at(testing::NOW)).unwrap();
        let mut office = Office::open(&tower, "a");
        office.import_folder(&Folder::of(&NETWORK.map(|(table, lines)| sheet(table, lines))));
        user(&mut office, "hq@a.example", Role::Hq, (&[], &[]));
        office.desk.actor = "hq@a.example".to_owned();
        let clock = Arc::new(AtomicI64::new(at(testing::NOW).0));
        let mut door = Self { tower, office, provider: Provider::serve().await, clock };
        door.add_provider("staff", &[], false);
        door
    }

    fn add_provider(&mut self, code: &str, dealers: &[&str], links_by_email: bool) {
        let wished = Wished {
            code: code.to_owned(),
            name: format!("Provider {code}"),
            issuer: self.provider.issuer.clone(),
            client_id: CLIENT.0.to_owned(),
            client_secret: CLIENT.1.to_owned(),
            scopes: vec!["email".to_owned()],
            dealers: dealers.iter().map(|code| (*code).to_owned()).collect(),
            links_by_email,
            enabled: true,
            ..Wished::default()
        };
        providers::add(&mut self.office.desk, &sealer(), &wished).unwrap();
        let rule = |value: &str, role, regions: &[&str], dealers: &[&str]| Rule {
            claim: "groups".to_owned(),
            value: value.to_owned(),
            role,
            regions: regions.iter().map(|code| (*code).to_owned()).collect(),
            dealers: dealers.iter().map(|code| (*code).to_owned()).collect(),
        };
        let rules = [
            rule("finance", Role::Finance, &[], &[]),
            rule("north", Role::RegionalManager, &["R1"], &[]),
            rule("shop", Role::Dealer, &[], &["D1"]),
        ];
        providers::set_rules(&mut self.office.desk, code, &rules).unwrap();
    }

    pub(super) fn now(&self) -> Instant {
        Instant(self.clock.load(Ordering::SeqCst))
    }

    pub(super) fn wait(&self, micros: i64) {
        self.clock.fetch_add(micros, Ordering::SeqCst);
    }

    pub(super) async fn app(&self) -> App {
        let told = Arc::clone(&self.clock);
        testing::at(&self.tower.database, Arc::new(move || Instant(told.load(Ordering::SeqCst)))).await
    }

    /// Claims as they should be, but for those given; one that is null is left out.
    pub(super) fn claims(&self, nonce: &str, other: &Value) -> Value {
        let now = self.now().0 / SECOND;
        let mut claims = json!({
            "iss": self.provider.issuer, "sub": "S-1", "aud": CLIENT.0, "exp": now + 300, "iat": now, "nonce": nonce,
            "email": "Anna@a.example", "email_verified": true, "name": "Anna", "groups": ["finance"],
        });
        for (name, value) in other.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    /// Sends a browser away and brings it back with what the provider makes of the claims.
    pub(super) async fn come(
        &self,
        browser: &mut Browser,
        provider: &str,
        other: &Value,
        signed: Signed,
    ) -> Answer {
        let away = self.send_away(browser, provider).await;
        let token = self.provider.token(&self.claims(&away.nonce, other), signed);
        self.provider.will_answer(answered(&token), &away.challenge);
        browser.get(&away.back(&code())).await
    }

    async fn send_away(&self, browser: &mut Browser, provider: &str) -> Away {
        let answer = browser.get(&format!("/sign-in/with/a/{provider}?next=/me")).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert!(answer.to.starts_with(&format!("{}/authorize?", self.provider.issuer)), "{}", answer.to);
        let url = url::Url::parse(&answer.to).unwrap();
        let get = |name: &str| {
            url.query_pairs().find(|(key, _)| key == name).map_or_else(String::new, |(_, v)| v.into_owned())
        };
        assert_eq!(
            (get("response_type"), get("client_id"), get("code_challenge_method"), get("redirect_uri")),
            ("code".into(), "tower".into(), "S256".into(), "http://tower.example/sign-in/return".into())
        );
        assert_eq!(get("scope"), "openid email");
        Away { state: get("state"), nonce: get("nonce"), challenge: get("code_challenge") }
    }

    /// Codes of refusals in the audit log, in order.
    pub(super) fn refusals(&self) -> Vec<String> {
        texts(
            &mut self.tower.sql(),
            "SELECT detail::json->>'code' AS value FROM audit_log WHERE action = 'session.refused' ORDER BY seq",
        )
    }

    pub(super) fn users(&self) -> Vec<String> {
        texts(
            &mut self.tower.sql(),
            "SELECT concat_ws(' ', email, role, regions::text, dealers::text, name, (disabled_at IS NOT NULL)::text) AS value
             FROM users WHERE email <> 'hq@a.example' ORDER BY email",
        )
    }
}

struct Away {
    state: String,
    nonce: String,
    challenge: String,
}

impl Away {
    fn back(&self, code: &str) -> String {
        format!("/sign-in/return?code={code}&state={}", self.state)
    }
}

/// What the program counted, as Prometheus reads it.
pub(super) fn counted(app: &App) -> String {
    prometheus::TextEncoder::new().encode_to_string(&app.parts.registry.gather()).unwrap()
}

/// A code that the provider gave to nobody yet.
fn code() -> String {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    format!("code-{}", TURN.fetch_add(1, Ordering::Relaxed))
}

fn answered(token: &str) -> Value {
    json!({ "access_token": "access", "token_type": "Bearer", "id_token": token })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_claim_table_makes_the_account_and_changes_it() {
    let door = Door::new(true).await;
    let app = door.app().await;
    let mut browser = Browser::new(&app);
    let page = browser.get("/sign-in").await.text();
    assert!(page.contains("/sign-in/with/a/staff?next=") && page.contains("Provider staff"), "{page}");
    let answer = door.come(&mut browser, "staff", &json!({}), Signed::Right).await;
    assert_eq!((answer.status, answer.to.as_str()), (303, "/me"), "{} {:?}", answer.text(), door.refusals());
    assert_eq!(door.users(), ["anna@a.example finance {} {} Anna false"]);
    let page = browser.get("/me").await.text();
    assert!(page.contains("anna@a.example"), "{page}");
    // Another role is another person to the tower: the browser that came as the old one is out.
    let mut other = Browser::new(&app);
    let more = json!({ "groups": ["north"], "name": "Anna B" });
    assert_eq!(door.come(&mut other, "staff", &more, Signed::Right).await.status, 303);
    assert_eq!(door.users(), ["anna@a.example regional-manager {R1} {} Anna B false"]);
    assert_eq!((browser.get("/me").await.status, other.get("/me").await.status), (303, 200));
    // The same subject is the same person, whatever their address is now.
    let moved = json!({ "email": "married@a.example", "groups": ["north"] });
    assert_eq!(door.come(&mut other, "staff", &moved, Signed::Right).await.status, 303);
    assert_eq!(door.users().len(), 1);
    // Whom no rule fits any more, is out at once, everywhere; and in again when one does.
    let gone = door.come(&mut Browser::new(&app), "staff", &json!({ "groups": [] }), Signed::Right).await;
    assert!(gone.status == 422 && gone.text().contains("nothing is foreseen"), "{}", gone.text());
    assert_eq!(other.get("/me").await.status, 303);
    assert!(door.users()[0].ends_with("true"), "{:?}", door.users());
    assert_eq!(door.come(&mut other, "staff", &json!({}), Signed::Right).await.status, 303);
    assert_eq!(door.users(), ["anna@a.example finance {} {} Anna false"]);
    let mut deeds = texts(
        &mut door.tower.sql(),
        "SELECT DISTINCT action AS value FROM audit_log WHERE actor = 'provider:staff' ORDER BY 1",
    );
    deeds.retain(|deed| deed.starts_with("user"));
    assert_eq!(deeds, ["user.add", "user.change", "user.disable", "user.enable"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_false_word_is_refused_by_its_own_code() {
    let door = Door::new(true).await;
    let now = door.now().0 / SECOND;
    let cases = [
        (json!({ "exp": now }), Signed::Right, "token_expired"),
        (json!({ "iat": now + 120 }), Signed::Right, "token_early"),
        (json!({ "nbf": now + 120 }), Signed::Right, "token_early"),
        (json!({ "aud": "another" }), Signed::Right, "token_audience"),
        (json!({ "aud": ["tower", "another"] }), Signed::Right, "token_audience"),
        (json!({ "azp": "another" }), Signed::Right, "token_audience"),
        (json!({ "iss": "http://another.example" }), Signed::Right, "token_issuer"),
        (json!({ "nonce": "of another sign-in" }), Signed::Right, "token_nonce"),
        (json!({ "nonce": null }), Signed::Right, "token_nonce"),
        (json!({}), Signed::NotAtAll, "token_unsigned"),
        (json!({}), Signed::WithThePublicKey, "token_algorithm"),
        (json!({}), Signed::WithTheClientsSecret, "token_algorithm"),
        (json!({}), Signed::ByAnother, "token_signature"),
        (json!({}), Signed::ByUnknown, "token_key"),
        (json!({ "email": null }), Signed::Right, "sso_email"),
        (json!({ "groups": ["nobody"] }), Signed::Right, "sso_rule"),
        (json!({ "email": "hq@a.example" }), Signed::Right, "sso_taken"),
    ];
    let mut expected = Vec::new();
    for (other, signed, code) in cases {
        // Each from an installation of its own: from one address there are only so many tries a minute.
        let mut browser = Browser::new(&door.app().await);
        let answer = door.come(&mut browser, "staff", &other, signed).await;
        assert_eq!(answer.status, 422, "{code}: {}", answer.text());
        assert!(browser.cookie("session").is_none() && browser.get("/me").await.status == 303, "{code}");
        expected.push(code.to_owned());
        assert_eq!(door.refusals(), expected, "{other}");
    }
    assert_eq!(door.users(), Vec::<String>::new(), "nobody was made");
    assert_eq!(number(&mut door.tower.sql(), "SELECT count(*) FROM identities"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_is_used_once_by_the_browser_that_began_it() {
    let door = Door::new(true).await;
    let app = door.app().await;
    let mut browser = Browser::new(&app);
    let away = door.send_away(&mut browser, "staff").await;
    let token = door.provider.token(&door.claims(&away.nonce, &json!({})), Signed::Right);
    door.provider.will_answer(answered(&token), &away.challenge);
    // Somebody else's browser with this answer: nothing, and the sign-in stays the first one's.
    let stranger = Browser::new(&app).get(&away.back("code-x")).await;
    assert!(
        stranger.status == 422 && stranger.text().contains("begun in another browser"),
        "{}",
        stranger.text()
    );
    let sent = browser.cookie("sent").unwrap().to_owned();
    let used = code();
    assert_eq!(browser.get(&away.back(&used)).await.status, 303);
    // The same answer again: the state is used.
    let mut again = Browser::new(&app);
    again.set_cookie("sent", &sent);
    assert_eq!(again.get(&away.back(&used)).await.status, 422);
    // The same token in another sign-in has another's nonce; the same code is refused by the provider.
    let next = door.send_away(&mut again, "staff").await;
    door.provider.will_answer(answered(&token), &next.challenge);
    assert_eq!(again.get(&next.back(&code())).await.status, 422);
    let next = door.send_away(&mut again, "staff").await;
    assert_eq!(again.get(&next.back(&used)).await.status, 422);
    // A code that was stolen is worth nothing without the verifier.
    let next = door.send_away(&mut again, "staff").await;
    let token = door.provider.token(&door.claims(&next.nonce, &json!({})), Signed::Right);
    door.provider.will_answer(answered(&token), "of another browser");
    assert_eq!(again.get(&next.back(&code())).await.status, 422);
    // Too late.
    let next = door.send_away(&mut again, "staff").await;
    door.wait(10 * MINUTE);
    assert_eq!(again.get(&next.back(&code())).await.status, 422);
    // Other answers than a code.
    let next = door.send_away(&mut again, "staff").await;
    let denied = format!("/sign-in/return?error=access_denied&state={}", next.state);
    assert_eq!(again.get(&denied).await.status, 422);
    let next = door.send_away(&mut again, "staff").await;
    let from_elsewhere = format!("{}&iss=https://evil.example", next.back(&code()));
    assert_eq!(again.get(&from_elsewhere).await.status, 422);
    let next = door.send_away(&mut again, "staff").await;
    door.provider.will_answer(json!({ "access_token": "access", "token_type": "Bearer" }), &next.challenge);
    assert_eq!(again.get(&next.back(&code())).await.status, 422);
    assert_eq!(
        door.refusals(),
        ["token_nonce", "provider_code", "provider_code", "sso_denied", "token_issuer", "token_missing"],
        "what belongs to no sign-in under way leaves no link"
    );
    let counted = counted(&app);
    assert!(counted.contains(r#"farsight_sign_ins_refused_total{code="sso_state"} 3"#), "{counted}");
    assert_eq!(browser.get("/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_keys_are_asked_for_but_not_too_often() {
    let door = Door::new(true).await;
    let app = door.app().await;
    let mut browser = Browser::new(&app);
    assert_eq!(door.come(&mut browser, "staff", &json!({}), Signed::Right).await.status, 303);
    assert_eq!(door.provider.asked_for_keys(), 1);
    door.provider.rotate();
    assert_eq!(door.come(&mut browser, "staff", &json!({}), Signed::Right).await.status, 422);
    assert_eq!(door.provider.asked_for_keys(), 1, "within a minute they are not asked for again");
    door.wait(MINUTE);
    assert_eq!(door.come(&mut browser, "staff", &json!({}), Signed::Right).await.status, 303);
    assert_eq!(door.provider.asked_for_keys(), 2);
    assert_eq!(door.come(&mut browser, "staff", &json!({}), Signed::ByUnknown).await.status, 422);
    assert_eq!(door.come(&mut browser, "staff", &json!({}), Signed::ByUnknown).await.status, 422);
    assert_eq!(door.provider.asked_for_keys(), 2);
    assert_eq!(door.refusals(), ["token_key", "token_key", "token_key"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moves_money_shows_a_second_factor_there_or_here() {
    let door = Door::new(false).await;
    let app = door.app().await;
    let mut browser = Browser::new(&app);
    door.come(&mut browser, "staff", &json!({ "amr": ["pwd"] }), Signed::Right).await;
    assert_eq!(browser.get("/me").await.to, "/me/second-factor");
    let mut strong = Browser::new(&app);
    door.come(&mut strong, "staff", &json!({ "amr": ["pwd", "mfa"] }), Signed::Right).await;
    assert_eq!(strong.get("/me").await.status, 200);
    // Whom it gives no second factor and who moves no money, needs none.
    let mut dealer = Browser::new(&app);
    let claims = json!({ "sub": "S-2", "email": "dan@a.example", "groups": ["shop"] });
    door.come(&mut dealer, "staff", &claims, Signed::Right).await;
    assert_eq!(dealer.get("/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_there_is_taken_over_only_where_it_may() {
    let mut door = Door::new(true).await;
    user(&mut door.office, "dan@a.example", Role::Dealer, (&[], &["D1"]));
    user(&mut door.office, "eve@a.example", Role::Operator, (&[], &[]));
    user(&mut door.office, "fay@a.example", Role::Finance, (&[], &[]));
    door.add_provider("trusted", &[], true);
    door.add_provider("group", &["D1"], true);
    let app = door.app().await;
    let person = |sub: &str, email: &str, groups: &str, verified: bool| json!({ "sub": sub, "email": email, "groups": [groups], "email_verified": verified });
    for (provider, claims, status) in [
        ("staff", person("S-5", "dan@a.example", "shop", true), 422), // not allowed for this provider
        ("trusted", person("S-5", "dan@a.example", "shop", false), 422), // nobody vouches for the address
        ("trusted", person("S-6", "eve@a.example", "finance", true), 422), // an operator's
        ("group", person("S-7", "fay@a.example", "shop", true), 422), // no user of the group's
        ("group", person("S-7", "new@a.example", "finance", true), 422), // a group makes users of its dealers only
        ("group", person("S-5", "dan@a.example", "shop", true), 303),
        ("trusted", person("S-5", "dan@a.example", "shop", true), 422), // another provider looks after it now
        ("group", person("S-8", "new@a.example", "shop", true), 303),
    ] {
        let answer = door.come(&mut Browser::new(&app), provider, &claims, Signed::Right).await;
        assert_eq!(answer.status, status, "{provider} {claims}");
    }
    let refusals = door.refusals();
    assert_eq!(refusals, ["sso_taken", "sso_taken", "sso_taken", "sso_taken", "sso_rule", "sso_taken"]);
    // An administrator's word stands above the provider's.
    run(&mut door.tower.sql(), "UPDATE users SET disabled_at = '2020-01-01' WHERE email = 'new@a.example'");
    let claims = person("S-8", "new@a.example", "shop", true);
    assert_eq!(door.come(&mut Browser::new(&app), "group", &claims, Signed::Right).await.status, 422);
    assert_eq!(door.refusals().last().unwrap(), "sso_disabled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_ends_the_session_there_too() {
    let door = Door::new(true).await;
    let mut browser = Browser::new(&door.app().await);
    door.come(&mut browser, "staff", &json!({}), Signed::Right).await;
    // Tokens lie sealed.
    let kept =
        |sealed: &str| format!("SELECT count(*) FROM sessions WHERE token_sealed IS NOT NULL AND {sealed}");
    let open = "encode(token_sealed, 'escape') LIKE '%ey%.ey%'";
    let mut sql = door.tower.sql();
    assert_eq!((number(&mut sql, &kept("true")), number(&mut sql, &kept(open))), (1, 0));
    let answer = browser.post("/sign-out", &[]).await;
    let there = answer.headers.get("refresh").unwrap().to_str().unwrap().to_owned();
    let end = format!("0; url={}/end?", door.provider.issuer);
    assert!(answer.status == 200 && there.starts_with(&end), "{there}");
    assert!(there.contains("id_token_hint=ey") && there.contains("post_logout_redirect_uri=http"), "{there}");
    assert_eq!(browser.get("/me").await.status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_signs_out_by_itself() {
    let door = Door::new(true).await;
    let app = door.app().await;
    let (mut browser, mut other) = (Browser::new(&app), Browser::new(&app));
    door.come(&mut browser, "staff", &json!({}), Signed::Right).await;
    let another = json!({ "sub": "S-2", "email": "ben@a.example" });
    door.come(&mut other, "staff", &another, Signed::Right).await;
    let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let farewell = |more: Value| {
        let mut claims = json!({ "events": events, "nonce": null, "email": null, "groups": null });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        door.claims("", &claims)
    };
    for (claims, signed, status, stays) in [
        (door.claims("n", &json!({})), Signed::Right, 400, 200), // a token to sign in by
        (farewell(json!({ "nonce": "n" })), Signed::Right, 400, 200),
        (farewell(json!({ "aud": "another" })), Signed::Right, 400, 200),
        (farewell(json!({ "exp": door.now().0 / SECOND })), Signed::Right, 400, 200),
        (farewell(json!({})), Signed::NotAtAll, 400, 200),
        (farewell(json!({})), Signed::ByAnother, 400, 200),
        (farewell(json!({ "sub": "nobody" })), Signed::Right, 200, 200),
        (farewell(json!({})), Signed::Right, 200, 303),
    ] {
        let token = door.provider.token(&claims, signed);
        let answer = Browser::new(&app).post("/sign-out/by/a/staff", &[("logout_token", &token)]).await;
        assert_eq!((answer.status, browser.get("/me").await.status), (status, stays), "{claims} {signed:?}");
    }
    assert_eq!(other.get("/me").await.status, 200);
    // The same word again, to whom has come back since: it says nothing of that session.
    let token = door.provider.token(&farewell(json!({})), Signed::Right);
    door.wait(2 * MINUTE);
    door.come(&mut browser, "staff", &json!({}), Signed::Right).await;
    let again = Browser::new(&app).post("/sign-out/by/a/staff", &[("logout_token", &token)]).await;
    assert_eq!((again.status, browser.get("/me").await.status), (200, 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_write_no_more_than_so_much() {
    let mut door = Door::new(true).await;
    let app = door.app().await;
    // So many are away as may be: who is sent away next makes the one that went first begin anew.
    let filled = format!(
        "INSERT INTO sign_ins_under_way (tenant_id, state_sha256, provider_code, secrets_sealed, next, ends_at)
         SELECT {}, int4send(n), 'staff', '', '/', to_timestamp({}) + n * interval '1 microsecond' FROM generate_series(1, 10000) n",
        door.office.tenant(),
        door.now().0 / SECOND,
    );
    run(&mut door.tower.sql(), &filled);
    let away = door.send_away(&mut Browser::new(&app), "staff").await;
    let kept = |which: &str| {
        number(&mut door.tower.sql(), &format!("SELECT count(*) FROM sign_ins_under_way WHERE {which}"))
    };
    assert_eq!((kept("true"), kept("state_sha256 = int4send(1)")), (10_000, 0));
    assert_eq!((kept("octet_length(state_sha256) > 4"), away.state.is_empty()), (1, false));
    // Refusals of whom nothing is known are written down, but not without end.
    let now = door.now();
    let denied = Unwelcome::Denied;
    for (time, links) in [(0, 100), (MINUTE, 100), (HOUR, 200)] {
        door.office.now(Instant(now.0 + time));
        for _ in 0..105 {
            turned_away(&mut door.office.desk, "staff", &denied).unwrap();
        }
        assert_eq!(door.refusals().len(), links, "{time}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headquarters_look_after_providers() {
    let mut door = Door::new(true).await;
    user(&mut door.office, "fin@a.example", Role::Finance, (&[], &[]));
    let app = door.app().await;
    let mut hq = Browser::new(&app);
    hq.post("/sign-in", &[("email", "hq@a.example"), ("password", PASSWORD)]).await;
    let issuer = door.provider.issuer.clone();
    let fields = |code: &'static str, secret: &'static str| {
        [
            ("code", code),
            ("name", "Group"),
            ("client_id", "tower"),
            ("client_secret", secret),
            ("dealers", "D1"),
            ("enabled", "yes"),
        ]
    };
    let with = |fields: &[(&'static str, &'static str)], issuer: &str| -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.push(("issuer".to_owned(), issuer.to_owned()));
        all
    };
    let post = async |hq: &mut Browser, path: &str, fields: Vec<(String, String)>| {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        hq.post(path, &fields).await
    };
    for (fields, issuer) in [
        (fields("Group", "s"), issuer.as_str()),
        (fields("staff", "s"), issuer.as_str()),
        (fields("group", ""), issuer.as_str()),
        (fields("group", "s"), "ldap://x"),
    ] {
        let answer = post(&mut hq, "/single-sign-on", with(&fields, issuer)).await;
        assert_eq!(answer.status, 422, "{fields:?}: {}", answer.text());
    }
    let added = post(&mut hq, "/single-sign-on", with(&fields("group", "s"), &issuer)).await;
    assert_eq!(added.to, "/single-sign-on/group", "{}", added.text());
    let changed =
        post(&mut hq, "/single-sign-on/group", with(&fields("group", ""), "https://other.example")).await;
    assert_eq!(changed.status, 422, "the issuer stays");
    let rules = [("claim", "dealer"), ("value", "*"), ("role", "dealer"), ("regions", ""), ("dealers", "*")];
    assert_eq!(hq.post("/single-sign-on/group/rules", &rules).await.status, 303);
    let odd = [("claim", "dealer"), ("value", "*"), ("role", "dealer"), ("regions", "R1"), ("dealers", "")];
    assert_eq!(hq.post("/single-sign-on/group/rules", &odd).await.status, 422);
    for (claims, says) in [
        (r#"{"dealer":["D1","D2"]}"#, "· D1<"),
        (r#"{"dealer":"D2"}"#, "no row fits"),
        ("nonsense", "JSON object"),
    ] {
        let page = hq.post("/single-sign-on/group/try", &[("claims", claims)]).await.text();
        assert!(page.contains(says), "{claims}: {page}");
    }
    assert!(hq.post("/single-sign-on/group/look", &[]).await.text().contains("The provider answers"));
    let page = hq.post("/single-sign-on/group/secret", &[]).await.text();
    assert!(
        page.contains("shown this once")
            && !hq.get("/single-sign-on/group").await.text().contains("shown this once")
    );
    assert!(!page.contains(CLIENT.1), "a client's secret is never shown");
    assert_eq!(hq.post("/single-sign-on/group/secret/gone", &[]).await.status, 303);
    for language in ["en", "zh-CN"] {
        hq.language = language;
        assert_eq!(hq.get("/single-sign-on").await.status, 200, "{language}");
        assert_eq!(hq.get("/single-sign-on/group").await.status, 200, "{language}");
    }
    let mut fin = Browser::new(&app);
    fin.post("/sign-in", &[("email", "fin@a.example"), ("password", PASSWORD)]).await;
    assert_eq!(fin.get("/single-sign-on").await.status, 404);
    // A provider that is off lets nobody in, and ends the sessions it began.
    let mut browser = Browser::new(&app);
    door.come(&mut browser, "staff", &json!({}), Signed::Right).await;
    let off = [("name", "Staff"), ("client_id", "tower"), ("issuer", issuer.as_str())];
    assert_eq!(hq.post("/single-sign-on/staff", &off).await.status, 303);
    assert_eq!(
        (browser.get("/me").await.status, browser.get("/sign-in/with/a/staff").await.status),
        (303, 404)
    );
}
