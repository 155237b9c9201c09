//! Whether an agent on a virtual clock has nothing to do but wait. An answer can be on its way between the threads of the
//! agent after the kernel has delivered it, on a busy machine for any time, so the kernel is asked about the threads.

use fencebox_agent::virtual_clock::VirtualClock;

/// The beginning of the names of tokio's threads, which read the sockets of agents.
const WORKERS: &str = "tokio";

/// Whether the thread of the agent that waits on this clock sleeps, and tokio's threads too, and none of them ran between
/// two looks: each passes an answer on before it sleeps.
pub(crate) fn is_at_rest(clock: &VirtualClock) -> bool {
    let look = || sleeping(&clock.waiting_thread()?);
    let first = look();
    first.is_some() && first == look()
}

/// How often these threads of this process have run, by proc_pid_status(5). `None` if one of them is not asleep.
fn sleeping(agent: &str) -> Option<Vec<String>> {
    let mut counts = Vec::new();
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let Ok(status) = std::fs::read_to_string(thread.ok()?.path().join("status")) else {
            // The thread has just ended.
            continue;
        };
        let field = |name: &str| {
            let mut lines = status.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"))
        };
        if field("Pid") != Some(agent) && !field("Name").is_some_and(|name| name.starts_with(WORKERS)) {
            continue;
        }
        if !field("State")?.starts_with('S') {
            return None;
        }
        let times = [field("voluntary_ctxt_switches")?, field("nonvoluntary_ctxt_switches")?];
        counts.push(format!("{} {times:?}", field("Pid")?));
    }
    Some(counts)
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use fencebox_agent::clock::Clock as _;

    use super::*;

    #[test]
    fn an_agent_that_computes_is_not_at_rest() {
        let clock = Arc::new(VirtualClock::shared());
        assert!(!is_at_rest(&clock), "no agent waits");
        let (of_agent, (end, ended)) = (clock.clone(), channel::<()>());
        let (begin, begun) = channel();
        let agent = std::thread::spawn(move || {
            let _wait = of_agent.expiry(Duration::from_secs(1)).unwrap();
            begin.send(()).unwrap();
            while ended.try_recv().is_err() {
                std::hint::spin_loop();
            }
            begin.send(()).unwrap();
            ended.recv().unwrap();
        });
        begun.recv().unwrap();
        assert!(!is_at_rest(&clock), "it computes");
        end.send(()).unwrap();
        begun.recv().unwrap();
        while !is_at_rest(&clock) {
            std::thread::sleep(Duration::from_millis(1));
        }
        end.send(()).unwrap();
        agent.join().unwrap();
        assert!(!is_at_rest(&clock), "its wait has ended");
    }
}
