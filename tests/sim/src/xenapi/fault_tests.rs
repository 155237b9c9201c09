use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::client::{Client, PASSWORD, READ_TIMEOUT, outcome, parts, post, raw, start};
use super::*;
use crate::wire::needs_others;
use crate::{Plan, Power};

/// How long to wait: longer for an answer that is expected, shorter for one that is not.
fn patience(fault: Option<&Plan>) -> Duration {
    let late = fault.is_some_and(|plan| ["stall", "stall-after", "slow"].contains(&plan.kind.word()));
    if late { Duration::from_millis(400) } else { READ_TIMEOUT }
}

/// The method that is used for a step, and its parameters after the session.
fn call_of(step: &str) -> (&'static str, &'static [&'static str]) {
    const VM: &str = "OpaqueRef:000000b0-0000-4000-8000-000000000000";
    match step {
        "login" => ("session.login_with_password", &[]),
        "logout" => ("session.logout", &[]),
        "find" => ("VM.get_by_name_label", &["db01"]),
        "record" => ("VM.get_record", &[VM]),
        "power-state" => ("VM.get_power_state", &[VM]),
        _ => ("VM.hard_shutdown", &[VM]),
    }
}

/// What the client receives for one call at a step, without the date; and the device.
fn seen(step: &str, plan: Option<Plan>) -> (Vec<u8>, crate::Simulator) {
    let device = start(Settings::default());
    let session = Client::new(&device).session;
    let patience = patience(plan.as_ref());
    plan.into_iter().for_each(|plan| device.add_fault(plan));
    let (method, params) = call_of(step);
    let params: Vec<_> = match step {
        "login" => ["root", PASSWORD].map(Value::string).into(),
        _ => std::iter::once(&*session)
            .chain(params.iter().copied())
            .map(Value::string)
            .collect(),
    };
    let mut answer = raw(&device, "127.0.0.1", patience, &post("/", method, &params));
    if let Some(at) = answer.windows(5).position(|window| window == b"date:") {
        answer.drain(at..at + "date: Sat, 21 Nov 2026 03:02:48 GMT\r\n".len());
    }
    (answer, device)
}

fn body(plan_text: &str) -> String {
    let plan = plan(plan_text).unwrap();
    let (answer, _) = seen(plan.step, Some(plan));
    parts(&String::from_utf8(answer).unwrap()).1
}

/// Whether the help of the kind promises an effect on a power operation.
fn has_effect(plan: &Plan) -> bool {
    plan.kind.row.doc.contains("the effect happens")
}

#[test]
fn each_fault_of_an_operation_has_the_effect_in_its_help() {
    let plans: Vec<_> = every_fault()
        .into_iter()
        .filter(|plan| plan.step == "power" && !needs_others(&plan.kind))
        .collect();
    assert!(plans.len() > 80, "{}", plans.len());
    for plan in plans {
        let (_, device) = seen("power", Some(plan.clone()));
        // If no answer came, the request may still be on its way.
        while device.requests().len() < 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(device.requests()[1].fault, Some(plan.to_string()));
        let machine = device.machine(DB01).unwrap();
        let done = machine.history().contains(&Power::Off) && machine.operations() == ["hard_shutdown"];
        let untouched = machine.history().len() == 1 && machine.operations().is_empty();
        assert!(if has_effect(&plan) { done } else { untouched }, "{plan}: {machine:?}");
        let on = plan.kind.word() == "back-on" || !has_effect(&plan);
        assert_eq!(*machine.power() == Power::On, on, "{plan}");
    }
}

#[test]
fn the_help_describes_the_effect_of_every_kind() {
    for row in GRAMMAR
        .kinds
        .iter()
        .filter(|row| row.step.is_none_or(|step| step == "power"))
    {
        let told = ["the effect happens", "no effect"].map(|words| row.doc.contains(words));
        assert!(told[0] != told[1], "{}", row.word);
    }
}

#[test]
fn each_fault_changes_what_the_client_receives() {
    let every = every_fault();
    assert!(every.len() > 400, "{}", every.len());
    // Wrong values that the answer does not show, and values that are true.
    let unseen = [
        "power=no-effect",
        "power=back-on",
        "record=state:Running",
        "power-state=state:Running",
    ];
    let mut plain = HashMap::new();
    for plan in every
        .into_iter()
        .filter(|plan| plan.first == 1 && !needs_others(&plan.kind))
    {
        if !unseen.contains(&plan.to_string().as_str()) && plan.kind.word() != "delay" {
            let without = plain.entry(plan.step).or_insert_with(|| seen(plan.step, None).0);
            let with = seen(plan.step, Some(plan.clone())).0;
            assert!(with != *without, "{plan}: {}", String::from_utf8_lossy(without));
        }
    }
}

#[test]
fn every_fault_can_be_given_on_the_command_line() {
    let every = every_fault();
    for one in &every {
        assert_eq!(plan(&one.to_string()).unwrap(), *one);
    }
    for row in GRAMMAR.kinds.iter().chain(wire::WIRE) {
        let given = every.iter().filter(|plan| plan.kind.word() == row.word).count();
        assert!(given >= row.samples.len() && given > 0, "{}", row.word);
    }
    assert!(plan("any=failure:TOO_BUSY").is_ok());
    assert!(GRAMMAR.help().contains("long-string[:BYTES]"));
}

#[test]
fn planned_errors_have_parameters_that_fit() {
    let vm = "OpaqueRef:000000b0-0000-4000-8000-000000000000";
    let session = "OpaqueRef:00005e55-0000-4000-8000-000000000001";
    for (text, expected) in [
        (
            "power=failure:VM_BAD_POWER_STATE",
            &["VM_BAD_POWER_STATE", vm, "running, paused, suspended", "halted"][..],
        ),
        ("power=failure:TOO_BUSY", &["TOO_BUSY"]),
        ("record=failure:HANDLE_INVALID", &["HANDLE_INVALID", "VM", vm]),
        (
            "login=failure:SESSION_AUTHENTICATION_FAILED",
            &[
                "SESSION_AUTHENTICATION_FAILED",
                "root",
                "the fault plan makes this request fail",
            ],
        ),
        ("find=expired", &["SESSION_INVALID", session]),
        ("login=is-slave:127.0.0.8", &["HOST_IS_SLAVE", "127.0.0.8"]),
        ("login=is-slave:self", &["HOST_IS_SLAVE", "127.0.0.1"]),
        ("login=is-slave-empty", &["HOST_IS_SLAVE", ""]),
        (
            "login=echo",
            &["INTERNAL_ERROR", "session.login_with_password(root s3cret)"],
        ),
        ("power=failure-after:FROBBED", &["FROBBED"]),
    ] {
        assert_eq!(outcome(&body(text)).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn an_expired_session_stays_expired() {
    let device = start(Settings::default());
    let client = Client::new(&device);
    device.add_fault(plan("record*1=expired").unwrap());
    let vm = client.vm(DB01);
    assert!(client.call("VM.get_record", &[&vm]).is_err());
    assert_eq!(device.sessions().open, 0);
    assert_eq!(client.call("VM.get_record", &[&vm]).unwrap_err()[0], "SESSION_INVALID");
}

#[test]
fn altered_records_report_halted_while_the_vm_runs() {
    for (text, member) in [
        ("record=other-vm", Some(("name_label", Value::string("other")))),
        ("record=template", Some(("is_a_template", Value::Bool(true)))),
        ("record=control-domain", Some(("is_control_domain", Value::Bool(true)))),
        ("record=snapshot", Some(("is_a_snapshot", Value::Bool(true)))),
        ("record=no-identity", None),
    ] {
        let record = outcome(&body(text)).unwrap();
        assert_eq!(record.member("power_state"), Some(&Value::string("Halted")), "{text}");
        match member {
            Some((name, value)) => assert_eq!(record.member(name), Some(&value), "{text}"),
            None => assert_eq!((record.member("uuid"), record.member("name_label")), (None, None)),
        }
    }
    let device = start(Settings::default());
    let client = Client::new(&device);
    let vm = client.vm(DB01);
    for (text, field, value) in [
        ("record*1=template", "is_a_template", Value::Bool(true)),
        ("record*1=other-vm", "name_label", Value::string("other")),
        ("power-state*1=state:Frobbed", "power_state", Value::string("Frobbed")),
    ] {
        device.add_fault(plan(text).unwrap());
        let method = format!("VM.get_{field}");
        let (with, without) = (client.call(&method, &[&vm]), client.call(&method, &[&vm]));
        assert!(
            with == Ok(value) && without.is_ok() && with != without,
            "{text}: {with:?} {without:?}"
        );
    }
    let other = outcome(&body("find=other-vm")).unwrap();
    let halted = "OpaqueRef:000000b0-0000-4000-8000-000000000001";
    assert_eq!(other, Value::strings([halted]));
    let twice = body("record=twice");
    assert_eq!(twice.matches("<name>Value</name>").count(), 2);
    assert!(twice.ends_with("</methodResponse>") && twice.contains("<name>power_state</name><value>Halted</value>"));
}

#[test]
fn xml_is_well_formed_or_not_as_planned() {
    let plain = body_without_fault();
    for text in [
        "long-string:200000",
        "wide:300",
        "deep:40",
        "cdata",
        "comments",
        "instruction",
        "huge:100000",
    ] {
        let body = body(&format!("power-state={text}"));
        assert!(body.len() > plain.len(), "{text}");
        assert_eq!(outcome(&body), Ok(Value::string("Running")), "{text}");
    }
    for text in ["control-character", "half", "doctype", "laughs", "external-entity"] {
        let body = body(&format!("power-state={text}"));
        assert!(roxmltree::Document::parse(&body).is_err(), "{text}: {body}");
    }
    // These two are well-formed for a parser that allows a document type.
    let parsing = || roxmltree::ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let doctype = body("power-state=doctype");
    assert!(roxmltree::Document::parse_with_options(&doctype, parsing()).is_ok());
    let laughs = roxmltree::Document::parse_with_options(&body("power-state=laughs"), parsing()).unwrap_err();
    assert!(
        matches!(laughs, roxmltree::Error::EntityReferenceLoop(_)),
        "the parser did not detect the bomb: {laughs:?}"
    );
    let (bytes, _) = seen("power-state", Some(plan("power-state=invalid-utf8").unwrap()));
    assert!(str::from_utf8(&bytes).is_err());
}

fn body_without_fault() -> String {
    let (answer, _) = seen("power-state", None);
    String::from_utf8(answer)
        .unwrap()
        .split_once("\r\n\r\n")
        .unwrap()
        .1
        .to_owned()
}

#[test]
fn a_late_answer_is_late_and_the_same() {
    let started = Instant::now();
    let late = body("power-state=delay:300");
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(late, body_without_fault());
}

#[test]
fn errors_of_the_wire_are_pages() {
    for text in ["any=status:500", "any=unavailable", "any=retry-after:3"] {
        let (answer, _) = seen("login", Some(plan(text).unwrap()));
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.contains("content-type: text/html") && answer.contains("<html>"),
            "{text}: {answer}"
        );
    }
}
