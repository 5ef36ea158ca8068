//! What jobs tell, counted: the one place where the worker meets the metrics.

use std::sync::Arc;
use std::time::Duration;

use farsight_control::alerts::Tended;
use farsight_control::evaluate;
use farsight_control::metrics::{Metrics, Slot};
use farsight_jobs::watch::{Watch, Went};

/// Counts what jobs tell.
pub(crate) struct Counted(pub(crate) Arc<Metrics>);

impl Watch for Counted {
    fn went(&self, went: &Went) {
        self.0.slot(&Slot { job: went.job, delay: went.delay, took: went.took, ending: went.ending });
    }

    fn lost(&self, job: &'static str) {
        self.0.slot_lost(job);
    }

    fn judged(&self, outcome: &evaluate::Outcome, took: Duration) {
        self.0.judged(outcome, took);
    }

    fn tended(&self, tended: &Tended) {
        self.0.tended(tended);
    }

    fn camera(&self, reason: &'static str) {
        self.0.camera_answered(reason);
    }

    fn picture(&self, bytes: u64, flaws: &[String]) {
        self.0.camera_answered("picture");
        self.0.evidence_kept(bytes);
        self.0.picture(flaws);
    }

    fn delivery(&self, channel: &str, outcome: &str) {
        self.0.delivery(channel, outcome);
    }
}
