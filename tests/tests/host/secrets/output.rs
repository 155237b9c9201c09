//! Every output of the agent.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::sockets::LogSockets;
use super::support::{call, call_with, run};
use super::{PASSWORD, TOKEN, assert_clean, encodings, options};

#[test]
fn standard_error_and_the_debug_file_show_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    for (loudness, levels) in [
        ("", ["warning", "error"].as_slice()),
        ("verbose=1\n", &["debug", "info", "warning", "error", "printed: stdout"]),
        (
            "verbose_level=3\n",
            &["debug", "info", "warning", "error", "printed: stdout"],
        ),
    ] {
        let file = folder.path().join(format!("debug{}", levels.len()));
        let more = format!("action=status\nplug=1\n{loudness}debug_file={}\n", file.display());
        let outcome = call("fence_echo", &options(&more));
        outcome.assert_done("Status: ON\n");
        let written = std::fs::read_to_string(&file).unwrap();
        assert_clean("standard error", &outcome.stderr);
        assert_clean("the debug file", &written);
        // The text was logged, and this is the masked form.
        for text in [&outcome.stderr, &written] {
            for level in levels {
                for (name, _) in encodings::all(TOKEN) {
                    let line = format!("{level} {name} [********]");
                    assert!(
                        text.lines().filter(|found| found.ends_with(&line)).count() >= 2,
                        "no {line:?}: {text}"
                    );
                }
            }
            let contained: Vec<_> = text.lines().filter(|line| line.contains("contained [")).collect();
            assert_eq!(contained.len() % 24, 0);
            assert!(contained.iter().all(|line| line.contains("********")), "{contained:?}");
        }
    }
}

#[test]
fn errors_and_panics_of_the_plugin_show_no_secret() {
    for (plug, words) in [("refuse", "not permitted"), ("panic", "panicked at")] {
        for loudness in ["", "verbose_level=3\n"] {
            let outcome = call("fence_echo", &options(&format!("action=off\nplug={plug}\n{loudness}")));
            assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
            let last = outcome.stderr.lines().last().unwrap();
            assert!(
                last.contains(words) && last.contains("plain [********] percent [********]"),
                "{last}"
            );
            assert_clean(plug, &outcome.stderr);
        }
    }
}

#[test]
fn secrets_in_arguments_are_masked() {
    let password = format!("--password={PASSWORD}");
    let given = [
        "--ip=127.0.0.1",
        "-l",
        "fencer",
        &password,
        "--token",
        TOKEN,
        "-n",
        "refuse",
        "-o",
        "off",
        "-vvv",
    ];
    let outcome = call_with("fence_echo", &given);
    assert!(outcome.stderr.contains("plain [********]"), "{}", outcome.stderr);
    assert_clean("standard error", &outcome.stderr);
}

/// Texts that docs/security.md lists as masked are masked, and texts that it lists as not masked are not. Otherwise the
/// page would promise more than the program does.
#[test]
fn masked_texts_are_exactly_those_of_the_documentation() {
    let outcome = call(
        "fence_encodings",
        "action=status\nplug=1\nusername=fencer\npassword=s3cr+t/pass=wörd\n",
    );
    outcome.assert_done("Status: ON\n");
    let lines = |kind| outcome.stderr.lines().filter(move |line| line.contains(kind));
    assert_eq!((lines(": masked: ").count(), lines(": not masked: ").count()), (13, 10));
    for line in lines(": masked: ") {
        // In base64, the user name stays.
        assert!(line.ends_with("********]") && !line.contains("s3cr"), "{line}");
    }
    for line in lines(": not masked: ") {
        assert!(!line.contains("********"), "{line}");
    }
}

/// A secret is one line. Another output of a script is rejected, and the message shows nothing of it.
#[test]
fn a_secret_of_several_lines_is_rejected_and_not_shown() {
    let outcome = call(
        "fence_echo",
        "ip=127.0.0.1\nusername=a\npassword_script=printf 'first-line\\nsecond-line'\nplug=1\naction=status\nverbose=1\n",
    );
    outcome.assert_refused(&["option password_script: the program did not print one line"]);
    for half in ["first-line", "second-line"] {
        let shown = outcome.stderr.replace("printf 'first-line\\nsecond-line'", "");
        assert!(!shown.contains(half), "{}", outcome.stderr);
    }
}

#[test]
fn syslog_shows_no_secret() {
    let Some(log_sockets) = LogSockets::new(false) else {
        return;
    };
    let given = options("action=off\nplug=refuse\nverbose_level=3\n");
    let agent = log_sockets.agent("fence_echo");
    let mut lines = log_sockets.listen_while(|| assert_eq!(run(agent, &given).exit, Some(1)));
    lines.retain(|line| !line.contains(" audit {"));
    assert!(lines.len() > 10, "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("[********]")), "{lines:?}");
    assert_clean("syslog", &lines.join("\n"));
}

/// The device returns a token and repeats every request in its answers; no option contains the token.
#[test]
fn tokens_that_no_option_contains_are_masked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let device = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(byte[0]);
            }
            let head = "HTTP/1.1 200 OK\r\nX-Auth-Token: second-token\r\nConnection: close\r\nContent-Length:";
            stream
                .write_all(format!("{head} {}\r\n\r\n", request.len()).as_bytes())
                .unwrap();
            stream.write_all(&request).unwrap();
        }
    });
    let more = format!("ipport={port}\naction=status\nplug=call\nverbose_level=3\n");
    let outcome = call("fence_echo", &options(&more));
    device.join().unwrap();
    outcome.assert_done("Status: ON\n");
    let said = &outcome.stderr;
    assert!(
        said.contains("sent [********], got [********], received [GET /status"),
        "{said}"
    );
    assert!(said.contains("x-auth-token: ********"), "{said}");
    assert!(
        !said.contains("first-token") && !said.contains("second-token"),
        "{said}"
    );
}
