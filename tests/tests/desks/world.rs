//! Two regions with a dealer each and the people who work there; desks for each of them.

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use farsight_control::{ControlError, Desk, users};
use farsight_ledger::settlement::Role;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::session::Person;
use farsight_store::users::User;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, sheet};
use farsight_tests::{Office, Tower};

pub(crate) const CALL: &str = "call@oem";
pub(crate) const HQ: &str = "hq@oem";
pub(crate) const FINANCE: &str = "money@oem";
pub(crate) const NORTH: &str = "north@oem";
pub(crate) const D1: &str = "d1@dealer";
pub(crate) const D2: &str = "d2@dealer";

pub(crate) struct World {
    pub(crate) tower: Tower,
    pub(crate) office: Office,
}

impl World {
    /// Wednesday 2026-03-04, 10:00 in Shanghai.
    pub(crate) fn new() -> Self {
        Self::judged_by("example-2026")
    }

    pub(crate) fn judged_by(policy: &str) -> Self {
        let tower = Tower::new();
        let mut office = Office::since(&tower, "t", policy, "2026-01-01 09:00");
        office.import_folder(&Folder::of(&[
            sheet("regions", "region_code | name\nN | 北区\nS | 南区"),
            sheet(
                "dealers",
                "dealer_code | name | region_code | opened_on\nD1 | 一店 | N | 2020-01-01\nD2 | 二店 | S | 2020-01-01",
            ),
            sheet("people", "person_code | name\nP1 | 王一\nP2 | 李二\nP3 | 张三\nP9 | 赵九"),
        ]));
        for (email, role, regions, dealers) in [
            (CALL, Role::CallCentre, &[][..], &[][..]),
            (HQ, Role::Hq, &[], &[]),
            (FINANCE, Role::Finance, &[], &[]),
            (NORTH, Role::RegionalManager, &["N"], &[]),
            (D1, Role::Dealer, &[], &["D1"]),
            (D2, Role::Dealer, &[], &["D2"]),
        ] {
            let texts = |codes: &[&str]| codes.iter().map(ToString::to_string).collect();
            let user =
                User { email: email.to_owned(), role, regions: texts(regions), dealers: texts(dealers) };
            users::add(&mut office.desk, &user).unwrap();
        }
        let mut world = Self { tower, office };
        world.now("2026-03-04 10:00");
        world
    }

    pub(crate) fn now(&mut self, now: &str) {
        self.office.now(at(now));
    }

    /// Facts as they come from outside.
    pub(crate) fn facts(&mut self, table: &str, lines: &str) {
        self.office.import_folder(&Folder::of(&[sheet(table, lines)]));
    }

    /// A desk of somebody, with that person's part of the network.
    pub(crate) fn desk(&mut self, email: &str) -> Desk {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Integer)]
            user_id: i32,
            #[diesel(sql_type = Text)]
            role: String,
        }
        let row: Row = diesel::sql_query("SELECT user_id, role FROM users WHERE email = $1")
            .bind::<Text, _>(email)
            .get_result(&mut self.tower.sql())
            .unwrap();
        let now: Instant = self.office.desk.now;
        let mut desk = Desk::open(&self.tower.database, Some("t"), email, now).unwrap();
        let today = Zone::shanghai().date(now);
        let in_part = matches!(row.role.as_str(), "dealer" | "regional-manager");
        desk.person = in_part.then_some(Person { user: row.user_id, today });
        desk
    }
}

/// The code of a refusal, or `ok`.
pub(crate) fn code<T>(result: Result<T, ControlError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}
