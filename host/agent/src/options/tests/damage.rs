//! Damaged standard input. The Python agents ignore each of these lines, and reboot.

use super::{APC, Call, device, dummy, own};
use crate::description::ValueKind;

#[track_caller]
fn assert_refused(stdin: &[u8], words: &[&str]) {
    let call = Call::of(&dummy(), &[], stdin);
    let shown = String::from_utf8_lossy(stdin);
    let Err(error) = &call.read else {
        panic!(
            "{shown:?} is accepted with action {:?}: {}",
            call.get("action"),
            call.said
        )
    };
    let error = error.to_string();
    for word in words {
        assert!(error.contains(word), "{shown:?}: no {word:?}: {error}");
    }
}

#[test]
fn a_byte_order_mark_of_utf8_is_dropped() {
    for stdin in [
        "\u{feff}action=status\n",
        "\u{feff}\u{feff}action=status\r\nplug_separator=;\r\n",
        "\u{feff}\n \taction=status",
        "\u{feff}# comment\naction=status\n",
    ] {
        let call = Call::stdin(&dummy(), stdin);
        assert_eq!(call.get("action"), Some("status"), "{stdin:?}");
        assert_eq!(call.said, "", "{stdin:?}");
    }
    assert_eq!(Call::stdin(&dummy(), "\u{feff}").get("action"), Some("reboot"));
}

#[test]
fn other_encodings_are_refused() {
    let text = "action=status\nstatus_file=x\n";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let wide: Vec<u8> = text
        .chars()
        .flat_map(|letter| u32::from(letter).to_be_bytes())
        .collect();
    for (mark, text) in [
        (&b"\xff\xfe"[..], &little),
        (b"\xfe\xff", &big),
        (b"\0\0\xfe\xff", &wide),
    ] {
        assert_refused(&[mark, text].concat(), &["byte order mark", "UTF-16", "UTF-8"]);
        // Without a mark, each name has other characters in it.
        assert_refused(
            text,
            &["standard input, line 2", "the name of option status_file is damaged"],
        );
    }
}

#[test]
fn a_damaged_action_never_means_the_default_action() {
    for line in [
        &b"action = status"[..],
        b"action\t=status",
        b"Action=status",
        b"ACTION=status",
        b"--action=status",
        b"xaction=status",
        b"> action=status",
        b"export action=status",
        b"\"action=status\"",
        b"action:status",
        b"action: status",
        b"action status",
        b"{\"action\": \"status\"}",
        b"<action>status</action>",
        b"action\xc2\xa0=status",
        b"act\xc2\xa0ion=status",
        b"act\xffion=status",
        b"act\xffon=status",
        b"acti\0on=status",
        b"\x1b[200~action=status",
        b"\xe2\x80\x8baction=status",
        b"\xd0\xb0ction=status",
        // A mark in another place, and one that was read as Latin-1.
        b"\xef\xbb\xbf\xc3\xaf\xc2\xbb\xc2\xbfaction=status",
    ] {
        for stdin in [line.to_vec(), [b"status_file=x\n", line, b"\n"].concat()] {
            assert_refused(&stdin, &["standard input, line ", "action"]);
        }
    }
    // The line end before the action is damaged.
    for stdin in [
        "status_file=x\raction=status\r",
        "status_file=x\u{b}action=status",
        "status_file=x\u{85}Action = status",
        "status_file=x\\naction=status\\n",
        "status_file=x action=status",
    ] {
        assert_refused(stdin.as_bytes(), &["standard input, line 1", "action=ACTION"]);
    }
}

#[test]
fn a_damaged_line_is_harmless_beside_an_action() {
    for line in [
        "Action=on",
        "\0action=on",
        "\u{feff}action=on",
        "foo\u{a0}=1",
        "größe=1",
        "action on",
        "foo=action=on",
        "status_file=x action=on",
    ] {
        for stdin in [
            format!("action=status\n{line}\n"),
            format!("# first\n{line}\naction=status\n"),
        ] {
            let call = Call::stdin(&dummy(), &stdin);
            assert_eq!(call.get("action"), Some("status"), "{stdin:?}");
        }
    }
}

#[test]
fn a_damaged_name_of_a_known_option_is_refused() {
    let refused = |stdin: &[u8], name: &str| {
        let call = Call::of(&device(APC), &[], stdin);
        let error = call.error();
        assert!(
            error.contains(&format!("the name of option {name} is damaged")) && !error.contains("s3cret"),
            "{error}"
        );
        assert!(!call.said.contains("s3cret"), "{}", call.said);
    };
    refused(b"action=off\n\xef\xbb\xbfplug=1\n", "plug");
    refused(b"action=off\npl\xc2\xadug=1\n", "plug");
    refused(b"action=off\nssh\xff=1\n", "ssh");
    refused(b"action=off\npass\0word=s3cret\n", "password");
    refused(b"action=off\nport\xc2\xa0=1\n", "plug");
    // A shell's prompt before the first line.
    refused(b"> port=1\naction=off\n", "plug");
    refused(b"export passwd=s3cret\naction=off\n", "password");
}

/// Names of options of other agents may end in the name of an option.
#[test]
fn an_unknown_name_is_not_damaged_because_of_its_end() {
    for line in ["transport=udp", "my_ip=1", "pcmk_host_plug=x", "-port=1", "port = 1"] {
        let call = Call::stdin(&device(APC), &format!("{line}\naction=off\n"));
        assert_eq!(call.get("action"), Some("off"), "{line}");
        assert!(call.said.contains("unknown option"), "{line}");
    }
}

/// `fence_xvm` has the action under an older name.
#[test]
fn a_synonym_of_the_action_is_an_action() {
    let mut agent = dummy();
    agent.parameters.push(own("option", ValueKind::Text));
    agent.parameters[3].synonym_of = Some("action".to_owned());
    let call = Call::stdin(&agent, "Action=on\noption=status\n");
    assert_eq!(call.get("action"), Some("status"));
}
