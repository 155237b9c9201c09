//! The restrictions of a policy as data, for commands that show them.

use std::fmt::Display;
use std::path::Path;

use super::AgentPolicy;
use crate::file::{Entry, Table};
use crate::{Fingerprint, Limit, Rule};

/// One restriction of an agent, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction<'a> {
    table: &'a Table,
    /// The line in the file.
    pub line: usize,
    /// What it restricts.
    pub what: Restricted<'a>,
}

/// What a restriction is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restricted<'a> {
    /// Only destinations that one of these rules matches.
    Allow(&'a [Rule]),
    /// No destination that this rule matches.
    Deny(&'a Rule),
    /// Only plugin files with one of these SHA-256 digests.
    Plugin(&'a [Fingerprint]),
    /// Certificates are verified, and clear text does not leave this machine.
    SecureTls,
    /// A limit, and its lower value.
    Limit(Limit, u64),
}

impl Restriction<'_> {
    /// The name of the table: of an agent, or `*`.
    pub fn table(&self) -> &str {
        &self.table.agent
    }

    /// The file with the table.
    pub fn file(&self) -> &Path {
        &self.table.file
    }
}

/// For people, with the place.
impl Display for Restriction<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.what {
            Restricted::Allow([]) => formatter.write_str("reaches only nothing"),
            Restricted::Allow(rules) => {
                let rules: Vec<_> = rules.iter().map(Rule::to_string).collect();
                write!(formatter, "reaches only {}", rules.join(", "))
            }
            Restricted::Deny(rule) => write!(formatter, "does not reach {rule}"),
            Restricted::Plugin(digests) => {
                let digests: Vec<_> = digests.iter().map(Fingerprint::digits).collect();
                write!(
                    formatter,
                    "runs only a plugin file with the SHA-256 digest {}",
                    digests.join(" or ")
                )
            }
            Restricted::SecureTls => {
                formatter.write_str("verifies certificates, and sends plain HTTP only to this machine")
            }
            Restricted::Limit(limit, value) => write!(
                formatter,
                "has the limit {} = {}, not {}",
                limit.key(),
                limit.show(*value),
                limit.show(limit.default())
            ),
        }?;
        write!(formatter, " ({})", self.table.place(self.line))
    }
}

impl AgentPolicy {
    /// Each restriction of the files, in the order of the tables.
    pub fn restrictions(&self) -> impl Iterator<Item = Restriction<'_>> {
        self.tables.iter().flat_map(of_table)
    }
}

fn of_table(table: &Table) -> Vec<Restriction<'_>> {
    let allow = table
        .allow
        .iter()
        .map(|Entry { value, line }| (*line, Restricted::Allow(value)));
    let deny = table
        .deny
        .iter()
        .map(|Entry { value, line }| (*line, Restricted::Deny(value)));
    let pins = table
        .pins
        .iter()
        .map(|Entry { value, line }| (*line, Restricted::Plugin(value)));
    let tls = table.secure_tls.iter().map(|flag| (flag.line, Restricted::SecureTls));
    let limits = table
        .limits
        .iter()
        .map(|Entry { value, line }| (*line, Restricted::Limit(value.0, value.1)));
    let all = allow.chain(deny).chain(pins).chain(tls).chain(limits);
    all.map(|(line, what)| Restriction { table, line, what }).collect()
}
