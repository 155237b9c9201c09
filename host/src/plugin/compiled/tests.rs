//! Compiled forms that are used, and compiled forms that are rejected.

mod compiling;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{Loaded, compile, fault, of_file, open};
use crate::plugin::{Error, Record, Recorded};
use crate::policy::AgentPolicy;
use crate::policy::ownership::Checker;

/// The smallest component, and one that differs by an empty custom section.
/// The smallest component that exports the interface of a plugin.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0\x05\x03\x01\x01\0\x0b\x21\x01\0\x1bfencebox:agent/device@0.1.0\x05\0\0";
const OTHER: &[u8] =
    b"\0asm\x0d\0\x01\0\x05\x03\x01\x01\0\x0b\x21\x01\0\x1bfencebox:agent/device@0.1.0\x05\0\0\0\x02\x01x";

/// A plugin in a folder that only this user can write, below a sticky folder.
fn plugin(wasm: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fence_x.wasm");
    std::fs::write(&path, wasm).unwrap();
    (folder, path)
}

/// The same with its compiled form.
fn compiled(wasm: &[u8]) -> (TempDir, PathBuf, PathBuf) {
    let (folder, path) = plugin(wasm);
    let form = compile(&path).unwrap();
    (folder, path, form)
}

/// Opens and loads a plugin.
fn load(path: &Path, agent_policy: &AgentPolicy, recorded: &Recorded, checker: &Checker) -> Result<Loaded, Error> {
    super::load(
        open(path, agent_policy, recorded, checker)?,
        path,
        agent_policy,
        checker,
    )
}

/// Loads a plugin successfully, and returns the warning.
fn warnings(path: &Path) -> String {
    let loaded = load(path, &AgentPolicy::unrestricted(), &Recorded::Absent, &Checker::new()).unwrap();
    loaded.warning.unwrap_or_default()
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// A plugin that is run from its file, as by `fencebox test`, has its compiled form mapped.
#[test]
fn a_compiled_form_is_used_for_its_bytes_only() {
    let (_folder, path, form) = compiled(EMPTY);
    let is_mapped = || {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.contains(form.to_str().unwrap())
    };
    for (bytes, expected) in [(EMPTY, true), (OTHER, false)] {
        let (component, hash) = of_file(&path, bytes).unwrap();
        assert_eq!((hash, is_mapped()), (blake3::hash(bytes), expected));
        drop(component);
    }
    assert!(!is_mapped());
    chmod(&form, 0o666);
    let _component = of_file(&path, EMPTY).unwrap();
    assert!(!is_mapped(), "others can write it");
}

#[test]
fn a_compiled_form_is_used() {
    let (folder, path, form) = compiled(EMPTY);
    assert_eq!(form, path.with_extension("cwasm"));
    assert_eq!(names(folder.path()), ["fence_x.cwasm", "fence_x.wasm"]);
    assert_eq!(std::fs::metadata(&form).unwrap().permissions().mode() & 0o7133, 0);
    assert_eq!(warnings(&path), "");
}

/// With a record, an action does not read the plugin: the form names the plugin from which it was made. A file that may
/// be another plugin is read and hashed.
#[test]
fn an_installed_plugin_is_read_only_if_it_may_have_changed() {
    let (_folder, path, form) = compiled(EMPTY);
    let record = Record::new(EMPTY, &BTreeMap::new(), "fence_x");
    let recorded = Recorded::Current(Box::new(record));
    let hash = || {
        let loaded = load(&path, &AgentPolicy::unrestricted(), &recorded, &Checker::new()).unwrap();
        (loaded.hash, loaded.warning.is_some())
    };
    let made = std::fs::metadata(&form).unwrap().modified().unwrap();
    let write = |content: &[u8], modified: SystemTime| {
        std::fs::write(&path, content).unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(modified)
            .unwrap();
    };
    let second = Duration::from_secs(1);
    write(EMPTY, made);
    assert_eq!(hash(), (blake3::hash(EMPTY), false));
    // Longer, or written after the form was made.
    write(OTHER, made - second);
    assert_eq!(hash(), (blake3::hash(OTHER), true));
    let error = |content: &[u8], modified| {
        write(content, modified);
        load(&path, &AgentPolicy::unrestricted(), &recorded, &Checker::new())
            .err()
            .map(|error| error.to_string())
    };
    // Damaged, but of the same length.
    let mut broken = EMPTY.to_vec();
    broken[7] = 1;
    assert_eq!(error(&broken, made), None);
    let damaged = error(&broken, made + second).unwrap();
    assert!(damaged.contains("is not a fencebox plugin"), "{damaged}");
    // A form that cannot be used.
    write(EMPTY, made - second);
    std::fs::remove_file(&form).unwrap();
    assert_eq!(hash(), (blake3::hash(EMPTY), true));
}

/// A compiled form works on all processors of its family. Wasmtime writes for each processor feature whether it is
/// needed, and rejects a form that needs a missing feature.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_compiled_form_needs_no_optional_processor_feature() {
    let (_folder, _path, form) = compiled(EMPTY);
    let form = std::fs::read(form).unwrap();
    let after = |name: &str| {
        let found = form.windows(name.len()).position(|part| part == name.as_bytes());
        let end = found.unwrap_or_else(|| panic!("nothing about {name}")) + name.len();
        form[end..end + 2].to_vec()
    };
    after("x86_64-unknown-linux-gnu");
    for feature in [
        "has_sse3",
        "has_sse42",
        "has_avx",
        "has_avx2",
        "has_avx512f",
        "has_bmi2",
        "has_popcnt",
    ] {
        // The encoding of a boolean that is false.
        assert_eq!(after(feature), [2, 0], "{feature}");
    }
}

