//! Tests of the journal and syslog, with sockets of the test as daemons.

use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::super::daemon;
use super::{Audit, caller};
use crate::description::Operations;
use crate::device::PowerStatus::Off;
use crate::fake_device::{FakeDevice, run_audited};
use crate::virtual_clock::VirtualClock;

const NOWHERE: &str = "/nonexistent/socket";

/// Runs one action with these daemons.
fn audit_off(journal: &Path, syslog: &Path) {
    let sinks = daemon(journal, syslog, "fence_probe").into_iter().collect();
    let audit = Audit::new("fence_probe", caller(), sinks);
    audit.set_plugin("/lib/fence_probe.wasm", "00ff");
    let mut device = FakeDevice::reporting([Ok(Off)]).and("a\nb", [Ok(Off)]);
    run_audited(
        &mut device,
        &VirtualClock::default(),
        Operations::default(),
        &["-o", "off", "-n", "1,a\nb"],
        &audit,
    );
}

fn next(daemon: &UnixDatagram) -> Option<String> {
    daemon.set_nonblocking(true).unwrap();
    let mut datagram = vec![0; 65536];
    let length = daemon.recv(&mut datagram).ok()?;
    datagram.truncate(length);
    Some(String::from_utf8(datagram).unwrap())
}

#[test]
fn the_journal_gets_fields_and_syslog_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, syslog) = (folder.path().join("journal"), folder.path().join("syslog"));
    let received = UnixDatagram::bind(&journal).unwrap();
    let unused = UnixDatagram::bind(&syslog).unwrap();
    audit_off(&journal, &syslog);
    let begin = next(&received).unwrap();
    assert!(begin.starts_with("MESSAGE=audit {\"action\":\"off\","), "{begin}");
    let end = next(&received).unwrap();
    for line in [
        "PRIORITY=5",
        "SYSLOG_FACILITY=10",
        "SYSLOG_IDENTIFIER=fence_probe",
        "FENCEBOX_EVENT=end",
        "FENCEBOX_AGENT=fence_probe",
        "FENCEBOX_ACTION=off",
        "FENCEBOX_PLUG=1",
        // Control characters are escaped before they come here.
        "FENCEBOX_PLUG=a\\nb",
        "FENCEBOX_RESULT=success",
        "FENCEBOX_EXIT=0",
        "FENCEBOX_PLUGIN=/lib/fence_probe.wasm",
        "FENCEBOX_PLUGIN_BLAKE3=00ff",
        "FENCEBOX_SERVICE=pacemaker-fenced",
    ] {
        assert_eq!(end.lines().filter(|found| *found == line).count(), 1, "{line}: {end}");
    }
    assert!(!end.contains("FENCEBOX_ERROR"), "{end}");
    assert_eq!((next(&received), next(&unused)), (None, None));
}

#[test]
fn syslog_gets_a_line_if_there_is_no_journal() {
    let folder = tempfile::tempdir().unwrap();
    let syslog = folder.path().join("syslog");
    let received = UnixDatagram::bind(&syslog).unwrap();
    audit_off(Path::new(NOWHERE), &syslog);
    let begin = next(&received).unwrap();
    // authpriv.notice
    let line = begin.strip_prefix("<85>").unwrap().split_at(15).1;
    assert!(line.starts_with(" fence_probe: audit {\"action\":\"off\","), "{begin}");
    assert!(next(&received).unwrap().contains("\"result\":\"success\""));
    assert_eq!(next(&received), None);
}

#[test]
fn a_dead_journal_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, syslog) = (folder.path().join("journal"), folder.path().join("syslog"));
    drop(UnixDatagram::bind(&journal).unwrap());
    let received = UnixDatagram::bind(&syslog).unwrap();
    audit_off(&journal, &syslog);
    assert!(next(&received).is_some());
}

#[test]
fn an_action_works_without_a_daemon() {
    assert!(daemon(Path::new(NOWHERE), Path::new(NOWHERE), "fence_probe").is_none());
    audit_off(Path::new(NOWHERE), Path::new(NOWHERE));
}

/// Fills the queue of a daemon that reads nothing.
fn flood(socket: &Path) -> UnixDatagram {
    let flood = UnixDatagram::unbound().unwrap();
    flood.connect(socket).unwrap();
    flood.set_nonblocking(true).unwrap();
    while flood.send(b"noise").is_ok() {}
    flood
}

#[test]
fn a_daemon_that_reads_nothing_does_not_block_the_action() {
    for play_journal in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _deaf = UnixDatagram::bind(&socket).unwrap();
        let flood = flood(&socket);
        if play_journal {
            audit_off(&socket, Path::new(NOWHERE))
        } else {
            audit_off(Path::new(NOWHERE), &socket)
        }
        assert!(flood.send(b"noise").is_err());
    }
}

#[test]
fn a_record_waits_for_a_queue_that_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let syslog = folder.path().join("syslog");
    let received = UnixDatagram::bind(&syslog).unwrap();
    let _flood = flood(&syslog);
    std::thread::scope(|scope| {
        scope.spawn(|| audit_off(Path::new(NOWHERE), &syslog));
        let mut datagram = vec![0; 65536];
        let mut records = 0;
        while records < 2 {
            let length = received.recv(&mut datagram).unwrap();
            records += usize::from(String::from_utf8_lossy(&datagram[..length]).contains(": audit {"));
        }
    });
}
