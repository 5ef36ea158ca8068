//! Which addresses a camera may have: the special networks of the internet's registries, and what an operator says.
//!
//! This file must never resolve a name or trust how an address was written: it sees numbers only.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Why an address may not be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It lies in a special network that is not allowed.
    Special {
        /// The network it lies in.
        network: IpNet,
        /// What that network is for.
        kind: &'static str,
    },
    /// It lies in a network the operator has denied.
    Denied {
        /// The network it lies in.
        network: IpNet,
    },
    /// It is a public address and the operator allows none.
    Public,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Special { network, kind } => write!(f, "it is {kind} ({network})"),
            Self::Denied { network } => write!(f, "the rules deny {network}"),
            Self::Public => write!(f, "the rules allow no public address"),
        }
    }
}

/// What the operator says about addresses, over and above the special networks.
pub(crate) struct Word<'a> {
    pub(crate) public: bool,
    pub(crate) allow: &'a [IpNet],
    pub(crate) deny: &'a [IpNet],
}

/// Judges one address, and the IPv4 address it carries within it, if it does.
pub(crate) fn judge(address: IpAddr, word: &Word<'_>) -> Result<(), Refusal> {
    // A mapped address is only another way to write the IPv4 address that the connection will go to.
    let address = match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    judge_plain(address, word)?;
    match address {
        IpAddr::V6(v6) => carried(v6).map_or(Ok(()), |inner| judge_plain(IpAddr::V4(inner), word)),
        IpAddr::V4(_) => Ok(()),
    }
}

fn judge_plain(address: IpAddr, word: &Word<'_>) -> Result<(), Refusal> {
    if let Some(network) = word.deny.iter().find(|network| network.contains(&address)) {
        return Err(Refusal::Denied { network: *network });
    }
    let special = special(address);
    let allowed = word.allow.iter().filter(|network| network.contains(&address));
    match special {
        // An allowed network lifts only what it lies in, so that `0.0.0.0/0` opens no door by accident.
        Some((network, kind)) if !allowed.clone().any(|allowed| network.contains(allowed)) => {
            Err(Refusal::Special { network, kind })
        }
        None if !word.public && allowed.clone().next().is_none() => Err(Refusal::Public),
        _ => Ok(()),
    }
}

/// The narrowest special network an address lies in.
fn special(address: IpAddr) -> Option<(IpNet, &'static str)> {
    match address {
        IpAddr::V4(v4) => {
            SPECIAL_V4.iter().find(|(net, _)| net.contains(&v4)).map(|(n, k)| (IpNet::V4(*n), *k))
        }
        IpAddr::V6(v6) => {
            SPECIAL_V6.iter().find(|(net, _)| net.contains(&v6)).map(|(n, k)| (IpNet::V6(*n), *k))
        }
    }
}

/// The IPv4 address a gateway would send packets for this IPv6 address to.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let o = address.octets();
    if SIX_TO_FOUR.contains(&address) {
        Some(Ipv4Addr::new(o[2], o[3], o[4], o[5]))
    } else if NAT64.contains(&address) {
        Some(Ipv4Addr::new(o[12], o[13], o[14], o[15]))
    } else {
        None
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(a: u16, b: u16, c: u16, h: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, h), bits)
}

const SIX_TO_FOUR: Ipv6Net = v6(0x2002, 0, 0, 0, 16);
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 0, 96);

/// IANA's IPv4 special-purpose registry (RFC 6890 and its followers), with multicast; narrower ones first.
const SPECIAL_V4: [(Ipv4Net, &str); 16] = [
    (v4(255, 255, 255, 255, 32), "the broadcast address"),
    (v4(0, 0, 0, 0, 8), "an unspecified address"),
    (v4(10, 0, 0, 0, 8), "a private address"),
    (v4(100, 64, 0, 0, 10), "a carrier's shared address"),
    (v4(127, 0, 0, 0, 8), "a loopback address"),
    (v4(169, 254, 0, 0, 16), "a link-local address"),
    (v4(172, 16, 0, 0, 12), "a private address"),
    (v4(192, 0, 0, 0, 24), "an address of protocols"),
    (v4(192, 0, 2, 0, 24), "a documentation address"),
    (v4(192, 88, 99, 0, 24), "a 6to4 relay"),
    (v4(192, 168, 0, 0, 16), "a private address"),
    (v4(198, 18, 0, 0, 15), "a benchmarking address"),
    (v4(198, 51, 100, 0, 24), "a documentation address"),
    (v4(203, 0, 113, 0, 24), "a documentation address"),
    (v4(224, 0, 0, 0, 4), "a multicast address"),
    (v4(240, 0, 0, 0, 4), "a reserved address"),
];

