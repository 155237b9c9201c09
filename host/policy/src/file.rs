//! The policy file: how an administrator restricts agents.
//!
//! It is TOML, with one table for each agent, under the name by which the cluster calls it, and one
//! for all agents, `"*"`. An agent with another name of its plugin (such as `fence_xvm`, a name of
//! fence_virt) has the table of that other name. Without an entry, the plugin's declaration
//! applies. The policy cannot add anything to it.
//!
//! | key | value |
//! |---|---|
//! | `allow` | rules; one of them has to match the destination; an empty list allows nothing |
//! | `deny` | rules; none of them may match the destination |
//! | `sha256` | SHA-256 digests; one of them has to be that of the plugin file |
//! | `insecure-tls` | `false`: certificates are verified, and clear text does not leave this machine |
//! | `limits` | a table of lower limits ([`Limit`](super::Limit)) |
//!
//! Each table that applies restricts: both allow lists have to allow, any deny refuses, the smaller
//! limit applies, and the plugin's digest has to be in both `sha256` lists.
//!
//! ```
//! use fencebox_policy::Policy;
//!
//! let policy = Policy::parse("/etc/fencebox/policy.toml", r#"
//!     ["*"]
//!     insecure-tls = false
//!     limits = { memory = "32 MiB", requests = 500 }
//!
//!     [fence_clc]
//!     allow = ["https://api.ctl.io"]
//!     deny = ["10.0.0.0/8"]
//! "#).unwrap();
//! assert_eq!(policy.for_agent("fence_clc").limits().to_string(), "memory 32 MiB, requests 500");
//! ```
//!
//! An unknown key, a value of another type, a limit above its default, and an invalid rule are
//! errors, which name the line.
//!
//! ```
//! use fencebox_policy::Policy;
//!
//! let refused = |text| Policy::parse("policy.toml", text).unwrap_err().to_string();
//! assert_eq!(
//!     refused("[fence_clc]\nlimits.memory = \"1024 MiB\""),
//!     "policy.toml:2: memory = 1024 MiB is more than the default of 64 MiB; a policy can only lower a limit"
//! );
//! assert_eq!(
//!     refused("[fence_clc]\n\nallow = [\"https://api.ctl.io/v2\"]"),
//!     "policy.toml:3: allow: \"https://api.ctl.io/v2\": a rule has no path; write https://api.ctl.io"
//! );
//! assert!(refused("[fence_clc]\nalow = []").starts_with("policy.toml:2: unknown field `alow`, expected one"));
//! assert!(refused("[clc]\n").starts_with("policy.toml:1: [clc] is not an agent; write [fence_DEVICE], or [\"*\"]"));
//! ```

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::{Spanned, Value};

use super::request::shortened;
use super::{Denied, Fingerprint, Limit, Rule};

#[cfg(test)]
mod tests;

/// The table for all agents.
pub(super) const EVERY_AGENT: &str = "*";

/// Maximum length of the TOML parser's message in characters. It may quote the file.
const MESSAGE_LIMIT: usize = 400;

/// The policy of the administrator, from any number of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(super) tables: Vec<Table>,
}

/// One table of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// `*` or an agent's name.
    pub(super) agent: String,
    pub(super) file: Arc<PathBuf>,
    pub(super) allow: Option<Entry<Vec<Rule>>>,
    pub(super) deny: Vec<Entry<Rule>>,
    pub(super) pins: Option<Entry<Vec<Fingerprint>>>,
    /// Where it is `false`.
    pub(super) secure_tls: Option<Entry<()>>,
    pub(super) limits: Vec<Entry<(Limit, u64)>>,
}

/// A value and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    allow: Option<Spanned<Vec<Spanned<String>>>>,
    deny: Option<Vec<Spanned<String>>>,
    sha256: Option<Spanned<Vec<Spanned<String>>>>,
    insecure_tls: Option<Spanned<bool>>,
    limits: Option<BTreeMap<Spanned<String>, Spanned<Value>>>,
}

/// Only a table. Serde would also accept a list of its values.
struct OnlyTable(Written);

impl<'de> Deserialize<'de> for OnlyTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor)
    }
}

struct TableVisitor;

impl<'de> Visitor<'de> for TableVisitor {
    type Value = OnlyTable;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the table of an agent, such as [fence_clc]")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OnlyTable, A::Error> {
        Written::deserialize(MapAccessDeserializer::new(map)).map(OnlyTable)
    }
}

impl Policy {
    /// Restricts nothing: the policy of a machine without a policy file.
    pub fn unrestricted() -> Self {
        Self { tables: Vec::new() }
    }

    /// Reads the text of the file at `path`. The error names the line, the problem and the remedy.
    pub fn parse(path: impl AsRef<Path>, text: &str) -> Result<Self, Denied> {
        let source = Source {
            path: Arc::new(path.as_ref().to_owned()),
            text,
        };
        let tables: BTreeMap<Spanned<String>, OnlyTable> =
            toml::from_str(text).map_err(|error| source.malformed(&error))?;
        let tables = tables
            .into_iter()
            .map(|(agent, OnlyTable(written))| source.table(&agent, written));
        Ok(Self {
            tables: tables.collect::<Result<_, _>>()?,
        })
    }

    /// Both policies together: each of them restricts.
    pub fn with(mut self, other: Self) -> Self {
        self.tables.extend(other.tables);
        self
    }

    /// The agents that have a table of their own.
    pub fn agents(&self) -> impl Iterator<Item = &str> {
        let agents = self.tables.iter().map(|table| table.agent.as_str());
        agents.filter(|agent| *agent != EVERY_AGENT)
    }
}

