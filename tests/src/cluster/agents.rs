//! Whose agents a cluster has.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::agent;
use crate::lab::{CERTIFICATE, MEMBERS, NETWORK};

/// The agents that the scenes use.
const NAMES: [&str; 2] = ["fence_xenapi", "fence_xvm"];

/// Whose agents they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agents {
    /// Those of the install tree.
    Ours,
    /// Those of the system: in Python, and the client of `fence_virtd`.
    Theirs,
}

/// How the pool is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    /// By the fingerprint of its certificate.
    Fingerprint,
    /// By a file with its certificate.
    File,
}

impl Agents {
    /// What the lab is told of them.
    pub(super) fn arguments(self, recorder: Option<&Path>) -> Result<Vec<OsString>> {
        let mut arguments: Vec<OsString> = Vec::new();
        let folder = match self {
            Agents::Ours => agent::tree()?.join("usr/sbin"),
            Agents::Theirs => {
                // They know no option that makes them believe the pool.
                arguments.push("--trusting".into());
                "/usr/sbin".into()
            }
        };
        for name in NAMES {
            let program = folder.join(name);
            ensure!(program.exists(), "{} is not there", program.display());
            // Those of the system are where they are called from.
            if self == Agents::Ours || recorder.is_some() {
                arguments.extend(["--agent".into(), format!("{name}={}", program.display()).into()]);
            }
        }
        if let Some(recorder) = recorder {
            arguments.extend(["--recorder".into(), recorder.into()]);
        }
        Ok(arguments)
    }

    /// The options by which `fence_xenapi` reaches the pool.
    pub(super) fn pool(self, belief: Belief, fingerprint: &str) -> Vec<String> {
        let urls = MEMBERS.map(|number| format!("https://{NETWORK}.{number}"));
        let mut options = vec!["username=root".to_owned(), "password=s3cret".to_owned()];
        match (self, belief) {
            // It takes one address.
            (Agents::Theirs, _) => return [options, vec![format!("session_url={}", urls[0])]].concat(),
            (Agents::Ours, Belief::Fingerprint) => options.push(format!("ssl_fingerprint={fingerprint}")),
            (Agents::Ours, Belief::File) => options.push(format!("ca_file={CERTIFICATE}")),
        }
        options.push(format!("session_url={}", urls.join(",")));
        options
    }
}
