//! A real `pacemaker-fenced` in an isolated environment: `tests/lab/fencer.sh`, with programs and simulators in it. All
//! of it ends when the script's standard input ends, so also after a test that failed or was killed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use crate::pacemaker::system::{self, System};
use crate::pacemaker::tree;
use crate::support::isolated;
use crate::support::{Outcome, needs, observe};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/lab/fencer.sh");
/// Folders in which an agent, a daemon or a program of the cluster could leave files.
const FOLDERS: [&str; 6] = [
    "dev/shm",
    "run",
    "tmp",
    "var/tmp",
    "var/lib/pacemaker",
    "var/lib/corosync",
];
/// Maximum time to wait for a condition. Only a failure takes that long.
const WAIT_LIMIT: Duration = Duration::from_secs(30);

/// The daemons of a lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemons {
    /// The fencer and a corosync with one node. With corosync the fencer keeps a history, as in a cluster.
    Fencer,
    /// No daemons, for programs that read agents without a cluster.
    None,
}

/// The lab.
pub struct Lab {
    script: Child,
    stdin: Option<ChildStdin>,
    /// Its first process.
    first: u32,
}

impl Lab {
    /// Starts a lab on this machine's system with our agents and the customer's agent; `None`, with a message, if this
    /// machine cannot run one.
    pub fn start(daemons: Daemons) -> Option<Self> {
        Self::start_on(System::Own, daemons)
    }

    /// The same on this system.
    pub fn start_on(system: System, daemons: Daemons) -> Option<Self> {
        Self::start_with(system, daemons, tree::laid_out)
    }

