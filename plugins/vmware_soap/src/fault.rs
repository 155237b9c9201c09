//! Faults of the API, and what they mean. Texts are localized, so only the type of a fault decides.

use fencebox_sdk::prelude::*;
use fencebox_xml::Element;

/// The same request may succeed later.
const BUSY: [&str; 6] = [
    "ConcurrentAccess",
    "HostCommunication",
    "ResourceInUse",
    "ServerBusy",
    "TaskInProgress",
    "Timedout",
];
/// The free license of ESXi allows reads only.
const RESTRICTED: [&str; 3] = ["LicenseRestricted", "NotEnoughLicenses", "RestrictedVersion"];

/// A fault of a call or of a task.
#[derive(Debug)]
pub(crate) struct Fault {
    kind: String,
    reason: String,
    // A box, because results with a fault are many, and faults are few.
    detail: Box<Element>,
}

/// A fault, or no answer of the API at all.
#[derive(Debug)]
pub(crate) enum Failure {
    Fault(Fault),
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Fault {
    /// The fault in a SOAP envelope. Its type is that of the only element of `detail`.
    pub(crate) fn of_envelope(fault: &Element) -> Self {
        let detail = fault.child("detail").and_then(|detail| detail.elements().next());
        Self::new(detail, fault.text_of("faultstring"))
    }

    /// A `LocalizedMethodFault`, as a task has it.
    pub(crate) fn localized(error: &Element) -> Self {
        Self::new(error.child("fault"), error.text_of("localizedMessage"))
    }

    fn new(detail: Option<&Element>, reason: Option<&str>) -> Self {
        // Elements are called after the type, with `Fault` at the end: `InvalidLoginFault` of the type `InvalidLogin`.
        let named = |detail: &Element| detail.name().strip_suffix("Fault").unwrap_or(detail.name()).to_owned();
        let typed = |detail: &Element| detail.xsi_type().map_or_else(|| named(detail), str::to_owned);
        Self {
            kind: detail.map(typed).unwrap_or_default(),
            reason: reason.map(excerpt).unwrap_or_default(),
            detail: Box::new(detail.cloned().unwrap_or_default()),
        }
    }

    /// The name of its type: `InvalidLogin`.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// The text for messages.
    pub(crate) fn text(&self) -> String {
        let kind = if self.kind.is_empty() { "unknown" } else { &self.kind };
        match self.reason.as_str() {
            "" => format!("fault {}", excerpt(kind)),
            reason => format!("{reason} (fault {})", excerpt(kind)),
        }
    }

    /// Whether the machine is already in the target state.
    pub(crate) fn is_already(&self, target: PowerTarget) -> bool {
        let state = match target {
            PowerTarget::On => "poweredOn",
            PowerTarget::Off => "poweredOff",
        };
        self.kind == "InvalidPowerState" && self.detail.text_of("existingState") == Some(state)
    }

    /// The error that this fault means in any call; `None` if the call decides.
    fn usual(&self) -> Option<Error> {
        Some(match self.kind.as_str() {
            "NoPermission" => {
                let privilege = self.detail.text_of("privilegeId").map(excerpt);
                let privilege = privilege.unwrap_or_else(|| "a privilege".to_owned());
                Error::NotPermitted(format!("{}; the account needs {privilege}", self.text()))
            }
            kind if RESTRICTED.contains(&kind) => Error::NotPermitted(format!(
                "{}; the license of the host does not allow this: the free license of ESXi is read-only",
                self.text()
            )),
            kind if BUSY.contains(&kind) => Error::busy(self.text(), None),
            _ => return None,
        })
    }
}

impl Failure {
    /// The error of a call that reads.
    pub(crate) fn of_read(self) -> Error {
        match self {
            Self::Fault(fault) => fault.usual().unwrap_or_else(|| Error::unexpected(fault.text())),
            Self::Error(error) => error,
        }
    }

    /// The error of a call or task that switches a machine.
    pub(crate) fn of_request(self) -> Error {
        match self {
            Self::Fault(fault) => fault.usual().unwrap_or_else(|| match fault.kind.as_str() {
                // The session ended, or the machine was registered again: the next call finds out.
                "NotAuthenticated" | "ManagedObjectNotFound" => Error::unexpected(fault.text()),
                "InvalidPowerState" => {
                    let state = fault.detail.text_of("existingState").unwrap_or("unknown");
                    Error::task_failed(format!("the machine is {}: {}", excerpt(state), fault.text()))
                }
                _ => Error::task_failed(fault.text()),
            }),
            Self::Error(error) => error,
        }
    }

    /// The error of a login. A refused one is never repeated.
    pub(crate) fn of_login(self) -> Error {
        match self {
            Self::Fault(fault) => match fault.kind.as_str() {
                "InvalidLogin" | "NoPermission" | "PasswordExpired" => Error::LoginDenied(fault.text()),
                _ => Self::Fault(fault).of_read(),
            },
            Self::Error(error) => error,
        }
    }
}
