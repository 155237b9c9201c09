//! The rows of the benchmark.

use std::path::Path;

use anyhow::Result;

use super::{Meter, Setting};
use crate::simulator::Simulator;

/// The machine of the status and off actions; it runs.
pub(super) const MACHINE: &str = "c0ffee00-0000-4000-8000-000000000001";
/// Number of processes that start at once.
pub(super) const CROWD: u32 = 100;

/// Whose program a row measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// A program of the system, for comparison.
    System,
    /// fencebox.
    Ours,
    /// Debian's Python agent.
    Python,
}

/// What is done before a run and is not measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing.
    Nothing,
    /// The machine is switched on.
    SwitchOn,
    /// The plugin of the row `install` is removed.
    Remove,
    /// The kernel's page cache is emptied. Needs root.
    EmptyCache,
}

/// One row: a call that is measured.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) who: Who,
    /// The file for standard input, the program and the arguments, separated by tabs.
    pub(super) command: String,
    /// The expected exit code.
    pub(super) exit: i32,
    /// What is done before each run and is not measured.
    pub(super) before: Before,
    /// It is measured less often.
    pub(super) is_slow: bool,
}

/// Many processes at once.
pub(super) struct Crowd {
    pub(super) name: String,
    pub(super) who: Who,
    /// Until the last process has ended, in µs.
    pub(super) wall: f64,
    /// CPU time of all processes, in µs.
    pub(super) cpu: f64,
    /// The memory of all processes 0.5 s after the start, in KiB; shared pages count once. The device answers later.
    pub(super) memory: f64,
}

/// The standard input of an action.
fn lines(action: &str, simulator: &Simulator, further: &str) -> String {
    let url = simulator.url();
    format!("action={action}\nlogin=root\npasswd=s3cret\nplug=db01\nsession_url={url}\n{further}")
}

impl Setting {
    /// All rows, in the order of the tables.
    pub(super) fn rows(
        &self,
        plain: &Simulator,
        secure: &Simulator,
        middle: &Simulator,
        large: &Simulator,
        machines: u32,
        ca: &str,
    ) -> Result<Vec<Row>> {
        let row = |name: &str, who, input: &str, command: &[&str], exit| Row {
            name: name.to_owned(),
            who,
            command: [&[input], command].concat().join("\t"),
            exit,
            before: Before::Nothing,
            is_slow: who == Who::Python,
        };
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let (empty, host, ours) = (text(&self.empty), text(&self.host), text(&self.ours));
        let nothing = "/dev/null";
        let mut rows = vec![
            row("/bin/true", Who::System, nothing, &["/bin/true"], 0),
            row("an empty static program", Who::System, nothing, &[&empty, "nothing"], 0),
            row("fencebox --version", Who::Ours, nothing, &[&host, "--version"], 0),
            row("version", Who::Ours, nothing, &[&ours, "--version"], 0),
        ];
        let certificate = self.input("validate", &lines("validate-all", secure, ca))?;
        rows.push(row("validate-all", Who::Ours, &certificate, &[&ours], 0));
        rows.push(Row {
            before: Before::Remove,
            is_slow: true,
            ..row(
                "install",
                Who::Ours,
                nothing,
                &[&host, "install", "--no-links", &text(&self.plugin)],
                0,
            )
        });
        for (who, agent) in self.agents() {
            let agent = text(agent);
            let own = |further: &str| {
                if who == Who::Ours {
                    further.to_owned()
                } else {
                    String::new()
                }
            };
            let file = |action: &str, name: &str, simulator: &Simulator, further: &str| {
                self.input(&format!("{name}-{who:?}"), &lines(action, simulator, further))
            };
            rows.push(row("metadata", who, nothing, &[&agent, "-o", "metadata"], 0));
            let input = file("status", "status-http", plain, "")?;
            rows.push(Row {
                before: Before::SwitchOn,
                ..row("status, http", who, &input, &[&agent], 0)
            });
            if can_empty_cache() {
                let cold = |name: &str, input: &str, arguments: &[&str]| Row {
                    before: Before::EmptyCache,
                    is_slow: true,
                    ..row(
                        &format!("{name}, cold"),
                        who,
                        input,
                        &[&[agent.as_str()], arguments].concat(),
                        0,
                    )
                };
                rows.push(cold("metadata", nothing, &["-o", "metadata"]));
                rows.push(cold("status, http", &input, &[]));
            }
            let input = file("status", "status-https", secure, &own(ca))?;
            rows.push(row("status, https verified", who, &input, &[&agent], 0));
            let input = file("off", "off", plain, "power_wait=0\n")?;
            rows.push(Row {
                before: Before::SwitchOn,
                ..row("off", who, &input, &[&agent], 0)
            });
            for (count, simulator) in [(10, plain), (1000, middle), (machines, large)] {
                let input = file("list", &format!("list-{count}"), simulator, "shell_timeout=60\n")?;
                rows.push(Row {
                    is_slow: who == Who::Python || count > 1000,
                    ..row(&format!("list of {count}"), who, &input, &[&agent], 0)
                });
            }
        }
        Ok(rows)
    }

