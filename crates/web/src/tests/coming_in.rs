//! Coming in, against the real database: what lets in, what does not, and what ends a session.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use farsight_control::doors;
use farsight_control::tenants::{self, NewTenant};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::{HOUR, Instant, MINUTE, SECOND};
use farsight_tests::office::{at, sealer};
use farsight_tests::tower::{number, texts};
use farsight_tests::{Office, Tower};

use crate::App;
use crate::testing::{self, Browser, PASSWORD, user};

/// A tower with a clock that the test sets, and one user of finance.
struct Door {
    tower: Tower,
    office: Office,
    app: App,
    clock: Arc<AtomicI64>,
}

impl Door {
    /// A simulated tenant's, which may do without a second factor.
    async fn simulated() -> Self {
        let tower = Tower::new();
        let office = Office::new(&tower, "a", "example-2026");
        Self::of(tower, office).await
    }

    /// A real tenant's.
    async fn real() -> Self {
        let tower = Tower::new();
        let new = NewTenant {
            code: "a".to_owned(),
            name: "A".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            currency: "CNY".to_owned(),
            from: None,
            simulated: false,
            policy: "example-2026".to_owned(),
        };
        tenants::add(&tower.database, &new, &sealer(), "test", at(testing::NOW)).unwrap();
        let office = Office::open(&tower, "a");
        Self::of(tower, office).await
    }

    async fn of(tower: Tower, mut office: Office) -> Self {
        user(&mut office, "fin@a.example", Role::Finance, (&[], &[]));
        let clock = Arc::new(AtomicI64::new(at(testing::NOW).0));
        let told = Arc::clone(&clock);
        let app = testing::at(&tower.database, Arc::new(move || Instant(told.load(Ordering::SeqCst)))).await;
        Self { tower, office, app, clock }
    }

    fn wait(&self, micros: i64) {
        self.clock.fetch_add(micros, Ordering::SeqCst);
    }

