use super::*;

/// The modulus of the key of RFC 7515, appendix A.2.1.
const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ\
                 S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2\
                 R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcD\
                 TW9gb54h4FRWyuXpoQ";
/// The same key in two forms, as openssl writes them.
const PKCS8: &str = include_str!("../vectors/rfc7515-a2.pkcs8.pem");
const PKCS1: &str = include_str!("../vectors/rfc7515-a2.pkcs1.pem");
/// The claims, which are those of RFC 7519, section 3.1. Their line ends are CR and LF.
const CLAIMS: &str = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
const ENCODED: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb\
                         F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383\
                         LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy\
                         wlVmtVrBp0igcN_IoypGlUPQGe77Rw";

fn key() -> Key {
    Key::from_pem(PKCS8).unwrap()
}

#[test]
fn the_key_is_that_of_rfc_7515() {
    let (_, document) = pkcs8::der::SecretDocument::from_pem(PKCS1).unwrap();
    let key = pkcs1::RsaPrivateKey::try_from(document.as_bytes()).unwrap();
    assert_eq!(encoding::to_base64url(key.modulus.as_bytes()), N);
}

/// RFC 7515, appendix A.2. The header has no other form, so it is not parsed first.
#[test]
fn the_signature_is_that_of_rfc_7515() {
    let token = key().sign_texts(r#"{"alg":"RS256"}"#, CLAIMS).unwrap();
    assert_eq!(token, format!("eyJhbGciOiJSUzI1NiJ9.{ENCODED}.{SIGNATURE}"));
}

/// RFC 7519, section 3.1, and RFC 7523, section 4: the parts of a token without its signature.
#[test]
fn the_parts_are_those_of_rfc_7519_and_rfc_7523() {
    let parts = |header: &str, claims: &str| {
        let token = key().sign_texts(header, claims).unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        signed.to_owned()
    };
    assert_eq!(
        parts("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}", CLAIMS),
        format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{ENCODED}")
    );
    let assertion = parts(
        r#"{"alg":"ES256","kid":"16"}"#,
        r#"{"iss":"https://jwt-idp.example.com"}"#,
    );
    assert!(
        assertion.starts_with("eyJhbGciOiJFUzI1NiIsImtpZCI6IjE2In0.eyJpc3Mi"),
        "{assertion}"
    );
}

#[test]
fn a_token_has_its_header_and_claims() {
    let (header, claims) = (
        serde_json::json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }),
        serde_json::json!({ "iss": "fencer@p.example", "iat": 1, "exp": 3601 }),
    );
    let token = key().sign(&header, &claims).unwrap();
    let parts: Vec<Vec<u8>> = token
        .split('.')
        .map(|part| encoding::from_base64url(part).unwrap())
        .collect();
    assert_eq!(serde_json::from_slice::<Value>(&parts[0]).unwrap(), header);
    assert_eq!(serde_json::from_slice::<Value>(&parts[1]).unwrap(), claims);
    assert_eq!((parts.len(), parts[2].len()), (3, 256));
}

#[test]
fn a_key_has_one_of_two_forms() {
    for pem in [PKCS1.to_owned(), PKCS8.replace('\n', "\r\n"), PKCS8.trim().to_owned()] {
        let token = Key::from_pem(&pem)
            .unwrap()
            .sign_texts(r#"{"alg":"RS256"}"#, CLAIMS)
            .unwrap();
        assert!(token.ends_with(SIGNATURE));
    }
    // A key for ECDSA.
    let elliptic = "-----BEGIN PRIVATE KEY-----\nMEACAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJjAkAgEBBB8AAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAE=\n-----END PRIVATE KEY-----\n";
    for text in [
        "",
        "s3cret",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        elliptic,
        &PKCS8.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        &PKCS8.replace("PRIVATE KEY", "PUBLIC KEY"),
        &PKCS8[..PKCS8.len() / 2],
    ] {
        assert!(Key::from_pem(text).is_none(), "{text}");
    }
    assert_eq!(format!("{:?}", key()), "Key");
}

#[test]
fn a_damaged_key_does_not_sign() {
    for prime in 0..2 {
        let mut key = key();
        let exponent = &mut key.0.primes[prime].exponent;
        *exponent = exponent.wrapping_add(crypto_bigint::Limb::from(2_u32));
        assert!(matches!(
            key.sign_texts("{}", CLAIMS),
            Err(fencebox_sdk::Error::Denied(_))
        ));
    }
}
