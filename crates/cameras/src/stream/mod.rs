//! One frame of an RTSP stream: ffmpeg decodes it, and sees of the network only a relay of ours.
//!
//! ffmpeg follows redirects and shows its command line to everyone on the machine. So it is given a loopback address
//! with neither the camera's host nor its path or password; [`relay`] speaks to the camera at the address that was
//! judged, signs in, and passes on nothing but answers and frames.
//! This part must never give ffmpeg an address that a camera chose.

mod decoder;
mod relay;
mod wire;

use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::away::Away;
use crate::camera::Camera;
use crate::fetcher::Fetcher;
use crate::resolve;
use crate::rules::Rules;
use crate::visit::{Place, Taken, accepted};
use decoder::Decoder;
use relay::Relay;

/// Takes one frame, as JPEG, from a stream that has been judged by all but its network address.
pub(crate) async fn take(
    fetcher: &Fetcher,
    camera: &Camera,
    rules: &Rules,
    url: &Url,
    place: &Place,
) -> Result<Taken, Away> {
    let Some(program) = &fetcher.ffmpeg else {
        return Err(Away::NoFfmpeg { place: place.to_string() });
    };
    let upstream = connect(place, rules, fetcher).await?;
    let own =
        |error: std::io::Error| place.no_frame(format!("the relay could not be opened: {}", error.kind()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(own)?;
    let entrance = format!("rtsp://{}/camera", listener.local_addr().map_err(own)?);
    let mut decoder = Decoder::start(program, &entrance).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Away::NoFfmpeg { place: place.to_string() },
        kind => place.no_frame(format!("ffmpeg could not be started: {kind}")),
    })?;
    let mut relay = Relay::new(place, url, &entrance, camera.credentials.as_ref(), rules, &fetcher.fresh);
    let bytes = {
        let passing = async {
            let (downstream, _) = listener.accept().await.map_err(own)?;
            // One visitor only: whoever else knocks at the port finds it closed.
            drop(listener);
            relay.pass(upstream, downstream).await
        };
        tokio::pin!(passing);
        tokio::select! {
            biased;
            // A relay that ends well only means that one side hung up: ffmpeg may still be writing its frame.
            Err(away) = &mut passing => return Err(away),
            frame = decoder.frame(place, rules) => frame?,
        }
    };
    let picture = accepted(&bytes, place, rules)?;
    Ok(Taken { bytes, picture, requests: relay.requests() })
}

async fn connect(place: &Place, rules: &Rules, fetcher: &Fetcher) -> Result<TcpStream, Away> {
    let addresses = resolve::admitted(place, rules, fetcher.names.as_ref()).await?;
    let connecting = tokio::time::timeout(rules.connect_within(), TcpStream::connect(addresses.as_slice()));
    match connecting.await {
        Ok(connected) => connected.map_err(|error| place.unreachable(error.kind().to_string())),
        Err(_) => Err(Away::TimedOut { place: place.to_string(), within: rules.connect_within() }),
    }
}
