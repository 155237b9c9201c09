//! Changes that are interrupted after each step, and then repeated.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::cleanup::{drafts, loose_names, unused};
use super::{Error, Package, Previous, component, install, lock, previous, remove};
use crate::agent::description::{Description, Symlink};
use crate::plugin::{Declared, Folders, Record, Recorded, compile, fault};
use crate::policy::CapabilitySet;
use atomic_fs::{Steps, entries};

/// The smallest component, and one that differs by an empty custom section.
/// The smallest component that exports the interface of a plugin.
const OLD: &[u8] = b"\0asm\x0d\0\x01\0\x05\x03\x01\x01\0\x0b\x21\x01\0\x1bfencebox:agent/device@0.1.0\x05\0\0";
const NEW: &[u8] =
    b"\0asm\x0d\0\x01\0\x05\x03\x01\x01\0\x0b\x21\x01\0\x1bfencebox:agent/device@0.1.0\x05\0\0\0\x02\x01x";

/// Steps without a limit.
fn whole() -> Steps {
    Steps::up_to(usize::MAX)
}

/// A plugin to install.
struct Made {
    wasm: &'static [u8],
    form: Vec<u8>,
    record: Record,
}

impl Made {
    fn new(wasm: &'static [u8], name: &str, symlinks: &[&str]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("fence_x.wasm");
        std::fs::write(&path, wasm).unwrap();
        let form = std::fs::read(compile(&path).unwrap()).unwrap();
        let symlinks: Vec<_> = symlinks.iter().map(|name| (*name).to_owned()).collect();
        let description = Description {
            name: name.to_owned(),
            symlinks: symlinks
                .iter()
                .map(|name| Symlink {
                    name: name.clone(),
                    shortdesc: String::new(),
                    hidden: false,
                })
                .collect(),
            ..Description::default()
        };
        let declared = Declared::new(description, CapabilitySet::default()).unwrap();
        let names = symlinks.iter().cloned().chain([name.to_owned()]);
        let declared = names.map(|name| (name, declared.clone())).collect();
        Self {
            wasm,
            form,
            record: Record::new(wasm, &declared, name),
        }
    }

    fn package(&self) -> Package<'_> {
        Package {
            record: &self.record,
            wasm: self.wasm,
            form: &self.form,
        }
    }

    fn install(&self, tree: &Tree, mut steps: Steps) -> (Result<bool, Error>, usize) {
        let outcome = install(&tree.folders, &self.package(), &mut steps);
        (outcome, steps.taken())
    }

    /// Whether the agent starts from this plugin and all its files exist.
    #[track_caller]
    fn is_whole(&self, tree: &Tree) -> bool {
        let path = component(&tree.folders.own, &self.record.name);
        let Ok(real) = path.canonicalize() else { return false };
        if std::fs::read(&real).unwrap() != self.wasm {
            return false;
        }
        assert!(fault(&real).unwrap().is_none(), "its compiled form");
        assert!(matches!(Recorded::beside(&real), Recorded::Current(there) if there.is_same(&self.record)));
        for name in &self.record.symlinks {
            let other = component(&tree.folders.own, name).canonicalize();
            assert_eq!(other.ok().as_ref(), Some(&real), "{name}");
        }
        true
    }
}

struct Tree {
    _root: TempDir,
    folders: Folders,
}

impl Tree {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let usr = root.path().canonicalize().unwrap().join("usr");
        let folders = Folders {
            binary: usr.join("sbin/fencebox"),
            packaged: usr.join("lib/fencebox/plugins"),
            own: usr.join("local/lib/fencebox/plugins"),
        };
        for folder in [folders.programs(), &folders.packaged] {
            whole().make_folder(folder).unwrap();
        }
        std::fs::write(&folders.binary, "").unwrap();
        Self { _root: root, folders }
    }

    fn programs(&self) -> Vec<String> {
        names(self.folders.programs())
    }

    fn plugins(&self) -> Vec<String> {
        names(&self.folders.own)
    }

    /// Asserts that nothing is left of an interrupted change.
    #[track_caller]
    fn assert_tidy(&self) {
        let folders = &self.folders;
        let none: Vec<PathBuf> = Vec::new();
        assert_eq!(
            (drafts(folders), loose_names(folders), unused(folders)),
            (none.clone(), none.clone(), none)
        );
    }

    #[track_caller]
    fn assert_installed(&self, made: &Made) {
        assert!(made.is_whole(self));
        self.assert_tidy();
        let mut programs: Vec<_> = made.record.names().map(str::to_owned).collect();
        programs.push("fencebox".to_owned());
        programs.sort();
        assert_eq!(self.programs(), programs);
    }

    #[track_caller]
    fn assert_empty(&self) {
        self.assert_tidy();
        assert_eq!(self.programs(), ["fencebox"]);
        assert_eq!(self.plugins(), [".lock", "store"]);
        assert_eq!(names(&self.folders.own.join("store")), [""; 0]);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let names = entries(folder)
        .into_iter()
        .map(|path| path.file_name().unwrap().to_owned());
    names.map(|name| name.into_string().unwrap()).collect()
}

