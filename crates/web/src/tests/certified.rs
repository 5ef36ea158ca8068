//! Coming in by a real provider: a certified implementation (oidc-provider), run on this machine by `tests/oidc`, its own
//! pages followed as a browser would. `./run test` installs it and asks for this test by name.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::Ordering;

use farsight_control::providers::{self, Wished};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::MINUTE;
use farsight_store::single_sign_on::Rule;
use farsight_tests::office::sealer;
use farsight_tests::tower::texts;

use super::single_sign_on::Door;
use crate::testing::Browser;

const SECRET: &str = "a secret that is long enough to be one";
const BACK_TO: &str = "http://tower.example/sign-in/return";
const DOOR: &str = "http://tower.example/sign-in";

/// The provider's process, ended with this.
struct Provider {
    child: Child,
    /// Kept open: a program whose words nobody takes ends.
    _says: BufReader<ChildStdout>,
    issuer: String,
}

impl Provider {
    fn start(port: u16, keys: &str) -> Self {
        let folder = farsight_tests::tower::root().join("tests/oidc");
        let mut child = Command::new("node")
            .args(["provider.mjs", &port.to_string(), keys, BACK_TO, DOOR])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node is there: ./run test installs it");
        let mut line = String::new();
        let mut says = BufReader::new(child.stdout.take().unwrap());
        says.read_line(&mut line).unwrap();
        let told: serde_json::Value =
            serde_json::from_str(&line).expect("the provider starts: ./run test installs it");
        Self { child, _says: says, issuer: told["issuer"].as_str().unwrap().to_owned() }
    }

    fn port(&self) -> u16 {
        self.issuer.rsplit_once(':').unwrap().1.parse().unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Somebody's browser at the provider.
struct There {
    client: reqwest::Client,
    cookies: BTreeMap<String, String>,
    /// The questions that the provider asked.
    asked: Vec<String>,
}

impl There {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        Self { client: client.build().unwrap(), cookies: BTreeMap::new(), asked: Vec::new() }
    }

    /// Goes where it is sent and fills what it is asked, as this person, until it is sent back to the tower.
    async fn follow(&mut self, from: &str, person: &str) -> String {
        let mut request = self.client.get(from);
        let mut at = url::Url::parse(from).unwrap();
        for _ in 0..12 {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = request.header("cookie", cookies.join("; ")).send().await.unwrap();
            self.keep(&answer);
            if let Some(to) = answer.headers().get("location") {
                at = at.join(to.to_str().unwrap()).unwrap();
                if at.as_str().starts_with("http://tower.example") {
                    return at.to_string();
                }
                request = self.client.get(at.clone());
                continue;
            }
            let page = answer.text().await.unwrap();
            let (action, fields) = self.fill(&page, person);
            at = at.join(&action).unwrap();
            let form: String =
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            request = self
                .client
                .post(at.clone())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
        }
        panic!("the provider sends nobody back: {at} {:?}", self.asked);
    }

    /// The form of a page: where it goes, its hidden fields, and what a person types or presses.
    fn fill(&mut self, page: &str, person: &str) -> (String, Vec<(String, String)>) {
        let form = page.split("<form").nth(1).unwrap_or_else(|| panic!("a page without a form: {page}"));
        let form = form.split("</form>").next().unwrap();
        let mut fields: Vec<(String, String)> = form
            .split("<input")
            .filter(|input| input.contains("type=\"hidden\""))
            .map(|input| (attribute(input, "name"), attribute(input, "value")))
            .collect();
        let asked =
            fields.iter().find(|(name, _)| name == "prompt").map_or("end", |(_, prompt)| prompt.as_str());
        self.asked.push(asked.to_owned());
        match asked {
            "login" => fields.extend([("login".into(), person.into()), ("password".into(), "any".into())]),
            "end" => fields.push(("logout".into(), "yes".into())),
            _ => {}
        }
        (attribute(form, "action"), fields)
    }

    fn keep(&mut self, answer: &reqwest::Response) {
        for cookie in answer.headers().get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            match value {
                "" => self.cookies.remove(name),
                _ => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let found = tag.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
    found.unwrap_or_default().to_owned()
}

/// Comes in by the provider; gives the status of the tower's answer.
async fn come(browser: &mut Browser, there: &mut There, person: &str) -> u16 {
    let away = browser.get("/sign-in/with/a/certified").await;
    assert_eq!(away.status, 303, "{}", away.text());
    let back = there.follow(&away.to, person).await;
    browser.get(back.strip_prefix("http://tower.example").unwrap()).await.status
}

#[expect(
    clippy::disallowed_methods,
    reason = "the provider has the machine's clock, and so has the tower here"
)]
fn machine_time() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certified_provider_lets_people_in_and_out() {
    let mut door = Door::new(true).await;
    let provider = Provider::start(0, "first");
    let wished = Wished {
        code: "certified".to_owned(),
        name: "Certified".to_owned(),
        issuer: provider.issuer.clone(),
        client_id: "tower".to_owned(),
        client_secret: SECRET.to_owned(),
        scopes: vec!["email".to_owned(), "profile".to_owned()],
        enabled: true,
        ..Wished::default()
    };
    providers::add(&mut door.office.desk, &sealer(), &wished).unwrap();
    let (claim, value) = ("groups".to_owned(), "finance".to_owned());
    let rule = Rule { claim, value, role: Role::Finance, regions: Vec::new(), dealers: Vec::new() };
    providers::set_rules(&mut door.office.desk, "certified", &[rule]).unwrap();
    door.clock.store(machine_time(), Ordering::SeqCst);
    let app = door.app().await;

    let (mut browser, mut there) = (Browser::new(&app), There::new());
    assert_eq!(come(&mut browser, &mut there, "finance@oem.example").await, 303);
    assert_eq!(there.asked, ["login", "consent"]);
    let page = browser.get("/me").await;
    assert!(page.status == 200 && page.text().contains("finance@oem.example"), "{}", page.text());
    let users = texts(
        &mut door.tower.sql(),
        "SELECT role || ' ' || name AS value FROM users WHERE email LIKE 'finance@%'",
    );
    assert_eq!(users, ["finance Person finance@oem.example"]);
    // Whom the table has no rule for.
    assert_eq!(come(&mut Browser::new(&app), &mut There::new(), "visitor@oem.example").await, 422);
    // Signed in there, nothing is asked again.
    there.asked.clear();
    assert_eq!(come(&mut browser, &mut there, "finance@oem.example").await, 303);
    assert_eq!(there.asked, Vec::<String>::new());
    // Out here is out there.
    let out = browser.post("/sign-out", &[]).await;
    let end = out.headers["refresh"].to_str().unwrap().strip_prefix("0; url=").unwrap().to_owned();
    assert!(there.follow(&end, "").await.starts_with(DOOR));
    assert_eq!(there.asked, ["end"]);
    there.asked.clear();
    assert_eq!(come(&mut browser, &mut there, "finance@oem.example").await, 303);
    assert_eq!(there.asked.first().map(String::as_str), Some("login"));
    // The same provider with another key.
    let port = provider.port();
    drop(provider);
    let provider = Provider::start(port, "second");
    assert_eq!(provider.port(), port);
    door.clock.store(machine_time() + MINUTE, Ordering::SeqCst);
    assert_eq!(come(&mut Browser::new(&app), &mut There::new(), "finance@oem.example").await, 303);
    let refusals = texts(
        &mut door.tower.sql(),
        "SELECT detail::json->>'code' AS value FROM audit_log WHERE action = 'session.refused'",
    );
    assert_eq!(refusals, ["sso_rule"]);
}
