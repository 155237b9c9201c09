//! `cargo xtask package`: what is in the packages, and their life on a machine, in private mount namespaces.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code"
)]

#[path = "../../../tests/tests/support/debian13.rs"]
#[allow(unreachable_pub, reason = "shared with fencebox-tests")]
mod debian13;
#[path = "../../../tests/src/isolation.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with fencebox-tests, which uses the rest"
)]
mod isolation;
#[path = "../xtask_install/laid.rs"]
#[allow(dead_code, reason = "shared with the tests of installations")]
mod laid;
#[path = "../../../tests/tests/support/needs.rs"]
#[allow(unreachable_pub, reason = "shared with fencebox-tests")]
mod needs;
mod roots;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use crate::isolation::isolated;
use laid::Laid;
use tempfile::TempDir;

/// 2026-01-02 03:04:05 UTC.
const TIME: &str = "1767323045";

/// Whether these programs are there, and private namespaces of these kinds. In CI, they must be.
fn are_met(programs: &[&str], namespaces: &str) -> bool {
    needs::are_met(programs, namespaces, "true")
}

/// Makes one package of a tree.
fn package(tree: &Laid, kind: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let mut xtask = isolated(env!("CARGO_BIN_EXE_xtask"));
    xtask
        .args([
            "package",
            "--only",
            kind,
            "--compression",
            "0",
            "--from",
            tree.path(),
            "--to",
        ])
        .arg(folder.path())
        .env("SOURCE_DATE_EPOCH", TIME);
    let output = xtask.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut made = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let package = made.next().unwrap();
    assert_eq!(made.next(), None, "a package leaves something behind");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with(&format!("{} (", package.display())), "{printed}");
    (folder, package)
}

/// Two builds of the Debian package. All tests share them, because each plugin of the second one is compiled.
fn two_builds() -> &'static [PathBuf; 2] {
    static BUILDS: OnceLock<[PathBuf; 2]> = OnceLock::new();
    BUILDS.get_or_init(|| {
        // A static value is not dropped, so the folder is one that the next run replaces.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two-builds");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        [("first", Laid::out()), ("second", Laid::by_another_build())].map(|(name, laid)| {
            let (_made, path) = package(&laid, "deb");
            let kept = folder.join(name).with_extension("deb");
            std::fs::copy(path, &kept).unwrap();
            kept
        })
    })
}

/// What a program prints.
#[track_caller]
fn printed(program: &str, arguments: &[&str], file: &Path) -> String {
    let mut command = isolated(program);
    command.args(arguments).arg(file);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A shell in namespaces of its own.
fn shell(namespaces: &str, script: &str, variables: &[(&str, &Path)]) -> Output {
    let mut shell = isolated("unshare");
    shell.args([namespaces, "--propagation", "private", "bash", "-c", script]);
    for (name, value) in variables {
        shell.env(name, value);
    }
    shell.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").output().unwrap()
}

#[track_caller]
fn assert_reported(output: &Output, lines: &[&str]) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let found: Vec<&str> = stdout.lines().filter_map(|line| line.strip_prefix("test: ")).collect();
    assert_eq!(found, lines, "{stdout}\n{stderr}");
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    if !are_met(&["dpkg-deb", "rpmbuild", "tar", "gzip"], "-m") {
        return;
    }
    let laid = Laid::out();
    for kind in ["deb", "rpm", "image"] {
        let ((_one, first), (_other, second)) = (package(&laid, kind), package(&laid, kind));
        let is_same = std::fs::read(&first).unwrap() == std::fs::read(&second).unwrap();
        assert!(is_same, "{kind}");
        assert_eq!(first.file_name(), second.file_name());
    }
}

/// All of it in overlays of the machine's own folders, which end with the shell.
#[test]
fn a_deb_is_installed_upgraded_removed_and_purged() {
    let theirs = Path::new("/usr/sbin/fence_xenapi").exists() && Path::new("/var/lib/dpkg/status").exists();
    assert!(theirs || std::env::var_os("CI").is_none(), "CI has fence-agents");
    if !theirs || !are_met(&["dpkg-deb", "dpkg"], "-m") {
        eprintln!("SKIPPED: needs Debian with fence-agents");
        return;
    }
    let [first, second] = two_builds();
    let output = shell("-m", DEB, &[("FIRST", first), ("SECOND", second)]);
    assert_reported(
        &output,
        &[
            "installed, and no package is damaged",
            "the other agent is aside",
            "upgraded, and no call failed",
            "the policy is kept",
            "removed, and the other agent is back",
            "purged, and all is as before",
        ],
    );
}

const DEB: &str = r#"
set -euo pipefail
mount -t tmpfs none /mnt
for folder in /usr /var/lib/dpkg /var/log /etc; do
    mkdir -p /mnt/upper$folder /mnt/work$folder
    mount -t overlay none -o lowerdir=$folder,upperdir=/mnt/upper$folder,workdir=/mnt/work$folder $folder
