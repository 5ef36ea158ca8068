//! A tenant at work: every use case in one line, failing loudly.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use farsight_control::evaluate::{self, Request};
use farsight_control::export::{self, Format, Of, Report};
use farsight_control::import::{self, FileReport};
use farsight_control::sealing::{KEY_BYTES, Sealer};
use farsight_control::settle::{self, Settled};
use farsight_control::tenants::{self, NewTenant};
use farsight_control::{ControlError, Desk, audit, users};
use farsight_exchange::Progress;
use farsight_ledger::settlement::Role;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::users::User;
use jiff::civil::DateTime;
use sha2::{Digest, Sha256};

use crate::Tower;
use crate::sheets::Folder;

/// A moment that is after all that happens in the tests.
pub const LATE: &str = "2030-01-01T00:00:00+08:00";

/// What the tests' secrets are sealed with: the same key each time, bytes that never repeat and follow a fixed course.
pub fn sealer() -> Sealer {
    Sealer::new([42; KEY_BYTES], |bytes| {
        static TURN: AtomicU64 = AtomicU64::new(0);
        for chunk in bytes.chunks_mut(32) {
            let turn = TURN.fetch_add(1, Ordering::Relaxed);
            let hash = Sha256::digest(turn.to_be_bytes());
            chunk.copy_from_slice(&hash[..chunk.len()]);
        }
    })
}

/// An instant as tests write it: RFC 3339, or local time in Shanghai.
pub fn at(text: &str) -> Instant {
    match text.parse::<jiff::Timestamp>() {
        Ok(timestamp) => Instant::exactly(timestamp).expect("whole microseconds"),
        Err(_) => {
            let local: DateTime = text.parse().unwrap_or_else(|_| panic!("no instant: {text}"));
            Zone::shanghai().instant(local).unwrap_or_else(|error| panic!("{text}: {error}"))
        }
    }
}

/// A month as tests write it.
pub fn month(text: &str) -> Period {
    text.parse().unwrap_or_else(|_| panic!("no month: {text}"))
}

/// A settlement's four steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Settle(&'static str),
    Review,
    Approve,
    Lock,
}

fn new(code: &str, policy: &str, simulated: bool) -> NewTenant {
    NewTenant {
        code: code.to_owned(),
        name: format!("Tenant {code}"),
        time_zone: "Asia/Shanghai".to_owned(),
        currency: "CNY".to_owned(),
        from: None,
        simulated,
        policy: policy.to_owned(),
    }
}

/// A tenant in Shanghai.
pub struct Office {
    pub desk: Desk,
}

impl Office {
    /// A new tenant with a shipped policy.
    pub fn new(tower: &Tower, code: &str, policy: &str) -> Self {
        Self::since(tower, code, policy, LATE)
    }

    /// A new tenant in Shanghai, added at a moment of its own time.
    pub fn since(tower: &Tower, code: &str, policy: &str, now: &str) -> Self {
        Self::add(tower, &new(code, policy, true), now)
    }

    /// The same of a tenant that is no simulation: four eyes are asked for everywhere.
    pub fn real(tower: &Tower, code: &str, policy: &str, now: &str) -> Self {
        Self::add(tower, &new(code, policy, false), now)
    }

    fn add(tower: &Tower, new: &NewTenant, now: &str) -> Self {
        tenants::add(&tower.database, new, &sealer(), "test", at(now))
            .unwrap_or_else(|error| panic!("{error}"));
        let mut office = Self::open(tower, &new.code);
        office.now(at(now));
        office
    }

    /// Another desk of a tenant that is there.
    pub fn open(tower: &Tower, code: &str) -> Self {
        let desk = Desk::open(&tower.database, Some(code), "test", at(LATE))
            .unwrap_or_else(|error| panic!("{error}"));
        Self { desk }
    }

    /// The tenant's number.
    pub fn tenant(&self) -> i32 {
        self.desk.tenant.id
    }

