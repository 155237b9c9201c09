use serde_json::Value;

use super::*;
use crate::fault::Occasion;
use crate::machine::Fleet;

/// A service with its device, without the network.
struct Bmc {
    service: Redfish,
    device: Device,
}

impl Bmc {
    fn new(settings: Settings) -> Bmc {
        let lag = settings.lag;
        let machines = settings
            .machines
            .clone()
            .into_iter()
            .map(|machine| machine.lagging(lag));
        let machines = Fleet::new(machines.collect()).unwrap();
        Bmc {
            service: Redfish {
                settings,
                sessions: Vec::new(),
                opened: 0,
                pending: Vec::new(),
                tasks: 0,
            },
            device: Device {
                fleet: machines,
                ..Device::default()
            },
        }
    }

    fn of(profile: Profile) -> Bmc {
        Bmc::new(Settings::of(profile))
    }

    fn send(&mut self, method: &str, target: &str, fields: &[(&str, &str)], body: &Value) -> Answer {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: fields.collect(),
            body: body.to_string(),
            ..Request::default()
        };
        let step = self.service.step(&request);
        let fault = self.device.faults.strike(step, Occasion::Call);
        self.service
            .answer(&mut self.device, &request, fault.map(|plan| plan.kind).as_ref())
    }

    fn get(&mut self, target: &str) -> (u16, Value) {
        let answer = self.send("GET", target, &[BASIC], &Value::Null);
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// The only system's path, power state and reset target.
    fn system(&mut self) -> (String, String, String) {
        let (_, systems) = self.get(&format!("/redfish/v1/Systems{}", self.service.settings.profile.slash()));
        let path = systems["Members"][0]["@odata.id"].as_str().unwrap().to_owned();
        let (status, system) = self.get(&path);
        assert_eq!((status, &system["@odata.id"]), (200, &json!(path)));
        let target = system["Actions"]["#ComputerSystem.Reset"]["target"]
            .as_str()
            .unwrap()
            .to_owned();
        (path, system["PowerState"].as_str().unwrap().to_owned(), target)
    }

    fn reset(&mut self, target: &str, reset_type: &str) -> (u16, Value) {
        let answer = self.send(
            "POST",
            target,
            &[BASIC, ("if-match", "*")],
            &json!({ "ResetType": reset_type }),
        );
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn fault(&mut self, text: &str) {
        self.device.faults.add(plan(text).unwrap());
    }

    fn power(&self) -> Power {
        self.device.fleet.machines()[0].power().clone()
    }
}

const BASIC: (&str, &str) = ("authorization", "Basic ZmVuY2VyOnMzY3JldA==");

#[test]
fn each_profile_switches_its_system() {
    for profile in Profile::ALL {
        let mut bmc = Bmc::of(profile);
        let (_, state, target) = bmc.system();
        assert_eq!(state, "On", "{profile:?}");
        for (reset_type, power, state) in [("ForceOff", Power::Off, "Off"), ("On", Power::On, "On")] {
            let (status, answer) = bmc.reset(&target, reset_type);
            assert_eq!(status, profile.accepted(), "{profile:?}: {answer}");
            // At most three reads or polls until it is done.
            let states: Vec<String> = (0..4).map(|_| bmc.system().1).collect();
            assert_eq!(
                (bmc.power(), states[3].as_str()),
                (power, state),
                "{profile:?}: {states:?}"
            );
        }
    }
}

#[test]
fn a_request_for_the_state_that_is_reached_has_the_vendors_answer() {
    for (profile, id) in [
        (Profile::Dell, "/error/@Message.ExtendedInfo/0/MessageId"),
        (Profile::HpeIlo4, "/Messages/0/MessageID"),
        (Profile::HpeIlo5, "/error/@Message.ExtendedInfo/0/MessageId"),
        (Profile::Supermicro, "/error/@Message.ExtendedInfo/0/MessageId"),
    ] {
        let mut bmc = Bmc::of(profile);
        let target = bmc.system().2;
        let (status, answer) = bmc.reset(&target, "On");
        let expected = profile.already(true).unwrap();
        assert_eq!(
            (status, answer.pointer(id).and_then(Value::as_str)),
            (expected.0, Some(expected.1))
        );
    }
    for profile in [Profile::Lenovo, Profile::Cisco, Profile::Fujitsu] {
        let mut bmc = Bmc::of(profile);
        let target = bmc.system().2;
        assert_eq!(bmc.reset(&target, "On").0, 204, "{profile:?}");
    }
}

#[test]
fn irmc_wants_the_version_of_the_record() {
    let mut bmc = Bmc::of(Profile::Fujitsu);
    let (path, _, target) = bmc.system();
    let off = json!({ "ResetType": "ForceOff" });
    assert_eq!(bmc.send("POST", &target, &[BASIC], &off).status, 412);
    assert_eq!(
        bmc.send("POST", &target, &[BASIC, ("if-match", "W/\"9\"")], &off)
            .status,
        412
    );
    let answer = bmc.send("GET", &path, &[BASIC], &Value::Null);
    let etag = answer
        .headers
        .iter()
        .find(|(name, _)| *name == "etag")
        .unwrap()
        .1
        .clone();
    assert_eq!(
        bmc.send("POST", &target, &[BASIC, ("if-match", &etag)], &off).status,
        204
    );
    assert_eq!(bmc.power(), Power::Off);
}

#[test]
fn a_task_has_its_states_and_then_its_effect() {
    let mut bmc = Bmc::of(Profile::Megarac);
    let target = bmc.system().2;
    let (status, task) = bmc.reset(&target, "ForceOff");
    assert_eq!((status, &task["TaskState"]), (202, &json!("New")));
    let monitor = task["@odata.id"].as_str().unwrap().to_owned();
    let polls: Vec<_> = (0..3)
        .map(|_| bmc.get(&monitor))
        .map(|(status, task)| (status, task["TaskState"].clone()))
        .collect();
    assert_eq!(
        polls,
        [
            (202, json!("Running")),
            (202, json!("Running")),
            (200, json!("Completed"))
        ]
    );
    assert_eq!(bmc.power(), Power::Off);
    bmc.fault("task=states:Running,Exception");
    let (_, task) = bmc.reset(&target, "On");
    let monitor = task["@odata.id"].as_str().unwrap().to_owned();
    let states: Vec<_> = (0..3).map(|_| bmc.get(&monitor).1["TaskState"].clone()).collect();
    assert_eq!(states, ["Running", "Exception", "Exception"]);
    assert_eq!(bmc.power(), Power::Off);
}

#[test]
fn openbmc_shows_transitions_and_supermicro_the_past() {
    let mut bmc = Bmc::of(Profile::Openbmc);
    let target = bmc.system().2;
    bmc.reset(&target, "ForceOff");
    let states: Vec<String> = (0..3).map(|_| bmc.system().1).collect();
    assert_eq!(states, ["PoweringOff", "PoweringOff", "Off"]);
    let mut bmc = Bmc::of(Profile::Supermicro);
    let target = bmc.system().2;
    bmc.reset(&target, "ForceOff");
    assert_eq!(bmc.power(), Power::Off);
    let states: Vec<String> = (0..4).map(|_| bmc.system().1).collect();
    assert_eq!(states, ["On", "On", "On", "Off"]);
}

#[test]
fn only_the_service_root_is_public() {
    let mut bmc = Bmc::of(Profile::Dell);
    for (path, status) in [
        ("/redfish", 200),
        ("/redfish/v1", 200),
        ("/redfish/v1/", 200),
        ("/redfish/v1/Systems", 401),
    ] {
        assert_eq!(bmc.send("GET", path, &[], &Value::Null).status, status, "{path}");
    }
    let wrong = ("authorization", "Basic ZmVuY2VyOndyb25n");
    assert_eq!(
        bmc.send("GET", "/redfish/v1/Systems", &[wrong], &Value::Null).status,
        401
    );
    assert_eq!(bmc.get("/redfish/v1/Nothing").0, 404);
    assert_eq!(
        bmc.send("POST", "/redfish/v1/Systems", &[BASIC], &Value::Null).status,
        405
    );
}

#[test]
fn sessions_are_few_and_end() {
    let mut bmc = Bmc::new(Settings {
        sessions: 1,
        session_calls: Some(1),
        ..Settings::of(Profile::Dell)
    });
    let sessions = "/redfish/v1/SessionService/Sessions";
    let login = |password: &str| json!({ "UserName": "fencer", "Password": password });
    assert_eq!(bmc.send("POST", sessions, &[], &login("wrong")).status, 401);
    let answer = bmc.send("POST", sessions, &[], &login("s3cret"));
    assert_eq!(answer.status, 201);
    let field = |wanted: &str| {
        answer
            .headers
            .iter()
            .find(|(name, _)| *name == wanted)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(bmc.send("POST", sessions, &[], &login("s3cret")).status, 503);
    let (token, own) = (field("x-auth-token"), field("location"));
    let token = ("x-auth-token", token.as_str());
    assert_eq!(
        bmc.send("GET", "/redfish/v1/Systems", &[token], &Value::Null).status,
        200
    );
    assert_eq!(
        bmc.send("GET", "/redfish/v1/Systems", &[token], &Value::Null).status,
        401
    );
    assert_eq!(bmc.send("DELETE", &own, &[BASIC], &Value::Null).status, 404);
    let answer = bmc.send("POST", sessions, &[], &login("s3cret"));
    let own = answer
        .headers
        .iter()
        .find(|(name, _)| *name == "location")
        .unwrap()
        .1
        .clone();
    assert_eq!(bmc.send("DELETE", &own, &[BASIC], &Value::Null).status, 204);
    let counts = bmc.service.sessions();
    assert_eq!((counts.opened, counts.open), (2, 0));
}

#[test]
fn ilo_redirects_paths_without_a_slash() {
    let mut bmc = Bmc::of(Profile::HpeIlo5);
    for path in ["/redfish/v1", "/redfish/v1/Systems", "/redfish/v1/Systems/1"] {
        let answer = bmc.send("GET", path, &[BASIC], &Value::Null);
        assert_eq!(
            (answer.status, &answer.headers[0]),
            (308, &("location", format!("{path}/")))
        );
    }
}

#[test]
fn collections_have_pages() {
    let mut bmc = Bmc::new(Settings {
        page: Some(2),
        machines: further(5).collect(),
        ..Settings::of(Profile::MultiNode)
    });
    let (mut next, mut members) = (Some("/redfish/v1/Systems".to_owned()), 0);
    while let Some(path) = next.take() {
        let (_, page) = bmc.get(&path);
        assert_eq!(page["Members@odata.count"], 5);
        members += page["Members"].as_array().unwrap().len();
        next = page["Members@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(members, 5);
}

/// Whether the help of a kind at the step `reset` promises the effect.
fn has_effect(word: &str) -> bool {
    GRAMMAR
        .kinds
        .iter()
        .any(|row| row.word == word && row.doc.contains("the effect happens"))
}

#[test]
fn each_fault_of_a_reset_has_the_effect_in_its_help() {
    for plan in GRAMMAR.samples("reset", 1) {
        let is_own = GRAMMAR.kinds.iter().any(|row| row.word == plan.kind.word());
        if !is_own {
            continue;
        }
        let mut bmc = Bmc::of(Profile::Dell);
        let target = bmc.system().2;
        bmc.device.faults.add(plan.clone());
        bmc.reset(&target, "ForceOff");
        let expected = if has_effect(plan.kind.word()) {
            Power::Off
        } else {
            Power::On
        };
        assert_eq!(bmc.power(), expected, "{plan}");
    }
}

#[test]
fn each_fault_changes_the_answer() {
    let body = json!({ "UserName": "fencer", "Password": "s3cret" });
    let requests = [
        ("root", "GET", "/redfish/v1/"),
        ("systems", "GET", "/redfish/v1/Systems"),
        ("system", "GET", "/redfish/v1/Systems/System.Embedded.1"),
        ("login", "POST", "/redfish/v1/SessionService/Sessions"),
    ];
    for (step, method, target) in requests {
        let ordinary = Bmc::of(Profile::Dell).send(method, target, &[BASIC], &body);
        for plan in GRAMMAR.samples(step, 1) {
            let is_own = GRAMMAR.kinds.iter().any(|row| row.word == plan.kind.word());
            // The machine is on.
            if !is_own || plan.kind.text.as_deref() == Some("On") {
                continue;
            }
            let mut bmc = Bmc::of(Profile::Dell);
            bmc.device.faults.add(plan.clone());
            assert_ne!(bmc.send(method, target, &[BASIC], &body), ordinary, "{plan}");
        }
    }
}
