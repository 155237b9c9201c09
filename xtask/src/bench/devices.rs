//! The rows of devices other than XenServer: the status of one machine.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Setting;
use super::aws::Moto;
use super::rows::{Before, Row, Who};
use crate::simulator::Simulator;

/// The program of OpenIPMI that is a BMC.
const BMC: &str = "/usr/bin/ipmi_sim";

/// A device of the benchmark.
struct Device {
    /// Ours and Debian's agent.
    agent: &'static str,
    /// Arguments of the simulator, with FOLDER for a folder of the benchmark.
    simulator: &'static [&'static str],
    /// Options with PORT for the port and FOLDER for that folder, without verification of certificates, because Debian's agents differ in what they
    /// can verify.
    options: &'static str,
}

const DEVICES: &[Device] = &[
    Device {
        agent: "fence_redfish",
        simulator: &["redfish", "--tls"],
        options: "ip=127.0.0.1\nipport=PORT\nusername=fencer\npassword=s3cret\nssl_insecure=1\n",
    },
    Device {
        agent: "fence_pve",
        simulator: &["pve", "--tls"],
        options: "ip=127.0.0.1\nipport=PORT\nusername=fencer@pve\npassword=s3cret\nplug=100\npve_node_auto=1\n\
                  ssl_insecure=1\n",
    },
    Device {
        agent: "fence_vmware_rest",
        simulator: &["vmware-rest", "--tls"],
        options: "ip=127.0.0.1\nipport=PORT\nusername=fencer\npassword=s3cret\nplug=db01\nssl_insecure=1\n",
    },
    Device {
        // Debian's fence-agents does not have it.
        agent: "fence_hetzner_cloud",
        simulator: &["hetzner-cloud"],
        options: "api_url=http://127.0.0.1:PORT/v1\napi_token=s3cret\nplug=node1\n",
    },
    Device {
        agent: "fence_openstack",
        simulator: &["openstack"],
        options: "auth_url=http://127.0.0.1:PORT/v3\nusername=fencer\npassword=s3cret\nproject_name=admin\n\
                  plug=5a1c0de1-0000-4000-8000-000000000001\n",
    },
    Device {
        agent: "fence_azure_arm",
        simulator: &["azure-arm", "--tls"],
        options: "api_url=https://127.0.0.1:PORT\nlogin_url=https://127.0.0.1:PORT\nssl_insecure=1\npassword=s3cret\n\
                  username=5a1c0de1-0000-4000-8000-00000000cccc\ntenantId=5a1c0de1-0000-4000-8000-00000000bbbb\n\
                  subscriptionId=5a1c0de1-0000-4000-8000-00000000aaaa\nresourceGroup=cluster-rg\nplug=node1\n",
    },
    // The key file is the one that the simulator writes.
    Device {
        agent: "fence_gce",
        simulator: &["gce", "--key-file", "FOLDER/key.json"],
        options: "api_url=http://127.0.0.1:PORT/compute/v1\ntoken_url=http://127.0.0.1:PORT/token\nproject=proj1\n\
                  zone=europe-west1-b\nserviceaccount=FOLDER/key.json\nplug=node1\n",
    },
];

/// The devices, which run until this is dropped.
#[derive(Default)]
pub(super) struct Devices {
    simulators: Vec<Simulator>,
    bmc: Option<Bmc>,
    moto: Option<Moto>,
}

