//! The faults of a BMC, and of the network between it and its client.

use std::fmt;
use std::str::FromStr;

/// The steps of the protocol, and their descriptions.
pub const STEPS: [(&str, &str); 14] = [
    ("capabilities", "Get Channel Authentication Capabilities"),
    ("suites", "Get Channel Cipher Suites"),
    ("open", "Open Session"),
    ("rakp1", "RAKP 1: the user"),
    ("rakp3", "RAKP 3: the password"),
    ("challenge", "Get Session Challenge (IPMI 1.5)"),
    ("activate", "Activate Session (IPMI 1.5)"),
    ("privilege", "Set Session Privilege Level"),
    ("status", "Get Chassis Status"),
    ("on", "Chassis Control: power up"),
    ("off", "Chassis Control: power down"),
    ("cycle", "Chassis Control: power cycle"),
    ("diag", "Chassis Control: diagnostic interrupt"),
    ("close", "Close Session"),
];

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request gets lost.
    Lost,
    /// The answer gets lost.
    DropAfter,
    /// The answer arrives this many tenths of a second late.
    Late(u8),
    /// The answer arrives twice.
    Twice,
    /// The answer arrives after the next one.
    Reorder,
    /// Nothing is done, and the last answer of this step arrives again.
    Old,
    /// The last byte of the answer is another one: its authentication code, or its checksum.
    Forged,
    /// Before the answer, another one arrives: unsigned, with success and the power off.
    Impostor,
    /// That answer arrives alone, and nothing is done.
    OnlyImpostor,
    /// This many datagrams that are not IPMI arrive before the answer.
    Garbage(u8),
    /// Datagrams that are not IPMI arrive without an end, and nothing is done.
    Flood,
    /// Nothing is done, and the answer has this completion code or status code.
    Code(u8),
    /// The answer has only this many bytes of its datagram.
    Cut(u8),
    /// The answer has only this many bytes of its data.
    Short(u8),
    /// The answer has the number of another request.
    WrongNumber,
    /// The answer is for another command.
    WrongCommand,
    /// The answer has the number of another session.
    WrongSession,
    /// The BMC restarts: it has no sessions, and does not answer this request.
    Restart,
}

/// Which calls a fault applies to: those of a step, or of all steps, from the first, second … on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The step, or `any`.
    pub step: &'static str,
    /// The first call of that step, counted from 1.
    pub first: u64,
    /// The last call; unlimited if `None`.
    pub last: Option<u64>,
    /// The fault.
    pub fault: Fault,
}

type Row = (&'static str, &'static str, &'static str);

const WORDS: [Row; 18] = [
    ("lost", "", "the request gets lost"),
    ("drop-after", "", "the action is done, and the answer gets lost"),
    ("late", ":N", "the answer is N tenths of a second late"),
    ("twice", "", "the answer arrives twice"),
    ("reorder", "", "the answer arrives after the next one"),
    (
        "old",
        "",
        "nothing is done, and the last answer of the step arrives again",
    ),
    (
        "forged",
        "",
        "the authentication code or the checksum of the answer is wrong",
    ),
    (
        "impostor",
        "",
        "an unsigned answer with success and power off, then the real one",
    ),
    ("only-impostor", "", "the unsigned answer alone, and nothing is done"),
    ("garbage", ":N", "N datagrams that are not IPMI, then the answer"),
    (
        "flood",
        "",
        "datagrams that are not IPMI, 10,000 a second, and nothing is done",
    ),
    ("code", ":N", "nothing is done, and the answer has the code N"),
    ("cut", ":N", "only N bytes of the answer"),
    ("short", ":N", "an answer with only N bytes of its data"),
    ("wrong-number", "", "the answer has the number of another request"),
    ("wrong-command", "", "the answer is for another command"),
    ("wrong-session", "", "the answer has the number of another session"),
    ("restart", "", "the BMC forgets its sessions, and does not answer"),
];

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Fault, String> {
        let (word, number) = match text.split_once(':') {
            Some((word, number)) => (word, Some(number)),
            None => (text, None),
        };
        let small = || {
            let number = number.and_then(|number| number.parse().ok());
            number.ok_or(format!("`{word}` needs a number from 0 to 255"))
        };
        Ok(match word {
            "lost" => Fault::Lost,
            "drop-after" => Fault::DropAfter,
            "late" => Fault::Late(small()?),
            "twice" => Fault::Twice,
            "reorder" => Fault::Reorder,
            "old" => Fault::Old,
            "forged" => Fault::Forged,
            "impostor" => Fault::Impostor,
            "only-impostor" => Fault::OnlyImpostor,
            "garbage" => Fault::Garbage(small()?),
            "flood" => Fault::Flood,
            "code" => Fault::Code(small()?),
            "cut" => Fault::Cut(small()?),
            "short" => Fault::Short(small()?),
            "wrong-number" => Fault::WrongNumber,
            "wrong-command" => Fault::WrongCommand,
            "wrong-session" => Fault::WrongSession,
            "restart" => Fault::Restart,
            _ => {
                let words: Vec<_> = WORDS.iter().map(|(word, ..)| *word).collect();
                return Err(format!("no fault `{word}`; there are {}", words.join(", ")));
            }
        })
    }
}

