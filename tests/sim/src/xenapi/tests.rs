use std::io::{Read, Write};
use std::net::TcpStream;

use super::client::{Client, PASSWORD, READ_TIMEOUT, exchange, head, outcome, post, raw, start};
use super::*;
use crate::{Machine, Power, Sessions};

pub(super) fn code<T: std::fmt::Debug>(outcome: Result<T, Vec<String>>) -> String {
    outcome.unwrap_err().remove(0)
}

pub(super) fn words(outcome: Result<Value, Vec<String>>) -> Vec<String> {
    let Value::Array(values) = outcome.unwrap() else {
        panic!("no array");
    };
    values.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

#[test]
fn credentials_and_sessions_are_checked() {
    let device = start(Settings {
        session_calls: Some(3),
        ..Settings::default()
    });
    let client = Client::new(&device);
    let login = |params: &[&str]| client.plain("session.login_with_password", params);
    assert!(login(&["root", PASSWORD, "1.0"]).is_ok());
    assert!(login(&["root", PASSWORD, "1.0", "fence_xenapi"]).is_ok());
    let wrong = login(&["root", "wrong"]).unwrap_err();
    assert_eq!(
        (wrong[0].as_str(), wrong[1].as_str()),
        ("SESSION_AUTHENTICATION_FAILED", "root")
    );
    for count in [1, 5] {
        let mismatch = login(&["root"; 5][..count]).unwrap_err();
        let expected = [
            "MESSAGE_PARAMETER_COUNT_MISMATCH",
            "session.login_with_password",
            "2",
            &count.to_string(),
        ];
        assert_eq!(mismatch, expected);
    }
    assert_eq!(device.sessions(), Sessions { opened: 3, open: 3 });
    assert_eq!(words(client.call("VM.get_all", &[])).len(), vms().len() + 1);
    assert!(client.call("session.logout", &[]).is_ok());
    assert_eq!(
        client.call("VM.get_all", &[]),
        Err(vec!["SESSION_INVALID".into(), client.session.clone()])
    );

    let client = Client::new(&device);
    (0..3).for_each(|_| drop(client.call("VM.get_all", &[]).unwrap()));
    assert_eq!(code(client.call("VM.get_all", &[])), "SESSION_INVALID");
    let (_, body) = exchange(&device, "127.0.0.1", &head("GET", "/_sim/sessions", ""));
    assert_eq!(body, r#"{"open":2,"opened":4}"#);
}

#[test]
fn each_operation_works_in_the_states_that_the_api_names() {
    let states = [Power::On, Power::Off, Power::Paused, suspended()];
    let words = ["running", "halted", "paused", "suspended"];
    let (on, off, paused) = (&states[..1], &states[1..2], &states[2..3]);
    let reboot = [Power::Off, Power::On];
    // The states that the VM goes through, for each operation and initial state; none if the operation is refused.
    let table: [(&str, [&[Power]; 4]); 10] = [
        ("start", [&[], on, &[], &[]]),
        ("unpause", [&[], &[], on, &[]]),
        ("resume", [&[], &[], &[], on]),
        ("pause", [paused, &[], &[], &[]]),
        ("suspend", [&states[3..], &[], &[], &[]]),
        ("hard_shutdown", [off, &[], off, off]),
        ("shutdown", [off, &[], off, off]),
        ("hard_reboot", [&reboot, &[], &reboot, &[]]),
        ("clean_shutdown", [off, &[], &[], &[]]),
        ("clean_reboot", [&reboot, &[], &[], &[]]),
    ];
    for (operation, row) in table {
        for (index, through) in row.into_iter().enumerate() {
            let machine = Machine::new(DB01, states[index].clone());
            let device = start(Settings {
                vms: vec![Vm::new(machine)],
                ..Settings::default()
            });
            let client = Client::new(&device);
            let said = client.operate(operation, DB01);
            assert_eq!(device.history(DB01)[1..], *through, "{operation} from {}", words[index]);
            if !through.is_empty() {
                assert_eq!(said, Ok(Value::string("")), "{operation} from {}", words[index]);
                continue;
            }
            let refusal = said.unwrap_err();
            assert_eq!(refusal[0], "VM_BAD_POWER_STATE");
            assert_eq!((&refusal[1], refusal[3].as_str()), (&client.vm(DB01), words[index]));
            let expected: Vec<_> = refusal[2].split(", ").collect();
            assert!(
                expected.iter().all(|word| words.contains(word)),
                "lower case: {refusal:?}"
            );
            assert!(!expected.contains(&words[index]), "{refusal:?}");
        }
    }
}

#[test]
fn start_paused_begins_paused_and_flags_are_booleans() {
    let device = start(Settings::default());
    let client = Client::new(&device);
    let vm = client.vm(DB02);
    let params = |paused: Value| {
        [
            Value::string(&*client.session),
            Value::string(&*vm),
            paused,
            Value::Bool(false),
        ]
    };
    let wrong = client.exactly("VM.start", &params(Value::string("true")));
    assert_eq!(wrong, Err(vec!["FIELD_TYPE_ERROR".into(), "start_paused".into()]));
    assert!(client.exactly("VM.start", &params(Value::Bool(true))).is_ok());
    assert_eq!(device.power(DB02), Some(Power::Paused));
}

#[test]
fn only_ordinary_vms_are_switched() {
    let device = start(Settings::default());
    let client = Client::new(&device);
    let domain = control_domain(0);
    for (operation, uuid, refusal) in [
        ("start", TEMPLATE, "VM_IS_TEMPLATE"),
        ("start", SNAPSHOT, "VM_IS_SNAPSHOT"),
        ("hard_shutdown", &domain, "OPERATION_NOT_ALLOWED"),
        ("power_state_reset", &domain, "CANNOT_RESET_CONTROL_DOMAIN"),
    ] {
        let before = device.machines();
        assert_eq!(code(client.operate(operation, uuid)), refusal);
        assert_eq!(device.history(uuid).len(), 1, "{operation}");
        assert_eq!(before.len(), device.machines().len());
    }
    let label = device.machine(&domain).unwrap().name().to_owned();
    assert_eq!(
        (label.as_str(), client.state(&domain).as_str()),
        ("Control domain on host: h1", "Running")
    );
}

#[test]
fn objects_are_found_only_by_exact_names() {
    let device = start(Settings::default());
    let client = Client::new(&device);
    let by_label = |label: &str| words(client.call("VM.get_by_name_label", &[label]));
    assert_eq!(by_label("twin"), TWINS.map(|uuid| client.vm(uuid)));
    assert_eq!(by_label("TWIN"), [""; 0]);
    assert_eq!(by_label(ODD_LABEL), [client.vm(ODD)]);
    let upper = DB01.to_uppercase();
    assert_eq!(
        client.call("VM.get_by_uuid", &[&upper]),
        Err(vec!["UUID_INVALID".into(), "VM".into(), upper.clone()])
    );
    for reference in [
        "",
        "OpaqueRef:NULL",
        "OpaqueRef:000000b0-0000-4000-8000-0000000000ff",
        DB01,
    ] {
        let refused = client.call("VM.get_record", &[reference]);
        assert_eq!(
            refused,
            Err(vec!["HANDLE_INVALID".into(), "VM".into(), reference.into()])
        );
    }
    assert_eq!(code(client.call("VM.frobnicate", &[])), "MESSAGE_METHOD_UNKNOWN");
    assert_eq!(code(client.call("VM.get_frobs", &["x"])), "MESSAGE_METHOD_UNKNOWN");
    let count = client.call("VM.start", &[&client.vm(DB02)]).unwrap_err();
    assert_eq!(count, ["MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.start", "4", "2"]);
}

#[test]
fn a_record_has_all_its_members_and_the_fields_agree_with_it() {
    let device = start(Settings::default());
    let client = Client::new(&device);
    let Value::Struct(records) = client.call("VM.get_all_records", &[]).unwrap() else {
        panic!("no struct");
    };
    assert_eq!(records.len(), vms().len() + 1);
    let states: Vec<_> = records
        .iter()
        .map(|(_, record)| record.member("power_state").unwrap())
        .collect();
    let first = ["Running", "Halted", "Paused", "Suspended"].map(Value::string);
    assert_eq!(states[..4], first.each_ref());
    for (reference, record) in &records {
        assert_eq!(client.call("VM.get_record", &[reference]).as_ref(), Ok(record));
        let Value::Struct(members) = record else {
            panic!("no struct")
        };
        assert!(members.len() > 85, "{}", members.len());
        let nowhere = record.member("resident_on") == Some(&Value::string("OpaqueRef:NULL"));
        let here = ["Running", "Paused"]
            .map(Value::string)
            .contains(record.member("power_state").unwrap());
        assert_eq!(nowhere, !here);
    }
    let (reference, record) = &records[0];
    for field in [
        "uuid",
        "name_label",
        "power_state",
        "is_a_template",
        "is_control_domain",
        "allowed_operations",
    ] {
        let value = client.call(&format!("VM.get_{field}"), &[reference]).unwrap();
        assert_eq!(record.member(field), Some(&value), "{field}");
    }
}

#[test]
fn the_read_side_may_lag_and_only_reads_of_the_power_count() {
    let device = start(Settings {
        lag: 2,
        ..Settings::default()
    });
    let client = Client::new(&device);
    client.operate("hard_shutdown", DB01).unwrap();
    assert_eq!(device.power(DB01), Some(Power::Off));
    let vm = client.vm(DB01);
    client.call("VM.get_name_label", &[&vm]).unwrap();
    assert_eq!(
        [client.state(DB01), client.state(DB01), client.state(DB01)],
        ["Running", "Running", "Halted"]
    );
    assert_eq!(code(client.operate("hard_shutdown", DB01)), "VM_BAD_POWER_STATE");
}

#[test]
fn strings_have_no_type_by_default_and_the_same_meaning_in_every_style() {
    let styles = [
        (Style::default(), "<name>Status</name><value>Success</value>"),
        (
            Style {
                typed_strings: true,
                ..Style::default()
            },
            "<name>Status</name><value><string>Success</string></value>",
        ),
        (
            Style {
                cdata: true,
                ..Style::default()
            },
            "<value><![CDATA[Success]]></value>",
        ),
        (
            Style {
                comments: true,
                typed_strings: true,
                cdata: true,
            },
            "<!-- ",
        ),
    ];
    for (style, sample) in styles {
        for chunked in [false, true] {
            let device = start(Settings {
                style,
                chunked,
                ..Settings::default()
            });
            let client = Client::new(&device);
            let params = [&*client.session, &client.vm(ODD)].map(Value::string);
            let (head, body) = exchange(&device, "127.0.0.1", &post("/RPC2", "VM.get_record", &params));
            assert!(body.contains(sample), "{body}");
            let record = outcome(&body).unwrap();
            assert_eq!(record.member("name_label"), Some(&Value::string(ODD_LABEL)));
            assert_eq!(head.contains("transfer-encoding: chunked"), chunked, "{head}");
            assert_eq!(head.contains("content-length: "), !chunked, "{head}");
        }
    }
}

#[test]
fn a_request_without_a_call_gets_a_page_and_a_closed_connection() {
    let device = start(Settings::default());
    let at = "127.0.0.1";
    let good = "<methodCall><methodName>VM.get_all</methodName></methodCall>";
    let deep = format!("<methodCall><methodName>x</methodName>{}", "<a>".repeat(90_000));
    let nested = "<value><array><data>".repeat(2000) + &"</data></array></value>".repeat(2000);
    let nested = good.replace(
        "</methodName>",
        &format!("</methodName><params><param>{nested}</param></params>"),
    );
    let large = format!("<!--{}-->{good}", "x".repeat(300 * 1024));
    let keep = |request: &str| request.replace("Connection: close\r\n", "");
    for (request, status) in [
        (head("POST", "/", ""), "500"),
        (head("POST", "/", "{\"jsonrpc\":\"2.0\"}"), "500"),
        (head("POST", "/", "<methodResponse/>"), "500"),
        (head("POST", "/", "<methodCall></methodCall>"), "500"),
        (head("POST", "/", &format!("<!DOCTYPE x>{good}")), "500"),
        (head("POST", "/", &good.replace("VM", "&vm;")), "500"),
        (head("POST", "/", &deep), "500"),
        (head("POST", "/", &nested), "500"),
        (head("POST", "/", &large), "413"),
        (head("POST", "/jsonrpc", good), "404"),
        (head("GET", "/", ""), "405"),
    ] {
        // The server closes the connection although the client did not ask for it; otherwise this read would time out.
        let (head, body) = exchange(&device, at, &keep(&request));
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert!(
            head.contains("connection: close") && head.contains("content-type: text/html"),
            "{head}"
        );
        assert!(body.contains("<html>"), "{body}");
    }
    let chunked = "POST / HTTP/1.1\r\nHost: sim\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked = format!("{chunked}{:x}\r\n{good}\r\n0\r\n\r\n", good.len());
    assert!(exchange(&device, at, &chunked).0.starts_with("HTTP/1.1 500 "));
    let (head, body) = exchange(&device, at, &head("POST", "/RPC2", good));
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(code(outcome(&body)), "MESSAGE_PARAMETER_COUNT_MISMATCH");
    for line in [
        "content-type: text/xml",
        "access-control-allow-origin: *",
        "cache-control: no-cache, no-store",
    ] {
        assert!(head.contains(line), "{head}");
    }
}

#[test]
fn a_task_shows_how_its_operation_ended() {
    let device = start(Settings::default());
    let client = Client::new(&device);
    let vm = client.vm(DB01);
    let done = client.text("Async.VM.hard_shutdown", &[&vm]);
    assert_eq!(device.power(DB01), Some(Power::Off));
    assert_eq!(client.text("task.get_status", &[&done]), "success");
    let failed = client.text("Async.VM.hard_shutdown", &[&vm]);
    assert_eq!(client.text("task.get_status", &[&failed]), "failure");
    assert_eq!(
        words(client.call("task.get_error_info", &[&failed]))[0],
        "VM_BAD_POWER_STATE"
    );
    assert!(client.call("task.destroy", &[&failed]).is_ok());
    assert_eq!(code(client.call("task.get_status", &[&failed])), "HANDLE_INVALID");
}

#[test]
fn a_suspended_vm_may_be_named_in_any_case() {
    let device = start(Settings {
        vms: vec![Vm::new(format!("{DB01}=suspended").parse().unwrap())],
        ..Settings::default()
    });
    let client = Client::new(&device);
    assert_eq!(client.state(DB01), "Suspended");
    client.operate("resume", DB01).unwrap();
    assert_eq!(device.power(DB01), Some(Power::On));
    device.set_power(DB01, suspended()).unwrap();
    assert_eq!(client.state(DB01), "Suspended");
}

#[test]
fn one_connection_carries_many_calls() {
    let device = start(Settings::default());
    let mut stream = TcpStream::connect(device.address()).unwrap();
    let login = ["root", PASSWORD].map(Value::string);
    let request = post("/", "session.login_with_password", &login);
    let keep = request.replace("Connection: close\r\n", "");
    stream.write_all((keep + &request).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    assert_eq!(device.sessions().opened, 2);
    assert!(raw(&device, "127.0.0.1", READ_TIMEOUT, "nonsense\r\n\r\n").starts_with(b"HTTP/1.1 400"));
}