impl Devices {
    /// Starts the devices. Returns also their rows.
    pub(super) fn start(setting: &Setting, program: &Path) -> Result<(Self, Vec<Row>)> {
        let (mut devices, mut rows) = (Self::default(), Vec::new());
        for device in DEVICES {
            let folder = setting.folder.to_string_lossy();
            let arguments: Vec<String> = device
                .simulator
                .iter()
                .map(|argument| argument.replace("FOLDER", &folder))
                .collect();
            let simulator = Simulator::start(program, &arguments)?;
            let url = simulator.url();
            let port = url.rsplit(':').next().context("no port")?;
            let options = device
                .options
                .replace("PORT", port.trim_end_matches('/'))
                .replace("FOLDER", &folder);
            rows.extend(status(setting, device.agent, &options)?);
            devices.simulators.push(simulator);
        }
        if Path::new(BMC).exists() {
            let bmc = Bmc::start(&setting.folder)?;
            let reach = format!(
                "ip=127.0.0.1\nipport={}\nusername=admin\npassword=s3cret\nlanplus=1\ncipher=3\n",
                bmc.port
            );
            rows.extend(status(setting, "fence_ipmilan", &reach)?);
            devices.bmc = Some(bmc);
        }
        match Moto::start(setting)? {
            Some(moto) => {
                rows.extend(status_of(setting, "fence_aws", &moto.options, moto.theirs.clone())?);
                devices.moto = Some(moto);
            }
            None => println!("note: the tests have not made a Python with moto, so fence_aws is not measured"),
        }
        Ok((devices, rows))
    }
}

/// The name of the row of an agent's status.
pub(super) fn name(agent: &str) -> String {
    format!("{agent}, status")
}

/// The rows of ours and of Debian's agent, which may be missing, and which may lack a module that it needs.
fn status(setting: &Setting, agent: &str, options: &str) -> Result<Vec<Row>> {
    status_of(setting, agent, options, Path::new("/usr/sbin").join(agent))
}

/// The same, with another program of Debian's agent.
fn status_of(setting: &Setting, agent: &str, options: &str, theirs: PathBuf) -> Result<Vec<Row>> {
    let input = setting.input(&format!("{agent}-status"), &format!("action=status\n{options}"))?;
    let mut rows = vec![(Who::Ours, setting.host.with_file_name(agent))];
    if works(&theirs, &input) {
        rows.push((Who::Python, theirs));
    } else {
        println!("note: {} does not work here, so it is not measured", theirs.display());
    }
    let rows = rows.into_iter().map(|(who, program)| Row {
        name: name(agent),
        who,
        command: [input.as_str(), &program.to_string_lossy()].join("\t"),
        exit: 0,
        before: Before::Nothing,
        is_slow: who == Who::Python,
    });
    Ok(rows.collect())
}

/// Whether an agent reads the status with this standard input.
fn works(agent: &Path, input: &str) -> bool {
    let Ok(input) = std::fs::File::open(input) else {
        return false;
    };
    let mut command = Command::new(agent);
    let status = command
        .stdin(input)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// OpenIPMI's `ipmi_sim`, whose machine is on.
struct Bmc {
    child: Child,
    port: u16,
}

impl Bmc {
    fn start(folder: &Path) -> Result<Self> {
        // A port that was free a moment ago.
        let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = folder.join("ipmi_sim");
        // Without a GUID, ipmi_sim crashes when ipmitool asks for it.
        std::fs::create_dir_all(folder.join("state"))?;
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text);
        write(
            "lan.conf",
            &format!(
                "name \"node1\"\nset_working_mc 0x20\nstartlan 1\n  addr 127.0.0.1 {port}\n  priv_limit admin\n  \
                 allowed_auths_user none md2 md5 straight\n  allowed_auths_operator none md2 md5 straight\n  \
                 allowed_auths_admin none md2 md5 straight\n  guid a123456789abcdefa123456789abcdef\nendlan\n\
                 user 2 true \"admin\" \"s3cret\" admin 10 none md2 md5 straight\nstartcmd \"sleep 86400\"\n\
                 startnow true\n"
            ),
        )?;
        write(
            "node.emu",
            "mc_setbmc 0x20\nmc_add 0x20 0 has-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n",
        )?;
        let mut command = Command::new(BMC);
        command.args(["-c", "lan.conf", "-f", "node.emu", "-s", "state", "-n"]);
        command.current_dir(&folder).stdin(Stdio::null());
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context(BMC)?;
        let bmc = Self { child, port };
        let end = Instant::now() + Duration::from_secs(10);
        while UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            ensure!(Instant::now() < end, "{BMC} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(bmc)
    }
}

impl Drop for Bmc {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
