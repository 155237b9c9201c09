//! A device to fence, for people and for programs that are not written in Rust.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use fencebox_tests::{Config, Machine, Plan, Simulator, clc, ovh, relay};

/// Simulates a device: keeps machines, changes their power, and fails as planned.
#[derive(Parser)]
#[command(name = "fencebox-sim", version)]
struct Arguments {
    #[command(subcommand)]
    protocol: Protocol,
}

#[derive(Subcommand)]
enum Protocol {
    /// CenturyLink (Lumen) Cloud, API version 2
    #[command(after_help = control_and(&clc::GRAMMAR.help()))]
    Clc {
        #[command(flatten)]
        service: ClcService,
        #[command(flatten)]
        listener: Listener,
        /// A planned fault, see below; may be given several times
        #[arg(long = "fault", value_name = "PLAN", value_parser = clc::plan)]
        faults: Vec<Plan>,
    },
    /// A relay board, the device of the plugin in the README; user fencer, password s3cret, relays 1, 2 and 3
    #[command(after_help = control_and(&relay::GRAMMAR.help()))]
    Relay {
        #[command(flatten)]
        listener: Listener,
        /// A planned fault, see below; may be given several times
        #[arg(long = "fault", value_name = "PLAN", value_parser = relay::plan)]
        faults: Vec<Plan>,
    },
    /// OVHcloud: dedicated servers, VPS and Public Cloud over REST version 1, and the old SOAP dialect at /soapi
    #[command(after_help = control_and(&ovh::GRAMMAR.help()))]
    Ovh {
        #[command(flatten)]
        service: Box<ovh::Arguments>,
        #[command(flatten)]
        listener: Listener,
        /// A planned fault, see below; may be given several times
        #[arg(long = "fault", value_name = "PLAN", value_parser = ovh::plan)]
        faults: Vec<Plan>,
    },
}

/// Where every simulator listens, and until when.
#[derive(Args)]
struct Listener {
    /// Address and port; port 0 for a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Speak https, with a certificate of its own for localhost and 127.0.0.1
    #[arg(long)]
    tls: bool,
    /// Write that certificate here, in PEM form, for clients to believe
    #[arg(long, value_name = "FILE", requires = "tls")]
    certificate: Option<PathBuf>,
    /// Serve until stdin ends, instead of until killed
    #[arg(long)]
    until_eof: bool,
}

/// The knobs of the CLC service.
#[derive(Args)]
struct ClcService {
    /// The user name that may log in
    #[arg(long, value_name = "NAME", default_value = "fencer")]
    login: String,
    /// Its password
    #[arg(long, value_name = "PASSWORD", default_value = "s3cret")]
    password: String,
    /// The alias of the account
    #[arg(long, value_name = "ALIAS", default_value = "ACME")]
    account: String,
    /// A server: ID=POWER[,name=NAME], where POWER is on, off, paused or another word; may be given several times
    /// [default: WA1ACMEDB01=on,name=db01 WA1ACMEDB02=off WA1ACMEWEB01=paused]
    #[arg(long = "machine", value_name = "MACHINE", verbatim_doc_comment)]
    machines: Vec<Machine>,
    /// For how many reads of a server after a change its old state is shown
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// How many times a task says `executing` before it says `succeeded`
    #[arg(long, value_name = "POLLS", default_value_t = 2)]
    task_polls: u32,
    /// For how many calls a token is good [default: for ever]
    #[arg(long, value_name = "CALLS")]
    token_calls: Option<u64>,
    /// Do not put the servers themselves into groups, even when asked to
    #[arg(long)]
    no_server_detail: bool,
}

impl ClcService {
    fn config(self) -> Config {
        let machines = if self.machines.is_empty() {
            clc::machines()
        } else {
            self.machines
        };
        let settings = clc::Settings {
            login: self.login,
            password: self.password,
            account: self.account,
            machines,
            lag: self.lag,
            task_polls: self.task_polls,
            token_calls: self.token_calls,
            server_detail: !self.no_server_detail,
        };
        settings.config()
    }
}

fn control_and(faults: &str) -> String {
    format!(
        "When it is ready it prints one line, `listening on URL`.\n\n\
         Control, on the same port:\n\
         \x20 GET /_sim/machines        the truth of each machine\n\
         \x20 PUT /_sim/machines/ID     {{\"power\":\"on\"}}, or off, paused, or another word\n\
         \x20 GET /_sim/requests        what the device was asked\n\
         \x20 GET /_sim/faults          the plans in force; POST adds plans, one a line; DELETE forgets them all\n\n\
         {faults}"
    )
}

fn main() -> Result<()> {
    let (listener, config) = match Arguments::parse().protocol {
        Protocol::Clc {
            service,
            listener,
            faults,
        } => (
            listener,
            Config {
                faults,
                ..service.config()
            },
        ),
        Protocol::Relay { listener, faults } => (
            listener,
            Config {
                faults,
                ..relay::config()
            },
        ),
        Protocol::Ovh {
            service,
            listener,
            faults,
        } => {
            let config = service.config(listener.tls);
            (listener, Config { faults, ..config })
        }
    };
    let simulator = Simulator::start(Config {
        listen: listener.listen,
        tls: listener.tls,
        ..config
    })?;
    if let (Some(file), Some(pem)) = (&listener.certificate, simulator.certificate()) {
        std::fs::write(file, pem).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "listening on {}", simulator.url())?;
    stdout.flush()?;
    if listener.until_eof {
        std::io::stdin()
            .lock()
            .read_to_end(&mut Vec::new())
            .context("cannot read stdin")?;
        return Ok(());
    }
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        Arguments::command().debug_assert();
        let given = [
            "fencebox-sim",
            "clc",
            "--machine",
            "X=on,name=x",
            "--fault",
            "login=html",
            "--fault",
            "any=stall",
        ];
        let Protocol::Clc { service, faults, .. } = Arguments::parse_from(given).protocol else {
            panic!("not clc");
        };
        assert_eq!((service.machines.len(), faults.len()), (1, 2));
        let wrong = ["fencebox-sim", "clc", "--fault", "login=nonsense"];
        assert!(Arguments::try_parse_from(wrong).is_err_and(|error| error.to_string().contains("no kind `nonsense`")));
    }
}
