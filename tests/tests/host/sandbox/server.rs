//! A device at the level of bytes, which sends whatever a test needs.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The answer of a device: it writes until the caller closes the connection.
pub type Answer = fn(&mut TcpStream) -> std::io::Result<()>;

pub struct Server {
    pub port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start(answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), 0, answer)
    }

    pub fn start_at(
        address: IpAddr,
        port: u16,
        answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let kept = heads.clone();
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, kept, answer) = (stream.unwrap(), kept.clone(), answer.clone());
                std::thread::spawn(move || {
                    kept.lock().unwrap().push(head(&stream));
                    // The caller closes the connection when it has read enough.
                    let _ = answer(&mut stream);
                });
            }
        });
        Self { port, heads }
    }

    /// The head of each received request, and an empty text for each connection without a request.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn head(stream: &TcpStream) -> String {
    let mut head = String::new();
    let mut reader = BufReader::new(stream);
    while !head.ends_with("\r\n\r\n") {
        match reader.read_line(&mut head) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    head
}

/// Answers that everything is in order.
pub fn well(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
}

/// Writes `piece` repeatedly, up to `total` bytes.
pub fn repeat(stream: &mut TcpStream, piece: &str, total: usize) -> std::io::Result<()> {
    let block = piece.repeat(64 * 1024 / piece.len() + 1);
    for _ in 0..=total / block.len() {
        stream.write_all(block.as_bytes())?;
    }
    Ok(())
}
