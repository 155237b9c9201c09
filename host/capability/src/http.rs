//! HTTP to declared endpoints.
//!
//! One connection an exchange, so that a request never meets a connection
//! that the device has just given up. Redirects are answers. Nothing is
//! decompressed. No environment variable names a proxy.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bodies::Bodies;
use exchange::{PartialResponse, send_once};
use fencebox_agent::clock::{Clock, Deadline};
use fencebox_agent::device::RemotePeer;
use fencebox_agent::log::Log;
use fencebox_policy::{Addresses, AgentPolicy, ClientCertificate, Endpoints, Limit, Origin, Trust};
use instance_metadata::Returned;
use progress::Progress;
use sensitive_headers::is_sensitive;
use tls::Settings;

mod bodies;
mod connection;
mod credentials;
pub(crate) mod exchange;
mod failure;
mod instance_metadata;
mod message;
mod needs;
mod pace;
mod prepare;
mod progress;
mod report;
pub mod resolve;
mod sensitive_headers;
#[cfg(test)]
mod tests;
pub mod tls;
mod usage;

pub use credentials::Credentials;
pub use message::{Failure, Request, Response};
pub use needs::{needs, needs_of_client};
pub use pace::Timeout;
pub use progress::Step;
pub use report::Report;
pub use tls::{PresentedCertificate, Remedies};
pub use usage::Usage;

/// Parts of an answer that the log shows at most.
const PARTS_SHOWN: usize = 64;

/// How soon SIGTERM is noticed while the device is waited for.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(50);

/// Everything that the capability needs. Without a default, so that no part is forgotten.
pub struct Parts {
    /// What the plugin declared.
    pub endpoints: Endpoints,
    /// The addresses of each endpoint, by its name.
    pub addresses: BTreeMap<String, Addresses>,
    /// The administrator's policy for this agent.
    pub agent_policy: Arc<AgentPolicy>,
    /// For endpoints whose requests the host signs.
    pub credentials: Credentials,
    /// The clock for all timeouts.
    pub clock: Arc<dyn Clock>,
    /// The end of the action.
    pub deadline: Deadline,
    /// What the action has used before this session.
    pub usage: Usage,
    /// The limit of one exchange while the plugin logs in.
    pub timeout: Timeout,
    /// Gets one debug line for each exchange.
    pub log: Arc<Log>,
    /// The agent, for the log.
    pub agent: String,
    /// The agent's options about certificates, which messages may advise.
    pub remedies: Remedies,
    /// What proves to devices who this client is, if the options name it.
    pub client_certificate: Option<ClientCertificate>,
}

/// Whether the values of this header field are credentials, which nothing may show.
pub fn has_credentials(name: &str) -> bool {
    is_sensitive(&name.to_ascii_lowercase())
}

/// The capability, for one action.
pub struct Http {
    parts: Parts,
    /// The action is over: SIGTERM was received or no longer matters.
    closing: bool,
    /// Created for the first connection.
    runtime: Option<tokio::runtime::Runtime>,
    /// By the trust that verifies the device.
    tls: BTreeMap<Trust, Settings>,
    /// What the metadata service of this machine returned.
    returned: Returned,
    bodies: Bodies,
}

