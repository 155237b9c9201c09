//! A crash is possible after every step.

use super::*;

/// The names and bytes of the files in a folder.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(&path).unwrap_or_default())
    };
    entries(folder).into_iter().map(read).collect()
}

#[test]
fn replace_leaves_the_old_file_or_the_new_one_at_every_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut steps = Steps::up_to(usize::MAX);
    steps.replace(&path, b"old", 0o644).unwrap();
    for limit in 0..steps.taken() {
        std::fs::write(&path, b"old").unwrap();
        let outcome = Steps::up_to(limit).replace(&path, b"newer", 0o644);
        assert_eq!(outcome.unwrap_err().cause.to_string(), "a test simulates a crash");
        assert!([b"old".as_slice(), b"newer"].contains(&std::fs::read(&path).unwrap().as_slice()));
        Steps::default().replace(&path, b"newest", 0o600).unwrap();
        assert_eq!(contents(folder.path()), [("file".to_owned(), b"newest".to_vec())]);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn link_replaces_a_link_and_what_a_crash_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("link");
    symlink("elsewhere", temporary_name(&path)).unwrap();
    for target in ["one", "two"] {
        Steps::default().link(Path::new(target), &path).unwrap();
        assert_eq!(path.read_link().unwrap(), Path::new(target));
        assert_eq!(entries(folder.path()), std::slice::from_ref(&path));
    }
}

#[test]
fn create_refuses_a_file_that_exists_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    Steps::default().create(&path, b"1", 0o644).unwrap();
    let error = Steps::default().create(&path, b"2", 0o644).unwrap_err();
    assert_eq!(error.path, path);
    assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"1");
}

#[test]
fn remove_folder_removes_what_is_in_it_and_remove_if_empty_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    let mut steps = Steps::default();
    steps.make_folder(&deep).unwrap();
    steps.create(&deep.join("file"), b"1", 0o644).unwrap();
    assert!(!steps.remove_if_empty(&deep).unwrap());
    steps.remove_folder(&folder.path().join("a")).unwrap();
    assert!(entries(folder.path()).is_empty());
    assert!(steps.remove_if_empty(&deep).unwrap(), "it is gone already");
}

#[test]
fn final_name_reverses_temporary_name() {
    let path = Path::new("/x/fence_y.wasm");
    assert_eq!(temporary_name(path), Path::new("/x/.fence_y.wasm.new"));
    assert_eq!(final_name(&temporary_name(path)), Some("fence_y.wasm"));
    assert_eq!(final_name(path), None);
}

#[test]
fn a_lock_is_free_again_although_a_duplicate_of_the_file_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let open = || File::open(folder.path()).unwrap();
    let file = open();
    let duplicate = file.try_clone().unwrap();
    let lock = Lock::try_new(file).unwrap();
    assert!(lock.is_some());
    assert!(Lock::try_new(open()).unwrap().is_none());
    drop(lock);
    assert!(Lock::try_new(open()).unwrap().is_some());
    drop(duplicate);
}
