//! What an alert says: what happened, what it costs, who is to do what by when, in the words of the message files.
//!
//! Everything comes from the alert itself and the policy; a message that asks for something else is an error.

use jiff::civil::Date;
use serde_json::Value as Json;

use super::{
    CAMERA_AWAY, DISTRICT_VACANT, FEED_SILENT, JOB_GAVE_UP, Level, POST_VACANT, REGION_VACANT, WATCH_AWAY,
    WEBHOOK_OFF,
};
use crate::checks::spot_check;
use crate::messages::{MessageError, Voice};
use crate::money::Money;
use crate::period::Period;
use crate::policy::{Policy, Seat};
use crate::receipt::Value;
use crate::subject::Subject;
use crate::time::{Instant, MINUTE, plus_days};

/// An alert as far as its text needs it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The family, of its key.
    pub family: &'a str,
    /// The clause.
    pub clause: &'a str,
    /// The subject, of its key.
    pub subject: &'a str,
    /// The dealer; empty where none is concerned.
    pub dealer: &'a str,
    /// The region; empty where none is concerned.
    pub region: &'a str,
    /// The local date of its finding.
    pub occurred_on: Date,
    /// Its finding's detail, as JSON.
    pub detail: &'a str,
    /// All that its finding charges: penalty < 0, incentive > 0.
    pub amount: Money,
    /// Until when something can or could be done.
    pub due_at: Option<Instant>,
    /// When it goes one level up.
    pub escalates_at: Option<Instant>,
    /// Before whom it is.
    pub level: Level,
    /// Who held that post when it came there.
    pub holder: Option<&'a str>,
}

/// An alert in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// What happened.
    pub happened: String,
    /// What it costs, and what the next of its kind would.
    pub cost: String,
    /// Who is to do what by when, and what follows otherwise.
    pub act: String,
    /// All of it.
    pub text: String,
}

/// Of what a clause's finding leads to next: that clause's charge is what waiting costs.
const NEXT: [(&str, &str); 4] = [
    ("spot-check.first", "spot-check.repeat"),
    ("spot-check.repeat", "spot-check.third"),
    ("bay-turnover.rectify", "bay-turnover.overdue"),
    ("repeat-repair.unreported", "repeat-repair.complaint"),
];

/// Alerts that are somebody's above the dealer from the start.
const ABOVE_THE_DEALER: [&str; 5] = [POST_VACANT, FEED_SILENT, JOB_GAVE_UP, WEBHOOK_OFF, WATCH_AWAY];

/// The names under which a clause has its texts: itself, and what it is called once the deed was done late.
pub fn text_keys(clause: &str) -> Vec<String> {
    let mut keys = vec![clause.to_owned()];
    if LATE_DEEDS.iter().any(|(late, _)| *late == clause) {
        keys.push(format!("{clause}-done"));
    }
    if clause == "spot-check.third" {
        keys.push(spot_check::MANAGERS.to_owned());
    }
    keys
}

/// Clauses about a deadline, with the detail that tells when the deed was done after all.
const LATE_DEEDS: [(&str, &str); 5] = [
    ("feedback.late", "done_at"),
    ("complaint.reply-late", "done_at"),
    ("complaint.close-late", "done_at"),
    ("bay-turnover.overdue", "accepted_on"),
    ("repeat-repair.unreported", "requested_at"),
];

type Said = Result<String, MessageError>;

impl Told<'_> {
    /// Says it, at an instant: a deadline that has passed by then asks for haste. `policy` is the version its finding
    /// was judged by, where there is one.
    ///
    /// # Errors
    /// When a message is missing or asks for a value that is not there.
    pub fn speak(&self, voice: &Voice, policy: Option<&Policy>, at: Instant) -> Result<Spoken, MessageError> {
        let telling = Telling {
            told: self,
            detail: serde_json::from_str(self.detail).unwrap_or(Json::Null),
            voice,
            policy,
            at,
        };
        let (happened, cost, act) = (telling.happened()?, telling.cost()?, telling.act()?);
        let parts = [("happened", &happened), ("cost", &cost), ("act", &act)];
        let text = voice.messages.say(voice.language, "alert-text.all", &parts)?;
        Ok(Spoken { happened, cost, act, text })
    }
}

/// One alert being told.
struct Telling<'a> {
    told: &'a Told<'a>,
    detail: Json,
    voice: &'a Voice<'a>,
    policy: Option<&'a Policy>,
    at: Instant,
}

