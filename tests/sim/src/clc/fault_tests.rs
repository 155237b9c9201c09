use std::time::Duration;

use super::tests::{DB01, LOGIN, READ_TIMEOUT, exchange, operate, raw, start, state, token};
use super::*;
use crate::Plan;
use crate::fault::Occasion;
use crate::wire::needs_others;

/// How long to wait: longer for an answer that is expected, shorter for one that is not.
fn patience(fault: Option<&Plan>) -> Duration {
    let late = fault.is_some_and(|plan| ["stall", "stall-after", "slow"].contains(&plan.kind.word()));
    if late { Duration::from_millis(400) } else { READ_TIMEOUT }
}

/// Whether the help of the kind promises an effect on a power request.
fn has_effect(plan: &Plan) -> bool {
    let doc = plan.kind.row.doc;
    doc.contains("the effect happens") || ["no-links", "object"].contains(&plan.kind.word())
}

#[test]
fn each_fault_of_an_operation_has_the_effect_in_its_help() {
    let alone = |plan: &Plan| plan.step == "operation" && !needs_others(&plan.kind);
    for plan in every_fault().into_iter().filter(alone) {
        let device = start(Settings {
            task_polls: 0,
            ..Settings::default()
        });
        let token = token(&device);
        device.add_fault(plan.clone());
        let body = json!([DB01]).to_string();
        raw(
            &device,
            patience(Some(&plan)),
            "POST",
            "/v2/operations/ACME/servers/powerOff",
            &token,
            &body,
        );
        // If no answer came, the request may still be on its way.
        while device.requests().len() < 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(device.requests()[1].fault, Some(plan.to_string()));
        device.clear_faults();
        state(&device, &token, DB01);
        let shown = state(&device, &token, DB01);
        let truth = device.machine(DB01).unwrap();
        let expected: (_, _, &[&str]) = if has_effect(&plan) {
            ("stopped", Power::Off, &["powerOff"])
        } else {
            ("started", Power::On, &[])
        };
        let operations: Vec<_> = truth.operations().iter().map(String::as_str).collect();
        assert_eq!(
            (shown.as_str(), truth.power().clone(), &operations[..]),
            expected,
            "{plan}"
        );
    }
}

