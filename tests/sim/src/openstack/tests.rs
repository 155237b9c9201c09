use super::*;
use crate::fault::Occasion;
use crate::machine::Fleet;

/// Both services with their servers, without the network.
struct Cloud {
    services: OpenStack,
    device: Device,
    order: u64,
}

const IDENTITY: u16 = 5000;
const COMPUTE: u16 = 8774;

impl Cloud {
    fn new(settings: Settings) -> Cloud {
        Cloud {
            device: Device {
                fleet: Fleet::new(settings.machines.clone()).unwrap(),
                ..Device::default()
            },
            services: OpenStack {
                settings,
                urls: [IDENTITY, COMPUTE]
                    .map(|port| format!("http://127.0.0.1:{port}"))
                    .to_vec(),
                tokens: Vec::new(),
                logins: 0,
                actions: Vec::new(),
            },
            order: 0,
        }
    }

    /// A cloud with a token for the requests that follow.
    fn open() -> Cloud {
        let mut cloud = Cloud::new(Settings::default());
        assert_eq!(cloud.log_in(&login()).status, 201);
        cloud
    }

    fn send(&mut self, port: u16, method: &str, target: &str, fields: &[(&str, &str)], body: &Value) -> Answer {
        self.order += 1;
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let request = Request {
            order: self.order,
            port,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: fields.collect(),
            body: body.to_string(),
            ..Request::default()
        };
        let step = self.services.step(&request);
        let fault = self.device.faults.strike(step, Occasion::Call);
        self.services
            .answer(&mut self.device, &request, fault.map(|plan| plan.kind).as_ref())
    }

    fn log_in(&mut self, body: &Value) -> Answer {
        self.send(IDENTITY, "POST", "/v3/auth/tokens", &[], body)
    }

    fn get(&mut self, target: &str) -> (u16, Value) {
        let fields = [TOKEN, ("openstack-api-version", "compute 2.51")];
        let answer = self.send(COMPUTE, "GET", target, &fields, &Value::Null);
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// The status, and the id of the action or the message.
    fn act(&mut self, id: &str, body: &Value) -> (u16, String) {
        let answer = self.send(COMPUTE, "POST", &format!("/v2.1/servers/{id}/action"), &[TOKEN], body);
        let id = answer.headers.iter().find(|(name, _)| *name == REQUEST_ID).unwrap();
        let error: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let message = error["conflictingRequest"]["message"].as_str();
        (answer.status, message.unwrap_or(&id.1).to_owned())
    }

    /// Status, power state and task of a server.
    fn server(&mut self, id: &str) -> (String, u64, Value) {
        let (status, answer) = self.get(&format!("/v2.1/servers/{id}"));
        assert_eq!(status, 200, "{answer}");
        let server = &answer["server"];
        (
            server["status"].as_str().unwrap().to_owned(),
            server["OS-EXT-STS:power_state"].as_u64().unwrap(),
            server["OS-EXT-STS:task_state"].clone(),
        )
    }
}

const TOKEN: (&str, &str) = ("x-auth-token", "gAAAAAB-SIMULATED-token-1");

fn login() -> Value {
    let domain = json!({ "name": "Default" });
    json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": {
            "name": "fencer", "domain": domain, "password": "s3cret",
        } } },
        "scope": { "project": { "name": "admin", "domain": domain } },
    } })
}

#[test]
fn a_login_names_the_other_service() {
    let mut cloud = Cloud::new(Settings::default());
    let answer = cloud.log_in(&login());
    let token: Value = serde_json::from_slice(&answer.body).unwrap();
    let url = &token["token"]["catalog"][1]["endpoints"][0]["url"];
    assert_eq!((answer.status, url), (201, &json!("http://127.0.0.1:8774/v2.1")));
    for (pointer, value) in [
        ("/auth/identity/password/user/password", "wrong"),
        ("/auth/identity/password/user/name", "other"),
        ("/auth/scope/project/name", "other"),
        ("/auth/scope/project/domain/name", "other"),
    ] {
        let mut body = login();
        *body.pointer_mut(pointer).unwrap() = json!(value);
        assert_eq!(cloud.log_in(&body).status, 401, "{pointer}");
    }
    // Each service has its own paths.
    assert_eq!(
        cloud.send(COMPUTE, "POST", "/v3/auth/tokens", &[], &login()).status,
        404
    );
    assert_eq!(
        cloud
            .send(IDENTITY, "GET", "/v2.1/servers", &[TOKEN], &Value::Null)
            .status,
        404
    );
    assert_eq!(
        cloud.send(COMPUTE, "GET", "/v2.1/servers", &[], &Value::Null).status,
        401
    );
}

