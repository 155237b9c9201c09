//! Guests of KVM, switched through fence_virtd on their hypervisors.
//!
//! `fence_xvm` asks a multicast group, and hypervisors call back; `fence_virt`
//! asks one hypervisor by TCP, or by the channel that it gives its guest.
//!
//! The daemon answers "off" for a machine that it does not have, and "done" to a
//! reboot of a machine that is off. So this plugin reads the power status from the
//! list of machines, and leaves the reboot to the host: off, check that it is off, on.

mod contradiction;
mod conversation;
mod description;
mod digest;
mod direct;
mod group;
mod handshake;
mod machine;
mod membership;
mod packet;
mod random;
mod sending;
mod settings;
mod window;

use fencebox_sdk::prelude::*;

use group::{Gathered, Reply};
use handshake::Answer;
use machine::Machine;
use packet::{Command, Request};
use settings::{Settings, Way};

/// The hypervisors in the options.
pub struct Hypervisors {
    settings: Settings,
    /// Number of reads of the list in this session.
    lists: u32,
}

export!(Hypervisors);

#[device]
impl Device for Hypervisors {
    fn describe(name: &str) -> Agent {
        description::of(name)
    }

    fn check_options(options: &Options) -> Result<()> {
        Settings::new(options).map(drop)
    }

    fn open(options: &Options) -> Result<Self> {
        Ok(Self {
            settings: Settings::new(options)?,
            lists: 0,
        })
    }

    /// With plugs, reads their power: that shows that the hypervisors answer, and that
    /// one of them has each machine.
    fn probe(&mut self) -> Result<()> {
        if !self.settings.plugs.is_empty() {
            let plugs = self.settings.plugs.clone();
            return plugs.iter().try_for_each(|plug| self.power_status(plug).map(drop));
        }
        let gathered = self.ask(Command::Monitor, "", |_| false)?;
        match (&gathered.missing, gathered.has(&Answer::Done)) {
            (Some(missing), _) => Err(Error::task_failed(missing)),
            (None, true) => Ok(()),
            (None, false) => Err(failure(&gathered, "monitor", "")),
        }
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        check_name(plug)?;
        let is_on = |replies: &[Reply]| matches!(find(plug, replies), Ok(Some(PowerStatus::On)));
        let gathered = self.ask(Command::List, "", is_on)?;
        contradiction::note_listed(plug, &gathered.replies);
        match find(plug, &gathered.replies)? {
            // The machine runs. Incomplete answers of other hypervisors cannot change that.
            Some(PowerStatus::On) => return Ok(PowerStatus::On),
            found => {
                complete(&gathered)?;
                if let Some(status) = found {
                    return Ok(contradiction::unknown_if_gone(plug, status, &gathered.replies));
                }
            }
        }
        // A daemon may have a machine that it does not list: one of another hypervisor in
        // its cluster, or one that this client may switch only by another name. Its
        // answer "off" proves nothing, because that is its answer for every unknown name.
        let gathered = self.ask(Command::Status, plug, |_| false)?;
        match gathered.has(&Answer::Done) {
            true => Ok(PowerStatus::On),
            false if gathered.has(&Answer::Denied) => Err(failure(&gathered, "read the power of", plug)),
            false => Err(Error::plug_not_found(plug)),
        }
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        check_name(plug)?;
        let (command, words) = match target {
            PowerTarget::On => (Command::On, "switch on"),
            PowerTarget::Off => (Command::Off, "switch off"),
        };
        let gathered = self.ask(command, plug, |_| false)?;
        if let Some(missing) = gathered.missing {
            // The missing hypervisor may have done the request, or may not have received it.
            return Err(Error::ConnectionLost(missing));
        }
        if target == PowerTarget::Off {
            contradiction::note_switched_off(plug, &gathered.replies);
        }
        // The list of machines shows afterwards whether that is true.
        let off = command == Command::Off && gathered.has(&Answer::Off);
        if gathered.has(&Answer::Done) || off {
            Ok(())
        } else {
            Err(failure(&gathered, words, plug))
        }
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        let before = self.lists;
        self.lists += 1;
        let gathered = self.ask(Command::List, "", |_| false)?;
        let is_partial = match complete(&gathered) {
            Ok(()) => false,
            // The host repeats a read after a lost connection or an invalid answer.
            Err(problem @ (Error::ConnectionLost(_) | Error::Unexpected(_))) if before == 0 => return Err(problem),
            Err(problem) if lists(&gathered.replies).next().is_none() => return Err(problem),
            Err(problem) => {
                log::warn(format!("the list is not complete: {}", problem.text()));
                true
            }
        };
        let merged = machine::merge(machines(&gathered.replies).cloned().collect());
        let plug = |machine: Machine| Plug {
            id: if machine.name.is_empty() {
                machine.uuid.clone()
            } else {
                machine.name
            },
            alias: Some(machine.uuid),
            status: Some(match machine.status {
                // A hypervisor whose list is missing may run the machine.
                PowerStatus::Off if is_partial => PowerStatus::Unknown,
                status => status,
            }),
        };
        Ok(merged.into_iter().map(plug).collect())
    }
}

