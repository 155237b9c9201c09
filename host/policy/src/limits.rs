//! The limits of a plugin's resources. The policy can lower each limit but cannot raise it. The
//! defaults are enough for every device.

use std::time::Duration;

#[cfg(test)]
mod tests;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// All memories of the plugin together.
    Memory,
    /// Elements of all its tables together.
    TableElements,
    /// Instances of core modules.
    Instances,
    /// Tables.
    Tables,
    /// Memories.
    Memories,
    /// WASI resources that it holds, such as streams: each takes memory of the host.
    Resources,
    /// Data that it passes in one call. Lists and texts that overlap in its memory are counted and
    /// copied separately.
    Handover,
    /// Stack, in bytes: limits recursion.
    Stack,
    /// Computing time in one call. Time spent waiting for the device does not count.
    Computing,
    /// Log lines of one action.
    LogLines,
    /// Log text of one action.
    LogBytes,
    /// Output in one call.
    OutputBytes,
    /// Sockets of one action that connect, listen, accept or send.
    Sockets,
    /// Datagrams of one action, sent and received.
    Datagrams,
    /// Data on its sockets in one action, in both directions.
    SocketBytes,
    /// HTTP exchanges of one action.
    Requests,
    /// HTTP exchanges that begin within one second. The next one waits.
    RequestRate,
    /// Body of an answer.
    ResponseBytes,
    /// Body of an answer in XML-RPC, which is parsed while it arrives.
    XmlrpcBytes,
    /// Header fields of an answer.
    ResponseHeaders,
    /// Head of an answer.
    HeadBytes,
    /// The whole action, without the option `delay`.
    Seconds,
}

/// The unit of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// A count.
    Number,
    /// Seconds.
    Seconds,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

impl Limit {
    /// Each of them, in the order of the documentation.
    pub const ALL: [Self; 22] = [
        Self::Memory,
        Self::TableElements,
        Self::Instances,
        Self::Tables,
        Self::Memories,
        Self::Resources,
        Self::Handover,
        Self::Stack,
        Self::Computing,
        Self::LogLines,
        Self::LogBytes,
        Self::OutputBytes,
        Self::Sockets,
        Self::Datagrams,
        Self::SocketBytes,
        Self::Requests,
        Self::RequestRate,
        Self::ResponseBytes,
        Self::XmlrpcBytes,
        Self::ResponseHeaders,
        Self::HeadBytes,
        Self::Seconds,
    ];

    /// Its key in the policy, its unit, and its value without a policy.
    const fn row(self) -> (&'static str, Unit, u64) {
        match self {
            Self::Memory => ("memory", Unit::Bytes, 64 * MIB),
            Self::TableElements => ("table-elements", Unit::Number, 100_000),
            Self::Instances => ("instances", Unit::Number, 64),
            Self::Tables => ("tables", Unit::Number, 64),
            Self::Memories => ("memories", Unit::Number, 16),
            Self::Resources => ("resources", Unit::Number, 1_000),
            Self::Handover => ("handover", Unit::Bytes, 16 * MIB),
            Self::Stack => ("stack", Unit::Bytes, 512 * KIB),
            Self::Computing => ("computing", Unit::Seconds, 5),
            Self::LogLines => ("log-lines", Unit::Number, 1_000),
            Self::LogBytes => ("log-bytes", Unit::Bytes, MIB),
            Self::OutputBytes => ("output-bytes", Unit::Bytes, 16 * KIB),
            Self::Sockets => ("sockets", Unit::Number, 10_000),
            Self::Datagrams => ("datagrams", Unit::Number, 100_000),
            Self::SocketBytes => ("socket-bytes", Unit::Bytes, 256 * MIB),
            Self::Requests => ("requests", Unit::Number, 10_000),
            Self::RequestRate => ("request-rate", Unit::Number, 100),
            Self::ResponseBytes => ("response-bytes", Unit::Bytes, 8 * MIB),
            Self::XmlrpcBytes => ("xmlrpc-bytes", Unit::Bytes, 128 * MIB),
            Self::ResponseHeaders => ("response-headers", Unit::Number, 100),
            Self::HeadBytes => ("head-bytes", Unit::Bytes, 64 * KIB),
            // No cluster waits longer than this.
            Self::Seconds => ("seconds", Unit::Seconds, 3600),
        }
    }

