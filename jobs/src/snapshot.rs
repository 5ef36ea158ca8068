//! `snapshot`: visits a dealer of the day's plan: fetches a picture from each of its cameras, keeps it as evidence,
//! looks what is wrong with it, and where nothing can be seen sends the next dealer of the reserve list.
//!
//! Due: when `draw` made it, at a moment in the dealer's opening hours; one slot a dealer. Catch-up: a visit that is
//! more than an hour late is not made any more, for the dealer may be closed. Retries: 10 s, doubling to 5 minutes, given
//! up after the 5th failure; a camera that does not answer is no failure of the job.
//! Promise: each camera is asked at most twice a visit, and every visit ends with a picture or the reason why not.

use std::sync::Arc;
use std::time::Duration;

use farsight_cameras::{Away, Camera, Credentials, Rules, Snapshot};
use farsight_control::evidence::{self, For, Source};
use farsight_control::visits::{self, CameraResult, CameraToVisit, Concluded, Shot, VisitError};
use farsight_control::{ControlError, Desk, alerts, cameras, ground};
use farsight_evidence::{Digest, Limits, picture};
use farsight_store::registry::Tenant;
use farsight_store::slots::Ending;
use farsight_store::visits::State;
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream;
use jiff::civil::Date;

use crate::draw::make_slots;
use crate::job::{CatchUp, Job, Retries, Turn, Work, done};
use crate::means::Means;
use crate::schedule::Schedule;

/// The job's name, for who makes its slots.
pub(crate) const NAME: &str = "snapshot";

pub(crate) const JOB: Job = Job {
    name: NAME,
    schedule: Schedule::Called,
    promise: "each camera is asked at most twice a visit, and every visit ends with a picture or the reason why not",
    catch_up: CatchUp::Latest,
    retries: Retries { failures: 5, first: Duration::from_secs(10), longest: Duration::from_mins(5) },
    work: Work::Abroad(carry_out),
};

/// A visit that is later than this is not made: the dealer may be closed by then.
const TOO_LATE: i64 = 3_600_000_000;
/// A camera is asked so often in a visit.
const TRIES: u32 = 2;
/// And not at once again.
const BETWEEN_TRIES: Duration = Duration::from_secs(3);
/// The latest picture is read back up to this size, to be compared.
const MOST_BYTES: u64 = 32 << 20;

fn carry_out(turn: Turn, tenant: Tenant) -> BoxFuture<'static, anyhow::Result<Ending>> {
    Box::pin(async move {
        let tenant = Arc::new(tenant);
        let visit = Visit {
            day: ground::zone(&tenant)?.date(turn.key.due_at),
            dealer: turn.key.part.clone(),
            tenant,
        };
        visit.make(turn).await
    })
}

/// A visit to a dealer on a day.
#[derive(Clone)]
struct Visit {
    day: Date,
    dealer: String,
    tenant: Arc<Tenant>,
}

impl Visit {
    async fn make(self, turn: Turn) -> anyhow::Result<Ending> {
        let means = Arc::clone(&turn.means);
        if means.now().0 - turn.key.due_at.0 > TOO_LATE {
            return done("not made: it is more than an hour late, the dealer may be closed");
        }
        let Some((cameras, rules)) = self.begin(&means).await? else {
            return self
                .on_books(&means, |visit, desk| make_slots(desk, visit.day))
                .await
                .and_then(|_| done("was over"));
        };
        let looked = join_all(cameras.into_iter().map(|camera| self.look(&means, camera, &rules))).await;
        let results: Vec<CameraResult> = looked.into_iter().collect::<anyhow::Result<_>>()?;
        let told = self
            .on_books(&means, move |visit, desk| {
                let concluded = visits::conclude(desk, visit.day, &visit.dealer, &results)?;
                tell(desk, &visit.dealer, &concluded, &results)?;
                make_slots(desk, visit.day)?;
                Ok(sum_up(&concluded, &results))
            })
            .await?;
        done(told)
    }

