//! Which agents a cluster has: ours, or those of the system.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::agent;
use crate::lab::{CERTIFICATE, MEMBERS, NETWORK};

/// The agents that the scenes use.
const NAMES: [&str; 3] = ["fence_ipmilan", "fence_xenapi", "fence_xvm"];

/// The origin of the agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agents {
    /// The agents of the install tree.
    Ours,
    /// The agents of the system: in Python, and the client of `fence_virtd`.
    Theirs,
}

/// How the agent verifies the pool's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    /// With the fingerprint of the certificate.
    Fingerprint,
    /// With a file that contains the certificate.
    File,
}

impl Agents {
    /// The arguments of the lab for these agents.
    pub(super) fn arguments(self, recorder: Option<&Path>) -> Result<Vec<OsString>> {
        let mut arguments: Vec<OsString> = Vec::new();
        let folder = match self {
            Agents::Ours => agent::tree()?.join("usr/sbin"),
            Agents::Theirs => {
                // They have no option to trust the certificate of the pool.
                arguments.push("--trusting".into());
                "/usr/sbin".into()
            }
        };
        for name in NAMES {
            let program = folder.join(name);
            ensure!(program.exists(), "{} is missing", program.display());
            // The agents of the system are already in the folder from which they are called.
            if self == Agents::Ours || recorder.is_some() {
                arguments.extend(["--agent".into(), format!("{name}={}", program.display()).into()]);
            }
        }
        if let Some(recorder) = recorder {
            arguments.extend(["--recorder".into(), recorder.into()]);
        }
        Ok(arguments)
    }

    /// The options with which `fence_xenapi` connects to the pool.
    pub(super) fn pool(self, belief: Belief, fingerprint: &str) -> Vec<String> {
        let urls = MEMBERS.map(|number| format!("https://{NETWORK}.{number}"));
        let mut options = vec!["username=root".to_owned(), "password=s3cret".to_owned()];
        match (self, belief) {
            // It accepts one address.
            (Agents::Theirs, _) => return [options, vec![format!("session_url={}", urls[0])]].concat(),
            (Agents::Ours, Belief::Fingerprint) => options.push(format!("ssl_fingerprint={fingerprint}")),
            (Agents::Ours, Belief::File) => options.push(format!("ca_file={CERTIFICATE}")),
        }
        options.push(format!("session_url={}", urls.join(",")));
        options
    }
}
