//! Tests of the option table: the options of an agent, and invalid descriptions.

use super::super::DescriptionError;
use super::{APC, device, dummy, own, table};
use crate::action::Action;
use crate::description::{Description, Override, ValueKind};

fn names(description: &Description) -> Vec<String> {
    table(description)
        .options()
        .iter()
        .map(|option| option.name.clone())
        .collect()
}

fn error(description: &Description) -> DescriptionError {
    crate::options::build(description).unwrap_err()
}

fn change(name: &str) -> Override {
    Override {
        name: name.to_owned(),
        ..Override::default()
    }
}

#[test]
fn rules_add_in_device_order() {
    let names = names(&device(APC));
    assert_eq!(
        names[..16],
        [
            "ip",
            "username",
            "password",
            "command_prompt",
            "ssh",
            "plug",
            "switch",
            "ipport",
            "password_script",
            "identity_file",
            "ssh_options",
            "ssh_path",
            "inet4_only",
            "inet6_only",
            "separator",
            "telnet_path"
        ]
    );
    assert_eq!(names[16], "help");
    let (last, sources) = names.split_last_chunk::<3>().unwrap();
    assert_eq!(last.last().map(String::as_str), Some("quiet"));
    assert_eq!(sources, &["password_file", "password_fd", "password_credential"]);
}

#[test]
fn a_device_without_plugs_gets_its_options_last() {
    let names = names(&device(&["ipaddr", "no_password", "web"]));
    assert_eq!(names[names.len() - 4..], ["quiet", "port_as_ip", "plug", "separator"]);
    let table = table(&device(&["ipaddr", "no_password", "web"]));
    assert_eq!(table.position_of("separator"), None);
    assert!(table.position_of("port").is_some());
    assert!(table.actions().contains(&Action::List));
    assert!(!table.find("ip").unwrap().required);
}

#[test]
fn a_device_with_plugs_keeps_their_description_beside_port_as_ip() {
    let mut device = device(&["ipaddr", "no_password", "no_port", "port", "port_as_ip", "web"]);
    device.overrides.push(Override {
        shortdesc: Some("Id of the system".to_owned()),
        ..change("plug")
    });
    let table = table(&device);
    let plug = table.find("plug").unwrap();
    assert_eq!(
        (plug.shortdesc.as_str(), plug.placeholder.as_str()),
        ("Id of the system", "id")
    );
    assert!(table.port_as_ip() && table.has_plugs() && !plug.required);
}

#[test]
fn parameters_come_after_listed_options() {
    let mut dummy = dummy();
    dummy.operations.cycle = true;
    dummy.options.push("plug".to_owned());
    let names = names(&dummy);
    assert_eq!(
        names[..6],
        [
            "plug",
            "method",
            "status_file",
            "random_sleep_range",
            "type",
            "separator"
        ]
    );
}

#[test]
fn a_flag_of_the_device_replaces_the_older_name_of_a_common_option() {
    let mut probe = device(&["port"]);
    let of_debug = |probe: &Description| {
        let table = table(probe);
        table
            .position_of("debug")
            .map(|position| table.options()[position].name.clone())
    };
    assert_eq!(of_debug(&probe).as_deref(), Some("debug_file"));
    probe.parameters.push(own("debug", ValueKind::Boolean));
    assert_eq!(of_debug(&probe).as_deref(), Some("debug"));
}

#[test]
fn actions_are_those_of_the_device() {
    let words = |keys: &[&str]| -> Vec<_> { table(&device(keys)).actions().into_iter().map(Action::word).collect() };
    assert_eq!(
        words(&["no_password"]),
        [
            "on",
            "off",
            "reboot",
            "status",
            "monitor",
            "metadata",
            "manpage",
            "validate-all"
        ]
    );
    assert_eq!(
        words(&["no_password", "port", "fabric_fencing", "diag", "no_on"]),
        [
            "off",
            "status",
            "list",
            "list-status",
            "monitor",
            "metadata",
            "manpage",
            "validate-all",
            "diag"
        ]
    );
    let fabric = table(&device(&["port", "fabric_fencing"]));
    assert_eq!(fabric.action("disable"), Some(Action::Off));
    assert_eq!(fabric.default_action(), Action::Off);
    assert_eq!(table(&device(&["port"])).action("enable"), None);
}

