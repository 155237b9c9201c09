//! The commands of the page, block by block, each block with its own configuration, in a mount namespace in which our
//! agents hide the agents of the machine.

use std::fmt::Write as _;

use crate::pacemaker_page::page;
use crate::support::isolated;
use crate::support::{needs, observe, program};

/// Commands that need a running cluster or a machine with fencebox installed. Other tests run similar commands.
const ELSEWHERE: [&str; 10] = [
    "pcs stonith fence ",
    "pcs stonith history ",
    "crm -F node fence ",
    "stonith_admin --reboot ",
    "stonith_admin --history ",
    "cargo xtask ",
    "fencebox check",
    "fencebox verify",
    "printf 'action=monitor",
    "printf 'action=list",
];

/// Agents on the page, for the overlay.
const AGENTS: [&str; 4] = ["fence_clc", "fence_ovh", "fence_xenapi", "fence_xvm"];

/// The commands of a block between ```sh and ```, each in one line, without comments.
fn blocks(page: &str) -> Vec<Vec<String>> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in page.lines().map(str::trim) {
        match (line, &mut block) {
            ("```sh", None) => block = Some(String::new()),
            ("```", Some(text)) => {
                blocks.push(text.lines().map(|line| line.trim().to_owned()).collect());
                block = None;
            }
            (_, Some(text)) => {
                let line = line.split(" #").next().unwrap().trim_end();
                match line.strip_suffix('\\') {
                    Some(begun) => text.push_str(begun),
                    None => writeln!(text, "{line}").unwrap(),
                }
            }
            _ => {}
        }
    }
    assert!(block.is_none(), "a block has no end");
    blocks
}

/// Whether everything that the test needs is installed.
fn available() -> bool {
    needs::are_met(&["pcs", "crm", "cibadmin", "crm_verify", "unshare"], "-m", "true")
}

/// The shell words of a command, for the configuration `cib.xml`; `None` if the command cannot run here.
fn offline(command: &str) -> Option<String> {
    if ELSEWHERE.iter().any(|begin| command.starts_with(begin)) {
        return None;
    }
    let for_any = ["pcs stonith describe ", "crm ra info "];
    if for_any.iter().any(|begin| command.starts_with(begin)) {
        return Some(command.to_owned());
    }
    let pcs = ["stonith create ", "stonith level add ", "property set "];
    if let Some(rest) = command.strip_prefix("pcs ") {
        assert!(
            pcs.iter().any(|begin| rest.starts_with(begin)),
            "unknown command: {command}"
        );
        return Some(format!("pcs -f cib.xml {rest}"));
    }
    let crm = ["crm configure ", "crm -F configure "];
    assert!(
        crm.iter().any(|begin| command.starts_with(begin)),
        "unknown command: {command}"
    );
    Some(format!("CIB_file=cib.xml {command}"))
}

/// The options of a device that a command creates: `name=value`, as in the configuration.
fn attributes(command: &str) -> Vec<(String, String)> {
    let words = command.split(" op monitor").next().unwrap();
    let mut attributes = Vec::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit(' ').next().unwrap().to_owned();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap(),
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        attributes.push((name, value.to_owned()));
        rest = next;
    }
    attributes
}

#[test]
fn every_command_is_run() {
    if !available() {
        return;
    }
    let blocks: Vec<Vec<String>> = blocks(&page())
        .iter()
        .map(|block| block.iter().filter_map(|command| offline(command)).collect())
        .filter(|commands: &Vec<_>| !commands.is_empty())
        .collect();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let made: Vec<(String, bool)> = std::thread::scope(|scope| {
        let share = blocks.len().div_ceil(workers);
        let shares = blocks.chunks(share).map(|share| {
            scope.spawn(|| {
                let run = share
                    .iter()
                    .flat_map(|commands| devices(commands, &run_block(commands)));
                run.collect::<Vec<_>>()
            })
        });
        let shares: Vec<_> = shares.collect();
        shares.into_iter().flat_map(|share| share.join().unwrap()).collect()
    });
    assert!(made.len() >= 18, "{} devices", made.len());
    // Each agent is created with both programs.
    let seen: std::collections::BTreeSet<_> = made.into_iter().collect();
    assert_eq!(seen.len(), 2 * AGENTS.len(), "{seen:?}");
}

/// The agents for which these commands create devices, and whether with pcs. All options must be in the configuration.
fn devices(commands: &[String], cib: &str) -> Vec<(String, bool)> {
    let creates = |command: &&String| {
        ["stonith create ", "primitive "]
            .iter()
            .any(|word| command.contains(word))
    };
    let mut made = Vec::new();
    for command in commands.iter().filter(creates) {
        let agent = command
            .split([' ', ':'])
            .find(|word| word.starts_with("fence_"))
            .unwrap();
        made.push((agent.to_owned(), command.starts_with("pcs")));
        assert!(cib.contains(&format!("type=\"{agent}\"")), "{command}\n{cib}");
        let options = attributes(command.split_once(agent).unwrap().1);
        assert!(!options.is_empty(), "{command}");
        for (name, value) in options {
            let there = cib
                .lines()
                .any(|line| line.contains(&format!("name=\"{name}\"")) && line.contains(&format!("\"{value}\"")));
            assert!(there, "{name}={value} of {command}\n{cib}");
        }
    }
    made
}

/// Runs the commands, each of which must succeed, and then Pacemaker's own check of the result. Returns the
/// configuration.
fn run_block(commands: &[String]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let links = folder.path().join("links");
    std::fs::create_dir(&links).unwrap();
    for agent in AGENTS {
        std::os::unix::fs::symlink(program("fencebox"), links.join(agent)).unwrap();
    }
    let nodes = ["node1", "node2", "nfs-server1", "nfs-server2"];
    let mut script = format!(
        "set -euo pipefail\n\
         mount -t overlay none -o lowerdir={}:/usr/sbin /usr/sbin\n\
         # crmsh keeps a log.\n\
         mount -t tmpfs none /var/log && mkdir /var/log/crmsh\n\
         cd {}\n\
         cibadmin --empty | sed 's|<nodes/>|<nodes>{}</nodes>|' >cib.xml\n",
        links.display(),
        folder.path().display(),
        nodes
            .iter()
            .enumerate()
            .map(|(index, name)| format!("<node id=\"{}\" uname=\"{name}\"/>", index + 1))
            .collect::<String>()
    );
    for command in commands {
        writeln!(script, "{command} >>said 2>&1 || {{ cat said; exit 1; }}").unwrap();
    }
    // The check warns that the state of the nodes is unknown, and about a configuration without a device.
    script.push_str(
        "if grep -q '<primitive' cib.xml; then crm_verify -V --xml-file cib.xml >verified 2>&1 || true\n\
         if grep -i 'error' verified; then exit 1; fi; fi\n\
         cat cib.xml\n",
    );
    let mut shell = isolated("unshare");
    shell.args(["--mount", "--propagation", "private", "bash", "-c", &script]);
    shell.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let outcome = observe(&mut shell, b"");
    assert_eq!(outcome.exit, Some(0), "{commands:#?}\n{outcome:?}");
    outcome.stdout
}
