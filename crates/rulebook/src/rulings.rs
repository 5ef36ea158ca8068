//! Rulings by what they rule on (rulebook 3.6): excuses, withdrawals, mishandlings, acceptances.

use hashbrown::HashMap;

use crate::facts::{Ruling, RulingKind};
use crate::horizon::Horizon;

/// The rulings of an evaluation, by subject.
#[derive(Debug, Default)]
pub struct Rulings {
    by_subject: HashMap<String, Vec<Ruling>>,
}

impl Rulings {
    /// The rulings, by subject, each list by time and then id.
    pub fn new(rulings: &[Ruling]) -> Self {
        let mut by_subject: HashMap<String, Vec<Ruling>> = HashMap::new();
        for ruling in rulings {
            by_subject.entry(ruling.subject.clone()).or_default().push(ruling.clone());
        }
        for list in by_subject.values_mut() {
            list.sort_by(|a, b| a.decided_at.cmp(&b.decided_at).then_with(|| a.ruling.cmp(&b.ruling)));
        }
        Self { by_subject }
    }

    /// The rulings of one kind on a subject, by time and then id, seen or not.
    pub fn on(&self, kind: RulingKind, subject: &str) -> impl DoubleEndedIterator<Item = &Ruling> {
        let all = if self.by_subject.is_empty() { None } else { self.by_subject.get(subject) };
        all.into_iter().flatten().filter(move |ruling| ruling.kind == kind)
    }

    /// Whether a finding of this family and subject is excused.
    pub fn excused(&self, horizon: &Horizon, family: &str, subject: &str) -> bool {
        let mut excuses = self.on(RulingKind::Excuse, subject);
        excuses.any(|ruling| {
            ruling.family.as_deref().is_none_or(|only| only == family) && horizon.seen(ruling.decided_at)
        })
    }

    /// Whether a complaint is withdrawn.
    pub fn withdrawn(&self, horizon: &Horizon, complaint_subject: &str) -> bool {
        self.on(RulingKind::Withdraw, complaint_subject).any(|ruling| horizon.seen(ruling.decided_at))
    }
}