#[test]
fn overrides_change_what_they_name() {
    let mut clc = device(&["login", "passwd", "port", "proxy"]);
    clc.overrides = vec![Override {
        letter: Some('x'),
        shortdesc: Some("the proxy".to_owned()),
        required: Some(true),
        default: Some("http://p".to_owned()),
        ..change("proxy")
    }];
    let table = table(&clc);
    let proxy = table.find("proxy").unwrap();
    assert_eq!(proxy.left_column(), "-x, --proxy=[url]");
    assert_eq!((proxy.shortdesc.as_str(), proxy.required), ("the proxy", true));
    clc.overrides.push(change("ssl"));
    assert_eq!(error(&clc), DescriptionError::Override("ssl".to_owned()));
}

#[test]
fn bad_descriptions_are_refused() {
    let unknown = |name: &str| DescriptionError::Unknown(name.to_owned());
    assert_eq!(error(&device(&["nosuch"])), unknown("nosuch"));
    let mut by_key = device(&[]);
    by_key.options.push("login".to_owned());
    assert_eq!(error(&by_key), unknown("login"));
    assert!(matches!(
        error(&device(&["port", "port"])),
        DescriptionError::SameName(..)
    ));
    assert!(matches!(
        error(&device(&["switch", "session_url"])),
        DescriptionError::SameLetter(_, _, 's')
    ));
    assert_eq!(error(&device(&["ipaddr", "port"])), DescriptionError::NoPort);

    for name in ["quiet", "login", "debug"] {
        let mut clash = device(&["login"]);
        clash.parameters = vec![own(name, ValueKind::Text)];
        assert!(matches!(error(&clash), DescriptionError::SameName(..)), "{name}");
    }
    for name in ["", "a-b", "a b", "a=b", "1a", "é"] {
        let mut bad = device(&[]);
        bad.parameters = vec![own(name, ValueKind::Text)];
        assert_eq!(error(&bad), DescriptionError::BadName(name.to_owned()));
    }
    let mut letter = device(&[]);
    letter.parameters = vec![own("a", ValueKind::Text)];
    letter.parameters[0].letter = Some('-');
    assert!(matches!(error(&letter), DescriptionError::BadLetter { .. }));
    let mut default = device(&[]);
    default.parameters = vec![own("a", ValueKind::Integer)];
    default.parameters[0].default = Some("x".to_owned());
    assert!(matches!(error(&default), DescriptionError::BadDefault { .. }));
    default.parameters[0].kind = ValueKind::Choice(Vec::new());
    assert!(matches!(error(&default), DescriptionError::NoChoice(_)));
}

#[test]
fn synonyms_and_older_names_are_checked() {
    let mut device = device(&["port"]);
    device.parameters = vec![own("server", ValueKind::Text)];
    device.parameters[0].synonym_of = Some("plug".to_owned());
    device.parameters[0].obsoletes = Some("old-server".to_owned());
    let table = table(&device);
    assert_eq!(table.position_of("old_server"), table.position_of("server"));
    device.parameters[0].synonym_of = Some("nosuch".to_owned());
    assert!(matches!(error(&device), DescriptionError::Synonym(..)));
    device.parameters[0].synonym_of = Some("plug".to_owned());
    device.parameters[0].default = Some("a".to_owned());
    assert!(matches!(error(&device), DescriptionError::SynonymDefault(..)));
    device.parameters[0].obsoletes = Some(String::new());
    assert!(matches!(error(&device), DescriptionError::BadName(_)));
    device.parameters[0].obsoletes = Some("port".to_owned());
    assert!(matches!(error(&device), DescriptionError::SameName(..)));
}
