//! A tenant with dealers, people, and alerts that open at a known moment.

use std::time::Duration;

use diesel::pg::PgConnection;
use farsight_control::evaluate::Request;
use farsight_control::telling::{self, Claim, Digested, FannedOut, NewChannel, Subscriber, Terms, Whose};
use farsight_control::users;
use farsight_courier::{Courier, Outcome, Reach, Security, Settings, Smtp};
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_rulebook::time::Instant;
use farsight_store::users::User;
use farsight_tests::office::{at, sealer};
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::{run, texts};
use farsight_tests::{Office, Tower};

pub(crate) const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Where the tests' receivers are.
pub(crate) fn reach() -> Reach {
    Reach::public().allow("127.0.0.0/8".parse().unwrap()).allow_plain_http().allow_robot_host("127.0.0.1")
}

/// A courier that may reach this machine, within a runtime; with a mail server at a port.
pub(crate) fn courier(mail: Option<u16>) -> Courier {
    let smtp = mail.map(|port| Smtp {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        security: Security::None,
        credentials: None,
        from: "Farsight <tower@maker.example>".to_owned(),
        connections: 2,
    });
    Courier::new(&Settings { reach: reach(), timeout: Duration::from_millis(400), smtp }).unwrap()
}

/// A tenant, and the database it is in.
pub(crate) struct World {
    pub(crate) office: Office,
    pub(crate) sql: PgConnection,
    pub(crate) tower: Tower,
}

impl World {
    /// Regions N and S without anybody in their posts; D1 and D2 in N, D3 in S.
    pub(crate) fn new() -> Self {
        Self::within(Tower::new(), "t")
    }

    pub(crate) fn within(tower: Tower, code: &str) -> Self {
        let mut office = Office::new(&tower, code, "example-2026");
        office.now(at("2026-03-01 00:00"));
        let mut world = Self { sql: tower.sql(), office, tower };
        world.import(&[
            sheet("regions", "region_code | name\nN | 北区\nS | 南区"),
            sheet(
                "dealers",
                "dealer_code | name | region_code | opened_on
                 D1 | 一 | N | 2015-01-01\nD2 | 二 | N | 2015-01-01\nD3 | 三 | S | 2015-01-01",
            ),
        ]);
        world
    }

    pub(crate) fn import(&mut self, sheets: &[Sheet]) {
        self.office.import_folder(&Folder::of(sheets));
    }

    /// A complaint of a dealer, closed at noon and never replied to: a warning from the day after on.
    pub(crate) fn complaint(&mut self, id: &str, dealer: &str) {
        self.import(&[
            sheet(
                "complaints",
                &format!(
                    "complaint_id | dealer_code | received_at | severity | category\n{id} | {dealer} | 2026-03-08 10:00 | general | parts"
                ),
            ),
            sheet(
                "complaint_events",
                &format!("complaint_id | at | kind | satisfied\n{id} | 2026-03-08 12:00 | callback | true"),
            ),
        ]);
    }

    /// The reply that makes the alert about a complaint needless.
    pub(crate) fn reply(&mut self, id: &str) {
        self.import(&[sheet(
            "complaint_events",
            &format!("complaint_id | at | kind\n{id} | 2026-03-08 11:00 | first-reply"),
        )]);
    }

    pub(crate) fn check(&mut self, now: &str) {
        self.office.now(at(now));
        self.office.evaluate(&Request::default());
    }

    pub(crate) fn user(&mut self, email: &str, role: Role, regions: &[&str], dealers: &[&str]) {
        let own = |codes: &[&str]| codes.iter().map(ToString::to_string).collect();
        let user = User { email: email.to_owned(), role, regions: own(regions), dealers: own(dealers) };
        users::add(&mut self.office.desk, &user).unwrap();
    }

    /// A channel that hears everything.
    pub(crate) fn channel(&mut self, code: &str, kind: &str, lines: &[&str]) {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let new = NewChannel { code, name: code, kind, lines: &lines, keyword: None };
        telling::add(&mut self.office.desk, &sealer(), &reach(), &new).unwrap();
        let who = Subscriber::Channel(code.to_owned());
        self.subscribe(&who, &Terms::plain(Language::English));
    }

