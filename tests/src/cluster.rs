//! A real cluster, Corosync and Pacemaker, whose nodes are machines of simulated devices: the outside of
//! [`crate::lab`].
//!
//! [`Cluster`] starts a lab and sends it commands; [`Cluster::view`] asks Pacemaker itself; the scenes ([`Scene`]) are
//! what the tests run with our agents, and `cargo xtask cluster` also with the Python agents.

mod agents;
mod fencing;
mod leftover;
mod pacemaker;
mod scenes;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::isolation::isolated;
use anyhow::{Context as _, Result, anyhow, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use agents::Agents;
pub use fencing::Fencing;
pub use leftover::Leftover;
pub use pacemaker::{Fenced, View};
pub use scenes::{ACTS, Act, BMCS, DUEL, FAULTS, LEVELS, Scene};

use crate::lab::{Command, Ran, Ready, Seen, Truth};

/// The interval at which a condition is checked.
const LOOK: Duration = Duration::from_millis(50);

/// The timeout of a program in a node, in seconds.
const PROGRAM: u32 = 60;

/// One run of an agent, as `fencebox-record` recorded it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The node that it ran on.
    pub node: String,
    /// Its name.
    pub agent: String,
    /// Its action.
    pub action: String,
    /// The node that is the target of the action.
    pub target: Option<String>,
    /// Its exit code; 128 plus the signal if it was killed.
    pub exit: i32,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Its maximum resident memory, in KiB.
    pub peak: u64,
}

/// The programs of a cluster.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `fencebox-lab`.
    pub lab: PathBuf,
    /// `fencebox-record`, if the agents are to be measured.
    pub recorder: Option<PathBuf>,
}

/// Why a cluster is not possible on this machine; `None` if it is possible.
pub fn obstacle() -> Option<String> {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(Path::new);
    let needed = "corosync pacemakerd cibadmin crm_mon stonith_admin pcs ip unshare nsenter timeout";
    let missing: Vec<_> = needed
        .split(' ')
        .filter(|program| !folders.iter().any(|folder| folder.join(program).exists()))
        .collect();
    if !missing.is_empty() {
        return Some(format!("{} missing", missing.join(", ")));
    }
    // The first actions of a lab: namespaces, a bridge, and one folder mounted over another.
    let mut trial = isolated("unshare");
    let script = "ip link add br0 type bridge && mount -t overlay x -o lowerdir=/usr/bin:/usr/sbin /usr/sbin";
    trial.args([
        "--mount",
        "--net",
        "--uts",
        "--ipc",
        "--pid",
        "--fork",
        "--mount-proc",
        "sh",
        "-c",
        script,
    ]);
    match trial.stderr(Stdio::piped()).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "no permission to create namespaces, bridges and overlays: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(cause) => Some(cause.to_string()),
    }
}

/// A running cluster. All of it is removed when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    lab: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    ready: Ready,
    nodes: Vec<String>,
    leftover: Leftover,
}

