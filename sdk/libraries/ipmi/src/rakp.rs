//! The handshake of IPMI 2.0 (sections 13.17 to 13.24, and 13.31).

use fencebox_sdk::digest;

use crate::crypto::{self, Hash};
use crate::failure::{Failure, Step};
use crate::packet;
use crate::plus::{Keys, Plus};
use crate::session::Login;
use crate::suite::Suite;
use crate::transport::{RetryPolicy, Transport, exchange};

/// The size of a password, and of the key Kg.
pub(crate) const KEY: usize = 20;
/// The maximum size of a user name.
const NAME: usize = 16;
/// Find the user by name only, not by name and privilege level.
const NAME_ONLY: u8 = 0x10;

/// The user and the secrets of a login, in the form of the handshake.
struct User<'a> {
    /// The privilege level, with [`NAME_ONLY`].
    role: u8,
    name: &'a [u8],
    password: [u8; KEY],
    /// The key Kg; the password if the BMC has no such key.
    kg: [u8; KEY],
}

impl User<'_> {
    /// Role and name, as the codes contain them.
    fn role_and_name(&self) -> Vec<u8> {
        let length = u8::try_from(self.name.len()).unwrap_or_default();
        [&[self.role, length], self.name].concat()
    }
}

/// The numbers of a handshake.
struct Numbers {
    /// The number of the session at this side.
    own: [u8; 4],
    /// The number of the session at the BMC.
    bmc: [u8; 4],
    own_random: [u8; 16],
    bmc_random: [u8; 16],
    guid: [u8; 16],
}

/// Opens a session with a suite. If the BMC does not find the user by name only, as some
/// old ones do, the user is looked up by name and privilege level. No password is used
/// before the user is found.
pub(crate) fn open<T: Transport>(transport: &mut T, login: &Login<'_>, suite: Suite) -> Result<Plus, Failure> {
    let name = login.username;
    let (Some(password), Some(kg)) = (padded(login.password), padded(login.kg)) else {
        return Err(Failure::Invalid("passwords and keys have at most 20 bytes".to_owned()));
    };
    if name.len() > NAME {
        return Err(Failure::Invalid("user names have at most 16 bytes".to_owned()));
    }
    let kg = if login.kg.is_empty() { password } else { kg };
    let role = login.privilege.number();
    let user = |role| User {
        role,
        name,
        password,
        kg,
    };
    match handshake(transport, login, suite, &user(role | NAME_ONLY)) {
        Err(Failure::UnknownUser) => handshake(transport, login, suite, &user(role)),
        outcome => outcome,
    }
}

fn padded(secret: &[u8]) -> Option<[u8; KEY]> {
    let mut bytes = [0; KEY];
    bytes.get_mut(..secret.len())?.copy_from_slice(secret);
    Some(bytes)
}

fn handshake<T: Transport>(
    transport: &mut T,
    login: &Login<'_>,
    suite: Suite,
    user: &User<'_>,
) -> Result<Plus, Failure> {
    let policy = RetryPolicy::repeated(login.timeout);
    let [tag, ..] = crypto::random::<4>()?;
    let own = nonzero(crypto::random()?);
    let ask = |transport: &mut T, kind: u8, step, payload: Vec<u8>, tag: u8| {
        let mut sent = 0_u32;
        let answer = exchange(
            transport,
            policy,
            step,
            &mut sent,
            |sent| {
                *sent += 1;
                Ok(packet::payload(kind, &payload))
            },
            |_, datagram| {
                let payload = packet::payload_of(kind + 1, datagram)?;
                // A failure may be shorter than an answer.
                let is_ours = payload.first() == Some(&tag) && payload.get(4..8).is_none_or(|id| id == own);
                (is_ours && payload.len() >= 2).then(|| payload.to_vec())
            },
        )?;
        match answer.get(1) {
            Some(0) => Ok((answer, sent)),
            code => Err(Failure::of_status(step, code.copied().unwrap_or_default(), suite.id())),
        }
    };
    let (answer, _) = ask(transport, 0x10, Step::Open, open_request(tag, own, suite), tag)?;
    let bmc = opened(&answer, suite)?;
    let own_random = crypto::random()?;
    let tag = tag.wrapping_add(1);
    let name = user.role_and_name();
    let (role, name_and_length) = name.split_at(1);
    let request = [&[tag, 0, 0, 0][..], &bmc, &own_random, role, &[0, 0], name_and_length].concat();
    let (answer, requests) = ask(transport, 0x12, Step::User, request, tag)?;
    let (numbers, code) = found(&answer, own, bmc, own_random)?;
    let expected = suite.hash().map(|hash| bmc_code(hash, user, &numbers));
    if !digest::same(code, expected.unwrap_or_default()) {
        // The BMC counts a failure only if it gets RAKP 3, so nothing more is sent.
        return Err(Failure::WrongPassword);
    }
    let tag = tag.wrapping_add(1);
    let code = suite.hash().map(|hash| own_code(hash, user, &numbers));
    let request = [&[tag, 0, 0, 0][..], &bmc, &code.unwrap_or_default()].concat();
    let (answer, _) = ask(transport, 0x14, Step::Password, request, tag).map_err(|failure| match failure {
        // The password was right in RAKP 2. A BMC that got RAKP 1 twice may expect the other random number.
        Failure::WrongPassword if requests > 1 => {
            Failure::Invalid("the BMC mixed up two requests of one login".to_owned())
        }
        other => other,
    })?;
    let keys = suite.hash().map(|hash| session_key(hash, user, &numbers));
    let check = answer.get(8..).unwrap_or_default();
    let expected = suite.hash().zip(keys.as_deref()).map(|(hash, key)| {
        let mut check = hash.hmac(key, &[&numbers.own_random, &numbers.bmc, &numbers.guid]);
        check.truncate(suite.check_length());
        check
    });
    if !digest::same(check, expected.unwrap_or_default()) {
        return Err(Failure::WrongKey);
    }
    let keys = Keys::new(suite, keys.as_deref().unwrap_or_default(), user.password);
    Ok(Plus::new(suite, own, bmc, keys))
}

