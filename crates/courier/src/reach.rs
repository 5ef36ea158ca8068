//! Where messages may go. A webhook's address is a tenant's, and it must not become a way into the operator's own
//! network: private, loopback, link-local and all other special addresses are refused unless the operator allows their
//! network. Names are resolved once, judged, and connected to as judged: there is no second look-up to lie in.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Networks of special purpose (IANA's registries); outside 2000::/3 no IPv6 address is public at all.
const SPECIAL: [&str; 21] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
];
const PUBLIC_V6: &str = "2000::/3";

/// What an operator allows beyond public addresses.
#[derive(Debug, Clone)]
pub struct Reach {
    allowed: Vec<IpNet>,
    special: Vec<IpNet>,
    public_v6: Option<IpNet>,
    plain_http: bool,
    robot_hosts: Vec<String>,
}

/// Why an address is not connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("the address is no URL with a host: write it like https://host/path")]
    Unreadable,
    /// It has another scheme.
    #[error("the address of {host} must begin with https://: mend it")]
    Scheme {
        /// Its host.
        host: String,
    },
    /// It has a user or password in it.
    #[error("the address of {host} has a user or password in it: take it out, webhooks are signed")]
    Credentials {
        /// Its host.
        host: String,
    },
    /// A robot's address that is not at its maker's.
    #[error(
        "a robot's address must be at {official}, not at {host}: copy it again from the group's settings"
    )]
    RobotHost {
        /// Its host.
        host: String,
        /// Where robots of this kind are.
        official: String,
    },
    /// It leads into a private or special network.
    #[error(
        "{host} is the private or special address {address}: use a public one, or have the operator allow it"
    )]
    Address {
        /// The host as written.
        host: String,
        /// What it stands for.
        address: IpAddr,
    },
}

impl Refusal {
    /// A stable name of the refusal.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable => "address_unreadable",
            Self::Scheme { .. } => "address_scheme",
            Self::Credentials { .. } => "address_credentials",
            Self::RobotHost { .. } => "address_robot_host",
            Self::Address { .. } => "address_refused",
        }
    }
}

impl Default for Reach {
    fn default() -> Self {
        Self::public()
    }
}

impl Reach {
    /// Public addresses by https, and robots at their makers'.
    pub fn public() -> Self {
        Self {
            allowed: Vec::new(),
            special: SPECIAL.iter().filter_map(|net| net.parse().ok()).collect(),
            public_v6: PUBLIC_V6.parse().ok(),
            plain_http: false,
            robot_hosts: Vec::new(),
        }
    }

    /// And addresses of this network, whatever it is.
    #[must_use]
    pub fn allow(mut self, network: IpNet) -> Self {
        self.allowed.push(network);
        self
    }

    /// And http without TLS.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// And robots at this host: an operator's own gateway.
    #[must_use]
    pub fn allow_robot_host(mut self, host: impl Into<String>) -> Self {
        self.robot_hosts.push(host.into());
        self
    }

    /// A client that connects where this leads and nowhere else; it follows no redirect.
    pub fn client(&self) -> Result<reqwest::Client, crate::CourierError> {
        // An error says that one is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        crate::http::client(self)
    }

    /// Whether an address may be connected to.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|net| net.contains(&address)) || self.is_public(address)
    }

    fn is_public(&self, address: IpAddr) -> bool {
        let global = address.is_ipv4() || self.public_v6.is_some_and(|net| net.contains(&address));
        global && !self.special.iter().any(|net| net.contains(&address))
    }

    /// Reads a webhook's address; names are judged later, when they are resolved.
    pub fn webhook(&self, text: &str) -> Result<Url, Refusal> {
        let url = Url::parse(text).map_err(|_| Refusal::Unreadable)?;
        let host = url.host_str().ok_or(Refusal::Unreadable)?.to_owned();
        if url.scheme() != "https" && !(self.plain_http && url.scheme() == "http") {
            return Err(Refusal::Scheme { host });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials { host });
        }
        match host.trim_matches(['[', ']']).parse() {
            Ok(address) if !self.allows(address) => Err(Refusal::Address { host, address }),
            _ => Ok(url),
        }
    }

    /// Reads a robot's address.
    pub(crate) fn robot(&self, text: &str, official: &[&str]) -> Result<Url, Refusal> {
        let url = self.webhook(text)?;
        let host = url.host_str().unwrap_or_default();
        let at_its_makers = official.contains(&host) && url.port().is_none() && url.scheme() == "https";
        if at_its_makers || self.robot_hosts.iter().any(|allowed| allowed == host) {
            return Ok(url);
        }
        Err(Refusal::RobotHost { host: host.to_owned(), official: official.join(" or ") })
    }
}

