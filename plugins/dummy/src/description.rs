//! The description of the agent under each of its names.
//!
//! `fence_dummy` documents the options of `fence_dummy` from fence-agents
//! 4.12.1. It also accepts later options and those of Pacemaker's tests, but
//! leaves them out of the metadata. The other names document them.

use fencebox_sdk::prelude::*;

const NAME: &str = "fence_dummy";
const RECORDER: &str = "fence_dummy_recorder";
const NO_NODEID: &str = "fence_dummy_no_nodeid";

/// The names for Pacemaker's tests: name, description, and special operations.
const REHEARSALS: [(&str, &str, Operations); 5] = [
    (
        "fence_dummy_on_target",
        "Fence agent for tests: on runs on the node that it switches on",
        Operations::ON_TARGET,
    ),
    (
        "fence_dummy_auto_unfence",
        "Fence agent for tests: a node is switched on when it joins",
        Operations::AUTOMATIC_ON,
    ),
    (
        "fence_dummy_no_reboot",
        "Fence agent for tests: the device cannot reboot",
        Operations::NO_REBOOT.union(Operations::ON_TARGET),
    ),
    (
        "fence_dummy_no_on",
        "Fence agent for tests: the device cannot switch on",
        Operations::NO_ON,
    ),
    (
        NO_NODEID,
        "Fence agent for tests: it has no option nodeid",
        Operations::ON_TARGET,
    ),
];

/// The agent with this name; an unknown name gives `fence_dummy`.
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
            "Does not fence anything; for tests of clusters and of fencebox. The power status comes from a file \
             (type=file), is never the requested one (type=fail), or is off once another program confirms it \
             (type=recorder).",
        )
        .hidden_symlink(RECORDER, "Fence agent for tests: another program confirms each request");
    for (name, shortdesc, _) in REHEARSALS {
        agent = agent.hidden_symlink(name, shortdesc);
    }
    agent = with(agent, basics("file"));
    let later = recorder_parameters().into_iter().chain(rehearsal_parameters());
    let agent = with(agent, later.map(Parameter::hidden));
    with_files(agent)
}

fn recorder() -> Agent {
    let agent = blank(RECORDER, "Fence agent for tests: another program confirms each request").longdesc(
        "Does not fence anything itself. The actions off and reboot write a request, a JSON file, to one folder. They \
         wait until another program writes a response with the same file name to another folder.",
    );
    let agent = agent
        .options(["plug"])
        .operations(Operations::PLUG_OPTIONAL)
        .meaning("plug", "Node that the request names")
        .required("plug", false)
        // The host must poll for longer than `recorder_timeout`.
        .default("power_timeout", "65");
    with_files(with(with(agent, basics("recorder")), recorder_parameters()))
}

fn rehearsal(name: &str, shortdesc: &str, operations: Operations) -> Agent {
    let agent = blank(name, shortdesc)
        .longdesc(
            "Does not fence anything. Actions pass, fail, or do either at random, as Pacemaker's fencing tests \
             expect it. The action validate-all needs the option delay, with a value from 1 to 10.",
        )
        .options(["plug"])
        .operations(operations | Operations::LIST_PLUGS | Operations::PLUG_OPTIONAL | Operations::CHECK_OPTIONS)
        .parameter(random_sleep());
    let defaults = [("mode", "random"), ("monitor_mode", "pass")];
    // Pacemaker sends the node's id only to an agent that has the option.
    let known = rehearsal_parameters().into_iter();
    let known = known.filter(|parameter| name != NO_NODEID || parameter.name != "nodeid");
    let parameters = known.map(|parameter| {
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
        // A file is never out of date.
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
    Parameter::text("random_sleep_range").shortdesc("Maximum of a random delay before the action, in seconds")
}

fn basics(kind: &str) -> [Parameter; 3] {
    [
        Parameter::text("status_file")
            .shortdesc("File with the power status, on or off; a missing file means off")
            .default("/tmp/fence_dummy.status"),
        random_sleep(),
        Parameter::text("type")
            .shortdesc("Source of the power status: file, fail or recorder")
            .default(kind),
    ]
}

fn recorder_parameters() -> [Parameter; 5] {
    [
        Parameter::text("request_path")
            .shortdesc("Folder for request files (type=recorder)")
            .default("/var/run/fence_dummy/requests"),
        Parameter::text("response_path")
            .shortdesc("Folder for response files (type=recorder)")
            .default("/var/run/fence_dummy/responses"),
        Parameter::text("recorder_timeout")
            .shortdesc("Response timeout in seconds; less than power_timeout (type=recorder)")
            .default("60"),
        Parameter::text("recorder_poll_interval")
            .shortdesc("Minimum seconds between checks for a response (type=recorder)")
            .default("0.5"),
        Parameter::text("log_path")
            .shortdesc("Accepted and ignored; events go to the agent's own log (type=recorder)")
            .default("/var/log/cluster"),
    ]
}

fn rehearsal_parameters() -> [Parameter; 6] {
    [
        Parameter::text("mode").shortdesc("Result of all actions except monitor: pass, fail or random"),
        Parameter::text("monitor_mode").shortdesc("Result of the action monitor: pass, fail or random"),
        Parameter::text("mock_dynamic_hosts").shortdesc("Names that the action list prints; required for list"),
        Parameter::seconds("monitor_delay").shortdesc("Delay of the action monitor in seconds"),
        Parameter::seconds("off_delay").shortdesc("Additional delay of the action off in seconds"),
        Parameter::text("nodeid").shortdesc("Accepted and ignored"),
    ]
}
