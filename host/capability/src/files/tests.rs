use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::{Failure, Files, LIMIT};
use fencebox_agent::clock::{Clock, Deadline};
use fencebox_agent::virtual_clock::VirtualClock;
use fencebox_policy::{self, File, FileAccess, FileKind};

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
    let located = fencebox_policy::Files::new(declared.to_vec()).unwrap().locate(option);
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
        let declared = fencebox_policy::Files::new(vec![File {
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
    let declared = fencebox_policy::Files::new(Vec::new()).unwrap();
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

/// As root, which alone can have files of another user here.
fn give_away(path: &Path) -> bool {
    std::os::unix::fs::chown(path, Some(54_321), None).is_ok()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[track_caller]
fn assert_distrusted(room: &Room, words: &str) {
    let before = fs::metadata(room.folder.path().join("st")).map(|about| about.permissions().mode());
    let read = room.files.read("status_file", None).map(drop);
    for outcome in [read, room.files.write("status_file", None, b"off".to_vec())] {
        let Err(Failure::Failed(text)) = outcome else {
            panic!("{words}: {outcome:?}")
        };
        assert!(
            text.starts_with("option status_file: ") && text.contains(words),
            "{text}"
        );
    }
    let after = fs::metadata(room.folder.path().join("st")).map(|about| about.permissions().mode());
    assert_eq!(before.ok(), after.ok(), "nothing was written");
}

#[test]
fn a_file_that_others_can_change_is_neither_read_nor_written() {
    let room = Room::new();
    room.make("st", "on");
    let path = room.folder.path().join("st");
    for mode in [0o666, 0o664, 0o646, 0o4777] {
        chmod(&path, mode);
        assert_distrusted(&room, &format!("can be written by others (mode {mode:o})"));
    }
    chmod(&path, 0o644);
    fs::hard_link(&path, room.folder.path().join("other")).unwrap();
    assert_distrusted(&room, "has 2 names");
    fs::remove_file(room.folder.path().join("other")).unwrap();
    if give_away(&path) {
        assert_distrusted(&room, "belongs to user 54321");
        chmod(&path, 0o4755);
        assert_distrusted(&room, "belongs to user 54321");
    }
    assert_eq!(room.text("st"), "on");
}

#[test]
fn a_folder_in_which_others_can_exchange_files_holds_none() {
    let room = Room::new();
    chmod(room.folder.path(), 0o777);
    assert_distrusted(&room, "can be written by others (mode 777)");
    room.make("st", "on");
    assert_distrusted(&room, "can be written by others (mode 777)");
    chmod(room.folder.path(), 0o755);
    if give_away(room.folder.path()) {
        assert_distrusted(&room, "belongs to user 54321");
    }
}

/// As in /tmp, where nobody but its owner renames what is another's.
#[test]
fn a_sticky_folder_holds_files_of_the_agents_own() {
    let room = Room::new();
    chmod(room.folder.path(), 0o1777);
    room.files.write("status_file", None, b"off".to_vec()).unwrap();
    assert_eq!(room.files.read("status_file", None).unwrap(), b"off");
    if give_away(&room.folder.path().join("st")) {
        assert_distrusted(&room, "belongs to user 54321");
    }
}

/// The folder itself is right, and one above it is not.
#[test]
fn a_folder_below_one_that_others_can_exchange_holds_none() {
    let room = Room::new();
    let requests = room.folder.path().join("requests");
    chmod(&requests, 0o755);
    chmod(room.folder.path(), 0o777);
    let outcome = room.files.write("request_path", Some("a"), b"x".to_vec());
    assert!(
        matches!(&outcome, Err(Failure::Failed(text)) if text.contains("can be written by others (mode 777)")),
        "{outcome:?}"
    );
    assert_eq!(room.names("requests"), [""; 0]);
}

#[test]
fn a_replaced_file_keeps_no_mode_but_who_may_read_it() {
    let room = Room::new();
    let path = room.folder.path().join("st");
    for (before, after) in [(0o4755, 0o644), (0o2711, 0o600), (0o1700, 0o600), (0o640, 0o640)] {
        room.make("st", "on");
        chmod(&path, before);
        room.files.write("status_file", None, b"off".to_vec()).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, after, "{before:o} becomes {mode:o}");
    }
}