    pub(crate) fn subscribe(&mut self, who: &Subscriber, terms: &Terms) {
        telling::set(&mut self.office.desk, who, terms).unwrap();
    }

    pub(crate) fn fan_out(&mut self, now: &str) -> FannedOut {
        self.office.now(at(now));
        telling::fan_out(&mut self.office.desk).unwrap()
    }

    pub(crate) fn digest(&mut self, now: &str) -> Digested {
        self.office.now(at(now));
        telling::digest(&mut self.office.desk).unwrap()
    }

    /// Takes what is due at a moment.
    pub(crate) fn due(&mut self, courier: &Courier, now: Instant) -> Vec<Claim> {
        self.office.now(now);
        telling::due(&mut self.office.desk, &sealer(), courier, (Whose::People, 16)).unwrap()
    }

    pub(crate) fn record(&mut self, claim: &Claim, outcome: &Outcome) -> bool {
        telling::record(&mut self.office.desk, claim, outcome).unwrap()
    }

    /// Sends what is due at a moment, round by round; says how many were sent.
    pub(crate) async fn send(&mut self, courier: &Courier, now: Instant) -> usize {
        let mut sent = 0;
        loop {
            let claims = self.due(courier, now);
            if claims.is_empty() {
                return sent;
            }
            for claim in claims {
                let outcome = claim.send(courier, now).await;
                assert!(self.record(&claim, &outcome));
                sent += 1;
            }
        }
    }

    /// What a query with one column `value` gives.
    pub(crate) fn texts(&mut self, query: &str) -> Vec<String> {
        texts(&mut self.sql, query)
    }

    /// Receiver and what happened to which alert of each message made, sorted.
    pub(crate) fn told(&mut self) -> Vec<String> {
        self.texts(
            "SELECT concat_ws(' ', d.receiver, e->>'kind', a.subject) AS value
             FROM deliveries d, jsonb_array_elements(d.message::jsonb->'data'->'alerts') e
             JOIN alerts a ON a.alert_id = (e->>'alert')::bigint
             WHERE d.tenant_id = a.tenant_id AND d.what = 'alerts' ORDER BY 1",
        )
    }

    /// Forgets which messages were made, to see the next ones alone.
    pub(crate) fn forget(&mut self) {
        run(&mut self.sql, "DELETE FROM deliveries");
    }

    /// More alerts like the first one, each with its notice; `dealer` is an SQL expression of the number `g`.
    pub(crate) fn more_alerts(&mut self, how_many: u32, dealer: &str) {
        more_alerts(&mut self.sql, how_many, dealer);
    }
}

/// More alerts like the first one, each with its notice, as a check would have opened them.
pub(crate) fn more_alerts(sql: &mut PgConnection, how_many: u32, dealer: &str) {
    let columns = texts(
        sql,
        "SELECT string_agg(quote_ident(column_name), ', ') AS value FROM information_schema.columns
         WHERE table_name = 'alerts' AND table_schema = 'public' AND column_name NOT IN ('alert_id', 'subject', 'unit', 'dealer_code')",
    );
    let columns = &columns[0];
    run(
        sql,
        &format!(
            "WITH last AS (SELECT max(alert_id) AS alert, (SELECT coalesce(max(notice_id), 0) FROM notices) AS notice FROM alerts),
             made AS (
                 INSERT INTO alerts (alert_id, subject, unit, dealer_code, {columns})
                 SELECT last.alert + g, 'complaint:X-' || (last.alert + g), 'X-' || (last.alert + g), {dealer}, {columns}
                 FROM (SELECT * FROM alerts WHERE alert_id = 1) a, last, generate_series(1, {how_many}) g
                 RETURNING *)
             INSERT INTO notices (tenant_id, notice_id, kind, alert_id, severity, dealer_code, region_code, level, at)
             SELECT tenant_id, last.notice + row_number() OVER (ORDER BY alert_id), 'opened', alert_id, severity, dealer_code,
                 region_code, level, opened_at FROM made, last"
        ),
    );
}
