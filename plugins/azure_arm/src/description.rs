//! The description of the agent.

use fencebox_sdk::prelude::*;

use crate::cloud::{CLOUDS, REFUSED};
use crate::{login, machines, metadata};

/// The whole description.
pub(crate) fn agent() -> Agent {
    let agent = Agent::new("fence_azure_arm", "Fence agent for Azure Resource Manager")
        .longdesc(
            "Switches virtual machines of Microsoft Azure through the REST API of Azure Resource Manager. It logs in \
             with a service principal (username, password and tenantId), or with the managed identity of the machine \
             that it runs on (msi). The plug is the name of a machine in resourceGroup. Off is the action powerOff \
             without a shutdown of the operating system; the machine keeps its host, its address and its temporary \
             disk. Off means that the operation has succeeded, and that Azure shows PowerState/stopped or \
             PowerState/deallocated after it.",
        )
        .vendor_url("https://learn.microsoft.com/azure/virtual-machines/")
        .rights([
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Compute/virtualMachines/powerOff/action",
            "Microsoft.Compute/virtualMachines/start/action",
            "Microsoft.Compute/locations/operations/read",
        ])
        .options([
            "username",
            "password",
            "plug",
            "proxy",
            "ssl_insecure",
            "ca_file",
            "ssl_fingerprint",
        ])
        .meaning(
            "username",
            "Application (client) ID; with msi, that of a user-assigned identity",
        )
        .meaning("password", "Client secret of the application")
        .meaning("plug", "Name of the virtual machine")
        .operations(Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL)
        // A power off takes up to a minute, and may wait for other operations.
        .default("power_timeout", "150")
        // Answers come over the internet.
        .default("login_timeout", "15")
        .default("shell_timeout", "15");
    capabilities(parameters(agent))
}

fn parameters(agent: Agent) -> Agent {
    let text = |name: &str, shortdesc: &str| Parameter::text(name).shortdesc(shortdesc);
    let clouds = CLOUDS.iter().map(|cloud| cloud.name);
    let words = clouds.chain(REFUSED.map(|(name, _)| name));
    agent
        .parameter(text(
            "resourceGroup",
            "Resource group of the machine; that of this machine if unset",
        ))
        .parameter(text("tenantId", "ID of the Microsoft Entra tenant (directory)"))
        .parameter(text(
            "subscriptionId",
            "ID of the subscription; that of this machine if unset",
        ))
        .parameter(
            Parameter::boolean("network_fencing")
                .obsoletes("network-fencing")
                .shortdesc("Not supported: a network that is cut does not stop the machine"),
        )
        .parameter(Parameter::boolean("msi").shortdesc("Log in with the managed identity of this machine"))
        .parameter(
            Parameter::choice("cloud", words)
                .default(CLOUDS[0].name)
                .shortdesc("Cloud of the subscription; germany and stack are not supported"),
        )
        .parameter(text("metadata_endpoint", "Not supported: it belongs to cloud=stack").obsoletes("metadata-endpoint"))
        .parameter(text(
            "api_url",
            "URL of Azure Resource Manager, instead of that of the cloud",
        ))
        .parameter(text(
            "login_url",
            "URL that issues tokens, instead of that of the cloud",
        ))
}

fn capabilities(agent: Agent) -> Agent {
    agent
        .endpoint(
            Endpoint::from_url_option(machines::ENDPOINT, "api_url")
                .free_path()
                .or_by_choice("cloud", CLOUDS.iter().map(|cloud| (cloud.name, cloud.manager))),
        )
        .endpoint(
            Endpoint::from_url_option(login::ENDPOINT, "login_url")
                .free_path()
                .or_by_choice("cloud", CLOUDS.iter().map(|cloud| (cloud.name, cloud.login))),
        )
        .endpoint(Endpoint::instance_metadata(metadata::ENDPOINT, "169.254.169.254"))
}
