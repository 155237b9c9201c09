//! The shapes of the vendors' services: ids, paths, reset types, answers and errors, as their documents and public issue
//! threads show them.

use clap::ValueEnum;

/// A vendor's BMC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// iDRAC: 409 with PSU501 or PSU502 for a state that is reached
    #[default]
    Dell,
    /// iLO 4: paths end with a slash, old error body, 400 for a state that is reached
    HpeIlo4,
    /// iLO 5 and 6: paths end with a slash, 400 for a state that is reached
    HpeIlo5,
    /// Shows the old power state for three reads after a change
    Supermicro,
    /// XCC: 204 whatever the state, version of the record in the field ETag
    Lenovo,
    /// CIMC: the id is a serial number, reset types only in ActionInfo
    Cisco,
    /// OpenBMC: 200, and PoweringOff for two reads
    Openbmc,
    /// AMI MegaRAC: 202 with a task
    Megarac,
    /// iRMC: 412 for a reset without If-Match
    Fujitsu,
    /// A chassis with four systems
    MultiNode,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 10] = [
        Profile::Dell,
        Profile::HpeIlo4,
        Profile::HpeIlo5,
        Profile::Supermicro,
        Profile::Lenovo,
        Profile::Cisco,
        Profile::Openbmc,
        Profile::Megarac,
        Profile::Fujitsu,
        Profile::MultiNode,
    ];

    /// The ids of its systems.
    pub fn ids(self) -> &'static [&'static str] {
        match self {
            Profile::Dell => &["System.Embedded.1"],
            Profile::HpeIlo4 | Profile::HpeIlo5 | Profile::Supermicro | Profile::Lenovo => &["1"],
            Profile::Cisco => &["WZP2228070G"],
            Profile::Openbmc => &["system"],
            Profile::Megarac => &["Self"],
            Profile::Fujitsu => &["0"],
            Profile::MultiNode => &["Node1", "Node2", "Node3", "Node4"],
        }
    }

    /// What its paths end with. A path without it is redirected.
    pub(super) fn slash(self) -> &'static str {
        match self {
            Profile::HpeIlo4 | Profile::HpeIlo5 => "/",
            _ => "",
        }
    }

    /// The values of `ResetType`.
    pub(super) fn reset_types(self) -> &'static [&'static str] {
        match self {
            Profile::HpeIlo4 | Profile::HpeIlo5 => &["On", "ForceOff", "ForceRestart", "Nmi", "PushPowerButton"],
            Profile::Megarac => &["On", "ForceOff", "GracefulShutdown", "ForceRestart"],
            Profile::Openbmc => &[
                "ForceOff",
                "PowerCycle",
                "GracefulRestart",
                "On",
                "ForceOn",
                "Nmi",
                "ForceRestart",
            ],
            _ => &[
                "On",
                "ForceOff",
                "GracefulShutdown",
                "GracefulRestart",
                "ForceRestart",
                "Nmi",
                "PushPowerButton",
            ],
        }
    }

    /// Whether the reset types are in ActionInfo instead of in the system.
    pub(super) fn has_action_info(self) -> bool {
        matches!(self, Profile::Cisco | Profile::Openbmc)
    }

    /// The status and the message id for a request for the state that the system has; none if it is accepted.
    pub(super) fn already(self, is_on: bool) -> Option<(u16, &'static str)> {
        match self {
            Profile::Dell if is_on => Some((409, "IDRAC.2.8.PSU501")),
            Profile::Dell => Some((409, "IDRAC.2.8.PSU502")),
            Profile::HpeIlo4 => Some((400, "iLO.0.10.InvalidOperationForSystemState")),
            Profile::HpeIlo5 => Some((400, "iLO.2.14.InvalidOperationForSystemState")),
            Profile::Supermicro => Some((400, "Base.1.8.NoOperation")),
            _ => None,
        }
    }

    /// The status of an accepted request.
    pub(super) fn accepted(self) -> u16 {
        match self {
            Profile::Megarac => 202,
            Profile::HpeIlo4 | Profile::HpeIlo5 | Profile::Supermicro | Profile::Openbmc => 200,
            _ => 204,
        }
    }

    /// The number of reads that show `PoweringOff` or `PoweringOn`.
    pub(super) fn transition(self) -> u32 {
        if self == Profile::Openbmc { 2 } else { 0 }
    }

    /// The number of reads after a change that show the old power state.
    pub(super) fn lag(self) -> u32 {
        if self == Profile::Supermicro { 3 } else { 0 }
    }

    /// Whether a reset needs the version of the record.
    pub(super) fn needs_etag(self) -> bool {
        self == Profile::Fujitsu
    }

    /// Whether errors have the body that iLO 4 had before Redfish 1.0.
    pub(super) fn has_old_errors(self) -> bool {
        self == Profile::HpeIlo4
    }
}
