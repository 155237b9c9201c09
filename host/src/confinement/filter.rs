//! Calls of the kernel, by seccomp.
//!
//! What is not on the list "does not exist" (`ENOSYS`) instead of ending the
//! process: a C library of tomorrow that tries a newer call falls back to the
//! one that is on the list. With `EPERM` it would not, and an agent that is
//! killed fences nobody.

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

/// For each call the ways in which it may be made; in every way if there is none.
type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Takes all other calls from all threads. Returns how many calls are left.
pub(super) fn install(needs: &Needs) -> Result<usize, String> {
    let rules = rules(needs).map_err(|cause| cause.to_string())?;
    let number = rules.len();
    let program = compile(rules).map_err(|cause| cause.to_string())?;
    apply_filter_all_threads(&program).map_err(|cause| match &cause {
        seccompiler::Error::Seccomp(cause) | seccompiler::Error::Prctl(cause) => format!("this kernel: {cause}"),
        other => other.to_string(),
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
    // The C library binds to ask the kernel for the addresses of this machine.
    if needs.names || needs.datagrams || needs.groups || listens {
        rules.insert(libc::SYS_bind, Vec::new());
    }
    if listens {
        rules.insert(libc::SYS_listen, Vec::new());
        rules.insert(libc::SYS_accept4, Vec::new());
    }
    Ok(rules)
}

/// Threads but no processes, signals to nobody else, and no limit or property
/// of this process that could be given back.
fn own_process() -> Result<Rules, seccompiler::BackendError> {
    let own = u64::from(std::process::id());
    let thread = libc::CLONE_THREAD as u64;
    let mut rules = Rules::from([
        // `clone3`, whose arguments cannot be looked at, is not there.
        (libc::SYS_clone, vec![rule([masked(0, thread, thread)?])?]),
        (libc::SYS_kill, vec![rule([equal(0, own)?])?]),
        (libc::SYS_tkill, vec![rule([equal(0, own)?])?]),
        (libc::SYS_tgkill, vec![rule([equal(0, own)?])?]),
        // Only to ask.
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
        // The names of pieces of memory, which newer C libraries give.
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
    // Not the ones that type on a terminal for its user.
    #[allow(clippy::unnecessary_cast, reason = "the type depends on the C library")]
    rules.insert(
        libc::SYS_ioctl,
        one_of(1, &requests.map(|request| request as u32 as u64))?,
    );
    Ok(rules)
}

/// Memory that can be executed comes from files alone, and only where the C
/// library loads its parts for looking up names. The plugin is compiled and
/// in memory by now.
fn memory(names: bool) -> Result<Rules, seccompiler::BackendError> {
    let (exec, write) = (number(libc::PROT_EXEC), number(libc::PROT_WRITE));
    let anonymous = number(libc::MAP_ANONYMOUS);
    let mut map = vec![rule([masked(2, exec, 0)?])?];
    let mut protect = map.clone();
    if names {
        map.push(rule([masked(2, exec | write, exec)?, masked(3, anonymous, 0)?])?);
        // Where code has landing pads (BTI), they are switched on later.
        if cfg!(target_arch = "aarch64") {
            protect.push(rule([masked(2, exec | write, exec)?])?);
        }
    }
    Ok(Rules::from([(libc::SYS_mmap, map), (libc::SYS_mprotect, protect)]))
}

/// TCP, which Landlock sees; its relatives (MPTCP, SCTP, SMC), which are other
/// protocols, it does not. For names also datagrams, the daemons of the system
/// and the list of this machine's addresses; for groups, datagrams and that list.
fn sockets(needs: &Needs) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    // Flags are put into the same argument.
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

/// Not with TCP fast open, which connects without a call that Landlock sees.
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

/// A pointer to nothing.
fn nothing(argument: u8) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)
}

/// Of these bits, just those are set.
fn masked(argument: u8, bits: u64, set: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(bits), set)
}

/// Constants of the C library have a sign that the kernel's do not.
fn number(constant: libc::c_int) -> u64 {
    u64::from(constant.cast_unsigned())
}
