//! Secrets after a typing error: nothing that follows the name of a secret is repeated.

use super::{APC, Call, device, own};
use crate::description::{Description, ValueKind};
use crate::fake_device::CapturedLog;

/// An agent with a password and two secrets of its own.
fn agent() -> Description {
    let mut agent = device(APC);
    agent.parameters = ["application_key", "vault_pin"]
        .map(|name| own(name, ValueKind::Text))
        .to_vec();
    for parameter in &mut agent.parameters {
        parameter.secret = true;
    }
    agent.parameters[1].obsoletes = Some("oldpin".to_owned());
    agent.parameters[1].letter = Some('Q');
    agent
}

/// `QjZ` is the beginning of the secret, and `==` its end.
const SECRET: &str = "QjZxY3JldA==";

#[test]
fn a_secret_after_its_name_is_not_repeated_on_the_command_line() {
    for name in [
        "--password",
        "--passwd",
        "--passw",
        "--pas",
        "--p",
        "--PASSWORD",
        "--application-key",
        "--appl",
        "--vault_pin",
        "--vault-pin",
        "--vault",
        "--oldpin",
        "--Q",
        "--my-password",
        "--snmp-priv-passwd",
        "-password",
    ] {
        for separator in [
            "", ":", ": ", "_", "-", ".", "/", ";", "\u{a0}", "\t", "\u{2014}", "=", "==",
        ] {
            let argument = format!("{name}{separator}{SECRET}");
            let call = Call::argv(&agent(), &["-o", "status", &argument]);
            let error = call.read.as_ref().err().map(ToString::to_string).unwrap_or_default();
            assert!(
                !error.contains("QjZ") && !call.said.contains("QjZ"),
                "{argument}: {error} {}",
                call.said
            );
            if !error.is_empty() && error.contains("unknown option \"") {
                assert!(error.contains("(argument 3)"), "{error}");
            }
        }
    }
}

#[test]
fn a_secret_after_its_name_is_not_repeated_from_standard_input() {
    for name in [
        "password",
        "passwd",
        "pass",
        "PassWord",
        "application-key",
        "appli",
        "vault_pin",
        "oldpin",
        "vaul",
        "my.password",
        "login=admin password",
        "foo bar passwd",
        "-p",
    ] {
        for separator in [
            "", ":", ": ", " ", "_", "-", "/", ";", "\u{a0}", "\t", "\u{2014}", " = ",
        ] {
            let line = format!("{name}{separator}{SECRET}");
            for stdin in [
                format!("{line}\naction=status\n"),
                format!("action=status\nfoo=1\n{line}\n"),
            ] {
                let call = Call::stdin(&agent(), &stdin);
                let error = call.read.as_ref().err().map(ToString::to_string).unwrap_or_default();
                assert!(
                    !error.contains("QjZ") && !call.said.contains("QjZ"),
                    "{line}: {error} {}",
                    call.said
                );
            }
        }
    }
}

#[test]
fn the_rest_of_a_secret_that_was_broken_into_lines_is_not_repeated() {
    let call = Call::stdin(&agent(), "password=geheim\nQjZxY3JldA==\nQjZx\nQjZ=\naction=status\n");
    assert!(!call.said.contains("QjZ"), "{}", call.said);
    assert_eq!(call.said.lines().count(), 3, "{}", call.said);
}

/// Two lines in one: later messages do not repeat the value either.
#[test]
fn a_secret_in_the_value_of_another_option_is_hidden() {
    for value in [
        "web1 password=QjZx",
        "web1\rpasswd = \"QjZx\"",
        "web1, application-key: QjZx",
    ] {
        for (args, stdin) in [
            (vec![], format!("action=off\nplug={value}\n")),
            (vec!["-n".into(), value.into()], String::new()),
        ] {
            let said = CapturedLog::default();
            let log = said.log();
            let options = super::Options::read(&super::table(&agent()), &args, &mut stdin.as_bytes(), &log).unwrap();
            log.warning(format_args!("plug {}", options.get("plug").unwrap()));
            assert!(
                said.text().contains("plug web1") && !said.text().contains("QjZx"),
                "{}",
                said.text()
            );
        }
    }
}

#[test]
fn other_unknown_names_are_shown() {
    for (stdin, name) in [
        ("option=off", "option"),
        ("CRM_meta_name=x", "CRM_meta_name"),
        ("passwrd=x", "passw…"),
        ("password=x=", ""),
        ("foo bar=x", "foo…"),
    ] {
        let call = Call::stdin(&agent(), &format!("action=off\n{stdin}\n"));
        let wanted = format!("unknown option \"{name}\"");
        assert!(
            name.is_empty() && call.said.is_empty() || call.said.contains(&wanted),
            "{}",
            call.said
        );
    }
    let error = Call::argv(&agent(), &["--bogus=QjZx"]).error();
    assert!(error.contains("unknown option \"--bogus\" (argument 1);"), "{error}");
}
