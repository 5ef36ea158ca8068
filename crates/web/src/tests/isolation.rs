//! Nobody sees, changes, or learns of what is not theirs: every route × every role × own, other dealer's, other region's
//! and other tenant's object, made from the router's list, so that a new route cannot be forgotten.
//!
//! What is not theirs must be answered exactly as what does not exist. And no answer whatsoever may hold a marker (names,
//! texts, notes) of a dealer that the reader does not see.

mod network;
mod operations;

use std::collections::BTreeMap;
use std::sync::Arc;

use farsight_ledger::settlement::Role;
use farsight_tests::Tower;
use farsight_tests::tower::{number, texts};

use self::network::{APART, digest, network};
use crate::router;
use crate::router::{Object, Route};
use crate::testing::{Answer, Browser};

/// Whose object it is, as the region's manager and the dealer of the first dealer see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Own,
    OtherDealer,
    OtherRegion,
    OtherTenant,
    Nobody,
}

impl Whose {
    const ALL: [Self; 4] = [Self::Own, Self::OtherDealer, Self::OtherRegion, Self::OtherTenant];

    /// The dealer, and the tenant's code.
    const fn dealer(self) -> (&'static str, &'static str) {
        match self {
            Self::Own => ("a", "A1"),
            Self::OtherDealer => ("a", "A2"),
            Self::OtherRegion => ("a", "A3"),
            Self::OtherTenant => ("b", "B1"),
            Self::Nobody => ("a", "NOPE"),
        }
    }

    const fn region(self) -> &'static str {
        match self {
            Self::Own | Self::OtherDealer => "R1",
            Self::OtherRegion => "R2",
            Self::OtherTenant | Self::Nobody => "RB",
        }
    }

    /// A text that is found nowhere but with this dealer.
    fn marker(self) -> String {
        format!("marker-{}", self.dealer().1.to_lowercase())
    }

    /// Whether somebody of the first dealer's tenant sees it.
    fn is_seen_by(self, role: Role) -> bool {
        match role {
            Role::Operator => false,
            Role::Dealer => self == Self::Own,
            Role::RegionalManager => matches!(self, Self::Own | Self::OtherDealer),
            Role::Finance | Role::Hq | Role::CallCentre => self != Self::OtherTenant,
        }
    }
}

/// Somebody of each role.
const USERS: [(Role, &str); 6] = [
    (Role::RegionalManager, "manager@a"),
    (Role::Dealer, "dealer@a"),
    (Role::Finance, "finance@a"),
    (Role::Hq, "hq@a"),
    (Role::CallCentre, "call@a"),
    (Role::Operator, "operator@a"),
];

