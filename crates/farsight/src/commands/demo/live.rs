//! The demonstration while it runs: jobs, simulated cameras of which some are bad, and what happens told line by line.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use farsight_cameras::simulator::{Behaviour, SceneCamera, Simulator};
use farsight_control::demo::{self, inspections, live};
use farsight_control::sealing::Sealer;
use farsight_control::{Desk, ground, jobs};
use farsight_courier::{Reach, Settings};
use farsight_jobs::Means;
use farsight_rulebook::messages::Language;
use farsight_store::registry::Tenant;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::{Installation, inbox};
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
        println!("The tower: http://{listen}    sign in as one of those above.");
        println!();
        println!("It runs now, with simulated cameras of which some are bad; Ctrl-C ends it. For machines: http://{listen}/metrics and /readyz.");
        println!();
        let courier = installation.courier()?;
        let courier = Settings { reach: inbox::reach(courier.reach.clone()), ..courier };
        let reach = courier.reach.clone();
        let (address, arrived) = inbox::open().await?;
        let duty = Duty { at_once: AT_ONCE, works: true, listen: Some(listen), courier };
        let scene = Scene { tenant, simulator, scratch: scratch.to_owned(), reach, inbox: address };
        do_duty(installation, duty, async |means, stop| tell(means, scene, arrived, stop).await).await
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
fn stage(desk: &mut Desk, sealer: &Sealer, scene: &Scene) -> Result<bool, Failure> {
    let Some(mut dealers) = live::waiting(desk)? else { return Ok(false) };
    dealers.truncate(VISITS);
    let codes = live::camera_codes(desk)?;
    for (place, behaviour) in
        [(1, Behaviour::Black), (3, Behaviour::TimesOut), (4, Behaviour::Covered), (6, Behaviour::Blurred)]
    {
        for (camera, _) in codes.iter().filter(|(_, dealer)| dealers.get(place) == Some(dealer)) {
            scene.simulator.set(camera, behaviour.clone());
        }
    }
    live::hasten(desk, &dealers)?;
    if let Some((_, dealer)) = codes.first() {
        live::complain(desk, dealers.first().unwrap_or(dealer), &scene.scratch)?;
        jobs::call(desk, "import-watch")?; // not in a minute: now
    }
    inbox::subscribe(desk, sealer, &scene.reach, scene.inbox)?;
    Ok(true)
}

/// What the demonstration plays with.
struct Scene {
    tenant: Tenant,
    simulator: Simulator,
    scratch: PathBuf,
    reach: Reach,
    inbox: SocketAddr,
}

/// Tells what happens.
async fn tell(
    means: Arc<Means>,
    scene: Scene,
    mut arrived: UnboundedReceiver<String>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let scene = Arc::new(scene);
    let (mut told, mut staged) = (live::Told::since(means.now()), (false, false));
    let mut ticks = tokio::time::interval(NEWS);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(line) = arrived.recv() => println!("          {line}"),
            _ = ticks.tick() => {
                let (means, scene) = (Arc::clone(&means), Arc::clone(&scene));
                let looked = tokio::task::spawn_blocking(move || {
                    let mut desk = means.desk(&scene.tenant)?;
                    let drawn = staged.0 || stage(&mut desk, &means.sealer, &scene)?;
                    let judged = staged.1 || inspections::judge(&mut means.desk(&scene.tenant)?)?;
                    let staged = (drawn, judged);
                    let lines = live::news(&mut desk, &mut told, Language::English)?;
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
    }
}
