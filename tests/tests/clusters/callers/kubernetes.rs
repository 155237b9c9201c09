//! Agents in a container of Kubernetes, as the operators of medik8s call them: as a user without rights, with a
//! read-only root, no writable /tmp, no /dev/log, and secrets in a volume.

use crate::callers::{MACHINE, cloud};
use crate::support::{Outcome, isolated, needs, program, run};

/// The user of images without a shell.
const USER: &str = "65532";

/// Makes a container of this process: `/mnt` is the volume, with the links that the kubelet makes. Arguments: the
/// secret's group, its mode, how the volume is mounted (`ro` or `rw`), and the command.
const CONTAINER: &str = r#"set -e
mount --make-rprivate /
mount -t tmpfs -o mode=0755 none /mnt
mkdir /mnt/..2026_11_29
printf 's3cret\n' >/mnt/..2026_11_29/secret
chown "0:$1" /mnt/..2026_11_29/secret
chmod "$2" /mnt/..2026_11_29/secret
ln -s ..2026_11_29 /mnt/..data
ln -s ..data/secret /mnt/secret
mount -o "remount,$3" /mnt
shift 3
mount -t tmpfs none /dev
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/urandom c 1 9
mount -o remount,ro /dev
mount -t tmpfs -o ro none /tmp
mount -o remount,bind,ro /
exec setpriv --reuid 65532 --regid 65532 --clear-groups "$@""#;

struct Volume {
    group: &'static str,
    mode: &'static str,
    mounted: &'static str,
}

/// `None` if this machine cannot make containers.
fn in_container(volume: &Volume, agent: &str, arguments: &[&str]) -> Option<Outcome> {
    let rights = "mount --make-rprivate / && mount -t tmpfs none /mnt && mount -o remount,bind,ro /";
    if !needs::are_met(&["setpriv", "unshare"], "-m", rights) {
        return None;
    }
    let mut unshare = isolated("unshare");
    unshare
        .args(["-m", "sh", "-c", CONTAINER, "sh"])
        .args([volume.group, volume.mode, volume.mounted])
        .arg(program(agent))
        .args(arguments);
    Some(run(unshare, ""))
}

/// Names and values apart, as the operator passes them.
#[test]
fn medik8s_calls_agents_with_a_secret_of_a_volume() {
    for (group, mode, mounted) in [
        // With `fsGroup` and `defaultMode: 0400`; the default mode; and the strictest mode without a group.
        (USER, "0440", "ro"),
        (USER, "0640", "rw"),
        ("0", "0644", "ro"),
        ("0", "0444", "ro"),
    ] {
        let (cloud, volume) = (cloud(), Volume { group, mode, mounted });
        let call = |action: &str| {
            let url = cloud.url();
            let arguments = [
                ["--action", action],
                ["--plug", MACHINE],
                ["--username", "fencer"],
                ["--password-file", "/mnt/secret"],
                ["--account", "ACME"],
                ["--stonith-status-sleep", "0"],
                ["--api-url", &url],
            ];
            in_container(&volume, "fence_clc", arguments.as_flattened())
        };
        let Some(status) = call("status") else { return };
        status.assert_done("Status: ON\n");
        assert_eq!(status.stderr, "", "{group} {mode} {mounted}");
        call("off").unwrap().assert_done("Success: Powered OFF\n");
    }
}

#[test]
fn a_secret_that_others_can_reach_is_refused() {
    for (group, mode, mounted, reason) in [
        ("0", "0644", "rw", "others have access to it (mode 644); chmod 600 it"),
        (USER, "0660", "rw", "others can change it (mode 660); chmod 600 it"),
        (
            USER,
            "0664",
            "ro",
            "others can change it (mode 664); the volume is read-only: ",
        ),
    ] {
        let arguments = ["--action", "status", "--plug", MACHINE, "--username", "fencer"];
        let arguments = [&arguments[..], &["--password-file", "/mnt/secret"]].concat();
        let volume = Volume { group, mode, mounted };
        let Some(outcome) = in_container(&volume, "fence_clc", &arguments) else {
            return;
        };
        outcome.assert_refused(&["option password_file is \"/mnt/secret\": ", reason]);
    }
}

/// The agent is confined before it reads the key, also to the file behind the links.
#[test]
fn a_key_file_in_a_volume_is_read_through_its_links() {
    let volume = Volume {
        group: USER,
        mode: "0440",
        mounted: "ro",
    };
    let call = |key: &str| {
        let arguments = [
            "--action",
            "status",
            "--plug",
            "vm1",
            "--ipaddr",
            "127.0.0.1",
            "--ipport",
            "1",
        ];
        let arguments = [&arguments[..], &["--timeout", "1", "--key-file", key]].concat();
        in_container(&volume, "fence_virt", &arguments)
    };
    let Some(outcome) = call("/mnt/secret") else { return };
    assert!(!outcome.stderr.contains("option key_file"), "{outcome:?}");
    outcome.assert_refused(&["127.0.0.1"]);
    // A remedy fits its cause.
    let missing = call("/mnt/missing").unwrap();
    missing.assert_refused(&[
        "option key_file: /mnt/missing: ",
        "copy it from a hypervisor, or set auth=none",
    ]);
    let secret = Volume {
        group: "0",
        mode: "0400",
        mounted: "ro",
    };
    let arguments = [
        "--action",
        "status",
        "--plug",
        "vm1",
        "--ipaddr",
        "127.0.0.1",
        "--key-file",
        "/mnt/secret",
    ];
    let unreadable = in_container(&secret, "fence_virt", &arguments).unwrap();
    unreadable.assert_refused(&[
        "option key_file: /mnt/secret: Permission denied",
        "make it readable for the user",
    ]);
    assert!(!unreadable.stderr.contains("auth=none"), "{unreadable:?}");
}