#[test]
fn a_plugin_without_a_compiled_form_is_compiled_in_memory() {
    let (folder, path) = plugin(EMPTY);
    let said = warnings(&path);
    let form = path.with_extension("cwasm");
    let start = format!("{}: the compiled form is missing; compiling in memory", form.display());
    assert!(said.starts_with(&start), "{said}");
    assert!(
        said.ends_with(&format!("run `fencebox compile {}`", path.display())),
        "{said}"
    );
    assert_eq!(names(folder.path()), ["fence_x.wasm"]);
}

#[test]
fn the_form_of_another_plugin_is_refused() {
    let (_folder, path, _form) = compiled(EMPTY);
    std::fs::write(&path, OTHER).unwrap();
    assert!(warnings(&path).contains("it was made from another plugin or by another build"));
    compile(&path).unwrap();
    assert_eq!(warnings(&path), "");
}

const INCOMPLETE: &str = "it is incomplete, or another build made it";
const DAMAGED: &str = "it is damaged: its checksum is wrong";

#[test]
fn garbage_and_truncated_forms_are_rejected() {
    let (_folder, path, form) = compiled(EMPTY);
    let whole = std::fs::read(&form).unwrap();
    let start = (0..whole.len().min(256)).step_by(16);
    let pieces = start
        .chain((256..whole.len()).step_by(whole.len() / 32))
        .chain([whole.len() - 1]);
    let pieces = pieces.map(|length| whole[..length].to_vec());
    let garbage = [
        EMPTY.to_vec(),
        b"#!/bin/sh\n".to_vec(),
        vec![0; 100_000],
        vec![0xff; 100_000],
        [b"\x7fELF\x02\x01\x01".as_slice(), &[0x55; 4096]].concat(),
        [whole.as_slice(), &[0; 4096]].concat(),
    ];
    for bytes in pieces.chain(garbage) {
        std::fs::write(&form, &bytes).unwrap();
        let said = warnings(&path);
        assert!(said.contains(INCOMPLETE), "{} bytes: {said}", bytes.len());
    }
}

#[test]
fn a_form_whose_middle_or_second_half_is_zeros_is_refused() {
    let (_folder, path, form) = compiled(EMPTY);
    let whole = std::fs::read(&form).unwrap();
    let (middle, end) = (whole.len() / 2, whole.len() - 12);
    for (zeros, reason) in [
        // The middle of this small form is zeros anyway.
        (64..1024, DAMAGED),
        (middle..end, DAMAGED),
        (middle..whole.len(), INCOMPLETE),
        (0..end, DAMAGED),
    ] {
        let mut damaged = whole.clone();
        damaged[zeros.clone()].fill(0);
        std::fs::write(&form, damaged).unwrap();
        let said = warnings(&path);
        assert!(said.contains(reason), "{zeros:?}: {said}");
        assert_eq!(fault(&path).unwrap().unwrap().to_string(), reason);
    }
    std::fs::write(&form, whole).unwrap();
    assert!(fault(&path).unwrap().is_none());
}

/// The checksum is valid, and wasmtime rejects the form.
#[test]
fn a_form_of_another_build_is_refused() {
    let (_folder, path, form) = compiled(EMPTY);
    let mut other = std::fs::read(&form).unwrap();
    other.truncate(other.len() - 12);
    let stamp = b"fencebox ";
    let place = other.windows(stamp.len()).position(|window| window == stamp).unwrap();
    other[place + stamp.len()] = b'9';
    for code in [b"".as_slice(), b"\x7fELF", &[0; 5000], &other] {
        std::fs::write(&form, super::sealed(code.to_vec())).unwrap();
        assert!(warnings(&path).contains("it was made from another plugin or by another build"));
    }
}

