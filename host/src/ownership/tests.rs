//! The parts; what comes of them is seen where files are taken.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::{belongs_elsewhere, distrust, writable_by_others};

#[test]
fn a_bare_name_is_looked_up_where_it_is() {
    let reason = distrust(Path::new("nonexistent")).unwrap();
    assert!(reason.starts_with("it cannot be looked at (No such file"), "{reason}");
    // A file of this crate, whose folder is then the working directory.
    let reason = distrust(Path::new("Cargo.toml"));
    assert_eq!(reason, distrust(&std::env::current_dir().unwrap().join("Cargo.toml")));
}

#[test]
fn root_and_the_owner_of_the_program_may_decide() {
    let own = std::fs::metadata(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(belongs_elsewhere(&own, own.uid()), None);
    assert_eq!(belongs_elsewhere(&std::fs::metadata("/").unwrap(), 54_321), None);
    let folder = tempfile::tempdir().unwrap();
    if std::os::unix::fs::chown(folder.path(), Some(54_321), None).is_err() {
        return;
    }
    let strange = std::fs::metadata(folder.path()).unwrap();
    assert_eq!(belongs_elsewhere(&strange, 54_321), None);
    assert_eq!(
        belongs_elsewhere(&strange, own.uid()).unwrap(),
        "belongs to user 54321, not to root or the owner of fencebox"
    );
}

#[test]
fn nobody_else_may_write() {
    let folder = tempfile::tempdir().unwrap();
    for (mode, refused) in [
        (0o700, false),
        (0o755, false),
        (0o775, true),
        (0o757, true),
        (0o1777, true),
    ] {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let reason = writable_by_others(&std::fs::metadata(folder.path()).unwrap());
        assert_eq!(
            reason,
            refused.then(|| format!("can be written by others (mode {mode:o})"))
        );
    }
}
