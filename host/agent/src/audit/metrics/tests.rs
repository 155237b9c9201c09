//! The files of a folder.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::json;

use super::textfile::Sample;
use super::{FILES, LOCK, hash, update};
use crate::audit::Record;

fn samples(device: &str) -> Vec<Sample> {
    let record = Record::of_fields(
        "fence_probe",
        json!({
            "event": "end", "time": "2026-01-02T03:04:05.678Z", "action": "explode", "plugs": ["1", "2", "1"],
            "result": "failure", "contacts": [{"origin": device}], "milliseconds": {"total": 1500},
        }),
    );
    Sample::of(&record).unwrap()
}

#[test]
fn a_record_has_one_sample_for_each_plug() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(update(folder.path(), &samples("https://bmc:443")).unwrap(), None);
    let name = format!("fencebox_fence_probe_{:016x}.prom", hash("https://bmc:443"));
    let text = fs::read_to_string(folder.path().join(&name)).unwrap();
    for plug in ["1", "2"] {
        // An action that does not exist has no label of its own.
        let labels = format!("{{agent=\"fence_probe\",device=\"https://bmc:443\",plug=\"{plug}\",action=\"other\"");
        assert!(
            text.contains(&format!("fencebox_actions_total{labels},result=\"failure\"}} 1\n")),
            "{text}"
        );
        let last = format!("fencebox_action_last_failure_timestamp_seconds{labels}}} 1767323045.678\n");
        assert!(text.contains(&last), "{text}");
    }
    let mode = fs::metadata(folder.path().join(&name)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, [LOCK, name.as_str()]);
}

#[test]
fn a_record_of_a_begin_has_no_sample() {
    let record = Record::of_fields("fence_probe", json!({"event": "begin", "action": "off"}));
    assert_eq!(Sample::of(&record), None);
}

#[test]
fn links_and_pipes_in_the_folder_are_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("victim"), "untouched").unwrap();
    let name = format!("fencebox_fence_probe_{:016x}", hash("d"));
    // A link in the place of the file is an error, and in the place of the draft it is removed.
    symlink(path("victim"), path(&format!(".{name}"))).unwrap();
    assert_eq!(update(folder.path(), &samples("d")).unwrap(), None);
    fs::remove_file(path(&format!("{name}.prom"))).unwrap();
    symlink(path("victim"), path(&format!("{name}.prom"))).unwrap();
    let cause = update(folder.path(), &samples("d")).unwrap_err().to_string();
    assert!(
        cause.starts_with("cannot read ") && cause.ends_with("not a regular file"),
        "{cause}"
    );
    fs::remove_file(path(LOCK)).unwrap();
    symlink(path("victim"), path(LOCK)).unwrap();
    let cause = update(folder.path(), &samples("d")).unwrap_err().to_string();
    assert!(cause.starts_with("cannot open .fencebox.lock: "), "{cause}");
    assert_eq!(fs::read_to_string(path("victim")).unwrap(), "untouched");
}

#[test]
fn a_damaged_file_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder
        .path()
        .join(format!("fencebox_fence_probe_{:016x}.prom", hash("d")));
    fs::write(&path, [0xff, 0xfe]).unwrap();
    let damage = update(folder.path(), &samples("d")).unwrap().unwrap();
    assert!(
        damage.ends_with(".prom is damaged at line 1, so its numbers start again"),
        "{damage}"
    );
    assert_eq!(update(folder.path(), &samples("d")).unwrap(), None);
    assert!(fs::read_to_string(&path).unwrap().contains(",result=\"failure\"} 2\n"));
}

#[test]
fn the_number_of_files_is_limited() {
    let folder = tempfile::tempdir().unwrap();
    update(folder.path(), &samples("known")).unwrap();
    for number in 1..FILES {
        fs::write(folder.path().join(format!("fencebox_x_{number}.prom")), "").unwrap();
    }
    let cause = update(folder.path(), &samples("new")).unwrap_err().to_string();
    assert!(cause.contains("256 files of devices already"), "{cause}");
    assert_eq!(update(folder.path(), &samples("known")).unwrap(), None);
}

#[test]
fn names_of_files_stay_the_same_in_every_version() {
    assert_eq!(format!("{:016x}", hash("")), "cbf29ce484222325");
    assert_eq!(format!("{:016x}", hash("foobar")), "85944171f73967e8");
}
