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
pub enum Stranger {
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

impl FromStr for Stranger {
    type Err = String;

    fn from_str(word: &str) -> Result<Stranger, String> {
        Ok(match word {
            "reset" => Stranger::Reset,
            "late-reset" => Stranger::LateReset,
            "close" => Stranger::Close,
            "garbage" => Stranger::Garbage,
            "silent" => Stranger::Silent,
            _ => {
                return Err(format!(
                    "unknown end `{word}`; there are reset, late-reset, close, garbage, silent"
                ));
            }
        })
    }
}

impl Stranger {
    /// Connects again and again, as long as the program runs.
    pub fn run(self, target: SocketAddr) -> ! {
        let mut kept = Vec::new();
        loop {
            let Ok(mut stream) = TcpStream::connect_timeout(&target, Duration::from_secs(1)) else {
                std::thread::sleep(RETRY);
                continue;
            };
            match self {
                Stranger::Close => {}
                Stranger::Garbage => drop(stream.write_all(&[0x47; 300])),
                Stranger::Silent => {
                    // Limits the number of open sockets.
                    kept.truncate(100);
                    kept.insert(0, stream);
                    std::thread::sleep(REST);
                    continue;
                }
                Stranger::Reset | Stranger::LateReset => {
                    if self == Stranger::LateReset {
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
