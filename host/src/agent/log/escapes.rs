//! The ways in which a text may be written inside of another: percent-encoded,
//! as a literal of a programming language, as text of XML. Read leniently, and
//! mixed in any way: what stands for a secret has to be found, not judged.

/// How deep escapes in escapes are followed: a JSON text in a debug print.
pub(super) const DEPTH: u8 = 2;
/// Longest spelling of one byte that is read, in bytes: a numeric entity each
/// of whose characters is percent-encoded.
pub(super) const LONGEST: usize = 36;
/// Longest name or number between `&` and `;`.
const ENTITY: usize = 10;

/// What a piece of text may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    bytes: [u8; 4],
    length: u8,
    /// Where the text goes on.
    pub(super) end: usize,
}

impl Unit {
    fn byte(byte: u8, end: usize) -> Self {
        Self {
            bytes: [byte, 0, 0, 0],
            length: 1,
            end,
        }
    }

    fn character(code: u32, end: usize) -> Option<Self> {
        let mut bytes = [0; 4];
        let length = char::from_u32(code)?.encode_utf8(&mut bytes).len();
        Some(Self {
            bytes,
            length: u8::try_from(length).ok()?,
            end,
        })
    }

    /// The bytes that it stands for.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// The byte that it stands for, if that is one.
    pub(super) fn single(&self) -> Option<u8> {
        match self.bytes() {
            [byte] => Some(*byte),
            _ => None,
        }
    }
}

/// Whether more than itself may begin with this byte.
pub(super) fn introduces(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&' | b'+')
}

/// Appends everything that the text at this place may stand for, by escapes in
/// each other down to `depth`. The byte itself comes first.
pub(super) fn units(text: &[u8], at: usize, depth: u8, found: &mut Vec<Unit>) {
    let Some(&byte) = text.get(at) else { return };
    let Some(inner) = depth.checked_sub(1) else {
        found.push(Unit::byte(byte, at + 1));
        return;
    };
    let first = found.len();
    units(text, at, inner, found);
    for index in first..found.len() {
        let Some(unit) = found.get(index).copied() else { break };
        match unit.single() {
            Some(b'%') => found.extend(hexadecimal(text, unit.end, 2).and_then(|code| {
                let byte = u8::try_from(code).ok()?;
                Some(Unit::byte(byte, unit.end + 2))
            })),
            Some(b'+') => found.push(Unit::byte(b' ', unit.end)),
            Some(b'&') => found.extend(entity(text, unit.end)),
            Some(b'\\') => backslash(text, unit.end, inner, found),
            _ => {}
        }
    }
}

/// So many hexadecimal digits.
fn hexadecimal(text: &[u8], at: usize, digits: usize) -> Option<u32> {
    number(text.get(at..at + digits)?, 16)
}

/// All of it, as a number.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    // A sign is none of it.
    let known = digits.iter().all(|digit| char::from(*digit).is_digit(radix));
    let digits = std::str::from_utf8(digits).ok().filter(|_| known)?;
    u32::from_str_radix(digits, radix).ok()
}

/// What follows `&`.
fn entity(text: &[u8], at: usize) -> Option<Unit> {
    let rest = text.get(at..)?;
    let length = rest.iter().take(ENTITY + 1).position(|byte| *byte == b';')?;
    let name = rest.get(..length)?;
    let end = at + length + 1;
    let code = match name {
        b"amp" => u32::from(b'&'),
        b"lt" => u32::from(b'<'),
        b"gt" => u32::from(b'>'),
        b"quot" => u32::from(b'"'),
        b"apos" => u32::from(b'\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => return None,
    };
    Unit::character(code, end)
}

/// What follows a backslash in JSON, Rust, Python, C and shells. `depth` is
/// that of escapes in which the character after it may be written.
fn backslash(text: &[u8], at: usize, depth: u8, found: &mut Vec<Unit>) {
    let mut after = Vec::new();
    units(text, at, depth, &mut after);
    for unit in after {
        let end = unit.end;
        let Some(letter) = unit.single() else { continue };
        let control = match letter {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'a' => 7,
            b'e' => 27,
            _ => 0,
        };
        match letter {
            b'x' => {
                if let Some(code) = hexadecimal(text, end, 2) {
                    // A byte in some languages, a character in others.
                    found.extend(u8::try_from(code).map(|byte| Unit::byte(byte, end + 2)));
                    found.extend(Unit::character(code, end + 2));
                }
            }
            b'u' => found.extend(unicode(text, end, depth)),
            b'U' => found.extend(hexadecimal(text, end, 8).and_then(|code| Unit::character(code, end + 8))),
            b'0'..=b'7' => {
                let code = text.get(end - 1..end + 2).and_then(|digits| number(digits, 8));
                let byte = code.and_then(|code| u8::try_from(code).ok());
                found.extend(byte.map(|byte| Unit::byte(byte, end + 2)));
                found.extend((letter == b'0').then(|| Unit::byte(0, end)));
            }
            _ if control != 0 => found.push(Unit::byte(control, end)),
            b' ' | b'!'..=b'/' | b':'..=b'@' | b'['..=b'`' | b'{'..=b'~' => found.push(Unit::byte(letter, end)),
            _ => {}
        }
    }
}

/// What follows `\u`: `{…}`, or four digits, or those of a pair of surrogates.
fn unicode(text: &[u8], at: usize, depth: u8) -> Option<Unit> {
    if text.get(at) == Some(&b'{') {
        let rest = text.get(at + 1..)?;
        let length = rest.iter().take(ENTITY).position(|byte| *byte == b'}')?;
        return Unit::character(number(rest.get(..length)?, 16)?, at + length + 2);
    }
    let code = hexadecimal(text, at, 4)?;
    if !(0xd800..0xdc00).contains(&code) {
        return Unit::character(code, at + 4);
    }
    let mut slashes = Vec::new();
    units(text, at + 4, depth, &mut slashes);
    slashes.into_iter().find_map(|slash| {
        let marked = slash.single() == Some(b'\\') && text.get(slash.end) == Some(&b'u');
        let low = hexadecimal(text, slash.end + 1, 4).filter(|low| marked && (0xdc00..0xe000).contains(low))?;
        let code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        Unit::character(code, slash.end + 5)
    })
}
