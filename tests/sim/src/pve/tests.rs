use serde_json::{Value, json};

use super::*;
use crate::machine::Fleet;

const TOKEN: (&str, &str) = ("authorization", "PVEAPIToken=fencer@pve!node=s3cret-token");

/// The service with its machines, without a network.
struct Cluster {
    service: Box<dyn Protocol>,
    device: Device,
}

impl Cluster {
    fn with(settings: Settings) -> Cluster {
        let config = settings.config();
        Cluster {
            service: config.protocol,
            device: Device {
                fleet: Fleet::new(config.machines).unwrap(),
                ..Device::default()
            },
        }
    }

    fn new() -> Cluster {
        Cluster::with(Settings::default())
    }

    fn send(&mut self, method: &str, path: &str, header: (&str, &str), body: &str) -> (u16, Value) {
        let request = Request {
            method: method.to_owned(),
            target: format!("/api2/json{path}"),
            headers: vec![(header.0.to_owned(), header.1.to_owned())],
            body: body.to_owned(),
            ..Request::default()
        };
        let answer = self.service.answer(&mut self.device, &request, None);
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    fn get(&mut self, path: &str) -> (u16, Value) {
        self.send("GET", path, TOKEN, "")
    }

    fn post(&mut self, path: &str, body: &str) -> (u16, Value) {
        self.send("POST", path, TOKEN, body)
    }
}

#[test]
fn each_path_needs_a_login_and_its_node() {
    let mut cluster = Cluster::new();
    for (path, status) in [
        ("/version", 200),
        ("/nodes", 200),
        ("/cluster/resources?type=vm", 200),
        ("/nodes/pve1/qemu/100/status/current", 200),
        ("/nodes/pve2/lxc/200/status/current", 200),
        ("/nodes/pve2/qemu/100/status/current", 500),
        ("/nodes/pve1/lxc/100/status/current", 500),
        ("/nodes/pve9/qemu/100/status/current", 500),
        ("/nodes/pve1/qemu/999/status/current", 500),
        ("/nodes/pve1/tasks/UPID:x/status", 500),
        ("/nothing", 501),
    ] {
        assert_eq!(cluster.get(path).0, status, "{path}");
        let expected = if status == 501 { 501 } else { 401 };
        let wrong = ("authorization", "PVEAPIToken=fencer@pve!node=wrong");
        assert_eq!(cluster.send("GET", path, wrong, "").0, expected, "{path}");
    }
    let mut offline = Cluster::with(Settings {
        offline: vec!["pve1".to_owned()],
        ..Settings::default()
    });
    assert_eq!(offline.get("/nodes/pve1/qemu/100/status/current").0, 595);
    let (_, list) = offline.get("/cluster/resources?type=vm");
    assert_eq!(
        (&list["data"][0]["status"], &list["data"][0]["name"]),
        (&json!("unknown"), &Value::Null)
    );
}

#[test]
fn a_ticket_needs_its_token_for_requests_that_change_something() {
    let mut cluster = Cluster::new();
    let none = ("accept", "application/json");
    let form = "username=fencer%40pve&password=s3cret";
    assert_eq!(
        cluster
            .send("POST", "/access/ticket", none, "username=fencer%40pve&password=x")
            .0,
        401
    );
    let (status, login) = cluster.send("POST", "/access/ticket", none, form);
    assert_eq!(status, 200);
    let ticket = login["data"]["ticket"].as_str().unwrap();
    let plain = format!("a=b; PVEAuthCookie={ticket}");
    let encoded = format!("PVEAuthCookie={}", ticket.replace(':', "%3A").replace('+', "%2B"));
    for cookie in [plain, encoded] {
        let cookie = ("cookie", cookie.as_str());
        assert_eq!(cluster.send("GET", "/nodes", cookie, "").0, 200);
        assert_eq!(
            cluster.send("POST", "/nodes/pve1/qemu/100/status/stop", cookie, "").0,
            401
        );
    }
}

#[test]
fn a_task_runs_before_it_takes_effect() {
    let mut cluster = Cluster::new();
    let (status, accepted) = cluster.post("/nodes/pve1/qemu/100/status/stop", "");
    assert_eq!(status, 200);
    let path = format!("/nodes/pve1/tasks/{}/status", accepted["data"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(cluster.get(&path).1["data"]["status"], "running");
        assert_eq!(cluster.device.fleet.get("100").unwrap().power(), &Power::On);
    }
    let end = cluster.get(&path).1;
    assert_eq!(
        (&end["data"]["status"], &end["data"]["exitstatus"]),
        (&json!("stopped"), &json!("OK"))
    );
    assert_eq!(cluster.device.fleet.get("100").unwrap().power(), &Power::Off);
    let (_, current) = cluster.get("/nodes/pve1/qemu/100/status/current");
    assert_eq!(
        (&current["data"]["status"], &current["data"]["pid"]),
        (&json!("stopped"), &Value::Null)
    );
}

#[test]
fn parameters_are_checked() {
    let mut cluster = Cluster::new();
    for (body, name) in [("skiplock=1", "skiplock"), ("nonsense=1", "nonsense")] {
        let (status, refused) = cluster.post("/nodes/pve1/qemu/100/status/stop", body);
        assert_eq!(status, 400, "{body}");
        assert!(refused["errors"][name].is_string(), "{refused}");
    }
    assert_eq!(
        cluster
            .post("/nodes/pve1/qemu/100/status/stop", "overrule-shutdown=1")
            .0,
        200
    );
    let mut old = Cluster::with(Settings {
        is_old: true,
        ..Settings::default()
    });
    assert_eq!(
        old.post("/nodes/pve1/qemu/100/status/stop", "overrule-shutdown=1").0,
        400
    );
    // Containers have no reset.
    assert_eq!(old.post("/nodes/pve2/lxc/200/status/reset", "").0, 501);
}

#[test]
fn each_step_is_that_of_its_path() {
    let cluster = Cluster::new();
    for (step, method, path) in [
        ("login", "POST", "/access/ticket"),
        ("resources", "GET", "/cluster/resources"),
        ("permissions", "GET", "/access/permissions"),
        ("guests", "GET", "/nodes/pve1/qemu"),
        ("current", "GET", "/nodes/pve1/qemu/100/status/current"),
        ("switch", "POST", "/nodes/pve1/qemu/100/status/reset"),
        ("task", "GET", "/nodes/pve1/tasks/UPID:x/status"),
        ("other", "GET", "/nodes"),
    ] {
        let request = Request {
            method: method.to_owned(),
            target: format!("/api2/json{path}"),
            ..Request::default()
        };
        assert_eq!(cluster.service.step(&request), Some(step));
    }
}
