//! A plugin that writes too much to the log.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use super::PluginLog;
use fencebox_agent::log::{LENGTH_LIMIT, Level, Log, Sink};
use fencebox_policy::{Limit, Limits};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Sink for Lines {
    fn name(&self) -> String {
        "sink".to_owned()
    }

    fn lines(&mut self, _: SystemTime, lines: &[(Level, &str)]) -> std::io::Result<()> {
        let lines = lines.iter().map(|(level, line)| format!("{level:?} {line}"));
        self.0.lock().unwrap().extend(lines);
        Ok(())
    }
}

impl Lines {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn plugin_log(verbose: bool) -> (PluginLog, Arc<Log>, Lines) {
    plugin_log_under(Limits::standard(), verbose)
}

fn plugin_log_under(limits: Limits, verbose: bool) -> (PluginLog, Arc<Log>, Lines) {
    let log = Arc::new(Log::new(Box::new(std::io::sink())));
    let lines = Lines::default();
    log.add_sink(Box::new(lines.clone()));
    log.configure(verbose, true);
    (PluginLog::new(log.clone(), "fence_x", limits), log, lines)
}

#[test]
fn lines_contain_the_name_of_the_agent() {
    let (plugin_log, _, lines) = plugin_log(true);
    for level in [Level::Debug, Level::Info, Level::Warning, Level::Error] {
        plugin_log.line(level, "a\nERROR: fence_y: forged");
    }
    let text = "fence_x: a\\nERROR: fence_y: forged";
    let expected = ["Debug", "Info", "Warning", "Error"].map(|level| format!("{level} {text}"));
    assert_eq!(lines.take(), expected);
}

#[test]
fn details_are_logged_only_on_request() {
    let (plugin_log, _, lines) = plugin_log(false);
    plugin_log.line(Level::Debug, "d");
    plugin_log.line(Level::Info, "i");
    assert!(lines.take().is_empty());
}

#[test]
fn the_rest_of_a_flood_is_dropped_with_one_message() {
    let (plugin_log, _, lines) = plugin_log(true);
    for number in 0..1_500 {
        plugin_log.line(Level::Info, &number.to_string());
    }
    let said = lines.take();
    assert_eq!(said.len(), 1001);
    assert_eq!(said[999], "Info fence_x: 999");
    assert_eq!(
        said[1000],
        "Warning fence_x: the plugin wrote more than 1000 log lines; the rest is dropped"
    );
    plugin_log.line(Level::Error, "still there");
    assert!(lines.take().is_empty());
}

#[test]
fn a_huge_line_is_cut_without_half_of_a_secret() {
    let (plugin_log, log, lines) = plugin_log(true);
    log.hide("geheim");
    for before in 4070..4110 {
        plugin_log.line(Level::Error, &format!("{}geheim", "x".repeat(before)));
    }
    plugin_log.line(Level::Error, &"y".repeat(10_000_000));
    for line in lines.take() {
        assert!(line.len() < 4200 && !line.contains("xg"), "{line}");
    }
}

#[test]
fn a_few_long_lines_also_exceed_the_limit() {
    let (plugin_log, _, lines) = plugin_log(true);
    let long = "x".repeat(10 * LENGTH_LIMIT);
    for _ in 0..1_000 {
        plugin_log.line(Level::Info, &long);
    }
    let said = lines.take();
    assert_eq!(said.len(), 1024 * 1024 / LENGTH_LIMIT + 1);
    assert_eq!(
        said.last().unwrap(),
        "Warning fence_x: the plugin wrote more than 1 MiB of log; the rest is dropped"
    );
}

#[test]
fn a_lower_limit_is_named() {
    let (mut lines, mut bytes) = (Limits::standard(), Limits::standard());
    lines.lower(Limit::LogLines, 2);
    bytes.lower(Limit::LogBytes, 8);
    for (limits, words) in [
        (lines, "2 log lines; the rest is dropped (policy limit log-lines)"),
        (bytes, "8 bytes of log; the rest is dropped (policy limit log-bytes)"),
    ] {
        let (plugin_log, _, lines) = plugin_log_under(limits, true);
        for _ in 0..5 {
            plugin_log.line(Level::Info, "four");
        }
        let said = lines.take();
        assert_eq!(said[..2], ["Info fence_x: four", "Info fence_x: four"]);
        assert_eq!(
            said[2..],
            [format!("Warning fence_x: the plugin wrote more than {words}")]
        );
    }
}
