//! A session, from login to logout.

use std::time::Duration;

use crate::discovery::{Capabilities, Outside};
use crate::failure::{Failure, Step};
use crate::lan::{self, Auth, Lan};
use crate::message::Request;
use crate::plus::Plus;
use crate::rakp;
use crate::suite::Suite;
use crate::transport::{RetryPolicy, Transport, exchange};

/// The time limit of Close Session, whose answer does not matter.
const CLOSE_LIMIT: Duration = Duration::from_millis(500);

/// A privilege level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Privilege {
    /// Callback only.
    Callback,
    /// Reading.
    User,
    /// Switching the power.
    Operator,
    /// Everything.
    #[default]
    Administrator,
}

impl Privilege {
    /// Its number in packets.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Callback => 1,
            Self::User => 2,
            Self::Operator => 3,
            Self::Administrator => 4,
        }
    }
}

/// The version of IPMI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// IPMI 2.0, and never less.
    #[default]
    Plus,
    /// IPMI 1.5 if the BMC offers it, otherwise IPMI 2.0.
    LanFirst,
}

/// What a login needs, and what it may use.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// The user name; may be empty.
    pub username: &'a [u8],
    /// The password; may be empty.
    pub password: &'a [u8],
    /// The key Kg of the BMC; empty if it has none.
    pub kg: &'a [u8],
    /// The privilege level of the session.
    pub privilege: Privilege,
    /// The version.
    pub version: Version,
    /// Only this suite, even if it does not authenticate, sign or encrypt. Without it,
    /// only suites that do all three are used.
    pub suite: Option<Suite>,
    /// The authentication type of IPMI 1.5. Without it, only MD5 is used.
    pub auth: Option<Auth>,
    /// The time limit of each exchange of the login.
    pub timeout: Duration,
}

impl Default for Login<'_> {
    /// A login without user name and password, with five seconds for each exchange.
    fn default() -> Self {
        Self {
            username: b"",
            password: b"",
            kg: b"",
            privilege: Privilege::default(),
            version: Version::default(),
            suite: None,
            auth: None,
            timeout: Duration::from_secs(5),
        }
    }
}

/// A session with a BMC.
pub struct Session<T> {
    transport: T,
    security: Security,
    /// The number of the last request.
    number: u8,
}

enum Security {
    Plus(Plus),
    Lan(Lan),
}

impl Security {
    fn wrap(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Plus(plus) => plus.wrap(message),
            Self::Lan(lan) => Ok(lan.wrap(message)),
        }
    }

    fn unwrap(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Plus(plus) => plus.unwrap(datagram),
            Self::Lan(lan) => lan.unwrap(datagram),
        }
    }
}

/// Logs in.
///
/// # Errors
/// [`Failure::WrongPassword`] if the BMC has another password. With IPMI 2.0 this is found
/// before the BMC counts a failure. With IPMI 1.5 a BMC does not answer, which is
/// [`Failure::Silent`] at [`Step::Activate`].
pub fn open<T: Transport>(mut transport: T, login: &Login<'_>) -> Result<Session<T>, Failure> {
    let mut number = 0;
    let mut outside = Outside {
        transport: &mut transport,
        number: &mut number,
    };
    let capabilities = outside.capabilities(login.privilege.number(), login.timeout)?;
    let security = if uses_lan(&capabilities, login) {
        Security::Lan(lan::open(&mut outside, &capabilities, login)?)
    } else if capabilities.has_plus == Some(false) {
        return Err(Failure::Version("2.0"));
    } else {
        Security::Plus(open_plus(&mut outside, login)?)
    };
    let mut session = Session {
        transport,
        security,
        number,
    };
    if let Err(failure) = session.set_privilege(login.privilege, login.timeout) {
        session.close();
        return Err(failure);
    }
    Ok(session)
}

