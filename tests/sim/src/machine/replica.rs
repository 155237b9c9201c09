//! A replica that is out of date: which reads it answers.

use std::time::Duration;

/// Which reads are answered with an old state, because a replica is out of date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Old {
    /// Reads in this order, repeated; true for an old state.
    Reads(Vec<bool>),
    /// Connections in this order, repeated, as a load balancer distributes them.
    Connections(Vec<bool>),
    /// Every read until this time after the start of the clock.
    Until(Duration),
}

impl Old {
    /// The order of reads or connections as a word: `f` for a fresh one, `s` for a stale one.
    pub fn order(word: &str) -> Vec<bool> {
        word.chars().map(|kind| kind == 's').collect()
    }

    pub(super) fn strikes(&self, read: u64, arrival: Arrival) -> bool {
        let turn = |order: &[bool], number: u64| {
            let length = u64::try_from(order.len()).unwrap_or(1).max(1);
            let place = usize::try_from(number % length).unwrap_or_default();
            order.get(place).copied().unwrap_or_default()
        };
        match self {
            Old::Reads(order) => turn(order, read),
            Old::Connections(order) => turn(order, arrival.connection),
            Old::Until(end) => arrival.now < *end,
        }
    }
}

/// How a request came: on which connection, counted from 0, and at what time on the device's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The number of the connection.
    pub connection: u64,
    /// The time.
    pub now: Duration,
}
