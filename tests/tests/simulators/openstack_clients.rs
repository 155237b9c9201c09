//! The simulated Keystone and Nova, used by Debian's openstacksdk and by its Python agent, which uses novaclient.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::path::Path;

use crate::support;

use fencebox_sim::machine::Power;
use fencebox_sim::openstack::{NODE1, NODE2, Settings, further};
use fencebox_sim::server::Simulator;
use support::{Outcome, isolated, needs, observe, python};

/// Logs in with a password or with the application credential, and prints what each call returned.
const CLIENT: &str = r#"
import sys, openstack, openstack.exceptions
url, kind = sys.argv[1:]
login = dict(auth_url=url, region_name="RegionOne")
if kind == "password":
    login.update(username="fencer", password="s3cret", project_name="admin",
                 user_domain_name="Default", project_domain_name="Default")
else:
    login.update(auth_type="v3applicationcredential", application_credential_id="appcred1",
                 application_credential_secret="app-s3cret")
cloud = openstack.connect(**login).compute
print(len(list(cloud.servers())))
node = cloud.get_server(cloud.find_server("node1").id)
print(node.id, node.status, node.vm_state, node.power_state, node.task_state)
cloud.stop_server(node)
try:
    cloud.stop_server(node)
except openstack.exceptions.ConflictException as conflict:
    print("conflict", "task_state powering-off" in str(conflict))
node = cloud.wait_for_server(node, status="SHUTOFF", interval=0.1, wait=20)
print(node.status, node.vm_state, node.power_state, node.task_state)
# Debian 12's version cannot list the actions itself, because it sends server_id in the query.
records = f"/servers/{node.id}/os-instance-actions"
records += "/" + cloud.get(records).json()["instanceActions"][0]["request_id"]
action = cloud.get(records, microversion="2.51").json()["instanceAction"]
print(action["action"], action["message"], [event["result"] for event in action["events"]])
cloud.reboot_server(node, "HARD")
node = cloud.wait_for_server(node, status="ACTIVE", interval=0.1, wait=20)
print(node.status)
print(cloud.find_server("node9"))
"#;

fn openstacksdk(cloud: &Simulator, kind: &str) -> Option<Outcome> {
    let package = Path::new("/usr/lib/python3/dist-packages/openstack");
    if !package.exists() && !needs::skip("python3-openstacksdk is not installed") {
        return None;
    }
    let mut command = isolated("/usr/bin/python3");
    command.args(["-W", "ignore", "-c", CLIENT, &format!("{}/v3", cloud.url()), kind]);
    Some(observe(&mut command, b""))
}

#[test]
fn openstacksdk_reads_stops_and_reboots() {
    for kind in ["password", "application_credential"] {
        let mut settings = Settings {
            page: 100,
            ..Settings::default()
        };
        settings.machines.extend(further(200));
        let cloud = Simulator::start(settings.config()).unwrap();
        let Some(outcome) = openstacksdk(&cloud, kind) else {
            return;
        };
        let expected = format!(
            "205\n{NODE1} ACTIVE active 1 None\nconflict True\nSHUTOFF stopped 4 None\nstop None ['Success']\nACTIVE\nNone\n"
        );
        assert_eq!((outcome.exit, &outcome.stdout), (Some(0), &expected), "{outcome:?}");
        assert_eq!(cloud.machine(NODE1).unwrap().operations(), ["stop", "reboot"]);
    }
}

#[test]
fn the_python_agent_fences() {
    let novaclient = Path::new("/usr/lib/python3/dist-packages/novaclient");
    let Some(agent) = python::agent("fence_openstack") else {
        return;
    };
    if !novaclient.exists() && !needs::skip("python3-novaclient is not installed") {
        return;
    }
    let cloud = Simulator::start(Settings::default().config()).unwrap();
    let login = format!("auth_url={}/v3\nusername=fencer\npassword=s3cret\n", cloud.url());
    let login = login + python::LONG_TIMEOUTS;
    let fence = |lines: &str| observe(&mut isolated(&agent), format!("{login}{lines}").as_bytes());
    fence("action=monitor\n").assert_done("");
    let list = fence("action=list\n");
    assert!(list.stdout.contains(&format!("{NODE2},node2\n")), "{list:?}");
    let action = |action: &str| fence(&format!("plug={NODE1}\naction={action}\n"));
    action("status").assert_done("Status: ON\n");
    action("off").assert_done("Success: Powered OFF\n");
    assert_eq!(cloud.power(NODE1), Some(Power::Off));
    action("on").assert_done("Success: Powered ON\n");
    action("reboot").assert_done("Success: Rebooted\n");
    assert_eq!(
        cloud.machine(NODE1).unwrap().operations(),
        ["stop", "start", "stop", "start"]
    );
}
