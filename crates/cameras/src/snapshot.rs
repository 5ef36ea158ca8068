//! A snapshot by HTTP: hop by hop, each resolved once, judged, and its connection pinned to what was judged.
//!
//! This file must never let the HTTP library follow a redirect, resolve a name, use a proxy or try again by itself.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reqwest::dns::{Name, Resolving};
use reqwest::header::{ACCEPT, AUTHORIZATION, LOCATION, USER_AGENT, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use crate::away::Away;
use crate::camera::Camera;
use crate::fetcher::Fetcher;
use crate::resolve;
use crate::rules::{Picture, Rules, Scheme};
use crate::sign_in::SignIn;
use crate::visit::{Place, Taken, accepted};

/// How many of a picture's first bytes tell what it is.
const TELLING_BYTES: usize = 16;

struct Visit<'a> {
    fetcher: &'a Fetcher,
    camera: &'a Camera,
    rules: &'a Rules,
    first: Place,
    requests: u32,
}

/// Takes a snapshot from a place that has been judged by all but its network address.
pub(crate) async fn take(
    fetcher: &Fetcher,
    camera: &Camera,
    rules: &Rules,
    mut url: Url,
    first: Place,
) -> Result<Taken, Away> {
    let mut visit = Visit { fetcher, camera, rules, first: first.clone(), requests: 0 };
    let mut place = first;
    for _ in 0..=rules.max_redirects {
        let response = visit.hop(&url, &place).await?;
        if !leads_on(response.status()) {
            let (bytes, picture) = picture(response, &place, rules).await?;
            return Ok(Taken { bytes, picture, requests: visit.requests });
        }
        (url, place) = onward(&response, &url, &place, rules)?;
    }
    Err(Away::TooManyRedirects { place: place.to_string(), most: rules.max_redirects })
}

impl Visit<'_> {
    /// Asks one place, a second time if it wants a sign-in.
    async fn hop(&mut self, url: &Url, place: &Place) -> Result<Response, Away> {
        let addresses = resolve::admitted(place, self.rules, self.fetcher.names.as_ref()).await?;
        let client = self.client(addresses).map_err(|error| place.unreachable(innermost(&error)))?;
        let response = self.ask(&client, url, place, None).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let answer = self.sign_in(&response, url, place)?;
        let response = self.ask(&client, url, place, Some(answer)).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Err(Away::SignInRefused { place: place.to_string() });
        }
        Ok(response)
    }

    async fn ask(
        &mut self,
        client: &Client,
        url: &Url,
        place: &Place,
        sign_in: Option<String>,
    ) -> Result<Response, Away> {
        self.requests += 1;
        let mut request = client.get(url.clone()).header(ACCEPT, "image/jpeg, image/png, image/webp");
        if let Some(answer) = sign_in {
            request = request.header(AUTHORIZATION, answer);
        }
        request.send().await.map_err(|error| failed(&error, place, self.rules))
    }

    fn sign_in(&self, response: &Response, url: &Url, place: &Place) -> Result<String, Away> {
        let unsupported = |why| Away::SignInUnsupported { place: place.to_string(), why };
        let Some(who) = &self.camera.credentials else {
            return Err(Away::SignInNeeded { place: place.to_string() });
        };
        if !place.may_know_what_was_told(&self.first) {
            return Err(unsupported("it is another place than the one the password was entered for"));
        }
        let offers =
            response.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|offer| offer.to_str().ok());
        let basic_allowed = place.scheme == Scheme::Https || self.rules.basic_in_clear;
        let mut sign_in = SignIn::choose(offers, basic_allowed).map_err(unsupported)?;
        sign_in.answer(who, "GET", &target(url), &self.fetcher.fresh).map_err(unsupported)
    }

    /// A client of its own for each hop, which knows no address but the judged ones.
    fn client(&self, addresses: Vec<SocketAddr>) -> Result<Client, reqwest::Error> {
        Client::builder()
            .tls_backend_preconfigured(self.fetcher.trust.clone())
            .dns_resolver(Pinned(addresses.into()))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .connect_timeout(self.rules.connect_within())
            .default_headers(
                [(USER_AGENT, reqwest::header::HeaderValue::from_static("farsight"))].into_iter().collect(),
            )
            .build()
    }
}

