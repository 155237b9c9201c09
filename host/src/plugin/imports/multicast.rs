//! `multicast`: what WASI lacks.

use super::HostState;
use crate::capability::sockets::Failure;
use crate::plugin::bindings::fencebox::agent::multicast::{Error, Host};

impl Host for HostState {
    fn local_addresses(&mut self, socket: String) -> wasmtime::Result<Result<Vec<String>, Error>> {
        let addresses = self.calls.local_addresses(&socket);
        let addresses = addresses.map(|addresses| addresses.iter().map(ToString::to_string).collect());
        Ok(addresses.map_err(Into::into))
    }

    fn send(&mut self, socket: String, source: String, datagram: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        let sent = self.calls.send_datagram(&socket, &source, &datagram);
        Ok(sent.map_err(Into::into))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let text = failure.to_string();
        match failure {
            Failure::Denied(_) => Self::Denied(text),
            Failure::Failed(_) => Self::Failed(text),
        }
    }
}
