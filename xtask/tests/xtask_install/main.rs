//! `cargo xtask install` and `uninstall` of the real agents: into a folder, while agents are being called, and into the
//! machine's own `/usr`, in a private mount namespace.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code"
)]

#[path = "../../../tests/src/isolation.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with fencebox-tests, which uses the rest"
)]
mod isolation;
mod laid;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::isolation::isolated;
use fencebox_sim::clc;
use laid::Laid;

fn xtask(arguments: &[&str]) -> Output {
    isolated(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().unwrap()
}

#[track_caller]
fn assert_said(output: &Output, lines: &[&str]) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stdout.lines().collect::<Vec<_>>(), lines);
}

/// Calls a program with `stdin` as its standard input.
fn call(program: &Path, stdin: &str) -> Output {
    let mut child = isolated(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// All paths below a folder, with mode and content.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let (mut all, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let content = if metadata.is_symlink() {
                path.read_link().unwrap().into_os_string().into_encoded_bytes()
            } else if metadata.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            all.insert(path, (metadata.permissions().mode(), content));
        }
    }
    all
}

#[test]
fn an_installation_works_and_is_removed_completely() {
    let laid = Laid::out();
    let machine = tempfile::tempdir().unwrap();
    let root = machine.path().to_str().unwrap();
    fs::create_dir_all(machine.path().join("usr/sbin")).unwrap();
    fs::write(machine.path().join("usr/sbin/fence_theirs"), "theirs").unwrap();
    fs::create_dir_all(machine.path().join("etc/fencebox")).unwrap();
    let policy = machine.path().join("etc/fencebox/policy.toml");
    fs::write(&policy, "[\"*\"]\ninsecure-tls = false\n").unwrap();
    let before = everything(machine.path());

    let usr = machine.path().join("usr");
    let destination = ["--prefix", "/", "--destdir", root];
    let installed = xtask(&[&["install", "--from", laid.path()], &destination[..]].concat());
    let agents = "fence_aws fence_azure_arm fence_clc fence_dummy fence_gce fence_hetzner_cloud fence_ipmilan fence_openstack fence_ovh fence_pve \
                  fence_redfish fence_virt fence_vmware_rest fence_vmware_soap fence_xenapi fence_xvm";
    let line = format!("installed in {}: {agents}", usr.display());
    let words: Vec<&str> = line.split(' ').collect();
    let stdout = String::from_utf8_lossy(&installed.stdout);
    for agent in &words {
        assert!(stdout.contains(agent), "{installed:?}");
    }
    let fencebox = usr.join("sbin/fencebox");
    let verified = isolated(&fencebox).arg("verify").output().unwrap();
    let names = stdout.split_once(": ").unwrap().1.split_whitespace().count();
    assert_said(&verified, &[&format!("{names} agents verified")]);
    for document in ["README.md", "policy.sample.toml", "LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(usr.join("share/doc/fencebox").join(document).is_file(), "{document}");
    }
    let metadata = call(&usr.join("sbin/fence_virt"), "action=metadata\n");
    assert!(
        metadata.status.success() && metadata.stderr.is_empty(),
        "no compiled form: {metadata:?}"
    );

    let gone = xtask(&[&["uninstall"], &destination[..]].concat());
    let left = format!(
        "not removed, because it belongs to the administrator: {}",
        policy.display()
    );
    assert_said(&gone, &[&format!("uninstalled from {}", usr.display()), &left]);
    assert_eq!(everything(machine.path()), before);
    let again = xtask(&[&["uninstall"], &destination[..]].concat());
    assert_said(&again, &[&format!("nothing is installed in {}", usr.display()), &left]);
    assert_eq!(everything(machine.path()), before);
}

/// An installation with another prefix finds its plugins, also if an agent is called through a link elsewhere.
#[test]
fn an_installation_with_another_prefix_works() {
    let laid = Laid::out();
    let machine = tempfile::tempdir().unwrap();
    let root = machine.path().to_str().unwrap();
    let destination = ["--prefix", "/opt/fencebox", "--destdir", root];
    let installed = xtask(&[&["install", "--from", laid.path()], &destination[..]].concat());
    assert!(installed.status.success(), "{installed:?}");
    let opt = machine.path().join("opt/fencebox");
    let hint = format!("`ln -s {}/sbin/fence_clc /usr/sbin/`", opt.display());
    assert!(
        String::from_utf8_lossy(&installed.stdout).contains(&hint),
        "{installed:?}"
    );
    let link = machine.path().join("fence_clc");
    symlink(opt.join("sbin/fence_clc"), &link).unwrap();
    let metadata = call(&link, "action=metadata\n");
    assert!(metadata.status.success() && metadata.stderr.is_empty(), "{metadata:?}");
    assert!(xtask(&[&["uninstall"], &destination[..]].concat()).status.success());
    assert!(!opt.exists());
}

#[test]
fn a_folder_that_is_not_an_install_tree_is_rejected() {
    let empty = tempfile::tempdir().unwrap();
    let machine = tempfile::tempdir().unwrap();
    let [from, to] = [&empty, &machine].map(|folder| folder.path().to_str().unwrap());
    let refused = xtask(&["install", "--prefix", "/", "--from", from, "--destdir", to]);
    let stdout = String::from_utf8_lossy(&refused.stdout);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stdout.contains("is not an install tree") && stdout.lines().count() == 1,
        "{stdout}"
    );
    assert_eq!(everything(machine.path()).len(), 0);
}

