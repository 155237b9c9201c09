//! `cargo xtask demo`: a machine is fenced, and everybody can see how.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::build;
use crate::simulator::Simulator;
use crate::tree::Tree;

const MACHINE: &str = "WA1ACMEDB01";

/// One call of the agent, and what has to come of it.
struct Step {
    title: &'static str,
    stdin: String,
    exit: i32,
    stdout: &'static str,
    /// The machine's power afterwards, by the simulator's own word.
    truth: &'static str,
}

pub(crate) fn run() -> Result<()> {
    let programs = build::programs()?;
    let tree = Tree::lay_out(build::target().join("demo"), &programs.host, &build::plugins()?)?;
    let machine = format!("{MACHINE}=on,name=db01");
    let arguments = [
        "clc",
        "--machine",
        &machine,
        "--machine",
        "WA1ACMEDB02=off,name=db02",
        "--lag",
        "1",
    ];
    let simulator = Simulator::start(&programs.simulator, &arguments)?;
    println!(
        "a simulated cloud listens on {}; {MACHINE} is running there\n",
        simulator.url()
    );

    let mut wrong = 0;
    for step in steps(&simulator.url()) {
        wrong += u32::from(!step.run(&tree, &simulator)?);
    }
    let (_, history) = simulator.truth(MACHINE)?;
    println!(
        "the power of {MACHINE} over time, as the cloud saw it: {}",
        history.join(", ")
    );
    if history != ["on", "off", "on", "off"] {
        println!("  WRONG: expected on, off, on, off");
        wrong += 1;
    }
    if wrong > 0 {
        bail!("{wrong} things were not as they should be");
    }
    println!(
        "\nproven: the agent speaks the fence protocol; its device logic ran as a sandboxed WebAssembly component;\n\
         reboot switched the machine off and on again, off switched it off, each said so only when it was true;\n\
         and a wrong password ends in one clear line and exit code 1."
    );
    Ok(())
}

fn steps(url: &str) -> Vec<Step> {
    let login = format!("login=fencer\npasswd=s3cret\naccount=ACME\napi_url={url}\n");
    let target = format!("nodename=db01\nport={MACHINE}\n");
    vec![
        Step {
            title: "Which machines are there?",
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
            title: "Is it off? (exit code 2 says so)",
            stdin: format!("action=status\n{login}{target}"),
            exit: 2,
            stdout: "Status: OFF\n",
            truth: "off",
        },
        Step {
            title: "Somebody mistyped the password.",
            stdin: format!("action=on\n{login}{target}passwd=mistyped\n"),
            exit: 1,
            stdout: "",
            truth: "off",
        },
    ]
}

impl Step {
    fn run(&self, tree: &Tree, simulator: &Simulator) -> Result<bool> {
        println!("# {}", self.title);
        let agent = tree.agent("fence_clc");
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
        let (truth, _) = simulator.truth(MACHINE)?;
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
