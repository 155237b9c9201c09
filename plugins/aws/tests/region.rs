//! `fence_aws` with the answers of EC2, and with answers that it should not give.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use fence_aws::Region;
use fencebox_sdk::http::Failure;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, RunningScript, Script, Session};

const ID: &str = "i-0a1b2c3d4e5f60718";
const OPTIONS: [(&str, &str); 5] = [
    ("region", "eu-central-1"),
    ("access_key", "AKIDEXAMPLE"),
    ("secret_key", "s3cret-key"),
    ("plug", ID),
    ("skip_race_check", "1"),
];
const URL: &str = "https://ec2.eu-central-1.amazonaws.com";
const METADATA: &str = "/latest/meta-data";
const CREDENTIALS: &str = "/latest/meta-data/iam/security-credentials";

fn document(action: &str, content: &str) -> String {
    let space = "http://ec2.amazonaws.com/doc/2016-11-15/";
    format!(
        "<?xml version=\"1.0\"?><{action}Response xmlns=\"{space}\"><requestId>r</requestId>{content}</{action}Response>"
    )
}

fn state(element: &str, code: u8, name: &str) -> String {
    format!("<{element}><code>{code}</code><name>{name}</name></{element}>")
}

/// A list with one instance.
fn instance(id: &str, code: u8, name: &str) -> String {
    let tag = "<tagSet><item><key>Name</key><value>node1</value></item></tagSet>";
    let state = state("instanceState", code, name);
    let item = format!("<item><instanceId>{id}</instanceId>{state}{tag}</item>");
    let reservation = format!("<item><reservationId>r-1</reservationId><instancesSet>{item}</instancesSet></item>");
    document(
        "DescribeInstances",
        &format!("<reservationSet>{reservation}</reservationSet>"),
    )
}

/// The answer to a request, with the states before and after.
fn change(action: &str, id: &str, before: (u8, &str), after: (u8, &str)) -> String {
    let states = state("currentState", after.0, after.1) + &state("previousState", before.0, before.1);
    let item = format!("<item><instanceId>{id}</instanceId>{states}</item>");
    document(action, &format!("<instancesSet>{item}</instancesSet>"))
}

fn refused(code: &str, message: &str) -> String {
    format!("<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>")
}

/// A script of answers to the calls, in their order.
fn answers<const N: usize>(answers: [(u16, String); N]) -> Script {
    let script = Script::new().base_url("api", URL).in_order();
    answers.into_iter().fold(script, |script, (status, text)| {
        script.on("POST", "/").reply_text(status, text)
    })
}

fn open() -> Session<Region> {
    testing::open::<Region>(OPTIONS).unwrap()
}

fn actions(script: &RunningScript) -> Vec<String> {
    let bodies = script
        .requests()
        .into_iter()
        .map(|request| String::from_utf8(request.body).unwrap());
    let action = |body: String| body.trim_start_matches("Action=").split('&').next().unwrap().to_owned();
    bodies.map(action).collect()
}

const RUNNING: (u8, &str) = (16, "running");
const STOPPING: (u8, &str) = (64, "stopping");
const STOPPED: (u8, &str) = (80, "stopped");

#[test]
fn options_are_those_of_the_python_agent() {
    let agent = testing::describe::<Region>("fence_aws");
    let letter = |name: &str| agent.parameters.iter().find(|own| own.name == name).unwrap().letter;
    for (name, expected) in [
        ("region", 'r'),
        ("access_key", 'a'),
        ("secret_key", 's'),
        ("boto3_debug", 'b'),
    ] {
        assert_eq!(letter(name), Some(expected), "{name}");
    }
    for name in ["filter", "skip_race_check", "skip_os_shutdown"] {
        assert_eq!(letter(name), None, "{name}");
    }
    let secrets = agent
        .parameters
        .iter()
        .filter(|own| own.secret)
        .map(|own| own.name.as_str());
    assert_eq!(secrets.collect::<Vec<_>>(), ["secret_key", "session_token"]);
}