impl Table {
    /// The place of a line of this table, for messages: `[fence_clc] in FILE:LINE`.
    pub(super) fn place(&self, line: usize) -> String {
        let agent = match self.agent.as_str() {
            EVERY_AGENT => "[\"*\"]".to_owned(),
            agent => format!("[{agent}]"),
        };
        format!("{agent} in {}:{line}", self.file.display())
    }
}

/// A file that is being read.
pub(super) struct Source<'t> {
    pub(super) path: Arc<PathBuf>,
    pub(super) text: &'t str,
}

impl Source<'_> {
    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.bytes().take(span.start);
        1 + before.filter(|byte| *byte == b'\n').count()
    }

    pub(super) fn refuse(&self, span: &Range<usize>, reason: impl Display) -> Denied {
        Denied::new(format!("{}:{}: {reason}", self.path.display(), self.line(span)))
    }

    pub(super) fn malformed(&self, error: &toml::de::Error) -> Denied {
        let message: Vec<_> = error.message().split_whitespace().collect();
        let message: String = message.join(" ").chars().take(MESSAGE_LIMIT).collect();
        self.refuse(&error.span().unwrap_or_default(), message)
    }

    fn table(&self, agent: &Spanned<String>, written: Written) -> Result<Table, Denied> {
        let name = agent.get_ref();
        if name != EVERY_AGENT && !is_agent(name) {
            let name = shortened(&name.escape_default().to_string());
            let reason = format!("[{name}] is not an agent; write [fence_DEVICE], or [\"*\"] for all of them");
            return Err(self.refuse(&agent.span(), reason));
        }
        Ok(Table {
            agent: name.clone(),
            file: self.path.clone(),
            allow: match written.allow {
                None => None,
                Some(rules) => Some(Entry {
                    line: self.line(&rules.span()),
                    value: rules
                        .get_ref()
                        .iter()
                        .map(|rule| self.rule("allow", rule))
                        .collect::<Result<_, _>>()?,
                }),
            },
            deny: written
                .deny
                .unwrap_or_default()
                .iter()
                .map(|rule| {
                    Ok(Entry {
                        line: self.line(&rule.span()),
                        value: self.rule("deny", rule)?,
                    })
                })
                .collect::<Result<_, Denied>>()?,
            pins: written.sha256.map(|pins| self.pins(&pins)).transpose()?,
            secure_tls: written.insecure_tls.map(|flag| self.secure_tls(&flag)).transpose()?,
            limits: written
                .limits
                .unwrap_or_default()
                .iter()
                .map(|(key, value)| self.limit(key, value))
                .collect::<Result<_, _>>()?,
        })
    }

    fn rule(&self, list: &str, text: &Spanned<String>) -> Result<Rule, Denied> {
        Rule::parse(text.get_ref()).map_err(|reason| {
            let shown = shortened(text.get_ref());
            self.refuse(&text.span(), format!("{list}: {shown:?}: {reason}"))
        })
    }

    fn pins(&self, pins: &Spanned<Vec<Spanned<String>>>) -> Result<Entry<Vec<Fingerprint>>, Denied> {
        if pins.get_ref().is_empty() {
            let reason =
                "sha256: an empty list lets no plugin run; give the digest that `sha256sum` prints, or remove the key";
            return Err(self.refuse(&pins.span(), reason));
        }
        let pin = |text: &Spanned<String>| {
            let shown = shortened(text.get_ref());
            Fingerprint::of_digits(text.get_ref()).ok_or_else(|| {
                let reason =
                    format!("sha256: {shown:?} is not a SHA-256 digest; give the 64 digits that `sha256sum` prints");
                self.refuse(&text.span(), reason)
            })
        };
        Ok(Entry {
            line: self.line(&pins.span()),
            value: pins.get_ref().iter().map(pin).collect::<Result<_, _>>()?,
        })
    }

    fn secure_tls(&self, flag: &Spanned<bool>) -> Result<Entry<()>, Denied> {
        match flag.get_ref() {
            false => Ok(Entry {
                line: self.line(&flag.span()),
                value: (),
            }),
            true => Err(self.refuse(
                &flag.span(),
                "insecure-tls can only be false, because a policy can only restrict; remove the line",
            )),
        }
    }

    fn limit(&self, key: &Spanned<String>, value: &Spanned<Value>) -> Result<Entry<(Limit, u64)>, Denied> {
        let Some(limit) = Limit::of_key(key.get_ref()) else {
            let known: Vec<_> = Limit::ALL.iter().map(|limit| limit.key()).collect();
            let shown = shortened(key.get_ref());
            let reason = format!("{shown:?} is not a limit; the limits are {}", known.join(", "));
            return Err(self.refuse(&key.span(), reason));
        };
        let (key, most) = (limit.key(), limit.default());
        let refuse = |reason: String| Err(self.refuse(&value.span(), reason));
        let number = match value.get_ref() {
            Value::Integer(number) => u64::try_from(*number).ok(),
            Value::String(text) => limit.read(text),
            _ => None,
        };
        match number {
            Some(0) => refuse(format!("{key} = 0 would let nothing run; give at least 1")),
            Some(number) if number > most => refuse(format!(
                "{key} = {} is more than the default of {}; a policy can only lower a limit",
                limit.show(number),
                limit.show(most)
            )),
            Some(number) => Ok(Entry {
                value: (limit, number),
                line: self.line(&value.span()),
            }),
            None => {
                let form = if limit.show(most).contains(' ') {
                    format!("{most} or \"{}\"", limit.show(most))
                } else {
                    most.to_string()
                };
                refuse(format!(
                    "invalid value of {key}; write for example {key} = {form}, which is the maximum"
                ))
            }
        }
    }
}

/// Whether this is the name of an agent. A file name has at most 255 bytes.
fn is_agent(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let device = name.strip_prefix("fence_").unwrap_or_default();
    !device.is_empty() && name.len() <= 255 && device.bytes().all(known)
}
