//! System calls, filtered by seccomp.
//!
//! A call that is not on the list fails with `ENOSYS` ("does not exist") and does not end the process. A future C
//! library that tries a newer call then uses the older call, which is on the list. With `EPERM` it would not do so, and
//! a killed agent cannot fence.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads,
};

use super::Needs;
use calls::CALLS;

mod calls;

#[cfg(test)]
mod tests;

/// The conditions under which each call is allowed. A call without conditions is always allowed.
type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Why there is no filter.
#[derive(Debug, thiserror::Error)]
pub enum NoFilter {
    /// The kernel rejected the filter.
    #[error("this kernel: {0}")]
    Rejected(std::io::Error),
    /// The filter could not be compiled.
    #[error(transparent)]
    Program(#[from] seccompiler::BackendError),
    /// Another failure.
    #[error(transparent)]
    Other(seccompiler::Error),
}

/// Denies all other calls in all threads. Returns the number of allowed calls.
pub(super) fn install(needs: &Needs) -> Result<usize, NoFilter> {
    let rules = rules(needs)?;
    let number = rules.len();
    let program = compile(rules)?;
    apply_filter_all_threads(&program).map_err(|cause| match cause {
        seccompiler::Error::Seccomp(cause) | seccompiler::Error::Prctl(cause) => NoFilter::Rejected(cause),
        other => NoFilter::Other(other),
    })?;
    Ok(number)
}

fn compile(rules: Rules) -> Result<BpfProgram, seccompiler::BackendError> {
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?;
    filter.try_into()
}

fn rules(needs: &Needs) -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = CALLS.iter().map(|call| (*call, Vec::new())).collect();
    rules.extend(own_process()?);
    rules.extend(memory(needs.names)?);
    rules.extend(sending()?);
    let listens = !needs.listen.is_empty();
    let connects = needs.names || needs.datagrams || !needs.ports.is_empty();
    if connects || listens || needs.groups {
        rules.insert(libc::SYS_socket, sockets(needs)?);
    }
    if connects {
        rules.insert(libc::SYS_connect, Vec::new());
    }
    // The C library binds a socket to read this machine's addresses from the kernel.
    if needs.names || needs.datagrams || needs.groups || listens {
        rules.insert(libc::SYS_bind, Vec::new());
    }
    if listens {
        rules.insert(libc::SYS_listen, Vec::new());
        rules.insert(libc::SYS_accept4, Vec::new());
    }
    Ok(rules)
}

/// Allows threads but not processes, signals only to this process, and no change of limits or properties that would
/// remove a restriction.
fn own_process() -> Result<Rules, seccompiler::BackendError> {
    let own = u64::from(std::process::id());
    let thread = libc::CLONE_THREAD as u64;
    let mut rules = Rules::from([
        // `clone3` is not allowed, because a filter cannot read its arguments.
        (libc::SYS_clone, vec![rule([masked(0, thread, thread)?])?]),
        (libc::SYS_kill, vec![rule([equal(0, own)?])?]),
        (libc::SYS_tkill, vec![rule([equal(0, own)?])?]),
        (libc::SYS_tgkill, vec![rule([equal(0, own)?])?]),
        // Only to read a limit.
        (libc::SYS_prlimit64, vec![rule([equal(0, 0)?, nothing(2)?])?]),
        (libc::SYS_socketpair, vec![rule([equal(0, number(libc::AF_UNIX))?])?]),
    ]);
    let one_of = |argument, values: &[u64]| -> Result<Vec<_>, seccompiler::BackendError> {
        values.iter().map(|value| rule([equal(argument, *value)?])).collect()
    };
    let properties = [
        libc::PR_SET_NAME,
        libc::PR_GET_NAME,
        libc::PR_GET_DUMPABLE,
        libc::PR_GET_NO_NEW_PRIVS,
        // Newer C libraries name regions of memory.
        libc::PR_SET_VMA,
    ];
    rules.insert(libc::SYS_prctl, one_of(0, &properties.map(number))?);
    let requests = [
        libc::FIONBIO,
        libc::FIOCLEX,
        libc::FIONREAD,
        libc::TCGETS,
        libc::TIOCGWINSZ,
        libc::SIOCGIFINDEX as _,
        libc::SIOCGIFNAME as _,
        libc::SIOCGIFFLAGS as _,
        libc::SIOCGIFCONF as _,
    ];
    // Without the requests that simulate input on a terminal.
    #[allow(clippy::unnecessary_cast, reason = "the type depends on the C library")]
    rules.insert(
        libc::SYS_ioctl,
        one_of(1, &requests.map(|request| request as u32 as u64))?,
    );
    Ok(rules)
}

