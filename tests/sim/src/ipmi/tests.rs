//! The parts that need no client; `tests/tests/simulators` runs those of other authors.

use std::net::UdpSocket;
use std::time::Duration;

use super::{Fault, Plan, STEPS, Settings, Simulator, User, samples};

fn client(simulator: &Simulator) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(simulator.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 512];
    let size = socket.recv(&mut buffer).unwrap();
    buffer[..size].to_vec()
}

#[test]
fn each_sample_is_read_as_it_is_written() {
    for (step, _) in STEPS {
        for fault in samples(step) {
            let plan: Plan = format!("{step}#2*3={fault}").parse().unwrap();
            let expected = Plan {
                step,
                first: 2,
                last: Some(4),
                fault,
            };
            assert_eq!(plan, expected);
        }
    }
    for wrong in ["off", "off=", "boot=lost", "off=late", "off=late:256", "off#x=lost"] {
        assert!(wrong.parse::<Plan>().is_err(), "{wrong}");
    }
    assert!("a:b:root".parse::<User>().is_err() && "a".parse::<User>().is_err());
}

#[test]
fn capabilities_have_the_bytes_of_the_specification() {
    let simulator = Simulator::start(Settings::default()).unwrap();
    let socket = client(&simulator);
    let request = b"\x06\0\xff\x07\0\0\0\0\0\0\0\0\0\x09\x20\x18\xc8\x81\x00\x38\x8e\x04\xb5";
    socket.send(b"garbage").unwrap();
    socket.send(request).unwrap();
    let answer = receive(&socket);
    assert_eq!(
        answer[14..],
        *b"\x81\x1c\x63\x20\x00\x38\x00\x01\x94\x04\x03\0\0\0\0\x0c"
    );
    assert_eq!(simulator.requests(), ["capabilities"]);
}

#[test]
fn a_planned_fault_strikes_only_its_calls() {
    let simulator = Simulator::start(Settings {
        faults: vec!["capabilities#2*1=twice".parse().unwrap()],
        ..Settings::default()
    })
    .unwrap();
    let socket = client(&simulator);
    let request = b"\x06\0\xff\x07\0\0\0\0\0\0\0\0\0\x09\x20\x18\xc8\x81\x00\x38\x8e\x04\xb5";
    let mut answers = Vec::new();
    for _ in 0..3 {
        socket.send(request).unwrap();
        answers.push(receive(&socket));
    }
    // The second answer came twice, so the third one has not arrived yet.
    answers.push(receive(&socket));
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(socket.recv(&mut [0; 8]).is_err());
    assert_eq!(Fault::Twice.to_string(), "twice");
}
