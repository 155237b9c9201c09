//! A name with two addresses, one of which does not answer, in namespaces that have these addresses.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use fencebox_sim::xenapi::{self, DB01};
use fencebox_sim::{Config, Power, Simulator};

use crate::support::isolated;
use crate::support::{call, needs::are_met};

const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 9, 8, 6), Ipv4Addr::new(10, 9, 8, 7)];
const PORT: u16 = 8080;
/// Set inside the namespaces.
const INSIDE: &str = "FENCEBOX_TEST_NAMESPACE";

#[test]
fn a_dead_address_does_not_hide_the_other() {
    let rights = "ip link set lo up && mount -t tmpfs none /mnt";
    if !are_met(&["unshare", "ip"], "-mn", rights) {
        return;
    }
    let script = "set -e
        ip link set lo up
        ip address add 10.9.8.6/32 dev lo
        ip address add 10.9.8.7/32 dev lo
        printf '10.9.8.6 device.example\\n10.9.8.7 device.example\\n' > \"$1/hosts\"
        printf 'hosts: files\\n' > \"$1/nsswitch.conf\"
        for file in nsswitch.conf hosts; do
            [ -e \"/etc/$file\" ] || : > \"/etc/$file\"
            mount --bind \"$1/$file\" \"$(readlink -f /etc/$file)\"
        done
        exec \"$2\" --exact surroundings::addresses::both_orders_of_addresses_work --ignored --nocapture";
    let folder = tempfile::tempdir().unwrap();
    let itself = std::env::current_exe().unwrap();
    let mut unshare = isolated("unshare");
    unshare.args(["-mn", "sh", "-c", script, "sh"]);
    unshare.args([folder.path(), &itself, Path::new("")]).env(INSIDE, "1");
    let output = unshare.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// A listener whose queue is full: the kernel drops further connections.
fn dead(address: SocketAddr) -> (TcpListener, Vec<TcpStream>) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&address.into()).unwrap();
    socket.listen(0).unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queued.push(stream);
    }
    (socket.into(), queued)
}

/// Works with either order of addresses from the C library.
#[test]
#[ignore = "run in namespaces by the test above"]
fn both_orders_of_addresses_work() {
    assert!(std::env::var_os(INSIDE).is_some(), "another test runs this test");
    for [dead_one, other] in [ADDRESSES, [ADDRESSES[1], ADDRESSES[0]]] {
        let _dead = dead(SocketAddrV4::new(dead_one, PORT).into());
        let config = Config {
            tls: true,
            listen: SocketAddrV4::new(other, PORT).into(),
            ..xenapi::Settings::default().config()
        };
        let pool = Simulator::start(config).unwrap();
        for timeout in [2, 5, 30] {
            let options = format!(
                "action=off\nsession_url=https://device.example:{PORT}\nlogin=root\npasswd=s3cret\n\
                 ssl_fingerprint={}\nplug=db01\nstonith_status_sleep=0\npower_timeout=20\n\
                 login_timeout={timeout}\nshell_timeout={timeout}\n",
                pool.fingerprint().unwrap()
            );
            let off = || {
                pool.set_power(DB01, Power::On).unwrap();
                let outcome = call("fence_xenapi", &options);
                outcome.assert_done("Success: Powered OFF\n");
                assert_eq!(pool.power(DB01), Some(Power::Off));
                outcome.took
            };
            // The delay occurs once per action, not for each of its requests. On a busy machine, the program may need
            // as long for itself.
            assert!((0..10).any(|_| off() < Duration::from_secs(3)), "{dead_one} {timeout}");
        }
    }
}
