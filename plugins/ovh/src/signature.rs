//! The signatures of requests with application keys, and their clock
//! (`ovh/python-ovh`, `ovh/go-ovh`; the vendor's "First steps with the API").

use std::time::Instant;

use fencebox_sdk::{digest, encoding};

/// The signature of one request. It covers the method in upper case, the complete
/// URL as sent, the exact body (empty if there is none), and the server's time in
/// seconds since 1970.
pub(crate) fn sign(secret: &str, consumer: &str, method: &str, url: &str, body: &[u8], time: i64) -> String {
    let time = time.to_string();
    let parts = [secret, consumer, method, url].map(str::as_bytes);
    let signed = [&parts[..], &[body, time.as_bytes()]].concat().join(&b"+"[..]);
    format!("$1${}", encoding::to_hex(digest::sha1(signed)))
}

/// The server's clock: the time that was read once, plus the time that has passed
/// since then. It does not depend on this machine's clock, nor on changes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    read: i64,
    at: Instant,
}

impl Clock {
    /// The server has just reported `time`, in seconds since 1970.
    pub(crate) fn reading(time: i64) -> Self {
        Self {
            read: time,
            at: Instant::now(),
        }
    }

    /// The server's present time, in seconds since 1970. It is never ahead of the
    /// server's clock, and behind it by the transfer time of the answer.
    pub(crate) fn now(&self) -> i64 {
        self.read
            .saturating_add(i64::try_from(self.at.elapsed().as_secs()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::sign;

    const SERVER: &str = "https://eu.api.ovh.com/1.0/dedicated/server/ns1234567.ip-192-0-2.eu";

    #[test]
    fn signatures_match_the_test_vectors() {
        for (method, path, body, hash) in [
            ("GET", "", "", "a9bd68facacd3782389c8f1427362231fc9649d6"),
            ("PUT", "", r#"{"bootId":1}"#, "fef540a3421ea3ea816cbb2140c8fa565d17f7b0"),
            ("POST", "/reboot", "", "9bc8d0152d7ac0c908eb5102c9a863540803cf4f"),
            (
                "GET",
                "/boot?bootType=rescue",
                "",
                "a0cf7b67e47c25dfa74832c8bf359033d8ac2c4c",
            ),
        ] {
            let (secret, consumer) = ("secretAS0123456789abcdef01234567", "consumerCK0123456789abcdef012345");
            let url = format!("{SERVER}{path}");
            let signature = sign(secret, consumer, method, &url, body.as_bytes(), 1_700_000_000);
            assert_eq!(signature, format!("$1${hash}"), "{method} {path}");
        }
    }
}
