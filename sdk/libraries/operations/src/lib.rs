//! The requests of a session that a cloud confirms by operations, and what a read proves after them.
//!
//! The reads of a cloud may be half a minute old, on every connection: longer than the host's reads in a row take. A
//! machine that was started lately then looks off, again and again. So a read counts as off only after the cloud has
//! reported that an operation of this session, which switches the machine off, has succeeded. Before that, off counts as
//! [`PowerStatus::Standby`]: the host does not accept it, and sends the request again.
//!
//! ```
//! use fencebox_operations::{Progress, Purpose, Requests};
//! use fencebox_sdk::prelude::*;
//!
//! const OFF: Purpose = Purpose::Power(PowerTarget::Off);
//!
//! let mut requests = Requests::default();
//! assert_eq!(requests.seen("node1", PowerStatus::Off), PowerStatus::Off);
//! requests.send("node1", OFF);
//! assert_eq!(requests.seen("node1", PowerStatus::Off), PowerStatus::Standby);
//! requests.accepted("node1", "operation-1");
//! assert_eq!(requests.follow("node1", |_| Ok(Progress::UnderWay)), Ok(true));
//! assert_eq!(requests.follow("node1", |_| Ok(Progress::Succeeded)), Ok(false));
//! assert_eq!(requests.seen("node1", PowerStatus::Off), PowerStatus::Off);
//! ```

use std::collections::BTreeMap;

use fencebox_sdk::prelude::*;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Switch on or off.
    Power(PowerTarget),
    /// A power cycle in one request.
    Cycle,
}

/// How far an operation is.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has not ended.
    UnderWay,
    /// The cloud reports that it has succeeded.
    Succeeded,
    /// The cloud reports that it has failed.
    Failed(Error),
}

/// The last request for each plug. `O` names an operation.
#[derive(Debug)]
pub struct Requests<O>(BTreeMap<String, Request<O>>);

#[derive(Debug)]
struct Request<O> {
    purpose: Purpose,
    operation: Option<O>,
    /// An operation for this purpose has succeeded.
    is_confirmed: bool,
}

impl<O> Default for Requests<O> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<O: Clone> Requests<O> {
    /// Records a request that is about to be sent. One for the same purpose keeps what an earlier one has proven in this
    /// session.
    pub fn send(&mut self, plug: &str, purpose: Purpose) {
        let before = self.0.remove(plug).filter(|before| before.purpose == purpose);
        let request = Request {
            purpose,
            operation: None,
            is_confirmed: before.is_some_and(|before| before.is_confirmed && purpose != Purpose::Cycle),
        };
        self.0.insert(plug.to_owned(), request);
    }

    /// Records the operation that the cloud has accepted the request with.
    pub fn accepted(&mut self, plug: &str, operation: O) {
        if let Some(request) = self.0.get_mut(plug) {
            request.operation = Some(operation);
        }
    }

    /// Records that the cloud itself has reported the request as done, without an operation.
    pub fn confirm(&mut self, plug: &str) {
        if let Some(request) = self.0.get_mut(plug) {
            (request.operation, request.is_confirmed) = (None, true);
        }
    }

    /// Whether the last request for the plug has this purpose, and an operation that is not known to have ended.
    #[must_use]
    pub fn has_operation_for(&self, plug: &str, purpose: Purpose) -> bool {
        let request = self.0.get(plug).filter(|request| request.purpose == purpose);
        request.is_some_and(|request| request.operation.is_some())
    }

    /// The operation of the last request for the plug, unless it is known to have ended.
    #[must_use]
    pub fn operation(&self, plug: &str) -> Option<&O> {
        self.0.get(plug)?.operation.as_ref()
    }

    /// Whether the operation of the plug still runs. `ask` asks the cloud.
    ///
    /// # Errors
    /// Those of `ask`, after which the operation counts as running; or its failure.
    pub fn follow(&mut self, plug: &str, ask: impl FnOnce(&O) -> Result<Progress>) -> Result<bool> {
        let Some(request) = self.0.get_mut(plug) else {
            return Ok(false);
        };
        let Some(operation) = &request.operation else {
            return Ok(false);
        };
        match ask(operation)? {
            Progress::UnderWay => return Ok(true),
            Progress::Succeeded => (request.operation, request.is_confirmed) = (None, true),
            Progress::Failed(reason) => {
                request.operation = None;
                return Err(reason);
            }
        }
        Ok(false)
    }

