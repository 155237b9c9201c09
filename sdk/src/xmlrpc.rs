//! XML-RPC to the endpoints that the plugin declared.
//!
//! The host writes and reads the XML, and refuses what a hostile answer may
//! hold; a plugin gets [`Value`]s. Which host of several an endpoint is at is
//! [`crate::http::select_address`]'s to say, as for HTTP.
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
// The double takes calls apart, and puts answers together.
pub(crate) use tree::{flatten, grow};
pub use value::Value;

use std::fmt;

use crate::Result;
use crate::bindings::fencebox::agent::xmlrpc as wit;
use crate::http::Path;

/// One call on its way: made by [`call`], ended by [`Call::send`].
///
/// `Debug` shows the method only: credentials are among the arguments.
#[derive(Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct Call {
    endpoint: String,
    path: Path,
    method: String,
    args: Vec<Value>,
    keep: Vec<String>,
}

/// Calls a method (`VM.start`) at an endpoint, at the path `/`.
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
    /// Another path below the endpoint's base path.
    pub fn path(mut self, path: impl Into<Path>) -> Self {
        self.path = path.into();
        self
    }

    /// Hands over one more value.
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Hands over more values, in their order.
    pub fn args<V: Into<Value>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.args.extend(values.into_iter().map(Into::into));
        self
    }

    /// What of the answer to keep: paths from its root, with `*` for any
    /// member or item, such as `Value/*/uuid`. The rest is dropped while it is
    /// read; without any, all of it is kept.
    pub fn keep<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.keep.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Sends it, and waits for the complete answer.
    ///
    /// # Errors
    /// [`Failure`], which `?` makes an [`crate::Error`] of.
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
        grow(answer).map_err(|reason| Failure::Malformed { method, reason })
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
