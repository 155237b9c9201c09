//! The host: installation, options, streams, policy, secrets, and the sandbox around plugins.

mod authors;
mod bad_input;
mod bad_streams;
mod check_agent;
mod check_options;
mod confinement;
mod documents;
mod install;
mod isolation;
mod json;
mod observe;
mod operating;
mod outputs;
mod parsers;
mod policy;
mod process;
mod sandbox;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
mod surroundings;
mod trace;
mod verbose;
mod words;
mod xmlrpc_bombs;
