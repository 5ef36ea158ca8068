//! Nobody sees, changes, or learns of what is not theirs: every route × every role × own, other dealer's, other region's
//! and other tenant's object, made from the router's list, so that a new route cannot be forgotten.
//!
//! What is not theirs must be answered exactly as what does not exist. And no answer whatsoever may hold a marker (names,
//! texts, notes) of a dealer that the reader does not see.

mod operations;

use std::collections::BTreeMap;
use std::sync::Arc;

use farsight_control::figures;
use farsight_control::{appeals, penalties, policies, providers, rectifications, uploads};
use farsight_ledger::settlement::Role;
use farsight_rulebook::money::Money;
use farsight_store::evidence::{self, Content, Handing, Source};
use farsight_store::session::Isolation;
use farsight_tests::office::{Step, at, sealer};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::{number, run, texts};
use farsight_tests::{Office, Tower};

use crate::router::{Object, Route};
use crate::testing::{Answer, Browser, NOW, over, user};
use crate::{App, router};

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

struct Network {
    tower: Tower,
    app: App,
    codes: Codes,
}

async fn network() -> Network {
    let tower = Tower::new();
    let mut offices = ["a", "b"].map(|code| Office::since(&tower, code, "example-2026", NOW));
    for whose in Whose::ALL {
        let office = &mut offices[usize::from(whose == Whose::OtherTenant)];
        office.import_folder(&Folder::of(&facts(whose)));
        hand_in(office, whose);
    }
    for office in &mut offices {
        office.check("2026-03-01T00:00:00+08:00");
        office.finance(&["anna@oem"]);
        office.step(Step::Settle("2026-03-01T00:00:00+08:00"), "2026-01", "anna@oem").unwrap();
        figures::refresh(&mut office.desk).unwrap();
    }
    number_apart(&tower, &["entries SET entry_id = entry_id", "alerts SET alert_id = alert_id"]);
    let mut more = BTreeMap::new();
    for whose in Whose::ALL {
        more.extend(open_cases(&tower, &mut offices[usize::from(whose == Whose::OtherTenant)], whose));
    }
    number_apart(
        &tower,
        &[
            "appeals SET appeal_id = appeal_id",
            "rectifications SET order_id = order_id",
            "penalty_drafts SET draft_id = draft_id",
        ],
    );
    for (office, code) in offices.iter_mut().zip(["staff-a", "staff-b"]) {
        provider(office, code);
    }
    offices.iter_mut().for_each(draft_policy);
    number_apart(&tower, &["policy_drafts SET draft_id = draft_id"]);
    let [a, b] = &mut offices;
    user(a, "manager@a", Role::RegionalManager, (&["R1"], &[]));
    user(a, "dealer@a", Role::Dealer, (&[], &["A1"]));
    user(a, "finance@a", Role::Finance, (&[], &[]));
    user(a, "hq@a", Role::Hq, (&[], &[]));
    user(a, "call@a", Role::CallCentre, (&[], &[]));
    user(a, "operator@a", Role::Operator, (&[], &[]));
    user(b, "dealer@b", Role::Dealer, (&[], &["B1"]));
    let app = over(&tower.database, at(NOW)).await;
    let codes = Codes::read(&tower, more);
    Network { tower, app, codes }
}

/// An identity provider of an office's tenant, looked after by somebody of headquarters.
fn provider(office: &mut Office, code: &str) {
    let boss = format!("boss-of-{code}@oem");
    user(office, &boss, Role::Hq, (&[], &[]));
    let actor = std::mem::replace(&mut office.desk.actor, boss);
    let wished = providers::Wished {
        code: code.to_owned(),
        name: format!("Provider {code}"),
        issuer: "https://login.example".to_owned(),
        client_id: "tower".to_owned(),
        client_secret: "secret".to_owned(),
        enabled: true,
        ..providers::Wished::default()
    };
    providers::add(&mut office.desk, &sealer(), &wished).unwrap();
    office.desk.actor = actor;
}

