//! Texts of a device, shortened for one line of a message or log.

/// Maximum length of a device's text in a message, in characters.
const LONGEST: usize = 200;

/// A text of the device as part of a message: on one line, without control
/// characters, without a full stop at the end, and at most 200 characters.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let breaks = |letter: char| letter.is_whitespace() || letter.is_control();
    let words = text.split(breaks).filter(|word| !word.is_empty());
    let line = words.take(LONGEST).collect::<Vec<_>>().join(" ");
    if line.chars().nth(LONGEST).is_some() {
        let start: String = line.chars().take(LONGEST - 1).collect();
        return start + "…";
    }
    line.trim_end_matches(['.', ' ']).to_owned()
}

/// A text without the part between its first and its last double quote:
/// parsers quote their input, which may contain a token.
pub(crate) fn without_quotations(text: &str) -> String {
    match (text.split_once('"'), text.rsplit_once('"')) {
        (Some((before, _)), Some((_, after))) => format!("{before}…{after}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{excerpt, without_quotations};

    #[test]
    fn an_excerpt_is_one_clean_line() {
        assert_eq!(excerpt("  not\r\n\tnow\u{1b}[31m.  "), "not now [31m");
        assert_eq!(excerpt("\0"), "");
    }

    #[test]
    fn an_excerpt_has_at_most_200_characters() {
        assert_eq!(excerpt(&"x".repeat(5000)).chars().count(), 200);
        assert_eq!(excerpt(&"ö ".repeat(5000)).chars().count(), 200);
        assert_eq!(excerpt(&"x".repeat(200)), "x".repeat(200));
    }

    #[test]
    fn quotations_are_left_out() {
        let text = "invalid type: string \"tok\\\"en\", expected u16";
        assert_eq!(without_quotations(text), "invalid type: string …, expected u16");
        assert_eq!(without_quotations("missing field `id`"), "missing field `id`");
    }
}
