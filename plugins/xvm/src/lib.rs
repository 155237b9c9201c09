//! Guests of KVM, switched through fence_virtd on their hypervisors.
//!
//! `fence_xvm` asks a multicast group, and hypervisors call back; `fence_virt`
//! asks one hypervisor by TCP, or by the channel that it gives its guest.
//!
//! The daemon says "off" of a machine that it does not know, and "done" to who
//! reboots one that is off. So power is read off the list of machines, and
//! reboot is the host's: off, seen to be off, on.

mod description;
mod digest;
mod direct;
mod group;
mod machine;
mod packet;
mod random;
mod settings;
mod talk;

use fencebox_sdk::prelude::*;

use group::Gathered;
use machine::Machine;
use packet::{Command, Request};
use settings::{Settings, Way};
use talk::Answer;

/// The hypervisors that the options lead to.
pub struct Hypervisors(Settings);

export!(Hypervisors);

impl Device for Hypervisors {
    fn describe(name: &str) -> Agent {
        description::of(name)
    }

    fn open(options: &Options) -> Result<Self> {
        Settings::new(options).map(Self)
    }

    fn probe(&mut self) -> Result<()> {
        let gathered = self.ask(Command::Monitor, "")?;
        match gathered.answers.contains(&Answer::Done) {
            true => Ok(()),
            false => Err(failure(&gathered, "monitor", "")),
        }
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        check_name(plug)?;
        let gathered = self.ask(Command::List, "")?;
        let listed: Vec<Machine> = machines(&gathered).cloned().collect();
        match machine::find(plug, &listed)? {
            // It runs, whatever those say who did not finish.
            Some(PowerStatus::On) => return Ok(PowerStatus::On),
            found => {
                complete(&gathered)?;
                if let Some(status) = found {
                    return Ok(status);
                }
            }
        }
        // A daemon may know a machine that it does not list: of another host
        // of its cluster, or one that this caller may switch by another name.
        // That it is off is then no news, for so it says of every name.
        let gathered = self.ask(Command::Status, plug)?;
        match gathered.answers.contains(&Answer::Done) {
            true => Ok(PowerStatus::On),
            false if gathered.answers.contains(&Answer::Denied) => Err(failure(&gathered, "read the power of", plug)),
            false => Err(Error::plug_not_found(plug)),
        }
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        check_name(plug)?;
        let (command, words) = match target {
            PowerTarget::On => (Command::On, "switch on"),
            PowerTarget::Off => (Command::Off, "switch off"),
        };
        let gathered = self.ask(command, plug)?;
        let answers = &gathered.answers;
        // Whether it is true the list tells.
        let off = command == Command::Off && answers.contains(&Answer::Off);
        match answers.contains(&Answer::Done) || off {
            true => Ok(()),
            false => Err(failure(&gathered, words, plug)),
        }
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        let gathered = self.ask(Command::List, "")?;
        complete(&gathered)?;
        let merged = machine::merge(machines(&gathered).cloned().collect());
        let plug = |machine: Machine| Plug {
            id: machine.name,
            alias: Some(machine.uuid),
            status: Some(machine.status),
        };
        Ok(merged.into_iter().map(plug).collect())
    }
}

impl Hypervisors {
    fn ask(&self, command: Command, name: &str) -> Result<Gathered> {
        let settings = &self.0;
        let request = Request {
            command,
            name,
            is_uuid: settings.is_uuid,
            // Daemons pass over a number that they have heard a moment ago.
            number: u32::from_le_bytes(random::bytes()?),
        };
        let answer = match &settings.way {
            Way::Group { ipv6, interval } => return group::ask(settings, *ipv6, *interval, &request),
            Way::Tcp(host) => direct::ask(settings, host, &request)?,
            Way::Channel(host) => direct::ask_channel(settings, host, &request)?,
        };
        Ok(Gathered {
            answers: vec![answer],
            troubles: Vec::new(),
        })
    }
}

/// A name that would be cut is that of another machine.
fn check_name(plug: &str) -> Result<()> {
    match plug.len() > packet::NAME_LIMIT || plug.contains('\0') {
        true => Err(Error::invalid_option(
            "plug",
            format!("{plug:?} is no machine's name: too long"),
        )),
        false => Ok(()),
    }
}

fn machines(gathered: &Gathered) -> impl Iterator<Item = &Machine> {
    gathered.answers.iter().flat_map(|answer| match answer {
        Answer::Machines(machines) => machines.as_slice(),
        _ => &[],
    })
}

/// Part of what hypervisors have would read as all of it.
fn complete(gathered: &Gathered) -> Result<()> {
    use talk::Trouble::{Late, Odd};
    let cut = gathered
        .troubles
        .iter()
        .find(|trouble| matches!(trouble, Late(_) | Odd(_)));
    if let Some(cut) = cut {
        return Err(cut.clone().into());
    }
    let lists = |answer: &Answer| matches!(answer, Answer::Machines(_));
    match gathered.answers.iter().all(lists) {
        true => Ok(()),
        false => Err(failure(gathered, "list machines", "")),
    }
}

/// Why nobody did it.
fn failure(gathered: &Gathered, what: &str, plug: &str) -> Error {
    let about = format!("{what} {plug}");
    let about = about.trim_end();
    if let Some(trouble) = gathered
        .troubles
        .iter()
        .find(|trouble| matches!(trouble, talk::Trouble::Late(_)))
    {
        return trouble.clone().into();
    }
    match gathered.answers.contains(&Answer::Denied) {
        true => Error::NotPermitted(format!(
            "{about}: no group of fence_virt.conf lets this machine do it; see its section groups"
        )),
        false => Error::task_failed(format!("{about}: a hypervisor answered that it failed; see its log")),
    }
}
