//! Faults of the wire: what proxies, networks and overloaded servers do to an answer, for every protocol.

mod body;
mod kinds;

use std::collections::VecDeque;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Response, StatusCode, header};

pub(crate) use body::{Body, Cut};
pub use kinds::WIRE;
#[cfg(test)]
pub(crate) use kinds::needs_others;
pub(crate) use kinds::{owns, takes_effect};

use crate::fault::Kind;
use crate::protocol::{Answer, Filler, Protocol};
use crate::time::Time;
use body::Part;

/// An answer to be sent.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    /// The device's answer; empty if the device did not receive the request.
    pub(crate) answer: Answer,
    /// The fault that applies, if any; faults that are not the wire's are already done.
    pub(crate) fault: Option<Kind>,
    /// What makes the answer longer, if anything.
    pub(crate) filler: Option<Filler>,
    /// Whether it is sent in chunks even if its length is known.
    pub(crate) chunked: bool,
    /// How time passes for the client.
    pub(crate) time: Time,
}

/// The answer that is sent instead of the device's own, for the faults of the wire that have one.
pub(crate) fn instead(fault: &Kind, protocol: &dyn Protocol) -> Option<Answer> {
    let number = fault.number.unwrap_or_default();
    let with_header = |mut answer: Answer, name, value| {
        answer.headers.push((name, value));
        answer
    };
    Some(match fault.word() {
        "status" => protocol.error(
            u16::try_from(number).unwrap_or(500),
            "the fault plan makes this request fail",
        ),
        "html" => Answer::html(502, "502 Bad Gateway"),
        "error-ok" => protocol.error(200, "something went wrong"),
        "html-ok" => Answer::html(200, "Down for maintenance"),
        "empty" => Answer {
            body: Vec::new(),
            ..protocol.error(200, "")
        },
        "redirect" => Answer {
            status: 301,
            headers: vec![("location", fault.text.clone().unwrap_or_default())],
            body: Vec::new(),
        },
        "retry-after" => with_header(
            protocol.error(429, "too many requests"),
            "retry-after",
            number.to_string(),
        ),
        "unavailable" => protocol.error(503, "service unavailable"),
        "gateway-timeout-after" => Answer::html(504, "504 Gateway Time-out"),
        _ => return None,
    })
}

/// The blanks for the wire's fault `huge`, at a position in the body where blanks are allowed: a streaming parser has
/// no reason to stop.
pub(crate) fn blanks(at: usize, fault: &Kind) -> Option<Filler> {
    (fault.word() == "huge").then(|| Filler {
        at,
        chunk: vec![b' '; 64 * 1024],
        bytes: fault.number.unwrap_or_default(),
    })
}

impl Delivery {
    /// An answer without a fault.
    pub(crate) fn plain(answer: Answer) -> Delivery {
        Delivery {
            answer,
            ..Delivery::default()
        }
    }

    /// Makes the response that is sent over the wire.
    pub(crate) async fn send(self) -> Result<Response<Body>, Cut> {
        let fault = self.fault.as_ref();
        let number = fault.and_then(|fault| fault.number).unwrap_or_default();
        match fault.map_or("", Kind::word) {
            "truncate" => self.truncated(),
            "half" => {
                let half = first_half(&self.answer.body);
                self.shaped([Part::Data(half)])
            }
            "slow" => self.slow(Duration::from_millis(number)),
            "delay" => {
                self.time.pass(Duration::from_millis(number)).await;
                self.whole()
            }
            "stall" | "stall-after" => self.time.end().await,
            "drop-before" | "drop-after" | "late" => Err(Cut),
            "headers" => self.with_many_headers(),
            // A fault that is already done, or none.
            _ => self.whole(),
        }
    }

    fn truncated(self) -> Result<Response<Body>, Cut> {
        let half = first_half(&self.answer.body);
        let length = header::HeaderValue::from(self.answer.body.len());
        // The pause lets the client receive what was written before the connection ends.
        let mut response = self.shaped([Part::Data(half), Part::Flush(Duration::from_millis(20)), Part::Cut])?;
        if !self.chunked {
            response.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        Ok(response)
    }

    fn slow(self, pause: Duration) -> Result<Response<Body>, Cut> {
        let bytes = Bytes::from(self.answer.body.clone());
        let parts = (0..bytes.len()).flat_map(|at| [Part::Pause(pause), Part::Data(bytes.slice(at..at + 1))]);
        self.shaped(parts.collect::<Vec<_>>())
    }

    fn with_many_headers(mut self) -> Result<Response<Body>, Cut> {
        // 200 lines of 512 bytes each, with the name, the colon and the line end.
        let filler = (0..200).map(|_| ("x-filler", "x".repeat(500)));
        self.answer.headers.extend(filler);
        self.whole()
    }

    fn whole(mut self) -> Result<Response<Body>, Cut> {
        let body = Bytes::from(std::mem::take(&mut self.answer.body));
        match self.filler.take() {
            None => self.shaped([Part::Data(body)]),
            Some(filler) => {
                let at = filler.at.min(body.len());
                let repeat = Part::Repeat(filler.chunk.into(), filler.bytes);
                self.shaped([Part::Data(body.slice(..at)), repeat, Part::Data(body.slice(at..))])
            }
        }
    }

    /// A response with the answer's status and headers, and a body of these parts.
    fn shaped(&self, parts: impl Into<VecDeque<Part>>) -> Result<Response<Body>, Cut> {
        let mut response = Response::new(Body::new(parts, !self.chunked, self.time.clone()));
        *response.status_mut() = StatusCode::from_u16(self.answer.status).map_err(|_| Cut)?;
        for (name, value) in &self.answer.headers {
            let value = header::HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Cut)?;
            response.headers_mut().append(*name, value);
        }
        Ok(response)
    }
}

fn first_half(body: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&body[..body.len() / 2])
}
