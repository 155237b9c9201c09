use super::*;
use crate::fault::Occasion;
use crate::machine::Fleet;
use serde_json::Value;

/// The service with its servers, without the network.
struct Lab {
    service: Cloud,
    device: Device,
}

impl Lab {
    fn new(settings: Settings) -> Lab {
        Lab {
            device: Device {
                fleet: Fleet::new(settings.machines.clone()).unwrap(),
                ..Device::default()
            },
            service: Cloud::new(settings),
        }
    }

    fn send(&mut self, method: &str, target: &str, token: &str) -> (u16, Value) {
        let request = Request {
            method: method.to_owned(),
            target: format!("/v1{target}"),
            headers: vec![("authorization".to_owned(), format!("Bearer {token}"))],
            ..Request::default()
        };
        let step = self.service.step(&request);
        let fault = self.device.faults.strike(step, Occasion::Call).map(|plan| plan.kind);
        let answer = self.service.answer(&mut self.device, &request, fault.as_ref());
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn get(&mut self, target: &str) -> Value {
        let (status, answer) = self.send("GET", target, "s3cret");
        assert_eq!(status, 200, "{target}: {answer}");
        answer
    }

    fn status(&mut self, id: u64) -> String {
        self.get(&format!("/servers/{id}"))["server"]["status"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

#[test]
fn an_action_locks_the_server_until_its_record_ends() {
    let mut lab = Lab::new(Settings::default());
    assert_eq!(lab.status(42), "running");
    let (status, answer) = lab.send("POST", "/servers/42/actions/poweroff", "s3cret");
    assert_eq!((status, &answer["action"]["status"]), (201, &"running".into()));
    let again = lab.send("POST", "/servers/42/actions/poweroff", "s3cret");
    assert_eq!((again.0, &again.1["error"]["code"]), (423, &"locked".into()));
    let record = format!("/actions/{}", answer["action"]["id"]);
    assert_eq!(lab.get(&record)["action"]["status"], "running");
    assert_eq!(lab.get("/servers/42")["server"]["locked"], true);
    assert_eq!(lab.get(&record)["action"]["status"], "success");
    assert_eq!(lab.status(42), "off");
    assert_eq!(lab.get("/servers/42")["server"]["locked"], false);
    assert_eq!(lab.device.fleet.get("42").unwrap().operations(), ["stop_server"]);
}

#[test]
fn tokens_have_permissions() {
    let mut lab = Lab::new(Settings::default());
    assert_eq!(lab.send("GET", "/servers", "other").0, 401);
    assert_eq!(lab.send("GET", "/servers", "s3cret-read").0, 200);
    let (status, answer) = lab.send("POST", "/servers/42/actions/poweroff", "s3cret-read");
    assert_eq!((status, &answer["error"]["code"]), (403, &"token_readonly".into()));
    assert_eq!(lab.send("GET", "/servers/99", "s3cret").0, 404);
    assert_eq!(lab.send("POST", "/servers/42/actions/shutdown", "s3cret").0, 404);
}

#[test]
fn lists_have_pages_and_names() {
    let mut settings = Settings::default();
    settings.machines.extend(further(60));
    let mut lab = Lab::new(settings);
    let first = lab.get("/servers?per_page=50");
    assert_eq!(first["servers"].as_array().unwrap().len(), 50);
    assert_eq!(first["meta"]["pagination"]["next_page"], 2);
    let second = lab.get("/servers?per_page=50&page=2");
    assert_eq!(second["servers"].as_array().unwrap().len(), 12);
    assert_eq!(second["meta"]["pagination"]["next_page"], Value::Null);
    let named = lab.get("/servers?name=node2");
    assert_eq!(named["servers"][0]["id"], 43);
    assert_eq!(named["servers"][0]["public_net"]["ipv4"], Value::Null);
    assert_eq!(lab.get("/servers?name=node")["servers"], json!([]));
}
