//! A body that is sent as planned: late, slowly, without an end, or incompletely.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Bytes, Frame, SizeHint};

use crate::time::Time;

/// The error that ends a connection early as planned.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut as planned")
    }
}

impl std::error::Error for Cut {}

/// One part of a body.
#[derive(Debug)]
pub(super) enum Part {
    /// Bytes.
    Data(Bytes),
    /// A pause; what was written before is sent meanwhile.
    Pause(Duration),
    /// A pause in real time, whatever the client's clock is, so that the bytes are sent.
    Flush(Duration),
    /// These bytes repeated, up to this total number.
    Repeat(Bytes, u64),
    /// The connection closes.
    Cut,
}

/// A body that consists of a list of parts.
pub(crate) struct Body {
    parts: VecDeque<Part>,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    announced: bool,
    time: Time,
}

impl Body {
    /// A body of these parts; `announced` is whether the client receives its length, if it has one.
    pub(super) fn new(parts: impl Into<VecDeque<Part>>, announced: bool, time: Time) -> Body {
        Body {
            parts: parts.into(),
            pause: None,
            announced,
            time,
        }
    }
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
                Some(Part::Pause(length)) => {
                    let time = self.time.clone();
                    self.pause = Some(Box::pin(async move { time.pass(length).await }));
                }
                Some(Part::Flush(length)) => self.pause = Some(Box::pin(tokio::time::sleep(length))),
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

    /// Exact, and so sent as `content-length`, unless the body has a wrong length on purpose or hides it.
    fn size_hint(&self) -> SizeHint {
        if !self.announced {
            return SizeHint::default();
        }
        let mut total = 0;
        for part in &self.parts {
            match part {
                Part::Data(data) => total += data.len() as u64,
                Part::Pause(_) | Part::Flush(_) => {}
                Part::Repeat(..) | Part::Cut => return SizeHint::default(),
            }
        }
        SizeHint::with_exact(total)
    }
}
