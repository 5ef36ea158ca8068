//! The day's digest of a person or channel: what is open in their scope, what costs most, what is due today, and how
//! the day's draw stands. Where there is nothing, nothing is told.

use std::collections::HashMap;

use farsight_courier::{Line, Message};
use farsight_rulebook::messages::Language;
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::receipt::Value;
use farsight_rulebook::time::{HOUR, Instant, Zone, plus_days};
use farsight_store::Tx;
use farsight_store::registry::Tenant;
use farsight_store::session::{Isolation, Turn};
use farsight_store::telling::{self, Delivery, OpenAlert};
use jiff::civil::{Date, Time};
use serde_json::json;

use super::number;
use super::receivers::{self, Index, Receiver};
use super::texts::{Speaker, count, written};
use crate::sample::SampleError;
use crate::visits::{self, Standing};
use crate::{ControlError, Desk, explain, ground};

/// So many alerts are told in words under each heading.
const IN_WORDS: usize = 5;
/// Yesterday's digest is still made so long after its time: a time just before midnight may pass between two runs.
const LATE: i64 = HOUR;
/// What was delivered or dropped so long ago is forgotten: 90 days, in microseconds.
const KEPT: i64 = 90 * 24 * 3_600_000_000;

/// What came of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digested {
    /// Digests made.
    pub made: u64,
    /// Receivers for whom there was nothing to tell today.
    pub empty: u64,
    /// Deliveries of long ago that were forgotten.
    pub forgotten: u64,
}

/// Makes the digests whose time of day has come and that were not made today. One that was due while nobody worked is
/// made when somebody does, on the same day only.
pub fn digest(desk: &mut Desk) -> Result<Digested, ControlError> {
    let (scope, now, tenant) = (desk.scope(), desk.now, desk.tenant.clone());
    let zone = ground::zone(&tenant)?;
    let day = Day { tenant: &tenant, now, today: zone.date(now), zone };
    let draw = match visits::standing(desk, day.today) {
        Ok(standing) => Some(standing),
        Err(ControlError::Sample(SampleError::NotDrawn(_))) => None,
        Err(error) => return Err(error),
    };
    desk.session.in_turn(scope, Turn::Telling, |session| {
        session.transaction(scope, Isolation::Snapshot, |tx| {
            let forgotten = telling::forget(tx, Instant(now.0.saturating_sub(KEPT)))?;
            let digested = day.make(tx, draw.as_ref())?;
            Ok(Digested { forgotten, ..digested })
        })
    })
}

struct Day<'t> {
    tenant: &'t Tenant,
    now: Instant,
    today: Date,
    zone: Zone,
}

impl Day<'_> {
    /// Those whose digest has come due and was not made, each with the day it is for.
    fn due(&self, tx: &mut Tx) -> Result<Vec<(Receiver, Date)>, ControlError> {
        let had: HashMap<String, Date> = telling::digested(tx)?;
        let due = |receiver: Receiver| {
            let day = self.latest(receiver.terms.digest_at?)?;
            had.get(&receiver.key).is_none_or(|last| *last < day).then_some((receiver, day))
        };
        Ok(receivers::all(tx, self.tenant)?.into_iter().filter_map(due).collect())
    }

    /// The day whose digest at a time of day is due now: today, or yesterday where that was just before midnight.
    fn latest(&self, time: Time) -> Option<Date> {
        [(self.today, i64::MAX), (plus_days(self.today, -1), LATE)].into_iter().find_map(|(day, late)| {
            let since = self.now.0 - self.zone.compatible(day.to_datetime(time)).0;
            (0..late).contains(&since).then_some(day)
        })
    }

    fn make(&self, tx: &mut Tx, draw: Option<&Standing>) -> Result<Digested, ControlError> {
        let (receivers, days): (Vec<Receiver>, Vec<Date>) = self.due(tx)?.into_iter().unzip();
        if receivers.is_empty() {
            return Ok(Digested::default());
        }
        let open = telling::open_alerts(tx, self.today)?;
        let mut speaker = Speaker::new(tx, self.tenant, self.now)?;
        let mut digested = Digested::default();
        for ((receiver, day), own) in receivers.iter().zip(days).zip(shares(&receivers, &open)) {
            let draw = draw.filter(|_| receiver.sees_the_draw());
            if own.is_empty() && draw.is_none() {
                digested.empty += 1;
            } else {
                self.tell(tx, &mut speaker, receiver, (&Share { alerts: own, draw }, day))?;
                digested.made += 1;
            }
            telling::mark_digested(tx, &receiver.key, day)?;
        }
        Ok(digested)
    }

    fn tell(
        &self,
        tx: &mut Tx,
        speaker: &mut Speaker,
        receiver: &Receiver,
        (share, day): (&Share, Date),
    ) -> Result<(), ControlError> {
        let id = number(self.tenant, &["digest", &receiver.key, &day.to_string()]);
        let language = receiver.terms.language;
        let date = speaker.voice(language).value(&Value::Date(self.today)).map_err(explain::unsaid)?;
        let costliest = share.costliest();
        let due = share.due_on(self.today, &self.zone);
        let mut lines = share.sums(speaker, language)?;
        lines.extend(told(tx, speaker, (language, "telling.costliest"), &costliest)?);
        lines.extend(told(tx, speaker, (language, "telling.due-today"), &due)?);
        lines
            .extend(share.draw.map(|draw| drawn(speaker, language, draw)).transpose()?.into_iter().flatten());
        let ids = |alerts: &[&OpenAlert]| alerts.iter().map(|alert| alert.id).collect::<Vec<_>>();
        let counts = share.counts();
        let message = Message {
            id: id.clone(),
            title: speaker.fill(language, "telling.digest", &[("date", &date)])?,
            lines,
            severity: Severity::None,
            link: None,
            language,
            at: self.now.to_string(),
            event: "digest.daily".to_owned(),
            data: json!({
                "date": self.today.to_string(),
                "open": { "critical": counts[0], "warning": counts[1], "notice": counts[2] },
                "amount_minor": share.penalties().0,
                "costliest": ids(&costliest),
                "due_today": ids(&due),
                "draw": share.draw.map(|draw| json!({
                    "wanted": draw.wanted, "inspectable": draw.inspectable, "waiting": draw.waiting, "missing": draw.missing,
                })),
            }),
        };
        let delivery = Delivery {
            id: &id,
            receiver: &receiver.key,
            robot_key: &receiver.robot_key,
            what: "digest",
            alerts: &[],
            message: &written(&message)?,
            made_at: self.now,
        };
        telling::add(tx, &delivery)?;
        Ok(())
    }
}