/// Whether a login uses IPMI 1.5: never if the caller wants IPMI 2.0. IPMI 2.0 is used
/// if the BMC has it, and no authentication type of IPMI 1.5 that may be used.
fn uses_lan(capabilities: &Capabilities, login: &Login<'_>) -> bool {
    let is_possible = || login.auth.unwrap_or(Auth::Md5).is_offered(capabilities);
    login.version == Version::LanFirst
        && capabilities.has_lan
        && (capabilities.has_plus != Some(true) || login.auth.is_some() || is_possible())
}

/// Opens a session with the best suite that the BMC accepts.
fn open_plus<T: Transport>(outside: &mut Outside<'_, T>, login: &Login<'_>) -> Result<Plus, Failure> {
    let suites = match login.suite {
        Some(suite) => vec![suite],
        None => {
            let offered = outside.suites()?;
            let suites = Suite::preferred(offered.as_deref());
            if suites.is_empty() {
                return Err(Failure::Suites(offered.unwrap_or_default()));
            }
            suites
        }
    };
    let mut outcome = Err(Failure::Suites(Vec::new()));
    for suite in suites {
        outcome = rakp::open(outside.transport, login, suite);
        if !matches!(outcome, Err(Failure::SuiteRejected(_))) {
            break;
        }
    }
    outcome
}

impl<T: Transport> Session<T> {
    /// The cipher suite; none in a session of IPMI 1.5.
    #[must_use]
    pub fn suite(&self) -> Option<Suite> {
        match &self.security {
            Security::Plus(plus) => Some(plus.suite()),
            Security::Lan(_) => None,
        }
    }

    /// The data of the answer to a request, within this time limit.
    ///
    /// # Errors
    /// [`Failure::Silent`] without an answer: the BMC may have received the request;
    /// [`Failure::Completion`] if the BMC did not do what the request asks for.
    pub fn call_within(&mut self, request: &Request, limit: Duration) -> Result<Vec<u8>, Failure> {
        self.ask(request, limit, Step::Request)
    }

    /// The same with a time limit of three seconds.
    ///
    /// # Errors
    /// As [`Session::call_within`].
    pub fn call(&mut self, request: Request) -> Result<Vec<u8>, Failure> {
        self.call_within(&request, Duration::from_secs(3))
    }

    /// Logs out. Its answer does not matter: a BMC ends a session without requests after a
    /// minute, and has few of them.
    pub fn close(mut self) {
        let id = match &self.security {
            Security::Plus(plus) => plus.id(),
            Security::Lan(lan) => lan.id(),
        };
        let request = Request::new(0x06, 0x3c, id).once();
        let _ = self.ask(&request, CLOSE_LIMIT, Step::Request);
    }

    /// A session begins with the level of a user.
    fn set_privilege(&mut self, privilege: Privilege, limit: Duration) -> Result<(), Failure> {
        if privilege == Privilege::User {
            return Ok(());
        }
        let request = Request::new(0x06, 0x3b, [privilege.number()]);
        match self.ask(&request, limit, Step::Privilege) {
            Ok(data) if data.first().is_none_or(|level| level & 0x0f == privilege.number()) => Ok(()),
            Ok(_) | Err(Failure::Completion(0x80 | 0x81)) => Err(Failure::Privilege),
            Err(failure) => Err(failure),
        }
    }

    fn ask(&mut self, request: &Request, limit: Duration, step: Step) -> Result<Vec<u8>, Failure> {
        self.number = (self.number + 1) & 0x3f;
        let number = self.number;
        let policy = if request.is_repeatable {
            RetryPolicy::repeated(limit)
        } else {
            RetryPolicy::once(limit)
        };
        let message = request.encode(number);
        let answer = exchange(
            &mut self.transport,
            policy,
            step,
            &mut self.security,
            |security| security.wrap(&message),
            |security, datagram| {
                let message = security.unwrap(datagram)?;
                let (code, data) = request.answer(number, &message)?;
                Some((code, data.to_vec()))
            },
        );
        match answer? {
            (0, data) => Ok(data),
            (code, _) => Err(Failure::Completion(code)),
        }
    }
}

#[cfg(test)]
mod tests;
