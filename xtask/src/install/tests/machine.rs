//! Small install trees, and a machine for them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::install::change::{install, uninstall};
use crate::install::manifest::Manifest;
use crate::install::{Destination, Place};
use crate::tree::Tree;
use atomic_fs::Steps;

/// Steps without a limit.
pub(super) fn whole() -> Steps {
    Steps::up_to(usize::MAX)
}

pub(super) fn write(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// An install tree of a version of fencebox, with its plugins and their further names.
pub(super) struct Version {
    pub(super) folder: TempDir,
    pub(super) number: &'static str,
    agents: &'static [(&'static str, &'static [&'static str])],
}

impl Version {
    pub(super) fn new(number: &'static str, agents: &'static [(&'static str, &'static [&'static str])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let usr = folder.path().join("usr");
        write(&usr.join("sbin/fencebox"), &format!("host {number}"), 0o755);
        write(
            &usr.join("share/doc/fencebox/README.md"),
            &format!("read {number}"),
            0o644,
        );
        let plugins = usr.join("lib/fencebox/plugins");
        for (name, further) in agents {
            write(&plugins.join(format!("{name}.wasm")), &format!("wasm {number}"), 0o644);
            write(&plugins.join(format!("{name}.cwasm")), &format!("form {number}"), 0o644);
            let record = format!("{{\"blake3\":\"0123456789abcdef{number}\",\"version\":\"{number}\"}}");
            write(&plugins.join(format!("{name}.json")), &record, 0o644);
            symlink("fencebox", usr.join("sbin").join(name)).unwrap();
            for other in *further {
                symlink(format!("{name}.wasm"), plugins.join(format!("{other}.wasm"))).unwrap();
                symlink("fencebox", usr.join("sbin").join(other)).unwrap();
            }
        }
        Self { folder, number, agents }
    }

    pub(super) fn install(&self, machine: &Machine, steps: &mut Steps) -> anyhow::Result<Manifest> {
        self.install_over(machine, false, steps)
    }

    pub(super) fn install_over(&self, machine: &Machine, divert: bool, steps: &mut Steps) -> anyhow::Result<Manifest> {
        let parts = Tree::open(self.folder.path().to_owned()).unwrap().parts().unwrap();
        install(&machine.place, parts, divert, steps)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.agents.iter();
        names.flat_map(|(name, further)| std::iter::once(*name).chain(further.iter().copied()))
    }
}

pub(super) fn old() -> Version {
    Version::new("1", &[("fence_x", &["fence_both", "fence_old"]), ("fence_gone", &[])])
}

pub(super) fn new() -> Version {
    Version::new("2", &[("fence_x", &["fence_both", "fence_new"]), ("fence_come", &[])])
}

/// A machine with other programs.
pub(super) struct Machine {
    pub(super) folder: TempDir,
    pub(super) place: Place,
}

impl Machine {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for below in ["usr/sbin", "usr/lib", "usr/share/doc"] {
            fs::create_dir_all(folder.path().join(below)).unwrap();
        }
        write(
            &folder.path().join("usr/sbin/fence_theirs"),
            "#!/usr/bin/python3\n",
            0o755,
        );
        let place = Place::new(&Destination {
            prefix: "/".into(),
            destdir: Some(folder.path().to_owned()),
        });
        Self {
            place: place.unwrap(),
            folder,
        }
    }

    /// Every path with its mode and its content.
    pub(super) fn everything(&self) -> BTreeMap<PathBuf, String> {
        let (mut all, mut folders) = (BTreeMap::new(), vec![self.folder.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let metadata = path.symlink_metadata().unwrap();
                let what = if metadata.is_symlink() {
                    format!("-> {}", path.read_link().unwrap().display())
                } else if metadata.is_dir() {
                    folders.push(path.clone());
                    String::new()
                } else {
                    fs::read_to_string(&path).unwrap()
                };
                all.insert(path, format!("{:o} {what}", metadata.permissions().mode()));
            }
        }
        all
    }

    pub(super) fn read(&self, below: &str) -> Option<String> {
        fs::read_to_string(self.place.root.join(below)).ok()
    }

    pub(super) fn uninstall(&self) {
        let left = uninstall(&self.place, &mut whole()).unwrap();
        assert_eq!(left, Some(vec![]));
    }

    /// The versions of the host and of the plugin that an agent runs with. All files of the plugin must have the same
    /// version.
    #[track_caller]
    pub(super) fn runs(&self, name: &str) -> Option<(String, String)> {
        let root = self.place.root.canonicalize().unwrap();
        let host = root.join("sbin").join(name).canonicalize().ok()?;
        assert_eq!(host, root.join("sbin/fencebox"));
        let plugin = root.join("lib/fencebox/plugins").join(format!("{name}.wasm"));
        let wasm = plugin
            .canonicalize()
            .unwrap_or_else(|_| panic!("{name} without a plugin"));
        let read = |kind: &str| fs::read_to_string(wasm.with_extension(kind)).unwrap();
        let (wasm, form, record) = (read("wasm"), read("cwasm"), read("json"));
        let version = wasm.strip_prefix("wasm ").unwrap();
        assert_eq!(form, format!("form {version}"), "{name}");
        assert!(
            record.contains(&format!("\"version\":\"{version}\"")),
            "{name}: {record}"
        );
        let host = fs::read_to_string(host).unwrap();
        Some((host.strip_prefix("host ").unwrap().to_owned(), version.to_owned()))
    }

    #[track_caller]
    pub(super) fn assert_installed(&self, version: &Version) {
        let both = (version.number.to_owned(), version.number.to_owned());
        for name in version.names() {
            assert_eq!(self.runs(name).as_ref(), Some(&both), "{name}");
        }
        let mut programs: Vec<_> = version.names().map(str::to_owned).collect();
        programs.extend(["fence_theirs", "fencebox"].map(str::to_owned));
        programs.sort();
        let there = fs::read_dir(self.place.root.join("sbin")).unwrap();
        let mut there: Vec<_> = there
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        assert_eq!(there, programs);
        // The files are the same as on a machine that never had another version.
        let other = Machine::new();
        version.install(&other, &mut whole()).unwrap();
        let bare = |machine: &Machine| -> Vec<_> {
            let all = machine.everything();
            let paths = all
                .iter()
                .map(|(path, what)| (path.strip_prefix(machine.folder.path()).unwrap().to_owned(), what));
            // The number of a folder of the store may differ.
            let bare = |text: &str| {
                text.replace("-2/", "/")
                    .replace("-3/", "/")
                    .replace("-2\n", "\n")
                    .replace("-3\n", "\n")
            };
            let paths = paths.map(|(path, what)| (bare(&format!("{}/", path.display())), bare(what)));
            paths.collect()
        };
        assert_eq!(bare(self), bare(&other));
    }
}
