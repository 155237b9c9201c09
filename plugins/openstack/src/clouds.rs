//! `clouds.yaml`, and `secure.yaml` beside it.
//! An alias in the settings of the cloud is refused.

use fencebox_login_files::yaml::{self, Node};
use fencebox_sdk::files;
use fencebox_sdk::prelude::*;

use crate::settings::Words;

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

fn parse(option: &str, content: &[u8]) -> Result<Node> {
    yaml::parse(content).map_err(|malformed| Error::invalid_option(option, malformed.to_string()))
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
    fn a_malformed_file_is_refused_by_its_option() {
        let Err(Error::InvalidOption(problem)) = words("clouds: {ops: secret", "ops") else {
            panic!("it is accepted");
        };
        assert_eq!(problem.name, "clouds_yaml");
        assert!(problem.reason.starts_with("is not YAML at line"), "{}", problem.reason);
    }
}