/// What stands for each placeholder of a path, by whose it is. A placeholder that is not known here has to be added.
struct Codes {
    entries: BTreeMap<Whose, String>,
    alerts: BTreeMap<Whose, String>,
    more: BTreeMap<(&'static str, Whose), String>,
}

impl Codes {
    fn read(tower: &Tower, more: BTreeMap<(&'static str, Whose), String>) -> Self {
        let mut sql = tower.sql();
        let mut first = |query: &str, whose: Whose| {
            let (tenant, dealer) = whose.dealer();
            let query = query.replace("{dealer}", dealer).replace("{tenant}", tenant);
            texts(&mut sql, &query).into_iter().next()
        };
        let tenant = "tenant_id = (SELECT tenant_id FROM tenants WHERE code = '{tenant}') AND dealer_code = '{dealer}'";
        let of = |query: String, first: &mut dyn FnMut(&str, Whose) -> Option<String>| {
            let mut found: BTreeMap<Whose, String> =
                Whose::ALL.into_iter().filter_map(|whose| Some((whose, first(&query, whose)?))).collect();
            found.insert(Whose::Nobody, "987654321".to_owned());
            found
        };
        let entries = of(
            format!(
                "SELECT max(entry_id)::text AS value FROM entries WHERE {tenant} AND seat = 'dealer' HAVING max(entry_id) IS NOT NULL"
            ),
            &mut first,
        );
        let alerts = of(
            format!(
                "SELECT max(alert_id)::text AS value FROM alerts WHERE {tenant} HAVING max(alert_id) IS NOT NULL"
            ),
            &mut first,
        );
        assert_eq!((entries.len(), alerts.len()), (5, 5), "each dealer has an entry and an alert");
        Self { entries, alerts, more }
    }

    /// What stands for a placeholder.
    fn code(&self, path: &str, placeholder: &str, whose: Whose) -> String {
        let (_, dealer) = whose.dealer();
        if let Some((_, code)) = self.more.iter().find(|((name, of), _)| *name == placeholder && *of == whose)
        {
            return code.clone();
        }
        match placeholder {
            "dealer" => dealer.to_owned(),
            "complaint" => format!("C-{dealer}"),
            "inspection" => format!("I-{dealer}"),
            "request" => format!("S-{dealer}"),
            "camera" => format!("CAM-{dealer}"),
            "entry" => self.entries[&whose].clone(),
            "alert" => self.alerts[&whose].clone(),
            "sha256" => digest(whose),
            "appeal" | "order" | "draft" | "upload" => "987654321".to_owned(), // nobody's
            "period" => "2026-01".to_owned(),
            "date" => "2026-01-10".to_owned(),
            "session" => "00".repeat(32),
            "job" => "draw".to_owned(),
            "user" => match whose {
                Whose::OtherTenant => "dealer@b".to_owned(),
                Whose::Nobody => "nobody@a".to_owned(),
                _ => format!("works-at-{}@dealers", dealer.to_lowercase()),
            },
            "policy_draft" => match whose {
                Whose::OtherTenant => (APART[1].1 + 1).to_string(),
                Whose::Nobody => "987654321".to_owned(),
                _ => (APART[0].1 + 1).to_string(),
            },
            "provider" => match whose {
                Whose::OtherTenant => "staff-b".to_owned(),
                Whose::Nobody => "nobody".to_owned(),
                _ => "staff-a".to_owned(),
            },
            // What a provider told is its own, and so are a machine's webhooks: whoever calls here finds none.
            "id" | "webhook" | "delivery" => format!("00000000-0000-4000-8000-{:012}", whose as u8),
            "table" => "bays".to_owned(),
            "machine" => match whose {
                Whose::OtherTenant => "machine-of-b".to_owned(),
                Whose::Nobody => "machine-of-nobody".to_owned(),
                _ => format!("machine-of-{}", dealer.to_lowercase()),
            },
            "hash" | "name" | "secret" | "tenant" => "nothing".to_owned(),
            other => {
                panic!("the test of isolation does not know {{{other}}} of {path}: say here whose it is")
            }
        }
    }

    fn path(&self, path: &str, whose: Whose) -> String {
        let filled: Vec<String> = path
            .split('/')
            .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(placeholder) => self.code(path, placeholder, whose),
                None => part.to_owned(),
            })
            .collect();
        filled.join("/")
    }
}

/// Streams have no end; what they tell is tested with the stream.
const ENDLESS: &str = "/events";

/// Whether what a path names is the whole tenant's, so that there is no other dealer's.
const fn is_of_tenant(object: Object) -> bool {
    matches!(object, Object::Settlement | Object::Job | Object::Draw)
}

/// Users are those of the tenant, to whoever administers them; all else is a dealer's.
fn sees(role: Role, object: Object, whose: Whose) -> bool {
    match object {
        Object::User | Object::Provider | Object::Machine | Object::PolicyDraft => {
            whose != Whose::OtherTenant
        }
        _ => whose.is_seen_by(role),
    }
}

fn has_object(path: &str) -> bool {
    path.contains('{')
}

/// An answer with what was asked for taken out: what is left must not depend on whether it exists.
fn bare(answer: &Answer, codes: &Codes, path: &str, whose: Whose) -> (u16, String, String) {
    let mut text = answer.text();
    for part in path.split('/') {
        if let Some(placeholder) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            text = text.replace(&codes.code(path, placeholder, whose), "CODE");
        }
    }
    (answer.status, answer.to.replace(&codes.path(path, whose), "PATH"), text)
}

/// What one walk found, all of it: one fault does not hide the next.
#[derive(Default)]
struct Found {
    asked: usize,
    faults: Vec<String>,
}

impl Found {
    fn look(&mut self, fine: bool, fault: impl FnOnce() -> String) {
        self.asked += 1;
        if !fine {
            self.faults.push(fault());
        }
    }

    /// No answer may hold a marker of a dealer that the reader does not see.
    fn unmarked(&mut self, answer: &Answer, role: Role, asked: &str) {
        self.unmarked_in(&answer.text(), role, asked);
    }

