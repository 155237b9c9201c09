//! What speaks to devices, where the host has it; without WASI and files,
//! which read what nobody else wrote.

#[path = "../../../host/src/capability/address.rs"]
pub mod address;
#[path = "../../../host/src/capability/contacts.rs"]
mod contacts;
#[path = "../../../host/src/capability/exchange.rs"]
mod exchange;
#[path = "../../../host/src/capability/http/mod.rs"]
pub mod http;
#[path = "../../../host/src/capability/telling.rs"]
mod telling;
#[path = "../../../host/src/capability/tls/mod.rs"]
pub mod tls;
#[path = "../../../host/src/capability/xmlrpc/mod.rs"]
pub mod xmlrpc;