    /// The dealer's cameras and where they may be; none where the visit is over.
    async fn begin(&self, means: &Arc<Means>) -> anyhow::Result<Option<(Vec<CameraToVisit>, Arc<Rules>)>> {
        let sealer = means.sealer.clone();
        self.on_books(means, move |visit, desk| {
            let rules = Arc::new(cameras::rules(desk)?);
            match visits::begin(desk, &sealer, visit.day, &visit.dealer) {
                Ok(begun) => Ok(Some((begun.cameras, rules))),
                Err(ControlError::Visit(VisitError::Over { .. })) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Asks a camera, and keeps and looks at what it gives.
    async fn look(
        &self,
        means: &Arc<Means>,
        camera: CameraToVisit,
        rules: &Rules,
    ) -> anyhow::Result<CameraResult> {
        let outcome = match ask(means, &camera, rules).await {
            Ok(snapshot) => Ok(self.keep(means, &camera.code, snapshot).await?),
            Err(away) => {
                means.watch.camera(away.code());
                Err(away.to_string())
            }
        };
        Ok(CameraResult { camera: camera.code, outcome })
    }

    async fn keep(&self, means: &Arc<Means>, camera: &str, snapshot: Snapshot) -> anyhow::Result<Shot> {
        let bytes = snapshot.bytes;
        let content = stream::iter([Ok::<_, std::io::Error>(bytes.clone())]);
        let stored = means.evidence.put(&self.tenant.code, content, &Limits::default()).await?;
        let earlier = self.earlier(means, camera).await?;
        let code = camera.to_owned();
        let taken_at = means.now();
        let shot = self
            .on_books(means, move |visit, desk| {
                let mut examined = evidence::examine(&stored, &bytes)?;
                if let Some(earlier) = earlier
                    && picture::frozen(&earlier, &bytes)?.frozen
                {
                    examined.content.flaws.push("frozen".to_owned());
                }
                let subject = format!("camera:{code}");
                let by = desk.actor.clone();
                let what = For {
                    source: Source::Camera,
                    by: &by,
                    subject: &subject,
                    dealer: &visit.dealer,
                    file_name: "",
                };
                evidence::hand_in(desk, &examined, what)?;
                let content = examined.content;
                let (width, height) = content.size.unwrap_or_default();
                Ok(Shot {
                    taken_at,
                    sha256: content.sha256,
                    bytes: content.bytes,
                    width,
                    height,
                    fingerprint: content.fingerprint.unwrap_or_default().cast_signed(),
                    flaws: content.flaws,
                })
            })
            .await?;
        means.watch.picture(shot.bytes as u64, &shot.flaws);
        Ok(shot)
    }

    /// The picture that the camera gave before this one.
    async fn earlier(&self, means: &Arc<Means>, camera: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let code = camera.to_owned();
        let latest = self.on_books(means, move |_, desk| Ok(visits::latest_picture(desk, &code)?)).await?;
        let Some(latest) = latest else { return Ok(None) };
        let digest: Digest = latest.shot.sha256.parse()?;
        match means.evidence.bytes(&self.tenant.code, &digest, MOST_BYTES).await {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(error) => {
                // Without it this picture is only not known to be frozen.
                tracing::warn!("the camera's earlier picture cannot be read: {error}");
                Ok(None)
            }
        }
    }

    /// Does something at a desk, on a thread that may block.
    async fn on_books<T: Send + 'static>(
        &self,
        means: &Arc<Means>,
        work: impl FnOnce(&Self, &mut Desk) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (visit, means) = (self.clone(), Arc::clone(means));
        tokio::task::spawn_blocking(move || {
            let mut desk = means.desk(&visit.tenant)?;
            work(&visit, &mut desk)
        })
        .await?
    }
}

/// Asks a camera for its picture, once more where that may help.
async fn ask(means: &Means, camera: &CameraToVisit, rules: &Rules) -> Result<Snapshot, Away> {
    let credentials =
        camera.sign_in.clone().map(|sign_in| Credentials { user: sign_in.user, password: sign_in.password });
    let wanted = Camera { url: camera.snapshot_url.clone(), credentials };
    let mut tries = 1;
    loop {
        match means.fetcher.fetch(&wanted, rules).await {
            Err(away) if tries < TRIES && away.may_pass() => {
                tries += 1;
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            answer => return answer,
        }
    }
}

/// Raises and withdraws the alerts of cameras that went away or came back.
fn tell(
    desk: &mut Desk,
    dealer: &str,
    concluded: &Concluded,
    results: &[CameraResult],
) -> anyhow::Result<()> {
    for camera in &concluded.away {
        let why = results.iter().find(|result| result.camera == *camera);
        let why = why.and_then(|result| result.outcome.as_ref().err()).map_or("", String::as_str);
        alerts::raise(desk, alerts::Trouble::CameraAway { camera, dealer, since: desk.now, why })?;
    }
    for camera in &concluded.back {
        alerts::withdraw(desk, farsight_rulebook::alert::CAMERA_AWAY, &format!("camera:{camera}"))?;
    }
    Ok(())
}

fn sum_up(concluded: &Concluded, results: &[CameraResult]) -> String {
    let sound =
        results.iter().filter(|result| matches!(&result.outcome, Ok(shot) if shot.flaws.is_empty())).count();
    let mut told = format!("{sound} of {} cameras show the dealer", results.len());
    if concluded.visit.state == State::NotVisible {
        told += &match (&concluded.replacement, concluded.reserve_used_up) {
            (Some(next), _) => format!("; {} takes the place", next.dealer),
            (None, true) => "; the reserve list is used up".to_owned(),
            (None, false) => String::new(),
        };
    }
    told
}