/// Two versions with incompatible compiled forms replace each other while agents are being called: no call fails.
#[test]
fn running_agents_do_not_fail_during_an_upgrade() {
    let versions = [Laid::out(), Laid::by_another_build()];
    let machine = tempfile::tempdir().unwrap();
    let root = machine.path().to_str().unwrap();
    let install = |version: &Laid| {
        let done = xtask(&["install", "--prefix", "/", "--destdir", root, "--from", version.path()]);
        assert!(done.status.success(), "{done:?}");
    };
    install(&versions[0]);
    let sbin = machine.path().join("usr/sbin");
    let cloud = fencebox_sim::server::Simulator::start(clc::Settings::default().config()).unwrap();
    let server = cloud.machines()[0].id().to_owned();
    let file = machine.path().join("power");
    fs::write(&file, "on").unwrap();
    let calls = [
        (
            sbin.join("fence_dummy"),
            format!("action=status\nstatus_file={}\n", file.display()),
        ),
        (
            sbin.join("fence_clc"),
            format!(
                "action=status\nlogin=fencer\npasswd=s3cret\naccount=ACME\napi_url={}\nplug={server}\n",
                cloud.url()
            ),
        ),
    ];
    let done = AtomicBool::new(false);
    let made = std::thread::scope(|scope| {
        let callers: Vec<_> = calls
            .iter()
            .map(|(program, stdin)| {
                let done = &done;
                scope.spawn(move || {
                    let (mut made, mut compiled) = (0, 0);
                    while !done.load(Ordering::Relaxed) {
                        let outcome = call(program, stdin);
                        let stderr = String::from_utf8_lossy(&outcome.stderr);
                        assert!(
                            outcome.status.success() && outcome.stdout == b"Status: ON\n",
                            "{outcome:?}"
                        );
                        // The new host may run the old plugin for a moment.
                        assert!(
                            stderr.lines().all(|line| line.contains("compiling in memory")),
                            "{stderr}"
                        );
                        made += 1;
                        compiled += usize::from(!stderr.is_empty());
                    }
                    (made, compiled)
                })
            })
            .collect();
        // The failure of one caller ends the test early.
        for round in 0..10 {
            install(&versions[(round + 1) % 2]);
            if callers.iter().any(std::thread::ScopedJoinHandle::is_finished) {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect::<Vec<_>>()
    });
    eprintln!("calls, and of these compiled in memory: {made:?}");
    assert!(made.iter().all(|(made, _)| *made > 10), "{made:?}");
    // At the end, all files are complete, and the compiled forms are used.
    let verified = isolated(sbin.join("fencebox")).arg("verify").output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

/// The machine's own `/usr`, with Debian's agents: they are diverted and restored. All changes are in overlays that end
/// with the shell.
#[test]
fn agents_of_debian_in_usr_are_diverted_and_restored() {
    let namespace = isolated("unshare")
        .args(["--mount", "true"])
        .stderr(Stdio::null())
        .status();
    let theirs = Path::new("/usr/sbin/fence_xenapi").exists() && Path::new("/var/lib/dpkg/status").exists();
    if !namespace.is_ok_and(|status| status.success()) || !theirs {
        assert!(std::env::var_os("CI").is_none(), "CI is root, and has fence-agents");
        eprintln!("SKIPPED: needs permission to create a mount namespace, and Debian with fence-agents");
        return;
    }
    let laid = Laid::out();
    let mut shell = isolated("unshare");
    shell.args(["--mount", "--propagation", "private", "bash", "-c", SCRIPT]);
    shell
        .env("XTASK", env!("CARGO_BIN_EXE_xtask"))
        .env("TREE", laid.path())
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let output = shell.output().unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let mut lines = stdout.lines();
    let refused = lines.next().unwrap();
    assert!(
        refused.contains("/usr/sbin/fence_xenapi") && refused.contains("--divert"),
        "{refused}"
    );
    let agents = laid.agents();
    assert!(
        stdout.contains(&format!("\nours: {agents} agents verified\n")),
        "{stdout}"
    );
    assert!(
        stdout.contains("\ndiverted: /usr/sbin/fence_xenapi is now /usr/sbin/fence_xenapi.distrib\n"),
        "{stdout}"
    );
    assert!(stdout.contains("\nuninstalled from /usr\n"), "{stdout}");
    assert!(
        stdout.ends_with("nothing is installed in /usr\nas before\n"),
        "{stdout}"
    );
}

const SCRIPT: &str = r#"
set -euo pipefail
# The overlays receive all writes to /usr and to dpkg's database.
mount -t tmpfs none /mnt
for folder in /usr /var/lib/dpkg; do
    mkdir -p /mnt/upper$folder /mnt/work$folder
    mount -t overlay none -o lowerdir=$folder,upperdir=/mnt/upper$folder,workdir=/mnt/work$folder $folder
done
state() {
    # Without the size of folders, because it differs in an overlay.
    find /usr \( -type d -printf '%p %M %U %G\n' \) -o -printf '%p %M %U %G %s %l\n' | sort
    find /usr/sbin -name 'fence*' -type f -print0 | sort -z | xargs -0 sha256sum
    dpkg-divert --list | sort
}
state >/mnt/before
if "$XTASK" install --prefix / --from "$TREE"; then exit 9; fi
state | cmp - /mnt/before
"$XTASK" install --prefix / --from "$TREE" --divert
echo "ours: $(fencebox verify)"
# `grep -q` would end before its input does, and `pipefail` would report the program that then cannot write.
printf 'action=metadata\n' | fence_xenapi | grep 'shortdesc="Fence agent for .*XenServer' >/dev/null
# Pacemaker's tools find the agent, and dpkg reports no damage of the other package.
if command -v crm_resource >/dev/null; then
    crm_resource --show-metadata stonith:fence_clc | grep account >/dev/null
fi
dpkg --verify fence-agents
"$XTASK" uninstall --prefix /
"$XTASK" uninstall --prefix /
state | diff /mnt/before - && echo "as before"
"#;
