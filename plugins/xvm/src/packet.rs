//! The wire format of requests. All numbers are little-endian.

use std::net::IpAddr;

use crate::digest::Digest;

/// Size of a request, in bytes.
pub(crate) const SIZE: usize = 176;
/// Longest name of a machine, in bytes.
pub(crate) const NAME_LIMIT: usize = 63;
/// The first bytes of every request and answer on the guest channel.
pub(crate) const MAGIC: [u8; 4] = [0x61, 0x62, 0x62, 0x61];

const HASH: usize = 112;
/// Linux's numbers of address families, which the protocol uses.
const IPV4: u32 = 2;
const IPV6: u32 = 10;

/// The command to a hypervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Off = 1,
    On = 3,
    Status = 4,
    /// Test whether the daemon answers.
    Monitor = 5,
    List = 6,
}

/// A request, before it is encoded.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) command: Command,
    /// The machine, by name or UUID; empty if the request is not about a machine.
    pub(crate) name: &'a str,
    pub(crate) is_uuid: bool,
    /// Identifies the request: the same in all its repetitions, and different in every other request.
    pub(crate) number: u32,
}

impl Request<'_> {
    /// The packet for UDP and TCP. With multicast, `caller` is the address and port to
    /// which the daemons call back.
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

    /// The packet for the channel of a guest.
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