/// Resolves names for the HTTP client, to allowed addresses only.
pub(crate) struct Resolver(pub(crate) Reach);

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let allowed: Vec<_> = found.iter().copied().filter(|at| reach.allows(at.ip())).collect();
            match found.first() {
                Some(refused) if allowed.is_empty() => {
                    Err(Refusal::Address { host, address: refused.ip() }.into())
                }
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_network_is_read() {
        assert_eq!(Reach::public().special.len(), SPECIAL.len());
        assert!(Reach::public().public_v6.is_some());
    }

    #[test]
    fn public_addresses_only() {
        let allowed = ["1.1.1.1", "100.63.255.255", "172.32.0.1", "2400:3200::1", "2606:4700::1111"];
        let refused = [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2002:a00:1::1",
            "2001:0:1::1",
            "2001:db8::1",
        ];
        let reach = Reach::public();
        let allows = |text: &&str| reach.allows(text.parse().unwrap());
        assert_eq!(allowed.iter().filter(|text| !allows(text)).collect::<Vec<_>>(), [&""; 0]);
        assert_eq!(refused.iter().filter(|text| allows(text)).collect::<Vec<_>>(), [&""; 0]);
    }

    #[test]
    fn an_allowed_network_opens_no_other() {
        let reach = Reach::public().allow("10.1.0.0/16".parse().unwrap());
        assert!(reach.allows("10.1.2.3".parse().unwrap()));
        assert!(reach.allows("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!reach.allows("10.2.0.1".parse().unwrap()));
    }

    #[test]
    fn webhook_addresses_are_judged_however_they_are_written() {
        for (text, expected) in [
            ("https://hooks.example/x", "ok"),
            ("http://hooks.example/x", "address_scheme"),
            ("ftp://hooks.example/x", "address_scheme"),
            ("file:///etc/passwd", "address_unreadable"),
            ("hooks.example", "address_unreadable"),
            ("https://u:p@hooks.example/", "address_credentials"),
            ("https://127.0.0.1/", "address_refused"),
            ("https://2130706433/", "address_refused"),
            ("https://0x7f.1/", "address_refused"),
            ("https://0177.0.0.1/", "address_refused"),
            ("https://[::1]/", "address_refused"),
            ("https://[::ffff:169.254.169.254]/", "address_refused"),
            ("https://１２７.0.0.1/", "address_refused"),
        ] {
            let read = Reach::public().webhook(text);
            assert_eq!(read.as_ref().map_or_else(Refusal::code, |_| "ok"), expected, "{text}");
        }
    }

    #[test]
    fn robots_are_at_their_makers() {
        let official = ["oapi.dingtalk.com"];
        let code = |reach: &Reach, text| reach.robot(text, &official).map_or_else(|r| r.code(), |_| "ok");
        let reach = Reach::public().allow_plain_http();
        assert_eq!(code(&reach, "https://oapi.dingtalk.com/robot/send?access_token=x"), "ok");
        assert_eq!(code(&reach, "http://oapi.dingtalk.com/robot/send"), "address_robot_host");
        assert_eq!(code(&reach, "https://oapi.dingtalk.com:8443/robot/send"), "address_robot_host");
        assert_eq!(code(&reach, "https://oapi.dingtalk.com.evil.example/robot"), "address_robot_host");
        assert_eq!(code(&reach.allow_robot_host("gateway.example"), "https://gateway.example/ding"), "ok");
    }
}
