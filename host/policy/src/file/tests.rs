//! Valid policy files, and the errors of invalid ones.

use crate::{Limit, Policy};

fn refusal(text: &str) -> String {
    let refusal = Policy::parse("/etc/fencebox/policy.toml", text)
        .unwrap_err()
        .to_string();
    assert!(!refusal.contains('\n'), "{refusal}");
    refusal
}

#[track_caller]
fn refused(text: &str, line: usize, words: &str) {
    let refusal = refusal(text);
    let place = format!("/etc/fencebox/policy.toml:{line}: ");
    assert!(refusal.starts_with(&place) && refusal.contains(words), "{refusal}");
}

#[test]
fn an_empty_policy_restricts_nothing() {
    for text in [
        "",
        "# nothing\n",
        "[fence_clc]\n",
        "[\"*\"]\n[fence_clc.limits]\n",
        "\u{feff}",
    ] {
        let policy = Policy::parse("p", text).unwrap();
        assert!(policy.for_agent("fence_clc").describe().is_empty(), "{text:?}");
    }
}

#[test]
fn each_key_is_described_with_its_line() {
    let text = format!(
        "[fence_clc]\nallow = [\n  \"https://api.ctl.io\",\n  \"*.example\",\n]\ndeny = [\"10.0.0.0/8\",\n\"fd00::/8\"]\n\
         sha256 = [\"{}\"]\ninsecure-tls = false\n\n[fence_clc.limits]\nmemory = 1048576\nresponse-bytes = \"64 KiB\"\nseconds = \"90 s\"\n",
        "aB".repeat(32)
    );
    let agent_policy = Policy::parse("p", &text).unwrap().for_agent("fence_clc");
    assert_eq!(
        agent_policy.describe(),
        [
            "reaches only \"https://api.ctl.io\", \"*.example\" ([fence_clc] in p:2)".to_owned(),
            "does not reach \"10.0.0.0/8\" ([fence_clc] in p:6)".to_owned(),
            "does not reach \"fd00::/8\" ([fence_clc] in p:7)".to_owned(),
            format!(
                "runs only a plugin file with the SHA-256 digest {} ([fence_clc] in p:8)",
                "ab".repeat(32)
            ),
            "verifies certificates, and sends plain HTTP only to this machine ([fence_clc] in p:9)".to_owned(),
            "has the limit memory = 1 MiB, not 64 MiB ([fence_clc] in p:12)".to_owned(),
            "has the limit response-bytes = 64 KiB, not 8 MiB ([fence_clc] in p:13)".to_owned(),
            "has the limit seconds = 90 s, not 3600 s ([fence_clc] in p:14)".to_owned(),
        ]
    );
    let refused = Policy::parse("p", "[\"*\"]\nallow = []").unwrap().for_agent("fence_x");
    assert_eq!(refused.describe(), ["reaches only nothing ([\"*\"] in p:2)"]);
}

#[test]
fn each_limit_has_a_key_and_can_only_be_lowered() {
    for limit in Limit::ALL {
        let (key, most) = (limit.key(), limit.default());
        let write = |value: &str| format!("[\"*\"]\nlimits = {{ {key} = {value} }}");
        let policy = |value: &str| Policy::parse("p", &write(value)).unwrap_or_else(|rule| panic!("{rule}"));
        assert_eq!(policy("1").for_agent("fence_x").limits().get(limit).value(), 1);
        assert_eq!(
            policy(&most.to_string())
                .for_agent("fence_x")
                .limits()
                .get(limit)
                .value(),
            most
        );
        refused(&write(&(most + 1).to_string()), 2, "a policy can only lower a limit");
        refused(&write("0"), 2, "give at least 1");
        for value in [
            "-1",
            "true",
            "1.5",
            "\"a lot\"",
            "[1]",
            "1979-05-27",
            "9223372036854775807",
        ] {
            refused(&write(value), 2, key);
        }
    }
    refused(
        "[\"*\"]\n\nlimits.memory = \"64 MB\"",
        3,
        "memory = 67108864 or \"64 MiB\"",
    );
    refused("[\"*\"]\nlimits.requests = \"5\"", 2, "requests = 10000, which");
    refused(
        "[\"*\"]\nlimits.memori = 5",
        2,
        "\"memori\" is not a limit; the limits are memory, ",
    );
}

