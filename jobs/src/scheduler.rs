//! The scheduler: makes due times that have come into slots, each with its row in the queue, in one transaction.
//!
//! Any number of replicas run it at once: the tenant's row of a job is locked while its due times are made, so each is
//! made once. It decides nothing but what a job's schedule and catch-up rule say.

use std::collections::HashMap;

use farsight_control::ground;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::slots::{self, Making};
use farsight_store::{Session, Tx};

use crate::job::{CatchUp, Job};
use crate::means::Means;

/// More missed due times than this are not recorded one by one.
const MISSED_ROWS: usize = 400;

/// How often the tenants and what others have made is looked at, in microseconds.
const LOOK_AGAIN: i64 = 2_000_000;

/// After so many seconds a slot that nobody will come for is queued again.
const LOST_AFTER_SECONDS: u32 = 10;

/// One replica's scheduler.
pub struct Scheduler {
    jobs: &'static [Job],
    /// When each tenant's job is due next, as last looked.
    next: HashMap<(i32, &'static str), Instant>,
    tenants: Vec<(Tenant, Zone)>,
    looked_at: Option<Instant>,
}

impl Scheduler {
    /// A scheduler of these jobs.
    pub fn new(jobs: &'static [Job]) -> Self {
        Self { jobs, next: HashMap::new(), tenants: Vec::new(), looked_at: None }
    }

    /// Makes what has come due; gives how many slots were made.
    pub fn tick(&mut self, means: &Means) -> anyhow::Result<usize> {
        let now = means.now();
        let mut session = means.pool.session()?;
        if self.looked_at.is_none_or(|at| now.0 - at.0 >= LOOK_AGAIN || now < at) {
            self.look(means, &mut session, now)?;
        }
        let mut made = 0;
        for (tenant, zone) in self.tenants.clone() {
            for job in self.jobs {
                let due = self.next.get(&(tenant.id, job.name)).is_some_and(|next| *next <= now);
                if due {
                    made += self.make(&mut session, &tenant, &zone, job, now)?;
                }
            }
        }
        Ok(made)
    }

    /// Looks which tenants there are, how far their due times are made, and whether a slot was forgotten.
    fn look(&mut self, means: &Means, session: &mut Session, now: Instant) -> anyhow::Result<()> {
        self.tenants.clear();
        for tenant in means.tenants.look(&means.database)? {
            let zone = ground::zone(&tenant)?;
            let (horizons, paused) =
                session.transaction(tenant.network(), Isolation::ReadCommitted, |tx| {
                    slots::requeue_lost(tx, LOST_AFTER_SECONDS)?;
                    Ok::<_, anyhow::Error>((slots::horizons(tx)?, slots::is_paused(tx)?))
                })?;
            if paused {
                continue; // its due times are made when it goes on, by each job's catch-up rule
            }
            let made: HashMap<String, Instant> = horizons.into_iter().collect();
            for job in self.jobs {
                let from = made.get(job.name).copied().unwrap_or_else(|| job.schedule.beginning(now, &zone));
                if let Some(next) = job.schedule.next(from, &zone) {
                    self.next.insert((tenant.id, job.name), next);
                }
            }
            self.tenants.push((tenant, zone));
        }
        self.looked_at = Some(now);
        Ok(())
    }

    fn make(
        &mut self,
        session: &mut Session,
        tenant: &Tenant,
        zone: &Zone,
        job: &'static Job,
        now: Instant,
    ) -> anyhow::Result<usize> {
        let first = job.schedule.beginning(now, zone);
        let made = session.transaction(tenant.network(), Isolation::ReadCommitted, |tx| {
            let from = slots::horizon_for_update(tx, job.name, first)?;
            let made = catch_up(tx, job, from, now, zone)?;
            if from < now {
                slots::move_horizon(tx, job.name, now)?;
            }
            Ok::<_, anyhow::Error>(made)
        })?;
        match job.schedule.next(now, zone) {
            Some(next) => self.next.insert((tenant.id, job.name), next),
            None => self.next.remove(&(tenant.id, job.name)),
        };
        if made > 0 {
            tracing::debug!(tenant = %tenant.code, job = job.name, made, "slots made");
        }
        Ok(made)
    }
}

/// Makes a job's due times after one instant and up to now into slots, by its rule.
fn catch_up(tx: &mut Tx, job: &Job, from: Instant, now: Instant, zone: &Zone) -> anyhow::Result<usize> {
    let making = Making { at: now, priority: 0, called: false };
    let due = |most| job.schedule.between(from, now, zone, most);
    match job.catch_up {
        CatchUp::Latest => {
            let (skipped, due) = due(1);
            let Some(latest) = due.first() else { return Ok(0) };
            let superseded = slots::supersede(tx, job.name, now)?;
            if superseded > 0 {
                tracing::warn!(
                    job = job.name,
                    superseded,
                    "due again before it was begun: no worker keeps up"
                );
            }
            Ok(slots::add_standing_for(tx, job.name, &[(*latest, "")], skipped as i64, making)?)
        }
        CatchUp::All(most) => {
            let (_, due) = due(most + MISSED_ROWS);
            let missed = due.len().saturating_sub(most);
            slots::add_missed(tx, job.name, &due[..missed], now)?;
            let due: Vec<(Instant, &str)> = due[missed..].iter().map(|due| (*due, "")).collect();
            Ok(slots::add(tx, job.name, &due, making)?)
        }
        CatchUp::Today => {
            let (_, due) = due(MISSED_ROWS);
            let today = zone.midnight(zone.date(now));
            let (missed, due): (Vec<Instant>, Vec<Instant>) = due.into_iter().partition(|due| *due < today);
            slots::add_missed(tx, job.name, &missed, now)?;
            if due.is_empty() {
                return Ok(0);
            }
            slots::supersede(tx, job.name, now)?;
            let due: Vec<(Instant, &str)> = due.into_iter().map(|due| (due, "")).collect();
            Ok(slots::add(tx, job.name, &due, making)?)
        }
    }
}
