//! Existing configurations: `pcs stonith create` with lines in the forms of public documentation (of Red Hat, SUSE, the
//! ClusterLabs wiki and vendors), as they are.

use crate::pacemaker::lab::{Daemons, Lab};
use crate::pacemaker::system::System;

/// What follows `pcs stonith create NAME`.
const LINES: &[&str] = &[
    "fence_ipmilan ipaddr=192.0.2.1 login=testuser passwd=acd123 lanplus=1 pcmk_host_list=node1",
    "fence_ipmilan pcmk_host_list=node1 ip=192.0.2.1 username=testuser password=abcd1234 lanplus=1 power_wait=4 op monitor interval=60s",
    "fence_ipmilan pcmk_host_check=static-list pcmk_host_list=node1 ip=bmc1.example username=admin password=pw lanplus=true privlvl=operator cipher=17 retry_on=2",
    "fence_ipmilan ip=192.0.2.1 ipport=6230 username=admin password_script=/bin/true lanplus=on op monitor interval=30s",
    "fence_ipmilan ip=192.0.2.1 username=admin password=pw auth=md5 method=cycle delay=10 power_timeout=40",
    "fence_idrac ip=192.0.2.1 username=root password=calvin lanplus=1 login_timeout=60 shell_timeout=30 pcmk_reboot_action=off",
    "fence_ilo4 ipaddr=192.0.2.1 login=fence passwd=pw ipport=623 privlvl=OPERATOR retry_on=3 method=onoff pcmk_host_list=node1",
    "fence_imm port=192.0.2.1 port_as_ip=1 username=USERID password=PASSW0RD lanplus=1 cipher=3",
    "fence_redfish pcmk_host_list=node1 ip=192.0.2.10 username=root password=calvin systems_uri=/redfish/v1/Systems/System.Embedded.1 ssl_insecure=1",
    "fence_redfish ipaddr=192.0.2.11 login=admin passwd=s3cret systems-uri=/redfish/v1/Systems/1 redfish-uri=/redfish/v1 ssl_insecure=true pcmk_host_list=node1",
    "fence_redfish ip=ilo-node1.example ipport=443 username=fence password=s3cret systems_uri=/redfish/v1/Systems/1/ ssl=1 ssl_secure=1 pcmk_delay_max=15s",
    "fence_redfish pcmk_host_map=node1:192.0.2.13 port_as_ip=1 username=fence password=s3cret ssl_insecure=1 op monitor interval=60s",
    "fence_pve ip=192.0.2.20 username=root@pam password=s3cret plug=100 pve_node_auto=1 ssl_insecure=1 pcmk_host_list=node1",
    "fence_pve ipaddr=pve1.example login=root@pam passwd=s3cret port=101 pve_node=pve1 vmtype=qemu power_wait=5",
    "fence_vmware_soap ipaddr=192.0.2.10 ssl_insecure=1 login=fencer passwd=s3cret port=/DC1/vm/node1 pcmk_host_list=node1",
    "fence_vmware_soap ip=vcenter.example username=administrator@vsphere.local password=s3cret ssl=1 ssl_insecure=1 pcmk_host_map=node1:vm1;node2:vm2 power_timeout=60",
    "fence_vmware_rest ip=vcenter.example username=fencer@vsphere.local password=s3cret ssl=1 ssl_insecure=1 pcmk_host_map=node1:vm1;node2:vm2 op monitor interval=60s",
    "fence_vmware_rest ip=192.0.2.10 login=fencer@vsphere.local passwd=s3cret ssl_insecure=1 plug=node1 api_path=/rest",
    "fence_openstack auth_url=https://cloud.example:5000/v3 username=fencer password=s3cret project_name=ops user_domain_name=Default project_domain_name=Default pcmk_host_map=node1:c0ffee00-0000-4000-8000-000000000001",
    "fence_openstack auth-url=https://cloud.example:5000/v3 login=fencer passwd=s3cret project-name=ops port=c0ffee00-0000-4000-8000-000000000001",
    "fence_aws access_key=AKIAEXAMPLE secret_key=s3cret region=us-east-1 pcmk_host_map=node1:i-0a1b2c3d4e5f60001;node2:i-0a1b2c3d4e5f60002 power_timeout=240 pcmk_reboot_timeout=480",
    "fence_aws region=eu-central-1 pcmk_host_map=node1:i-0a1b2c3d4e5f60001 pcmk_delay_max=45 skip_os_shutdown=true op monitor interval=60s",
    "fence_hetzner_cloud api_token=s3cret-t0ken pcmk_host_list=node1 op monitor interval=60s",
    "fence_gce plug=node1 zone=us-west1-a project=proj1 pcmk_reboot_timeout=300 pcmk_monitor_retries=4 pcmk_delay_max=30",
    "fence_gce port=node1 zone=us-west1-a project=proj1 method=cycle pcmk_host_list=node1 op monitor interval=300s timeout=120s",
    "fence_azure_arm msi=true resourceGroup=rg1 subscriptionId=11111111-0000-4000-8000-000000000001 pcmk_host_map=node1:vm1;node2:vm2 power_timeout=240 pcmk_reboot_timeout=900 pcmk_monitor_timeout=120 pcmk_monitor_retries=4 pcmk_action_limit=3",
    "fence_azure_arm login=app1 passwd=s3cret resourceGroup=rg1 tenantId=t1 subscriptionId=s1 power_timeout=240 pcmk_reboot_timeout=900",
];

#[test]
fn lines_of_existing_configurations_create_devices() {
    for system in System::ALL {
        let Some(lab) = Lab::start_on(system, Daemons::None) else {
            continue;
        };
        lab.make_cib();
        for (number, line) in LINES.iter().enumerate() {
            let name = format!("fence-node{number}");
            let mut arguments = vec!["-f", "/tmp/cib.xml", "stonith", "create", &name];
            arguments.extend(line.split(' '));
            let outcome = lab.run("pcs", &arguments);
            assert_eq!(
                (outcome.exit, outcome.stdout.as_str()),
                (Some(0), ""),
                "{line}: {outcome:?}"
            );
            // The only lines are about old names of options, which pcs has for Debian's agents too.
            let odd = |line: &&str| !line.contains("is deprecated") && !line.is_empty();
            assert_eq!(outcome.stderr.lines().find(odd), None, "{line}: {outcome:?}");
            let cib = std::fs::read_to_string(lab.path("/tmp/cib.xml")).unwrap();
            assert!(cib.contains(&format!("<primitive id=\"{name}\"")), "{line}: {cib}");
        }
    }
}
