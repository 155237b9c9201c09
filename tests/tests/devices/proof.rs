//! "Off" means off: the real program never reports off for a running machine on devices whose reads are stale,
//! contradict themselves or follow requests without effect.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod line;
mod reboot;
mod repeated;
mod replicas;
