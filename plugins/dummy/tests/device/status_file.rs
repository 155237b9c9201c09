//! `type=file`.

use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::Script;

use super::open;

fn status(content: &[u8]) -> Result<PowerStatus> {
    let _script = Script::new().file("status_file", content).start();
    open([("type", "file")])?.power_status("")
}

#[test]
fn only_on_and_off_are_a_status() {
    for (content, power) in [
        ("on", PowerStatus::On),
        ("ON", PowerStatus::On),
        ("oFF", PowerStatus::Off),
        ("off", PowerStatus::Off),
        ("on\n", PowerStatus::Unknown),
        (" off", PowerStatus::Unknown),
        ("", PowerStatus::Unknown),
        ("maybe", PowerStatus::Unknown),
    ] {
        assert_eq!(status(content.as_bytes()), Ok(power), "{content:?}");
    }
    assert_eq!(status(b"\xff\xfe"), Ok(PowerStatus::Unknown));
}

#[test]
fn a_missing_file_is_off_and_an_unreadable_file_is_an_error() {
    let _script = Script::new().place("status_file").start();
    assert_eq!(open([]).unwrap().power_status("1"), Ok(PowerStatus::Off));
    drop(_script);
    for failure in [
        files::Failure::Failed("it is a FIFO".into()),
        files::Failure::TooLarge("2 MiB".into()),
    ] {
        let _script = Script::new().broken_file("status_file", failure).start();
        assert!(matches!(open([]).unwrap().power_status("1"), Err(Error::TaskFailed(_))));
    }
}

#[test]
fn requests_are_written_to_the_file() {
    let script = Script::new().place("status_file").start();
    // As in the Python agent, an unknown type means `file`.
    let mut device = open([("type", "other")]).unwrap();
    for (target, word) in [(PowerTarget::On, "on"), (PowerTarget::Off, "off")] {
        device.set_power("", target).unwrap();
        assert_eq!(script.files("status_file"), [(String::new(), word.into())]);
    }
}

#[test]
fn a_random_delay_is_in_whole_seconds() {
    for wrong in ["x", "0", "-1", "1.5"] {
        let Err(Error::InvalidOption(problem)) = open([("random_sleep_range", wrong)]) else {
            panic!("{wrong} was accepted");
        };
        assert_eq!(problem.name, "random_sleep_range");
    }
    let start = std::time::Instant::now();
    assert!(open([("random_sleep_range", " 1 ")]).is_ok());
    assert_eq!(start.elapsed().as_secs(), 1);
}
