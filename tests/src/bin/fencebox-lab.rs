//! A cluster of real nodes and the simulated devices that switch them: see `fencebox_tests::lab`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use fencebox_tests::lab::{self, Settings};

/// Runs a lab as pid 1 of its own namespaces until standard input ends. Start it as root:
/// unshare --mount --net --uts --ipc --pid --fork --kill-child --mount-proc fencebox-lab --nodes 3
///
/// When all nodes are switched on, it prints one line. Then it executes lines such as {"cut":"node3"},
/// {"plug":"node3"}, {"split":true}, {"power":["node3",false]}, {"faults":["login*1=status:500"]}, {"lag":["node3",3]},
/// {"master":1}, "truth", {"requests":0}, "record" and
/// {"run":{"node":"node1","program":["crm_mon","-1"],"seconds":30}}.
#[derive(Parser)]
#[command(name = "fencebox-lab", version, verbatim_doc_comment)]
struct Arguments {
    /// Name of its file systems
    #[arg(long, default_value = "fencebox-lab")]
    name: String,
    /// Number of nodes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    nodes: u8,
    /// Program to mount over /usr/sbin/NAME; may be repeated
    #[arg(long = "agent", value_name = "NAME=PROGRAM", value_parser = agent)]
    agents: Vec<(String, PathBuf)>,
    /// Path of `fencebox-record`, which then runs each of these agents
    #[arg(long, value_name = "PROGRAM")]
    recorder: Option<PathBuf>,
    /// Make the nodes trust the pool's certificate in all their programs
    #[arg(long)]
    trusting: bool,
}

fn agent(text: &str) -> Result<(String, PathBuf)> {
    let (name, program) = text.split_once('=').context("must be NAME=PROGRAM")?;
    Ok((name.to_owned(), program.into()))
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    lab::serve(&Settings {
        name: arguments.name,
        nodes: arguments.nodes,
        agents: arguments.agents,
        recorder: arguments.recorder,
        trusting: arguments.trusting,
    })
}
