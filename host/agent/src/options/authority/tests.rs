//! Tests of what a plugin's description may decide.

use super::{Authority, Use, check};
use crate::description::{Description, Operations, Override, Parameter, ValueKind};
use crate::options::DescriptionError;
use crate::options::catalog::ENTRIES;

fn parameter(name: &str) -> Parameter {
    Parameter {
        name: name.to_owned(),
        letter: None,
        shortdesc: "Test".to_owned(),
        kind: ValueKind::Text,
        default: None,
        required: false,
        secret: false,
        obsoletes: None,
        synonym_of: None,
        hidden: false,
        deprecated: false,
    }
}

fn with(change: impl FnOnce(&mut Description)) -> Description {
    let mut description = Description {
        name: "fence_x".to_owned(),
        options: ["ip", "ipport", "username", "password", "plug", "ssl", "proxy"]
            .map(str::to_owned)
            .to_vec(),
        operations: Operations::default(),
        ..Description::default()
    };
    change(&mut description);
    description
}

fn checked(description: &Description, uses: &[(&str, Use)]) -> Result<(), DescriptionError> {
    check(&crate::options::build(description)?, uses.iter().copied())
}

fn with_parameter(parameter: Parameter) -> Result<(), DescriptionError> {
    checked(&with(|description| description.parameters.push(parameter)), &[])
}

fn override_of(name: &str, default: Option<&str>, letter: Option<char>) -> Override {
    Override {
        name: name.to_owned(),
        default: default.map(str::to_owned),
        letter,
        ..Override::default()
    }
}

#[test]
fn a_plugin_sets_only_harmless_defaults() {
    let refused = |name: &str, value: &str| {
        let change = override_of(name, Some(value), None);
        checked(&with(|description| description.overrides.push(change)), &[]).is_err()
    };
    for (name, value) in [
        ("password_script", "id"),
        ("debug_file", "/root/.bashrc"),
        ("proxy", "http://evil.example:3128"),
        ("ssl_insecure", "1"),
        ("ssl", "0"),
        ("help", "1"),
        ("version", "1"),
        ("quiet", "1"),
        ("verbose", "1"),
        ("action", "status"),
        ("plug", "other"),
        ("password", "known"),
        ("disable_timeout", "true"),
        ("gnutlscli_path", "/tmp/evil"),
    ] {
        assert!(refused(name, value), "{name}={value}");
    }
    for (name, value) in [
        ("ipport", "8443"),
        ("username", "root"),
        ("power_timeout", "120"),
        ("delay", "0"),
        ("retry_on", "3"),
        ("ssl", "1"),
        ("ip", "192.0.2.1"),
        ("plug_separator", ";"),
    ] {
        assert!(!refused(name, value), "{name}={value}");
    }
}

#[test]
fn rows_that_control_the_host_have_no_default_of_a_plugin() {
    for entry in ENTRIES {
        let any = entry.authority.allows_default("x");
        let harmless = matches!(
            entry.authority,
            Authority::Device | Authority::Setting | Authority::Location
        );
        assert_eq!(any, harmless, "{}", entry.key);
    }
}

#[test]
fn a_parameter_cannot_have_a_name_that_the_host_uses() {
    for entry in ENTRIES.iter().filter(|entry| entry.authority != Authority::Device) {
        let name = entry.name();
        let mut description = with(|description| description.options.clear());
        description.parameters.push(parameter(&name));
        assert!(checked(&description, &[]).is_err(), "{name}");
    }
    for name in [
        "password_script",
        "Password_Script",
        "snmp_priv_passwd_script",
        "passwd_script",
        "password_file",
        "password_fd",
        "password_credential",
        "agent",
        "nodename",
        "ca_file",
        "ssl_fingerprint",
    ] {
        let refused = with_parameter(parameter(name)).unwrap_err();
        let expected = matches!(
            refused,
            DescriptionError::ReservedName(..) | DescriptionError::SameName(..)
        );
        assert!(expected, "{name}: {refused}");
    }
    let mut older = parameter("harmless");
    older.obsoletes = Some("snmp-priv-passwd-script".to_owned());
    assert!(with_parameter(older).is_err());
}

