//! XML-RPC to the endpoints that the plugin declared.
//!
//! The host writes and reads the XML, and refuses hostile answers; a plugin
//! gets [`Value`]s. If an endpoint has several addresses,
//! [`crate::http::select_address`] selects one, as for HTTP.
//!
//! ```
//! use fencebox_sdk::prelude::*;
//! use fencebox_sdk::testing::Script;
//!
//! fn power_of(session: &str, vm: &str) -> Result<String> {
//!     let answer = xmlrpc::call("api", "VM.get_record")
//!         .arg(session)
//!         .arg(vm)
//!         .keep(["Status", "Value/power_state"])
//!         .send()?;
//!     if answer.member("Status")?.text()? != "Success" {
//!         return Err(Error::task_failed("the device gives no record of it"));
//!     }
//!     Ok(answer.member("Value")?.member("power_state")?.text()?.to_owned())
//! }
//!
//! let record = xmlrpc::Value::from([("power_state", "Halted"), ("name_label", "db01")]);
//! let _script = Script::new()
//!     .on_call("VM.get_record")
//!     .answer([("Status", "Success".into()), ("Value", record)])
//!     .start();
//! assert_eq!(power_of("s1", "vm1"), Ok("Halted".to_owned()));
//! ```

mod failure;
mod part;
mod tree;
mod value;

pub use failure::Failure;
pub use part::{Misfit, Part};
// `testing` reads calls and builds answers with these.
pub(crate) use tree::{flatten, grow};
pub use value::Value;

use std::fmt;

use crate::Result;
use crate::bindings::fencebox::agent::xmlrpc as wit;
use crate::http::Path;

/// A call. [`call`] creates it, and [`Call::send`] sends it.
///
/// `Debug` shows only the method: the arguments may contain credentials.
#[derive(Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct Call {
    endpoint: String,
    path: Path,
    method: String,
    args: Vec<Value>,
    keep: Vec<String>,
}

/// Creates a call of a method (`VM.start`) at an endpoint, with the path `/`.
pub fn call(endpoint: &str, method: &str) -> Call {
    Call {
        endpoint: endpoint.to_owned(),
        path: Path::from("/"),
        method: method.to_owned(),
        args: Vec::new(),
        keep: Vec::new(),
    }
}

impl Call {
    /// Sets another path below the endpoint's base path.
    pub fn path(mut self, path: impl Into<Path>) -> Self {
        self.path = path.into();
        self
    }

    /// Adds an argument.
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Adds arguments, in their order.
    pub fn args<V: Into<Value>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.args.extend(values.into_iter().map(Into::into));
        self
    }

    /// Sets the parts of the answer to keep, as paths from its root, with `*`
    /// for any member or item: `Value/*/uuid`. The host drops the rest while it
    /// reads the answer. Without paths it keeps the whole answer.
    pub fn keep<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.keep.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Sends the call and waits for the complete answer.
    ///
    /// # Errors
    /// [`Failure`], which `?` converts to an [`crate::Error`].
    pub fn send(self) -> Result<Value, Failure> {
        let path = self.path.into_text().map_err(|problem| Failure::refused(&problem))?;
        let method = self.method.clone();
        let call = wit::MethodCall {
            endpoint: self.endpoint,
            path,
            method: self.method,
            params: self.args.into_iter().map(flatten).collect(),
            keep: self.keep,
        };
        let answer = transmit(call).map_err(|problem| Failure::new(&method, problem))?;
        grow(answer).map_err(|reason| Failure::Malformed {
            method,
            reason: reason.to_string(),
        })
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Call({})", self.method)
    }
}

#[cfg(target_family = "wasm")]
fn transmit(call: wit::MethodCall) -> Result<wit::Tree, wit::Error> {
    wit::call(&call)
}

#[cfg(not(target_family = "wasm"))]
fn transmit(call: wit::MethodCall) -> Result<wit::Tree, wit::Error> {
    crate::testing::call(call)
}

#[cfg(test)]
mod tests;
