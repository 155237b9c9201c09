//! Tests of encoded secrets in lines. The encoded texts are from other programs
//! (Python's `urllib`, `json`, `base64`, `html` and `repr`, and bash).

use super::super::super::LENGTH_LIMIT;
use super::super::log;
use super::masked;

/// Contains each kind of character that some encoding escapes.
const SECRET: &str = "p&s\"w<r'd/ é+\\%=";

#[track_caller]
fn assert_hidden(secret: &str, written: &str) {
    assert_eq!(masked(&[secret], &format!("({written})")), "(********)", "{written}");
}

#[test]
fn percent_encoded_secrets_are_masked() {
    for written in [
        "p%26s%22w%3Cr%27d/%20%C3%A9%2B%5C%25%3D",
        "p%26s%22w%3cr%27d%2f%20%c3%a9%2b%5c%25%3d",
        "p%26s%22w%3Cr%27d%2F+%C3%A9%2B%5C%25%3D",
        "p&s%22w%3Cr'd/%20é+\\%25=",
        "%70%26%73%22%77%3C%72%27%64%2F%20%C3%A9%2B%5C%25%3D",
        // Encoded twice.
        "p%2526s%2522w%253Cr%2527d%252F%2520%25C3%25A9%252B%255C%2525%253D",
    ] {
        assert_hidden(SECRET, written);
    }
}

#[test]
fn secrets_in_literals_are_masked() {
    for written in [
        r#"p&s\"w<r'd/ é+\\%="#,
        r#"p&s\"w<r'd\/ \u00e9+\\%="#,
        r#"p\u0026s\"w\u003cr\u0027d/ \u00E9+\\%="#,
        r#"p&s"w<r\'d/ \xe9+\\%="#,
        r#"p&s"w<r\'d/ \xc3\xa9+\\%="#,
        r#"p\&s\"w\<r\'d/\ é+\\%="#,
        r#"p&s"w<r'd/ \303\251+\\%="#,
        r#"p&s\"w<r\'d/ \u{e9}+\\%="#,
        // JSON in JSON, printed by Rust.
        r#"p&s\\\"w<r'd/ \\u00e9+\\\\%="#,
    ] {
        assert_hidden(SECRET, written);
    }
    assert_hidden("k😀y", r"k\ud83d\ude00y");
    assert_hidden("k😀y", r"k\\uD83D\\uDE00y");
    assert_hidden("k😀y", r"k\U0001f600y");
    assert_hidden("a\nb\tc", r"a\nb\tc");
}

#[test]
fn secrets_in_xml_are_masked() {
    for written in [
        "p&amp;s\"w&lt;r'd/ é+\\%=",
        "p&amp;s&quot;w&lt;r&apos;d/ &#233;+\\%=",
        "p&#38;s&#34;w&#60;r&#39;d&#47;&#32;&#xE9;&#43;&#92;&#37;&#61;",
        "p&#x26;s&#x22;w&#x3c;r&#x27;d/ &#x00e9;+\\%=",
        "p&amp;amp;s&amp;quot;w&amp;lt;r&amp;#39;d/ é+\\%=",
        // In JSON.
        r"p\u0026amp;s\u0026quot;w\u0026lt;r\u0026#39;d/ \u00e9+\\%=",
    ] {
        assert_hidden(SECRET, written);
    }
}

#[test]
fn secrets_in_base64_are_masked() {
    for written in [
        // The secret with and without padding, in both alphabets, and with `/`
        // escaped as in JSON.
        "cCZzInc8cidkLyDDqStcJT0=",
        "cCZzInc8cidkLyDDqStcJT0",
    ] {
        assert_hidden(SECRET, written);
    }
    assert_hidden("a>?b~~", "YT4/Yn5+");
    assert_hidden("a>?b~~", "YT4_Yn5-");
    assert_hidden("a>?b~~", r"YT4\/Yn5+");
    assert_hidden("a>?b~~", "YT4%2FYn5%2B");
    assert_hidden("geheim!", "Z2VoZWltIQ==");
    assert_hidden("geheim!", "Z2VoZWltIQ%3D%3D");
    assert_hidden("geheim!", "Z2Vo\nZWlt\r\nIQ==");
}

/// `user:geheim` with names of every alignment: only digits that belong to the name
/// stay.
#[test]
fn the_password_in_a_basic_header_is_masked() {
    for (header, left) in [
        ("Basic OmdlaGVpbQ==", "Basic O********"),
        ("Basic YTpnZWhlaW0=", "Basic YT********"),
        ("Basic YWI6Z2VoZWlt", "Basic YWI6********"),
        ("Basic YWJjOmdlaGVpbQ==", "Basic YWJjO********"),
    ] {
        assert_eq!(masked(&["geheim"], header), left);
    }
    // In the middle of a body.
    assert_eq!(
        masked(&["geheim"], "eyJwIjoiZ2VoZWltIiwieCI6MX0="),
        "eyJwIjoi********IiwieCI6MX0="
    );
    // As in OAuth, percent-encoded first.
    assert_eq!(masked(&["ge/he im"], "aWQ6Z2UlMkZoZSUyMGlt"), "aWQ6********");
    assert_eq!(masked(&["ge/he im"], "aWQ6Z2UlMkZoZStpbQ=="), "aWQ6********");
}

