use serde_json::Value;

use super::*;
use crate::fault::Occasion;
use crate::machine::Fleet;

/// The subscription with its machines, without the network.
struct Cloud {
    subscription: Subscription,
    device: Device,
    order: u64,
}

const VERSION: &str = "api-version=2024-07-01";

/// The path of a machine.
fn machine(name: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Compute/virtualMachines/{name}")
}

fn credentials(secret: &str) -> String {
    format!(
        "grant_type=client_credentials&client_id={CLIENT}&client_secret={secret}&\
         scope=https%3A%2F%2Fmanagement.azure.com%2F.default"
    )
}

impl Cloud {
    fn new(settings: Settings) -> Cloud {
        let mut subscription = Subscription::new(settings.clone());
        subscription.listens(&["http://127.0.0.1:8445".to_owned()]);
        Cloud {
            device: Device {
                fleet: Fleet::new(settings.machines).unwrap(),
                ..Device::default()
            },
            subscription,
            order: 0,
        }
    }

    /// A cloud with a token for the requests that follow.
    fn open() -> Cloud {
        let mut cloud = Cloud::new(Settings::default());
        assert_eq!(cloud.log_in(TENANT, "s3cret").0, 200);
        cloud
    }

    fn send(&mut self, method: &str, target: &str, body: &str) -> Answer {
        self.order += 1;
        let fields = [("authorization", "Bearer SIMULATED-token-1"), ("metadata", "true")];
        let request = Request {
            order: self.order,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: body.to_owned(),
            ..Request::default()
        };
        let step = self.subscription.step(&request);
        let fault = self.device.faults.strike(step, Occasion::Call);
        self.subscription
            .answer(&mut self.device, &request, fault.map(|plan| plan.kind).as_ref())
    }

