//! The old SOAP API, which the options `username` and `password` select.
//!
//! It can set the boot entry of a server, reboot the server, and report the time
//! window of the last reboot. It reports neither the power state nor the boot entry.
//! So a request is complete once a new window has appeared and has passed.

mod envelope;
mod reboot_window;

use fencebox_sdk::prelude::*;

use crate::credentials::Account;
use crate::errors;
use envelope::{Refused, call};
use reboot_window::{RebootWindow, Sample};

/// Netboot ids of this API for the disk and the rescue system, the same for all
/// servers.
const DISK: u64 = 1;
const RESCUE: u64 = 28;
/// Seconds before the host asks again while a reboot is pending.
const PENDING_PAUSE: u32 = 10;
/// The reason for the reboot in the vendor's log.
const REASON: &str = "fencing by the cluster";

/// A session.
pub(crate) struct Soap {
    session: String,
    action: String,
    email: String,
    on_boot: u64,
    rescue_boot: u64,
    order: Option<Order>,
}

/// The last request to a server.
struct Order {
    plug: String,
    goal: Goal,
    /// The window from before the request.
    before: Option<RebootWindow>,
    asked: Asked,
    /// The window of the request, and when it was first seen.
    seen: Option<Sample>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    On,
    Off,
    Cycle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    NotYet,
    /// Sent; the answer was lost.
    Doubt,
    Yes,
}

/// Rejects a login of this API without the address of a server that still has it.
pub(crate) fn check_address(options: &Options) -> Result<()> {
    if options.get("api_url").is_some() {
        return Ok(());
    }
    Err(Error::invalid_option(
        "api_url",
        "is required with username and password: they are for the old SOAP API, which the vendor has shut down; give \
         the URL of a server that still has it, or use application_key, application_secret and consumer_key",
    ))
}

impl Soap {
    pub(crate) fn log_in(account: &Account, options: &Options) -> Result<Self> {
        let numbers = (options.number("on_boot")?, options.number("rescue_boot")?);
        let parameters = [
            ("nic", &*account.username),
            ("password", &account.password),
            ("language", "en"),
            ("multisession", "0"),
        ];
        let reply = call("login", &parameters, "")?.map_err(|refused| Error::LoginDenied(refused.text()))?;
        let session = reply.first().filter(|session| !session.is_empty());
        let session =
            session.ok_or_else(|| Error::unexpected("a login without a session (status 200 for POST login)"))?;
        log::hide(session);
        let text = |name: &str| options.get(name).unwrap_or_default().to_owned();
        Ok(Self {
            session: session.to_owned(),
            action: text("action"),
            email: text("email"),
            on_boot: numbers.0.unwrap_or(DISK),
            rescue_boot: numbers.1.unwrap_or(RESCUE),
            order: None,
        })
    }

    /// Before a request the power status is unknown. The actions on, off and reboot
    /// continue as if it is not the wanted one; all other actions fail.
    pub(crate) fn power(&mut self, plug: &str) -> Result<PowerStatus> {
        let Some((goal, asked)) = self.order_of(plug) else {
            return match &*self.action {
                "on" | "off" | "reboot" => Ok(PowerStatus::Standby),
                action => Err(cannot(action)),
            };
        };
        let is_over = match asked {
            Asked::NotYet => return Ok(PowerStatus::Standby),
            Asked::Doubt if !self.find(plug)? => return Ok(PowerStatus::Standby),
            _ => self.is_over(plug)?,
        };
        Ok(match (is_over, goal) {
            (false, _) => PowerStatus::Unknown,
            (true, Goal::Off) => PowerStatus::Off,
            (true, Goal::On | Goal::Cycle) => PowerStatus::On,
        })
    }

    pub(crate) fn switch(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        match target {
            PowerTarget::On => self.ask(plug, Goal::On),
            PowerTarget::Off => self.ask(plug, Goal::Off),
        }
    }

    pub(crate) fn cycle(&mut self, plug: &str) -> Result<()> {
        self.ask(plug, Goal::Cycle).map_err(|problem| {
            // The host does not retry a cycle. If the request was not sent, the cycle has failed for certain.
            let is_sent = self.order_of(plug).is_some_and(|(_, asked)| asked != Asked::NotYet);
            if errors::leaves_doubt(&problem) && !is_sent {
                return Error::task_failed(format!("no reboot of {plug} was requested: {}", problem.text()));
            }
            problem
        })
    }

    pub(crate) fn is_cycled(&mut self, plug: &str) -> Result<bool> {
        match self.order_of(plug) {
            None | Some((_, Asked::NotYet)) => Ok(false),
            Some((_, Asked::Doubt)) if !self.find(plug)? => Ok(false),
            Some(_) => self.is_over(plug),
        }
    }

