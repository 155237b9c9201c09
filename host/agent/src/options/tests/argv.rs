//! Topic `argv`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::{Call, device, dummy};

#[test]
fn a_value_can_be_written_in_every_form_of_getopt() {
    for argv in [
        &["-o", "status"][..],
        &["-ostatus"],
        &["--action=status"],
        &["--action", "status"],
        &["--act=status"],
        &["-qvo", "status"],
        &["-vqostatus"],
        &["-o", "off", "--action=status"],
        &["--action=off", "-ostatus"],
        &["foo", "-o", "status"],
        &["-o", "status", "--", "-v"],
        &["-o", "status", "-"],
        &["-o", "STATUS"],
    ] {
        let call = Call::argv(&dummy(), argv);
        assert_eq!(call.get("action"), Some("status"), "{argv:?}");
    }
    assert_eq!(Call::argv(&dummy(), &["-o=status"]).get("action"), Some("=status"));
    assert_eq!(
        Call::argv(&dummy(), &["-o", "Meta-Data"]).get("action"),
        Some("metadata")
    );
    assert_eq!(Call::argv(&dummy(), &["-o", "-v"]).get("action"), Some("-v"));
    assert_eq!(Call::argv(&dummy(), &["--action="]).get("action"), Some(""));
    assert_eq!(
        Call::argv(&dummy(), &["--status-file=a=b"]).get("status_file"),
        Some("a=b")
    );
}

#[test]
fn an_exact_name_has_priority_over_longer_names() {
    let call = Call::argv(&dummy(), &["--verbose"]);
    assert_eq!(call.options().verbose_level(), 1);
}

#[test]
fn a_hidden_name_cannot_be_shortened() {
    let mut hiding = dummy();
    let mut hidden = hiding.parameters[2].clone();
    hidden.name = "status_folder".to_owned();
    hidden.hidden = true;
    hiding.parameters.push(hidden);
    let call = Call::argv(&hiding, &["--status=a", "--status-folder=b"]);
    assert_eq!(
        (call.get("status_file"), call.get("status_folder")),
        (Some("a"), Some("b"))
    );
    assert!(Call::argv(&hiding, &["--status-fo=b"]).read.is_err());
    assert_eq!(
        Call::stdin(&hiding, "status-folder=b\n").get("status_folder"),
        Some("b")
    );
}

#[test]
fn the_first_error_from_the_left_is_reported() {
    for (argv, error) in [
        (&["-X", "--bogus"][..], "unknown option -X"),
        (&["--bogus=7", "-X"], "unknown option \"--bogus\""),
        (&["--p=1"], "option --p is ambiguous (--power-timeout or "),
        (&["--=1"], "option -- is ambiguous ("),
        (&["-o"], "option -o needs a value"),
        (&["--act"], "option --action needs a value"),
        (&["--help=1"], "option --help takes no value"),
        (&["--quie="], "option --quiet takes no value"),
        (&["-n", "1"], "unknown option -n"),
        (&["--status_file=x"], "unknown option \"--status_file\""),
        (&["--login=u"], "unknown option \"--login\""),
    ] {
        let call = Call::argv(&dummy(), argv);
        if argv == ["--login=u"] {
            // This is a prefix of another name (`docs/reference/protocol.md#quirk-8.41`).
            assert_eq!(call.get("login_timeout"), Some("u"));
        } else {
            assert!(call.error().contains(error), "{argv:?}: {}", call.error());
        }
    }
}

#[test]
fn values_are_not_repeated() {
    let call = Call::argv(&device(super::APC), &["-p", "my", "s3cret", "--bogus=s3cret"]);
    assert!(!call.error().contains("s3cret") && !call.said.contains("s3cret"));
    let call = Call::argv(&device(super::APC), &["-p", "my", "s3cret", "--", "x"]);
    assert!(call.said.contains("argument 3, 5"), "{}", call.said);
    assert_eq!(call.get("password"), Some("my"));
}

#[test]
fn standard_input_is_ignored_if_there_is_any_argument() {
    for argument in ["", "x", "--"] {
        let call = Call::of(&dummy(), &[OsString::from(argument)], b"action=bogus\n");
        assert_eq!(call.get("action"), Some("reboot"));
        assert_eq!(call.said.is_empty(), argument == "--");
    }
}

#[test]
fn many_stray_arguments_make_one_short_line() {
    let args = vec![OsString::from("x"); 10_000];
    let call = Call::of(&dummy(), &args, b"");
    assert!(call.said.len() < 300 && call.said.lines().count() == 1, "{}", call.said);
}

#[test]
fn flags_are_set_or_not() {
    let call = Call::argv(&dummy(), &["-q"]);
    assert_eq!(call.get("quiet"), Some("1"));
    assert_eq!(call.get("verbose"), None);
    assert_eq!(call.get("missing_as_off"), None);
}

#[test]
fn bytes_that_are_not_utf8_are_rejected_in_values() {
    let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let call = Call::of(&dummy(), &[bytes(b"--status-file=\xff")], b"");
    assert!(
        call.error().contains("status_file (--status-file) is not UTF-8"),
        "{}",
        call.error()
    );
    let call = Call::of(&dummy(), &["-o".into(), bytes(b"\xff")], b"");
    assert!(call.error().contains("action"), "{}", call.error());
    let call = Call::of(&dummy(), &[bytes(b"\xff")], b"");
    assert_eq!(call.get("action"), Some("reboot"));
    assert!(Call::of(&dummy(), &[bytes(b"-\xff")], b"").read.is_err());
    assert!(Call::of(&dummy(), &[bytes(b"--\xff")], b"").read.is_err());
}

#[test]
fn a_device_without_plugs_takes_the_plug_as_its_address() {
    let device = device(&["ipaddr", "login", "passwd", "web"]);
    let call = Call::argv(&device, &["--port-as-ip", "-n", "10.0.0.1", "-a", "9.9.9.9"]);
    assert_eq!(call.get("ip"), Some("10.0.0.1"));
    let call = Call::argv(&device, &["-n", "10.0.0.1"]);
    assert!(call.error().contains("--port-as-ip"));
    let call = Call::argv(&device, &["-a", "h", "-C", ";"]);
    assert!(call.error().contains("unknown option -C"));
    // See `docs/reference/protocol.md#quirk-8.41`.
    let call = Call::argv(&device, &["--port", "-n", "h"]);
    assert_eq!(call.get("ip"), Some("h"));
}
