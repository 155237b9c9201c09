//! The trait that a plugin implements.

use crate::{Agent, Error, Options, Plug, PowerStatus, PowerTarget, Result};

/// One conversation with a device, from log-in to log-out.
///
/// Nothing here waits for an effect: a call asks the device once and answers.
/// A function that is not written answers [`Error::Unsupported`], and the
/// operation it stands for must then be absent from [`Agent::operations`].
pub trait Device: Sized {
    /// What the agent called `name` is, asks for and reaches. Constant: every
    /// import refuses while it runs. A plugin that serves one name may ignore
    /// `name`.
    fn describe(name: &str) -> Agent;

    /// Logs in, with all options that have a value.
    ///
    /// # Errors
    /// [`Error::LoginDenied`] for refused credentials, which the host never
    /// tries again; [`Error::InvalidOption`] for what only the device's rules
    /// forbid; else whatever kept it.
    fn open(options: &Options) -> Result<Self>;

    /// What `monitor` asks: does the device let us in, and may we do what
    /// fencing needs? Must not cost more on a device with more plugs. By
    /// default the log-in is answer enough.
    ///
    /// # Errors
    /// What keeps the device from being used.
    fn probe(&mut self) -> Result<()> {
        Ok(())
    }

    /// The power of a plug as the device reports it now:
    /// [`PowerStatus::Unknown`] as long as a task begun in this session is not
    /// over. Only a plug that is off for certain is [`PowerStatus::Off`].
    ///
    /// Needed by every plugin but those with `Operations::NO_STATUS`.
    ///
    /// # Errors
    /// [`Error::TaskFailed`] once such a task has failed,
    /// [`Error::PlugNotFound`] where the device knows no such plug.
    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        let _ = plug;
        Err(Error::Unsupported)
    }

    /// Asks for power on or off, and does not wait for it. A plug that is in
    /// the wanted state already is no error. Whether it is says the device's
    /// answer to the request: what reads off may have been switched on a
    /// moment ago, so send the request and take "it is off already" for `Ok`.
    /// (With `Operations::SETTLED_STATUS` no read is old, and the host does
    /// not ask for what is off.) The host asks again while the plug surely
    /// stays as it was: wait for a task that runs already instead of starting
    /// another.
    ///
    /// # Errors
    /// [`Error::TaskFailed`] where the device refuses for its own reasons.
    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let _ = (plug, target);
        Err(Error::Unsupported)
    }

    /// Asks for a power cycle in one request. Needs `Operations::CYCLE`.
    ///
    /// # Errors
    /// As [`Device::set_power`].
    fn cycle(&mut self, plug: &str) -> Result<()> {
        let _ = plug;
        Err(Error::Unsupported)
    }

    /// True once the device itself says that the cycle asked for in this
    /// session is complete; that it accepted the request says nothing. Needs
    /// `Operations::CYCLE`.
    ///
    /// # Errors
    /// As [`Device::power_status`].
    fn cycle_complete(&mut self, plug: &str) -> Result<bool> {
        let _ = plug;
        Err(Error::Unsupported)
    }

    /// All plugs. With `with_status` each has its status, even where that
    /// costs a request a plug. Needs `Operations::LIST_PLUGS`.
    ///
    /// # Errors
    /// Whatever kept the list from being complete: part of a list would read
    /// as all of it.
    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        let _ = with_status;
        Err(Error::Unsupported)
    }

    /// Has the device write diagnostics of a plug. Needs `Operations::DIAG`.
    ///
    /// # Errors
    /// As [`Device::set_power`].
    fn diagnose(&mut self, plug: &str) -> Result<()> {
        let _ = plug;
        Err(Error::Unsupported)
    }

    /// Logs out. Called once a session, also after a failure. A plugin with
    /// sockets gets several sessions in one action, one after the other: reads
    /// that prove a plug off go over new connections.
    fn close(&mut self) {}
}
