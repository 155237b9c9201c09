//! A name that resolves to another address at each lookup: the agent connects only to the address that it checked. The
//! tests run in their own namespaces, where they answer the lookups.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::sandbox::server::{Server, well};
use crate::sandbox::{assert_contained, options, show};
use crate::support::call;
use crate::support::isolated;

const DEVICE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
/// An address of the namespace that is not a loopback address.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 7);
const PORT: u16 = 8080;

/// Set inside the namespaces.
const INSIDE: &str = "FENCEBOX_TEST_NAMESPACE";

/// Answers lookups of IPv4 addresses, and records the names.
struct Names(Arc<Mutex<Vec<String>>>);

impl Names {
    /// A server that answers with each of these in turn, and repeats the last.
    fn start(at: SocketAddr, answers: Vec<Vec<Ipv4Addr>>) -> Self {
        let mut given = 0;
        Self::start_with(at, move |_| {
            let answer = &answers[given.min(answers.len() - 1)];
            given += 1;
            answer.clone()
        })
    }

    /// A server that answers with the result of `answer` for the name, which ends with a dot.
    fn start_with(at: SocketAddr, mut answer: impl FnMut(&str) -> Vec<Ipv4Addr> + Send + 'static) -> Self {
        let socket = UdpSocket::bind(at).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        std::thread::spawn(move || {
            let mut packet = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut packet) {
                let Some((name, end)) = question(&packet[..length]) else {
                    continue;
                };
                let kind = u16::from_be_bytes([packet[end], packet[end + 1]]);
                let mut addresses = Vec::new();
                if kind == 1 {
                    addresses = answer(&name);
                    kept.lock().unwrap().push(name);
                }
                let reply = reply(&packet[..end + 4], &addresses);
                socket.send_to(&reply, from).unwrap();
            }
        });
        Self(asked)
    }

    fn look_ups(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// The name in the question, and the offset of its end.
fn question(packet: &[u8]) -> Option<(String, usize)> {
    let mut at = 12;
    let mut name = String::new();
    loop {
        let length = usize::from(*packet.get(at)?);
        at += 1;
        if length == 0 {
            return Some((name, at));
        }
        name.push_str(&String::from_utf8_lossy(packet.get(at..at + length)?));
        name.push('.');
        at += length;
    }
}

fn reply(question: &[u8], addresses: &[Ipv4Addr]) -> Vec<u8> {
    let mut reply = question.to_vec();
    // An authoritative answer without a further section.
    reply[2..4].copy_from_slice(&[0x85, 0x80]);
    reply[6..8].copy_from_slice(&u16::try_from(addresses.len()).unwrap().to_be_bytes());
    reply[8..12].fill(0);
    for address in addresses {
        // A pointer to the name of the question, type IPv4, class internet, a lifetime of 0 s.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(address.octets());
    }
    reply
}

/// Runs one of the tests below, or of `named`, in namespaces where the test resolves the names and answers as the
/// metadata service of the machine.
pub fn in_namespaces(test: &str) {
    let root = std::fs::metadata("/proc/self").is_ok_and(|metadata| {
        use std::os::unix::fs::MetadataExt;
        metadata.uid() == 0
    });
    let able = root
        && isolated("unshare")
            .args(["-mn", "true"])
            .status()
            .is_ok_and(|status| status.success());
    if !able {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI has to run this as root, where unshare works"
        );
        println!("skipped: only root can change name resolution, with unshare");
        return;
    }
    let script = "set -e
        ip link set lo up
        ip address add 10.9.8.7/32 dev lo
        ip address add 10.9.8.6/32 dev lo
        ip address add 169.254.169.254/32 dev lo
        printf 'nameserver 127.0.0.1\\noptions timeout:1 attempts:1\\n' > \"$1/resolv.conf\"
        printf 'hosts: dns\\n' > \"$1/nsswitch.conf\"
        : > \"$1/hosts\"
        for file in resolv.conf nsswitch.conf hosts; do
            [ -e \"/etc/$file\" ] || : > \"/etc/$file\"
            mount --bind \"$1/$file\" \"$(readlink -f /etc/$file)\"
        done
        exec \"$2\" --exact \"$3\" --ignored --nocapture";
    let folder = tempfile::tempdir().unwrap();
    let itself = std::env::current_exe().unwrap();
    let mut unshare = isolated("unshare");
    unshare.args(["-mn", "sh", "-c", script, "sh"]);
    unshare.args([folder.path(), &itself, Path::new(test)]).env(INSIDE, "1");
    let output = unshare.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

pub fn assert_inside() {
    assert!(std::env::var_os(INSIDE).is_some(), "another test runs this test");
}

fn name_server(answers: &[&[Ipv4Addr]]) -> Names {
    let answers = answers.iter().map(|answer| answer.to_vec()).collect();
    Names::start((Ipv4Addr::LOCALHOST, 53).into(), answers)
}

fn devices() -> (Server, Server) {
    (
        Server::start_at(DEVICE.into(), PORT, well),
        Server::start_at(ELSEWHERE.into(), PORT, well),
    )
}

/// A name that must mean this machine.
const LINES: &str = "ip=localhost\nipport=8080\n";
const WORDS: &[&str] = &["localhost resolved to 10.9.8.7, which is not this machine"];

#[test]
fn a_name_that_changes_after_the_check_is_safe() {
    in_namespaces("sandbox::dns::a_change_after_the_check");
}

/// The first lookup returns this machine; a second lookup would return another machine.
#[test]
#[ignore = "run in namespaces by the test above"]
fn a_change_after_the_check() {
    assert_inside();
    let names = name_server(&[&[DEVICE], &[ELSEWHERE]]);
    let (device, elsewhere) = devices();
    let outcome = call("fence_errand", &options("status", LINES));
    show("a name that changes, status", &outcome);
    outcome.assert_done("Status: ON\n");
    assert_eq!(
        (names.look_ups(), device.heads().len(), elsewhere.heads().len()),
        (1, 1, 0)
    );
    let outcome = call("fence_errand", &options("status", LINES));
    assert_contained("fence_errand", "a name that has changed, status", &outcome, WORDS);
    assert_eq!(
        (names.look_ups(), device.heads().len(), elsewhere.heads().len()),
        (2, 1, 0)
    );
}

#[test]
fn a_name_that_changes_before_the_connection_is_refused() {
    in_namespaces("sandbox::dns::a_change_before_the_connection");
}

/// A refused name is not looked up again in the hope of a better address.
#[test]
#[ignore = "run in namespaces by the test above"]
fn a_change_before_the_connection() {
    assert_inside();
    let names = name_server(&[&[ELSEWHERE], &[DEVICE]]);
    let (device, elsewhere) = devices();
    let outcome = call("fence_errand", &options("off", LINES));
    assert_contained("fence_errand", "a name that changes back, off", &outcome, WORDS);
    assert_eq!(
        (names.look_ups(), device.heads().len(), elsewhere.heads().len()),
        (1, 0, 0)
    );
}

#[test]
fn a_name_with_a_good_and_a_bad_address_is_refused() {
    in_namespaces("sandbox::dns::a_good_and_a_bad_address");
}

#[test]
#[ignore = "run in namespaces by the test above"]
fn a_good_and_a_bad_address() {
    assert_inside();
    let _names = name_server(&[&[DEVICE, ELSEWHERE], &[ELSEWHERE, DEVICE]]);
    let (device, elsewhere) = devices();
    for action in ["off", "reboot"] {
        let outcome = call("fence_errand", &options(action, LINES));
        assert_contained(
            "fence_errand",
            &format!("a name with two addresses, {action}"),
            &outcome,
            WORDS,
        );
    }
    assert_eq!((device.heads().len(), elsewhere.heads().len()), (0, 0));
}

#[test]
fn an_external_name_for_a_local_address_is_refused() {
    in_namespaces("sandbox::dns::an_external_name_for_a_local_address");
}

/// An external name must not lead to an address that only this machine can reach.
#[test]
#[ignore = "run in namespaces by the test above"]
fn an_external_name_for_a_local_address() {
    assert_inside();
    let metadata = Ipv4Addr::new(169, 254, 169, 254);
    let _names = name_server(&[&[DEVICE], &[metadata], &[ELSEWHERE, DEVICE]]);
    let (device, elsewhere) = devices();
    for kind in ["a loopback address", "a link-local address", "a loopback address"] {
        let outcome = call(
            "fence_errand",
            &options("off", "ip=device.example\nipport=8080\nssl=1\n"),
        );
        let words = ["device.example resolved to", kind, "has to be written literally"];
        assert_contained("fence_errand", &format!("a name for {kind}, off"), &outcome, &words);
    }
    assert_eq!((device.heads().len(), elsewhere.heads().len()), (0, 0));
}

#[test]
fn two_names_with_one_port_work() {
    in_namespaces("sandbox::dns::both_names_are_reached");
}

/// A regression test: each lookup of one name made the host forget the other.
#[test]
#[ignore = "run in namespaces by the test above"]
fn both_names_are_reached() {
    assert_inside();
    let other = Ipv4Addr::new(10, 9, 8, 6);
    let _names = Names::start_with((Ipv4Addr::LOCALHOST, 53).into(), move |name| match name {
        "one.example." => vec![ELSEWHERE],
        "two.example." => vec![other],
        _ => Vec::new(),
    });
    let (first, second) = (
        Server::start_at(ELSEWHERE.into(), PORT, well),
        Server::start_at(other.into(), PORT, well),
    );
    let outcome = call("fence_pair", &options("status", ""));
    show("two names at one port", &outcome);
    outcome.assert_done("Status: ON\n");
    for server in [first, second] {
        while server.heads().len() < 2 {
            std::thread::yield_now();
        }
    }
}
