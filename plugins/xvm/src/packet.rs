//! Requests as they are on the wire. All numbers are little-endian.

use std::net::IpAddr;

use crate::digest::Digest;

/// Size of a request, in bytes.
pub(crate) const SIZE: usize = 176;
/// Longest name of a machine, in bytes.
pub(crate) const NAME_LIMIT: usize = 63;
/// What begins every request and answer of the guest channel.
pub(crate) const MAGIC: [u8; 4] = [0x61, 0x62, 0x62, 0x61];

const HASH: usize = 112;
/// Linux's numbers, which the protocol took over.
const IPV4: u32 = 2;
const IPV6: u32 = 10;

/// What is asked of a hypervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Off = 1,
    On = 3,
    Status = 4,
    /// Whether the daemon is there.
    Monitor = 5,
    List = 6,
}

/// A request, before it is written down.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) command: Command,
    /// The machine, by name or UUID; empty where it is about none.
    pub(crate) name: &'a str,
    pub(crate) is_uuid: bool,
    /// The same each time one request is sent, and never again.
    pub(crate) number: u32,
}

impl Request<'_> {
    /// The packet that daemons take by UDP and TCP. `caller` is where they
    /// call back, by multicast.
    pub(crate) fn packet(
        &self,
        caller: Option<(IpAddr, u16)>,
        hash: Digest,
        key: &[u8],
        random: [u8; 6],
    ) -> [u8; SIZE] {
        let mut packet = [0; SIZE];
        packet[0] = self.command as u8;
        packet[1] = hash.number();
        packet[3] = self.is_uuid.into();
        self.put_name(&mut packet[4..68]);
        if let Some((address, port)) = caller {
            let family = match address {
                IpAddr::V4(address) => {
                    packet[2] = 4;
                    packet[68..72].copy_from_slice(&address.octets());
                    IPV4
                }
                IpAddr::V6(address) => {
                    packet[2] = 16;
                    packet[68..84].copy_from_slice(&address.octets());
                    IPV6
                }
            };
            packet[96..98].copy_from_slice(&port.to_le_bytes());
            packet[108..112].copy_from_slice(&family.to_le_bytes());
        }
        packet[104..108].copy_from_slice(&self.number.to_le_bytes());
        if hash != Digest::None {
            packet[98..104].copy_from_slice(&random);
            let digest = hash.of(key, &packet);
            packet[HASH..].copy_from_slice(&digest);
        }
        packet
    }

    /// What the daemon takes by the channel of a guest.
    pub(crate) fn short(&self) -> [u8; 74] {
        let mut packet = [0; 74];
        packet[..4].copy_from_slice(&MAGIC);
        packet[4] = self.command as u8;
        packet[5] = self.is_uuid.into();
        self.put_name(&mut packet[6..70]);
        packet[70..].copy_from_slice(&self.number.to_le_bytes());
        packet
    }

    fn put_name(&self, field: &mut [u8]) {
        let length = self.name.len().min(NAME_LIMIT);
        field[..length].copy_from_slice(&self.name.as_bytes()[..length]);
    }
}

#[cfg(test)]
mod tests;
