//! The description of the agent.

use fencebox_sdk::prelude::*;

use crate::kinds::Kind;
use crate::permissions;

/// Each region, the host of its API, and the host that issues its tokens.
const REGIONS: [(&str, &str, Option<&str>); 7] = [
    ("ovh-eu", "eu.api.ovh.com", Some("www.ovh.com")),
    ("ovh-ca", "ca.api.ovh.com", Some("ca.ovh.com")),
    ("ovh-us", "api.us.ovhcloud.com", Some("us.ovhcloud.com")),
    ("kimsufi-eu", "eu.api.kimsufi.com", None),
    ("kimsufi-ca", "ca.api.kimsufi.com", None),
    ("soyoustart-eu", "eu.api.soyoustart.com", None),
    ("soyoustart-ca", "ca.api.soyoustart.com", None),
];

/// The whole description.
pub(crate) fn agent() -> Agent {
    let agent = Agent::new("fence_ovh", "Fence agent for OVHcloud")
        .longdesc(longdesc())
        .vendor_url("https://www.ovhcloud.com")
        .rights(permissions::rights())
        .options([
            "username",
            "password",
            "plug",
            "proxy",
            "ssl_insecure",
            "ca_file",
            "ssl_fingerprint",
        ])
        .meaning("username", "Account (NIC handle) for the old SOAP API")
        .meaning("password", "Password for the old SOAP API")
        .meaning(
            "plug",
            "Name of the dedicated server or VPS, or ID or name of the instance",
        )
        .operations(Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL);
    endpoints(times(switching(access(agent))))
}

/// # Errors
/// [`Error::InvalidOption`] if the region does not issue tokens and the option `token_url`
/// is missing.
pub(crate) fn check_token_address(options: &Options) -> Result<()> {
    let region = options.get("endpoint").unwrap_or_default();
    let has_none = REGIONS.iter().any(|(own, _, token)| *own == region && token.is_none());
    if has_none && options.get("token_url").is_none() {
        return Err(Error::invalid_option(
            "client_id",
            format!(
                "{region} does not support service accounts; use application_key, application_secret and consumer_key"
            ),
        ));
    }
    Ok(())
}

/// The options with the address of the API and the credentials.
fn access(agent: Agent) -> Agent {
    agent
        .parameter(
            Parameter::choice("endpoint", REGIONS.map(|(region, _, _)| region))
                .shortdesc("Region of the API, in which the keys were created")
                .default("ovh-eu"),
        )
        .parameter(
            Parameter::text("api_url")
                .shortdesc("URL of the API, instead of endpoint, such as https://eu.api.ovh.com/1.0"),
        )
        .parameter(Parameter::text("application_key").shortdesc("Application key"))
        .parameter(
            Parameter::text("application_secret")
                .shortdesc("Secret of the application key")
                .secret(),
        )
        .parameter(
            Parameter::text("consumer_key")
                .shortdesc("Consumer key, which has the access rules")
                .secret(),
        )
        .parameter(Parameter::text("client_id").shortdesc("ID of a service account (OAuth2), instead of the keys"))
        .parameter(
            Parameter::text("client_secret")
                .shortdesc("Secret of the service account")
                .secret(),
        )
        .parameter(Parameter::text("token_url").shortdesc("URL that issues tokens for the service account"))
}

/// The options for the kind of service and the way to switch it.
fn switching(agent: Agent) -> Agent {
    let words = ["auto"].into_iter().chain(Kind::ALL.map(Kind::word));
    agent
        .parameter(
            Parameter::choice("service", words)
                .shortdesc("Kind of service of the plug; auto derives it from the plug's name")
                .default("auto"),
        )
        .parameter(Parameter::text("project").shortdesc("Public Cloud project of the instance; all projects if unset"))
        .parameter(
            Parameter::choice("off_mode", ["auto", "power", "rescue"])
                .shortdesc("How to switch a dedicated server off; auto prefers power to rescue")
                .default("auto"),
        )
        .parameter(Parameter::integer("on_boot").shortdesc("ID of the boot entry for on; that of the disk if unset"))
        .parameter(
            Parameter::integer("rescue_boot")
                .shortdesc("ID of the boot entry of the rescue system; the first one if unset"),
        )
        .parameter(
            Parameter::text("email")
                .letter('Z')
                .shortdesc("Address for the rescue system's password; the account's address if unset"),
        )
}

fn times(agent: Agent) -> Agent {
    agent
        // The vendor limits the number of requests, and the power does not change faster.
        .default("stonith_status_sleep", "10")
        // 60 reads in 10 minutes: a power off takes three to five minutes, and may wait in a queue.
        .default("power_timeout", "60")
        // Answers come over the internet, and the API itself waits for other servers.
        .default("login_timeout", "15")
        .default("shell_timeout", "15")
}

fn endpoints(agent: Agent) -> Agent {
    let apis = REGIONS.map(|(region, api, _)| (region, api));
    let tokens = REGIONS
        .into_iter()
        .filter_map(|(region, _, token)| Some((region, token?)));
    agent
        .endpoint(
            Endpoint::from_url_option("api", "api_url")
                .free_path()
                .or_by_choice("endpoint", apis)
                .base_path("/1.0"),
        )
        .endpoint(
            Endpoint::from_url_option("token", "token_url")
                .free_path()
                .or_by_choice("endpoint", tokens)
                .base_path("/auth/oauth2/token"),
        )
        .endpoint(Endpoint::from_url_option("soap", "api_url").free_path())
}

fn longdesc() -> String {
    let rules = |kind: Kind, name: &str| {
        permissions::for_fencing(kind)
            .map(|rule| rule.line(name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    format!(
        "Switches dedicated servers, VPS and Public Cloud instances of OVHcloud on and off through version 1 of its \
         REST API. It needs an application key, its secret and a consumer key, or the ID and secret of a service \
         account. A dedicated server is switched off by the boot entry that powers it down, if it has one. If not, or \
         with off_mode=rescue, it is rebooted into OVH's rescue system: then the server still runs, but not its own \
         operating system, and its disks can be reached from the rescue system. Both take some minutes. The action on \
         restores the boot entry and reboots. The minimum permissions of the consumer key are, for a dedicated server: \
         {}; for a VPS: {}; for an instance: {}; for the action monitor: {}. With username and password the agent uses \
         the old SOAP API of the server in api_url; OVH has shut down its own. That API cannot report the power \
         status, so that on always reboots.",
        rules(Kind::Dedicated, "NAME"),
        rules(Kind::Vps, "NAME"),
        rules(Kind::Cloud, "PROJECT"),
        permissions::CREDENTIAL.line("")
    )
}
