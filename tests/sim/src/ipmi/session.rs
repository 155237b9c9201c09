//! Sessions at a BMC: their packets in both directions.

use super::crypto::{self, Algorithms};

const RMCP: [u8; 4] = [0x06, 0x00, 0xff, 0x07];

/// A session, or a login that is not complete.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// The number at the BMC.
    pub(super) id: [u8; 4],
    /// The number at the console; the same one in IPMI 1.5.
    pub(super) console: [u8; 4],
    /// The user's place in the list.
    pub(super) user: usize,
    /// The requested level, and the present one.
    pub(super) role: u8,
    pub(super) privilege: u8,
    /// Whether the login is complete.
    pub(super) is_active: bool,
    /// The number of the last packet from the BMC, and of the last one to it.
    pub(super) sent: u32,
    pub(super) received: Vec<u32>,
    pub(super) version: Version,
}

/// What differs between the versions of IPMI.
#[derive(Clone, Debug)]
pub(super) enum Version {
    /// IPMI 1.5, with the authentication type and the password.
    Lan { auth: u8, password: [u8; 16] },
    /// IPMI 2.0.
    Plus {
        algorithms: Algorithms,
        password: [u8; 20],
        /// Both random numbers, then role, length and name.
        login: Vec<u8>,
        k1: Vec<u8>,
        k2: Vec<u8>,
    },
}

impl Session {
    /// The datagram with a message.
    pub(super) fn wrap(&mut self, message: &[u8]) -> Vec<u8> {
        self.sent = self.sent.wrapping_add(1).max(1);
        let number = self.sent.to_le_bytes();
        match &self.version {
            Version::Lan { auth, password } => {
                let length = u8::try_from(message.len()).unwrap_or(u8::MAX);
                let code = lan_code(*auth, password, self.id, message, number);
                [&RMCP[..], &[*auth], &number, &self.id, &code, &[length], message].concat()
            }
            Version::Plus {
                algorithms,
                password,
                k1,
                k2,
                ..
            } => {
                let is_encrypted = algorithms.confidentiality != 0;
                let payload = if is_encrypted {
                    crypto::encrypt(k2.get(..16).unwrap_or_default(), crypto::random(), message)
                } else {
                    message.to_vec()
                };
                let kind = kind(*algorithms);
                let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_le_bytes();
                let mut packet = [&[0x06, kind], &self.console[..], &number, &length, &payload].concat();
                if algorithms.integrity != 0 {
                    let padding = (4 - (packet.len() + 2) % 4) % 4;
                    packet.extend(vec![0xff; padding]);
                    packet.extend([u8::try_from(padding).unwrap_or_default(), 0x07]);
                    packet.extend(crypto::sign(algorithms.integrity, k1, password, &packet));
                }
                [&RMCP[..], &packet].concat()
            }
        }
    }

    /// The message in a datagram of this session that was not received before.
    pub(super) fn unwrap(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let packet = datagram.strip_prefix(&RMCP)?;
        let (number, message) = match &self.version {
            Version::Lan { auth, password } => {
                let (head, rest) = packet.split_at_checked(9)?;
                (head[0] == *auth && head[5..] == self.id).then_some(())?;
                let (code, rest) = rest.split_at_checked(if *auth == 0 { 0 } else { 16 })?;
                let (length, rest) = rest.split_first()?;
                let message = rest.get(..usize::from(*length))?;
                let number = <[u8; 4]>::try_from(&head[1..5]).ok()?;
                (code == lan_code(*auth, password, self.id, message, number)).then_some(())?;
                (number, message.to_vec())
            }
            Version::Plus {
                algorithms,
                password,
                k1,
                k2,
                ..
            } => {
                let (head, rest) = packet.split_at_checked(12)?;
                (head[..2] == [0x06, kind(*algorithms)] && head[2..6] == self.id).then_some(())?;
                let length = usize::from(u16::from_le_bytes([head[10], head[11]]));
                let payload = rest.get(..length)?;
                if algorithms.integrity != 0 {
                    let length = crypto::sign(algorithms.integrity, k1, password, &[]).len();
                    let (signed, code) = packet.split_at_checked(packet.len().checked_sub(length)?)?;
                    (code == crypto::sign(algorithms.integrity, k1, password, signed)).then_some(())?;
                }
                let message = if algorithms.confidentiality == 0 {
                    payload.to_vec()
                } else {
                    crypto::decrypt(k2.get(..16)?, payload)?
                };
                (<[u8; 4]>::try_from(&head[6..10]).ok()?, message)
            }
        };
        let number = u32::from_le_bytes(number);
        let is_new = number == 0 || !self.received.contains(&number);
        self.received.push(number);
        is_new.then_some(message)
    }
}

fn kind(algorithms: Algorithms) -> u8 {
    let encrypted = if algorithms.confidentiality == 0 { 0 } else { 0x80 };
    let signed = if algorithms.integrity == 0 { 0 } else { 0x40 };
    encrypted | signed
}

fn lan_code(auth: u8, password: &[u8; 16], id: [u8; 4], message: &[u8], number: [u8; 4]) -> Vec<u8> {
    match auth {
        2 => crypto::md5(&[password, &id, message, &number, password]),
        4 => password.to_vec(),
        _ => Vec::new(),
    }
}

/// The message in a packet of IPMI 1.5 outside a session.
pub(super) fn outside(datagram: &[u8]) -> Option<&[u8]> {
    match datagram.strip_prefix(&RMCP)? {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, length, message @ ..] => message.get(..usize::from(*length)),
        _ => None,
    }
}

/// A packet of IPMI 1.5 outside a session.
pub(super) fn to_outside(message: &[u8]) -> Vec<u8> {
    let length = u8::try_from(message.len()).unwrap_or(u8::MAX);
    [&RMCP[..], &[0; 9], &[length], message].concat()
}

/// The kind and the payload of a packet of the handshake.
pub(super) fn payload(datagram: &[u8]) -> Option<(u8, &[u8])> {
    match datagram.strip_prefix(&RMCP)? {
        [0x06, kind, _, _, _, _, _, _, _, _, low, high, payload @ ..] => {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            Some((*kind, payload.get(..length)?))
        }
        _ => None,
    }
}

/// The message in a packet of IPMI 2.0 outside a session.
pub(super) fn payload_outside(datagram: &[u8]) -> Option<&[u8]> {
    let is_outside = datagram.get(6..14).is_some_and(|numbers| numbers == [0; 8]);
    payload(datagram).and_then(|(kind, message)| (kind == 0 && is_outside).then_some(message))
}

/// A packet of the handshake.
pub(super) fn to_payload(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_le_bytes();
    [&RMCP[..], &[0x06, kind], &[0; 8], &length, payload].concat()
}

/// The answer to a request, with its completion code.
pub(super) fn answer(request: &[u8], code: u8, data: &[u8]) -> Vec<u8> {
    let at = |index: usize| request.get(index).copied().unwrap_or_default();
    let head = [at(3), at(1) | 0x04];
    let body = [&[at(0), at(4), at(5), code], data].concat();
    [&head[..], &[checksum(&head)], &body, &[checksum(&body)]].concat()
}

/// Makes the checksum of a changed message right again.
pub(super) fn repair(message: &mut [u8]) {
    if let Some((last, rest)) = message.split_last_mut() {
        *last = checksum(rest.get(3..).unwrap_or_default());
    }
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(0_u8, |sum, byte| sum.wrapping_add(*byte))
        .wrapping_neg()
}
