//! A plugin with the device of its author, or with recordings, as a device of the fault injection.

use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context, ensure};
use fencebox_trial::{Device, Fault, Outcome, Run, Truth};

use super::Conversation;
use super::attempt::Attempt;
use super::faulty::{Conduct, Faulty};
use super::kind::Kind;
use super::recorded::{Switch, switches};
use super::scene::{Scene, Source};
use crate::agent::audit::Audit;
use crate::agent::clock::Clock;
use crate::agent::description::Operations;
use crate::agent::device::PowerTarget;
use crate::agent::log::Log;
use crate::agent::system_clock::SystemClock;
use crate::agent::virtual_clock::VirtualClock;
use crate::plugin::{Declared, Plugin, Seam};
use crate::trace::{CALL, RecordedDevice, Trace};

/// A plugin file.
pub(super) struct Subject {
    /// The agent that the file is named after.
    pub(super) name: String,
    plugin: Arc<Plugin>,
    /// The plugin has sockets of its own. The host cannot wait for them on virtual time.
    has_sockets: bool,
}

/// What an agent writes to its log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Subject {
    /// One run, with a log of its own, and on virtual time if that is possible.
    pub(super) fn attempt(&self) -> Attempt {
        self.attempt_with(Lines::default())
    }

    fn attempt_with(&self, lines: Lines) -> Attempt {
        let log = Arc::new(Log::new(Box::new(lines)));
        log.set_agent(&self.name);
        Attempt {
            name: self.name.clone(),
            plugin: self.plugin.clone(),
            log,
            clock: if self.has_sockets {
                Arc::new(SystemClock::start()) as Arc<dyn Clock>
            } else {
                Arc::new(VirtualClock::default())
            },
            audit: Audit::disabled(),
        }
    }
}

/// The plugin in a trial.
pub struct PluginDevice {
    subject: Subject,
    operations: Operations,
    /// The options of the author's device; empty if there are only recordings.
    options: BTreeMap<String, String>,
    conversations: Vec<Conversation>,
    /// Why the author's device cannot be used any more.
    lost: OnceLock<String>,
    /// What switches the machine in each scene without a fault, by its name.
    switches: Mutex<BTreeMap<String, Vec<Switch>>>,
}

impl PluginDevice {
    /// The plugin of `attempt`, as it describes itself, with the device of these options, and with these recordings.
    ///
    /// # Errors
    /// If the plugin departs from a recording, or a recording cannot be read.
    pub fn new(
        attempt: &Attempt,
        declared: &Declared,
        options: BTreeMap<String, String>,
        recordings: &[impl AsRef<Path>],
    ) -> anyhow::Result<Self> {
        let subject = Subject {
            name: attempt.name.clone(),
            plugin: attempt.plugin.clone(),
            has_sockets: declared.sockets.iter().next().is_some(),
        };
        let mut conversations = Vec::new();
        for path in recordings {
            let path = path.as_ref();
            let named = || path.display().to_string();
            let source = std::fs::File::open(path).with_context(named)?;
            let trace = Trace::read(BufReader::new(source)).with_context(named)?;
            conversations.push(Conversation::new(path, trace, &subject)?);
        }
        Ok(Self {
            subject,
            operations: declared.description.operations,
            options,
            conversations,
            lost: OnceLock::new(),
            switches: Mutex::default(),
        })
    }

    /// One run with these options, without a fault.
    ///
    /// # Errors
    /// If the plugin has no agent.
    pub fn call(&self, options: &BTreeMap<String, String>) -> anyhow::Result<Outcome> {
        self.run_with(options, None)
    }

    /// The options of the device, or of the first recording.
    pub fn options(&self) -> Option<&BTreeMap<String, String>> {
        let recorded = self.conversations.first().map(|first| &first.trace.header.options);
        Some(&self.options).filter(|options| !options.is_empty()).or(recorded)
    }

    fn run_with(&self, options: &BTreeMap<String, String>, seam: Option<Arc<dyn Seam>>) -> anyhow::Result<Outcome> {
        let lines = Lines::default();
        let outcome = self.subject.attempt_with(lines.clone()).run(options, seam, false)?;
        Ok(Outcome {
            exit: Some(i32::from(outcome.exit.code())),
            stdout: outcome.stdout,
            stderr: lines.text(),
        })
    }

    fn with_action(&self, action: &str) -> BTreeMap<String, String> {
        let mut options = self.options.clone();
        options.insert("action".to_owned(), action.to_owned());
        options
    }

    /// Whether the plug of the author's device is off.
    fn is_off(&self) -> anyhow::Result<bool> {
        if let Some(lost) = self.lost.get() {
            anyhow::bail!("{lost}");
        }
        let outcome = self.call(&self.with_action("status"))?;
        match outcome.exit {
            Some(0) => Ok(false),
            Some(2) => Ok(true),
            _ => {
                // A device that hangs would cost a timeout in each of the runs that are left.
                let lost = format!("`status` without a fault fails: {}", last_line(&outcome));
                anyhow::bail!("{}", self.lost.get_or_init(|| lost))
            }
        }
    }

    fn run_device(&self, scene: &Scene, is_off: bool, faults: &[String]) -> anyhow::Result<Run> {
        if self.is_off()? != is_off {
            let action = if is_off { "off" } else { "on" };
            let outcome = self.call(&self.with_action(action))?;
            ensure!(
                outcome.exit == Some(0),
                "`{action}` without a fault fails: {}",
                last_line(&outcome)
            );
        }
        let mut options = self.with_action(&scene.action);
        if scene.is_cycle {
            options.insert("method".to_owned(), "cycle".to_owned());
        }
        let faulty = Arc::new(Faulty::new(None, faults)?);
        let outcome = self.run_with(&options, Some(faulty.clone() as Arc<dyn Seam>))?;
        let conduct = faulty.conduct();
        // What is sent by sockets is not seen, so between off and on again the machine may have been off.
        let is_unseen = self.subject.has_sockets && conduct.steps.is_empty();
        let switched_off = self.was_switched_off(scene, faults, &conduct) || (is_unseen && scene.action == "reboot");
        let off = self.is_off()?;
        Ok(Run {
            outcome,
            truth: Truth {
                off,
                was_off: off || is_off || switched_off,
                on: !off,
                history: history(is_off, &conduct, off),
                harm: None,
            },
            steps: conduct.steps,
        })
    }

