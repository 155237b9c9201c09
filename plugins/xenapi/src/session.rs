//! Calls in a session, and the log-ins that it takes.

use std::collections::BTreeSet;

use fencebox_sdk::http;
use fencebox_sdk::prelude::*;
use fencebox_sdk::xmlrpc::Value;

use crate::answer::{Trouble, ask};
use crate::login::{Credentials, ENDPOINT, LogIn, is_host, log_in};

/// A call in a session; the session itself comes before `args`.
pub(crate) struct Ask<'a> {
    /// Such as `VM.get_record`.
    pub(crate) method: &'static str,
    /// What is handed over.
    pub(crate) args: Vec<Value>,
    /// What of the answer is read, beside its status.
    pub(crate) keep: &'a [&'a str],
}

/// A conversation with a pool, over as many log-ins as it takes.
pub(crate) struct Session {
    credentials: Credentials,
    present: LogIn,
    /// All log-ins that are to be ended, the present one too.
    open: Vec<LogIn>,
    /// The master did not answer, and another host may be it by now.
    is_lost: bool,
    /// Hosts whose last answer did not come.
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

    /// Makes a call. If the session is no longer good for it, logs in anew and
    /// makes it once more: so refused, it had no effect.
    pub(crate) fn call(&mut self, ask: &Ask<'_>) -> Result<Value, Trouble> {
        if self.is_lost {
            let lost = self.present.url.clone();
            self.log_in_anew(None, Some(&lost))?;
        }
        let trouble = match self.once(ask) {
            Err(trouble) => trouble,
            answer => return answer,
        };
        if trouble.refusal("SESSION_INVALID").is_some() {
            log::info("the pool has ended the session, it is renewed");
            let ended = self.present.clone();
            self.open.retain(|open| *open != ended);
            self.log_in_anew(Some(&ended.url), None)?;
        } else if let Some(refusal) = trouble.refusal("HOST_IS_SLAVE") {
            log::warn(format!("{} is not the pool's master any more", self.present.url));
            // What is no host is not even asked for; the others are.
            let master = Some(refusal.parameter(0)).filter(|master| is_host(master));
            self.log_in_anew(master, None)?;
        } else {
            return Err(trouble);
        }
        self.once(ask)
    }

    fn once(&mut self, asked: &Ask<'_>) -> Result<Value, Trouble> {
        let call = xmlrpc::call(ENDPOINT, asked.method)
            .arg(&self.present.session)
            .args(asked.args.iter().cloned())
            .keep(["Status", "ErrorDescription"])
            .keep(asked.keep.iter().copied());
        let outcome = ask(call, &self.secrets());
        match &outcome {
            Err(trouble) if trouble.is_loss() => {
                // The master may have died: that is when machines are fenced. A host that was only slow is found again.
                self.is_lost = self.has_other_hosts();
                if trouble.is_silence() {
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

    /// Ends every log-in, as far as the hosts answer: the pool has room for
    /// 500 and keeps one for a day. A host that kept silent is not waited for
    /// again, what was done there is done. The newest comes first: it is the
    /// one most likely to be answered.
    pub(crate) fn close(&mut self) {
        for open in std::mem::take(&mut self.open).into_iter().rev() {
            if self.silent.contains(&open.url) {
                log::debug(format!("no log-out at {}: it does not answer", open.url));
                continue;
            }
            if let Err(trouble) = self.log_out(&open) {
                if trouble.is_silence() {
                    self.silent.insert(open.url.clone());
                }
                log::debug(format!("no log-out at {}: {}", open.url, Error::from(trouble).text()));
            }
        }
    }

    fn log_out(&self, open: &LogIn) -> Result<(), Trouble> {
        http::select_address(ENDPOINT, &open.url)?;
        let call = xmlrpc::call(ENDPOINT, "session.logout").arg(&open.session);
        let secrets = [&*open.session, &*self.credentials.password];
        ask(call.keep(["Status", "ErrorDescription", "Value"]), &secrets).map(drop)
    }
}