#[test]
fn calls_are_signed_for_the_region() {
    let script = answers([(200, instance(ID, 16, "running"))]).start();
    assert_eq!(open().power_status(ID), Ok(PowerStatus::On));
    let request = &script.requests()[0];
    let body = String::from_utf8(request.body.clone()).unwrap();
    let filter = format!("Filter.1.Name=instance-id&Filter.1.Value.1={ID}");
    assert_eq!(body, format!("Action=DescribeInstances&Version=2016-11-15&{filter}"));
    let authorization = request.header("authorization").unwrap();
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"),
        "{authorization}"
    );
    assert!(
        authorization.contains("/eu-central-1/ec2/aws4_request, SignedHeaders=content-type;host;x-amz-date,"),
        "{authorization}"
    );
}

/// The list is old: it shows the time before somebody started the instance.
#[test]
fn stopped_counts_only_after_the_answer_to_a_stop() {
    let script = answers([
        (200, change("StopInstances", ID, RUNNING, STOPPING)),
        (200, instance(ID, 80, "stopped")),
        (200, change("StopInstances", ID, STOPPING, STOPPING)),
        (200, instance(ID, 80, "stopped")),
        (200, change("StopInstances", ID, STOPPED, STOPPED)),
        (200, instance(ID, 80, "stopped")),
        (200, instance(ID, 16, "running")),
        (200, instance(ID, 80, "stopped")),
        (
            400,
            refused(
                "IncorrectInstanceState",
                "is not in a state from which it can be stopped",
            ),
        ),
    ])
    .start();
    let mut region = open();
    assert_eq!(region.set_power(ID, PowerTarget::Off), Ok(()));
    assert_eq!(region.power_status(ID), Ok(PowerStatus::Unknown));
    assert_eq!(region.power_status(ID), Ok(PowerStatus::Off));
    // The proof stays.
    assert_eq!(region.power_status(ID), Ok(PowerStatus::Off));
    // Somebody starts it again, so the proof is over.
    assert_eq!(region.power_status(ID), Ok(PowerStatus::On));
    assert_eq!(region.power_status(ID), Ok(PowerStatus::Unknown));
    assert!(script.lines().iter().any(|(_, line)| line.contains("the read is old")));
}

#[test]
fn a_lost_request_proves_nothing() {
    let lost = Failure::Broken("the connection has ended".to_owned());
    let script = Script::new().base_url("api", URL).in_order().on("POST", "/").fail(lost);
    let script = script
        .on("POST", "/")
        .reply_text(200, instance(ID, 80, "stopped"))
        .reply_text(200, change("StopInstances", ID, RUNNING, STOPPING))
        .start();
    let mut region = open();
    assert!(matches!(
        region.set_power(ID, PowerTarget::Off),
        Err(Error::ConnectionLost(_))
    ));
    assert_eq!(region.power_status(ID), Ok(PowerStatus::Unknown));
    assert_eq!(
        actions(&script),
        ["StopInstances", "DescribeInstances", "StopInstances"]
    );
}

#[test]
fn a_plain_read_sends_no_request_to_stop() {
    let script = answers([
        (200, instance(ID, 80, "stopped")),
        (200, instance(ID, 48, "terminated")),
    ])
    .start();
    let mut region = open();
    assert_eq!(region.power_status(ID), Ok(PowerStatus::Off));
    assert_eq!(region.power_status(ID), Ok(PowerStatus::Off));
    assert_eq!(actions(&script), ["DescribeInstances", "DescribeInstances"]);
}

