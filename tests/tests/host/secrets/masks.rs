//! Masking, with the examples of the documentation, and with random secrets in random text: every encoding of a secret
//! is masked, and the other text is unchanged.

use fencebox::agent::log::Log;
use proptest::prelude::*;

use super::encodings;

fn log(secrets: &[&str]) -> Log {
    let log = Log::new(Box::new(std::io::sink()));
    secrets.iter().for_each(|secret| log.hide(secret));
    log
}

/// Characters that occur in no secret below and in no encoding of one, and that start no escape sequence.
const AROUND: &str = "[α-ω⟨⟩※ ]{0,40}";
const SECRET: &str = "([ -~]|[éß€😀]|[\\n\\t\u{7f}\u{200e}]|[%&\\\\+\"']){3,24}";

/// Each example in the table of docs/security.md, for the secret that the table names.
#[test]
fn examples_of_the_documentation_are_masked() {
    let page = include_str!("../../../../docs/security.md");
    let (_, table) = page.split_once("| encoding | examples for `a/ü` |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let examples: Vec<&str> = rows
        .flat_map(|row| row.trim_end_matches(" |").rsplit(" | ").next().unwrap().split('`'))
        .filter(|text| !text.trim_matches([',', ' ']).is_empty())
        .collect();
    assert_eq!(examples.len(), 12, "{examples:?}");
    let log = log(&["a/ü"]);
    for example in examples {
        let masked = log.masked(example);
        // Before a secret in base64, the start of the text that contains the secret may stay.
        assert!(
            masked.ends_with("********") && masked.len() <= 10,
            "{example}: {masked}"
        );
    }
}

/// A plain secret is found, whatever the secret and the text consist of.
#[test]
fn a_secret_of_escapes_is_masked_in_a_text_of_escapes() {
    for piece in ["\\", "%", "&", "+", "%5c", "\\\\%&+", "&#x5c;", "\\u005c"] {
        let secret = piece.repeat(100);
        let text = piece.repeat(1_000);
        assert_eq!(log(&[&secret]).masked(&text), "********", "{piece}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_encoding_is_masked(secret in SECRET, before in AROUND, after in AROUND) {
        let log = log(&[&secret]);
        for (name, encoded) in encodings::all(&secret) {
            let masked = log.masked(&format!("{before}⟨{encoded}⟩{after}⟩"));
            prop_assert_eq!(&masked, &format!("{}⟨********⟩{}⟩", before, after), "{}: {:?}", name, encoded);
        }
    }

    /// In base64 of a text that contains a secret, everything that is certainly part of the secret is masked, and in
    /// addition at most one character on each side, and padding.
    #[test]
    fn every_encoding_of_a_containing_text_is_masked(secret in SECRET, before in "[a-z]{0,5}", after in "[a-z]{0,5}") {
        let log = log(&[&secret]);
        for encoded in encodings::contained(&format!("{before}{secret}{after}")) {
            let masked = log.masked(&encoded);
            let (left, right) = masked.split_once("********").expect("the secret was masked");
            let taken = encoded.len() - left.len() - right.trim_end_matches('*').len();
            prop_assert!(encoded.starts_with(left) && encoded.ends_with(right.trim_start_matches('*')), "{}", masked);
            prop_assert!(taken * 6 + 12 >= secret.len() * 8, "{} of {}", masked, encoded);
        }
    }

    #[test]
    fn a_text_without_a_secret_is_unchanged(secret in SECRET, text in AROUND) {
        let text = format!("{text}⟩");
        prop_assert_eq!(log(&[&secret]).masked(&text), text);
    }

    /// Several secrets, some of which contain others.
    #[test]
    fn several_secrets_are_masked(secret in SECRET, cut in 3usize..10, other in SECRET) {
        let inner: String = secret.chars().take(cut).collect();
        let log = log(&[&inner, &other, &secret]);
        for text in [&secret, &other, &inner] {
            for (name, encoded) in encodings::all(text) {
                let masked = log.masked(&format!("⟨{encoded}⟩"));
                prop_assert_eq!(masked, "⟨********⟩", "{}: {:?}", name, encoded);
            }
        }
    }
}