fn old() -> Made {
    Made::new(OLD, "fence_x", &["fence_old", "fence_both"])
}

fn new() -> Made {
    Made::new(NEW, "fence_x", &["fence_both", "fence_new"])
}

#[test]
fn install_and_remove_leave_the_expected_files() {
    let (tree, old) = (Tree::new(), old());
    assert!(matches!(old.install(&tree, Steps::default()), (Ok(true), _)));
    tree.assert_installed(&old);
    assert_eq!(
        tree.plugins(),
        [".lock", "fence_both.wasm", "fence_old.wasm", "fence_x.wasm", "store"]
    );
    let stored = entries(&tree.folders.own.join("store"));
    assert_eq!(stored.len(), 1);
    assert_eq!(names(&stored[0]), ["fence_x.cwasm", "fence_x.json", "fence_x.wasm"]);
    assert!(matches!(old.install(&tree, Steps::default()), (Ok(false), _)), "again");
    tree.assert_installed(&old);
    let before = previous(&tree.folders, "fence_x");
    assert!(matches!(before, Previous::Recorded(Recorded::Current(there)) if there.is_same(&old.record)));
    remove(&tree.folders, "fence_x", &mut Steps::default()).unwrap();
    tree.assert_empty();
    assert_eq!(previous(&tree.folders, "fence_x"), Previous::None);
    let gone = remove(&tree.folders, "fence_x", &mut Steps::default());
    assert!(matches!(gone, Err(Error::NotInstalled { .. })), "{gone:?}");
}

#[test]
fn a_first_installation_can_stop_at_any_step() {
    let made = old();
    let (_, all) = made.install(&Tree::new(), whole());
    assert!(all > 20, "{all} steps");
    let mut seen = [0, 0];
    for limit in 0..all {
        let tree = Tree::new();
        let (outcome, _) = made.install(&tree, Steps::up_to(limit));
        assert!(outcome.is_err(), "step {limit}");
        let whole_one = made.is_whole(&tree);
        seen[usize::from(whole_one)] += 1;
        assert!(
            whole_one || previous(&tree.folders, "fence_x") == Previous::None,
            "step {limit}"
        );
        // The error reports whether the plugin is installed.
        assert_eq!(
            matches!(outcome, Err(Error::Unfinished { .. })),
            whole_one,
            "step {limit}"
        );
        assert!(made.install(&tree, whole()).0.is_ok(), "step {limit}");
        tree.assert_installed(&made);
    }
    assert!(seen[0] > 5 && seen[1] > 2, "{seen:?}");
}

#[test]
fn an_upgrade_can_stop_at_any_step() {
    let (before, after) = (old(), new());
    let tree = Tree::new();
    before.install(&tree, whole()).0.unwrap();
    let (_, all) = after.install(&tree, whole());
    tree.assert_installed(&after);
    let mut seen = [0, 0];
    for limit in 0..all {
        let tree = Tree::new();
        before.install(&tree, whole()).0.unwrap();
        assert!(after.install(&tree, Steps::up_to(limit)).0.is_err(), "step {limit}");
        let upgraded = after.is_whole(&tree);
        assert!(upgraded || before.is_whole(&tree), "neither, after step {limit}");
        seen[usize::from(upgraded)] += 1;
        // After a repeated upgrade, a downgrade or a removal, nothing is left.
        match limit % 3 {
            0 => {
                after.install(&tree, whole()).0.unwrap();
                tree.assert_installed(&after);
            }
            1 => {
                before.install(&tree, whole()).0.unwrap();
                tree.assert_installed(&before);
            }
            _ => {
                remove(&tree.folders, "fence_x", &mut whole()).unwrap();
                tree.assert_empty();
            }
        }
    }
    assert!(seen[0] > 5 && seen[1] > 5, "{seen:?}");
}

#[test]
fn a_removal_can_stop_at_any_step() {
    let made = old();
    let tree = Tree::new();
    made.install(&tree, whole()).0.unwrap();
    let mut steps = whole();
    remove(&tree.folders, "fence_x", &mut steps).unwrap();
    assert!(steps.taken() > 8, "{} steps", steps.taken());
    for limit in 0..steps.taken() {
        let tree = Tree::new();
        made.install(&tree, whole()).0.unwrap();
        assert!(
            remove(&tree.folders, "fence_x", &mut Steps::up_to(limit)).is_err(),
            "step {limit}"
        );
        assert!(made.is_whole(&tree) == (limit == 0), "step {limit}");
        // If nothing with the name is left, there is nothing to complete.
        let again = remove(&tree.folders, "fence_x", &mut whole());
        if let Err(cause) = again {
            assert!(matches!(cause, Error::NotInstalled { .. }), "step {limit}: {cause}");
            Made::new(NEW, "fence_z", &[]).install(&tree, whole()).0.unwrap();
            remove(&tree.folders, "fence_z", &mut whole()).unwrap();
        }
        tree.assert_empty();
    }
}

