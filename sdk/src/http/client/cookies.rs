//! Cookies of a session.

use crate::http::Response;

/// Limits for what a device sets.
const COOKIE_LIMIT: usize = 16;
const LENGTH_LIMIT: usize = 4096;

/// The names and values of the cookies. Attributes have no use here: a session
/// has one endpoint and ends with the action.
#[derive(Default)]
pub(super) struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Takes the cookies that an answer sets. One without a value is removed.
    pub(super) fn read(&mut self, answer: &Response) {
        for (_, field) in answer.headers().iter().filter(|(name, _)| name == "set-cookie") {
            let pair = field.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            let is_sendable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
            if name.is_empty() || pair.len() > LENGTH_LIMIT || !is_sendable(name) || !is_sendable(value) {
                continue;
            }
            self.0.retain(|(known, _)| known != name);
            if !value.is_empty() && self.0.len() < COOKIE_LIMIT {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// The header field `cookie`; none without cookies.
    pub(super) fn field(&self) -> Option<String> {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}
