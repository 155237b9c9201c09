//! The requirements of a test. If one is missing, the test reports that it is skipped; in CI, which must meet all of
//! them, the test fails.

use fencebox_tests::isolation::isolated;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

/// Whether these programs are installed, and whether a shell can run these commands in its own namespaces of these
/// kinds, in the letters of `unshare`.
#[track_caller]
pub fn are_met(programs: &[&str], namespaces: &str, rights: &str) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|name| !installed(name)).collect();
    if !missing.is_empty() {
        return skip(&format!("{} missing", missing.join(", ")));
    }
    let tried = isolated("unshare")
        .args([namespaces, "sh", "-c", rights])
        .stderr(Stdio::null())
        .status();
    if tried.is_ok_and(|status| status.success()) {
        true
    } else {
        skip(&format!(
            "`unshare {namespaces} sh -c '{rights}'` fails; run this as root"
        ))
    }
}

/// A program by its name, in the system's program folders, or by its path.
fn installed(name: &str) -> bool {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    folders.iter().any(|folder| Path::new(folder).join(name).exists())
}

/// Reports that the test is skipped for a reason that also CI may have.
pub fn absent<T>(why: &str) -> Option<T> {
    report(why);
    None
}

/// Reports that the test is skipped, and returns false. In CI, the test fails.
#[track_caller]
pub fn skip(why: &str) -> bool {
    assert!(std::env::var_os("CI").is_none(), "CI must meet all requirements: {why}");
    report(why);
    false
}

/// Prints the reason past the test harness, which would hide it.
fn report(why: &str) {
    let test = std::thread::current();
    let _ = writeln!(std::io::stderr(), "SKIPPED: {}: {why}", test.name().unwrap_or("?"));
}
