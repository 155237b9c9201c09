//! Whose rights this process has.

/// The real and the effective user. `/proc` says it also of a process that may
/// not be traced; the standard library does not.
pub(super) fn real_and_effective() -> Option<(u32, u32)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let mut users = users.split_whitespace().map(str::parse);
    Some((users.next()?.ok()?, users.next()?.ok()?))
}
