//! A visit to a camera: where it goes, what it has asked so far, and what it still may.
//!
//! A [`Place`] is what texts may say of an address; this file must never let path, query or user into one.

use std::fmt;

use bytes::Bytes;
use url::{Host, Url};

use crate::away::Away;
use crate::rules::{Picture, Rules, Scheme};

/// What a visit brought home.
pub(crate) struct Taken {
    pub(crate) bytes: Bytes,
    pub(crate) picture: Picture,
    pub(crate) requests: u32,
}

/// Scheme, host and port of an address that the rules let be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    pub(crate) port: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Rtsp => "rtsp",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl Place {
    /// The place an address names, if address, scheme and port are such as the rules allow.
    pub(crate) fn of(url: &Url, rules: &Rules) -> Result<Self, Away> {
        let refused = |why: &str| Away::RefusedUrl { why: why.to_owned() };
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            "rtsp" => Scheme::Rtsp,
            _ => return Err(refused("its scheme is not one a camera is asked by")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("it has a user or password in it, which belong into the camera's sign-in"));
        }
        let place = Self {
            scheme,
            host: plain_host(url).ok_or_else(|| refused("it has no proper host"))?,
            port: port(url, scheme),
        };
        if !rules.schemes.contains(&scheme) {
            return Err(Away::RefusedScheme { place: place.to_string() });
        }
        if !rules.ports.contains(&place.port) {
            return Err(Away::RefusedPort { place: place.to_string() });
        }
        Ok(place)
    }

    /// Whether what was entered for the first place may be told to this one: the same host, and the same port or the
    /// same host's protected one.
    pub(crate) fn may_know_what_was_told(&self, first: &Self) -> bool {
        let same = self.scheme == first.scheme && self.port == first.port;
        self.host == first.host && (same || (first.scheme == Scheme::Http && self.scheme == Scheme::Https))
    }

    pub(crate) fn not_found(&self, why: String) -> Away {
        Away::NotFound { place: self.to_string(), why }
    }

    pub(crate) fn unreachable(&self, why: impl Into<String>) -> Away {
        Away::Unreachable { place: self.to_string(), why: why.into() }
    }

    pub(crate) fn no_frame(&self, why: impl Into<String>) -> Away {
        Away::NoFrame { place: self.to_string(), why: why.into() }
    }
}

/// The host with numbers read as numbers: `rtsp` is no "special" scheme, so the parser leaves `0x7f.1` as it is there.
fn plain_host(url: &Url) -> Option<Host> {
    match url.host()? {
        Host::Domain(name) => Host::parse(name).ok(),
        number => Some(number.to_owned()),
    }
}

fn port(url: &Url, scheme: Scheme) -> u16 {
    let usual = match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
        Scheme::Rtsp => 554,
    };
    url.port().unwrap_or(usual)
}

/// The picture some bytes are, if it is one the rules accept.
pub(crate) fn accepted(bytes: &[u8], place: &Place, rules: &Rules) -> Result<Picture, Away> {
    let found = Picture::of(bytes);
    match found {
        Some(picture) if rules.pictures.contains(&picture) => Ok(picture),
        _ => Err(Away::NotAPicture { place: place.to_string(), what: looks_like(bytes, found) }),
    }
}

fn looks_like(bytes: &[u8], found: Option<Picture>) -> &'static str {
    let begin = bytes.trim_ascii_start();
    match found {
        Some(picture) => picture.content_type(),
        None if bytes.is_empty() => "nothing",
        None if begin.starts_with(b"<") => "a page (HTML or XML)",
        None if begin.starts_with(b"--") => "a stream of several parts",
        None if begin.starts_with(b"{") => "JSON",
        None => "something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Result<String, &'static str> {
        let url = Url::parse(url).map_err(|_| "unparsed")?;
        Place::of(&url, &Rules::default()).map(|place| place.to_string()).map_err(|away| away.code())
    }

    #[test]
    fn hosts_are_read_as_the_numbers_they_are_in_every_scheme() {
        for (host, plain) in [
            ("2130706433", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("0xa9.0xfe.0xa9.0xfe", "169.254.169.254"),
            ("[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]"),
            ("%31%32%37.0.0.1", "127.0.0.1"),
            ("１２７.０.０.１", "127.0.0.1"),
            ("Hall.Example.", "hall.example."),
        ] {
            assert_eq!(place(&format!("http://{host}/a")), Ok(format!("http://{plain}:80")), "{host}");
            assert_eq!(place(&format!("rtsp://{host}/a")), Ok(format!("rtsp://{plain}:554")), "{host}");
        }
    }

    #[test]
    fn addresses_that_are_not_a_cameras_are_refused() {
        for (url, code) in [
            ("http://user:pw@hall.example/a", "refused_url"),
            ("http://user@hall.example/a", "refused_url"),
            ("rtsp://user:pw@hall.example/a", "refused_url"),
            ("file:///etc/passwd", "refused_url"),
            ("gopher://hall.example/", "refused_url"),
            ("ftp://hall.example/a.jpg", "refused_url"),
            ("rtsp:///a", "refused_url"),
            ("http://hall.example:22/", "refused_port"),
            ("http://hall.example:6379/", "refused_port"),
            ("http://[fe80::1%25eth0]/", "unparsed"),
            ("http://256.1.1.1/", "unparsed"),
        ] {
            assert_eq!(place(url), Err(code), "{url}");
        }
    }

    #[test]
    fn what_was_told_goes_to_the_same_host_only() {
        let at = |url: &str| Place::of(&Url::parse(url).unwrap(), &Rules::default()).unwrap();
        for (first, then, may) in [
            ("http://a.example/", "http://a.example/other", true),
            ("http://a.example/", "https://a.example/", true),
            ("http://a.example/", "https://a.example:8443/", true),
            ("http://a.example/", "http://a.example:8080/", false),
            ("https://a.example/", "http://a.example/", false),
            ("http://a.example/", "http://b.example/", false),
            ("http://a.example/", "http://www.a.example/", false),
        ] {
            assert_eq!(at(then).may_know_what_was_told(&at(first)), may, "{first} {then}");
        }
    }

    #[test]
    fn what_came_is_told_by_its_bytes() {
        let told = |bytes: &[u8]| looks_like(bytes, Picture::of(bytes));
        assert_eq!(told(b"\xff\xd8\xff\xe0"), "image/jpeg");
        assert_eq!(told(b"\n <!DOCTYPE html>"), "a page (HTML or XML)");
        assert_eq!(told(b"--boundary\r\n"), "a stream of several parts");
        assert_eq!(told(b""), "nothing");
    }
}