/// As a real Nova 26 answers.
#[test]
fn a_stop_runs_for_some_reads_and_its_record_shows_the_end() {
    let mut cloud = Cloud::open();
    let (status, request) = cloud.act(NODE1, &json!({ "os-stop": null }));
    assert_eq!(status, 202);
    let again = cloud.act(NODE1, &json!({ "os-stop": null }));
    let conflict = format!("Cannot 'stop' instance {NODE1} while it is in task_state powering-off");
    assert_eq!(again, (409, conflict));
    assert_eq!(cloud.server(NODE1), ("ACTIVE".to_owned(), 1, json!("powering-off")));
    let record = format!("/v2.1/servers/{NODE1}/os-instance-actions/{request}");
    assert_eq!(
        cloud.get(&record).1["instanceAction"]["events"][0]["result"],
        Value::Null
    );
    assert_eq!(cloud.server(NODE1), ("SHUTOFF".to_owned(), 4, Value::Null));
    let action = cloud.get(&record).1["instanceAction"].clone();
    assert_eq!(
        (&action["message"], &action["events"][0]["result"]),
        (&Value::Null, &json!("Success"))
    );
    assert_eq!(cloud.device.fleet.get(NODE1).unwrap().power(), &Power::Off);
    let stopped = cloud.act(NODE1, &json!({ "os-stop": null }));
    assert!(
        stopped.0 == 409 && stopped.1.ends_with("vm_state stopped"),
        "{stopped:?}"
    );
}

#[test]
fn an_action_that_fails_has_no_effect() {
    let mut cloud = Cloud::open();
    cloud.device.faults.add(plan("instance-action=results:Error").unwrap());
    let (_, request) = cloud.act(NODE1, &json!({ "os-stop": null }));
    let (_, record) = cloud.get(&format!("/v2.1/servers/{NODE1}/os-instance-actions/{request}"));
    assert_eq!(record["instanceAction"]["message"], "Error");
    assert_eq!(cloud.server(NODE1).0, "ACTIVE");
    assert_eq!(cloud.device.fleet.get(NODE1).unwrap().power(), &Power::On);
}

#[test]
fn a_paused_server_only_reboots() {
    let mut cloud = Cloud::open();
    assert_eq!(cloud.act(WEB1, &json!({ "os-stop": null })).0, 409);
    assert_eq!(cloud.act(WEB1, &json!({ "os-start": null })).0, 409);
    assert_eq!(cloud.act(WEB1, &json!({ "reboot": { "type": "HARD" } })).0, 202);
    let states: Vec<String> = (0..4).map(|_| cloud.server(WEB1).0).collect();
    assert_eq!(states[3], "ACTIVE");
}

#[test]
fn names_are_patterns_and_lists_have_pages() {
    let mut cloud = Cloud::open();
    cloud.services.settings.page = 2;
    let names = |cloud: &mut Cloud, query: &str| {
        let (status, list) = cloud.get(&format!("/v2.1/servers?{query}"));
        assert_eq!(status, 200, "{list}");
        let names = list["servers"].as_array().unwrap().iter();
        let names: Vec<String> = names
            .map(|server| server["name"].as_str().unwrap().to_owned())
            .collect();
        (names.join(" "), list["servers_links"].is_array())
    };
    assert_eq!(names(&mut cloud, "name=%5Enode1%24"), ("node1".to_owned(), false));
    assert_eq!(names(&mut cloud, "name=ode."), ("node1 node2".to_owned(), false));
    assert_eq!(names(&mut cloud, "name=%5Eode"), (String::new(), false));
    assert_eq!(names(&mut cloud, "limit=1"), ("node1".to_owned(), true));
    assert_eq!(
        names(&mut cloud, &format!("marker={NODE2}")),
        ("web1 twin".to_owned(), true)
    );
    assert_eq!(cloud.get("/v2.1/servers?marker=x").0, 400);
}

#[test]
fn each_fault_changes_the_answer() {
    let requests = [
        (IDENTITY, "login", "POST", "/v3/auth/tokens".to_owned()),
        (COMPUTE, "servers", "GET", "/v2.1/servers".to_owned()),
        (COMPUTE, "server", "GET", format!("/v2.1/servers/{NODE1}")),
    ];
    for (port, step, method, target) in requests {
        let ordinary = Cloud::open().send(port, method, &target, &[TOKEN], &login());
        for plan in GRAMMAR.samples(step, 1) {
            let is_own = GRAMMAR.kinds.iter().any(|row| row.word == plan.kind.word());
            // The server is on.
            if !is_own || plan.kind.text.as_deref() == Some("ACTIVE") {
                continue;
            }
            let mut cloud = Cloud::open();
            cloud.device.faults.add(plan.clone());
            assert_ne!(
                cloud.send(port, method, &target, &[TOKEN], &login()),
                ordinary,
                "{plan}"
            );
        }
    }
}
