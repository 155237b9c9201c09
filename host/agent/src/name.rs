//! Names of agents.

use std::ffi::OsStr;
use std::path::Path;

/// The name of the agent from the name or path of its program: `fence_`, then
/// lower-case letters, digits and underscores. Other names are rejected, because
/// the name becomes a part of a path.
pub fn agent_name(program: &OsStr) -> Option<String> {
    let name = Path::new(program).file_name()?.to_str()?;
    let device = name.strip_prefix("fence_")?;
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (!device.is_empty() && device.bytes().all(known)).then(|| name.to_owned())
}
