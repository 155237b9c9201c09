//! `docs/operating.md`: a real run prints each message of its tables, and each of these runs fits one row.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use fencebox_sim::clc;
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::{Config, Simulator};
use fencebox_sim::xenapi;

use crate::policy::{Moved, board, chmod, lines};
use crate::support::{self, Outcome, call, call_virtually, call_with, isolated};

fn page() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operating.md")).unwrap()
}

/// The messages in the tables about lines of agents.
fn messages(page: &str) -> Vec<&str> {
    let mut messages = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line.strip_prefix("| `") {
            _ if line.starts_with("| The line has |") => inside = true,
            Some(row) if inside => messages.push(row.split_once("` |").unwrap().0),
            None if !line.starts_with('|') => inside = false,
            _ => {}
        }
    }
    messages
}

fn cloud(settings: clc::Settings, fault: Option<&str>) -> Simulator {
    let settings = clc::Settings {
        machines: vec![Machine::new("WA1ACMEDB02", Power::On)],
        ..settings
    };
    Simulator::start(Config {
        faults: fault.map(|plan| clc::plan(plan).unwrap()).into_iter().collect(),
        ..settings.config()
    })
    .unwrap()
}

/// An action on a simulated cloud, on virtual time. Of an option that occurs twice, the last one counts.
fn on_cloud(cloud: &Simulator, more: &str) -> Outcome {
    let login = "action=off\nlogin=fencer\npasswd=s3cret\naccount=ACME\nplug=WA1ACMEDB02\n";
    call_virtually("fence_clc", &format!("{login}api_url={}\n{more}", cloud.url()))
}

/// What runs print, each with the message that they must have.
type Printed = Vec<(&'static str, String)>;

fn device_and_network() -> Printed {
    let good = cloud(clc::Settings::default(), None);
    let faulty = |fault| on_cloud(&cloud(clc::Settings::default(), Some(fault)), "").stderr;
    let lagging = cloud(
        clc::Settings {
            lag: 1_000_000,
            ..clc::Settings::default()
        },
        None,
    );
    let first = on_cloud(&lagging, "power_timeout=3\n").stderr;
    let second = on_cloud(&lagging, "power_timeout=3\n").stderr;
    let reboot = cloud(clc::Settings::default(), Some("operation#2=refuse"));
    let reboot = on_cloud(&reboot, "action=reboot\n");
    assert_eq!(reboot.exit, Some(0), "{reboot:?}");
    let pool = Simulator::start(Config {
        tls: true,
        ..xenapi::Settings::default().config()
    })
    .unwrap();
    let pool_lines = format!("action=off\nlogin=root\npasswd=s3cret\nsession_url={}\n", pool.url());
    let trusted = format!(
        "{pool_lines}plug=twin\nssl_fingerprint={}\n",
        pool.fingerprint().unwrap()
    );
    vec![
        ("switched off, but not on again: ", reboot.stderr),
        ("connecting to ", on_cloud(&good, "api_url=http://127.0.0.1:9\n").stderr),
        (
            "name resolution of ",
            on_cloud(&good, "api_url=https://nowhere.invalid\nlogin_timeout=1\nretry_on=0\n").stderr,
        ),
        (
            "TLS handshake with ",
            call("fence_xenapi", &format!("{pool_lines}plug=db01\n")).stderr,
        ),
        ("login refused: ", on_cloud(&good, "passwd=wrong\n").stderr),
        ("not permitted: ", on_cloud(&good, "account=OTHER\n").stderr),
        ("busy: ", faulty("operation=retry-after:3")),
        ("the device has no plug ", on_cloud(&good, "plug=node2\n").stderr),
        (
            "the name is not unique; set plug to one of these: ",
            call("fence_xenapi", &trusted).stderr,
        ),
        (" is not off after ", first),
        ("the device failed the request: ", second),
        ("unexpected answer: ", faulty("server=html-ok")),
    ]
}

fn configuration() -> Printed {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "s3cret\n").unwrap();
    chmod(&file, 0o644);
    let off = |more: &str| call("fence_clc", &format!("action=off\nplug=WA1ACMEDB02\n{more}")).stderr;
    vec![
        (" is missing; give ", off("passwd=s3cret\n")),
        (
            " cannot be read (",
            off("login=fencer\npassword_file=/nonexistent/password\n"),
        ),
        (
            "others have access to it",
            off(&format!("login=fencer\npassword_file={}\n", file.display())),
        ),
        (
            "option password_script: the program failed",
            off("login=fencer\npassword_script=/bin/false\n"),
        ),
        ("unknown option", call_with("fence_clc", &["--frobnicate"]).stderr),
        (
            "which this agent does not support",
            off("action=diag\nlogin=fencer\npasswd=s3cret\n"),
        ),
    ]
}

