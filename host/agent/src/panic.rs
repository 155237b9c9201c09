//! Reports a panic of fencebox itself: one line and exit code 1, as for any other
//! failure. Without this, a release build would end by a signal and print the
//! panic with unmasked secrets.

use std::panic::PanicHookInfo;

use super::log::Log;

/// Logs one line with the location in the code where the agent `name` panicked. The line does
/// not contain the text of the panic if the log itself panicked.
pub fn report(log: &Log, name: &str, panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let text = panic.payload_as_str().unwrap_or("no text");
    log_line(log, name, &location, text);
}

fn log_line(log: &Log, name: &str, location: &str, text: &str) {
    let harmless =
        format!("{name}: fencebox itself failed at {location}; the power status is unknown; report this line");
    log.last_words(&format!("{harmless}: {text}"), &harmless);
}

#[cfg(test)]
mod tests {
    use super::log_line;
    use crate::fake_device::CapturedLog;

    #[test]
    fn a_panic_is_one_masked_line() {
        for configured in [false, true] {
            let captured = CapturedLog::default();
            let log = captured.log();
            log.hide("geheim");
            if configured {
                log.configure(false, false);
            }
            log_line(&log, "fence_x", "src/x.rs:1:2", "called `unwrap()` on\n\"geheim\"");
            let text = captured.text();
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(
                text.contains("ERROR: fence_x: fencebox itself failed at src/x.rs:1:2"),
                "{text}"
            );
            assert!(text.contains("on\\n\"********\"") && !text.contains("geheim"), "{text}");
        }
    }

    #[test]
    fn a_real_panic_is_reported() {
        let captured = CapturedLog::default();
        let log = std::sync::Arc::new(captured.log());
        log.hide("geheim");
        let of_hook = log.clone();
        // The hook is global, so it checks which thread panicked.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| match std::thread::current().name() {
            Some("panics") => super::report(&of_hook, "fence_x", panic),
            _ => before(panic),
        }));
        let thread = std::thread::Builder::new().name("panics".to_owned());
        let ended = thread.spawn(|| panic!("it was {}", "geheim")).unwrap().join();
        assert!(ended.is_err());
        let text = captured.text();
        assert!(
            text.contains("agent/src/panic.rs") && text.contains("it was ********"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
    }
}
