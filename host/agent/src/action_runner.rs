//! Runs one action on a device, as the protocol defines it.

use super::action::Action;
use super::description::Operations;
use super::device::{Error, Plug, PowerStatus, PowerTarget};
use super::exit::Exit;
use super::log::is_harmful;
use super::options::Options;
use super::power::{Fencing, Reading};

/// The output of `list` for a device that cannot list its plugs.
const NO_LIST: &str = "NOTICE: List option is not working on this device yet\n";

/// The state of one action.
pub(super) struct ActionRunner<'a> {
    pub(super) fencing: Fencing<'a>,
    pub(super) options: &'a Options,
    pub(super) operations: Operations,
    pub(super) plugs: &'a [String],
    /// A cluster calls, which has its own timeout.
    pub(super) is_hurried: bool,
}

/// An exit code and the text for standard output.
type Outcome = Result<(Exit, String), Error>;

impl ActionRunner<'_> {
    /// Logs in, performs the action, and logs out even after a failure. A failed
    /// action prints nothing to standard output.
    pub(super) fn run(mut self, action: Action) -> (Result<Exit, Error>, String) {
        if action.lists() && !self.operations.list_plugs {
            return (Ok(Exit::Success), NO_LIST.to_owned());
        }
        let outcome = self.fencing.open(self.options).and_then(|()| {
            let outcome = self.perform(action);
            if let Err(error) = self.fencing.device.close() {
                // The action is complete and proven, so it does not fail.
                self.fencing
                    .log
                    .debug(format!("{}: log out: {error}", self.fencing.agent));
            }
            outcome
        });
        match outcome {
            Ok((exit, text)) => (Ok(exit), text),
            Err(error) => (Err(error), String::new()),
        }
    }

    fn perform(&mut self, action: Action) -> Outcome {
        match action {
            Action::List => self.list(false),
            Action::ListStatus => self.list(true),
            Action::Monitor => self.monitor(),
            Action::Status => self.status(),
            Action::On => self.switch(PowerTarget::On),
            Action::Off => self.switch(PowerTarget::Off),
            Action::Reboot => self.reboot(),
            Action::Diag => self.diagnose(),
            // The agent handles these before it contacts the device.
            Action::Metadata | Action::Manpage | Action::ValidateAll => Err(Error::Unsupported),
        }
    }

    fn list(&mut self, with_status: bool) -> Outcome {
        let separator = self.options.get("separator").unwrap_or(",").to_owned();
        let plugs = self.fencing.retry("list", |device| device.plugs(with_status))?;
        let columns = self.operations.list_columns;
        let row = |plug: &Plug| {
            if columns {
                columns_row(plug)
            } else {
                row(plug, &separator, with_status)
            }
        };
        Ok((Exit::Success, plugs.iter().map(row).collect()))
    }

    /// Checks that fencing would work, as far as possible without fencing. On a
    /// device with one plug, this also reads the power status.
    fn monitor(&mut self) -> Outcome {
        self.fencing.retry("monitor", |device| device.probe())?;
        // A device with its address as the plug has no plugs to list.
        let listed = self.options.table().has_plugs();
        if !listed && !self.operations.no_status {
            self.known_power()?;
        }
        let notice = if listed && !self.operations.list_plugs {
            NO_LIST
        } else {
            ""
        };
        Ok((Exit::Success, notice.to_owned()))
    }

    fn status(&mut self) -> Outcome {
        Ok(match self.known_power()?.overall() {
            PowerStatus::Off => (Exit::Off, "Status: OFF\n".to_owned()),
            _ => (Exit::Success, "Status: ON\n".to_owned()),
        })
    }

    fn switch(&mut self, target: PowerTarget) -> Outcome {
        let before = match target {
            PowerTarget::Off => self.look_before_off()?,
            PowerTarget::On => self.first_look()?,
        };
        let forced = target == PowerTarget::On && self.operations.force_on;
        let already = !forced && before.as_ref().is_some_and(|reading| reading.reached(target));
        match target {
            PowerTarget::Off => self.fencing.switch_off(self.plugs, before.as_ref())?,
            PowerTarget::On if already => {}
            PowerTarget::On => {
                let attempts = self.fencing.timeouts.retry_on.saturating_add(1);
                self.fencing.switch(self.plugs, target, attempts)?;
            }
        }
        let word = if already { "Already" } else { "Powered" };
        let name = target.word().to_uppercase();
        Ok((Exit::Success, format!("Success: {word} {name}\n")))
    }

    /// The action succeeds once the machine was off. If the machine cannot be
    /// switched on again, it is still fenced: a failure would make the cluster
    /// fence it again.
    fn reboot(&mut self) -> Outcome {
        let method = self.options.get("method").unwrap_or("onoff");
        if self.operations.cycle && method.eq_ignore_ascii_case("cycle") {
            self.first_look()?;
            let attempts = self.fencing.timeouts.retry_on.saturating_add(1);
            self.fencing.cycle(self.plugs, attempts)?;
        } else {
            let before = self.look_before_off()?;
            self.fencing.switch_off(self.plugs, before.as_ref())?;
            self.switch_on_again();
        }
        Ok((Exit::Success, "Success: Rebooted\n".to_owned()))
    }

    /// Switches on in the second half of a reboot, which has its own time limit.
    fn switch_on_again(&mut self) {
        let fencing = &mut self.fencing;
        fencing.narrow(fencing.timeouts.second_half(fencing.clock, self.is_hurried));
        if let Err(error) = fencing.switch(self.plugs, PowerTarget::On, fencing.timeouts.retry_on) {
            fencing.log.error(format!(
                "{}: reboot {}: switched off, but not on again: {error}",
                fencing.agent,
                self.plugs.join(", ")
            ));
        }
    }

    fn diagnose(&mut self) -> Outcome {
        if !self.operations.no_status {
            self.known_power()?;
        }
        for plug in self.plugs {
            self.fencing.device.diagnose(plug)?;
        }
        Ok((Exit::Success, String::new()))
    }

    /// Reads the power status before a request for off. An unknown status is
    /// accepted if several reads have to prove off afterwards: otherwise a device
    /// with contradictory reads could never be fenced.
    fn look_before_off(&mut self) -> Result<Option<Reading>, Error> {
        if self.fencing.proof.may_lag() {
            return self.fencing.status(self.plugs).map(Some);
        }
        self.first_look()
    }

    /// Reads the power status before the first request; none for a device that
    /// cannot report it.
    fn first_look(&mut self) -> Result<Option<Reading>, Error> {
        if self.operations.no_status {
            Ok(None)
        } else {
            self.known_power().map(Some)
        }
    }

    fn known_power(&mut self) -> Result<Reading, Error> {
        let reading = self.fencing.status(self.plugs)?;
        match reading.overall() {
            PowerStatus::Unknown => Err(Error::Unexpected("the device reports neither on nor off".to_owned())),
            _ => Ok(reading),
        }
    }
}

/// One row of a list. Characters that could start another row are replaced.
fn row(plug: &Plug, separator: &str, with_status: bool) -> String {
    let mut row = clean(&plug.id) + separator + &clean(plug.alias.as_deref().unwrap_or_default());
    if with_status {
        row.push_str(separator);
        row.push_str(match plug.status {
            Some(PowerStatus::On | PowerStatus::Standby) => "ON",
            Some(PowerStatus::Off) => "OFF",
            Some(PowerStatus::Unknown) | None => "UNKNOWN",
        });
    }
    row.push('\n');
    row
}

/// One row in the format of fence_virt (`operations.list-columns`), which scripts
/// and Pacemaker parse.
fn columns_row(plug: &Plug) -> String {
    let status = match plug.status {
        Some(PowerStatus::On | PowerStatus::Standby) => "on",
        Some(PowerStatus::Off) => "off",
        Some(PowerStatus::Unknown) | None => "unknown",
    };
    let alias = clean(plug.alias.as_deref().unwrap_or_default());
    format!("{:<32} {alias} {status}\n", clean(&plug.id))
}

fn clean(text: &str) -> String {
    let clean = |character: char| if is_harmful(character) { '?' } else { character };
    text.chars().map(clean).collect()
}