#[test]
fn answers_about_other_instances_are_refused() {
    let two = instance(ID, 80, "stopped").replace(
        "</reservationSet>",
        "<item><instancesSet><item><instanceId>i-1</instanceId></item></instancesSet></item></reservationSet>",
    );
    for text in [
        instance("i-0ffffffffffffffff", 80, "stopped"),
        two,
        document("DescribeInstances", "<reservationSet><item/></reservationSet>"),
        document("DescribeInstances", ""),
        change("StopInstances", ID, STOPPED, STOPPED),
        "<html><body>502</body></html>".to_owned(),
        String::new(),
    ] {
        let _script = answers([(200, text.clone())]).start();
        let status = open().power_status(ID);
        assert!(matches!(status, Err(Error::Unexpected(_))), "{text}: {status:?}");
    }
    let none = document("DescribeInstances", "<reservationSet/>");
    let _script = answers([(200, none)]).start();
    assert_eq!(open().power_status(ID), Err(Error::plug_not_found(ID)));
    drop(_script);
    for answer in [
        change("StopInstances", "i-1", STOPPED, STOPPED),
        document("StopInstances", "<instancesSet/>"),
        instance(ID, 80, "stopped"),
    ] {
        let _script = answers([(200, answer.clone())]).start();
        let stopped = open().set_power(ID, PowerTarget::Off);
        assert!(matches!(stopped, Err(Error::Unexpected(_))), "{answer}: {stopped:?}");
    }
}

#[test]
fn errors_of_ec2_have_their_meaning() {
    type Is = fn(&Error) -> bool;
    let cases: [(u16, &str, Is); 9] = [
        (401, "AuthFailure", |error| matches!(error, Error::LoginDenied(_))),
        (403, "UnauthorizedOperation", |error| {
            matches!(error, Error::NotPermitted(_))
        }),
        (400, "InvalidInstanceID.NotFound", |error| {
            matches!(error, Error::PlugNotFound(_))
        }),
        (503, "RequestLimitExceeded", |error| matches!(error, Error::Busy(_))),
        (500, "InternalError", |error| matches!(error, Error::Busy(_))),
        (500, "InsufficientInstanceCapacity", |error| {
            matches!(error, Error::Busy(_))
        }),
        (400, "UnsupportedOperation", |error| {
            matches!(error, Error::TaskFailed(_))
        }),
        (400, "OptInRequired", |error| matches!(error, Error::LoginDenied(_))),
        // An error with the status of a success is one too.
        (200, "AuthFailure", |error| matches!(error, Error::LoginDenied(_))),
    ];
    for (status, code, is_right) in cases {
        let _script = answers([(status, refused(code, "the reason"))]).start();
        let error = open().set_power(ID, PowerTarget::On).unwrap_err();
        assert!(
            is_right(&error) && error.text().contains("the reason"),
            "{code}: {error:?}"
        );
    }
}

#[test]
fn a_clock_that_differs_is_corrected_once() {
    let late = "Fri, 01 Jan 2100 00:00:00 GMT";
    let script = answers([(400, refused("RequestExpired", "Request has expired"))]).header("date", late);
    let script = script
        .on("POST", "/")
        .reply_text(200, instance(ID, 16, "running"))
        .start();
    assert_eq!(open().power_status(ID), Ok(PowerStatus::On));
    let dates: Vec<String> = script
        .requests()
        .iter()
        .map(|one| one.header("x-amz-date").unwrap().to_owned())
        .collect();
    assert!(dates[1].starts_with("21000101T0000"), "{dates:?}");
    drop(script);
    // With the right time, it is not the clock.
    let now = fencebox_sdk::time::http_date(fencebox_sdk::time::now());
    let _script = answers([(400, refused("RequestExpired", "Request has expired"))])
        .header("date", &now)
        .start();
    assert!(matches!(open().power_status(ID), Err(Error::LoginDenied(_))));
}

/// The keys of a role, and its metadata service.
fn role(script: Script, number: u8) -> Script {
    let keys = json!({
        "Code": "Success",
        "AccessKeyId": format!("ASIA{number}"),
        "SecretAccessKey": format!("role-secret-{number}"),
        "Token": format!("role-token-{number}"),
        "Expiration": "2099-01-01T00:00:00Z",
    });
    script
        .on("PUT", "/latest/api/token")
        .reply_text(200, "metadata-token")
        .on("GET", &format!("{CREDENTIALS}/"))
        .reply_text(200, "fencer")
        .on("GET", &format!("{CREDENTIALS}/fencer"))
        .reply(200, keys)
}

