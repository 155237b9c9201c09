//! `clouds.yaml`, and `secure.yaml` beside it.
//!
//! The parser gives events, so aliases are not expanded: a small file cannot
//! become a large one. An alias in the settings of the cloud is refused.

use fencebox_sdk::files;
use fencebox_sdk::prelude::*;
use saphyr_parser::{Event, Parser};

use crate::settings::Words;

/// Maximum size of a file, in bytes, and its deepest level.
const LIMIT: usize = 256 * 1024;
const DEEPEST: usize = 16;

/// The members of a cloud that count, besides those of `auth`.
const MEMBERS: [&str; 7] = [
    "auth_type",
    "cacert",
    "endpoint_type",
    "insecure",
    "interface",
    "region_name",
    "verify",
];

/// A value of YAML.
#[derive(Debug, PartialEq, Eq)]
enum Node {
    Scalar(String),
    Map(Vec<(Node, Node)>),
    List,
    /// Refers to another value.
    Alias,
}

impl Node {
    fn member(&self, name: &str) -> Option<&Self> {
        let Self::Map(members) = self else {
            return None;
        };
        let mut named = members.iter().filter(|(key, _)| *key == Self::Scalar(name.to_owned()));
        Some(&named.next()?.1)
    }
}

/// The settings of a cloud.
pub(crate) fn read(cloud: &str) -> Result<Words> {
    let text = files::read("clouds_yaml").map_err(Error::from)?;
    let clouds = parse("clouds_yaml", &text)?;
    let mut words = words_of("clouds_yaml", &clouds, cloud)?
        .ok_or_else(|| Error::invalid_option("cloud", "clouds.yaml has no cloud with this name"))?;
    match files::read("secure_yaml") {
        Ok(text) => {
            let secrets = parse("secure_yaml", &text)?;
            words.extend(words_of("secure_yaml", &secrets, cloud)?.unwrap_or_default());
        }
        Err(files::Failure::NotFound(_)) => {}
        Err(failure) => return Err(failure.into()),
    }
    Ok(words)
}

/// The settings of a cloud in one of the files.
fn words_of(option: &str, file: &Node, cloud: &str) -> Result<Option<Words>> {
    let Some(cloud) = file.member("clouds").and_then(|clouds| clouds.member(cloud)) else {
        return Ok(None);
    };
    let mut words = Words::new();
    let mut add = |name: &str, value: &Node| match value {
        Node::Scalar(value) => {
            words.insert(name.to_owned(), value.clone());
            Ok(())
        }
        _ => Err(Error::invalid_option(
            option,
            format!("{name} of the cloud is not a text; write it out, without an alias"),
        )),
    };
    for name in MEMBERS {
        cloud.member(name).map(|value| add(name, value)).transpose()?;
    }
    match cloud.member("auth") {
        Some(Node::Map(members)) => {
            for (name, value) in members {
                if let Node::Scalar(name) = name {
                    add(name, value)?;
                }
            }
        }
        None => {}
        Some(_) => {
            return Err(Error::invalid_option(
                option,
                "auth of the cloud is not a map; write it out",
            ));
        }
    }
    Ok(Some(words))
}

/// The first document. Messages have no text of the file, because it contains secrets.
fn parse(option: &str, content: &[u8]) -> Result<Node> {
    let text = str::from_utf8(content).ok().filter(|text| text.len() <= LIMIT);
    let text = text.ok_or_else(|| Error::invalid_option(option, "is not a text of at most 256 KiB"))?;
    let mut parser = Parser::new_from_str(text);
    let node = node(&mut parser, DEEPEST).map_err(|line| {
        let depth = format!("or is nested more than {DEEPEST} deep");
        Error::invalid_option(option, format!("is not YAML at line {line}, {depth}"))
    })?;
    Ok(node.unwrap_or(Node::List))
}

/// The next value; `None` at the end of a map, a list or the file. The error is
/// a line.
fn node<'t, I: saphyr_parser::Input>(parser: &mut Parser<'t, I>, levels: usize) -> Result<Option<Node>, usize> {
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
mod tests {
    use super::*;

    const FILE: &str = "
common: &common { auth_url: https://other.example }
clouds:
  ops:
    region_name: RegionOne
    auth:
      auth_url: \"https://cloud.example:5000/v3\"
      username: 'fencer'
      password: 12345
      project_name: ops
    networks:
      - name: a
        routes: [1, 2]
    verify: false
  aliased:
    auth: *common
  merged:
    auth:
      <<: *common
";

    fn words(text: &str, cloud: &str) -> Result<Option<Words>> {
        words_of("clouds_yaml", &parse("clouds_yaml", text.as_bytes())?, cloud)
    }

    #[test]
    fn a_cloud_has_the_members_that_count() {
        let wanted = [
            ("auth_url", "https://cloud.example:5000/v3"),
            ("password", "12345"),
            ("project_name", "ops"),
            ("region_name", "RegionOne"),
            ("username", "fencer"),
            ("verify", "false"),
        ];
        let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(words(FILE, "ops"), Ok(Some(wanted.into())));
        assert_eq!(words(FILE, "other"), Ok(None));
        assert_eq!(words("", "ops"), Ok(None));
    }

    #[test]
    fn aliases_in_the_cloud_are_refused() {
        for cloud in ["aliased", "merged"] {
            let Err(Error::InvalidOption(problem)) = words(FILE, cloud) else {
                panic!("{cloud} is accepted");
            };
            assert!(problem.reason.contains("write it out"), "{}", problem.reason);
        }
    }

    #[test]
    fn bombs_and_malformed_files_are_refused_without_their_text() {
        let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nclouds: {ops: {auth: {password: secret}}}\n";
        assert!(words(laughs, "ops").unwrap().is_some(), "nothing is expanded");
        let deep = format!("clouds: {}", "[".repeat(100_000));
        for text in [
            deep.as_str(),
            "clouds: {ops: secret",
            "clouds: [secret\n",
            "a: secret\na: secret\n",
            "\tsecret: 'x",
            "{secret: \"\\q\"}",
        ] {
            let Err(Error::InvalidOption(problem)) = words(text, "ops") else {
                panic!("{text:.40} is accepted");
            };
            assert!(problem.reason.starts_with("is not YAML at line"), "{}", problem.reason);
            assert!(!problem.reason.contains("secret"), "{}", problem.reason);
        }
        assert!(words(&"#".repeat(LIMIT + 1), "ops").is_err());
    }
}
