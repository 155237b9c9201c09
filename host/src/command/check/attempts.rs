//! The operations that are tried before and after the confinement of this process.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::net::{TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::confinement::Needs;

/// Every user can read this file, and no agent needs it.
const UNDECLARED: &str = "/etc/passwd";

/// One operation that is tried.
pub(super) struct Attempt {
    /// The expected result, for the report.
    pub(super) what: String,
    action: Box<dyn Fn() -> io::Result<()>>,
    /// It must stay possible.
    declared: bool,
    before: bool,
    after: bool,
}

/// The result of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As expected.
    Right,
    /// Possible although it must not be, or the reverse.
    Wrong,
    /// It was not possible before the confinement, so it proves nothing.
    Untried,
}

impl Attempt {
    fn new(declared: bool, what: String, action: impl Fn() -> io::Result<()> + 'static) -> Self {
        let before = action().is_ok();
        Self {
            what,
            action: Box::new(action),
            declared,
            before,
            after: before,
        }
    }

    fn refused(what: impl Into<String>, action: impl Fn() -> io::Result<()> + 'static) -> Self {
        Self::new(false, what.into(), action)
    }

    fn possible(what: impl Into<String>, action: impl Fn() -> io::Result<()> + 'static) -> Self {
        Self::new(true, what.into(), action)
    }

    /// The result.
    pub(super) fn verdict(&self) -> Verdict {
        match (self.before, self.after == self.declared) {
            (false, _) => Verdict::Untried,
            (true, true) => Verdict::Right,
            (true, false) => Verdict::Wrong,
        }
    }
}

/// All attempts, by subject.
pub(super) struct Attempts {
    pub(super) files: Vec<Attempt>,
    pub(super) ports: Vec<Attempt>,
    pub(super) sockets: Vec<Attempt>,
    pub(super) signals: Vec<Attempt>,
    pub(super) programs: Vec<Attempt>,
    pub(super) calls: Vec<Attempt>,
    needs: Needs,
    status: Option<File>,
    /// Kept open, because the attempts connect to them.
    _listeners: (Vec<TcpListener>, Option<UnixListener>),
}

impl Attempts {
    /// Tries everything for the first time.
    pub(super) fn prepare() -> Self {
        let program = std::env::current_exe().unwrap_or_default();
        let mut needs = Needs {
            read: [program.clone()].into(),
            names: true,
            ..Needs::default()
        };
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0"));
        let listeners: Vec<_> = listeners.into_iter().flatten().collect();
        let ports = listeners.iter().filter_map(|listener| listener.local_addr().ok());
        let ports: Vec<_> = ports.map(|address| address.port()).collect();
        needs.ports.extend(ports.first());
        let (sockets, listener) = sockets();
        Self {
            files: files(&program),
            ports: ports
                .iter()
                .enumerate()
                .map(|(index, port)| connecting(*port, index == 0))
                .collect(),
            sockets,
            signals: vec![Attempt::refused("cannot be sent to the caller", || {
                let caller = rustix::process::getppid().ok_or(io::ErrorKind::NotFound)?;
                Ok(rustix::process::test_kill_process(caller)?)
            })],
            programs: vec![Attempt::refused("cannot be started", move || start(&program))],
            calls: vec![Attempt::refused("getpriority is not available", || {
                Ok(rustix::process::getpriority_process(None).map(drop)?)
            })],
            needs,
            status: File::open("/proc/thread-self/status").ok(),
            _listeners: (listeners, listener),
        }
    }

    /// What the attempts need that must stay possible.
    pub(super) fn needs(&self) -> Needs {
        self.needs.clone()
    }

    /// Tries everything again.
    pub(super) fn repeat(&mut self) {
        let all = [&mut self.files, &mut self.ports, &mut self.sockets];
        let all = all
            .into_iter()
            .chain([&mut self.signals, &mut self.programs, &mut self.calls]);
        for attempt in all.flatten() {
            attempt.after = (attempt.action)().is_ok();
        }
    }

    /// Whether the kernel reports `no_new_privs` for this thread; `None` if it cannot be read.
    pub(super) fn no_new_privileges(&mut self) -> Option<bool> {
        let status = self.status.as_mut()?;
        let mut text = String::new();
        status.rewind().and_then(|()| status.read_to_string(&mut text)).ok()?;
        let value = text.lines().find_map(|line| line.strip_prefix("NoNewPrivs:"))?;
        Some(value.trim() == "1")
    }
}

fn files(program: &Path) -> Vec<Attempt> {
    let declared = program.to_owned();
    let draft = std::env::temp_dir().join(format!("fencebox-check-{}", std::process::id()));
    let folder = std::env::temp_dir();
    vec![
        Attempt::refused(format!("{UNDECLARED} cannot be read"), || {
            File::open(UNDECLARED).map(drop)
        }),
        Attempt::refused(format!("no file can be created in {}", folder.display()), move || {
            make(&draft)
        }),
        Attempt::possible("a declared file can be read", move || File::open(&declared).map(drop)),
    ]
}

fn make(draft: &PathBuf) -> io::Result<()> {
    File::create_new(draft)?;
    std::fs::remove_file(draft)
}

fn connecting(port: u16, declared: bool) -> Attempt {
    let action = move || TcpStream::connect(("127.0.0.1", port)).map(drop);
    if declared {
        Attempt::possible("a declared port can be connected to", action)
    } else {
        Attempt::refused("another port cannot be connected to", action)
    }
}

/// An abstract socket, with its listener.
fn sockets() -> (Vec<Attempt>, Option<UnixListener>) {
    let name = format!("fencebox-check-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(name);
    let listener = address
        .as_ref()
        .ok()
        .and_then(|address| UnixListener::bind_addr(address).ok());
    let attempt = address.map(|address| {
        Attempt::refused("abstract sockets cannot be connected to", move || {
            UnixStream::connect_addr(&address).map(drop)
        })
    });
    (attempt.into_iter().collect(), listener)
}

fn start(program: &Path) -> io::Result<()> {
    let status = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::ErrorKind::Other.into())
    }
}
