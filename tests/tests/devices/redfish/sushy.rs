//! `fence_redfish` and sushy-tools, a Redfish service of OpenStack, with its driver for imagined machines.
//!
//! It answers a reset with 204, and the power state changes about 1.5 seconds later.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{call, isolated, needs, python};

pub const NODE1: &str = "/redfish/v1/Systems/da69abcc-dae0-4913-9a7b-d344043097c0";
pub const NODE2: &str = "/redfish/v1/Systems/da69abcc-dae0-4913-9a7b-d344043097c1";

const CONFIGURATION: &str = "
SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'
SUSHY_EMULATOR_LISTEN_PORT = @PORT@
SUSHY_EMULATOR_SSL_CERT = '@FOLDER@/certificate'
SUSHY_EMULATOR_SSL_KEY = '@FOLDER@/key'
SUSHY_EMULATOR_AUTH_FILE = '@FOLDER@/htpasswd'
SUSHY_EMULATOR_STATE_DIR = '@FOLDER@'
";

const IMAGINED: &str = "
SUSHY_EMULATOR_FAKE_DRIVER = True
SUSHY_EMULATOR_FAKE_SYSTEMS = [
    {'uuid': 'da69abcc-dae0-4913-9a7b-d344043097c0', 'name': 'node1', 'power_state': 'On', 'nics': []},
    {'uuid': 'da69abcc-dae0-4913-9a7b-d344043097c1', 'name': 'node2', 'power_state': 'Off', 'nics': []},
]
";

/// The service, for `python -c`.
pub const PROGRAM: &str = "from sushy_tools.emulator.main import main; main()";

/// Writes `sushy.conf` with this driver, and its certificate, key and account (root, s3cret), into a folder. Returns the
/// Python that has the service; none if it or openssl is missing, which is a failure in CI.
pub fn configure(folder: &Path, port: u16, driver: &str) -> Option<&'static Path> {
    if !needs::are_met(&["openssl"], "--fork", "true") {
        return None;
    }
    let interpreter = python::interpreter()?;
    let request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1";
    let mut openssl = isolated("openssl");
    openssl.args(request.split(' ')).current_dir(folder);
    openssl.args(["-keyout", "key", "-out", "certificate"]);
    assert!(openssl.stderr(Stdio::null()).status().unwrap().success());
    let hash = "import bcrypt; print('root:' + bcrypt.hashpw(b's3cret', bcrypt.gensalt(4)).decode())";
    let hashed = isolated(interpreter).args(["-c", hash]).output().unwrap();
    assert!(hashed.status.success(), "{hashed:?}");
    std::fs::write(folder.join("htpasswd"), hashed.stdout).unwrap();
    let text = CONFIGURATION.replace("@PORT@", &port.to_string()) + driver;
    let text = text.replace("@FOLDER@", folder.to_str().unwrap());
    std::fs::write(folder.join("sushy.conf"), text).unwrap();
    Some(interpreter)
}

/// The running service: node1 is on, node2 off; user root, password s3cret.
pub struct Emulator {
    child: Child,
    pub port: u16,
    folder: tempfile::TempDir,
}

impl Emulator {
    /// None if Python or openssl is missing; in CI, that is a failure.
    pub fn start() -> Option<Emulator> {
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let interpreter = configure(folder.path(), port, IMAGINED)?;
        let file = |name: &str| folder.path().join(name);
        let log = std::fs::File::create(file("log")).unwrap();
        let child = isolated(interpreter)
            .args(["-c", PROGRAM, "--fake", "--config"])
            .arg(file("sushy.conf"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut emulator = Emulator { child, port, folder };
        emulator.wait();
        Some(emulator)
    }

    /// Waits until it accepts connections, or has ended.
    fn wait(&mut self) {
        let end = Instant::now() + Duration::from_secs(120);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(self.child.try_wait().unwrap().is_none(), "sushy-tools ended: {log}");
            assert!(Instant::now() < end, "sushy-tools does not listen: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate")
    }

    /// The options that reach it.
    pub fn reach(&self) -> String {
        format!("ip=127.0.0.1\nipport={}\nusername=root\npassword=s3cret\n", self.port)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_action_works() {
    let Some(bmc) = Emulator::start() else {
        return;
    };
    let trusted = format!("{}ca_file={}\n", bmc.reach(), bmc.certificate().display());
    for (system, action, exit, stdout) in [
        (NODE1, "status", 0, "Status: ON\n"),
        (NODE2, "status", 2, "Status: OFF\n"),
        (NODE1, "monitor", 0, ""),
        (NODE1, "off", 0, "Success: Powered OFF\n"),
        (NODE1, "status", 2, "Status: OFF\n"),
        (NODE1, "on", 0, "Success: Powered ON\n"),
        (NODE1, "reboot", 0, "Success: Rebooted\n"),
        (NODE2, "status", 2, "Status: OFF\n"),
    ] {
        let outcome = call(
            "fence_redfish",
            &format!("{trusted}systems_uri={system}\naction={action}\n"),
        );
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(exit), stdout),
            "{action}: {outcome:?}"
        );
    }
}

#[test]
fn diagnostics_that_the_device_refuses_are_a_failure() {
    let Some(bmc) = Emulator::start() else {
        return;
    };
    let lines = format!("{}ssl_insecure=1\nsystems_uri={NODE1}\naction=diag\n", bmc.reach());
    call("fence_redfish", &lines).assert_refused(&["diag", "Base.1.0.GeneralError"]);
}

#[test]
fn systems_have_names_and_are_never_chosen_silently() {
    let Some(bmc) = Emulator::start() else {
        return;
    };
    let reach = format!("{}ssl_insecure=1\naction=status\n", bmc.reach());
    for (plug, exit, stdout) in [
        ("node1", 0, "Status: ON\n"),
        ("node2", 2, "Status: OFF\n"),
        ("da69abcc-dae0-4913-9a7b-d344043097c1", 2, "Status: OFF\n"),
    ] {
        let outcome = call("fence_redfish", &format!("{reach}plug={plug}\n"));
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(exit), stdout),
            "{plug}: {outcome:?}"
        );
    }
    for plug in ["", "plug=node3\n"] {
        call("fence_redfish", &format!("{reach}{plug}")).assert_refused(&["not unique", NODE1, NODE2]);
    }
    let wrong = reach.replace("password=s3cret", "password=wrong-pass");
    call("fence_redfish", &wrong).assert_refused(&["login refused"]);
    // It has no sessions, and answers a request for one with 401.
    call("fence_redfish", &format!("{reach}session_auth=1\n")).assert_refused(&["for the login"]);
}
