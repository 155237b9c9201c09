//! Sessions of IPMI 1.5 (sections 6.12 and 13.8).

use std::time::Duration;

use fencebox_sdk::digest;

use crate::crypto;
use crate::discovery::{Capabilities, Outside};
use crate::failure::{Failure, Step};
use crate::message::Request;
use crate::packet::{self, RMCP};
use crate::session::Login;
use crate::transport::{RetryPolicy, Transport, exchange};
use crate::window::Window;

/// The size of a password, a user name and an authentication code.
const SIZE: usize = 16;

/// An authentication type of IPMI 1.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// No authentication.
    None,
    /// MD5 of the password and the message.
    Md5,
    /// The password in clear text.
    Password,
}

impl Auth {
    /// Its number in packets, and of its bit in the answer about capabilities.
    fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Md5 => 2,
            Self::Password => 4,
        }
    }

    /// Whether a BMC offers it.
    pub(crate) fn is_offered(self, capabilities: &Capabilities) -> bool {
        capabilities.types & (1 << self.number()) != 0
    }
}

/// The state of a session.
pub(crate) struct Lan {
    auth: Auth,
    password: [u8; SIZE],
    id: [u8; 4],
    number: u32,
    window: Window,
}

impl Lan {
    /// The state at the BMC, for tests.
    #[cfg(test)]
    pub(crate) fn of_bmc(auth: u8, password: &[u8], id: [u8; 4], number: u32) -> Self {
        let auths = [Auth::None, Auth::Md5, Auth::Password];
        Self {
            auth: auths.into_iter().find(|own| own.number() == auth).unwrap_or(Auth::None),
            password: padded(password).unwrap_or_default(),
            id,
            number,
            window: Window::default(),
        }
    }

    /// The number of the session, for Close Session.
    pub(crate) fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The datagram with a message, which takes the next sequence number.
    pub(crate) fn wrap(&mut self, message: &[u8]) -> Vec<u8> {
        let number = self.number.to_le_bytes();
        // Zero is the number outside a session.
        if self.number != 0 {
            self.number = self.number.checked_add(1).unwrap_or(1);
        }
        let mut bytes = [&RMCP[..], &[self.auth.number()], &number, &self.id].concat();
        bytes.extend(self.sign(number, message));
        bytes.push(u8::try_from(message.len()).unwrap_or(u8::MAX));
        bytes.extend(message);
        bytes
    }

    /// The message in a datagram of this session that was not received before.
    pub(crate) fn unwrap(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let rest = packet::after_rmcp(datagram)?;
        let (head, rest) = rest.split_at_checked(9)?;
        (head[0] == self.auth.number() && head[5..] == self.id).then_some(())?;
        let number = <[u8; 4]>::try_from(&head[1..5]).ok()?;
        let (code, rest) = rest.split_at_checked(if self.auth == Auth::None { 0 } else { SIZE })?;
        let (length, rest) = rest.split_first()?;
        let message = rest.get(..usize::from(*length))?;
        let number_of_packet = u32::from_le_bytes(number);
        let is_genuine = digest::same(code, self.sign(number, message));
        // Zero is the number before the session, and of packets without authentication.
        let may_be_zero = self.number == 0 || self.auth == Auth::None;
        let mut is_new = || (number_of_packet == 0 && may_be_zero) || self.window.accept(number_of_packet);
        (is_genuine && is_new()).then(|| message.to_vec())
    }

    fn sign(&self, number: [u8; 4], message: &[u8]) -> Vec<u8> {
        match self.auth {
            Auth::None => Vec::new(),
            Auth::Password => self.password.to_vec(),
            Auth::Md5 => crypto::md5(&[&self.password, &self.id, message, &number, &self.password]),
        }
    }
}

/// Opens a session. The BMC does not answer Activate Session if the password is wrong, so
/// this request is sent once, and silence means that the login was denied.
pub(crate) fn open<T: Transport>(
    outside: &mut Outside<'_, T>,
    capabilities: &Capabilities,
    login: &Login<'_>,
) -> Result<Lan, Failure> {
    let auth = login.auth.unwrap_or(Auth::Md5);
    if !auth.is_offered(capabilities) {
        return Err(Failure::Auth);
    }
    let (Some(password), Some(username)) = (padded(login.password), padded(login.username)) else {
        return Err(Failure::Invalid(
            "IPMI 1.5 has user names and passwords of at most 16 bytes".to_owned(),
        ));
    };
    let (id, challenge) = challenge(outside, auth, &username, login.timeout)?;
    let mut lan = Lan {
        auth,
        password,
        id,
        number: 0,
        window: Window::default(),
    };
    let mut data = vec![auth.number(), login.privilege.number()];
    data.extend(challenge);
    // The number of the first packet from the BMC; zero is not allowed.
    let [first, rest @ ..] = crypto::random::<4>()?;
    data.extend([first | 1]);
    data.extend(rest);
    activate(outside, &mut lan, &Request::new(0x06, 0x3a, data), login.timeout)?;
    Ok(lan)
}

