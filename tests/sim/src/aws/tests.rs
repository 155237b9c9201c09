use super::*;
use crate::fault::Occasion;
use crate::machine::Fleet;

/// The service with its instances, without the network.
struct Cloud {
    service: Ec2,
    device: Device,
    order: u64,
}

impl Cloud {
    fn new(settings: Settings) -> Cloud {
        Cloud {
            device: Device {
                fleet: Fleet::new(settings.machines.clone()).unwrap(),
                ..Device::default()
            },
            service: Ec2::new(settings),
            order: 0,
        }
    }

    fn send(&mut self, request: Request) -> (u16, String) {
        self.order += 1;
        let request = Request {
            order: self.order,
            ..request
        };
        let step = self.service.step(&request);
        let fault = self.device.faults.strike(step, Occasion::Call);
        let fault = fault.map(|plan| plan.kind);
        let answer = self.service.answer(&mut self.device, &request, fault.as_ref());
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    /// A call without its signature: the tests below are about instances.
    fn call(&mut self, action: &str, rest: &str) -> Result<String, (u16, &'static str)> {
        let parameters = parameters(&format!("{rest}&Action={action}"));
        let reply = match action {
            "DescribeInstances" => self.service.describe(&mut self.device, &parameters, None),
            "StopInstances" => self.service.stop(&mut self.device, &parameters, None),
            _ => self.service.start(&mut self.device, &parameters, None),
        };
        let reply = reply.map_err(|refusal| (refusal.status, refusal.code))?;
        Ok(reply.0)
    }

    /// The name of the state that a read shows.
    fn state(&mut self, id: &str) -> String {
        let filter = format!("Filter.1.Name=instance-id&Filter.1.Value.1={id}");
        let text = self.call("DescribeInstances", &filter).unwrap();
        let text = text.split_once("<instanceState>").unwrap().1;
        let text = text.split_once("<name>").unwrap().1;
        text.split_once("</name>").unwrap().0.to_owned()
    }

    /// The states after and before a request.
    fn switch(&mut self, action: &str, id: &str) -> Result<[String; 2], (u16, &'static str)> {
        let text = self.call(action, &format!("InstanceId.1={id}&Force=true"))?;
        let names: Vec<&str> = text.split("<name>").skip(1).collect();
        let name = |index: usize| names[index].split_once("</name>").unwrap().0.to_owned();
        Ok([name(0), name(1)])
    }
}

fn get(path: &str, token: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        target: path.to_owned(),
        headers: vec![("x-aws-ec2-metadata-token".to_owned(), token.to_owned())],
        ..Request::default()
    }
}

#[test]
fn a_stop_takes_reads_and_its_answers_have_the_states() {
    let mut cloud = Cloud::new(Settings::default());
    let states = |after: &str, before: &str| Ok([after.to_owned(), before.to_owned()]);
    assert_eq!(cloud.state(NODE1), "running");
    assert_eq!(cloud.switch("StopInstances", NODE1), states("stopping", "running"));
    assert_eq!(cloud.switch("StopInstances", NODE1), states("stopping", "stopping"));
    assert_eq!(
        cloud.switch("StartInstances", NODE1),
        Err((400, "IncorrectInstanceState"))
    );
    assert_eq!(
        (cloud.state(NODE1), cloud.state(NODE1)),
        ("stopping".into(), "stopped".into())
    );
    assert_eq!(cloud.switch("StopInstances", NODE1), states("stopped", "stopped"));
    assert_eq!(cloud.switch("StartInstances", NODE1), states("pending", "stopped"));
    assert_eq!(
        cloud.switch("StopInstances", NODE1),
        Err((400, "IncorrectInstanceState"))
    );
    assert_eq!(
        (cloud.state(NODE1), cloud.state(NODE1)),
        ("pending".into(), "running".into())
    );
    assert_eq!(cloud.device.fleet.get(NODE1).unwrap().operations(), ["stop", "start"]);
}

#[test]
fn reads_lag_and_requests_do_not() {
    let machine = Machine::new(NODE1, Power::On).named("node1").lately(Power::Off, 2);
    let mut cloud = Cloud::new(Settings {
        machines: vec![machine, Machine::new(WEB1, Power::Other("terminated".to_owned()))],
        ..Settings::default()
    });
    assert_eq!(cloud.state(NODE1), "stopped");
    let answer = cloud.switch("StopInstances", NODE1).unwrap();
    assert_eq!(answer, ["stopping", "running"]);
    assert_eq!(cloud.state(NODE1), "stopped");
    assert_eq!(cloud.state(WEB1), "terminated");
    assert_eq!(
        cloud.switch("StopInstances", WEB1),
        Err((400, "IncorrectInstanceState"))
    );
    let missing = cloud.switch("StopInstances", "i-0");
    assert_eq!(missing, Err((400, "InvalidInstanceID.NotFound")));
}

