//! Header fields with credentials, and the secret parts of their values.

/// Fields of requests and answers with credentials: those of the standards, and those of the APIs
/// of devices (Redfish, OpenStack, OVHcloud, vSphere, Proxmox, HMC, AWS). Signatures are not included,
/// because each is valid for one request only.
const FIELDS: [&str; 16] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-auth-token",
    "x-subject-token",
    "x-api-key",
    "x-api-session",
    "x-ovh-consumer",
    "x-csrf-token",
    "csrfpreventiontoken",
    "vmware-api-session-id",
    "x-vcloud-authorization",
    "x-vmware-vcloud-access-token",
    "x-amz-security-token",
    "x-aws-ec2-metadata-token",
];
/// Minimum length of a token, in bytes. Shorter values are words such as `true`, and masking them
/// would make other lines hard to read.
const SHORTEST: usize = 8;

/// Whether the values of this field must not be shown. `name` is in lower case.
pub(super) fn is_sensitive(name: &str) -> bool {
    FIELDS.contains(&name)
}

/// The secret parts of this field's value: the token after the name of a scheme, or the values of
/// cookies. Empty if the field is not sensitive.
pub(super) fn tokens<'f>(name: &str, value: &'f str) -> impl Iterator<Item = &'f str> {
    let name = name.to_ascii_lowercase();
    let parts = match (is_sensitive(&name), name.ends_with("cookie")) {
        (false, _) => Vec::new(),
        (true, true) => value
            .split(';')
            .filter_map(|pair| pair.split_once('='))
            // Attributes of a cookie are not secret.
            .filter(|(name, _)| {
                !["path", "domain", "expires", "max-age", "samesite"]
                    .contains(&name.trim().to_ascii_lowercase().as_str())
            })
            .map(|(_, value)| value)
            .collect(),
        (true, false) => vec![value.split_once(' ').map_or(value, |(_, token)| token)],
    };
    let bare = |part: &'f str| part.trim().trim_matches('"');
    parts.into_iter().map(bare).filter(|part| part.len() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::tokens;

    fn secrets<'f>(name: &str, value: &'f str) -> Vec<&'f str> {
        tokens(name, value).collect()
    }

    #[test]
    fn tokens_and_cookie_values_are_sensitive() {
        assert_eq!(secrets("Authorization", "Bearer abcdefgh=="), ["abcdefgh=="]);
        assert_eq!(secrets("authorization", "abcdefgh"), ["abcdefgh"]);
        assert_eq!(secrets("X-Ovh-Consumer", "abcdefgh"), ["abcdefgh"]);
        assert_eq!(
            secrets("cookie", "sid=\"abcdefgh\"; lang=en; other=ijklmnop"),
            ["abcdefgh", "ijklmnop"]
        );
        assert_eq!(
            secrets(
                "Set-Cookie",
                "sid=abcdefgh; Path=/very/long; expires=Wed, 21 Oct 2037 07:28:00 GMT; HttpOnly"
            ),
            ["abcdefgh"]
        );
    }

    #[test]
    fn words_and_other_fields_are_not_sensitive() {
        assert!(secrets("content-type", "application/json").is_empty());
        assert!(secrets("x-auth-token", "true").is_empty());
        assert!(secrets("x-ovh-signature", "$1$0123456789abcdef").is_empty());
    }
}
