//! The trait that a plugin implements.

use crate::{Agent, Error, Operations, Options, Plug, PowerStatus, PowerTarget, Result};

/// One session with a device, from login to logout.
///
/// Write [`#[device]`](macro@crate::device) above the implementation: it declares the operations
/// by the functions that there are.
///
/// No function waits for an effect: it sends its request once and returns. The
/// default of a function returns [`Error::Unsupported`]; in that case its
/// operation must not be in [`Agent::operations`].
pub trait Device: Sized {
    /// The description of the agent called `name`: its options, operations and
    /// capabilities. It must be constant, and it cannot call the host. A plugin
    /// with one name may ignore `name`.
    fn describe(name: &str) -> Agent;

    /// The operations that [`#[device]`](macro@crate::device) found. None without it.
    #[doc(hidden)]
    fn implemented() -> Option<Operations> {
        None
    }

    /// Checks the options without the device: which login is complete, which
    /// options contradict each other, which value or file can never work. Needs
    /// `Operations::CHECK_OPTIONS`. The host calls it for `validate-all`, which
    /// pcs runs when a device is created, and before each action that contacts
    /// the device. It can write to the log and read declared files, and nothing
    /// else.
    ///
    /// With several plugs there is one call for each. A secret that a script, a
    /// file or another source will set has the value `*` here; see
    /// [`Options::is_pending`].
    ///
    /// # Errors
    /// [`Error::InvalidOption`] with the option to change.
    fn check_options(options: &Options) -> Result<()> {
        let _ = options;
        Ok(())
    }

    /// Logs in, with all options that have a value.
    ///
    /// # Errors
    /// [`Error::LoginDenied`] for refused credentials, which the host never
    /// retries; [`Error::InvalidOption`] for a value that only the device's
    /// rules forbid; otherwise the cause of the failure.
    fn open(options: &Options) -> Result<Self>;

    /// Checks for `monitor` that the login works and that the account has the
    /// permissions that fencing needs. The cost must not grow with the number
    /// of plugs. The default is `Ok`, because the login has succeeded.
    ///
    /// # Errors
    /// The reason why fencing would fail.
    fn probe(&mut self) -> Result<()> {
        Ok(())
    }

    /// The power status of a plug that the device reports now.
    /// [`PowerStatus::Unknown`] while a task of this session runs for the plug.
    /// [`PowerStatus::Off`] only if the plug is certainly off.
    ///
    /// Required for every plugin without `Operations::NO_STATUS`.
    ///
    /// # Errors
    /// [`Error::TaskFailed`] after a task of this session has failed,
    /// [`Error::PlugNotFound`] if the device does not have the plug.
    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        let _ = plug;
        Err(Error::Unsupported)
    }

    /// Requests power on or off, and does not wait for the effect.
    ///
    /// Send the request even if the plug reads off, because another process may
    /// have switched it on a moment ago. If the device answers that the plug is
    /// already in the target state, return `Ok`. (With
    /// `Operations::SETTLED_STATUS` reads are never old, and the host does not
    /// request off for a plug that is off.)
    ///
    /// The host may repeat the call while the power status does not change. If
    /// a task already runs, do not start another.
    ///
    /// # Errors
    /// [`Error::TaskFailed`] if the device refuses the request.
    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let _ = (plug, target);
        Err(Error::Unsupported)
    }

    /// Requests a power cycle in one request. Needs `Operations::CYCLE`.
    ///
    /// # Errors
    /// As [`Device::set_power`].
    fn cycle(&mut self, plug: &str) -> Result<()> {
        let _ = plug;
        Err(Error::Unsupported)
    }

    /// True after the device reports that the cycle of this session is
    /// complete. An accepted request is not a complete cycle. Needs
    /// `Operations::CYCLE`.
    ///
    /// # Errors
    /// As [`Device::power_status`].
    fn cycle_complete(&mut self, plug: &str) -> Result<bool> {
        let _ = plug;
        Err(Error::Unsupported)
    }

    /// All plugs. With `with_status` each plug has its status, even if that
    /// needs one request per plug. Needs `Operations::LIST_PLUGS`.
    ///
    /// # Errors
    /// The reason why the list is not complete. Do not return a part of the
    /// list.
    fn plugs(&mut self, with_status: bool) -> Result<Vec<Plug>> {
        let _ = with_status;
        Err(Error::Unsupported)
    }

    /// Requests diagnostics of a plug from the device. Needs `Operations::DIAG`.
    ///
    /// # Errors
    /// As [`Device::set_power`].
    fn diagnose(&mut self, plug: &str) -> Result<()> {
        let _ = plug;
        Err(Error::Unsupported)
    }

    /// Logs out. The host calls it once per session, even after a failure. A
    /// plugin with sockets may get several sessions in one action, one after
    /// the other, so that the reads that prove a plug off use new connections.
    fn close(&mut self) {}
}
