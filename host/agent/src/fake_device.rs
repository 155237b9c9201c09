//! A device for tests, with given answers and a list of its calls.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io::Write;
use std::sync::{Arc, Mutex};

use super::audit::Audit;
use super::clock::{Clock, Deadline};
use super::description::{Description, Operations};
use super::device::{Device, Error, Plug, PowerStatus, PowerTarget, Rejection};
use super::exit::Exit;
use super::limits::Limits;
use super::log::Log;
use super::options::{Options, Table, build};
use super::power::OFF_READS;
use super::run::Invocation;

/// The answers, in order. The last power status of a plug repeats; other calls
/// succeed when their answers are used up.
#[derive(Debug, Default)]
pub(super) struct FakeDevice {
    pub(super) power: BTreeMap<String, VecDeque<Result<PowerStatus, Error>>>,
    pub(super) checked: VecDeque<Result<(), Error>>,
    pub(super) opened: VecDeque<Result<(), Error>>,
    pub(super) set: VecDeque<Result<(), Error>>,
    pub(super) cycled: VecDeque<Result<(), Error>>,
    pub(super) complete: VecDeque<Result<bool, Error>>,
    pub(super) listed: VecDeque<Result<Vec<Plug>, Error>>,
    pub(super) closed: VecDeque<Result<(), Error>>,
    pub(super) renewed: VecDeque<Result<(), Error>>,
    /// Whether its reads may be old.
    pub(super) lags: bool,
    /// Whether it has a single plug without a name.
    pub(super) is_single: bool,
    /// The environment's `PCMK_service`.
    pub(super) service: Option<&'static str>,
    pub(super) calls: Vec<String>,
}

impl FakeDevice {
    /// A device with these reads of the plug `1`, in order.
    pub(super) fn reporting(power: impl IntoIterator<Item = Result<PowerStatus, Error>>) -> Self {
        Self::default().and("1", power)
    }

    /// Adds the reads of another plug.
    pub(super) fn and(mut self, plug: &str, power: impl IntoIterator<Item = Result<PowerStatus, Error>>) -> Self {
        self.power.insert(plug.to_owned(), power.into_iter().collect());
        self
    }

    /// Sets the answers to requests for power on or off.
    pub(super) fn answering(mut self, answers: impl IntoIterator<Item = Result<(), Error>>) -> Self {
        self.set = answers.into_iter().collect();
        self
    }

    /// Number of calls that begin with this text.
    pub(super) fn asked(&self, what: &str) -> usize {
        self.calls.iter().filter(|call| call.starts_with(what)).count()
    }
}

fn next(answers: &mut VecDeque<Result<(), Error>>) -> Result<(), Error> {
    answers.pop_front().unwrap_or(Ok(()))
}

impl Device for FakeDevice {
    fn locate(&mut self, _: &Options) -> Result<(), Rejection> {
        Ok(())
    }

    fn check_options(&mut self, options: &Options) -> Result<(), Error> {
        self.calls.push(format!("check {}", options.pending().join(" ")));
        next(&mut self.checked)
    }

    fn open(&mut self, _: &Options, _: Limits) -> Result<(), Error> {
        self.calls.push("open".to_owned());
        next(&mut self.opened)
    }

    fn set_deadline(&mut self, deadline: Deadline) {
        self.calls.push(format!("deadline {}", deadline.as_secs()));
    }

    fn renew(&mut self) -> Result<(), Error> {
        self.calls.push("renew".to_owned());
        next(&mut self.renewed)
    }

    fn probe(&mut self) -> Result<(), Error> {
        self.calls.push("probe".to_owned());
        Ok(())
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus, Error> {
        self.calls.push(format!("power {plug}"));
        let answers = self.power.get_mut(plug).expect("a plug of the test");
        match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().expect("an answer"),
        }
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<(), Error> {
        self.calls.push(format!("{} {plug}", target.word()));
        next(&mut self.set)
    }

    fn cycle(&mut self, plug: &str) -> Result<(), Error> {
        self.calls.push(format!("cycle {plug}"));
        next(&mut self.cycled)
    }

    fn cycle_complete(&mut self, plug: &str) -> Result<bool, Error> {
        self.calls.push(format!("complete {plug}"));
        self.complete.pop_front().unwrap_or(Ok(true))
    }

    fn plugs(&mut self, _: bool) -> Result<Vec<Plug>, Error> {
        self.calls.push("list".to_owned());
        self.listed.pop_front().unwrap_or(Ok(Vec::new()))
    }

    fn diagnose(&mut self, plug: &str) -> Result<(), Error> {
        self.calls.push(format!("diagnose {plug}"));
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        self.calls.push("close".to_owned());
        next(&mut self.closed)
    }
}

/// The result of a call.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) exit: Exit,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs an agent with these operations.
pub(super) fn run(device: &mut FakeDevice, clock: &dyn Clock, operations: Operations, arguments: &[&str]) -> Outcome {
    run_audited(device, clock, operations, arguments, &Audit::disabled())
}

/// The options of an agent with these operations.
pub(super) fn table(device: &FakeDevice, operations: Operations) -> Table {
    let mut options = vec!["password", "method"];
    options.extend((!device.is_single).then_some("plug"));
    let description = Description {
        name: "fence_probe".to_owned(),
        options: options.into_iter().map(str::to_owned).collect(),
        rights: vec!["may be switched".to_owned()],
        operations: Operations {
            password_optional: true,
            settled_status: !device.lags,
            ..operations
        },
        ..Description::default()
    };
    build(&description).unwrap()
}

/// Runs an agent with an audit.
pub(super) fn run_audited(
    device: &mut FakeDevice,
    clock: &dyn Clock,
    operations: Operations,
    arguments: &[&str],
    audit: &Audit,
) -> Outcome {
    let table = table(device, operations);
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let (mut stdout, stderr) = (Vec::new(), CapturedLog::default());
    let call = Invocation {
        name: "fence_probe",
        arguments: &arguments,
        stdin: &mut std::io::empty(),
        stdout: &mut stdout,
        log: &stderr.log(),
        clock,
        service: device.service,
        confine: &|_| (),
        credentials: None,
        audit,
        off_reads: OFF_READS,
    };
    Outcome {
        exit: call.run(&table, device),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: stderr.text(),
    }
}

/// A log that keeps its text.
#[derive(Clone, Default)]
pub(super) struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    pub(super) fn log(&self) -> Log {
        Log::new(Box::new(self.clone()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
