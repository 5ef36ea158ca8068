//! What a person hears, as that person sees and changes it: as it comes or once a day, how severe, in which hours not.
//!
//! A person changes what is told, never what may be seen: regions, dealers and levels stay as they were.

use std::str::FromStr;

use farsight_ledger::settlement::Role;
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use farsight_store::session::Isolation;
use farsight_store::{StoreError, telling, users};
use jiff::civil::Time;

use super::error::TellingError;
use super::quiet::Quiet;
use super::receivers::{self, language};
use super::subscriptions::{self, Subscriber};
use super::terms::{Kind, Terms};
use super::{PERSON, ROLE};
use crate::{ControlError, Desk};

/// What stands behind what a person hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// What they chose.
    Own,
    /// What was chosen for their role, or what it hears when nobody chose.
    Role,
}

/// What a person hears by e-mail, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What; of a role that hears nothing: with nothing in it.
    pub terms: Terms,
    /// Why.
    pub source: Source,
}

/// What a person wants to hear, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Whether notices are told as they come.
    pub each: bool,
    /// Nothing milder than this severity.
    pub least: String,
    /// These kinds of notices.
    pub kinds: Vec<String>,
    /// In which language.
    pub language: String,
    /// When the day's digest is due, local time like `08:00`; empty: there is none.
    pub digest_at: String,
    /// The first quiet moment, local time; empty: no hours are quiet.
    pub quiet_from: String,
    /// The first moment that is not quiet any more.
    pub quiet_to: String,
}

/// What the person at the desk hears by e-mail.
pub fn heard(desk: &mut Desk) -> Result<Heard, ControlError> {
    let (scope, tenant, by) = (desk.tenant.network(), desk.tenant.clone(), desk.actor.to_lowercase());
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let user = users::find(tx, &by)?.ok_or_else(|| TellingError::NoUser(by.clone()))?;
        if let Some(terms) = of_receiver(tx, &format!("{PERSON}{by}"))? {
            return Ok(Heard { terms, source: Source::Own });
        }
        let of_role = of_receiver(tx, &format!("{ROLE}{}", user.role.name()))?;
        let terms = of_role.unwrap_or_else(|| unsaid(user.role, language(&tenant)));
        Ok(Heard { terms, source: Source::Role })
    })
}

fn of_receiver(tx: &mut farsight_store::Tx, key: &str) -> Result<Option<Terms>, StoreError> {
    telling::subscription(tx, key)?.map(|text| receivers::terms(key, &text)).transpose()
}

/// What a role hears when nobody chose anything; a role that hears nothing may still choose to.
fn unsaid(role: Role, language: Language) -> Terms {
    let nothing = || Terms { each: false, ..Terms::plain(language) };
    Terms::of_role(role, language).unwrap_or_else(nothing)
}

/// Says what the person at the desk wants to hear from now on.
///
/// Refused, in this order: a word that is none, messages as they come without a kind of them, a time that cannot be read,
/// quiet hours with one end, and quiet hours without length.
pub fn choose(desk: &mut Desk, wish: &Wish) -> Result<(), ControlError> {
    let held = heard(desk)?.terms;
    let terms = wished(held, wish)?;
    subscriptions::write(desk, &Subscriber::Person(desk.actor.clone()), &terms, desk.tenant.network())
}

/// Takes back what the person at the desk chose, so that they hear what their role hears.
pub fn choose_nothing(desk: &mut Desk) -> Result<(), ControlError> {
    subscriptions::take_back(desk, &Subscriber::Person(desk.actor.clone()), desk.tenant.network())
}

fn wished(held: Terms, wish: &Wish) -> Result<Terms, TellingError> {
    let kinds: Vec<Kind> =
        wish.kinds.iter().map(|name| known(Kind::named(name), name)).collect::<Result<_, _>>()?;
    let least = known(Severity::named(&wish.least), &wish.least)?;
    let language = known(Language::tagged(&wish.language), &wish.language)?;
    if wish.each && kinds.is_empty() {
        return Err(TellingError::NoKinds);
    }
    let quiet = match (time(&wish.quiet_from)?, time(&wish.quiet_to)?) {
        (None, None) => None,
        (Some(from), Some(to)) if from == to => return Err(TellingError::Quiet(from)),
        (Some(from), Some(to)) => Some(Quiet { from, to }),
        _ => return Err(TellingError::HalfQuiet),
    };
    let digest_at = time(&wish.digest_at)?;
    Ok(Terms { least, kinds, each: wish.each, quiet, language, digest_at, ..held })
}

fn known<T>(named: Option<T>, name: &str) -> Result<T, TellingError> {
    named.ok_or_else(|| TellingError::Word(name.to_owned()))
}

/// A time of day; none where nothing was typed.
fn time(text: &str) -> Result<Option<Time>, TellingError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    Time::from_str(text).map(Some).map_err(|_| TellingError::Time(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish {
        Wish {
            each: true,
            least: "critical".to_owned(),
            kinds: vec!["opened".to_owned(), "resolved".to_owned()],
            language: "en".to_owned(),
            digest_at: "07:30".to_owned(),
            quiet_from: "22:00".to_owned(),
            quiet_to: "07:00".to_owned(),
        }
    }

    fn held() -> Terms {
        Terms { dealers: vec!["A1".to_owned()], ..unsaid(Role::Dealer, Language::Chinese) }
    }

    #[test]
    fn a_wish_changes_what_is_told_and_not_what_is_seen() {
        let terms = wished(held(), &wish()).unwrap();
        assert_eq!((terms.dealers.clone(), terms.levels.clone()), (held().dealers, held().levels));
        assert_eq!((terms.least, terms.language), (Severity::Critical, Language::English));
        assert_eq!(terms.kinds, [Kind::Opened, Kind::Resolved]);
        assert_eq!(terms.digest_at, Some(jiff::civil::time(7, 30, 0, 0)));
        let silent = Wish {
            each: false,
            digest_at: String::new(),
            quiet_from: " ".to_owned(),
            quiet_to: String::new(),
            ..wish()
        };
        let terms = wished(held(), &silent).unwrap();
        assert_eq!((terms.each, terms.digest_at, terms.quiet), (false, None, None));
    }

    #[test]
    fn each_fault_of_a_wish_has_its_code() {
        let refused = |change: fn(&mut Wish)| {
            let mut wish = wish();
            change(&mut wish);
            wished(held(), &wish).unwrap_err().code()
        };
        assert_eq!(refused(|wish| wish.kinds.clear()), "telling_no_kinds");
        assert_eq!(refused(|wish| wish.least = "dreadful".to_owned()), "telling_word");
        assert_eq!(refused(|wish| wish.kinds.push("sung".to_owned())), "telling_word");
        assert_eq!(refused(|wish| wish.language = "tlh".to_owned()), "telling_word");
        assert_eq!(refused(|wish| wish.quiet_to.clear()), "quiet_half");
        assert_eq!(refused(|wish| wish.quiet_from.clear()), "quiet_half");
        assert_eq!(refused(|wish| wish.quiet_to = "22:00".to_owned()), "quiet_hours");
        assert_eq!(refused(|wish| wish.quiet_to = "25:00".to_owned()), "telling_time");
        assert_eq!(refused(|wish| wish.digest_at = "early".to_owned()), "telling_time");
    }
}
