//! References to characters, and the characters that XML 1.0 allows (section 2.2).

/// Whether a document may contain this character.
pub(crate) fn is_allowed(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        other => other >= ' ',
    }
}

/// The character of a reference: one of the five entities of XML, or a number. `name` is the text between `&` and `;`.
pub(crate) fn character(name: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let is_plain = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        let code = u32::from_str_radix(digits, radix).ok().filter(|_| is_plain)?;
        char::from_u32(code).filter(|&character| is_allowed(character))
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        other => match other.strip_prefix("#x") {
            Some(digits) => number(digits, 16),
            None => number(other.strip_prefix('#')?, 10),
        },
    }
}

/// A text with its references replaced; `None` for another reference, and for a bare `&`.
pub(crate) fn resolve(text: &str) -> Option<String> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, after) = after.split_once(';')?;
        resolved.push_str(before);
        resolved.push(character(name)?);
        rest = after;
    }
    resolved.push_str(rest);
    Some(resolved)
}
