//! Tests of the daemon with a client that sends what the real client sends.

use std::io::{Read as _, Write as _};

use fencebox_agent::clock::Clock as _;

use super::*;
use crate::machine::{Old, Power};

/// Bytes 0 to 31.
fn settings(faults: &[&str]) -> Settings {
    Settings {
        key: (0..32).collect(),
        faults: faults.iter().map(|plan| plan.parse().unwrap()).collect(),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Settings::default()
    }
}

/// The request `status` for `vm-alpha`, as captured, signed with SHA-256.
fn captured() -> Vec<u8> {
    let hex = [
        "04020000766d2d616c706861".to_owned(),
        "00".repeat(86),
        "7206eccaa2c5046e090000000000a313d1a4e21820866c307bf396d716df9bc9d8771c66e9777ea539d96a6c335a".to_owned(),
        "00".repeat(32),
    ]
    .concat();
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn ask(virtd: &FenceVirtd, packet: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(virtd.address().unwrap()).unwrap();
    stream.write_all(packet).unwrap();
    let mut proof = [0; 128];
    stream.write_all(&[7; 64]).unwrap();
    if stream.read_exact(&mut proof).is_err() {
        return Vec::new();
    }
    let key: Vec<u8> = (0..32).collect();
    assert_eq!(proof[..64], Digest::Sha256.sign(&key, &[7; 64]));
    stream.write_all(&Digest::Sha256.sign(&key, &proof[64..])).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

#[test]
fn a_captured_request_is_answered_once() {
    let virtd = FenceVirtd::start(settings(&[])).unwrap();
    assert_eq!(captured().len(), 176);
    assert_eq!(ask(&virtd, &captured()), [0]);
    // The daemon received it a moment ago.
    assert_eq!(ask(&virtd, &captured()), [0; 0]);
    assert_eq!(virtd.requests(), ["status"]);
}

#[test]
fn a_request_with_another_signature_is_ignored() {
    let virtd = FenceVirtd::start(settings(&[])).unwrap();
    let mut packet = captured();
    packet[4] = b'x';
    assert_eq!(ask(&virtd, &packet), [0; 0]);
    assert_eq!(virtd.requests(), [""; 0]);
}

#[test]
fn plans_apply_to_their_step_and_call() {
    let virtd = FenceVirtd::start(settings(&["status=code:77"])).unwrap();
    assert_eq!(ask(&virtd, &captured()), [77]);
    for plans in [["status#2=code:77", "off=silent"], ["status*0=code:77", "on*1=drop"]] {
        let virtd = FenceVirtd::start(settings(&plans)).unwrap();
        assert_eq!(ask(&virtd, &captured()), [0]);
    }
    for wrong in [
        "status",
        "nonsense=drop",
        "status=nonsense",
        "status#x=drop",
        "list=cut",
        "off=code:256",
        "off*x=drop",
    ] {
        assert!(wrong.parse::<Plan>().is_err(), "{wrong}");
    }
}

/// The daemon's answer to `status` for this machine through the channel of a guest.
fn ask_by_channel(virtd: &FenceVirtd, machine: &str, number: u8) -> Vec<u8> {
    let mut packet = [b"abba\x04\x00", machine.as_bytes()].concat();
    packet.resize(70, 0);
    packet.extend([number, 0, 0, 0]);
    let mut stream = TcpStream::connect(virtd.address().unwrap()).unwrap();
    stream.write_all(&packet).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn the_answer_on_the_channel_of_a_guest_follows_its_mark() {
    let virtd = FenceVirtd::start(settings(&[])).unwrap();
    assert_eq!(ask_by_channel(&virtd, "vm-off", 0), b"abba\x02");
}

#[test]
fn a_stale_replica_recovers_at_its_time_on_the_callers_clock() {
    let clock = Arc::new(VirtualClock::shared());
    let machine = Machine::new("11111111-2222-4333-8444-555555555501", Power::Off).named("vm-alpha");
    let virtd = FenceVirtd::start(Settings {
        machines: vec![machine.replicated(Power::On, Old::Until(Duration::from_secs(1)))],
        clock: Some(clock.clone()),
        ..settings(&[])
    })
    .unwrap();
    assert_eq!(ask_by_channel(&virtd, "vm-alpha", 1), b"abba\x00");
    clock.sleep(Duration::from_secs(1)).unwrap();
    assert_eq!(ask_by_channel(&virtd, "vm-alpha", 2), b"abba\x02");
}

#[test]
fn a_balancer_selects_replicas_by_connection() {
    let machine = Machine::new("11111111-2222-4333-8444-555555555501", Power::Off).named("vm-alpha");
    let virtd = FenceVirtd::start(Settings {
        machines: vec![machine.replicated(Power::On, Old::Connections(Old::order("fs")))],
        ..settings(&[])
    })
    .unwrap();
    let answers = [1, 2, 3].map(|number| ask_by_channel(&virtd, "vm-alpha", number));
    assert_eq!(answers, [b"abba\x02", b"abba\x00", b"abba\x02"]);
}

#[test]
fn each_fault_is_written_as_it_is_parsed() {
    for (step, _) in STEPS {
        for fault in samples(step) {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
    }
    let plan: Plan = "list#2*3=cut:64".parse().unwrap();
    assert_eq!((plan.first, plan.last), (2, Some(4)));
}
