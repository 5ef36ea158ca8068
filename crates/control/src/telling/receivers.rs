//! Everybody who may be told: users and channels, what each sees, and what each wants to hear.

use std::collections::{HashMap, HashSet};

use farsight_ledger::settlement::Role;
use farsight_rulebook::alert::{FEED_SILENT, JOB_GAVE_UP, WATCH_AWAY, WEBHOOK_OFF};
use farsight_rulebook::checks::complaint;
use farsight_rulebook::messages::Language;
use farsight_store::registry::Tenant;
use farsight_store::telling::{self, News, OpenAlert};
use farsight_store::users::{self, User};
use farsight_store::{StoreError, Tx};

use super::terms::Terms;
use super::{CHANNEL, PERSON, ROLE};

/// What an alert is about, as far as seeing it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) dealer: &'a str,
    pub(super) region: &'a str,
    pub(super) check: &'a str,
    pub(super) clause: &'a str,
}

impl<'a> From<&'a News> for About<'a> {
    fn from(it: &'a News) -> Self {
        Self { dealer: &it.dealer, region: &it.region, check: &it.check, clause: &it.clause }
    }
}

impl<'a> From<&'a OpenAlert> for About<'a> {
    fn from(it: &'a OpenAlert) -> Self {
        Self { dealer: &it.dealer, region: &it.region, check: &it.check, clause: &it.clause }
    }
}

/// What somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// The tenant's whole network.
    Network,
    /// Some regions.
    Regions(HashSet<String>),
    /// Some dealers.
    Dealers(HashSet<String>),
    /// Complaints, of all dealers.
    Complaints,
    /// Trouble of the tower itself: no facts.
    Troubles,
}

impl Sight {
    fn of(user: &User) -> Self {
        match user.role {
            Role::Hq | Role::Finance => Self::Network,
            Role::RegionalManager => Self::Regions(user.regions.iter().cloned().collect()),
            Role::Dealer => Self::Dealers(user.dealers.iter().cloned().collect()),
            Role::CallCentre => Self::Complaints,
            Role::Operator => Self::Troubles,
        }
    }

    fn sees(&self, it: About) -> bool {
        match self {
            Self::Network => true,
            Self::Regions(own) => own.contains(it.region),
            Self::Dealers(own) => own.contains(it.dealer),
            Self::Complaints => it.check == complaint::NAME,
            Self::Troubles => [JOB_GAVE_UP, FEED_SILENT, WEBHOOK_OFF, WATCH_AWAY].contains(&it.clause),
        }
    }
}

/// Somebody who may be told.
#[derive(Debug, Clone)]
pub(super) struct Receiver {
    /// `person:ADDRESS` or `channel:CODE`.
    pub(super) key: String,
    /// What they see.
    pub(super) sight: Sight,
    /// What they want to hear.
    pub(super) terms: Terms,
    /// By what their pace is held; empty where there is none.
    pub(super) robot_key: String,
}

impl Receiver {
    /// Whether something is theirs to know, and within what they asked for.
    pub(super) fn sees(&self, it: About) -> bool {
        let asked = |codes: &[String], code: &str| codes.is_empty() || codes.iter().any(|own| own == code);
        self.sight.sees(it) && asked(&self.terms.regions, it.region) && asked(&self.terms.dealers, it.dealer)
    }

    /// Their address, of a person.
    pub(super) fn email(&self) -> Option<&str> {
        self.key.strip_prefix(PERSON)
    }

    /// Whether they see all there is, the day's draw included, which dealers must not know.
    pub(super) fn sees_the_draw(&self) -> bool {
        self.sight == Sight::Network && self.terms.regions.is_empty() && self.terms.dealers.is_empty()
    }
}

/// The language of those who asked for none.
pub(super) fn language(tenant: &Tenant) -> Language {
    if tenant.currency == "CNY" { Language::Chinese } else { Language::English }
}

/// Everybody who hears something: by a subscription of their own, else of their role, else by default. A channel hears
/// what it has a subscription for.
pub(super) fn all(tx: &mut Tx, tenant: &Tenant) -> Result<Vec<Receiver>, StoreError> {
    let subscribed = subscribed(tx)?;
    let mut receivers = Vec::new();
    for user in users::all(tx)? {
        let key = format!("{PERSON}{}", user.email);
        let asked = subscribed.get(&key).or_else(|| subscribed.get(&format!("{ROLE}{}", user.role.name())));
        let terms = asked.cloned().or_else(|| Terms::of_role(user.role, language(tenant)));
        if let Some(terms) = terms {
            receivers.push(Receiver { key, sight: Sight::of(&user), terms, robot_key: String::new() });
        }
    }
    for channel in telling::all(tx)?.into_iter().filter(|channel| channel.disabled.is_none()) {
        let key = format!("{CHANNEL}{}", channel.code);
        if let Some(terms) = subscribed.get(&key).cloned() {
            receivers.push(Receiver { key, sight: Sight::Network, terms, robot_key: channel.robot_key });
        }
    }
    Ok(receivers)
}

/// Terms by receiver.
pub(super) fn subscribed(tx: &mut Tx) -> Result<HashMap<String, Terms>, StoreError> {
    let read = |(receiver, text): (String, String)| terms(&receiver, &text).map(|terms| (receiver, terms));
    telling::subscriptions(tx)?.into_iter().map(read).collect()
}

/// Terms as they are kept.
pub(super) fn terms(receiver: &str, text: &str) -> Result<Terms, StoreError> {
    let unread = |error| StoreError::Value(format!("the subscription of {receiver}: {error}"));
    serde_json::from_str(text).map_err(unread)
}

/// Receivers found by what they may see, so that not everybody is asked about everything.
pub(super) struct Index<'r> {
    everywhere: Vec<usize>,
    by_region: HashMap<&'r str, Vec<usize>>,
    by_dealer: HashMap<&'r str, Vec<usize>>,
}

impl<'r> Index<'r> {
    /// Of these receivers.
    pub(super) fn of(receivers: &'r [Receiver]) -> Self {
        let mut index = Self { everywhere: Vec::new(), by_region: HashMap::new(), by_dealer: HashMap::new() };
        for (place, receiver) in receivers.iter().enumerate() {
            match &receiver.sight {
                Sight::Regions(own) => {
                    own.iter().for_each(|code| index.by_region.entry(code).or_default().push(place));
                }
                Sight::Dealers(own) => {
                    own.iter().for_each(|code| index.by_dealer.entry(code).or_default().push(place));
                }
                Sight::Network | Sight::Complaints | Sight::Troubles => index.everywhere.push(place),
            }
        }
        index
    }

    /// Those who may see it; whether they do is still to be asked.
    pub(super) fn near(&self, it: About) -> impl Iterator<Item = usize> {
        let of_region = self.by_region.get(it.region).into_iter().flatten();
        let of_dealer = self.by_dealer.get(it.dealer).into_iter().flatten();
        self.everywhere.iter().chain(of_region).chain(of_dealer).copied()
    }
}
