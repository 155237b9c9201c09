use std::time::Duration;

use serde_json::Value;

use super::tests::{CLOUD, DB, READ_TIMEOUT, SERVER, SERVER_PATH, VPS, call, get, keys, raw, reboot, start};
use super::*;
use crate::fault::Occasion;
use crate::wire::needs_others;
use crate::{Plan, Power, Simulator};

/// How long to wait: longer for an answer that is expected, shorter for one that is not.
fn patience(plan: Option<&Plan>) -> Duration {
    let late = plan.is_some_and(|plan| ["stall", "stall-after", "slow"].contains(&plan.kind.word()));
    if late { Duration::from_millis(400) } else { READ_TIMEOUT }
}

/// A signed call that may or may not be answered.
fn attempt(device: &Simulator, patience: Duration, head: &str, body: &str) -> String {
    let headers = keys().headers(&device.url(), head, body);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    raw(device, patience, head, &headers, body)
}

/// Whether the help of the kind promises an effect on a request.
fn has_effect(plan: &Plan) -> bool {
    let doc = plan.kind.row.doc;
    doc.contains("the effect happens") || doc.starts_with("accepted, but")
}

fn at_once() -> Simulator {
    start(Settings {
        task_polls: 0,
        dark_reads: 0,
        ..Settings::default()
    })
}

#[test]
fn each_fault_of_a_power_request_has_the_effect_in_its_help() {
    let server = (
        format!("POST {SERVER_PATH}/reboot"),
        format!("GET {SERVER_PATH}"),
        SERVER,
    );
    let vps = (format!("POST /1.0/vps/{VPS}/stop"), format!("GET /1.0/vps/{VPS}"), VPS);
    let instance = (format!("POST {CLOUD}/{DB}/stop"), format!("GET {CLOUD}/{DB}"), DB);
    for plan in every_fault().into_iter().filter(|plan| !needs_others(&plan.kind)) {
        let (power, look, id) = match plan.step {
            "reboot" => &server,
            "vps-operation" => &vps,
            "instance-operation" if plan.kind.row.occasion == Occasion::Call => &instance,
            _ => continue,
        };
        let device = at_once();
        device.add_fault(plan.clone());
        attempt(&device, patience(Some(&plan)), power, "");
        // If no answer came, the request may still be on its way.
        while device.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(device.requests()[0].fault, Some(plan.to_string()));
        device.clear_faults();
        call(&device, look, "");
        let effect = has_effect(&plan) && plan.kind.word() != "other-function";
        assert_eq!(device.history(id).len() > 1, effect, "{plan}");
        assert_eq!(
            device.machine(id).unwrap().operations().len(),
            usize::from(effect),
            "{plan}"
        );
    }
}

#[test]
fn each_fault_of_a_change_has_the_effect_in_its_help() {
    let alone = |plan: &Plan| plan.step == "put" && !needs_others(&plan.kind);
    for plan in every_fault().into_iter().filter(alone) {
        let device = start(Settings::default());
        device.add_fault(plan.clone());
        attempt(
            &device,
            patience(Some(&plan)),
            &format!("PUT {SERVER_PATH}"),
            r#"{"bootId":1122}"#,
        );
        while device.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        device.clear_faults();
        let boot = if has_effect(&plan) { 1122 } else { 1 };
        assert_eq!(get(&device, SERVER_PATH)["bootId"], boot, "{plan}");
    }
}