impl Cluster {
    /// Starts a cluster with this number of nodes and these agents, and waits until all nodes see each other.
    ///
    /// # Errors
    /// If a program does not start, or the nodes do not see each other in time.
    pub fn start(programs: &Programs, nodes: u8, agents: Agents) -> Result<Cluster> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("fencebox-lab-{}-{number}", std::process::id());
        let mut process = isolated("unshare");
        process
            .args([
                "--mount",
                "--net",
                "--uts",
                "--ipc",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount-proc",
            ])
            .arg(&programs.lab)
            .args(["--name", &name, "--nodes", &nodes.to_string()])
            .args(agents.arguments(programs.recorder.as_deref())?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let leftover = Leftover::before(name);
        let mut lab = process.spawn().context("unshare")?;
        let stdin = lab.stdin.take();
        let mut stdout = BufReader::new(lab.stdout.take().context("the lab has no standard output")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let ready = serde_json::from_str(&line);
        let Ok(ready) = ready else {
            drop(stdin);
            bail!("the lab did not start: {}", lab.wait()?);
        };
        let mut cluster = Cluster {
            lab,
            stdin,
            stdout,
            ready,
            nodes: (1..=nodes).map(|number| format!("node{number}")).collect(),
            leftover,
        };
        cluster.leftover.expect_gone(&cluster.ready.namespaces);
        cluster.wait_until_whole()?;
        Ok(cluster)
    }

    /// The names of its nodes.
    pub fn nodes(&self) -> Vec<String> {
        self.nodes.clone()
    }

    /// The SHA-256 of the pool's certificate.
    pub fn fingerprint(&self) -> &str {
        &self.ready.fingerprint
    }

    /// Sends a command to the lab.
    ///
    /// # Errors
    /// If the lab cannot execute it, or has ended.
    pub fn tell<T: DeserializeOwned>(&mut self, command: &Command) -> Result<T> {
        let stdin = self.stdin.as_mut().context("the standard input of the lab is closed")?;
        writeln!(stdin, "{}", serde_json::to_string(command)?)?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let answer: Result<serde_json::Value, String> =
            serde_json::from_str(&line).with_context(|| format!("invalid answer of the lab: `{}`", line.trim()))?;
        let value = answer.map_err(|cause| anyhow!("{command:?}: {cause}"))?;
        Ok(serde_json::from_value(value)?)
    }

    /// The real state of the lab.
    ///
    /// # Errors
    /// If the lab has ended.
    pub fn truth(&mut self) -> Result<Truth> {
        self.tell(&Command::Truth)
    }

    /// Runs a program in a node.
    ///
    /// # Errors
    /// If the node is off.
    pub fn run(&mut self, node: &str, program: &[&str]) -> Result<Ran> {
        self.tell(&Command::Run {
            node: node.to_owned(),
            program: program.iter().map(|word| (*word).to_owned()).collect(),
            seconds: PROGRAM,
        })
    }

    /// Runs a program in a node; it must succeed.
    ///
    /// # Errors
    /// If it fails, with its output.
    pub fn must(&mut self, node: &str, program: &[&str]) -> Result<String> {
        let ran = self.run(node, program)?;
        match ran.exit {
            Some(0) => Ok(ran.stdout),
            _ => bail!("{} in {node}: {ran:?}", program.join(" ")),
        }
    }

    /// Repeats a check until it finds what it looks for.
    ///
    /// # Errors
    /// If it does not find it in time.
    pub fn wait<T>(
        &mut self,
        what: &str,
        seconds: u64,
        mut look: impl FnMut(&mut Cluster) -> Result<Option<T>>,
    ) -> Result<T> {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            if began.elapsed() > Duration::from_secs(seconds) {
                bail!("{what}: did not happen within {seconds} s\n{}", self.story());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// The recorded runs of agents so far.
    ///
    /// # Errors
    /// If the lab has ended.
    pub fn record(&mut self) -> Result<Vec<Run>> {
        let record: String = self.tell(&Command::Record)?;
        Ok(record.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    /// Ends the lab, and returns what it left behind.
    ///
    /// # Errors
    /// If the lab failed.
    pub fn end(mut self) -> Result<Vec<String>> {
        for node in self.nodes() {
            // A node that is off has no namespaces.
            let of_node = self.tell::<Vec<String>>(&Command::Namespaces(node)).unwrap_or_default();
            self.leftover.expect_gone(&of_node);
        }
        self.stdin = None;
        let status = self.lab.wait()?;
        anyhow::ensure!(status.success(), "the lab ended with {status}");
        Ok(self.leftover.find())
    }

    /// Kills the lab from outside, and returns what it left behind.
    ///
    /// # Errors
    /// If it cannot be killed.
    pub fn kill(mut self) -> Result<Vec<String>> {
        self.lab.kill()?;
        self.lab.wait()?;
        let began = Instant::now();
        loop {
            // The kernel ends the processes in the lab a moment later.
            let found = self.leftover.find();
            if found.is_empty() || began.elapsed() > Duration::from_secs(20) {
                return Ok(found);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// What exists of the lab now, and must be gone after its end.
    pub fn traces(&self) -> Vec<String> {
        self.leftover.find()
    }

    /// The state and the last log lines of each node, to find out why something did not happen.
    pub fn story(&mut self) -> String {
        let mut story = format!("{:?}\n", self.truth());
        for seen in self.tell::<Vec<Seen>>(&Command::Requests(0)).unwrap_or_default() {
            story += &format!("{} {} {:?}\n", seen.at, seen.method, seen.fault);
        }
        for node in self.nodes() {
            let words = "crm_mon -1; stonith_admin -H '*' -V; \
                         grep -hE 'fence|stonith|error|warning|execd' /var/log/pacemaker/pacemaker.log | grep -v cib_perform | tail -n 60";
            let told = self.run(&node, &["sh", "-c", &format!("({words}) 2>&1")]);
            story += &format!(
                "--- {node}\n{}\n",
                told.map_or_else(|cause| cause.to_string(), |ran| ran.stdout)
            );
        }
        story
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The end of its input ends the lab, and with pid 1 of its namespaces everything in them.
        self.stdin = None;
        let _ = self.lab.wait();
    }
}
