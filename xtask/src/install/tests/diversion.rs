//! Programs of others that are diverted, by the real dpkg-divert with a separate database.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::machine::{Machine, Version, new, old, whole, write};
use crate::install::change::uninstall;
use atomic_fs::Steps;

/// A machine with a dpkg database and programs of other packages; `None` if dpkg is missing.
fn debian() -> Option<Machine> {
    let there = std::process::Command::new("dpkg-divert").arg("--version").output();
    if there.is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI has dpkg");
        eprintln!("SKIPPED: dpkg-divert is missing");
        return None;
    }
    let machine = Machine::new();
    fs::create_dir_all(machine.folder.path().join("var/lib/dpkg")).unwrap();
    write(&machine.folder.path().join("var/lib/dpkg/status"), "", 0o644);
    write(
        &machine.place.root.join("sbin/fence_x"),
        "#!/usr/bin/python3 -tt\n",
        0o755,
    );
    symlink("fence_x", machine.place.root.join("sbin/fence_both")).unwrap();
    Some(machine)
}

/// All files except dpkg's database.
fn everything(machine: &Machine) -> BTreeMap<PathBuf, String> {
    let mut all = machine.everything();
    all.retain(|path, _| !path.starts_with(machine.folder.path().join("var")));
    all
}

fn diversions(machine: &Machine) -> Vec<String> {
    let mut list = std::process::Command::new("dpkg-divert");
    list.arg("--root").arg(machine.folder.path()).arg("--list");
    let output = list.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Both versions have these two programs, so they are diverted only once.
#[test]
fn programs_of_others_are_diverted_and_restored() {
    let Some(machine) = debian() else { return };
    let before = everything(&machine);
    let refused = old().install(&machine, &mut whole()).unwrap_err().to_string();
    assert!(refused.contains("sbin/fence_both, "), "{refused}");
    assert!(refused.contains("sbin/fence_x; divert them with"), "{refused}");
    assert_eq!(everything(&machine), before);
    for version in [old(), old(), new()] {
        // An upgrade does not need --divert again.
        let divert = version.number == "1";
        version
            .install_over(&machine, divert, &mut Steps::up_to(usize::MAX))
            .unwrap();
        assert_eq!(machine.runs("fence_both").unwrap().1, version.number);
        assert_eq!(
            machine.read("sbin/fence_x.distrib").as_deref(),
            Some("#!/usr/bin/python3 -tt\n")
        );
        let both = machine.place.root.join("sbin/fence_both.distrib");
        assert_eq!(both.read_link().unwrap(), Path::new("fence_x"));
        assert_eq!(
            diversions(&machine),
            [
                "local diversion of /usr/sbin/fence_both to /usr/sbin/fence_both.distrib",
                "local diversion of /usr/sbin/fence_x to /usr/sbin/fence_x.distrib"
            ]
        );
    }
    // Simulates an upgrade of the other package.
    write(
        &machine.place.root.join("sbin/fence_x.distrib"),
        "#!/usr/bin/python4\n",
        0o755,
    );
    machine.uninstall();
    assert_eq!(machine.read("sbin/fence_x").as_deref(), Some("#!/usr/bin/python4\n"));
    write(
        &machine.place.root.join("sbin/fence_x"),
        "#!/usr/bin/python3 -tt\n",
        0o755,
    );
    assert_eq!(everything(&machine), before);
    assert_eq!(diversions(&machine), [""; 0]);
}

#[test]
fn a_new_version_without_the_name_restores_the_other_program() {
    let Some(machine) = debian() else { return };
    old().install_over(&machine, true, &mut whole()).unwrap();
    let other = Version::new("3", &[("fence_come", &[])]);
    other.install(&machine, &mut whole()).unwrap();
    assert_eq!(
        machine.read("sbin/fence_x").as_deref(),
        Some("#!/usr/bin/python3 -tt\n")
    );
    assert_eq!(diversions(&machine), [""; 0]);
}

/// At every step there is an agent with that name: theirs or ours.
#[test]
fn a_diversion_can_stop_at_any_step() {
    let Some(machine) = debian() else { return };
    let mut steps = whole();
    old().install_over(&machine, true, &mut steps).unwrap();
    let installing = steps.taken();
    steps = whole();
    uninstall(&machine.place, &mut steps).unwrap();
    let cuts = (0..installing).map(|limit| (limit, usize::MAX));
    let cuts = cuts.chain((0..steps.taken()).map(|limit| (usize::MAX, limit)));
    for (installing, removing) in cuts {
        let Some(machine) = debian() else { return };
        let before = everything(&machine);
        let whole_one = installing == usize::MAX;
        let outcome = old().install_over(&machine, true, &mut Steps::up_to(installing));
        assert_eq!(outcome.is_ok(), whole_one, "step {installing}");
        if whole_one {
            assert!(
                uninstall(&machine.place, &mut Steps::up_to(removing)).is_err(),
                "step {removing}"
            );
        }
        let program = machine.place.root.join("sbin/fence_x");
        let theirs = fs::read_to_string(&program).is_ok_and(|text| text.starts_with("#!"));
        assert!(
            theirs || machine.runs("fence_x").is_some(),
            "step {installing} {removing}"
        );
        let again = installing % 2 == 0;
        if again {
            old().install_over(&machine, true, &mut whole()).unwrap();
            assert_eq!(machine.runs("fence_both"), Some(("1".to_owned(), "1".to_owned())));
        }
        let _ = uninstall(&machine.place, &mut whole()).unwrap();
        assert_eq!(everything(&machine), before, "step {installing} {removing}");
        assert_eq!(diversions(&machine), [""; 0], "step {installing} {removing}");
    }
}

#[test]
fn nothing_is_diverted_without_dpkg() {
    let Some(machine) = debian() else { return };
    fs::remove_dir_all(machine.folder.path().join("var")).unwrap();
    let before = machine.everything();
    let refused = old()
        .install_over(&machine, true, &mut whole())
        .unwrap_err()
        .to_string();
    assert!(refused.starts_with("--divert needs dpkg-divert and "), "{refused}");
    assert_eq!(machine.everything(), before);
}
