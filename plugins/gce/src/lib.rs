//! `fence_gce`: instances of Google Compute Engine, through version 1 of its
//! REST API.
//!
//! Compute Engine accepts a request with an operation. The end of the operation
//! shows how the request ended, and is never old. The status of an instance may
//! be, so it proves off only after the operation of this session has succeeded.

mod answers;
mod compute;
mod description;
mod login;
mod service_account;
mod settings;

use std::collections::BTreeMap;

use fencebox_operations::{Purpose, Requests};
use fencebox_sdk::prelude::*;

use compute::{Compute, Operation, Place, Verb};
use settings::Settings;

/// A session with one project.
pub struct Project {
    compute: Compute,
    settings: Settings,
    /// Where the instances of the plugs are.
    places: BTreeMap<String, Place>,
    requests: Requests<Operation>,
}

#[device]
impl Device for Project {
    fn describe(_name: &str) -> Agent {
        description::agent()
    }

    fn check_options(options: &Options) -> Result<()> {
        Settings::read(options).map(drop)
    }

    fn open(options: &Options) -> Result<Self> {
        let settings = Settings::read(options)?;
        Ok(Self {
            compute: Compute::open(&settings)?,
            settings,
            places: BTreeMap::new(),
            requests: Requests::default(),
        })
    }

    fn probe(&mut self) -> Result<()> {
        for plug in self.settings.plugs.clone() {
            let place = self.place(&plug)?;
            self.compute.instance(&place)?;
            self.compute.check_permissions(&place)?;
        }
        match (self.settings.plugs.is_empty(), self.settings.only_zone()) {
            (true, Some(zone)) => self.compute.check_list(zone),
            _ => Ok(()),
        }
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        let place = self.place(plug)?;
        if self.is_under_way(plug, &place)? {
            return Ok(PowerStatus::Unknown);
        }
        Ok(self.requests.seen(plug, self.compute.instance(&place)?.power()))
    }

    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let purpose = Purpose::Power(target);
        let place = self.place(plug)?;
        if self.requests.has_operation_for(plug, purpose) && self.is_under_way(plug, &place)? {
            return Ok(());
        }
        let verb = match target {
            PowerTarget::On => Verb::Start,
            PowerTarget::Off => Verb::Stop,
        };
        self.send(plug, &place, purpose, verb)
    }

    fn cycle(&mut self, plug: &str) -> Result<()> {
        let place = self.place(plug)?;
        let outcome = self.send(plug, &place, Purpose::Cycle, Verb::Reset);
        let is_refused = matches!(outcome, Err(Error::TaskFailed(_) | Error::Busy(_)));
        if !is_refused || self.compute.instance(&place)?.power() == PowerStatus::On {
            return outcome;
        }
        // Only an instance that runs has a reset. The operation of a stop proves off also if the read was old.
        log::info(format!("{} does not run, so it is stopped and started", excerpt(plug)));
        self.send(plug, &place, Purpose::Cycle, Verb::Stop)
    }

    fn cycle_complete(&mut self, plug: &str) -> Result<bool> {
        let place = self.place(plug)?;
        let lost = "the answer to the request was lost, so nothing proves a power cycle; fence again";
        let operation = self.requests.operation(plug).cloned();
        let operation = operation.ok_or_else(|| Error::unexpected(lost))?;
        let is_under_way = match self.is_under_way(plug, &place) {
            Err(Error::TaskFailed(reason)) if operation.verb == Verb::Start => return Ok(stays_off(plug, &reason)),
            outcome => outcome?,
        };
        match operation.verb {
            _ if is_under_way => Ok(false),
            Verb::Reset | Verb::Start => Ok(true),
            Verb::Stop => match self.send(plug, &place, Purpose::Cycle, Verb::Start) {
                Ok(()) => Ok(false),
                Err(problem) => Ok(stays_off(plug, &problem.text())),
            },
        }
    }

    fn plugs(&mut self, _with_status: bool) -> Result<Vec<Plug>> {
        let zone = match (self.settings.only_zone(), self.settings.plugs.first().cloned()) {
            (Some(zone), _) => zone.to_owned(),
            (None, Some(plug)) => self.place(&plug)?.zone,
            (None, None) => return Err(Error::invalid_option("zone", "is required for a list, as one zone")),
        };
        let instances = self.compute.instances(&zone)?;
        let plug = |instance: answers::Instance| Plug::new(&instance.id).status(instance.power()).alias(&instance.name);
        Ok(instances.into_iter().map(plug).collect())
    }
}

impl Project {
    /// Where the instance of a plug is.
    fn place(&mut self, plug: &str) -> Result<Place> {
        if let Some(place) = self.places.get(plug) {
            return Ok(place.clone());
        }
        let place = match self.settings.zone_of(plug) {
            Some(zone) => Place::new(zone, plug),
            None => self.compute.find(plug)?,
        };
        self.places.insert(plug.to_owned(), place.clone());
        Ok(place)
    }

    fn send(&mut self, plug: &str, place: &Place, purpose: Purpose, verb: Verb) -> Result<()> {
        self.requests.send(plug, purpose);
        let operation = self.compute.act(place, verb)?;
        self.requests.accepted(plug, operation);
        Ok(())
    }

    /// Whether the operation of this session for the plug still runs.
    fn is_under_way(&mut self, plug: &str, place: &Place) -> Result<bool> {
        let compute = &mut self.compute;
        self.requests
            .follow(plug, |operation| compute.progress(place, operation))
    }
}

/// An instance that was stopped and does not start again is fenced: a failure would fence it again.
fn stays_off(plug: &str, reason: &str) -> bool {
    log::error(format!(
        "{} is stopped, but does not start again: {reason}",
        excerpt(plug)
    ));
    true
}

export!(Project);
