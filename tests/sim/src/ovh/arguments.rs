//! The knobs on the command line.

use super::{ErrorShape, RateLimit, Rule, Server, Settings, instances, servers, vps};
use crate::{Config, Machine};
use clap::{Args, ValueEnum};

/// How refusals are written.
#[derive(Clone, Copy, ValueEnum)]
enum Errors {
    /// Refused credentials have an errorCode, all else a class
    Mixed,
    /// errorCode, message and httpCode
    Code,
    /// class and message
    Class,
}

/// The knobs on the command line.
#[derive(Args)]
pub struct Arguments {
    /// The application key
    #[arg(long, value_name = "KEY", default_value = "simAK0123456789")]
    application_key: String,
    /// Its secret
    #[arg(long, value_name = "SECRET", default_value = "simAS0123456789abcdef")]
    application_secret: String,
    /// The consumer key
    #[arg(long, value_name = "KEY", default_value = "simCK0123456789abcdef")]
    consumer_key: String,
    /// What the consumer key may call: METHOD=/PATH, where * is anything; may be given several times [default: all]
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<Rule>,
    /// The consumer key has expired
    #[arg(long)]
    credential_expired: bool,
    /// The OAuth2 client
    #[arg(long, value_name = "ID", default_value = "EU.simulated")]
    client_id: String,
    /// Its secret
    #[arg(long, value_name = "SECRET", default_value = "s3cret")]
    client_secret: String,
    /// An action that the client's policy allows, * for anything; may be given several times [default: *]
    #[arg(long = "policy", value_name = "ACTION")]
    policy: Vec<String>,
    /// For how many calls a token is good [default: for ever]
    #[arg(long, value_name = "CALLS")]
    token_calls: Option<u64>,
    /// By how many seconds the server's clock is ahead
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    clock_skew: i64,
    /// How far a signed call's timestamp may be from that clock
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    time_window: u64,
    /// What clients take for the address, when it is not that of the listener
    #[arg(long, value_name = "https://HOST")]
    public_url: Option<String>,
    /// How refusals are written
    #[arg(long, value_name = "SHAPE", default_value = "mixed")]
    errors: Errors,
    /// Refuse with 429 after so many calls
    #[arg(long, value_name = "CALLS")]
    rate: Option<u64>,
    /// So many times, before it begins anew
    #[arg(long, value_name = "CALLS", default_value_t = 3, requires = "rate")]
    rate_refusals: u64,
    /// With this Retry-After [default: none]
    #[arg(long, value_name = "SECONDS", requires = "rate")]
    retry_after: Option<u64>,
    #[command(flatten)]
    machines: Machines,
    /// The account of the SOAP dialect
    #[arg(long, value_name = "NAME", default_value = "ab12345-ovh")]
    nic: String,
    /// Its password
    #[arg(long, value_name = "PASSWORD", default_value = "s3cret")]
    password: String,
}

/// The machines, and how they follow what is asked of them.
#[derive(Args)]
struct Machines {
    /// A dedicated server: ID=POWER[,name=NAME][,boots=ID:TYPE+ID:TYPE...][,boot=ID][,state=WORD], where POWER is on,
    /// off, rescue or another word, and TYPE harddisk, rescue, power, network or internal; may be given several times
    /// [default, like those of the two below, in the documentation]
    #[arg(long = "server", value_name = "SERVER", verbatim_doc_comment)]
    servers: Vec<Server>,
    /// A VPS: NAME=POWER, where POWER is on, off or a state; may be given several times
    #[arg(long = "vps", value_name = "MACHINE")]
    vps: Vec<Machine>,
    /// A Public Cloud instance: UUID=POWER[,name=NAME], where POWER is on, off, paused or a status
    #[arg(long = "instance", value_name = "MACHINE")]
    instances: Vec<Machine>,
    /// The Public Cloud project
    #[arg(long, value_name = "ID", default_value = "0123456789abcdef0123456789abcdef")]
    project: String,
    /// For how many reads of a machine after a change its old power is shown
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// For how many reads of a server a change of its bootId is on its way
    #[arg(long, value_name = "READS", default_value_t = 0)]
    boot_lag: u32,
    /// How many calls about a machine find its task at work before one finds it done
    #[arg(long, value_name = "POLLS", default_value_t = 2)]
    task_polls: u32,
    /// For how many reads a server that started from its power entry still has power
    #[arg(long, value_name = "READS", default_value_t = 3)]
    dark_reads: u32,
}

fn or<T>(given: Vec<T>, otherwise: Vec<T>) -> Vec<T> {
    if given.is_empty() { otherwise } else { given }
}

impl Arguments {
    /// What to simulate; `tls` says whether clients sign URLs with `https`.
    pub fn config(self, tls: bool) -> Config {
        self.settings(tls).config()
    }

    fn settings(self, tls: bool) -> Settings {
        let (refusals, retry_after) = (self.rate_refusals, self.retry_after);
        Settings {
            application_key: self.application_key,
            application_secret: self.application_secret,
            consumer_key: self.consumer_key,
            rules: or(self.rules, Rule::everything()),
            credential_expired: self.credential_expired,
            client_id: self.client_id,
            client_secret: self.client_secret,
            policy: or(self.policy, vec!["*".to_owned()]),
            token_calls: self.token_calls,
            clock_skew: self.clock_skew,
            time_window: self.time_window,
            public_url: self.public_url,
            tls,
            errors: match self.errors {
                Errors::Mixed => ErrorShape::Mixed,
                Errors::Code => ErrorShape::Code,
                Errors::Class => ErrorShape::Class,
            },
            rate: self.rate.map(|calls| RateLimit {
                calls,
                refusals,
                retry_after,
            }),
            servers: or(self.machines.servers, servers()),
            vps: or(self.machines.vps, vps()),
            project: self.machines.project,
            instances: or(self.machines.instances, instances()),
            lag: self.machines.lag,
            boot_lag: self.machines.boot_lag,
            task_polls: self.machines.task_polls,
            dark_reads: self.machines.dark_reads,
            nic: self.nic,
            password: self.password,
            ..Settings::default()
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn what_is_not_said_is_as_in_the_settings() {
        let settings = Line::parse_from(["sim"]).arguments.settings(false);
        assert_eq!(format!("{settings:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn what_is_said_is_done() {
        let line = [
            "sim",
            "--server",
            "ns1=off",
            "--rule",
            "GET=/*",
            "--rate",
            "5",
            "--clock-skew",
            "-60",
            "--errors",
            "code",
        ];
        let settings = Line::parse_from(line).arguments.settings(true);
        assert_eq!((settings.servers.len(), settings.vps.len(), settings.tls), (1, 1, true));
        assert_eq!(
            (settings.rules.len(), settings.clock_skew, settings.errors),
            (1, -60, ErrorShape::Code)
        );
        let rate = RateLimit {
            calls: 5,
            refusals: 3,
            retry_after: None,
        };
        assert_eq!(settings.rate, Some(rate));
        assert!(Line::try_parse_from(["sim", "--retry-after", "5"]).is_err());
    }
}
