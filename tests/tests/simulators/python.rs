//! The Python environment for the tests of the simulators has the required packages.

#![allow(clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support;

use crate::support::isolated;
use support::python;

#[test]
fn installed_clients_have_the_pinned_versions() {
    let Some(interpreter) = python::interpreter() else {
        return;
    };
    let requirements = std::fs::read_to_string(python::script("requirements.txt")).unwrap();
    let pinned: Vec<_> = requirements
        .lines()
        .filter(|line| !line.starts_with(['#', ' ']))
        .filter_map(|line| line.trim_end_matches('\\').trim().split_once("=="))
        .collect();
    assert!(!pinned.is_empty());
    for (package, version) in pinned {
        let ask = format!("import importlib.metadata as m; print(m.version({package:?}))");
        let output = isolated(interpreter).args(["-c", &ask]).output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            version,
            "{package}: {output:?}"
        );
    }
}
