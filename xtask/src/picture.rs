//! `cargo xtask picture`: the picture of a fence in the README, drawn from a real run of `fence_clc` on a simulated cloud
//! that lags.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::build;
use crate::simulator::Simulator;
use crate::tree::Tree;

/// The settings of `cargo xtask picture`.
#[derive(Args)]
pub(crate) struct Settings {
    /// Install tree whose agent runs, without a build
    #[arg(long, requires = "simulator")]
    from: Option<PathBuf>,
    /// Program fencebox-sim, without a build
    #[arg(long, requires = "from")]
    simulator: Option<PathBuf>,
    /// File to write; docs/fence.svg if unset
    #[arg(long)]
    to: Option<PathBuf>,
}

/// The machine that is fenced.
const MACHINE: &str = "WA1ACMEDB02";
/// The simulated cloud: its reads are old for a while, as those of a real one.
const CLOUD: [&str; 5] = ["clc", "--machine", "WA1ACMEDB02=on,name=db02", "--lag", "2"];

/// One exchange of the run.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    request: String,
    status: String,
    note: Note,
}

/// What the agent concludes from an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Note {
    /// Nothing about the power.
    Plain(&'static str),
    /// The machine is not off, or it is not certain.
    NotOff(&'static str),
    /// A read that proves off, and its number.
    Off(usize),
}

pub(crate) fn run(settings: &Settings) -> Result<()> {
    let (tree, simulator) = match (&settings.from, &settings.simulator) {
        (Some(tree), Some(simulator)) => (Tree::open(tree.clone())?, simulator.clone()),
        _ => {
            let programs = build::programs()?;
            let plugins = build::plugins_of(&["fence_clc"])?;
            let tree = Tree::lay_out(build::target().join("picture"), &programs.host, &plugins)?;
            (tree, programs.simulator)
        }
    };
    let cloud = Simulator::start(&simulator, &CLOUD)?;
    let (stdout, stderr) = fence(&tree, &cloud)?;
    let (truth, _) = cloud.truth(MACHINE)?;
    ensure!(
        (stdout.as_str(), truth.as_str()) == ("Success: Powered OFF\n", "off"),
        "the machine is {truth}, and the agent printed {stdout:?}: {stderr}"
    );
    let steps = steps(&stderr);
    let proofs = steps.iter().filter(|step| matches!(step.note, Note::Off(_))).count();
    ensure!(proofs == 5, "{proofs} reads prove off, not 5: {stderr}");
    let to = settings
        .to
        .clone()
        .unwrap_or_else(|| build::workspace().join("docs/fence.svg"));
    std::fs::write(&to, svg(&steps, stdout.trim_end())).with_context(|| to.display().to_string())?;
    println!("{}", to.display());
    Ok(())
}

/// Standard output and standard error of `action=off`.
fn fence(tree: &Tree, cloud: &Simulator) -> Result<(String, String)> {
    let mut agent = Command::new(tree.agent("fence_clc"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let options = format!(
        "action=off\nplug={MACHINE}\nlogin=fencer\npasswd=s3cret\naccount=ACME\napi_url={}\nverbose=1\n\
         stonith_status_sleep=0\n",
        cloud.url()
    );
    agent.stdin.take().context("no input")?.write_all(options.as_bytes())?;
    let output = agent.wait_with_output()?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ok((text(&output.stdout), text(&output.stderr)))
}

/// The exchanges in the log, with what the agent has logged about each.
fn steps(log: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in log.lines() {
        let Some((_, message)) = line.split_once(": fence_clc: ") else {
            continue;
        };
        if let Some((request, rest)) = message.split_once(" to http://")
            && let Some((_, status)) = rest.split_once(": status ")
        {
            let status = status.split(' ').next().unwrap_or_default();
            steps.push(Step {
                request: request.to_owned(),
                status: status.to_owned(),
                note: first_note(request),
            });
        } else if message.starts_with("off: not yet, ")
            && let Some(last) = steps.last_mut()
        {
            last.note = if last.request.contains("/status/") {
                Note::NotOff("the task runs: not off")
            } else {
                Note::NotOff("the device still reports on: not off")
            };
        }
    }
    // The read before the request reports on; a read after it without another note reports off.
    let request = steps.iter().position(|step| step.request.contains("/powerOff"));
    let mut proofs = 0;
    for (index, step) in steps.iter_mut().enumerate() {
        if step.request.starts_with("GET /servers/") && step.note == Note::Plain("") {
            step.note = if Some(index) < request {
                Note::Plain("the machine is on")
            } else {
                proofs += 1;
                Note::Off(proofs)
            };
        }
    }
    steps
}

fn first_note(request: &str) -> Note {
    Note::Plain(match request {
        login if login.contains("/login") => "logged in",
        off if off.contains("/powerOff") => "accepted, which proves nothing",
        task if task.contains("/status/") => "the task is done, which proves nothing",
        _ => "",
    })
}

/// Width of the picture, in pixels.
const WIDTH: u32 = 920;
/// The lanes: Pacemaker, the agent, the device.
const LANES: [u32; 3] = [70, 330, 630];
/// The first row, and the height of each.
const TOP: u32 = 78;
const ROW: u32 = 24;

fn svg(steps: &[Step], answer: &str) -> String {
    let rows = u32::try_from(steps.len()).unwrap_or(u32::MAX).saturating_add(2);
    let bottom = TOP + ROW * rows;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <!-- Made by cargo xtask picture from a run of fence_clc. Do not edit. -->\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#444\"/></marker></defs>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n",
        height = bottom + 14,
    );
    let names = [
        ("Pacemaker", ""),
        ("fence_clc", "fencebox, with the plugin in a sandbox"),
        ("the device", "a cloud; its reads lag"),
    ];
    for (x, (name, about)) in LANES.into_iter().zip(names) {
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"24\" text-anchor=\"middle\" font-size=\"15\" font-weight=\"bold\">{name}</text>\
             <text x=\"{x}\" y=\"42\" text-anchor=\"middle\" fill=\"#666\">{about}</text>\
             <line x1=\"{x}\" y1=\"52\" x2=\"{x}\" y2=\"{bottom}\" stroke=\"#bbb\" stroke-width=\"2\"/>"
        );
    }
    let [cluster, agent, device] = LANES;
    arrow(&mut svg, cluster, agent, TOP, &format!("action=off plug={MACHINE}"));
    let mut y = TOP + ROW;
    for step in steps {
        arrow(&mut svg, agent, device, y, &step.request);
        let (color, note) = match &step.note {
            Note::Plain(note) => ("#444", (*note).to_owned()),
            Note::NotOff(note) => ("#b3261e", (*note).to_owned()),
            Note::Off(number) => ("#1b6e3c", format!("off, read {number} of 5")),
        };
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" fill=\"{color}\">{status} {note}</text>",
            x = device + 10,
            y = y + 4,
            status = step.status,
        );
        y += ROW;
    }
    arrow(&mut svg, agent, cluster, y, &format!("{answer}; exit code 0"));
    svg.push_str("</svg>\n");
    svg
}

