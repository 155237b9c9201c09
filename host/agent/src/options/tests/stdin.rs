//! Topic `stdin`.

use super::{APC, Call, device, dummy};
use crate::action::Document;

#[test]
fn lines_are_names_and_values() {
    for (stdin, action) in [
        ("action=status", "status"),
        ("# action=bogus\n\n   \n  # x\naction=status\n", "status"),
        ("action=StAtUs\r\n", "status"),
        ("\u{a0}action=status\u{1f}\t\n", "status"),
        ("action=\"status\"\n", "status"),
        ("action=\"status\n", "\"status"),
        ("action=\"\"x\"\"\n", "\"x\""),
        ("action=\"\n", "\""),
        ("action=\" status \"\n", " status "),
        ("action= status\n", " status"),
        ("action\n", ""),
        ("action=sta=tus\n", "sta=tus"),
        ("action=off\naction=status\n", "status"),
        ("action=a\rb\n", "a\rb"),
        ("action=a\0b\n", "a\0b"),
        ("", "reboot"),
    ] {
        let call = Call::stdin(&dummy(), stdin);
        assert_eq!(call.get("action"), Some(action), "{stdin:?}");
        assert_eq!(call.said, "", "{stdin:?}");
    }
}

#[test]
fn unknown_names_are_ignored_with_a_warning() {
    for stdin in ["option=status", "no_password=yes", "foo=bar", "=off"] {
        let call = Call::stdin(&dummy(), stdin);
        assert_eq!(call.get("action"), Some("reboot"), "{stdin}");
        assert!(call.said.contains("unknown option"), "{stdin}");
    }
    for unknown in ["action = on", "Action=on", "--action=on", "reaction=on", "action on"] {
        let call = Call::stdin(&dummy(), &format!("status_file=x\n{unknown}\naction=status\n"));
        assert_eq!(call.get("action"), Some("status"), "{unknown}");
        assert!(call.said.contains("ignoring standard input, line 2"), "{unknown}");
    }
}

#[test]
fn older_names_and_any_hyphens_are_accepted() {
    for stdin in [
        "login=u\nipaddr=h\npasswd=p\npasswd_script=s\nport=1\ncmd_prompt=c\nsecure=1\ndebug=d\nidentity_file=i",
        "username=u\nip=h\npassword=p\npassword_script=s\nplug=1\ncommand_prompt=c\nssh=on\ndebug_file=d\nidentity-file=i",
        // See `docs/reference/protocol.md#quirk-8.26`.
        "login=x\nusername=u\nip=h\npassword=p\npasswd-script=s\nplug=1\nport=1\ncmd-prompt=c\nssh=YES\ndebug-file=d\nidentity_file=i",
    ] {
        let call = Call::stdin(&device(APC), stdin);
        for (name, value) in [
            ("username", "u"),
            ("ip", "h"),
            ("password", "p"),
            ("password_script", "s"),
            ("plug", "1"),
            ("command_prompt", "c"),
            ("ssh", "1"),
            ("debug_file", "d"),
            ("identity_file", "i"),
        ] {
            assert_eq!(call.get(name), Some(value), "{name} in {stdin}");
        }
        assert_eq!(call.said, "");
    }
    let call = Call::stdin(&dummy(), "stonith-status_sleep=7");
    assert_eq!(call.get("stonith_status_sleep"), Some("7"));
}

#[test]
fn additional_lines_of_pacemaker_are_ignored_without_a_warning() {
    let call = Call::stdin(&dummy(), "agent=fence_dummy\nagent=1\nnodename=node1\naction=status\n");
    assert_eq!(call.said, "");
    assert_eq!(call.get("action"), Some("status"));
}

#[test]
fn flags_need_a_boolean_word() {
    for junk in ["y", "t", "2", "", "\" 1\""] {
        let call = Call::stdin(&dummy(), &format!("verbose={junk}\n"));
        assert!(call.said.contains("verbose=1 or verbose=0"), "{junk}: {}", call.said);
        assert_eq!(call.get("verbose"), None);
    }
    for word in ["YES", "On", "\"1\"", "true"] {
        let call = Call::stdin(&dummy(), &format!("verbose={word}\n"));
        assert_eq!((call.said.as_str(), call.get("verbose")), ("", Some("1")));
    }
}

