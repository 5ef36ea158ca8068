//! A tenant in which alerts open at a known moment, and what was seen of its notices.

use diesel::pg::PgConnection;
use farsight_control::alerts::{self, Tended};
use farsight_control::evaluate::Request;
use farsight_control::users;
use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_rulebook::time::Instant;
use farsight_store::users::User;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::{number, texts};
use farsight_tests::{Office, Tower};

/// When the alerts of a world open: a Tuesday.
const OPENS: &str = "2026-03-10 09:00";

/// A tenant, and what was seen of its notices.
pub(crate) struct World {
    pub(crate) office: Office,
    pub(crate) sql: PgConnection,
    told: i64,
    _tower: Tower,
}

impl World {
    /// Region N with a director, region S without; D1 with a district manager, D2 (N) and D3 (S) without.
    pub(crate) fn new() -> Self {
        let tower = Tower::new();
        let mut office = Office::new(&tower, "t", "example-2026");
        let mut world = Self {
            sql: tower.sql(),
            told: 0,
            _tower: tower,
            office: {
                office.now(at("2026-03-01 00:00"));
                office
            },
        };
        world.import(&[
            sheet("regions", "region_code | name\nN | 北区\nS | 南区"),
            sheet("people", "person_code | name\nDM-1 | 甲\nDM-2 | 乙\nDIR-N | 丙\nDEP-N | 丁"),
            sheet(
                "dealers",
                "dealer_code | name | region_code | opened_on
                 D1 | 一 | N | 2015-01-01\nD2 | 二 | N | 2015-01-01\nD3 | 三 | S | 2015-01-01",
            ),
            sheet(
                "posts",
                "person_code | role | scope_code | from | to
                 DM-1 | district-manager | D1 | 2020-01-01 |
                 DIR-N | region-director | N | 2020-01-01 |
                 DEP-N | region-deputy-director | N | 2020-01-01 |",
            ),
        ]);
        world
    }

    pub(crate) fn import(&mut self, sheets: &[Sheet]) {
        self.office.import_folder(&Folder::of(sheets));
    }

    /// A complaint of each dealer named, received on the morning of 8 March, closed at noon and never replied to: a
    /// warning the day after.
    pub(crate) fn complaints(&mut self, dealers: &[&str]) {
        let rows = |row: &dyn Fn(&str) -> String| -> String {
            dealers.iter().map(|dealer| row(dealer)).collect::<Vec<_>>().join("\n")
        };
        let head = "complaint_id | dealer_code | received_at | severity | category\n";
        let complaints =
            rows(&|dealer| format!("C-{dealer} | {dealer} | 2026-03-08 10:00 | general | parts"));
        let head_of_events = "complaint_id | at | kind | satisfied\n";
        let closed = rows(&|dealer| format!("C-{dealer} | 2026-03-08 12:00 | callback | true"));
        self.import(&[
            sheet("complaints", &format!("{head}{complaints}")),
            sheet("complaint_events", &format!("{head_of_events}{closed}")),
        ]);
    }

    /// The reply that makes the alert about D1's complaint needless, there or voided.
    pub(crate) fn reply(&mut self, there: bool) {
        let row =
            format!("complaint_id | at | kind | voided\nC-D1 | 2026-03-08 11:00 | first-reply | {}", !there);
        self.import(&[sheet("complaint_events", &row)]);
    }

    pub(crate) fn now(&mut self, now: Instant) {
        self.office.now(now);
    }

    pub(crate) fn check(&mut self, now: Instant) {
        self.now(now);
        self.office.evaluate(&Request::default());
    }

    pub(crate) fn escalate(&mut self, now: Instant) -> (u64, u64) {
        self.now(now);
        alerts::escalate(&mut self.office.desk).unwrap()
    }

    pub(crate) fn tend(&mut self, now: Instant) -> Tended {
        self.now(now);
        alerts::tend(&mut self.office.desk).unwrap()
    }

    /// Kind, subject, level and holder of each notice since the last look.
    pub(crate) fn notices(&mut self) -> Vec<String> {
        let query = format!(
            "SELECT concat_ws(' ', n.kind, a.subject, n.level, n.holder_code, n.actor) AS value
             FROM notices n JOIN alerts a USING (tenant_id, alert_id) WHERE notice_id > {} ORDER BY notice_id",
            self.told
        );
        let told = texts(&mut self.sql, &query);
        self.told = number(&mut self.sql, "SELECT coalesce(max(notice_id), 0) FROM notices");
        told
    }

    /// Columns of the alerts of a subject, in the order of their numbers.
    pub(crate) fn columns(&mut self, columns: &str, subject: &str) -> Vec<String> {
        let query = format!(
            "SELECT concat_ws(' ', {columns}) AS value FROM alerts WHERE subject = '{subject}' ORDER BY alert_id"
        );
        texts(&mut self.sql, &query)
    }

    pub(crate) fn level(&mut self, subject: &str) -> String {
        self.columns("level, holder_code", subject).remove(0)
    }

    pub(crate) fn user(&mut self, email: &str, role: Role, regions: &[&str], dealers: &[&str]) {
        let own = |codes: &[&str]| codes.iter().map(ToString::to_string).collect();
        let user = User { email: email.to_owned(), role, regions: own(regions), dealers: own(dealers) };
        users::add(&mut self.office.desk, &user).unwrap();
    }

    pub(crate) fn acknowledge(&mut self, subject: &str, by: &str) -> Result<(), &'static str> {
        let id = self.columns("alert_id", subject).pop().unwrap().parse().unwrap();
        alerts::acknowledge(&mut self.office.desk, id, by, Language::English)
            .map(|_| ())
            .map_err(|e| e.code())
    }
}

pub(crate) fn opens() -> Instant {
    at(OPENS)
}

pub(crate) fn after(hours: i64) -> Instant {
    opens().plus_hours(hours)
}

pub(crate) fn just_before(at: Instant) -> Instant {
    Instant(at.0 - 1)
}
