//! The parts of the check. Tests of the programs cover the whole.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{Checker, check, check_file, check_mode, check_owner, check_path, open};

#[test]
fn a_bare_name_is_in_the_working_directory() {
    let reason = check_file(Path::new("nonexistent")).unwrap_err().to_string();
    assert!(reason.starts_with("cannot be examined (No such file"), "{reason}");
    // A file of this crate, because its folder is the working directory.
    let reason = check_file(Path::new("Cargo.toml"));
    assert_eq!(reason, check_file(&std::env::current_dir().unwrap().join("Cargo.toml")));
}

#[test]
fn root_and_the_owner_of_the_program_may_decide() {
    let own = std::fs::metadata(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(check_owner(&own, own.uid()), Ok(()));
    assert_eq!(check_owner(&std::fs::metadata("/").unwrap(), 54_321), Ok(()));
    let folder = tempfile::tempdir().unwrap();
    if std::os::unix::fs::chown(folder.path(), Some(54_321), None).is_err() {
        return;
    }
    let strange = std::fs::metadata(folder.path()).unwrap();
    assert_eq!(check_owner(&strange, 54_321), Ok(()));
    assert_eq!(
        check_owner(&strange, own.uid()).unwrap_err().to_string(),
        "belongs to user 54321, not to root or the owner of fencebox"
    );
}

#[test]
fn other_users_may_not_write() {
    let folder = tempfile::tempdir().unwrap();
    for (mode, refused) in [
        (0o700, false),
        (0o755, false),
        (0o775, true),
        (0o757, true),
        (0o1777, true),
    ] {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let outcome = check_mode(&std::fs::metadata(folder.path()).unwrap());
        assert_eq!(
            outcome.err().map(|reason| reason.to_string()),
            refused.then(|| format!("can be written by others (mode {mode:o})"))
        );
    }
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The folder or link that is not trusted.
fn place(path: &Path) -> Option<PathBuf> {
    check_path(path).err().map(|place| place.path)
}

#[test]
fn a_link_counts_with_the_folder_that_it_is_in() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    for folder in ["real", "open", "way"] {
        std::fs::create_dir(root.join(folder)).unwrap();
        chmod(&root.join(folder), 0o755);
    }
    std::fs::write(root.join("real/file"), "").unwrap();
    symlink("../real/file", root.join("open/file")).unwrap();
    // A link to a link, through a link to a folder.
    symlink(root.join("open"), root.join("way/folder")).unwrap();
    symlink("folder/./file", root.join("way/file")).unwrap();
    let paths = ["open/file", "way/file", "way/folder/file", "way/folder/../open/file"];
    for path in paths {
        assert_eq!(place(&root.join(path)), None, "{path}");
    }
    chmod(&root.join("open"), 0o777);
    for path in paths {
        assert_eq!(place(&root.join(path)), Some(root.join("open")), "{path}");
    }
    assert_eq!(place(&root.join("real/file")), None);
    // In a sticky folder only the owner of the link replaces it.
    chmod(&root.join("open"), 0o1777);
    assert_eq!(place(&root.join("open/file")), None);
    if std::os::unix::fs::lchown(root.join("open/file"), Some(54_321), None).is_ok() {
        assert_eq!(place(&root.join("open/file")), Some(root.join("open/file")));
    }
}

#[test]
fn a_path_that_leads_nowhere_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    symlink("b", path("a")).unwrap();
    symlink("a", path("b")).unwrap();
    symlink("absent", path("dangling")).unwrap();
    std::fs::write(path("file"), "").unwrap();
    for name in ["a", "dangling", "absent", "file/below"] {
        assert!(check_path(&path(name)).is_err(), "{name}");
    }
    assert_eq!(check_path(&path("file")), Ok(()));
}

/// The opened file is verified, even if the path now leads to another file.
#[test]
fn the_opened_file_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "").unwrap();
    chmod(&path, 0o666);
    let (_file, metadata) = open(&path, false).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    chmod(&path, 0o644);
    assert_eq!(
        check(&path, &metadata).unwrap_err().to_string(),
        "can be written by others (mode 666)"
    );
}

#[test]
fn only_regular_files_are_opened_and_none_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("file"), "").unwrap();
    symlink("file", path("link")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(path("pipe")).status();
    assert!(made.unwrap().success());
    for (name, follow, opens) in [
        ("file", false, true),
        ("link", true, true),
        ("link", false, false),
        ("pipe", true, false),
        (".", true, false),
    ] {
        assert_eq!(open(&path(name), follow).is_ok(), opens, "{name} {follow}");
    }
}

#[test]
fn a_path_is_resolved_as_the_kernel_does() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("one/two")).unwrap();
    std::fs::write(root.join("one/file"), "").unwrap();
    symlink("one/two", root.join("link")).unwrap();
    symlink(root.join("link/../file"), root.join("absolute")).unwrap();
    symlink("nowhere", root.join("broken")).unwrap();
    symlink("circle", root.join("circle")).unwrap();
    let checker = Checker::new();
    // The second time, the folders are known.
    for _ in 0..2 {
        for path in ["one", "one/two", "link", "link/../file", "absolute", "one/./two/.."] {
            let path = root.join(path);
            assert_eq!(
                checker.resolve(&path).unwrap().path,
                path.canonicalize().unwrap(),
                "{path:?}"
            );
        }
        for path in [
            "broken",
            "circle",
            "nowhere",
            "one/file/../two",
            "one/file/x",
            "one/three/x",
        ] {
            let path = root.join(path);
            assert!(
                path.canonicalize().is_err() && checker.resolve(&path).is_err(),
                "{path:?}"
            );
        }
    }
}

#[test]
fn only_folders_that_were_trusted_are_not_examined_again() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("one/two")).unwrap();
    chmod(&root.join("one"), 0o777);
    let checker = Checker::new();
    let trust = |path: &str| checker.resolve(&root.join(path)).unwrap().trust.is_ok();
    assert!(!trust("one/two") && !trust("one/two") && trust("."));
    chmod(&root.join("one"), 0o755);
    assert!(trust("one/two"));
    // Only root or the owner of the program could do this.
    chmod(&root.join("one"), 0o777);
    assert!(trust("one/two"));
    assert!(check_path(&root.join("one/two")).is_err());
}
