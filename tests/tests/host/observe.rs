//! `observe.toml`: the audit file and the metrics of real runs. A fault of either costs one warning and no action.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

pub mod exposition;
mod faults;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use fencebox_sim::Config;
use fencebox_sim::clc::{self, Settings};
use fencebox_sim::server::Simulator;
use serde_json::Value;

use crate::policy::{Moved, board, chmod, lines};
use crate::support::{self, Outcome, isolated};
use exposition::Series;

/// An install tree with an audit file and a folder of metrics.
struct Observed(Moved);

impl Observed {
    fn new() -> Self {
        let this = Self(Moved::without());
        fs::create_dir(this.0.path("log")).unwrap();
        fs::create_dir(this.0.path("metrics")).unwrap();
        this.write(&format!(
            "audit-file = {:?}\nmetrics-folder = {:?}\n",
            this.audit_file(),
            this.metrics_folder()
        ));
        this
    }

    fn settings(&self) -> PathBuf {
        self.0.policy().with_file_name("observe.toml")
    }

    fn write(&self, text: &str) {
        fs::write(self.settings(), text).unwrap();
        chmod(&self.settings(), 0o644);
    }

    fn audit_file(&self) -> PathBuf {
        self.0.path("log/audit.log")
    }

    fn metrics_folder(&self) -> PathBuf {
        self.0.path("metrics")
    }

    /// The records of the audit file.
    fn records(&self) -> Vec<Value> {
        records(&self.audit_file())
    }

    /// The files for the exporter, by their names.
    fn files(&self) -> Vec<PathBuf> {
        let entries = self
            .metrics_folder()
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .filter(|path| path.extension().is_some_and(|kind| kind == "prom"))
            .collect();
        files.sort();
        files
    }

    /// The series of all files. No series is in two of them.
    fn series(&self) -> Series {
        let mut all = Series::new();
        for file in self.files() {
            for (name, value) in exposition::parse(&fs::read_to_string(file).unwrap()) {
                assert!(all.insert(name.clone(), value).is_none(), "{name}");
            }
        }
        all
    }
}

fn records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'), "{text}");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect()
}

/// The series of `fencebox_actions_total` and others with these labels.
fn labels(port: u16, plug: &str, action: &str) -> String {
    format!("action={action:?},agent=\"fence_relay\",device=\"http://127.0.0.1:{port}\",plug={plug:?}")
}

/// The lines of a run that mention this file.
fn warnings<'o>(outcome: &'o Outcome, about: &str) -> Vec<&'o str> {
    outcome.stderr.lines().filter(|line| line.contains(about)).collect()
}

#[test]
fn actions_are_written_to_the_file_and_counted() {
    let (tree, board) = (Observed::new(), board());
    let port = board.address().port();
    for action in ["monitor", "off", "status", "off"] {
        let outcome = tree
            .0
            .call("fence_relay", &lines(&board, &format!("action={action}\n")));
        assert_eq!(
            outcome.exit,
            Some(if action == "status" { 2 } else { 0 }),
            "{outcome:?}"
        );
        assert_eq!(outcome.stderr, "", "{action}");
    }
    let records = tree.records();
    let events: Vec<_> = records
        .iter()
        .map(|it| (it["event"].as_str().unwrap(), it["action"].as_str().unwrap()))
        .collect();
    let expected = ["monitor", "off", "status", "off"].map(|action| [("begin", action), ("end", action)]);
    assert_eq!(events, expected.concat());
    assert!(
        records.iter().all(|record| record["agent"] == "fence_relay"),
        "{records:?}"
    );
    let mode = fs::metadata(tree.audit_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o027, 0, "{mode:o}");

    let series = tree.series();
    let value = |name: &str, labels: String| series[&format!("{name}{{{labels}}}")];
    let total = |plug: &str, action: &str, result: &str| {
        value(
            "fencebox_actions_total",
            format!("{},result={result:?}", labels(port, plug, action)),
        )
    };
    let counts = [
        total("1", "off", "success"),
        total("1", "off", "failure"),
        total("1", "status", "success"),
    ];
    assert_eq!(counts, [2.0, 0.0, 1.0]);
    let end = records.last().unwrap();
    let time: f64 = value(
        "fencebox_action_last_success_timestamp_seconds",
        labels(port, "1", "off"),
    );
    let written: Value = end["time"].clone();
    assert!(
        written
            .as_str()
            .unwrap()
            .ends_with(&format!("{:03}Z", (time * 1000.0).round() as u64 % 1000)),
        "{end}"
    );
    assert_eq!(
        value(
            "fencebox_action_last_failure_timestamp_seconds",
            labels(port, "1", "off")
        ),
        0.0
    );
    let last = value("fencebox_action_last_duration_seconds", labels(port, "1", "off"));
    assert_eq!(
        (last * 1000.0).round() as u64,
        end["milliseconds"]["total"].as_u64().unwrap()
    );
    assert_eq!(
        value("fencebox_action_duration_seconds_count", labels(port, "1", "off")),
        2.0
    );
    assert!(value("fencebox_action_duration_seconds_sum", labels(port, "1", "off")) >= last);
    // The exporter has another user.
    for file in tree.files() {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
    }
}

