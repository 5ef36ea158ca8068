//! Tokens: how machines come in. A token belongs to a machine, a user with role and scope like a person, so that what a
//! machine sees and does is held to the same rules, and the audit log names it.
//!
//! A secret is told once and never stored, only its SHA-256. It begins with the tenant's number, so that row-level
//! security holds for the look-up too.

mod known;
mod refusal;

use farsight_ledger::settlement::Role;
use farsight_rulebook::codes::is_code;
use farsight_rulebook::tables;
use farsight_rulebook::time::{DAY, HOUR, Instant};
use farsight_store::audit::Deed;
use farsight_store::session::Isolation;
use farsight_store::tokens::{self as stored, ALL_TABLES, Listed};
use farsight_store::users::User;
use farsight_store::{Tx, audit, users as stored_users};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::sealing::Sealer;
use crate::{ControlError, Desk, users, watches, webhooks};

pub use known::{Bearer, known, note_use};
pub use refusal::Refusal;

/// What every secret begins with, so that scanners for leaked secrets find it.
const MARK: &str = "fsk";
/// What a machine's name begins with in the audit log; no person's address does.
const MACHINE: &str = "machine:";
/// The bytes of a secret.
const SECRET_BYTES: usize = 32;
/// A token holds for so many days where nobody said.
pub const DAYS: i64 = 90;
/// A token holds for so many days at most.
pub const MOST_DAYS: i64 = 366;
/// Requests a minute where nobody said.
pub const RATE: i32 = 600;
/// Requests a minute at most.
pub const MOST_RATE: i32 = 1_000_000;
/// After a rotation the old token goes on for so many hours where nobody said.
pub const OVERLAP_HOURS: i64 = 24;

/// Tables whose every row is one dealer's, so that a machine with part of a network may send them. What judges a dealer
/// (inspections, surveys, visits by strangers, exams, rulings), who works where, and what stands behind all dealers only the
/// manufacturer's machines send. A complaint is not its dealer's to make, close or void: what a dealer does about it is a
/// deed, and held to the role (`complaints::deeds`).
const OF_DEALERS: [&str; 8] = [
    "bays",
    "customer_base",
    "cameras",
    "work_orders",
    "work_order_delays",
    "support_requests",
    "feedback",
    "callbacks",
];

/// A token that is asked for.
#[derive(Debug, Clone)]
pub struct New {
    /// What the machine is called: a code.
    pub name: String,
    /// What it does.
    pub role: Role,
    /// The regions it sees.
    pub regions: Vec<String>,
    /// The dealers it works for.
    pub dealers: Vec<String>,
    /// The tables whose facts it may send; `all` is all there are.
    pub tables: Vec<String>,
    /// Whether it may read.
    pub reads: bool,
    /// Whether it may take deeds.
    pub acts: bool,
    /// For how many days it holds.
    pub days: i64,
    /// Requests a minute.
    pub rate: i32,
}

/// A token that was made: the only time its secret is told.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Its number.
    pub token: i32,
    /// What to send as `Authorization: Bearer …`.
    pub secret: String,
    /// Until when it holds.
    pub expires_at: Instant,
}

/// Makes a token for a new machine, or for one whose tokens have all ended.
pub fn add(desk: &mut Desk, sealer: &Sealer, new: &New) -> Result<Issued, ControlError> {
    let (scope, now, by) = (desk.tenant.network(), desk.now, desk.actor.clone());
    let tables = check(new)?;
    let (secret, kept) = secret(desk.tenant.id, sealer);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after(tx, &by)?;
        let machine = User {
            email: named(&new.name),
            role: new.role,
            regions: new.regions.clone(),
            dealers: new.dealers.clone(),
        };
        users::fits(tx, &machine)?;
        let user = stored::put_machine(tx, &machine, now)?.ok_or(Refusal::Exists)?;
        if stored::of_machine(tx, &machine.email)?.iter().any(|token| token.holds(now)) {
            return Err(Refusal::Exists.into());
        }
        let expires_at = Instant(now.0.saturating_add(new.days * DAY));
        let row = stored::New {
            secret: &kept,
            user,
            reads: new.reads,
            acts: new.acts,
            tables: &tables,
            rate: new.rate,
            made_at: now,
            made_by: &by,
            expires_at,
        };
        let token = stored::add(tx, &row)?;
        let detail = json!({
            "token": token, "role": new.role.name(), "regions": new.regions, "dealers": new.dealers, "reads": new.reads,
            "acts": new.acts, "tables": tables, "rate": new.rate, "expires_at": expires_at.timestamp().to_string(),
        });
        write_down(tx, now, (&by, "token.add", &machine.email), &detail)?;
        Ok(Issued { token, secret, expires_at })
    })
}

