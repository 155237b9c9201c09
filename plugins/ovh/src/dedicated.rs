//! Dedicated servers.
//!
//! The device has no request for power: it has boot entries, a hard reboot
//! that starts from the chosen one, and a task for the reboot. Off is a reboot
//! into the entry that powers the server down, or into the rescue system; on
//! is a reboot into its disk. So no step may come before the one that it
//! needs: the entry reads back as wanted, then the reboot; the reboot's task
//! is done, then the power is believed.

mod server;

use std::time::{Duration, Instant};

use fencebox_sdk::prelude::*;

use crate::api::Api;
use crate::boot_entries::{BootTarget, Boots};
use crate::call::Call;
use crate::errors;
use crate::pending_task::{PendingTask, Stage};
use crate::permissions;
use crate::settings::Settings;
use crate::task::Owner;
use server::View;
pub(crate) use server::read;

/// Seconds after which a boot entry that was set is looked at again.
const LAG_PAUSE: u32 = 5;
/// How often in a row it is looked at before that.
const LOOKS: u32 = 3;
/// After how many such rounds it is set again: half a minute has passed.
const LAGS: u32 = 6;

/// How long a server may take after its reboot to show the power that it leads
/// to. The vendor's own program was seen to wait 143 s for a server to go dark,
/// and a rescue system takes up to five minutes.
const SETTLING: Duration = Duration::from_secs(300);

/// One server, and what this session asked of it last.
#[derive(Debug)]
pub(crate) struct Dedicated {
    name: String,
    boots: Boots,
    order: Option<BootPlan>,
    /// Whether the vendor watched the server before this session told it not to.
    watched: Option<bool>,
}

/// What the server has to become, and how far that is.
#[derive(Debug)]
struct BootPlan {
    goal: Goal,
    boot: u64,
    aim: BootTarget,
    /// The entry was set by this session.
    is_set: bool,
    /// It was there before.
    was_set: bool,
    /// How often in a row another one read back since then.
    lags: u32,
    reboot: Option<PendingTask>,
    /// Since when the reboot is known to be done.
    done: Option<Instant>,
}

