//! Packets of a session of IPMI 2.0 (sections 13.6 and 13.28).

use fencebox_sdk::digest;

use crate::crypto::{self, BLOCK};
use crate::failure::Failure;
use crate::packet::{self, PLUS, RMCP};
use crate::rakp::KEY;
use crate::suite::Suite;
use crate::window::Window;

/// The bit of an encrypted payload.
const ENCRYPTED: u8 = 0x80;
/// The bit of an authenticated payload.
const AUTHENTICATED: u8 = 0x40;
/// The byte before an authentication code.
const NEXT_HEADER: u8 = 0x07;
/// The size of the header, from the authentication type to the length.
const HEAD: usize = 12;

/// The keys of a session.
pub(crate) struct Keys {
    k1: Vec<u8>,
    k2: [u8; BLOCK],
    password: [u8; KEY],
}

impl Keys {
    /// The keys that follow from the session integrity key (section 13.32).
    pub(crate) fn new(suite: Suite, session_key: &[u8], password: [u8; KEY]) -> Self {
        let further = |byte| suite.hash().map(|hash| hash.hmac(session_key, &[&[byte; KEY]]));
        let mut k2 = [0; BLOCK];
        k2.iter_mut()
            .zip(further(2).unwrap_or_default())
            .for_each(|(byte, key)| *byte = key);
        Self {
            k1: further(1).unwrap_or_default(),
            k2,
            password,
        }
    }
}

/// The state of a session.
pub(crate) struct Plus {
    suite: Suite,
    /// The number of the session at this side.
    own: [u8; 4],
    /// The number of the session at the BMC.
    bmc: [u8; 4],
    keys: Keys,
    number: u32,
    window: Window,
}

impl Plus {
    pub(crate) fn new(suite: Suite, own: [u8; 4], bmc: [u8; 4], keys: Keys) -> Self {
        Self {
            suite,
            own,
            bmc,
            keys,
            number: 0,
            window: Window::default(),
        }
    }

    /// The suite.
    pub(crate) fn suite(&self) -> Suite {
        self.suite
    }

    /// The number of the session at the BMC, for Close Session.
    pub(crate) fn id(&self) -> [u8; 4] {
        self.bmc
    }

    /// The datagram with a message, which takes the next sequence number.
    pub(crate) fn wrap(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        self.number = self.number.checked_add(1).unwrap_or(1);
        let payload = if self.suite.encrypts() {
            self.encrypt(message, crypto::random()?)
        } else {
            message.to_vec()
        };
        let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_le_bytes();
        let number = self.number.to_le_bytes();
        let mut bytes = [&RMCP[..], &[PLUS, self.kind()], &self.bmc, &number, &length, &payload].concat();
        if self.suite.signs() {
            // The length of the signed part is a multiple of four, with the two bytes after the padding.
            let padding = (4 - (bytes.len() - RMCP.len() + 2) % 4) % 4;
            bytes.extend([0xff; 3].iter().take(padding));
            bytes.extend([u8::try_from(padding).unwrap_or_default(), NEXT_HEADER]);
            let code = self.sign(&bytes[RMCP.len()..]);
            bytes.extend(code);
        }
        Ok(bytes)
    }

    /// The message in a datagram of this session that was not received before.
    pub(crate) fn unwrap(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let rest = packet::after_rmcp(datagram)?;
        let (head, tail) = rest.split_at_checked(HEAD)?;
        (head[0] == PLUS && head[1] == self.kind() && head[2..6] == self.own).then_some(())?;
        let length = usize::from(u16::from_le_bytes([head[10], head[11]]));
        let (payload, trailer) = tail.split_at_checked(length)?;
        if self.suite.signs() {
            let code = self.sign(&[]).len();
            let signed = rest.len().checked_sub(code).filter(|signed| *signed >= HEAD + length)?;
            let (signed, code) = rest.split_at(signed);
            digest::same(code, self.sign(signed)).then_some(())?;
            // The padding, its length and the next header are between payload and code.
            (trailer.len() >= 2 + code.len()).then_some(())?;
        }
        let number = <[u8; 4]>::try_from(&head[6..10]).ok()?;
        let message = if self.suite.encrypts() {
            self.decrypt(payload)?
        } else {
            payload.to_vec()
        };
        let number = u32::from_le_bytes(number);
        // Zero is the number outside a session, and of packets without a signature.
        let is_new = (number == 0 && !self.suite.signs()) || (number != 0 && self.window.accept(number));
        is_new.then_some(message)
    }

    /// The kind of the payload: a message of IPMI, with the bits of the suite.
    fn kind(&self) -> u8 {
        let encrypted = if self.suite.encrypts() { ENCRYPTED } else { 0 };
        let authenticated = if self.suite.signs() { AUTHENTICATED } else { 0 };
        encrypted | authenticated
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.suite.sign(&self.keys.k1, &self.keys.password, bytes)
    }

    fn encrypt(&self, message: &[u8], vector: [u8; BLOCK]) -> Vec<u8> {
        let padding = BLOCK - 1 - message.len() % BLOCK;
        let mut text = message.to_vec();
        text.extend((1..=padding).filter_map(|number| u8::try_from(number).ok()));
        text.push(u8::try_from(padding).unwrap_or_default());
        crypto::encrypt(&self.keys.k2, &vector, &mut text);
        [&vector[..], &text].concat()
    }

    fn decrypt(&self, payload: &[u8]) -> Option<Vec<u8>> {
        let (vector, text) = payload.split_first_chunk::<BLOCK>()?;
        let mut text = text.to_vec();
        text.len().is_multiple_of(BLOCK).then_some(())?;
        crypto::decrypt(&self.keys.k2, vector, &mut text);
        let padding = usize::from(text.pop()?);
        text.truncate(text.len().checked_sub(padding)?);
        Some(text)
    }
}

#[cfg(test)]
mod tests;
