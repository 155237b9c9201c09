//! Every fault of the simulated OVHcloud with every action on every kind of
//! service: nothing that goes wrong may end in "done" while the machine is on.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

mod support;

use fencebox_tests::fault::Plan;
use fencebox_tests::machine::{Machine, Power};
use fencebox_tests::ovh::{self, CLOUD, DEDICATED, RESCUE, Server, Settings, VPS};
use fencebox_tests::server::{Config, Simulator};
use support::matrix::{Judge, play_all};
use support::{Outcome, call_virtually};

const SECRETS: [&str; 4] = [
    "simAS0123456789abcdef",
    "simCK0123456789abcdef",
    "oauth-s3cret",
    "soap-s3cret",
];
const KEYS: &str = "application_key=simAK0123456789\napplication_secret=simAS0123456789abcdef\n\
                    consumer_key=simCK0123456789abcdef\n";

/// One kind of service, and how its machine is switched off.
#[derive(Debug)]
struct Service {
    plug: &'static str,
    options: &'static str,
    /// What is off for certain.
    is_off: fn(&Power) -> bool,
    steps: &'static [&'static str],
}

fn is_dark(power: &Power) -> bool {
    *power == Power::Off
}

/// Rescue mode: the server does not run its own system.
fn is_dark_or_rescued(power: &Power) -> bool {
    is_dark(power) || *power == Power::Other(RESCUE.to_owned())
}

const POWER: Service = Service {
    plug: "ns1234567.ip-192-0-2.eu",
    options: "off_mode=power\n",
    is_off: is_dark,
    steps: DEDICATED,
};
const RESCUED: Service = Service {
    options: "off_mode=rescue\n",
    is_off: is_dark_or_rescued,
    ..POWER
};
const PRIVATE: Service = Service {
    plug: "vps-1a2b3c4d.vps.ovh.net",
    options: "",
    is_off: is_dark,
    steps: VPS,
};
const PUBLIC: Service = Service {
    plug: "1c9f5f2e-0000-4000-8000-000000000001",
    options: "project=0123456789abcdef0123456789abcdef\n",
    is_off: is_dark,
    steps: CLOUD,
};

fn settings(power: &Power) -> Settings {
    Settings {
        client_secret: "oauth-s3cret".to_owned(),
        password: "soap-s3cret".to_owned(),
        // The agent's clock is virtual, and runs ahead of the server's.
        time_window: u64::from(u32::MAX),
        servers: vec![
            Server::new(POWER.plug, power.clone()),
            Server::new("ns2.ip-192-0-2.eu", Power::Off),
        ],
        vps: vec![
            Machine::new(PRIVATE.plug, power.clone()),
            Machine::new("vps-2.vps.ovh.net", Power::Off),
        ],
        instances: vec![
            Machine::new(PUBLIC.plug, power.clone()).named("db1"),
            Machine::new("1c9f5f2e-0000-4000-8000-000000000002", Power::Off).named("db2"),
        ],
        lag: 1,
        boot_lag: 1,
        task_polls: 1,
        dark_reads: 1,
        ..Settings::default()
    }
}

fn start(settings: Settings, faults: Vec<Plan>) -> Simulator {
    Simulator::start(Config {
        faults,
        ..settings.config()
    })
    .unwrap()
}

fn simulator(power: &Power, faults: Vec<Plan>) -> Simulator {
    start(settings(power), faults)
}

fn fence(simulator: &Simulator, service: &Service, action: &str, more: &str) -> Outcome {
    let stdin = format!(
        "action={action}\n{more}{}plug={}\napi_url={}/1.0\npower_timeout=12\nlogin_timeout=1\nshell_timeout=1\n",
        service.options,
        service.plug,
        simulator.url()
    );
    call_virtually("fence_ovh", &stdin)
}

fn judge(simulator: &Simulator, service: &Service, action: &str, mark: usize, outcome: &Outcome) -> Result<(), String> {
    let judge = Judge {
        agent: "fence_ovh",
        action,
        is_off: service.is_off,
        secrets: &SECRETS,
    };
    let verdict = judge.judge(&simulator.machine(service.plug).unwrap(), mark, outcome);
    verdict.map_err(|reason| format!("{reason}: {outcome:?}"))
}

/// Plays every fault of the service's steps with every one of these actions,
/// methods and powers before.
fn play(service: &Service, login: &str, plans: Vec<Plan>, actions: &[(&'static str, &'static str, Power)]) {
    let cases: Vec<_> = plans
        .iter()
        .flat_map(|plan| {
            actions
                .iter()
                .map(move |action| (plan.to_string(), plan.clone(), action))
        })
        .collect();
    let cases: Vec<_> = cases
        .into_iter()
        .filter(|(plan, _, action)| !is_a_lie(plan, action.1))
        .collect();
    assert!(cases.len() > 50, "only {} cases", cases.len());
    play_all(cases, |(_, plan, (action, method, power))| {
        let simulator = simulator(power, vec![plan.clone()]);
        let mark = simulator.machine(service.plug).unwrap().mark();
        let outcome = fence(&simulator, service, action, &format!("{login}method={method}\n"));
        judge(&simulator, service, action, mark, &outcome)
    });
}

