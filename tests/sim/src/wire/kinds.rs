//! The kinds of faults on the wire.

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
        "this status with an error body of the device; no effect",
    ),
    row("html", Argument::None, &[""], "502 with an HTML page; no effect"),
    row("html-ok", Argument::None, &[""], "200 with an HTML page; no effect"),
    row(
        "error-ok",
        Argument::None,
        &[""],
        "200 with an error body of the device; no effect",
    ),
    row("empty", Argument::None, &[""], "200 with an empty body; no effect"),
    row(
        "cached",
        Argument::None,
        &[""],
        "the previous answer to this step, if there was one; no effect",
    ),
    row(
        "mixed-up",
        Argument::None,
        &[""],
        "the effect happens; the answer is that to the previous call, if there was one",
    ),
    row(
        "repeated",
        Argument::None,
        &[""],
        "the effect happens twice; the second answer is sent",
    ),
    row(
        "late",
        Argument::Number {
            name: "CALLS",
            default: Some(2),
            range: 1..=1000,
        },
        &["1", "3"],
        "connection closed without an answer; takes effect after CALLS more calls (default 2)",
    ),
    row(
        "truncate",
        Argument::None,
        &[""],
        "the effect happens; half of the announced body, then the connection is closed",
    ),
    row(
        "half",
        Argument::None,
        &[""],
        "the effect happens; half of the body, with a length that fits",
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
        "no answer, connection stays open; no effect",
    ),
    row(
        "stall-after",
        Argument::None,
        &[""],
        "the effect happens; no answer, connection stays open",
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
        // Port 9 is the discard service: a client that follows is refused, unless a test listens there on purpose.
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
        // Larger than every limit on a body, and still fast for a client without a limit.
        &["67108864"],
        "the effect happens; BYTES more in the answer (default 1 GiB), without content-length",
    ),
    row(
        "headers",
        Argument::None,
        &[""],
        "the effect happens; 200 more headers in the answer, 100 KiB in total",
    ),
];

/// Whether the device does what the request asks for although this fault of the wire applies.
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

/// Whether the effect of a kind depends on the calls before and after.
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
    fn the_help_describes_the_effect_correctly() {
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