    fn unmarked_in(&mut self, text: &str, role: Role, asked: &str) {
        for whose in Whose::ALL.into_iter().filter(|whose| !whose.is_seen_by(role)) {
            let at = text.find(&whose.marker());
            let around = |at: usize| {
                text[..at + 20]
                    .chars()
                    .rev()
                    .take(200)
                    .collect::<Vec<_>>()
                    .into_iter()
                    .rev()
                    .collect::<String>()
            };
            self.look(at.is_none(), || {
                format!(
                    "{role:?} finds {} at {asked}: …{}",
                    whose.marker(),
                    at.map(around).unwrap_or_default()
                )
            });
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_for_every_role() {
    let network = network().await;
    let codes = Arc::new(network.codes);
    let mut walks = tokio::task::JoinSet::new();
    for (role, email) in USERS {
        let browser = Browser::signed_in(&network.app, "a", email).await;
        walks.spawn(walk(browser, role, Arc::clone(&codes)));
    }
    let before = decisions(&network.tower);
    let walked = walks.join_all().await;
    assert!(walked.iter().all(|found| found.asked > 0));
    let faults: Vec<&String> = walked.iter().flat_map(|found| &found.faults).collect();
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.iter().map(|fault| fault.as_str()).collect::<Vec<_>>().join("\n")
    );
    assert_eq!(decisions(&network.tower), before, "what is not theirs they changed nothing of");
}

/// What was decided in the other tenant, and for dealers that are nobody's here.
fn decisions(tower: &Tower) -> i64 {
    number(
        &mut tower.sql(),
        "SELECT count(*) AS value FROM audit_log WHERE tenant_id = (SELECT tenant_id FROM tenants WHERE code = 'b')",
    )
}

async fn walk(mut browser: Browser, role: Role, codes: Arc<Codes>) -> Found {
    let mut found = Found::default();
    for route in router::routes().into_iter().filter(|route| route.path != ENDLESS) {
        assert!(!has_object(route.path) || route.of != Object::Nothing, "{} names an object", route.path);
        if !has_object(route.path) || is_of_tenant(route.of) {
            look_at_list(&mut found, &mut browser, role, &route, &codes).await;
        } else {
            look_at_objects(&mut found, &mut browser, role, &route, &codes).await;
        }
    }
    found
}

/// What shows whatever the scope has: with every filter, and as a file.
async fn look_at_list(found: &mut Found, browser: &mut Browser, role: Role, route: &Route, codes: &Codes) {
    for query in ["", "?format=csv", "?q=marker", "?region=R2", "?dealer=A3", "?format=xlsx&dealer=B1"] {
        let path = format!("{}{query}", codes.path(route.path, Whose::Own));
        let answer = browser.get(&path).await;
        found.look(answer.status < 500 || route.path == "/readyz", || {
            format!("{role:?} {path}: {}", answer.why)
        });
        let fits = route.who.lets(role) || matches!(answer.status, 404 | 405);
        found.look(fits, || format!("{role:?} {path}: {}", answer.status));
        found.unmarked(&answer, role, &path);
    }
}

/// What names an object: own, of others, and of nobody.
async fn look_at_objects(found: &mut Found, browser: &mut Browser, role: Role, route: &Route, codes: &Codes) {
    for method in ["GET", "POST"] {
        let nobody = ask(browser, method, &codes.path(route.path, Whose::Nobody)).await;
        let nobody = bare(&nobody, codes, route.path, Whose::Nobody);
        for whose in Whose::ALL {
            let seen = route.who.lets(role) && sees(role, route.of, whose);
            if method == "POST" && seen {
                continue; // what is theirs they may change: that is tested with each screen
            }
            let path = codes.path(route.path, whose);
            let answer = ask(browser, method, &path).await;
            found.look(answer.status < 500, || format!("{role:?} {method} {path}: {}", answer.why));
            found.unmarked(&answer, role, &path);
            let bare = bare(&answer, codes, route.path, whose);
            found.look(seen || bare == nobody, || {
                let (cut, of) = (|text: &str| text.chars().take(300).collect::<String>(), &nobody);
                format!(
                    "{role:?} {method} {path} is not as nobody's: {} {} {} / {} {} {}",
                    bare.0,
                    bare.1,
                    cut(&bare.2),
                    of.0,
                    of.1,
                    cut(&of.2)
                )
            });
        }
    }
}

async fn ask(browser: &mut Browser, method: &str, path: &str) -> Answer {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    browser.send(method, path, "", &form).await
}

/// Without a session there is nothing but the door, whatever is asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_find_the_door() {
    let network = network().await;
    let codes = &network.codes;
    for route in router::routes() {
        use crate::admit::Who;
        if matches!(route.who, Who::Machine | Who::Anyone) {
            continue;
        }
        let mut stranger = Browser::new(&network.app);
        let path = codes.path(route.path, Whose::Own);
        let answer = stranger.get(&path).await;
        assert!(answer.to.starts_with("/sign-in?next=") || answer.status == 405, "{path}: {answer:?}");
        let answer = stranger.post(&path, &[]).await;
        assert!(matches!(answer.status, 401 | 405), "{path}: {answer:?}");
    }
}
