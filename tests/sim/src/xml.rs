//! Faults in the format of an answer: XML that is dangerous to parse or malformed, for protocols that use XML.

use std::fmt::Write as _;

use crate::fault::{Argument, Kind, KindRow, Occasion};

const fn row(word: &'static str, doc: &'static str) -> KindRow {
    KindRow {
        word,
        argument: Argument::None,
        step: None,
        occasion: Occasion::Call,
        samples: &[""],
        doc,
    }
}

/// The kinds that work at every step of a protocol whose answers are XML.
pub static XML: &[KindRow] = &[
    row("xml-doctype", "the effect happens; a document type"),
    row(
        "xml-external",
        "the effect happens; an entity that is a file, in the answer",
    ),
    row(
        "xml-laughs",
        "the effect happens; an entity of three billion characters",
    ),
    row("xml-instruction", "the effect happens; a processing instruction"),
    row("xml-bom", "the effect happens; a byte order mark before the answer"),
    row("xml-latin", "the effect happens; a comment that is not UTF-8"),
    row("xml-control", "the effect happens; a control character in the answer"),
    row("xml-twice", "the effect happens; the answer twice in one envelope"),
    row("xml-second", "the effect happens; a second document after the first"),
    KindRow {
        argument: Argument::Number {
            name: "LEVELS",
            default: Some(100_000),
            range: 1..=1_000_000,
        },
        samples: &["70", "100000"],
        ..row(
            "xml-deep",
            "the effect happens; an element of LEVELS levels first (default 100000)",
        )
    },
    KindRow {
        argument: Argument::Number {
            name: "ELEMENTS",
            default: Some(200_000),
            range: 1..=1_000_000,
        },
        samples: &["200000"],
        ..row(
            "xml-wide",
            "the effect happens; ELEMENTS empty elements first (default 200000)",
        )
    },
];

/// Whether a kind is one of these.
pub(crate) fn owns(fault: &Kind) -> bool {
    XML.iter().any(|row| row.word == fault.row.word)
}

/// The document with the fault in it. It begins with `declaration`, and its content is in the element whose start tag is
/// `body`.
pub(crate) fn malformed(text: &str, declaration: &str, body: &str, fault: &Kind) -> Vec<u8> {
    let number = usize::try_from(fault.number.unwrap_or_default()).unwrap_or(1);
    let after = |place: &str, more: &str| text.replacen(place, &format!("{place}{more}"), 1);
    let name = body.trim_matches(['<', '>']).split(' ').next().unwrap_or_default();
    let end = format!("</{name}>");
    let text = match fault.word() {
        "xml-doctype" => after(declaration, "<!DOCTYPE x SYSTEM \"http://127.0.0.1:9/x.dtd\">"),
        "xml-external" => {
            let entity = "<!DOCTYPE x [<!ENTITY file SYSTEM \"file:///etc/hostname\">]>";
            after(declaration, entity).replacen(body, &format!("{body}&file;"), 1)
        }
        "xml-laughs" => after(declaration, &laughs()).replacen(body, &format!("{body}&laugh9;"), 1),
        "xml-instruction" => after(declaration, "<?xml-stylesheet href=\"http://127.0.0.1:9/off.xsl\"?>"),
        "xml-bom" => format!("\u{feff}{text}"),
        "xml-latin" => {
            let (before, rest) = text.split_at(text.find(body).unwrap_or_default());
            return [before.as_bytes(), b"<!-- \xe9 -->", rest.as_bytes()].concat();
        }
        "xml-control" => after(body, "&#1;"),
        "xml-twice" => match text
            .split_once(body)
            .and_then(|(_, rest)| rest.split_once(end.as_str()))
        {
            Some((content, _)) => after(body, content),
            None => text.to_owned(),
        },
        "xml-second" => format!("{text}{}", text.strip_prefix(declaration).unwrap_or(text)),
        "xml-deep" => after(body, &("<x>".repeat(number) + &"</x>".repeat(number))),
        "xml-wide" => after(body, &"<x/>".repeat(number)),
        _ => text.to_owned(),
    };
    text.into_bytes()
}

/// A document type whose entity `laugh9` expands to three billion characters.
fn laughs() -> String {
    let mut doctype = String::from("<!DOCTYPE x [<!ENTITY laugh0 \"lol\">");
    for level in 1..=9 {
        let below = format!("&laugh{};", level - 1).repeat(10);
        // Writing to a string cannot fail.
        let _ = write!(doctype, "<!ENTITY laugh{level} \"{below}\">");
    }
    doctype + "]>"
}
