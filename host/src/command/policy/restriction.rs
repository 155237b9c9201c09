//! One restriction, as JSON.

use serde::Serialize;

use crate::policy::{self, Fingerprint, Limit, Restricted, Rule, Unit};

/// A restriction with its place.
#[derive(Serialize)]
pub(super) struct Restriction {
    #[serde(flatten)]
    what: What,
    /// `*` or the name of an agent.
    table: String,
    file: String,
    line: usize,
    /// The line for people.
    pub(super) text: String,
}

/// The kind is the key in the policy.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum What {
    Allow {
        rules: Vec<String>,
    },
    Deny {
        rule: String,
    },
    Sha256 {
        digests: Vec<String>,
    },
    InsecureTls,
    Limits {
        limit: &'static str,
        value: u64,
        default: u64,
        unit: &'static str,
    },
}

impl From<policy::Restriction<'_>> for Restriction {
    fn from(restriction: policy::Restriction<'_>) -> Self {
        let what = match restriction.what {
            Restricted::Allow(rules) => What::Allow {
                rules: rules.iter().map(Rule::text).map(str::to_owned).collect(),
            },
            Restricted::Deny(rule) => What::Deny {
                rule: rule.text().to_owned(),
            },
            Restricted::Plugin(digests) => What::Sha256 {
                digests: digests.iter().map(Fingerprint::digits).collect(),
            },
            Restricted::SecureTls => What::InsecureTls,
            Restricted::Limit(limit, value) => What::Limits {
                limit: limit.key(),
                value,
                default: limit.default(),
                unit: unit(limit),
            },
        };
        Self {
            what,
            table: restriction.table().to_owned(),
            file: restriction.file().display().to_string(),
            line: restriction.line,
            text: restriction.to_string(),
        }
    }
}

fn unit(limit: Limit) -> &'static str {
    match limit.unit() {
        Unit::Bytes => "bytes",
        Unit::Number => "number",
        Unit::Seconds => "seconds",
    }
}
