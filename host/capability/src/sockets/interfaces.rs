//! The addresses of this machine, from the kernel (rtnetlink, RFC 3549), because the standard
//! library has no function for them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

/// Buffer size in bytes, larger than any message of the kernel.
const MESSAGES: usize = 64 * 1024;
/// Maximum size of one answer, in bytes: more than the addresses of any real machine.
const ANSWER: usize = 4 * 1024 * 1024;
/// Length of the header of a message, in bytes.
const HEADER: usize = 16;

/// An interface that is up has this flag.
const UP: u32 = libc::IFF_UP.cast_unsigned();

/// The addresses of interfaces that are up, with the number of the interface. Link-local IPv6
/// addresses are left out.
pub(super) fn interfaces() -> io::Result<Vec<(IpAddr, u32)>> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        // NETLINK_ROUTE, which is 0.
        None,
    )?;
    let mut up = Vec::new();
    for body in ask(&socket, libc::RTM_GETLINK)? {
        // `struct ifinfomsg`
        if let (Some(index), Some(flags)) = (number(&body, 4), number(&body, 8))
            && flags & UP != 0
        {
            up.push(index);
        }
    }
    let mut found = Vec::new();
    for body in ask(&socket, libc::RTM_GETADDR)? {
        if let Some((address, index)) = address(&body)
            && up.contains(&index)
            && !matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
        {
            found.push((address, index));
        }
    }
    Ok(found)
}

/// Requests all entries of a kind. Returns the bodies of the messages in the answer.
fn ask(socket: &OwnedFd, kind: u16) -> io::Result<Vec<Vec<u8>>> {
    // Header and `struct rtgenmsg`, padded.
    let mut question = [0_u8; HEADER + 4];
    let length = u32::try_from(question.len()).unwrap_or_default();
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
    let header = [length.to_ne_bytes(), join(kind, flags), u32::from(kind).to_ne_bytes()].concat();
    for (to, from) in question.iter_mut().zip(header) {
        *to = from;
    }
    send(socket, &question, SendFlags::empty())?;
    let (mut bodies, mut heard) = (Vec::new(), 0);
    let mut buffer = vec![0; MESSAGES];
    loop {
        let (_, size) = recv(socket, buffer.as_mut_slice(), RecvFlags::TRUNC)?;
        heard += size;
        let Some(mut rest) = buffer.get(..size).filter(|_| size > 0 && heard <= ANSWER) else {
            return Err(io::Error::other("the kernel's list does not end"));
        };
        while !rest.is_empty() {
            let (what, body, after) = message(rest).ok_or(io::ErrorKind::InvalidData)?;
            match i32::from(what) {
                libc::NLMSG_DONE => return Ok(bodies),
                libc::NLMSG_ERROR => {
                    let code = number(body, 0).unwrap_or_default().cast_signed();
                    return Err(io::Error::from_raw_os_error(code.saturating_neg()));
                }
                libc::NLMSG_NOOP => {}
                _ => bodies.push(body.to_vec()),
            }
            rest = after;
        }
    }
}

/// Splits off one message: its type, its body, and the remaining bytes.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::try_from(number(bytes, 0)?).ok()?;
    let body = bytes.get(HEADER..length)?;
    let after = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((short(bytes, 4)?, body, after))
}

/// The address in `struct ifaddrmsg` and its attributes, and the interface.
fn address(body: &[u8]) -> Option<(IpAddr, u32)> {
    let index = number(body, 4)?;
    let (mut own, mut general) = (None, None);
    let mut rest = body.get(8..)?;
    while !rest.is_empty() {
        let length = usize::from(short(rest, 0)?);
        let value = rest.get(4..length)?;
        let value = match <[u8; 4]>::try_from(value) {
            Ok(bytes) => Some(IpAddr::V4(Ipv4Addr::from(bytes))),
            Err(_) => <[u8; 16]>::try_from(value)
                .ok()
                .map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes))),
        };
        match short(rest, 2)? {
            libc::IFA_LOCAL => own = value,
            libc::IFA_ADDRESS => general = value,
            _ => {}
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    // On a point-to-point link, `IFA_ADDRESS` is the address of the other end.
    Some((own.or(general)?, index))
}

fn join(low: u16, high: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (low.to_ne_bytes(), high.to_ne_bytes());
    [a, b, c, d]
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_ne_bytes(bytes.try_into().ok()?))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_address_is_found() {
        let found = interfaces().unwrap();
        let loopback = found
            .iter()
            .find(|(address, _)| *address == IpAddr::V4(Ipv4Addr::LOCALHOST));
        assert_eq!(loopback.map(|(_, index)| *index), Some(1), "{found:?}");
    }

    #[test]
    fn truncated_messages_are_not_addresses() {
        let body = [
            &[2, 8, 0, 0][..],
            &3_u32.to_ne_bytes(),
            &join(8, libc::IFA_ADDRESS),
            &[10, 0, 0, 2],
        ]
        .concat();
        assert_eq!(address(&body), Some((IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 3)));
        let own = [&body[..], &join(8, libc::IFA_LOCAL), &[10, 0, 0, 1]].concat();
        assert_eq!(address(&own), Some((IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 3)));
        for length in 0..body.len() {
            assert_eq!(address(&body[..length]), None, "{length}");
        }
        let zero = [&body[..8], &join(0, libc::IFA_LOCAL), &[10, 0, 0, 1]].concat();
        assert_eq!(address(&zero), None);
        assert!(message(&[0; 16]).is_none());
    }
}
