//! A simulated DEVICE: `cargo run --example simulator`. It forgets everything when it ends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    let mut outlets = BTreeMap::from([("1".to_owned(), true), ("2".to_owned(), true)]);
    for stream in listener.incoming() {
        if let Err(problem) = answer(stream?, &mut outlets) {
            eprintln!("{problem}");
        }
    }
    Ok(())
}

fn answer(mut stream: TcpStream, outlets: &mut BTreeMap<String, bool>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let (mut length, mut login) = (0, false);
    loop {
        let mut field = String::new();
        reader.read_line(&mut field)?;
        let field = field.trim().to_ascii_lowercase();
        if field.is_empty() {
            break;
        }
        if let Some(value) = field.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        // User "admin" with the password "s3cret", in lower case as all fields here.
        login |= field == "authorization: basic ywrtaw46cznjcmv0";
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).replace(' ', "");
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    println!("{method} {path} {body}");
    let state = |on: &bool| format!("{{\"state\":\"{}\"}}", if *on { "on" } else { "off" });
    let outlet = path.strip_prefix("/outlets/").and_then(|id| outlets.get_mut(id));
    let (status, answer) = match (login, method, path, outlet) {
        (false, ..) => ("401 Unauthorized", "{\"error\":\"wrong user name or password\"}".to_owned()),
        (_, "GET", "/outlets", _) => {
            let all = outlets.iter().map(|(id, on)| format!("\"{id}\":{}", state(on)));
            ("200 OK", format!("{{{}}}", all.collect::<Vec<_>>().join(",")))
        }
        (_, "GET", _, Some(on)) => ("200 OK", state(on)),
        (_, "PUT", _, Some(on)) => {
            *on = body.contains("\"on\":true");
            ("200 OK", "{}".to_owned())
        }
        _ => ("404 Not Found", "{\"error\":\"no such outlet\"}".to_owned()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    )
}
