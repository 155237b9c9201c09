//! The plugin's code on a scripted vCenter: each mapping and each error.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use fence_vmware_soap::Vsphere;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, RunningScript, Script, Session};

/// The plug of the tests: one call finds it.
const PLUG: &str = "/DC1/vm/node1";
const VM: &str = "<returnval type=\"VirtualMachine\">vm-57</returnval>";
const TASK: &str = "<returnval type=\"Task\" xsi:type=\"ManagedObjectReference\">task-1</returnval>";

fn envelope(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><s:Body>{content}</s:Body></s:Envelope>"
    )
}

fn response(method: &str, content: &str) -> (u16, String) {
    (
        200,
        envelope(&format!(
            "<{method}Response xmlns=\"urn:vim25\">{content}</{method}Response>"
        )),
    )
}

fn fault(kind: &str, detail: &str) -> (u16, String) {
    let detail = format!("<detail><{kind}Fault xsi:type=\"{kind}\">{detail}</{kind}Fault></detail>");
    let text = format!("<s:Fault><faultcode>x</faultcode><faultstring>Why.</faultstring>{detail}</s:Fault>");
    (500, envelope(&text))
}

fn content() -> (u16, String) {
    let object = |name: &str, kind: &str| format!("<{name} type=\"{kind}\">{kind}-1</{name}>");
    let objects = [
        object("rootFolder", "Folder"),
        object("propertyCollector", "PropertyCollector"),
        object("viewManager", "ViewManager"),
        object("sessionManager", "SessionManager"),
        object("searchIndex", "SearchIndex"),
    ];
    response(
        "RetrieveServiceContent",
        &format!("<returnval>{}</returnval>", objects.concat()),
    )
}

fn logged_in() -> (u16, String) {
    response("Login", "<returnval><key>k3y</key></returnval>")
}

fn properties(kind: &str, id: &str, properties: &[(&str, &str)]) -> (u16, String) {
    let set = |(name, value): &(&str, &str)| format!("<propSet><name>{name}</name><val>{value}</val></propSet>");
    let sets: String = properties.iter().map(set).collect();
    let object = format!("<returnval><objects><obj type=\"{kind}\">{id}</obj>{sets}</objects></returnval>");
    response("RetrievePropertiesEx", &object)
}

fn machine(power: &str, connection: &str) -> (u16, String) {
    let own = [
        ("name", "node1"),
        ("runtime.powerState", power),
        ("runtime.connectionState", connection),
        ("config.template", "false"),
    ];
    properties("VirtualMachine", "vm-57", &own)
}

/// A device that gives these answers after the login, in order.
fn session(answers: Vec<(u16, String)>) -> (RunningScript, Session<Vsphere>) {
    let script = Script::new().on("POST", "/sdk");
    let all = [content(), logged_in()].into_iter().chain(answers);
    let script = all
        .fold(script, |script, (status, body)| script.reply_text(status, body))
        .start();
    let options = [
        ("ip", "192.0.2.7"),
        ("username", "fen&cer"),
        ("password", "s3<ret"),
        ("plug", PLUG),
    ];
    (script, testing::open::<Vsphere>(options).unwrap())
}

/// The power status for an answer about the machine.
fn status(answer: (u16, String)) -> Result<PowerStatus> {
    session(vec![response("FindByInventoryPath", VM), answer])
        .1
        .power_status(PLUG)
}

#[test]
fn off_is_a_connected_machine_that_is_powered_off() {
    for (power, connection, expected) in [
        ("poweredOn", "connected", PowerStatus::On),
        ("poweredOff", "connected", PowerStatus::Off),
        ("suspended", "connected", PowerStatus::Standby),
        ("PoweredOff", "connected", PowerStatus::Unknown),
        ("", "connected", PowerStatus::Unknown),
        ("<x>poweredOff</x>", "connected", PowerStatus::Unknown),
        ("poweredOff", "disconnected", PowerStatus::Unknown),
        ("poweredOff", "inaccessible", PowerStatus::Unknown),
        ("poweredOff", "orphaned", PowerStatus::Unknown),
        ("poweredOff", "invalid", PowerStatus::Unknown),
        ("poweredOn", "disconnected", PowerStatus::Unknown),
        ("poweredOff", "", PowerStatus::Unknown),
    ] {
        assert_eq!(status(machine(power, connection)), Ok(expected), "{power} {connection}");
    }
    let twice = [
        ("name", "node1"),
        ("runtime.powerState", "poweredOff"),
        ("runtime.powerState", "poweredOn"),
        ("runtime.connectionState", "connected"),
    ];
    assert_eq!(
        status(properties("VirtualMachine", "vm-57", &twice)),
        Ok(PowerStatus::Unknown)
    );
    let without = [("name", "node1"), ("runtime.powerState", "poweredOff")];
    assert_eq!(
        status(properties("VirtualMachine", "vm-57", &without)),
        Ok(PowerStatus::Unknown)
    );
}

