//! `cargo xtask`: builds, demonstrates, tests and installs fencebox. Each task sets up what it needs on a machine with
//! Rust.
#![expect(clippy::print_stdout, reason = "a task prints its results")]

mod bench;
mod build;
mod cluster;
mod conformance;
mod demo;
mod dist;
mod fuzz;
mod install;
mod matrix;
mod package;
mod picture;
mod simulator;
mod test;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Build, demonstrate, test and install fencebox
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Fence simulated machines and show each step
    Demo,
    /// Run all tests
    Test {
        /// Test the program of a release build, which is built for another C library
        #[arg(long = "release")]
        is_release: bool,
        /// Arguments for `cargo test`, such as the name of a test
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the recorded cases of the Python agents, and those in $CONFORMANCE_DIR
    Conformance,
    /// Fuzz the parsers with a nightly compiler
    Fuzz {
        /// Time for each target in seconds
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Names in tests/fuzz/fuzz_targets; without them, all targets
        targets: Vec<String>,
    },
    /// Run every fault at every exchange of every device, and search for a false "off"
    Matrix {
        /// --seed N, --pairs N, --device NAME, --case TEXT, --excluded, or --help
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure how long a real cluster takes to fence a node (needs root and Pacemaker)
    Cluster {
        /// --agents ours|theirs, --runs N, --scene TEXT, --story, or --help
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure whole processes against Debian's Python agents (the first release build takes 10 minutes)
    Bench(bench::Settings),
    /// Make a release build and its install tree in target/dist
    Dist,
    /// Draw the picture of the README from a run
    Picture(picture::Settings),
    /// Make a release build and its packages: .deb, .rpm, and an image for containers
    Package(package::Settings),
    /// Make a release build and install it, as a package does
    ///
    /// If an older version is installed, this is an upgrade. A running cluster is not disturbed.
    Install(install::Installation),
    /// Remove an installation, but keep the administrator's plugins and policy
    Uninstall(install::Destination),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo => demo::run(),
        Task::Test { is_release, arguments } => test::run(is_release, &arguments),
        Task::Conformance => conformance::run(),
        Task::Fuzz { seconds, targets } => fuzz::run(seconds, &targets),
        Task::Matrix { arguments } => matrix::run(&arguments),
        Task::Cluster { arguments } => cluster::run(&arguments),
        Task::Bench(settings) => bench::run(&settings),
        Task::Dist => dist::run(),
        Task::Package(settings) => package::run(&settings),
        Task::Picture(settings) => picture::run(&settings),
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
