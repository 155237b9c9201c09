//! Dedicated servers.
//!
//! The API has no request for power: it has boot entries, a hard reboot that
//! starts from the selected entry, and a task for the reboot. Off is a reboot
//! into the entry that powers the server down, or into the rescue system; on
//! is a reboot into its disk. The order of the steps matters: the plugin
//! requests the reboot only after the entry reads back as set, and it trusts
//! the power state only after the task of the reboot is done.

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

/// Seconds before the host asks again whether a boot entry reads back as set.
const LAG_PAUSE: u32 = 5;
/// Number of reads in a row before that pause.
const LOOKS: u32 = 3;
/// Number of such rounds after which the entry is set again: about half a minute.
const LAGS: u32 = 6;

/// Time that a server may take after its reboot until it shows the new power
/// state. The vendor's own program waited 143 s for a server to power down,
/// and a rescue system takes up to five minutes (`docs/reference/ovh.md`).
const SETTLING: Duration = Duration::from_secs(300);

/// One server, and the last request of this session.
#[derive(Debug)]
pub(crate) struct Dedicated {
    name: String,
    boots: Boots,
    order: Option<BootPlan>,
    /// Whether the vendor monitored the server before this session switched that off.
    watched: Option<bool>,
}

/// The target state of the server, and the progress towards it.
#[derive(Debug)]
struct BootPlan {
    goal: Goal,
    boot: u64,
    aim: BootTarget,
    /// This session has set the entry.
    is_set: bool,
    /// The entry was set already before that.
    was_set: bool,
    /// Number of rounds in a row since then in which another entry read back.
    lags: u32,
    reboot: Option<PendingTask>,
    /// When the task of the reboot was first seen as done.
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

    /// Checks that the server exists, and that the options name boot entries that it offers.
    pub(crate) fn check(api: &mut Api, settings: &Settings, name: &str) -> Result<()> {
        read(api, name)?;
        Boots::of(name).check(api, settings)
    }

    /// Whether the reboot was requested, or may have been.
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

    /// The power status of a server whose power state is `poweron`, by the table in
    /// `docs/reference/ovh.md#power-of-a-dedicated-server`.
    fn running(&mut self, api: &mut Api, view: &View, stage: Stage) -> Result<PowerStatus> {
        self.check_entry(view)?;
        if let Some(order) = &self.order {
            if order.is_done() && order.goal == Goal::Off && order.aim == BootTarget::Rescue {
                return Ok(PowerStatus::Off);
            }
            // The entry is set, but the server still runs the system from before.
            if order.is_set && stage == Stage::NotBegun {
                return Ok(PowerStatus::Standby);
            }
            if order.goal != Goal::Off && view.boot() == Some(order.boot) {
                return Ok(PowerStatus::On);
            }
        }
        let is_fenced = match view.boot() {
            Some(boot) => self.boots.is_fenced(api, boot)?,
            None => false,
        };
        Ok(if is_fenced {
            PowerStatus::Standby
        } else {
            PowerStatus::On
        })
    }

    /// If another client changes the entry while the server reboots, the entry that it
    /// started from is unknown. Returned as an error once, like any other failure.
    fn check_entry(&mut self, view: &View) -> Result<()> {
        let Some(order) = &mut self.order else {
            return Ok(());
        };
        if !order.is_done() || view.boot() == Some(order.boot) {
            return Ok(());
        }
        (order.is_set, order.done, order.reboot) = (false, None, None);
        Err(Error::task_failed(format!(
            "{} was rebooted into boot entry {}, but in the meantime somebody has set {}",
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
                // If this session has requested something else, the entry does not show what the server runs.
                let is_untouched = self
                    .order
                    .as_ref()
                    .is_none_or(|order| order.goal == Goal::On && order.is_done());
                if is_untouched && view.power() == Some(PowerStatus::On) && view.boot() == Some(boot) {
                    return Ok(());
                }
                self.aim_for(Goal::On, |_| Ok((boot, BootTarget::Own)))?;
            }
        }
        self.carry_out(api, settings, view)
    }

    /// Requests one reboot into the server's own system.
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

    /// Keeps the present plan if it has the same goal.
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

    /// Takes the next steps of the plan, as far as the server allows. May be
    /// called again at any time.
    fn carry_out(&mut self, api: &mut Api, settings: &Settings, view: View) -> Result<()> {
        view.complain();
        match self.reboot_stage(api)? {
            Stage::UnderWay => return Ok(()),
            // The server shows its new power state minutes after the reboot is done. A second reboot would only start
            // that wait again.
            Stage::Done if self.is_settling(&view) => return Ok(()),
            Stage::Done | Stage::Gone => self.forget_reboot(),
            Stage::NotBegun => {}
        }
        self.set_entry(api, settings, view)?;
        let Some(order) = &mut self.order else {
            return Ok(());
        };
        let reboot = match &mut order.reboot {
            // The device has refused the request before. The same list of tasks still applies.
            Some(reboot) => reboot,
            // Read the list of tasks after the entry is set: a task that is not in it was created after that.
            none => {
                // A reboot that powers the server down may be that of another client, such as an earlier run that was
                // killed: the power state shows its result. The result of one into the rescue system is not visible.
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

    /// Sets the boot entry of the plan, unless this session has set it and it still
    /// reads back. If it does not read back, the server must not be rebooted: it would
    /// start the system that has to be fenced.
    fn set_entry(&mut self, api: &mut Api, settings: &Settings, view: View) -> Result<()> {
        let Some(order) = &mut self.order else {
            return Ok(());
        };
        if order.is_set && view.boot() == Some(order.boot) {
            return Ok(());
        }
        let watch = match order.aim {
            BootTarget::Own => {
                // Only the boot entry shows that another session has fenced the server.
                let was_fenced = match view.boot() {
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
        // Tasks from before the change do not count.
        order.reboot = None;
        // The change may still be in progress. Setting the entry again would start it again.
        if !order.is_set || order.lags >= LAGS {
            order.was_set = view.boot() == Some(order.boot);
            server::put(api, &self.name, order.boot, watch, mail)?;
            (order.is_set, order.lags) = (true, 0);
            log::info(format!("{}: boot entry {} is set", self.name, order.boot));
        }
        let mut shown = String::new();
        for _ in 0..LOOKS {
            let view = read(api, &self.name)?;
            if view.boot() == Some(order.boot) {
                return Ok(());
            }
            shown = view.boot_word();
        }
        order.lags += 1;
        Err(Error::busy(
            format!(
                "boot entry {} of {} was set, but {shown} reads back: not rebooting yet",
                order.boot, self.name
            ),
            Some(LAG_PAUSE),
        ))
    }

    /// Whether the effect of the reboot may still become visible.
    fn is_settling(&self, view: &View) -> bool {
        self.order.as_ref().is_some_and(|order| {
            let is_recent = order.done.is_some_and(|done| done.elapsed() < SETTLING);
            is_recent && view.boot() == Some(order.boot)
        })
    }

    fn is_under_way(&mut self, api: &mut Api) -> Result<bool> {
        Ok(self.reboot_stage(api)? == Stage::UnderWay)
    }

    /// The progress of the plan's reboot. A failure is returned once.
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

/// After a failed reboot, the administrator needs to see what the next reboot starts.
fn left_with(boot: u64, name: &str, problem: Error) -> Error {
    errors::map(problem, |text| format!("{text}; {name} is left with boot entry {boot}"))
}
