//! A body that comes as planned: late, slowly, for ever, or not to its end.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Bytes, Frame, SizeHint};

use crate::time::Time;

/// Why a connection ends early: because it was planned so.
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
    /// Nothing, for a time; what was written before is sent meanwhile.
    Pause(Duration),
    /// The same in real time, whatever the client's clock: as long as the bytes take to get out.
    Flush(Duration),
    /// These bytes over and over, this many in all.
    Repeat(Bytes, u64),
    /// The connection closes.
    Cut,
}

/// A body with a script.
pub(crate) struct Body {
    parts: VecDeque<Part>,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    announced: bool,
    time: Time,
}

impl Body {
    /// A body of these parts; `announced` says whether the client is told its length, if it has one.
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

    /// Exact, and so announced as `content-length`, unless the script is one that lies about its length or hides it.
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
