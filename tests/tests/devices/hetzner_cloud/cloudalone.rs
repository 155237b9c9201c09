//! cloudalone, a service with the API of Hetzner Cloud that others made. It needs Python 3.12, so it runs in the Debian 13
//! of these tests.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::debian13::debian13;
use crate::support::{Outcome, call, isolated, needs, python};

/// Runs the service with the folder of its packages at a port, in namespaces that end with it.
const RUN: &str = r#"
mount --make-rprivate /
mount -t tmpfs tmpfs "$1/opt"
mkdir "$1/opt/cloudalone"
mount --bind "$2" "$1/opt/cloudalone"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/run"
exec chroot "$1" env -i PATH=/usr/bin:/bin HOME=/run LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/opt/cloudalone CLOUDALONE_BACKEND=stub CLOUDALONE_TOKEN=s3cret CLOUDALONE_HOST=127.0.0.1 \
    CLOUDALONE_PORT="$3" CLOUDALONE_HOME=/run CLOUDALONE_DB=/run/cloudalone.sqlite \
    python3 -c 'import sys, cloudalone; sys.argv = ["cloudalone", "serve"]; cloudalone.main()'
"#;

/// The module that cloudalone imports also without it.
const NO_LIBVIRT: &str = "def __getattr__(name):\n    return type(name, (Exception,), {})\n";

/// Makes a server, and prints its status when its action has ended.
const CREATE: &str = r#"
import sys
from hcloud import Client
from hcloud.images import Image
from hcloud.server_types import ServerType
servers = Client(token="s3cret", api_endpoint=sys.argv[1], poll_interval=0.1).servers
made = servers.create(name="node1", server_type=ServerType(name="small"), image=Image(name="debian-13"))
made.action.wait_until_finished()
print(servers.get_by_name("node1").status)
"#;

struct Cloudalone {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Cloudalone {
    /// None if something is missing that the test needs.
    fn start() -> Option<Cloudalone> {
        let (debian, interpreter) = (debian13()?, python::interpreter()?);
        let folder = tempfile::tempdir().unwrap();
        let Some(packages) = packages(interpreter, folder.path()) else {
            needs::skip("the packages of tests/python/cloudalone.txt cannot be downloaded");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut unshare = isolated("unshare");
        unshare.args(["-mpf", "--kill-child", "sh", "-ec", RUN, "sh"]);
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = unshare
            .arg(debian)
            .arg(packages)
            .arg(port.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut service = Cloudalone {
            child,
            port,
            _folder: folder,
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || fs::read_to_string(service._folder.path().join("log")).unwrap_or_default();
            let is_over = service.child.try_wait().unwrap().is_some();
            assert!(!is_over && started.elapsed() < Duration::from_secs(120), "{}", log());
            std::thread::sleep(Duration::from_millis(100));
        }
        let url = service.url();
        let made = isolated(interpreter).args(["-c", CREATE, &url]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&made.stdout), "running\n", "{made:?}");
        Some(service)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    fn fence(&self, lines: &str) -> Outcome {
        let reach = format!("api_url={}\npower_wait=0\n", self.url());
        call("fence_hetzner_cloud", &format!("{reach}{lines}"))
    }
}

impl Drop for Cloudalone {
    fn drop(&mut self) {
        // Its namespaces end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The packages in a folder, made for the Python of Debian 13.
fn packages(interpreter: &Path, folder: &Path) -> Option<PathBuf> {
    let (wheels, packages) = (folder.join("wheels"), folder.join("packages"));
    let mut pip = isolated(interpreter);
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ]);
    pip.args(["--require-hashes", "--only-binary", ":all:", "--python-version", "3.13"]);
    for platform in [
        "manylinux2014_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux_2_28_x86_64",
        "any",
    ] {
        pip.args(["--platform", platform]);
    }
    pip.arg("--dest")
        .arg(&wheels)
        .arg("--requirement")
        .arg(python::script("cloudalone.txt"));
    if !pip.status().unwrap().success() {
        return None;
    }
    for wheel in fs::read_dir(&wheels).unwrap() {
        let mut unpack = isolated(interpreter);
        unpack
            .args(["-m", "zipfile", "-e"])
            .arg(wheel.unwrap().path())
            .arg(&packages);
        assert!(unpack.status().unwrap().success());
    }
    fs::write(packages.join("libvirt.py"), NO_LIBVIRT).unwrap();
    Some(packages)
}

#[test]
fn each_action_works() {
    let Some(service) = Cloudalone::start() else {
        return;
    };
    for plug in ["node1", "1"] {
        for (action, exit, stdout) in [
            ("status", 0, "Status: ON\n"),
            ("monitor", 0, ""),
            ("off", 0, "Success: Powered OFF\n"),
            ("status", 2, "Status: OFF\n"),
            ("off", 0, "Success: Already OFF\n"),
            ("on", 0, "Success: Powered ON\n"),
            ("reboot", 0, "Success: Rebooted\n"),
        ] {
            let outcome = service.fence(&format!("api_token=s3cret\nplug={plug}\naction={action}\n"));
            let seen = (outcome.exit, outcome.stdout.as_str());
            assert_eq!(seen, (Some(exit), stdout), "{plug} {action}: {outcome:?}");
        }
    }
    let list = service.fence("api_token=s3cret\naction=list-status\n");
    assert_eq!(list.stdout, "node1,,ON\n", "{list:?}");
    service
        .fence("api_token=s3cret\nplug=node9\naction=off\n")
        .assert_failed(&["node9"]);
    let outcome = service.fence("api_token=wr0ng-token\nplug=node1\naction=off\n");
    outcome.assert_failed(&["login refused"]);
}
