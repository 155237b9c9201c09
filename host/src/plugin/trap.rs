//! Why a call into a plugin ended without an answer.

use wasmtime::component::ResourceTableError;
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;

use super::state::{HostState, Stopped};
use crate::agent::device::Error;
use crate::capability::sockets::ByteLimitExceeded;
use crate::plugin::wasi::WaitAborted;
use crate::policy::Limit;

/// Why a call into the plugin ended without an answer: a limit of the host, or an error of the plugin itself. `output`
/// is what the plugin printed during the call.
pub(super) fn explain(store: &Store<HostState>, cause: &wasmtime::Error, output: &str) -> Error {
    explain_known(store, cause, output).unwrap_or_else(|| {
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
pub(super) fn explain_start(store: &Store<HostState>, cause: &wasmtime::Error, output: &str) -> Error {
    explain_known(store, cause, output).unwrap_or_else(|| Error::Plugin(super::one_line(cause)))
}

/// The reasons that have a type.
fn explain_known(store: &Store<HostState>, cause: &wasmtime::Error, output: &str) -> Option<Error> {
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
        return Some(Error::Plugin(match last_words(output) {
            Some(words) => format!("it exited during a call: {words}"),
            None => "it exited during a call".to_owned(),
        }));
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
        // What a panic, an abort or an exception that was not caught ends in. Its message went to standard error.
        Trap::UnreachableCodeReached => stop_message(output),
        trap => trap.to_string(),
    }))
}

/// The first line of a stack trace of Python.
const TRACEBACK: &str = "Traceback (most recent call last):";

/// The message of a Rust guest's panic is `thread '…' panicked at FILE:LINE:`
/// and then, on lines of its own, the text. Guests of other languages print a
/// stack trace.
fn stop_message(output: &str) -> String {
    let panic = output.find("panicked at ");
    // The interpreter of Python prints the exception, and then panics.
    let before = output.get(..panic.unwrap_or_default()).unwrap_or_default();
    if let Some(start) = before.rfind(TRACEBACK) {
        let trace = before.get(start..).unwrap_or_default();
        let trace = trace.rsplit_once('\n').map_or(trace, |(trace, _)| trace);
        if let Some(words) = last_words(trace) {
            return format!("it stopped: {words}");
        }
    }
    match (panic, last_words(output)) {
        (Some(start), _) => {
            let lines = output
                .get(start..)
                .unwrap_or_default()
                .lines()
                .take_while(|line| !line.starts_with("note:"));
            lines.map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
        }
        (None, Some(words)) => format!("it stopped: {words}"),
        (None, None) => "it stopped without a message (unreachable code)".to_owned(),
    }
}

/// The last line that is not indented, and does not only announce such lines: Python prints the exception after the
/// stack trace, JavaScript before it.
fn last_words(output: &str) -> Option<&str> {
    let is_reason = |line: &&str| {
        let trimmed = line.trim_end();
        !trimmed.is_empty() && !trimmed.starts_with([' ', '\t']) && !trimmed.ends_with(':')
    };
    output.lines().rfind(is_reason).map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::stop_message;

    #[test]
    fn the_reason_is_the_line_that_is_not_part_of_a_stack_trace() {
        for (output, message) in [
            ("", "it stopped without a message (unreachable code)"),
            (
                "Traceback (most recent call last):\n  File \"app.py\", line 3, in open\nValueError: no relay\n\nthread \
                 '<unnamed>' panicked at runtime/src/lib.rs:1293:29:\nPython function threw an unexpected exception\n",
                "it stopped: ValueError: no relay",
            ),
            (
                "asked\nthread 'main' panicked at src/lib.rs:7:\nno relay\nnote: run with `RUST_BACKTRACE=1`\n",
                "panicked at src/lib.rs:7: no relay",
            ),
            (
                "Traceback (most recent call last):\n  File \"app.py\", line 3, in open\nValueError: no relay\n",
                "it stopped: ValueError: no relay",
            ),
            (
                "Error: no relay\nStack:\n  open@app.js:3:9\n",
                "it stopped: Error: no relay",
            ),
            (
                "Error: no relay\n    at open (app.js:3)\n",
                "it stopped: Error: no relay",
            ),
            ("abort\n\n", "it stopped: abort"),
        ] {
            assert_eq!(stop_message(output), message, "{output:?}");
        }
    }
}