/// What the client receives for one call at a step, without the date.
fn seen(step: &str, plan: Option<Plan>) -> String {
    let device = start(Settings::default());
    let token = token(&device);
    let task = (step == "task").then(|| operate(&device, &token, "powerOff", DB01)[0]["links"][0]["id"].clone());
    let patience = patience(plan.as_ref());
    plan.into_iter().for_each(|plan| device.add_fault(plan));
    let (method, target, body) = match step {
        "login" => ("POST", "/v2/authentication/login".to_owned(), LOGIN),
        "server" => ("GET", "/v2/servers/ACME/WA1ACMEDB01".to_owned(), ""),
        "operation" => (
            "POST",
            "/v2/operations/ACME/servers/powerOff".to_owned(),
            r#"["WA1ACMEDB01"]"#,
        ),
        _ => (
            "GET",
            format!("/v2/operations/ACME/status/{}", task.unwrap().as_str().unwrap()),
            "",
        ),
    };
    let answer = raw(&device, patience, method, &target, &token, body);
    answer
        .lines()
        .filter(|line| !line.starts_with("date:"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn each_fault_changes_what_the_client_receives() {
    let every = every_fault();
    assert!(every.len() > 100, "{}", every.len());
    for plan in every
        .into_iter()
        .filter(|plan| plan.first == 1 && plan.kind.row.occasion == Occasion::Call)
    {
        // The answer does not show `operation=no-effect`, and `server=state:started` is true. A late answer is the
        // same answer, and some faults need other calls before.
        let told = plan.to_string();
        let hidden = plan.kind.word() == "delay" || needs_others(&plan.kind);
        if !["operation=no-effect", "server=state:started"].contains(&told.as_str()) && !hidden {
            assert_ne!(seen(plan.step, None), seen(plan.step, Some(plan.clone())), "{plan}");
        }
    }
}

#[test]
fn every_fault_can_be_given_on_the_command_line() {
    let every = every_fault();
    for one in &every {
        assert_eq!(plan(&one.to_string()).unwrap(), *one);
    }
    for row in GRAMMAR.kinds.iter().chain(crate::wire::WIRE) {
        let given = every.iter().filter(|plan| plan.kind.word() == row.word).count();
        assert!(given >= row.samples.len() && given > 0, "{}", row.word);
    }
}

#[test]
fn a_planned_task_counts_tasks_and_may_fail() {
    let device = start(Settings::default());
    let token = token(&device);
    device.add_fault(plan("task#2*1=states:executing,failed").unwrap());
    operate(&device, &token, "powerOff", DB01);
    (0..4).for_each(|_| drop(state(&device, &token, DB01)));
    assert_eq!(device.power(DB01), Some(Power::Off), "the first task succeeds");
    operate(&device, &token, "powerOn", DB01);
    let words: Vec<_> = (0..3)
        .map(|_| exchange(&device, "GET", "/v2/operations/acme/status/wa1-40002", &token, "").1)
        .collect();
    assert_eq!(
        json!(words),
        json!([{"status":"executing"}, {"status":"failed"}, {"status":"failed"}])
    );
    (0..6).for_each(|_| drop(state(&device, &token, DB01)));
    assert_eq!(device.power(DB01), Some(Power::Off), "a failed task has no effect");
}

#[test]
fn a_proxy_answers_from_its_cache_or_with_another_clients_answer() {
    let device = start(Settings::default());
    let token = token(&device);
    device.add_fault(plan("server#2*1=cached").unwrap());
    device.add_fault(plan("server#4*1=mixed-up").unwrap());
    assert_eq!(state(&device, &token, DB01), "started");
    device.set_power(DB01, Power::Off).unwrap();
    assert_eq!(state(&device, &token, DB01), "started", "cached");
    assert_eq!(state(&device, &token, DB01), "stopped");
    operate(&device, &token, "powerOn", DB01);
    let (status, answer) = exchange(&device, "GET", "/v2/servers/ACME/WA1ACMEDB01", &token, "");
    assert_eq!((status, answer[0]["isQueued"].as_bool()), (202, Some(true)), "{answer}");
}

#[test]
fn a_request_may_arrive_twice_or_late() {
    let device = start(Settings {
        task_polls: 0,
        ..Settings::default()
    });
    let token = token(&device);
    device.add_fault(plan("operation*1=repeated").unwrap());
    device.add_fault(plan("operation#2*1=late:2").unwrap());
    let answer = operate(&device, &token, "powerOff", DB01);
    assert_eq!(answer[0]["links"][0]["id"], "wa1-40002", "the second task: {answer}");
    (0..3).for_each(|_| drop(state(&device, &token, DB01)));
    assert_eq!(device.power(DB01), Some(Power::Off));
    let target = "/v2/operations/ACME/servers/powerOn";
    assert_eq!(
        raw(&device, READ_TIMEOUT, "POST", target, &token, r#"["WA1ACMEDB01"]"#),
        ""
    );
    (0..2).for_each(|_| drop(state(&device, &token, DB01)));
    assert_eq!(device.power(DB01), Some(Power::Off), "not yet");
    (0..3).for_each(|_| drop(state(&device, &token, DB01)));
    assert_eq!(device.power(DB01), Some(Power::On));
}

#[test]
fn faults_of_the_wire_are_sent_as_described() {
    let plain = seen("server", None);
    let seen = |text: &str| seen("server", Some(plan(text).unwrap()));
    let (head, body) = plain.split_once("\n\n").unwrap();
    assert!(head.contains(&format!("content-length: {}", body.len())));

    let cut = seen("server=truncate");
    assert!(cut.contains(&format!("content-length: {}", body.len())), "{cut}");
    assert!(cut.ends_with(&format!("\n\n{}", &body[..body.len() / 2])), "{cut}");
    let half = seen("server=half");
    assert!(half.contains(&format!("content-length: {}", body.len() / 2)), "{half}");
    assert_eq!(
        (
            seen("server=drop-before"),
            seen("server=drop-after"),
            seen("server=stall")
        ),
        Default::default()
    );
    assert!(seen("server=redirect:http://elsewhere.example/x").contains("location: http://elsewhere.example/x"));
    assert!(seen("server=retry-after:7").contains("retry-after: 7"));
    assert!(seen("server=status:418").starts_with("HTTP/1.1 418 "));
    assert!(seen("server=status:204").starts_with("HTTP/1.1 204 "));
    assert!(seen("server=html").contains("<html>"));
    assert!(seen("server=headers").len() > 100 * 1024);
    let slow = seen("server=slow:100");
    assert!(
        slow.contains(&format!("content-length: {}", body.len())) && slow.len() < head.len() + 10,
        "{slow}"
    );
    let huge = seen("server=huge:200000");
    assert!(
        huge.contains("transfer-encoding: chunked") && huge.len() > 200_000,
        "{}",
        huge.len()
    );
}
