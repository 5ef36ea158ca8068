//! The demonstration while it runs: jobs, simulated cameras of which some are bad, and what happens told line by line.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use farsight_cameras::simulator::{Behaviour, SceneCamera, Simulator};
use farsight_control::demo::{self, live};
use farsight_control::{Desk, ground};
use farsight_jobs::Means;
use farsight_store::registry::Tenant;
use tokio_util::sync::CancellationToken;

use super::Installation;
use crate::commands::work::{Duty, do_duty, runtime};
use crate::failure::Failure;
use crate::{clock, configuration, logging};

/// Jobs carried out at once.
const AT_ONCE: u32 = 4;
/// Visits of today that are made at once instead of during the day.
const VISITS: usize = 8;
/// How often there is news.
const NEWS: Duration = Duration::from_secs(1);

/// Runs until SIGTERM or Ctrl-C.
pub(super) fn run(installation: &Installation, port: u16, scratch: &Path) -> Result<(), Failure> {
    logging::start(installation.global.json, logging::QUIET)?;
    let mut desk =
        Desk::open(&installation.database, Some(demo::TENANT), &configuration::system_actor(), clock::now())?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    runtime()?.block_on(async {
        let simulator = start_cameras(&mut desk).await?;
        live::move_cameras(&mut desk, simulator.address().port(), |camera| simulator.url_of(camera), scratch)?;
        let tenant = desk.tenant.clone();
        drop(desk);
        println!();
        println!("It runs now, with simulated cameras of which some are bad; Ctrl-C ends it. What it tells of itself:");
        println!("  http://{listen}/metrics    http://{listen}/readyz");
        println!();
        let duty = Duty { at_once: AT_ONCE, works: true, listen: Some(listen) };
        do_duty(installation, &duty, async |means, stop| tell(means, tenant, simulator, scratch.to_owned(), stop).await).await
    })
}

/// A simulator of every camera of the network.
async fn start_cameras(desk: &mut Desk) -> Result<Simulator, Failure> {
    let zone = ground::zone(&desk.tenant)?;
    let codes = live::camera_codes(desk)?;
    let scenes = codes.iter().zip(1..).map(|((camera, dealer), seed)| SceneCamera {
        code: camera.clone(),
        name: format!("{dealer} {camera}"),
        seed,
    });
    let time = Arc::new(move || zone.local(clock::now()));
    let simulator = Simulator::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), scenes, time).await?;
    Ok(simulator)
}

/// What is shown of today at once, when the day is drawn: the first visits, some of them with bad cameras.
fn stage(desk: &mut Desk, simulator: &Simulator, scratch: &Path) -> Result<bool, Failure> {
    let mut dealers = live::waiting(desk)?;
    dealers.truncate(VISITS);
    let Some(first) = dealers.first().cloned() else { return Ok(false) };
    let codes = live::camera_codes(desk)?;
    for (place, behaviour) in
        [(1, Behaviour::Black), (3, Behaviour::TimesOut), (4, Behaviour::Covered), (6, Behaviour::Blurred)]
    {
        for (camera, _) in codes.iter().filter(|(_, dealer)| dealers.get(place) == Some(dealer)) {
            simulator.set(camera, behaviour.clone());
        }
    }
    live::hasten(desk, &dealers)?;
    live::complain(desk, &first, scratch)?;
    Ok(true)
}

/// Tells what happens.
async fn tell(
    means: Arc<Means>,
    tenant: Tenant,
    simulator: Simulator,
    scratch: PathBuf,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let language = farsight_rulebook::messages::Language::English;
    let mut told = live::Told::since(means.now());
    let (mut staged, simulator) = (false, Arc::new(simulator));
    let mut ticks = tokio::time::interval(NEWS);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        let (means, tenant) = (Arc::clone(&means), tenant.clone());
        let (simulator, scratch) = (Arc::clone(&simulator), scratch.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let mut desk = means.desk(&tenant)?;
            let staged = staged || stage(&mut desk, &simulator, &scratch)?;
            let lines = live::news(&mut desk, &mut told, language)?;
            let at = ground::zone(&desk.tenant)?.local(desk.now);
            Ok::<_, Failure>((lines, at, told, staged))
        });
        let (lines, at, told_now, staged_now) = looked.await.map_err(anyhow::Error::from)??;
        (told, staged) = (told_now, staged_now);
        for line in lines {
            println!("{}  {line}", at.strftime("%H:%M:%S"));
        }
    }
}