/// Answers every name with the addresses that were judged.
struct Pinned(Arc<[SocketAddr]>);

impl reqwest::dns::Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses = self.0.to_vec();
        Box::pin(async move { Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs) })
    }
}

const fn leads_on(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect leads, judged like any address.
fn onward(response: &Response, from: &Url, place: &Place, rules: &Rules) -> Result<(Url, Place), Away> {
    let refused = |why| Away::RefusedRedirect { place: place.to_string(), why };
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let url = from.join(location.ok_or_else(|| refused("it did not say where to"))?);
    let url = url.map_err(|_| refused("where to is no address"))?;
    let next = Place::of(&url, rules)?;
    may_lead(place.scheme, next.scheme).map_err(refused)?;
    Ok((url, next))
}

const fn may_lead(from: Scheme, to: Scheme) -> Result<(), &'static str> {
    match (from, to) {
        (Scheme::Https, Scheme::Http) => Err("it left the protected connection"),
        (_, Scheme::Rtsp) => Err("it led to a stream"),
        _ => Ok(()),
    }
}

/// The picture in an answer, given up as soon as it is too large or none.
async fn picture(mut response: Response, place: &Place, rules: &Rules) -> Result<(Bytes, Picture), Away> {
    if !response.status().is_success() {
        return Err(Away::HttpStatus { place: place.to_string(), status: response.status().as_u16() });
    }
    let too_large = |length: u64| length > rules.max_bytes;
    let refusal = || Away::TooLarge { place: place.to_string(), most: rules.max_bytes };
    if response.content_length().is_some_and(too_large) {
        return Err(refusal());
    }
    let (mut bytes, mut told) = (BytesMut::new(), false);
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error, place, rules))? {
        if too_large(bytes.len() as u64 + chunk.len() as u64) {
            return Err(refusal());
        }
        bytes.extend_from_slice(&chunk);
        if !told && bytes.len() >= TELLING_BYTES {
            accepted(&bytes, place, rules)?;
            told = true;
        }
    }
    let picture = accepted(&bytes, place, rules)?;
    Ok((bytes.freeze(), picture))
}

/// Path and query as the request line has them, which Digest signs.
fn target(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn failed(error: &reqwest::Error, place: &Place, rules: &Rules) -> Away {
    let (text, why) = (place.to_string(), innermost(error));
    if let Some(fault) = certificate_fault(error) {
        return Away::Untrusted { place: text, why: fault };
    }
    if error.is_timeout() {
        return Away::TimedOut { place: text, within: rules.connect_within() };
    }
    if error.is_connect() {
        return Away::Unreachable { place: text, why };
    }
    Away::BrokenOff { place: text, why }
}

/// The innermost cause in the network's own words; outer ones would repeat the address with path and query.
fn innermost(error: &reqwest::Error) -> String {
    let last = causes(error).last();
    last.map_or_else(|| "the request could not be made".to_owned(), ToString::to_string)
}

/// What is wrong with the camera's certificate, if that is what it failed on.
fn certificate_fault(error: &reqwest::Error) -> Option<String> {
    let fault = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>())?;
    matches!(fault, rustls::Error::InvalidCertificate(_)).then(|| fault.to_string())
}

/// The causes of an error from the outermost in.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |outer| {
        let cause: &(dyn Error + 'static) = *outer;
        // An `io::Error` passes over what it wraps when asked for its source.
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| cause.source())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_never_leaves_a_protected_connection() {
        use Scheme::{Http, Https, Rtsp};
        let leads = [(Http, Http), (Http, Https), (Https, Https), (Https, Http), (Http, Rtsp)]
            .map(|(a, b)| may_lead(a, b).is_ok());
        assert_eq!(leads, [true, true, true, false, false]);
    }
}
