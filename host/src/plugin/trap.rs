//! Why a call into a plugin ended without an answer.

use wasmtime::component::ResourceTableError;
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;

use super::state::{HostState, Stopped};
use crate::agent::device::Error;
use crate::capability::sockets::ByteLimitExceeded;
use crate::plugin::wasi::WaitAborted;
use crate::policy::Limit;

/// Why a call into the plugin ended without an answer: a limit of the host, or an error of the plugin itself.
pub(super) fn explain(store: &mut Store<HostState>, cause: &wasmtime::Error) -> Error {
    explain_known(store, cause).unwrap_or_else(|| {
        // Data that cannot be passed between guest and host. Wasmtime has no public type for these reasons; only the
        // limit has a remedy. The guest's backtrace above the root cause does not help an administrator.
        let (cause, most) = (cause.root_cause(), store.data().limits.get(Limit::Handover));
        let note = most.note();
        Error::Plugin(format!(
            "data of a call cannot be passed: {cause}; a call can hand over at most {most}{note}"
        ))
    })
}

/// The same for an instantiation, in which nothing is passed.
pub(super) fn explain_start(store: &mut Store<HostState>, cause: &wasmtime::Error) -> Error {
    explain_known(store, cause).unwrap_or_else(|| Error::Plugin(super::one_line(cause)))
}

/// The reasons that have a type.
fn explain_known(store: &mut Store<HostState>, cause: &wasmtime::Error) -> Option<Error> {
    let state = store.data();
    if let Some(stopped) = cause.downcast_ref::<Stopped>() {
        return Some(match stopped {
            Stopped::Deadline => Error::Deadline(state.deadline.as_secs()),
            other => Error::Plugin(other.to_string()),
        });
    }
    if let Some(gave_up) = cause.downcast_ref::<WaitAborted>() {
        return Some(match gave_up {
            WaitAborted::Deadline => Error::Deadline(state.deadline.as_secs()),
            WaitAborted::Interrupted => Error::Interrupted,
        });
    }
    if let Some(too_much) = cause.downcast_ref::<ByteLimitExceeded>() {
        return Some(Error::Plugin(too_much.to_string()));
    }
    if let Some(ResourceTableError::Full) = cause.downcast_ref() {
        let most = state.limits.get(Limit::Resources);
        return Some(Error::Plugin(format!(
            "it held more than {most} resources of WASI{}",
            most.note()
        )));
    }
    if cause.downcast_ref::<I32Exit>().is_some() {
        return Some(Error::Plugin("it exited during a call".to_owned()));
    }
    Some(Error::Plugin(match cause.downcast_ref::<Trap>()? {
        // A guest keeps part of its stack in its own memory, and may run out
        // of that part first.
        trap @ (Trap::StackOverflow | Trap::MemoryOutOfBounds) => {
            let note = match trap {
                Trap::StackOverflow => state.limits.get(Limit::Stack).note(),
                _ => String::new(),
            };
            format!("it recursed too deeply, or reached outside of its memory{note}")
        }
        // What a panic ends in. Its message went to standard error.
        Trap::UnreachableCodeReached => panic_message(&state.output.take()),
        trap => trap.to_string(),
    }))
}

/// The message of a Rust guest's panic is `thread '…' panicked at FILE:LINE:`
/// and then, on lines of its own, the text.
fn panic_message(output: &str) -> String {
    match output.find("panicked at ") {
        Some(start) => {
            let lines = output
                .get(start..)
                .unwrap_or_default()
                .lines()
                .take_while(|line| !line.starts_with("note:"));
            lines.map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
        }
        None => "it stopped without a message (unreachable code)".to_owned(),
    }
}
