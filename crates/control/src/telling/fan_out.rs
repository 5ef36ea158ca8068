//! New notices made into deliveries, bundled: one message for each receiver and run.
//!
//! One transaction moves the cursor and writes what it passes: each notice is looked at exactly once. What is over
//! before it was told is not told; what is over is told to whoever was told that it began, and to nobody else.

use std::collections::{BTreeMap, HashSet};

use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::Tx;
use farsight_store::registry::Tenant;
use farsight_store::session::{Isolation, Turn};
use farsight_store::telling::{self, Delivery, News, NewsOf};

use super::number;
use super::receivers::{self, Index, Receiver};
use super::terms::Kind;
use super::texts::Speaker;
use crate::{ControlError, Desk, ground};

/// What came of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FannedOut {
    /// New notices.
    pub notices: u64,
    /// Messages made of them and of what was held back.
    pub deliveries: u64,
    /// Times that a notice was held back for somebody's quiet hours.
    pub held: u64,
}

/// Makes what is new into messages to whom it concerns.
pub fn fan_out(desk: &mut Desk) -> Result<FannedOut, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    desk.session.in_turn(scope, Turn::Telling, |session| {
        session.transaction(scope, Isolation::Snapshot, |tx| Round::begin(tx, &tenant, now)?.carry_out(tx))
    })
}

/// A notice that is told, as what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'n> {
    pub(super) kind: Kind,
    pub(super) news: &'n News,
}

struct Round<'t> {
    tenant: &'t Tenant,
    zone: Zone,
    now: Instant,
    news: Vec<News>,
    held: HashSet<String>,
    fanned: FannedOut,
}

impl<'t> Round<'t> {
    fn begin(tx: &mut Tx, tenant: &'t Tenant, now: Instant) -> Result<Self, ControlError> {
        let zone = ground::zone(tenant)?;
        let cursor = telling::cursor(tx)?;
        let news = telling::news(tx, NewsOf::After(cursor), zone.date(now))?;
        let held = telling::held_receivers(tx)?.into_iter().collect();
        let fanned = FannedOut { notices: news.len() as u64, ..FannedOut::default() };
        Ok(Self { tenant, zone, now, news, held, fanned })
    }

    fn carry_out(mut self, tx: &mut Tx) -> Result<FannedOut, ControlError> {
        if self.news.is_empty() && self.held.is_empty() {
            return Ok(self.fanned);
        }
        let receivers = receivers::all(tx, self.tenant)?;
        let news = std::mem::take(&mut self.news);
        let mut speaker = Speaker::new(tx, self.tenant, self.now)?;
        for (receiver, own) in receivers.iter().zip(shares(&receivers, &news)) {
            self.serve(tx, &mut speaker, receiver, own)?;
        }
        let hears: HashSet<&str> = receivers.iter().map(|receiver| receiver.key.as_str()).collect();
        for gone in self.held.iter().filter(|key| !hears.contains(key.as_str())) {
            telling::release(tx, gone)?;
        }
        if let Some(last) = news.last() {
            telling::move_cursor(tx, last.notice)?;
        }
        Ok(self.fanned)
    }

    /// Tells a receiver what is theirs, or holds it back.
    fn serve(
        &mut self,
        tx: &mut Tx,
        speaker: &mut Speaker,
        receiver: &Receiver,
        mut own: Vec<&News>,
    ) -> Result<(), ControlError> {
        let quiet = receiver.terms.quiet.and_then(|quiet| quiet.until(self.now, &self.zone)).is_some();
        let earlier = if !quiet && self.held.contains(&receiver.key) {
            self.released(tx, receiver)?
        } else {
            Vec::new()
        };
        if quiet {
            let (urgent, later): (Vec<&News>, Vec<&News>) = own.into_iter().partition(|news| is_urgent(news));
            let held: Vec<i64> = later.iter().map(|news| news.notice).collect();
            telling::hold(tx, &receiver.key, &held)?;
            self.fanned.held += held.len() as u64;
            own = urgent;
        }
        let news: Vec<&News> = earlier.iter().chain(own).collect();
        if news.is_empty() {
            return Ok(());
        }
        self.tell(tx, speaker, receiver, &news)
    }

    /// What was held back for a receiver and is still theirs.
    fn released(&self, tx: &mut Tx, receiver: &Receiver) -> Result<Vec<News>, ControlError> {
        let held = telling::news(tx, NewsOf::Held(&receiver.key), self.zone.date(self.now))?;
        telling::release(tx, &receiver.key)?;
        Ok(held.into_iter().filter(|news| concerns(receiver, news)).collect())
    }

    fn tell(
        &mut self,
        tx: &mut Tx,
        speaker: &mut Speaker,
        receiver: &Receiver,
        news: &[&News],
    ) -> Result<(), ControlError> {
        let alerts: Vec<i64> = news.iter().map(|news| news.alert).collect();
        let told = telling::told_among(tx, &receiver.key, &alerts)?;
        let items = settle(news, &told, receiver.email());
        let of = |asks: bool| -> Vec<i64> {
            items.iter().filter(|item| item.kind.asks() == asks).map(|item| item.news.alert).collect()
        };
        let over: Vec<i64> =
            items.iter().filter(|item| item.kind == Kind::Resolved).map(|item| item.news.alert).collect();
        telling::mark_told(tx, &receiver.key, &of(true))?;
        telling::forget_told(tx, &receiver.key, &over)?;
        if items.is_empty() {
            return Ok(());
        }
        let last = news.iter().map(|news| news.notice).max().unwrap_or_default();
        let id = number(self.tenant, &["alerts", &receiver.key, &last.to_string(), &self.now.0.to_string()]);
        let message = speaker.bundle(tx, receiver, &items, &id)?;
        let about: Vec<i64> = items.iter().map(|item| item.news.alert).collect();
        let delivery = Delivery {
            id: &id,
            receiver: &receiver.key,
            robot_key: &receiver.robot_key,
            what: "alerts",
            alerts: &about,
            message: &message,
            made_at: self.now,
        };
        self.fanned.deliveries += u64::from(telling::add(tx, &delivery)?);
        Ok(())
    }
}

