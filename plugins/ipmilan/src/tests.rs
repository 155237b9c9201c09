//! The description, the options and the mapping of failures. Sessions are tested in the
//! library, and the whole agent with simulators and with real BMCs.

use fencebox_ipmi::{Auth, Failure, Step, Suite};
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

use crate::settings::Settings;
use crate::{Bmc, description, errors};

const IP: (&str, &str) = ("ip", "192.0.2.7");

fn settings<const N: usize>(options: [(&str, &str); N]) -> Result<Settings> {
    Settings::new(&Options::from(options))
}

fn refused_option<const N: usize>(options: [(&str, &str); N]) -> String {
    match settings(options) {
        Err(Error::InvalidOption(option)) => option.name,
        Err(other) => panic!("{}", other.text()),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn names_have_the_defaults_of_the_python_agents() {
    for (name, lanplus, power_wait) in [
        ("fence_ipmilan", "0", "2"),
        ("fence_ilo3", "1", "4"),
        ("fence_ilo4", "1", "2"),
        ("fence_ilo5", "1", "2"),
        ("fence_ipmilanplus", "1", "2"),
        ("fence_imm", "0", "2"),
        ("fence_idrac", "0", "2"),
    ] {
        let agent = description::of(name);
        assert_eq!(agent.name, name);
        let default = agent.parameters.iter().find(|parameter| parameter.name == "lanplus");
        assert_eq!(
            default.and_then(|lanplus| lanplus.default.as_deref()),
            Some(lanplus),
            "{name}"
        );
        let wait = agent.overrides.iter().find(|change| change.name == "power_wait");
        assert_eq!(
            wait.and_then(|wait| wait.default.as_deref()),
            Some(power_wait),
            "{name}"
        );
    }
    assert_eq!(description::of("fence_ipmilan").symlinks.len(), 6);
}

#[test]
fn letters_are_those_of_the_python_agent() {
    let agent = description::of("fence_ipmilan");
    let letters: Vec<_> = agent
        .parameters
        .iter()
        .filter_map(|parameter| Some((parameter.letter?, parameter.name.as_str())))
        .collect();
    assert_eq!(
        letters,
        [('P', "lanplus"), ('A', "auth"), ('C', "cipher"), ('L', "privlvl")]
    );
}

#[test]
fn options_become_settings() {
    let usual = settings([IP]).unwrap();
    assert_eq!((usual.port, usual.suite, usual.auth), (623, None, None));
    let typed = settings([
        IP,
        ("ipport", "6230"),
        ("cipher", " 3"),
        ("auth", "password"),
        ("hexadecimal_kg", "0x00ff"),
        ("target", "0x20"),
        ("shell_timeout", "0"),
        ("ipmitool_timeout", "4"),
        ("lanplus", "1"),
    ])
    .unwrap();
    assert_eq!(
        (typed.port, typed.suite, typed.auth),
        (6230, Suite::of(3), Some(Auth::Password))
    );
    assert_eq!(
        (typed.kg, typed.timeout.as_secs(), typed.lanplus),
        (vec![0, 0xff], 4, true)
    );
}

#[test]
fn options_that_can_never_work_are_refused_by_name() {
    assert_eq!(refused_option([]), "ip");
    for cipher in ["4", "18", "aes", "-1", "3,17"] {
        assert_eq!(refused_option([IP, ("cipher", cipher)]), "cipher");
    }
    for kg in ["abc", "xyz!", "0011223344556677889900112233445566778899aa"] {
        assert_eq!(refused_option([IP, ("hexadecimal_kg", kg)]), "hexadecimal_kg");
    }
    for target in ["0x82", "130", "bmc"] {
        assert_eq!(refused_option([IP, ("target", target)]), "target");
    }
    assert_eq!(refused_option([IP, ("username", "a-name-of-17-byte")]), "username");
    assert_eq!(refused_option([IP, ("password", "a-password-of-21-byte")]), "password");
    assert_eq!(refused_option([IP, ("ipmitool_timeout", "soon")]), "ipmitool_timeout");
}

#[test]
fn a_secret_that_is_not_read_yet_is_not_checked() {
    let options = Options::from([IP]).with_pending(["password", "hexadecimal_kg"]);
    assert!(Settings::new(&options).is_ok());
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::LoginDenied(_) => "login denied",
        Error::NotPermitted(_) => "not permitted",
        Error::Busy(_) => "busy",
        Error::TaskFailed(_) => "failed",
        Error::TimedOut(_) => "timed out",
        Error::ConnectionLost(_) => "lost",
        Error::Denied(_) => "denied",
        Error::InvalidOption(_) => "option",
        Error::Unexpected(_) => "unexpected",
        _ => "other",
    }
}

#[test]
fn completion_codes_decide_whether_a_request_is_repeated() {
    let settings = settings([IP]).unwrap();
    for (code, read, control) in [
        (0xc0, "busy", "busy"),
        (0xc3, "busy", "busy"),
        (0xd0, "busy", "busy"),
        (0xd1, "busy", "busy"),
        (0xd2, "busy", "busy"),
        (0xd4, "not permitted", "not permitted"),
        (0xc1, "unexpected", "failed"),
        (0xcc, "unexpected", "failed"),
        (0xd5, "unexpected", "failed"),
        (0xd6, "unexpected", "failed"),
        (0xff, "unexpected", "failed"),
    ] {
        let of = |map: fn(Failure, &Settings) -> Error| kind(&map(Failure::Completion(code), &settings));
        assert_eq!(
            (of(errors::of_read), of(errors::of_control)),
            (read, control),
            "{code:02x}"
        );
    }
}

#[test]
fn a_denied_login_is_never_repeated() {
    let settings = settings([IP]).unwrap();
    let silent = |step| Failure::Silent { step, dropped: 0 };
    for (failure, expected) in [
        (Failure::WrongPassword, "login denied"),
        (Failure::WrongKey, "login denied"),
        (Failure::UnknownUser, "login denied"),
        (silent(Step::Activate), "login denied"),
        (silent(Step::Request), "timed out"),
        (silent(Step::Capabilities), "timed out"),
        (Failure::Privilege, "not permitted"),
        (Failure::Suites(vec![0]), "option"),
        (Failure::SuiteRejected(17), "option"),
        (Failure::Version("2.0"), "option"),
        (Failure::Auth, "option"),
        (Failure::Busy("busy".to_owned()), "busy"),
        (Failure::Io(std::io::ErrorKind::PermissionDenied.into()), "denied"),
        (Failure::Io(std::io::ErrorKind::ConnectionRefused.into()), "lost"),
        (Failure::Status(Step::User, 0x12), "unexpected"),
        (Failure::Invalid("x".to_owned()), "unexpected"),
    ] {
        let text = failure.to_string();
        assert_eq!(kind(&errors::of_read(failure, &settings)), expected, "{text}");
    }
}

#[test]
fn options_of_ipmitool_are_named_once() {
    let script = Script::new().start();
    let options = Options::from([
        IP,
        ("use_sudo", "1"),
        ("ipmitool_path", "/opt/ipmitool"),
        ("sudo_path", "/usr/bin/sudo"),
        ("cipher", "0"),
        ("auth", "none"),
    ]);
    Bmc::check_options(&options).unwrap();
    let lines = script.lines();
    let has = |words: &str| lines.iter().filter(|line| format!("{line:?}").contains(words)).count();
    assert_eq!(
        (
            lines.len(),
            has("use_sudo, ipmitool_path"),
            has("cipher=0"),
            has("auth=none")
        ),
        (3, 1, 1, 1)
    );
}
