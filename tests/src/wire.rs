//! Faults of the wire: what proxies, networks and overloaded servers do to an answer, whatever the protocol.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Bytes, Frame, SizeHint};
use hyper::{Response, StatusCode, header};
use tokio::time::Sleep;

use crate::fault::{Argument, Kind, KindRow, Occasion};
use crate::protocol::Answer;

const fn row(word: &'static str, argument: Argument, samples: &'static [&'static str], doc: &'static str) -> KindRow {
    KindRow {
        word,
        argument,
        step: None,
        occasion: Occasion::Call,
        samples,
        doc,
    }
}

/// The kinds that work at every step of every HTTP protocol.
pub static WIRE: &[KindRow] = &[
    row(
        "status",
        Argument::Number {
            name: "CODE",
            default: None,
            range: 200..=599,
        },
        &["401", "404", "500"],
        "this status with a JSON error body; no effect",
    ),
    row("html", Argument::None, &[""], "502 with an HTML page; no effect"),
    row("html-ok", Argument::None, &[""], "200 with an HTML page; no effect"),
    row("empty", Argument::None, &[""], "200 with an empty body; no effect"),
    row(
        "truncate",
        Argument::None,
        &[""],
        "the effect happens; half of the announced body, then closed",
    ),
    row(
        "bad-json",
        Argument::None,
        &[""],
        "the effect happens; half of the body, announced as the whole",
    ),
    row(
        "slow",
        Argument::Number {
            name: "MILLIS",
            default: Some(200),
            range: 1..=60_000,
        },
        &["200"],
        "the effect happens; the body comes one byte every MILLIS milliseconds (default 200)",
    ),
    row(
        "stall",
        Argument::None,
        &[""],
        "no answer ever, connection open; no effect",
    ),
    row(
        "stall-after",
        Argument::None,
        &[""],
        "the effect happens; no answer ever, connection open",
    ),
    row(
        "drop-before",
        Argument::None,
        &[""],
        "connection closed without an answer; no effect",
    ),
    row(
        "drop-after",
        Argument::None,
        &[""],
        "the effect happens; connection closed without an answer",
    ),
    row(
        "redirect",
        Argument::Text { name: "URL" },
        // Port 9 is discard: whoever follows is refused, unless a test listens there on purpose.
        &["http://127.0.0.1:9/elsewhere"],
        "301 to URL; no effect",
    ),
    row(
        "retry-after",
        Argument::Number {
            name: "SECONDS",
            default: None,
            range: 0..=86_400,
        },
        &["1"],
        "429 with Retry-After; no effect",
    ),
    row("unavailable", Argument::None, &[""], "503; no effect"),
    row(
        "gateway-timeout-after",
        Argument::None,
        &[""],
        "the effect happens; 504 with an HTML page",
    ),
    row(
        "huge",
        Argument::Number {
            name: "BYTES",
            default: Some(1 << 30),
            range: 1..=1 << 40,
        },
        // Beyond every limit on a body, and still quick for a client that has none.
        &["67108864"],
        "the effect happens; 200 with a body of BYTES (default 1 GiB) without content-length",
    ),
    row(
        "headers",
        Argument::None,
        &[""],
        "the effect happens; its answer with 200 more headers, 100 KiB in all",
    ),
];

/// Whether the device does what was asked although this fault of the wire strikes.
pub(crate) fn takes_effect(fault: &Kind) -> bool {
    let effect = [
        "truncate",
        "bad-json",
        "slow",
        "stall-after",
        "drop-after",
        "gateway-timeout-after",
        "huge",
        "headers",
    ];
    effect.contains(&fault.word())
}

/// Why a connection ends early: because it was planned so.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut as planned")
    }
}

impl std::error::Error for Cut {}