#[test]
fn a_device_that_does_not_answer_has_a_file() {
    let tree = Observed::new();
    let (gone, port) = {
        let board = board();
        (lines(&board, "action=status\nretry_on=0\n"), board.address().port())
    };
    let outcome = tree.0.call("fence_relay", &gone);
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    let series = tree.series();
    let labels = labels(port, "1", "status");
    assert_eq!(
        series[&format!("fencebox_actions_total{{{labels},result=\"failure\"}}")],
        1.0,
        "{series:?}"
    );
    assert_eq!(
        series[&format!("fencebox_action_last_success_timestamp_seconds{{{labels}}}")],
        0.0
    );
    assert!(series[&format!("fencebox_action_last_failure_timestamp_seconds{{{labels}}}")] > 1e9);
}

#[test]
fn a_refused_call_has_no_device() {
    let tree = Observed::new();
    assert_eq!(tree.0.call("fence_relay", "action=off\n").exit, Some(1));
    assert_eq!(tree.0.call("fence_relay", "action=\"explode\nplug=1\n").exit, Some(1));
    let series = tree.series();
    let refused: Vec<_> = series
        .iter()
        .filter(|(name, value)| name.contains("refused") && **value > 0.0)
        .collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(
        refused.iter().all(|(name, _)| name.contains("device=\"\"")),
        "{refused:?}"
    );
    assert!(
        refused.iter().any(|(name, _)| name.contains("action=\"other\"")),
        "{refused:?}"
    );
    assert_eq!(tree.files().len(), 1);
}

#[test]
fn documents_write_nothing() {
    let tree = Observed::new();
    assert_eq!(tree.0.call("fence_relay", "action=metadata\n").exit, Some(0));
    assert_eq!(tree.0.call_with("fence_relay", &["--help"]).exit, Some(0));
    assert!(!tree.audit_file().exists());
    assert_eq!(tree.metrics_folder().read_dir().unwrap().count(), 0);
}

/// Every record is whole, and every action is counted, unless the agent reports that it could not wait for the others.
#[test]
fn agents_at_the_same_time_do_not_damage_the_files() {
    const AGENTS: usize = 24;
    let (tree, board) = (Observed::new(), board());
    let port = board.address().port();
    let (unwritten, uncounted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    support::in_parallel(0..AGENTS, |_| {
        let outcome = tree.0.call("fence_relay", &lines(&board, "action=status\n"));
        outcome.assert_done("Status: ON\n");
        unwritten.fetch_add(2 * warnings(&outcome, "audit file").len(), Ordering::Relaxed);
        uncounted.fetch_add(warnings(&outcome, "metrics folder").len(), Ordering::Relaxed);
    });
    let (unwritten, uncounted) = (unwritten.into_inner(), uncounted.into_inner());
    let records = tree.records();
    let number = records.len();
    assert!(
        number <= 2 * AGENTS && number + unwritten >= 2 * AGENTS,
        "{number} records, {unwritten} missed"
    );
    let name = format!(
        "fencebox_actions_total{{{},result=\"success\"}}",
        labels(port, "1", "status")
    );
    let counted = tree.series()[&name] as usize;
    assert!(
        counted <= AGENTS && counted + uncounted >= AGENTS,
        "{counted} counted, {uncounted} missed"
    );
    assert!(counted > 0 && number > 0);
    let names: Vec<_> = tree
        .metrics_folder()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "the lock and one file: {names:?}");
}

/// An agent that runs during a rotation ends its record in the old file, and the next one makes a new file.
#[test]
fn a_rotation_loses_no_record() {
    let tree = Observed::new();
    let cloud = Simulator::start(Config {
        faults: vec![clc::plan("operation=no-effect").unwrap()],
        ..Settings::default().config()
    })
    .unwrap();
    let given = format!(
        "login=fencer\npasswd=s3cret\nplug=WA1ACMEDB01\napi_url={}\naction=off\nverbose=1\nstonith_status_sleep=600\n",
        cloud.url()
    );
    let mut agent = tree.0.command("fence_clc");
    let mut agent = agent
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    agent.stdin.take().unwrap().write_all(given.as_bytes()).unwrap();
    let mut stderr = BufReader::new(agent.stderr.take().unwrap()).lines();
    assert!(
        stderr.any(|line| line.unwrap().contains("not yet")),
        "the agent did not wait"
    );
    let old = tree.audit_file().with_extension("log.1");
    fs::rename(tree.audit_file(), &old).unwrap();
    assert!(
        isolated("kill")
            .args(["-TERM", &agent.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert!(!agent.wait().unwrap().success());
    let results: Vec<_> = records(&old).iter().map(|record| record["result"].clone()).collect();
    assert_eq!(results, [Value::Null, "interrupted".into()]);
    assert!(!tree.audit_file().exists());
    let board = board();
    tree.0
        .call("fence_relay", &lines(&board, "action=monitor\n"))
        .assert_done("");
    assert_eq!((records(&old).len(), tree.records().len()), (2, 2));
    // The two devices have files of their own.
    assert_eq!(tree.files().len(), 2);
    assert!(
        tree.series()
            .keys()
            .any(|name| name.contains("interrupted") && name.contains("fence_clc"))
    );
}

/// The sample is valid as it is, and also with each line enabled.
#[test]
fn the_sample_is_valid() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/observe.sample.toml");
    let sample = fs::read_to_string(sample).unwrap();
    assert!(
        sample.lines().all(|line| line.is_empty() || line.starts_with('#')),
        "all commented out"
    );
    let parse = |text: &str| fencebox::policy::Observe::parse("observe.toml", text).unwrap();
    assert_eq!(parse(&sample), fencebox::policy::Observe::default());
    let enabled = sample
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')));
    let observe = parse(&enabled.collect::<Vec<_>>().join("\n"));
    assert!(observe.audit_file.is_some() && observe.metrics_folder.is_some());
}
