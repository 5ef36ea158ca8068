//! What the program did since it was started, told where it happens. No tenants: their labels are the program's words.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};

use super::words::{
    self, ANSWERS, CHANNELS, DELIVERIES, ENDINGS, FLAWS, OTHER, REFUSED_SIGN_INS, SEVERAL, TENDED, known,
};
use crate::alerts::Tended;
use crate::evaluate;

/// A start of a job's slot that ended.
#[derive(Debug, Clone, Copy)]
pub struct Slot<'s> {
    /// The job.
    pub job: &'s str,
    /// How long after it was due it was begun; none: it was begun before.
    pub delay: Option<Duration>,
    /// How long it took.
    pub took: Duration,
    /// `done`, `retry`, `snoozed` or `gave-up`.
    pub ending: &'s str,
}

/// Upper bounds of delays, in seconds: a slot should begin within 2.
const DELAYS: &[f64] = &[0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0];
/// Upper bounds of how long work takes, in seconds.
const DURATIONS: &[f64] = &[0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0];

pub(super) struct Told {
    jobs: Vec<&'static str>,
    checks: Vec<&'static str>,
    slot_delay: HistogramVec,
    job_duration: HistogramVec,
    job_endings: IntCounterVec,
    check_duration: HistogramVec,
    facts_read: IntCounterVec,
    findings: IntCounterVec,
    posted: IntCounterVec,
    reversed: IntCounterVec,
    alerts_opened: IntCounterVec,
    alerts_resolved: IntCounterVec,
    alerts_tended: IntCounterVec,
    evidence_bytes: IntCounter,
    evidence_items: IntCounter,
    pictures: IntCounterVec,
    camera_answers: IntCounterVec,
    deliveries: IntCounterVec,
    refused_sign_ins: IntCounterVec,
}

