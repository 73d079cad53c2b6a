//! Where a call comes from: the address of the client, as far as it can be believed, and the prefix that it is counted
//! under.
//!
//! Whoever connects to us is whom the system names. What he says of others in `X-Forwarded-For` counts only if he is
//! one of our own proxies, and what those before him said only if they are, too: the header is read from its end.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// A client's address. IPv4 written as IPv6 (`::ffff:192.0.2.1`, RFC 4291, 2.5.5.2) is IPv4.
///
/// Without one, all clients count as one: an application that serves our routes by itself must hand the address on
/// (axum's `ConnectInfo`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct ClientAddress(Option<IpAddr>);

impl ClientAddress {
    /// Who calls, by the address of the connection and the lines of `X-Forwarded-For`, in their order.
    pub fn of<'a>(
        peer: Option<IpAddr>,
        forwarded: impl DoubleEndedIterator<Item = &'a [u8]>,
        trusted: &TrustedProxies,
    ) -> ClientAddress {
        let Some(mut client) = peer.map(|peer| peer.to_canonical()) else { return ClientAddress(None) };
        let hops = forwarded.rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        for hop in hops.map(<[u8]>::trim_ascii).filter(|hop| !hop.is_empty()) {
            // From here on to the left, anybody may have written it.
            if !trusted.contains(client) {
                break;
            }
            match std::str::from_utf8(hop).ok().and_then(address) {
                Some(address) => client = address,
                None => break,
            }
        }
        ClientAddress(Some(client))
    }

    /// The address, if there is one.
    pub fn ip(self) -> Option<IpAddr> {
        self.0
    }

    /// What it is counted under: who has one IPv6 address has its /64 (RFC 7421).
    pub fn prefix(self) -> AddressPrefix {
        AddressPrefix(self.0.map(|ip| match ip {
            IpAddr::V4(_) => (ip, 32),
            IpAddr::V6(ip) => (first_bits(ip, 64).into(), 64),
        }))
    }

    /// The IPv6 /48 around it: what one site has (RFC 6177), and so can take addresses from at will.
    pub fn site(self) -> Option<AddressPrefix> {
        match self.0 {
            Some(IpAddr::V6(ip)) => Some(AddressPrefix(Some((first_bits(ip, 48).into(), 48)))),
            _ => None,
        }
    }
}

/// An IPv4 address or a part of IPv6.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct AddressPrefix(Option<(IpAddr, u8)>);

impl AddressPrefix {
    /// The same bytes for the same prefix, and others for every other one.
    pub fn to_bytes(self) -> Vec<u8> {
        match self.0 {
            None => vec![],
            Some((IpAddr::V4(ip), bits)) => [&[bits], ip.octets().as_slice()].concat(),
            Some((IpAddr::V6(ip), bits)) => [&[bits], ip.octets().as_slice()].concat(),
        }
    }
}

fn first_bits(ip: Ipv6Addr, bits: u8) -> Ipv6Addr {
    let beyond = u128::MAX.checked_shr(bits.into()).unwrap_or(0);
    Ipv6Addr::from_bits(ip.to_bits() & !beyond)
}

/// One hop: an address, which proxies write with a port and with brackets too.
fn address(text: &str) -> Option<IpAddr> {
    let bare = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, "")) => inside,
        Some((inside, after)) => after.strip_prefix(':').filter(|port| port.parse::<u16>().is_ok()).map(|_| inside)?,
        None => match text.split_once(':') {
            // An IPv6 address without brackets has more colons.
            Some((ip, port)) if !port.contains(':') => port.parse::<u16>().ok().map(|_| ip)?,
            _ => text,
        },
    };
    // A zone (RFC 4007) is of the machine that wrote it.
    let bare = bare.split_once('%').map_or(bare, |(ip, _)| ip);
    bare.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// The proxies whose `X-Forwarded-For` is believed: none unless they are named.
///
/// Written as addresses and ranges (CIDR, RFC 4632), separated by commas or spaces: `127.0.0.1, 10.0.0.0/8, fd00::/8`.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TrustedProxies(Vec<Range>);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Range {
    first: IpAddr,
    bits: u8,
}

