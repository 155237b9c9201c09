use super::tests::{READ_TIMEOUT, SERVER, raw, start};
use super::*;
use crate::{Power, Simulator};

/// Calls a method of the SOAP API: the status and the document.
fn call(device: &Simulator, action: &str, method: &str, parameters: &[(&str, &str)]) -> (u16, String) {
    let inner: String = parameters
        .iter()
        .map(|(name, value)| format!(r#"<{name} x:type="s:string">{value}</{name}>"#))
        .collect();
    let body = format!(
        r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"
         xmlns:x="http://www.w3.org/2001/XMLSchema-instance" xmlns:s="http://www.w3.org/2001/XMLSchema"><e:Body>
         <m:{method} xmlns:m="http://soapi.ovh.com/manager">{inner}</m:{method}></e:Body></e:Envelope>"#
    );
    let action = format!("\"http://soapi.ovh.com/manager#{action}\"");
    let text = raw(device, READ_TIMEOUT, "POST /soapi", &[("SOAPAction", &action)], &body);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: text/xml"), "{head}");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// The text of the first element with this name.
fn text(document: &str, name: &str) -> String {
    let document = roxmltree::Document::parse(document).unwrap();
    let found = document.descendants().find(|node| node.tag_name().name() == name);
    found.and_then(|node| node.text()).unwrap_or_default().to_owned()
}

const LOGIN: [(&str, &str); 4] = [
    ("nic", "ab12345-ovh"),
    ("password", "s3cret"),
    ("language", "en"),
    ("multisession", "0"),
];

fn log_in(device: &Simulator) -> String {
    let (status, answer) = call(device, "login", "login", &LOGIN);
    assert_eq!(status, 200, "{answer}");
    text(&answer, "return")
}

#[test]
fn a_server_is_sent_to_rescue_and_the_session_ends() {
    let device = start(Settings::default());
    let session = log_in(&device);
    assert_eq!((device.sessions().opened, device.sessions().open), (1, 1));
    let call = |method: &str, more: &[(&str, &str)]| {
        let own = [("session", session.as_str()), ("hostname", SERVER)];
        call(&device, method, method, &[&own, more].concat())
    };
    let (status, answer) = call("dedicatedHardRebootStatus", &[]);
    assert_eq!(
        (status, text(&answer, "faultcode").as_str()),
        (500, "soap:404"),
        "no reboot yet"
    );
    let mail = [("id", "28"), ("root", ""), ("rescueEmail", "a@example.org")];
    assert_eq!(call("dedicatedNetbootModifyById", &mail).0, 200);
    assert_eq!(call("dedicatedNetbootModifyById", &[("id", "7")]).0, 500);
    assert_eq!(call("dedicatedHardRebootDo", &[("reason", "fence")]).0, 200);
    assert_eq!(device.power(SERVER), Some(Power::On));
    let (_, answer) = call("dedicatedHardRebootStatus", &[]);
    let (start, end) = (text(&answer, "start"), text(&answer, "end"));
    assert!(start.len() == 19 && end.len() == 19 && start < end, "{start} {end}");
    assert_eq!(call("dedicatedHardRebootDo", &[]).0, 500, "one is pending");
    call("dedicatedHardRebootStatus", &[]);
    assert_eq!(
        device.history(SERVER),
        [Power::On, Power::Off, Power::Other(RESCUE.into())]
    );
    assert_eq!(call("logout", &[]).0, 200);
    assert_eq!((device.sessions().opened, device.sessions().open), (1, 0));
    let (status, answer) = call("dedicatedHardRebootStatus", &[]);
    assert_eq!((status, text(&answer, "faultcode").as_str()), (500, "soap:102"));
}

#[test]
fn errors_are_faults() {
    let device = start(Settings::default());
    let wrong = [("nic", "ab12345-ovh"), ("password", "wrong")];
    assert_eq!(call(&device, "login", "login", &wrong).0, 500);
    assert_eq!(
        call(&device, "logout", "login", &LOGIN).0,
        500,
        "the action is for another method"
    );
    assert_eq!(call(&device, "nonsense", "nonsense", &LOGIN).0, 500);
    let session = log_in(&device);
    let other = [("session", session.as_str()), ("hostname", "ns9.ovh.net")];
    assert_eq!(
        call(&device, "dedicatedHardRebootDo", "dedicatedHardRebootDo", &other).0,
        500
    );
    let text = raw(&device, READ_TIMEOUT, "POST /", &[], "<nonsense");
    assert!(
        text.starts_with("HTTP/1.1 500") && text.contains("<faultstring>"),
        "{text}"
    );
}

#[test]
fn each_fault_of_a_reboot_has_the_effect_in_its_help() {
    for (plan_text, status, rebooted) in [
        ("soap-reboot=fault", 500, false),
        ("soap-reboot=fault-after", 500, true),
        ("soap-reboot=no-effect", 200, false),
    ] {
        let device = start(Settings {
            task_polls: 0,
            ..Settings::default()
        });
        let session = log_in(&device);
        device.add_fault(plan(plan_text).unwrap());
        let parameters = [("session", session.as_str()), ("hostname", SERVER)];
        let name = "dedicatedHardRebootDo";
        assert_eq!(call(&device, name, name, &parameters).0, status, "{plan_text}");
        let name = "dedicatedHardRebootStatus";
        call(&device, name, name, &parameters);
        assert_eq!(device.history(SERVER).len() > 1, rebooted, "{plan_text}");
    }
}
