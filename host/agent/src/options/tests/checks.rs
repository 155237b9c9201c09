//! Topic `validate`.

use super::super::checks::check;
use super::{APC, Call, device, dummy, own};
use crate::action::Action;
use crate::description::{Override, ValueKind};

const SNMP: &[&str] = &[
    "ipaddr",
    "login",
    "passwd",
    "no_login",
    "no_password",
    "port",
    "snmp_version",
    "snmp",
];

fn apc(argv: &str) -> Result<Action, Vec<String>> {
    let argv: Vec<&str> = argv.split(' ').collect();
    Call::argv(&device(APC), &argv).checked()
}

#[test]
fn the_first_error_is_reported() {
    for (argv, wrong) in [
        ("-o bogus -u x", "action"),
        ("-o status", "username"),
        ("-o status -l u", "ip"),
        ("-o status -l u -a h", "password"),
        ("-o status -l u -a h -p p", "plug"),
        ("-o status -l u -a h -k /etc/passwd", "identity_file"),
        ("-o status -l u -a h -x -k /etc", "identity_file"),
        ("-o status -l u -a h -p p -n 1 -u x", "ipport"),
        ("-o status -l u -a h -p p -n 1 --delay=x --power-wait=y", "power_wait"),
        ("-o status -l u -a h -p p -n 1 --power-timeout=1.5", "power_timeout"),
        ("-o status -l u -a h -p p -n 1 --power-timeout=", "power_timeout"),
        ("-o off -l u -a h -p p -n 1 --power-wait=-1", "power_wait"),
        (
            "-o off -l u -a h -p p -n 1 --stonith-status-sleep=-1",
            "stonith_status_sleep",
        ),
        ("-o on -l u -a h -p p -n 1 --retry-on=-1", "retry_on"),
    ] {
        assert_eq!(apc(argv), Err(vec![wrong.to_owned()]), "{argv}");
    }
}

#[test]
fn valid_options_are_accepted() {
    for argv in [
        "-o status -l u -a h -p p -n 1",
        "-o status -l u -a h -S /bin/x -n 1",
        "-o status -l u -a h -x -k /etc/passwd -n 1",
        "-o list -l u -a h -p p",
        "-o monitor -l u -a h -p p",
        "-o off -l u -a h -p p -n 1 -u 99999 --delay=-1 --power-timeout=-5 --login-timeout=+5",
        "-o validate-all -l  -a  -p  -n ",
    ] {
        assert!(apc(argv).is_ok(), "{argv}: {:?}", apc(argv));
    }
}

#[test]
fn validate_all_reports_all_errors() {
    assert_eq!(
        apc("-o validate-all -u x --retry-on=-1"),
        Err(["username", "ip", "password", "plug", "ipport", "retry_on"]
            .map(str::to_owned)
            .to_vec())
    );
    assert_eq!(apc("-o validate-all -l u -a h -p p -n 1"), Ok(Action::ValidateAll));
}

#[test]
fn choices_have_one_spelling() {
    let argv = ["-a", "h", "-n", "1", "-d", "2C", "-E", "AUTHPRIV", "-b", "sha"];
    let mut options = Call::argv(&device(SNMP), &argv).options();
    assert!(check(&mut options).is_ok());
    let found = ["snmp_version", "snmp_sec_level", "snmp_auth_prot"].map(|name| options.get(name).unwrap());
    assert_eq!(found, ["2c", "authPriv", "SHA"]);

    let argv = [
        "-o",
        "validate-all",
        "-a",
        "h",
        "-n",
        "1",
        "-d",
        "9",
        "-B",
        "rc4",
        "--power-timeout=x",
    ];
    let wrong = Call::argv(&device(SNMP), &argv).checked().unwrap_err();
    assert_eq!(wrong, ["snmp_version", "snmp_priv_prot", "power_timeout"]);
}

#[test]
fn fabric_devices_accept_enable_and_disable() {
    let keys: Vec<&str> = APC.iter().chain(&["fabric_fencing"]).copied().collect();
    let fabric = |argv: &[&str]| Call::argv(&device(&keys), argv).checked();
    assert_eq!(fabric(&["-o", "reboot"]), Err(vec!["action".to_owned()]));
    assert_eq!(fabric(&["-o", "enable"]), Err(vec!["username".to_owned()]));
    let disable = ["-o", "Disable", "-l", "u", "-a", "h", "-p", "p"];
    assert_eq!(fabric(&disable), Err(vec!["plug".to_owned()]));
    let disable = [&disable[..], &["-n", "1"]].concat();
    assert_eq!(fabric(&disable), Ok(Action::Off));
    let mut options = Call::argv(&device(&keys), &disable).options();
    check(&mut options).unwrap();
    assert_eq!(options.get("action"), Some("off"), "the plugin gets the canonical name");
}

