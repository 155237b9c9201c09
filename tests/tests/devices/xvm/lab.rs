//! A separate network with one loopback interface, and a daemon in it. All of it ends when the standard input of its
//! shell ends, so also after a test that failed or was killed.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use fencebox_sim::machine::{Machine, Power};

use crate::support::isolated;
use crate::support::{Outcome, needs, program, run};

pub(crate) const UUID: &str = "11111111-2222-4333-8444-5555555555";

/// Whether the requirements of the lab are met. In CI, a missing requirement is a failure.
pub(crate) fn available() -> bool {
    needs::are_met(&["fence_virtd", "fence_xvm", "ip", "nsenter"], "-n", "true")
}

/// The settings of a daemon.
#[derive(Clone, Debug)]
pub(crate) struct Daemon {
    /// `multicast` or `tcp`, the listeners of the real daemon.
    pub(crate) listener: &'static str,
    pub(crate) ipv6: bool,
    pub(crate) hash: &'static str,
    pub(crate) auth: &'static str,
    /// The section of the configuration with the permissions.
    pub(crate) groups: &'static str,
}

impl Default for Daemon {
    fn default() -> Self {
        Self {
            listener: "multicast",
            ipv6: false,
            hash: "sha256",
            auth: "sha256",
            groups: "",
        }
    }
}

