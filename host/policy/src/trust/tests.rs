//! The options for certificates.

use super::{ClientCertificate, Fingerprint, Trust};

const DIGITS: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn trust(options: &[(&str, &str)]) -> Result<Trust, String> {
    let given = |name: &str| {
        options
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    };
    Trust::by_options(&given).map_err(|rule| rule.to_string())
}

#[test]
fn each_option_sets_its_trust() {
    assert_eq!(trust(&[]), Ok(Trust::System));
    assert_eq!(trust(&[("ssl_insecure", "0")]), Ok(Trust::System));
    assert_eq!(trust(&[("ssl_insecure", "1")]), Ok(Trust::Anything));
    assert_eq!(
        trust(&[("ca_file", "/etc/x.pem")]),
        Ok(Trust::File("/etc/x.pem".into()))
    );
    assert!(trust(&[("ca_file", "x.pem")]).unwrap_err().contains("absolute path"));
}

#[test]
fn two_options_conflict() {
    let all = [("ssl_insecure", "1"), ("ca_file", "/x"), ("ssl_fingerprint", DIGITS)];
    for pair in [[all[0], all[1]], [all[0], all[2]], [all[1], all[2]]] {
        let refusal = trust(&pair).unwrap_err();
        assert!(refusal.contains(pair[0].0) && refusal.contains(pair[1].0), "{refusal}");
    }
}

#[test]
fn fingerprints_are_read_in_all_usual_forms() {
    let bytes: Vec<u8> = (0..32).map(|index| (index % 16) * 0x11).collect();
    let known = Fingerprint(bytes.try_into().unwrap());
    let colons = known.to_string();
    assert!(colons.starts_with("00:11:22:") && colons.len() == 95, "{colons}");
    for text in [
        DIGITS.to_owned(),
        DIGITS.to_uppercase(),
        colons.clone(),
        colons.to_lowercase(),
        format!("sha256:{DIGITS}"),
        format!("SHA256:{colons}"),
    ] {
        let only = Trust::Fingerprints(vec![known]);
        assert_eq!(trust(&[("ssl_fingerprint", &text)]), Ok(only), "{text}");
        let twice = Trust::Fingerprints(vec![known, known]);
        assert_eq!(trust(&[("ssl_fingerprint", &format!("{text}, {text}"))]), Ok(twice));
    }
}

#[test]
fn invalid_fingerprints_are_refused() {
    for text in [
        &DIGITS[1..],
        &format!("{DIGITS}0"),
        &DIGITS.replace('0', "g"),
        &DIGITS.replace("00", "é"),
        "sha1:00112233445566778899aabbccddeeff00112233",
        ",",
        "sha256:",
    ] {
        let refusal = trust(&[("ssl_fingerprint", text)]).unwrap_err();
        assert!(refusal.starts_with("option ssl_fingerprint: "), "{refusal}");
    }
}

#[test]
fn a_client_certificate_is_two_absolute_paths() {
    let by_options = |options: &[(&str, &'static str)]| {
        let given = |name: &str| Some(options.iter().find(|(known, _)| *known == name)?.1);
        ClientCertificate::by_options(given).map_err(|rule| rule.to_string())
    };
    let files = |certificate: &str, key: &str| {
        Ok(Some(ClientCertificate {
            certificate: certificate.into(),
            key: key.into(),
        }))
    };
    assert_eq!(by_options(&[("client_cert", "")]), Ok(None));
    assert_eq!(
        by_options(&[("client_cert", "/c"), ("client_key", "/k")]),
        files("/c", "/k")
    );
    assert_eq!(
        by_options(&[("client_cert", "/both.pem")]),
        files("/both.pem", "/both.pem")
    );
    for (options, words) in [
        (
            [("client_key", "/k"), ("x", "")],
            "option client_key: it needs the option client_cert",
        ),
        (
            [("client_cert", "c.pem"), ("x", "")],
            "option client_cert: \"c.pem\" does not start with a slash",
        ),
        (
            [("client_cert", "/c"), ("client_key", "k")],
            "option client_key: \"k\" does not start with a slash",
        ),
    ] {
        let rule = by_options(&options).unwrap_err();
        assert!(rule.starts_with(words), "{rule}");
    }
}