/// The request of a client at a step: the first line, headers, the body. `session` and `task` already exist.
fn request(step: &str, task: &str) -> (String, Vec<(&'static str, String)>, String) {
    let soap = |method: &str, inner: &str| {
        let body = format!(
            r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
             <m:{method} xmlns:m="http://soapi.ovh.com/manager">{inner}</m:{method}></e:Body></e:Envelope>"#
        );
        let action = format!("http://soapi.ovh.com/manager#{method}");
        ("POST /".to_owned(), vec![("SOAPAction", action)], body)
    };
    let session = format!("<session>simulated-session-1</session><hostname>{SERVER}</hostname>");
    let plain = |head: &str| (head.to_owned(), Vec::new(), String::new());
    match step {
        "time" => plain("GET /1.0/auth/time"),
        "token" => {
            let form = "grant_type=client_credentials&client_id=EU.simulated&client_secret=s3cret";
            let kind = ("Content-Type", "application/x-www-form-urlencoded".to_owned());
            ("POST /auth/oauth2/token".to_owned(), vec![kind], form.to_owned())
        }
        "credential" => plain("GET /1.0/auth/currentCredential"),
        "credential-request" => {
            let body = r#"{"accessRules":[{"method":"GET","path":"/me"}]}"#;
            ("POST /1.0/auth/credential".to_owned(), Vec::new(), body.to_owned())
        }
        "me" => plain("GET /1.0/me"),
        "servers" => plain("GET /1.0/dedicated/server"),
        "server" => plain(&format!("GET {SERVER_PATH}")),
        "put" => (format!("PUT {SERVER_PATH}"), Vec::new(), r#"{"bootId":1}"#.to_owned()),
        "boot" => plain(&format!("GET {SERVER_PATH}/boot?bootType=rescue")),
        "boot-entry" => plain(&format!("GET {SERVER_PATH}/boot/1")),
        "reboot" => plain(&format!("POST {SERVER_PATH}/reboot")),
        "tasks" => plain(&format!("GET {SERVER_PATH}/task")),
        "task" => plain(&format!("GET {SERVER_PATH}/task/{task}")),
        "all-vps" => plain("GET /1.0/vps"),
        "vps" => plain(&format!("GET /1.0/vps/{VPS}")),
        "vps-operation" => plain(&format!("POST /1.0/vps/{VPS}/stop")),
        "vps-tasks" => plain(&format!("GET /1.0/vps/{VPS}/tasks")),
        "vps-task" => plain(&format!("GET /1.0/vps/{VPS}/tasks/{task}")),
        "projects" => plain("GET /1.0/cloud/project"),
        "instances" => plain(&format!("GET {CLOUD}")),
        "instance" => plain(&format!("GET {CLOUD}/{DB}")),
        "instance-operation" => plain(&format!("POST {CLOUD}/{DB}/stop")),
        "soap-wsdl" => plain("GET /soapi/soapi-re-1.59.wsdl"),
        "soap-login" => soap("login", "<nic>ab12345-ovh</nic><password>s3cret</password>"),
        "soap-netboot" => soap("dedicatedNetbootModifyById", &format!("{session}<id>28</id>")),
        "soap-reboot" => soap("dedicatedHardRebootDo", &session),
        "soap-status" => soap("dedicatedHardRebootStatus", &session),
        "soap-logout" => soap("logout", &session),
        other => panic!("no request for step {other}"),
    }
}

fn send(device: &Simulator, (head, mut headers, body): (String, Vec<(&'static str, String)>, String)) -> String {
    headers.extend(keys().headers(&device.url(), &head, &body));
    if head.contains("oauth2") {
        headers.retain(|(name, _)| !name.starts_with("X-Ovh"));
    }
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    raw(device, READ_TIMEOUT, &head, &headers, &body)
}

/// What the client receives for one call at a step, without the date.
fn seen(step: &str, plan: Option<&Plan>) -> String {
    let device = start(Settings::default());
    let mut task = Value::Null;
    match step {
        "task" | "tasks" => task = reboot(&device, SERVER, 1)["taskId"].clone(),
        "vps-task" | "vps-tasks" => task = call(&device, &format!("POST /1.0/vps/{VPS}/stop"), "").1["id"].clone(),
        "soap-netboot" | "soap-reboot" | "soap-logout" => drop(send(&device, request("soap-login", ""))),
        "soap-status" => ["soap-login", "soap-reboot"]
            .iter()
            .for_each(|step| drop(send(&device, request(step, "")))),
        _ => {}
    }
    plan.into_iter().for_each(|plan| device.add_fault(plan.clone()));
    let answer = send(&device, request(step, &task.to_string()));
    let lines = answer.lines().filter(|line| !line.starts_with("date:"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_step_is_answered_and_each_of_its_faults_is_visible() {
    for (step, _) in GRAMMAR.steps {
        assert!(
            seen(step, None).starts_with("HTTP/1.1 200 "),
            "{step}: {}",
            seen(step, None)
        );
    }
    // Wrong values that the answer does not show, and words that are true.
    let unseen = [
        "put=no-effect",
        "reboot=no-effect",
        "reboot=boot-reverted",
        "server=never-dark",
        "server=power-state:poweron",
        "vps=state:running",
        "vps-operation=no-effect",
        "instance=status-word:ACTIVE",
        "instance-operation=no-effect",
        "soap-netboot=no-effect",
        "soap-reboot=no-effect",
    ];
    for plan in every_fault() {
        let own = plan.first == 1 && plan.kind.row.step.is_some() && plan.kind.row.occasion == Occasion::Call;
        if own && !unseen.contains(&plan.to_string().as_str()) {
            assert_ne!(seen(plan.step, None), seen(plan.step, Some(&plan)), "{plan}");
        }
    }
}

#[test]
fn every_fault_can_be_given_on_the_command_line() {
    let every = every_fault();
    for one in &every {
        assert_eq!(plan(&one.to_string()).unwrap(), *one);
    }
    for step in [DEDICATED, super::VPS, super::CLOUD].concat() {
        let given = faults_at(&[step]);
        let all = every.iter().filter(|plan| plan.step == step);
        assert!(given.len() > 15 && given.len() == all.count(), "{step}");
    }
    for row in GRAMMAR.kinds {
        let given = every
            .iter()
            .filter(|plan| plan.kind.word() == row.word && Some(plan.step) == row.step);
        assert!(
            given.count() >= row.samples.len() && !row.samples.is_empty(),
            "{}",
            row.word
        );
    }
}

#[test]
fn a_planned_task_may_fail_or_never_end() {
    let device = start(Settings::default());
    device.add_fault(plan("task#2*1=states:todo,ovhError").unwrap());
    device.add_fault(plan("task#3=states:todo").unwrap());
    reboot(&device, SERVER, 1);
    (0..4).for_each(|_| drop(get(&device, SERVER_PATH)));
    assert_eq!(device.history(SERVER).len(), 3, "the first task succeeds");
    let failed = reboot(&device, SERVER, 1);
    let path = format!("{SERVER_PATH}/task/{}", failed["taskId"]);
    let answers: Vec<_> = (0..2).map(|_| get(&device, &path)).collect();
    assert_eq!(
        [&answers[0]["status"], &answers[1]["status"], &answers[1]["doneDate"]],
        [&json!("ovhError"), &json!("ovhError"), &Value::Null]
    );
    assert!(answers[1]["comment"].is_string());
    let stuck = reboot(&device, SERVER, 1);
    let path = format!("{SERVER_PATH}/task/{}", stuck["taskId"]);
    (0..9).for_each(|_| assert_eq!(get(&device, &path)["status"], "todo"));
    assert_eq!(call(&device, &format!("POST {SERVER_PATH}/reboot"), "").0, 409);
    assert_eq!(device.history(SERVER).len(), 3, "a task that never ends has no effect");
}

#[test]
fn a_boot_entry_that_was_changed_back_is_started() {
    let device = at_once();
    device.add_fault(plan("reboot=boot-reverted").unwrap());
    call(&device, &format!("PUT {SERVER_PATH}"), r#"{"bootId":95083}"#);
    reboot(&device, SERVER, 95_083);
    assert_eq!(get(&device, SERVER_PATH)["bootId"], 1);
    assert_eq!(device.history(SERVER), [Power::On, Power::Off, Power::On]);
}

#[test]
fn a_server_may_never_lose_its_power() {
    let device = at_once();
    device.add_fault(plan("server=never-dark").unwrap());
    reboot(&device, SERVER, 95_083);
    (0..9).for_each(|_| assert_eq!(get(&device, SERVER_PATH)["powerState"], "poweron"));
    assert_eq!(device.power(SERVER), Some(Power::Other(GOING_DARK.into())));
    device.clear_faults();
    assert_eq!(get(&device, SERVER_PATH)["powerState"], "poweroff");
}

#[test]
fn an_instance_operation_may_have_no_effect() {
    let device = start(Settings::default());
    device.add_fault(plan("instance-operation=states:todo,doing,error").unwrap());
    assert_eq!(call(&device, &format!("POST {CLOUD}/{DB}/stop"), "").0, 200);
    (0..5).for_each(|_| assert_eq!(get(&device, &format!("{CLOUD}/{DB}"))["status"], "ACTIVE"));
    assert_eq!(device.history(DB), [Power::On]);
}
