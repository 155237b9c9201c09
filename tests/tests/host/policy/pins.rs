//! The option `sha256` of a policy.

use ring::digest::{SHA256, digest};

use super::{Moved, board, lines, support};

fn pinned(agent: &str) -> String {
    let path = support::tree().join(format!("usr/lib/fencebox/plugins/{agent}.wasm"));
    let digest = digest(&SHA256, &std::fs::read(path).unwrap());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_pinned_plugin_runs() {
    let board = board();
    let status = lines(&board, "action=status\n");
    let digest = pinned("fence_relay");
    let other = "0123456789abcdef".repeat(4);
    for pins in [
        format!("\"{digest}\""),
        format!("\"{other}\", \"sha256:{}\"", digest.to_uppercase()),
    ] {
        let tree = Moved::with(&format!("[fence_relay]\nsha256 = [{pins}]\n"));
        tree.call("fence_relay", &status).assert_done("Status: ON\n");
    }
}

#[test]
fn a_plugin_that_is_not_pinned_only_prints_its_metadata() {
    let board = board();
    let other = pinned("fence_clc");
    let tree = Moved::with(&format!("[fence_relay]\n\nsha256 = [\"{other}\"]\n"));
    let place = format!("is not in sha256 ([fence_relay] in {}:3)", tree.policy().display());
    for action in ["status", "off", "monitor", "list", "validate-all"] {
        let outcome = tree.call("fence_relay", &lines(&board, &format!("action={action}\n")));
        outcome.assert_refused(&[
            "fence_relay.wasm",
            &pinned("fence_relay"),
            &place,
            "restore the file, or add the digest",
        ]);
    }
    assert!(board.requests().is_empty());
    let metadata = tree.call_with("fence_relay", &["-o", "metadata"]);
    let usual = Moved::without().call_with("fence_relay", &["-o", "metadata"]);
    metadata.assert_done(&usual.stdout);
}
