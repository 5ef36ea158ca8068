//! What is different between two policies, change by change, and what each means for dealers.
//!
//! Charges can be compared: less money for a dealer or its people is more toll. Of a number or rule nobody can tell from
//! its value alone, so it counts as costing more: notice is given (docs/decisions.md).

use std::collections::BTreeSet;

use farsight_rulebook::messages::{MessageError, Voice};
use farsight_rulebook::money::Money;
use farsight_rulebook::policy::{Seat, Text};
use farsight_rulebook::receipt::Value;
use serde::Serialize;

use super::text::{ClauseRead, Parameter, Section};

/// What a change means for dealers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Toll {
    /// It costs them more, or may.
    More,
    /// It costs them less.
    Less,
    /// Their money is not touched.
    None,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// A charge, in minor units: penalty below zero.
    Charge {
        /// The clause.
        clause: &'static str,
        /// Its title.
        title: Text,
        /// Who is charged, by the seat's name.
        seat: &'static str,
        /// What it was.
        was: i64,
        /// What it becomes.
        becomes: i64,
    },
    /// A number or rule; nothing where the file leaves it out.
    Parameter {
        /// Its name.
        name: String,
        /// What it is.
        text: Text,
        /// What it was.
        was: Option<String>,
        /// What it becomes.
        becomes: Option<String>,
    },
    /// How much a clause's finding wants a person's eye.
    Severity {
        /// The clause.
        clause: &'static str,
        /// Its title.
        title: Text,
        /// What it was.
        was: &'static str,
        /// What it becomes.
        becomes: &'static str,
    },
    /// Something that is looked at is added, dropped or named anew.
    Item {
        /// Its code.
        code: String,
        /// What it was called.
        was: Option<Text>,
        /// What it is called now.
        becomes: Option<Text>,
    },
    /// A clause or number is only worded anew.
    Wording {
        /// The clause or number.
        name: String,
        /// As it was.
        was: Text,
        /// As it becomes.
        becomes: Text,
    },
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The check, `general`, `alerts` or `appeal`.
    pub section: String,
    /// What it means for dealers.
    pub toll: Toll,
    /// What changed.
    #[serde(flatten)]
    pub what: What,
}

/// Every change from one policy to another, section by section in the rulebook's order.
pub(super) fn between(before: &[Section], after: &[Section]) -> Vec<Change> {
    let empty = |check: &str| Section {
        check: check.to_owned(),
        parameters: Vec::new(),
        clauses: Vec::new(),
        items: Vec::new(),
    };
    let mut changes = Vec::new();
    let find = |sections: &[Section], check: &str| sections.iter().find(|s| s.check == check).cloned();
    for check in super::text::SECTIONS {
        let (was, becomes) = (find(before, check), find(after, check));
        let (was, becomes) = (was.unwrap_or_else(|| empty(check)), becomes.unwrap_or_else(|| empty(check)));
        clauses(&was, &becomes, &mut changes);
        parameters(&was, &becomes, &mut changes);
        items(&was, &becomes, &mut changes);
    }
    changes
}

fn clauses(before: &Section, after: &Section, changes: &mut Vec<Change>) {
    let dropped = before.clauses.iter().filter(|was| find_clause(after, was.name).is_none());
    for clause in after.clauses.iter().chain(dropped) {
        let (was, becomes) = (find_clause(before, clause.name), find_clause(after, clause.name));
        charges(&after.check, clause, (was, becomes), changes);
        let (Some(was), Some(becomes)) = (was, becomes) else { continue };
        if was.severity != becomes.severity {
            let (clause, title) = (becomes.name, becomes.title.clone());
            let what = What::Severity { clause, title, was: was.severity, becomes: becomes.severity };
            changes.push(Change { section: after.check.clone(), toll: Toll::None, what });
        }
        reworded(becomes.name, &was.title, &becomes.title, &after.check, changes);
    }
}

fn find_clause<'s>(section: &'s Section, name: &str) -> Option<&'s ClauseRead> {
    section.clauses.iter().find(|clause| clause.name == name)
}

/// What a clause charges each seat; one that is not there charges nobody.
fn charges(
    section: &str,
    clause: &ClauseRead,
    (was, becomes): (Option<&ClauseRead>, Option<&ClauseRead>),
    changes: &mut Vec<Change>,
) {
    let both = was.into_iter().chain(becomes).flat_map(|clause| &clause.charges);
    let seats: BTreeSet<Seat> = both.filter_map(|charge| Seat::named(charge.seat)).collect();
    for seat in seats {
        let amount = |clause: Option<&ClauseRead>| clause.map_or(0, |clause| charge(clause, seat));
        let (was, becomes) = (amount(was), amount(becomes));
        if was != becomes {
            let (name, title) = (clause.name, clause.title.clone());
            let what = What::Charge { clause: name, title, seat: seat.name(), was, becomes };
            changes.push(Change { section: section.to_owned(), toll: toll(seat, was, becomes), what });
        }
    }
}

