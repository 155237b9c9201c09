use serde_json::Value;

use super::tests::{CLOUD, DB, SERVER, SERVER_PATH, VPS, call, get, reboot, start};
use super::*;
use crate::{Machine, Power, Simulator};

fn power_states(device: &Simulator, count: usize) -> Vec<Value> {
    (0..count)
        .map(|_| get(device, SERVER_PATH)["powerState"].clone())
        .collect()
}

fn other(word: &str) -> Power {
    Power::Other(word.to_owned())
}

#[test]
fn a_reboot_from_the_power_entry_ends_with_off() {
    let device = start(Settings::default());
    assert_eq!(
        get(&device, &format!("{SERVER_PATH}/boot?bootType=power")),
        json!([95_083])
    );
    let task = reboot(&device, SERVER, 95_083);
    let path = format!("{SERVER_PATH}/task/{}", task["taskId"]);
    for word in ["todo", "doing", "done", "done"] {
        let task = get(&device, &path);
        let over = word == "done";
        assert_eq!((&task["status"], task["doneDate"].is_string()), (&json!(word), over));
        let truth = if over { other(GOING_DARK) } else { Power::On };
        assert_eq!(device.power(SERVER), Some(truth), "{word}");
    }
    assert_eq!(
        power_states(&device, 5),
        ["poweron", "poweron", "poweron", "poweroff", "poweroff"]
    );
    assert_eq!(get(&device, SERVER_PATH)["bootId"], 95_083);
    assert_eq!(
        device.history(SERVER),
        [Power::On, Power::Off, other(GOING_DARK), Power::Off]
    );
    reboot(&device, SERVER, 1);
    assert_eq!(power_states(&device, 4), ["poweroff", "poweroff", "poweron", "poweron"]);
    assert_eq!(device.power(SERVER), Some(Power::On), "a reboot starts what was off");
}

#[test]
fn a_server_in_rescue_is_reported_as_on() {
    let device = start(Settings {
        task_polls: 0,
        ..Settings::default()
    });
    assert_eq!(
        get(&device, &format!("{SERVER_PATH}/boot?bootType=rescue")),
        json!([1122, 230_242])
    );
    assert_eq!(get(&device, &format!("{SERVER_PATH}/boot/1122"))["bootType"], "rescue");
    reboot(&device, SERVER, 230_242);
    assert_eq!(device.power(SERVER), Some(Power::On), "the server was not read yet");
    assert_eq!(power_states(&device, 2), ["poweron", "poweron"]);
    assert_eq!(device.power(SERVER), Some(other(RESCUE)));
    assert_eq!(device.machine(SERVER).unwrap().operations(), ["hardReboot"]);
}