    fn run_recorded(&self, scene: &Scene, index: usize, faults: &[String]) -> anyhow::Result<Run> {
        let conversation = self.conversations.get(index).context("no such recording")?;
        let lines = Lines::default();
        let attempt = self.subject.attempt_with(lines.clone());
        let steps: Vec<String> = conversation.switches.iter().map(|switch| switch.step.clone()).collect();
        let device = RecordedDevice::new(&conversation.trace, &steps, attempt.log.clone());
        let faulty = Arc::new(Faulty::new(Some(Arc::new(device)), faults)?);
        let options = &conversation.trace.header.options;
        let outcome = attempt.run(options, Some(faulty.clone() as Arc<dyn Seam>), false)?;
        let conduct = faulty.conduct();
        let was_off = match scene.action.as_str() {
            // Nothing switches the machine, so it is as the recording says.
            "status" => conversation.trace.end.exit == 2,
            _ => self.was_switched_off(scene, faults, &conduct) || conversation.began_off(),
        };
        let on_again = conduct
            .executed
            .iter()
            .any(|executed| executed.target == PowerTarget::On);
        let off = was_off && !on_again;
        Ok(Run {
            outcome: Outcome {
                exit: Some(i32::from(outcome.exit.code())),
                stdout: outcome.stdout,
                stderr: lines.text(),
            },
            truth: Truth {
                off,
                was_off,
                on: !off,
                history: history(false, &conduct, off),
                harm: None,
            },
            steps: conduct.steps,
        })
    }

    /// Whether the device executed what switches it off in a run without a fault.
    fn was_switched_off(&self, scene: &Scene, faults: &[String], conduct: &Conduct) -> bool {
        let mut all = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.is_empty() {
            all.insert(scene.to_string(), switches(conduct));
        }
        let known = all.get(&scene.to_string()).map_or(&[] as &[_], Vec::as_slice);
        conduct.executed.iter().any(|executed| {
            let same = |switch: &Switch| switch.target == executed.target && switch.step == executed.step;
            executed.target == PowerTarget::Off && known.iter().any(same)
        })
    }
}

/// The states of the machine, for the report.
fn history(before: bool, conduct: &Conduct, after: bool) -> String {
    let word = |off: bool| if off { "off" } else { "on" };
    let executed = conduct
        .executed
        .iter()
        .map(|executed| format!("{} executed", executed.step));
    let all = std::iter::once(word(before).to_owned()).chain(executed);
    all.chain([word(after).to_owned()]).collect::<Vec<_>>().join(", ")
}

/// The reason why an action failed.
pub(super) fn last_line(outcome: &Outcome) -> &str {
    outcome.stderr.lines().last().unwrap_or("without a message")
}

impl Device for PluginDevice {
    type Scene = Scene;

    fn name(&self) -> &str {
        &self.subject.name
    }

    fn agent(&self) -> &str {
        &self.subject.name
    }

    fn scenes(&self) -> Vec<Scene> {
        let recorded = self.conversations.iter().enumerate();
        let mut scenes: Vec<Scene> = recorded
            .map(|(index, conversation)| {
                let exit = conversation.trace.end.exit;
                let succeeded = exit == 0 || (exit == 2 && conversation.action() == "status");
                let source = Source::Recording(index, conversation.name.clone(), succeeded);
                Scene::of_device(conversation.action(), source)
            })
            .collect();
        if self.options.is_empty() {
            return scenes;
        }
        let operations = self.operations;
        let on = |action| Scene::of_device(action, Source::On);
        let mut add = |possible: bool, scene: Scene| scenes.extend(possible.then_some(scene));
        add(!operations.no_off, on("off"));
        add(
            !operations.no_off && !operations.no_on && !operations.no_reboot,
            on("reboot"),
        );
        add(operations.cycle && !operations.no_reboot, on("reboot").cycling());
        add(
            !operations.no_on && !operations.no_off,
            Scene::of_device("on", Source::Off),
        );
        add(!operations.no_status, on("status"));
        add(
            !operations.no_status && !operations.no_off,
            Scene::of_device("status", Source::Off),
        );
        add(true, on("monitor"));
        add(operations.list_plugs, on("list"));
        scenes
    }

    fn faults(&self, _: &Scene, steps: &[String]) -> Vec<Fault> {
        let mut unique: Vec<&String> = Vec::new();
        for step in steps {
            if !unique.contains(&step) {
                unique.push(step);
            }
        }
        let of_step = |step: &String| {
            let kinds = Kind::names(step.starts_with(CALL));
            let fault = |kind: &str| Fault {
                step: step.clone(),
                kind: kind.to_owned(),
                everywhere: true,
                heavy: false,
            };
            kinds.map(fault).collect::<Vec<_>>()
        };
        unique.into_iter().flat_map(of_step).collect()
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    fn run(&self, scene: &Scene, faults: &[String]) -> anyhow::Result<Run> {
        match scene.source {
            Source::On => self.run_device(scene, false, faults),
            Source::Off => self.run_device(scene, true, faults),
            Source::Recording(index, ..) => self.run_recorded(scene, index, faults),
        }
    }
}
