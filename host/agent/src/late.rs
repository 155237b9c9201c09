//! A destination of lines or records that is connected when it is first needed. Most calls of an agent print a document
//! and log nothing.

use std::cell::LazyCell;
use std::io;
use std::time::SystemTime;

use super::{audit, log};
use crate::Needs;

type Connect<T> = Box<dyn FnOnce() -> Option<T> + Send>;

/// A destination that may not exist. Then it accepts and discards everything.
pub struct Late<T> {
    name: &'static str,
    destination: LazyCell<Option<T>, Connect<T>>,
}

impl<T> Late<T> {
    /// A destination with this name in messages. `connect` returns `None` if it does not exist.
    pub fn new(name: &'static str, connect: impl FnOnce() -> Option<T> + Send + 'static) -> Self {
        Self {
            name,
            destination: LazyCell::new(Box::new(connect)),
        }
    }

    fn destination(&mut self) -> Option<&mut T> {
        LazyCell::force_mut(&mut self.destination).as_mut()
    }
}

impl<T: log::Sink> log::Sink for Late<T> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn connect(&mut self) -> bool {
        self.destination().is_some()
    }

    fn lines(&mut self, time: SystemTime, lines: &[(log::Level, &str)]) -> io::Result<()> {
        self.destination().map_or(Ok(()), |sink| sink.lines(time, lines))
    }

    fn flush(&mut self) -> io::Result<()> {
        // Nothing was written if it is not connected.
        LazyCell::get_mut(&mut self.destination)
            .and_then(Option::as_mut)
            .map_or(Ok(()), log::Sink::flush)
    }
}

impl audit::Sink for Late<Box<dyn audit::Sink>> {
    fn connect(&mut self) -> bool {
        self.destination().is_some()
    }

    fn write(&mut self, record: &audit::Record) {
        if let Some(sink) = self.destination() {
            sink.write(record);
        }
    }

    fn add_needs(&self, needs: &mut Needs) {
        // Without a connection, it needs nothing.
        if let Some(sink) = LazyCell::get(&self.destination).and_then(Option::as_ref) {
            sink.add_needs(needs);
        }
    }

    fn fault(&mut self) -> Option<String> {
        // Nothing failed if it is not connected.
        LazyCell::get_mut(&mut self.destination)
            .and_then(Option::as_mut)
            .and_then(|sink| sink.fault())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::SystemTime;

    use super::Late;
    use crate::log::{Level, Sink, Syslog};

    #[test]
    fn a_missing_destination_is_tried_once_and_only_when_needed() {
        let tries = Arc::new(AtomicU32::new(0));
        let counted = tries.clone();
        let mut late: Late<Syslog> = Late::new("syslog", move || {
            counted.fetch_add(1, Ordering::Relaxed);
            None
        });
        assert_eq!(late.name(), "syslog");
        assert!(late.flush().is_ok());
        assert_eq!(tries.load(Ordering::Relaxed), 0);
        for _ in 0..2 {
            assert!(late.lines(SystemTime::UNIX_EPOCH, &[(Level::Error, "line")]).is_ok());
            assert!(!late.connect());
        }
        assert_eq!(tries.load(Ordering::Relaxed), 1);
    }
}