/// A draft of the policy by somebody of headquarters.
fn draft_policy(office: &mut Office) {
    user(office, "drafter@oem", Role::Hq, (&[], &[]));
    let actor = std::mem::replace(&mut office.desk.actor, "drafter@oem".to_owned());
    let mut source = policies::Source::named("example-2026").unwrap();
    source.text.push_str("# a draft\n");
    policies::drafts::draft(&mut office.desk, &source).unwrap();
    office.desk.actor = actor;
}

/// Numbers are counted by tenant: another's must not be one's own by chance, nor be found in a hash.
fn number_apart(tower: &Tower, tables: &[&str]) {
    for (table, (tenant, from)) in tables.iter().flat_map(|table| APART.map(|apart| (table, apart))) {
        let which = format!("tenant_id = (SELECT tenant_id FROM tenants WHERE code = '{tenant}')");
        run(&mut tower.sql(), &format!("UPDATE {table} + {from} WHERE {which}"));
    }
}

const APART: [(&str, i64); 2] = [("a", 610_000_000), ("b", 620_000_000)];

/// An appeal, an order to mend, the draft of a penalty and an upload of a dealer's, by people of its own.
fn open_cases(tower: &Tower, office: &mut Office, whose: Whose) -> Vec<((&'static str, Whose), String)> {
    let (tenant, dealer) = whose.dealer();
    let (mark, desk) = (whose.marker(), format!("works-at-{}@dealers", dealer.to_lowercase()));
    let watcher = format!("watches-{}@oem", whose.region().to_lowercase());
    user(office, &desk, Role::Dealer, (&[], &[dealer]));
    user(office, &watcher, Role::RegionalManager, (&[whose.region()], &[]));
    let entry = texts(
        &mut tower.sql(),
        &format!(
            "SELECT max(entry_id)::text AS value FROM entries WHERE dealer_code = '{dealer}' AND seat = 'dealer' AND amount < 0
             AND tenant_id = (SELECT tenant_id FROM tenants WHERE code = '{tenant}')"
        ),
    );
    let actor = std::mem::replace(&mut office.desk.actor, desk);
    let appeal =
        appeals::make(&mut office.desk, entry[0].parse().unwrap(), &format!("appeal {mark}")).unwrap();
    let file = uploads::New {
        dealer,
        subject: &format!("complaint:C-{dealer}"),
        file_name: &format!("{mark}.pdf"),
        length: 1000,
    };
    let upload = uploads::begin(&mut office.desk, &sealer(), &file).unwrap().id;
    office.desk.actor = watcher;
    let wanted = rectifications::Wanted {
        dealer,
        inspection: "",
        title: &format!("order {mark}"),
        body: &mark,
        due_on: jiff::civil::date(2030, 3, 1),
    };
    let order = rectifications::order(&mut office.desk, &wanted).unwrap();
    let complaint = format!("C-{dealer}");
    let draft =
        penalties::draft(&mut office.desk, &complaint, Money(700_000), &format!("reason {mark}")).unwrap();
    office.desk.actor = actor;
    let apart = |id: i64| (id + APART[usize::from(whose == Whose::OtherTenant)].1).to_string();
    vec![
        (("appeal", whose), apart(appeal)),
        (("order", whose), apart(order)),
        (("draft", whose), apart(draft)),
        (("upload", whose), upload),
    ]
}

const USERS: [(Role, &str); 6] = [
    (Role::RegionalManager, "manager@a"),
    (Role::Dealer, "dealer@a"),
    (Role::Finance, "finance@a"),
    (Role::Hq, "hq@a"),
    (Role::CallCentre, "call@a"),
    (Role::Operator, "operator@a"),
];

/// One dealer's facts, each with the dealer's marker wherever words may stand.
fn facts(whose: Whose) -> Vec<Sheet> {
    let (_, dealer) = whose.dealer();
    let (region, mark) = (whose.region(), whose.marker());
    let of = |table: &str, lines: &str| {
        let lines = lines.replace("DEALER", dealer).replace("REGION", region).replace("MARK", &mark);
        sheet(table, &lines)
    };
    vec![
        // A region's name is known to all its dealers, so that it has a marker only where it is another's.
        match whose {
            Whose::Own | Whose::OtherDealer => of("regions", "region_code | name\nREGION | region of both"),
            _ => of("regions", "region_code | name\nREGION | region of MARK"),
        },
        of("people", "person_code | name\nP-DEALER | person MARK\nM-DEALER | post holder MARK"),
        of(
            "dealers",
            "dealer_code | name | region_code | city | lat | lon | opened_on\nDEALER | centre MARK | REGION | city | 30.1 | 110.2 | 2020-01-01",
        ),
        of(
            "posts",
            "person_code | role | scope_code | from\nM-DEALER | district-manager | DEALER | 2020-01-01",
        ),
        of("bays", "dealer_code | effective_on | bays\nDEALER | 2020-01-01 | 4"),
        of("customer_base", "dealer_code | month | base_customers | visits\nDEALER | 2026-01 | 2000 | 900"),
        of(
            "cameras",
            "camera_code | dealer_code | snapshot_url\nCAM-DEALER | DEALER | https://cameras.example.com/MARK",
        ),
        of(
            "inspections",
            "inspection_id | item_code | dealer_code | inspected_at | result\nI-DEALER | item-01 | DEALER | 2026-01-10 10:00 | fail\nI-DEALER | item-02 | DEALER | 2026-01-10 10:00 | pass",
        ),
        of(
            "complaints",
            "complaint_id | dealer_code | received_at | dispatched_at | severity | category | vin | channel | text\nC-DEALER | DEALER | 2026-01-12 09:00 | 2026-01-12 10:00 | major | attitude | VIN-DEALER | hotline | complaint MARK",
        ),
        of(
            "complaint_events",
            "complaint_id | at | kind | note\nC-DEALER | 2026-01-14 10:00 | first-reply | reply MARK",
        ),
        of(
            "employments",
            "person_code | dealer_code | position | from\nP-DEALER | DEALER | service-advisor | 2020-01-01",
        ),
        of(
            "certificates",
            "certificate_id | person_code | kind | issued_on | expires_on\nCERT-DEALER | P-DEALER | service-advisor | 2025-01-01 | 2027-01-01",
        ),
        of(
            "work_orders",
            "work_order_id | dealer_code | vin | fault_code | created_at | completed_at | fixed\nW1-DEALER | DEALER | VIN-DEALER | F-1 | 2026-01-05 09:00 | 2026-01-05 10:00 | false\nW2-DEALER | DEALER | VIN-DEALER | F-1 | 2026-01-08 09:00 | 2026-01-08 10:00 | false",
        ),
        of(
            "support_requests",
            "request_id | dealer_code | vin | fault_code | requested_at\nS-DEALER | DEALER | VIN-DEALER | F-2 | 2026-01-09 09:00",
        ),
    ]
}

/// A document handed in for a dealer.
fn hand_in(office: &mut Office, whose: Whose) {
    let (scope, now) = (office.desk.scope(), office.desk.now);
    let (_, dealer) = whose.dealer();
    let (sha256, name) = (digest(whose), format!("{}.pdf", whose.marker()));
    office
        .desk
        .session
        .transaction(scope, Isolation::ReadCommitted, |tx| {
            let content = Content {
                sha256: sha256.clone(),
                media_type: "application/pdf".to_owned(),
                ..Content::default()
            };
            evidence::keep(tx, &content, now)?;
            let handing = Handing {
                sha256: &sha256,
                source: Source::Person,
                by: "somebody@oem",
                at: now,
                subject: &format!("complaint:C-{dealer}"),
                dealer,
                file_name: &name,
                likeness: "[]",
            };
            evidence::hand_in(tx, &handing)
        })
        .unwrap();
}

fn digest(whose: Whose) -> String {
    format!("{:064x}", whose as u8 + 1)
}

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
