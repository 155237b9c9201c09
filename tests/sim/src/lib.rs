//! Device simulators: in process for tests, and as the program `fencebox-sim`.
//!
//! A simulator has three parts that depend little on each other:
//!
//! - [`machine`]: the *truth*, which is the real power status of each machine, and a read side that may lag behind it;
//! - [`fault`]: the planned faults, each with its step and its calls; [`wire`] applies faults to the bytes of answers;
//! - a [`Protocol`], one file (or folder) per device: [`aws`], [`azure_arm`], [`clc`], [`gce`], [`hetzner_cloud`], [`ipmi`],
//!   [`openstack`], [`ovh`], [`pve`], [`redfish`], [`relay`], [`vmware`], [`xenapi`], [`xvm`].
//!
//! [`Simulator`] serves them, with a control endpoint under `/_sim/` next to the device's own paths:
//!
//! | request | what it does |
//! |---|---|
//! | `GET /_sim/machines` | the truth of each machine: `id`, `name`, `power`, `history`, `operations`, `lag` |
//! | `PUT /_sim/machines/ID` | `{"power":"on"}`: changes the truth, as a person at the console would |
//! | `GET /_sim/requests` | the requests that the device received, in order, with headers and body |
//! | `GET /_sim/sessions` | how many sessions were `opened`, and how many are still `open` |
//! | `GET /_sim/master` | the `address` of the pool's master; `PUT` with `{"address":"127.0.0.2"}` moves it |
//! | `GET /_sim/faults` | the active plans, one per line |
//! | `POST /_sim/faults` | adds plans, one per line; if one is invalid, none is added |
//! | `DELETE /_sim/faults` | removes all plans |
//!
//! ```
//! use fencebox_sim::{Power, Simulator, clc};
//!
//! # fn main() -> anyhow::Result<()> {
//! let device = Simulator::start(clc::Settings { lag: 2, ..Default::default() }.config())?;
//! device.add_fault(clc::plan("operation*1=drop-after")?);
//! // … fence WA1ACMEDB01 through an agent that is pointed at device.url() …
//! assert_eq!(device.power("WA1ACMEDB01"), Some(Power::On));
//! # Ok(())
//! # }
//! ```

pub mod aws;
pub mod azure_arm;
pub mod clc;
mod control;
pub mod fault;
pub mod gce;
pub mod hetzner_cloud;
pub mod ipmi;
pub mod json;
pub mod machine;
pub mod openstack;
pub mod ovh;
pub mod protocol;
pub mod pve;
pub mod redfish;
pub mod relay;
mod rest;
pub mod server;
mod time;
mod tls;
pub mod vmware;
pub mod wire;
pub mod xenapi;
pub mod xml;
pub mod xvm;

pub use fault::{Plan, PlanError};
pub use machine::{Fleet, Machine, Power};
pub use protocol::{Answer, Device, Protocol, Request, Sessions};
pub use server::{Config, Simulator};
pub use tls::Certificate;
