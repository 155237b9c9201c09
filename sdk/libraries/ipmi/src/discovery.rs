//! What a BMC offers, which it answers outside a session and without a signature.

use std::time::Duration;

use crate::failure::{Failure, Step};
use crate::message::Request;
use crate::packet;
use crate::transport::{RetryPolicy, Transport, exchange};

/// The time limit of Get Channel Cipher Suites. Several BMCs do not answer it at all.
const SUITES_LIMIT: Duration = Duration::from_secs(1);
/// The maximum number of parts of the list of suites.
const PARTS: u8 = 16;

/// The answer to Get Channel Authentication Capabilities (section 22.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// The authentication types of IPMI 1.5, as bits.
    pub(crate) types: u8,
    /// Whether the BMC offers IPMI 1.5.
    pub(crate) has_lan: bool,
    /// Whether the BMC offers IPMI 2.0; `None` if the answer does not contain it.
    pub(crate) has_plus: Option<bool>,
}

/// Sends requests outside a session.
pub(crate) struct Outside<'a, T> {
    pub(crate) transport: &'a mut T,
    /// The number of the last request.
    pub(crate) number: &'a mut u8,
}

impl<T: Transport> Outside<'_, T> {
    /// The completion code and the data of the answer.
    pub(crate) fn ask(&mut self, request: &Request, policy: RetryPolicy, step: Step) -> Result<(u8, Vec<u8>), Failure> {
        self.ask_in(packet::outside, request, policy, step)
    }

    /// The same with the packet in this form. The answer may have either form.
    fn ask_in(
        &mut self,
        form: fn(&[u8]) -> Vec<u8>,
        request: &Request,
        policy: RetryPolicy,
        step: Step,
    ) -> Result<(u8, Vec<u8>), Failure> {
        *self.number = (*self.number + 1) & 0x3f;
        let number = *self.number;
        exchange(
            self.transport,
            policy,
            step,
            &mut (),
            |()| Ok(form(&request.encode(number))),
            |(), datagram| {
                let message = packet::message_outside(datagram).or_else(|| packet::payload_of(0, datagram))?;
                let (code, data) = request.answer(number, message)?;
                Some((code, data.to_vec()))
            },
        )
    }

    /// Asks for the capabilities; in the form of IPMI 1.5 if the BMC does not support that
    /// of IPMI 2.0.
    pub(crate) fn capabilities(&mut self, privilege: u8, limit: Duration) -> Result<Capabilities, Failure> {
        let halves = [0x80, 0x00].map(|extended| Request::new(0x06, 0x38, [0x0e | extended, privilege]));
        let mut last = Failure::Invalid("no answer".to_owned());
        for request in halves {
            match self.ask(&request, RetryPolicy::repeated(limit / 2), Step::Capabilities) {
                Ok((0, data)) => return Capabilities::parse(&data),
                Ok((code, _)) => last = Failure::Completion(code),
                Err(silent @ Failure::Silent { .. }) => last = silent,
                Err(other) => return Err(other),
            }
        }
        Err(last)
    }

    /// The numbers of the suites; `None` if the BMC does not list them.
    pub(crate) fn suites(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut records = Vec::new();
        for part in 0..PARTS {
            let request = Request::new(0x06, 0x54, [0x0e, 0x00, 0x80 | part]);
            // In the form of IPMI 2.0, as other clients send it.
            let form = |message: &[u8]| packet::payload(0, message);
            let data = match self.ask_in(form, &request, RetryPolicy::once(SUITES_LIMIT), Step::Suites) {
                Ok((0, data)) => data,
                Ok(_) | Err(Failure::Silent { .. }) => return Ok(None),
                Err(other) => return Err(other),
            };
            let [_channel, records_of_part @ ..] = data.as_slice() else {
                return Ok(None);
            };
            records.extend(records_of_part);
            if records_of_part.len() < 16 {
                break;
            }
        }
        Ok(Some(suites(&records)))
    }
}

impl Capabilities {
    fn parse(data: &[u8]) -> Result<Self, Failure> {
        let [_channel, types, _status, versions, ..] = data else {
            return Err(Failure::Invalid(
                "the answer to Get Channel Authentication Capabilities is too short".to_owned(),
            ));
        };
        let is_extended = types & 0x80 != 0;
        Ok(Self {
            types: types & 0x3f,
            has_lan: !is_extended || versions & 0x01 != 0,
            has_plus: is_extended.then_some(versions & 0x02 != 0),
        })
    }
}

/// The numbers in records of suites (section 22.15.1).
fn suites(records: &[u8]) -> Vec<u8> {
    let mut ids = Vec::new();
    let mut bytes = records.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            0xc0 => ids.extend(bytes.next()),
            // A vendor's suite, with the number of the vendor.
            0xc1 => bytes = bytes.as_slice().get(4..).unwrap_or_default().iter(),
            // An algorithm of the suite before.
            _ => {}
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::{Capabilities, suites};

    #[test]
    fn records_of_suites_are_read_without_their_algorithms() {
        let records = b"\xc0\x03\x01\x41\x81\xc1\x80\x11\x22\x33\x01\x41\xc0\x11\x03\x44\x81\xc0";
        assert_eq!(suites(records), [3, 17]);
        assert!(suites(b"\xc1\x80").is_empty());
    }

    #[test]
    fn versions_count_only_in_an_extended_answer() {
        let parse = |data: &[u8]| Capabilities::parse(data).unwrap();
        let both = parse(b"\x01\x96\x04\x03\0\0\0\0");
        assert_eq!((both.types, both.has_lan, both.has_plus), (0x16, true, Some(true)));
        let plus = parse(b"\x01\x80\x04\x02\0\0\0\0");
        assert_eq!((plus.has_lan, plus.has_plus), (false, Some(true)));
        let old = parse(b"\x01\x16\x04\x00\0\0\0\0");
        assert_eq!((old.has_lan, old.has_plus), (true, None));
        assert!(Capabilities::parse(b"\x01\x16").is_err());
    }
}
