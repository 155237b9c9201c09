//! The faults of a daemon, and of the network between it and its client.

use std::fmt;
use std::str::FromStr;

/// The steps of the protocol, and their descriptions.
pub const STEPS: [(&str, &str); 5] = [
    ("off", "switch a machine off"),
    ("on", "switch a machine on"),
    ("status", "whether a machine is on"),
    ("monitor", "whether the daemon answers"),
    ("list", "the machines"),
];

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is sent, and nothing is called back.
    Silent,
    /// The connection ends before either side has proven anything.
    HangUp,
    /// The connection is reset before either side has proven anything.
    Reset,
    /// Data that is not the protocol is sent, then the connection ends.
    Garbage,
    /// The callback or answer comes this many tenths of a second late; the rest is normal.
    Late(u8),
    /// It calls back twice, with the same action and answer each time.
    Twice,
    /// The connection stays open, and nothing is sent.
    Stall,
    /// Its proof uses another key; then it reports "done", although nothing was done.
    WrongKey,
    /// Nothing is done, and no answer is sent.
    Drop,
    /// The action is done, and no answer is sent.
    DropAfter,
    /// The action is done, and the answer never comes.
    StallAfter,
    /// Nothing is done, and the answer is this code.
    Code(u8),
    /// The answer is followed by this many bytes of a list, and then the connection ends.
    Cut(u16),
    /// The list never ends.
    Endless,
    /// The list ends with this code.
    ListCode(u8),
    /// The list contains no machines.
    Unlisted,
    /// The list contains each machine a second time, with another UUID, and shut off.
    Twin,
    /// The list shows each machine in this state, whatever its real state is.
    State(u8),
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

const WORDS: [(&str, &str); 18] = [
    ("silent", "no answer and no callback"),
    ("hang-up", "the connection ends before either side has proven anything"),
    (
        "reset",
        "the connection is reset before either side has proven anything",
    ),
    ("garbage", "data that is not the protocol, then the connection ends"),
    ("late:N", "N tenths of a second late, and otherwise normal"),
    (
        "twice",
        "over a group, two callbacks for one request, each with the same answer",
    ),
    ("stall", "the connection stays open, and nothing is sent"),
    (
        "wrong-key",
        "the proof uses another key; then \"done\", although nothing was done",
    ),
    ("drop", "nothing is done, and no answer is sent"),
    ("drop-after", "the action is done, and no answer is sent"),
    ("stall-after", "the action is done, and the answer never comes"),
    ("code:N", "nothing is done, and the answer is N"),
    ("cut:N", "N bytes of a list, then the connection ends"),
    ("endless", "a list that never ends"),
    ("list-code:N", "a list that ends with the code N"),
    ("unlisted", "a list without machines"),
    (
        "twin",
        "a list with each machine twice, the second time with another UUID and shut off",
    ),
    ("state:N", "a list that shows each machine in the state N"),
];

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Fault, String> {
        let (word, number) = match text.split_once(':') {
            Some((word, number)) => (word, Some(number)),
            None => (text, None),
        };
        let small = || {
            number
                .and_then(|number| number.parse().ok())
                .ok_or(format!("`{word}` needs a number"))
        };
        Ok(match word {
            "silent" => Fault::Silent,
            "hang-up" => Fault::HangUp,
            "reset" => Fault::Reset,
            "garbage" => Fault::Garbage,
            "late" => Fault::Late(small()?),
            "twice" => Fault::Twice,
            "stall" => Fault::Stall,
            "wrong-key" => Fault::WrongKey,
            "drop" => Fault::Drop,
            "drop-after" => Fault::DropAfter,
            "stall-after" => Fault::StallAfter,
            "code" => Fault::Code(small()?),
            "cut" => Fault::Cut(u16::from(small()?)),
            "endless" => Fault::Endless,
            "list-code" => Fault::ListCode(small()?),
            "unlisted" => Fault::Unlisted,
            "twin" => Fault::Twin,
            "state" => Fault::State(small()?),
            _ => {
                let words: Vec<_> = WORDS.iter().map(|(word, _)| *word).collect();
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
        let (word, number) = match self {
            Fault::Silent => ("silent", None),
            Fault::HangUp => ("hang-up", None),
            Fault::Reset => ("reset", None),
            Fault::Garbage => ("garbage", None),
            Fault::Late(tenths) => ("late", Some((*tenths).into())),
            Fault::Twice => ("twice", None),
            Fault::Stall => ("stall", None),
            Fault::WrongKey => ("wrong-key", None),
            Fault::Drop => ("drop", None),
            Fault::DropAfter => ("drop-after", None),
            Fault::StallAfter => ("stall-after", None),
            Fault::Code(code) => ("code", Some(u16::from(*code))),
            Fault::Cut(length) => ("cut", Some(*length)),
            Fault::Endless => ("endless", None),
            Fault::ListCode(code) => ("list-code", Some((*code).into())),
            Fault::Unlisted => ("unlisted", None),
            Fault::Twin => ("twin", None),
            Fault::State(state) => ("state", Some((*state).into())),
        };
        match number {
            Some(number) => write!(f, "{word}:{number}"),
            None => f.write_str(word),
        }
    }
}

/// The faults that are tested at a step.
/// Not `list=state:5`: an agent cannot detect a wrong power status that nothing else contradicts.
pub fn samples(step: &str) -> Vec<Fault> {
    use Fault::*;
    let everywhere = [
        Silent,
        HangUp,
        Reset,
        Garbage,
        Late(3),
        Late(50),
        Stall,
        WrongKey,
        Drop,
        DropAfter,
        StallAfter,
        Code(0),
        Code(1),
        Code(2),
        Code(3),
        Code(4),
        Code(119),
        Code(253),
        Cut(64),
        Endless,
        Unlisted,
    ];
    let of_lists = [
        Cut(0),
        Cut(1),
        Cut(129),
        Cut(130),
        Cut(131),
        Cut(200),
        ListCode(1),
        Twin,
        State(0),
        State(1),
        State(2),
        State(3),
        State(4),
        State(6),
        State(7),
        State(8),
        State(255),
    ];
    let of_lists = if step == "list" { &of_lists[..] } else { &[] };
    everywhere.iter().chain(of_lists).copied().collect()
}

/// The grammar, the steps and the faults, for `--help`.
pub fn help() -> String {
    let mut help = String::from(
        "Faults: STEP[#NTH][*COUNT]=FAULT\n\
         \x20 from the NTH call of the step (default 1), COUNT times (default: no limit)\n\nSteps:\n",
    );
    for (step, doc) in STEPS.iter().chain(&[("any", "every call")]) {
        help += &format!("  {step:<12} {doc}\n");
    }
    help += "\nFaults:\n";
    for (word, doc) in WORDS {
        help += &format!("  {word:<12} {doc}\n");
    }
    help
}