#[test]
fn lists_have_pages_and_filters() {
    let mut settings = Settings {
        page: 2,
        ..Settings::default()
    };
    settings.machines.extend(further(2));
    let mut cloud = Cloud::new(settings);
    let page = cloud.call("DescribeInstances", "MaxResults=1000").unwrap();
    assert_eq!(page.matches("<instanceId>").count(), 2);
    let token = page
        .split_once("<nextToken>")
        .unwrap()
        .1
        .split_once("</nextToken>")
        .unwrap()
        .0;
    let rest = cloud.call("DescribeInstances", &format!("NextToken={token}")).unwrap();
    assert!(rest.contains(WEB1) && !rest.contains(NODE1), "{rest}");
    let named = cloud
        .call("DescribeInstances", "Filter.1.Name=tag%3AName&Filter.1.Value.1=s1")
        .unwrap();
    assert_eq!(named.matches("<instanceId>").count(), 1);
    let wrong = cloud.call("DescribeInstances", "Filter.1.Name=x&Filter.1.Value.1=s1");
    assert_eq!(wrong, Err((400, "InvalidParameterValue")));
}

/// botocore signs the same request with the same signature.
#[test]
fn a_request_without_a_valid_signature_is_refused() {
    let mut cloud = Cloud::new(Settings::default());
    let mut post = Request {
        method: "POST".to_owned(),
        target: "/".to_owned(),
        body: "Action=DescribeInstances&Version=2016-11-15".to_owned(),
        ..Request::default()
    };
    let (status, text) = cloud.send(post.clone());
    assert!(status == 403 && text.contains("MissingAuthenticationToken"), "{text}");
    let scope = |key: &str| format!("AWS4-HMAC-SHA256 Credential={key}/20260101/eu-central-1/ec2/aws4_request");
    let signed = |key: &str| {
        let field = format!("{}, SignedHeaders=host;x-amz-date, Signature=00", scope(key));
        vec![
            ("authorization".to_owned(), field),
            ("host".to_owned(), "127.0.0.1".to_owned()),
            ("x-amz-date".to_owned(), "20260101T000000Z".to_owned()),
        ]
    };
    for (key, code) in [
        ("AKIAOTHER", "AuthFailure"),
        ("ASIASIMULATED7", "ExpiredToken"),
        ("AKIASIMULATED", "RequestExpired"),
    ] {
        post.headers = signed(key);
        let (_, text) = cloud.send(post.clone());
        assert!(text.contains(code), "{key}: {text}");
    }
    // 2026-01-01T00:00:00Z
    cloud.service.ahead = 1_767_225_600 - cloud.service.now();
    let (status, text) = cloud.send(post.clone());
    assert!(status == 403 && text.contains("SignatureDoesNotMatch"), "{text}");
    // Made with botocore 1.44.8.
    let right = "4c6a3814c01f03da63225fbaf1d76cac5618a284892d3dec4844795402f8217e";
    post.headers[0].1 = post.headers[0].1.replace("Signature=00", &format!("Signature={right}"));
    let (status, text) = cloud.send(post.clone());
    assert!(status == 200 && text.contains(NODE1), "{text}");
    // A signature does not count for another body.
    post.body += "&MaxResults=5";
    assert_eq!(cloud.send(post).0, 403);
}

#[test]
fn the_metadata_service_wants_its_token() {
    let mut cloud = Cloud::new(Settings::default());
    let mut put = Request {
        method: "PUT".to_owned(),
        target: "/latest/api/token".to_owned(),
        ..Request::default()
    };
    assert_eq!(cloud.send(put.clone()).0, 400);
    put.headers
        .push(("x-aws-ec2-metadata-token-ttl-seconds".to_owned(), "60".to_owned()));
    let (status, token) = cloud.send(put);
    assert_eq!((status, token.as_str()), (200, metadata::TOKEN));
    assert_eq!(cloud.send(get("/latest/meta-data/instance-id", "")).0, 401);
    assert_eq!(cloud.send(get("/latest/meta-data/instance-id", &token)).1, WEB1);
    let role = "/latest/meta-data/iam/security-credentials/";
    assert_eq!(cloud.send(get(role, &token)).1, "fencer");
    let keys = cloud.send(get(&format!("{role}fencer"), &token)).1;
    assert!(keys.contains("ASIASIMULATED0"), "{keys}");
    assert_eq!(cloud.send(get(&format!("{role}other"), &token)).0, 404);
    assert_eq!(cloud.send(get("/latest/user-data", &token)).0, 404);
}