    /// Measures many processes at once.
    pub(super) fn crowds(
        &mut self,
        plain: &Simulator,
        secure: &Simulator,
        slow: &Simulator,
        ca: &str,
    ) -> Result<Vec<Crowd>> {
        let agents: Vec<(Who, String)> = self
            .agents()
            .into_iter()
            .map(|(who, agent)| (who, agent.to_string_lossy().into_owned()))
            .collect();
        let mut crowds = Vec::new();
        for (who, agent) in agents {
            let ca = if who == Who::Ours { ca } else { "" };
            for (name, simulator, further) in [("status, http", plain, ""), ("status, https verified", secure, ca)] {
                let input = self.input(&format!("crowd-{who:?}"), &lines("status", simulator, further))?;
                let command = format!("{input}\t{agent}");
                let (wall, cpu) = median(&mut self.meter, &command, if who == Who::Ours { 5 } else { 1 })?;
                let waiting = self.input(&format!("waiting-{who:?}"), &lines("status", slow, ""))?;
                let memory = self.meter.memory(CROWD, &format!("{waiting}\t{agent}"))?;
                crowds.push(Crowd {
                    name: name.to_owned(),
                    who,
                    wall,
                    cpu,
                    memory,
                });
            }
        }
        Ok(crowds)
    }
}

/// Whether this process may empty the page cache.
fn can_empty_cache() -> bool {
    std::fs::OpenOptions::new().write(true).open(super::CACHE).is_ok()
}

fn median(meter: &mut Meter, command: &str, times: usize) -> Result<(f64, f64)> {
    let runs: Result<Vec<_>> = (0..times).map(|_| meter.burst(CROWD, command)).collect();
    let mut runs = runs?;
    runs.sort_by(|one, other| one.0.total_cmp(&other.0));
    Ok(runs.get(times / 2).copied().unwrap_or_default())
}

/// The size of the answer that a list of this pool needs, in bytes.
pub(super) fn size_of_list(pool: &Simulator) -> Result<f64> {
    let member = |value: &str| format!("<param><value><string>{value}</string></value></param>");
    let call = |method: &str, parameters: &[&str]| {
        let parameters: String = parameters.iter().map(|value| member(value)).collect();
        format!(
            "<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params>{parameters}</params></methodCall>"
        )
    };
    let session = pool.post(&call("session.login_with_password", &["root", "s3cret"]))?;
    let reference = session
        .split("OpaqueRef:")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    let reference = format!("OpaqueRef:{}", reference.unwrap_or_default());
    let size = pool.post(&call("VM.get_all_records", &[&reference]))?.len();
    pool.post(&call("session.logout", &[&reference]))?;
    #[expect(clippy::cast_precision_loss, reason = "a rounded number of bytes")]
    Ok(size as f64)
}
