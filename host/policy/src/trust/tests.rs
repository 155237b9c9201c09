//! The options for certificates.

use super::{Fingerprint, Trust};

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
