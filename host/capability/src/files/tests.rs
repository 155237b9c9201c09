mod links;

use std::fs;
use std::os::unix::fs::PermissionsExt;
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
struct Fixture {
    folder: TempDir,
    files: Files,
}

impl Fixture {
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

/// A plugin cannot invent an address that a file should contain: neither by its word, nor by writing the file.
#[test]
fn a_url_is_contained_only_as_a_whole_and_in_a_file_that_the_plugin_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clouds");
    fs::write(
        &path,
        "auth_url: \"https://cloud.example:5000/v3\"\nother=http://192.0.2.1\n",
    )
    .unwrap();
    let files = |access| {
        let declared = File {
            option: "clouds".to_owned(),
            kind: FileKind::File,
            access,
            fallbacks: Vec::new(),
        };
        let clock = Arc::new(VirtualClock::default());
        let deadline = Deadline::after(clock.as_ref(), Duration::from_secs(5));
        let located = fencebox_policy::Files::new(vec![declared]).unwrap();
        Files::new(located.locate(|_| path.to_str()), clock, deadline)
    };
    let options = ["absent".to_owned(), "clouds".to_owned()];
    let readable = files(FileAccess::Read);
    for url in ["https://cloud.example:5000/v3", "http://192.0.2.1"] {
        assert!(readable.contain(&options, url), "{url}");
        assert!(!readable.contain(&options[..1], url), "{url}: no such file is declared");
        assert!(
            !files(FileAccess::Write).contain(&options, url),
            "{url}: the plugin can write the file"
        );
    }
    for url in [
        "https://cloud.example",
        "https://cloud.example:5000",
        "//cloud.example:5000/v3",
        "https://evil.example",
        "",
    ] {
        assert!(!readable.contain(&options, url), "{url}");
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
        fallbacks: Vec::new(),
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
    let fixture = Fixture::new();
    assert!(matches!(
        fixture.files.read("status_file", None),
        Err(Failure::NotFound(_))
    ));
    fixture.files.write("status_file", None, b"off".to_vec()).unwrap();
    assert_eq!(fixture.text("st"), "off");
    fixture.make("st", "on\n");
    assert_eq!(fixture.files.read("status_file", None).unwrap(), b"on\n");
    fixture.files.write("status_file", None, Vec::new()).unwrap();
    assert_eq!(fixture.text("st"), "");
    let mut names = fixture.names("");
    names.sort();
    assert_eq!(names, ["requests", "st"], "no temporary file is left");
}

#[test]
fn entries_of_a_folder_are_read_and_written() {
    let fixture = Fixture::new();
    fixture
        .files
        .write("request_path", Some("node1-7.json"), b"{}".to_vec())
        .unwrap();
    assert_eq!(fixture.names("requests"), ["node1-7.json"]);
    assert_eq!(fixture.files.read("request_path", Some("node1-7.json")).unwrap(), b"{}");
    let missing = fixture.files.read("request_path", Some("node2.json"));
    assert!(matches!(missing, Err(Failure::NotFound(_))), "{missing:?}");
}

#[test]
fn read_permissions_of_a_file_are_kept() {
    let fixture = Fixture::new();
    fixture.make("st", "on");
    let path = fixture.folder.path().join("st");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fixture.files.write("status_file", None, b"off".to_vec()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn undeclared_and_unset_options_are_refused() {
    let fixture = Fixture::new();
    fixture.make("st", "on");
    for option in ["debug_file", "", "/etc/passwd", "unset"] {
        let refused = fixture.files.read(option, None);
        assert!(matches!(refused, Err(Failure::Denied(_))), "{option}: {refused:?}");
        let refused = fixture.files.write(option, None, Vec::new());
        assert!(matches!(refused, Err(Failure::Denied(_))), "{option}: {refused:?}");
    }
    let refused = fixture.files.read("request_path", Some("../st"));
    assert!(matches!(refused, Err(Failure::Denied(_))), "{refused:?}");
}

#[test]
fn other_kinds_of_files_are_refused_at_once() {
    let fixture = Fixture::new();
    let requests = fixture.folder.path().join("requests");
    let made = Command::new("mkfifo").arg(requests.join("fifo")).status().unwrap();
    assert!(made.success());
    fs::create_dir(requests.join("folder")).unwrap();
    for entry in ["fifo", "folder"] {
        let outcome = fixture.files.read("request_path", Some(entry));
        assert!(matches!(outcome, Err(Failure::Failed(_))), "{entry}: {outcome:?}");
        let outcome = fixture.files.write("request_path", Some(entry), Vec::new());
        assert!(matches!(outcome, Err(Failure::Failed(_))), "{entry}: {outcome:?}");
    }
}

#[test]
fn a_file_is_limited_to_1_mib() {
    let fixture = Fixture::new();
    fixture.make("st", vec![b'x'; LIMIT]);
    assert_eq!(fixture.files.read("status_file", None).unwrap().len(), LIMIT);
    fixture.make("st", vec![b'x'; LIMIT + 1]);
    let outcome = fixture.files.read("status_file", None);
    assert!(matches!(outcome, Err(Failure::TooLarge(_))), "{outcome:?}");
    let outcome = fixture.files.write("status_file", None, vec![b'x'; LIMIT + 1]);
    assert!(matches!(outcome, Err(Failure::TooLarge(_))), "{outcome:?}");
}

#[test]
fn paths_without_a_file_are_refused() {
    for path in ["/", "..", "", "/nonexistent/folder/st", "/dev/null"] {
        let declared = fencebox_policy::Files::new(vec![File {
            option: "status_file".to_owned(),
            kind: FileKind::File,
            access: FileAccess::Write,
            fallbacks: Vec::new(),
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
fn a_path_that_ends_like_a_folder_is_refused() {
    for path in ["st", "./st", "/tmp/st", "..st"] {
        assert!(super::split(Path::new(path)).is_some(), "{path}");
    }
    for path in ["st/", "st/.", "/", ".", "..", "", "/tmp/st//", "st/.."] {
        assert_eq!(super::split(Path::new(path)), None, "{path:?}");
    }
}

/// The SIGTERM that ended the action must not also end the logout.
#[test]
fn an_interruption_ends_waiting_for_a_slow_file_except_at_logout() {
    let clock = Arc::new(VirtualClock::default());
    clock.stop_at(Duration::ZERO);
    let deadline = Deadline::after(clock.as_ref(), Duration::from_secs(5));
    let declared = fencebox_policy::Files::new(Vec::new()).unwrap();
    let mut files = Files::new(declared.locate(|_| None), clock, deadline);

    // Ends only after the caller stopped waiting.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let given_up = files.in_time("st", move || {
        let _ = released.recv();
        Ok(())
    });
    assert!(matches!(given_up, Err(Failure::Failed(reason)) if reason.contains("interrupted")));
    drop(release);

    files.start_closing(deadline);
    let slow = || {
        // Longer than an interruption takes to be noticed.
        std::thread::sleep(3 * super::INTERRUPT_INTERVAL);
        Ok("read")
    };
    assert_eq!(files.in_time("st", slow).unwrap(), "read");
}

/// An agent may be killed before it renames its temporary file. Another process may later have the same process
/// number, for example in a container.
#[test]
fn files_of_a_killed_process_do_not_block_and_are_removed() {
    let fixture = Fixture::new();
    let own = format!(".st.{}.tmp", std::process::id());
    for left in [
        &*own,
        ".st.1.tmp",
        ".st.2-7.tmp",
        ".st.2.tmp",
        ".st.x.tmp",
        ".other.1.tmp",
    ] {
        fixture.make(left, "o");
    }
    let old = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for left in [".st.1.tmp", ".st.2-7.tmp", ".st.x.tmp", ".other.1.tmp"] {
        let file = fs::File::options()
            .write(true)
            .open(fixture.folder.path().join(left))
            .unwrap();
        file.set_modified(old).unwrap();
    }
    fixture.files.write("status_file", None, b"off".to_vec()).unwrap();
    assert_eq!(fixture.text("st"), "off");
    let mut names = fixture.names("");
    names.sort();
    // A young file may belong to a running agent. Files with other names do not belong to fencebox.
    let mut expected = [".other.1.tmp", ".st.2.tmp", ".st.x.tmp", &own, "requests", "st"];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn a_new_file_is_writable_only_by_its_owner() {
    let fixture = Fixture::new();
    fixture.files.write("status_file", None, b"off".to_vec()).unwrap();
    let mode = fs::metadata(fixture.folder.path().join("st"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7133, 0, "{mode:o}");
}

/// Only as root, because other users cannot change the owner of a file.
fn give_away(path: &Path) -> bool {
    std::os::unix::fs::chown(path, Some(54_321), None).is_ok()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[track_caller]
fn assert_untrusted(fixture: &Fixture, words: &str) {
    let before = fs::metadata(fixture.folder.path().join("st")).map(|about| about.permissions().mode());
    let read = fixture.files.read("status_file", None).map(drop);
    for outcome in [read, fixture.files.write("status_file", None, b"off".to_vec())] {
        let Err(Failure::Failed(text)) = outcome else {
            panic!("{words}: {outcome:?}")
        };
        assert!(
            text.starts_with("option status_file: ") && text.contains(words),
            "{text}"
        );
    }
    let after = fs::metadata(fixture.folder.path().join("st")).map(|about| about.permissions().mode());
    assert_eq!(before.ok(), after.ok(), "nothing was written");
}

#[test]
fn a_file_that_others_can_change_is_neither_read_nor_written() {
    let fixture = Fixture::new();
    fixture.make("st", "on");
    let path = fixture.folder.path().join("st");
    for mode in [0o666, 0o664, 0o646, 0o4777] {
        chmod(&path, mode);
        assert_untrusted(&fixture, &format!("can be written by others (mode {mode:o})"));
    }
    chmod(&path, 0o644);
    fs::hard_link(&path, fixture.folder.path().join("other")).unwrap();
    assert_untrusted(&fixture, "has 2 names");
    fs::remove_file(fixture.folder.path().join("other")).unwrap();
    if give_away(&path) {
        assert_untrusted(&fixture, "belongs to user 54321");
        chmod(&path, 0o4755);
        assert_untrusted(&fixture, "belongs to user 54321");
    }
    assert_eq!(fixture.text("st"), "on");
}

#[test]
fn a_folder_where_others_can_replace_files_is_refused() {
    let fixture = Fixture::new();
    chmod(fixture.folder.path(), 0o777);
    assert_untrusted(&fixture, "can be written by others (mode 777)");
    fixture.make("st", "on");
    assert_untrusted(&fixture, "can be written by others (mode 777)");
    chmod(fixture.folder.path(), 0o755);
    if give_away(fixture.folder.path()) {
        assert_untrusted(&fixture, "belongs to user 54321");
    }
}

/// Such as /tmp, where only the owner of a file can rename it.
#[test]
fn a_sticky_folder_is_accepted_for_files_of_the_agent() {
    let fixture = Fixture::new();
    chmod(fixture.folder.path(), 0o1777);
    fixture.files.write("status_file", None, b"off".to_vec()).unwrap();
    assert_eq!(fixture.files.read("status_file", None).unwrap(), b"off");
    if give_away(&fixture.folder.path().join("st")) {
        assert_untrusted(&fixture, "belongs to user 54321");
    }
}

/// The folder itself is trusted, but a folder above it is not.
#[test]
fn a_folder_below_one_that_others_can_replace_is_refused() {
    let fixture = Fixture::new();
    let requests = fixture.folder.path().join("requests");
    chmod(&requests, 0o755);
    chmod(fixture.folder.path(), 0o777);
    let outcome = fixture.files.write("request_path", Some("a"), b"x".to_vec());
    assert!(
        matches!(&outcome, Err(Failure::Failed(text)) if text.contains("can be written by others (mode 777)")),
        "{outcome:?}"
    );
    assert_eq!(fixture.names("requests"), [""; 0]);
}

#[test]
fn a_replaced_file_keeps_only_its_read_permissions() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("st");
    for (before, after) in [(0o4755, 0o644), (0o2711, 0o600), (0o1700, 0o600), (0o640, 0o640)] {
        fixture.make("st", "on");
        chmod(&path, before);
        fixture.files.write("status_file", None, b"off".to_vec()).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, after, "{before:o} becomes {mode:o}");
    }
}
