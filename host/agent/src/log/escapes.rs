//! Escapes of characters in a text: percent-encoding, literals of programming languages, and XML. They are parsed
//! leniently, because every written form of a secret has to be found.

/// Maximum length of the name or number between `&` and `;`, and between `{` and `}`.
const ENTITY: usize = 10;
/// Maximum length of the written form of one byte of a secret, in bytes: a numeric reference for each character of a
/// `\u0026`, or a percent-encoded numeric reference.
pub(super) const LONGEST: usize = 36;

/// A kind of escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// Percent-encoding: `%2B`.
    Percent,
    /// Percent-encoding with `+` for a blank, as in forms.
    Form,
    /// Backslashes as in JSON, Rust, C, shells, and texts of Python, in which `\xe9` is a character.
    Backslash,
    /// Backslashes as in C and in bytes of Python, in which `\xe9` is a byte.
    BackslashBytes,
    /// References as in XML and HTML.
    References,
}

/// A decoded escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    bytes: [u8; 4],
    length: usize,
    /// The position after the escape.
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
        Some(Self { bytes, length, end })
    }

    /// The decoded bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Escapes {
    /// All kinds.
    pub(super) const ALL: [Self; 5] = [
        Self::Percent,
        Self::Form,
        Self::Backslash,
        Self::BackslashBytes,
        Self::References,
    ];

    /// Whether the text may contain an escape that the previous kinds in `ALL` do not decode.
    pub(super) fn may_occur_in(self, text: &[u8]) -> bool {
        match self {
            Self::Percent => text.contains(&b'%'),
            Self::Form => text.contains(&b'+'),
            Self::Backslash => text.contains(&b'\\'),
            Self::BackslashBytes => text.windows(2).any(|pair| pair == b"\\x"),
            Self::References => text.contains(&b'&'),
        }
    }

    /// The escape that starts at this position, if there is one.
    pub(super) fn at(self, text: &[u8], at: usize) -> Option<Unit> {
        match (self, text.get(at)?) {
            (Self::Percent | Self::Form, b'%') => {
                let byte = u8::try_from(number_at(text, at + 1, 2)?).ok()?;
                Some(Unit::byte(byte, at + 3))
            }
            (Self::Form, b'+') => Some(Unit::byte(b' ', at + 1)),
            (Self::Backslash | Self::BackslashBytes, b'\\') => self.backslash(text, at + 1),
            (Self::References, b'&') => reference(text, at + 1),
            _ => None,
        }
    }

    /// Decodes the text after a backslash.
    fn backslash(self, text: &[u8], at: usize) -> Option<Unit> {
        let (letter, end) = (*text.get(at)?, at + 1);
        match letter {
            b'n' => Some(Unit::byte(b'\n', end)),
            b'r' => Some(Unit::byte(b'\r', end)),
            b't' => Some(Unit::byte(b'\t', end)),
            b'b' => Some(Unit::byte(8, end)),
            b'f' => Some(Unit::byte(12, end)),
            b'v' => Some(Unit::byte(11, end)),
            b'a' => Some(Unit::byte(7, end)),
            b'e' => Some(Unit::byte(27, end)),
            b'x' => {
                let code = number_at(text, end, 2)?;
                match (self, u8::try_from(code)) {
                    (Self::BackslashBytes, Ok(byte)) => Some(Unit::byte(byte, end + 2)),
                    _ => Unit::character(code, end + 2),
                }
            }
            b'u' => unicode(text, end),
            b'U' => Unit::character(number_at(text, end, 8)?, end + 8),
            b'0'..=b'7' => {
                let octal = text.get(at..at + 3).and_then(|digits| number(digits, 8));
                let octal = octal.and_then(|code| u8::try_from(code).ok());
                let zero = (letter == b'0').then(|| Unit::byte(0, end));
                octal.map(|byte| Unit::byte(byte, at + 3)).or(zero)
            }
            b' ' => Some(Unit::byte(b' ', end)),
            _ if letter.is_ascii_punctuation() => Some(Unit::byte(letter, end)),
            _ => None,
        }
    }
}

/// Decodes a number of hexadecimal digits.
fn number_at(text: &[u8], at: usize, digits: usize) -> Option<u32> {
    number(text.get(at..at + digits)?, 16)
}

/// Decodes all digits as a number.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    // `from_str_radix` would accept a sign.
    let all = digits.iter().all(|digit| char::from(*digit).is_digit(radix));
    let digits = std::str::from_utf8(digits).ok().filter(|_| all)?;
    u32::from_str_radix(digits, radix).ok()
}

/// Decodes the text after `&`.
fn reference(text: &[u8], at: usize) -> Option<Unit> {
    let rest = text.get(at..)?;
    let length = rest.iter().take(ENTITY + 1).position(|byte| *byte == b';')?;
    let code = match rest.get(..length)? {
        b"amp" => u32::from(b'&'),
        b"lt" => u32::from(b'<'),
        b"gt" => u32::from(b'>'),
        b"quot" => u32::from(b'"'),
        b"apos" => u32::from(b'\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => return None,
    };
    Unit::character(code, at + length + 1)
}

/// Decodes the text after `\u`: `{…}`, four digits, or a pair of surrogates.
fn unicode(text: &[u8], at: usize) -> Option<Unit> {
    if text.get(at) == Some(&b'{') {
        let rest = text.get(at + 1..)?;
        let length = rest.iter().take(ENTITY).position(|byte| *byte == b'}')?;
        return Unit::character(number(rest.get(..length)?, 16)?, at + length + 2);
    }
    let (code, end) = (number_at(text, at, 4)?, at + 4);
    if !(0xd800..0xdc00).contains(&code) {
        return Unit::character(code, end);
    }
    let low = number_at(text, end + 2, 4).filter(|low| (0xdc00..0xe000).contains(low))?;
    let follows = text.get(end..end + 2) == Some(b"\\u");
    let code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    Unit::character(code, end + 6).filter(|_| follows)
}