#[test]
fn unknown_keys_and_wrong_types_are_refused() {
    refused(
        "[fence_clc]\n# a comment\nalow = []",
        3,
        "unknown field `alow`, expected one of `allow`, `deny`",
    );
    refused("[fence_clc]\ninsecure_tls = false", 2, "expected one of");
    refused("[fence_clc.limit]\nmemory = 1", 1, "unknown field `limit`");
    refused("allow = []", 1, "expected the table of an agent, such as [fence_clc]");
    refused("fence_clc = [[\"a\"], []]", 1, "expected the table of an agent");
    refused("[fence_clc]\nallow = \"a\"", 2, "expected a sequence");
    refused("[fence_clc]\nallow = [1]", 2, "expected a string");
    refused("[fence_clc]\nallow = [[\"a\"]]", 2, "expected a string");
    refused("[fence_clc]\ninsecure-tls = \"no\"", 2, "expected a boolean");
    refused("[fence_clc]\n\ninsecure-tls = true", 3, "can only be false");
    refused("[fence_clc]\nlimits = 5", 2, "expected a map");
    refused("[[fence_clc]]\n", 1, "expected the table of an agent");
}

#[test]
fn invalid_toml_is_refused_in_one_line() {
    refused("[fence_clc]\nallow = [\"a\"\ndeny = []", 3, "");
    refused("[fence_clc]\n[fence_clc]\n", 2, "duplicate key");
    refused("[fence_clc]\nallow = []\nallow = []", 3, "duplicate key");
    refused("[fence_clc\n", 1, "");
    refused("{}", 1, "");
    refused("[fence_clc]\ndeny = [\"\0\"]", 2, "");
    refused(&"[".repeat(100_000), 1, "");
    let deep = format!("[fence_clc]\nallow = {}", "[".repeat(100_000));
    assert!(refusal(&deep).len() < 1000);
    let long = format!("[fence_clc]\n{} = 1", "x".repeat(100_000));
    assert!(refusal(&long).len() < 1000);
}

#[test]
fn only_agents_have_tables() {
    for name in [
        "clc",
        "fence_",
        "fence-clc",
        "Fence_clc",
        "\"fence_clc.wasm\"",
        "\"fence_*\"",
        "\"\"",
        "\"**\"",
    ] {
        refused(
            &format!("\n[{name}]\n"),
            2,
            "is not an agent; write [fence_DEVICE], or [\"*\"]",
        );
    }
    refused("[\"a\\nb\"]\n", 1, "[a\\nb] is not an agent");
}

#[test]
fn a_bad_rule_or_pin_is_named_with_its_line() {
    refused(
        "[fence_clc]\nallow = [\n\"a\",\n\"b/c\"]",
        4,
        "allow: \"b/c\": a rule has no path; write b",
    );
    refused(
        "[fence_clc]\ndeny = [\"10.0.0.1/8\"]",
        2,
        "deny: \"10.0.0.1/8\": it is not the first address of a block; write 10.0.0.0/8",
    );
    refused("[fence_clc]\nsha256 = []", 2, "lets no plugin run");
    refused(
        "[fence_clc]\nsha256 = [\n\"abc\"]",
        3,
        "sha256: \"abc\" is not a SHA-256 digest; give the 64 digits that `sha256sum` prints",
    );
}

#[test]
fn agents_are_those_with_a_table() {
    let policy = Policy::parse("p", "[fence_a]\n[\"*\"]\n[fence_b]\n").unwrap();
    assert_eq!(policy.agents().collect::<Vec<_>>(), ["fence_a", "fence_b"]);
}

#[test]
fn names_of_agents_have_letters_digits_and_underscores() {
    let long = format!("fence_{}", "x".repeat(249));
    for name in ["fence_x", "fence_9", "fence_a_1_b2", "fence__", &long] {
        assert!(Policy::parse("p", &format!("[{name}]\n")).is_ok(), "{name}");
    }
    refused(&format!("[{long}x]\n"), 1, "is not an agent");
}
