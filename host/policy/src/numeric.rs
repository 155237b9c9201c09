//! Numeric addresses: one address has many spellings, and some addresses are special.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::location::parse_number;
use super::{Denied, Malformed};

#[cfg(test)]
mod tests;

/// Addresses where clouds serve credentials to every program of a machine, in addition to the
/// link-local 169.254.169.254: documentation of AWS (EC2 and EKS), Google Cloud, Scaleway, Oracle
/// Cloud, Linode, Alibaba Cloud and Azure.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
const METADATA_V6: [Ipv6Addr; 6] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1),
];

/// The address itself, and the IPv4 address that a translator or a tunnel maps it to. If one of
/// them is denied, the other is denied too.
pub(super) fn leads_to(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let address = address.to_canonical();
    let embedded = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => embedded(v6),
    };
    std::iter::once(address).chain(embedded.map(IpAddr::V4))
}

/// IPv4 in IPv6, other than the mapped form: NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo
/// (RFC 4380), ISATAP (RFC 5214), the translated form of SIIT (RFC 2765), and the old compatible
/// form (RFC 4291).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, _, _, _, high, low] => Some(join(high, low)),
        [0x2002, high, low, ..] => Some(join(high, low)),
        [0x2001, 0, _, _, _, _, high, low] => Some(join(!high, !low)),
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => Some(join(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(join(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(join(high, low)),
        _ => None,
    }
}

/// Refuses special addresses, which are valid only if the user wrote them literally. `source` is
/// the origin of this address, for the message.
pub(super) fn check_class(source: &str, address: IpAddr) -> Result<(), Denied> {
    let Some((shown, kind)) = leads_to(address).find_map(|address| Some((address, class(address)?))) else {
        return Ok(());
    };
    let address = address.to_canonical();
    let shown = if shown == address {
        format!("{address}")
    } else {
        format!("{address}, which leads to {shown}")
    };
    Err(Denied::new(format!(
        "{source} {shown}, {kind} address; such an address has to be written literally"
    )))
}

/// Whether a cloud serves the metadata of a virtual machine at this address, or may serve it there.
pub(super) fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local() || METADATA_V4.contains(&v4),
        IpAddr::V6(v6) => METADATA_V6.contains(&v6),
    }
}

fn class(address: IpAddr) -> Option<&'static str> {
    match address {
        _ if address.is_loopback() => Some("a loopback"),
        _ if address.is_unspecified() => Some("an unspecified"),
        // "This network" (RFC 1122).
        IpAddr::V4(v4) if v4.octets()[0] == 0 => Some("an unspecified"),
        _ if address.is_multicast() => Some("a multicast"),
        IpAddr::V4(v4) if v4.is_link_local() => Some("a link-local"),
        IpAddr::V4(v4) if v4.is_broadcast() => Some("a broadcast"),
        IpAddr::V4(v4) if METADATA_V4.contains(&v4) => Some("a cloud metadata"),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some("a link-local"),
        IpAddr::V6(v6) if METADATA_V6.contains(&v6) => Some("a cloud metadata"),
        _ => None,
    }
}

/// A block of addresses, such as 10.0.0.0/8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    first: IpAddr,
    prefix: u32,
}

impl Block {
    /// A block with only this address.
    pub(super) fn single(address: IpAddr) -> Self {
        let first = address.to_canonical();
        let prefix = bits(first);
        Self { first, prefix }
    }

    /// Parses `ADDRESS/PREFIX`. The error names the problem and the remedy. The address must not be
    /// an IPv4-mapped one.
    pub(super) fn parse(address: IpAddr, prefix: &str) -> Result<Self, Malformed> {
        let most = bits(address);
        let prefix = parse_number(prefix).filter(|prefix| *prefix <= most);
        let prefix: u32 =
            prefix.ok_or_else(|| format!("the prefix after the slash must be a number from 0 to {most}"))?;
        let network = masked(address, prefix);
        if network == address {
            Ok(Self { first: address, prefix })
        } else {
            Err(Malformed::new(format!(
                "it is not the first address of a block; write {network}/{prefix}"
            )))
        }
    }

    /// Whether the block contains the address, in any of its forms.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.prefix) == self.first
    }
}

fn bits(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address with all bits after the first `prefix` bits cleared.
fn masked(address: IpAddr, prefix: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - prefix.min(32)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}
