//! YAML, such as `clouds.yaml`.
//!
//! The parser gives events, so aliases are not expanded: a small file cannot become a large one. The reader of an
//! [`Node::Alias`] refuses it.
//!
//! ```
//! use fencebox_login_files::yaml::{self, Node};
//!
//! let file = yaml::parse(b"clouds: { ops: { region_name: RegionOne } }")?;
//! let cloud = file.member("clouds").and_then(|clouds| clouds.member("ops"));
//! let region = cloud.and_then(|cloud| cloud.member("region_name"));
//! assert_eq!(region, Some(&Node::Scalar("RegionOne".to_owned())));
//! # Ok::<(), fencebox_login_files::Malformed>(())
//! ```

use saphyr_parser::{Event, Input, Parser};

use crate::Malformed;

/// Maximum size of a file in KiB.
pub const KIBIBYTES: usize = 256;
/// Maximum depth of maps and lists.
pub const DEPTH: usize = 16;

/// A value of YAML.
#[derive(Debug, PartialEq, Eq)]
pub enum Node {
    /// The text of a value that is neither a map nor a list, without quotes.
    Scalar(String),
    /// The members in the order of the file. No key occurs twice.
    Map(Vec<(Node, Node)>),
    /// A list. No login has one, so its values are dropped.
    List,
    /// It refers to another value.
    Alias,
}

impl Node {
    /// The member of a map with this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else {
            return None;
        };
        let mut named = members.iter().filter(|(key, _)| *key == Self::Scalar(name.to_owned()));
        Some(&named.next()?.1)
    }
}

/// The first document of a file. An empty file is an empty list.
///
/// # Errors
///
/// [`Malformed`] if the file is not a text of at most [`KIBIBYTES`], is not YAML, is nested more than [`DEPTH`] deep, or
/// has a key twice in one map.
pub fn parse(content: &[u8]) -> Result<Node, Malformed> {
    let mut parser = Parser::new_from_str(crate::text(content, KIBIBYTES)?);
    let node = node(&mut parser, DEPTH).map_err(|line| {
        Malformed::new(format!(
            "is not YAML at line {line}, or is nested more than {DEPTH} deep"
        ))
    })?;
    Ok(node.unwrap_or(Node::List))
}

/// The next value; `None` at the end of a map, a list or the file. The error is a line.
fn node<'t, I: Input>(parser: &mut Parser<'t, I>, levels: usize) -> Result<Option<Node>, usize> {
    loop {
        let Some(event) = parser.next_event() else {
            return Ok(None);
        };
        let (event, span) = event.map_err(|problem| problem.marker().line())?;
        let deeper = levels.checked_sub(1).ok_or(span.start.line());
        return Ok(match event {
            Event::Scalar(text, ..) => Some(Node::Scalar(text.into_owned())),
            Event::Alias(_) => Some(Node::Alias),
            Event::MappingStart(..) => {
                let (mut members, deeper) = (Vec::new(), deeper?);
                while let Some(key) = node(parser, deeper)? {
                    let value = node(parser, deeper)?.ok_or(span.start.line())?;
                    if members.iter().any(|(known, _)| *known == key) {
                        return Err(span.start.line());
                    }
                    members.push((key, value));
                }
                Some(Node::Map(members))
            }
            Event::SequenceStart(..) => {
                let deeper = deeper?;
                while node(parser, deeper)?.is_some() {}
                Some(Node::List)
            }
            Event::MappingEnd | Event::SequenceEnd | Event::DocumentEnd | Event::StreamEnd => None,
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn bombs_are_not_expanded() {
        let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nc: *b\nd: {<<: *a}\n";
        let file = parse(laughs.as_bytes()).unwrap();
        assert_eq!(file.member("b"), Some(&Node::List));
        assert_eq!(file.member("c"), Some(&Node::Alias));
        assert_eq!(file.member("d").and_then(|map| map.member("<<")), Some(&Node::Alias));
    }

    #[test]
    fn malformed_files_are_refused_without_their_text() {
        let deep = format!("clouds: {}", "[".repeat(100_000));
        for text in [
            deep.as_str(),
            "clouds: {ops: secret",
            "clouds: [secret\n",
            "a: secret\na: secret\n",
            "\tsecret: 'x",
            "{secret: \"\\q\"}",
        ] {
            let reason = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(reason.starts_with("is not YAML at line"), "{text:.40}: {reason}");
            assert!(!reason.contains("secret"), "{reason}");
        }
    }

    #[test]
    fn the_depth_and_the_size_are_limited() {
        let nested = |levels: usize| format!("{}x{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(parse(nested(DEPTH).as_bytes()), Ok(Node::List));
        assert!(parse(nested(DEPTH + 1).as_bytes()).is_err());
        let large = "#".repeat(KIBIBYTES * 1024 + 1);
        let reason = parse(large.as_bytes()).unwrap_err().to_string();
        assert_eq!(reason, "is not a text of at most 256 KiB");
    }

    #[test]
    fn an_empty_file_has_no_members() {
        assert_eq!(parse(b"").unwrap().member("clouds"), None);
    }
}