    /// Its key in the policy.
    pub const fn key(self) -> &'static str {
        self.row().0
    }

    /// The unit of its value.
    pub const fn unit(self) -> Unit {
        self.row().1
    }

    /// Its value without a policy, which is the highest.
    pub const fn default(self) -> u64 {
        self.row().2
    }

    /// The limit of this key.
    pub(super) fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.key() == key)
    }

    /// A value with its unit, such as `64 MiB`.
    pub fn show(self, value: u64) -> String {
        match self.unit() {
            Unit::Bytes if value.is_multiple_of(MIB) => format!("{} MiB", value / MIB),
            Unit::Bytes if value.is_multiple_of(KIB) => format!("{} KiB", value / KIB),
            Unit::Bytes => format!("{value} bytes"),
            Unit::Number => value.to_string(),
            Unit::Seconds => format!("{value} s"),
        }
    }

    /// Reads a value with its unit, such as `64 MiB`.
    pub(super) fn read(self, text: &str) -> Option<u64> {
        let (number, unit) = text.split_once(' ')?;
        let factor = match (self.unit(), unit) {
            (Unit::Bytes, "MiB") => MIB,
            (Unit::Bytes, "KiB") => KIB,
            (Unit::Bytes, "bytes") | (Unit::Seconds, "s") => 1,
            _ => return None,
        };
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(factor)
    }
}

/// The value of a limit. Displayed with its unit, such as `64 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    limit: Limit,
    value: u64,
}

impl Bound {
    /// The value, in the unit of the limit.
    pub fn value(self) -> u64 {
        self.value
    }

    /// The same as a size in memory.
    pub fn size(self) -> usize {
        usize::try_from(self.value).unwrap_or(usize::MAX)
    }

    /// The same as a `u32`, for small counts.
    pub fn count(self) -> u32 {
        u32::try_from(self.value).unwrap_or(u32::MAX)
    }

    /// The remedy that a message adds if the policy lowered the limit.
    pub fn note(self) -> String {
        if self.value < self.limit.default() {
            format!(" (policy limit {})", self.limit.key())
        } else {
            String::new()
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.limit.show(self.value))
    }
}

/// All limits of one plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits([Bound; Limit::ALL.len()]);

impl Limits {
    /// The limits that every plugin has; a policy can only lower them.
    pub fn standard() -> Self {
        Self(Limit::ALL.map(|limit| Bound {
            limit,
            value: limit.default(),
        }))
    }

    /// One of them.
    pub fn get(&self, limit: Limit) -> Bound {
        let bound = self.0.iter().find(|bound| bound.limit == limit);
        // Every limit has a value. If one were missing, 0 is safer than unlimited.
        bound.copied().unwrap_or(Bound { limit, value: 0 })
    }

    /// Those that the policy has lowered.
    pub fn lowered(&self) -> impl Iterator<Item = Bound> {
        self.0
            .iter()
            .copied()
            .filter(|bound| bound.value < bound.limit.default())
    }

    /// Lowers a limit. The smaller value applies.
    pub fn lower(&mut self, limit: Limit, value: u64) {
        for bound in self.0.iter_mut().filter(|bound| bound.limit == limit) {
            bound.value = bound.value.min(value);
        }
    }

    /// The longest that an action may take.
    pub fn wall_time(&self) -> Duration {
        Duration::from_secs(self.get(Limit::Seconds).value)
    }
}

/// What the policy has lowered, such as `memory 32 MiB, requests 500`.
impl std::fmt::Display for Limits {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, bound) in self.lowered().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(formatter, "{comma}{} {bound}", bound.limit.key())?;
        }
        Ok(())
    }
}
