//! A virtual machine, as the device reports it.

use fencebox_sdk::prelude::*;

use crate::calls::{Reference, Vim};
use crate::fault::Failure;
use crate::properties::{self, Object};

/// The properties that fencing reads.
pub(crate) const PATHS: [&str; 6] = [
    "config.instanceUuid",
    "config.template",
    "config.uuid",
    "name",
    "runtime.connectionState",
    "runtime.powerState",
];

/// A machine.
pub(crate) struct Machine {
    object: Object,
}

impl Machine {
    pub(crate) fn new(object: Object) -> Self {
        Self { object }
    }

    pub(crate) fn read(vim: &mut Vim, reference: &Reference) -> Result<Self> {
        match properties::of_object(vim, reference, &PATHS) {
            Err(Failure::Fault(fault)) if fault.kind() == "ManagedObjectNotFound" => {
                Err(Error::unexpected(format!("the machine was removed: {}", fault.text())))
            }
            outcome => Ok(Self::new(outcome.map_err(Failure::of_read)?)),
        }
    }

    /// The name as people write it.
    pub(crate) fn name(&self) -> String {
        decoded(self.object.text("name").unwrap_or_default())
    }

    /// The UUID that the BIOS of the machine has; empty for a machine without a configuration.
    pub(crate) fn uuid(&self) -> &str {
        self.object.text("config.uuid").unwrap_or_default()
    }

    /// The UUID that is unique in a vCenter.
    pub(crate) fn instance_uuid(&self) -> &str {
        self.object.text("config.instanceUuid").unwrap_or_default()
    }

    /// A template has the power state off, and is not a machine.
    pub(crate) fn is_template(&self) -> bool {
        self.object.text("config.template") == Some("true")
    }

    /// Whether the plug means this machine by its name.
    pub(crate) fn is_named(&self, plug: &str) -> bool {
        !plug.is_empty() && self.name() == decoded(plug)
    }

    /// Verifies that the device reports about the machine that the plug means.
    pub(crate) fn check(&self, plug: &str) -> Result<()> {
        let last = plug.rsplit('/').next().unwrap_or(plug);
        let is_same = if is_uuid(plug) {
            let mut uuids = [self.uuid(), self.instance_uuid()].into_iter();
            uuids.any(|own| own.eq_ignore_ascii_case(plug))
        } else {
            self.is_named(plug) || self.is_named(last)
        };
        // A machine that cannot be reached may have no configuration.
        if !is_same && (self.is_connected() || !is_uuid(plug)) {
            let other = excerpt(&self.name());
            return Err(Error::unexpected(format!("an answer about another machine, {other}")));
        }
        if self.is_template() {
            return Err(Error::invalid_option("plug", "is a template, which cannot run"));
        }
        Ok(())
    }

    fn is_connected(&self) -> bool {
        self.object.text("runtime.connectionState") == Some("connected")
    }

    /// Off only if the host of the machine is connected and the device reports `poweredOff`. Without that, the power
    /// state is the last one that the device has seen.
    pub(crate) fn power(&self) -> PowerStatus {
        let unknown = |what: &str, value: Option<&str>| {
            let value = value.map_or_else(|| "missing".to_owned(), excerpt);
            let fault = self.object.missing().map(|fault| format!(": {}", fault.text()));
            let name = excerpt(&self.name());
            log::warn(format!(
                "the power state of {name} is unknown: {what} is {value}{}",
                fault.unwrap_or_default()
            ));
            PowerStatus::Unknown
        };
        if !self.is_connected() {
            return unknown("its connection state", self.object.text("runtime.connectionState"));
        }
        match self.object.text("runtime.powerState") {
            Some("poweredOn") => PowerStatus::On,
            Some("poweredOff") => PowerStatus::Off,
            // Its memory is on the disk, and it continues when it is switched on.
            Some("suspended") => PowerStatus::Standby,
            state => unknown("its power state", state),
        }
    }
}

/// Whether a plug has the form of a UUID.
pub(crate) fn is_uuid(plug: &str) -> bool {
    let groups: Vec<&str> = plug.split('-').collect();
    let is_hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(is_hex)
}

/// A name without the encoding of vSphere, which has three characters encoded.
pub(crate) fn decoded(name: &str) -> String {
    let mut text = name.to_owned();
    for (encoded, plain) in [("%2f", "/"), ("%2F", "/"), ("%5c", "\\"), ("%5C", "\\"), ("%25", "%")] {
        text = text.replace(encoded, plain);
    }
    text
}