impl Http {
    /// The capability with the declared endpoints at the addresses of the options.
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            closing: false,
            runtime: None,
            tls: BTreeMap::new(),
            returned: Returned::default(),
            bodies: Bodies::default(),
        }
    }

    /// Sets the timeout of each exchange that follows; it changes after the login.
    pub fn set_timeout(&mut self, timeout: Timeout) {
        self.parts.timeout = timeout;
    }

    /// Ends every exchange that follows at this moment at the latest.
    pub fn set_deadline(&mut self, deadline: Deadline) {
        self.parts.deadline = deadline;
    }

    /// The action is over, and there is time until `deadline` to log out. SIGTERM does not end the logout, because
    /// SIGTERM may be what ended the action.
    pub fn start_closing(&mut self, deadline: Deadline) {
        self.parts.deadline = deadline;
        self.closing = true;
    }

    /// The URL to which the paths of this endpoint are appended.
    pub fn base_url(&self, endpoint: &str) -> Result<String, Failure> {
        self.origin(endpoint).map(Origin::base_url)
    }

    /// The URLs, without a path, that the options name for this endpoint.
    pub fn addresses(&self, endpoint: &str) -> Result<Vec<String>, Failure> {
        self.parts.endpoints.get(endpoint)?;
        let addresses = self
            .parts
            .addresses
            .get(endpoint)
            .map(Addresses::named)
            .unwrap_or_default();
        Ok(addresses.iter().map(Origin::to_string).collect())
    }

    /// The options of the files that name the address of an endpoint.
    pub fn naming_files(&self, endpoint: &str) -> Vec<String> {
        let addresses = self.parts.addresses.get(endpoint);
        addresses.map(|known| known.naming_files().to_vec()).unwrap_or_default()
    }

    /// Sends the requests that follow to another address of the endpoint. Returns its URL.
    pub fn select_address(&mut self, endpoint: &str, address: &str) -> Result<String, Failure> {
        self.parts.endpoints.get(endpoint)?;
        let addresses = self.parts.addresses.get(endpoint);
        let addresses = addresses.ok_or_else(|| no_address(endpoint))?;
        let mut moved = addresses.clone();
        let namer = moved.late_namer().and_then(|namer| self.parts.addresses.get(namer));
        if let Some(namer) = namer.and_then(|namer| namer.current().ok()) {
            moved.set_namer(namer);
        }
        let selected = moved.select(address)?;
        self.parts.agent_policy.check(selected)?;
        let url = selected.to_string();
        self.parts.addresses.insert(endpoint.to_owned(), moved);
        Ok(url)
    }

    /// Makes one exchange.
    pub fn send(&mut self, request: Request) -> Result<Response, Failure> {
        let is_metadata = self.parts.endpoints.is_metadata(&request.endpoint);
        let response = self.send_with(request, Limit::ResponseBytes, async |arriving: PartialResponse<'_>| {
            arriving.complete().await
        })?;
        self.hide(&response.headers)?;
        self.bodies.received(&self.parts.log, &response.body);
        if is_metadata {
            self.returned.keep(&response.body);
        }
        Ok(response)
    }

    /// Makes one exchange. `read` receives the body of the answer as it arrives, up to the limit `body`, within the
    /// timeout of the exchange.
    pub(super) fn send_with<T>(
        &mut self,
        request: Request,
        body: Limit,
        read: impl AsyncFnOnce(PartialResponse<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let origin = self.check(&request)?;
        let what = request.what();
        let outgoing = self.prepare(&origin, request, body)?;
        self.bodies.flush(&self.parts.log, &self.parts.agent);
        Bodies::sent(
            &self.parts.log,
            &self.parts.agent,
            outgoing.body.as_deref().unwrap_or_default(),
        );
        self.slow_down(&origin)?;
        let (budget, bound) = self.budget();
        if budget.is_zero() {
            return Err(Failure::TimedOut(format!("{origin}: not contacted within {bound}")));
        }
        let settings = self.tls_for(&origin)?;
        let (clock, agent_policy) = (self.parts.clock.clone(), self.parts.agent_policy.clone());
        let (closing, known) = (self.closing, self.parts.usage.latest(&origin));
        let (started, status, peer, date) = (clock.now(), Cell::new(None), Cell::new(None), Cell::new(None));
        let progress = Arc::new(Progress::new(clock.clone()));
        // Started now, because the answer may arrive before the first poll.
        let expiry = clock.expiry(budget);
        let expired = async {
            match expiry {
                Some(expiry) => expiry.await,
                None => tokio::time::sleep(budget).await,
            }
        };
        let conversation = async {
            let settings = settings.as_ref();
            let sent = send_once(&origin, &agent_policy, settings, outgoing, budget, known, &progress);
            let arriving = sent.await?;
            status.set(Some(arriving.status()));
            peer.set(arriving.peer());
            date.set(arriving.date());
            read(arriving).await
        };
        let bounded = async {
            tokio::select! {
                // In this order, so that nothing starts after SIGTERM.
                biased;
                () = interrupted(clock.as_ref()), if !closing => Err(progress.interrupted(&origin)),
                answer = conversation => answer,
                () = expired => Err(progress.timed_out(&origin, &bound)),
            }
        };
        let outcome = self.runtime()?.block_on(bounded);
        let elapsed = clock.now().saturating_sub(started);
        let outcome = outcome.map_err(|failure| progress.explain(&origin, failure, elapsed));
        self.parts.usage.note(&origin, peer.get(), outcome.is_err());
        let answer = match (status.get(), &outcome) {
            (Some(status), Ok(_)) => format!("status {status}"),
            (Some(status), Err(failure)) => format!("status {status}, then {failure}"),
            (None, Err(failure)) => failure.to_string(),
            (None, Ok(_)) => "no answer".to_owned(),
        };
        let (steps, addresses) = progress.end();
        let times: Vec<_> = steps.iter().map(step_time).collect();
        let (took, times) = (elapsed.as_millis(), times.join(", "));
        let Parts { log, agent, .. } = &self.parts;
        log.debug(format!("{agent}: {what} to {origin}: {answer} ({took} ms: {times})"));
        self.parts.usage.report(Report {
            origin: progress::place(&origin),
            addresses,
            steps,
            failure: outcome.as_ref().err().map(ToString::to_string),
            certificate: settings.and_then(|settings| settings.presented()),
            clocks: date.get().map(|date| (date, clock.wall())),
        });
        outcome
    }

    /// Shows the beginning of an answer whose body was not received as a whole.
    pub(super) fn show_answer(&mut self, parts: &[impl std::fmt::Debug]) {
        if self.parts.log.shows_bodies() {
            let first = parts.get(..PARTS_SHOWN).unwrap_or(parts);
            self.bodies.received(&self.parts.log, format!("{first:?}").as_bytes());
        }
    }

    /// The hosts that this action has contacted.
    pub fn contacts(&self) -> Vec<RemotePeer> {
        self.parts.usage.contacts()
    }

    fn origin(&self, endpoint: &str) -> Result<&Origin, Failure> {
        self.parts.endpoints.get(endpoint)?;
        let addresses = self.parts.addresses.get(endpoint).ok_or_else(|| no_address(endpoint))?;
        Ok(addresses.current()?)
    }

    /// The settings for TLS to the device or to its proxy; none if neither uses it.
    fn tls_for(&mut self, origin: &Origin) -> Result<Option<Settings>, Failure> {
        if !origin.tls && !origin.proxy.as_ref().is_some_and(|proxy| proxy.tls) {
            return Ok(None);
        }
        if let Some(settings) = self.tls.get(&origin.trust) {
            return Ok(Some(settings.clone()));
        }
        let mut remedies = self.parts.remedies;
        // An option that the policy refuses does not help.
        let unverified = Origin {
            trust: Trust::Anything,
            ..origin.clone()
        };
        remedies.insecure &= self.parts.agent_policy.check(&unverified).is_ok();
        let settings = tls::settings(&origin.trust, remedies, self.parts.client_certificate.as_ref())?;
        self.tls.insert(origin.trust.clone(), settings.clone());
        Ok(Some(settings))
    }

    fn runtime(&mut self) -> Result<&tokio::runtime::Runtime, Failure> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => tokio::runtime::Builder::new_current_thread()
                .enable_all()
                // Looks at the clock after each step. By default it does after 61, and a device
                // that sends without end makes each of them as long as it likes.
                .event_interval(1)
                .build()
                .map_err(|cause| Failure::Broken(format!("no runtime for connections: {cause}")))?,
        };
        Ok(self.runtime.insert(runtime))
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.bodies.flush(&self.parts.log, &self.parts.agent);
        // A name lookup that hangs must not delay the end of the agent.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn step_time((step, took): &(Step, Duration)) -> String {
    format!("{} {}", step.word(), took.as_millis())
}

fn no_address(endpoint: &str) -> Failure {
    Failure::Denied(format!("endpoint {endpoint:?} has no address by these options"))
}

async fn interrupted(clock: &dyn Clock) {
    while !clock.interrupted() {
        tokio::time::sleep(INTERRUPT_INTERVAL).await;
    }
}