fn nonzero(mut id: [u8; 4]) -> [u8; 4] {
    id[0] |= 1;
    id
}

fn open_request(tag: u8, own: [u8; 4], suite: Suite) -> Vec<u8> {
    // Privilege level 0 asks for the highest one that the suite allows.
    let mut request = [&[tag, 0, 0, 0][..], &own].concat();
    for (kind, algorithm) in (0..).zip(suite.algorithms()) {
        request.extend([kind, 0, 0, 8, algorithm, 0, 0, 0]);
    }
    request
}

/// The number of the session at the BMC. The BMC must have accepted exactly these algorithms.
fn opened(answer: &[u8], suite: Suite) -> Result<[u8; 4], Failure> {
    let algorithm = |kind: u8| answer.get(12 + 8 * usize::from(kind) + 4).copied();
    let accepted = [algorithm(0), algorithm(1), algorithm(2)];
    if accepted != suite.algorithms().map(Some) {
        return Err(Failure::Invalid(
            "the BMC opened a session with other algorithms than the requested ones".to_owned(),
        ));
    }
    let id = answer.get(8..12).and_then(|id| id.try_into().ok());
    id.filter(|id| *id != [0; 4])
        .ok_or_else(|| Failure::Invalid("the BMC opened a session without a number".to_owned()))
}

/// The numbers and the code in RAKP 2.
fn found(answer: &[u8], own: [u8; 4], bmc: [u8; 4], own_random: [u8; 16]) -> Result<(Numbers, &[u8]), Failure> {
    let part = |from: usize| answer.get(from..from + 16).and_then(|part| part.try_into().ok());
    let (Some(bmc_random), Some(guid)) = (part(8), part(24)) else {
        return Err(Failure::Invalid("RAKP 2 is too short".to_owned()));
    };
    let numbers = Numbers {
        own,
        bmc,
        own_random,
        bmc_random,
        guid,
    };
    Ok((numbers, answer.get(40..).unwrap_or_default()))
}

/// The code in RAKP 2.
fn bmc_code(hash: Hash, user: &User<'_>, numbers: &Numbers) -> Vec<u8> {
    let Numbers {
        own,
        bmc,
        own_random,
        bmc_random,
        guid,
    } = numbers;
    let name = user.role_and_name();
    hash.hmac(&user.password, &[own, bmc, own_random, bmc_random, guid, &name])
}

/// The code in RAKP 3.
fn own_code(hash: Hash, user: &User<'_>, numbers: &Numbers) -> Vec<u8> {
    let name = user.role_and_name();
    hash.hmac(&user.password, &[&numbers.bmc_random, &numbers.own, &name])
}

/// The session integrity key.
fn session_key(hash: Hash, user: &User<'_>, numbers: &Numbers) -> Vec<u8> {
    let name = user.role_and_name();
    hash.hmac(&user.kg, &[&numbers.own_random, &numbers.bmc_random, &name])
}

#[cfg(test)]
mod tests;
