//! The old SOAP API, and the known faults of its first agent (`docs/reference/ovh.md#the-python-agent`).

use crate::account::{NS, assert_says, lines};
use fence_ovh::Ovh;
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{RunningScript, Script};

/// The options from standard input (`docs/reference/ovh.md#soap-input`), as the host passes them.
fn options(action: &str) -> Options {
    Options::from([
        ("verbose", "1"),
        ("action", action),
        ("username", "ab12345-ovh"),
        ("password", "TOP<&SECRET"),
        ("power_wait", "5"),
        ("plug", NS),
        ("api_url", "https://soap.example/"),
        ("endpoint", "ovh-eu"),
    ])
}

fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:m=\"http://soapi.ovh.com/manager\"><soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}

pub(crate) fn returned(method: &str, inner: &str) -> String {
    envelope(&format!("<m:{method}Response>{inner}</m:{method}Response>"))
}

pub(crate) fn fault(code: &str, text: &str) -> String {
    envelope(&format!(
        "<soap:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></soap:Fault>"
    ))
}

pub(crate) fn nothing(method: &str) -> String {
    returned(method, "")
}

pub(crate) fn window(start: &str, end: &str) -> String {
    let inner = format!("<return><start>2023-11-14 {start}</start><end>2023-11-14 {end}</end></return>");
    returned("dedicatedHardRebootStatus", &inner)
}

/// The server's own clock, in UTC; its windows are in another time zone.
pub(crate) fn at(time: &str) -> String {
    format!("Tue, 14 Nov 2023 {time} GMT")
}

pub(crate) fn script() -> Script {
    Script::new()
        .on("POST", "")
        .reply_text(200, returned("login", "<return>sess1</return>"))
}

/// A session in which a reboot was requested, after an earlier reboot in the morning.
pub(crate) fn asked() -> Script {
    script()
        .reply_text(200, window("08:00:00", "08:05:00"))
        .header("date", &at("21:59:58"))
        .reply_text(200, nothing("dedicatedNetbootModifyById"))
        .reply_text(200, nothing("dedicatedHardRebootDo"))
}

pub(crate) fn status(script: Script, start: &str, end: &str, date: &str) -> Script {
    script.reply_text(200, window(start, end)).header("date", &at(date))
}

pub(crate) fn open(action: &str) -> Ovh {
    Ovh::open(&options(action)).unwrap_or_else(|problem| panic!("{problem:?}"))
}

/// The called methods, in order.
pub(crate) fn called(script: &RunningScript) -> Vec<String> {
    let method = |action: &str| action.rsplit_once('#').unwrap().1.trim_end_matches('"').to_owned();
    script
        .requests()
        .iter()
        .map(|sent| method(sent.header("soapaction").unwrap()))
        .collect()
}

fn body(script: &RunningScript, nth: usize) -> String {
    String::from_utf8(script.requests()[nth].body.clone()).unwrap()
}

pub(crate) const UNKNOWN: Result<PowerStatus> = Ok(PowerStatus::Unknown);
pub(crate) const STANDBY: Result<PowerStatus> = Ok(PowerStatus::Standby);
pub(crate) const OFF: Result<PowerStatus> = Ok(PowerStatus::Off);

#[test]
fn off_is_complete_when_its_window_has_passed() {
    let script = asked();
    let script = status(script, "08:00:00", "08:05:00", "22:00:03");
    let script = status(script, "23:00:10", "23:04:10", "22:00:13");
    let script = status(script, "23:00:10", "23:04:10", "22:04:12");
    let script = status(script, "23:00:10", "23:04:10", "22:04:13");
    let script = script.reply_text(200, nothing("logout")).start();
    let mut ovh = open("off");
    assert_eq!(ovh.power_status(NS), STANDBY);
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
    let seen: Vec<_> = (0..4).map(|_| ovh.power_status(NS)).collect();
    assert_eq!(seen, [UNKNOWN, UNKNOWN, UNKNOWN, OFF]);
    ovh.close();
    let status = "dedicatedHardRebootStatus";
    assert_eq!(
        called(&script),
        [
            "login",
            status,
            "dedicatedNetbootModifyById",
            "dedicatedHardRebootDo",
            status,
            status,
            status,
            status,
            "logout"
        ]
    );
    // `docs/reference/ovh.md#o1`: the names and the password are sent unchanged.
    for nth in 1..8 {
        assert!(body(&script, nth).contains(&format!("<hostname x:type=\"s:string\">{NS}</hostname>")));
        assert!(body(&script, nth).contains("<session x:type=\"s:string\">sess1</session>"));
    }
    assert!(body(&script, 0).contains(">TOP&lt;&amp;SECRET</password>"));
    assert!(body(&script, 2).contains("<id x:type=\"s:string\">28</id>"));
    assert_eq!(
        (&*script.requests()[0].endpoint, &*script.requests()[0].path),
        ("soap", "")
    );
    assert!(lines(&script).contains("23:00:10"));
}

#[test]
fn on_is_a_reboot_from_the_disk() {
    let script = status(asked(), "23:00:10", "23:00:10", "22:00:13").start();
    let mut ovh = open("on");
    assert_eq!(ovh.power_status(NS), STANDBY);
    assert_eq!(ovh.set_power(NS, PowerTarget::On), Ok(()));
    assert_eq!(ovh.power_status(NS), Ok(PowerStatus::On));
    assert!(body(&script, 2).contains("<id x:type=\"s:string\">1</id>"));
}

