//! What an operator lets a tenant's cameras be: schemes, ports, addresses, sizes, times.
//!
//! The default is what a machine on the open internet can live with. This file must never connect to anything.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::address::{self, Refusal, Word};

/// How many RTSP requests one visit to a camera's stream may make, sign-in and farewell included.
pub const MOST_STREAM_REQUESTS: u32 = 16;

/// How a camera is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// A snapshot by HTTP, readable on the way.
    Http,
    /// A snapshot by HTTP over TLS, the camera's certificate checked.
    Https,
    /// One frame of a stream by RTSP over TCP, read with ffmpeg.
    Rtsp,
}

/// What a picture may be, told by its first bytes and never by what the camera says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Picture {
    /// JPEG, `image/jpeg`.
    Jpeg,
    /// PNG, `image/png`.
    Png,
    /// WebP, `image/webp`.
    Webp,
}

impl Picture {
    /// The kind of picture that begins with these bytes, if it is one.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match image::guess_format(bytes) {
            Ok(image::ImageFormat::Jpeg) => Some(Self::Jpeg),
            Ok(image::ImageFormat::Png) => Some(Self::Png),
            Ok(image::ImageFormat::WebP) => Some(Self::Webp),
            _ => None,
        }
    }

    /// Its media type, such as `image/jpeg`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// The rules by which a tenant's cameras are fetched; an operator sets them, the tenant cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Longest wait for a connection, TLS included, in milliseconds.
    pub connect_millis: u64,
    /// Longest time for a whole visit, redirects and sign-in and the last byte included, in milliseconds.
    pub total_millis: u64,
    /// Largest picture taken, in bytes; the one byte more ends the visit.
    pub max_bytes: u64,
    /// How many redirects are followed; each is judged like the first address.
    pub max_redirects: u8,
    /// Schemes a camera's address may have.
    pub schemes: Vec<Scheme>,
    /// Ports a camera's address may have.
    pub ports: Vec<u16>,
    /// Pictures that are taken.
    pub pictures: Vec<Picture>,
    /// Whether Basic sign-in, which sends the password as it is, is answered over plain HTTP or RTSP.
    pub basic_in_clear: bool,
    /// Whether addresses of the open internet may be connected to.
    pub public_addresses: bool,
    /// Networks that may be connected to though they are special (private, loopback, …); each lifts only the special
    /// network it lies in, so `10.20.0.0/16` opens that much of `10.0.0.0/8` and `0.0.0.0/0` opens nothing.
    pub allow_networks: Vec<IpNet>,
    /// Networks that may never be connected to; stronger than what is allowed.
    pub deny_networks: Vec<IpNet>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            connect_millis: 3_000,
            total_millis: 15_000,
            max_bytes: 8 << 20,
            max_redirects: 2,
            schemes: vec![Scheme::Http, Scheme::Https, Scheme::Rtsp],
            ports: vec![80, 443, 554, 8000, 8080, 8443, 8554],
            pictures: vec![Picture::Jpeg, Picture::Png, Picture::Webp],
            basic_in_clear: true,
            public_addresses: true,
            allow_networks: Vec::new(),
            deny_networks: Vec::new(),
        }
    }
}

impl Rules {
    /// Says whether an address may be connected to, or why not.
    pub fn admit(&self, address: IpAddr) -> Result<(), Refusal> {
        let word =
            Word { public: self.public_addresses, allow: &self.allow_networks, deny: &self.deny_networks };
        address::judge(address, &word)
    }

    /// The most requests one fetch can make: two a hop for a snapshot (the second answers a sign-in).
    pub fn most_requests(&self, scheme: Scheme) -> u32 {
        match scheme {
            Scheme::Http | Scheme::Https => 2 * (u32::from(self.max_redirects) + 1),
            Scheme::Rtsp => MOST_STREAM_REQUESTS,
        }
    }

    pub(crate) const fn connect_within(&self) -> Duration {
        Duration::from_millis(self.connect_millis)
    }

    pub(crate) const fn total_within(&self) -> Duration {
        Duration::from_millis(self.total_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_from_a_file_fill_in_the_defaults_and_refuse_what_they_do_not_know() {
        let rules: Rules =
            toml::from_str("allow_networks = [\"10.20.0.0/16\"]\nschemes = [\"https\"]").unwrap();
        assert_eq!(rules.allow_networks, ["10.20.0.0/16".parse::<IpNet>().unwrap()]);
        assert_eq!((rules.schemes, rules.max_bytes), (vec![Scheme::Https], 8 << 20));
        let refusal = toml::from_str::<Rules>("allow_network = []").unwrap_err().to_string();
        assert!(refusal.contains("allow_network"), "{refusal}");
        assert!(toml::from_str::<Rules>("deny_networks = [\"10.20\"]").is_err());
    }

    #[test]
    fn rules_survive_json() {
        let rules = Rules { deny_networks: vec!["8.8.8.0/24".parse().unwrap()], ..Rules::default() };
        let json = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<Rules>(&json).unwrap(), rules);
    }
}