#[test]
fn keys_of_a_role_are_read_again_after_their_end() {
    let missing = files::Failure::NotFound("there is no file".to_owned());
    let script = Script::new()
        .base_url("api", URL)
        .broken_file("credentials_file", missing);
    let script = role(script.in_order(), 1);
    let script = script
        .on("POST", "/")
        .reply_text(400, refused("ExpiredToken", "has expired"));
    let script = role(script, 2)
        .on("POST", "/")
        .reply_text(200, instance(ID, 16, "running"))
        .start();
    let options = [("region", "eu-central-1"), ("plug", ID)];
    let mut region = testing::open::<Region>(options).unwrap();
    assert_eq!(region.power_status(ID), Ok(PowerStatus::On));
    let requests = script.requests();
    let tokens: Vec<_> = requests
        .iter()
        .filter_map(|one| one.header("x-amz-security-token"))
        .collect();
    assert_eq!(tokens, ["role-token-1", "role-token-2"]);
    // The service got its own token, and no key.
    for request in requests.iter().filter(|one| one.path.starts_with("/latest")) {
        assert!(
            request.header("authorization").is_none() && request.body.is_empty(),
            "{request:?}"
        );
    }
}

#[test]
fn a_machine_that_stops_itself_stops_no_other() {
    let own = "i-0ffffffffffffffff";
    let keys = [
        ("region", "eu-central-1"),
        ("access_key", "AKIDEXAMPLE"),
        ("secret_key", "s3cret-key"),
        ("plug", ID),
    ];
    let metadata = || {
        let script = Script::new().base_url("api", URL).in_order();
        let script = script.on("PUT", "/latest/api/token").reply_text(200, "metadata-token");
        script
            .on("GET", &format!("{METADATA}/instance-id"))
            .reply_text(200, own)
    };
    let script = metadata()
        .on("POST", "/")
        .reply_text(200, instance(own, 64, "stopping"))
        .start();
    let refused = testing::open::<Region>(keys).unwrap().set_power(ID, PowerTarget::Off);
    let Err(Error::Busy(busy)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        busy.reason.contains(own) && busy.reason.contains("skip_race_check=1"),
        "{}",
        busy.reason
    );
    drop(script);
    let _script = metadata()
        .on("POST", "/")
        .reply_text(200, instance(own, 16, "running"))
        .reply_text(200, change("StopInstances", ID, RUNNING, STOPPING))
        .start();
    let stopped = testing::open::<Region>(keys).unwrap().set_power(ID, PowerTarget::Off);
    assert_eq!(stopped, Ok(()));
}

/// While this machine is stopping, nothing is sent, and a read of stopped proves nothing.
#[test]
fn a_read_proves_nothing_while_the_race_check_fails() {
    let own = "i-0ffffffffffffffff";
    let keys = [
        ("region", "eu-central-1"),
        ("access_key", "AKIDEXAMPLE"),
        ("secret_key", "s3cret-key"),
        ("plug", ID),
    ];
    let refusing = |script: Script| {
        let script = script.on("PUT", "/latest/api/token").reply_text(200, "metadata-token");
        let script = script
            .on("GET", &format!("{METADATA}/instance-id"))
            .reply_text(200, own);
        script.on("POST", "/").reply_text(200, instance(own, 64, "stopping"))
    };
    let script = refusing(Script::new().base_url("api", URL).in_order());
    let script = script.on("POST", "/").reply_text(200, instance(ID, 80, "stopped"));
    let script = refusing(script).start();
    let mut region = testing::open::<Region>(keys).unwrap();
    assert!(matches!(region.set_power(ID, PowerTarget::Off), Err(Error::Busy(_))));
    assert!(matches!(region.power_status(ID), Err(Error::Busy(_))));
    let stops = script
        .requests()
        .into_iter()
        .filter(|one| one.body.starts_with(b"Action=StopInstances"));
    assert_eq!(stops.count(), 0);
}
