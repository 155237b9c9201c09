//! Logging in to a pool. Only its master takes log-ins; every other member
//! answers with the master's address (`HOST_IS_SLAVE`).

use std::collections::VecDeque;
use std::net::Ipv6Addr;

use fencebox_sdk::http;
use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Failure;

use crate::answer::{Trouble, ask};

pub(crate) const ENDPOINT: &str = "api";

/// By this name the pool's own log knows the sessions. Its limit of sessions
/// counts for each such name.
const ORIGINATOR: &str = "fencebox fence_xenapi";

/// Most hosts that are tried because a member named them and `session_url`
/// does not. A pool has one master; a third name is a loop or a lie.
const MOST_FOLLOWED: usize = 2;

/// What it takes to log in.
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: String,
}

/// One log-in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LogIn {
    /// The master's URL, as [`http::addresses`] writes it.
    pub(crate) url: String,
    /// The reference of the session: a secret.
    pub(crate) session: String,
}

/// What one host makes of a log-in.
enum Outcome {
    /// It is a member only, and the master is at this address.
    Member(String),
    /// Another host may do better.
    PassedOver(Error),
    /// Asking another host would ask the same pool the same again, and may
    /// lock the account.
    Final(Error),
}

/// Logs in at the pool's master: asks `first` before the hosts of
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

/// A log-in on its way over the hosts of a pool.
struct Walk<'a> {
    credentials: &'a Credentials,
    named: &'a [String],
    /// URLs, and bare hosts that members named.
    waiting: VecDeque<String>,
    /// No URL is asked twice.
    asked: Vec<String>,
    followed: usize,
    /// The most telling error so far.
    worst: Option<Error>,
    /// What members said about the master.
    masters: Vec<String>,
    /// Why we may not go to a master: in the host's words, which name the
    /// option, or the rule of the policy.
    refused: Option<String>,
    /// What went wrong at single hosts.
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
                    self.remarks.push(format!("no log-in at {url}, {}", problem.text()));
                    self.note(problem);
                }
                Err(Outcome::Final(problem)) => {
                    self.tell_remarks();
                    return Err(problem);
                }
            }
        }
        // If there is but one, it is what the conclusion says.
        if self.remarks.len() > 1 {
            self.tell_remarks();
        }
        Err(self.conclusion())
    }

    fn tell_remarks(&mut self) {
        self.remarks.drain(..).for_each(log::warn);
    }

    /// Turns to a host, if it was not asked before and we may.
    fn select(&mut self, address: &str) -> Option<String> {
        let is_named = address.contains("://");
        let url = match http::select_address(ENDPOINT, address) {
            Ok(url) => url,
            Err(problem) if is_named => {
                self.remarks.push(format!("no log-in at {address}: {}", problem.text()));
                self.note(problem);
                return None;
            }
            Err(problem) => {
                self.remarks
                    .push(format!("the master {address} is not asked: {}", problem.text()));
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
                // The conclusion does not say this.
                log::warn(format!(
                    "{url} is not asked: members have named {MOST_FOLLOWED} other masters"
                ));
                return None;
            }
            self.followed += 1;
        }
        self.asked.push(url.clone());
        Some(url)
    }

    /// A member named the master: it is asked next.
    fn heed(&mut self, member: &str, master: String) {
        if !is_host(&master) {
            let problem = format!("{member} is not the pool's master, and names no host that is");
            self.remarks.push(problem.clone());
            return self.note(Error::unexpected(problem));
        }
        log::info(format!("{member} is not the pool's master, {master} is"));
        self.masters
            .push(format!("{member} says that the pool's master is {master}"));
        self.waiting.push_front(master);
    }

    fn note(&mut self, problem: Error) {
        if self.worst.as_ref().is_none_or(|worst| weight(&problem) > weight(worst)) {
            self.worst = Some(problem);
        }
    }

    /// No host took the log-in. Where one that could not be asked may be the
    /// master, that is why: it may come back. Else what members said counts.
    fn conclusion(self) -> Error {
        let mut said = self.masters.join(", and ");
        if let Some(reason) = &self.refused {
            said = format!("{said}; {reason}");
        }
        match (self.worst, self.refused) {
            (Some(worst), _) if said.is_empty() => worst,
            (Some(worst), _) => with_addition(worst, &said),
            (None, Some(_)) => Error::invalid_option("session_url", said),
            (None, None) => Error::unexpected(format!("no host takes a log-in: {said}")),
        }
    }
}

/// How much an error tells: the device's own words before a lost connection.
fn weight(problem: &Error) -> u8 {
    match problem {
        Error::ConnectionLost(_) => 0,
        Error::TimedOut(_) => 1,
        // A certificate, or a rule.
        Error::Denied(_) => 2,
        Error::Unexpected(_) => 3,
        _ => 4,
    }
}

/// What a host answered, with its URL. What kept it from answering names that
/// already.
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

/// Whether this is a host name or an address and nothing else: neither a URL,
/// nor a port, nor somebody's name before an `@`. xapi writes addresses of
/// IPv6 without brackets.
pub(crate) fn is_host(address: &str) -> bool {
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_name = address.bytes().all(in_name) && address.bytes().any(|byte| byte.is_ascii_alphanumeric());
    address.len() <= 253 && (is_name || address.parse::<Ipv6Addr>().is_ok())
}

fn attempt(credentials: &Credentials) -> Result<String, Outcome> {
    let outcome = match log_in_here(credentials, &["1.0", ORIGINATOR]) {
        // Very old hosts know neither a version nor an originator.
        Err(trouble) if trouble.refusal("MESSAGE_PARAMETER_COUNT_MISMATCH").is_some() => log_in_here(credentials, &[]),
        outcome => outcome,
    };
    let trouble = match outcome {
        Ok(session) => return Ok(session),
        Err(trouble) => trouble,
    };
    if let Some(refusal) = trouble.refusal("HOST_IS_SLAVE") {
        return Err(Outcome::Member(refusal.parameter(0).to_owned()));
    }
    // What cannot be sent to one host cannot be sent to any.
    let is_unsendable = matches!(&trouble, Trouble::Unanswered(Failure::Http(http::Failure::Invalid(_))));
    Err(match Error::from(trouble) {
        problem @ (Error::LoginDenied(_) | Error::NotPermitted(_)) => Outcome::Final(problem),
        problem if is_unsendable => Outcome::Final(problem),
        problem => Outcome::PassedOver(problem),
    })
}

fn log_in_here(credentials: &Credentials, rest: &[&str]) -> Result<String, Trouble> {
    let call = xmlrpc::call(ENDPOINT, "session.login_with_password")
        .args([&credentials.username, &credentials.password])
        .args(rest.iter().copied())
        .keep(["Status", "ErrorDescription", "Value"]);
    let value = ask(call, &[&credentials.password])?;
    match value.text()? {
        "" => Err(Error::unexpected("the log-in gave no session").into()),
        session => Ok(session.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn a_master_is_a_bare_host() {
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
