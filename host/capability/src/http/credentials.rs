//! The credentials that the host adds to requests.

use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use super::Failure;
use fencebox_agent::secret::Secret;

/// User name and password for endpoints where the host logs in.
pub struct Credentials {
    /// Option `username`; empty if it is not set.
    pub username: String,
    /// Option `password`; empty if it is not set.
    pub password: Secret,
}

impl Credentials {
    /// The header field `Authorization` for HTTP Basic (RFC 7617).
    pub(super) fn basic(&self) -> Result<HeaderValue, Failure> {
        use base64::prelude::{BASE64_STANDARD, Engine};
        let password = self.password.expose();
        let mut pair = Zeroizing::new(String::with_capacity(self.username.len() + 1 + password.len()));
        pair.extend([&self.username, ":", password]);
        let mut field = Zeroizing::new("Basic ".to_owned());
        field.reserve_exact(pair.len().div_ceil(3) * 4);
        BASE64_STANDARD.encode_string(pair.as_bytes(), &mut field);
        let field = HeaderValue::from_str(&field);
        let mut field =
            field.map_err(|_| Failure::Invalid("the credentials cannot be put into a header field".to_owned()))?;
        field.set_sensitive(true);
        Ok(field)
    }
}
