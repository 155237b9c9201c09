use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use super::*;
use crate::fault::Occasion;
use crate::machine::Fleet;

/// The project with its instances, without the network.
struct Cloud {
    project: Project,
    device: Device,
    order: u64,
}

const BASE: &str = "/compute/v1/projects/proj1/zones/europe-west1-b";
const INSTANCE: &str = "/compute/v1/projects/proj1/zones/europe-west1-b/instances/node1";

impl Cloud {
    fn new(settings: Settings) -> Cloud {
        Cloud {
            device: Device {
                fleet: Fleet::new(settings.machines.clone()).unwrap(),
                ..Device::default()
            },
            project: Project::new(settings),
            order: 0,
        }
    }

    /// A cloud with a token for the requests that follow.
    fn open() -> Cloud {
        let mut cloud = Cloud::new(Settings::default());
        assert_eq!(cloud.log_in(&assertion(&claims(0))).0, 200);
        cloud
    }

    fn send(&mut self, method: &str, target: &str, body: &str) -> Answer {
        self.order += 1;
        let fields = [
            ("authorization", "Bearer ya29.SIMULATED-token-1"),
            ("metadata-flavor", "Google"),
        ];
        let request = Request {
            order: self.order,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: body.to_owned(),
            ..Request::default()
        };
        let step = self.project.step(&request);
        let fault = self.device.faults.strike(step, Occasion::Call);
        self.project
            .answer(&mut self.device, &request, fault.map(|plan| plan.kind).as_ref())
    }

