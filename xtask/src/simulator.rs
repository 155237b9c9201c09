//! A running device simulator, and the true power status that it reports.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

/// A running `fencebox-sim`. It ends when this is dropped.
pub(crate) struct Simulator {
    child: Child,
    address: String,
}

impl Simulator {
    /// Starts the simulator on a free loopback port.
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .arg("--until-eof")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .context("the simulator did not start")?;
        Ok(Self {
            address: address.to_owned(),
            child,
        })
    }

    /// The URL of its API.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The power of a machine, and its power history.
    pub(crate) fn truth(&self, id: &str) -> Result<(String, Vec<String>)> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(stream, "GET /_sim/machines HTTP/1.0\r\nHost: {}\r\n\r\n", self.address)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        let machines: Value = serde_json::from_str(body)?;
        let machines = machines.as_array().context("no list of machines")?;
        let machine = machines
            .iter()
            .find(|machine| machine["id"] == id)
            .context("no such machine")?;
        let power = machine["power"].as_str().context("no power")?.to_owned();
        let history = machine["history"].as_array().context("no history")?;
        Ok((
            power,
            history.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        ))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
