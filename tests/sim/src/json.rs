//! Faults in the format of an answer: invalid or unexpected JSON, for every protocol that uses JSON.

use serde_json::{Map, Value};

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

/// The kinds that work at every step of a protocol whose answers are JSON.
pub static JSON: &[KindRow] = &[
    row("json-null", "the effect happens; null"),
    row("json-text", "the effect happens; the whole answer as one string"),
    row(
        "json-array",
        "the effect happens; the whole answer as the only element of an array",
    ),
    row("json-nulls", "the effect happens; every member is null"),
    row("json-numbers", "the effect happens; every string is 0"),
    row(
        "json-twice",
        "the effect happens; every member twice, the first time null",
    ),
    row("json-nan", "the effect happens; NaN in place of every string"),
    row("json-bom", "the effect happens; a byte order mark before the answer"),
    row("json-latin", "the effect happens; a first member that is not UTF-8"),
    KindRow {
        argument: Argument::Number {
            name: "LEVELS",
            default: Some(100_000),
            range: 1..=1_000_000,
        },
        samples: &["70", "100000"],
        ..row(
            "json-deep",
            "the effect happens; a first member of LEVELS nested arrays (default 100000)",
        )
    },
];

/// Whether a kind is one of these.
pub(crate) fn owns(fault: &Kind) -> bool {
    JSON.iter().any(|row| row.word == fault.row.word)
}

/// The body with the fault in it; unchanged if it is not JSON.
pub(crate) fn malformed(body: Vec<u8>, fault: &Kind) -> Vec<u8> {
    let Ok(value) = serde_json::from_slice::<Value>(&body) else {
        return body;
    };
    match fault.word() {
        "json-null" => b"null".to_vec(),
        "json-text" => Value::String(value.to_string()).to_string().into_bytes(),
        "json-array" => Value::Array(vec![value]).to_string().into_bytes(),
        "json-nulls" => changed(value, &|_| Value::Null, true).to_string().into_bytes(),
        "json-numbers" => changed(value, &|_| Value::from(0), false).to_string().into_bytes(),
        "json-twice" => doubled(&value).into_bytes(),
        "json-nan" => {
            let marked = changed(value, &|_| Value::from("\u{1}"), false).to_string();
            marked.replace("\"\\u0001\"", "NaN").into_bytes()
        }
        "json-bom" => [b"\xef\xbb\xbf".as_slice(), &body].concat(),
        "json-latin" => with_member(&body, b"\"\xe9\""),
        "json-deep" => {
            let levels = usize::try_from(fault.number.unwrap_or_default()).unwrap_or(1);
            with_member(
                &body,
                format!("{}{}", "[".repeat(levels), "]".repeat(levels)).as_bytes(),
            )
        }
        _ => body,
    }
}

/// The value with `change` applied to every string, or with `all` to every member that is not an object or an array.
fn changed(value: Value, change: &dyn Fn(Value) -> Value, all: bool) -> Value {
    match value {
        Value::Array(elements) => elements.into_iter().map(|own| changed(own, change, all)).collect(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, own)| (name, changed(own, change, all)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::String(_) => change(value),
        value if all => change(value),
        value => value,
    }
}

fn doubled(value: &Value) -> String {
    match value {
        Value::Array(elements) => format!("[{}]", elements.iter().map(doubled).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let members = members.iter().map(|(name, own)| {
                let name = Value::from(name.as_str());
                format!("{name}:null,{name}:{}", doubled(own))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        value => value.to_string(),
    }
}

/// An object or array with one more member at its beginning; any other value as the second element of an array.
fn with_member(body: &[u8], member: &[u8]) -> Vec<u8> {
    let rest = body.get(1..).unwrap_or_default();
    let empty = matches!(rest.first(), None | Some(b']' | b'}'));
    let comma: &[u8] = if empty { b"" } else { b"," };
    match body.first() {
        Some(b'{') => [b"{\"\":".as_slice(), member, comma, rest].concat(),
        Some(b'[') => [b"[".as_slice(), member, comma, rest].concat(),
        _ => [b"[".as_slice(), member, b",", body, b"]"].concat(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn each_kind_does_what_its_help_says() {
        let cases = [
            ("json-null", "null"),
            ("json-text", r#""{\"a\":\"on\",\"b\":[1]}""#),
            ("json-array", r#"[{"a":"on","b":[1]}]"#),
            ("json-nulls", r#"{"a":null,"b":[null]}"#),
            ("json-numbers", r#"{"a":0,"b":[1]}"#),
            ("json-twice", r#"{"a":null,"a":"on","b":null,"b":[1]}"#),
            ("json-nan", r#"{"a":NaN,"b":[1]}"#),
            ("json-bom", "\u{feff}{\"a\":\"on\",\"b\":[1]}"),
            ("json-deep", r#"{"":[[]],"a":"on","b":[1]}"#),
        ];
        for (word, wanted) in cases {
            let row = JSON.iter().find(|row| row.word == word).unwrap();
            let kind = Kind {
                row,
                number: Some(2),
                text: None,
            };
            let body = malformed(br#"{"a":"on","b":[1]}"#.to_vec(), &kind);
            assert_eq!(String::from_utf8(body).unwrap(), wanted, "{word}");
        }
        assert_eq!(with_member(b"[]", b"1"), b"[1]");
        assert_eq!(with_member(b"7", b"1"), b"[1,7]");
    }
}
