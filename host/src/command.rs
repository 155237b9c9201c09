//! The commands of `fencebox`, one file each, and the agent that runs if the program is called by an agent's name.

mod agent;
mod candidate;
mod check;
mod compile;
mod inspect;
mod install;
mod list;
mod policy;
mod record;
mod remove;
mod report;
mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use agent::agent;

/// Fence agents with sandboxed device logic
///
/// Called through a symbolic link fence_DEVICE, this program is that fence agent. Called as fencebox, it manages the
/// plugins.
#[derive(Parser)]
#[command(name = "fencebox", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the agents that have a plugin
    List,
    /// Show what a plugin is and what needs approval
    Inspect {
        /// Agent name (fence_clc) or plugin file (./fence_clc.wasm)
        plugin: PathBuf,
        /// Print only the agent names of the plugin, one a line
        #[arg(long)]
        names: bool,
    },
    /// Test the protections of this machine and what agents need
    Check,
    /// Check the policy and show how it restricts an agent
    Policy {
        /// Policy file to test instead of /etc/fencebox/policy.toml
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Agent name (fence_clc); without it, all agents
        agent: Option<String>,
    },
    /// Compile plugins; the compiled forms are written beside the plugin files
    ///
    /// A package does this at every installation and upgrade.
    Compile {
        /// Plugin files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Install or upgrade a plugin and show what needs approval
    Install {
        /// Plugin file (./fence_clc.wasm)
        file: PathBuf,
        /// Approve what an upgrade needs in addition to the installed plugin
        #[arg(long)]
        grant: bool,
        /// Do not create the links /usr/sbin/fence_DEVICE
        #[arg(long)]
        no_links: bool,
    },
    /// Remove an installed plugin
    Remove {
        /// Agent name (fence_clc)
        name: String,
    },
    /// Verify hashes, owners and modes of all installed files
    Verify {
        /// Agent names; without them, all agents
        names: Vec<String>,
    },
    /// Write the records of plugins beside the plugin files, for packages
    #[command(hide = true)]
    Record {
        /// Plugin files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Runs one command. Returns exit code 0, or 1 with one line on standard error.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let arguments = [OsString::from("fencebox")].into_iter().chain(arguments);
    let command = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments.command,
        Err(usage) => {
            let _ = usage.print();
            return ExitCode::from(u8::from(usage.use_stderr()));
        }
    };
    let mut stdout = std::io::stdout().lock();
    let outcome = match command {
        Command::Check => check::run(&mut stdout),
        Command::List => list::run(&mut stdout),
        Command::Inspect { plugin, names } => inspect::run(&plugin, names, &mut stdout),
        Command::Policy { policy, agent } => policy::run(policy.as_deref(), agent.as_deref(), &mut stdout),
        Command::Compile { files } => compile::run(&files, &mut stdout),
        Command::Install { file, grant, no_links } => {
            let choice = install::Choice {
                grant,
                programs: !no_links,
            };
            install::run(&file, &choice, &mut stdout)
        }
        Command::Remove { name } => remove::run(&name, &mut stdout),
        Command::Verify { names } => verify::run(&names, &mut stdout),
        Command::Record { files } => record::run(&files, &mut stdout),
    };
    match outcome.and_then(|()| Ok(stdout.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            let _ = writeln!(std::io::stderr(), "fencebox: {cause:#}");
            ExitCode::FAILURE
        }
    }
}
