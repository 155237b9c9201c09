//! `fence_vmware_rest` and `fence_vmware_soap` against simulated vCenters, against vcsim, and beside the Python agents.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod actions;
mod configurations;
mod faults;
mod names;
mod sessions;
mod side_by_side;
mod vcsim;

use crate::support::{Outcome, call};
use fencebox_sim::server::{Config, Simulator};
use fencebox_sim::vmware::Settings;

/// The two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    Rest,
    Soap,
}

const BOTH: [Api; 2] = [Api::Rest, Api::Soap];

impl Api {
    fn agent(self) -> &'static str {
        match self {
            Api::Rest => "fence_vmware_rest",
            Api::Soap => "fence_vmware_soap",
        }
    }

    fn start(self, settings: Settings) -> Simulator {
        Simulator::start(self.config(settings)).unwrap()
    }

    fn config(self, settings: Settings) -> Config {
        match self {
            Api::Rest => settings.rest(),
            Api::Soap => settings.soap(),
        }
    }

    /// A vCenter with these faults.
    fn faulty(self, settings: Settings, faults: &[&str]) -> Simulator {
        let grammar = match self {
            Api::Rest => &fencebox_sim::vmware::REST,
            Api::Soap => &fencebox_sim::vmware::SOAP,
        };
        let faults = faults.iter().map(|fault| grammar.parse(fault).unwrap());
        Simulator::start(Config {
            faults: faults.collect(),
            ..self.config(settings)
        })
        .unwrap()
    }

    /// Runs the real program.
    fn fence(self, simulator: &Simulator, lines: &str) -> Outcome {
        call(self.agent(), &format!("{}password=s3cret\n{lines}", reach(simulator)))
    }
}

/// The options that reach a simulator.
fn reach(simulator: &Simulator) -> String {
    let port = simulator.address().port();
    format!("ip=127.0.0.1\nipport={port}\nssl_insecure=1\nusername=fencer\n")
}
