//! Names to addresses, once a hop: who resolves is passed in, what it says is judged before anyone connects.
//!
//! This file must never connect, and never ask twice for one hop: a second answer could be another one.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use url::Host;

use crate::away::Away;
use crate::rules::Rules;
use crate::visit::Place;

/// A resolver's answer to come.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Turns names into addresses.
pub trait Resolve: Send + Sync {
    /// The addresses of a host; none, or an error, is a host that is not found.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// Resolves as the operating system does.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(
            async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) },
        )
    }
}

/// The addresses of a place, every one of them admitted by the rules, or why not.
pub(crate) async fn admitted(
    place: &Place,
    rules: &Rules,
    names: &dyn Resolve,
) -> Result<Vec<SocketAddr>, Away> {
    let found = match &place.host {
        Host::Ipv4(v4) => vec![IpAddr::V4(*v4)],
        Host::Ipv6(v6) => vec![IpAddr::V6(*v6)],
        Host::Domain(name) => {
            names.resolve(name).await.map_err(|error| place.not_found(error.kind().to_string()))?
        }
    };
    if found.is_empty() {
        return Err(place.not_found("the answer was empty".to_owned()));
    }
    for address in &found {
        rules.admit(*address).map_err(|refusal| Away::RefusedAddress {
            place: place.to_string(),
            address: *address,
            refusal,
        })?;
    }
    Ok(found.into_iter().map(|address| SocketAddr::new(address, place.port)).collect())
}
