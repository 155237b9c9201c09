//! Passwords from other sources, with a device that reports whether they are correct.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use fencebox_sim::{Simulator, relay};
use tempfile::TempDir;

use super::support::{call, program, run};
use crate::support::isolated;

fn lines(board: &Simulator, more: &str) -> String {
    let port = board.address().port();
    format!("ip=127.0.0.1\nipport={port}\nusername=fencer\nplug=1\naction=status\n{more}")
}

/// A file with the password of the board.
fn secret(mode: u32) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relay");
    fs::write(&path, "s3cret\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

#[test]
fn a_password_can_come_from_a_file() {
    let board = Simulator::start(relay::config()).unwrap();
    let (_folder, path) = secret(0o600);
    let given = format!("password_file={}\n", path.display());
    call("fence_relay", &lines(&board, &given)).assert_done("Status: ON\n");
    let (_folder, path) = secret(0o644);
    let given = format!("password_file={}\n", path.display());
    call("fence_relay", &lines(&board, &given)).assert_refused(&["password_file", "mode 644", "chmod 600"]);
}

#[test]
fn a_password_can_come_from_a_descriptor_of_the_shell() {
    let board = Simulator::start(relay::config()).unwrap();
    let (_folder, path) = secret(0o600);
    let agent = program("fence_relay").display().to_string();
    let arguments = format!("--ip=127.0.0.1 -u {} -l fencer -n 1 -o status", board.address().port());
    for redirection in [
        format!("--password-fd=3 3<{}", path.display()),
        "--password-fd=0".to_owned(),
    ] {
        let mut shell = isolated("sh");
        shell.args(["-c", &format!("echo s3cret | {agent} {arguments} {redirection}")]);
        run(shell, "").assert_done("Status: ON\n");
    }
}

#[test]
fn a_password_can_come_from_a_systemd_credential() {
    let board = Simulator::start(relay::config()).unwrap();
    let (folder, _) = secret(0o440);
    let mut agent = isolated(program("fence_relay"));
    agent.env("CREDENTIALS_DIRECTORY", folder.path());
    run(agent, &lines(&board, "password_credential=relay\n")).assert_done("Status: ON\n");
    call("fence_relay", &lines(&board, "password_credential=relay\n")).assert_refused(&["CREDENTIALS_DIRECTORY"]);
}

#[test]
fn two_sources_of_a_password_are_refused() {
    let board = Simulator::start(relay::config()).unwrap();
    call("fence_relay", &lines(&board, "password=s3cret\npassword_file=/x\n"))
        .assert_refused(&["options password_file and password both set"]);
}
