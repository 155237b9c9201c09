//! One request to the API, and the permission that it needs.

use fencebox_sdk::http::{Method, Path, Request};
use fencebox_sdk::prelude::*;

use crate::permissions::{self, Rule};

/// A request before it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) rule: &'static Rule,
    path: Path,
    body: Option<Vec<u8>>,
    /// The plug that a 404 refers to.
    pub(crate) plug: Option<String>,
}

impl Call {
    /// A request without a body; its rule sets the method.
    pub(crate) fn new(rule: &'static Rule, path: impl Into<Path>) -> Self {
        Self {
            rule,
            path: path.into(),
            body: None,
            plug: None,
        }
    }

    /// A 404 means that this plug is missing.
    pub(crate) fn about(mut self, plug: &str) -> Self {
        self.plug = Some(plug.to_owned());
        self
    }

    /// With a body. The signature covers exactly these bytes.
    pub(crate) fn json(mut self, value: &Value) -> Self {
        self.body = Some(value.to_string().into_bytes());
        self
    }

    pub(crate) fn method(&self) -> Method {
        self.rule.method
    }

    pub(crate) fn path(&self) -> Result<&str> {
        self.path.text()
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default()
    }

    /// The request, without credentials.
    pub(crate) fn request(&self) -> Request {
        let request =
            Request::new(self.method(), crate::api::ENDPOINT, &self.path).header("accept", "application/json");
        match &self.body {
            Some(body) => request.header("content-type", "application/json").body(body.clone()),
            None => request,
        }
    }

    /// The request in messages: method and path without the query.
    pub(crate) fn line(&self) -> String {
        let path = self.path().unwrap_or_default();
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        format!("{} {path}", permissions::method_name(self.method()))
    }
}
