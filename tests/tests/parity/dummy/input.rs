//! One call of an agent, as a test makes it.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

/// Everything that both agents receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Arguments or lines, in groups that belong together.
    pub pieces: Vec<Vec<Vec<u8>>>,
    /// How the options are passed.
    pub way: Way,
    /// The initial content of the file `st`; `None` if the file is missing.
    pub status: Option<Vec<u8>>,
    /// Whether `POSIXLY_CORRECT` is in the environment.
    pub posix: bool,
    /// Whether `PCMK_service=pacemaker-fenced` is in the environment.
    pub fenced: bool,
}

/// How an agent receives its options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As arguments; standard input has options too, which have no effect.
    Arguments,
    /// As lines of standard input.
    Lines,
    /// Not at all: standard input is closed.
    Closed,
}

impl Input {
    /// Arguments or lines, one by one.
    pub fn items(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().flatten().map(Vec::as_slice)
    }

    /// The arguments after the program's name.
    pub fn arguments(&self) -> Vec<&OsStr> {
        match self.way {
            Way::Arguments => self.items().map(OsStr::from_bytes).collect(),
            Way::Lines | Way::Closed => Vec::new(),
        }
    }

    /// The content of standard input.
    pub fn stdin(&self) -> Vec<u8> {
        match self.way {
            Way::Arguments => b"action=metadata\n".to_vec(),
            Way::Lines => self.items().collect::<Vec<_>>().join(&b'\n'),
            Way::Closed => Vec::new(),
        }
    }

    /// Whether an argument or line has bytes that are not UTF-8.
    pub fn is_damaged(&self) -> bool {
        self.items().any(|item| std::str::from_utf8(item).is_err())
    }

    /// Whether an argument or line contains this text.
    pub fn contains(&self, text: &str) -> bool {
        let all: Vec<_> = self.items().collect();
        String::from_utf8_lossy(&all.join(&b'\n')).contains(text)
    }

    /// All inputs that are one group shorter than this one. The first group stays, because it names the status file.
    pub fn smaller(&self) -> impl Iterator<Item = Self> {
        (1..self.pieces.len()).rev().map(|index| {
            let mut less = self.clone();
            less.pieces.remove(index);
            less
        })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.way)?;
        for item in self.items() {
            write!(formatter, " \"{}\"", item.escape_ascii())?;
        }
        match &self.status {
            Some(status) => write!(formatter, "; st holds \"{}\"", status.escape_ascii())?,
            None => write!(formatter, "; no st")?,
        }
        if self.posix {
            write!(formatter, "; POSIXLY_CORRECT")?;
        }
        if self.fenced {
            write!(formatter, "; PCMK_service")?;
        }
        Ok(())
    }
}