    fn json(&mut self, method: &str, target: &str) -> (u16, Value) {
        let answer = self.send(method, target, "");
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn log_in(&mut self, tenant: &str, secret: &str) -> (u16, Value) {
        let answer = self.send("POST", &format!("/{tenant}/oauth2/v2.0/token"), &credentials(secret));
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// The PowerState of a machine.
    fn state(&mut self, name: &str) -> String {
        let (status, machine) = self.json("GET", &format!("{}?{VERSION}&$expand=instanceView", machine(name)));
        assert_eq!(status, 200, "{machine}");
        let codes = machine["properties"]["instanceView"]["statuses"].as_array().unwrap();
        codes[1]["code"].as_str().unwrap().to_owned()
    }

    /// The status of the answer, and the path of the operation.
    fn act(&mut self, name: &str, verb: &str) -> (u16, String) {
        let answer = self.send("POST", &format!("{}/{verb}?{VERSION}", machine(name)), "");
        let url = answer.headers.iter().find(|(name, _)| *name == "azure-asyncoperation");
        let path = url.and_then(|(_, url)| url.strip_prefix("http://127.0.0.1:8445"));
        (answer.status, path.unwrap_or_default().to_owned())
    }

    fn operation(&mut self, path: &str) -> String {
        let (status, operation) = self.json("GET", path);
        assert_eq!(status, 200, "{operation}");
        operation["status"].as_str().unwrap().to_owned()
    }
}

#[test]
fn only_the_right_secret_gets_a_token() {
    let mut cloud = Cloud::new(Settings::default());
    for (tenant, secret, status, code) in [
        (TENANT, "wrong", 401, "AADSTS7000215"),
        ("other", "s3cret", 400, "AADSTS90002"),
    ] {
        let (refused, body) = cloud.log_in(tenant, secret);
        let text = body["error_description"].as_str().unwrap();
        assert!(refused == status && text.starts_with(code), "{body}");
    }
    assert_eq!(cloud.json("GET", &format!("{}?{VERSION}", machine("node1"))).0, 401);
    let (status, token) = cloud.log_in(TENANT, "s3cret");
    assert_eq!((status, &token["access_token"]), (200, &json!("SIMULATED-token-1")));
    assert_eq!(cloud.json("GET", &format!("{}?{VERSION}", machine("node1"))).0, 200);
}

#[test]
fn the_metadata_service_has_an_identity_and_a_place() {
    let mut cloud = Cloud::new(Settings::default());
    let path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";
    let (status, token) = cloud.json("GET", path);
    assert_eq!((status, &token["expires_in"]), (200, &json!("86399")));
    assert_eq!(cloud.json("GET", &format!("{path}&client_id={IDENTITY}")).0, 200);
    assert_eq!(cloud.json("GET", &format!("{path}&client_id=other")).0, 400);
    let (_, place) = cloud.json("GET", "/metadata/instance/compute?api-version=2021-02-01");
    assert_eq!(
        (&place["subscriptionId"], &place["resourceGroupName"]),
        (&json!(SUBSCRIPTION), &json!(GROUP))
    );
}

#[test]
fn a_power_off_runs_for_some_reads() {
    let mut cloud = Cloud::open();
    let (status, path) = cloud.act("node1", "powerOff");
    assert_eq!(status, 202);
    assert_eq!(cloud.operation(&path), "InProgress");
    assert_eq!(cloud.state("node1"), "PowerState/stopping");
    assert_eq!(cloud.operation(&path), "Succeeded");
    assert_eq!(cloud.state("NODE1"), "PowerState/stopped");
    let (_, path) = cloud.act("node1", "start");
    while cloud.operation(&path) != "Succeeded" {}
    assert_eq!(
        cloud.device.fleet.get("node1").unwrap().operations(),
        ["powerOff", "start"]
    );
}

/// As Azure answers.
#[test]
fn a_machine_without_a_host_is_not_powered_off() {
    let mut cloud = Cloud::open();
    assert_eq!(cloud.state("web1"), "PowerState/deallocated");
    let (status, error) = cloud.json("POST", &format!("{}/powerOff?{VERSION}", machine("web1")));
    assert_eq!((status, &error["error"]["code"]), (409, &json!("OperationNotAllowed")));
    assert!(error["error"]["message"].as_str().unwrap().contains("deallocated"));
    assert_eq!(cloud.act("node2", "powerOff").0, 202);
    cloud.subscription.settings.at_once = true;
    assert_eq!(cloud.act("node2", "powerOff"), (200, String::new()));
}

#[test]
fn places_exist_or_are_named() {
    let mut cloud = Cloud::open();
    for (target, status, code) in [
        (machine("node1"), 400, "MissingApiVersionParameter"),
        (format!("{}?{VERSION}", machine("node7")), 404, "ResourceNotFound"),
        (
            format!("{}?{VERSION}", machine("node1").replace(GROUP, "other")),
            404,
            "ResourceGroupNotFound",
        ),
        (
            format!("{}?{VERSION}", machine("node1").replace(SUBSCRIPTION, "other")),
            404,
            "SubscriptionNotFound",
        ),
    ] {
        let (refused, error) = cloud.json("GET", &target);
        assert_eq!((refused, &error["error"]["code"]), (status, &json!(code)), "{target}");
    }
}

#[test]
fn lists_have_pages() {
    let mut cloud = Cloud::open();
    cloud.subscription.settings.page = 2;
    let path = machine("").trim_end_matches('/').to_owned();
    let (_, list) = cloud.json("GET", &format!("{path}?{VERSION}"));
    assert_eq!(list["value"].as_array().map(Vec::len), Some(2));
    let next = list["nextLink"]
        .as_str()
        .unwrap()
        .strip_prefix("http://127.0.0.1:8445")
        .unwrap()
        .to_owned();
    let (_, rest) = cloud.json("GET", &next);
    assert_eq!(
        (&rest["value"][0]["name"], &rest["nextLink"]),
        (&json!("web1"), &Value::Null)
    );
}

#[test]
fn each_fault_changes_the_answer() {
    let identity = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x".to_owned();
    let list = machine("").trim_end_matches('/').to_owned();
    let requests = [
        (
            "token",
            "POST",
            format!("/{TENANT}/oauth2/v2.0/token"),
            credentials("s3cret"),
        ),
        ("identity", "GET", identity, String::new()),
        (
            "place",
            "GET",
            "/metadata/instance/compute?api-version=2021-02-01".to_owned(),
            String::new(),
        ),
        ("machines", "GET", format!("{list}?{VERSION}"), String::new()),
        (
            "machine",
            "GET",
            format!("{}?{VERSION}&$expand=instanceView", machine("node1")),
            String::new(),
        ),
        (
            "action",
            "POST",
            format!("{}/powerOff?{VERSION}", machine("node1")),
            String::new(),
        ),
    ];
    for (step, method, target, body) in requests {
        let ordinary = Cloud::open().send(method, &target, &body);
        for plan in GRAMMAR.samples(step, 1) {
            let is_own = GRAMMAR.kinds.iter().any(|row| row.word == plan.kind.word());
            let is_unseen = ["no-effect", "expired-token"].contains(&plan.kind.word());
            if !is_own || is_unseen || plan.kind.text.as_deref() == Some("running") {
                continue;
            }
            let mut cloud = Cloud::open();
            cloud.device.faults.add(plan.clone());
            assert_ne!(cloud.send(method, &target, &body), ordinary, "{plan}");
        }
    }
}
