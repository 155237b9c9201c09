//! Certificates, ciphers and name servers as real devices have them, met by the real program.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support;

use support::{call, isolated, needs, program, run};

/// `openssl s_server` as a relay board: it serves files, so each relay keeps its state.
struct Board {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Board {
    /// With a certificate of X.509 version 1, and further arguments of `openssl s_server`.
    fn start(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::create_dir(file("relays")).unwrap();
        std::fs::write(file("relays/1"), r#"{"state":"on"}"#).unwrap();
        let (key, request, certificate) = (file("key"), file("request"), file("certificate"));
        openssl(
            &["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"],
            |command| {
                command.arg("-keyout").arg(&key).arg("-out").arg(&request);
            },
        );
        openssl(&["x509", "-req", "-days", "2"], |command| {
            command
                .arg("-in")
                .arg(&request)
                .arg("-signkey")
                .arg(&key)
                .arg("-out")
                .arg(&certificate);
        });
        let mut child = isolated("openssl")
            .args(["s_server", "-WWW", "-accept", "127.0.0.1:0", "-cert"])
            .arg(&certificate)
            .arg("-key")
            .arg(&key)
            .args(more)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .find_map(|line| line.unwrap().strip_prefix("ACCEPT 127.0.0.1:")?.trim().parse().ok())
            .unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port, folder }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate")
    }

    fn lines(&self, more: &str) -> String {
        let port = self.port;
        format!("ip=127.0.0.1\nipport={port}\nusername=fencer\npassword=s3cret\nplug=1\naction=status\n{more}\n")
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn openssl(arguments: &[&str], more: impl FnOnce(&mut Command)) -> String {
    let mut command = isolated("openssl");
    command.args(arguments);
    more(&mut command);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn fingerprint(certificate: &Path) -> String {
    let printed = openssl(&["x509", "-noout", "-fingerprint", "-sha256", "-in"], |command| {
        command.arg(certificate);
    });
    printed.split_once('=').unwrap().1.trim().to_owned()
}

/// Each option that a plugin with `ssl` has for certificates, and the advice without one.
#[test]
fn a_certificate_of_version_1_is_reached_by_each_option() {
    if !needs::are_met(&["openssl"], "--fork", "true") {
        return;
    }
    let board = Board::start(&[]);
    let (certificate, shown) = (board.certificate(), fingerprint(&board.certificate()));
    for option in [
        "ssl_insecure=1".to_owned(),
        format!("ssl=1\nssl_fingerprint={shown}"),
        format!("ssl=1\nca_file={}", certificate.display()),
    ] {
        call("fence_relay", &board.lines(&option)).assert_done("Status: ON\n");
    }
    call("fence_relay", &board.lines("ssl=1")).assert_refused(&[
        "TLS handshake with 127.0.0.1:",
        "the certificate is older than X.509 version 3 (the device issued it itself)",
        &format!("if {shown} is the SHA-256 fingerprint of the device's own certificate, set ssl_fingerprint to it"),
        "or ca_file to a file with the certificate",
    ]);
}

#[test]
fn a_host_without_common_ciphers_gets_a_list_of_what_it_must_offer() {
    if !needs::are_met(&["openssl"], "--fork", "true") {
        return;
    }
    let board = Board::start(&["-tls1_2", "-cipher", "AES128-SHA256"]);
    call("fence_relay", &board.lines("ssl_insecure=1")).assert_refused(&[
        "the device refused the handshake: it has no cipher suite in common with fencebox",
        "must offer TLS 1.3, or TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305",
    ]);
}

/// A name server that takes each query and answers none, in a network of its own.
#[test]
fn a_silent_name_server_is_named_as_the_step() {
    if !needs::are_met(
        &["ip", "python3"],
        "-nm",
        "ip link set lo up && mount --bind /etc/hosts /etc/resolv.conf",
    ) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resolv.conf");
    std::fs::write(&file, "nameserver 127.0.0.1\n").unwrap();
    let hosts = folder.path().join("nsswitch.conf");
    std::fs::write(&hosts, "hosts: dns\n").unwrap();
    let script = r#"
        ip link set lo up &&
        mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/nsswitch.conf &&
        exec python3 -c '
import socket, subprocess, sys
swallow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
swallow.bind(("127.0.0.1", 53))
sys.exit(subprocess.run(sys.argv[1:], stdin=sys.stdin).returncode)
' "$3"
    "#;
    let mut command = isolated("unshare");
    command
        .args(["--net", "--mount", "sh", "-c", script, "sh"])
        .arg(&file)
        .arg(&hosts)
        .arg(program("fence_clc"));
    let lines = "username=fencer\npassword=s3cret\nplug=WA1ACMEDB01\naction=status\nlogin_timeout=1\n\
                 disable_timeout=false\n";
    let outcome = run(command, lines);
    assert_eq!(outcome.exit, Some(1), "{outcome:?}");
    for word in [
        "no answer in time: https://api.ctl.io: name resolution of api.ctl.io timed out after 1 s (option login_timeout)",
        "check the name servers in /etc/resolv.conf",
    ] {
        assert!(outcome.stderr.contains(word), "no {word:?} in {outcome:?}");
    }
}
