//! One recorded run of a Python agent, in the format of `tests/conformance/README.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result};
use fencebox::agent::options::catalog;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;

use super::malformed;

/// One recorded run.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) agent: String,
    pub(super) argv: Vec<String>,
    #[serde(default)]
    pub(super) stdin: Option<String>,
    #[serde(default)]
    pub(super) stdin_b64: Option<String>,
    #[serde(default)]
    pub(super) shell: Option<String>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) files: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) files_after: BTreeMap<String, Option<String>>,
    #[serde(default)]
    pub(super) device: Option<Script>,
    #[serde(default)]
    pub(super) calls: Option<Vec<String>>,
    pub(super) exit: i32,
    #[serde(default)]
    pub(super) stdout: Option<String>,
    #[serde(default)]
    pub(super) metadata: Option<Value>,
    /// Whether the recorded metadata is not XML. `metadata` then has what can be read of it.
    #[serde(skip)]
    pub(super) is_malformed: bool,
    #[serde(default)]
    pub(super) help_options: Option<Vec<String>>,
    pub(super) stderr: bool,
    pub(super) traceback: bool,
    #[serde(default)]
    pub(super) elapsed_s: Option<f64>,
}

/// What a device declares, and its answers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Script {
    pub(super) device_opt: Vec<String>,
    pub(super) all_opt: BTreeMap<String, Value>,
    pub(super) get: Option<Value>,
    /// `Some(Null)` if it is present and null.
    #[serde(deserialize_with = "present")]
    pub(super) set: Option<Value>,
    pub(super) sync: Option<Value>,
    pub(super) cycle: Option<Value>,
    #[serde(deserialize_with = "present")]
    pub(super) outlets: Option<Outlets>,
    pub(super) outlets_int_keys: bool,
    pub(super) outlets_seq: Option<Value>,
    pub(super) dump: Option<String>,
    pub(super) other_conditions: bool,
}

impl Script {
    /// Whether the device can list its plugs.
    pub(super) fn lists(&self) -> bool {
        self.outlets.is_some() || self.outlets_seq.is_some()
    }

    /// Whether the device declares this option or marker.
    pub(super) fn declares(&self, key: &str) -> bool {
        self.device_opt.iter().any(|declared| declared == key)
    }
}

/// Id, alias and status.
pub(super) type Row = (String, Option<String>, Option<String>);

/// The answer to `list`: id, alias and status of each plug, in the device's order; `None` if the device answered with
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outlets(pub(super) Option<Vec<Row>>);

impl<'de> Deserialize<'de> for Outlets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;

        impl<'de> Visitor<'de> for Rows {
            type Value = Outlets;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map from id to alias and status, or null")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Outlets, E> {
                Ok(Outlets(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outlets, A::Error> {
                let mut rows = Vec::new();
                while let Some((id, (alias, status))) = map.next_entry()? {
                    rows.push((id, alias, status));
                }
                Ok(Outlets(Some(rows)))
            }
        }

        deserializer.deserialize_any(Rows)
    }
}

/// Distinguishes null from a missing value.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Case {
    /// Parses one line of a file of cases. `@D@` in the line is replaced by `folder`.
    pub(super) fn parse(line: &str, folder: &Path) -> Result<Self> {
        let folder = folder.to_str().context("the folder's name is not UTF-8")?;
        let mut case: Self = serde_json::from_str(&line.replace("@D@", folder))?;
        malformed::read(&mut case)?;
        Ok(case)
    }

    /// The bytes on standard input; `None` for /dev/null.
    pub(super) fn input(&self, folder: &Path) -> Result<Option<Vec<u8>>> {
        if let Some(text) = &self.stdin_b64 {
            let bytes = decode(text).with_context(|| format!("{}: stdin_b64", self.name))?;
            let folder = folder.as_os_str().as_encoded_bytes();
            return Ok(Some(replaced(&bytes, b"@D@", folder)));
        }
        Ok(self.stdin.as_ref().map(|text| text.clone().into_bytes()))
    }

    /// The value that the caller gave to an option, as far as it can be found without the agent's description: by its
    /// long name or usual letter on the command line, by its name on standard input. The last value counts.
    pub(super) fn given(&self, name: &str) -> Option<String> {
        let same = |text: &str| text.replace('-', "_") == name;
        if self.argv.is_empty() {
            let lines = self.lines().into_iter().rev();
            return lines.into_iter().find(|(spelt, _)| same(spelt)).map(|(_, value)| value);
        }
        let letter = catalog::find(name).and_then(|entry| entry.letter);
        let mut found = None;
        for (index, argument) in self.argv.iter().enumerate() {
            let Some(long) = argument.strip_prefix("--") else {
                let short = letter.and_then(|letter| argument.strip_prefix('-')?.strip_prefix(letter));
                match short {
                    Some("") => found = self.argv.get(index + 1).cloned(),
                    Some(value) => found = Some(value.to_owned()),
                    None => {}
                }
                continue;
            };
            match long.split_once('=') {
                Some((spelt, value)) if same(spelt) => found = Some(value.to_owned()),
                None if same(long) => found = self.argv.get(index + 1).cloned(),
                _ => {}
            }
        }
        found
    }

    /// The names and values on standard input, if it is read.
    pub(super) fn lines(&self) -> Vec<(String, String)> {
        if !self.argv.is_empty() {
            return Vec::new();
        }
        let bytes = self.input(Path::new("@D@")).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.split('\n').filter_map(entry).collect()
    }

    /// The action of the call, in lower case; empty if none is given.
    pub(super) fn action(&self) -> String {
        self.given("action").unwrap_or_default().to_lowercase()
    }
}

/// The name and the value of a line of standard input; `None` if it is empty or a comment.
pub(super) fn entry(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Some((name.to_owned(), quoted.unwrap_or(value).to_owned()))
}

fn replaced(bytes: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, others)) = rest.split_first() {
        match rest.strip_prefix(what) {
            Some(after) => {
                result.extend_from_slice(with);
                rest = after;
            }
            None => {
                result.push(*first);
                rest = others;
            }
        }
    }
    result
}

/// Base64, RFC 4648 section 4.
fn decode(text: &str) -> Result<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut width) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().take_while(|&digit| digit != b'=') {
        let value = ALPHABET.iter().position(|&known| known == digit);
        let value = value.with_context(|| format!("{:?} is not a base64 digit", char::from(digit)))?;
        bits = bits << 6 | u32::try_from(value)?;
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.push(u8::try_from(bits >> width & 0xff)?);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, replaced};

    #[test]
    fn base64_is_decoded() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9vYmFy", b"foobar"),
            ("/+8=", b"\xff\xef"),
        ] {
            assert_eq!(decode(text).unwrap(), bytes, "{text}");
        }
        assert!(decode("Zm 8").is_err());
    }

    #[test]
    fn every_occurrence_is_replaced() {
        assert_eq!(replaced(b"@D@/a@D@", b"@D@", b"/t"), b"/t/a/t");
    }
}
