//! Links, followed only for reading.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::super::{Failure, Files};
use super::Fixture;
use fencebox_agent::clock::Deadline;
use fencebox_agent::virtual_clock::VirtualClock;
use fencebox_policy::{self, File, FileAccess, FileKind};

/// The file `key` and the folder `volume`, both declared for reading.
fn readable(folder: &Path) -> Files {
    let declared = [("key_file", FileKind::File), ("volume", FileKind::Folder)].map(|(option, kind)| File {
        option: option.to_owned(),
        kind,
        access: FileAccess::Read,
        fallbacks: Vec::new(),
    });
    let (key, volume) = (folder.join("key"), folder.join("volume"));
    let option = |name: &str| {
        if name == "volume" {
            volume.to_str()
        } else {
            key.to_str()
        }
    };
    let clock = Arc::new(VirtualClock::default());
    let deadline = Deadline::after(clock.as_ref(), Duration::from_secs(5));
    let located = fencebox_policy::Files::new(declared.to_vec()).unwrap().locate(option);
    Files::new(located, clock, deadline)
}

/// As Kubernetes makes it: `key` leads to `..data/key`, and `..data` to a folder with the time in its name.
#[test]
fn a_link_to_a_file_that_is_only_read_is_followed() {
    let fixture = Fixture::new();
    let (root, files) = (fixture.folder.path(), readable(fixture.folder.path()));
    let volume = root.join("volume");
    fs::create_dir_all(volume.join("..2026_11_29")).unwrap();
    fixture.make("volume/..2026_11_29/key", "k3y");
    symlink("..2026_11_29", volume.join("..data")).unwrap();
    symlink("..data/key", volume.join("key")).unwrap();
    symlink("volume/key", root.join("key")).unwrap();
    assert_eq!(files.read("key_file", None).unwrap(), b"k3y");
    assert_eq!(files.read("volume", Some("key")).unwrap(), b"k3y");
    // An absolute link, to a file that can be anywhere.
    fixture.make("elsewhere", "other");
    fs::remove_file(root.join("key")).unwrap();
    symlink(root.join("elsewhere"), root.join("key")).unwrap();
    assert_eq!(files.read("key_file", None).unwrap(), b"other");
    for write in [
        files.write("key_file", None, Vec::new()),
        files.write("volume", Some("key"), Vec::new()),
    ] {
        assert!(matches!(write, Err(Failure::Denied(_))), "{write:?}");
    }
}

/// The plugin chooses the name in a folder, so a link there must not lead to a file that no option names.
#[test]
fn a_link_in_a_folder_is_followed_only_inside_it() {
    let fixture = Fixture::new();
    let (root, files) = (fixture.folder.path(), readable(fixture.folder.path()));
    fs::create_dir(root.join("volume")).unwrap();
    fixture.make("secret", "s3cret");
    symlink("../secret", root.join("volume/relative")).unwrap();
    symlink(root.join("secret"), root.join("volume/absolute")).unwrap();
    symlink("..", root.join("volume/up")).unwrap();
    symlink("up/secret", root.join("volume/through")).unwrap();
    for entry in ["relative", "absolute", "up", "through"] {
        let outcome = files.read("volume", Some(entry));
        assert!(
            matches!(&outcome, Err(Failure::Failed(text)) if text.starts_with("option volume: ")),
            "{entry}: {outcome:?}"
        );
    }
}

#[test]
fn a_link_to_anything_but_a_file_is_refused_at_once() {
    let fixture = Fixture::new();
    let (root, files) = (fixture.folder.path(), readable(fixture.folder.path()));
    let made = Command::new("mkfifo").arg(root.join("fifo")).status().unwrap();
    assert!(made.success());
    fs::create_dir(root.join("volume")).unwrap();
    for target in ["fifo", "requests", "/dev/null", "key"] {
        symlink(target, root.join("key")).unwrap();
        let outcome = files.read("key_file", None);
        let Err(Failure::Failed(text)) = outcome else {
            panic!("{target}: {outcome:?}")
        };
        assert!(
            text.starts_with("option key_file: ") && !text.contains("links are not followed"),
            "{text}"
        );
        fs::remove_file(root.join("key")).unwrap();
    }
    symlink("nowhere", root.join("key")).unwrap();
    let outcome = files.read("key_file", None);
    assert!(matches!(outcome, Err(Failure::NotFound(_))), "{outcome:?}");
}

#[test]
fn a_link_to_a_file_that_may_be_written_is_not_followed() {
    let fixture = Fixture::new();
    fixture.make("secret", "s3cret");
    let secret = fixture.folder.path().join("secret");
    symlink(&secret, fixture.folder.path().join("st")).unwrap();
    symlink(&secret, fixture.folder.path().join("requests/a")).unwrap();
    symlink("secret-to-be", fixture.folder.path().join("requests/b")).unwrap();
    let places = [
        ("status_file", None),
        ("request_path", Some("a")),
        ("request_path", Some("b")),
    ];
    for (option, entry) in places {
        let outcome = fixture.files.read(option, entry).map(drop);
        for outcome in [outcome, fixture.files.write(option, entry, b"x".to_vec())] {
            let Err(Failure::Failed(text)) = outcome else {
                panic!("{option} {entry:?}: {outcome:?}");
            };
            assert!(text.contains(option) && text.contains("not a regular file"), "{text}");
        }
    }
    assert_eq!(fixture.text("secret"), "s3cret");
}