/// An arrow with a text over it.
fn arrow(svg: &mut String, from: u32, to: u32, y: u32, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let (start, end) = if from < to {
        (from + 4, to - 4)
    } else {
        (from - 4, to + 4)
    };
    let _ = writeln!(
        svg,
        "<line x1=\"{start}\" y1=\"{y}\" x2=\"{end}\" y2=\"{y}\" stroke=\"#444\" marker-end=\"url(#tip)\"/>\
         <text x=\"{middle}\" y=\"{above}\" text-anchor=\"middle\" font-family=\"monospace\" font-size=\"11\">{text}</text>",
        middle = u32::midpoint(from, to),
        above = y - 5,
    );
}

#[cfg(test)]
mod tests {
    use super::{Note, steps};

    #[test]
    fn the_log_of_a_run_becomes_steps() {
        let log = "time DEBUG: fence_clc: confined\n\
                   time DEBUG: fence_clc: POST /authentication/login to http://127.0.0.1:1: status 200 (1 ms)\n\
                   time DEBUG: fence_clc: GET /servers/A/1 to http://127.0.0.1:1: status 200 (0 ms)\n\
                   time DEBUG: fence_clc: POST /operations/A/servers/powerOff to http://127.0.0.1:1: status 202 (0 ms)\n\
                   time DEBUG: fence_clc: GET /servers/A/1 to http://127.0.0.1:1: status 200 (0 ms)\n\
                   time INFO: fence_clc: off: not yet, [On] after poll 0\n\
                   time DEBUG: fence_clc: GET /servers/A/1 to http://127.0.0.1:1: status 200 (0 ms)\n";
        let steps = steps(log);
        let notes: Vec<_> = steps.iter().map(|step| step.note.clone()).collect();
        assert_eq!(
            notes,
            [
                Note::Plain("logged in"),
                Note::Plain("the machine is on"),
                Note::Plain("accepted, which proves nothing"),
                Note::NotOff("the device still reports on: not off"),
                Note::Off(1),
            ]
        );
        assert_eq!(
            (steps[2].request.as_str(), steps[2].status.as_str()),
            ("POST /operations/A/servers/powerOff", "202")
        );
    }
}
