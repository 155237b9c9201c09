//! Login to a pool. Only the master accepts logins; every other member answers
//! with the master's address (`HOST_IS_SLAVE`).

use std::collections::VecDeque;
use std::net::Ipv6Addr;

use fencebox_sdk::http;
use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Failure;

use crate::answer::{CallError, ask};

pub(crate) const ENDPOINT: &str = "api";

/// The name of the sessions in the pool's log. The pool limits the number of
/// sessions for each name.
const ORIGINATOR: &str = "fencebox fence_xenapi";

/// Maximum number of hosts that are tried because a member named them, and not
/// `session_url`. A pool has one master, so a third name is an error.
const MOST_FOLLOWED: usize = 2;

/// The credentials of a login.
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: String,
}

/// One login.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LogIn {
    /// The master's URL, as [`http::addresses`] writes it.
    pub(crate) url: String,
    /// The reference of the session: a secret.
    pub(crate) session: String,
}

/// Why a login at one host failed.
enum Outcome {
    /// The host is only a member; the master is at this address.
    Member(String),
    /// A login at another host may succeed.
    PassedOver(Error),
    /// Another host of the same pool would give the same answer, and a retry
    /// may lock the account.
    Final(Error),
}

/// Logs in at the pool's master. Tries `first` before the hosts of
/// `session_url`, and `last` after all others.
pub(crate) fn log_in(credentials: &Credentials, first: Option<&str>, last: Option<&str>) -> Result<LogIn> {
    let named = http::addresses(ENDPOINT)?;
    let is_last = |url: &&String| Some(url.as_str()) == last;
    let others = named
        .iter()
        .filter(|url| !is_last(url))
        .chain(named.iter().filter(is_last));
    let waiting = first.into_iter().map(str::to_owned).chain(others.cloned()).collect();
    let walk = Walk {
        credentials,
        named: &named,
        waiting,
        asked: Vec::new(),
        followed: 0,
        worst: None,
        masters: Vec::new(),
        refused: None,
        remarks: Vec::new(),
    };
    walk.run()
}

/// A login in progress, which tries the hosts of a pool one by one.
struct Walk<'a> {
    credentials: &'a Credentials,
    named: &'a [String],
    /// URLs, and host names or addresses that members named.
    waiting: VecDeque<String>,
    /// URLs that were tried; none is tried twice.
    asked: Vec<String>,
    followed: usize,
    /// The most informative error so far.
    worst: Option<Error>,
    /// What members reported about the master.
    masters: Vec<String>,
    /// Why a master is denied: the text of the agent's host, which names the
    /// option or the rule of the policy.
    refused: Option<String>,
    /// Errors of single hosts, as log lines.
    remarks: Vec<String>,
}

impl Walk<'_> {
    fn run(mut self) -> Result<LogIn> {
        while let Some(address) = self.waiting.pop_front() {
            let Some(url) = self.select(&address) else {
                continue;
            };
            match attempt(self.credentials) {
                Ok(session) => {
                    self.tell_remarks();
                    return Ok(LogIn { url, session });
                }
                Err(Outcome::Member(master)) => self.heed(&url, master),
                Err(Outcome::PassedOver(problem)) => {
                    let problem = located(problem, &url);
                    self.remarks.push(format!("cannot log in at {url}: {}", problem.text()));
                    self.note(problem);
                }
                Err(Outcome::Final(problem)) => {
                    self.tell_remarks();
                    return Err(problem);
                }
            }
        }
        // A single remark is the same as the error that is returned.
        if self.remarks.len() > 1 {
            self.tell_remarks();
        }
        Err(self.conclusion())
    }

    fn tell_remarks(&mut self) {
        self.remarks.drain(..).for_each(log::warn);
    }

    /// Selects a host, unless it was tried before or is denied.
    fn select(&mut self, address: &str) -> Option<String> {
        let is_named = address.contains("://");
        let url = match http::select_address(ENDPOINT, address) {
            Ok(url) => url,
            Err(problem) if is_named => {
                self.remarks
                    .push(format!("cannot log in at {address}: {}", problem.text()));
                self.note(problem);
                return None;
            }
            Err(problem) => {
                self.remarks
                    .push(format!("the master {address} is skipped: {}", problem.text()));
                self.refused.get_or_insert_with(|| match problem {
                    Error::Denied(reason) => reason,
                    other => other.text(),
                });
                return None;
            }
        };
        if self.asked.contains(&url) {
            return None;
        }
        if !self.named.contains(&url) {
            if self.followed == MOST_FOLLOWED {
                // The error of the login does not contain this.
                log::warn(format!(
                    "{url} is skipped: members have already named {MOST_FOLLOWED} other masters"
                ));
                return None;
            }
            self.followed += 1;
        }
        self.asked.push(url.clone());
        Some(url)
    }

    /// Handles the answer of a member: the master that it names is tried next.
    fn heed(&mut self, member: &str, master: String) {
        if !is_host(&master) {
            let problem =
                format!("{member} is not the pool's master, and the master it names is not a host name or address");
            self.remarks.push(problem.clone());
            return self.note(Error::unexpected(problem));
        }
        log::info(format!("{member} is not the pool's master; the master is {master}"));
        self.masters
            .push(format!("{member} says that the pool's master is {master}"));
        self.waiting.push_front(master);
    }

    fn note(&mut self, problem: Error) {
        if self.worst.as_ref().is_none_or(|worst| weight(&problem) > weight(worst)) {
            self.worst = Some(problem);
        }
    }

    /// The error if no host accepted the login. An error of a host has
    /// priority, because that host may be the master and may come back.
    /// Otherwise the reports of members are the error.
    fn conclusion(self) -> Error {
        let mut said = self.masters.join(", and ");
        if let Some(reason) = &self.refused {
            said = format!("{said}; {reason}");
        }
        match (self.worst, self.refused) {
            (Some(worst), _) if said.is_empty() => worst,
            (Some(worst), _) => with_addition(worst, &said),
            (None, Some(_)) => Error::invalid_option("session_url", said),
            (None, None) => Error::unexpected(format!("no host accepts a login: {said}")),
        }
    }
}

