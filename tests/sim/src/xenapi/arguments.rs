//! The command line options of the pool.

use std::net::IpAddr;

use anyhow::{Result, bail};
use clap::Args;

use crate::machine::Machine;
use crate::server::Config;

/// The command line options of the pool.
#[derive(Args)]
pub struct Arguments {
    /// User name that may log in
    #[arg(long, value_name = "NAME", default_value = "root")]
    login: String,
    /// Password of that user
    #[arg(long, value_name = "PASSWORD", default_value = "s3cret")]
    password: String,
    /// Additional VM as UUID=POWER[,name=LABEL]; POWER is on, off, paused,
    /// suspended or another word; may be repeated. The pool always has db01 (on),
    /// db02 (off), web01 (paused), web02 (suspended), two VMs with the label twin,
    /// one with an odd label, a template, a snapshot, and the control domain of
    /// each host
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// Number of further VMs, all halted, for measurements
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    vms: u32,
    /// Further member of the pool, on the same port; may be repeated
    #[arg(long = "member", value_name = "ADDRESS")]
    members: Vec<IpAddr>,
    /// Dead member of the pool; may be repeated
    #[arg(long = "dead-member", value_name = "ADDRESS")]
    dead_members: Vec<IpAddr>,
    /// Address of the master [default: the address of --listen]
    #[arg(long, value_name = "ADDRESS")]
    master: Option<IpAddr>,
    /// Number of reads of a VM for which its old state is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// Number of calls for which a session is valid [default: unlimited]
    #[arg(long, value_name = "CALLS")]
    session_calls: Option<u64>,
    /// Write strings with their type, unlike the real service
    #[arg(long)]
    typed_strings: bool,
}

impl Arguments {
    /// The pool whose first member is at an address.
    ///
    /// # Errors
    /// If the master is not one of its members.
    pub fn config(self, first: IpAddr) -> Result<Config> {
        let living = std::iter::once(first)
            .chain(self.members)
            .map(|address| (address, true));
        let dead = self.dead_members.into_iter().map(|address| (address, false));
        let members = living
            .chain(dead)
            .map(|(address, alive)| super::Member { address, alive });
        let members: Vec<_> = members.collect();
        let wanted = self.master.unwrap_or(first);
        let Some(master) = members.iter().position(|member| member.address == wanted) else {
            bail!("--master {wanted}: no such member; add it with --member");
        };
        let mut vms = super::vms();
        vms.extend(self.machines.into_iter().map(super::Vm::new));
        vms.extend((0..self.vms).map(super::further_vm));
        let settings = super::Settings {
            login: self.login,
            password: self.password,
            vms,
            members,
            master,
            lag: self.lag,
            session_calls: self.session_calls,
            style: super::Style {
                typed_strings: self.typed_strings,
                ..Default::default()
            },
            ..Default::default()
        };
        Ok(settings.config())
    }
}
