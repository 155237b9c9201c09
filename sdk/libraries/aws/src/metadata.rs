//! The instance metadata service (IMDSv2) of the machine that the agent runs on. It gets nothing but its own token.

use fencebox_sdk::http::Path;
use fencebox_sdk::prelude::*;

use crate::Credentials;

/// The endpoint: [`Endpoint::instance_metadata`] with the address `169.254.169.254`.
pub const METADATA: &str = "metadata";
/// The lifetime of a token in seconds: longer than any action.
const LIFETIME: &str = "21600";

/// A session with the service.
pub struct Metadata {
    token: String,
}

/// The keys of a role.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Keys {
    code: String,
    access_key_id: String,
    secret_access_key: String,
    token: String,
}

impl Metadata {
    /// Gets a token of the service.
    ///
    /// # Errors
    /// [`Error::ConnectionLost`] or [`Error::TimedOut`] if this machine has no such service.
    pub fn open() -> Result<Self> {
        let request = http::put(METADATA, "/latest/api/token");
        let answer = request
            .header("x-aws-ec2-metadata-token-ttl-seconds", LIFETIME)
            .send()?;
        let token = answer.text();
        let is_token = !token.is_empty() && token.len() < 1024 && token.bytes().all(|byte| byte.is_ascii_graphic());
        if answer.status() != 200 || !is_token || token.starts_with('<') {
            return Err(answer.unexpected("the metadata service returns no token"));
        }
        log::hide(&token);
        Ok(Self { token })
    }

    /// The id of this machine.
    ///
    /// # Errors
    /// [`Error::Unexpected`] for an answer in another form.
    pub fn instance_id(&self) -> Result<String> {
        let id = self.get("/latest/meta-data/instance-id")?.unwrap_or_default();
        if id.starts_with("i-") && is_word(&id) {
            return Ok(id);
        }
        Err(Error::unexpected("the metadata service returns no instance id"))
    }

    /// The region of this machine.
    ///
    /// # Errors
    /// [`Error::Unexpected`] for an answer in another form.
    pub fn region(&self) -> Result<String> {
        let region = self.get("/latest/meta-data/placement/region")?.unwrap_or_default();
        if is_word(&region) {
            return Ok(region);
        }
        Err(Error::unexpected("the metadata service returns no region"))
    }

    /// The present keys of this machine's role; `None` if it has no role.
    ///
    /// # Errors
    /// [`Error::Unexpected`] for an answer in another form.
    pub fn role(&self) -> Result<Option<Credentials>> {
        let list = "/latest/meta-data/iam/security-credentials/";
        let Some(names) = self.get(list)? else {
            return Ok(None);
        };
        let Some(name) = names.lines().map(str::trim).find(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let path = path!("/latest/meta-data/iam/security-credentials/{name}");
        let text = self.get(path)?.unwrap_or_default();
        // The answer contains a secret, so nothing of it is shown.
        let keys = keys_in(&text)?;
        log::hide(&keys.secret_access_key);
        log::hide(&keys.token);
        let all = [&keys.access_key_id, &keys.secret_access_key, &keys.token];
        if keys.code != "Success" || all.into_iter().any(String::is_empty) {
            let code = excerpt(&keys.code);
            return Err(Error::unexpected(format!(
                "the metadata service has no keys of the role: {code}"
            )));
        }
        let credentials = Credentials::new(keys.access_key_id, keys.secret_access_key);
        Ok(Some(credentials.with_session_token(keys.token)))
    }

    /// A text of the service; `None` if it does not have it.
    fn get(&self, path: impl Into<Path>) -> Result<Option<String>> {
        let request = http::get(METADATA, path).header("x-aws-ec2-metadata-token", &self.token);
        let answer = request.send()?;
        match answer.status() {
            200 => Ok(Some(answer.text().trim().to_owned())),
            404 => Ok(None),
            _ => Err(answer.unexpected("the metadata service refuses the request")),
        }
    }
}

fn keys_in(text: &str) -> Result<Keys> {
    let value: Value = text
        .parse()
        .map_err(|_| Error::unexpected("the keys of the role are not JSON"))?;
    Keys::deserialize(value).map_err(|_| Error::unexpected("the keys of the role have an unknown form"))
}

/// Whether a text is an id or the name of a region.
#[must_use]
pub fn is_word(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(is_part)
}
