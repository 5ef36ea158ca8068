//! The demonstration's inbox: a webhook receiver on this machine that tells what arrives, so that one sees people being
//! told without a mail server. It gets the digest of hq and every critical alert.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use base64::Engine;
use farsight_control::telling::{self, NewChannel, Subscriber, Terms};
use farsight_control::{Desk, ground};
use farsight_courier::Reach;
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::chance;
use crate::failure::Failure;

/// The channel's code.
const CODE: &str = "demo-inbox";
/// So much of a message is shown, in characters.
const SHOWN: usize = 400;

/// What may be told to this machine besides what the configuration says.
pub(super) fn reach(reach: Reach) -> Reach {
    let loopback = "127.0.0.0/8".parse();
    loopback.map_or_else(|_| Reach::public(), |network| reach.allow(network)).allow_plain_http()
}

/// Opens the inbox; gives its address, and what arrives line by line.
pub(super) async fn open() -> Result<(SocketAddr, UnboundedReceiver<String>), Failure> {
    let (arrived, inbox) = unbounded_channel();
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/", post(take)).with_state(arrived);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok((address, inbox))
}

async fn take(State(arrived): State<UnboundedSender<String>>, body: String) -> StatusCode {
    let Ok(message) = serde_json::from_str::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let told: String = message["data"].to_string().chars().take(SHOWN).collect();
    let line = format!("{:<14} {} {told}", "inbox", message["type"].as_str().unwrap_or("?"));
    // Nobody reads any more when the demonstration ends.
    let _ = arrived.send(line);
    StatusCode::NO_CONTENT
}

/// Subscribes the inbox: critical alerts as they come, and a digest that is due at once.
pub(super) fn subscribe(
    desk: &mut Desk,
    sealer: &farsight_control::sealing::Sealer,
    reach_of: &Reach,
    address: SocketAddr,
) -> Result<(), Failure> {
    let mut key = [0; 32];
    chance::unforeseeable(&mut key);
    let key = format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(key));
    let lines = [format!("http://{address}/"), key];
    let new = NewChannel { code: CODE, name: "Demo inbox", kind: "webhook", lines: &lines, keyword: None };
    telling::add(desk, sealer, reach_of, &new)?;
    let now = ground::zone(&desk.tenant)?.local(desk.now).time();
    let at = now.with().second(0).subsec_nanosecond(0).build().unwrap_or(now);
    let terms = Terms { least: Severity::Critical, digest_at: Some(at), ..Terms::plain(Language::English) };
    telling::set(desk, &Subscriber::Channel(CODE.to_owned()), &terms)?;
    farsight_control::jobs::call(desk, "digest")?;
    farsight_control::jobs::call(desk, "tell")?;
    Ok(())
}
