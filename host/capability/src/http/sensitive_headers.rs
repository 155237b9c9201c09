//! Header fields that tell who somebody is, and what of them is secret.

/// Fields of requests and answers whose values open doors: the standards', and
/// those of the interfaces that devices have (Redfish, OpenStack, OVHcloud,
/// vSphere, Proxmox, HMC). Signatures are none: each is good for one request.
const FIELDS: [&str; 14] = [
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
];
/// Shorter ones are no tokens but words such as `true`, and to mask those would
/// make other lines hard to read. In bytes.
const SHORTEST: usize = 8;

/// Whether the values of this field are not to be shown; names are in lower
/// case.
pub(super) fn is_sensitive(name: &str) -> bool {
    FIELDS.contains(&name)
}

/// What of this field's value is secret: the token after the name of a scheme,
/// the values of cookies. Nothing where it is a field like any other.
pub(super) fn tokens<'f>(name: &str, value: &'f str) -> impl Iterator<Item = &'f str> {
    let name = name.to_ascii_lowercase();
    let parts = match (is_sensitive(&name), name.ends_with("cookie")) {
        (false, _) => Vec::new(),
        (true, true) => value
            .split(';')
            .filter_map(|pair| pair.split_once('='))
            // What a cookie is good for is no secret.
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

    fn told<'f>(name: &str, value: &'f str) -> Vec<&'f str> {
        tokens(name, value).collect()
    }

    #[test]
    fn a_token_is_what_opens_the_door() {
        assert_eq!(told("Authorization", "Bearer abcdefgh=="), ["abcdefgh=="]);
        assert_eq!(told("authorization", "abcdefgh"), ["abcdefgh"]);
        assert_eq!(told("X-Ovh-Consumer", "abcdefgh"), ["abcdefgh"]);
        assert_eq!(
            told("cookie", "sid=\"abcdefgh\"; lang=en; other=ijklmnop"),
            ["abcdefgh", "ijklmnop"]
        );
        assert_eq!(
            told(
                "Set-Cookie",
                "sid=abcdefgh; Path=/very/long; expires=Wed, 21 Oct 2037 07:28:00 GMT; HttpOnly"
            ),
            ["abcdefgh"]
        );
    }

    #[test]
    fn words_and_other_fields_are_none() {
        assert!(told("content-type", "application/json").is_empty());
        assert!(told("x-auth-token", "true").is_empty());
        assert!(told("x-ovh-signature", "$1$0123456789abcdef").is_empty());
    }
}
