//! Jobs: one file a scheduled job, the scheduler that makes due times into rows, and the worker.

pub mod job;
pub mod means;
mod run;
pub mod schedule;
pub mod scheduler;
pub mod watch;
mod watches;
pub mod worker;

mod alerts;
mod audit_verify;
mod bay_turnover;
mod certification;
mod complaint_deadlines;
mod custom;
mod digest;
mod draw;
mod evidence_sweep;
mod fault_hotspot;
mod feedback_deadlines;
mod figures;
mod import_watch;
mod judging;
mod mystery_shopper;
mod post;
mod reconcile;
mod repeat_repair;
mod retention;
mod satisfaction;
mod service_clock;
mod settlement;
mod snapshot;
mod spot_check;
mod sweep;
mod tell;
mod transparency;
mod webhooks;

pub use job::Job;
pub use means::Means;

/// Every job there is, in the order in which due times of one moment are made.
pub static JOBS: &[Job] = &[
    draw::JOB,
    snapshot::JOB,
    watches::JOB,
    import_watch::JOB,
    complaint_deadlines::JOB,
    repeat_repair::JOB,
    spot_check::JOB,
    certification::JOB,
    bay_turnover::JOB,
    service_clock::JOB,
    satisfaction::JOB,
    mystery_shopper::JOB,
    feedback_deadlines::JOB,
    retention::JOB,
    fault_hotspot::JOB,
    transparency::JOB,
    custom::JOB,
    reconcile::JOB,
    alerts::JOB,
    figures::JOB,
    tell::JOB,
    webhooks::JOB,
    digest::JOB,
    settlement::JOB,
    audit_verify::JOB,
    sweep::JOB,
    evidence_sweep::JOB,
];