/// Where the device says of a power cycle that it is complete, and nothing was
/// done: it shows no power in between that could give the lie away.
fn is_a_lie(plan: &str, method: &str) -> bool {
    let lies = [
        "reboot=no-effect",
        "operation=no-effect",
        "instance-operation=states:todo,doing,error",
    ];
    method == "cycle" && lies.iter().any(|lie| plan.ends_with(lie))
}

/// The actions whose success is about power.
fn actions() -> Vec<(&'static str, &'static str, Power)> {
    vec![
        ("off", "onoff", Power::On),
        ("reboot", "onoff", Power::On),
        ("reboot", "cycle", Power::On),
        ("status", "onoff", Power::On),
    ]
}

#[test]
fn a_dedicated_server() {
    play(&POWER, KEYS, ovh::faults_at(POWER.steps), &actions());
}

#[test]
fn a_dedicated_server_that_offers_rescue_mode() {
    let mut plans = ovh::faults_at(RESCUED.steps);
    // The service shows a server that was never rebooted as it shows one in rescue: nobody can tell.
    plans.retain(|plan| !plan.to_string().ends_with("reboot=no-effect"));
    play(&RESCUED, KEYS, plans, &actions()[..2]);
}

#[test]
fn a_virtual_private_server() {
    play(&PRIVATE, KEYS, ovh::faults_at(PRIVATE.steps), &actions());
}

#[test]
fn an_instance_of_the_public_cloud() {
    play(&PUBLIC, KEYS, ovh::faults_at(PUBLIC.steps), &actions());
}

#[test]
fn a_service_account() {
    let login = |simulator: &Simulator| {
        format!(
            "client_id=EU.simulated\nclient_secret=oauth-s3cret\ntoken_url={}/auth/oauth2/token\n",
            simulator.url()
        )
    };
    play_all(ovh::faults_at(&["token"]), |plan| {
        let simulator = simulator(&Power::On, vec![plan.clone()]);
        let mark = simulator.machine(PRIVATE.plug).unwrap().mark();
        let outcome = fence(&simulator, &PRIVATE, "off", &login(&simulator));
        judge(&simulator, &PRIVATE, "off", mark, &outcome)
    });
}

#[test]
fn the_old_line() {
    let steps = [
        "soap-login",
        "soap-netboot",
        "soap-reboot",
        "soap-status",
        "soap-logout",
    ];
    let mut plans = ovh::faults_at(&steps);
    assert!(plans.len() > 50, "only {} plans", plans.len());
    // It tells no power, only when a reboot was: one that did nothing looks like any other.
    plans.retain(|plan| !plan.to_string().contains("=no-effect"));
    play_all(plans, |plan| {
        // What it says of the time of a reboot has to be true: nothing else tells when the server is down.
        let settings = Settings {
            lag: 0,
            boot_lag: 0,
            task_polls: 0,
            reboot_seconds: 0,
            ..settings(&Power::On)
        };
        let simulator = start(settings, vec![plan.clone()]);
        let mark = simulator.machine(RESCUED.plug).unwrap().mark();
        let stdin = format!(
            "action=off\nlogin=ab12345-ovh\npasswd=soap-s3cret\nplug={}\napi_url={}/soapi\npower_timeout=12\n\
             login_timeout=1\nshell_timeout=1\n",
            RESCUED.plug,
            simulator.url()
        );
        let outcome = call_virtually("fence_ovh", &stdin);
        judge(&simulator, &RESCUED, "off", mark, &outcome)
    });
}

/// Faults that pass: a fence agent that gives up on them leaves the cluster
/// without fencing for no reason.
#[test]
fn what_passes_is_survived() {
    let plans = [
        "time*1=drop-before",
        "time*1=html",
        "server*2=unavailable",
        "server#3*2=html",
        "put*1=drop-before",
        "put*1=drop-after",
        "put*1=gateway-timeout-after",
        "reboot*1=drop-before",
        "reboot*1=drop-after",
        "reboot*1=gateway-timeout-after",
        "reboot*1=retry-after:2",
        "task*1=missing",
        "task*2=html",
    ];
    for plan in plans {
        let simulator = simulator(&Power::On, vec![ovh::plan(plan).unwrap()]);
        let mark = simulator.machine(POWER.plug).unwrap().mark();
        let outcome = fence(&simulator, &POWER, "off", KEYS);
        assert_eq!(outcome.exit, Some(0), "{plan}: {outcome:?}");
        judge(&simulator, &POWER, "off", mark, &outcome).unwrap();
        let machine = simulator.machine(POWER.plug).unwrap();
        assert_eq!(machine.operations().len(), 1, "{plan}: rebooted more than once");
    }
}