#[test]
fn an_answer_about_something_else_is_an_error() {
    let off = [
        ("name", "node2"),
        ("runtime.powerState", "poweredOff"),
        ("runtime.connectionState", "connected"),
    ];
    for answer in [
        properties("VirtualMachine", "vm-58", &off),
        properties("VirtualMachine", "vm-57", &off),
        properties("Task", "vm-57", &off),
        response("RetrievePropertiesEx", ""),
        response("RetrievePropertiesEx", "<x/>"),
        response("RetrieveProperties", "<returnval/>"),
        logged_in(),
        (200, String::new()),
        (200, "<html></html>".to_owned()),
        (200, envelope("")),
        (500, "oops".to_owned()),
        fault("ManagedObjectNotFound", ""),
        fault("SystemError", ""),
    ] {
        let status = status(answer.clone());
        assert!(matches!(status, Err(Error::Unexpected(_))), "{answer:?}: {status:?}");
    }
    let (code, body) = machine("poweredOff", "connected");
    for cut in 0..body.len() {
        let status = status((code, body[..cut].to_owned()));
        assert!(matches!(status, Err(Error::Unexpected(_))), "{cut}: {status:?}");
    }
}

#[test]
fn faults_become_errors() {
    let (no_permission, not_permitted) = (
        fault("NoPermission", "<privilegeId>System.Read</privilegeId>"),
        "Why (fault NoPermission); the account needs System.Read",
    );
    assert_eq!(
        status(no_permission),
        Err(Error::NotPermitted(not_permitted.to_owned()))
    );
    assert!(matches!(status(fault("ServerBusy", "")), Err(Error::Busy(_))));
    assert!(matches!(status((503, String::new())), Err(Error::Busy(_))));

    let request = |answer| {
        session(vec![response("FindByInventoryPath", VM), answer])
            .1
            .set_power(PLUG, PowerTarget::Off)
    };
    let invalid = |state: &str| fault("InvalidPowerState", &format!("<existingState>{state}</existingState>"));
    assert_eq!(request(response("PowerOffVM_Task", TASK)), Ok(()));
    assert_eq!(request(invalid("poweredOff")), Ok(()));
    assert!(matches!(request(invalid("suspended")), Err(Error::TaskFailed(text)) if text.contains("is suspended")));
    assert!(matches!(request(fault("TaskInProgress", "")), Err(Error::Busy(_))));
    assert!(matches!(
        request(fault("RestrictedVersion", "")),
        Err(Error::NotPermitted(_))
    ));
    assert!(matches!(request(fault("InvalidState", "")), Err(Error::TaskFailed(_))));
    assert!(matches!(
        request(fault("ManagedObjectNotFound", "")),
        Err(Error::Unexpected(_))
    ));
    assert!(matches!(
        request(response("PowerOffVM_Task", "")),
        Err(Error::Unexpected(_))
    ));
    assert!(matches!(
        request(response("PowerOffVM_Task", VM)),
        Err(Error::Unexpected(_))
    ));
}

#[test]
fn a_task_is_followed() {
    let started = || vec![response("FindByInventoryPath", VM), response("PowerOffVM_Task", TASK)];
    let task = |state: &str, error: &str| {
        let own = [("info.state", state), ("info.error", error)];
        properties("Task", "task-1", &own[..if error.is_empty() { 1 } else { 2 }])
    };
    let error = |kind: &str, detail: &str| {
        format!("<fault xsi:type=\"{kind}\">{detail}</fault><localizedMessage>Why</localizedMessage>")
    };
    let follow = |answers: Vec<(u16, String)>| {
        let (_script, mut session) = session(started().into_iter().chain(answers).collect());
        session.set_power(PLUG, PowerTarget::Off).unwrap();
        session.power_status(PLUG)
    };
    let off = || machine("poweredOff", "connected");
    assert_eq!(follow(vec![task("queued", "")]), Ok(PowerStatus::Unknown));
    assert_eq!(follow(vec![task("running", "")]), Ok(PowerStatus::Unknown));
    assert_eq!(follow(vec![task("success", ""), off()]), Ok(PowerStatus::Off));
    assert_eq!(
        follow(vec![fault("ManagedObjectNotFound", ""), off()]),
        Ok(PowerStatus::Off)
    );
    let already = error("InvalidPowerState", "<existingState>poweredOff</existingState>");
    assert_eq!(
        follow(vec![task("error", &already), machine("poweredOn", "connected")]),
        Ok(PowerStatus::On)
    );
    let failed = follow(vec![task("error", &error("GenericVmConfigFault", ""))]);
    assert_eq!(failed, Err(Error::task_failed("Why (fault GenericVmConfigFault)")));
    assert!(matches!(follow(vec![task("error", "")]), Err(Error::TaskFailed(_))));
    assert!(matches!(follow(vec![task("paused", "")]), Err(Error::Unexpected(_))));
    assert!(matches!(
        follow(vec![properties("Task", "task-2", &[("info.state", "success")])]),
        Err(Error::Unexpected(_))
    ));
}

