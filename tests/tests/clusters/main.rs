//! Agents as clusters call them: Pacemaker, pcs, crmsh and other callers, in namespaces of their own.

mod callers;
mod cluster;
mod pacemaker;
mod pacemaker_page;
#[path = "../support/mod.rs"]
mod support;
