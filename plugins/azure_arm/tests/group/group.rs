//! The scripted resource group.

use fence_azure_arm::Group;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{self, Script, Session};

pub(crate) const TOKEN: &str = "/tenant1/oauth2/v2.0/token";
pub(crate) const MACHINE: &str = "/subscriptions/sub1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/node1?api-version=2024-07-01&$expand=instanceView";
pub(crate) const POWER_OFF: &str = "/subscriptions/sub1/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/node1/powerOff?skipShutdown=true&api-version=2024-07-01";
pub(crate) const OPERATION: &str =
    "/subscriptions/sub1/providers/Microsoft.Compute/locations/westeurope/operations/op1?p=x&api-version=2024-07-01";

pub(crate) const OPTIONS: [(&str, &str); 6] = [
    ("username", "app1"),
    ("password", "s3cret"),
    ("tenantId", "tenant1"),
    ("subscriptionId", "sub1"),
    ("resourceGroup", "rg1"),
    ("plug", "node1"),
];

/// A script that begins with a token.
pub(crate) fn script() -> Script {
    Script::new()
        .base_url("manager", "https://management.azure.com")
        .on("POST", TOKEN)
        .reply(
            200,
            json!({ "access_token": "t1", "token_type": "Bearer", "expires_in": 3599 }),
        )
}

pub(crate) fn open() -> Session<Group> {
    testing::open::<Group>(OPTIONS).unwrap()
}

pub(crate) fn machine(codes: &[&str]) -> Value {
    let statuses: Vec<Value> = codes.iter().map(|code| json!({ "code": code })).collect();
    json!({ "name": "node1", "properties": { "vmId": "1", "instanceView": { "statuses": statuses } } })
}

pub(crate) fn off() -> Value {
    machine(&["ProvisioningState/succeeded", "PowerState/stopped"])
}

pub(crate) fn refused(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}
