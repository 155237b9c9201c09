//! Checks JSON against a schema, with the part of JSON Schema 2020-12 that `docs/schema` uses. Stricter than the
//! standard: a property that the schema does not list is an error, so that every field is documented.

use serde_json::Value;

/// Keywords that say nothing about values.
const NOTES: [&str; 4] = ["$schema", "$defs", "title", "description"];

/// The differences between a value and the schema; none if it is valid.
pub fn differences(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Check { root: schema }.value(schema, value, "", &mut found);
    found
}

struct Check<'a> {
    root: &'a Value,
}

impl Check<'_> {
    fn value(&self, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        let keywords = schema.as_object().expect("a schema is an object");
        for (keyword, expected) in keywords {
            match keyword.as_str() {
                "$ref" => {
                    let pointer = expected
                        .as_str()
                        .unwrap()
                        .strip_prefix('#')
                        .expect("a part of this schema");
                    let part = self
                        .root
                        .pointer(pointer)
                        .unwrap_or_else(|| panic!("{expected} is missing"));
                    self.value(part, value, place, found);
                }
                "oneOf" => {
                    let cases = expected.as_array().unwrap().iter().map(|case| {
                        let mut wrong = Vec::new();
                        self.value(case, value, place, &mut wrong);
                        wrong
                    });
                    let cases: Vec<_> = cases.collect();
                    let valid = cases.iter().filter(|wrong| wrong.is_empty()).count();
                    if valid != 1 {
                        found.push(format!("{place}: {valid} cases of oneOf are valid: {cases:?}"));
                    }
                }
                "type" if !is_of_type(value, expected.as_str().unwrap()) => {
                    found.push(format!("{place}: not of type {expected}"))
                }
                "const" if value != expected => found.push(format!("{place}: not {expected}")),
                "enum" if !expected.as_array().unwrap().contains(value) => {
                    found.push(format!("{place}: not one of {expected}"))
                }
                "minimum" if value.as_f64() < expected.as_f64() => found.push(format!("{place}: less than {expected}")),
                "pattern" if !matches(expected.as_str().unwrap(), value.as_str().unwrap_or_default()) => {
                    found.push(format!("{place}: does not match {expected}"));
                }
                "required" => {
                    for name in expected.as_array().unwrap() {
                        if value.get(name.as_str().unwrap()).is_none() {
                            found.push(format!("{place}: {name} is missing"));
                        }
                    }
                }
                "properties" => {
                    for (name, inner) in value.as_object().into_iter().flatten() {
                        match expected.get(name) {
                            Some(schema) => self.value(schema, inner, &format!("{place}/{name}"), found),
                            None => found.push(format!("{place}: {name} is not in the schema")),
                        }
                    }
                }
                "items" => {
                    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
                        self.value(expected, inner, &format!("{place}/{index}"), found);
                    }
                }
                "type" | "const" | "enum" | "minimum" | "pattern" => {}
                note => assert!(NOTES.contains(&note), "the checker does not support {note}"),
            }
        }
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        other => panic!("the checker does not support the type {other}"),
    }
}

/// The two patterns of the schemas.
fn matches(pattern: &str, text: &str) -> bool {
    let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let word = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'_');
    match pattern {
        "^[0-9a-f]{64}$" => text.len() == 64 && text.bytes().all(digits),
        "^fence_[a-z0-9_]+$" => text
            .strip_prefix("fence_")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(word)),
        other => panic!("the checker does not support the pattern {other}"),
    }
}
