//! What the agent says about itself.

use fencebox_sdk::prelude::*;

use crate::kinds::Kind;
use crate::permissions;

/// The regions, where their API is, and where they hand out tokens.
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
            "Name of the dedicated server or VPS, or id or name of the instance",
        )
        .operations(Operations::LIST_PLUGS | Operations::CYCLE)
        .operations(Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL);
    endpoints(times(switching(access(agent))))
}

/// # Errors
/// [`Error::InvalidOption`] where the region hands out no tokens, and no other
/// place is given.
pub(crate) fn check_token_address(options: &Options) -> Result<()> {
    let region = options.get("endpoint").unwrap_or_default();
    let has_none = REGIONS.iter().any(|(own, _, token)| *own == region && token.is_none());
    if has_none && options.get("token_url").is_none() {
        return Err(Error::invalid_option(
            "client_id",
            format!("{region} knows no service accounts; use application_key, application_secret and consumer_key"),
        ));
    }
    Ok(())
}

/// Options that say where the API is and who we are.
fn access(agent: Agent) -> Agent {
    agent
        .parameter(
            Parameter::choice("endpoint", REGIONS.map(|(region, _, _)| region))
                .shortdesc("Region of the API, which is where the keys were made")
                .default("ovh-eu"),
        )
        .parameter(
            Parameter::text("api_url")
                .shortdesc("URL of the API instead of endpoint's, such as https://eu.api.ovh.com/1.0"),
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
        .parameter(Parameter::text("client_id").shortdesc("Id of a service account (OAuth2), instead of the keys"))
        .parameter(
            Parameter::text("client_secret")
                .shortdesc("Secret of the service account")
                .secret(),
        )
        .parameter(Parameter::text("token_url").shortdesc("URL that hands out tokens for the service account"))
}

/// Options that say what is switched, and how.
fn switching(agent: Agent) -> Agent {
    let words = ["auto"].into_iter().chain(Kind::ALL.map(Kind::word));
    agent
        .parameter(
            Parameter::choice("service", words)
                .shortdesc("Kind of service that the plug is; auto goes by its name")
                .default("auto"),
        )
        .parameter(
            Parameter::text("project").shortdesc("Public Cloud project of the instance; without it all are searched"),
        )
        .parameter(
            Parameter::choice("off_mode", ["auto", "power", "rescue"])
                .shortdesc(
                    "How a dedicated server is switched off: for good, into its rescue system, or the best it offers",
                )
                .default("auto"),
        )
        .parameter(Parameter::integer("on_boot").shortdesc("Boot entry to switch on with; without it the disk's"))
        .parameter(Parameter::integer("rescue_boot").shortdesc("Boot entry of the rescue system; without it the first"))
        .parameter(
            Parameter::text("email")
                .letter('Z')
                .shortdesc("Where the password of the rescue system is sent; without it the account's address"),
        )
}

fn times(agent: Agent) -> Agent {
    agent
        // Requests are limited in number by the vendor, and nothing here happens faster.
        .default("stonith_status_sleep", "10")
        // 60 looks in 10 minutes: a power off takes three to five, and may wait for its turn.
        .default("power_timeout", "60")
        // Answers come over the internet, from servers that ask others.
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
        "Switches dedicated servers, VPS and Public Cloud instances of OVHcloud on and off through version 1 of its REST \
         API. It needs an application key, its secret and a consumer key, or the id and secret of a service account. A \
         dedicated server is switched off by the boot that powers it down, where it offers that. Where it does not, or \
         with off_mode=rescue, it is rebooted into OVH's rescue system: then it still runs, it only does not run its own \
         operating system, and its disks can be reached from the rescue system. Either takes some minutes. Switching on \
         restores the boot entry and reboots. The least rights that the consumer key needs are, for a dedicated server: \
         {}; for a VPS: {}; for an instance: {}; for the action monitor: {}. With username and password it speaks the \
         old SOAP API to a server given by api_url; OVH has shut down its own, and that API cannot tell the power, so that \
         on always reboots.",
        rules(Kind::Dedicated, "NAME"),
        rules(Kind::Vps, "NAME"),
        rules(Kind::Cloud, "PROJECT"),
        permissions::CREDENTIAL.line("")
    )
}