#[test]
fn off_and_then_on_are_two_windows() {
    let script = status(asked(), "23:00:10", "23:00:10", "22:00:13");
    let script = status(script, "23:00:10", "23:00:10", "22:00:14");
    let script = script.reply_text(200, nothing("dedicatedNetbootModifyById"));
    let script = script.reply_text(200, nothing("dedicatedHardRebootDo"));
    let script = status(script, "23:00:10", "23:00:10", "22:00:20");
    let _script = status(script, "23:00:21", "23:00:21", "22:00:25").start();
    let mut ovh = open("reboot");
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
    assert_eq!(ovh.power_status(NS), OFF);
    assert_eq!(ovh.set_power(NS, PowerTarget::On), Ok(()));
    assert_eq!(ovh.power_status(NS), UNKNOWN);
    assert_eq!(ovh.power_status(NS), Ok(PowerStatus::On));
}

#[test]
fn a_cycle_is_one_reboot() {
    let script = status(asked(), "23:00:10", "23:00:12", "22:00:13");
    let script = status(script, "23:00:10", "23:00:12", "22:00:15").start();
    let mut ovh = open("reboot");
    assert_eq!(ovh.cycle_complete(NS), Ok(false));
    assert_eq!(ovh.cycle(NS), Ok(()));
    assert_eq!(ovh.cycle_complete(NS), Ok(false));
    assert_eq!(ovh.cycle_complete(NS), Ok(true));
    assert!(body(&script, 2).contains(">1</id>"));
}

#[test]
fn unsupported_actions_are_errors() {
    for action in ["status", "monitor"] {
        let _script = script().start();
        assert_says(
            open(action).power_status(NS),
            "InvalidOption",
            &["action", action, "application_key"],
        );
    }
    let _script = script().start();
    assert_says(open("list").plugs(false), "InvalidOption", &["list"]);
    drop(_script);
    let _script = script().start();
    assert_eq!(open("monitor").probe(), Ok(()));
}

#[test]
fn a_refused_login_is_a_login_error() {
    let script = Script::new()
        .on("POST", "")
        .reply_text(500, fault("soap:101", "invalid account or password"))
        .start();
    assert_says(
        Ovh::open(&options("off")).map(drop),
        "LoginDenied",
        &["invalid account", "soap:101"],
    );
    assert_eq!(script.requests().len(), 1);
    drop(script);
    let _script = Script::new()
        .on("POST", "")
        .reply_text(200, returned("login", "<return></return>"))
        .start();
    assert_says(
        Ovh::open(&options("off")).map(drop),
        "Unexpected",
        &["without a session"],
    );
}

#[test]
fn refusals_are_reported_without_the_session() {
    let script = script().reply_text(200, window("08:00:00", "08:05:00"));
    let _script = script
        .reply_text(500, fault("soap:102", "session sess1 has ended"))
        .start();
    let outcome = open("off").set_power(NS, PowerTarget::Off);
    assert_says(
        outcome.clone(),
        "TaskFailed",
        &["dedicatedNetbootModifyById", "session … has ended"],
    );
    assert!(!outcome.unwrap_err().text().contains("sess1"));
}

#[test]
fn a_pending_reboot_is_waited_for() {
    let script = script()
        .reply_text(200, window("08:00:00", "08:05:00"))
        .reply_text(200, nothing("dedicatedNetbootModifyById"))
        .reply_text(500, fault("soap:409", "a reboot is pending"))
        .reply_text(200, nothing("dedicatedNetbootModifyById"))
        .reply_text(200, nothing("dedicatedHardRebootDo"));
    let _script = script.start();
    let mut ovh = open("off");
    assert_says(ovh.set_power(NS, PowerTarget::Off), "Busy", &["pending"]);
    assert_eq!(ovh.power_status(NS), STANDBY);
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
}

#[test]
fn hostile_answers_are_refused() {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"b\">]>".to_owned() + &returned("login", "<return>&a;</return>");
    let many = returned("login", &"<x/>".repeat(2000));
    let other = returned("logout", "<return>sess1</return>");
    for text in [laughs, many, other, String::new(), "{}".to_owned(), envelope("")] {
        let _script = Script::new().on("POST", "").reply_text(200, text).start();
        assert_says(Ovh::open(&options("off")).map(drop), "Unexpected", &[]);
    }
}

#[test]
fn logout_is_called_and_may_fail() {
    let script = script().fail(Failure::Broken("cut".to_owned())).start();
    open("off").close();
    assert_eq!(called(&script), ["login", "logout"]);
}

#[test]
fn options_set_the_netboot_ids_and_the_address() {
    let script = asked().start();
    let pairs = [
        ("username", "a"),
        ("password", "b"),
        ("api_url", "https://soap.example/"),
        ("rescue_boot", "22"),
    ];
    let mut all: Vec<_> = pairs.to_vec();
    all.push(("email", "ops@example.com"));
    let options: Options = all
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut ovh = Ovh::open(&options).unwrap_or_else(|problem| panic!("{problem:?}"));
    assert_eq!(ovh.set_power(NS, PowerTarget::Off), Ok(()));
    assert!(body(&script, 2).contains(">22</id>") && body(&script, 2).contains(">ops@example.com</rescueEmail>"));
}
