//! Files that a plugin may write, in places where other users can write too.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Outcome, call};

/// A folder with the status file of `fence_dummy`.
struct Status(TempDir);

impl Status {
    fn new(folder: u32, file: u32) -> Self {
        let status = Self(tempfile::tempdir().unwrap());
        fs::write(status.file(), "off").unwrap();
        chmod(&status.file(), file);
        chmod(status.0.path(), folder);
        status
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("status")
    }

    fn call(&self, action: &str) -> Outcome {
        let file = self.file();
        call(
            "fence_dummy",
            &format!("action={action}\nstatus_file={}\n", file.display()),
        )
    }

    /// Owner, mode and content.
    fn seen(&self) -> (u32, u32, String) {
        let about = fs::metadata(self.file()).unwrap();
        let content = fs::read_to_string(self.file()).unwrap();
        (about.uid(), about.mode() & 0o7777, content)
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A new file would belong to root and get the mode of this file, and the content is not trusted.
#[test]
fn a_file_of_another_user_is_not_touched() {
    let status = Status::new(0o1777, 0o644);
    if chown(status.file(), Some(1000), Some(1000)).is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI has to run this as root");
        println!("skipped: only root can change the owner of a file");
        return;
    }
    chmod(&status.file(), 0o4777);
    for action in ["status", "off", "on", "reboot"] {
        let refused = status.call(action);
        refused.assert_refused(&["option status_file", "belongs to user 1000"]);
    }
    assert_eq!(status.seen(), (1000, 0o4777, "off".to_owned()));
}

#[test]
fn a_file_that_others_can_write_or_replace_is_not_touched() {
    for (folder, file) in [(0o755, 0o666), (0o755, 0o664), (0o777, 0o644), (0o775, 0o600)] {
        let status = Status::new(folder, file);
        let mode = if folder == 0o755 { file } else { folder };
        let words = format!("can be written by others (mode {mode:o})");
        for action in ["status", "off", "on"] {
            status.call(action).assert_refused(&["option status_file", &words]);
        }
        assert_eq!(status.seen().2, "off");
    }
    let status = Status::new(0o755, 0o644);
    fs::hard_link(status.file(), status.0.path().join("other")).unwrap();
    status.call("on").assert_refused(&["option status_file", "has 2 names"]);
}

#[test]
fn files_in_a_sticky_folder_get_ordinary_permissions() {
    let status = Status::new(0o1777, 0o4755);
    let owner = status.seen().0;
    status.call("on").assert_done("Success: Powered ON\n");
    assert_eq!(status.seen(), (owner, 0o644, "on".to_owned()));
    fs::remove_file(status.file()).unwrap();
    status.call("on").assert_done("Success: Powered ON\n");
    assert_eq!(status.seen().1 & 0o7133, 0);
}
