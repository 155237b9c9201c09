//! Files that apply, and files that must not.

use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{existing, file_paths, read, read_file};
use crate::Policy;

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    chmod(&path, 0o644);
    path
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn refusal(path: &Path) -> String {
    let refusal = read(&[path.to_owned()]).unwrap_err().to_string();
    assert!(
        refusal.starts_with(&path.canonicalize().unwrap_or(path.to_owned()).display().to_string()) || path.is_symlink(),
        "{refusal}"
    );
    assert!(!refusal.contains('\n'), "{refusal}");
    refusal
}

#[test]
fn everything_is_allowed_without_a_policy_file() {
    let folder = tempfile::tempdir().unwrap();
    let policy = read(&[folder.path().join("a"), folder.path().join("b/c")]).unwrap();
    assert!(policy.for_agent("fence_x").describe().is_empty());
}

#[test]
fn each_existing_file_applies_once() {
    let folder = tempfile::tempdir().unwrap();
    let one = write(&folder, "one", "[fence_x]\ndeny = [\"a\"]");
    let two = write(&folder, "two", "[fence_x]\ndeny = [\"b\"]");
    let again = folder.path().join(".").join("one");
    let words = read(&[one, two, again]).unwrap().for_agent("fence_x").describe();
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(words[0].contains("\"a\"") && words[1].contains("\"b\""), "{words:?}");
}

#[test]
fn an_invalid_file_makes_the_whole_policy_invalid() {
    let folder = tempfile::tempdir().unwrap();
    let good = write(&folder, "good", "");
    let bad = write(&folder, "bad", "[fence_x]\nalow = []");
    for places in [[good.clone(), bad.clone()], [bad, good]] {
        assert!(read(&places).unwrap_err().to_string().contains("bad:2: unknown field"));
    }
}

#[test]
fn a_file_that_others_can_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "policy.toml", "");
    for mode in [0o666, 0o664, 0o646] {
        chmod(&path, mode);
        let said = refusal(&path);
        assert!(
            said.contains(&format!(
                "can be written by others (mode {mode:o}); only root may own a policy"
            )),
            "{said}"
        );
    }
    chmod(&path, 0o600);
    assert!(read(std::slice::from_ref(&path)).is_ok());
    chmod(folder.path(), 0o777);
    assert!(refusal(&path).contains("the folder "));
    chmod(folder.path(), 0o755);
    if chown(&path, Some(54_321), None).is_ok() {
        assert!(refusal(&path).contains("belongs to user 54321"));
    }
}

#[test]
fn only_a_regular_file_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let target = write(&folder, "target", "");
    let link = folder.path().join("link");
    symlink(&target, &link).unwrap();
    assert!(refusal(&link).contains("this is not a regular file"));
    std::fs::remove_file(&target).unwrap();
    assert!(
        refusal(&link).contains("this is not a regular file"),
        "a broken link does not mean that the policy is absent"
    );
    let inner = folder.path().join("folder");
    std::fs::create_dir(&inner).unwrap();
    assert!(refusal(&inner).contains("this is not a regular file"));
    // A path below a file is not a missing policy.
    let file = write(&folder, "file", "");
    assert!(refusal(&file.join("policy.toml")).contains("make the file readable"));
}

/// Each of these could hide a policy.
#[test]
fn a_path_that_cannot_be_followed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("real")).unwrap();
    symlink(at("gone"), at("dangling")).unwrap();
    symlink("loop", at("loop")).unwrap();
    symlink("dangling", at("chain")).unwrap();
    symlink("real/gone", at("below")).unwrap();
    write(&folder, "file", "");
    symlink("file", at("to-file")).unwrap();
    for (way, reason) in [
        ("dangling", "is a link that leads nowhere"),
        ("chain", "is a link that leads nowhere"),
        ("below", "is a link that leads nowhere"),
        ("loop", "is a link that leads nowhere"),
        ("dangling/deeper", "is a link that leads nowhere"),
        ("file", "cannot be examined"),
        ("to-file", "cannot be examined"),
        ("real/../dangling", "is a link that leads nowhere"),
    ] {
        let path = at(way).join("policy.toml");
        let refusal = read(std::slice::from_ref(&path)).unwrap_err().to_string();
        assert!(
            refusal.starts_with(&format!("{}: ", path.display())),
            "{way}: {refusal}"
        );
        assert!(refusal.contains(reason), "{way}: {refusal}");
        assert!(existing(std::slice::from_ref(&path)).is_err(), "{way}");
    }
    // These paths can be followed to their end, and the file is missing.
    symlink("real", at("link")).unwrap();
    for way in ["real", "link", "link/../real", "real/deeper", "link/deeper/deepest"] {
        let path = at(way).join("policy.toml");
        assert_eq!(read(std::slice::from_ref(&path)), Ok(Policy::unrestricted()), "{way}");
    }
}

#[test]
fn a_draft_may_belong_to_any_user() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "draft", "[fence_x]\ndeny = [\"a\"]");
    chmod(&path, 0o666);
    assert_eq!(read_file(&path).unwrap().for_agent("fence_x").describe().len(), 1);
    assert!(
        read_file(&folder.path().join("absent"))
            .unwrap_err()
            .to_string()
            .contains("No such file")
    );
}

#[test]
fn invalid_text_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "p", "");
    std::fs::write(&path, b"# a\n# b\n\xff\n").unwrap();
    assert!(
        read_file(&path)
            .unwrap_err()
            .to_string()
            .contains("p:3: this is not UTF-8")
    );
    std::fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert!(read_file(&path).unwrap_err().to_string().contains("longer than 1 MiB"));
}

#[test]
fn the_places_are_those_of_the_machine_and_of_the_tree() {
    let places = file_paths().unwrap();
    assert_eq!(places[0], Path::new("/etc/fencebox/policy.toml"));
    let tree = places[1].ancestors().nth(3).unwrap();
    assert_eq!(places[1], tree.join("etc/fencebox/policy.toml"));
    assert_eq!(std::env::current_exe().unwrap().ancestors().nth(3), Some(tree));
}

#[test]
fn each_place_without_a_policy_is_named_once() {
    let at = |places: &[&str]| super::none_at(&places.iter().map(PathBuf::from).collect::<Vec<_>>());
    assert_eq!(at(&["/etc/p", "/etc/p"]), "/etc/p does not exist");
    assert_eq!(at(&["/etc/p", "/opt/f/etc/p"]), "/etc/p and /opt/f/etc/p do not exist");
}