#[test]
fn a_device_without_plugs_needs_no_plug() {
    let device = device(&["ipaddr", "login", "passwd", "web"]);
    let checked = |stdin: &str| Call::stdin(&device, &format!("login=u\npasswd=p\naction=status\n{stdin}")).checked();
    assert_eq!(checked("ip=h"), Ok(Action::Status));
    assert_eq!(checked("port=h"), Err(vec!["ip".to_owned()]));
    assert_eq!(checked("port=h\nport_as_ip=1"), Ok(Action::Status));
    assert_eq!(checked("port=h\nport_as_ip=0"), Err(vec!["ip".to_owned()]));
}

#[test]
fn another_option_can_replace_the_address() {
    let mut device = device(&["ipaddr", "no_password", "port", "web"]);
    device.parameters = vec![own("managed", ValueKind::Text)];
    assert_eq!(
        Call::argv(&device, &["-n", "1", "--managed=m"]).checked(),
        Ok(Action::Reboot)
    );
}

#[test]
fn required_options_are_demanded() {
    let mut device = device(&["no_password", "port"]);
    device.parameters = vec![own("account", ValueKind::Text)];
    device.parameters[0].required = true;
    assert_eq!(
        Call::argv(&device, &["-n", "1"]).checked(),
        Err(vec!["account".to_owned()])
    );
    assert_eq!(
        Call::argv(&device, &["-n", "1", "--account="]).checked(),
        Ok(Action::Reboot)
    );
    let session = super::device(&["no_password", "session_url"]);
    assert_eq!(
        Call::argv(&session, &["-q"]).checked(),
        Err(vec!["session_url".to_owned()])
    );
}

#[test]
fn the_message_about_a_missing_plug_has_every_name_of_the_option() {
    let mut clc = device(&["no_password", "port"]);
    clc.parameters = vec![own("switch", ValueKind::Text)];
    clc.parameters[0].letter = Some('s');
    clc.parameters[0].synonym_of = Some("plug".to_owned());
    let mut options = Call::stdin(&clc, "").options();
    let errors = check(&mut options).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "action reboot needs a plug, and none is given; set plug (-n, --plug; port on standard input) or switch (-s, \
         --switch)"
    );
    clc.parameters[0].required = true;
    let checked = Call::stdin(&clc, "switch=a").checked();
    assert_eq!(checked, Ok(Action::Reboot));
}

#[test]
fn secrets_are_not_repeated() {
    let mut device = dummy();
    device.parameters.push(own("pin", ValueKind::Integer));
    device.parameters[3].secret = true;
    let mut options = Call::argv(&device, &["--pin=s3cret"]).options();
    let errors = check(&mut options).unwrap_err();
    assert_eq!(errors[0].option_name(), Some("pin"));
    assert!(!errors[0].to_string().contains("s3cret"));
}

#[test]
fn an_overridden_default_is_checked_too() {
    let mut device = dummy();
    device.overrides = vec![Override {
        name: "retry_on".to_owned(),
        default: Some("-1".to_owned()),
        ..Override::default()
    }];
    assert_eq!(Call::argv(&device, &["-q"]).checked(), Err(vec!["retry_on".to_owned()]));
}

#[test]
fn a_secret_with_a_line_break_is_rejected_by_name() {
    let mut agent = device(&["ipaddr", "login", "passwd", "port", "web"]);
    agent.parameters = vec![own("application_key", ValueKind::Text)];
    agent.parameters[0].secret = true;
    let errors = |argv: &[&str], action: &str| -> Vec<String> {
        let argv = [&["-o", action, "-l", "u", "-n", "1", "-a", "h", "-p", "p"], argv].concat();
        let errors = check(&mut Call::argv(&agent, &argv).options()).unwrap_err();
        errors.iter().map(ToString::to_string).collect()
    };
    for (argv, text) in [
        (
            ["--application-key", "AK\n"],
            "option application_key ends with a line break; remove it",
        ),
        (
            ["--application-key", "AK\r\n"],
            "option application_key ends with a line break; remove it",
        ),
        (
            ["--application-key", "AK\r"],
            "option application_key ends with a carriage return; remove it",
        ),
        (
            ["--application-key", "A\nK"],
            "option application_key contains a line break; give it as one line",
        ),
        (
            ["--application-key", "A\u{1}K"],
            "option application_key contains a control character",
        ),
        (["-p", "geheim\n"], "option password ends with a line break; remove it"),
        (["-l", "admin\n"], "option username ends with a line break; remove it"),
        (["-a", "10.0.0.1\r"], "option ip ends with a carriage return; remove it"),
    ] {
        for action in ["off", "monitor", "validate-all"] {
            let errors = errors(&argv, action);
            assert!(errors.len() == 1 && errors[0].starts_with(text), "{argv:?}: {errors:?}");
        }
    }
    let all = errors(&["-p", "x\n", "--application-key", "y\r"], "validate-all");
    assert_eq!(all.len(), 2, "{all:?}");
    // On standard input only inside quotes, because the ends of lines are trimmed.
    let call = Call::stdin(
        &agent,
        "action=off\nlogin=u\nip=h\nport=1\npasswd=p\r\napplication_key=\"AK\r\"\n",
    );
    assert_eq!(call.checked(), Err(vec!["application_key".to_owned()]));
}
