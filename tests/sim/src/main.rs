//! `fencebox-sim`: a simulated device to fence, for people and for programs that are not written in Rust.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use fencebox_sim::{
    Certificate, Config, Plan, Simulator, aws, azure_arm, clc, gce, hetzner_cloud, ipmi, openstack, ovh, pve, redfish,
    relay, vmware, xenapi, xvm,
};

/// Simulates a device: keeps machines, changes their power, and fails as planned
#[derive(Parser)]
#[command(name = "fencebox-sim", version)]
struct Arguments {
    #[command(subcommand)]
    protocol: Protocol,
}

#[derive(Subcommand)]
enum Protocol {
    /// CenturyLink (Lumen) Cloud, API version 2
    #[command(after_help = control_and(&clc::GRAMMAR.help()))]
    Clc {
        #[command(flatten)]
        service: clc::Arguments,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = clc::plan)]
        faults: Vec<Plan>,
    },
    /// XenServer or XCP-ng: a pool with its XenAPI, over XML-RPC
    #[command(after_help = control_and(&xenapi::GRAMMAR.help()))]
    Xenapi {
        #[command(flatten)]
        pool: xenapi::Arguments,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = xenapi::plan)]
        faults: Vec<Plan>,
    },
    /// Relay board of the plugin in docs/plugins.md; user fencer, password s3cret, relays 1 to 3
    #[command(after_help = control_and(&relay::GRAMMAR.help()))]
    Relay {
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = relay::plan)]
        faults: Vec<Plan>,
    },
    /// OVHcloud: servers, VPS and Public Cloud over REST version 1, and SOAP at /soapi
    #[command(after_help = control_and(&ovh::GRAMMAR.help()))]
    Ovh {
        #[command(flatten)]
        service: Box<ovh::Arguments>,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = ovh::plan)]
        faults: Vec<Plan>,
    },
    /// OpenStack: Keystone at --listen and Nova at another port; user fencer, password s3cret
    #[command(after_help = control_and(&openstack::GRAMMAR.help()))]
    Openstack {
        #[command(flatten)]
        service: Box<openstack::Arguments>,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = openstack::plan)]
        faults: Vec<Plan>,
    },
    /// Amazon EC2 and the metadata service; access key AKIASIMULATED, secret key s3cret, region eu-central-1
    #[command(after_help = control_and(&aws::GRAMMAR.help()))]
    Aws {
        #[command(flatten)]
        service: Box<aws::Arguments>,
        /// Further address, on the same port: 169.254.169.254 with port 80 is where agents look for the metadata service
        #[arg(long = "further", value_name = "ADDRESS")]
        further: Vec<std::net::IpAddr>,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = aws::plan)]
        faults: Vec<Plan>,
    },
    /// Hetzner Cloud; API token s3cret, and s3cret-read, which may only read
    #[command(after_help = control_and(&hetzner_cloud::GRAMMAR.help()))]
    HetznerCloud {
        #[command(flatten)]
        service: Box<hetzner_cloud::Arguments>,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = hetzner_cloud::plan)]
        faults: Vec<Plan>,
    },
    /// Cluster of Proxmox VE, always with TLS; user fencer@pve, password s3cret
    #[command(after_help = control_and(&pve::GRAMMAR.help()))]
    Pve {
        #[command(flatten)]
        service: Box<pve::Arguments>,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = pve::plan)]
        faults: Vec<Plan>,
    },
    /// BMC or chassis with Redfish, always with TLS; user fencer, password s3cret
    #[command(after_help = control_and(&redfish::GRAMMAR.help()))]
    Redfish {
        #[command(flatten)]
        service: Box<redfish::Arguments>,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = redfish::plan)]
        faults: Vec<Plan>,
    },
    /// VMware vCenter with its REST API, always with TLS; user fencer, password s3cret
    #[command(after_help = control_and(&vmware::REST.help()))]
    VmwareRest {
        #[command(flatten)]
        service: Box<vmware::Arguments>,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = vmware::rest_plan)]
        faults: Vec<Plan>,
    },
    /// VMware vCenter or ESXi host with its SOAP API, always with TLS; user fencer, password s3cret
    #[command(after_help = control_and(&vmware::SOAP.help()))]
    VmwareSoap {
        #[command(flatten)]
        service: Box<vmware::Arguments>,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = vmware::soap_plan)]
        faults: Vec<Plan>,
    },
    /// Google Compute Engine, its service for tokens and its metadata service; project proj1
    #[command(after_help = control_and(&gce::GRAMMAR.help()))]
    Gce {
        #[command(flatten)]
        service: Box<gce::Arguments>,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = gce::plan)]
        faults: Vec<Plan>,
    },
    /// Azure Resource Manager, Microsoft Entra ID and the metadata service; secret s3cret
    #[command(after_help = control_and(&azure_arm::GRAMMAR.help()))]
    AzureArm {
        #[command(flatten)]
        service: Box<azure_arm::Arguments>,
        #[command(flatten)]
        listener: Listener,
        /// Planned fault, see below; may be repeated
        #[arg(long = "fault", value_name = "PLAN", value_parser = azure_arm::plan)]
        faults: Vec<Plan>,
    },
    /// fence_virtd, daemon of a hypervisor: multicast and TCP, no control endpoint
    #[command(after_help = xvm::help())]
    Xvm(Box<xvm::Arguments>),
    /// BMC of one machine with IPMI over LAN, 2.0 and 1.5: UDP, no control endpoint
    #[command(after_help = ipmi::help())]
    Ipmi(Box<ipmi::Arguments>),
}