#[test]
fn names_derived_from_a_secret_parameter_are_reserved() {
    for name in ["token_file", "token_fd", "token_credential", "token_script"] {
        let description = with(|description| {
            description.parameters.push(Parameter {
                secret: true,
                ..parameter("token")
            });
            description.parameters.push(parameter(name));
        });
        assert!(checked(&description, &[]).is_err(), "{name}");
    }
    assert_eq!(with_parameter(parameter("token_file")), Ok(()));
}

#[test]
fn a_device_keeps_names_that_the_host_does_not_use() {
    for name in ["switch", "vmware_type", "cmd_prompt", "timeout", "key_file"] {
        assert_eq!(with_parameter(parameter(name)), Ok(()), "{name}");
    }
    let without_ip = with(|description| {
        description.options = vec!["plug".to_owned()];
        description.parameters.push(parameter("ipaddr"));
        description.parameters.push(Parameter {
            kind: ValueKind::Boolean,
            ..parameter("debug")
        });
    });
    assert_eq!(checked(&without_ip, &[]), Ok(()));
    let text = with(|description| description.parameters.push(parameter("debug")));
    assert!(checked(&text, &[]).is_err());
}

#[test]
fn a_synonym_is_allowed_only_for_harmless_options_and_shows_no_secret() {
    let synonym = |of: &str, secret: bool| {
        with_parameter(Parameter {
            synonym_of: Some(of.to_owned()),
            secret,
            ..parameter("other")
        })
    };
    for of in ["plug", "action", "username", "ip", "ca_file"] {
        assert_eq!(synonym(of, false), Ok(()), "{of}");
    }
    assert_eq!(synonym("password", true), Ok(()));
    assert!(matches!(
        synonym("password", false),
        Err(DescriptionError::SynonymShown(..))
    ));
    for of in [
        "password_script",
        "debug_file",
        "proxy",
        "ssl_insecure",
        "ssl",
        "disable_timeout",
    ] {
        assert!(
            matches!(synonym(of, true), Err(DescriptionError::SynonymDenied(..))),
            "{of}"
        );
    }
}

#[test]
fn the_letter_of_a_guard_cannot_be_changed() {
    let changed = |name: &str| {
        let change = override_of(name, None, Some('W'));
        checked(&with(|description| description.overrides.push(change)), &[])
    };
    assert_eq!(changed("proxy"), Ok(()));
    assert_eq!(changed("debug_file"), Ok(()));
    for name in ["ssl_insecure", "password_script", "disable_timeout"] {
        assert!(
            matches!(changed(name), Err(DescriptionError::LetterDenied(_))),
            "{name}"
        );
    }
}

#[test]
fn a_place_comes_neither_from_a_secret_nor_from_an_option_of_the_host() {
    let description = with(|description| {
        description.parameters.push(parameter("region"));
        description.parameters.push(Parameter {
            secret: true,
            ..parameter("token")
        });
    });
    for name in ["region", "ip", "plug"] {
        assert_eq!(checked(&description, &[(name, Use::Location)]), Ok(()), "{name}");
    }
    assert_eq!(
        checked(&description, &[("absent", Use::Location)]),
        Err(DescriptionError::UseUndeclared("absent".to_owned()))
    );
    for name in [
        "password",
        "token",
        "username",
        "debug_file",
        "proxy",
        "password_file",
        "login_timeout",
        "action",
    ] {
        assert!(checked(&description, &[(name, Use::Location)]).is_err(), "{name}");
    }
}

#[test]
fn a_follow_flag_has_no_default_of_a_plugin() {
    let flag = |default: Option<&str>| {
        with(|description| {
            description.parameters.push(Parameter {
                kind: ValueKind::Boolean,
                default: default.map(str::to_owned),
                ..parameter("follow")
            });
            description.parameters.push(parameter("text"));
        })
    };
    assert_eq!(checked(&flag(None), &[("follow", Use::Follow)]), Ok(()));
    assert!(checked(&flag(Some("1")), &[("follow", Use::Follow)]).is_err());
    assert!(checked(&flag(Some("0")), &[("follow", Use::Follow)]).is_err());
    for name in ["text", "ssl", "verbose"] {
        assert!(checked(&flag(None), &[(name, Use::Follow)]).is_err(), "{name}");
    }
}
