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
    let print = |expression: &str| {
        let program = format!("import sys, importlib.metadata as m; print({expression})");
        let output = isolated(interpreter).args(["-c", &program]).output().unwrap();
        assert!(output.status.success(), "{expression}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let is_new = print("sys.version_info >= (3, 11)") == "True";
    for (package, version) in pinned {
        let (version, marker) = version.split_once(" ; ").unwrap_or((version, ""));
        match marker {
            "" => {}
            "python_version >= \"3.11\"" if is_new => {}
            "python_version >= \"3.11\"" => continue,
            other => panic!("{package} has another marker: {other}"),
        }
        assert_eq!(print(&format!("m.version({package:?})")), version, "{package}");
    }
}