#[test]
fn a_form_that_others_may_write_is_refused() {
    let (_folder, path, form) = compiled(EMPTY);
    for (mode, refused) in [
        (0o664, true),
        (0o646, true),
        (0o666, true),
        (0o620, true),
        (0o644, false),
        (0o600, false),
    ] {
        chmod(&form, mode);
        let said = warnings(&path);
        assert_eq!(
            said.contains(&format!("can be written by others (mode {mode:o})")),
            refused,
            "{said}"
        );
        assert_eq!(said.is_empty(), !refused, "{said}");
    }
}

/// A plugin that other users could have written may only return its description.
#[test]
fn a_plugin_that_others_may_write_or_replace_may_not_act() {
    let (folder, path, form) = compiled(EMPTY);
    let allowed = |path: &Path| {
        load(path, &AgentPolicy::unrestricted(), &Recorded::Absent, &Checker::new())
            .unwrap()
            .allowed
    };
    assert_eq!(allowed(&path), Ok(()));
    chmod(&path, 0o666);
    let reason = allowed(&path).unwrap_err().to_string();
    assert_eq!(
        reason,
        format!(
            "plugin {}: can be written by others (mode 666); install it with `fencebox install`, or correct that with \
             chown and chmod",
            path.display()
        )
    );
    assert_eq!(warnings(&path), "", "its compiled form is trusted");
    chmod(&path, 0o644);
    chmod(&form, 0o666);
    assert_eq!(allowed(&path), Ok(()), "only the compiled form is not trusted");
    chmod(folder.path(), 0o777);
    let reason = allowed(&path).unwrap_err().to_string();
    assert!(reason.contains("can be written by others (mode 777)"), "{reason}");
    chmod(folder.path(), 0o755);
    if std::os::unix::fs::chown(&path, Some(54_321), None).is_ok() {
        let reason = allowed(&path).unwrap_err().to_string();
        assert!(reason.contains("belongs to user 54321"), "{reason}");
    }
}

#[test]
fn a_form_that_is_not_a_regular_file_is_rejected() {
    let (folder, path, form) = compiled(EMPTY);
    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&form, &elsewhere).unwrap();
    symlink(&elsewhere, &form).unwrap();
    assert!(warnings(&path).contains("this is not a regular file"));
    std::fs::remove_file(&form).unwrap();
    std::fs::create_dir(&form).unwrap();
    assert!(warnings(&path).contains("this is not a regular file"));
}

#[test]
fn a_form_that_others_may_replace_is_refused() {
    let (folder, path, _form) = compiled(EMPTY);
    for (mode, refused) in [
        (0o770, true),
        (0o707, true),
        (0o777, true),
        (0o1777, false),
        (0o755, false),
        (0o700, false),
    ] {
        chmod(folder.path(), mode);
        let said = warnings(&path);
        let real = folder.path().canonicalize().unwrap();
        let reason = format!("the folder {} can be written by others (mode {mode:o})", real.display());
        assert_eq!(said.contains(&reason), refused, "{said}");
        assert_eq!(said.is_empty(), !refused, "{said}");
    }
}

#[test]
fn every_folder_above_counts_and_links_hide_none() {
    let root = tempfile::tempdir().unwrap();
    let inner = root.path().join("open/inner");
    std::fs::create_dir_all(&inner).unwrap();
    chmod(&inner, 0o755);
    std::fs::write(inner.join("fence_x.wasm"), EMPTY).unwrap();
    compile(&inner.join("fence_x.wasm")).unwrap();
    let link = root.path().join("link");
    symlink(&inner, &link).unwrap();

    chmod(&root.path().join("open"), 0o755);
    assert_eq!(warnings(&inner.join("fence_x.wasm")), "");
    assert_eq!(warnings(&link.join("fence_x.wasm")), "");
    chmod(&root.path().join("open"), 0o777);
    for folder in [&inner, &link] {
        let said = warnings(&folder.join("fence_x.wasm"));
        assert!(said.contains("open can be written by others (mode 777)"), "{said}");
    }
}

/// Only root can change the owner of a file, so this tests something only if it runs as root.
#[test]
fn a_form_or_folder_of_another_user_is_rejected() {
    let (folder, path, form) = compiled(EMPTY);
    let other_user = 54_321;
    if std::os::unix::fs::chown(&form, Some(other_user), None).is_err() {
        return;
    }
    let elsewhere = "belongs to user 54321, not to root or the owner of fencebox";
    assert!(warnings(&path).contains(elsewhere));
    std::os::unix::fs::chown(&form, Some(0), None).unwrap();
    assert_eq!(warnings(&path), "");
    // The owner of a folder may rename its files, even in a sticky folder.
    for mode in [0o755, 0o1777] {
        chmod(folder.path(), mode);
        std::os::unix::fs::chown(folder.path(), Some(other_user), None).unwrap();
        assert!(warnings(&path).contains(elsewhere), "{mode:o}");
    }
}
