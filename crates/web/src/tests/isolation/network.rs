//! Two tenants with dealers in two regions, each with everything that a path can name and words that are found nowhere else.

use std::collections::BTreeMap;

use farsight_control::figures;
use farsight_control::{appeals, penalties, policies, providers, rectifications, uploads};
use farsight_ledger::settlement::Role;
use farsight_rulebook::money::Money;
use farsight_store::evidence::{self, Content, Handing, Source};
use farsight_store::session::Isolation;
use farsight_tests::office::{Step, at, sealer};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::{run, texts};
use farsight_tests::{Office, Tower};

use super::{Codes, Whose};
use crate::App;
use crate::testing::{NOW, over, user};

/// Two tenants with dealers in two regions, and everything that a path can name.
pub(super) struct Network {
    pub(super) tower: Tower,
    pub(super) app: App,
    pub(super) codes: Codes,
}

pub(super) async fn network() -> Network {
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

pub(super) const APART: [(&str, i64); 2] = [("a", 610_000_000), ("b", 620_000_000)];

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

pub(super) fn digest(whose: Whose) -> String {
    format!("{:064x}", whose as u8 + 1)
}
