//! `fence_aws` and moto, a service with the API of EC2 that others made and that checks signatures and permissions; and
//! the Python agent beside ours on it: the same exit code, standard output and state afterwards, or a row of
//! [`DIFFERENCES`]. `docs/aws.md` has the same table.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::metadata::{assert_inside, in_own_network};
use crate::support::{Outcome, call, isolated, observe, program, python};
use fencebox_sim::aws::Settings;
use fencebox_sim::server::{Config, Simulator};

/// The running service, see `tests/python/moto_lab.py`.
struct Moto {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    port: String,
    /// Two instances.
    instances: [String; 2],
    /// The options with the keys of a user who may fence, and of one who may only read.
    fencer: String,
    reader: String,
}

impl Moto {
    /// None if Python or moto is missing; in CI, that is a failure.
    fn start() -> Option<Moto> {
        let mut child = isolated(python::interpreter()?)
            .arg(python::script("moto_lab.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let words = loop {
            let mut line = String::new();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "moto has ended");
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            // moto announces itself first.
            if words.len() == 7 && words[0].parse::<u16>().is_ok() {
                break words;
            }
        };
        let keys = |at: usize| format!("access_key={}\nsecret_key={}\n", words[at], words[at + 1]);
        Some(Moto {
            port: words[0].clone(),
            instances: [words[1].clone(), words[2].clone()],
            fencer: keys(3),
            reader: keys(5),
            child,
            stdin,
            stdout,
        })
    }