impl BootPlan {
    fn is_done(&self) -> bool {
        self.done.is_some()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    On,
    Off,
    Cycle,
}

impl Dedicated {
    pub(crate) fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            boots: Boots::of(name),
            order: None,
            watched: None,
        }
    }

    /// Whether the reboot was asked for, or may have been.
    pub(crate) fn has_begun(&self) -> bool {
        let order = self.order.as_ref();
        order.is_some_and(|order| order.is_done() || order.reboot.as_ref().is_some_and(PendingTask::is_sent))
    }

    pub(crate) fn power(&mut self, api: &mut Api) -> Result<PowerStatus> {
        let stage = self.reboot_stage(api)?;
        if stage == Stage::UnderWay {
            return Ok(PowerStatus::Unknown);
        }
        let view = read(api, &self.name)?;
        match view.power() {
            Some(PowerStatus::On) => self.running(api, &view, stage),
            Some(power) => Ok(power),
            None => Ok(PowerStatus::Unknown),
        }
    }

    /// The power of a server that has some, by the table in `docs/reference/ovh.md#power-of-a-dedicated-server`.
    fn running(&mut self, api: &mut Api, view: &View, stage: Stage) -> Result<PowerStatus> {
        self.check_entry(view)?;
        if let Some(order) = &self.order {
            if order.is_done() && order.goal == Goal::Off && order.aim == BootTarget::Rescue {
                return Ok(PowerStatus::Off);
            }
            // Set, and not rebooted: what it runs is not what it would start.
            if order.is_set && stage == Stage::NotBegun {
                return Ok(PowerStatus::Standby);
            }
            if order.goal != Goal::Off && view.boot == Some(order.boot) {
                return Ok(PowerStatus::On);
            }
        }
        let is_fenced = match view.boot {
            Some(boot) => self.boots.is_fenced(api, boot)?,
            None => false,
        };
        Ok(if is_fenced {
            PowerStatus::Standby
        } else {
            PowerStatus::On
        })
    }

    /// Somebody may change the entry while the server reboots: then nobody
    /// knows what it started from. Told once, like any other failure.
    fn check_entry(&mut self, view: &View) -> Result<()> {
        let Some(order) = &mut self.order else {
            return Ok(());
        };
        if !order.is_done() || view.boot == Some(order.boot) {
            return Ok(());
        }
        (order.is_set, order.done, order.reboot) = (false, None, None);
        Err(Error::task_failed(format!(
            "{} was rebooted into boot entry {}, and by now somebody has set {}",
            self.name,
            order.boot,
            view.boot_word()
        )))
    }

    pub(crate) fn switch(&mut self, api: &mut Api, settings: &Settings, target: PowerTarget) -> Result<()> {
        let view = read(api, &self.name)?;
        match target {
            PowerTarget::Off => {
                if view.power() == Some(PowerStatus::Off) && !self.is_under_way(api)? {
                    return Ok(());
                }
                self.aim_for(Goal::Off, |boots| boots.off(api, settings))?;
            }
            PowerTarget::On => {
                let boot = self.boots.on(api, settings)?;
                // A session that has asked for something else must not believe the entry.
                let is_untouched = self
                    .order
                    .as_ref()
                    .is_none_or(|order| order.goal == Goal::On && order.is_done());
                if is_untouched && view.power() == Some(PowerStatus::On) && view.boot == Some(boot) {
                    return Ok(());
                }
                self.aim_for(Goal::On, |_| Ok((boot, BootTarget::Own)))?;
            }
        }
        self.carry_out(api, settings, view)
    }

    /// One reboot into the system of the server.
    pub(crate) fn cycle(&mut self, api: &mut Api, settings: &Settings) -> Result<()> {
        let view = read(api, &self.name)?;
        self.aim_for(Goal::Cycle, |boots| {
            boots.on(api, settings).map(|boot| (boot, BootTarget::Own))
        })?;
        self.carry_out(api, settings, view)
    }

    /// True once the task of the reboot is done, the entry is still the one
    /// that was rebooted into, and the server has power.
    pub(crate) fn is_cycled(&mut self, api: &mut Api) -> Result<bool> {
        if self.reboot_stage(api)? != Stage::Done {
            return Ok(false);
        }
        let view = read(api, &self.name)?;
        self.check_entry(&view)?;
        Ok(view.power() == Some(PowerStatus::On))
    }

    /// Keeps the present order where it is for the same.
    fn aim_for(&mut self, goal: Goal, choose: impl FnOnce(&mut Boots) -> Result<(u64, BootTarget)>) -> Result<()> {
        if self.order.as_ref().is_some_and(|order| order.goal == goal) {
            return Ok(());
        }
        let (boot, aim) = choose(&mut self.boots)?;
        self.order = Some(BootPlan {
            goal,
            boot,
            aim,
            is_set: false,
            was_set: false,
            lags: 0,
            reboot: None,
            done: None,
        });
        Ok(())
    }

    /// The next step of the order, as far as the server lets us today. May be
    /// asked again at any time.
    fn carry_out(&mut self, api: &mut Api, settings: &Settings, view: View) -> Result<()> {
        view.complain();
        match self.reboot_stage(api)? {
            Stage::UnderWay => return Ok(()),
            // It shows the power that was asked for minutes after its reboot is done: a second one would only begin
            // that anew.
            Stage::Done if self.is_settling(&view) => return Ok(()),
            Stage::Done | Stage::Gone => self.forget_reboot(),
            Stage::NotBegun => {}
        }
        self.set_entry(api, settings, view)?;
        let Some(order) = &mut self.order else {
            return Ok(());
        };
        let reboot = match &mut order.reboot {
            // Refused before, it is asked for again as it was: what the list did not show was begun after the entry.
            Some(reboot) => reboot,
            // The list has to be younger than the entry: what it does not show was begun after that.
            none => {
                // Of one into the dark that somebody else has begun, an earlier run that was killed say, the power
                // tells whether it was one. Of one into the rescue system nothing would.
                let any_will_do = order.aim == BootTarget::Dark && order.was_set;
                let owner = Owner::Server(self.name.clone());
                none.insert(PendingTask::prepare(api, owner, "hardReboot", any_will_do)?)
            }
        };
        let name = &self.name;
        let call = Call::new(&permissions::REBOOT, path!("/dedicated/server/{name}/reboot")).about(name);
        reboot
            .send(api, &call)
            .map_err(|problem| left_with(order.boot, name, problem))
    }

    /// Sets the boot entry of the order, unless this session has done so and
    /// it still reads back. Without that there is no reboot: it would start
    /// the system that is to be fenced.
    fn set_entry(&mut self, api: &mut Api, settings: &Settings, view: View) -> Result<()> {
        let Some(order) = &mut self.order else {
            return Ok(());
        };
        if order.is_set && view.boot == Some(order.boot) {
            return Ok(());
        }
        let watch = match order.aim {
            BootTarget::Own => {
                // Of another session's fencing only the boot entry tells.
                let was_fenced = match view.boot {
                    Some(boot) => self.boots.is_fenced(api, boot)?,
                    None => false,
                };
                (self.watched.unwrap_or(was_fenced) && !view.is_watched()).then_some(true)
            }
            BootTarget::Dark | BootTarget::Rescue => {
                self.watched.get_or_insert(view.is_watched());
                view.is_watched().then_some(false)
            }
        };
        let mail = settings.email.as_deref().filter(|_| order.aim == BootTarget::Rescue);
        // Tasks from before the change do not count any more.
        order.reboot = None;
        // One that was set may still be on its way; set again, it would begin that anew.
        if !order.is_set || order.lags >= LAGS {
            order.was_set = view.boot == Some(order.boot);
            server::put(api, &self.name, order.boot, watch, mail)?;
            (order.is_set, order.lags) = (true, 0);
            log::info(format!("{}: boot entry {} is set", self.name, order.boot));
        }
        let mut shown = String::new();
        for _ in 0..LOOKS {
            let view = read(api, &self.name)?;
            if view.boot == Some(order.boot) {
                return Ok(());
            }
            shown = view.boot_word();
        }
        order.lags += 1;
        Err(Error::busy(
            format!(
                "boot entry {} of {} was set and {shown} reads back: not rebooting into that",
                order.boot, self.name
            ),
            Some(LAG_PAUSE),
        ))
    }

    /// Whether the reboot of the order may still show its effect.
    fn is_settling(&self, view: &View) -> bool {
        self.order.as_ref().is_some_and(|order| {
            let is_recent = order.done.is_some_and(|done| done.elapsed() < SETTLING);
            is_recent && view.boot == Some(order.boot)
        })
    }

    fn is_under_way(&mut self, api: &mut Api) -> Result<bool> {
        Ok(self.reboot_stage(api)? == Stage::UnderWay)
    }

    /// How far the reboot of the order is. A failed one is told once.
    fn reboot_stage(&mut self, api: &mut Api) -> Result<Stage> {
        let Some(order) = &mut self.order else {
            return Ok(Stage::NotBegun);
        };
        let Some(reboot) = &mut order.reboot else {
            return Ok(Stage::NotBegun);
        };
        match reboot.stage(api) {
            Ok(stage) => {
                let is_done = stage == Stage::Done;
                order.done = is_done.then(|| order.done.unwrap_or_else(Instant::now));
                Ok(stage)
            }
            Err(problem @ Error::TaskFailed(_)) => {
                let problem = left_with(order.boot, &self.name, problem);
                self.forget_reboot();
                Err(problem)
            }
            Err(problem) => Err(problem),
        }
    }

    fn forget_reboot(&mut self) {
        if let Some(order) = &mut self.order {
            order.reboot = None;
            order.done = None;
        }
    }
}

/// Whoever reads of a reboot that failed has to know what the next one starts.
fn left_with(boot: u64, name: &str, problem: Error) -> Error {
    errors::map(problem, |text| format!("{text}; {name} is left with boot entry {boot}"))
}
