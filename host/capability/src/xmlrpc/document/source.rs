//! The bytes of an answer, as the XML parser reads them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

/// Takes the place of each byte that is not UTF-8. XML does not allow this character, so a kept
/// value with it is refused. The parser would stop at such a byte, even in a dropped value.
const NOT_UTF8: u8 = 1;
/// Maximum number of bytes that are copied at once.
const PIECE: usize = 64 * 1024;

/// A source that fails if one event of the parser takes too many bytes, because the parser itself
/// has no limit. Its bytes are UTF-8.
pub(super) struct Metered<R> {
    source: R,
    /// Number of bytes that may be read before it is set again.
    left: usize,
    /// Bytes of the source that were not consumed yet. Those up to `clean` are UTF-8.
    piece: Vec<u8>,
    start: usize,
    clean: usize,
}

impl<R> Metered<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            left: 0,
            piece: Vec::new(),
            start: 0,
            clean: 0,
        }
    }

    /// Allows this number of bytes from now on.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.left = bytes;
    }
}

/// Replaces bytes that are not UTF-8. Returns the number of bytes before a character whose end is
/// missing; at the end of the source there is none.
fn clean(bytes: &mut [u8], is_end: bool) -> usize {
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..) {
        let Err(problem) = std::str::from_utf8(rest) else {
            break;
        };
        let bad = problem.valid_up_to();
        let length = match problem.error_len() {
            Some(length) => length,
            None if is_end => rest.len() - bad,
            None => return done + bad,
        };
        rest.iter_mut().skip(bad).take(length).for_each(|byte| *byte = NOT_UTF8);
        done += bad + length;
    }
    bytes.len()
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for Metered<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        while this.start == this.clean {
            this.piece.drain(..this.clean);
            (this.start, this.clean) = (0, 0);
            let available = ready!(Pin::new(&mut this.source).poll_fill_buf(context))?;
            let available = available.get(..PIECE).unwrap_or(available);
            let (count, is_end) = (available.len(), available.is_empty());
            this.piece.extend_from_slice(available);
            Pin::new(&mut this.source).consume(count);
            this.clean = clean(&mut this.piece, is_end);
            if is_end {
                break;
            }
        }
        let available = this.piece.get(this.start..this.clean).unwrap_or_default();
        Poll::Ready(Ok(available.get(..this.left).unwrap_or(available)))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.get_mut();
        this.left = this.left.saturating_sub(amount);
        this.start = (this.start + amount).min(this.clean);
    }
}

impl<R: AsyncBufRead + Unpin> AsyncRead for Metered<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let available = ready!(self.as_mut().poll_fill_buf(context))?;
        let amount = available.len().min(into.remaining());
        into.put_slice(available.get(..amount).unwrap_or_default());
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}
