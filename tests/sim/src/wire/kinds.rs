//! What can go wrong on the wire.

use crate::fault::{Argument, Kind, KindRow, Occasion};

const fn row(word: &'static str, argument: Argument, samples: &'static [&'static str], doc: &'static str) -> KindRow {
    KindRow {
        word,
        argument,
        step: None,
        occasion: Occasion::Call,
        samples,
        doc,
    }
}

/// The kinds that work at every step of every HTTP protocol.
pub static WIRE: &[KindRow] = &[
    row(
        "status",
        Argument::Number {
            name: "CODE",
            default: None,
            range: 200..=599,
        },
        &["400", "401", "403", "404", "408", "409", "500"],
        "this status with an error body of the device's; no effect",
    ),
    row("html", Argument::None, &[""], "502 with an HTML page; no effect"),
    row("html-ok", Argument::None, &[""], "200 with an HTML page; no effect"),
    row(
        "error-ok",
        Argument::None,
        &[""],
        "200 with an error body of the device's; no effect",
    ),
    row("empty", Argument::None, &[""], "200 with an empty body; no effect"),
    row(
        "cached",
        Argument::None,
        &[""],
        "what the step was answered the last time, if it ever was; no effect",
    ),
    row(
        "mixed-up",
        Argument::None,
        &[""],
        "the effect happens; the answer to the call before, if there was one, comes instead",
    ),
    row(
        "repeated",
        Argument::None,
        &[""],
        "the effect happens, and once more; the second answer",
    ),
    row(
        "late",
        Argument::Number {
            name: "CALLS",
            default: Some(2),
            range: 1..=1000,
        },
        &["1", "3"],
        "connection closed without an answer; it takes effect after CALLS more calls (default 2)",
    ),
    row(
        "truncate",
        Argument::None,
        &[""],
        "the effect happens; half of the announced body, then closed",
    ),
    row(
        "half",
        Argument::None,
        &[""],
        "the effect happens; half of the body, announced as the whole",
    ),
    row(
        "slow",
        Argument::Number {
            name: "MILLIS",
            default: Some(200),
            range: 1..=60_000,
        },
        &["200"],
        "the effect happens; the body comes one byte every MILLIS milliseconds (default 200)",
    ),
    row(
        "delay",
        Argument::Number {
            name: "MILLIS",
            default: Some(200),
            range: 1..=600_000,
        },
        &["200"],
        "the effect happens; the answer begins after MILLIS milliseconds (default 200)",
    ),
    row(
        "stall",
        Argument::None,
        &[""],
        "no answer ever, connection open; no effect",
    ),
    row(
        "stall-after",
        Argument::None,
        &[""],
        "the effect happens; no answer ever, connection open",
    ),
    row(
        "drop-before",
        Argument::None,
        &[""],
        "connection closed without an answer; no effect",
    ),
    row(
        "drop-after",
        Argument::None,
        &[""],
        "the effect happens; connection closed without an answer",
    ),
    row(
        "redirect",
        Argument::Text { name: "URL" },
        // Port 9 is discard: whoever follows is refused, unless a test listens there on purpose.
        &["http://127.0.0.1:9/elsewhere"],
        "301 to URL; no effect",
    ),
    row(
        "retry-after",
        Argument::Number {
            name: "SECONDS",
            default: None,
            range: 0..=86_400,
        },
        &["1"],
        "429 with Retry-After; no effect",
    ),
    row("unavailable", Argument::None, &[""], "503; no effect"),
    row(
        "gateway-timeout-after",
        Argument::None,
        &[""],
        "the effect happens; 504 with an HTML page",
    ),
    row(
        "huge",
        Argument::Number {
            name: "BYTES",
            default: Some(1 << 30),
            range: 1..=1 << 40,
        },
        // Beyond every limit on a body, and still quick for a client that has none.
        &["67108864"],
        "the effect happens; its answer with BYTES more (default 1 GiB), without content-length",
    ),
    row(
        "headers",
        Argument::None,
        &[""],
        "the effect happens; its answer with 200 more headers, 100 KiB in all",
    ),
];

/// Whether the device does what was asked although this fault of the wire strikes.
pub(crate) fn takes_effect(fault: &Kind) -> bool {
    let effect = [
        "truncate",
        "mixed-up",
        "repeated",
        "half",
        "slow",
        "delay",
        "stall-after",
        "drop-after",
        "gateway-timeout-after",
        "huge",
        "headers",
    ];
    effect.contains(&fault.word())
}

/// Whether what a kind does depends on the calls before and after.
#[cfg(test)]
pub(crate) fn needs_others(fault: &Kind) -> bool {
    ["cached", "mixed-up", "repeated", "late"].contains(&fault.word())
}

/// Whether a kind is one of the wire's, and not of a protocol's own.
pub(crate) fn owns(fault: &Kind) -> bool {
    WIRE.iter().any(|row| row.word == fault.row.word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_help_says_of_the_effect_is_true() {
        for row in WIRE {
            let kind = Kind {
                row,
                number: None,
                text: None,
            };
            let effect = row.doc.contains("the effect happens");
            assert_eq!(takes_effect(&kind), effect, "{}", row.word);
            assert!(
                effect || row.doc.contains("no effect") || row.doc.contains("without an answer"),
                "{}",
                row.word
            );
        }
    }
}
