//! Agents on a machine with few resources: a small address space, no `/proc`, few descriptors, no threads, a name with
//! a dead address. Fencing works, or one line names the missing resource.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

mod addresses;
mod proc;
mod space;
use crate::support;

use fencebox_sim::machine::{Machine, Power};
use fencebox_sim::server::{Config, Simulator};
use fencebox_sim::{clc, xenapi};

use crate::support::isolated;
use support::{Outcome, program, run};

/// The server of the simulated cloud.
const SERVER: &str = "WA1ACMEDB01";

fn cloud() -> Simulator {
    let settings = clc::Settings {
        machines: vec![Machine::new(SERVER, Power::On)],
        task_polls: 1,
        ..clc::Settings::default()
    };
    Simulator::start(settings.config()).unwrap()
}

/// A pool of XenServer, with TLS.
fn pool() -> Simulator {
    let config = xenapi::Settings::default().config();
    Simulator::start(Config { tls: true, ..config }).unwrap()
}

fn cloud_options(cloud: &Simulator, action: &str) -> String {
    let url = cloud.url();
    format!(
        "action={action}\nlogin=fencer\npasswd=s3cret\naccount=ACME\nstonith_status_sleep=0\napi_url={url}\n\
         plug={SERVER}\n"
    )
}

fn pool_options(pool: &Simulator, action: &str) -> String {
    let (url, fingerprint) = (pool.url(), pool.fingerprint().unwrap());
    format!(
        "action={action}\nsession_url={url}\nlogin=root\npasswd=s3cret\nstonith_status_sleep=0\n\
         ssl_fingerprint={fingerprint}\nplug=db01\n"
    )
}

/// Runs an agent through a shell that first runs these commands and then `"$@"`.
fn call_after(preparation: &str, wrapper: &[&str], agent: &str, stdin: &str) -> Outcome {
    let script = format!("{preparation} && exec \"$@\"");
    let mut words = wrapper.iter().copied().chain(["sh", "-c", &script, "sh"]);
    let mut command = isolated(words.next().unwrap());
    command.args(words).arg(program(agent));
    run(command, stdin)
}
