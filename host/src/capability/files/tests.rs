use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::{Failure, Files, LIMIT};
use crate::agent::clock::{Clock, Deadline};
use crate::agent::virtual_clock::VirtualClock;
use crate::policy::{self, File, FileAccess, FileKind};

/// A folder of its own, with the file `st` and the folder `requests` declared.
struct Room {
    folder: TempDir,
    files: Files,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("requests")).unwrap();
        let files = granted(folder.path());
        Self { folder, files }
    }

    fn make(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn granted(folder: &Path) -> Files {
    let declared = [
        ("status_file", FileKind::File),
        ("request_path", FileKind::Folder),
        ("unset", FileKind::File),
    ];
    let declared = declared.map(|(option, kind)| File {
        option: option.to_owned(),
        kind,
        access: FileAccess::Write,
    });
    let (file, requests) = (folder.join("st"), folder.join("requests"));
    let option = |name: &str| match name {
        "status_file" => file.to_str(),
        "request_path" => requests.to_str(),
        _ => None,
    };
    let clock = Arc::new(VirtualClock::default());
    let deadline = Deadline::after(clock.as_ref(), Duration::from_secs(5));
    let located = policy::Files::new(declared.to_vec()).unwrap().locate(option);
    Files::new(located, clock, deadline)
}

#[test]
fn content_is_read_and_replaced() {
    let room = Room::new();
    assert!(matches!(
        room.files.read("status_file", None),
        Err(Failure::NotFound(_))
    ));
    room.files.write("status_file", None, b"off".to_vec()).unwrap();
    assert_eq!(room.text("st"), "off");
    room.make("st", "on\n");
    assert_eq!(room.files.read("status_file", None).unwrap(), b"on\n");
    room.files.write("status_file", None, Vec::new()).unwrap();
    assert_eq!(room.text("st"), "");
    let mut names = room.names("");
    names.sort();
    assert_eq!(names, ["requests", "st"], "nothing is left behind");
}

#[test]
fn entries_of_a_folder() {
    let room = Room::new();
    room.files
        .write("request_path", Some("node1-7.json"), b"{}".to_vec())
        .unwrap();
    assert_eq!(room.names("requests"), ["node1-7.json"]);
    assert_eq!(room.files.read("request_path", Some("node1-7.json")).unwrap(), b"{}");
    let missing = room.files.read("request_path", Some("node2.json"));
    assert!(matches!(missing, Err(Failure::NotFound(_))), "{missing:?}");
}

#[test]
fn who_may_read_a_file_stays_so() {
    let room = Room::new();
    room.make("st", "on");
    let path = room.folder.path().join("st");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    room.files.write("status_file", None, b"off".to_vec()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn undeclared_and_unset_options_name_nothing() {
    let room = Room::new();
    room.make("st", "on");
    for option in ["debug_file", "", "/etc/passwd", "unset"] {
        let refused = room.files.read(option, None);
        assert!(matches!(refused, Err(Failure::Denied(_))), "{option}: {refused:?}");
        let refused = room.files.write(option, None, Vec::new());
        assert!(matches!(refused, Err(Failure::Denied(_))), "{option}: {refused:?}");
    }
    let refused = room.files.read("request_path", Some("../st"));
    assert!(matches!(refused, Err(Failure::Denied(_))), "{refused:?}");
}

#[test]
fn links_are_not_followed() {
    let room = Room::new();
    room.make("secret", "s3cret");
    let secret = room.folder.path().join("secret");
    symlink(&secret, room.folder.path().join("st")).unwrap();
    symlink(&secret, room.folder.path().join("requests/a")).unwrap();
    symlink("secret-to-be", room.folder.path().join("requests/b")).unwrap();
    let places = [
        ("status_file", None),
        ("request_path", Some("a")),
        ("request_path", Some("b")),
    ];
    for (option, entry) in places {
        let outcome = room.files.read(option, entry).map(drop);
        for outcome in [outcome, room.files.write(option, entry, b"x".to_vec())] {
            let Err(Failure::Failed(text)) = outcome else {
                panic!("{option} {entry:?}: {outcome:?}");
            };
            assert!(text.contains(option) && text.contains("no regular file"), "{text}");
        }
    }
    assert_eq!(room.text("secret"), "s3cret");
}

#[test]
fn only_regular_files_and_at_once() {
    let room = Room::new();
    let requests = room.folder.path().join("requests");
    let made = Command::new("mkfifo").arg(requests.join("fifo")).status().unwrap();
    assert!(made.success());
    fs::create_dir(requests.join("folder")).unwrap();
    for entry in ["fifo", "folder"] {
        let outcome = room.files.read("request_path", Some(entry));
        assert!(matches!(outcome, Err(Failure::Failed(_))), "{entry}: {outcome:?}");
        let outcome = room.files.write("request_path", Some(entry), Vec::new());
        assert!(matches!(outcome, Err(Failure::Failed(_))), "{entry}: {outcome:?}");
    }
}

#[test]
fn a_mebibyte_is_the_limit() {
    let room = Room::new();
    room.make("st", vec![b'x'; LIMIT]);
    assert_eq!(room.files.read("status_file", None).unwrap().len(), LIMIT);
    room.make("st", vec![b'x'; LIMIT + 1]);
    let outcome = room.files.read("status_file", None);
    assert!(matches!(outcome, Err(Failure::TooLarge(_))), "{outcome:?}");
    let outcome = room.files.write("status_file", None, vec![b'x'; LIMIT + 1]);
    assert!(matches!(outcome, Err(Failure::TooLarge(_))), "{outcome:?}");
}

#[test]
fn paths_that_are_no_files() {
    for path in ["/", "..", "", "/nonexistent/folder/st", "/dev/null"] {
        let declared = policy::Files::new(vec![File {
            option: "status_file".to_owned(),
            kind: FileKind::File,
            access: FileAccess::Write,
        }]);
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::default());
        let deadline = Deadline::after(clock.as_ref(), Duration::from_secs(5));
        let files = Files::new(declared.unwrap().locate(|_| Some(path)), clock, deadline);
        assert!(files.read("status_file", None).is_err(), "{path}");
        let failure = files.write("status_file", None, Vec::new()).unwrap_err();
        assert!(failure.to_string().contains("status_file"), "{path}: {failure}");
    }
}

#[test]
fn a_path_that_ends_like_a_folder_names_no_file() {
    for path in ["st", "./st", "/tmp/st", "..st"] {
        assert!(super::split(Path::new(path)).is_some(), "{path}");
    }
    for path in ["st/", "st/.", "/", ".", "..", "", "/tmp/st//", "st/.."] {
        assert_eq!(super::split(Path::new(path)), None, "{path:?}");
    }
}

/// The SIGTERM that ended the action must not end the log-out too.
#[test]
fn a_slow_file_is_given_up_when_interrupted_but_not_while_logging_out() {
    let clock = Arc::new(VirtualClock::default());
    clock.stop_at(Duration::ZERO);
    let deadline = Deadline::after(clock.as_ref(), Duration::from_secs(5));
    let declared = policy::Files::new(Vec::new()).unwrap();
    let mut files = Files::new(declared.locate(|_| None), clock, deadline);

    // Answers only once nobody waits any more.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let given_up = files.in_time("st", move || {
        let _ = released.recv();
        Ok(())
    });
    assert!(matches!(given_up, Err(Failure::Failed(reason)) if reason.contains("interrupted")));
    drop(release);

    files.start_closing(deadline);
    let slow = || {
        // Longer than it takes to notice an interruption.
        std::thread::sleep(3 * super::INTERRUPT_INTERVAL);
        Ok("read")
    };
    assert_eq!(files.in_time("st", slow).unwrap(), "read");
}

