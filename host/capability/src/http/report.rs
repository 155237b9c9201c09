//! How the first exchange with each origin went, for people.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use super::progress::Step;
use super::tls::PresentedCertificate;

/// One exchange.
#[derive(Debug, Clone)]
pub struct Report {
    /// The origin, such as `https://bmc1:443`, with its proxy.
    pub origin: String,
    /// The addresses of the device or of its proxy: the one of the connection, or else all that were tried.
    pub addresses: Vec<SocketAddr>,
    /// The steps in their order, and how long each took. The last one is where it failed, if it failed.
    pub steps: Vec<(Step, Duration)>,
    /// Why it failed.
    pub failure: Option<String>,
    /// What the device presented, if the connection has TLS.
    pub certificate: Option<PresentedCertificate>,
    /// The clock of the device, as the answer gives it, and the clock of this machine then. The header field has only
    /// seconds.
    pub clocks: Option<(SystemTime, SystemTime)>,
}

impl Report {
    /// How long the step took; none if the exchange did not come so far.
    pub fn took(&self, step: Step) -> Option<Duration> {
        let taken = self.steps.iter().find(|(known, _)| *known == step);
        taken.map(|(_, took)| *took)
    }

    /// The step that failed.
    pub fn failed_step(&self) -> Option<Step> {
        let last = self.steps.last().map(|(step, _)| *step);
        last.filter(|_| self.failure.is_some())
    }
}
