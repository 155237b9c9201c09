//! Requests to the metadata service of the agent's own machine, which are in clear text.
//!
//! The service gets nothing but what it returned itself, such as its session token: a secret of the options or of
//! another service never goes there.

use super::{Failure, Request};
use fencebox_agent::log::Log;

/// How much of the answers is kept, in bytes. A token is a few hundred bytes.
const KEPT: usize = 256 * 1024;

/// What the service returned in this session.
#[derive(Default)]
pub(super) struct Returned {
    /// The answers, one after the other. A header field has no line end, so it matches in one of them only.
    answers: String,
}

impl Returned {
    /// Keeps an answer. What does not fit is not kept, and then cannot be sent if it is a secret.
    pub(super) fn keep(&mut self, body: &[u8]) {
        if self.answers.len() + body.len() < KEPT {
            self.answers.push_str(&String::from_utf8_lossy(body));
            self.answers.push('\n');
        }
    }

    /// Refuses a request that contains a secret which the service did not return.
    pub(super) fn check(&self, request: &Request, log: &Log) -> Result<(), Failure> {
        let path = [request.path.as_str()];
        let values = request.headers.iter().map(|(_, value)| value.as_str());
        let values = values.filter(|value| !self.has(value));
        let body = request.body.as_deref().map(String::from_utf8_lossy);
        let mut texts = path.into_iter().chain(values).chain(body.as_deref());
        if texts.any(|text| log.without_secrets(text) != text) {
            return Err(Failure::Denied(format!(
                "the request to {} contains a secret, and the metadata service of this machine gets none",
                request.endpoint
            )));
        }
        Ok(())
    }

    /// Whether an answer contains the value, and the value is too long for a coincidence. The search of the standard
    /// library is linear, whatever the plugin and the service choose.
    fn has(&self, value: &str) -> bool {
        const SHORTEST: usize = 16;
        value.len() >= SHORTEST && self.answers.contains(value)
    }
}