impl Telling<'_> {
    fn say(&self, key: &str, values: &[(&'static str, Value)]) -> Said {
        let said: Result<Vec<(&str, String)>, MessageError> =
            values.iter().map(|(name, value)| Ok((*name, self.voice.value(value)?))).collect();
        self.voice.messages.say(self.voice.language, key, &said?)
    }

    /// The name under which the alert has its texts.
    fn name(&self) -> String {
        let clause = self.told.clause;
        if self.told.family == spot_check::MANAGERS {
            return self.told.family.to_owned();
        }
        if clause == POST_VACANT && self.detail.get("role").is_some() {
            return self.told.family.to_owned();
        }
        if let Some(own) = self.own_rule() {
            return own.to_owned();
        }
        let done = LATE_DEEDS.iter().find(|(late, _)| *late == clause);
        if done.is_some_and(|(_, deed)| self.text_of(deed).is_some()) {
            return format!("{clause}-done");
        }
        clause.to_owned()
    }

    /// The name of the texts of a manufacturer's own rule, which are the same for all of them.
    fn own_rule(&self) -> Option<&'static str> {
        let clause = self.told.clause.strip_prefix("custom.")?;
        Some(match (clause.ends_with(".no-figure"), self.told.dealer.is_empty()) {
            (true, false) => "custom.no-figure",
            (true, true) => "custom.region-no-figure",
            (false, false) => "custom.tier",
            (false, true) => "custom.region-tier",
        })
    }

    /// What a rule of the manufacturer's own is called, and what it measured, in the words of the policy.
    fn own_values(&self) -> Vec<(&'static str, Value)> {
        let told = self.told;
        if self.own_rule().is_none() {
            return Vec::new();
        }
        let policy = self.policy;
        let title = policy.and_then(|policy| policy.clause(told.clause)).map(|clause| clause.title.clone());
        let rule = title.map_or_else(|| Value::text(told.clause), Value::Title);
        let mut values = vec![("rule", rule)];
        if let Some(number) = self.number_of("value") {
            let terms = policy.and_then(|policy| policy.custom.as_ref());
            let measured = terms.and_then(|terms| Some((terms, terms.rule_of(told.clause)?.measure)));
            let shown =
                measured.map_or_else(|| Value::text(number), |(terms, measure)| terms.shown(measure, number));
            values.push(("value", shown));
        }
        values
    }

    fn happened(&self) -> Said {
        let mut values = self.own_values();
        values.extend(self.standing_values());
        values.extend(self.subject_values());
        values.extend(self.detail_values());
        self.say(&format!("alert-happened.{}", self.name()), &values)
    }

    /// What stands in every alert.
    fn standing_values(&self) -> Vec<(&'static str, Value)> {
        let told = self.told;
        vec![
            ("dealer", Value::text(told.dealer)),
            ("region", Value::text(told.region)),
            ("on", Value::Date(told.occurred_on)),
            ("month", Value::Month(Period::of(told.occurred_on))),
            ("subject", Value::text(told.subject)),
            ("amount", Value::Amount(told.amount)),
            (
                "post",
                Value::word(match told.family {
                    REGION_VACANT => "role.region-director",
                    _ => "role.district-manager",
                }),
            ),
        ]
    }

    /// What its subject names.
    fn subject_values(&self) -> Vec<(&'static str, Value)> {
        let id = |id: &str| ("id", Value::text(id));
        match Subject::read(self.told.subject) {
            Some(Subject::Inspection { inspection } | Subject::InspectionItem { inspection, .. }) => {
                vec![id(inspection)]
            }
            Some(Subject::Complaint { complaint }) => vec![id(complaint)],
            Some(Subject::Certificate { certificate, .. }) => vec![id(certificate)],
            Some(Subject::PersonDealerDate { person, .. } | Subject::PersonDealerMonth { person, .. }) => {
                vec![("person", Value::text(person))]
            }
            Some(Subject::Obligation { vin, fault, work_order, .. }) => vec![
                ("vin", Value::text(vin)),
                ("fault", Value::text(fault)),
                ("order", Value::text(work_order)),
            ],
            Some(Subject::PersonMonth { person, .. }) => vec![("person", Value::text(person))],
            Some(Subject::Feedback { feedback }) => vec![id(feedback)],
            Some(Subject::Order { work_order }) => vec![("order", Value::text(work_order))],
            Some(Subject::ModelFaultMonth { model, fault, .. }) => {
                vec![("model", Value::text(model)), ("fault", Value::text(fault))]
            }
            _ => Vec::new(),
        }
    }

    /// What its detail tells, where it does.
    fn detail_values(&self) -> Vec<(&'static str, Value)> {
        let mut values = Vec::new();
        let mut add = |name, value: Option<Value>| values.extend(value.map(|value| (name, value)));
        for (name, key) in [
            ("person", "person"),
            ("vin", "vin"),
            ("fault", "fault"),
            ("order", "work_order"),
            ("ruling", "ruling"),
            ("camera", "camera"),
            ("why", "why"),
            ("job", "job"),
            ("machine", "machine"),
            ("host", "host"),
            ("watch", "watch"),
            ("base", "base_customers"),
            ("bays", "bays"),
            ("have", "have"),
            ("needed", "needed"),
            ("count", "count"),
            ("share", "share"),
            ("score", "score"),
            ("place", "place"),
            ("owed", "owed"),
            ("away", "away"),
            ("vehicles", "vehicles"),
            ("expected", "expected"),
            ("prices", "prices"),
        ] {
            add(name, self.text_of(key).map(Value::Text));
        }
        add("count", self.text_of("failures_in_window").map(Value::Text));
        add("orders", self.number_of("orders").map(|count| Value::Counted("count.orders", count)));
        add("visits", self.number_of("visits").map(|count| Value::Counted("count.visits", count)));
        add("responses", self.number_of("responses").map(|count| Value::Counted("count.responses", count)));
        add("attempts", self.number_of("attempts").map(|count| Value::Counted("count.attempts", count)));
        add("days", self.number_of("days").map(|count| Value::Counted("count.natural-days", count)));
        for (name, key) in [
            ("due", "due_at"),
            ("due", "due_on"),
            ("done", "done_at"),
            ("done", "accepted_on"),
            ("done", "requested_at"),
            ("expires", "expires_on"),
            ("promised", "promised_at"),
            ("completed", "completed_at"),
            ("since", "since"),
            ("slot", "slot"),
        ] {
            add(name, self.time_of(key));
        }
        add("item", self.text_of("item").map(|item| self.item(&item)));
        add("items", self.list_of("items", |item| self.item(item)));
        add("missing", self.missing());
        add(
            "months",
            self.list_of("months", |month| month.parse().map_or_else(|_| Value::text(month), Value::Month)),
        );
        add("kind", self.text_of("kind").map(|kind| Value::Known("certificate", kind)));
        add("table", self.text_of("table").map(|table| Value::Known("table", table)));
        add("gap", self.number_of("usual_gap_hours").map(|count| Value::Counted("count.hours", count)));
        values
    }

    /// A text or number of the detail.
    fn text_of(&self, key: &str) -> Option<String> {
        match self.detail.get(key)? {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn number_of(&self, key: &str) -> Option<i64> {
        self.detail.get(key)?.as_i64()
    }

    /// A day or moment of the detail.
    fn time_of(&self, key: &str) -> Option<Value> {
        let text = self.detail.get(key)?.as_str()?;
        let at = text.parse().map(|at: jiff::Timestamp| Value::At(Instant(at.as_microsecond())));
        at.ok().or_else(|| text.parse().ok().map(Value::Date))
    }

    fn list_of(&self, key: &str, value: impl Fn(&str) -> Value) -> Option<Value> {
        let list = self.detail.get(key)?.as_array()?;
        Some(Value::List(list.iter().filter_map(Json::as_str).map(value).collect()))
    }

    /// The item's title, where the policy has it.
    fn item(&self, code: &str) -> Value {
        let items = self.policy.map_or(&[][..], |policy| &policy.spot_check.items);
        let title = items.iter().find(|(known, _)| known == code);
        title.map_or_else(|| Value::text(code), |(_, title)| Value::Title(title.clone()))
    }

    /// Who is missing of those who had to come, or which figures are.
    fn missing(&self) -> Option<Value> {
        if self.detail.get("missing").is_some() {
            return self.list_of("missing", |role| Value::word(format!("role.{role}")));
        }
        let figures = ["base_customers", "bays"];
        let lacking = figures.into_iter().filter(|key| self.detail.get(key).is_some_and(Json::is_null));
        let words: Vec<Value> = lacking.map(|key| Value::word(format!("alert-figure.{key}"))).collect();
        (!words.is_empty()).then_some(Value::List(words))
    }

    fn cost(&self) -> Said {
        let told = self.told;
        let special = format!("alert-cost.{}", self.name());
        let amount = [("amount", Value::Amount(told.amount))];
        let mut cost = if self.voice.messages.has(self.voice.language, &special) {
            self.say(&special, &amount)?
        } else {
            let key = match told.amount.0 {
                ..0 => "alert-cost.penalty",
                0 => "alert-cost.none",
                1.. => "alert-cost.incentive",
            };
            self.say(key, &amount)?
        };
        if let Some(charge) = self.next_charge() {
            let values = [("charge", Value::Charge(charge))];
            let next = self.say(&format!("alert-then.{}", told.clause), &values)?;
            cost =
                self.say("alert-text.and", &[("first", Value::Text(cost)), ("then", Value::Text(next))])?;
        }
        Ok(cost)
    }

    /// What the dealer is charged by the clause that comes next, where the policy sets an amount.
    fn next_charge(&self) -> Option<Money> {
        let (_, next) = NEXT.iter().find(|(clause, _)| *clause == self.told.clause)?;
        if self.name() != self.told.clause {
            return None;
        }
        let charge = self.policy?.clause(next)?.charge(Seat::Dealer);
        (!charge.is_zero()).then_some(charge)
    }

    fn act(&self) -> Said {
        let told = self.told;
        let deed = self.voice.word(&format!("alert-deed.{}", self.name()))?;
        let own =
            told.level == Level::Dealer || told.dealer.is_empty() || ABOVE_THE_DEALER.contains(&told.clause);
        let key = if own { "alert-act.own" } else { "alert-act.above" };
        let values = [
            ("dealer", Value::text(told.dealer)),
            ("who", Value::Text(self.who()?)),
            ("deed", Value::Text(deed)),
            ("by", Value::Text(self.by()?)),
        ];
        let act = self.say(key, &values)?;
        match told.escalates_at {
            None => Ok(act),
            Some(Instant(micros)) => {
                // To the minute before: nobody is helped by more.
                let when = Instant(micros - micros.rem_euclid(MINUTE));
                let next = self.say("alert-act.escalates", &[("when", Value::At(when))])?;
                self.say("alert-text.and", &[("first", Value::Text(act)), ("then", Value::Text(next))])
            }
        }
    }

    /// Before whom it is.
    fn who(&self) -> Said {
        let told = self.told;
        let named = if told.holder.is_some() { "" } else { "-unnamed" };
        let key = match told.level {
            level @ (Level::Dealer | Level::Hq) => format!("alert-who.{}", level.name()),
            level => format!("alert-who.{}{named}", level.name()),
        };
        let values = [
            ("dealer", Value::text(told.dealer)),
            ("region", Value::text(told.region)),
            ("holder", Value::text(told.holder.unwrap_or_default())),
        ];
        self.say(&key, &values)
    }

    /// By when: a deadline yet to come, of a day that day; else at once.
    fn by(&self) -> Said {
        let Some(due) = self.told.due_at.filter(|due| *due > self.at) else {
            return self.voice.word("alert-by.now");
        };
        let day = self.voice.zone.date(due);
        if self.voice.zone.midnight(day) == due {
            return self.say("alert-by.day", &[("day", Value::Date(plus_days(day, -1)))]);
        }
        self.say("alert-by.instant", &[("when", Value::At(due))])
    }
}

/// The names of the texts of a manufacturer's own rules: of a dealer's tier, a region's, and of what has no figure.
pub const OWN_RULES: [&str; 4] =
    ["custom.tier", "custom.region-tier", "custom.no-figure", "custom.region-no-figure"];

/// The clauses of alerts that no check finds, each with the names of its texts.
pub const RAISED: [(&str, &[&str]); 6] = [
    (POST_VACANT, &[POST_VACANT, DISTRICT_VACANT, REGION_VACANT]),
    (FEED_SILENT, &[FEED_SILENT]),
    (CAMERA_AWAY, &[CAMERA_AWAY]),
    (JOB_GAVE_UP, &[JOB_GAVE_UP]),
    (WEBHOOK_OFF, &[WEBHOOK_OFF]),
    (WATCH_AWAY, &[WATCH_AWAY]),
];
