//! The imports of the contract: each converts wasm's types, calls the seam ([`crate::capability::calls`]), and converts
//! the answer back. Nothing else happens here.

mod multicast;
mod xmlrpc;

use wasmtime::component::{Component, HasSelf, Linker};
use zeroize::Zeroizing;

use super::bindings::Plugin;
use super::bindings::fencebox::agent::{files, http, log, metadata, types};
use super::state::{HostState, Stopped};
use crate::agent::log::Level;
use crate::capability::{files as storage, http as capability};
use crate::plugin::wasi;

/// Everything that this plugin may import; what is missing here is refused when the plugin is loaded.
pub(super) fn linker(component: &Component) -> wasmtime::Result<Linker<HostState>> {
    let mut linker = Linker::new(component.engine());
    wasi::add_to_linker(&mut linker, component)?;
    Plugin::add_to_linker::<HostState, HasSelf<HostState>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl types::Host for HostState {}
impl metadata::Host for HostState {}

impl log::Host for HostState {
    fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Error => Level::Error,
            log::Level::Warn => Level::Warning,
            log::Level::Info => Level::Info,
            log::Level::Debug => Level::Debug,
        };
        self.calls.log(level, &message);
        Ok(())
    }

    fn hide(&mut self, secret: String) -> wasmtime::Result<()> {
        let secret = Zeroizing::new(secret);
        if self.calls.hide(&secret) {
            Ok(())
        } else {
            Err(Stopped::Secrets.into())
        }
    }
}

impl http::Host for HostState {
    fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::Error>> {
        let request = capability::Request {
            endpoint: request.endpoint,
            method: match request.method {
                http::Method::Get => reqwest::Method::GET,
                http::Method::Head => reqwest::Method::HEAD,
                http::Method::Post => reqwest::Method::POST,
                http::Method::Put => reqwest::Method::PUT,
                http::Method::Patch => reqwest::Method::PATCH,
                http::Method::Delete => reqwest::Method::DELETE,
            },
            path: request.path,
            headers: request.headers,
            body: request.body,
            purpose: String::new(),
        };
        let response = self.calls.send(request).map(|response| http::Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
        });
        Ok(response.map_err(Into::into))
    }

    fn base_url(&mut self, endpoint: String) -> wasmtime::Result<Result<String, http::Error>> {
        Ok(self.calls.base_url(&endpoint).map_err(Into::into))
    }

    fn addresses(&mut self, endpoint: String) -> wasmtime::Result<Result<Vec<String>, http::Error>> {
        Ok(self.calls.addresses(&endpoint).map_err(Into::into))
    }

    fn select_address(&mut self, endpoint: String, address: String) -> wasmtime::Result<Result<String, http::Error>> {
        Ok(self.calls.select_address(&endpoint, &address).map_err(Into::into))
    }
}

impl files::Host for HostState {
    fn read(&mut self, option_name: String, entry: Option<String>) -> wasmtime::Result<Result<Vec<u8>, files::Error>> {
        let content = self.calls.read_file(&option_name, entry.as_deref());
        Ok(content.map_err(Into::into))
    }

    fn write(
        &mut self,
        option_name: String,
        entry: Option<String>,
        content: Vec<u8>,
    ) -> wasmtime::Result<Result<(), files::Error>> {
        let written = self.calls.write_file(&option_name, entry.as_deref(), content);
        Ok(written.map_err(Into::into))
    }
}

impl From<storage::Failure> for files::Error {
    fn from(failure: storage::Failure) -> Self {
        use storage::Failure;
        let text = failure.to_string();
        match failure {
            Failure::Denied(_) => Self::Denied(text),
            Failure::NotFound(_) => Self::NotFound(text),
            Failure::TooLarge(_) => Self::TooLarge(text),
            Failure::Failed(_) => Self::Failed(text),
        }
    }
}

impl From<capability::Failure> for http::Error {
    fn from(failure: capability::Failure) -> Self {
        use capability::Failure;
        let text = failure.to_string();
        match failure {
            Failure::Denied(_) => Self::Denied(text),
            Failure::Unreachable(_) => Self::Unreachable(text),
            Failure::Tls(_) => Self::Tls(text),
            Failure::TimedOut(_) => Self::TimedOut(text),
            Failure::Broken(_) => Self::Broken(text),
            Failure::TooLarge(_) => Self::TooLarge(text),
            Failure::Invalid(_) => Self::Invalid(text),
        }
    }
}
