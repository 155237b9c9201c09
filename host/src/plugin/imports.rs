//! The imports of the contract: each turns wasm's types into the
//! capability's, asks it, and turns the answer back.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use super::bindings::Plugin;
use super::bindings::fencebox::agent::{http, log, metadata, types};
use super::state::State;
use crate::agent::log::Level;
use crate::capability::{http as capability, wasi};

/// Everything that a plugin may import; what is missing here is refused when
/// a plugin is loaded.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker)?;
    Plugin::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl types::Host for State {}
impl metadata::Host for State {}

impl log::Host for State {
    fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Error => Level::Error,
            log::Level::Warn => Level::Warning,
            log::Level::Info => Level::Info,
            log::Level::Debug => Level::Debug,
        };
        if let Some(journal) = &mut self.journal {
            journal.line(level, &message);
        }
        Ok(())
    }
}

impl http::Host for State {
    fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::Error>> {
        let Some(http) = &mut self.http else {
            return Ok(Err(describing()));
        };
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
        };
        Ok(match http.send(request) {
            Ok(response) => Ok(http::Response {
                status: response.status,
                headers: response.headers,
                body: response.body,
            }),
            Err(failure) => Err(failure.into()),
        })
    }

    fn base_url(&mut self, endpoint: String) -> wasmtime::Result<Result<String, http::Error>> {
        let Some(http) = &self.http else {
            return Ok(Err(describing()));
        };
        Ok(http.base_url(&endpoint).map_err(Into::into))
    }
}

fn describing() -> http::Error {
    http::Error::Denied("a plugin that describes itself may call nothing".to_owned())
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
