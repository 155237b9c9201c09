//! Calls in a session, and the logins that they need.

use std::collections::BTreeSet;

use fencebox_sdk::http;
use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Value;

use crate::answer::{CallError, ask};
use crate::login::{Credentials, ENDPOINT, LogIn, is_host, log_in};

/// A call in a session; the session itself comes before `args`.
pub(crate) struct Ask<'a> {
    /// Such as `VM.get_record`.
    pub(crate) method: &'static str,
    /// The arguments.
    pub(crate) args: Vec<Value>,
    /// The parts of the answer to keep, in addition to its status.
    pub(crate) keep: &'a [&'a str],
}

/// A session with a pool, which logs in again if necessary.
pub(crate) struct Session {
    credentials: Credentials,
    present: LogIn,
    /// All logins that need a logout, including the present one.
    open: Vec<LogIn>,
    /// The master did not answer, and another host may be the master now.
    is_lost: bool,
    /// Hosts that did not answer the last call.
    silent: BTreeSet<String>,
}

impl Session {
    pub(crate) fn open(options: &Options) -> Result<Self> {
        let credentials = Credentials {
            username: options.required("username")?.to_owned(),
            password: options.required("password")?.to_owned(),
        };
        let present = log_in(&credentials, None, None)?;
        Ok(Self {
            credentials,
            open: vec![present.clone()],
            present,
            is_lost: false,
            silent: BTreeSet::new(),
        })
    }

    /// Makes a call. If the pool rejects the session, logs in again and repeats
    /// the call once: a call that was rejected in this way had no effect.
    pub(crate) fn call(&mut self, ask: &Ask<'_>) -> Result<Value, CallError> {
        if self.is_lost {
            let lost = self.present.url.clone();
            self.log_in_anew(None, Some(&lost))?;
        }
        let error = match self.once(ask) {
            Err(error) => error,
            answer => return answer,
        };
        if error.refusal("SESSION_INVALID").is_some() {
            log::info("the pool has ended the session; logging in again");
            let ended = self.present.clone();
            self.open.retain(|open| *open != ended);
            self.log_in_anew(Some(&ended.url), None)?;
        } else if let Some(refusal) = error.refusal("HOST_IS_SLAVE") {
            log::warn(format!("{} is not the pool's master any more", self.present.url));
            // Ignore an invalid address of the master; the other hosts are tried.
            let master = Some(refusal.parameter(0)).filter(|master| is_host(master));
            self.log_in_anew(master, None)?;
        } else {
            return Err(error);
        }
        self.once(ask)
    }

    fn once(&mut self, asked: &Ask<'_>) -> Result<Value, CallError> {
        let call = xmlrpc::call(ENDPOINT, asked.method)
            .arg(&self.present.session)
            .args(asked.args.iter().cloned())
            .keep(["Status", "ErrorDescription"])
            .keep(asked.keep.iter().copied());
        let outcome = ask(call, &self.secrets());
        match &outcome {
            Err(error) if error.is_loss() => {
                // The master may be down, which is a usual reason for fencing. If it was only slow, it is found again.
                self.is_lost = self.has_other_hosts();
                if error.is_silence() {
                    self.silent.insert(self.present.url.clone());
                }
            }
            _ => drop(self.silent.remove(&self.present.url)),
        }
        outcome
    }

    fn has_other_hosts(&self) -> bool {
        http::addresses(ENDPOINT).is_ok_and(|named| named.iter().any(|url| *url != self.present.url))
    }

    fn log_in_anew(&mut self, first: Option<&str>, last: Option<&str>) -> Result<()> {
        self.present = log_in(&self.credentials, first, last)?;
        self.open.push(self.present.clone());
        self.silent.remove(&self.present.url);
        self.is_lost = false;
        Ok(())
    }

    fn secrets(&self) -> Vec<&str> {
        let sessions = self.open.iter().map(|open| open.session.as_str());
        sessions
            .chain([&*self.present.session, &*self.credentials.password])
            .collect()
    }

    /// Logs out of every login, newest first, because its host is the most
    /// likely to answer. A pool allows 500 sessions and keeps each for a day.
    /// A host that did not answer before is skipped, to save its timeout.
    pub(crate) fn close(&mut self) {
        for open in std::mem::take(&mut self.open).into_iter().rev() {
            if self.silent.contains(&open.url) {
                log::debug(format!("cannot log out at {}: it does not answer", open.url));
                continue;
            }
            if let Err(error) = self.log_out(&open) {
                if error.is_silence() {
                    self.silent.insert(open.url.clone());
                }
                log::debug(format!("cannot log out at {}: {}", open.url, Error::from(error).text()));
            }
        }
    }

    fn log_out(&self, open: &LogIn) -> Result<(), CallError> {
        http::select_address(ENDPOINT, &open.url)?;
        let call = xmlrpc::call(ENDPOINT, "session.logout").arg(&open.session);
        let secrets = [&*open.session, &*self.credentials.password];
        ask(call.keep(["Status", "ErrorDescription", "Value"]), &secrets).map(drop)
    }
}
