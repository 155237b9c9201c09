//! What helps if the certificate of a device is not trusted.

use fencebox_policy::Fingerprint;

use super::reason::Problem;

/// The options about certificates that an agent has, and may use by the policy. A message names only
/// these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remedies {
    /// The option `ssl_fingerprint`.
    pub fingerprint: bool,
    /// The option `ca_file`.
    pub file: bool,
    /// The option `ssl_insecure`.
    pub insecure: bool,
}

impl Remedies {
    /// What to do about this problem. Only what helps is named.
    pub(super) fn describe(self, problem: &Problem, fingerprint: Fingerprint) -> String {
        let own = format!("if {fingerprint} is the SHA-256 fingerprint of the device's own certificate, set ");
        let mut steps = Vec::new();
        match (self.fingerprint, self.file) {
            (true, true) => steps.push(own + "ssl_fingerprint to it, or ca_file to a file with the certificate"),
            (true, false) => steps.push(own + "ssl_fingerprint to it"),
            (false, true) => steps.push(own + "ca_file to a file with the certificate"),
            (false, false) => {}
        }
        if problem.is_issuer {
            steps.push("add its issuer to the certificates that this system trusts".to_owned());
        }
        // Without verification, the password goes to anyone who answers, so it is the last resort.
        if self.insecure && !self.fingerprint && !self.file {
            steps.push("set ssl_insecure=1 to skip verification".to_owned());
        }
        if steps.is_empty() {
            return "install a certificate on the device that this system trusts".to_owned();
        }
        // Only with these options can a key be verified that is too small for TLS 1.3.
        let note = match problem.small_key {
            Some(size) => format!("; with its RSA key of {size} bits, the device is reached only by TLS 1.2"),
            None => String::new(),
        };
        steps.join("; or ") + &note
    }
}

#[cfg(test)]
mod tests;
