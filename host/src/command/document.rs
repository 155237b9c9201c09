//! `fencebox document`: writes the man pages and the completions of shells. `cargo xtask dist` puts them into the install
//! tree. They come from the tables that also parse the options.

mod manual;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use clap_complete::Shell;

use crate::agent::log::Log;
use crate::agent::system_clock::SystemClock;
use crate::plugin::{Plugin, packaged};
use crate::policy::AgentPolicy;

/// Where each shell looks for completions, below `/usr/share`.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/fencebox"),
    (Shell::Zsh, "zsh/vendor-completions/_fencebox"),
    (Shell::Fish, "fish/vendor_completions.d/fencebox.fish"),
];

/// Writes the documents into a folder like `/usr/share`.
pub(super) fn run(program: &clap::Command, folder: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut program = without_hidden(program);
    for (shell, path) in COMPLETIONS {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut program, "fencebox", &mut text);
        write(&folder.join(path), &text)?;
    }
    let manuals = folder.join("man/man8");
    // It names each command after the program.
    program.build();
    for command in program.get_subcommands().chain([&program]) {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        write(
            &manuals.join(format!("{name}.8")),
            &manual::of_command(command.clone())?,
        )?;
    }
    let log = Arc::new(Log::new(Box::new(std::io::stderr())));
    let mut names = Vec::new();
    for (name, path) in packaged() {
        let plugin = Arc::new(Plugin::at(path.canonicalize()?, AgentPolicy::unrestricted())?);
        let agent = plugin.agent(&name, &log, Arc::new(SystemClock::start()))?;
        let page = manual::of_agent(agent.declared.table(), &name);
        write(&manuals.join(format!("{name}.8")), page.as_bytes())?;
        names.push(name);
    }
    writeln!(out, "documents of {} agents are in {}", names.len(), folder.display())?;
    Ok(())
}

/// The program with the commands that are for administrators and authors.
fn without_hidden(program: &clap::Command) -> clap::Command {
    let shown = program.get_subcommands().filter(|command| !command.is_hide_set());
    let copy = clap::Command::new("fencebox").disable_help_subcommand(true);
    let copy = copy.version(env!("CARGO_PKG_VERSION")).subcommands(shown.cloned());
    let copy = match program.get_about() {
        Some(about) => copy.about(about.clone()),
        None => copy,
    };
    match program.get_long_about() {
        Some(about) => copy.long_about(about.clone()),
        None => copy,
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let parent = path.parent().context("a path without a folder")?;
    fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
