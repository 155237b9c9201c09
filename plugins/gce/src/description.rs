//! The description of the agent.

use fencebox_sdk::prelude::*;

use crate::{compute, login, service_account};

/// The whole description.
pub(crate) fn agent() -> Agent {
    let agent = Agent::new("fence_gce", "Fence agent for Google Compute Engine")
        .longdesc(
            "Switches instances of Google Compute Engine through its REST API. The account is the service account of \
             the machine that the agent runs on, or the one in a key file (serviceaccount). The machine's own account \
             needs the access scope compute or cloud-platform. The plug is the name of an instance. Reboot is a reset \
             by default (method=cycle): Compute Engine ends the instance at once and reports when it has. A stop lets \
             the operating system shut down first, for up to 90 seconds, so method=onoff needs power_timeout=180. Off \
             means that the operation of the stop has succeeded and that the status is TERMINATED after it.",
        )
        .vendor_url("https://cloud.google.com/compute")
        .rights([
            "compute.instances.get",
            "compute.instances.list",
            "compute.instances.reset",
            "compute.instances.start",
            "compute.instances.stop",
            "compute.zoneOperations.get",
        ])
        .options(["plug", "proxy", "ssl_insecure", "ca_file", "ssl_fingerprint"])
        .meaning("plug", "Name or numeric ID of the instance")
        .operations(Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL)
        .default("method", "cycle")
        .default("power_timeout", "60")
        // Answers come over the internet.
        .default("login_timeout", "15")
        .default("shell_timeout", "15");
    capabilities(without_effect(parameters(agent)))
}

fn parameters(agent: Agent) -> Agent {
    let text = |name: &str, shortdesc: &str| Parameter::text(name).shortdesc(shortdesc);
    agent
        .parameter(text(
            "zone",
            "Zone of the instance, or of each plug in this order; it is found if unset",
        ))
        .parameter(text("project", "ID of the project; that of this machine if unset"))
        .parameter(text("serviceaccount", "Path of the JSON key file of a service account"))
        .parameter(text(
            "plugzonemap",
            "Zones of plugs, as in node1:europe-west1-b,node2:europe-west1-c",
        ))
        .parameter(
            Parameter::seconds("apitimeout")
                .shortdesc("Timeout in seconds of each request after login")
                .synonym_of("shell_timeout"),
        )
        .parameter(text("api_url", "URL of the API, instead of that of Google"))
        .parameter(text("token_url", "URL that issues tokens, instead of that of Google"))
}

/// Options of existing configurations: fencebox does their work itself, or refuses them by name.
fn without_effect(agent: Agent) -> Agent {
    let (flag, text, seconds) = (Parameter::boolean, Parameter::text, Parameter::seconds);
    let logging = flag("stackdriver_logging").obsoletes("stackdriver-logging");
    let retries = Parameter::integer("retries").default("3");
    let ignored = [
        (logging, "the log is in the system's journal"),
        (retries, "fencebox retries by itself"),
        (seconds("retrysleep").default("5"), "fencebox retries by itself"),
        (flag("earlyexit"), "an action ends as soon as it is proven"),
        (seconds("warntimeout"), "use power_timeout"),
        (seconds("errortimeout"), "use power_timeout"),
    ];
    let refused = [
        (text("proxyhost"), "use proxy=http://HOST:PORT"),
        (Parameter::integer("proxyport"), "use proxy=http://HOST:PORT"),
        (flag("baremetalsolution"), "it has no power status"),
        (text("runonwarn"), "an agent runs no commands"),
        (text("runonfail"), "an agent runs no commands"),
    ];
    let ignored = ignored.map(|(option, why)| option.shortdesc(format!("No effect: {why}")));
    let refused = refused.map(|(option, why)| option.shortdesc(format!("Not supported: {why}")));
    ignored.into_iter().chain(refused).fold(agent, Agent::parameter)
}

fn capabilities(agent: Agent) -> Agent {
    agent
        .file(service_account::OPTION, FileKind::File, FileAccess::Read)
        .endpoint(
            Endpoint::from_url_option(compute::ENDPOINT, "api_url")
                .free_path()
                .or_fixed("compute.googleapis.com")
                .base_path("/compute/v1"),
        )
        .endpoint(
            Endpoint::from_url_option(service_account::ENDPOINT, "token_url")
                .free_path()
                .or_fixed("oauth2.googleapis.com")
                .base_path("/token"),
        )
        .endpoint(Endpoint::instance_metadata(login::METADATA, "169.254.169.254"))
}
