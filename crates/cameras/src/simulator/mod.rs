//! A simulator of cameras for tests and the demo: an HTTP server whose cameras draw a service hall, or misbehave.
//!
//! This part must never be reachable by the rules of a real tenant, read a clock, or draw a picture from anything but
//! its camera, its seed and the time it was given.

mod behaviour;
mod hall;
mod letters;
mod paint;
mod picture;
mod serve;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::civil::DateTime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use behaviour::{Behaviour, Hash};
pub use picture::{View, draw};

/// Says what time the cameras' clocks show.
pub type Clock = Arc<dyn Fn() -> DateTime + Send + Sync>;

/// A camera the simulator has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneCamera {
    /// Its code, unique among the simulator's cameras; also its place in the address.
    pub code: String,
    /// The name drawn in its pictures.
    pub name: String,
    /// What makes its hall differ from others.
    pub seed: u64,
}

/// A running simulator; it stops when it is dropped.
pub struct Simulator {
    address: SocketAddr,
    hall: Arc<Hall>,
}

/// All that requests look at.
struct Hall {
    cameras: BTreeMap<String, Mutex<Standing>>,
    clock: Clock,
    stopped: CancellationToken,
}

/// A camera and what has come of it.
struct Standing {
    camera: SceneCamera,
    behaviour: Behaviour,
    requests: u32,
    last: Option<Bytes>,
    nonces: Vec<String>,
}

impl Simulator {
    /// Starts serving these cameras, each well behaved, at an address; port 0 takes any free one.
    pub async fn start(
        bind: SocketAddr,
        cameras: impl IntoIterator<Item = SceneCamera>,
        clock: Clock,
    ) -> io::Result<Self> {
        let standing = |camera: SceneCamera| {
            let code = camera.code.clone();
            let begin =
                Standing { camera, behaviour: Behaviour::Fine, requests: 0, last: None, nonces: Vec::new() };
            (code, Mutex::new(begin))
        };
        let cameras = cameras.into_iter().map(standing).collect();
        let hall = Arc::new(Hall { cameras, clock, stopped: CancellationToken::new() });
        let listener = TcpListener::bind(bind).await?;
        let address = listener.local_addr()?;
        tokio::spawn(serve::until_stopped(listener, Arc::clone(&hall)));
        Ok(Self { address, hall })
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a camera's snapshot; one of a camera it has not answers 404.
    pub fn url_of(&self, code: &str) -> String {
        let mut url = format!("http://{}/camera/", self.address);
        url.extend(
            url::form_urlencoded::byte_serialize(code.as_bytes()).map(|part| part.replace('+', "%20")),
        );
        url + "/snapshot.jpg"
    }

    /// How many requests a camera got so far; 0 for one it has not.
    pub fn requests(&self, code: &str) -> u32 {
        self.hall.camera(code).map_or(0, |camera| camera.requests)
    }

    /// Lets a camera behave so from its next request on; says whether there is such a camera.
    pub fn set(&self, code: &str, behaviour: Behaviour) -> bool {
        self.hall.camera(code).is_some_and(|mut camera| {
            camera.behaviour = behaviour;
            true
        })
    }

    /// Stops listening and hangs up on whoever still waits.
    pub fn stop(&self) {
        self.hall.stopped.cancel();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Hall {
    fn camera(&self, code: &str) -> Option<MutexGuard<'_, Standing>> {
        // Nothing is left half done under this lock, so a panicking neighbour spoils nothing.
        self.cameras.get(code).map(|camera| camera.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
