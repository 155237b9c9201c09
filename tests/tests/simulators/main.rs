//! The simulators, by the published clients of each device: what these clients accept, the real service would send.

mod aws_clients;
mod azure_clients;
mod gce_clients;
mod hetzner_cloud_clients;
mod ipmi_clients;
mod openstack_clients;
mod ovh_clients;
mod ovh_soap;
mod pve_clients;
mod python;
mod redfish_clients;
#[path = "../support/mod.rs"]
mod support;
mod vmware_clients;
mod xenapi_agent;
mod xenapi_clients;
