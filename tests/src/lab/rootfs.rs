//! The files of a lab, all in its own file system, which is removed with its namespaces.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use super::{FOLDER, KEY, NETWORK, RECORD, Settings};
use crate::isolation::isolated;

/// The script that a node runs as its pid 1.
const NODE: &str = include_str!("../../lab/node.sh");

/// How long a node waits for others before it starts an election. The default, 20 s, would be most of the time that a
/// cluster needs to start.
const PROPERTIES: &str = r#"<crm_config><cluster_property_set id="cib-bootstrap-options">
<nvpair id="cib-bootstrap-options-dc-deadtime" name="dc-deadtime" value="1s"/>
<nvpair id="cib-bootstrap-options-stonith-enabled" name="stonith-enabled" value="true"/>
</cluster_property_set></crm_config>"#;

/// Creates the files, and mounts the agents over those of the system.
pub(super) fn create_files(settings: &Settings) -> Result<()> {
    // A lab outside its own namespaces must stop here, before anything is mounted.
    ensure!(
        std::process::id() == 1,
        "a lab must be pid 1 of its namespaces; start it with `unshare`"
    );
    run("mount", &["--make-rprivate", "/"])?;
    // A Pacemaker daemon that panics writes to this file, which resets the whole host, because no namespace prevents
    // it.
    if Path::new("/proc/sysrq-trigger").exists() {
        run("mount", &["--bind", "/dev/null", "/proc/sysrq-trigger"])?;
    }
    run("mount", &["-t", "tmpfs", "-o", "mode=755", &settings.name, "/run"])?;
    for folder in ["nodes", "agents", "real", "held"] {
        fs::create_dir_all(Path::new(FOLDER).join(folder))?;
    }
    write("node.sh", NODE, 0o755)?;
    write("hosts", &hosts(settings.nodes), 0o644)?;
    write("corosync.conf", &corosync(settings.nodes), 0o644)?;
    write("cib.xml", &cib()?, 0o600)?;
    fs::write(KEY, b"the key of the hypervisors\n")?;
    fs::set_permissions(KEY, fs::Permissions::from_mode(0o600))?;
    // The controller asks agents for their metadata as another user.
    write("record", "", 0o666)?;
    for (name, program) in &settings.agents {
        agent(name, program, settings.recorder.as_deref())?;
    }
    let over = format!("lowerdir={FOLDER}/agents:/usr/sbin");
    run("mount", &["-t", "overlay", &settings.name, "-o", &over, "/usr/sbin"])
}

/// Runs a program that must succeed.
pub(super) fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let output = isolated(program).args(arguments).output();
    let output = output.with_context(|| program.to_owned())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {}: {}", arguments.join(" "), said.trim());
    }
    Ok(())
}

fn write(name: &str, text: &str, mode: u32) -> Result<()> {
    let path = Path::new(FOLDER).join(name);
    fs::write(&path, text).with_context(|| path.display().to_string())?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    Ok(())
}

fn agent(name: &str, program: &Path, recorder: Option<&Path>) -> Result<()> {
    let (shown, real) = (format!("agents/{name}"), Path::new(FOLDER).join("real").join(name));
    let Some(recorder) = recorder else {
        return Ok(symlink(program, Path::new(FOLDER).join(shown))?);
    };
    if program.starts_with("/usr/sbin") {
        fs::copy(program, &real).with_context(|| program.display().to_string())?;
    } else {
        symlink(program, &real)?
    }
    let recorder = recorder.display();
    let script = format!("#!/bin/sh\nexec {recorder} {RECORD} {} \"$@\"\n", real.display());
    write(&shown, &script, 0o755)
}

fn hosts(nodes: u8) -> String {
    let mut text = "127.0.0.1 localhost\n".to_owned();
    for number in 1..=nodes {
        let _ = writeln!(text, "{NETWORK}.{number} node{number}");
    }
    text
}

/// Its parser accepts only one brace at the end of a line, and no blocks on one line.
fn corosync(nodes: u8) -> String {
    let mut text = "totem {\n version: 2\n cluster_name: lab\n transport: udpu\n crypto_cipher: none\n \
                    crypto_hash: none\n token: 1000\n token_coefficient: 0\n}\nnodelist {\n"
        .to_owned();
    for number in 1..=nodes {
        let _ = writeln!(
            text,
            " node {{\n  ring0_addr: {NETWORK}.{number}\n  name: node{number}\n  nodeid: {number}\n }}"
        );
    }
    text += "}\nquorum {\n provider: corosync_votequorum\n";
    if nodes == 2 {
        // A node that starts alone after it was fenced must not fence the other one.
        text += " two_node: 1\n wait_for_all: 1\n";
    }
    text += "}\nlogging {\n to_stderr: no\n to_syslog: no\n to_logfile: yes\n logfile: \
             /var/log/corosync/corosync.log\n timestamp: hires\n}\n";
    text
}

/// The configuration with which each node starts for the first time.
fn cib() -> Result<String> {
    let output = isolated("cibadmin").arg("--empty").output().context("cibadmin")?;
    let empty = String::from_utf8(output.stdout)?;
    ensure!(empty.contains("<crm_config/>"), "cibadmin --empty: {empty}");
    Ok(empty.replace("<crm_config/>", PROPERTIES))
}