    /// Sends a command, and returns its answer.
    fn tell(&mut self, command: &str, instance: &str) -> String {
        writeln!(self.stdin.as_mut().unwrap(), "{command} {instance}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs our agent outside of EC2.
    fn fence(&self, keys: &str, lines: &str) -> Outcome {
        let url = self.url();
        let reach = format!("endpoint_url={url}\nregion=eu-central-1\nskip_race_check=1\n");
        call("fence_aws", &format!("{reach}{keys}{lines}"))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It ends when its standard input does.
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn each_action_works_with_checked_signatures() {
    let Some(mut moto) = Moto::start() else {
        return;
    };
    let plug = moto.instances[0].clone();
    for (action, exit, stdout, state) in [
        ("status", 0, "Status: ON\n", "running"),
        ("monitor", 0, "", "running"),
        ("off", 0, "Success: Powered OFF\n", "stopped"),
        ("status", 2, "Status: OFF\n", "stopped"),
        ("off", 0, "Success: Already OFF\n", "stopped"),
        ("on", 0, "Success: Powered ON\n", "running"),
        ("reboot", 0, "Success: Rebooted\n", "running"),
    ] {
        let outcome = moto.fence(&moto.fencer, &format!("plug={plug}\naction={action}\n"));
        let seen = (outcome.exit, outcome.stdout.as_str());
        assert_eq!(seen, (Some(exit), stdout), "{action}: {outcome:?}");
        assert_eq!(moto.tell("state", &plug), state, "{action}");
    }
    let list = moto.fence(&moto.fencer, "action=list\nfilter=tag:Name=node1\n");
    assert_eq!(list.stdout, format!("{plug},node1\n"), "{list:?}");
    let outcome = moto.fence(&moto.fencer, "plug=i-0a1b2c3d4e5f60718\naction=off\n");
    outcome.assert_failed(&["i-0a1b2c3d4e5f60718"]);
}

#[test]
fn permissions_and_keys_are_checked() {
    let Some(mut moto) = Moto::start() else {
        return;
    };
    let plug = moto.instances[0].clone();
    moto.fence(&moto.reader, &format!("plug={plug}\naction=status\n"))
        .assert_done("Status: ON\n");
    for action in ["off", "reboot"] {
        let outcome = moto.fence(&moto.reader, &format!("plug={plug}\naction={action}\n"));
        outcome.assert_failed(&["not permitted", "ec2:StopInstances"]);
    }
    let wrong = format!("{}x\n", moto.fencer.trim_end());
    let outcome = moto.fence(&wrong, &format!("plug={plug}\naction=off\n"));
    outcome.assert_failed(&["login refused", "AuthFailure"]);
    let unknown = "access_key=AKIAUNKNOWN\nsecret_key=s3cret\n";
    moto.fence(unknown, &format!("plug={plug}\naction=off\n"))
        .assert_failed(&["login refused"]);
    assert_eq!(moto.tell("state", &plug), "running");
}

/// A deliberate difference: the case, and what the Python agent does instead. `ID` is the instance.
struct Difference {
    case: &'static str,
    reason: &'static str,
    python: (i32, &'static str),
    ours: (i32, &'static str),
}

const DIFFERENCES: [Difference; 4] = [
    Difference {
        case: "list",
        reason: "the tag Name is the alias, as in newer versions of the Python agent",
        python: (0, "ID,\nID2,\n"),
        ours: (0, "ID,node1\nID2,node2\n"),
    },
    Difference {
        case: "list-status",
        reason: "the list has the states",
        python: (0, "ID,,UNKNOWN\nID2,,UNKNOWN\n"),
        ours: (0, "ID,node1,ON\nID2,node2,ON\n"),
    },
    Difference {
        case: "status of a terminated instance",
        reason: "it never runs again, so it is off",
        python: (1, ""),
        ours: (2, "Status: OFF\n"),
    },
    Difference {
        case: "off of a terminated instance",
        reason: "the Python agent fails forever",
        python: (1, ""),
        ours: (0, "Success: Already OFF\n"),
    },
];

/// A case: its name, the state before, the keys, and the options.
type Case = (&'static str, &'static str, &'static str, &'static str);

const CASES: [Case; 18] = [
    ("monitor", "start", "fencer", "action=monitor\n"),
    ("list", "start", "fencer", "action=list\n"),
    ("list-status", "start", "fencer", "action=list-status\n"),
    (
        "list with a filter",
        "start",
        "fencer",
        "action=monitor\nfilter=tag:Name=node1\n",
    ),
    ("status, on", "start", "fencer", "action=status\nplug=ID\n"),
    ("status, off", "stop", "fencer", "action=status\nplug=ID\n"),
    ("off", "start", "fencer", "action=off\nplug=ID\n"),
    ("off, already", "stop", "fencer", "action=off\nplug=ID\n"),
    ("on", "stop", "fencer", "action=on\nplug=ID\n"),
    ("on, already", "start", "fencer", "action=on\nplug=ID\n"),
    ("reboot", "start", "fencer", "action=reboot\nplug=ID\n"),
    (
        "reboot of an instance that is off",
        "stop",
        "fencer",
        "action=reboot\nplug=ID\n",
    ),
    ("the older name of the plug", "start", "fencer", "action=off\nport=ID\n"),
    (
        "an unknown instance",
        "start",
        "fencer",
        "action=off\nplug=i-0a1b2c3d4e5f60718\n",
    ),
    (
        "without the permission",
        "start",
        "reader",
        "action=off\nplug=ID\npower_timeout=3\n",
    ),
    ("a wrong key", "start", "wrong", "action=status\nplug=ID\n"),
    (
        "status of a terminated instance",
        "terminate",
        "fencer",
        "action=status\nplug=ID\npower_timeout=3\n",
    ),
    (
        "off of a terminated instance",
        "terminate",
        "fencer",
        "action=off\nplug=ID\npower_timeout=3\n",
    ),
];

#[test]
fn both_agents_do_the_same_to_moto() {
    // Made here, because the other network leads nowhere.
    if python::agent("fence_aws").is_some() && python::interpreter().is_some() {
        in_own_network("moto::side_by_side");
    }
}

#[test]
#[ignore = "run in a network by the test above"]
fn side_by_side() {
    assert_inside();
    let (Some(theirs), Some(mut moto)) = (python::agent("fence_aws"), Moto::start()) else {
        return;
    };
    let [plug, own] = moto.instances.clone();
    // The Python agent fences only if the metadata service names an instance that runs.
    let _metadata = Simulator::start(Config {
        listen: (Ipv4Addr::new(169, 254, 169, 254), 80).into(),
        ..Settings {
            own: own.clone(),
            ..Settings::default()
        }
        .config()
    })
    .unwrap();
    for (name, before, keys, lines) in CASES {
        let keys = match keys {
            "reader" => moto.reader.clone(),
            "wrong" => "access_key=AKIAUNKNOWN\nsecret_key=s3cret\n".to_owned(),
            _ => moto.fencer.clone(),
        };
        let lines = format!("region=eu-central-1\n{keys}{}", lines.replace("ID", &plug));
        let mut see = |is_ours: bool| {
            moto.tell(before, &plug);
            let outcome = if is_ours {
                let stdin = format!("endpoint_url={}\n{lines}", moto.url());
                observe(&mut isolated(program("fence_aws")), stdin.as_bytes())
            } else {
                let mut python = isolated(&theirs);
                python
                    .env("PYTHONPATH", python::script("aws_endpoint"))
                    .env("FENCE_AWS_ENDPOINT", moto.url());
                observe(&mut python, lines.as_bytes())
            };
            let stdout = outcome.stdout.replace(&plug, "ID").replace(&own, "ID2");
            let mut sorted: Vec<&str> = stdout.lines().collect();
            sorted.sort_unstable();
            let stdout: String = sorted.iter().map(|line| format!("{line}\n")).collect();
            ((outcome.exit, stdout), moto.tell("state", &plug), outcome.stderr)
        };
        let (python, ours) = (see(false), see(true));
        match DIFFERENCES.iter().find(|difference| difference.case == name) {
            Some(row) => {
                let expected = |(exit, stdout): (i32, &str)| (Some(exit), stdout.to_owned());
                let about = format!("{} ({})", row.case, row.reason);
                assert_eq!(python.0, expected(row.python), "{about}: {python:?}");
                assert_eq!(ours.0, expected(row.ours), "{about}: {ours:?}");
            }
            None => assert_eq!(
                (&python.0, &python.1),
                (&ours.0, &ours.1),
                "{name}: {python:?} {ours:?}"
            ),
        }
    }
}
