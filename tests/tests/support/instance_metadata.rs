//! A network namespace in which 169.254.169.254 is this machine, as the metadata service of a cloud is.

use fencebox_tests::isolation::isolated;

use super::needs;

/// Set in the namespace.
const INSIDE: &str = "FENCEBOX_TEST_METADATA";
const SCRIPT: &str = "ip link set lo up && ip address add 169.254.169.254/32 dev lo && exec \"$0\" \"$@\"";

/// Runs an ignored test of this program in such a namespace; the path is that of the test.
pub fn in_namespace(test: &str) {
    if !needs::are_met(&["ip"], "-n", "ip link set lo up") {
        return;
    }
    let mut unshare = isolated("unshare");
    unshare
        .args(["-n", "sh", "-c", SCRIPT])
        .arg(std::env::current_exe().unwrap());
    unshare
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(INSIDE, "1");
    let output = unshare.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Fails outside the namespace.
pub fn assert_inside() {
    assert!(std::env::var_os(INSIDE).is_some(), "another test runs this test");
}
