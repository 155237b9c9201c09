//! The BMC on the command line.

use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;

use super::{Plan, Settings, Simulator, User};
use crate::machine::{Machine, Power};

/// The settings of the BMC.
#[derive(Args)]
pub struct Arguments {
    /// Address and port to listen on; 0 selects a free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// User as NAME:PASSWORD[:LIMIT]; LIMIT is user, operator or administrator; may be
    /// repeated [default: admin, oper and viewer with the password s3cret]
    #[arg(long = "user", value_name = "USER", verbatim_doc_comment)]
    users: Vec<User>,
    /// Key Kg in hexadecimal digits
    #[arg(long, value_name = "HEX", default_value = "")]
    kg: String,
    /// Power status of the machine at the beginning: on or off
    #[arg(long, value_name = "POWER", default_value = "on")]
    power: Power,
    /// Number of reads for which the old state is shown after a change
    #[arg(long, value_name = "READS", default_value_t = 0)]
    lag: u32,
    /// Cipher suite that is accepted; may be repeated [default: 3, 8, 12 and 17]
    #[arg(long = "suite", value_name = "NUMBER")]
    suites: Vec<u8>,
    /// Do not list the cipher suites, as older BMCs
    #[arg(long)]
    unlisted_suites: bool,
    /// Find users only by name and privilege level, as older BMCs
    #[arg(long)]
    by_level: bool,
    /// Offer only IPMI 2.0
    #[arg(long)]
    only_plus: bool,
    /// Offer only IPMI 1.5
    #[arg(long, conflicts_with = "only_plus")]
    only_lan: bool,
    /// Authentication types of IPMI 1.5 as bits: 1 none, 4 MD5, 16 password
    #[arg(long, value_name = "BITS", default_value_t = 0x14)]
    types: u8,
    /// Maximum number of sessions [default: unlimited]
    #[arg(long, value_name = "COUNT")]
    slots: Option<usize>,
    /// Planned fault, see below; may be repeated
    #[arg(long = "fault", value_name = "PLAN")]
    faults: Vec<Plan>,
    /// Serve until stdin ends instead of until killed
    #[arg(long)]
    until_eof: bool,
}

impl Arguments {
    /// Serves until it is stopped. Prints `listening on ADDRESS:PORT`, and answers each line of standard input:
    /// `machine` with the real state of the machine, `requests` with the steps of the requests so far, `sessions` with
    /// the numbers of sessions that were opened and that are open.
    ///
    /// # Errors
    /// If an address or a key is not valid.
    pub fn serve(self) -> Result<()> {
        let usual = Settings::default();
        let until_eof = self.until_eof;
        let settings = Settings {
            listen: self.listen,
            users: if self.users.is_empty() { usual.users } else { self.users },
            kg: from_hex(&self.kg)?,
            machine: Machine::new("machine", self.power).lagging(self.lag),
            has_plus: !self.only_lan,
            has_lan: !self.only_plus,
            types: self.types,
            suites: if self.suites.is_empty() {
                usual.suites
            } else {
                self.suites
            },
            lists_suites: !self.unlisted_suites,
            by_name_only: !self.by_level,
            slots: self.slots,
            faults: self.faults,
            clock: None,
        };
        let simulator = Simulator::start(settings)?;
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "listening on {}", simulator.address())?;
        stdout.flush()?;
        for line in std::io::stdin().lock().lines() {
            let answer = match line.context("standard input")?.as_str() {
                "machine" => serde_json::to_string(&simulator.machine())?,
                "requests" => serde_json::to_string(&simulator.requests())?,
                "sessions" => serde_json::to_string(&simulator.sessions())?,
                _ => "null".to_owned(),
            };
            writeln!(stdout, "{answer}")?;
            stdout.flush()?;
        }
        if until_eof {
            return Ok(());
        }
        loop {
            std::thread::park();
        }
    }
}

fn from_hex(digits: &str) -> Result<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2);
        pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())
    });
    pairs
        .collect::<Option<_>>()
        .ok_or_else(|| anyhow!("kg `{digits}`: must be pairs of hexadecimal digits"))
}
