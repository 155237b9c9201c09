//! The installation in the labs: the agents of a package, and a customer's plugin.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::pacemaker::customer;
use crate::support::isolated;
use crate::support::{self, Outcome, run};

/// The agents of the package, and their plugin files.
pub const AGENTS: [&str; 22] = [
    "fence_aws",
    "fence_azure_arm",
    "fence_clc",
    "fence_dummy",
    "fence_gce",
    "fence_hetzner_cloud",
    "fence_idrac",
    "fence_ilo3",
    "fence_ilo4",
    "fence_ilo5",
    "fence_imm",
    "fence_ipmilan",
    "fence_ipmilanplus",
    "fence_openstack",
    "fence_ovh",
    "fence_pve",
    "fence_redfish",
    "fence_virt",
    "fence_vmware_rest",
    "fence_vmware_soap",
    "fence_xenapi",
    "fence_xvm",
];

/// Waits until no other run of these tests uses their folders in the target folder.
pub fn lock_folders() {
    static LOCK: OnceLock<File> = OnceLock::new();
    LOCK.get_or_init(|| {
        let file = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("clusters.lock")).unwrap();
        file.lock().unwrap();
        file
    });
}

/// The folder with `usr`, made by the first test that needs it.
pub fn laid_out() -> &'static Path {
    static TREE: OnceLock<PathBuf> = OnceLock::new();
    TREE.get_or_init(|| {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pacemaker");
        lock_folders();
        let _ = fs::remove_dir_all(&root);
        lay_out(&root);
        let outcome = install(&root, customer::built());
        assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
        root
    })
}

/// The program `fencebox` of the tree installs a plugin.
pub fn install(root: &Path, plugin: &Path) -> Outcome {
    let mut install = isolated(root.join("usr/sbin/fencebox"));
    install.arg("install").arg(plugin);
    run(install, "")
}

/// Copies the part of the tests' install tree that a package would contain.
pub fn lay_out(root: &Path) {
    let from = support::tree();
    let copy = |below: &str| {
        let (from, to) = (from.join(below), root.join(below));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        // Symbolic links stay symbolic links. Files become hard links, because the program is large.
        let copied = isolated("cp").args(["-a", "--link"]).args([&from, &to]).status();
        if !copied.is_ok_and(|status| status.success()) {
            let copied = isolated("cp").arg("-a").args([&from, &to]).status();
            assert!(copied.unwrap().success(), "{} to {}", from.display(), to.display());
        }
    };
    copy("usr/sbin/fencebox");
    for agent in AGENTS {
        copy(&format!("usr/sbin/{agent}"));
        copy(&format!("usr/lib/fencebox/plugins/{agent}.wasm"));
        for extension in ["cwasm", "json"] {
            let form = format!("usr/lib/fencebox/plugins/{agent}.{extension}");
            // A further name of a plugin is a link to its file.
            if from.join(&form).exists() {
                copy(&form);
            }
        }
    }
}
