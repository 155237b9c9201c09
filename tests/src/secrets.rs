//! The secrets of a call, and whether a text contains one of them.

use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The options whose values are secret, with every accepted name.
const OPTIONS: &[&str] = &[
    "application_secret",
    "client_secret",
    "consumer_key",
    "passwd",
    "password",
    "session_key",
    "snmp_priv_passwd",
    "token",
];
/// Their letters on the command line.
const LETTERS: &[&str] = &["-p", "-P"];
/// The minimum length. The agents do not mask shorter secrets, because the mask would show their positions.
const SHORTEST: usize = 3;

/// The secrets of one call.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// The secrets in the arguments and in the lines of standard input.
    pub fn given<A: AsRef<str>>(arguments: impl IntoIterator<Item = A>, stdin: &[u8]) -> Self {
        let mut secrets = Self::default();
        for line in String::from_utf8_lossy(stdin).lines() {
            if let Some((name, value)) = line.split_once('=') {
                secrets.add_option(name, value);
            }
        }
        let mut follows = false;
        for argument in arguments {
            let argument = argument.as_ref();
            let letter = LETTERS.iter().find_map(|letter| argument.strip_prefix(letter));
            if std::mem::take(&mut follows) {
                secrets.add(argument);
            } else if let Some((name, value)) = argument.strip_prefix("--").and_then(|word| word.split_once('=')) {
                secrets.add_option(name, value);
            } else if let Some(name) = argument.strip_prefix("--") {
                follows = is_secret(name);
            } else if let Some(value) = letter {
                follows = value.is_empty();
                secrets.add(value);
            }
        }
        secrets
    }

    /// The secret that `text` contains: as it is, percent-encoded for a URL, or inside text in base64 or in hexadecimal
    /// digits.
    pub fn told_in(&self, text: &str) -> Option<&str> {
        let told = |secret: &&String| forms(secret).iter().any(|form| text.contains(form.as_str()));
        self.0.iter().find(told).map(String::as_str)
    }

    /// Panics if `text` contains a secret.
    ///
    /// # Panics
    /// If `text` contains a secret.
    #[track_caller]
    pub fn assert_untold(&self, text: &str, context: &dyn Debug) {
        let found = self.told_in(text);
        assert!(found.is_none(), "the secret {found:?} is in the output: {context:?}");
    }

    fn add_option(&mut self, name: &str, value: &str) {
        if is_secret(name) {
            self.add(value);
        }
    }

    fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.len() >= SHORTEST && !self.0.iter().any(|known| known == value) {
            self.0.push(value.to_owned());
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.trim().to_lowercase().replace('-', "_");
    OPTIONS.contains(&name.as_str())
}

/// All forms in which a secret can be recognized.
fn forms(secret: &str) -> Vec<String> {
    let percent = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    let mut forms = vec![
        secret.to_owned(),
        secret.bytes().map(percent).collect(),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    // The base64 form of a secret depends on its position in the whole text, and at its ends on the bytes next to it.
    for lead in 0..3 {
        let padded = [&b"\0\0"[..lead], secret.as_bytes()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let first = (lead * 8).div_ceil(6);
            let whole = padded.len() * 8 / 6;
            // What is left of a short secret could match other text by chance.
            if let Some(sure) = encoded.get(first..whole).filter(|sure| sure.len() >= 4) {
                forms.push(sure.to_owned());
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn secrets_are_found_by_the_names_of_options() {
        let stdin = b"action=off\nlogin=fencer\n passwd = s3cr+t \nconsumer-key=k3y\npassword=\n";
        let expected = Secrets(vec!["s3cr+t".to_owned(), "k3y".to_owned()]);
        assert!(Secrets::given::<&str>([], stdin) == expected);
        for arguments in [
            ["--passwd=s3cr+t", "--consumer-key=k3y"].as_slice(),
            &["-p", "s3cr+t", "-o", "off", "--consumer_key", "k3y"],
            &["-ps3cr+t", "-P", "k3y"],
        ] {
            assert!(Secrets::given(arguments, b"") == expected, "{arguments:?}");
        }
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let secrets = Secrets::given::<&str>([], b"password=s3cr+t\n");
        for text in [
            "it was s3cr+t",
            "?password=s3cr%2Bt",
            "733363722b74",
            // fencer:s3cr+t, fencers:s3cr+t and fence:s3cr+t
            "ZmVuY2VyOnMzY3IrdA==",
            "ZmVuY2VyczpzM2NyK3Q=",
            "ZmVuY2U6czNjcit0",
        ] {
            assert_eq!(secrets.told_in(text), Some("s3cr+t"), "{text}");
        }
        assert_eq!(secrets.told_in("s3cr-t, ********, ZmVuY2Vy"), None);
        assert_eq!(Secrets::given::<&str>([], b"login=fencer\n").told_in("fencer"), None);
    }
}