impl Told {
    pub(super) fn register(registry: &Registry, jobs: &[&'static str]) -> prometheus::Result<Self> {
        let jobs: Vec<&'static str> = jobs.iter().copied().chain([OTHER]).collect();
        let checks = words::checks();
        let new = New(registry);
        let by_job = [("job", &*jobs)];
        let by_check = [("check", &*checks)];
        Ok(Self {
            slot_delay: new.histogram(
                "farsight_slot_delay_seconds",
                "Seconds from when a slot was due to when it was begun for the first time.",
                DELAYS,
                &by_job,
            )?,
            job_duration: new.histogram(
                "farsight_job_duration_seconds",
                "Seconds that a start of a job's slot took.",
                DURATIONS,
                &by_job,
            )?,
            job_endings: new.counter(
                "farsight_job_endings_total",
                "Starts of slots that ended, by job and by how: done, retry, snoozed, gave-up, or lost with its process.",
                &[("job", &jobs), ("ending", ENDINGS)],
            )?,
            check_duration: new.histogram(
                "farsight_check_duration_seconds",
                "Seconds that a run of a check by a job took, its reads and postings included; several is a run of more than one.",
                DURATIONS,
                &by_check,
            )?,
            facts_read: new.counter(
                "farsight_check_facts_read_total",
                "Facts read by runs of a check.",
                &by_check,
            )?,
            findings: new.counter(
                "farsight_check_findings_total",
                "Findings in what runs of a check looked at; the same one counts each time it is looked at.",
                &by_check,
            )?,
            posted: new.counter("farsight_check_entries_posted_total", "Charges posted by runs of a check.", &by_check)?,
            reversed: new.counter(
                "farsight_check_entries_reversed_total",
                "Entries reversed by runs of a check.",
                &by_check,
            )?,
            alerts_opened: new.counter(
                "farsight_check_alerts_opened_total",
                "Alerts opened by runs of a check.",
                &by_check,
            )?,
            alerts_resolved: new.counter(
                "farsight_check_alerts_resolved_total",
                "Alerts resolved by runs of a check.",
                &by_check,
            )?,
            alerts_tended: new.counter(
                "farsight_alerts_tended_total",
                "Alerts that time changed, whatever the checks find: opened, resolved, escalated, told-again.",
                &[("change", TENDED)],
            )?,
            evidence_bytes: new.one("farsight_evidence_bytes_total", "Bytes put into the evidence store.")?,
            evidence_items: new.one("farsight_evidence_items_total", "Pictures and documents put into the evidence store.")?,
            pictures: new.counter(
                "farsight_pictures_total",
                "Pictures of cameras that were looked at, by flaw; none is a picture without one, and one with two counts under both.",
                &[("flaw", FLAWS)],
            )?,
            camera_answers: new.counter(
                "farsight_camera_answers_total",
                "Visits to cameras, by what came of them: picture, or why there is none.",
                &[("reason", ANSWERS)],
            )?,
            deliveries: new.counter(
                "farsight_deliveries_total",
                "Tries to deliver a message, by kind of channel and outcome: delivered, later (will be tried again), never.",
                &[("channel", CHANNELS), ("outcome", DELIVERIES)],
            )?,
            refused_sign_ins: new.counter(
                "farsight_sign_ins_refused_total",
                "Sign-ins by a provider's word that were refused, by code; those without a sign-in under way (sso_state) are counted here alone.",
                &[("code", REFUSED_SIGN_INS)],
            )?,
            jobs,
            checks,
        })
    }

    pub(super) fn slot(&self, slot: &Slot<'_>) {
        let job = known(&self.jobs, slot.job);
        if let Some(delay) = slot.delay {
            self.slot_delay.with_label_values(&[job]).observe(delay.as_secs_f64());
        }
        self.job_duration.with_label_values(&[job]).observe(slot.took.as_secs_f64());
        self.job_endings.with_label_values(&[job, known(ENDINGS, slot.ending)]).inc();
    }

    pub(super) fn slot_lost(&self, job: &str) {
        self.job_endings.with_label_values(&[known(&self.jobs, job), "lost"]).inc();
    }

    pub(super) fn judged(&self, outcome: &evaluate::Outcome, took: Duration) {
        let check = match *outcome.checks {
            [check] => known(&self.checks, check),
            _ => SEVERAL,
        };
        self.check_duration.with_label_values(&[check]).observe(took.as_secs_f64());
        for (counter, number) in [
            (&self.facts_read, outcome.facts),
            (&self.findings, outcome.findings),
            (&self.posted, outcome.posted),
            (&self.reversed, outcome.reversed),
            (&self.alerts_opened, outcome.alerts_opened),
            (&self.alerts_resolved, outcome.alerts_resolved),
        ] {
            counter.with_label_values(&[check]).inc_by(number);
        }
    }

    pub(super) fn tended(&self, tended: &Tended) {
        let numbers = [tended.opened, tended.resolved, tended.escalated, tended.told];
        for (change, number) in TENDED.iter().zip(numbers) {
            self.alerts_tended.with_label_values(&[*change]).inc_by(number);
        }
    }

    pub(super) fn evidence_kept(&self, bytes: u64) {
        self.evidence_items.inc();
        self.evidence_bytes.inc_by(bytes);
    }

    pub(super) fn picture(&self, flaws: &[String]) {
        for flaw in flaws {
            self.pictures.with_label_values(&[known(FLAWS, flaw)]).inc();
        }
        if flaws.is_empty() {
            self.pictures.with_label_values(&["none"]).inc();
        }
    }

    pub(super) fn camera_answered(&self, reason: &str) {
        self.camera_answers.with_label_values(&[known(ANSWERS, reason)]).inc();
    }

    pub(super) fn delivery(&self, channel: &str, outcome: &str) {
        let labels = [known(CHANNELS, channel), known(DELIVERIES, outcome)];
        self.deliveries.with_label_values(&labels).inc();
    }

    pub(super) fn sign_in_refused(&self, code: &str) {
        self.refused_sign_ins.with_label_values(&[known(REFUSED_SIGN_INS, code)]).inc();
    }
}

/// A label with all the values it can have.
type Label<'l> = (&'static str, &'l [&'static str]);

/// Makes and registers metrics, all their series from the beginning: a rate over a series that appears with its first
/// event misses that event.
struct New<'r>(&'r Registry);