    /// The same with the agents of this tree.
    pub fn start_with<'path>(system: System, daemons: Daemons, tree: impl FnOnce() -> &'path Path) -> Option<Self> {
        // Shown if the test fails.
        println!("lab on {system:?}");
        let (word, programs): (_, &[&str]) = match daemons {
            Daemons::Fencer => (
                "fencer",
                &["stonith_admin", "/usr/lib/pacemaker/pacemaker-fenced", "corosync"],
            ),
            Daemons::None => ("none", &["pcs", "crm", "crm_resource", "cibadmin"]),
        };
        let overlay = "mount -t overlay lab -o lowerdir=/usr/sbin:/usr/bin /usr/sbin && ip link set lo up";
        // Another system has its own programs.
        let programs = if system == System::Own { programs } else { &[] };
        if !needs::are_met(&[programs, &["ip", "nsenter"]].concat(), "-mnpuif", overlay) {
            return None;
        }
        let root = match system {
            System::Own => None,
            System::Debian13 => Some(system::debian13()?),
        };
        let mut script = isolated(SCRIPT)
            .args([Path::new(word), tree()])
            .args(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = script.stdin.take();
        let mut line = String::new();
        let mut stdout = BufReader::new(script.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "{SCRIPT} did not start; the reason is above");
        let first = first_child(script.id());
        Some(Self { script, stdin, first })
    }

    /// A file or folder of the lab, by its path in the lab.
    pub fn path(&self, path: &str) -> PathBuf {
        Path::new("/proc")
            .join(self.first.to_string())
            .join("root")
            .join(path.trim_start_matches('/'))
    }

    /// Runs a program in the lab.
    #[track_caller]
    pub fn run(&self, program: &str, arguments: &[&str]) -> Outcome {
        let mut command = isolated("nsenter");
        command
            .args(["-t", &self.first.to_string(), "-m", "-n", "-i", "-u", "-p"])
            .args(["env", "-i", "-C", "/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
            .args(["HOME=/run/home", "LC_ALL=C.UTF-8", "TERM=dumb", "CIB_file=/tmp/cib.xml"])
            .arg(program)
            .args(arguments);
        observe(&mut command, b"")
    }

    /// Runs `stonith_admin`, which talks to the fencer.
    #[track_caller]
    pub fn admin(&self, arguments: &[&str]) -> Outcome {
        self.run("stonith_admin", arguments)
    }

    /// Makes an empty cluster configuration in a file that pcs and crm use.
    pub fn make_cib(&self) {
        let outcome = self.run("cibadmin", &["--empty"]);
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        fs::write(self.path("/tmp/cib.xml"), outcome.stdout).unwrap();
    }

    /// From now on, the lab has only our agents.
    pub fn hide_other_agents(&self) {
        let script = "mkdir /tmp/sbin && cp -a /usr/sbin/pcs /usr/sbin/crm_* /usr/sbin/cib* /usr/sbin/fencebox /tmp/sbin && \
            for agent in /usr/sbin/fence_*; do \
            [ \"$(readlink $agent)\" != fencebox ] || cp -a $agent /tmp/sbin; done && \
            mount --bind /tmp/sbin /usr/sbin && [ ! -d /usr/lib/stonith ] || mount -t tmpfs lab /usr/lib/stonith";
        let outcome = self.run("sh", &["-c", script]);
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
    }

    /// Runs a function in the network of the lab, for example to start a simulator: its sockets and threads then belong
    /// to that network.
    pub fn in_network<T: Send>(&self, task: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/proc/{}/ns/net", self.first)).unwrap();
        std::thread::scope(|scope| {
            let there = scope.spawn(|| {
                enter_network(&namespace);
                task()
            });
            there.join().unwrap()
        })
    }

    /// The arguments of each process of the lab, except for the first.
    pub fn processes(&self) -> BTreeSet<String> {
        let namespace = |process: &Path| fs::read_link(process.join("ns/pid")).ok();
        let first = PathBuf::from("/proc").join(self.first.to_string());
        let own = namespace(&first);
        let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        let there = all.filter(|process| *process != first && namespace(process) == own);
        there
            .filter_map(|process| {
                let arguments = fs::read(process.join("cmdline")).ok()?;
                let number = process.file_name()?.to_string_lossy().into_owned();
                Some(format!(
                    "{number} {}",
                    String::from_utf8_lossy(&arguments).replace('\0', " ")
                ))
            })
            .collect()
    }

    /// The processes that are agents, or that an agent started.
    pub fn agents(&self) -> BTreeSet<String> {
        let mut all = self.processes();
        let daemons = ["pacemaker-fenced", "corosync", "cat ", "stonith_admin"];
        all.retain(|line| !daemons.iter().any(|daemon| line.contains(daemon)));
        all
    }

    /// The listening sockets, as the kernel prints them.
    pub fn listeners(&self) -> BTreeSet<String> {
        let listening = |line: &&str| line.split_whitespace().nth(3) == Some("0A");
        let tables = [("tcp", true), ("tcp6", true), ("udp", false), ("udp6", false)];
        let mut all = BTreeSet::new();
        for (table, connections) in tables {
            let text = fs::read_to_string(format!("/proc/{}/net/{table}", self.first)).unwrap();
            let lines = text.lines().skip(1).filter(|line| !connections || listening(line));
            all.extend(lines.filter_map(|line| Some(format!("{table} {}", line.split_whitespace().nth(1)?))));
        }
        all
    }

    /// Every file of the lab that is not on a disk, except for the logs and for the files that `stonith_admin` and the
    /// fencer share during a request.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let mut all = BTreeSet::new();
        let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| self.path(folder)).collect();
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.map(|entry| entry.unwrap()) {
                let shared = entry.file_name().to_string_lossy().starts_with("qb-");
                match entry.file_type().unwrap().is_dir() {
                    true if shared => {}
                    true => folders.push(entry.path()),
                    false => {
                        all.insert(entry.path());
                    }
                }
            }
        }
        all
    }

    /// The fencer's log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("var/log/pacemaker/fenced.log")).unwrap()
    }

    /// Waits until a condition is true.
    #[track_caller]
    pub fn await_that(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let end = Instant::now() + WAIT_LIMIT;
        while !is_so() {
            assert!(
                Instant::now() < end,
                "not so: {what}; processes: {:?}; log: {}",
                self.processes(),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The end of its input ends the script. The script is the first process of the lab, so the kernel ends the
        // others.
        self.stdin = None;
        let _ = self.script.wait();
    }
}

fn first_child(parent: u32) -> u32 {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    children.trim().parse().unwrap()
}

/// Moves this thread to another network permanently.
#[expect(
    unsafe_code,
    reason = "the safe form, in rustix, is behind a feature that would have the compiler of plugins built anew"
)]
fn enter_network(namespace: &File) {
    // SAFETY: `setns` takes an open descriptor and a number, and touches no memory of this process.
    let done = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) };
    assert_eq!(done, 0, "setns: {}", std::io::Error::last_os_error());
}

/// However a test ends, its lab ends too: corosync, the fencer, and everything that they have started.
#[test]
fn labs_leave_nothing_behind() {
    for killed in [false, true] {
        let Some(mut lab) = Lab::start(Daemons::Fencer) else {
            return;
        };
        let own = fs::read_link(format!("/proc/{}/ns/pid", lab.first)).unwrap();
        assert!(lab.processes().len() >= 2, "{:?}", lab.processes());
        if killed {
            // The script's input also closes if the test is killed and nothing is closed in order.
            lab.script.kill().unwrap();
        }
        drop(lab);
        let end = Instant::now() + WAIT_LIMIT;
        let lives = || {
            let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
            let mut namespaces = all.filter_map(|process| fs::read_link(process.join("ns/pid")).ok());
            namespaces.any(|namespace| namespace == own)
        };
        while lives() {
            assert!(
                Instant::now() < end,
                "a process of the lab is still running; killed: {killed}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