    /// Whether the last request for the plug has this purpose and has succeeded.
    #[must_use]
    pub fn is_confirmed(&self, plug: &str, purpose: Purpose) -> bool {
        let request = self.0.get(plug).filter(|request| request.purpose == purpose);
        request.is_some_and(|request| request.is_confirmed)
    }

    /// What a read of the plug means after this session's request for it.
    #[must_use]
    pub fn seen(&self, plug: &str, read: PowerStatus) -> PowerStatus {
        let unconfirmed = self.0.get(plug).filter(|request| !request.is_confirmed);
        let is_wanted = unconfirmed.is_some_and(|request| request.purpose == Purpose::Power(PowerTarget::Off));
        if !is_wanted || read != PowerStatus::Off {
            return read;
        }
        log::warn(format!(
            "{} is shown as off, but no operation has switched it off yet, and the read may be old",
            excerpt(plug)
        ));
        PowerStatus::Standby
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    const OFF: Purpose = Purpose::Power(PowerTarget::Off);
    const ON: Purpose = Purpose::Power(PowerTarget::On);

    fn accepted() -> Requests<u8> {
        let mut requests = Requests::default();
        requests.send("1", OFF);
        requests.accepted("1", 7);
        requests
    }

    #[test]
    fn off_counts_after_the_operation_has_succeeded() {
        let mut requests = accepted();
        for progress in [Ok(Progress::UnderWay), Err(Error::unexpected("lost"))] {
            let expected = progress.as_ref().map(|_| true).map_err(Error::clone);
            assert_eq!(requests.follow("1", |_| progress), expected);
            assert_eq!(requests.seen("1", PowerStatus::Off), PowerStatus::Standby);
        }
        assert!(requests.has_operation_for("1", OFF) && !requests.has_operation_for("1", ON));
        assert_eq!(
            requests.follow("1", |operation| {
                assert_eq!(*operation, 7);
                Ok(Progress::Succeeded)
            }),
            Ok(false)
        );
        assert_eq!(requests.seen("1", PowerStatus::Off), PowerStatus::Off);
        assert!(requests.is_confirmed("1", OFF) && !requests.is_confirmed("1", ON));
        // Other states are what they are.
        assert_eq!(requests.seen("1", PowerStatus::On), PowerStatus::On);
        assert_eq!(requests.seen("2", PowerStatus::Off), PowerStatus::Off);
    }

    #[test]
    fn a_failed_operation_proves_nothing() {
        let mut requests = accepted();
        let failure = Error::task_failed("no capacity");
        assert_eq!(
            requests.follow("1", |_| Ok(Progress::Failed(failure.clone()))),
            Err(failure)
        );
        assert!(!requests.has_operation_for("1", OFF));
        assert_eq!(requests.follow("1", |_| panic!("it has ended")), Ok(false));
        assert_eq!(requests.seen("1", PowerStatus::Off), PowerStatus::Standby);
    }

    #[test]
    fn a_repeated_request_keeps_the_proof_and_another_request_ends_it() {
        let mut requests = accepted();
        requests.confirm("1");
        requests.send("1", OFF);
        assert_eq!(requests.seen("1", PowerStatus::Off), PowerStatus::Off);
        requests.send("1", ON);
        assert_eq!(requests.seen("1", PowerStatus::Off), PowerStatus::Off);
        requests.send("1", OFF);
        assert_eq!(requests.seen("1", PowerStatus::Off), PowerStatus::Standby);
    }

    #[test]
    fn each_cycle_needs_its_own_operation() {
        let mut requests = Requests::default();
        requests.send("1", Purpose::Cycle);
        requests.accepted("1", 1);
        assert_eq!(requests.follow("1", |_| Ok(Progress::Succeeded)), Ok(false));
        assert!(requests.is_confirmed("1", Purpose::Cycle));
        requests.send("1", Purpose::Cycle);
        assert!(!requests.is_confirmed("1", Purpose::Cycle));
    }
}
