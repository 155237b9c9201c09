//! Tests of secrets in lines.

mod encoded;

use super::log;

/// The printed form of `text` with these secrets.
fn masked(secrets: &[&str], text: &str) -> String {
    let (log, ..) = log();
    for secret in secrets {
        log.hide(secret);
    }
    log.masked(text)
}

#[test]
fn secrets_are_masked_anywhere_in_a_text() {
    assert_eq!(masked(&["geheim"], "geheim"), "********");
    assert_eq!(
        masked(&["geheim"], "ungeheimes geheim, Geheim"),
        "un********es ********, Geheim"
    );
    assert_eq!(masked(&["geheim"], "geheimgeheim"), "****************");
    assert_eq!(masked(&["geheim", "passwort"], "passwort=geheim"), "********=********");
    assert_eq!(masked(&[], "geheim"), "geheim");
}

#[test]
fn a_secret_inside_another_is_masked() {
    for secrets in [
        ["abc", "abcdef"],
        ["abcdef", "abc"],
        ["abcdef", "cde"],
        ["def", "abcdef"],
    ] {
        assert_eq!(masked(&secrets, "x abcdef y"), "x ******** y", "{secrets:?}");
    }
}

#[test]
fn overlapping_secrets_are_masked() {
    for secrets in [["abcd", "cdef"], ["cdef", "abcd"]] {
        assert_eq!(masked(&secrets, "xabcdefy"), "x********y", "{secrets:?}");
    }
    assert_eq!(masked(&["aba"], "xababay"), "x********y");
    assert_eq!(masked(&["aaa"], "aaaaa"), "********");
}

#[test]
fn unusual_secrets_are_masked() {
    assert_eq!(masked(&["****"], "a****b"), "a********b");
    assert_eq!(masked(&["gehe\nim\u{1b}"], "a gehe\nim\u{1b} b"), "a ******** b");
    assert_eq!(masked(&["pässwörd€"], "xpässwörd€y"), "x********y");
    assert_eq!(masked(&["trailing  "], "a trailing  "), "a ********");
    assert_eq!(masked(&["€€€"], "a€€€€b"), "a********b");
    // A mask of short values would only show where they occur.
    assert_eq!(masked(&["", "a", "ab"], "abc"), "abc");
}

#[test]
fn every_destination_is_masked() {
    let (log, stderr, sink) = log();
    log.hide("geheim");
    log.warning("early geheim");
    assert_eq!(stderr.take(), "WARNING:root:early ********\n");
    log.configure(true, false);
    super::log_each_level(&log);
    log.debug("geheim");
    log.error(format_args!("{}{}", "geh", "eim"));
    for said in [stderr.take(), sink.take()] {
        assert!(
            !said.contains("geheim") && said.matches("********").count() == 2,
            "{said}"
        );
    }
}

/// The end of a long line, after its `x` characters, if the secret begins after `before` of them.
fn at_the_cut(before: usize) -> String {
    let (log, _, sink) = log();
    log.configure(false, false);
    log.hide("geheim");
    log.hide("a much longer secret");
    log.error(format!("{}geheim{}", "x".repeat(before), ".".repeat(100)));
    let said = sink.take();
    said.trim_start_matches("Error ").trim_start_matches('x').to_owned()
}

#[test]
fn no_part_of_a_secret_stays_at_the_cut_of_a_long_line() {
    let limit = super::super::LENGTH_LIMIT;
    assert_eq!(at_the_cut(limit - 8), "********.. …\n");
    assert_eq!(at_the_cut(limit - 6), "******** …\n");
    for before in [limit - 5, limit - 1, limit, limit + 1] {
        assert_eq!(at_the_cut(before), " …\n");
    }
}