    fn json(&mut self, method: &str, target: &str) -> (u16, Value) {
        let answer = self.send(method, target, "");
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn log_in(&mut self, assertion: &str) -> (u16, Value) {
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
        let answer = self.send("POST", "/token", &format!("grant_type={grant}&assertion={assertion}"));
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn status(&mut self, name: &str) -> String {
        let (status, instance) = self.json("GET", &format!("{BASE}/instances/{name}"));
        assert_eq!(status, 200, "{instance}");
        instance["status"].as_str().unwrap().to_owned()
    }

    /// The status and the type of an operation.
    fn operation(&mut self, name: &str) -> (String, Value) {
        let (_, operation) = self.json("GET", &format!("{BASE}/operations/{name}"));
        (
            operation["status"].as_str().unwrap_or_default().to_owned(),
            operation["error"].clone(),
        )
    }

    fn act(&mut self, verb: &str) -> String {
        let (status, operation) = self.json("POST", &format!("{INSTANCE}/{verb}"));
        assert_eq!(
            (status, &operation["operationType"]),
            (200, &json!(verb)),
            "{operation}"
        );
        operation["name"].as_str().unwrap().to_owned()
    }
}

/// The claims of an assertion that is made this number of seconds from now.
fn claims(later: i64) -> Value {
    let now = jiff::Timestamp::now().as_second() + later;
    json!({
        "iss": EMAIL,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": now,
        "exp": now + 3600,
    })
}

fn assertion(claims: &Value) -> String {
    let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
    let signed = format!(
        "{}.{}",
        encode(r#"{"alg":"RS256","typ":"JWT","kid":"k1"}"#),
        encode(&claims.to_string())
    );
    let lines = PRIVATE_KEY.lines().filter(|line| !line.starts_with("-----"));
    let key = STANDARD.decode(lines.collect::<String>()).unwrap();
    let key = RsaKeyPair::from_pkcs8(&key).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn only_a_correct_assertion_gets_a_token() {
    let mut cloud = Cloud::new(Settings::default());
    assert_eq!(cloud.json("GET", INSTANCE).0, 401);
    let (status, token) = cloud.log_in(&assertion(&claims(0)));
    assert_eq!((status, &token["token_type"]), (200, &json!("Bearer")));
    assert_eq!(cloud.json("GET", INSTANCE).0, 200);
    for (name, value) in [
        ("iss", json!("other@proj1.iam.gserviceaccount.com")),
        ("aud", json!("https://token.example/token")),
        ("scope", json!("https://www.googleapis.com/auth/devstorage.read_only")),
        ("exp", json!(0)),
    ] {
        let mut wrong = claims(0);
        wrong[name] = value;
        let refused = cloud.log_in(&assertion(&wrong));
        assert_eq!(
            (refused.0, &refused.1["error"]),
            (400, &json!("invalid_grant")),
            "{name}"
        );
    }
    for late in [-400, 400] {
        assert_eq!(cloud.log_in(&assertion(&claims(late))).0, 400, "{late}");
    }
    let mut forged = assertion(&claims(0));
    let other = if forged.ends_with('A') { "Q" } else { "A" };
    forged.replace_range(forged.len() - 5..forged.len() - 4, other);
    assert_eq!(cloud.log_in(&forged).0, 400);
    assert_eq!(cloud.log_in("a.b").0, 400);
}

#[test]
fn the_clock_of_the_service_can_be_ahead() {
    let mut cloud = Cloud::new(Settings {
        ahead: 7200,
        ..Settings::default()
    });
    assert_eq!(cloud.log_in(&assertion(&claims(0))).0, 400);
    assert_eq!(cloud.log_in(&assertion(&claims(7200))).0, 200);
    let answer = cloud.send("POST", "/token", "");
    let (_, date) = answer.headers.iter().find(|(name, _)| *name == "date").unwrap();
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
}

#[test]
fn a_stop_runs_for_some_reads() {
    let mut cloud = Cloud::open();
    let name = cloud.act("stop");
    assert_eq!(cloud.operation(&name).0, "RUNNING");
    assert_eq!(cloud.status("node1"), "STOPPING");
    assert_eq!(cloud.operation(&name), ("DONE".to_owned(), Value::Null));
    assert_eq!(cloud.status("node1"), "TERMINATED");
    assert_eq!(cloud.device.fleet.get(NODE1).unwrap().power(), &Power::Off);
    // It is not an error to stop it again.
    let again = cloud.act("stop");
    while cloud.operation(&again).0 != "DONE" {}
    assert_eq!(cloud.device.fleet.get(NODE1).unwrap().history().len(), 2);
    assert_eq!(cloud.json("POST", &format!("{INSTANCE}/reset")).0, 400);
    let start = cloud.act("start");
    while cloud.operation(&start).0 != "DONE" {}
    let reset = cloud.act("reset");
    while cloud.operation(&reset).0 != "DONE" {}
    let machine = cloud.device.fleet.get(NODE1).unwrap();
    assert_eq!(
        machine.history(),
        [Power::On, Power::Off, Power::On, Power::Off, Power::On]
    );
}

#[test]
fn an_operation_that_fails_has_no_effect() {
    let mut cloud = Cloud::open();
    cloud.device.faults.add(plan("operation=results:ERROR").unwrap());
    let name = cloud.act("stop");
    let (status, error) = cloud.operation(&name);
    assert_eq!(
        (status.as_str(), error["errors"][0]["code"].as_str()),
        ("DONE", Some("ZONE_RESOURCE_POOL_EXHAUSTED"))
    );
    assert_eq!(cloud.status("node1"), "RUNNING");
}

#[test]
fn names_are_unique_in_a_zone_and_lists_have_pages() {
    let mut cloud = Cloud::open();
    let names = |list: &Value| {
        let items = list["items"].as_array().unwrap().iter();
        let names: Vec<&str> = items.map(|item| item["name"].as_str().unwrap()).collect();
        names.join(" ")
    };
    let (_, list) = cloud.json("GET", &format!("{BASE}/instances?maxResults=3"));
    assert_eq!(
        (names(&list).as_str(), &list["nextPageToken"]),
        ("node1 node2 web1", &json!("3"))
    );
    let (_, rest) = cloud.json("GET", &format!("{BASE}/instances?maxResults=3&pageToken=3"));
    assert_eq!((names(&rest).as_str(), &rest["nextPageToken"]), ("twin", &Value::Null));
    let aggregated = "/compute/v1/projects/proj1/aggregated/instances";
    let (_, found) = cloud.json("GET", &format!("{aggregated}?filter=name%3D%22twin%22"));
    for zone in [ZONE, OTHER_ZONE] {
        let instances = &found["items"][format!("zones/{zone}")]["instances"];
        assert_eq!(instances.as_array().map(Vec::len), Some(1), "{found}");
    }
    let (_, found) = cloud.json("GET", &format!("{aggregated}?filter=id%3D{NODE1}"));
    assert_eq!(found["items"]["zones/europe-west1-b"]["instances"][0]["name"], "node1");
    for (path, word) in [
        (
            "/compute/v1/projects/other/zones/europe-west1-b/instances/node1",
            "projects/other'",
        ),
        (
            "/compute/v1/projects/proj1/zones/mars-1/instances/node1",
            "zones/mars-1'",
        ),
        (
            "/compute/v1/projects/proj1/zones/europe-west1-b/instances/node7",
            "instances/node7'",
        ),
    ] {
        let (status, error) = cloud.json("GET", path);
        let message = error["error"]["message"].as_str().unwrap();
        assert!(status == 404 && message.contains(word), "{path}: {error}");
    }
}

#[test]
fn the_metadata_service_has_tokens_of_its_own() {
    let mut cloud = Cloud::new(Settings::default());
    assert_eq!(
        cloud.send("GET", "/computeMetadata/v1/project/project-id", "").body,
        b"proj1"
    );
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    assert_eq!(cloud.json("GET", path).1["access_token"], "ya29.SIMULATED-token-own-1");
    let plain = Request {
        method: "GET".to_owned(),
        target: path.to_owned(),
        ..Request::default()
    };
    assert_eq!(cloud.project.answer(&mut cloud.device, &plain, None).status, 403);
}

#[test]
fn each_fault_changes_the_answer() {
    let token = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    let requests = [
        (
            "token",
            "POST",
            "/token".to_owned(),
            format!("{token}{}", assertion(&claims(0))),
        ),
        (
            "metadata",
            "GET",
            "/computeMetadata/v1/project/project-id".to_owned(),
            String::new(),
        ),
        (
            "aggregated",
            "GET",
            "/compute/v1/projects/proj1/aggregated/instances".to_owned(),
            String::new(),
        ),
        ("instances", "GET", format!("{BASE}/instances"), String::new()),
        ("instance", "GET", INSTANCE.to_owned(), String::new()),
        ("action", "POST", format!("{INSTANCE}/stop"), String::new()),
    ];
    for (step, method, target, body) in requests {
        let ordinary = Cloud::open().send(method, &target, &body);
        for plan in GRAMMAR.samples(step, 1) {
            let is_own = GRAMMAR.kinds.iter().any(|row| row.word == plan.kind.word());
            let is_unseen = ["no-effect", "expired-token", "endless"].contains(&plan.kind.word());
            if !is_own || is_unseen && step != "aggregated" || plan.kind.text.as_deref() == Some("RUNNING") {
                continue;
            }
            let mut cloud = Cloud::open();
            cloud.device.faults.add(plan.clone());
            assert_ne!(cloud.send(method, &target, &body), ordinary, "{plan}");
        }
    }
}
