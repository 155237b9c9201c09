//! Replicas that are out of sync, and records that contradict themselves.

use fencebox_sim::clc;
use fencebox_sim::machine::{Machine, Old, Power};
use fencebox_sim::server::Simulator;
use fencebox_sim::xenapi::{self, Vm};

use crate::support::{Outcome, call, call_virtually};

const SERVER: &str = "WA1ACMEDB01";
const VM: &str = "c0ffee00-0000-4000-8000-000000000001";

/// A cloud with one running server. One replica of its API still shows the server before its last start, and reads
/// alternate between the replicas.
fn out_of_step() -> Simulator {
    let machine = Machine::new(SERVER, Power::On).replicated(Power::Off, Old::Reads(Old::order("fs")));
    let cloud = Simulator::start(
        clc::Settings {
            machines: vec![machine],
            ..clc::Settings::default()
        }
        .config(),
    )
    .unwrap();
    // The request is accepted, has no task to follow and has no effect.
    cloud.add_fault(clc::plan("operation=no-effect").unwrap());
    cloud.add_fault(clc::plan("task=missing").unwrap());
    cloud
}

fn fence_clc(cloud: &Simulator, action: &str, run: fn(&str, &str) -> Outcome) -> Outcome {
    let login = "login=fencer\npasswd=s3cret\naccount=ACME\npower_timeout=8\nstonith_status_sleep=0\n";
    let url = cloud.url();
    run(
        "fence_clc",
        &format!("{login}api_url={url}\nplug={SERVER}\naction={action}\n"),
    )
}

#[test]
fn replicas_out_of_sync_do_not_prove_off() {
    for action in ["off", "reboot"] {
        let cloud = out_of_step();
        let outcome = fence_clc(&cloud, action, call);
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
        assert!(outcome.stderr.contains("its reads may be old"), "{outcome:?}");
        assert_eq!(cloud.history(SERVER), [Power::On]);
    }
}

#[test]
fn a_machine_behind_a_load_balancer_is_off_if_all_replicas_report_off() {
    let machine = Machine::new(SERVER, Power::On).replicated(Power::Off, Old::Connections(Old::order("fss")));
    let settings = clc::Settings {
        machines: vec![machine],
        ..clc::Settings::default()
    };
    let cloud = Simulator::start(settings.config()).unwrap();
    // The first read comes from the stale replica.
    fence_clc(&cloud, "off", call_virtually).assert_done("Success: Already OFF\n");
    assert_eq!(cloud.power(SERVER), Some(Power::Off));
}

fn pool() -> Simulator {
    let settings = xenapi::Settings {
        vms: vec![Vm::new(Machine::new(VM, Power::On).named("db01"))],
        ..xenapi::Settings::default()
    };
    Simulator::start(settings.config()).unwrap()
}

fn fence_xenapi(pool: &Simulator, action: &str) -> Outcome {
    let password = xenapi::Settings::default().password;
    let url = pool.url();
    call(
        "fence_xenapi",
        &format!(
            "login=root\npasswd={password}\nplug=db01\nsession_url={url}\npower_timeout=4\nstonith_status_sleep=0\naction={action}\n"
        ),
    )
}

#[test]
fn a_record_that_contradicts_itself_is_not_off() {
    for part in ["domain", "host", "both"] {
        for action in ["status", "off", "reboot"] {
            let pool = pool();
            pool.add_fault(xenapi::plan(&format!("record=resident:{part}")).unwrap());
            pool.add_fault(xenapi::plan("power=no-effect").unwrap());
            let outcome = fence_xenapi(&pool, action);
            assert_eq!(
                (outcome.exit, outcome.stdout.as_str()),
                (Some(1), ""),
                "{part} {outcome:?}"
            );
            assert!(outcome.stderr.contains("contradicts itself"), "{part} {outcome:?}");
            assert_eq!(pool.history(VM), [Power::On]);
        }
    }
}

#[test]
fn a_short_contradiction_in_a_record_does_not_end_off() {
    let pool = pool();
    pool.add_fault(xenapi::plan("record*2=resident:both").unwrap());
    let outcome = fence_xenapi(&pool, "off");
    outcome.assert_done("Success: Powered OFF\n");
    assert_eq!(pool.history(VM), [Power::On, Power::Off]);
}