#[test]
fn a_false_flag_counts_as_set_if_that_is_harmless() {
    let document = |stdin| Call::stdin(&dummy(), stdin).options().document();
    assert_eq!(document("help=0"), Some(Document::Help));
    assert_eq!(document("version=off"), Some(Document::Version));
    assert_eq!(document("action=metadata\nversion=1"), Some(Document::Metadata));
    let call = Call::stdin(&dummy(), "quiet=0");
    assert_eq!((call.get("quiet"), call.said.as_str()), (Some("1"), ""));
}

#[test]
fn a_false_flag_is_not_set_if_that_would_weaken_security() {
    let device = device(&[
        "ipaddr",
        "passwd",
        "secure",
        "ssl",
        "notls",
        "missing_as_off",
        "web",
        "no_login",
    ]);
    for name in ["ssl_insecure", "ssh", "notls", "missing_as_off", "port_as_ip"] {
        let call = Call::stdin(&device, &format!("{name}=1\n{name}=off\n"));
        assert_eq!(call.get(name), None, "{name}");
        assert!(call.said.contains(name), "{name}");
    }
    let call = Call::stdin(&device, "ssl=0");
    assert_eq!((call.get("ssl"), call.said.as_str()), (Some("0"), ""));
    let options = call.options();
    assert!(options.is_set("ssl") && !options.is_on("ssl"));
}

#[test]
fn secrets_stay_unseen() {
    let call = Call::stdin(
        &device(APC),
        "passwrd=s3cret\npassword=zz9\ns3cret lines\naction=status\n",
    );
    assert!(
        call.said.contains("\"passw…\"") && call.said.contains("line 3"),
        "{}",
        call.said
    );
    assert!(!call.said.contains("s3cret"), "{}", call.said);
    let options = call.options();
    assert!(!format!("{options:?}").contains("zz9"));
    assert_eq!(options.secrets().collect::<Vec<_>>(), [("password", "zz9")]);
}

#[test]
fn bytes_that_are_not_utf8_are_rejected_in_known_options() {
    let call = Call::of(&dummy(), &[], b"foo=\xff\n\xff=1\naction=status\n");
    assert_eq!(call.get("action"), Some("status"));
    let call = Call::of(&dummy(), &[], b"status_file=\xff\n");
    assert!(call.error().contains("status_file"), "{}", call.error());
}

/// Around the sizes of the buffers.
#[test]
fn long_lines_are_read_whole() {
    let start = "action=status\nstatus_file=";
    for size in [4095, 4096, 4097, 8191, 8192, 8193, 100_000] {
        let value = "x".repeat(size - start.len());
        let call = Call::stdin(&dummy(), &format!("{start}{value}"));
        assert_eq!(call.get("status_file"), Some(value.as_str()), "{size}");
    }
}

#[test]
fn the_size_of_the_input_is_limited() {
    let call = Call::of(&dummy(), &[], &vec![b'x'; 10 << 20]);
    assert!(call.error().contains("larger than 1048576 bytes"));
    let mut line = b"status_file=".to_vec();
    line.resize(1_000_000, b'x');
    assert_eq!(
        Call::of(&dummy(), &[], &line).get("status_file").map(str::len),
        Some(1_000_000 - 12)
    );
    let call = Call::of(&dummy(), &[], &vec![b'x'; 1_000_000]);
    assert!(call.said.len() < 300);
    let call = Call::stdin(&dummy(), &"foo=bar\n".repeat(10_000));
    assert!(call.said.lines().count() < 30 && call.said.contains("ignored 9980 more lines"));
}

#[test]
fn an_unreadable_input_is_an_error() {
    struct Closed;
    impl std::io::Read for Closed {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::NotConnected.into())
        }
    }
    let log = super::CapturedLog::default().log();
    let error = super::Options::read(&super::table(&dummy()), &[], &mut Closed, &log).unwrap_err();
    assert!(error.to_string().contains("standard input"), "{error}");
}
