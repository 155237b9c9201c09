//! Runs the scenes of the cluster and measures the agents in them; `cargo xtask cluster` prepares what it needs.
#![expect(clippy::print_stdout, reason = "the measurements are printed for a person")]

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use fencebox_tests::cluster::{ACTS, Act, Agents, Fencing, Programs, Run, Scene, obstacle};

/// Isolates nodes of a real cluster, and measures the time until they are fenced
#[derive(Parser)]
struct Arguments {
    /// Agents to measure
    #[arg(long, value_enum, default_value = "ours")]
    agents: Whose,
    /// Number of runs of each scene, each in a new cluster
    #[arg(long, default_value_t = 3, value_name = "N")]
    runs: u32,
    /// Text in the names of the scenes to run
    #[arg(long, value_name = "TEXT", default_value = "")]
    scene: String,
    /// Also print the state and the logs of the cluster
    #[arg(long)]
    story: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Whose {
    /// The agents of the install tree
    Ours,
    /// The agents of the system: fence-agents in Python, and the client of fence_virtd
    Theirs,
}

/// The result of one run of a scene.
struct Played {
    fencing: Fencing,
    runs: Vec<Run>,
}

fn play(programs: &Programs, agents: Agents, act: &Act, scene: &Scene, story: bool) -> Result<Played> {
    let mut cluster = act.begin(programs, agents)?;
    let before = cluster.record()?.len();
    let fencing = scene.play(&mut cluster);
    if story {
        println!("{}", cluster.story());
    }
    let mut runs = cluster.record()?.split_off(before);
    runs.retain(|run| run.target.is_some());
    let fencing = fencing.with_context(|| format!("agents: {runs:?}"))?;
    Ok(Played { fencing, runs })
}

/// The median, the minimum and the maximum.
fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2);
    match (middle, values.first(), values.last()) {
        (Some(middle), Some(least), Some(most)) => format!("{middle:.2} ({least:.2} to {most:.2})"),
        _ => "-".to_owned(),
    }
}

fn row(scene: &Scene, played: &[Played], failures: usize) -> String {
    let of = |value: fn(&Fencing) -> f64| spread(played.iter().map(|played| value(&played.fencing)).collect());
    let runs: Vec<&Run> = played.iter().flat_map(|played| &played.runs).collect();
    let mut agents = Vec::new();
    let mut kinds: Vec<_> = runs.iter().map(|run| (&run.agent, run.exit)).collect();
    kinds.sort();
    kinds.dedup();
    for (agent, exit) in kinds {
        let same = || runs.iter().filter(|run| (&run.agent, run.exit) == (agent, exit));
        let peak = same().map(|run| run.peak).max().unwrap_or_default();
        agents.push(format!(
            "{agent} exit {exit}, {} times: {} s, {:.1} MiB",
            same().count(),
            spread(same().map(|run| run.seconds).collect()),
            peak as f64 / 1024.0
        ));
    }
    format!(
        "| {} | {} of {} | {} | {} | {} |",
        scene.name,
        played.len(),
        played.len() + failures,
        of(|fencing| fencing.dead),
        of(|fencing| fencing.fenced),
        agents.join("; ")
    )
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(obstacle) = obstacle() {
        anyhow::bail!("no cluster is possible on this machine: {obstacle}");
    }
    let own = std::env::current_exe()?;
    let programs = Programs {
        lab: own.with_file_name("fencebox-lab"),
        recorder: Some(own.with_file_name("fencebox-record")),
    };
    let agents = match arguments.agents {
        Whose::Ours => Agents::Ours,
        Whose::Theirs => Agents::Theirs,
    };
    let mut failed = false;
    println!("| scene | succeeded | cut to dead, s | cut to fenced, s | agents that were called to fence |");
    println!("|---|---|---|---|---|");
    for act in ACTS {
        for scene in act.scenes.iter().filter(|scene| scene.name.contains(&arguments.scene)) {
            let (mut played, mut failures) = (Vec::new(), Vec::new());
            for _ in 0..arguments.runs {
                match play(&programs, agents, &act, scene, arguments.story) {
                    Ok(one) => played.push(one),
                    Err(cause) => failures.push(format!("{cause:#}")),
                }
            }
            println!("{}", row(scene, &played, failures.len()));
            failed |= !failures.is_empty();
            for failure in failures {
                let lines: Vec<_> = failure.lines().take(3).collect();
                eprintln_failure(scene.name, &lines.join(" "));
            }
        }
    }
    Ok(ExitCode::from(u8::from(failed)))
}

#[expect(clippy::print_stderr, reason = "the table on standard output stays separate")]
fn eprintln_failure(scene: &str, failure: &str) {
    eprintln!("{scene}: {failure}");
}
