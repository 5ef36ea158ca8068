//! Two dealers in two regions, their people, and failures seen by camera.

use farsight_control::{ControlError, users};
use farsight_ledger::settlement::Role;
use farsight_store::session::Person;
use farsight_store::users::User;
use farsight_tests::office::at;
use farsight_tests::sheets::{Folder, Sheet, sheet};
use farsight_tests::tower::number;
use farsight_tests::{Office, Tower};

/// The tower and the tenant.
pub(crate) struct World {
    pub(crate) tower: Tower,
    pub(crate) office: Office,
}

/// Sheets as files of one folder.
pub(crate) fn files(sheets: &[Sheet]) -> Folder {
    let folder = Folder::new();
    for (number, sheet) in sheets.iter().enumerate() {
        folder.csv(&format!("{}-{number}", sheet.table), sheet);
    }
    folder
}

impl World {
    /// D1 failed item-01 in January and February; D2 once; a complaint at each.
    pub(crate) fn new(now: &str) -> Self {
        let tower = Tower::new();
        let mut office = Office::since(&tower, "t", "example-2026", now);
        office.import_folder(&files(&[
            sheet("regions", "region_code | name\nN | 北区\nS | 南区"),
            sheet(
                "dealers",
                "dealer_code | name | region_code | opened_on\nD1 | 一店 | N | 2015-01-01\nD2 | 二店 | S | 2015-01-01",
            ),
            sheet(
                "inspections",
                "inspection_id | item_code | dealer_code | inspected_at | result
I-1 | item-01 | D1 | 2025-01-10 10:00 | fail
I-2 | item-01 | D1 | 2025-02-10 10:00 | fail
I-3 | item-02 | D2 | 2025-02-11 10:00 | fail",
            ),
            sheet(
                "complaints",
                "complaint_id | dealer_code | received_at | dispatched_at | severity | category
C-1 | D1 | 2025-02-12 09:00 | 2025-02-12 10:00 | general | waiting
C-2 | D2 | 2025-02-12 09:00 | 2025-02-12 10:00 | general | waiting",
            ),
        ]));
        let mut world = Self { tower, office };
        world.person("one@d1", Role::Dealer, &[], &["D1"]);
        world.person("two@d2", Role::Dealer, &[], &["D2"]);
        world.person("north@oem", Role::RegionalManager, &["N"], &[]);
        world.person("north2@oem", Role::RegionalManager, &["N"], &[]);
        world.person("south@oem", Role::RegionalManager, &["S"], &[]);
        for (name, role) in [("hq@oem", Role::Hq), ("money@oem", Role::Finance)] {
            world.person(name, role, &[], &[]);
        }
        world
    }

    fn person(&mut self, email: &str, role: Role, regions: &[&str], dealers: &[&str]) {
        let own = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        let user = User { email: email.to_owned(), role, regions: own(regions), dealers: own(dealers) };
        users::add(&mut self.office.desk, &user).unwrap();
    }

    /// The desk as a person has it: their name, and their part of the network.
    pub(crate) fn by(&mut self, email: &str) -> &mut farsight_control::Desk {
        let sql = format!("SELECT user_id::bigint FROM users WHERE email = '{email}'");
        let user = number(&mut self.tower.sql(), &sql) as i32;
        let desk = &mut self.office.desk;
        let part = ["north", "south", "machine:north"].iter().any(|name| email.starts_with(name))
            || email.contains("@d");
        let today = farsight_control::ground::zone(&desk.tenant).unwrap().date(desk.now);
        email.clone_into(&mut desk.actor);
        desk.person = part.then_some(Person { user, today });
        desk
    }

    /// Lets time pass and runs every check, as nobody.
    pub(crate) fn check(&mut self, now: &str) -> farsight_control::evaluate::Outcome {
        self.office.now(at(now));
        "test".clone_into(&mut self.office.desk.actor);
        self.office.desk.person = None;
        self.office.check(now)
    }

    pub(crate) fn number(&self, sql: &str) -> i64 {
        number(&mut self.tower.sql(), sql)
    }
}

/// A refusal by its code.
#[track_caller]
pub(crate) fn no<T: std::fmt::Debug>(result: Result<T, ControlError>, code: &str) {
    match result {
        Ok(done) => panic!("{done:?} was done, and should be refused as {code}"),
        Err(error) => assert_eq!(error.code(), code, "{error}"),
    }
}