/// An agent may be killed before what it wrote takes the place of the file. Another process may have its number then,
/// as in a container, where all of them are small.
#[test]
fn what_a_killed_process_left_is_not_in_the_way_and_is_cleared_away() {
    let room = Room::new();
    let own = format!(".st.{}.tmp", std::process::id());
    for left in [
        &*own,
        ".st.1.tmp",
        ".st.2-7.tmp",
        ".st.2.tmp",
        ".st.x.tmp",
        ".other.1.tmp",
    ] {
        room.make(left, "o");
    }
    let old = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for left in [".st.1.tmp", ".st.2-7.tmp", ".st.x.tmp", ".other.1.tmp"] {
        let file = fs::File::options()
            .write(true)
            .open(room.folder.path().join(left))
            .unwrap();
        file.set_modified(old).unwrap();
    }
    room.files.write("status_file", None, b"off".to_vec()).unwrap();
    assert_eq!(room.text("st"), "off");
    let mut names = room.names("");
    names.sort();
    // What is young may be somebody's who is about to rename it; what has another name is somebody else's.
    let mut expected = [".other.1.tmp", ".st.2.tmp", ".st.x.tmp", &own, "requests", "st"];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn a_new_file_is_for_its_owner_to_write() {
    let room = Room::new();
    room.files.write("status_file", None, b"off".to_vec()).unwrap();
    let mode = fs::metadata(room.folder.path().join("st"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7133, 0, "{mode:o}");
}