/// Turns the answer of the device into what goes over the wire. The answer is empty where the device was never asked.
pub(crate) async fn deliver(answer: Answer, fault: Option<&Kind>) -> Result<Response<Body>, Cut> {
    let Some(fault) = fault else { return response(answer) };
    let number = fault.number.unwrap_or_default();
    match fault.word() {
        "status" => response(Answer::message(
            u16::try_from(number).unwrap_or(500),
            "the simulator was told to fail",
        )),
        "html" => response(Answer::html(502, "502 Bad Gateway")),
        "html-ok" => response(Answer::html(200, "Down for maintenance")),
        "empty" => response(Answer {
            body: Vec::new(),
            ..Answer::message(200, "")
        }),
        "truncate" => truncated(answer),
        "bad-json" => response(Answer {
            body: first_half(&answer.body).to_vec(),
            ..answer
        }),
        "slow" => slow(answer, Duration::from_millis(number)),
        "stall" | "stall-after" => std::future::pending().await,
        "drop-before" | "drop-after" => Err(Cut),
        "redirect" => {
            let to = fault.text.clone().unwrap_or_default();
            response(Answer {
                status: 301,
                headers: vec![("location", to)],
                body: Vec::new(),
            })
        }
        "retry-after" => with_header(
            Answer::message(429, "too many requests"),
            "retry-after",
            number.to_string(),
        ),
        "unavailable" => response(Answer::message(503, "service unavailable")),
        "gateway-timeout-after" => response(Answer::html(504, "504 Gateway Time-out")),
        "huge" => {
            // Blanks before the value are JSON, so a parser that streams has no reason to give up.
            let chunk = Bytes::from(vec![b' '; 64 * 1024]);
            shaped(Answer { status: 200, ..answer }, [Part::Repeat(chunk, number)])
        }
        "headers" => {
            // 200 lines of 512 bytes each, with the name, the colon and the line end.
            let filler = (0..200).map(|_| ("x-filler", "x".repeat(500)));
            let headers = answer.headers.iter().cloned().chain(filler).collect();
            response(Answer { headers, ..answer })
        }
        // Not one of the wire's own: the protocol has obeyed it already.
        _ => response(answer),
    }
}

fn first_half(body: &[u8]) -> &[u8] {
    &body[..body.len() / 2]
}

fn with_header(mut answer: Answer, name: &'static str, value: String) -> Result<Response<Body>, Cut> {
    answer.headers.push((name, value));
    response(answer)
}

fn truncated(answer: Answer) -> Result<Response<Body>, Cut> {
    let half = Bytes::copy_from_slice(first_half(&answer.body));
    let length = header::HeaderValue::from(answer.body.len());
    // The pause lets what was written reach the client before the connection goes.
    let mut response = shaped(
        answer,
        [Part::Data(half), Part::Pause(Duration::from_millis(20)), Part::Cut],
    )?;
    response.headers_mut().insert(header::CONTENT_LENGTH, length);
    Ok(response)
}

fn slow(answer: Answer, pause: Duration) -> Result<Response<Body>, Cut> {
    let bytes = Bytes::from(answer.body.clone());
    let parts = (0..bytes.len()).flat_map(|at| [Part::Pause(pause), Part::Data(bytes.slice(at..at + 1))]);
    shaped(answer, parts.collect::<Vec<_>>())
}

fn response(mut answer: Answer) -> Result<Response<Body>, Cut> {
    let body = Bytes::from(std::mem::take(&mut answer.body));
    shaped(answer, [Part::Data(body)])
}

/// A response with the answer's status and headers, and a body of these parts.
fn shaped(answer: Answer, parts: impl Into<VecDeque<Part>>) -> Result<Response<Body>, Cut> {
    let mut response = Response::new(Body {
        parts: parts.into(),
        pause: None,
    });
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|_| Cut)?;
    for (name, value) in answer.headers {
        let value = header::HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Cut)?;
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

/// One part of a body.
#[derive(Debug)]
enum Part {
    /// Bytes.
    Data(Bytes),
    /// Nothing, for a time; what was written before is sent meanwhile.
    Pause(Duration),
    /// These bytes over and over, this many in all.
    Repeat(Bytes, u64),
    /// The connection closes.
    Cut,
}

/// A body with a script.
#[derive(Debug)]
pub(crate) struct Body {
    parts: VecDeque<Part>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                std::task::ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match self.parts.pop_front() {
                None => return Poll::Ready(None),
                Some(Part::Data(data)) if data.is_empty() => {}
                Some(Part::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Some(Part::Pause(time)) => self.pause = Some(Box::pin(tokio::time::sleep(time))),
                Some(Part::Repeat(_, 0)) => {}
                Some(Part::Repeat(chunk, left)) => {
                    let size = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
                    let data = chunk.slice(..size);
                    self.parts.push_front(Part::Repeat(chunk, left - size as u64));
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Part::Cut) => return Poll::Ready(Some(Err(Cut))),
            }
        }
    }

    /// Exact, and so announced as `content-length`, unless the script is one that lies about its length or hides it.
    fn size_hint(&self) -> SizeHint {
        let mut total = 0;
        for part in &self.parts {
            match part {
                Part::Data(data) => total += data.len() as u64,
                Part::Pause(_) => {}
                Part::Repeat(..) | Part::Cut => return SizeHint::default(),
            }
        }
        SizeHint::with_exact(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_help_says_of_the_effect_is_true() {
        for row in WIRE {
            let kind = Kind {
                row,
                number: None,
                text: None,
            };
            let effect = row.doc.contains("the effect happens");
            assert_eq!(takes_effect(&kind), effect, "{}", row.word);
            assert!(
                effect || row.doc.contains("no effect") || row.doc.contains("without an answer"),
                "{}",
                row.word
            );
        }
    }
}
