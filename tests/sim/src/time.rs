//! How long a device takes, on the clock of the client.

use std::sync::Arc;
use std::time::Duration;

use fencebox_agent::virtual_clock::VirtualClock;

/// The time in which one request is answered.
#[derive(Clone, Debug, Default)]
pub(crate) enum Time {
    /// Real time.
    #[default]
    Real,
    /// The time of an agent on a virtual clock, and its wait for this answer; `None` if it no longer waits.
    Virtual(Arc<VirtualClock>, Option<u64>),
}

impl Time {
    /// The time of a request that has just come.
    pub(crate) fn of(clock: Option<&Arc<VirtualClock>>) -> Time {
        clock.map_or(Time::Real, |clock| Time::Virtual(clock.clone(), clock.wait()))
    }

    /// Waits for this duration. Never returns if the client has gone by then.
    pub(crate) async fn pass(&self, duration: Duration) {
        match self {
            Time::Real => tokio::time::sleep(duration).await,
            Time::Virtual(clock, wait) => {
                if !wait.is_some_and(|wait| clock.pass(wait, duration)) {
                    std::future::pending().await
                }
            }
        }
    }

    /// Never returns.
    pub(crate) async fn end(&self) -> ! {
        self.pass(Duration::MAX).await;
        std::future::pending().await
    }
}