fn policies() -> Printed {
    let board = board();
    let with = |policy: &str, mode: u32| {
        let tree = Moved::with(policy);
        chmod(&tree.policy(), mode);
        let outcome = tree.call("fence_relay", &lines(&board, "action=off\n"));
        assert_eq!(outcome.exit, Some(1), "{policy}: {outcome:?}");
        outcome.stderr
    };
    vec![
        (" is not in allow (", with("[fence_relay]\nallow = []\n", 0o644)),
        (
            " is refused by deny ",
            with("[\"*\"]\ndeny = [\"127.0.0.0/8\"]\n", 0o644),
        ),
        ("unknown field ", with("[fence_other]\nalow = []\n", 0o644)),
        ("only root may own a policy and write it", with("", 0o666)),
        ("(policy limit ", with("[fence_relay]\nlimits.requests = 1\n", 0o644)),
    ]
}

/// A tree of its own with one agent, whose files can be damaged.
fn damaged(damage: impl Fn(&Path)) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let below = |path: &str| folder.path().canonicalize().unwrap().join(path);
    for made in ["usr/sbin", "usr/lib/fencebox/plugins"] {
        fs::create_dir_all(below(made)).unwrap();
    }
    let tree = support::tree().join("usr");
    fs::copy(tree.join("sbin/fencebox"), below("usr/sbin/fencebox")).unwrap();
    symlink("fencebox", below("usr/sbin/fence_dummy")).unwrap();
    for kind in ["wasm", "cwasm", "json"] {
        let file = format!("lib/fencebox/plugins/fence_dummy.{kind}");
        fs::copy(tree.join(&file), below("usr").join(&file)).unwrap();
    }
    damage(&below("usr/lib/fencebox/plugins/fence_dummy.wasm"));
    let power = below("power");
    let given = format!("action=status\ntype=file\nstatus_file={}\n", power.display());
    support::run(isolated(below("usr/sbin/fence_dummy")), &given)
}

fn installation() -> Printed {
    let missing = damaged(|plugin| {
        for kind in ["wasm", "cwasm", "json"] {
            fs::remove_file(plugin.with_extension(kind)).unwrap();
        }
    });
    let changed = damaged(|plugin| {
        let mut bytes = fs::read(plugin).unwrap();
        // An empty custom section.
        bytes.extend_from_slice(b"\0\x02\x01x");
        fs::write(plugin, bytes).unwrap();
    });
    let edited = damaged(|plugin| {
        let record = plugin.with_extension("json");
        let text = fs::read_to_string(&record).unwrap();
        fs::write(record, text.replacen("fence_dummy", "fence_dummi", 1)).unwrap();
    });
    let uncompiled = damaged(|plugin| fs::remove_file(plugin.with_extension("cwasm")).unwrap());
    let failing = "ip=127.0.0.1\nusername=fencer\npassword=s3cret\ntoken=geheim\naction=off\nplug=panic\n";
    // Warnings only: the action is done.
    assert_eq!(uncompiled.exit, Some(2), "{uncompiled:?}");
    let observed = |key: &str| {
        let (tree, board) = (Moved::without(), board());
        let settings = tree.policy().with_file_name("observe.toml");
        fs::write(&settings, format!("{key} = \"/nonexistent/folder\"\n")).unwrap();
        chmod(&settings, 0o644);
        let outcome = tree.call("fence_relay", &lines(&board, "action=off\n"));
        outcome.assert_done("Success: Powered OFF\n");
        outcome.stderr
    };
    vec![
        ("no plugin for ", missing.stderr),
        ("is not the file that was installed", changed.stderr),
        ("its checksum does not match", edited.stderr),
        ("the compiled form is missing", uncompiled.stderr),
        ("the plugin failed: ", call("fence_echo", failing).stderr),
        ("audit file ", observed("audit-file")),
        ("metrics folder ", observed("metrics-folder")),
    ]
}