/// Makes a new token of the same machine, terms and days; the old ones go on until the overlap is over.
pub fn rotate(
    desk: &mut Desk,
    sealer: &Sealer,
    name: &str,
    overlap_hours: i64,
) -> Result<Issued, ControlError> {
    if !(0..=24 * 31).contains(&overlap_hours) {
        return Err(Refusal::Overlap.into());
    }
    let (scope, now, by) = (desk.tenant.network(), desk.now, desk.actor.clone());
    let (secret, kept) = secret(desk.tenant.id, sealer);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after(tx, &by)?;
        let machine = named(name);
        stored::hold_machine(tx, &machine)?;
        let all = stored::of_machine(tx, &machine)?;
        let last = all.iter().find(|token| token.holds(now)).ok_or(ControlError::NotFound("token"))?;
        let expires_at = Instant(now.0.saturating_add(last.expires_at - last.made_at));
        let row = stored::New {
            secret: &kept,
            user: last.user,
            reads: last.reads,
            acts: last.acts,
            tables: &last.tables,
            rate: last.rate,
            made_at: now,
            made_by: &by,
            expires_at,
        };
        let token = stored::add(tx, &row)?;
        let until = Instant(now.0.saturating_add(overlap_hours * HOUR));
        for old in all.iter().filter(|token| token.holds(now)) {
            stored::end_by(tx, old.token, until)?;
        }
        let detail = json!({ "token": token, "old_until": until.timestamp().to_string() });
        write_down(tx, now, (&by, "token.rotate", &machine), &detail)?;
        Ok(Issued { token, secret, expires_at })
    })
}

/// Revokes all tokens of a machine, at once on every replica: each request looks its token up.
pub fn revoke(desk: &mut Desk, name: &str) -> Result<usize, ControlError> {
    let (scope, now, by) = (desk.tenant.network(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after(tx, &by)?;
        let machine = named(name);
        stored::hold_machine(tx, &machine)?;
        let all = stored::of_machine(tx, &machine)?;
        let user = all.first().ok_or(ControlError::NotFound("token"))?.user;
        let revoked = stored::revoke(tx, user, &by, now)?;
        webhooks::disable_of(tx, user, now)?;
        watches::shut_of(tx, user, now)?;
        write_down(tx, now, (&by, "token.revoke", &machine), &json!({ "tokens": revoked }))?;
        Ok(revoked)
    })
}

/// All tokens, by machine, the latest first.
pub fn list(desk: &mut Desk) -> Result<Vec<Listed>, ControlError> {
    let (scope, by) = (desk.tenant.network(), desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after(tx, &by)?;
        Ok(stored::all(tx)?)
    })
}

/// What a machine is called, of its name in the audit log.
pub fn name_of(machine: &str) -> &str {
    machine.strip_prefix(MACHINE).unwrap_or(machine)
}

/// A machine's name in the audit log.
pub(crate) fn named(name: &str) -> String {
    format!("{MACHINE}{name}")
}

/// A secret as it is told, and as it is kept.
fn secret(tenant: i32, sealer: &Sealer) -> (String, Vec<u8>) {
    let told = format!("{MARK}_{tenant}_{}", hex::encode(sealer.random::<SECRET_BYTES>()));
    let kept = kept(&told);
    (told, kept)
}

fn kept(told: &str) -> Vec<u8> {
    Sha256::digest(told.as_bytes()).to_vec()
}

/// Whoever is no user acts at the installation itself, by its command line.
fn looks_after(tx: &mut Tx, by: &str) -> Result<(), ControlError> {
    match stored_users::find(tx, by)?.map(|user| user.role) {
        None | Some(Role::Hq | Role::Operator) if !by.starts_with(MACHINE) => Ok(()),
        _ => Err(Refusal::Role.into()),
    }
}

