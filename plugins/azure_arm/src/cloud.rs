//! The clouds of Azure, which share no accounts.

use fencebox_sdk::prelude::*;

/// One cloud.
pub(crate) struct Cloud {
    pub(crate) name: &'static str,
    /// The host of Azure Resource Manager.
    pub(crate) manager: &'static str,
    /// The host that issues tokens.
    pub(crate) login: &'static str,
}

/// Those that can be reached.
pub(crate) const CLOUDS: [Cloud; 3] = [
    Cloud {
        name: "public",
        manager: "management.azure.com",
        login: "login.microsoftonline.com",
    },
    Cloud {
        name: "usgov",
        manager: "management.usgovcloudapi.net",
        login: "login.microsoftonline.us",
    },
    Cloud {
        name: "china",
        manager: "management.chinacloudapi.cn",
        login: "login.chinacloudapi.cn",
    },
];

/// Values of the Python agent that are refused, and why.
pub(crate) const REFUSED: [(&str, &str); 2] = [
    (
        "germany",
        "is germany, which Microsoft has closed; set public, usgov or china",
    ),
    (
        "stack",
        "is stack: Azure Stack Hub has other versions of the API and is not supported",
    ),
];

/// The cloud in the options.
pub(crate) fn chosen(options: &Options) -> Result<&'static Cloud> {
    let name = options.get("cloud").unwrap_or("public");
    if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        return Err(Error::invalid_option("cloud", *reason));
    }
    let cloud = CLOUDS.iter().find(|cloud| cloud.name == name);
    cloud.ok_or_else(|| Error::invalid_option("cloud", "has to be public, usgov or china"))
}
