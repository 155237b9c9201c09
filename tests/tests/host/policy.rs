//! The policy, as an administrator writes it and the real program enforces it. Each test has its own install tree, with
//! the real program and the real plugins, because a moved install tree has its own policy.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod broken;
mod command;
mod limits;
mod pins;
mod reach;
use crate::support;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::isolated;
use fencebox_sim::{Simulator, relay};
use support::{Outcome, run};
use tempfile::TempDir;

/// An install tree that was moved.
pub struct Moved(TempDir);

impl Moved {
    /// A tree with this policy.
    pub fn with(policy: &str) -> Self {
        let tree = Self::without();
        tree.write(policy);
        tree
    }

    /// A tree without a policy.
    pub fn without() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for folder in ["usr/sbin", "usr/lib/fencebox", "etc/fencebox"] {
            std::fs::create_dir_all(tree.path(folder)).unwrap();
        }
        for folder in ["usr", "usr/sbin", "etc", "etc/fencebox"] {
            chmod(&tree.path(folder), 0o755);
        }
        let program = tree.path("usr/sbin/fencebox");
        let real = support::program("fencebox");
        // A hard link if possible, because the program is large.
        if std::fs::hard_link(&real, &program).is_err() {
            std::fs::copy(&real, &program).unwrap();
        }
        let plugins = support::tree().join("usr/lib/fencebox/plugins");
        symlink(plugins, tree.path("usr/lib/fencebox/plugins")).unwrap();
        tree
    }

    /// Replaces the policy.
    pub fn write(&self, policy: &str) {
        std::fs::write(self.policy(), policy).unwrap();
        chmod(&self.policy(), 0o644);
    }

    /// A path inside the tree.
    pub fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// The path of the policy, as messages show it.
    pub fn policy(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap().join("etc/fencebox/policy.toml")
    }

    /// The program, by this name.
    pub fn command(&self, name: &str) -> Command {
        let program = self.path("usr/sbin").join(name);
        // Another thread of the test may make it at the same time.
        let made = symlink("fencebox", &program);
        assert!(made.is_ok() || program.exists(), "{made:?}");
        isolated(program)
    }

    /// Calls the agent as a cluster does.
    pub fn call(&self, name: &str, stdin: &str) -> Outcome {
        run(self.command(name), stdin)
    }

    /// Calls the agent as a person does.
    pub fn call_with(&self, name: &str, arguments: &[&str]) -> Outcome {
        let mut command = self.command(name);
        command.args(arguments);
        run(command, "")
    }
}

/// Sets the permissions of a file.
pub fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The device of `fence_relay`.
pub fn board() -> Simulator {
    Simulator::start(relay::config()).unwrap()
}

/// Options of `fence_relay`. If an option occurs twice, the last one counts.
pub fn lines(board: &Simulator, more: &str) -> String {
    let port = board.address().port();
    format!("ip=127.0.0.1\nipport={port}\nusername=fencer\npassword=s3cret\nplug=1\nstonith_status_sleep=0\n{more}")
}

/// Options of a plugin without a device.
pub fn quick(action: &str) -> String {
    format!(
        "action={action}\nplug=1\npower_timeout=1\nlogin_timeout=1\nshell_timeout=1\nstonith_status_sleep=0\nretry_on=0\n"
    )
}