    /// Sets the present moment.
    pub fn now(&mut self, now: Instant) {
        self.desk.now = now;
    }

    /// Imports in one call, whatever comes of it.
    pub fn try_import(&mut self, paths: &[PathBuf]) -> Result<import::Outcome, ControlError> {
        let sources = import::sources(paths)?;
        import::import(&mut self.desk, &sources, false, &Progress::default())
    }

    /// Imports in one call; nothing may be wrong with it.
    pub fn import(&mut self, paths: &[PathBuf]) -> Vec<FileReport> {
        let outcome = self.try_import(paths).unwrap_or_else(|error| panic!("{error}"));
        let told: Vec<String> = outcome.errors.iter().take(5).map(ToString::to_string).collect();
        assert_eq!(outcome.error_count(), 0, "{told:#?}");
        outcome.files
    }

    /// Imports what a folder holds.
    pub fn import_folder(&mut self, folder: &Folder) -> Vec<FileReport> {
        self.import(&[folder.path().to_owned()])
    }

    /// Runs every check.
    pub fn check(&mut self, as_of: &str) -> evaluate::Outcome {
        self.evaluate(&Request { as_of: Some(at(as_of)), ..Request::default() })
    }

    /// Runs checks; nothing may be wrong with it.
    pub fn evaluate(&mut self, request: &Request) -> evaluate::Outcome {
        evaluate::evaluate(&mut self.desk, request).unwrap_or_else(|error| panic!("{error}"))
    }

    /// An export as it is written.
    pub fn export(&mut self, what: Report, period: Option<Period>, format: Format) -> Vec<u8> {
        self.export_of(what, Of { period, known_at: None }, format)
    }

    /// An export, as known when it is asked for.
    pub fn export_of(&mut self, what: Report, of: Of, format: Format) -> Vec<u8> {
        let mut out = Vec::new();
        export::export(&mut self.desk, what, of, format, &mut out).unwrap_or_else(|error| panic!("{error}"));
        out
    }

    /// An export as text.
    pub fn csv(&mut self, what: Report, period: Option<Period>) -> String {
        String::from_utf8(self.export(what, period, Format::Csv { bom: false })).expect("UTF-8")
    }

    /// Adds people of finance, named before the at-sign.
    pub fn finance(&mut self, names: &[&str]) {
        for name in names {
            self.user(name, Role::Finance);
        }
    }

    /// Adds a person who sees the whole network.
    pub fn user(&mut self, email: &str, role: Role) {
        let user = User { email: email.to_owned(), role, regions: Vec::new(), dealers: Vec::new() };
        users::add(&mut self.desk, &user).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Takes a step of a settlement.
    pub fn step(&mut self, step: Step, period: &str, by: &str) -> Result<Settled, ControlError> {
        let period = month(period);
        match step {
            Step::Settle(as_of) => {
                settle::calculate(&mut self.desk, period, at(as_of), by).map(|(_, settled)| settled)
            }
            Step::Review => settle::review(&mut self.desk, period, by),
            Step::Approve => settle::approve(&mut self.desk, period, by),
            Step::Lock => settle::lock(&mut self.desk, period, by),
        }
    }

    /// All four steps, by people in turn.
    pub fn lock(&mut self, period: &str, as_of: &'static str) -> Settled {
        let steps = [
            (Step::Settle(as_of), "anna@oem"),
            (Step::Review, "anna@oem"),
            (Step::Approve, "bo@oem"),
            (Step::Lock, "anna@oem"),
        ];
        let mut last = None;
        for (step, by) in steps {
            let settled = self.step(step, period, by);
            last = Some(settled.unwrap_or_else(|error| panic!("{step:?} {period} by {by}: {error}")));
        }
        last.expect("four steps")
    }

    /// Walks the audit chain; it has to be whole.
    pub fn audit_links(&mut self) -> i64 {
        let walk = audit::verify(&mut self.desk).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(walk.broken, None);
        walk.links
    }
}
