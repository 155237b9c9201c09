//! Connects the generated exports with a [`Device`]. Public only for
//! [`crate::export!`].

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::exports::fencebox::agent::device as exports;
use crate::{Agent, Device, Error, Operations, Options, Plug, PowerStatus, PowerTarget, Result};

/// The exports of a plugin whose device is `D`.
#[derive(Debug)]
pub struct Component<D>(PhantomData<D>);

/// One session: the device, until it is closed.
///
/// The generated resource gives only shared references. The cell makes the
/// device mutable, so that plugins need no interior mutability. The borrow
/// never fails, because a component runs only one call at a time.
#[derive(Debug)]
pub struct Session<D>(RefCell<Option<D>>);

impl<D: Device + 'static> exports::Guest for Component<D> {
    type Session = Session<D>;

    fn describe(name: String) -> Result<Agent> {
        describe::<D>(&name)
    }

    fn check_options(options: Vec<(String, String)>, pending: Vec<String>) -> Result<()> {
        D::check_options(&Options::from_iter(options).with_pending(pending))
    }
}

/// Functions of [`Device`], and the operations that need them.
const FUNCTIONS: [(&str, Operations, &str); 4] = [
    ("plugs", Operations::LIST_PLUGS, "LIST_PLUGS"),
    ("cycle", Operations::CYCLE, "CYCLE"),
    ("diagnose", Operations::DIAG, "DIAG"),
    ("check_options", Operations::CHECK_OPTIONS, "CHECK_OPTIONS"),
];

/// The description of `D`, with the operations that [`crate::device`] found.
pub(crate) fn describe<D: Device>(name: &str) -> Result<Agent> {
    let mut agent = D::describe(name);
    let Some(implemented) = D::implemented() else {
        return Ok(agent);
    };
    for (function, operation, word) in FUNCTIONS {
        if agent.operations.contains(operation) && !implemented.contains(operation) {
            return Err(Error::mistake(format!(
                "the plugin declares Operations::{word}, and has no function {function}"
            )));
        }
    }
    agent.operations |= implemented;
    Ok(agent)
}

impl<D: Device> Session<D> {
    fn start(options: Vec<(String, String)>) -> Result<Self> {
        D::open(&Options::from_iter(options)).map(|device| Self(RefCell::new(Some(device))))
    }

    fn call<T>(&self, ask: impl FnOnce(&mut D) -> Result<T>) -> Result<T> {
        match self.0.try_borrow_mut().as_deref_mut() {
            Ok(Some(device)) => ask(device),
            _ => Err(Error::ConnectionLost("the session is closed".to_owned())),
        }
    }
}

impl<D: Device + 'static> exports::GuestSession for Session<D> {
    fn open(options: Vec<(String, String)>) -> Result<exports::Session> {
        Self::start(options).map(exports::Session::new)
    }

    fn probe(&self) -> Result<()> {
        self.call(D::probe)
    }

    fn power_status(&self, plug: String) -> Result<PowerStatus> {
        self.call(|device| device.power_status(&plug))
    }

    fn set_power(&self, plug: String, target: PowerTarget) -> Result<()> {
        self.call(|device| device.set_power(&plug, target))
    }

    fn cycle(&self, plug: String) -> Result<()> {
        self.call(|device| device.cycle(&plug))
    }

    fn cycle_complete(&self, plug: String) -> Result<bool> {
        self.call(|device| device.cycle_complete(&plug))
    }

    fn plugs(&self, with_status: bool) -> Result<Vec<Plug>> {
        self.call(|device| device.plugs(with_status))
    }

    fn diagnose(&self, plug: String) -> Result<()> {
        self.call(|device| device.diagnose(&plug))
    }

    fn close(&self) {
        // Remove the device first, so that the session ends even if `close` fails.
        let device = self.0.try_borrow_mut().ok().and_then(|mut device| device.take());
        if let Some(mut device) = device {
            device.close();
        }
    }
}

/// Compiles only if `D` is a device.
pub const fn is_device<D: Device>() {}

#[cfg(test)]
mod tests {
    use super::Session;
    use crate::bindings::exports::fencebox::agent::device::GuestSession;
    use crate::prelude::*;

    struct Lamp {
        asked: u32,
    }

    impl Device for Lamp {
        fn describe(name: &str) -> Agent {
            Agent::new(name, "a lamp")
        }

        fn open(options: &Options) -> Result<Self> {
            options.required("plug").map(|_| Lamp { asked: 0 })
        }

        fn power_status(&mut self, _plug: &str) -> Result<PowerStatus> {
            self.asked += 1;
            Ok(if self.asked > 1 {
                PowerStatus::Off
            } else {
                PowerStatus::On
            })
        }
    }

    fn lamp() -> Session<Lamp> {
        Session::start(vec![("plug".to_owned(), "1".to_owned())]).unwrap()
    }

    #[test]
    fn a_device_keeps_its_state_between_calls() {
        let session = lamp();
        assert_eq!(session.power_status("1".to_owned()), Ok(PowerStatus::On));
        assert_eq!(session.power_status("1".to_owned()), Ok(PowerStatus::Off));
    }

    #[test]
    fn functions_without_an_implementation_are_unsupported() {
        let (session, plug) = (lamp(), || "1".to_owned());
        assert_eq!(session.probe(), Ok(()));
        assert_eq!(session.set_power(plug(), PowerTarget::Off), Err(Error::Unsupported));
        assert_eq!(session.cycle(plug()), Err(Error::Unsupported));
        assert_eq!(session.cycle_complete(plug()), Err(Error::Unsupported));
        assert_eq!(session.plugs(true), Err(Error::Unsupported));
        assert_eq!(session.diagnose(plug()), Err(Error::Unsupported));
    }

    #[test]
    fn a_closed_session_returns_errors() {
        let session = lamp();
        session.close();
        session.close();
        assert_eq!(
            session.power_status("1".to_owned()),
            Err(Error::ConnectionLost("the session is closed".to_owned()))
        );
    }

    #[test]
    fn a_refused_login_opens_no_session() {
        assert!(Session::<Lamp>::start(Vec::new()).is_err());
    }
}
