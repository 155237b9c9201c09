//! `cargo xtask`: builds, demonstrates, tests and installs fencebox. Each
//! task does all the set-up that it needs on a machine with Rust.
#![expect(clippy::print_stdout, reason = "a task talks to the person who started it")]

mod build;
mod cluster;
mod conformance;
mod demo;
mod dist;
mod fuzz;
mod install;
mod matrix;
mod simulator;
mod test;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, demonstrates, tests and installs fencebox.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Fence a simulated machine, and show how.
    Demo,
    /// Run every test there is.
    Test {
        /// Passed on to `cargo test`, such as the name of a test.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the cases that were recorded from the Python agents, and those in
    /// the folder that CONFORMANCE_DIR names.
    Conformance,
    /// Fuzz the parsers, each for a while, with a nightly compiler.
    Fuzz {
        /// How long each of them is fuzzed.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Names in tests/fuzz/fuzz_targets; without any, all of them.
        targets: Vec<String>,
    },
    /// Try every fault at every exchange of every device: no agent may say "off" of a machine that is on.
    Matrix {
        /// `--seed N`, `--pairs N`, `--device NAME`, `--case TEXT`, `--excluded`; `--help` tells more.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Cut nodes of a real cluster off, and measure until they are fenced; as root, with Pacemaker installed.
    Cluster {
        /// `--agents ours|theirs`, `--runs N`, `--scene TEXT`, `--story`; `--help` tells more.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Make a release build and lay it out in target/dist.
    Dist,
    /// Make a release build and install it, as a package does. Over an earlier installation, also of a cluster that
    /// runs, it is an upgrade.
    Install(install::Installation),
    /// Remove all that was installed. What administrators installed by `fencebox install`, and their policy, stay.
    Uninstall(install::Destination),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo => demo::run(),
        Task::Test { arguments } => test::run(&arguments),
        Task::Conformance => conformance::run(),
        Task::Fuzz { seconds, targets } => fuzz::run(seconds, &targets),
        Task::Matrix { arguments } => matrix::run(&arguments),
        Task::Cluster { arguments } => cluster::run(&arguments),
        Task::Dist => dist::run(),
        Task::Install(arguments) => install::install(&arguments),
        Task::Uninstall(destination) => install::uninstall(&destination),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            println!("xtask: {cause:#}");
            ExitCode::FAILURE
        }
    }
}
