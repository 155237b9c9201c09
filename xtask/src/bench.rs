//! `cargo xtask bench`: measures whole processes, ours and those of Debian's Python agents, against the same simulator.

mod aws;
mod chart;
mod devices;
mod meter;
mod report;
mod rows;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::build;
use crate::simulator::Simulator;
use crate::tree::Tree;
use devices::Devices;
use meter::{Meter, Run};
use report::Report;
use rows::{Before, Row, Who};

/// The Python agent of the package `fence-agents`.
const PYTHON_AGENT: &str = "/usr/sbin/fence_xenapi";

/// Writing `3` here empties the page cache (proc(5)).
const CACHE: &str = "/proc/sys/vm/drop_caches";

/// The arguments of the benchmark.
#[derive(Args)]
pub(crate) struct Settings {
    /// Number of runs of each row
    #[arg(long, default_value_t = 41)]
    rounds: u32,
    /// Number of machines of the longest list
    #[arg(long, default_value_t = 10_000)]
    machines: u32,
    /// Fail if a ratio of docs/benchmarks.md is missed
    #[arg(long)]
    check: bool,
    /// Write docs/benchmarks.md and docs/benchmarks.svg
    #[arg(long)]
    write: bool,
}

/// What was measured for one row.
pub(crate) struct Measured {
    row: Row,
    runs: Vec<Run>,
}

impl Measured {
    /// The median of one figure, without the first runs, which fill the caches.
    fn median(&self, figure: fn(&Run) -> f64) -> f64 {
        let warm = self.runs.len().min(3) - 1;
        let mut values: Vec<f64> = self.runs.iter().skip(warm).map(figure).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    }
}

pub(crate) fn run(settings: &Settings) -> Result<()> {
    ensure!(settings.rounds > 0, "--rounds is 0; give a number of at least 1");
    ensure!(
        !settings.check || Path::new(PYTHON_AGENT).exists(),
        "--check compares with {PYTHON_AGENT}, which is missing; install the package fence-agents"
    );
    let program = build::simulator()?;
    let plugins = build::plugins()?;
    let tree = Tree::lay_out(build::target().join("bench"), &build::release()?, &plugins)?;
    let meter = build::meter()?;
    let folder = tree.root().join("bench");
    std::fs::create_dir_all(&folder)?;
    let certificate = folder.join("certificate.pem");
    let certificate_argument = certificate.to_string_lossy();
    let plain = simulator(&program, &[])?;
    let secure = simulator(&program, &["--tls", "--certificate", certificate_argument.as_ref()])?;
    let middle = simulator(&program, &["--vms", "1000"])?;
    let count = settings.machines.to_string();
    let large = simulator(&program, &["--vms", &count])?;
    let slow = simulator(&program, &["--fault", "login=delay:2000"])?;
    let mut setting = Setting {
        meter: Meter::start(&meter, &certificate)?,
        empty: meter,
        host: tree.agent("fencebox"),
        ours: tree.agent("fence_xenapi"),
        theirs: PathBuf::from(PYTHON_AGENT),
        plugin: build::example()?.into_iter().next().context("no example")?,
        folder,
    };
    let ca = format!("ca_file={}\n", certificate.display());
    let mut rows = setting.rows(&plain, &secure, &middle, &large, settings.machines, &ca)?;
    let (devices, further) = Devices::start(&setting, &program)?;
    rows.extend(further);
    let mut measured: Vec<Measured> = rows.into_iter().map(|row| Measured { row, runs: Vec::new() }).collect();
    for round in 0..settings.rounds {
        // Another row begins each round, so that no row always follows the same one.
        let count = measured.len();
        for index in (0..count).map(|index| (round as usize + index) % count) {
            let Some(Measured { row, runs }) = measured.get_mut(index) else {
                continue;
            };
            // Rows with an empty cache come last, because the rows after them would be slower.
            let first = if row.before == Before::EmptyCache {
                settings.rounds - settings.rounds.div_ceil(10)
            } else {
                0
            };
            let last = if row.is_slow {
                first + settings.rounds.div_ceil(10)
            } else {
                settings.rounds
            };
            if !(first..last).contains(&round) {
                continue;
            }
            setting.prepare(row.before, &plain)?;
            let run = setting.meter.run(&row.command)?;
            if run.exit != row.exit {
                bail!(
                    "{}: exit code {}, not {}: {}",
                    row.name,
                    run.exit,
                    row.exit,
                    row.command
                );
            }
            runs.push(run);
        }
        eprint_progress(round + 1, settings.rounds);
    }
    drop(devices);
    let crowds = setting.crowds(&plain, &secure, &slow, &ca)?;
    let report = Report::new(measured, crowds, rows::size_of_list(&large)?, settings.machines);
    println!("{}", report.text());
    if settings.write {
        let docs = build::workspace().join("docs");
        std::fs::write(docs.join("benchmarks.md"), report.page())?;
        std::fs::write(docs.join("benchmarks.svg"), chart::svg(&report))?;
    }
    let missed = report.missed();
    ensure!(
        !settings.check || missed.is_empty(),
        "{} ratios are missed: {}",
        missed.len(),
        missed.join("; ")
    );
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the results on standard output can go to a file")]
fn eprint_progress(round: u32, of: u32) {
    if round.is_multiple_of(10) || round == of {
        eprintln!("round {round} of {of}");
    }
}

fn simulator(program: &Path, arguments: &[&str]) -> Result<Simulator> {
    Simulator::start(program, &[&["xenapi"], arguments].concat())
}

/// Where everything is.
struct Setting {
    meter: Meter,
    /// A program that does nothing: the meter with an argument.
    empty: PathBuf,
    host: PathBuf,
    ours: PathBuf,
    /// The Python agent, which may be missing.
    theirs: PathBuf,
    /// The plugin that the row `install` installs.
    plugin: PathBuf,
    /// The folder of input files.
    folder: PathBuf,
}

impl Setting {
    /// A file with this standard input.
    fn input(&self, name: &str, lines: &str) -> Result<String> {
        let file = self.folder.join(name);
        std::fs::write(&file, lines).with_context(|| file.display().to_string())?;
        Ok(file.to_string_lossy().into_owned())
    }

    /// Does what must be done before a run.
    fn prepare(&self, before: Before, simulator: &Simulator) -> Result<()> {
        match before {
            Before::Nothing => Ok(()),
            Before::SwitchOn => simulator.set_power(rows::MACHINE, "on"),
            Before::Remove => {
                // Before the first run, it is not installed.
                let mut remove = Command::new(&self.host);
                remove
                    .args(["remove", "fence_relay"])
                    .output()
                    .context("fencebox remove")?;
                Ok(())
            }
            Before::EmptyCache => {
                simulator.set_power(rows::MACHINE, "on")?;
                build::run(&mut Command::new("sync"))?;
                std::fs::write(CACHE, "3").context(CACHE)
            }
        }
    }

    /// The agents to compare.
    fn agents(&self) -> Vec<(Who, &Path)> {
        let mut agents = vec![(Who::Ours, self.ours.as_path())];
        if self.theirs.exists() {
            agents.push((Who::Python, &self.theirs));
        }
        agents
    }
}
