//! The demonstration while it runs: jobs, simulated cameras of which some are bad, and what happens told line by line.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
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
        do_duty(installation, &duty, async |means, stop| tell(means, tenant, stop).await).await
    })
}

/// A simulator of every camera of the network; of some the lens is black, covered, out of focus, frozen, or the line dead.
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
    // By dealer, both of its cameras: a dealer of whom nothing can be seen gives way to the next.
    let mut dealers: Vec<&String> = codes.iter().map(|(_, dealer)| dealer).collect();
    dealers.dedup();
    for (place, dealer) in dealers.iter().enumerate() {
        let behaviour = match place % 12 {
            2 => Behaviour::Black,
            5 => Behaviour::TimesOut,
            8 => Behaviour::Covered,
            10 => Behaviour::Blurred,
            _ => continue,
        };
        for (camera, _) in codes.iter().filter(|(_, of)| of == *dealer) {
            simulator.set(camera, behaviour.clone());
        }
    }
    Ok(simulator)
}

/// Tells what happens, and has some of the day's visits made at once when the day is drawn.
async fn tell(means: Arc<Means>, tenant: Tenant, stop: CancellationToken) -> Result<(), Failure> {
    let mut told = live::Told::default();
    let mut hastened = false;
    let mut ticks = tokio::time::interval(NEWS);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        let (means, tenant) = (Arc::clone(&means), tenant.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let mut desk = means.desk(&tenant)?;
            if !hastened {
                hastened = live::hasten(&mut desk, VISITS)? > 0;
            }
            let lines = live::news(&mut desk, &mut told)?;
            let at = ground::zone(&desk.tenant)?.local(desk.now);
            Ok::<_, Failure>((lines, at, told, hastened))
        });
        let (lines, at, told_now, hastened_now) = looked.await.map_err(anyhow::Error::from)??;
        (told, hastened) = (told_now, hastened_now);
        for line in lines {
            println!("{}  {line}", at.strftime("%H:%M:%S"));
        }
    }
}
