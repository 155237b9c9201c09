//! A plugin with its own connection: each read that proves off uses a new connection.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use fencebox_sim::machine::{Arrival, Fleet, Machine, Old, Power};

use crate::support::{Outcome, call};

/// The device, and the requests of each connection.
#[derive(Clone)]
struct Device {
    fleet: Arc<Mutex<Fleet>>,
    asked: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Device {
    /// Accepts one connection after the other; the device allows only one at a time.
    fn start(machine: Machine) -> (Device, u16) {
        let device = Device {
            fleet: Arc::new(Mutex::new(Fleet::new(vec![machine]).unwrap())),
            asked: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = device.clone();
        std::thread::spawn(move || {
            for (connection, stream) in (0..).zip(listener.incoming()) {
                served.serve(connection, stream.unwrap());
            }
        });
        (device, port)
    }

    fn serve(&self, connection: u64, mut stream: TcpStream) {
        self.asked.lock().unwrap().push(Vec::new());
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        for word in lines.map_while(Result::ok) {
            self.asked.lock().unwrap().last_mut().unwrap().push(word.clone());
            let mut fleet = self.fleet.lock().unwrap();
            fleet.arrive(Arrival {
                connection,
                ..Arrival::default()
            });
            let machine = fleet.get_mut("1").unwrap();
            let answer = match word.as_str() {
                "power" => machine.read().to_string(),
                "off" => {
                    machine.operate("off", &[Power::Off]);
                    "ok".to_owned()
                }
                "on" => {
                    machine.operate("on", &[Power::On]);
                    "ok".to_owned()
                }
                _ => return,
            };
            drop(fleet);
            if writeln!(stream, "{answer}").is_err() {
                return;
            }
        }
    }

    fn fence(&self, port: u16, action: &str) -> Outcome {
        let lines = format!("ip=127.0.0.1\nipport={port}\nplug=1\npower_timeout=6\nstonith_status_sleep=0\n");
        call("fence_line", &format!("{lines}action={action}\n"))
    }

    fn history(&self) -> Vec<Power> {
        self.fleet.lock().unwrap().get("1").unwrap().history().to_vec()
    }
}

#[test]
fn each_read_that_proves_off_has_its_own_session() {
    let (device, port) = Device::start(Machine::new("1", Power::On));
    device.fence(port, "off").assert_done("Success: Powered OFF\n");
    assert_eq!(device.history(), [Power::On, Power::Off]);
    let asked = device.asked.lock().unwrap();
    let mut sessions = vec![vec!["power", "off", "power", "bye"]];
    sessions.extend(vec![vec!["power", "bye"]; 4]);
    assert_eq!(*asked, sessions);
}

#[test]
fn a_stale_replica_behind_a_load_balancer_is_detected() {
    // The session that sends the request reaches a stale replica and keeps reading from it.
    for order in ["sf", "ssf", "ssssf"] {
        let old = Old::Connections(Old::order(order));
        let machine = Machine::new("1", Power::On).replicated(Power::Off, old).deaf(u32::MAX);
        let (device, port) = Device::start(machine);
        let outcome = device.fence(port, "off");
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{order} {outcome:?}"
        );
        assert!(outcome.stderr.contains("power_timeout"), "{order} {outcome:?}");
        assert_eq!(device.history(), [Power::On]);
    }
}

#[test]
fn a_new_session_that_fails_is_an_error_and_not_off() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        // Accepts one session and no other.
        let (mut stream, _) = listener.accept().unwrap();
        drop(listener);
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        for word in lines.map_while(Result::ok) {
            let answer = if word == "power" { "off" } else { "ok" };
            let _ = writeln!(stream, "{answer}");
        }
    });
    let lines = format!("ip=127.0.0.1\nipport={port}\nplug=1\npower_timeout=3\nstonith_status_sleep=0\naction=off\n");
    let outcome = call("fence_line", &lines);
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    assert!(outcome.stderr.contains("new session"), "{outcome:?}");
}
