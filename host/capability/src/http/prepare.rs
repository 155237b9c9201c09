//! A request before it is sent: the rules that it has to keep, its secrets, and its header fields.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, PRAGMA};
use url::{Position, Url};

use super::exchange::PreparedRequest;
use super::sensitive_headers::{is_sensitive, tokens};
use super::{Failure, Http, Request};
use fencebox_policy::{Auth, Limit, Origin, request as rules};

impl Http {
    /// Checks every rule that needs no address and counts the request. Returns the origin that it goes to.
    pub(super) fn check(&mut self, request: &Request) -> Result<Origin, Failure> {
        let origin = self.origin(&request.endpoint)?.clone();
        if self.parts.endpoints.is_metadata(&request.endpoint) {
            self.parts.agent_policy.check_metadata(&origin)?;
            self.returned.check(request, &self.parts.log)?;
        } else {
            self.parts.agent_policy.check(&origin)?;
        }
        // Empty is the base path itself.
        if !request.path.is_empty() {
            rules::check_path(&request.path).map_err(Failure::invalid)?;
        }
        rules::check_headers(&request.headers).map_err(Failure::invalid)?;
        let exchanges = self.parts.usage.count();
        let most = self.parts.agent_policy.limits().get(Limit::Requests);
        if exchanges > most.count() {
            let note = most.note();
            return Err(Failure::Denied(format!(
                "more than {most} requests in one action{note}"
            )));
        }
        Ok(origin)
    }

    /// Masks the secrets of these header fields in the log. If the log cannot mask them, they are neither sent nor
    /// handed to the plugin.
    pub(super) fn hide(&self, fields: &[(String, String)]) -> Result<(), Failure> {
        let mut tokens = fields.iter().flat_map(|(name, value)| tokens(name, value));
        if tokens.all(|token| self.parts.log.hide_token(token)) {
            Ok(())
        } else {
            Err(Failure::Denied(
                "too many secrets in header fields in one action".to_owned(),
            ))
        }
    }

    /// The request with its complete URL and the header fields that the host adds.
    pub(super) fn prepare(&self, origin: &Origin, request: Request, body: Limit) -> Result<PreparedRequest, Failure> {
        let path = match format!("{}{}", origin.base_path, request.path) {
            path if path.is_empty() => "/".to_owned(),
            path => path,
        };
        let url = Url::parse(&format!("{origin}{path}")).map_err(|cause| Failure::Invalid(format!("path: {cause}")))?;
        // A plugin may have signed the exact text of the URL.
        if url[Position::BeforePath..] != path {
            return Err(Failure::Invalid(
                "path has characters that need percent-encoding".to_owned(),
            ));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let malformed = |_| Failure::Invalid(format!("header field {name:?} is malformed"));
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed(()))?;
            let mut field = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| malformed(()))?;
            field.set_sensitive(is_sensitive(name.as_str()));
            headers.append(name, field);
        }
        // A cached answer may be older than the previous request.
        if matches!(request.method, Method::GET | Method::HEAD) && !headers.contains_key(CACHE_CONTROL) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            headers.entry(PRAGMA).or_insert(HeaderValue::from_static("no-cache"));
        }
        self.hide(&request.headers)?;
        let basic = self.parts.endpoints.get(&request.endpoint)?.auth == Auth::HostBasic;
        if basic && headers.contains_key(AUTHORIZATION) {
            return Err(Failure::Invalid(
                "header field \"authorization\" is the host's to set".to_owned(),
            ));
        }
        let empty = request.body.as_ref().is_none_or(Vec::is_empty);
        if empty && matches!(request.method, Method::POST | Method::PUT | Method::PATCH) {
            // hyper says nothing of an empty body, and some servers answer 411
            // to that.
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        if basic {
            headers.insert(AUTHORIZATION, self.parts.credentials.basic()?);
        }
        Ok(PreparedRequest {
            method: request.method,
            url,
            headers,
            body: request.body.map(Bytes::from),
            limits: *self.parts.agent_policy.limits(),
            body_limit: self.parts.agent_policy.limits().get(body),
        })
    }
}
