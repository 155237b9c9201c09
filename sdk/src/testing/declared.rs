//! The declarations of the plugin whose session is open on this thread. The
//! checks are those of the host. Without a session of
//! [`open`](super::open()), everything counts as declared.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use fencebox_agent::Declared;
use fencebox_policy::{Addresses, FileAccess, SocketPurpose, is_named_in};

use crate::http::Failure;
use crate::{files, multicast};

thread_local! {
    static PLUGIN: RefCell<Option<Rc<Plugin>>> = const { RefCell::new(None) };
}

/// What a plugin declares, with the values of the options.
#[derive(Debug)]
pub(super) struct Plugin {
    pub(super) declared: Declared,
    pub(super) addresses: RefCell<BTreeMap<String, Addresses>>,
}

/// Applies the declarations of a plugin on this thread, until it is dropped.
#[derive(Debug)]
pub(super) struct Applied(Rc<Plugin>);

impl Applied {
    pub(super) fn new(plugin: Plugin) -> Self {
        let plugin = Rc::new(plugin);
        PLUGIN.set(Some(Rc::clone(&plugin)));
        Self(plugin)
    }

    pub(super) fn declared(&self) -> &Declared {
        &self.0.declared
    }
}

impl Drop for Applied {
    fn drop(&mut self) {
        // Another session may have begun since.
        PLUGIN.with_borrow_mut(|plugin| {
            if plugin.as_ref().is_some_and(|plugin| Rc::ptr_eq(plugin, &self.0)) {
                *plugin = None;
            }
        });
    }
}

fn with<T>(ask: impl FnOnce(&Plugin) -> T) -> Option<T> {
    PLUGIN.with_borrow(|plugin| plugin.as_deref().map(ask))
}

pub(super) fn check_endpoint(name: &str) -> Result<(), Failure> {
    let checked = with(|plugin| {
        plugin.declared.endpoints.get(name)?;
        // The address that another endpoint names is missing until the plugin selects it.
        match plugin.addresses.borrow().get(name) {
            Some(addresses) if addresses.namers().is_some() => addresses.current().map(drop),
            _ => Ok(()),
        }
    });
    checked
        .unwrap_or(Ok(()))
        .map_err(|rule| Failure::Denied(rule.to_string()))
}

/// Selects an address by the rules of the host, if a session is open.
pub(super) fn select_address(endpoint: &str, address: &str) -> Option<Result<String, Failure>> {
    with(|plugin| {
        let mut addresses = plugin.addresses.borrow_mut();
        let files = addresses.get(endpoint)?.naming_files();
        let contains = |option: &String| super::files::read(option, None).is_ok_and(|text| is_named_in(&text, address));
        if !files.is_empty() && !files.iter().any(contains) {
            let files = files.join(" or ");
            let rule = format!("the file of option {files} does not contain this address of {endpoint}");
            return Some(Err(Failure::Denied(rule)));
        }
        let namer = addresses
            .get(endpoint)?
            .late_namer()
            .and_then(|namer| addresses.get(namer));
        let namer = namer.and_then(|namer| namer.current().ok()).cloned();
        let known = addresses.get_mut(endpoint)?;
        if let Some(namer) = namer {
            known.set_namer(&namer);
        }
        let selected = known.select(address).map(ToString::to_string);
        Some(selected.map_err(|rule| Failure::Denied(rule.to_string())))
    })?
}

/// The base URL by the options, if a session is open.
pub(super) fn base_url(endpoint: &str) -> Option<String> {
    with(|plugin| {
        let addresses = plugin.addresses.borrow();
        let origin = addresses.get(endpoint)?.current().ok()?;
        Some(origin.base_url())
    })?
}

/// The addresses by the options, if a session is open.
pub(super) fn addresses(endpoint: &str) -> Option<Vec<String>> {
    with(|plugin| {
        let addresses = plugin.addresses.borrow();
        let named = addresses.get(endpoint)?.named();
        Some(named.iter().map(ToString::to_string).collect())
    })?
}

pub(super) fn check_file(option: &str, entry: Option<&str>, access: FileAccess) -> Result<(), files::Failure> {
    with(|plugin| plugin.declared.files.check(option, entry, access).map(drop))
        .unwrap_or(Ok(()))
        .map_err(|rule| files::Failure::Denied(rule.to_string()))
}

pub(super) fn check_group(socket: &str) -> Result<(), multicast::Failure> {
    let is_declared = with(|plugin| {
        let mut sockets = plugin.declared.sockets.iter();
        sockets.any(|known| known.name == socket && matches!(known.purpose, SocketPurpose::Multicast(_)))
    });
    if is_declared.unwrap_or(true) {
        return Ok(());
    }
    Err(multicast::Failure::Denied(format!(
        "the plugin did not declare a multicast socket {socket:?}"
    )))
}