/// IANA's IPv6 special-purpose registry; narrower ones first. 6to4 and NAT64 are judged by what they carry.
const SPECIAL_V6: [(Ipv6Net, &str); 14] = [
    (v6(0, 0, 0, 0, 128), "the unspecified address"),
    (v6(0, 0, 0, 1, 128), "the loopback address"),
    (v6(0, 0, 0, 0, 96), "an IPv4-compatible address"),
    (v6(0x64, 0xff9b, 1, 0, 48), "a local NAT64 address"),
    (v6(0x100, 0, 0, 0, 64), "a discard address"),
    (v6(0x2001, 0, 0, 0, 32), "a Teredo address"),
    (v6(0x2001, 0, 0, 0, 23), "an address of protocols"),
    (v6(0x2001, 0xdb8, 0, 0, 32), "a documentation address"),
    (v6(0x3fff, 0, 0, 0, 20), "a documentation address"),
    (v6(0x5f00, 0, 0, 0, 16), "a segment-routing address"),
    (v6(0xfc00, 0, 0, 0, 7), "a unique-local address"),
    (v6(0xfe80, 0, 0, 0, 10), "a link-local address"),
    (v6(0xfec0, 0, 0, 0, 10), "a site-local address"),
    (v6(0xff00, 0, 0, 0, 8), "a multicast address"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(address: &str, allow: &[&str], deny: &[&str]) -> Result<(), Refusal> {
        let nets = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect::<Vec<IpNet>>();
        judge(address.parse().unwrap(), &Word { public: true, allow: &nets(allow), deny: &nets(deny) })
    }

    #[test]
    fn special_addresses_are_refused_and_their_neighbours_are_not() {
        let refused = "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 \
            169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 \
            198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
            :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:10.1.1.1 64:ff9b::7f00:1 \
            64:ff9b::a9fe:a9fe 64:ff9b:1::808:808 100::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::5 2002:a9fe:a9fe:: \
            3fff::1 fc00::1 fdff::1 fe80::1 febf::1 fec0::1 ff02::1";
        for address in refused.split_whitespace() {
            assert!(matches!(verdict(address, &[], &[]), Err(Refusal::Special { .. })), "{address}");
        }
        let admitted = "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 \
            169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 \
            ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1 2400:3200::1 2606:4700::1111";
        for address in admitted.split_whitespace() {
            assert_eq!(verdict(address, &[], &[]), Ok(()), "{address}");
        }
    }

    #[test]
    fn an_allowed_network_lifts_only_what_it_lies_in_and_a_denied_one_wins() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let special = |network, kind| Err(Refusal::Special { network: net(network), kind });
        let denied = |network| Err(Refusal::Denied { network: net(network) });
        let table = [
            ("10.20.3.4", "10.20.0.0/16", "192.0.2.0/24", Ok(())),
            ("::ffff:10.20.3.4", "10.20.0.0/16", "192.0.2.0/24", Ok(())),
            ("64:ff9b::a14:304", "10.20.0.0/16", "192.0.2.0/24", Ok(())),
            ("10.21.0.1", "10.20.0.0/16", "192.0.2.0/24", special("10.0.0.0/8", "a private address")),
            (
                "169.254.169.254",
                "0.0.0.0/0",
                "192.0.2.0/24",
                special("169.254.0.0/16", "a link-local address"),
            ),
            ("::1", "::/0", "192.0.2.0/24", special("::1/128", "the loopback address")),
            ("10.20.3.4", "10.20.0.0/16", "10.20.3.0/24", denied("10.20.3.0/24")),
            ("8.8.8.8", "10.20.0.0/16", "8.8.0.0/16", denied("8.8.0.0/16")),
            ("64:ff9b::808:808", "10.20.0.0/16", "8.8.0.0/16", denied("8.8.0.0/16")),
            ("64:ff9b::808:808", "10.20.0.0/16", "64:ff9b::/96", denied("64:ff9b::/96")),
            ("fd00::7", "fd00::/64", "192.0.2.0/24", Ok(())),
        ];
        for (address, allow, deny, expected) in table {
            assert_eq!(verdict(address, &[allow], &[deny]), expected, "{address} allow {allow} deny {deny}");
        }
    }

    #[test]
    fn without_public_addresses_only_allowed_networks_are_left() {
        let allow = ["10.20.0.0/16".parse().unwrap(), "203.1.0.0/16".parse().unwrap()];
        let word = Word { public: false, allow: &allow, deny: &[] };
        assert_eq!(judge("8.8.8.8".parse().unwrap(), &word), Err(Refusal::Public));
        assert_eq!(judge("203.1.2.3".parse().unwrap(), &word), Ok(()));
        assert_eq!(judge("10.20.9.9".parse().unwrap(), &word), Ok(()));
    }
}