/// Where every simulator listens, and until when.
#[derive(Args)]
struct Listener {
    /// Address and port to listen on; 0 selects a free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Serve https with a new certificate for localhost and the --listen addresses
    #[arg(long)]
    tls: bool,
    /// Omit those names from the certificate, as hypervisors do after installation
    #[arg(long, requires = "tls")]
    common_name_only: bool,
    /// Print a second line, `fingerprint HEX`: the SHA-256 of the certificate
    #[arg(long, requires = "tls")]
    fingerprint: bool,
    /// Send answers in chunks instead of with a length
    #[arg(long)]
    chunked: bool,
    /// File to write the certificate to, in PEM form, so that clients can trust it
    #[arg(long, value_name = "FILE", requires = "tls")]
    certificate: Option<PathBuf>,
    /// Serve until stdin ends instead of until killed
    #[arg(long)]
    until_eof: bool,
}

fn control_and(faults: &str) -> String {
    format!(
        "When ready, the simulator prints one line, `listening on URL`.\n\n\
         Control, on the same port:\n\
         \x20 GET /_sim/machines        the real power status of each machine\n\
         \x20 PUT /_sim/machines/ID     {{\"power\":\"on\"}}, or off, paused or another word\n\
         \x20 GET /_sim/requests        the requests that the device received\n\
         \x20 GET /_sim/sessions        how many sessions were opened, and how many are still open\n\
         \x20 GET /_sim/master          the address of a pool's master; PUT {{\"address\":\"127.0.0.2\"}} moves it\n\
         \x20 GET /_sim/faults          the active plans; POST adds plans, one per line; DELETE removes all\n\n\
         {faults}"
    )
}

fn main() -> Result<()> {
    let (listener, config) = match Arguments::parse().protocol {
        Protocol::Clc {
            service,
            listener,
            faults,
        } => (
            listener,
            Config {
                faults,
                ..service.settings().config()
            },
        ),
        Protocol::Xenapi { pool, listener, faults } => {
            let config = pool.config(listener.listen.ip())?;
            (listener, Config { faults, ..config })
        }
        Protocol::Relay { listener, faults } => (
            listener,
            Config {
                faults,
                ..relay::config()
            },
        ),
        Protocol::Ovh {
            service,
            listener,
            faults,
        } => {
            let config = service.config(listener.tls);
            (listener, Config { faults, ..config })
        }
        Protocol::Openstack {
            service,
            listener,
            faults,
        } => {
            let config = service.settings().config();
            (listener, Config { faults, ..config })
        }
        Protocol::Aws {
            service,
            further,
            listener,
            faults,
        } => {
            let config = service.settings().config();
            (
                listener,
                Config {
                    faults,
                    further,
                    ..config
                },
            )
        }
        Protocol::HetznerCloud {
            service,
            listener,
            faults,
        } => {
            let config = service.settings().config();
            (listener, Config { faults, ..config })
        }
        Protocol::Pve {
            service,
            listener,
            faults,
        } => {
            let config = service.settings().config();
            (listener, Config { faults, ..config })
        }
        Protocol::Redfish {
            service,
            listener,
            faults,
        } => {
            let config = service.settings().config();
            (listener, Config { faults, ..config })
        }
        Protocol::VmwareRest {
            service,
            listener,
            faults,
        } => {
            let config = service.settings().rest();
            (listener, Config { faults, ..config })
        }
        Protocol::VmwareSoap {
            service,
            listener,
            faults,
        } => {
            let config = service.settings().soap();
            (listener, Config { faults, ..config })
        }
        Protocol::Gce {
            service,
            listener,
            faults,
        } => {
            let config = service.config()?;
            (listener, Config { faults, ..config })
        }
        Protocol::AzureArm {
            service,
            listener,
            faults,
        } => {
            let config = service.settings().config();
            (listener, Config { faults, ..config })
        }
        Protocol::Xvm(daemon) => return daemon.serve(),
        Protocol::Ipmi(bmc) => return bmc.serve(),
    };
    let simulator = Simulator::start(Config {
        listen: listener.listen,
        tls: listener.tls || config.tls,
        certificate: if listener.common_name_only {
            Certificate::CommonNameOnly
        } else {
            Certificate::Named
        },
        chunked: listener.chunked,
        ..config
    })?;
    if let (Some(file), Some(pem)) = (&listener.certificate, simulator.certificate()) {
        std::fs::write(file, pem).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "listening on {}", simulator.url())?;
    if let Some(fingerprint) = simulator.fingerprint().filter(|_| listener.fingerprint) {
        writeln!(stdout, "fingerprint {fingerprint}")?;
    }
    stdout.flush()?;
    if listener.until_eof {
        std::io::stdin()
            .lock()
            .read_to_end(&mut Vec::new())
            .context("cannot read stdin")?;
        return Ok(());
    }
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_valid() {
        Arguments::command().debug_assert();
        let given = [
            "fencebox-sim",
            "clc",
            "--machine",
            "X=on,name=x",
            "--fault",
            "login=html",
            "--fault",
            "any=stall",
        ];
        let Protocol::Clc { service, faults, .. } = Arguments::parse_from(given).protocol else {
            panic!("not clc");
        };
        assert_eq!((service.settings().machines.len(), faults.len()), (1, 2));
        let given = "fencebox-sim xenapi --member 127.0.0.2 --master 127.0.0.2 --dead-member 127.0.0.3";
        let Protocol::Xenapi { pool, .. } = Arguments::parse_from(given.split(' ')).protocol else {
            panic!("not xenapi");
        };
        let config = pool.config([127, 0, 0, 1].into()).unwrap();
        assert_eq!(config.further, [std::net::IpAddr::from([127, 0, 0, 2])]);
        let wrong = ["fencebox-sim", "clc", "--fault", "login=nonsense"];
        assert!(Arguments::try_parse_from(wrong).is_err_and(|error| error.to_string().contains("no kind `nonsense`")));
    }
}
