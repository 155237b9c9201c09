//! `fence_redfish`, sushy-tools and libvirt: a guest of qemu that writes a heartbeat, which stops when it is fenced.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use super::sushy;
use crate::support::guest::{Guest, guest};
use crate::support::{Outcome, isolated, needs, program, run};

/// More than a guest needs to boot on a busy machine.
const BOOT: Duration = Duration::from_secs(120);

/// Debian's Python module of libvirt, which no registry has in built form.
const MODULES: &str = "/usr/lib/python3/dist-packages";

const DRIVER: &str = "SUSHY_EMULATOR_LIBVIRT_URI = 'qemu:///system'\n";

/// libvirt, its guest and sushy-tools, with the folders and users of libvirt in the same mount namespace, so that nothing
/// of the machine is used or changed. All of it ends when the standard input of the shell ends.
const SCRIPT: &str = r#"
set -eu
cd "$1"
ip link set lo up
for folder in /run /etc/libvirt /var/lib/libvirt; do mkdir -p $folder; mount -t tmpfs none $folder; done
cp /etc/passwd /etc/group .
echo 'libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin' >>passwd
echo 'libvirt-qemu:x:64055:' >>group
echo 'libvirt:x:64056:' >>group
for file in passwd group; do mount --bind $file /etc/$file; done
echo 'auth_unix_rw = "none"' >/etc/libvirt/libvirtd.conf
cat >/etc/libvirt/qemu.conf <<END
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
stdio_handler = "file"
END
exec 2>log
libvirtd -f /etc/libvirt/libvirtd.conf >&2 &
until virsh -q -c qemu:///system define node1.xml >&2; do sleep 0.1; kill -0 $!; done
virsh -q -c qemu:///system start node1 >&2
PYTHONPATH=$1/modules "$2" -c "$3" --config sushy.conf >&2 &
until grep -q ':20FB .* 0A ' /proc/net/tcp && [ -s heartbeat ]; do sleep 0.1; kill -0 $!; done
echo ready
cat >/dev/null
"#;

/// The port in `SCRIPT`.
const PORT: u16 = 0x20fb;

struct Lab {
    shell: Child,
    stdin: Option<ChildStdin>,
    folder: tempfile::TempDir,
}

impl Lab {
    /// None if a requirement is missing; in CI, that is a failure.
    fn start() -> Option<Self> {
        let programs = ["libvirtd", "virsh", "ip", "nsenter"];
        if !needs::are_met(&programs, "-nmpf", "mount -t tmpfs none /mnt") {
            return None;
        }
        let guest = guest()?;
        let folder = tempfile::Builder::new().prefix("fencebox-libvirt-").tempdir().unwrap();
        let interpreter = sushy::configure(folder.path(), PORT, DRIVER)?;
        let modules = modules(folder.path());
        let mut import = isolated(interpreter);
        import.args(["-c", "import libvirt"]).env("PYTHONPATH", &modules);
        if !import.stderr(Stdio::null()).status().unwrap().success() {
            needs::skip("python3-libvirt is missing, or is for another Python");
            return None;
        }
        std::fs::write(folder.path().join("node1.xml"), domain(guest, folder.path())).unwrap();
        let mut shell = isolated("unshare")
            .args(["-nmpf", "--kill-child", "--mount-proc", "--propagation", "private"])
            .args(["sh", "-c", SCRIPT, "sh"])
            .args([folder.path(), interpreter])
            .arg(sushy::PROGRAM)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdin = shell.stdin.take();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let log = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        assert_eq!(line, "ready\n", "no service: {}", log());
        Some(Self { shell, stdin, folder })
    }

    /// The complete heartbeats so far.
    fn heartbeats(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("heartbeat")).unwrap();
        let complete = text.rsplit_once('\n').unwrap_or_default().0;
        complete.lines().map(str::to_owned).collect()
    }

    /// Asserts that the guest writes no more, and that its process has ended.
    #[track_caller]
    fn assert_dead(&self) {
        let before = self.heartbeats();
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(self.heartbeats(), before, "the guest still runs");
        // The mount namespace has the process list of the lab alone.
        let mut list = isolated("nsenter");
        list.args(["-t", &self.shell.id().to_string(), "-m"]);
        list.args(["sh", "-c", "cat /proc/[0-9]*/comm"]);
        let output = list.stderr(Stdio::null()).output().unwrap();
        let names = String::from_utf8_lossy(&output.stdout);
        assert!(names.contains("libvirtd") && !names.contains("qemu-system"), "{names}");
    }

    /// Waits until the guest writes again, and returns the name of its boot.
    #[track_caller]
    fn await_alive(&self) -> String {
        let before = self.heartbeats().len();
        let start = Instant::now();
        while self.heartbeats().len() <= before {
            assert!(start.elapsed() < BOOT, "the guest does not run");
            std::thread::sleep(Duration::from_millis(50));
        }
        self.heartbeats().pop().unwrap()
    }

    fn fence(&self, action: &str) -> Outcome {
        let mut command = isolated("nsenter");
        command
            .args(["-t", &self.shell.id().to_string(), "-n"])
            .arg(program("fence_redfish"));
        let certificate = self.folder.path().join("certificate");
        let stdin = format!(
            "action={action}\nip=127.0.0.1\nipport={PORT}\nusername=root\npassword=s3cret\nca_file={}\nshell_timeout=10\n",
            certificate.display()
        );
        run(command, &stdin)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The end of its input ends the first process of the namespace, and with it all others.
        self.stdin = None;
        let _ = self.shell.wait();
    }
}

/// A folder with Debian's module of libvirt alone.
fn modules(folder: &Path) -> PathBuf {
    let to = folder.join("modules");
    std::fs::create_dir(&to).unwrap();
    for entry in std::fs::read_dir(MODULES).into_iter().flatten() {
        let (path, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name())
        };
        if name.to_string_lossy().starts_with("libvirt") {
            std::os::unix::fs::symlink(path, to.join(name)).unwrap();
        }
    }
    to
}

/// The guest, for libvirt.
fn domain(guest: &Guest, folder: &Path) -> String {
    let (files, folder) = (guest.folder().display(), folder.display());
    format!(
        "<domain type='qemu'><name>node1</name><memory unit='MiB'>160</memory><vcpu>1</vcpu><os>\
         <type arch='x86_64' machine='pc'>hvm</type><kernel>{files}/kernel</kernel><initrd>{files}/initrd</initrd>\
         <cmdline>panic=-1 quiet</cmdline></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>\
         <serial type='file'><source path='{folder}/heartbeat' append='on'/></serial></devices></domain>"
    )
}

#[test]
fn a_guest_of_libvirt_dies_when_it_is_fenced() {
    let Some(lab) = Lab::start() else {
        return;
    };
    lab.fence("monitor").assert_done("");
    lab.fence("status").assert_done("Status: ON\n");
    let first = lab.await_alive();
    lab.fence("off").assert_done("Success: Powered OFF\n");
    lab.assert_dead();
    assert_eq!(lab.fence("status").exit, Some(2));
    lab.fence("on").assert_done("Success: Powered ON\n");
    let second = lab.await_alive();
    lab.fence("reboot").assert_done("Success: Rebooted\n");
    let third = lab.await_alive();
    assert!(first != second && second != third, "{first} {second} {third}");
}
