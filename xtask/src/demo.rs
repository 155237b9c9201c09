//! `cargo xtask demo`: fences simulated machines, and shows each step.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::build;
use crate::simulator::Simulator;
use crate::tree::Tree;

/// One device, and the steps for one of its machines.
struct Scene {
    agent: &'static str,
    /// The simulator's description, and below its arguments.
    device: &'static str,
    arguments: &'static [&'static str],
    /// The machine, by its id on the simulator.
    machine: &'static str,
    /// The expected power history at the end.
    history: &'static [&'static str],
    steps: fn(&str) -> Vec<Step>,
}

/// One call of the agent, with the expected results.
struct Step {
    title: &'static str,
    stdin: String,
    exit: i32,
    stdout: &'static str,
    /// The machine's power afterwards, as the simulator reports it.
    truth: &'static str,
}

const SCENES: [Scene; 2] = [
    Scene {
        agent: "fence_clc",
        device: "a simulated cloud",
        arguments: &[
            "clc",
            "--machine",
            "WA1ACMEDB01=on,name=db01",
            "--machine",
            "WA1ACMEDB02=off,name=db02",
            "--lag",
            "1",
        ],
        machine: "WA1ACMEDB01",
        history: &["on", "off", "on", "off"],
        steps: cloud,
    },
    Scene {
        agent: "fence_xenapi",
        device: "a simulated XenServer pool",
        arguments: &["xenapi", "--member", "127.0.0.2", "--master", "127.0.0.2"],
        machine: "c0ffee00-0000-4000-8000-000000000001",
        history: &["on", "off", "on", "off", "on"],
        steps: pool,
    },
];

pub(crate) fn run() -> Result<()> {
    let programs = build::programs()?;
    let plugins = build::plugins_of(&SCENES.map(|scene| scene.agent))?;
    let tree = Tree::lay_out(build::target().join("demo"), &programs.host, &plugins)?;
    let mut wrong = 0;
    for scene in SCENES {
        wrong += scene.play(&tree, &programs.simulator)?;
    }
    if wrong > 0 {
        bail!("{wrong} results were wrong");
    }
    println!(
        "proven: the agents follow the fence protocol; their device logic ran as sandboxed WebAssembly components;\n\
         reboot switched the machine off and on again, off switched it off, each reported success only afterwards;\n\
         a wrong password caused one clear line and exit code 1; and the agent found the pool's master."
    );
    Ok(())
}

impl Scene {
    /// Runs the steps. Returns the number of wrong results.
    fn play(&self, tree: &Tree, program: &Path) -> Result<u32> {
        let simulator = Simulator::start(program, self.arguments)?;
        println!(
            "{} listens on {}; {} is running there\n",
            self.device,
            simulator.url(),
            self.machine
        );
        let mut wrong = 0;
        for step in (self.steps)(&simulator.url()) {
            wrong += u32::from(!step.run(self, tree, &simulator)?);
        }
        let (_, history) = simulator.truth(self.machine)?;
        println!(
            "power history of {} on the device: {}\n",
            self.machine,
            history.join(", ")
        );
        if history != self.history {
            println!("  WRONG: expected {}\n", self.history.join(", "));
            wrong += 1;
        }
        Ok(wrong)
    }
}

fn cloud(url: &str) -> Vec<Step> {
    let login = format!("login=fencer\npasswd=s3cret\naccount=ACME\napi_url={url}\n");
    let target = "nodename=db01\nport=WA1ACMEDB01\n";
    vec![
        Step {
            title: "List the machines.",
            stdin: format!("action=list\n{login}"),
            exit: 0,
            stdout: "WA1ACMEDB01,db01\nWA1ACMEDB02,db02\n",
            truth: "on",
        },
        Step {
            title: "Is it running?",
            stdin: format!("action=status\n{login}{target}"),
            exit: 0,
            stdout: "Status: ON\n",
            truth: "on",
        },
        Step {
            title: "Fence it, as Pacemaker would.",
            stdin: format!("{target}{login}action=reboot\n"),
            exit: 0,
            stdout: "Success: Rebooted\n",
            truth: "on",
        },
        Step {
            title: "Switch it off for good.",
            stdin: format!("action=off\n{login}{target}"),
            exit: 0,
            stdout: "Success: Powered OFF\n",
            truth: "off",
        },
        Step {
            title: "Is it off? (exit code 2 means off)",
            stdin: format!("action=status\n{login}{target}"),
            exit: 2,
            stdout: "Status: OFF\n",
            truth: "off",
        },
        Step {
            title: "Use a wrong password.",
            stdin: format!("action=on\n{login}{target}passwd=mistyped\n"),
            exit: 1,
            stdout: "",
            truth: "off",
        },
    ]
}

fn pool(url: &str) -> Vec<Step> {
    // The first host is not the master anymore, so the agent continues with the second.
    let login = format!(
        "login=root\npasswd=s3cret\nsession_url={url},{}\n",
        url.replace("127.0.0.1", "127.0.0.2")
    );
    let target = "nodename=node1\nport=db01\n";
    vec![
        Step {
            title: "The same with a virtual machine: is it running?",
            stdin: format!("action=status\n{login}{target}"),
            exit: 0,
            stdout: "Status: ON\n",
            truth: "on",
        },
        Step {
            title: "Fence it, as Pacemaker would.",
            stdin: format!("{target}{login}action=reboot\n"),
            exit: 0,
            stdout: "Success: Rebooted\n",
            truth: "on",
        },
        Step {
            title: "Fence it by one power cycle, which is proven too.",
            stdin: format!("{target}{login}action=reboot\nmethod=cycle\n"),
            exit: 0,
            stdout: "Success: Rebooted\n",
            truth: "on",
        },
    ]
}

impl Step {
    fn run(&self, scene: &Scene, tree: &Tree, simulator: &Simulator) -> Result<bool> {
        println!("# {}", self.title);
        let agent = tree.agent(scene.agent);
        println!("$ printf '{}' | {}", self.stdin.replace('\n', "\\n"), agent.display());
        let mut child = Command::new(&agent)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child
            .stdin
            .take()
            .context("no input")?
            .write_all(self.stdin.as_bytes())?;
        let output = child.wait_with_output()?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        print!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
        let exit = output.status.code();
        println!(
            "exit code {}\n",
            exit.map_or_else(|| "none".to_owned(), |code| code.to_string())
        );
        let (truth, _) = simulator.truth(scene.machine)?;
        let right = exit == Some(self.exit) && stdout == self.stdout && truth == self.truth;
        if !right {
            println!(
                "  WRONG: expected exit {} and {:?}, and the machine {}; it is {truth}\n",
                self.exit, self.stdout, self.truth
            );
        }
        Ok(right)
    }
}