fn padded(text: &[u8]) -> Option<[u8; SIZE]> {
    let mut bytes = [0; SIZE];
    bytes.get_mut(..text.len())?.copy_from_slice(text);
    Some(bytes)
}

/// The temporary number of the session, and the challenge.
fn challenge<T: Transport>(
    outside: &mut Outside<'_, T>,
    auth: Auth,
    username: &[u8; SIZE],
    limit: Duration,
) -> Result<([u8; 4], [u8; SIZE]), Failure> {
    let request = Request::new(0x06, 0x39, [&[auth.number()][..], username].concat());
    match outside.ask(&request, RetryPolicy::repeated(limit), Step::Challenge)? {
        (0, data) => {
            let parts = data.first_chunk::<4>().zip(data.get(4..20));
            let parts = parts.and_then(|(id, challenge)| Some((*id, challenge.try_into().ok()?)));
            parts.ok_or_else(|| Failure::Invalid("the answer to Get Session Challenge is too short".to_owned()))
        }
        (0x81 | 0x82, _) => Err(Failure::UnknownUser),
        (code, _) => Err(Failure::Completion(code)),
    }
}

fn activate<T: Transport>(
    outside: &mut Outside<'_, T>,
    lan: &mut Lan,
    request: &Request,
    limit: Duration,
) -> Result<(), Failure> {
    *outside.number = (*outside.number + 1) & 0x3f;
    let number = *outside.number;
    let answer = exchange(
        outside.transport,
        RetryPolicy::once(limit),
        Step::Activate,
        lan,
        |lan| Ok(lan.wrap(&request.encode(number))),
        |lan, datagram| {
            // Several BMCs report a failure in a packet without authentication. It can only end the login.
            let message = lan.unwrap(datagram);
            let is_genuine = message.is_some();
            let message = message.or_else(|| packet::message_outside(datagram).map(<[u8]>::to_vec))?;
            let (code, data) = request.answer(number, &message)?;
            (is_genuine || code != 0).then(|| (code, data.to_vec()))
        },
    );
    let data = match answer? {
        (0, data) => data,
        (0x81..=0x83, _) => return Err(Failure::Busy("the BMC has no free session".to_owned())),
        (0x85, _) => return Err(Failure::UnknownUser),
        (0x86, _) => return Err(Failure::Privilege),
        (code, _) => return Err(Failure::Completion(code)),
    };
    let [_auth, rest @ ..] = data.as_slice() else {
        return Err(Failure::Invalid("the answer to Activate Session is empty".to_owned()));
    };
    let Some((id, first)) = rest.first_chunk::<4>().zip(rest.get(4..8)) else {
        return Err(Failure::Invalid(
            "the answer to Activate Session is too short".to_owned(),
        ));
    };
    lan.id = *id;
    lan.number = first.try_into().map(u32::from_le_bytes).unwrap_or_default();
    lan.window = Window::default();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Auth, Lan, SIZE};
    use crate::window::Window;

    fn lan(auth: Auth) -> Lan {
        let mut password = [0; SIZE];
        password[..6].copy_from_slice(b"s3cret");
        Lan {
            auth,
            password,
            id: [1, 2, 3, 4],
            number: 0x0102_0304,
            window: Window::default(),
        }
    }

    #[test]
    fn a_packet_is_accepted_once_and_only_unchanged() {
        for auth in [Auth::Md5, Auth::Password, Auth::None] {
            let packet = lan(auth).wrap(b"message");
            let mut receiver = lan(auth);
            assert_eq!(receiver.unwrap(&packet), Some(b"message".to_vec()), "{auth:?}");
            assert_eq!(receiver.unwrap(&packet), None, "{auth:?}: a duplicate");
        }
        let packet = lan(Auth::Md5).wrap(b"message");
        for index in 4..packet.len() {
            let mut forged = packet.clone();
            forged[index] ^= 1;
            assert_eq!(lan(Auth::Md5).unwrap(&forged), None, "byte {index}");
            assert_eq!(lan(Auth::Md5).unwrap(&packet[..index]), None, "{index} bytes");
        }
    }

    #[test]
    fn an_unauthenticated_packet_does_not_count_in_an_authenticated_session() {
        let packet = lan(Auth::None).wrap(b"message");
        assert_eq!(lan(Auth::Md5).unwrap(&packet), None);
    }

    #[test]
    fn sequence_numbers_never_become_zero() {
        let mut sender = lan(Auth::None);
        sender.number = u32::MAX;
        sender.wrap(b"");
        assert_eq!(sender.number, 1);
    }
}