#[test]
fn a_request_is_not_doubled_while_its_task_runs() {
    let running = properties("Task", "task-1", &[("info.state", "running")]);
    let answers = vec![
        response("FindByInventoryPath", VM),
        response("PowerOffVM_Task", TASK),
        running,
    ];
    let (script, mut session) = session(answers);
    assert_eq!(session.set_power(PLUG, PowerTarget::Off), Ok(()));
    assert_eq!(session.set_power(PLUG, PowerTarget::Off), Ok(()));
    let bodies = script
        .requests()
        .into_iter()
        .map(|request| String::from_utf8(request.body).unwrap());
    assert_eq!(bodies.filter(|body| body.contains("PowerOffVM_Task")).count(), 1);
}

#[test]
fn options_are_escaped_and_references_too() {
    let (script, _session) = session(Vec::new());
    let login = String::from_utf8(script.requests()[1].body.clone()).unwrap();
    assert!(
        login.contains("<userName>fen&amp;cer</userName><password>s3&lt;ret</password>"),
        "{login}"
    );
    assert!(
        login.contains("<_this type=\"SessionManager\">SessionManager-1</_this>"),
        "{login}"
    );
}

#[test]
fn a_login_is_refused_once_and_an_unreadable_one_is_logged_out() {
    let open = |answers: &[(u16, String)]| {
        let script = Script::new().on("POST", "/sdk");
        let all = [content()].into_iter().chain(answers.iter().cloned());
        let script = all
            .fold(script, |script, (status, body)| script.reply_text(status, body))
            .start();
        let options = [
            ("ip", "192.0.2.7"),
            ("username", "fencer"),
            ("password", "s3cret"),
            ("plug", PLUG),
        ];
        let problem = testing::open::<Vsphere>(options).err().unwrap();
        (problem, script.requests().len())
    };
    for kind in ["InvalidLogin", "NoPermission", "PasswordExpired"] {
        let (problem, requests) = open(&[fault(kind, "")]);
        assert!(
            matches!(problem, Error::LoginDenied(_)) && requests == 2,
            "{kind}: {problem:?}"
        );
    }
    for answer in [
        (200, "<".to_owned()),
        response("Login", "<returnval/>"),
        response("Logout", ""),
    ] {
        let (problem, requests) = open(&[answer, response("Logout", "")]);
        assert!(matches!(problem, Error::Unexpected(_)) && requests == 3, "{problem:?}");
    }
}

#[test]
fn characters_that_xml_cannot_transmit_are_refused() {
    let options = [
        ("ip", "192.0.2.7"),
        ("username", "fencer"),
        ("password", "s3\u{1}cret"),
        ("plug", PLUG),
    ];
    let refused = testing::open::<Vsphere>(options).err();
    assert!(matches!(refused, Some(Error::InvalidOption(option)) if option.name == "password"));
}

#[test]
fn names_come_in_pages() {
    let view = response(
        "CreateContainerView",
        "<returnval type=\"ContainerView\">v1</returnval>",
    );
    let row = |id: &str, name: &str| {
        format!(
            "<objects><obj type=\"VirtualMachine\">{id}</obj><propSet><name>name</name><val>{name}</val></propSet></objects>"
        )
    };
    let page =
        |method: &str, rows: &str, token: &str| response(method, &format!("<returnval>{token}{rows}</returnval>"));
    let find = |second: (u16, String), more: Vec<(u16, String)>| {
        let first = page("RetrievePropertiesEx", &row("vm-1", "other"), "<token>t1</token>");
        let (script, mut session) = session([vec![view.clone(), first, second], more].concat());
        let status = session.power_status("node1");
        (status, script.requests().len())
    };
    let second = page("ContinueRetrievePropertiesEx", &row("vm-57", "node1"), "");
    assert_eq!(
        find(second, vec![machine("poweredOn", "connected")]),
        (Ok(PowerStatus::On), 6)
    );
    let none = page("ContinueRetrievePropertiesEx", &row("vm-57", "node2"), "");
    assert_eq!(find(none, Vec::new()).0, Err(Error::plug_not_found("node1")));
    // The device repeats a page.
    let again = page(
        "ContinueRetrievePropertiesEx",
        &row("vm-1", "other"),
        "<token>t1</token>",
    );
    assert!(matches!(find(again, Vec::new()).0, Err(Error::Unexpected(text)) if text.contains("repeats")));
}
