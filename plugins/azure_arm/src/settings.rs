//! The options.

use fencebox_sdk::prelude::*;

use crate::cloud::{self, Cloud};

/// The options of a session.
pub(crate) struct Settings {
    pub(crate) account: Account,
    pub(crate) cloud: &'static Cloud,
    /// Those of this machine, if not given.
    pub(crate) subscription: Option<String>,
    pub(crate) group: Option<String>,
}

/// Who logs in.
pub(crate) enum Account {
    /// An application with a secret.
    Principal { tenant: String, id: String, secret: String },
    /// The identity of this machine; one of several by its client ID.
    Identity { id: Option<String> },
}

impl Settings {
    pub(crate) fn read(options: &Options) -> Result<Self> {
        refuse(options)?;
        let text = |name: &str| options.get(name).map(str::to_owned);
        Ok(Self {
            account: Account::read(options)?,
            cloud: cloud::chosen(options)?,
            subscription: text("subscriptionId"),
            group: text("resourceGroup"),
        })
    }
}

impl Account {
    fn read(options: &Options) -> Result<Self> {
        let text = |name: &str| options.get(name).map(str::to_owned);
        if options.is_set("msi") {
            return Ok(Self::Identity { id: text("username") });
        }
        let required = |name: &str| {
            let reason = "is required, with username, password and tenantId; or set msi=1 for the identity of this \
                          machine";
            text(name).ok_or_else(|| Error::invalid_option(name, reason))
        };
        Ok(Self::Principal {
            id: required("username")?,
            secret: required("password")?,
            tenant: required("tenantId")?,
        })
    }
}

/// Refuses the options of the Python agent that cannot be safe.
fn refuse(options: &Options) -> Result<()> {
    if options.is_set("network_fencing") {
        // Writes to an attached disk do not pass the network of the machine.
        let reason = "is not supported: a machine without its network still writes to its disks, so that is not off; \
                      omit it";
        return Err(Error::invalid_option("network_fencing", reason));
    }
    if options.get("metadata_endpoint").is_some() {
        return Err(Error::invalid_option(
            "metadata_endpoint",
            "is for Azure Stack Hub, which is not supported; omit it",
        ));
    }
    Ok(())
}
