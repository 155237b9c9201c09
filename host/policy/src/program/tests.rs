//! Where the program is, with and without `/proc`.

use std::path::{Path, PathBuf};

use super::{path, started_from, started_path, successor};

#[test]
fn both_ways_lead_to_the_same_file() {
    let own = std::env::current_exe().unwrap().canonicalize().unwrap();
    assert_eq!(path().unwrap(), own);
    // Older kernels provide only one way.
    if let Some(started) = started_from() {
        assert_eq!(started.canonicalize().unwrap(), own);
    }
}

#[test]
fn a_descriptor_is_not_a_place() {
    assert_eq!(started_path(c""), None);
    assert_eq!(started_path(c"/dev/fd/3"), None);
    assert_eq!(started_path(c"/dev/fd/3/fence_x"), None);
    assert_eq!(started_path(c"./fence_x").as_deref(), Some(Path::new("./fence_x")));
}

#[test]
fn a_replaced_program_is_found_at_its_old_place() {
    let folder = tempfile::tempdir().unwrap();
    let place: PathBuf = folder.path().join("fencebox");
    let replaced = folder.path().join("fencebox (deleted)");
    assert_eq!(successor(replaced.clone()), place);
    assert_eq!(successor(place.clone()), place);
    // A program whose name really ends in this word.
    std::fs::write(&replaced, "").unwrap();
    assert_eq!(successor(replaced.clone()), replaced);
}
