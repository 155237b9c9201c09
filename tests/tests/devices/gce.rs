//! `fence_gce` against the simulated project of Google Compute Engine, and beside the Python agent.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod actions;
mod configurations;
mod metadata;
mod refused;
mod side_by_side;

use crate::support::{Outcome, call};
use fencebox_sim::gce::{Settings, key_file};
use fencebox_sim::server::{Config, Simulator};

/// A project, with the key file of its account.
struct Project {
    simulator: Simulator,
    folder: tempfile::TempDir,
}

impl Project {
    fn start(settings: Settings) -> Project {
        Project::of(settings.config())
    }

    /// A project with these faults.
    fn faulty(faults: &[&str]) -> Project {
        let faults = faults.iter().map(|fault| fencebox_sim::gce::plan(fault).unwrap());
        Project::of(Config {
            faults: faults.collect(),
            ..Settings::default().config()
        })
    }

    fn of(config: Config) -> Project {
        let project = Project {
            simulator: Simulator::start(config).unwrap(),
            folder: tempfile::tempdir().unwrap(),
        };
        project.write_key("https://oauth2.googleapis.com/token");
        project
    }

    /// Writes the key file, with this `token_uri`.
    fn write_key(&self, token_uri: &str) {
        std::fs::write(self.folder.path().join("key.json"), key_file(token_uri)).unwrap();
    }

    /// The options of the account.
    fn account(&self) -> String {
        format!("serviceaccount={}/key.json\n", self.folder.path().display())
    }

    /// The options of the addresses.
    fn reach(&self) -> String {
        let url = self.simulator.url();
        format!("api_url={url}/compute/v1\ntoken_url={url}/token\n")
    }

    /// Runs the real program.
    fn fence(&self, lines: &str) -> Outcome {
        let stdin = format!("{}{}zone=europe-west1-b\n{lines}", self.reach(), self.account());
        call("fence_gce", &stdin)
    }
}