    async fn sign_in(&self, password: &str) -> (Browser, testing::Answer) {
        let mut browser = Browser::new(&self.app);
        let answer = browser.post("/sign-in", &[("email", "fin@a.example"), ("password", password)]).await;
        (browser, answer)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_right_password_lets_in() {
    let door = Door::simulated().await;
    let mut stranger = Browser::new(&door.app);
    let answer = stranger.get("/me?x=1").await;
    assert_eq!((answer.status, answer.to.as_str()), (303, "/sign-in?next=%2Fme%3Fx%3D1"));
    for (email, password) in
        [("fin@a.example", "not this one"), ("nobody@a.example", PASSWORD), ("", ""), ("fin@a.example", "")]
    {
        let answer = stranger.post("/sign-in", &[("email", email), ("password", password)]).await;
        assert_eq!(answer.status, 422, "{email}");
        assert!(answer.text().contains("Address or password is wrong"), "{}", answer.text());
        assert!(stranger.cookie("session").is_none());
    }
    let fields = [("email", "FIN@a.example "), ("password", PASSWORD), ("next", "/me?x=1")];
    let answer = stranger.post("/sign-in", &fields).await;
    assert_eq!((answer.status, answer.to.as_str()), (303, "/me?x=1"));
    let cookie = answer.headers.get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let page = stranger.get("/me").await;
    assert!(page.status == 200 && page.text().contains("fin@a.example"), "{}", page.text());
    // Nobody is sent elsewhere.
    let fields = [("email", "fin@a.example"), ("password", PASSWORD), ("next", "https://evil.example/")];
    assert_eq!(stranger.post("/sign-in", &fields).await.to, "/");
    // Only hashes are stored.
    let secret = stranger.cookie("session").unwrap().split_once('.').unwrap().1.to_owned();
    let mut sql = door.tower.sql();
    let stored = texts(&mut sql, "SELECT encode(secret_sha256, 'hex') AS value FROM sessions");
    assert!(!stored.is_empty() && stored.iter().all(|stored| *stored != secret));
    let hashes = texts(&mut sql, "SELECT password_hash AS value FROM users WHERE email = 'fin@a.example'");
    assert!(hashes[0].starts_with("$argon2id$"), "{hashes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenants_number_opens_nothing() {
    let door = Door::simulated().await;
    let other = Office::new(&door.tower, "b", "example-2026");
    let mut browser = Browser::new(&door.app);
    let fields = [("tenant", "a"), ("email", "fin@a.example"), ("password", PASSWORD)];
    assert_eq!(browser.post("/sign-in", &fields).await.status, 303);
    let secret = browser.cookie("session").unwrap().split_once('.').unwrap().1.to_owned();
    browser.set_cookie("session", &format!("{}.{secret}", other.tenant()));
    assert_eq!(browser.get("/me").await.status, 303);
    for broken in ["", ".", "x.y", "1.", "999999.00", "1"] {
        browser.set_cookie("session", broken);
        assert_eq!(browser.get("/me").await.status, 303, "{broken}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_tries_lock_for_a_while() {
    let door = Door::simulated().await;
    for _ in 0..5 {
        assert_eq!(door.sign_in("not this one").await.1.status, 422);
    }
    let (_, answer) = door.sign_in(PASSWORD).await;
    assert!(answer.text().contains("wait 1 min"), "the right one is not looked at either: {}", answer.text());
    door.wait(MINUTE);
    assert_eq!(door.sign_in(PASSWORD).await.1.status, 303);
    assert_eq!(number(&mut door.tower.sql(), "SELECT failures::bigint AS value FROM users"), 0);
    // From one address there are only so many tries a minute.
    let mut refused = 0;
    for _ in 0..40 {
        refused += i32::from(door.sign_in("not this one").await.1.status == 429);
    }
    assert!(refused > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end() {
    let mut door = Door::simulated().await;
    let (mut one, _) = door.sign_in(PASSWORD).await;
    let (mut two, _) = door.sign_in(PASSWORD).await;
    assert_eq!(two.get("/me").await.text().matches("Sign out there").count(), 1);
    assert_eq!(two.post("/me/sessions/end", &[]).await.to, "/me");
    assert_eq!((one.get("/me").await.status, two.get("/me").await.status), (303, 200));
    // Signing out ends it on the server, not only in the browser.
    let cookie = two.cookie("session").unwrap().to_owned();
    assert_eq!(two.post("/sign-out", &[]).await.to, "/sign-in");
    two.set_cookie("session", &cookie);
    assert_eq!(two.get("/me").await.status, 303);
    // Unused, or used for too long.
    let (mut three, _) = door.sign_in(PASSWORD).await;
    door.wait(11 * HOUR);
    assert_eq!(three.get("/me").await.status, 200);
    door.wait(11 * HOUR);
    assert_eq!(three.get("/me").await.status, 200);
    door.wait(13 * HOUR);
    assert_eq!(three.get("/me").await.status, 303);
    let (mut four, _) = door.sign_in(PASSWORD).await;
    for _ in 0..16 {
        assert_eq!(four.get("/me").await.status, 200);
        door.wait(10 * HOUR);
    }
    door.wait(10 * HOUR);
    assert_eq!(four.get("/me").await.status, 303);
    // A password that is set anew signs out everywhere.
    let (mut five, _) = door.sign_in(PASSWORD).await;
    doors::set_password(&mut door.office.desk, &sealer(), "fin@a.example", "other good words")
        .unwrap()
        .unwrap();
    assert_eq!(five.get("/me").await.status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_sets_a_password_once() {
    let mut door = Door::simulated().await;
    let invitation = doors::invite(&mut door.office.desk, &sealer(), "fin@a.example").unwrap();
    let mut browser = Browser::new(&door.app);
    assert!(browser.get(&invitation.path).await.text().contains("fin@a.example"));
    let short = browser.post(&invitation.path, &[("email", "fin@a.example"), ("password", "short")]).await;
    assert!(short.status == 422 && short.text().contains("at least 10"), "{}", short.text());
    assert_eq!(browser.post(&invitation.path, &[("password", "words of my own")]).await.to, "/sign-in");
    assert_eq!(browser.post(&invitation.path, &[("password", "words of another")]).await.status, 422);
    assert_eq!(door.sign_in("words of my own").await.1.status, 303);
    // By mail: the same answer whether the address is known, and the secret lies nowhere in the open.
    for email in ["fin@a.example", "nobody@a.example"] {
        assert_eq!(browser.post("/reset", &[("email", email)]).await.to, "/sign-in", "{email}");
    }
    let mut sql = door.tower.sql();
    let mails = texts(&mut sql, "SELECT message AS value FROM deliveries WHERE what = 'reset'");
    assert_eq!(mails.len(), 1);
    assert!(!mails[0].contains("/reset/"), "{mails:?}");
    let late = doors::invite(&mut door.office.desk, &sealer(), "fin@a.example").unwrap();
    door.wait(8 * 24 * HOUR);
    assert_eq!(browser.get(&late.path).await.status, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moves_money_shows_a_second_factor() {
    let door = Door::real().await;
    let (mut browser, _) = door.sign_in(PASSWORD).await;
    assert_eq!(browser.get("/me").await.to, "/me/second-factor");
    let page = browser.get("/me/second-factor").await.text();
    let seed = page.split("<code>").nth(1).unwrap().split("</code>").next().unwrap().to_owned();
    assert!(page.contains("<svg"), "{page}");
    assert_eq!(browser.post("/me/second-factor", &[("code", "000000")]).await.status, 422);
    let code = |seed: &str| {
        let seed = totp_rs::Secret::try_from_base32(seed).unwrap();
        let totp = totp_rs::Builder::new().with_secret(seed).build().unwrap();
        totp.generate((door.clock.load(Ordering::SeqCst) / SECOND) as u64).to_string()
    };
    assert_eq!(browser.post("/me/second-factor", &[("code", &code(&seed))]).await.to, "/");
    assert_eq!(browser.get("/me").await.status, 200);
    // From now on the password alone is half the way.
    let (mut again, answer) = door.sign_in(PASSWORD).await;
    assert_eq!(answer.to, "/sign-in/code");
    assert_eq!(again.get("/me").await.to, "/sign-in/code");
    assert_eq!(again.get("/me/second-factor").await.status, 404, "half in sets nothing up");
    assert_eq!(
        again.post("/sign-in/code", &[("code", &code(&seed))]).await.status,
        422,
        "a code is taken once"
    );
    door.wait(30 * SECOND);
    assert_eq!(again.post("/sign-in/code", &[("code", &code(&seed))]).await.to, "/");
    assert_eq!(again.get("/me").await.status, 200);
    assert_eq!(again.post("/me/second-factor/gone", &[]).await.status, 422, "the role keeps it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_others_change_nothing() {
    let door = Door::simulated().await;
    let (mut browser, _) = door.sign_in(PASSWORD).await;
    let foreign = [("sec-fetch-site", "cross-site"), ("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(browser.send("POST", "/me/sessions/end", "", &foreign).await.status, 403);
    assert_eq!(
        browser.send("POST", "/sign-out", "", &[("origin", "https://evil.example")]).await.status,
        403
    );
    assert_eq!(browser.get("/me").await.status, 200);
    let page = browser.get("/me").await;
    let policy = page.headers.get("content-security-policy").unwrap().to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    assert!(!page.text().contains("style=\"") && !page.text().contains("onclick"), "nothing inline");
}
