//! One program for all fence agents: the name by which it is called selects the agent.

use std::ffi::OsString;
use std::process::ExitCode;

/// musl's own allocator returns nearly every page to the kernel, and asks for it again.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    fencebox::agent::signals::survive_full_files();
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    match fencebox::plugin::agent_name(&program) {
        Some(name) => fencebox::command::agent(&name, &arguments),
        None => fencebox::command::run(arguments),
    }
}