#[test]
fn each_message_of_the_page_is_printed_by_a_run() {
    let page = page();
    let messages = messages(&page);
    let printed = [device_and_network(), configuration(), policies(), installation()].concat();
    let expected: Vec<_> = printed.iter().map(|(message, _)| *message).collect();
    assert_eq!(messages, expected, "the rows of the page, in this order");
    for (message, stderr) in &printed {
        assert!(stderr.contains(message), "{message:?} is not in {stderr}");
        // A reader stops at the first row that fits.
        let first = messages.iter().find(|other| stderr.contains(**other)).unwrap();
        assert_eq!(first, message, "another row fits first: {stderr}");
    }
}

/// Commands and options on the page exist.
#[test]
fn each_command_of_the_page_exists() {
    let page = page();
    let help = call_with("fencebox", &["--help"]).stdout;
    let agent = call_with("fence_clc", &["-h"]).stdout;
    let mut count = 0;
    for words in page.split("fencebox ").skip(1) {
        let word: String = words.chars().take_while(char::is_ascii_lowercase).collect();
        if ["check", "verify", "list", "install", "remove", "policy", "inspect"].contains(&word.as_str()) {
            assert!(help.contains(&format!("  {word} ")), "fencebox {word}");
            count += 1;
        }
    }
    assert!(count > 8, "{count}");
    for letter in ["-o", "-n", "-l", "-S", "-v"] {
        assert!(agent.contains(&format!("{letter}, --")), "{letter}: {agent}");
    }
}

/// The metrics of the rules are written by agents, with the labels that the rules use.
#[test]
fn each_metric_of_the_page_is_written() {
    let (tree, board) = (Moved::without(), board());
    let folder = tree.path("metrics");
    fs::create_dir(&folder).unwrap();
    let settings = tree.policy().with_file_name("observe.toml");
    fs::write(&settings, format!("metrics-folder = {folder:?}\n")).unwrap();
    chmod(&settings, 0o644);
    tree.call("fence_relay", &lines(&board, "action=off\n"))
        .assert_done("Success: Powered OFF\n");
    let mut entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let file = entries
        .find(|path| path.extension().is_some_and(|kind| kind == "prom"))
        .unwrap();
    let text = fs::read_to_string(file).unwrap();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    for page in ["operating.md", "observe.md"] {
        let page = fs::read_to_string(docs.join(page)).unwrap();
        let mut count = 0;
        for rest in page.split("fencebox_").skip(1) {
            let end = rest
                .find(|letter: char| !letter.is_ascii_lowercase() && letter != '_')
                .unwrap();
            let name = format!("fencebox_{}", &rest[..end]);
            if name.ends_with("_total") || name.ends_with("_seconds") {
                assert!(text.contains(&format!("# TYPE {name} ")), "{name}");
                count += 1;
            }
        }
        assert!(count > 4, "{count} in {page}");
    }
    for label in ["agent", "device", "plug", "action", "result"] {
        assert!(text.contains(&format!("{label}=\"")), "{label}");
    }
}
