//! Calling agents: as a cluster does, and in process on a virtual clock.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test code, shared by test files, each of which uses its part"
)]

pub mod matrix;
pub mod python;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fencebox::agent::audit::Audit;
use fencebox::agent::clock::Clock;
use fencebox::agent::log::Log;
use fencebox::agent::options::Table;
use fencebox::agent::run::Call;
use fencebox::agent::virtual_clock::VirtualClock;
use fencebox::plugin::Plugin;
use fencebox_tests::secrets::Secrets;
use wait4::Wait4;

/// The install tree that `cargo xtask test` has laid out.
pub fn tree() -> PathBuf {
    let tree = std::env::var_os("FENCEBOX_TREE");
    tree.map(PathBuf::from)
        .expect("FENCEBOX_TREE is not set; run `cargo xtask test`")
}

/// The program of an agent in the install tree.
pub fn program(name: &str) -> PathBuf {
    tree().join("usr/sbin").join(name)
}

/// Most memory that any program may have resident, whatever it is given, in KiB.
pub const MEMORY: u64 = 128 * 1024;

/// What came of a call.
#[derive(Debug)]
pub struct Outcome {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
    /// The most memory that the program had resident, in KiB; 0 where no
    /// program was run. Linux counts what its parent had when it was started.
    pub peak: u64,
}

impl Outcome {
    /// Failed as a failure should: exit 1, nothing on standard output, one
    /// line on standard error, which says all of `words`.
    #[track_caller]
    pub fn assert_refused(&self, words: &[&str]) {
        assert_eq!(self.exit, Some(1), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "one line: {self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self:?}");
        }
    }

    /// None of the secrets is in what it wrote, nor in its debug file.
    #[track_caller]
    pub fn assert_discreet(&self, secrets: &Secrets, stdin: &[u8]) {
        secrets.assert_untold(&self.stdout, self);
        secrets.assert_untold(&self.stderr, self);
        let stdin = String::from_utf8_lossy(stdin);
        let files = stdin.lines().filter_map(|line| line.strip_prefix("debug_file="));
        for text in files.filter_map(|path| std::fs::read(path).ok()) {
            secrets.assert_untold(&String::from_utf8_lossy(&text), &"the debug file");
        }
    }

    #[track_caller]
    pub fn assert_done(&self, stdout: &str) {
        assert_eq!((self.exit, self.stdout.as_str()), (Some(0), stdout), "{self:?}");
    }
}

/// Runs the real program as Pacemaker does: no arguments, everything on
/// standard input.
#[track_caller]
pub fn call(name: &str, stdin: &str) -> Outcome {
    run(Command::new(program(name)), stdin)
}

/// Runs the real program with arguments, and nothing on standard input.
#[track_caller]
pub fn call_with(name: &str, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program(name));
    command.args(arguments);
    run(command, "")
}

/// Runs a program. Whatever comes of it, it needs little memory, and tells
/// nobody the secrets that it was given.
#[track_caller]
pub fn run(mut command: Command, stdin: &(impl AsRef<[u8]> + ?Sized)) -> Outcome {
    let outcome = observe(&mut command, stdin.as_ref());
    assert!(outcome.peak < MEMORY, "{} KiB resident: {outcome:?}", outcome.peak);
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    outcome.assert_discreet(&Secrets::given(arguments, stdin.as_ref()), stdin.as_ref());
    outcome
}

/// Runs a program of somebody else's, of which nothing is expected.
pub fn observe(command: &mut Command, stdin: &[u8]) -> Outcome {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|cause| panic!("{command:?}: {cause}"));
    attend(child, stdin)
}

/// Gives a program its input, takes what it writes, and waits for its end.
pub fn attend(mut child: Child, stdin: &[u8]) -> Outcome {
    let started = Instant::now();
    let read = |stream: Option<Box<dyn Read + Send>>| {
        let mut bytes = Vec::new();
        stream.unwrap().read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    std::thread::scope(|scope| {
        let stdout = child.stdout.take().map(|stream| Box::new(stream) as _);
        let stderr = child.stderr.take().map(|stream| Box::new(stream) as _);
        let stdout = scope.spawn(move || read(stdout));
        let stderr = scope.spawn(move || read(stderr));
        // An agent with arguments does not read it, and may be gone already.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        let end = child.wait4().unwrap();
        Outcome {
            exit: end.status.code(),
            stdout,
            stderr,
            took: started.elapsed(),
            peak: end.rusage.maxrss / 1024,
        }
    })
}

/// Runs the real host and the real plugin in this process, on virtual time:
/// only the network takes real time.
pub fn call_virtually(name: &str, stdin: &str) -> Outcome {
    let clock = Arc::new(VirtualClock::default());
    let stderr = Captured::default();
    let log = Arc::new(Log::new(Box::new(stderr.clone())));
    let mut device = plugin(name).describe(name, &log, clock.clone()).unwrap();
    let table = Table::new(&device.description).unwrap();
    let mut stdout = Vec::new();
    let call = Call {
        name,
        arguments: &[],
        stdin: &mut stdin.as_bytes(),
        stdout: &mut stdout,
        log: &log,
        clock: clock.as_ref(),
        service: None,
        confine: &|_| (),
        credentials: None,
        audit: &Audit::unheard(),
    };
    let exit = call.run(&table, &mut device);
    let outcome = Outcome {
        exit: Some(exit.code().into()),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: stderr.text(),
        took: clock.now(),
        peak: 0,
    };
    outcome.assert_discreet(&Secrets::given::<&str>([], stdin.as_bytes()), stdin.as_bytes());
    outcome
}

/// The plugin, loaded once for all calls of a test program.
fn plugin(name: &str) -> Arc<Plugin> {
    static LOADED: Mutex<BTreeMap<String, Arc<Plugin>>> = Mutex::new(BTreeMap::new());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let load = || {
        let path = tree().join(format!("usr/lib/fencebox/plugins/{name}.wasm"));
        let log = Log::new(Box::new(std::io::sink()));
        Arc::new(Plugin::load(path, &log).unwrap())
    };
    loaded.entry(name.to_owned()).or_insert_with(load).clone()
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