done
state() {
    # Without the size of folders, because it differs in an overlay.
    find $1 \( -type d -printf '%p %M %U %G\n' \) -o -printf '%p %M %U %G %s %l\n' | sort
    find /usr/sbin -name 'fence*' -type f -print0 | sort -z | xargs -0 sha256sum
    dpkg-divert --list | sort
}
state "/usr /etc" >/mnt/before
state /usr >/mnt/before-usr
dpkg -i "$FIRST"
fencebox verify
for package in fencebox fence-agents fence-virt; do [ -z "$(dpkg --verify $package)" ]; done
[ "$(stat -c '%a %U' /var/log/fencebox)" = "750 root" ]
if command -v logrotate >/dev/null; then logrotate --debug /etc/logrotate.d/fencebox >/dev/null 2>&1; fi
printf 'action=metadata\n' | fence_xenapi | grep 'shortdesc="Fence agent for .*XenServer' >/dev/null
echo "test: installed, and no package is damaged"
head -n 1 /usr/sbin/fence_xenapi.distrib | grep python >/dev/null
man fence_xenapi | grep 'fencebox 0' >/dev/null
echo "test: the other agent is aside"
echo '# mine' >>/etc/fencebox/policy.toml
(until [ -e /mnt/stop ]; do
    printf 'action=metadata\n' | /usr/sbin/fence_xenapi >/dev/null 2>>/mnt/lines || echo failed >>/mnt/failed
    echo called >>/mnt/called
done) &
dpkg --force-confold -i "$SECOND"
touch /mnt/stop
wait
[ ! -e /mnt/failed ] && [ "$(wc -l </mnt/called)" -gt 3 ]
fencebox verify
echo "test: upgraded, and no call failed"
grep mine /etc/fencebox/policy.toml >/dev/null
echo "test: the policy is kept"
touch /var/log/fencebox/audit.log
dpkg -r fencebox
[ -e /var/log/fencebox/audit.log ]
grep mine /etc/fencebox/policy.toml >/dev/null
state /usr | diff /mnt/before-usr -
echo "test: removed, and the other agent is back"
dpkg -P fencebox
[ ! -e /var/log/fencebox ]
state "/usr /etc" | diff /mnt/before -
echo "test: purged, and all is as before"
"#;

#[test]
fn an_rpm_has_the_files_and_sets_other_packages_aside() {
    if !are_met(&["rpmbuild", "rpm"], "-m") {
        return;
    }
    let laid = Laid::out();
    let (_folder, rpm) = package(&laid, "rpm");
    let files = printed("rpm", &["-qpl"], &rpm);
    let programs = files.lines().filter(|path| path.starts_with("/usr/sbin/"));
    // The program itself is one of them.
    assert_eq!(programs.count(), laid.agents() + 1, "{files}");
    for path in [
        "/etc/fencebox/policy.toml",
        "/usr/lib/fencebox/plugins/fence_xenapi.cwasm",
        "/usr/share/doc/fencebox/LICENSE-MIT",
        "/usr/share/man/man8/fence_xenapi.8.gz",
        "/var/log/fencebox",
    ] {
        assert!(files.lines().any(|line| line == path), "{files}");
    }
    let settings = "/etc/fencebox/observe.toml\n/etc/fencebox/policy.toml\n/etc/logrotate.d/fencebox\n";
    assert_eq!(printed("rpm", &["-qpc"], &rpm), settings);
    let requires = printed("rpm", &["-qp", "--requires"], &rpm);
    let further = requires
        .lines()
        .find(|line| !line.starts_with("rpmlib(") && !line.starts_with("config("));
    assert_eq!(further, None, "it needs no other package");
    let conflicts = printed("rpm", &["-qp", "--conflicts"], &rpm);
    for other in [
        "fence-agents-ipmilan < 99",
        "fence-agents-xenapi < 99",
        "fence-virt < 99",
    ] {
        assert!(conflicts.lines().any(|line| line == other), "{conflicts}");
    }
    let owners = printed(
        "rpm",
        &["-qp", "--queryformat", "[%{FILEUSERNAME}:%{FILEGROUPNAME}\n]"],
        &rpm,
    );
    assert!(owners.lines().all(|owner| owner == "root:root"), "{owners}");
}

#[test]
fn an_image_runs_in_an_empty_root() {
    if !are_met(&["tar", "gzip", "skopeo", "chroot"], "-m") {
        return;
    }
    let (folder, image) = package(&Laid::out(), "image");
    let loaded = folder.path().join("loaded");
    let output = shell("-m", IMAGE, &[("IMAGE", &image), ("LOADED", &loaded)]);
    assert_reported(
        &output,
        &["65532:65532 [\"/usr/sbin/fencebox\"]", "./usr", "Status: OFF"],
    );
}

const IMAGE: &str = r#"
set -euo pipefail
skopeo copy --quiet --insecure-policy oci-archive:$IMAGE dir:$LOADED
python3 - <<'END'
import json, os
folder = os.environ["LOADED"]
manifest = json.load(open(folder + "/manifest.json"))
blob = lambda part: folder + "/" + part["digest"].split(":")[1]
config = json.load(open(blob(manifest["config"])))["config"]
print("test:", config["User"], json.dumps(config["Entrypoint"]))
os.symlink(blob(manifest["layers"][0]), folder + "/layer")
END
mkdir $LOADED/root
chmod 755 $LOADED $LOADED/root
tar -xzf $LOADED/layer -C $LOADED/root
cd $LOADED/root
echo "test: $(find . -mindepth 1 -maxdepth 1)"
# The program of the tests is not static, as that of a release is.
for library in $(ldd usr/sbin/fencebox | grep -o '/[^ ]*' || true); do
    mkdir -p ".$(dirname "$library")"
    cp -L "$library" ".$library"
done
# A folder of the agent's user, as a volume would be.
install -d -m 700 -o 65532 -g 65532 $LOADED/root/volume
echo "test: $(printf 'action=status\ntype=file\nstatus_file=/volume/power\n' | chroot --userspec=65532:65532 . /usr/sbin/fence_dummy || true)"
"#;
