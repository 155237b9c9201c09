//! The commands of `fencebox`, one file each, and the agent that runs if the program is called by an agent's name.

mod agent;
mod candidate;
mod check;
mod color;
mod compile;
mod document;
mod inspect;
mod install;
mod installed;
mod json;
mod list;
mod new;
mod observe;
mod policy;
mod record;
mod remove;
mod replay;
mod report;
mod run;
mod test;
mod trace;
mod verify;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

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
    List {
        /// Print JSON, as docs/json.md describes it
        #[arg(long)]
        json: bool,
    },
    /// Show what a plugin is and what needs approval
    Inspect {
        /// Agent name (fence_clc) or plugin file (./fence_clc.wasm)
        plugin: PathBuf,
        /// Print only the agent names of the plugin, one a line
        #[arg(long)]
        names: bool,
        /// Print JSON, as docs/json.md describes it
        #[arg(long, conflicts_with = "names")]
        json: bool,
    },
    /// Check an agent with its device, without switching anything; or the protections of this machine
    ///
    /// With an agent: options, policy, name resolution, connection, TLS, login, permissions, plug and clock, step by
    /// step, and the first request that `off` would send, which is kept back. Without one: what protects agents on this
    /// machine. The exit code is 1 if a step failed.
    Check {
        /// Print JSON, as docs/json.md describes it
        #[arg(long)]
        json: bool,
        /// Agent name (fence_clc); without it, this machine
        agent: Option<String>,
        /// Options as on standard input of an agent: ip=192.0.2.7 plug=1; without them, standard input is read
        #[arg(value_name = "NAME=VALUE", requires = "agent")]
        options: Vec<String>,
    },
    /// Check the policy and show how it restricts an agent
    Policy {
        /// Policy file to test instead of /etc/fencebox/policy.toml
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Agent name (fence_clc); without it, all agents
        agent: Option<String>,
        /// Print JSON, as docs/json.md describes it
        #[arg(long)]
        json: bool,
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
        /// Print JSON, as docs/json.md describes it
        #[arg(long)]
        json: bool,
    },
    /// Make the crate of a new plugin, with tests and a simulated device
    New {
        /// Name of the device: lower-case letters, digits and underscores (acme_pdu)
        name: String,
        /// For a device with an HTTP API (the default)
        #[arg(long, conflicts_with = "socket")]
        http: bool,
        /// For a device with a protocol of its own over TCP
        #[arg(long)]
        socket: bool,
        /// Folder of the SDK, if it is not the installed one
        #[arg(long, value_name = "FOLDER")]
        sdk: Option<PathBuf>,
    },
    /// Run a plugin file without installing it, in the same sandbox
    ///
    /// Everything that the plugin declares is allowed, within the policy. Root is not needed. The exit code is the
    /// agent's.
    Run {
        /// Plugin file (./fence_clc.wasm)
        file: PathBuf,
        /// Record every call of the plugin with its answer, secrets masked
        #[arg(long, value_name = "FILE")]
        trace: Option<PathBuf>,
        /// Options as on standard input of an agent: action=status plug=1; without them, standard input is read
        #[arg(last = true, value_name = "NAME=VALUE")]
        options: Vec<String>,
    },
    /// Run an action of an installed agent, and record its conversation for a report
    ///
    /// The action is real. Secrets are masked in the recording. The exit code is the agent's.
    Trace {
        /// File for the recording, which must not exist; AGENT.trace if it is not given
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Agent name (fence_clc)
        agent: String,
        /// Options as on standard input of an agent: action=status plug=1; without them, standard input is read
        #[arg(value_name = "NAME=VALUE")]
        options: Vec<String>,
    },
    /// Play a recording back to a plugin without a network, and show where the plugin departs from it
    Replay {
        /// Recording of `fencebox trace` or `fencebox run --trace`
        trace: PathBuf,
        /// Plugin file (./fence_clc.wasm)
        file: PathBuf,
        /// Options instead of the recorded ones
        #[arg(last = true, value_name = "NAME=VALUE")]
        options: Vec<String>,
    },
    /// Test a plugin file: its description, its options, and every action with faults at each exchange
    ///
    /// The answers come from recordings, or from a simulated device that is running. The device is switched again and
    /// again: never give the options of a real one. Time is virtual, so the simulated device must not wait.
    Test {
        /// Plugin file (./fence_clc.wasm)
        file: PathBuf,
        /// Recording of `fencebox run --trace`; may be repeated
        #[arg(long = "recording", value_name = "FILE")]
        recordings: Vec<PathBuf>,
        /// One run, as the report names it, or a text in the lines of runs
        #[arg(long, value_name = "TEXT")]
        case: Option<String>,
        /// Number of pairs of faults, in addition to all single faults
        #[arg(long, default_value_t = 0, value_name = "N")]
        pairs: usize,
        /// Seed that chooses the pairs
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Also write the report as JUnit XML
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
        /// Options of the simulated device: ip=127.0.0.1 plug=1
        #[arg(last = true, value_name = "NAME=VALUE")]
        options: Vec<String>,
    },
    /// Write the man pages of all agents and the completions of shells into a folder like /usr/share, for packages
    #[command(hide = true)]
    Document {
        /// Folder
        folder: PathBuf,
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
        Command::Check { json, agent, options } => {
            return end(check::run(agent.as_deref(), &options, json, &mut stdout), &mut stdout);
        }
        Command::Trace { output, agent, options } => {
            return end(
                trace::run(&agent, &options, output.as_deref(), &mut stdout),
                &mut stdout,
            );
        }
        Command::List { json } => list::run(json, &mut stdout),
        Command::Inspect { plugin, names, json } => {
            let form = match (names, json) {
                (true, _) => inspect::Form::Names,
                (false, true) => inspect::Form::Json,
                (false, false) => inspect::Form::Text,
            };
            inspect::run(&plugin, form, &mut stdout)
        }
        Command::Policy { policy, agent, json } => policy::run(policy.as_deref(), agent.as_deref(), json, &mut stdout),
        Command::Compile { files } => compile::run(&files, &mut stdout),
        Command::Install { file, grant, no_links } => {
            let choice = install::Choice {
                grant,
                programs: !no_links,
            };
            install::run(&file, &choice, &mut stdout)
        }
        Command::Remove { name } => remove::run(&name, &mut stdout),
        Command::Verify { names, json } => verify::run(&names, json, &mut stdout),
        Command::Document { folder } => document::run(&Arguments::command(), &folder, &mut stdout),
        Command::Record { files } => record::run(&files, &mut stdout),
        Command::New { name, socket, sdk, .. } => {
            let protocol = if socket {
                new::Protocol::Socket
            } else {
                new::Protocol::Http
            };
            new::run(&name, protocol, sdk.as_deref(), &mut stdout)
        }
        Command::Run { file, trace, options } => {
            return end(run::run(&file, &options, trace.as_deref(), &mut stdout), &mut stdout);
        }
        Command::Test {
            file,
            recordings,
            case,
            pairs,
            seed,
            junit,
            options,
        } => {
            let selection = test::Selection {
                recordings: &recordings,
                options: &options,
                case,
                pairs,
                seed,
                junit: junit.as_deref(),
            };
            return end(test::run(&file, &selection, &mut stdout), &mut stdout);
        }
        Command::Replay { trace, file, options } => replay::run(&trace, &file, &options, &mut stdout),
    };
    end(outcome.map(|()| 0), &mut stdout)
}

/// The exit code of a command. An error is one line on standard error.
fn end(outcome: anyhow::Result<u8>, stdout: &mut dyn Write) -> ExitCode {
    match outcome.and_then(|code| Ok(stdout.flush().map(|()| code)?)) {
        Ok(code) => ExitCode::from(code),
        Err(cause) => {
            let _ = writeln!(std::io::stderr(), "fencebox: {cause:#}");
            ExitCode::FAILURE
        }
    }
}
