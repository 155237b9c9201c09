use super::{CALLS, compile, rules};
use crate::confinement::Needs;

fn needs(ports: &[u16], names: bool) -> Needs {
    Needs {
        ports: ports.iter().copied().collect(),
        names,
        ..Needs::default()
    }
}

#[test]
fn each_filter_fits_the_limit_of_the_kernel() {
    for needs in [needs(&[], false), needs(&[443], false), needs(&[443], true)] {
        let program = compile(rules(&needs).unwrap()).unwrap();
        // 4096 instructions are the kernel's limit.
        assert!((100..4096).contains(&program.len()), "{} instructions", program.len());
    }
}

#[test]
fn a_call_is_listed_once() {
    let rules = rules(&needs(&[443], true)).unwrap();
    let conditional = rules.values().filter(|ways| !ways.is_empty()).count();
    // Except for the calls with conditions, only `bind` and `connect` are not on the list.
    assert_eq!(rules.len(), CALLS.len() + conditional + 2);
}

#[test]
fn dangerous_calls_are_on_no_list() {
    let rules = rules(&needs(&[443], true)).unwrap();
    for call in [
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_clone3,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_bpf,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_kexec_load,
        libc::SYS_open_by_handle_at,
        libc::SYS_personality,
        libc::SYS_reboot,
        libc::SYS_setuid,
        libc::SYS_setrlimit,
        libc::SYS_listen,
        libc::SYS_accept4,
        libc::SYS_seccomp,
        libc::SYS_pkey_mprotect,
        libc::SYS_memfd_create,
    ] {
        assert!(!rules.contains_key(&call), "call {call}");
    }
    assert!(!rules[&libc::SYS_clone].is_empty(), "processes");
    assert!(!rules[&libc::SYS_mmap].is_empty(), "code");
}

#[test]
fn socket_calls_are_allowed_only_as_needed() {
    let there = |needs: &Needs| {
        let rules = rules(needs).unwrap();
        let calls = [
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_bind,
            libc::SYS_listen,
            libc::SYS_accept4,
        ];
        (
            calls.map(|call| rules.contains_key(&call)),
            rules.get(&libc::SYS_socket).map_or(0, Vec::len),
        )
    };
    let listen = Needs {
        listen: [1229].into(),
        ..Needs::default()
    };
    let groups = Needs {
        groups: true,
        ..Needs::default()
    };
    let datagrams = Needs {
        datagrams: true,
        ..Needs::default()
    };
    // Two address families with two values for the protocol, and the kernel's list of addresses.
    for (needs, calls, kinds) in [
        (needs(&[443], false), [true, true, false, false, false], 4),
        (listen.clone(), [true, false, true, true, true], 4),
        (groups.clone(), [true, false, true, false, false], 5),
        (datagrams, [true, true, true, false, false], 4),
        (Needs { groups: true, ..listen }, [true, false, true, true, true], 9),
        (needs(&[443], true), [true, true, true, false, false], 10),
    ] {
        assert_eq!(there(&needs), (calls, kinds), "{needs:?}");
        assert!(compile(rules(&needs).unwrap()).unwrap().len() < 4096);
    }
}

#[test]
fn sockets_are_denied_without_a_port() {
    let rules = rules(&needs(&[], false)).unwrap();
    assert!(!rules.contains_key(&libc::SYS_socket) && !rules.contains_key(&libc::SYS_connect));
}
