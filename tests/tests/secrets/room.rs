//! A room of its own for an agent: a mount namespace in which the sockets of
//! the journal and of syslog are a test's.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::support::program;

/// The folders that are put over `/dev` and `/run`, and who listens there.
pub struct Room {
    folder: TempDir,
    journal: Option<UnixDatagram>,
    syslog: UnixDatagram,
}

impl Room {
    /// With syslog, and with a journal beside it or not; none where this
    /// process may not make one, which is said.
    pub fn new(with_journal: bool) -> Option<Self> {
        let tried = Command::new("unshare").args(["-m", "true"]).status();
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

    /// The program of an agent in this room.
    pub fn agent(&self, name: &str) -> Command {
        self.program(&program(name))
    }

    /// A program in this room.
    pub fn program(&self, path: &Path) -> Command {
        let folder = self.folder.path().display();
        // `/dev/null` for the agent's own children.
        let script = format!(
            "touch {folder}/dev/null && mount --bind /dev/null {folder}/dev/null && mount --rbind {folder}/dev /dev && \
             mount --bind {folder}/run /run && exec \"$@\""
        );
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script, "sh"]).arg(path);
        command
    }

    /// What the journal got since the last time.
    pub fn journal(&self) -> Vec<String> {
        self.journal.as_ref().map(received).unwrap_or_default()
    }

    /// What syslog got since the last time.
    pub fn syslog(&self) -> Vec<String> {
        received(&self.syslog)
    }

    /// Keeps syslog's queue, which is some lines long, from being full while
    /// the agent writes; gives what came.
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

/// Takes all that waits, and then waits for no more: senders that ended have
/// sent.
fn received(socket: &UnixDatagram) -> Vec<String> {
    let mut all = Vec::new();
    let mut datagram = vec![0; 256 << 10];
    while let Ok(length) = socket.recv(&mut datagram) {
        all.push(String::from_utf8(datagram[..length].to_vec()).unwrap());
    }
    all
}