fn charge(clause: &ClauseRead, seat: Seat) -> i64 {
    clause.charges.iter().find(|charge| charge.seat == seat.name()).map_or(0, |charge| charge.amount)
}

/// The maker's own managers are not dealers.
const fn toll(seat: Seat, was: i64, becomes: i64) -> Toll {
    match seat {
        Seat::DistrictManager | Seat::RegionDirector => Toll::None,
        Seat::Dealer | Seat::Employee if becomes < was => Toll::More,
        Seat::Dealer | Seat::Employee => Toll::Less,
    }
}

fn parameters(before: &Section, after: &Section, changes: &mut Vec<Change>) {
    let names: BTreeSet<&str> =
        before.parameters.iter().chain(&after.parameters).map(|parameter| &*parameter.name).collect();
    let find = |section: &'_ Section, name: &str| -> Option<Parameter> {
        section.parameters.iter().find(|parameter| parameter.name == name).cloned()
    };
    for name in names {
        let (was, becomes) = (find(before, name), find(after, name));
        let value = |parameter: &Option<Parameter>| parameter.as_ref().map(|found| found.value.clone());
        if value(&was) == value(&becomes) {
            if let (Some(was), Some(becomes)) = (&was, &becomes) {
                reworded(name, &was.text, &becomes.text, &after.check, changes);
            }
            continue;
        }
        let Some(text) = becomes.as_ref().or(was.as_ref()).map(|found| found.text.clone()) else { continue };
        let what =
            What::Parameter { name: name.to_owned(), text, was: value(&was), becomes: value(&becomes) };
        let toll = if after.check == "alerts" { Toll::None } else { Toll::More };
        changes.push(Change { section: after.check.clone(), toll, what });
    }
}

fn items(before: &Section, after: &Section, changes: &mut Vec<Change>) {
    let codes: BTreeSet<&str> = before.items.iter().chain(&after.items).map(|(code, _)| &**code).collect();
    let find = |section: &Section, code: &str| {
        section.items.iter().find(|(known, _)| known == code).map(|(_, text)| text.clone())
    };
    for code in codes {
        let (was, becomes) = (find(before, code), find(after, code));
        if was != becomes {
            // What is not looked at any more can fail no more; another name is another thing to look at.
            let toll = if becomes.is_none() { Toll::Less } else { Toll::More };
            let what = What::Item { code: code.to_owned(), was, becomes };
            changes.push(Change { section: after.check.clone(), toll, what });
        }
    }
}

fn reworded(name: &str, was: &Text, becomes: &Text, section: &str, changes: &mut Vec<Change>) {
    if was != becomes {
        let what = What::Wording { name: name.to_owned(), was: was.clone(), becomes: becomes.clone() };
        changes.push(Change { section: section.to_owned(), toll: Toll::None, what });
    }
}

impl Change {
    /// The change as a sentence.
    pub fn say(&self, voice: &Voice) -> Result<String, MessageError> {
        let say = |key: &str, values: &[(&str, String)]| {
            voice.messages.say(voice.language, &format!("policy-change.{key}"), values)
        };
        let plain = |value: &Option<String>| match value {
            Some(value) => Ok(value.clone()),
            None => voice.word("policy-change.left-out"),
        };
        let title = |text: &Text| voice.value(&Value::Title(text.clone()));
        match &self.what {
            What::Charge { title: of, seat, was, becomes, .. } => {
                let amount = |minor: i64| match minor {
                    0 => voice.word("policy-change.nothing"),
                    minor => voice.value(&Value::Charge(Money(minor))),
                };
                let seat = voice.value(&Value::Known("seat", (*seat).to_owned()))?;
                let values = [
                    ("clause", title(of)?),
                    ("seat", seat),
                    ("was", amount(*was)?),
                    ("becomes", amount(*becomes)?),
                ];
                say("charge", &values)
            }
            What::Parameter { text, was, becomes, .. } => say(
                "parameter",
                &[("text", title(text)?), ("was", plain(was)?), ("becomes", plain(becomes)?)],
            ),
            What::Severity { title: of, was, becomes, .. } => {
                let word = |name: &str| voice.value(&Value::Known("severity", name.to_owned()));
                say("severity", &[("clause", title(of)?), ("was", word(was)?), ("becomes", word(becomes)?)])
            }
            What::Item { code, was, becomes } => {
                let code = ("code", code.clone());
                match (was, becomes) {
                    (Some(was), Some(becomes)) => {
                        say("item-renamed", &[code, ("was", title(was)?), ("becomes", title(becomes)?)])
                    }
                    (None, Some(becomes)) => say("item-added", &[code, ("becomes", title(becomes)?)]),
                    (was, None) => {
                        let was = was.as_ref().map_or(Ok(String::new()), title)?;
                        say("item-dropped", &[code, ("was", was)])
                    }
                }
            }
            What::Wording { name, was, becomes } => {
                say("wording", &[("name", name.clone()), ("was", title(was)?), ("becomes", title(becomes)?)])
            }
        }
    }
}
