//! A program that is not a hypervisor and connects to the port at which hypervisors call back.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::str::FromStr;
use std::time::Duration;

use socket2::SockRef;

/// The interval between attempts while the port is closed.
const RETRY: Duration = Duration::from_millis(5);
/// The pause between two connections.
const REST: Duration = Duration::from_millis(100);

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnrelatedClient {
    /// A reset, at once.
    Reset,
    /// A reset, a moment later.
    LateReset,
    /// A regular close, at once.
    Close,
    /// Data that is not the protocol, then a close.
    Garbage,
    /// The other side closes; nothing is sent.
    Silent,
}

impl FromStr for UnrelatedClient {
    type Err = String;

    fn from_str(word: &str) -> Result<UnrelatedClient, String> {
        Ok(match word {
            "reset" => UnrelatedClient::Reset,
            "late-reset" => UnrelatedClient::LateReset,
            "close" => UnrelatedClient::Close,
            "garbage" => UnrelatedClient::Garbage,
            "silent" => UnrelatedClient::Silent,
            _ => {
                return Err(format!(
                    "unknown end `{word}`; there are reset, late-reset, close, garbage, silent"
                ));
            }
        })
    }
}

impl UnrelatedClient {
    /// Connects again and again, as long as the program runs.
    pub fn run(self, target: SocketAddr) -> ! {
        let mut kept = Vec::new();
        loop {
            let Ok(mut stream) = TcpStream::connect_timeout(&target, Duration::from_secs(1)) else {
                std::thread::sleep(RETRY);
                continue;
            };
            match self {
                UnrelatedClient::Close => {}
                UnrelatedClient::Garbage => drop(stream.write_all(&[0x47; 300])),
                UnrelatedClient::Silent => {
                    // Limits the number of open sockets.
                    kept.truncate(100);
                    kept.insert(0, stream);
                    std::thread::sleep(REST);
                    continue;
                }
                UnrelatedClient::Reset | UnrelatedClient::LateReset => {
                    if self == UnrelatedClient::LateReset {
                        std::thread::sleep(REST);
                    }
                    let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                }
            }
            drop(stream);
            std::thread::sleep(REST);
        }
    }
}