/// What of the news is each receiver's.
fn shares<'n>(receivers: &[Receiver], news: &'n [News]) -> Vec<Vec<&'n News>> {
    let index = Index::of(receivers);
    let mut shares: Vec<Vec<&News>> = vec![Vec::new(); receivers.len()];
    for it in news {
        for place in index.near(it.into()) {
            // Somebody whose regions and dealers both lead here is asked once only.
            let had = shares[place].last().is_some_and(|last| last.notice == it.notice);
            if !had && concerns(&receivers[place], it) {
                shares[place].push(it);
            }
        }
    }
    shares
}

fn concerns(receiver: &Receiver, news: &News) -> bool {
    let wants = |kind| receiver.terms.want(kind, news.severity, news.level);
    Kind::named(&news.kind).is_some_and(wants) && receiver.sees(news.into())
}

/// Whether it is told in quiet hours too.
fn is_urgent(news: &News) -> bool {
    news.severity == Severity::Critical && Kind::named(&news.kind).is_some_and(Kind::asks)
}

/// What is left to tell when all that happened to each alert is taken together; the worst first.
fn settle<'n>(news: &[&'n News], told: &HashSet<i64>, own_address: Option<&str>) -> Vec<Item<'n>> {
    let mut alerts: BTreeMap<i64, (Option<Item<'n>>, Item<'n>)> = BTreeMap::new();
    for &news in news {
        let Some(kind) = Kind::named(&news.kind) else { continue };
        let item = Item { kind, news };
        let asked = alerts.get(&news.alert).and_then(|(asked, _)| *asked);
        alerts.insert(news.alert, (if kind.asks() { Some(item) } else { asked }, item));
    }
    let mut items: Vec<Item> = alerts
        .into_iter()
        .filter_map(|(alert, (asked, last))| match (last.kind, asked) {
            (Kind::Resolved, _) => told.contains(&alert).then_some(last),
            _ if last.news.over => None,
            (_, Some(asked)) => (asked.kind != Kind::Opened || !told.contains(&alert)).then_some(asked),
            (_, None) => {
                let by_themselves = own_address.is_some() && last.news.actor.as_deref() == own_address;
                (told.contains(&alert) && !by_themselves).then_some(last)
            }
        })
        .collect();
    items.sort_by_key(|item| {
        (!item.kind.asks(), std::cmp::Reverse(item.news.severity), item.news.amount.0, item.news.alert)
    });
    items
}

#[cfg(test)]
mod tests {
    use farsight_rulebook::alert::Level;
    use farsight_rulebook::money::Money;

    use super::*;

    fn news(notice: i64, kind: &str, over: bool) -> News {
        News {
            notice,
            kind: kind.to_owned(),
            alert: 1,
            severity: Severity::Warning,
            level: Level::Dealer,
            dealer: "D1".to_owned(),
            region: "N".to_owned(),
            actor: (kind == "acknowledged").then(|| "a@oem".to_owned()),
            check: "complaint".to_owned(),
            clause: "complaint.reply-late".to_owned(),
            amount: Money::ZERO,
            over,
        }
    }

    /// What is told after these notices, `~` before them: the alert was told before; `!` behind: it is over by now.
    fn told(story: &str) -> String {
        let known = story.starts_with('~');
        let over = story.ends_with('!');
        let kinds = story.trim_matches(['~', '!', ' ']).split(' ').filter(|kind| !kind.is_empty());
        let all: Vec<News> = (1..).zip(kinds).map(|(notice, kind)| news(notice, kind, over)).collect();
        let refs: Vec<&News> = all.iter().collect();
        let told = if known { HashSet::from([1]) } else { HashSet::new() };
        let items = settle(&refs, &told, Some("b@oem"));
        items.iter().map(|item| item.kind.name()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_left_to_tell() {
        for (story, expected) in [
            ("opened", "opened"),
            ("opened escalated", "escalated"),
            ("opened acknowledged", "opened"),
            ("opened resolved !", ""),
            ("~ resolved !", "resolved"),
            ("~ escalated resolved !", "resolved"),
            ("resolved !", ""),
            ("opened resolved reopened", "reopened"),
            // It came back and went again before anybody was told that it came back.
            ("opened !", ""),
            ("~ acknowledged", "acknowledged"),
            ("acknowledged", ""),
            // Told at night because it became critical; what was held back before that is no news any more.
            ("~ opened", ""),
            ("~ worsened", "worsened"),
        ] {
            assert_eq!(told(story), expected, "{story}");
        }
    }

    #[test]
    fn who_acknowledged_is_not_told_so() {
        let it = news(1, "acknowledged", false);
        assert!(settle(&[&it], &HashSet::from([1]), Some("a@oem")).is_empty());
        assert_eq!(settle(&[&it], &HashSet::from([1]), None).len(), 1);
    }
}
