//! OpenIPMI's `ipmi_sim`, a BMC of another author, in its own network. Its machine is a process or a guest of qemu that
//! writes a heartbeat while it has power. All of it ends when the standard input of its shell ends, so also after a test
//! that failed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use crate::support::guest::Guest;
use crate::support::{Outcome, isolated, needs, program, run};

/// The interval of the heartbeat, in seconds.
const INTERVAL: &str = "0.1";
/// Several heartbeats.
const SEVERAL: Duration = Duration::from_millis(600);
/// More than a guest needs to boot on a busy machine.
const BOOT: Duration = Duration::from_secs(400);
/// How qemu reaches the BMC: its interface for the guest, over which the BMC also switches the guest off.
const INTERFACE: &str = "-chardev socket,id=bmc,host=127.0.0.1,port=9002,reconnect=1 \
                         -device ipmi-bmc-extern,id=bmc0,chardev=bmc -device isa-ipmi-bt,bmc=bmc0";

/// Whether the requirements of the lab are met. In CI, a missing requirement is a failure.
pub(super) fn available() -> bool {
    needs::are_met(&["ipmi_sim", "ip", "nsenter"], "-n", "true")
}

/// The network, the BMC and its machine.
pub(super) struct Lab {
    shell: Child,
    stdin: Option<ChildStdin>,
    folder: tempfile::TempDir,
}

impl Lab {
    /// Starts the BMC, which starts its machine, a process.
    pub(super) fn start() -> Self {
        Self::with(|heartbeat| {
            format!(
                "exec >>{}\nwhile :; do echo $$; sleep {INTERVAL}; done",
                heartbeat.display()
            )
        })
    }

    /// Starts the BMC, which starts its machine, a guest of qemu.
    pub(super) fn start_guest(guest: &Guest) -> Self {
        Self::with(|heartbeat| format!("exec {}", guest.command(heartbeat, INTERFACE)))
    }

    /// `machine` gets the file for the heartbeat, and returns the commands of the machine.
    fn with(machine: impl Fn(&Path) -> String) -> Self {
        let folder = tempfile::Builder::new().prefix("fencebox-ipmi-").tempdir().unwrap();
        let path = folder.path().display();
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "lan.conf",
            format!(
                r#"name "node1"
set_working_mc 0x20
startlan 1
  addr 127.0.0.1 9001
  priv_limit admin
  allowed_auths_user none md2 md5 straight
  allowed_auths_operator none md2 md5 straight
  allowed_auths_admin none md2 md5 straight
  guid a123456789abcdefa123456789abcdef
endlan
user 2 true "admin" "s3cret" admin 10 none md2 md5 straight
user 3 true "viewer" "s3cret" user 10 none md2 md5 straight
serial 15 127.0.0.1 9002 codec VM
startcmd "{path}/machine"
startnow true
poweroff_wait 1
kill_wait 1
"#
            ),
        );
        write(
            "node.emu",
            "mc_setbmc 0x20\nmc_add 0x20 0 has-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n"
                .to_owned(),
        );
        write(
            "machine",
            format!(
                "#!/bin/sh\necho $$ >{path}/pid\n{}\n",
                machine(&folder.path().join("heartbeat"))
            ),
        );
        let tries = BOOT.as_millis() / 50;
        let script = format!(
            "ip link set lo up; chmod +x {path}/machine; mkdir {path}/state; \
             ipmi_sim -c {path}/lan.conf -f {path}/node.emu -s {path}/state -n </dev/null >{path}/log 2>&1 & D=$!; \
             i=0; until grep -q :2329 /proc/net/udp && [ -s {path}/heartbeat ]; do sleep 0.05; i=$((i+1)); \
             if [ $i = {tries} ]; then cat {path}/log; exit 1; fi; done; echo ready; \
             cat >/dev/null; kill $D; kill -9 $(cat {path}/pid); wait"
        );
        let mut shell = isolated("unshare")
            .args(["-n", "sh", "-c", &script])
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
        assert_eq!(line, "ready\n", "no BMC");
        Self { shell, stdin, folder }
    }

    /// The number of heartbeats so far, and the machine that wrote the last one.
    pub(super) fn heartbeat(&self) -> (usize, String) {
        let text = std::fs::read_to_string(self.folder.path().join("heartbeat")).unwrap();
        // The last line may be incomplete.
        let complete = text.rsplit_once('\n').unwrap_or_default().0;
        (
            complete.lines().count(),
            complete.lines().last().unwrap_or_default().to_owned(),
        )
    }

    /// Asserts that the machine writes no more.
    #[track_caller]
    pub(super) fn assert_dead(&self) {
        let before = self.heartbeat();
        std::thread::sleep(SEVERAL);
        assert_eq!(self.heartbeat(), before, "the machine still runs");
        let process = std::fs::read_to_string(self.folder.path().join("pid")).unwrap();
        let process = Path::new("/proc").join(process.trim_end());
        assert!(!process.exists(), "the process of the machine still exists");
    }

    /// Waits until the machine writes again, and returns its number.
    #[track_caller]
    pub(super) fn await_alive(&self) -> String {
        let (before, _) = self.heartbeat();
        let start = Instant::now();
        while self.heartbeat().0 == before {
            assert!(start.elapsed() < BOOT, "the machine does not run");
            std::thread::sleep(SEVERAL / 10);
        }
        self.heartbeat().1
    }

    /// Runs our agent in the network.
    pub(super) fn fence(&self, action: &str, further: &str) -> Outcome {
        let mut command = isolated("nsenter");
        command
            .arg("-t")
            .arg(self.shell.id().to_string())
            .arg("-n")
            .arg(program("fence_ipmilan"));
        let password = if further.contains("password=") {
            ""
        } else {
            "password=s3cret\n"
        };
        let username = if further.contains("username=") {
            ""
        } else {
            "username=admin\n"
        };
        let stdin = format!(
            "action={action}\nip=127.0.0.1\nipport=9001\n{username}{password}{}\n",
            further.replace(' ', "\n")
        );
        run(command, &stdin)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The end of its input ends the shell, which ends the BMC and its machine.
        self.stdin = None;
        let _ = self.shell.wait();
    }
}
