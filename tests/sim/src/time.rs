//! How long a device takes, on the clock of whoever waits for it.

use std::sync::Arc;
use std::time::Duration;

use fencebox_agent::virtual_clock::VirtualClock;

/// The time in which one request is answered.
#[derive(Clone, Debug, Default)]
pub(crate) enum Time {
    /// Real time.
    #[default]
    Real,
    /// That of an agent on virtual time, and the wait for this answer; none when it waits no more.
    Virtual(Arc<VirtualClock>, Option<u64>),
}

impl Time {
    /// The time of a request that has just come.
    pub(crate) fn of(clock: Option<&Arc<VirtualClock>>) -> Time {
        clock.map_or(Time::Real, |clock| Time::Virtual(clock.clone(), clock.wait()))
    }

    /// Lets so much time pass. For a client that is gone by then it never ends.
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

    /// Says nothing any more.
    pub(crate) async fn end(&self) -> ! {
        self.pass(Duration::MAX).await;
        std::future::pending().await
    }
}
