//! The options, checked.

use std::time::Duration;

use fencebox_sdk::prelude::*;

use crate::digest::Digest;
use crate::packet::NAME_LIMIT;

/// Number of bytes of a key file that count; daemons do not read more.
const KEY_LIMIT: usize = 4096;
/// Options of `fence_virt` that WASI cannot support.
const OUT_OF_REACH: [&str; 3] = ["vsock", "serial_device", "serial_params"];

/// The way to reach hypervisors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// By multicast.
    Group(Group),
    /// By TCP, at this name or address.
    Tcp(String),
    /// By the channel of this guest, at this address.
    Channel(String),
}

/// A multicast group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) ipv6: bool,
    /// Time between repetitions of a request.
    pub(crate) interval: Duration,
    /// The number of hypervisors that have to answer, if the option gives it.
    pub(crate) hypervisors: Option<usize>,
}

/// The settings of a session.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) way: Way,
    /// The plugs in the option `plug`.
    pub(crate) plugs: Vec<String>,
    pub(crate) port: u16,
    pub(crate) hash: Digest,
    pub(crate) auth: Digest,
    pub(crate) key: Vec<u8>,
    pub(crate) is_uuid: bool,
    pub(crate) timeout: Duration,
    /// Log each request and each answer as a warning.
    pub(crate) debug: bool,
}

impl Settings {
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let way = way(options)?;
        let (hash, auth) = (digest(options, "hash")?, digest(options, "auth")?);
        // The channel of a guest has neither signatures nor authentication.
        let keyless = matches!(way, Way::Channel(_)) || (hash, auth) == (Digest::None, Digest::None);
        let timeout = options.number("timeout")?.unwrap_or(30);
        if let Some(plug) = options.plugs().into_iter().find(|plug| plug.len() > NAME_LIMIT) {
            let reason = format!("{plug:?} is not a valid machine name: longer than {NAME_LIMIT} bytes");
            return Err(Error::invalid_option("plug", reason));
        }
        Ok(Self {
            way,
            plugs: options.plugs().into_iter().map(str::to_owned).collect(),
            port: options.number("ipport")?.unwrap_or(1229),
            hash,
            auth,
            key: if keyless { Vec::new() } else { key()? },
            is_uuid: options.is_set("use_uuid"),
            timeout: Duration::from_secs(u64::from(u32::max(timeout, 1))),
            debug: options.is_set("debug"),
        })
    }

    /// Logs a line: as a warning with the option `debug`, else for debugging.
    pub(crate) fn tell(&self, line: &str) {
        if self.debug { log::warn(line) } else { log::debug(line) }
    }
}

fn way(options: &Options) -> Result<Way> {
    let Some(family) = options.get("ip_family") else {
        if let Some(name) = OUT_OF_REACH.into_iter().find(|name| options.get(name).is_some()) {
            let reason = "is not supported, because a plugin cannot use it; set ipaddr for TCP, or channel_address";
            return Err(Error::invalid_option(name, reason));
        }
        return Ok(match options.get("ipaddr") {
            Some(host) => Way::Tcp(host.to_owned()),
            None => Way::Channel(options.required("channel_address")?.to_owned()),
        });
    };
    let address = options.get("multicast_address");
    let ipv6 = match (family, address.map(|address| address.contains(':'))) {
        ("ipv6", None | Some(true)) | ("auto", Some(true)) => true,
        ("ipv4" | "auto", None | Some(false)) => false,
        _ => {
            let reason = format!(
                "{} is not an address of ip_family={family}",
                address.unwrap_or_default()
            );
            return Err(Error::invalid_option("multicast_address", reason));
        }
    };
    let interval = u64::from(u32::max(options.number("retrans")?.unwrap_or(20), 1));
    let hypervisors = options.number("hypervisors")?;
    if hypervisors == Some(0) {
        let reason = "is 0; give the number of hypervisors that have to answer, or omit the option";
        return Err(Error::invalid_option("hypervisors", reason));
    }
    Ok(Way::Group(Group {
        ipv6,
        interval: Duration::from_millis(interval * 100),
        hypervisors,
    }))
}

fn digest(options: &Options, name: &str) -> Result<Digest> {
    let word = options.get(name).unwrap_or("sha256");
    Digest::parse(word)
        .ok_or_else(|| Error::invalid_option(name, format!("is not one of {}", Digest::WORDS.join(", "))))
}

/// The key. A missing key is an error: the original client continues without
/// authentication, and then any program could answer.
fn key() -> Result<Vec<u8>> {
    let mut key = files::read("key_file").map_err(|failure| {
        // A key that cannot be read is not a reason to work without one: the host's text has the remedy then.
        let remedy = match failure {
            files::Failure::NotFound(_) => {
                "; copy it from a hypervisor, or set auth=none and hash=none to work without a key"
            }
            _ => "",
        };
        Error::invalid_option("key_file", format!("{}{remedy}", reason(&Error::from(failure))))
    })?;
    if key.is_empty() {
        return Err(Error::invalid_option(
            "key_file",
            "the file is empty, and an empty key does not protect anything",
        ));
    }
    key.truncate(KEY_LIMIT);
    Ok(key)
}

fn reason(cause: &Error) -> String {
    let text = match cause {
        Error::TaskFailed(text) | Error::Denied(text) => text.clone(),
        other => other.text(),
    };
    text.strip_prefix("option key_file: ")
        .map_or(text.clone(), str::to_owned)
}
