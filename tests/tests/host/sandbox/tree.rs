//! An install tree of a single test, with any content.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::isolated;
use crate::support::{self, Outcome};

pub struct Tree(TempDir);

impl Tree {
    /// With the program under test, and without plugins.
    pub fn new() -> Self {
        // On the same file system as the program, so that a hard link is possible.
        let near = support::tree().parent().unwrap().to_owned();
        let tree = Self(tempfile::tempdir_in(near).unwrap());
        for folder in [tree.programs(), tree.plugins()] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::hard_link(support::program("fencebox"), tree.programs().join("fencebox")).unwrap();
        tree
    }

    /// The bytes of a plugin of the shared install tree.
    pub fn bytes_of(agent: &str) -> Vec<u8> {
        fs::read(shared(agent)).unwrap()
    }

    /// Another name for a plugin of the shared install tree.
    pub fn link(&self, agent: &str, plugin: &str) {
        symlink(shared(plugin), self.plugin(agent)).unwrap();
        self.name(agent);
    }

    /// A plugin of these bytes, without a compiled form.
    pub fn add(&self, agent: &str, bytes: &[u8]) {
        fs::write(self.plugin(agent), bytes).unwrap();
        self.name(agent);
    }

    /// The link of an agent, without its plugin.
    pub fn name(&self, agent: &str) {
        symlink("fencebox", self.programs().join(agent)).unwrap();
    }

    /// The path of an agent's plugin.
    pub fn plugin(&self, agent: &str) -> PathBuf {
        self.plugins().join(format!("{agent}.wasm"))
    }

    /// The path of its compiled form.
    pub fn form(&self, agent: &str) -> PathBuf {
        self.plugins().join(format!("{agent}.cwasm"))
    }

    pub fn compile(&self, agent: &str) -> Outcome {
        let mut compile = isolated(self.programs().join("fencebox"));
        compile.arg("compile").arg(self.plugin(agent));
        support::run(compile, "")
    }

    /// Records the plugin, as for a package.
    pub fn record(&self, agent: &str) -> Outcome {
        let mut record = isolated(self.programs().join("fencebox"));
        record.arg("record").arg(self.plugin(agent));
        support::run(record, "")
    }

    /// Installs a plugin of the shared install tree, in a file of this name.
    pub fn install(&self, file: &str, plugin: &str) -> Outcome {
        let download = self.0.path().join(file);
        fs::write(&download, Self::bytes_of(plugin)).unwrap();
        let mut install = isolated(self.programs().join("fencebox"));
        install.arg("install").arg(download);
        support::run(install, "")
    }

    pub fn call(&self, agent: &str, stdin: &str) -> Outcome {
        support::run(isolated(self.programs().join(agent)), stdin)
    }

    fn programs(&self) -> PathBuf {
        self.0.path().join("usr/sbin")
    }

    fn plugins(&self) -> PathBuf {
        self.0.path().join("usr/lib/fencebox/plugins")
    }
}

fn shared(agent: &str) -> PathBuf {
    let tree = support::tree();
    Path::new(&tree).join(format!("usr/lib/fencebox/plugins/{agent}.wasm"))
}