/// Whether what is asked for can be; gives the tables as they are stored.
fn check(new: &New) -> Result<Vec<String>, Refusal> {
    // The audit log and four eyes compare names in small letters.
    if !is_code(&new.name) || new.name.chars().any(|letter| letter.is_ascii_uppercase()) {
        return Err(Refusal::Name);
    }
    if !(1..=MOST_DAYS).contains(&new.days) {
        return Err(Refusal::Days);
    }
    if !(1..=MOST_RATE).contains(&new.rate) {
        return Err(Refusal::Rate);
    }
    if !new.reads && !new.acts && new.tables.is_empty() {
        return Err(Refusal::Nothing);
    }
    tables_of(new.role, &new.tables)
}

/// The tables that a role may send, of those asked for, as they are stored.
pub(crate) fn tables_of(role: Role, asked: &[String]) -> Result<Vec<String>, Refusal> {
    let part = role.sees_a_part();
    if role == Role::Operator && !asked.is_empty() {
        return Err(Refusal::Tables(asked.join(", ")));
    }
    if asked.iter().any(|table| table == "all" || table == ALL_TABLES) {
        let all = if part { OF_DEALERS.map(str::to_owned).to_vec() } else { vec![ALL_TABLES.to_owned()] };
        return Ok(all);
    }
    let wrong: Vec<&str> = asked.iter().map(String::as_str).filter(|table| !may_send(role, table)).collect();
    if wrong.is_empty() { Ok(asked.to_vec()) } else { Err(Refusal::Tables(wrong.join(", "))) }
}

/// Whether a role may send a table.
pub(crate) fn may_send(role: Role, table: &str) -> bool {
    let known = if role.sees_a_part() { OF_DEALERS.contains(&table) } else { tables::table(table).is_some() };
    known && role != Role::Operator
}

fn write_down(
    tx: &mut Tx,
    now: Instant,
    (actor, action, subject): (&str, &str, &str),
    detail: &serde_json::Value,
) -> Result<(), ControlError> {
    audit::add(tx, now, &Deed { actor, action, subject, detail: &detail.to_string() })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(role: Role, tables: &[&str]) -> New {
        New {
            name: "dms-1".to_owned(),
            role,
            regions: Vec::new(),
            dealers: Vec::new(),
            tables: tables.iter().map(|table| (*table).to_owned()).collect(),
            reads: true,
            acts: false,
            days: DAYS,
            rate: RATE,
        }
    }

    #[test]
    fn a_part_of_a_network_sends_what_is_one_dealers() {
        assert_eq!(check(&new(Role::Hq, &["all"])).unwrap(), ["*"]);
        assert_eq!(check(&new(Role::Hq, &["rulings"])).unwrap(), ["rulings"]);
        assert_eq!(check(&new(Role::Dealer, &["all"])).unwrap(), OF_DEALERS);
        for table in
            ["rulings", "regions", "complaints", "complaint_events", "inspections", "dealers", "nothing"]
        {
            let refused = check(&new(Role::Dealer, &["work_orders", table]));
            assert_eq!(refused, Err(Refusal::Tables(table.to_owned())));
        }
        assert_eq!(check(&new(Role::Hq, &["sales"])), Err(Refusal::Tables("sales".to_owned())));
        assert_eq!(
            check(&new(Role::Operator, &["work_orders"])),
            Err(Refusal::Tables("work_orders".to_owned()))
        );
    }

    #[test]
    fn what_a_token_cannot_be() {
        let with = |change: fn(&mut New)| {
            let mut new = new(Role::Hq, &[]);
            change(&mut new);
            check(&new).unwrap_err()
        };
        assert_eq!(with(|new| "a b".clone_into(&mut new.name)), Refusal::Name);
        assert_eq!(with(|new| "DMS".clone_into(&mut new.name)), Refusal::Name);
        assert_eq!(with(|new| new.days = 0), Refusal::Days);
        assert_eq!(with(|new| new.days = 367), Refusal::Days);
        assert_eq!(with(|new| new.rate = 0), Refusal::Rate);
        assert_eq!(with(|new| new.reads = false), Refusal::Nothing);
    }
}
