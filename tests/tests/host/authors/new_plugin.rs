//! The way of docs/plugins.md from nothing to a fenced machine: new, test, build, run, install, fence.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::support::{self, Outcome, cargo, isolated};

/// Only one crate is built at a time.
static BUILDING: Mutex<()> = Mutex::new(());

/// A crate that `fencebox new` has made.
struct Project {
    folder: TempDir,
    agent: String,
    target: PathBuf,
}

impl Project {
    fn new(device: &str, protocol: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut new = isolated(support::program("fencebox"));
        new.args(["new", device, protocol]).current_dir(folder.path());
        let outcome = support::run(new, "");
        assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
        let agent = format!("fence_{device}");
        assert!(
            outcome.stdout.starts_with(&format!("made {agent}; next:\n")),
            "{outcome:?}"
        );
        let project = Self {
            folder,
            agent,
            // Kept, so that a later run builds only the package itself.
            target: Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-plugin"),
        };
        // The lock file of the workspace, because its versions are already on this machine.
        let lock = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap()
            .join("Cargo.lock");
        fs::copy(lock, project.path().join("Cargo.lock")).unwrap();
        project
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(&self.agent)
    }

    /// Runs cargo in the crate.
    fn cargo(&self, arguments: &[&str]) {
        let mut command = cargo();
        command
            .args(arguments)
            .arg("--offline")
            .env("CARGO_TARGET_DIR", &self.target)
            .current_dir(self.path());
        let outcome = support::observe(&mut command, b"");
        assert_eq!(
            outcome.exit,
            Some(0),
            "{arguments:?}: {}{}",
            outcome.stdout,
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("warning"), "{arguments:?}: {}", outcome.stderr);
    }

    /// The program of the simulated device.
    fn simulator(&self) -> PathBuf {
        self.path().join("simulator")
    }

    /// The component, which has the name of the agent.
    fn component(&self) -> PathBuf {
        let built = format!("wasm32-wasip2/release/{}.wasm", self.agent);
        let own = self.path().join(format!("{}.wasm", self.agent));
        fs::copy(self.target.join(built), &own).unwrap();
        own
    }
}

/// The simulated device of the crate, and its port. It ends when this is dropped.
struct Simulator {
    child: Child,
    port: u16,
}

impl Simulator {
    fn start(project: &Project) -> Self {
        let mut child = isolated(project.simulator()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse();
        // It prints each request, and stops when the pipe is full.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Self {
            child,
            port: port.unwrap_or_else(|_| panic!("no port in {line:?}")),
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All steps, for one of the two templates.
fn from_nothing_to_a_fenced_machine(device: &str, protocol: &str, login: &str) {
    let project = Project::new(device, protocol);
    let component = {
        // The crates share a target folder, in which their simulators have the same name.
        let _building = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        project.cargo(&["test"]);
        project.cargo(&["build", "--release", "--target", "wasm32-wasip2"]);
        fs::copy(project.target.join("debug/examples/simulator"), project.simulator()).unwrap();
        project.component()
    };
    let simulator = Simulator::start(&project);
    let options = format!(
        "plug=1 ip=127.0.0.1 ipport={} stonith_status_sleep=0 {login}",
        simulator.port
    );
    let run = |action: &str| -> Outcome {
        let mut run = isolated(support::program("fencebox"));
        run.arg("run").arg(&component).arg("--").arg(format!("action={action}"));
        run.args(options.split(' '));
        support::run(run, "")
    };
    run("status").assert_done("Status: ON\n");
    let mut test = isolated(support::program("fencebox"));
    test.arg("test").arg(&component).arg("--").args(options.split(' '));
    let tested = support::run(test, "");
    assert_eq!((tested.exit, tested.stderr.as_str()), (Some(0), ""), "{tested:?}");
    assert!(tested.stdout.ends_with(" runs, 0 false successes\n"), "{tested:?}");

    let root = tempfile::tempdir().unwrap();
    let programs = root.path().join("usr/sbin");
    fs::create_dir_all(&programs).unwrap();
    fs::copy(support::program("fencebox"), programs.join("fencebox")).unwrap();
    let mut install = isolated(programs.join("fencebox"));
    install.arg("install").arg(&component);
    let installed = support::run(install, "");
    assert_eq!(
        (installed.exit, installed.stderr.as_str()),
        (Some(0), ""),
        "{installed:?}"
    );
    let call = |action: &str| {
        let lines = options.replace(' ', "\n");
        support::run(
            isolated(programs.join(&project.agent)),
            &format!("action={action}\n{lines}\n"),
        )
    };
    call("off").assert_done("Success: Powered OFF\n");
    assert_eq!(call("status").exit, Some(2));
    call("on").assert_done("Success: Powered ON\n");
    let wrong = options.replace("s3cret", "wrong").replace(' ', "\n");
    let refused = support::run(
        isolated(programs.join(&project.agent)),
        &format!("action=off\n{wrong}\n"),
    );
    refused.assert_refused(&["login refused"]);
}

#[test]
fn a_plugin_for_an_http_device_takes_five_commands() {
    from_nothing_to_a_fenced_machine("acme_pdu", "--http", "username=admin password=s3cret");
}

#[test]
fn a_plugin_for_a_device_with_its_own_protocol_takes_five_commands() {
    from_nothing_to_a_fenced_machine("acme_strip", "--socket", "password=s3cret");
}

#[test]
fn bad_names_and_existing_folders_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let new = |arguments: &[&str]| {
        let mut new = isolated(support::program("fencebox"));
        new.arg("new").args(arguments).current_dir(folder.path());
        support::run(new, "")
    };
    for name in ["", "Acme", "acme-pdu", "../acme", "fence_", "acme pdu"] {
        new(&[name]).assert_refused(&["is not a name of a device", "acme_pdu"]);
    }
    new(&["acme", "--sdk", "/nonexistent"]).assert_refused(&["/nonexistent: No such file"]);
    new(&["acme", "--sdk", "/"]).assert_refused(&["is not the folder of the SDK"]);
    fs::create_dir(folder.path().join("fence_acme")).unwrap();
    new(&["acme"]).assert_refused(&["fence_acme exists already"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