impl New<'_> {
    fn one(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        let counter = IntCounter::new(name, help)?;
        self.0.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    fn counter(&self, name: &str, help: &str, labels: &[Label<'_>]) -> prometheus::Result<IntCounterVec> {
        let counter = IntCounterVec::new(Opts::new(name, help), &names(labels))?;
        for values in combinations(labels) {
            counter.get_metric_with_label_values(&values)?;
        }
        self.0.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    fn histogram(
        &self,
        name: &str,
        help: &str,
        bounds: &[f64],
        labels: &[Label<'_>],
    ) -> prometheus::Result<HistogramVec> {
        let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        let histogram = HistogramVec::new(options, &names(labels))?;
        for values in combinations(labels) {
            histogram.get_metric_with_label_values(&values)?;
        }
        self.0.register(Box::new(histogram.clone()))?;
        Ok(histogram)
    }
}

fn names(labels: &[Label<'_>]) -> Vec<&'static str> {
    labels.iter().map(|(name, _)| *name).collect()
}

/// Every combination of the labels' values; of no label, one that is empty.
fn combinations(labels: &[Label<'_>]) -> Vec<Vec<&'static str>> {
    labels.iter().fold(vec![Vec::new()], |combined, (_, values)| {
        let with = |begun: &Vec<&'static str>, value: &'static str| {
            begun.iter().copied().chain([value]).collect::<Vec<_>>()
        };
        combined.iter().flat_map(|begun| values.iter().map(move |value| with(begun, value))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(registry: &Registry) -> usize {
        registry.gather().iter().map(|family| family.get_metric().len()).sum()
    }

    #[test]
    fn nothing_that_is_told_makes_a_series() {
        let registry = Registry::new();
        let told = Told::register(&registry, &["import-watch"]).unwrap();
        let before = series(&registry);
        for word in ["import-watch", "D001", "wang@dealer.example", "\u{1F600}\n\"", ""] {
            let took = Duration::from_secs(1);
            told.slot(&Slot { job: word, delay: Some(took), took, ending: word });
            told.slot_lost(word);
            told.picture(&[word.to_owned(), "black".to_owned()]);
            told.camera_answered(word);
            told.delivery(word, word);
            told.sign_in_refused(word);
        }
        told.judged(
            &evaluate::Outcome { checks: vec!["spot-check", "complaint"], ..Default::default() },
            Duration::ZERO,
        );
        told.judged(&evaluate::Outcome { checks: vec!["weather"], ..Default::default() }, Duration::ZERO);
        assert_eq!(series(&registry), before);
    }

    #[test]
    fn what_is_told_is_counted_under_its_words() {
        let registry = Registry::new();
        let told = Told::register(&registry, &["sweep"]).unwrap();
        told.slot(&Slot { job: "sweep", delay: None, took: Duration::from_millis(20), ending: "retry" });
        told.slot(&Slot { job: "sweep", delay: Some(Duration::ZERO), took: Duration::ZERO, ending: "done" });
        told.judged(
            &evaluate::Outcome { checks: vec!["complaint"], facts: 7, posted: 2, ..Default::default() },
            Duration::ZERO,
        );
        told.evidence_kept(1000);
        told.tended(&Tended { opened: 4, escalated: 3, ..Tended::default() });
        told.delivery("email", "never");
        told.sign_in_refused("sso_state");
        told.picture(&[]);
        told.picture(&["black".to_owned(), "frozen".to_owned()]);
        told.camera_answered("timed_out");
        assert_eq!(told.job_endings.with_label_values(&["sweep", "retry"]).get(), 1);
        assert_eq!(told.job_duration.with_label_values(&["sweep"]).get_sample_count(), 2);
        assert_eq!(told.slot_delay.with_label_values(&["sweep"]).get_sample_count(), 1);
        assert_eq!(told.facts_read.with_label_values(&["complaint"]).get(), 7);
        assert_eq!(told.posted.with_label_values(&["complaint"]).get(), 2);
        assert_eq!((told.evidence_items.get(), told.evidence_bytes.get()), (1, 1000));
        assert_eq!(told.deliveries.with_label_values(&["email", "never"]).get(), 1);
        assert_eq!(told.refused_sign_ins.with_label_values(&["sso_state"]).get(), 1);
        assert_eq!(told.alerts_tended.with_label_values(&["opened"]).get(), 4);
        assert_eq!(told.alerts_tended.with_label_values(&["escalated"]).get(), 3);
        let pictures =
            ["none", "black", "frozen", "blurred"].map(|flaw| told.pictures.with_label_values(&[flaw]).get());
        assert_eq!(pictures, [1, 1, 1, 0]);
        assert_eq!(told.camera_answers.with_label_values(&["timed_out"]).get(), 1);
    }
}
