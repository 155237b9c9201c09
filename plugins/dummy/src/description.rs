//! What the agent is under each of its names.
//!
//! `fence_dummy` documents what that of fence-agents 4.12.1 has. What came
//! later, and what Pacemaker's tests want, it accepts without a word in
//! metadata; under the other names it is documented.

use fencebox_sdk::prelude::*;

const NAME: &str = "fence_dummy";
const RECORDER: &str = "fence_dummy_recorder";

/// The names that rehearse, with what is particular to each.
const REHEARSALS: [(&str, &str, Operations); 4] = [
    (
        "fence_dummy_on_target",
        "Rehearsal of a device that a node switches on itself",
        Operations::ON_TARGET,
    ),
    (
        "fence_dummy_auto_unfence",
        "Rehearsal of a device that is switched on when its node joins",
        Operations::AUTOMATIC_ON,
    ),
    (
        "fence_dummy_no_reboot",
        "Rehearsal of a device that cannot reboot",
        Operations::NO_REBOOT.union(Operations::ON_TARGET),
    ),
    (
        "fence_dummy_no_on",
        "Rehearsal of a device that cannot switch on",
        Operations::NO_ON,
    ),
];

/// The agent of this name; any unknown one is `fence_dummy`.
pub(crate) fn of(name: &str) -> Agent {
    if name == RECORDER {
        return recorder();
    }
    match REHEARSALS.iter().find(|(known, ..)| *known == name) {
        Some((name, shortdesc, operations)) => rehearsal(name, shortdesc, *operations),
        None => dummy(),
    }
}

fn dummy() -> Agent {
    let mut agent = blank(NAME, "Fence agent for tests, without a device")
        .longdesc(
            "Fences nothing: for tests of clusters and of fencebox. Its power is what a file says (type=file), or \
             never what was asked for (type=fail), or what another program confirms (type=recorder).",
        )
        .hidden_symlink(RECORDER, "Fencing that another program confirms, for tests");
    for (name, shortdesc, _) in REHEARSALS {
        agent = agent.hidden_symlink(name, shortdesc);
    }
    agent = with(agent, basics("file"));
    let later = recorder_parameters().into_iter().chain(rehearsal_parameters());
    let agent = with(agent, later.map(Parameter::hidden));
    with_files(agent)
}

fn recorder() -> Agent {
    let agent = blank(RECORDER, "Fencing that another program confirms, for tests").longdesc(
        "Fences nothing itself: off and reboot write a request, a JSON file, into one folder, and wait for the response \
         of another program, a file of the same name, in another folder.",
    );
    let agent = agent
        .options(["plug"])
        .operations(Operations::PLUG_OPTIONAL)
        .meaning("plug", "Node that the request names")
        .required("plug", false)
        // The host has to poll for longer than the other program may take.
        .default("power_timeout", "65");
    with_files(with(with(agent, basics("recorder")), recorder_parameters()))
}

fn rehearsal(name: &str, shortdesc: &str, operations: Operations) -> Agent {
    let agent = blank(name, shortdesc)
        .longdesc(
            "Fences nothing: actions pass, fail, or do either by rng, as Pacemaker's tests of its fencer expect of \
             their dummy.",
        )
        .options(["plug"])
        .operations(operations | Operations::LIST_PLUGS | Operations::PLUG_OPTIONAL)
        .parameter(random_sleep());
    let defaults = [("mode", "random"), ("monitor_mode", "pass")];
    let parameters = rehearsal_parameters().into_iter().map(|parameter| {
        let default = defaults.iter().find(|(name, _)| *name == parameter.name);
        match default {
            Some((_, default)) => parameter.default(*default),
            None => parameter,
        }
    });
    with(agent, parameters)
}

fn blank(name: &str, shortdesc: &str) -> Agent {
    Agent::new(name, shortdesc)
        .vendor_url("https://github.com/ClusterLabs/fence-agents")
        .operations(Operations::LOGIN_OPTIONAL | Operations::PASSWORD_OPTIONAL)
        // A file has no lag.
        .operations(Operations::SETTLED_STATUS)
}

fn with(agent: Agent, parameters: impl IntoIterator<Item = Parameter>) -> Agent {
    parameters.into_iter().fold(agent, Agent::parameter)
}

fn with_files(agent: Agent) -> Agent {
    agent
        .file("status_file", FileKind::File, FileAccess::Write)
        .file("request_path", FileKind::Folder, FileAccess::Write)
        .file("response_path", FileKind::Folder, FileAccess::Read)
}

fn random_sleep() -> Parameter {
    Parameter::text("random_sleep_range").shortdesc("Sleep at random, from 1 to so many seconds, before acting")
}

fn basics(kind: &str) -> [Parameter; 3] {
    [
        Parameter::text("status_file")
            .shortdesc("File that holds the power status: on or off; without it the power is off")
            .default("/tmp/fence_dummy.status"),
        random_sleep(),
        Parameter::text("type")
            .shortdesc("What the power comes from: file, fail or recorder")
            .default(kind),
    ]
}

fn recorder_parameters() -> [Parameter; 5] {
    [
        Parameter::text("request_path")
            .shortdesc("Folder into which requests are written (type=recorder)")
            .default("/var/run/fence_dummy/requests"),
        Parameter::text("response_path")
            .shortdesc("Folder in which responses are looked for (type=recorder)")
            .default("/var/run/fence_dummy/responses"),
        Parameter::text("recorder_timeout")
            .shortdesc("Longest wait for a response in seconds; power_timeout has to be longer (type=recorder)")
            .default("60"),
        Parameter::text("recorder_poll_interval")
            .shortdesc("Shortest time between two looks for a response in seconds (type=recorder)")
            .default("0.5"),
        Parameter::text("log_path")
            .shortdesc("Accepted and not used: events are in the agent's own log (type=recorder)")
            .default("/var/log/cluster"),
    ]
}

fn rehearsal_parameters() -> [Parameter; 6] {
    [
        Parameter::text("mode").shortdesc("Whether actions pass, fail, or do either at random: pass, fail or random"),
        Parameter::text("monitor_mode").shortdesc("The same for the action monitor"),
        Parameter::text("mock_dynamic_hosts").shortdesc("Names that the action list prints; without them it fails"),
        Parameter::seconds("monitor_delay").shortdesc("Wait so many seconds before the action monitor ends"),
        Parameter::seconds("off_delay").shortdesc("Wait so many seconds more before the action off"),
        Parameter::text("nodeid").shortdesc("Accepted and not used"),
    ]
}
