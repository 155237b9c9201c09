//! The agents' messages in failures are on the page, word for word.

use fencebox_sim::{Config, Machine, Power, Simulator, clc, ovh, xenapi};

use crate::pacemaker_page::page;
use crate::support::{Outcome, call, call_virtually};

/// The one line of a failure, in the form of the page: without time, agent, action and plug, and with another name of
/// the device.
#[track_caller]
fn line(outcome: &Outcome, replaced: &[(&str, &str)]) -> String {
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    let (_, said) = outcome.stderr.trim_end().split_once(" ERROR: ").unwrap();
    let mut said = said.to_owned();
    for (here, there) in replaced {
        assert!(said.contains(here), "no {here:?} in {said:?}");
        said = said.replace(here, there);
    }
    without_time(&said)
}

/// The text with the same time in each "after 0.1 s".
fn without_time(said: &str) -> String {
    let mut pieces = said.split(" failed after ");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (_, rest) = piece.split_once(" s: ").unwrap();
        text += " failed after 0.0 s: ";
        text += rest;
    }
    text
}

/// Asserts that the line is on the page.
#[track_caller]
fn assert_shown(said: &str) {
    assert!(
        page().contains(&format!("`{said}`")),
        "docs/pacemaker.md does not have this line: {said}"
    );
}

/// Removes `fence_x: ACTION PLUG: ` and asserts that the rest is on the page.
#[track_caller]
fn assert_shown_of(begin: &str, outcome: &Outcome, replaced: &[(&str, &str)]) {
    let said = line(outcome, replaced);
    let said = said.strip_prefix(begin).unwrap_or_else(|| panic!("{said}"));
    assert_shown(said);
}

const OFF: &str = "fence_clc: off WA1ACMEDB02: ";

fn cloud(settings: clc::Settings) -> Simulator {
    let machines = ["WA1ACMEDB01", "WA1ACMEDB02"];
    let machines = machines.map(|id| Machine::new(id, Power::On)).to_vec();
    Simulator::start(clc::Settings { machines, ..settings }.config()).unwrap()
}

fn fence(cloud: &Simulator, plug: &str, lines: &str) -> Outcome {
    let login = "login=fencer\npasswd=s3cret\naccount=ACME";
    let url = cloud.url();
    call_virtually(
        "fence_clc",
        &format!("action=off\n{login}\napi_url={url}\nport={plug}\n{lines}"),
    )
}

#[test]
fn messages_of_a_cloud_are_on_the_page() {
    let device = cloud(clc::Settings::default());
    assert_shown_of(OFF, &fence(&device, "WA1ACMEDB02", "passwd=wrong\n"), &[]);
    assert_shown_of(OFF, &fence(&device, "WA1ACMEDB02", "account=OTHER\n"), &[]);
    assert_shown_of("fence_clc: off node2: ", &fence(&device, "node2", ""), &[]);
    let proxy = "api_url=https://api.ctl.io\nproxy=http://127.0.0.1:9\n";
    assert_shown_of(OFF, &fence(&device, "WA1ACMEDB02", proxy), &[]);

    let lagging = cloud(clc::Settings {
        lag: 1_000_000,
        ..clc::Settings::default()
    });
    assert_shown_of(OFF, &fence(&lagging, "WA1ACMEDB02", "power_timeout=3\n"), &[]);
    // The machine is already off, but the device reports on.
    assert_shown_of(OFF, &fence(&lagging, "WA1ACMEDB02", "power_timeout=3\n"), &[]);
}

#[test]
fn messages_of_a_pool_are_on_the_page() {
    let login = "action=off\nlogin=root\npasswd=s3cret\n";
    let pool = Simulator::start(Config {
        tls: true,
        ..xenapi::Settings::default().config()
    })
    .unwrap();
    let off = |lines: &str| call("fence_xenapi", &format!("{login}session_url={}\n{lines}", pool.url()));
    let address = pool.address().to_string();
    let digits = pool.fingerprint().unwrap().to_uppercase();
    let pairs: Vec<_> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| str::from_utf8(pair).unwrap())
        .collect();
    let shown = [(address.as_str(), "xen1.example"), (&pairs.join(":"), "CE:0C:…")];
    assert_shown_of("fence_xenapi: off db01: ", &off("port=db01\n"), &shown);
    let other = format!("port=db01\nssl_fingerprint={}\n", "00".repeat(32));
    assert_shown_of("fence_xenapi: off db01: ", &off(&other), &shown);
    let believed = format!("port=twin\nssl_fingerprint={digits}\n");
    assert_shown_of("fence_xenapi: off twin: ", &off(&believed), &[]);

    let moved = xenapi::Settings {
        members: vec![xenapi::Member::local(1), xenapi::Member::local(2)],
        master: 1,
        ..xenapi::Settings::default()
    };
    let moved = Simulator::start(moved.config()).unwrap();
    let outcome = call(
        "fence_xenapi",
        &format!("{login}session_url={}\nport=db01\n", moved.url()),
    );
    let address = moved.address().to_string();
    assert_shown_of(
        "fence_xenapi: off db01: ",
        &outcome,
        &[(address.as_str(), "xen1.example")],
    );
}

#[test]
fn messages_of_ovh_are_on_the_page() {
    let keys = "application_key=simAK0123456789\napplication_secret=simAS0123456789abcdef\n\
                consumer_key=simCK0123456789abcdef\n";
    let name = "ns1234567.ip-192-0-2.eu";
    let told = |settings: ovh::Settings, action: &str| {
        let service = Simulator::start(settings.config()).unwrap();
        let url = service.url();
        let outcome = call_virtually(
            "fence_ovh",
            &format!("action={action}\n{keys}api_url={url}/1.0\nport={name}\n"),
        );
        let said = line(&outcome, &[]);
        // Each call has its own number.
        let (begin, query) = said.split_once(" (OVH query ").unwrap();
        assert!(query.ends_with(')'), "{said}");
        let begin = begin
            .strip_prefix(&format!("fence_ovh: {action} {name}: "))
            .unwrap()
            .to_owned();
        format!("{begin} (OVH query …)")
    };
    assert_shown(&told(
        ovh::Settings {
            rules: vec![ovh::Rule::new("GET", "/dedicated/server/*")],
            ..ovh::Settings::default()
        },
        "off",
    ));
    assert_shown(&told(
        ovh::Settings {
            credential_expired: true,
            ..ovh::Settings::default()
        },
        "monitor",
    ));
}

#[test]
fn messages_before_the_first_request_are_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clc-password");
    std::fs::write(&file, "s3cret\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let file = file.to_str().unwrap();
    let off = "action=off\nport=WA1ACMEDB02\naccount=ACME\n";
    let called = |lines: &str| call("fence_clc", &format!("{off}{lines}"));
    assert_shown(&line(&called("passwd=s3cret\n"), &[]));
    assert_shown(&line(&called("login=fencer\n"), &[]));
    assert_shown(&line(
        &called(&format!("login=fencer\npassword_file={file}\n")),
        &[(file, "/etc/cluster/clc-password")],
    ));
    assert_shown(&line(&called("login=fencer\npassword_script=/bin/false\n"), &[]));
    assert_shown(&line(
        &called("login=fencer\npasswd=s3cret\napi_url=http://10.9.9.9\n"),
        &[],
    ));
    assert_shown(&line(&call("fence_xvm", "action=off\nport=vm-1\n"), &[]));
}
