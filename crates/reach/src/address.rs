//! Which hosts may be asked.
//!
//! Networks that are no part of the public internet: IANA's registries of special-purpose addresses (RFC 6890 and its
//! updates, as of 2026).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Networks of IPv4 that belong to no host of the public internet.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Which hosts beside those of the public internet may be asked.
///
/// ```
/// use proofdesk_reach::Rule;
/// let rule = Rule::parse(["10.1.0.0/16", "sso.example.com", "127.0.0.1"])?;
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Rule {
    networks: Vec<IpNet>,
    names: Vec<String>,
}

impl Rule {
    /// Reads networks (`10.1.0.0/16`), addresses (`127.0.0.1`) and host names that may be asked although they are private.
    ///
    /// # Errors
    /// Text is neither network, address nor host name.
    pub fn parse<T: AsRef<str>>(allowed: impl IntoIterator<Item = T>) -> Result<Self, String> {
        let mut rule = Self::default();
        for text in allowed {
            let text = text.as_ref().trim();
            if let Ok(network) = text.parse::<IpNet>() {
                rule.networks.push(network);
            } else if let Ok(address) = text.parse::<IpAddr>() {
                rule.networks.push(address.into());
            } else if is_name(text) {
                rule.names.push(text.to_ascii_lowercase());
            } else {
                return Err(format!("{text:?} is no network (10.1.0.0/16), no address and no host name"));
            }
        }
        Ok(rule)
    }

    /// Whether the host was allowed by its name, whatever it resolves to.
    pub(crate) fn allows_name(&self, host: &str) -> bool {
        self.names.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Whether a connection to this address may be opened.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        is_public(address) || self.networks.iter().any(|network| network.contains(&address))
    }
}

fn is_name(text: &str) -> bool {
    let fits = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.len() <= 253 && text.split('.').all(fits)
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|(network, bits)| begins(address, *network, *bits)),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(within) => is_public(IpAddr::V4(within)),
            None => is_public_v6(address),
        },
    }
}

fn begins(address: Ipv4Addr, network: Ipv4Addr, bits: u32) -> bool {
    (address.to_bits() ^ network.to_bits()) >> (32 - bits) == 0
}

/// Only 2000::/3 is given to hosts; of it not what holds protocols, other addresses, or examples.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_given = first & 0xe000 == 0x2000;
    let is_protocol = first == 0x2001 && second < 0x0200;
    let is_example = (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000);
    let is_6to4 = first == 0x2002;
    is_given && !is_protocol && !is_example && !is_6to4
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn what_is_not_public_is_refused() {
        let rule = Rule::default();
        let refused = "0.0.0.0 10.1.2.3 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.169.254 \
             172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.168.1.1 198.18.0.1 198.19.255.255 \
             198.51.100.7 203.0.113.9 224.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 \
             ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 3fff::1 \
             fc00::1 fdff::1 fe80::1 ff02::1";
        for text in refused.split_whitespace() {
            assert!(!rule.allows(text.parse().unwrap()), "{text}");
        }
        let taken = "1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.0.1.1 \
             192.167.255.255 198.17.255.255 198.20.0.0 223.255.255.255 2001:200::1 2606:4700::1111 \
             2a00:1450::8 ::ffff:1.1.1.1";
        for text in taken.split_whitespace() {
            assert!(rule.allows(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_allowed_is_taken_and_its_neighbour_is_not() {
        let rule = Rule::parse(["10.1.0.0/16", "127.0.0.1", "fd00:1::/32", "SSO.example.com"]).unwrap();
        for (text, is_taken) in [
            ("10.1.255.1", true),
            ("10.2.0.1", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("fd00:1::9", true),
            ("fd00:2::9", false),
        ] {
            assert_eq!(rule.allows(text.parse().unwrap()), is_taken, "{text}");
        }
        assert!(rule.allows_name("sso.example.com"));
        assert!(!rule.allows_name("other.example.com"));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for text in ["10.1.0.0/33", "a b", "http://x", "", "a..b"] {
            let said = Rule::parse([text]).unwrap_err();
            assert!(said.contains("host name"), "{said}");
        }
    }
}
