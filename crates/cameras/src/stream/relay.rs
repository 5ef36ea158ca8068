//! The relay between ffmpeg and a camera: it rewrites addresses, signs in, counts, and lets answers and frames through.
//!
//! It must never pass on an answer other than 200, nor a header that ffmpeg could follow somewhere.

use std::io::ErrorKind;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_util::codec::Framed;
use url::Url;

use super::wire::{Message, Text, Wire};
use crate::away::Away;
use crate::camera::Credentials;
use crate::fetcher::Fresh;
use crate::rules::{MOST_STREAM_REQUESTS, Rules};
use crate::sign_in::SignIn;
use crate::visit::Place;

/// What ffmpeg needs of an answer. Not `Location`, and not `Server`, by which it changes how it speaks.
const PASSED_HEADERS: [&str; 8] =
    ["CSeq", "Session", "Transport", "Content-Type", "Content-Base", "RTP-Info", "Range", "Public"];

/// One visit's relay.
pub(crate) struct Relay<'a> {
    place: &'a Place,
    url: &'a Url,
    entrance: &'a str,
    who: Option<&'a Credentials>,
    basic_allowed: bool,
    fresh: &'a Fresh,
    sign_in: Option<SignIn>,
    asked: Option<Asked>,
    requests: u32,
}

/// The request whose answer is awaited.
struct Asked {
    text: Text,
    again: bool,
}

impl<'a> Relay<'a> {
    pub(crate) fn new(
        place: &'a Place,
        url: &'a Url,
        entrance: &'a str,
        who: Option<&'a Credentials>,
        rules: &Rules,
        fresh: &'a Fresh,
    ) -> Self {
        let basic_allowed = rules.basic_in_clear;
        Self { place, url, entrance, who, basic_allowed, fresh, sign_in: None, asked: None, requests: 0 }
    }

    /// How many requests the camera was sent.
    pub(crate) fn requests(&self) -> u32 {
        self.requests
    }

    /// Passes messages between camera and ffmpeg until either hangs up; ffmpeg then makes what it can of what it has.
    pub(crate) async fn pass(&mut self, camera: TcpStream, ffmpeg: TcpStream) -> Result<(), Away> {
        let (mut camera, mut ffmpeg) = (Framed::new(camera, Wire), Framed::new(ffmpeg, Wire));
        loop {
            let (to_camera, bytes) = tokio::select! {
                asked = ffmpeg.next() => match asked {
                    None | Some(Err(_)) => return Ok(()),
                    Some(Ok(Message::Frame(frame))) => (true, frame),
                    Some(Ok(Message::Text(text))) => (true, self.request(text, false)?),
                },
                answered = camera.next() => match answered {
                    Some(Err(error)) if error.kind() == ErrorKind::InvalidData => return Err(self.broken(&error.to_string())),
                    None | Some(Err(_)) => return Ok(()),
                    Some(Ok(Message::Frame(frame))) => (false, frame),
                    Some(Ok(Message::Text(text))) => match self.answer(&text)? {
                        Next::Pass(bytes) => (false, bytes),
                        Next::Again(bytes) => (true, bytes),
                        Next::Leave => continue,
                    },
                }
            };
            let target = if to_camera { &mut camera } else { &mut ffmpeg };
            if target.send(bytes).await.is_err() {
                return Ok(());
            }
        }
    }

    /// ffmpeg's request as the camera gets it: to the camera's own address, signed when the camera asked for that.
    fn request(&mut self, mut text: Text, again: bool) -> Result<Bytes, Away> {
        self.requests += 1;
        if self.requests > MOST_STREAM_REQUESTS {
            return Err(self.place.no_frame("the camera needed more requests than are allowed"));
        }
        if let Some(rest) =
            text.start.split_once(self.entrance).map(|(method, rest)| format!("{method}{}{rest}", self.url))
        {
            text.start = rest;
        }
        let signed = self.signed(&text)?;
        let kept = text.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        let kept = kept.filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let bytes = text.write(kept.chain(signed.as_deref().map(|value| ("Authorization", value))));
        self.asked = Some(Asked { text, again });
        Ok(bytes)
    }

    fn signed(&mut self, text: &Text) -> Result<Option<String>, Away> {
        let (Some(sign_in), Some(who)) = (&mut self.sign_in, self.who) else { return Ok(None) };
        let mut words = text.start.split(' ');
        let (method, uri) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let unsupported = |why| Away::SignInUnsupported { place: self.place.to_string(), why };
        sign_in.answer(who, method, uri, self.fresh).map(Some).map_err(unsupported)
    }

    /// What the camera's answer leads to: on to ffmpeg, or the same request again with a sign-in.
    fn answer(&mut self, text: &Text) -> Result<Next, Away> {
        let status =
            text.start.strip_prefix("RTSP/1.0 ").and_then(|rest| rest.split(' ').next()?.parse::<u16>().ok());
        match (status, self.asked.take()) {
            // ffmpeg has its frame and waits for no answer to its farewell, so a bad one spoils nothing.
            (Some(_), Some(asked)) if asked.text.start.starts_with("TEARDOWN ") => Ok(Next::Leave),
            (Some(401), Some(asked)) => self.sign(text, asked).map(Next::Again),
            (Some(200), Some(_)) => Ok(Next::Pass(text.write(passed(text)))),
            (Some(status), _) => Err(Away::HttpStatus { place: self.place.to_string(), status }),
            (None, _) => Err(self.broken("it spoke no RTSP/1.0")),
        }
    }

    fn sign(&mut self, text: &Text, asked: Asked) -> Result<Bytes, Away> {
        let place = self.place.to_string();
        if self.who.is_none() {
            return Err(Away::SignInNeeded { place });
        }
        if asked.again {
            return Err(Away::SignInRefused { place });
        }
        let chosen = SignIn::choose(text.all("www-authenticate"), self.basic_allowed);
        self.sign_in = Some(chosen.map_err(|why| Away::SignInUnsupported { place, why })?);
        self.request(asked.text, true)
    }

    fn broken(&self, why: &str) -> Away {
        Away::BrokenOff { place: self.place.to_string(), why: why.to_owned() }
    }
}

/// What an answer leads to.
enum Next {
    Pass(Bytes),
    Again(Bytes),
    Leave,
}

fn passed(text: &Text) -> impl Iterator<Item = (&str, &str)> {
    PASSED_HEADERS.iter().filter_map(|name| text.all(name).next().map(|value| (*name, value)))
}
