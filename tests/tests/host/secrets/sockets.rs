//! An isolated environment for an agent: a mount namespace in which the test listens at the sockets of the journal and
//! of syslog.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::support::program;
use crate::support::isolated;

/// The folders that replace `/dev` and `/run`, and the listening sockets.
pub struct LogSockets {
    folder: TempDir,
    journal: Option<UnixDatagram>,
    syslog: UnixDatagram,
}

impl LogSockets {
    /// With syslog, and optionally with a journal; `None`, with a message, if this process cannot create a mount
    /// namespace.
    pub fn new(with_journal: bool) -> Option<Self> {
        let tried = isolated("unshare").args(["-m", "true"]).status();
        if !tried.is_ok_and(|status| status.success()) {
            assert!(std::env::var_os("CI").is_none(), "CI has to run this as root");
            eprintln!("SKIPPED: no mount namespace; run this as root");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (dev, run) = (folder.path().join("dev"), folder.path().join("run"));
        std::fs::create_dir_all(&dev).unwrap();
        std::fs::create_dir_all(run.join("systemd/journal")).unwrap();
        let journal = with_journal.then(|| bind(&run.join("systemd/journal/socket")));
        Some(Self {
            syslog: bind(&dev.join("log")),
            journal,
            folder,
        })
    }

    /// The program of an agent in the environment.
    pub fn agent(&self, name: &str) -> Command {
        self.program(&program(name))
    }

    /// A program in the environment.
    pub fn program(&self, path: &Path) -> Command {
        let folder = self.folder.path().display();
        // `/dev/null` for the agent's child processes.
        let script = format!(
            "touch {folder}/dev/null && mount --bind /dev/null {folder}/dev/null && mount --rbind {folder}/dev /dev && \
             mount --bind {folder}/run /run && exec \"$@\""
        );
        let mut command = isolated("unshare");
        command.args(["-m", "sh", "-c", &script, "sh"]).arg(path);
        command
    }

    /// The entries that the journal received since the last call.
    pub fn journal(&self) -> Vec<String> {
        self.journal.as_ref().map(received).unwrap_or_default()
    }

    /// The lines that syslog received since the last call.
    pub fn syslog(&self) -> Vec<String> {
        received(&self.syslog)
    }

    /// Empties syslog's queue, which holds only a few lines, while the agent writes; returns all lines.
    pub fn listen_while(&self, running: impl FnOnce() + Send) -> Vec<String> {
        std::thread::scope(|scope| {
            let task = scope.spawn(running);
            let mut all = Vec::new();
            while !task.is_finished() {
                all.extend(self.syslog());
                std::thread::sleep(Duration::from_millis(1));
            }
            all.extend(self.syslog());
            all
        })
    }
}

fn bind(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// Takes all waiting datagrams and does not wait for more: a process that has ended has already sent everything.
fn received(socket: &UnixDatagram) -> Vec<String> {
    let mut all = Vec::new();
    let mut datagram = vec![0; 256 << 10];
    while let Ok(length) = socket.recv(&mut datagram) {
        all.push(String::from_utf8(datagram[..length].to_vec()).unwrap());
    }
    all
}