impl FromStr for Plan {
    type Err = String;

    /// `STEP[#NTH][*COUNT]=FAULT`.
    fn from_str(text: &str) -> Result<Plan, String> {
        let (place, fault) = text.split_once('=').ok_or("must be STEP[#NTH][*COUNT]=FAULT")?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is not a number"));
        let (place, count) = match place.split_once('*') {
            Some((place, count)) => (place, Some(number(count)?)),
            None => (place, None),
        };
        let (step, first) = place.split_once('#').unwrap_or((place, "1"));
        let first = number(first)?;
        let mut steps = STEPS.iter().map(|(step, _)| *step).chain(["any"]);
        Ok(Plan {
            step: steps.find(|known| *known == step).ok_or(format!("no step `{step}`"))?,
            first,
            last: count.map(|count| (first + count).saturating_sub(1)),
            fault: fault.parse()?,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Lost => f.write_str("lost"),
            Fault::DropAfter => f.write_str("drop-after"),
            Fault::Late(tenths) => write!(f, "late:{tenths}"),
            Fault::Twice => f.write_str("twice"),
            Fault::Reorder => f.write_str("reorder"),
            Fault::Old => f.write_str("old"),
            Fault::Forged => f.write_str("forged"),
            Fault::Impostor => f.write_str("impostor"),
            Fault::OnlyImpostor => f.write_str("only-impostor"),
            Fault::Garbage(count) => write!(f, "garbage:{count}"),
            Fault::Flood => f.write_str("flood"),
            Fault::Code(code) => write!(f, "code:{code}"),
            Fault::Cut(length) => write!(f, "cut:{length}"),
            Fault::Short(length) => write!(f, "short:{length}"),
            Fault::WrongNumber => f.write_str("wrong-number"),
            Fault::WrongCommand => f.write_str("wrong-command"),
            Fault::WrongSession => f.write_str("wrong-session"),
            Fault::Restart => f.write_str("restart"),
        }
    }
}

/// The faults that are tested at a step.
pub fn samples(step: &str) -> Vec<Fault> {
    use Fault::*;
    let mut samples = vec![
        Lost,
        DropAfter,
        Late(5),
        Late(25),
        Twice,
        Reorder,
        Old,
        Forged,
        Garbage(20),
        Flood,
        Cut(0),
        Cut(12),
        Cut(20),
        Short(0),
        Short(2),
        Restart,
    ];
    // Completion codes of messages, and status codes of the handshake.
    let codes: &[u8] = match step {
        "open" | "rakp1" | "rakp3" => &[0x01, 0x02, 0x09, 0x0d, 0x0f, 0x11, 0x12, 0x33],
        _ => &[0x81, 0xc0, 0xc1, 0xc3, 0xcc, 0xd2, 0xd4, 0xd5, 0xff],
    };
    samples.extend(codes.iter().map(|code| Code(*code)));
    if !matches!(step, "open" | "rakp1" | "rakp3") {
        samples.extend([WrongNumber, WrongCommand]);
    }
    if matches!(step, "privilege" | "status" | "on" | "off" | "cycle" | "diag" | "close") {
        samples.extend([WrongSession, Impostor, OnlyImpostor]);
    }
    samples
}

/// The grammar, the steps and the faults, for `--help`.
pub fn help() -> String {
    let mut help = String::from(
        "Faults: STEP[#NTH][*COUNT]=FAULT\n\
         \x20 from the NTH call of the step (default 1), COUNT times (default: no limit)\n\nSteps:\n",
    );
    for (step, doc) in STEPS.iter().chain(&[("any", "every call")]) {
        help += &format!("  {step:<14} {doc}\n");
    }
    help += "\nFaults:\n";
    for (word, argument, doc) in WORDS {
        help += &format!("  {:<14} {doc}\n", format!("{word}{argument}"));
    }
    help
}
