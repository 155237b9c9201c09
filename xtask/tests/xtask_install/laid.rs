//! Install trees for the tests of `cargo xtask install`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::isolation::isolated;
use fencebox_tests::agent;
use tempfile::TempDir;

/// The plugins of fencebox.
const PLUGINS: [&str; 15] = [
    "fence_aws",
    "fence_azure_arm",
    "fence_clc",
    "fence_dummy",
    "fence_gce",
    "fence_hetzner_cloud",
    "fence_ipmilan",
    "fence_openstack",
    "fence_ovh",
    "fence_pve",
    "fence_redfish",
    "fence_vmware_rest",
    "fence_vmware_soap",
    "fence_xenapi",
    "fence_xvm",
];

/// An install tree as `cargo xtask dist` makes it: the tests' tree without the plugins that only tests use.
pub(crate) struct Laid(TempDir);

impl Laid {
    pub(crate) fn out() -> Self {
        let laid = Self(tempfile::tempdir().unwrap());
        let tree = agent::tree().unwrap().join("usr");
        for below in ["sbin", "lib/fencebox/plugins"] {
            fs::create_dir_all(laid.usr(below)).unwrap();
        }
        copy(&tree.join("sbin/fencebox"), &laid.usr("sbin/fencebox"));
        for below in ["share/doc/fencebox", "share/man/man8"] {
            fs::create_dir_all(laid.usr(below)).unwrap();
            for document in fs::read_dir(tree.join(below)).unwrap() {
                let document = document.unwrap().path();
                copy(&document, &laid.usr(below).join(document.file_name().unwrap()));
            }
        }
        for entry in fs::read_dir(tree.join("lib/fencebox/plugins")).unwrap() {
            let path = entry.unwrap().path();
            let (name, file) = (path.file_stem().unwrap(), path.file_name().unwrap());
            let to = laid.usr("lib/fencebox/plugins").join(file);
            let plugin = path.read_link().unwrap_or_else(|_| path.clone());
            if !PLUGINS.contains(&plugin.file_stem().unwrap().to_str().unwrap()) {
                continue;
            }
            if path.is_symlink() {
                symlink(plugin, to).unwrap()
            } else {
                copy(&path, &to)
            }
            if path.extension().unwrap() == "wasm" {
                symlink("fencebox", laid.usr("sbin").join(name)).unwrap();
            }
        }
        laid
    }

    /// The same tree as if another build had made it: neither build accepts the compiled forms of the other.
    pub(crate) fn by_another_build() -> Self {
        let laid = Self::out();
        let form = fs::read(laid.usr("lib/fencebox/plugins/fence_dummy.cwasm")).unwrap();
        let mark = concat!("fencebox ", env!("CARGO_PKG_VERSION"), " ");
        let start = form
            .windows(mark.len())
            .position(|part| part == mark.as_bytes())
            .unwrap();
        let build = form[start + mark.len()..]
            .split(|byte| *byte == b' ')
            .next()
            .unwrap()
            .to_owned();
        let host = laid.usr("sbin/fencebox");
        let mut program = fs::read(&host).unwrap();
        let places = program.windows(build.len()).enumerate();
        let places: Vec<_> = places
            .filter(|(_, part)| *part == build)
            .map(|(place, _)| place)
            .collect();
        assert!(!places.is_empty(), "the program does not contain its build hash");
        for place in places {
            program[place..place + build.len()].reverse();
        }
        fs::remove_file(&host).unwrap();
        fs::write(&host, program).unwrap();
        fs::set_permissions(&host, fs::Permissions::from_mode(0o755)).unwrap();
        for name in PLUGINS {
            let wasm = laid.usr("lib/fencebox/plugins").join(format!("{name}.wasm"));
            let mut bytes = fs::read(&wasm).unwrap();
            // An empty custom section changes the plugin's hash.
            bytes.extend_from_slice(b"\0\x02\x01x");
            for kind in ["wasm", "cwasm", "json"] {
                fs::remove_file(wasm.with_extension(kind)).unwrap();
            }
            fs::write(&wasm, bytes).unwrap();
            for task in ["compile", "record"] {
                let done = isolated(&host).arg(task).arg(&wasm).output().unwrap();
                assert!(done.status.success(), "{done:?}");
            }
        }
        laid
    }

    pub(crate) fn usr(&self, below: &str) -> PathBuf {
        self.0.path().join("usr").join(below)
    }

    /// The number of names that the plugins answer to.
    pub(crate) fn agents(&self) -> usize {
        let entries = fs::read_dir(self.usr("sbin")).unwrap();
        entries
            .filter(|entry| entry.as_ref().unwrap().path().is_symlink())
            .count()
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }
}

/// Makes a hard link if possible, because some files are large.
fn copy(from: &Path, to: &Path) {
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).unwrap();
    }
}