/// Executable memory comes only from files, and only if the C library has to load its libraries for name lookups. The
/// compiled plugin is in memory before this filter is installed.
fn memory(names: bool) -> Result<Rules, seccompiler::BackendError> {
    let (exec, write) = (number(libc::PROT_EXEC), number(libc::PROT_WRITE));
    let anonymous = number(libc::MAP_ANONYMOUS);
    let mut map = vec![rule([masked(2, exec, 0)?])?];
    let mut protect = map.clone();
    if names {
        map.push(rule([masked(2, exec | write, exec)?, masked(3, anonymous, 0)?])?);
        // Branch target identification (BTI) is enabled after code was mapped.
        if cfg!(target_arch = "aarch64") {
            protect.push(rule([masked(2, exec | write, exec)?])?);
        }
    }
    Ok(Rules::from([(libc::SYS_mmap, map), (libc::SYS_mprotect, protect)]))
}

/// TCP, which Landlock restricts. Landlock does not restrict MPTCP, SCTP and SMC, so these are denied. Name lookups
/// also need datagrams, the system's daemons and the list of this machine's addresses. Multicast groups need datagrams
/// and that list.
fn sockets(needs: &Needs) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    // The same argument contains flags.
    let kind = |kind| masked(1, 0xf, number(kind));
    let mut rules = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        let mut add = |of, protocol| {
            rules.push(rule([
                equal(0, number(family))?,
                kind(of)?,
                equal(2, number(protocol))?,
            ])?);
            Ok(())
        };
        if needs.names || !needs.ports.is_empty() || !needs.listen.is_empty() {
            add(libc::SOCK_STREAM, 0)?;
            add(libc::SOCK_STREAM, libc::IPPROTO_TCP)?;
        }
        if needs.names || needs.datagrams || needs.groups {
            add(libc::SOCK_DGRAM, 0)?;
            add(libc::SOCK_DGRAM, libc::IPPROTO_UDP)?;
        }
    }
    if needs.names {
        rules.push(rule([equal(0, number(libc::AF_UNIX))?])?);
    }
    if needs.names || needs.groups {
        let routes = number(libc::NETLINK_ROUTE);
        rules.push(rule([equal(0, number(libc::AF_NETLINK))?, equal(2, routes)?])?);
    }
    Ok(rules)
}

/// Sending without TCP fast open, which connects without a call that Landlock checks.
fn sending() -> Result<Rules, seccompiler::BackendError> {
    let plain = |flags| Ok(vec![rule([masked(flags, number(libc::MSG_FASTOPEN), 0)?])?]);
    Ok(Rules::from([
        (libc::SYS_sendto, plain(3)?),
        (libc::SYS_sendmsg, plain(2)?),
        (libc::SYS_sendmmsg, plain(3)?),
    ]))
}

fn rule<const N: usize>(conditions: [SeccompCondition; N]) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(conditions.into())
}

fn equal(argument: u8, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

/// The argument is a null pointer.
fn nothing(argument: u8) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)
}

/// Of the bits in `bits`, exactly those in `set` are set.
fn masked(argument: u8, bits: u64, set: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(bits), set)
}

/// Constants of the C library are signed, those of the kernel are not.
fn number(constant: libc::c_int) -> u64 {
    u64::from(constant.cast_unsigned())
}
