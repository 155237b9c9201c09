//! The command line options of the service.

use super::{ErrorShape, RateLimit, Rule, Server, Settings, instances, servers, vps};
use crate::{Config, Machine};
use clap::{Args, ValueEnum};

/// The shape of errors.
#[derive(Clone, Copy, ValueEnum)]
enum Errors {
    /// errorCode for errors about credentials, class for all others
    Mixed,
    /// errorCode, message and httpCode
    Code,
    /// class and message
    Class,
}

/// The command line options of the service.
#[derive(Args)]
pub struct Arguments {
    /// Application key
    #[arg(long, value_name = "KEY", default_value = "simAK0123456789")]
    application_key: String,
    /// Application secret
    #[arg(long, value_name = "SECRET", default_value = "simAS0123456789abcdef")]
    application_secret: String,
    /// Consumer key
    #[arg(long, value_name = "KEY", default_value = "simCK0123456789abcdef")]
    consumer_key: String,
    /// METHOD=/PATH that the consumer key may call, * for any text; may be repeated
    #[arg(long = "rule", value_name = "RULE")]
    rules: Vec<Rule>,
    /// Treat the consumer key as expired
    #[arg(long)]
    credential_expired: bool,
    /// ID of the OAuth2 client
    #[arg(long, value_name = "ID", default_value = "EU.simulated")]
    client_id: String,
    /// Secret of the OAuth2 client
    #[arg(long, value_name = "SECRET", default_value = "s3cret")]
    client_secret: String,
    /// Action that the client's policy allows, * for any text; may be repeated
    #[arg(long = "policy", value_name = "ACTION")]
    policy: Vec<String>,
    /// Number of calls for which a token is valid [default: unlimited]
    #[arg(long, value_name = "CALLS")]
    token_calls: Option<u64>,
    /// Seconds by which the server's clock is ahead
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    clock_skew: i64,
    /// Maximum difference in seconds between a signed call's timestamp and that clock
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    time_window: u64,
    /// Address that clients use, if it is not that of the listener
    #[arg(long, value_name = "https://HOST")]
    public_url: Option<String>,
    /// Shape of errors
    #[arg(long, value_name = "SHAPE", default_value = "mixed")]
    errors: Errors,
    /// Number of calls after which calls are refused with 429
    #[arg(long, value_name = "CALLS")]
    rate: Option<u64>,
    /// Number of refused calls before calls are accepted again
    #[arg(long, value_name = "CALLS", default_value_t = 3, requires = "rate")]
    rate_refusals: u64,
    /// Retry-After in seconds for refused calls [default: none]
    #[arg(long, value_name = "SECONDS", requires = "rate")]
    retry_after: Option<u64>,
    #[command(flatten)]
    machines: Machines,
    /// Account of the SOAP API
    #[arg(long, value_name = "NAME", default_value = "ab12345-ovh")]
    nic: String,
    /// Password of that account
    #[arg(long, value_name = "PASSWORD", default_value = "s3cret")]
    password: String,
}

/// The machines, and how fast they follow requests.
#[derive(Args)]
struct Machines {
    /// Dedicated server as
    /// ID=POWER[,name=NAME][,boots=ID:TYPE+ID:TYPE...][,boot=ID][,state=WORD];
    /// POWER is on, off, rescue or another word, TYPE is harddisk, rescue, power,
    /// network or internal; may be repeated [default: see the documentation, also
    /// for --vps and --instance]
    #[arg(long = "server", value_name = "SERVER", verbatim_doc_comment)]
    servers: Vec<Server>,
    /// VPS as NAME=POWER; POWER is on, off or a state; may be repeated
    #[arg(long = "vps", value_name = "MACHINE")]
    vps: Vec<Machine>,
    /// Public Cloud instance as UUID=POWER[,name=NAME]; POWER: on, off, paused, status
    #[arg(long = "instance", value_name = "MACHINE")]
    instances: Vec<Machine>,
    /// ID of the Public Cloud project
    #[arg(long, value_name = "ID", default_value = "0123456789abcdef0123456789abcdef")]
    project: String,
    /// Further Public Cloud project that refuses every call, as ID=CODE
    #[arg(long = "broken-project", value_name = "ID=CODE", value_parser = pair)]
    broken_projects: Vec<(String, String)>,
    /// Number of reads of a machine for which its old power is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// Number of reads of a server for which a change of its bootId is pending
    #[arg(long, value_name = "READS", default_value_t = 0)]
    boot_lag: u32,
    /// Number of calls about a machine before its task is done
    #[arg(long, value_name = "POLLS", default_value_t = 2)]
    task_polls: u32,
    /// Number of reads for which a server that starts its power entry still has power
    #[arg(long, value_name = "READS", default_value_t = 3)]
    dark_reads: u32,
}

fn or<T>(given: Vec<T>, otherwise: Vec<T>) -> Vec<T> {
    if given.is_empty() { otherwise } else { given }
}

impl Arguments {
    /// The simulator for these options; `tls` is whether clients sign URLs with `https`.
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
            broken_projects: self.machines.broken_projects,
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

/// `ID=CODE`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (id, code) = text.split_once('=').ok_or("must be ID=CODE")?;
    Ok((id.to_owned(), code.to_owned()))
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
    fn omitted_options_have_the_defaults_of_the_settings() {
        let settings = Line::parse_from(["sim"]).arguments.settings(false);
        assert_eq!(format!("{settings:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn options_are_applied() {
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