/// What of the day is a receiver's.
struct Share<'d> {
    alerts: Vec<&'d OpenAlert>,
    draw: Option<&'d Standing>,
}

impl<'d> Share<'d> {
    fn counts(&self) -> [usize; 3] {
        count(self.alerts.iter().map(|alert| alert.severity))
    }

    /// What all penalties together come to.
    fn penalties(&self) -> Money {
        let of = |alert: &&OpenAlert| alert.amount.0.min(0);
        Money(self.alerts.iter().map(of).fold(0, i64::saturating_add))
    }

    /// Those that cost most.
    fn costliest(&self) -> Vec<&'d OpenAlert> {
        let mut costly: Vec<_> = self.alerts.iter().copied().filter(|alert| alert.amount.0 < 0).collect();
        costly.sort_by_key(|alert| (alert.amount.0, alert.id));
        costly.truncate(IN_WORDS);
        costly
    }

    /// Those due on a day, the first first.
    fn due_on(&self, day: Date, zone: &Zone) -> Vec<&'d OpenAlert> {
        let is_due = |alert: &&OpenAlert| alert.due_at.is_some_and(|due| zone.date(due) == day);
        let mut due: Vec<_> = self.alerts.iter().copied().filter(is_due).collect();
        due.sort_by_key(|alert| (alert.due_at, alert.id));
        due
    }

    fn sums(&self, speaker: &Speaker, language: Language) -> Result<Vec<Line>, ControlError> {
        if self.alerts.is_empty() {
            return Ok(vec![Line::Text(speaker.fill(language, "telling.nothing-open", &[])?)]);
        }
        let counts = speaker.counted(language, self.counts())?;
        let mut lines = vec![Line::Text(speaker.fill(language, "telling.open", &[("counts", &counts)])?)];
        if !self.penalties().is_zero() {
            let amount = Value::Amount(self.penalties());
            let amount = speaker.voice(language).value(&amount).map_err(explain::unsaid)?;
            lines.push(Line::Text(speaker.fill(language, "telling.penalties", &[("amount", &amount)])?));
        }
        Ok(lines)
    }
}

/// Some alerts in words under a heading, and how many more there are.
fn told(
    tx: &mut Tx,
    speaker: &mut Speaker,
    (language, heading): (Language, &str),
    alerts: &[&OpenAlert],
) -> Result<Vec<Line>, ControlError> {
    if alerts.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines = vec![Line::Heading(speaker.fill(language, heading, &[])?)];
    speaker.prepare(tx, alerts.iter().take(IN_WORDS).map(|alert| alert.id), language)?;
    for alert in alerts.iter().take(IN_WORDS) {
        lines.push(Line::Item(speaker.alert(alert.id, language)?.text.clone()));
    }
    if alerts.len() > IN_WORDS {
        let rest = Value::Counted("telling.more", (alerts.len() - IN_WORDS) as i64);
        lines.push(Line::Text(speaker.voice(language).value(&rest).map_err(explain::unsaid)?));
    }
    Ok(lines)
}

/// How the day's draw stands.
fn drawn(speaker: &Speaker, language: Language, draw: &Standing) -> Result<Vec<Line>, ControlError> {
    let values = [draw.wanted, draw.inspectable, draw.waiting, draw.missing].map(|count| count.to_string());
    let named: Vec<(&str, &str)> = ["wanted", "inspectable", "waiting", "missing"]
        .into_iter()
        .zip(values.iter().map(String::as_str))
        .collect();
    Ok(vec![
        Line::Heading(speaker.fill(language, "telling.draw", &[])?),
        Line::Text(speaker.fill(language, "telling.draw-stands", &named)?),
    ])
}

/// What of the open alerts is each receiver's.
fn shares<'d>(receivers: &[Receiver], open: &'d [OpenAlert]) -> Vec<Vec<&'d OpenAlert>> {
    let index = Index::of(receivers);
    let mut shares: Vec<Vec<&OpenAlert>> = vec![Vec::new(); receivers.len()];
    for alert in open {
        for place in index.near(alert.into()) {
            let had = shares[place].last().is_some_and(|last| last.id == alert.id);
            if !had && receivers[place].sees(alert.into()) {
                shares[place].push(alert);
            }
        }
    }
    shares
}