/// How informative an error is: an answer of the device comes before a lost
/// connection.
fn weight(problem: &Error) -> u8 {
    match problem {
        Error::ConnectionLost(_) => 0,
        Error::TimedOut(_) => 1,
        // An invalid certificate, or a rule of the policy.
        Error::Denied(_) => 2,
        Error::Unexpected(_) => 3,
        _ => 4,
    }
}

/// The error with the URL of the host. Errors of the connection already name
/// it.
fn located(problem: Error, url: &str) -> Error {
    match problem {
        Error::ConnectionLost(_) | Error::TimedOut(_) | Error::Denied(_) => problem,
        answered => with_text(answered, |text| format!("{url}: {text}")),
    }
}

fn with_addition(problem: Error, addition: &str) -> Error {
    with_text(problem, |text| format!("{text}; {addition}"))
}

fn with_text(problem: Error, change: impl FnOnce(String) -> String) -> Error {
    match problem {
        Error::ConnectionLost(text) => Error::ConnectionLost(change(text)),
        Error::TimedOut(text) => Error::TimedOut(change(text)),
        Error::Denied(text) => Error::Denied(change(text)),
        Error::Unexpected(text) => Error::Unexpected(change(text)),
        Error::TaskFailed(text) => Error::TaskFailed(change(text)),
        Error::Busy(busy) => Error::busy(change(busy.reason), busy.seconds),
        other => other,
    }
}

/// Whether this is only a host name or an address, without a scheme, a port or
/// a user name. xapi writes IPv6 addresses without brackets.
pub(crate) fn is_host(address: &str) -> bool {
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_name = address.bytes().all(in_name) && address.bytes().any(|byte| byte.is_ascii_alphanumeric());
    address.len() <= 253 && (is_name || address.parse::<Ipv6Addr>().is_ok())
}

fn attempt(credentials: &Credentials) -> Result<String, Outcome> {
    let outcome = match log_in_here(credentials, &["1.0", ORIGINATOR]) {
        // Very old hosts accept neither a version nor an originator.
        Err(error) if error.refusal("MESSAGE_PARAMETER_COUNT_MISMATCH").is_some() => log_in_here(credentials, &[]),
        outcome => outcome,
    };
    let error = match outcome {
        Ok(session) => return Ok(session),
        Err(error) => error,
    };
    if let Some(refusal) = error.refusal("HOST_IS_SLAVE") {
        return Err(Outcome::Member(refusal.parameter(0).to_owned()));
    }
    // A call that is invalid for one host is invalid for all.
    let is_unsendable = matches!(&error, CallError::Unanswered(Failure::Http(http::Failure::Invalid(_))));
    Err(match Error::from(error) {
        problem @ (Error::LoginDenied(_) | Error::NotPermitted(_)) => Outcome::Final(problem),
        problem if is_unsendable => Outcome::Final(problem),
        problem => Outcome::PassedOver(problem),
    })
}

fn log_in_here(credentials: &Credentials, rest: &[&str]) -> Result<String, CallError> {
    let call = xmlrpc::call(ENDPOINT, "session.login_with_password")
        .args([&credentials.username, &credentials.password])
        .args(rest.iter().copied())
        .keep(["Status", "ErrorDescription", "Value"]);
    let value = ask(call, &[&credentials.password])?;
    match value.text()? {
        "" => Err(Error::unexpected("the login returned no session").into()),
        session => {
            log::hide(session);
            Ok(session.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn a_master_is_only_a_host_name_or_address() {
        for host in ["xen1", "xen-1.pool.example", "192.0.2.7", "2001:db8::7", "::1"] {
            assert!(is_host(host), "{host}");
        }
        for odd in [
            "",
            " ",
            "xen 1",
            "root@xen1",
            "xen1/",
            "https://xen1",
            "xen1:443",
            "[::1]",
            "xen1?",
            "xën",
            "..",
            "xen1\n",
            &"x".repeat(254),
        ] {
            assert!(!is_host(odd), "{odd:?}");
        }
    }
}
