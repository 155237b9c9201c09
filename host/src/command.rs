//! The commands of `fencebox`, one file each, and the agent that it is when
//! called by an agent's name.

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

/// Fence agents whose device logic is sandboxed.
///
/// Called through a symbolic link fence_DEVICE this program is that fence
/// agent; called as fencebox it looks after the plugins.
#[derive(Parser)]
#[command(name = "fencebox", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the agents there are plugins for.
    List,
    /// Show what a plugin is and what of it needs approval.
    Inspect {
        /// An agent name (fence_clc) or a plugin file (./fence_clc.wasm).
        plugin: PathBuf,
        /// Print nothing but the names of the agents that it is, a line each.
        #[arg(long)]
        names: bool,
    },
    /// Try out what protects this machine from a plugin, and what agents need.
    Check,
    /// Check the policy, and tell what it leaves to an agent.
    Policy {
        /// Another file than /etc/fencebox/policy.toml, to try it before it
        /// counts.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// An agent name (fence_clc); without it, all agents.
        agent: Option<String>,
    },
    /// Compile plugins ahead of time, beside the plugin files; a package does
    /// this at every installation and upgrade.
    Compile {
        /// Plugin files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Install a plugin, or upgrade it, and show what needs approval.
    Install {
        /// A plugin file (./fence_clc.wasm).
        file: PathBuf,
        /// Approve what an upgrade needs beyond the plugin that it replaces.
        #[arg(long)]
        grant: bool,
        /// Make no programs /usr/sbin/fence_DEVICE.
        #[arg(long)]
        no_links: bool,
    },
    /// Remove a plugin that was installed.
    Remove {
        /// An agent name (fence_clc).
        name: String,
    },
    /// Check hashes, owners and modes of everything that is installed.
    Verify {
        /// Agent names; all agents if there are none.
        names: Vec<String>,
    },
    /// Write down beside plugins what they are; for packages.
    #[command(hide = true)]
    Record {
        /// Plugin files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Runs one command. Exit code 0, or 1 with one line on standard error.
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