impl Hypervisors {
    fn ask(&self, command: Command, name: &str, is_decided: impl Fn(&[Reply]) -> bool) -> Result<Gathered> {
        let settings = &self.settings;
        let request = Request {
            command,
            name,
            is_uuid: settings.is_uuid,
            // Daemons ignore a number that they have received a moment ago.
            number: u32::from_le_bytes(random::bytes()?),
        };
        match &settings.way {
            Way::Group(group) => group::ask(settings, group, &request, is_decided),
            Way::Tcp(host) => direct::ask(settings, host, &request),
            Way::Channel(host) => direct::ask_channel(settings, host, &request),
        }
    }
}

impl Gathered {
    /// Whether a hypervisor gave this answer.
    fn has(&self, answer: &Answer) -> bool {
        self.replies.iter().any(|reply| reply.answer == *answer)
    }
}

/// Refuses a name that does not fit: the packet would contain the name of another machine.
fn check_name(plug: &str) -> Result<()> {
    if plug.len() > packet::NAME_LIMIT || plug.contains('\0') {
        Err(Error::invalid_option(
            "plug",
            format!("{plug:?} is not a valid machine name: too long"),
        ))
    } else {
        Ok(())
    }
}

fn lists(replies: &[Reply]) -> impl Iterator<Item = &[Machine]> {
    replies.iter().filter_map(|reply| match &reply.answer {
        Answer::Machines(machines) => Some(machines.as_slice()),
        _ => None,
    })
}

fn machines(replies: &[Reply]) -> impl Iterator<Item = &Machine> {
    lists(replies).flatten()
}

/// The power status of a machine in all lists; `None` if all lists lack it.
fn find(plug: &str, replies: &[Reply]) -> Result<Option<PowerStatus>> {
    machine::find(plug, machines(replies))
}

/// An error if the lists are incomplete: a part of them must not count as all of them.
fn complete(gathered: &Gathered) -> Result<()> {
    use handshake::HandshakeError::{Protocol, Truncated};
    let cut = gathered
        .errors
        .iter()
        .find(|error| matches!(error, Truncated(_) | Protocol(_)));
    if let Some(cut) = cut {
        return Err(cut.clone().into());
    }
    if let Some(missing) = &gathered.missing {
        return Err(Error::task_failed(missing));
    }
    let lists = |reply: &Reply| matches!(reply.answer, Answer::Machines(_));
    if gathered.replies.iter().all(lists) {
        Ok(())
    } else {
        Err(failure(gathered, "list machines", ""))
    }
}

/// The error if all hypervisors failed to do the request.
fn failure(gathered: &Gathered, what: &str, plug: &str) -> Error {
    let about = format!("{what} {plug}");
    let about = about.trim_end();
    if let Some(error) = gathered
        .errors
        .iter()
        .find(|error| matches!(error, handshake::HandshakeError::Truncated(_)))
    {
        return error.clone().into();
    }
    if gathered.has(&Answer::Denied) {
        Error::NotPermitted(format!(
            "{about}: no group in fence_virt.conf allows this machine to do that; see its section groups"
        ))
    } else {
        Error::task_failed(format!("{about}: a hypervisor reported a failure; see its log"))
    }
}