#[test]
fn hexadecimal_secrets_are_masked() {
    for written in ["67656865696d", "67656865696D"] {
        assert_hidden("geheim", written);
    }
}

#[test]
fn secrets_of_several_lines_are_masked() {
    let key = "-----BEGIN KEY-----\nMIIabc\nMIIdef\n-----END KEY-----\n";
    assert_eq!(masked(&[key], &format!("a {key}b")), "a ********b");
    assert_eq!(masked(&[key], "printed: MIIdef."), "printed: ********.");
    assert_eq!(
        masked(&[key], r"MIIabc\nMIIdef\n-----END"),
        r"********\n********\n-----END"
    );
    assert_eq!(masked(&["  geheim "], "(geheim)"), "(********)");
}

/// The SDK and plugins shorten a device's text, and mark the cut.
#[test]
fn secrets_cut_by_plugins_are_masked() {
    assert_eq!(masked(&["geheimnis"], "said geheim…"), "said ********…");
    assert_eq!(masked(&["geheimnis"], "said \"geheim\"…"), "said \"********\"…");
    assert_eq!(masked(&["ge%heimnis"], "ge%25hei…"), "********…");
    assert_eq!(masked(&["geheimnis"], "Z2VoZWlt…"), "********…");
    assert_eq!(masked(&["geheimnis"], "geh… geheim"), "geh… geheim");
}

/// A long secret is masked wherever it is cut.
#[test]
fn long_cut_secrets_are_masked() {
    let token: String = (0..5_000).map(|number| format!("{number:x}-")).collect();
    for length in [4, 5, 15, 16, 17, 100, 4_000] {
        let start = &token[..length];
        assert_eq!(
            masked(&[&token], &format!("said {start}… x")),
            "said ********… x",
            "{length}"
        );
        let percent: String = start.bytes().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(masked(&[&token], &format!("{percent}\"…")), "********\"…", "{length}");
    }
    let other = format!("said {}, no more", &token[..100]);
    assert_eq!(masked(&[&token], &other), other, "not cut, and not the secret");
    // Cut by the log itself.
    for before in [LENGTH_LIMIT - 100, LENGTH_LIMIT - 1] {
        let (log, _, sink) = log();
        log.configure(false, false);
        log.hide(&token);
        log.error(format!("{}{token}", ".".repeat(before)));
        assert_eq!(sink.take(), format!("Error {} …\n", ".".repeat(before)));
    }
}

#[test]
fn other_texts_are_not_masked() {
    for text in [
        "100 % of &c. \\o/ a+b %zz &; \\u12 \\x &#; &#xz; \\ud800 \\u{} %",
        "Z2VoZWlu 67656865696e geheiN %67%65%68%65%69%6e",
    ] {
        assert_eq!(masked(&["geheim"], text), text);
    }
}

/// No part of an encoded secret stays at the cut of a long line.
#[test]
fn encoded_secrets_at_the_cut_of_a_long_line_are_masked() {
    for written in [
        "%67%65%68%65%69%6d",
        "Z2VoZWlt",
        "&#x67;&#x65;&#x68;&#x65;&#x69;&#x6d;",
        "67656865696d",
    ] {
        for before in LENGTH_LIMIT - written.len()..LENGTH_LIMIT + 2 {
            let (log, _, sink) = log();
            log.configure(false, false);
            log.hide("geheim");
            log.error(format!("{}{written}{}", ".".repeat(before), ".".repeat(100)));
            let said = sink.take();
            let rest = said.trim_start_matches("Error ").trim_start_matches('.').trim_end();
            let expected = if before == LENGTH_LIMIT - written.len() {
                "******** …"
            } else {
                "…"
            };
            assert_eq!(rest.trim_start(), expected, "{written} after {before}");
        }
    }
}

/// Secrets that an attacker could choose to slow down the search. They are masked; `mask.rs` tests the work.
#[test]
fn secrets_of_characters_that_begin_escapes_are_masked() {
    for piece in ["\\", "%", "&", "+", "%5c", "\\\\%&+"] {
        let secret = piece.repeat(1_000);
        let masked = masked(&[&secret, "geheim"], &piece.repeat(4_000));
        assert!(masked.starts_with("********") && masked.len() < secret.len(), "{piece}");
    }
}

/// Secrets with the same start and with too many different lengths: then more text is masked, not less.
#[test]
fn many_secrets_with_one_start_are_masked() {
    let start = "eyJhbGciOiJIUzI1NiJ9.";
    let secrets: Vec<String> = (0..40).map(|length| format!("{start}{}", "x".repeat(length))).collect();
    for secret in &secrets {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let masked = masked(&secrets, &format!("a {secret} b"));
        assert!(masked.starts_with("a ********") && !masked.contains("eyJ"), "{masked}");
    }
}

/// The work of a search does not depend on the number of secrets.
#[test]
fn ten_thousand_secrets_are_masked() {
    let secrets: Vec<String> = (0..10_000)
        .map(|number| format!("secret-{number:06}-{number:06}"))
        .collect();
    let (log, ..) = log();
    secrets.iter().for_each(|secret| log.hide(secret));
    for secret in secrets.iter().step_by(997) {
        assert_eq!(log.masked(&format!("a {secret} b")), "a ******** b");
    }
}
