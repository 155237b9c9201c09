//! IPMI over LAN, for plugins: sessions of IPMI 2.0 (RMCP+) and of IPMI 1.5.
//!
//! A plugin opens a [`Session`] over a [`Transport`], usually
//! [`fencebox_sdk::net::UdpSocket`], and sends [`Request`]s. Comments cite the
//! sections of "IPMI Specification, Second Generation, v2.0, revision 1.1".
//!
//! | Rule | Where |
//! |---|---|
//! | A wrong password is found in RAKP 2, and nothing more is sent | [`open`] |
//! | A request that may have an effect twice is sent once | [`Request::once`] |
//! | An answer counts only with the number, command, session, sequence number and authentication code that were expected | [`Session::call`] |
//! | Other datagrams are dropped, and do not extend the time limit | [`Failure::Silent`] |
//! | Nothing weaker is used than what the caller allows | [`Login`] |
//!
//! ```no_run
//! use std::time::{Duration, Instant};
//!
//! use fencebox_ipmi::{Login, Request, open};
//! use fencebox_sdk::net::UdpSocket;
//!
//! # fn main() -> Result<(), fencebox_ipmi::Failure> {
//! let socket = UdpSocket::connect("bmc.example", 623, Instant::now() + Duration::from_secs(5))?;
//! let login = Login { username: b"fencer", password: b"s3cret", ..Login::default() };
//! let mut session = open(socket, &login)?;
//! let status = session.call(Request::new(0x00, 0x01, []))?;
//! session.close();
//! # let _ = status;
//! # Ok(())
//! # }
//! ```

mod crypto;
mod discovery;
mod failure;
mod lan;
mod message;
mod packet;
mod plus;
mod rakp;
mod session;
mod suite;
mod transport;
mod window;

pub use failure::{Failure, Step, completion};
pub use lan::Auth;
pub use message::Request;
pub use session::{Login, Privilege, Session, Version, open};
pub use suite::Suite;
pub use transport::Transport;
