//! A running device simulator, and the true power status that it reports.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

/// A running `fencebox-sim`. It ends when this is dropped.
pub(crate) struct Simulator {
    child: Child,
    /// The URL without the address: `http://`, or `https://` with TLS.
    scheme: &'static str,
    address: String,
}

impl Simulator {
    /// Starts the simulator on a free loopback port.
    pub(crate) fn start(program: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .arg("--until-eof")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ");
        let (scheme, address) = ["http://", "https://"]
            .into_iter()
            .find_map(|scheme| Some((scheme, url?.strip_prefix(scheme)?)))
            .context("the simulator did not start")?;
        Ok(Self {
            address: address.to_owned(),
            scheme,
            child,
        })
    }

    /// The URL of its API.
    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.scheme, self.address)
    }

    /// Switches a machine without the API of the device.
    pub(crate) fn set_power(&self, id: &str, power: &str) -> Result<()> {
        let body = format!("{{\"power\":\"{power}\"}}");
        self.exchange("PUT", &format!("/_sim/machines/{id}"), &body).map(drop)
    }

    /// Sends a request to the API. Returns the body of the answer.
    pub(crate) fn post(&self, body: &str) -> Result<String> {
        self.exchange("POST", "/", body)
    }

    /// One exchange without TLS.
    fn exchange(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        Ok(body.to_owned())
    }

    /// The power of a machine, and its power history.
    pub(crate) fn truth(&self, id: &str) -> Result<(String, Vec<String>)> {
        let body = self.exchange("GET", "/_sim/machines", "")?;
        let machines: Value = serde_json::from_str(&body)?;
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