    /// The error of `list`, which this API does not support.
    pub(crate) fn list(&self) -> Error {
        cannot("list")
    }

    pub(crate) fn close(&mut self) {
        if let Err(problem) = self.act("logout", &[]) {
            log::debug(format!("log out: {}", problem.text()));
        }
    }

    fn order_of(&self, plug: &str) -> Option<(Goal, Asked)> {
        let order = self.order.as_ref().filter(|order| order.plug == plug)?;
        Some((order.goal, order.asked))
    }

    /// Sets the boot entry, then requests the reboot.
    fn ask(&mut self, plug: &str, goal: Goal) -> Result<()> {
        match self.order_of(plug) {
            Some((own, Asked::Yes)) if own == goal => return Ok(()),
            Some((own, Asked::Doubt)) if own == goal && self.find(plug)? => return Ok(()),
            Some((own, _)) if own == goal => {}
            _ => {
                let before = self.window(plug)?.map(|look| look.window);
                self.order = Some(Order {
                    plug: plug.to_owned(),
                    goal,
                    before,
                    asked: Asked::NotYet,
                    seen: None,
                });
            }
        }
        let boot = match goal {
            Goal::Off => self.rescue_boot,
            Goal::On | Goal::Cycle => self.on_boot,
        };
        let (id, email) = (boot.to_string(), self.email.clone());
        let netboot = [("hostname", plug), ("id", &*id), ("root", ""), ("rescueEmail", &*email)];
        self.act("dedicatedNetbootModifyById", &netboot)?;
        let reboot = [
            ("hostname", plug),
            ("reason", REASON),
            ("email", ""),
            ("emailLanguage", "en"),
        ];
        let outcome = self.act("dedicatedHardRebootDo", &reboot);
        if let Some(order) = &mut self.order {
            match &outcome {
                Ok(()) => order.asked = Asked::Yes,
                Err(problem) if errors::leaves_doubt(problem) => order.asked = Asked::Doubt,
                Err(_) => {}
            }
        }
        outcome
    }

    /// Whether a window has appeared that is newer than the request.
    fn find(&mut self, plug: &str) -> Result<bool> {
        self.follow(plug)?;
        let Some(order) = &mut self.order else {
            return Ok(false);
        };
        if order.seen.is_some() {
            order.asked = Asked::Yes;
        }
        Ok(order.seen.is_some())
    }

    /// Whether the window of the request has passed.
    fn is_over(&mut self, plug: &str) -> Result<bool> {
        let Some(now) = self.follow(plug)? else {
            return Ok(false);
        };
        let seen = self.order.as_ref().and_then(|order| order.seen.as_ref());
        Ok(seen.is_some_and(|seen| seen.is_over(&now)))
    }

    /// Reads the window, and records when a new one was first seen.
    fn follow(&mut self, plug: &str) -> Result<Option<Sample>> {
        let look = self.window(plug)?;
        let (Some(look), Some(order)) = (look, &mut self.order) else {
            return Ok(None);
        };
        if !look.is_after(order.before.as_ref()) {
            return Ok(None);
        }
        if order.seen.as_ref().is_none_or(|seen| seen.window != look.window) {
            log::info(format!("{plug}: {}", look.window.line()));
            order.seen = Some(look.clone());
        }
        Ok(Some(look))
    }

    /// The window of the last reboot; `None` if the server was never rebooted.
    fn window(&self, plug: &str) -> Result<Option<Sample>> {
        let method = "dedicatedHardRebootStatus";
        let parameters = [("session", &*self.session), ("hostname", plug)];
        match call(method, &parameters, &self.session)? {
            Ok(reply) => Sample::of(&reply).map(Some),
            Err(refused) if refused.is_absence() => Ok(None),
            // Do not treat this as "none": an old window would then look like a new one.
            Err(refused) => Err(Error::unexpected(format!("{method}: {}", refused.text()))),
        }
    }

    /// A call that returns nothing.
    fn act(&self, method: &str, parameters: &[(&str, &str)]) -> Result<()> {
        let mut all = vec![("session", &*self.session)];
        all.extend(parameters);
        call(method, &all, &self.session)?
            .map(drop)
            .map_err(|refused| refusal(method, &refused))
    }
}

fn refusal(method: &str, refused: &Refused) -> Error {
    let text = format!("{method}: {}", refused.text());
    if refused.is_pending() {
        Error::busy(text, Some(PENDING_PAUSE))
    } else {
        Error::task_failed(text)
    }
}

fn cannot(action: &str) -> Error {
    Error::invalid_option(
        "action",
        format!(
            "{action} is not possible with username and password: the old SOAP API reports neither power nor names; \
             use application_key, application_secret and consumer_key"
        ),
    )
}
