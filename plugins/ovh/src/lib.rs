//! `fence_ovh`: dedicated servers, VPS and Public Cloud instances of OVHcloud,
//! through version 1 of its REST API or through the older SOAP API.
//!
//! The facts come from the vendor's documentation and API schemas
//! (`ovh/docs`, `ovh/ovhcloud-cli`), its clients (`ovh/python-ovh`,
//! `ovh/go-ovh`), and generated bindings of the SOAP API.

mod api;
mod boot_entries;
mod call;
mod cloud;
mod credentials;
mod dedicated;
mod description;
mod errors;
mod inventory;
mod kinds;
mod pending_task;
mod permissions;
mod probe;
mod rest;
mod settings;
mod signature;
mod soap;
mod task;
mod time;
mod token;
mod vps;

use fencebox_sdk::prelude::*;

use api::Api;
use credentials::Credentials;
use rest::Rest;
use settings::Settings;
use soap::Soap;

/// A session with OVHcloud.
pub struct Ovh(Dialect);

/// The two APIs.
enum Dialect {
    Rest(Box<Rest>),
    Soap(Box<Soap>),
}

#[device]
impl Device for Ovh {
    fn describe(_name: &str) -> Agent {
        description::agent()
    }

    fn check_options(options: &Options) -> Result<()> {
        Settings::of(options)?;
        match Credentials::of(options)? {
            Credentials::Account(_) => soap::check_address(options),
            Credentials::Keys(_) => Ok(()),
            Credentials::Client(_) => description::check_token_address(options),
        }
    }

    fn open(options: &Options) -> Result<Self> {
        Self::check_options(options)?;
        let settings = Settings::of(options)?;
        let api = match Credentials::of(options)? {
            Credentials::Account(account) => {
                return Soap::log_in(&account, options).map(|soap| Self(Dialect::Soap(Box::new(soap))));
            }
            Credentials::Keys(keys) => Api::with_keys(keys)?,
            Credentials::Client(client) => Api::with_client(client)?,
        };
        Ok(Self(Dialect::Rest(Box::new(Rest::new(api, settings)))))
    }

    fn probe(&mut self) -> Result<()> {
        match &mut self.0 {
            Dialect::Rest(rest) => rest.probe(),
            // The login is the only test that this API offers.
            Dialect::Soap(_) => Ok(()),
        }
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        match &mut self.0 {
            Dialect::Rest(rest) => rest.power(plug),
            Dialect::Soap(soap) => soap.power(plug),
        }
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        match &mut self.0 {
            Dialect::Rest(rest) => rest.switch(plug, target),
            Dialect::Soap(soap) => soap.switch(plug, target),
        }
    }

    fn cycle(&mut self, plug: &str) -> Result<()> {
        match &mut self.0 {
            Dialect::Rest(rest) => rest.cycle(plug),
            Dialect::Soap(soap) => soap.cycle(plug),
        }
    }

    fn cycle_complete(&mut self, plug: &str) -> Result<bool> {
        match &mut self.0 {
            Dialect::Rest(rest) => rest.is_cycled(plug),
            Dialect::Soap(soap) => soap.is_cycled(plug),
        }
    }

    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        match &mut self.0 {
            Dialect::Rest(rest) => rest.plugs(with_status),
            Dialect::Soap(soap) => Err(soap.list()),
        }
    }

    fn close(&mut self) {
        if let Dialect::Soap(soap) = &mut self.0 {
            soap.close();
        }
    }
}

export!(Ovh);
