//! Each device through its agent, its plugin and its simulator or real daemon.

mod aws;
mod azure_arm;
mod clc;
mod clc_faults;
mod dummy;
mod gce;
mod hetzner_cloud;
mod ipmilan;
mod openstack;
mod other_languages;
mod ovh;
mod ovh_faults;
mod proof;
mod pve;
mod redfish;
mod relay;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod vmware;
mod xenapi;
mod xenapi_faults;
mod xvm;
mod xvm_faults;
