//! The daemons that store records: systemd's journal, which accepts fields, or
//! syslog if there is no journal. Never both, because the journal also reads
//! `/dev/log`.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Record, Sink};
use crate::log::Syslog;

/// The facility `authpriv`, for records that only administrators should read.
const FACILITY: u8 = 10;
/// The severity `notice`.
const SEVERITY: u8 = 5;

/// Maximum time that a record waits for a daemon with a full queue. An action
/// has two records, so the delay of fencing stays small.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(250);

/// Names of journal fields, with the names of the record's fields.
const FIELDS: [(&str, &str); 11] = [
    ("FENCEBOX_EVENT", "event"),
    ("FENCEBOX_AGENT", "agent"),
    ("FENCEBOX_ACTION", "action"),
    ("FENCEBOX_PLUG", "plugs"),
    ("FENCEBOX_RESULT", "result"),
    ("FENCEBOX_EXIT", "exit"),
    ("FENCEBOX_ERROR", "errors"),
    ("FENCEBOX_DEVICE", "contacts"),
    ("FENCEBOX_PLUGIN", "plugin"),
    ("FENCEBOX_PLUGIN_BLAKE3", "blake3"),
    ("FENCEBOX_SERVICE", "service"),
];

/// Connects to the journal at the socket `journal`, or to syslog at the socket
/// `syslog` if there is no journal.
pub fn daemon(journal: &Path, syslog: &Path, agent: &str) -> Option<Box<dyn Sink>> {
    if let Some(journal) = Journal::connect(journal) {
        return Some(Box::new(journal));
    }
    Some(Box::new(Syslog::connect(syslog, agent)?.with_timeout(REQUEST_TIMEOUT)?))
}

impl Sink for Syslog {
    fn write(&mut self, record: &Record) {
        let line = format!("audit {}", record.json());
        let _ = self.send(FACILITY << 3 | SEVERITY, SystemTime::now(), &line);
    }
}

/// systemd's journal, in its native protocol: one datagram per entry
/// (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>).
pub struct Journal(UnixDatagram);

impl Journal {
    /// Connects to the journal's socket, if there is a journal.
    pub fn connect(socket: &Path) -> Option<Self> {
        let path = socket;
        let socket = UnixDatagram::unbound().ok()?;
        socket.connect(path).ok()?;
        socket.set_write_timeout(Some(REQUEST_TIMEOUT)).ok()?;
        Some(Self(socket))
    }
}

impl Sink for Journal {
    fn write(&mut self, record: &Record) {
        let mut datagram = Vec::new();
        let mut add = |name: &str, value: &str| field(&mut datagram, name, value);
        add("MESSAGE", &format!("audit {}", record.json()));
        add("PRIORITY", &SEVERITY.to_string());
        add("SYSLOG_FACILITY", &FACILITY.to_string());
        add("SYSLOG_IDENTIFIER", record.agent());
        for (name, of) in FIELDS {
            record.texts(of).iter().for_each(|text| add(name, text));
        }
        let _ = self.0.send(&datagram);
    }
}

/// Appends `NAME=value`. If the value has several lines, appends the name, the
/// length of the value in eight bytes, and the value.
fn field(datagram: &mut Vec<u8>, name: &str, value: &str) {
    datagram.extend(name.as_bytes());
    if value.contains('\n') {
        datagram.push(b'\n');
        datagram.extend((value.len() as u64).to_le_bytes());
    } else {
        datagram.push(b'=');
    }
    datagram.extend(value.as_bytes());
    datagram.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_value_of_several_lines_has_a_length() {
        let mut datagram = Vec::new();
        field(&mut datagram, "ONE", "a=b");
        field(&mut datagram, "TWO", "a\nFORGED=1");
        assert_eq!(datagram, b"ONE=a=b\nTWO\n\x0a\0\0\0\0\0\0\0a\nFORGED=1\n");
    }
}
