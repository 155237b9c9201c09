//! The relay board of the plugin of docs/plugins.md in the matrix, and a wrong plugin for the same board.

use anyhow::Result;

use super::Run;
use super::scene::Scene;
use super::wired::{self, Wired};
use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::relay::{self, GRAMMAR};
use fencebox_trial::{Device, Fault};

const STEPS: &[&str] = &["read", "switch"];

/// A board with two relays, and its plugin.
pub(super) struct Board {
    name: &'static str,
    agent: &'static str,
}

impl Board {
    pub(super) fn honest() -> Board {
        Board {
            name: "relay",
            agent: "fence_relay",
        }
    }
}

/// The same board with a plugin that treats an accepted request as success. It is not one of the devices: it proves
/// that the matrix finds false successes.
pub fn credulous() -> Box<super::Device> {
    Box::new(Board {
        name: "credulous",
        agent: "fence_credulous",
    })
}

impl Device for Board {
    type Scene = Scene;

    fn name(&self) -> &str {
        self.name
    }

    fn agent(&self) -> &str {
        self.agent
    }

    fn scenes(&self) -> Vec<Scene> {
        wired::scenes(None, false)
    }

    fn faults(&self, _: &Scene, _: &[String]) -> Vec<Fault> {
        wired::faults(&GRAMMAR, STEPS, Vec::new())
    }

    fn excluded(&self, scene: &Scene, faults: &[String]) -> Option<&'static str> {
        wired::deceived(scene, faults)
    }

    fn secrets(&self) -> Vec<String> {
        ["s3cret", "ZmVuY2VyOnMzY3JldA=="].map(str::to_owned).into()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> Result<Run> {
        let mut config = relay::config();
        config.machines = vec![scene.machine("1"), Machine::new("2", Power::Off)];
        let wired = Wired {
            agent: self.agent,
            config,
            grammar: &GRAMMAR,
            machine: "1",
            is_off: |power| *power == Power::Off,
        };
        wired.run(scene, faults, |board| {
            let port = board.address().port();
            format!("ip=127.0.0.1\nipport={port}\nusername=fencer\npassword=s3cret\nplug=1\n")
        })
    }
}
