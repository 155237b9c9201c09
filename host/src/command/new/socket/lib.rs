//! DEVICE, controlled by lines of text over TCP.

use std::io::{BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use fencebox_sdk::net::Timed;
use fencebox_sdk::prelude::*;

/// The longest that the device may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One session with the device.
pub struct Board {
    connection: BufReader<Timed>,
}

impl Board {
    /// Sends one line, and returns the device's line without its end.
    fn ask(&mut self, line: &str) -> Result<String> {
        self.connection.get_mut().set_until(Instant::now() + TIMEOUT);
        writeln!(self.connection.get_mut(), "{line}")?;
        let mut answer = String::new();
        self.connection.read_line(&mut answer)?;
        match answer.trim_end() {
            "" => Err(Error::ConnectionLost("the device closed the connection".to_owned())),
            "DENIED" => Err(Error::LoginDenied("wrong password".to_owned())),
            answer => Ok(answer.to_owned()),
        }
    }
}

impl Device for Board {
    fn describe(_name: &str) -> Agent {
        Agent::new("fence_NAME", "Fence agent for DEVICE")
            .options(["ip", "ipport", "password", "plug"])
            .default("ipport", "2300")
            .socket(Socket::tcp("device").at_option("ip").port_from_option("ipport"))
    }

    fn open(options: &Options) -> Result<Self> {
        let (host, port) = (options.required("ip")?, options.required("ipport")?.parse()?);
        let stream = Timed::connect(host, port, Instant::now() + TIMEOUT)?;
        let mut board = Board {
            connection: BufReader::new(stream),
        };
        board.ask(&format!("LOGIN {}", options.required("password")?))?;
        Ok(board)
    }

    fn power_status(&mut self, plug: &str) -> Result<PowerStatus> {
        match self.ask(&format!("STATUS {plug}"))?.as_str() {
            "ON" => Ok(PowerStatus::On),
            // Only the device's own word for off is off.
            "OFF" => Ok(PowerStatus::Off),
            "NONE" => Err(Error::plug_not_found(plug)),
            _ => Ok(PowerStatus::Unknown),
        }
    }

    // Sends the request and returns. The host waits until the device says off.
    fn set_power(&mut self, plug: &str, target: PowerTarget) -> Result<()> {
        let word = if target == PowerTarget::On { "ON" } else { "OFF" };
        match self.ask(&format!("{word} {plug}"))?.as_str() {
            "DONE" => Ok(()),
            answer => Err(Error::task_failed(answer)),
        }
    }
}

export!(Board);