/// The network and its daemon.
pub(crate) struct Lab {
    shell: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

/// The loopback interface does not support multicast groups of IPv6; a veth pair does.
const NETWORK: &str = "ip link set lo up; ip link set lo multicast on; ip route add 224.0.0.0/4 dev lo; \
     ip link add d0 type veth peer name d1; ip link set d1 up; ip addr add fd00:77::1/64 dev d0 nodad; \
     ip link set d0 up multicast on; ";

impl Lab {
    /// The real daemon, with libvirt's test driver.
    pub(crate) fn real(daemon: &Daemon) -> Self {
        let folder = folder();
        let path = folder.path().display();
        std::fs::write(folder.path().join("node.xml"), nodes()).unwrap();
        let (group, family, interface) = if daemon.ipv6 {
            ("ff05::3:1", "ipv6", "d0")
        } else {
            ("225.0.0.12", "ipv4", "lo")
        };
        let Daemon {
            listener, hash, auth, ..
        } = daemon;
        let of_listener = match *listener {
            "multicast" => {
                format!(r#"address = "{group}"; interface = "{interface}"; hash = "{hash}"; auth = "{auth}";"#)
            }
            // This listener uses its option `auth` as `hash`: both have the default value unless `hash` is set.
            _ => format!(r#"address = "127.0.0.1"; hash = "{hash}";"#),
        };
        let config = format!(
            r#"fence_virtd {{ backend = "libvirt"; listener = "{listener}"; module_path = "{}"; foreground = "1"; }}
               listeners {{ {listener} {{ key_file = "{path}/key"; family = "{family}"; port = "1229"; {of_listener} }} }}
               backends {{ libvirt {{ uri = "test://{path}/node.xml"; }} }}
               {}"#,
            modules().display(),
            daemon.groups
        );
        std::fs::write(folder.path().join("virtd.conf"), config).unwrap();
        let table = if *listener == "multicast" { "udp" } else { "tcp" };
        let script = format!(
            "fence_virtd -F -d 5 -f {path}/virtd.conf -p {path}/pid </dev/null >{path}/log 2>&1 & D=$!; \
             i=0; until grep -q :04CD /proc/net/{table} /proc/net/{table}6; do sleep 0.05; i=$((i+1)); \
             if [ $i = 200 ]; then cat {path}/log; exit 1; fi; done; echo ready; \
             cat >/dev/null; kill $D; wait $D"
        );
        Self::start(folder, &script)
    }

    /// Our simulator of the daemon, with these arguments.
    pub(crate) fn simulated(arguments: &[&str]) -> Self {
        let folder = folder();
        let simulator = crate::support::simulator();
        let key = folder.path().join("key");
        let script = format!(
            "exec {} xvm --key-file {} --group 225.0.0.12:1229 --until-eof {}",
            simulator.display(),
            key.display(),
            arguments.join(" ")
        );
        Self::start(folder, &script)
    }

    fn start(folder: tempfile::TempDir, script: &str) -> Self {
        let mut shell = isolated("unshare")
            .args(["-n", "sh", "-c", &format!("{NETWORK}{script}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = shell.stdin.take();
        let stdout = BufReader::new(shell.stdout.take().unwrap());
        let mut lab = Self {
            shell,
            stdin,
            stdout,
            folder,
        };
        let line = lab.line();
        assert!(
            line.starts_with("ready") || line.starts_with("listening"),
            "no daemon: {line}"
        );
        lab
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// The true state of a machine in the simulator.
    pub(crate) fn machine(&mut self, name: &str) -> Machine {
        writeln!(self.stdin.as_mut().unwrap(), "machine {name}").unwrap();
        let line = self.line();
        let truth: serde_json::Value = serde_json::from_str(&line).unwrap();
        let words = truth["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap());
        let mut powers = words.map(|word| word.parse::<Power>().unwrap());
        let mut machine = Machine::new(truth["id"].as_str().unwrap(), powers.next().unwrap()).named(name);
        powers.for_each(|power| machine.set_power(power));
        machine
    }

    /// The number of the simulator's hypervisors on which a machine runs.
    pub(crate) fn running(&mut self, name: &str) -> u32 {
        writeln!(self.stdin.as_mut().unwrap(), "running {name}").unwrap();
        self.line().trim().parse().unwrap()
    }

    /// The history of a machine on each hypervisor of the simulator that has it, in order.
    pub(crate) fn histories(&mut self, name: &str) -> Vec<Vec<String>> {
        writeln!(self.stdin.as_mut().unwrap(), "histories {name}").unwrap();
        let line = self.line();
        serde_json::from_str(&line).unwrap()
    }

    /// The requests that each hypervisor of the simulator has accepted.
    pub(crate) fn requests(&mut self) -> Vec<Vec<String>> {
        writeln!(self.stdin.as_mut().unwrap(), "requests").unwrap();
        let line = self.line();
        serde_json::from_str(&line).unwrap()
    }

    /// The right key.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    /// A wrong key.
    pub(crate) fn other_key(&self) -> PathBuf {
        self.folder.path().join("other")
    }

    /// Runs a program in the network.
    pub(crate) fn run(&self, program: &Path, arguments: &[&str], stdin: &str) -> Outcome {
        let mut command = isolated("nsenter");
        command
            .arg("-t")
            .arg(self.shell.id().to_string())
            .arg("-n")
            .arg(program)
            .args(arguments);
        run(command, stdin)
    }

    /// Runs our agent. The value after `-p` would be masked as a secret, because that is the letter of the password in
    /// other agents.
    pub(crate) fn ours(&self, name: &str, arguments: &[&str]) -> Outcome {
        let mut arguments = arguments.to_vec();
        for argument in arguments.iter_mut().filter(|own| **own == "-p") {
            *argument = "--ipport";
        }
        self.run(&program(name), &arguments, "")
    }

    /// Runs the real client.
    pub(crate) fn theirs(&self, name: &str, arguments: &[&str]) -> Outcome {
        self.run(&Path::new("/usr/sbin").join(name), arguments, "")
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The end of its input ends the shell, which ends the daemon.
        self.stdin = None;
        let _ = self.shell.wait();
    }
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("fencebox-xvm-").tempdir().unwrap();
    std::fs::write(folder.path().join("key"), b"the key of the hypervisors\n").unwrap();
    std::fs::write(folder.path().join("other"), b"another key\n").unwrap();
    folder
}

/// The folder of the daemon's modules on Debian, on any architecture.
fn modules() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap();
    let found = folders
        .map(|folder| folder.unwrap().path().join("fence-virt"))
        .find(|path| path.exists());
    found.expect("fence-virtd has no modules below /usr/lib")
}

/// A machine that runs, one that is off, one that is paused.
fn nodes() -> String {
    let domain = |number: u8, name: &str, state: u8| {
        format!(
            "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>{name}</name>\
             <uuid>{UUID}{number:02}</uuid><memory>131072</memory><os><type>hvm</type></os>\
             <test:runstate>{state}</test:runstate></domain>"
        )
    };
    format!(
        "<node><cpu><mhz>2000</mhz><model>x86_64</model><active>4</active><nodes>1</nodes><sockets>1</sockets>\
         <cores>4</cores><threads>1</threads></cpu><memory>8388608</memory>{}{}{}</node>",
        domain(1, "vm-alpha", 1),
        domain(2, "vm-off", 5),
        domain(3, "vm-paused", 3)
    )
}
