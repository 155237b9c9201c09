//! A simulated DEVICE: `cargo run --example simulator`. It forgets everything when it ends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    serve(&listener);
    Ok(())
}

/// Answers one connection after the other.
pub fn serve(listener: &TcpListener) {
    let mut outlets = BTreeMap::from([("1".to_owned(), "ON"), ("2".to_owned(), "ON")]);
    for stream in listener.incoming().flatten() {
        if let Err(problem) = answer(&stream, &mut outlets) {
            eprintln!("{problem}");
        }
    }
}

fn answer(mut stream: &TcpStream, outlets: &mut BTreeMap<String, &str>) -> std::io::Result<()> {
    let mut is_known = false;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let (command, word) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match (command, is_known, outlets.get_mut(word)) {
            ("LOGIN", ..) if word == "s3cret" => {
                is_known = true;
                "WELCOME"
            }
            (_, false, _) => "DENIED",
            ("STATUS", _, Some(state)) => state,
            ("ON", _, Some(state)) => {
                *state = "ON";
                "DONE"
            }
            ("OFF", _, Some(state)) => {
                *state = "OFF";
                "DONE"
            }
            (_, _, None) => "NONE",
            _ => "WHAT",
        };
        writeln!(stream, "{answer}")?;
    }
    Ok(())
}
