//! The common part of many scenes: a node is isolated, must die, start again and rejoin.

use anyhow::{Context as _, Result, ensure};

use super::{Cluster, Fenced};
use crate::lab::{Command, Event, Seen, What};

/// How long the cluster may take to detect, fence and report, in seconds: much longer than it needs, for busy machines.
const WAIT_LIMIT: u64 = 90;

/// A node was fenced and came back. All times are in seconds since it was isolated.
#[derive(Clone, Debug)]
pub struct Fencing {
    /// When it was dead.
    pub dead: f64,
    /// When Pacemaker reported that it was fenced.
    pub fenced: f64,
    /// When it was switched on again.
    pub booted: f64,
    /// When all nodes saw each other again. The lab delays this until Pacemaker reports the fencing.
    pub whole: f64,
    /// The requests to the pool in this time.
    pub requests: Vec<Seen>,
    /// The operations on it that took effect in this time: those of the pool, of the hypervisor, and of its BMC.
    pub operations: [Vec<String>; 3],
}

impl Fencing {
    /// The requests of a method that no fault applied to, by the address of the member that received them.
    pub(super) fn asked(&self, method: &str) -> Vec<&str> {
        let asked = self
            .requests
            .iter()
            .filter(|seen| seen.method == method && seen.fault.is_none());
        asked.map(|seen| seen.at.as_str()).collect()
    }
}

impl Cluster {
    /// Isolates a node from the network and checks that it, and only it, is fenced once.
    ///
    /// # Errors
    /// If something else happens.
    pub fn cut(&mut self, victim: &str) -> Result<Fencing> {
        let watched = Watched::new(self, victim, What::Killed)?;
        self.tell::<()>(&Command::Cut(victim.to_owned()))?;
        watched.see(self, |cluster| cluster.tell(&Command::Plug(victim.to_owned())))
    }
}

/// The state of a node before its end.
pub(super) struct Watched {
    victim: String,
    /// How it must end.
    end: What,
    witness: String,
    before: Before,
}

struct Before {
    now: f64,
    init: u32,
    history: Vec<Fenced>,
    requests: usize,
    operations: [Vec<String>; 3],
}

impl Watched {
    /// Watches a node that must end in this way.
    pub(super) fn new(cluster: &mut Cluster, victim: &str, end: What) -> Result<Watched> {
        let witness = cluster.another(&[victim])?;
        let history = cluster.history(&witness, victim)?;
        cluster.tell::<()>(&Command::Hold(victim.to_owned(), true))?;
        let requests = cluster.tell::<Vec<Seen>>(&Command::Requests(0))?.len();
        let mut truth = cluster.truth()?;
        let before = Before {
            now: truth.now,
            init: *truth.running.get(victim).context("it is off")?,
            history,
            requests,
            operations: truth.operations.remove(victim).unwrap_or_default(),
        };
        Ok(Watched {
            victim: victim.to_owned(),
            end,
            witness,
            before,
        })
    }

    /// Waits until it is fenced. When it is dead, `heal` repairs the reason why the others fence it.
    pub(super) fn see(&self, cluster: &mut Cluster, heal: impl FnOnce(&mut Cluster) -> Result<()>) -> Result<Fencing> {
        let victim = &self.victim;
        let end = self.wait_for(cluster, self.end)?;
        heal(cluster)?;
        let told = cluster.wait(
            &format!("{victim} fenced in the history of {}", self.witness),
            WAIT_LIMIT,
            |cluster| {
                let mut new = cluster.history(&self.witness, victim)?;
                new.retain(|fenced| fenced.status == "success" && !self.before.history.contains(fenced));
                Ok(new.pop())
            },
        )?;
        let fenced = cluster.truth()?.now;
        let booted = self.wait_for(cluster, What::Booted)?;
        cluster.tell::<()>(&Command::Hold(victim.clone(), false))?;
        cluster.wait_until_whole()?;
        self.judge(cluster, &told)?;
        let truth = cluster.truth()?;
        let after = truth.operations.get(victim).context("no operations")?;
        let operations = [0, 1, 2].map(|by: usize| {
            let (before, after) = (&self.before.operations, after);
            let skip = before.get(by).map_or(0, Vec::len);
            after.get(by).into_iter().flatten().skip(skip).cloned().collect()
        });
        let cut = self.before.now;
        Ok(Fencing {
            dead: end.at - cut,
            fenced: fenced - cut,
            booted: booted.at - cut,
            whole: truth.now - cut,
            requests: cluster.tell(&Command::Requests(self.before.requests))?,
            operations,
        })
    }

    fn wait_for(&self, cluster: &mut Cluster, what: What) -> Result<Event> {
        cluster.wait(&format!("{} {what:?}", self.victim), WAIT_LIMIT, |cluster| {
            let events = self.events(cluster)?;
            Ok(events
                .into_iter()
                .find(|event| event.what == what && event.node == self.victim))
        })
    }

    /// The events since then.
    fn events(&self, cluster: &mut Cluster) -> Result<Vec<Event>> {
        let mut events = cluster.truth()?.events;
        events.retain(|event| event.at > self.before.now);
        Ok(events)
    }

    /// Checks that only this node died, once, that it started again, and that another node fenced it for the cluster.
    fn judge(&self, cluster: &mut Cluster, fenced: &Fenced) -> Result<()> {
        let victim = &self.victim;
        let events = self.events(cluster)?;
        let ends = events
            .iter()
            .filter(|event| matches!(event.what, What::Killed | What::Ended));
        let ends: Vec<_> = ends.map(|event| (event.node.as_str(), event.what)).collect();
        ensure!(
            ends == [(victim.as_str(), self.end)],
            "{ends:?}: not only {victim} ended, {:?}\n{}",
            self.end,
            cluster.story()
        );
        let truth = cluster.truth()?;
        ensure!(
            truth.running.get(victim).is_some_and(|init| *init != self.before.init),
            "{victim} was not started again"
        );
        let by = fenced.by.as_deref().unwrap_or_default();
        ensure!(by.starts_with("node") && by != victim, "fenced by {by:?}: {fenced:?}");
        Ok(())
    }
}