#[test]
fn a_pending_boot_entry_is_not_started() {
    let device = start(Settings {
        boot_lag: 2,
        ..Settings::default()
    });
    reboot(&device, SERVER, 1122);
    power_states(&device, 4);
    assert_eq!(device.history(SERVER), [Power::On, Power::Off, Power::On]);
    assert_eq!(get(&device, SERVER_PATH)["bootId"], 1122);

    call(&device, &format!("PUT {SERVER_PATH}"), r#"{"bootId":1}"#);
    let shown: Vec<_> = (0..3).map(|_| get(&device, SERVER_PATH)["bootId"].clone()).collect();
    assert_eq!(shown, [1122, 1122, 1]);
}

#[test]
fn bad_changes_change_nothing() {
    let device = start(Settings::default());
    let put = |body: &str| call(&device, &format!("PUT {SERVER_PATH}"), body).0;
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"bootId":7}"#,
        r#"{"bootId":"1"}"#,
        r#"{"monitoring":false,"powerState":"poweroff"}"#,
        r#"{"monitoring":"no"}"#,
        r#"{"color":"red"}"#,
    ] {
        assert_eq!(put(bad), 400, "{bad}");
    }
    let before = get(&device, SERVER_PATH);
    assert_eq!((&before["bootId"], &before["monitoring"]), (&json!(1), &json!(true)));
    assert_eq!(put(r#"{"monitoring":false,"rescueMail":"a@example.org"}"#), 200);
    let after = get(&device, SERVER_PATH);
    assert_eq!((&after["bootId"], &after["monitoring"]), (&json!(1), &json!(false)));
    assert_eq!(after["rescueMail"], "a@example.org");
}

#[test]
fn a_second_reboot_is_refused() {
    let device = start(Settings::default());
    let task = reboot(&device, SERVER, 1);
    let tasks = |query: &str| get(&device, &format!("{SERVER_PATH}/task{query}"));
    assert_eq!(
        call(&device, &format!("POST {SERVER_PATH}/reboot"), "").1,
        json!({"class": "Client::Conflict", "message": "An action is already pending on this service"})
    );
    assert_eq!(tasks("?function=hardReboot&status=doing"), json!([task["taskId"]]));
    assert_eq!(tasks("?function=resetIPMI"), json!([]));
    assert_eq!(tasks("?status=done"), json!([task["taskId"]]));
    assert_eq!(tasks(""), json!([task["taskId"]]));
    assert_eq!(call(&device, &format!("GET {SERVER_PATH}/task/9"), "").0, 404);
    assert_eq!(device.history(SERVER), [Power::On, Power::Off, Power::On]);
}

#[test]
fn servers_differ() {
    let device = start(Settings::default());
    let names = get(&device, "/1.0/dedicated/server");
    assert_eq!(names.as_array().unwrap().len(), 4);
    let get = |rest: &str| get(&device, &format!("/1.0/dedicated/server/{rest}"));
    assert_eq!(get("ns3000001.ip-198-51-100.eu/boot?bootType=power"), json!([]));
    let off = get("NS3000002.ip-203-0-113.eu");
    assert_eq!(
        (&off["powerState"], &off["bootId"]),
        (&json!("poweroff"), &json!(95_083))
    );
    assert_eq!(call(&device, "GET /1.0/dedicated/server/ns9.ovh.net", "").0, 404);
    assert_eq!(
        call(&device, &format!("GET {SERVER_PATH}/boot?bootType=odd"), "").0,
        400
    );
}

#[test]
fn servers_are_parsed_from_text() {
    let server: Server = "ns1=off,name=db,boots=1:harddisk+9:rescue,boot=9,state=hacked"
        .parse()
        .unwrap();
    assert_eq!((server.machine.id(), server.machine.name()), ("ns1", "db"));
    assert_eq!(
        (server.boots.len(), server.boot, server.state.as_str()),
        (2, Some(9), "hacked")
    );
    for bad in [
        "ns1=on,boot=7",
        "ns1=on,boot=x",
        "ns1=on,boots=1:odd",
        "ns1=on,boots=1",
        "ns1",
        "ns1=on,color=red",
    ] {
        assert!(bad.parse::<Server>().is_err(), "{bad}");
    }
}

#[test]
fn a_vps_is_stopped_and_started() {
    let device = start(Settings {
        lag: 1,
        ..Settings::default()
    });
    assert_eq!(get(&device, "/1.0/vps"), json!([VPS]));
    let path = format!("/1.0/vps/{VPS}");
    let state = || get(&device, &path)["state"].clone();
    let operate = |operation: &str| call(&device, &format!("POST {path}/{operation}"), "");
    assert_eq!(operate("start").0, 400, "it is running");
    let (_, task) = operate("stop");
    assert_eq!((&task["type"], &task["state"]), (&json!("stopVm"), &json!("todo")));
    assert_eq!(operate("stop").0, 409);
    assert_eq!([state(), state()], ["stopping", "running"], "the read side lags");
    assert_eq!([state(), state()], ["stopped", "stopped"]);
    let task = get(&device, &format!("{path}/tasks/{}", task["id"]));
    assert_eq!((&task["state"], &task["progress"]), (&json!("done"), &json!(100)));
    assert_eq!(
        get(&device, &format!("{path}/tasks?type=stopVm&state=done")),
        json!([task["id"]])
    );
    assert_eq!(get(&device, &format!("{path}/tasks?state=todo")), json!([]));
    assert_eq!(operate("reboot").0, 400);
    operate("start");
    (0..4).for_each(|_| drop(state()));
    operate("reboot");
    (0..4).for_each(|_| drop(state()));
    assert_eq!(
        device.history(VPS),
        [Power::On, Power::Off, Power::On, Power::Off, Power::On]
    );
    assert_eq!(device.machine(VPS).unwrap().operations(), ["stop", "start", "reboot"]);
    assert_eq!(call(&device, &format!("GET /1.0/vps/{SERVER}"), "").0, 404);
}

#[test]
fn instances_have_no_tasks_and_wrong_states_are_conflicts() {
    let mut settings = Settings::default();
    settings.instances.push(Machine::new("e1", other("ERROR")));
    let device = start(settings);
    let instances = get(&device, CLOUD);
    let shown: Vec<_> = instances
        .as_array()
        .unwrap()
        .iter()
        .map(|i| (&i["name"], &i["status"]))
        .collect();
    assert_eq!(
        json!(shown[..3]),
        json!([["db", "ACTIVE"], ["web", "ACTIVE"], ["web", "SHUTOFF"]])
    );
    assert_eq!(get(&device, &format!("{CLOUD}?region=SBG5")), json!([]));

    let status = |id: &str| get(&device, &format!("{CLOUD}/{id}"))["status"].clone();
    let operate =
        |id: &str, operation: &str, body: &str| call(&device, &format!("POST {CLOUD}/{id}/{operation}"), body);
    assert_eq!(operate(DB, "start", "").0, 409);
    assert_eq!(operate(DB, "reboot", "").0, 400);
    assert_eq!(operate(DB, "stop", ""), (200, Value::Null));
    assert_eq!(operate(DB, "stop", "").0, 409, "pending");
    assert_eq!([status(DB), status(DB)], ["ACTIVE", "SHUTOFF"]);
    assert_eq!(operate(DB, "stop", "").0, 409);
    assert_eq!(operate(DB, "reboot", r#"{"type":"hard"}"#).0, 200);
    assert_eq!(
        [status(DB), status(DB), status(DB)],
        ["HARD_REBOOT", "HARD_REBOOT", "ACTIVE"]
    );
    assert_eq!(operate(DB, "reboot", r#"{"type":"soft"}"#).0, 200);
    (0..3).for_each(|_| drop(status(DB)));
    assert_eq!(device.history(DB), [Power::On, Power::Off, Power::On]);
    assert_eq!(status("e1"), "ERROR");
    assert_eq!(operate("e1", "start", "").0, 409);
    assert_eq!(operate("e1", "stop", "").0, 200);
    assert_eq!(call(&device, &format!("GET {CLOUD}/{VPS}"), "").0, 404);
    assert_eq!(call(&device, "GET /1.0/cloud/project/other/instance", "").0, 404);
    assert_eq!(
        get(&device, "/1.0/cloud/project"),
        json!(["0123456789abcdef0123456789abcdef"])
    );
}
