use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};

use super::*;
use crate::Simulator;

pub(super) const DB01: &str = "WA1ACMEDB01";
pub(super) const LOGIN: &str = r#"{"username":"fencer","password":"s3cret"}"#;

pub(super) fn start(settings: Settings) -> Simulator {
    Simulator::start(settings.config()).unwrap()
}

fn head(method: &str, target: &str, token: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// How long to wait for an answer that is expected.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// Sends one request and reads until the other side closes or the timeout is over: the received text.
pub(super) fn raw(
    device: &Simulator,
    patience: Duration,
    method: &str,
    target: &str,
    token: &str,
    body: &str,
) -> String {
    let mut stream = TcpStream::connect(device.address()).unwrap();
    stream.write_all(head(method, target, token, body).as_bytes()).unwrap();
    let (mut got, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    let end = Instant::now() + patience;
    while let Some(left) = end
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        stream.set_read_timeout(Some(left)).unwrap();
        match stream.read(&mut buffer) {
            Ok(size) if size > 0 => got.extend_from_slice(&buffer[..size]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&got).into_owned()
}

pub(super) fn exchange(device: &Simulator, method: &str, target: &str, token: &str, body: &str) -> (u16, Value) {
    let text = raw(device, READ_TIMEOUT, method, target, token, body);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        serde_json::from_str(body).unwrap(),
    )
}

pub(super) fn token(device: &Simulator) -> String {
    let (status, body) = exchange(device, "POST", "/v2/authentication/login", "", LOGIN);
    assert_eq!(status, 200);
    body["bearerToken"].as_str().unwrap().to_owned()
}

pub(super) fn state(device: &Simulator, token: &str, id: &str) -> String {
    let (status, body) = exchange(device, "GET", &format!("/v2/servers/acme/{id}"), token, "");
    assert_eq!((status, &body["id"]), (200, &json!(id.to_ascii_lowercase())));
    body["details"]["powerState"].as_str().unwrap().to_owned()
}

pub(super) fn operate(device: &Simulator, token: &str, operation: &str, id: &str) -> Value {
    let body = json!([id]).to_string();
    exchange(
        device,
        "POST",
        &format!("/v2/operations/ACME/servers/{operation}"),
        token,
        &body,
    )
    .1
}

#[test]
fn credentials_and_permissions_are_checked() {
    let device = start(Settings {
        token_calls: Some(4),
        ..Settings::default()
    });
    let wrong = r#"{"username":"fencer","password":"wrong"}"#;
    let (status, body) = exchange(&device, "POST", "/v2/authentication/login", "", wrong);
    assert_eq!(status, 400, "{body}");
    let good = token(&device);
    assert_eq!(device.sessions(), Sessions { opened: 1, open: 1 });
    let ask = |target: &str, token: &str| exchange(&device, "GET", target, token, "").0;
    assert_eq!(ask("/v2/servers/ACME/WA1ACMEDB01", "nonsense"), 401);
    assert_eq!(ask("/v2/servers/OTHR/WA1ACMEDB01", &good), 403);
    assert_eq!(ask("/v2/servers//WA1ACMEDB01", &good), 403);
    assert_eq!(ask("/v2/servers/AcMe/wa1acmeNONE", &good), 404);
    assert_eq!(ask("/v2/servers/AcMe/wa1AcmeDb01", &good), 200);
    assert_eq!(ask("/v2/servers/AcMe/wa1AcmeDb01", &good), 401, "the fifth call");
    assert_eq!(ask("/v2/servers/AcMe/wa1AcmeDb01", &token(&device)), 200);
    assert_eq!(ask("/elsewhere", ""), 404);
    assert_eq!(
        exchange(&device, "POST", "/v2/servers/ACME/WA1ACMEDB01", &good, "").0,
        405
    );
}

#[test]
fn a_task_is_polled_to_its_end_and_the_read_side_lags() {
    let device = start(Settings {
        lag: 1,
        ..Settings::default()
    });
    let token = token(&device);
    let element = &operate(&device, &token, "powerOff", "wa1acmedb01")[0];
    assert_eq!(
        (&element["server"], &element["isQueued"]),
        (&json!("wa1acmedb01"), &json!(true))
    );
    let href = element["links"][0]["href"].as_str().unwrap();
    for word in ["notStarted", "executing", "executing", "succeeded", "succeeded"] {
        assert_eq!(
            device.power(DB01) == Some(Power::Off),
            word == "succeeded" && device.history(DB01).len() == 2
        );
        assert_eq!(exchange(&device, "GET", href, &token, "").1["status"], word);
    }
    assert_eq!(device.history(DB01), [Power::On, Power::Off]);
    assert_eq!(device.machine(DB01).unwrap().operations(), ["powerOff"]);
    assert_eq!(
        (state(&device, &token, DB01), state(&device, &token, DB01)),
        ("started".into(), "stopped".into())
    );

    let again = &operate(&device, &token, "powerOff", DB01)[0];
    assert_eq!(
        (&again["isQueued"], &again["links"]),
        (&json!(false), &Value::Null),
        "{again}"
    );
}

#[test]
fn a_task_progresses_without_polls() {
    let device = start(Settings {
        task_polls: 1,
        ..Settings::default()
    });
    let token = token(&device);
    operate(&device, &token, "powerOn", "WA1ACMEWEB01");
    let states: Vec<_> = (0..3).map(|_| state(&device, &token, "WA1ACMEWEB01")).collect();
    assert_eq!(states, ["paused", "paused", "started"]);
}

#[test]
fn bad_operations_are_refused() {
    let device = start(Settings::default());
    let token = token(&device);
    for body in ["", "{}", "[]", r#""WA1ACMEDB01""#, "[1]"] {
        let (status, answer) = exchange(&device, "POST", "/v2/operations/ACME/servers/powerOff", &token, body);
        assert_eq!((status, answer["modelState"].is_object()), (400, true), "{body}");
    }
    assert_eq!(
        operate(&device, &token, "powerOff", "WA1ACMENONE")[0]["isQueued"],
        false
    );
    assert!(operate(&device, &token, "archive", DB01)["message"].is_string());
    assert_eq!(device.power(DB01), Some(Power::On));
}

/// The servers below a group, by its links and by its details.
fn below(group: &Value) -> (Vec<String>, Vec<String>) {
    let links = group["links"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|link| link["rel"] == "server");
    let mut linked: Vec<String> = links.map(|link| link["id"].as_str().unwrap().to_owned()).collect();
    let detailed = group["servers"].as_array().cloned().unwrap_or_default();
    let mut detailed: Vec<String> = detailed
        .iter()
        .map(|s| s["details"]["powerState"].to_string())
        .collect();
    for child in group["groups"].as_array().unwrap() {
        let (more_linked, more_detailed) = below(child);
        linked.extend(more_linked);
        detailed.extend(more_detailed);
    }
    (linked, detailed)
}

#[test]
fn all_servers_are_found_by_walking() {
    for server_detail in [true, false] {
        let device = start(Settings {
            server_detail,
            ..Settings::default()
        });
        let token = token(&device);
        let get = |target: &str| exchange(&device, "GET", target, &token, "").1;
        let centers = get("/v2/datacenters/ACME");
        assert_eq!((&centers[0]["id"], &centers[1]["id"]), (&json!("WA1"), &json!("UC1")));
        assert_eq!(get("/v2/datacenters/ACME/WA1")["links"].as_array().unwrap().len(), 1);
        let center = get("/v2/datacenters/ACME/WA1?groupLinks=true");
        let group = center["links"][1]["id"].as_str().unwrap();
        let tree = get(&format!("/v2/groups/ACME/{group}?serverDetail=detailed"));
        assert_eq!(tree["serversCount"], 3);
        let (linked, detailed) = below(&tree);
        assert_eq!(linked, [DB01, "WA1ACMEWEB01", "WA1ACMEDB02"]);
        assert_eq!(detailed.len(), if server_detail { 3 } else { 0 });
        assert_eq!(below(&get("/v2/groups/ACME/uc1-g0")).0.len(), 0);
        assert_eq!(get("/v2/servers/ACME/WA1ACMEDB02")["groupId"], "wa1-g2");
    }
}

#[test]
fn the_control_endpoint_answers_and_refuses() {
    let device = start(Settings::default());
    let ask = |method: &str, target: &str, body: &str| exchange(&device, method, target, "", body);
    assert_eq!(ask("PUT", "/_sim/machines/wa1acmedb01", r#"{"power":"off"}"#).0, 200);
    let machines = ask("GET", "/_sim/machines", "").1;
    assert_eq!(machines[0]["history"], json!(["on", "off"]));
    assert_eq!(machines[2]["power"], "paused");
    assert_eq!(ask("PUT", "/_sim/machines/none", r#"{"power":"off"}"#).0, 404);
    assert_eq!(ask("PUT", "/_sim/machines/wa1acmedb01", r#"{"power":7}"#).0, 400);
    assert_eq!(ask("PUT", "/_sim/machines/wa1acmedb01", "off").0, 400);
    assert_eq!(ask("PATCH", "/_sim/machines", "").0, 405);
    assert_eq!(ask("GET", "/_sim/nonsense", "").0, 404);

    let (status, answer) = ask("POST", "/_sim/faults", "login=html\nlogin=nonsense\n");
    assert!(
        status == 400 && answer["message"].as_str().unwrap().contains("no kind `nonsense`"),
        "{answer}"
    );
    assert_eq!(ask("POST", "/_sim/faults", " \n").0, 400);
    assert_eq!(
        ask("POST", "/_sim/faults", "login*1=status:500\n\nany#9=stall\n").1["added"],
        2
    );
    assert!(raw(&device, READ_TIMEOUT, "GET", "/_sim/faults", "", "").ends_with("login*1=status:500\nany#9=stall\n"));
    assert_eq!(ask("POST", "/v2/authentication/login", LOGIN).0, 500);
    assert_eq!(ask("POST", "/v2/authentication/login", LOGIN).0, 200);
    raw(&device, READ_TIMEOUT, "DELETE", "/_sim/faults", "", "");

    let requests = ask("GET", "/_sim/requests", "").1;
    assert_eq!(
        requests.as_array().unwrap().len(),
        2,
        "control requests are not recorded"
    );
    assert_eq!(
        (&requests[0]["order"], &requests[0]["fault"]),
        (&json!(1), &json!("login*1=status:500"))
    );
    assert_eq!(
        (&requests[1]["method"], &requests[1]["body"]),
        (&json!("POST"), &json!(LOGIN))
    );
}

#[test]
fn it_speaks_tls_and_stops_when_dropped() {
    let device = Simulator::start(Config {
        tls: true,
        ..Settings::default().config()
    })
    .unwrap();
    assert!(device.url().starts_with("https://127.0.0.1:"));
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(device.certificate().unwrap().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    for name in ["127.0.0.1", "localhost"] {
        let session = rustls::ClientConnection::new(config.clone(), ServerName::try_from(name).unwrap()).unwrap();
        let mut stream = rustls::StreamOwned::new(session, TcpStream::connect(device.address()).unwrap());
        stream
            .write_all(head("POST", "/v2/authentication/login", "", LOGIN).as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200 OK") && answer.contains("bearerToken"),
            "{answer}"
        );
    }
    let address = device.address();
    device.add_fault(plan("any=stall").unwrap());
    let stalled = TcpStream::connect(address).unwrap();
    drop(device);
    assert!(TcpStream::connect(address).is_err());
    drop(stalled);
}

#[test]
fn two_machines_with_one_id_are_refused() {
    let machines = vec![Machine::new("a", Power::On), Machine::new("A", Power::Off)];
    assert!(
        Simulator::start(
            Settings {
                machines,
                ..Settings::default()
            }
            .config()
        )
        .is_err()
    );
}