/// A damaged plugin is replaced by a copy of itself, and the agent has a plugin at every moment.
#[test]
fn the_same_plugin_repairs_itself() {
    let made = old();
    for damaged in ["wasm", "cwasm", "json"] {
        let tree = Tree::new();
        made.install(&tree, whole()).0.unwrap();
        let real = component(&tree.folders.own, "fence_x").canonicalize().unwrap();
        std::fs::write(real.with_extension(damaged), "damaged").unwrap();
        assert!(matches!(made.install(&tree, whole()).0, Ok(true)), "{damaged}");
        tree.assert_installed(&made);
        assert!(!real.exists(), "the damaged one is gone");
    }
}

#[test]
fn changes_exclude_each_other() {
    let (tree, made) = (Tree::new(), old());
    made.install(&tree, whole()).0.unwrap();
    let lock = lock::lock(&tree.folders.own).unwrap();
    assert!(matches!(new().install(&tree, whole()).0, Err(Error::Busy(_))));
    assert!(matches!(
        remove(&tree.folders, "fence_x", &mut whole()),
        Err(Error::Busy(_))
    ));
    tree.assert_installed(&made);
    drop(lock);
    new().install(&tree, whole()).0.unwrap();
    tree.assert_installed(&new());
}

#[test]
fn names_of_other_plugins_are_rejected() {
    let tree = Tree::new();
    old().install(&tree, whole()).0.unwrap();
    // Another plugin's name, first or further, as a first or a further name.
    for (name, symlinks) in [
        ("fence_old", &[][..]),
        ("fence_y", &["fence_x"]),
        ("fence_y", &["fence_both"]),
    ] {
        let outcome = Made::new(NEW, name, symlinks).install(&tree, whole()).0;
        assert!(
            matches!(outcome, Err(Error::NameTaken { .. })),
            "{name} {symlinks:?}: {outcome:?}"
        );
    }
    std::fs::write(component(&tree.folders.packaged, "fence_p"), OLD).unwrap();
    for (name, symlinks) in [("fence_p", &[][..]), ("fence_y", &["fence_p"])] {
        let outcome = Made::new(NEW, name, symlinks).install(&tree, whole()).0;
        assert!(matches!(outcome, Err(Error::Packaged { .. })), "{name}: {outcome:?}");
    }
    assert!(matches!(
        remove(&tree.folders, "fence_p", &mut whole()),
        Err(Error::Packaged { .. })
    ));
    assert!(matches!(
        remove(&tree.folders, "fence_old", &mut whole()),
        Err(Error::OtherName { .. })
    ));
    tree.assert_installed(&old());
}

#[test]
fn other_programs_are_kept() {
    let tree = Tree::new();
    let program = tree.folders.programs().join("fence_both");
    std::fs::write(&program, "#!/usr/bin/python3\n").unwrap();
    let mut made = old();
    let refused = made.install(&tree, whole()).0;
    assert!(matches!(refused, Err(Error::ProgramTaken { .. })), "{refused:?}");
    assert!(!tree.folders.own.exists(), "nothing was begun");
    made.record.programs = false;
    made.install(&tree, whole()).0.unwrap();
    assert!(made.is_whole(&tree));
    assert_eq!(tree.programs(), ["fence_both", "fencebox"]);
    remove(&tree.folders, "fence_x", &mut whole()).unwrap();
    assert_eq!(std::fs::read(&program).unwrap(), b"#!/usr/bin/python3\n");
}

#[test]
fn a_plugin_copied_by_hand_is_replaced_and_removed() {
    let tree = Tree::new();
    let path = component(&tree.folders.own, "fence_x");
    whole().make_folder(&tree.folders.own).unwrap();
    std::fs::write(&path, NEW).unwrap();
    compile(&path).unwrap();
    assert_eq!(previous(&tree.folders, "fence_x"), Previous::Unrecorded(path.clone()));
    old().install(&tree, whole()).0.unwrap();
    tree.assert_installed(&old());
    assert!(!path.with_extension("cwasm").exists());
    remove(&tree.folders, "fence_x", &mut whole()).unwrap();

    std::fs::write(&path, NEW).unwrap();
    compile(&path).unwrap();
    whole()
        .link(Path::new("fencebox"), &tree.folders.programs().join("fence_x"))
        .unwrap();
    remove(&tree.folders, "fence_x", &mut whole()).unwrap();
    tree.assert_empty();
}

#[test]
fn folders_that_others_can_write_are_rejected() {
    use std::os::unix::fs::PermissionsExt;
    let made = old();
    for folder in ["sbin", "local", "local/lib/fencebox/plugins"] {
        let tree = Tree::new();
        whole().make_folder(&tree.folders.own).unwrap();
        let usr = tree.folders.programs().parent().unwrap().to_owned();
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(usr.join(folder), open).unwrap();
        let refused = made.install(&tree, whole()).0.unwrap_err().to_string();
        assert!(refused.contains("can be written by others (mode 777)"), "{refused}");
        assert_eq!(tree.plugins(), [""; 0]);
    }
}
