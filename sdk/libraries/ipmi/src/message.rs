//! Messages of IPMI in a session (section 13.8).

/// The address of the BMC.
const BMC: u8 = 0x20;
/// The address of this side: the software ID of a remote console.
const CONSOLE: u8 = 0x81;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(crate) function: u8,
    pub(crate) command: u8,
    pub(crate) data: Vec<u8>,
    pub(crate) is_repeatable: bool,
}

impl Request {
    /// A request of this network function, with this command. It is sent again if no
    /// answer arrives.
    #[must_use]
    pub fn new(function: u8, command: u8, data: impl Into<Vec<u8>>) -> Self {
        Self {
            function,
            command,
            data: data.into(),
            is_repeatable: true,
        }
    }

    /// The same request, sent only once: a second one could have a second effect.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.is_repeatable = false;
        self
    }

    /// Its bytes. `number` is the number of the request, of 6 bits.
    pub(crate) fn encode(&self, number: u8) -> Vec<u8> {
        let mut bytes = vec![BMC, self.function << 2];
        bytes.push(checksum(&bytes));
        let body = bytes.len();
        bytes.extend([CONSOLE, number << 2, self.command]);
        bytes.extend(&self.data);
        bytes.push(checksum(&bytes[body..]));
        bytes
    }

    /// The completion code and the data of the answer to this request; `None` if the
    /// message is not its answer.
    pub(crate) fn answer<'a>(&self, number: u8, message: &'a [u8]) -> Option<(u8, &'a [u8])> {
        let [to, function, _, from, numbered, command, rest @ ..] = message else {
            return None;
        };
        let (head, body) = message.split_at_checked(3)?;
        let is_whole = sum(head) == 0 && sum(body) == 0;
        let is_ours = *to == CONSOLE && *from == BMC && function >> 2 == self.function + 1;
        let is_this = numbered >> 2 == number && *command == self.command;
        let [code, data @ .., _] = rest else { return None };
        (is_whole && is_ours && is_this).then_some((*code, data))
    }
}

/// The sum of bytes, with its checksum zero.
fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

fn checksum(bytes: &[u8]) -> u8 {
    sum(bytes).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::Request;

    #[test]
    fn a_request_has_the_bytes_of_the_specification() {
        // Get Channel Authentication Capabilities as ipmitool sends it.
        let request = Request::new(0x06, 0x38, [0x8e, 0x04]);
        assert_eq!(request.encode(0), b"\x20\x18\xc8\x81\x00\x38\x8e\x04\xb5");
        assert_eq!(request.encode(3)[4], 0x0c);
    }

    #[test]
    fn only_its_own_answer_counts() {
        let request = Request::new(0x00, 0x01, []);
        let answer = b"\x81\x04\x7b\x20\x14\x01\x00\x21\x10\x40\x5a";
        assert_eq!(request.answer(5, answer), Some((0, &b"\x21\x10\x40"[..])));
        assert_eq!(request.answer(6, answer), None, "another number");
        assert_eq!(Request::new(0x00, 0x02, []).answer(5, answer), None);
        assert_eq!(Request::new(0x06, 0x01, []).answer(5, answer), None);
        for index in 0..answer.len() {
            let mut damaged = answer.to_vec();
            damaged[index] ^= 1;
            assert_eq!(request.answer(5, &damaged), None, "byte {index}");
            assert_eq!(request.answer(5, &answer[..index]), None, "{index} bytes");
        }
    }
}