impl TrustedProxies {
    /// These addresses and ranges.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn of<'a>(ranges: impl IntoIterator<Item = &'a str>) -> Result<TrustedProxies, String> {
        ranges.into_iter().map(str::parse).collect::<Result<_, _>>().map(TrustedProxies)
    }

    /// Whether an address is one of theirs.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.0.iter().any(|range| range.contains(ip))
    }

    /// Whether all of IPv4, or all of IPv6, is trusted.
    pub fn covers_everybody(&self) -> bool {
        self.0.iter().any(|range| range.bits == 0)
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Range {
    fn contains(self, ip: IpAddr) -> bool {
        match (self.first, ip) {
            (IpAddr::V4(first), IpAddr::V4(ip)) => {
                let beyond = u32::MAX.checked_shr(self.bits.into()).unwrap_or(0);
                (first.to_bits() ^ ip.to_bits()) & !beyond == 0
            }
            (IpAddr::V6(first), IpAddr::V6(ip)) => first_bits(first, self.bits) == first_bits(ip, self.bits),
            _ => false,
        }
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        TrustedProxies::of(text.split([',', ' ', '\t']).filter(|word| !word.is_empty()))
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let not_one = || format!("`{text}` is no address and no range: write `127.0.0.1`, `10.0.0.0/8` or `fd00::/8`");
        let (ip, bits) = match text.split_once('/') {
            Some((ip, bits)) => {
                // `+8` is a number, but no length.
                let digits = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
                (ip, Some(bits.parse::<u8>().ok().filter(|_| digits).ok_or_else(not_one)?))
            }
            None => (text, None),
        };
        let ip: IpAddr = ip.parse().map_err(|_| not_one())?;
        let longest = if ip.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(longest);
        if bits > longest {
            return Err(not_one());
        }
        match (ip, ip.to_canonical()) {
            (IpAddr::V6(_), first @ IpAddr::V4(_)) => {
                let bits = bits.checked_sub(96).ok_or_else(|| {
                    format!("`{text}` is more than all of IPv4: write IPv4 ranges as IPv4, `10.0.0.0/8`")
                })?;
                Ok(Range { first, bits })
            }
            (_, first) => Ok(Range { first, bits }),
        }
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Range { first, bits }) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{first}/{bits}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lines: &[&str], trusted: &str) -> String {
        let (peer, trusted) = (peer.parse().expect("an address"), trusted.parse().expect("ranges"));
        let lines = lines.iter().map(|line| line.as_bytes());
        ClientAddress::of(Some(peer), lines, &trusted).ip().expect("an address").to_string()
    }

    #[test]
    fn a_header_of_a_stranger_says_nothing() {
        for trusted in ["", "10.0.0.0/8"] {
            assert_eq!(client("192.0.2.1", &["198.51.100.7"], trusted), "192.0.2.1");
            assert_eq!(client("192.0.2.1", &["10.0.0.1"], trusted), "192.0.2.1");
        }
    }

    #[test]
    fn it_is_read_from_its_end() {
        let trusted = "10.0.0.0/8, fd00::/8";
        for (lines, expected) in [
            (&[][..], "10.0.0.1"),
            (&["198.51.100.7"], "198.51.100.7"),
            (&["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
            (&["1.1.1.1", "198.51.100.7"], "198.51.100.7"),
            (&["198.51.100.7", "1.1.1.1"], "1.1.1.1"),
            (&["1.1.1.1, 198.51.100.7, 10.1.1.1"], "198.51.100.7"),
            (&["1.1.1.1, 198.51.100.7", "10.1.1.1,fd00::5"], "198.51.100.7"),
            (&["1.1.1.1, junk, 10.1.1.1"], "10.1.1.1"),
            (&["198.51.100.7, junk"], "10.0.0.1"),
            (&["198.51.100.7,, ,"], "198.51.100.7"),
            (&["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            (&["198.51.100.7:80"], "198.51.100.7"),
            (&["[2001:db8::1]:80"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["fe80::1%eth0"], "fe80::1"),
            (&["::ffff:198.51.100.7"], "198.51.100.7"),
            (&["[::ffff:198.51.100.7]:443"], "198.51.100.7"),
            (&["1.1.1.1, ::ffff:10.9.9.9"], "1.1.1.1"),
        ] {
            assert_eq!(client("10.0.0.1", lines, trusted), expected, "{lines:?}");
            assert_eq!(client("::ffff:10.0.0.1", lines, trusted), expected, "{lines:?}");
        }
        for junk in ["unknown", "_hidden", "1.1.1.1.1", "01.1.1.1", "1.1.1", "[::1", "::1]", "[::1]x", "1.1.1.1:x", "é"]
        {
            assert_eq!(client("10.0.0.1", &[junk], trusted), "10.0.0.1", "{junk}");
        }
    }

    #[test]
    fn ranges_say_what_they_cover() {
        let covers = |ranges: &str, ip: &str| {
            ranges.parse::<TrustedProxies>().expect("ranges").contains(ip.parse().expect("an address"))
        };
        assert!(covers("10.0.0.0/8", "10.255.255.255") && !covers("10.0.0.0/8", "11.0.0.0"));
        assert!(covers("10.1.2.3/8", "10.9.9.9") && covers("0.0.0.0/0", "203.0.113.9"));
        assert!(covers("127.0.0.1", "127.0.0.1") && !covers("127.0.0.1", "127.0.0.2"));
        assert!(covers("::ffff:10.0.0.0/104", "10.9.9.9") && !covers("::ffff:10.0.0.0/104", "11.0.0.0"));
        assert!(covers("127.0.0.1", "::ffff:127.0.0.1") && covers("::ffff:127.0.0.1", "127.0.0.1"));
        assert!(covers("::/0", "2001:db8::1") && !covers("::/0", "10.0.0.1"));
        assert!(covers("2001:db8::/33", "2001:db8:7fff::1") && !covers("2001:db8::/33", "2001:db8:8000::1"));
        assert!(!covers("", "127.0.0.1"));
        for wrong in ["x", "10.0.0.0/33", "::/129", "10.0.0.0/", "/8", "10.0.0.0/+8", "::ffff:0:0/95", "10.0.0.0/8/8"] {
            wrong.parse::<TrustedProxies>().expect_err(wrong);
        }
        assert_eq!("10.0.0.0/8 ::1".parse::<TrustedProxies>().expect("ranges").to_string(), "10.0.0.0/8, ::1/128");
    }

    #[test]
    fn one_network_is_one_prefix() {
        let of = |text: &str| {
            let peer = Some(text.parse().expect("an address"));
            ClientAddress::of(peer, [].into_iter(), &TrustedProxies::default())
        };
        assert_eq!(of("2001:db8::1").prefix(), of("2001:db8::ffff:ffff:ffff:ffff").prefix());
        assert_ne!(of("2001:db8::1").prefix(), of("2001:db8:0:1::1").prefix());
        assert_eq!(of("2001:db8::1").site(), of("2001:db8:0:ffff::1").site());
        assert_ne!(of("2001:db8::1").site(), of("2001:db8:1::1").site());
        assert_eq!(of("::ffff:192.0.2.1").prefix(), of("192.0.2.1").prefix());
        assert_ne!(of("192.0.2.1").prefix(), of("192.0.2.2").prefix());
        assert_ne!(of("::").prefix().to_bytes(), of("::").site().expect("a site").to_bytes());
    }
}
