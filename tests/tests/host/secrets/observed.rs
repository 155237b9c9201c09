//! The audit file and the metrics contain no secret, whatever the caller and the device put into texts.

use std::fs;

use super::{PASSWORD, TOKEN, assert_clean, options};
use crate::observe::exposition;
use crate::policy::{Moved, chmod};

#[test]
fn the_audit_file_and_the_metrics_have_no_secret() {
    let tree = Moved::without();
    let (folder, settings) = (tree.path("observed"), tree.policy().with_file_name("observe.toml"));
    fs::create_dir(&folder).unwrap();
    let file = folder.join("audit.log");
    fs::write(
        &settings,
        format!("audit-file = {file:?}\nmetrics-folder = {folder:?}\n"),
    )
    .unwrap();
    chmod(&settings, 0o644);
    for plug in ["1", "refuse", "panic", PASSWORD, TOKEN, "a\"b\\c\u{1b}[2J"] {
        for action in ["status", "off"] {
            let outcome = tree.call(
                "fence_echo",
                &options(&format!("action={action}\nplug={plug}\nretry_on=0\n")),
            );
            assert!(outcome.exit.is_some(), "{outcome:?}");
        }
    }
    let mut count = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert_clean(&path.display().to_string(), &text);
        assert_clean("a name", &path.display().to_string());
        if path.extension().is_some_and(|kind| kind == "prom") {
            count += exposition::parse(&text).len();
        }
    }
    assert!(count > 50, "{count} series");
    assert!(fs::read_to_string(&file).unwrap().contains("********"));
}
