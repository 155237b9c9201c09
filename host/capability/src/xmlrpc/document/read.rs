//! Parses the bytes of an answer while they arrive. Only one piece of text or one tag of a document
//! is in memory.

use std::borrow::Cow;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::{BytesDecl, Event};
use tokio::io::AsyncBufRead;

use super::decode::{Cause, Decoder};
use super::source::Metered;
use super::{Answer, Keep, Malformed, TEXT_LIMIT, is_xml};

/// The answer of a proxy or a captive portal.
pub(super) const HTML: &str = "an HTML page instead of XML-RPC";

/// Maximum length of an element's name with its prefix, in bytes. The parser stores the names of all open elements.
const NAME_LIMIT: usize = 1024;

/// U+FEFF. The parser skips it only if its three bytes arrive together.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads an answer to its end, or to the first error.
pub async fn read(source: impl AsyncBufRead + Unpin, keep: &Keep) -> Result<Answer, Malformed> {
    let mut reader = Reader::from_reader(Metered::new(source));
    reader.config_mut().expand_empty_elements = true;
    let mut decoder = Decoder::new(keep);
    let mut is_first = true;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        reader.get_mut().allow(TEXT_LIMIT);
        let event = reader.read_event_into_async(&mut buffer).await;
        let step = match &event {
            Ok(Event::Eof) => break,
            Ok(event) => feed(&mut decoder, event, is_first),
            Err(cause) => Err(describe(cause, is_first)),
        };
        step.map_err(|cause| Malformed {
            cause,
            at: reader.buffer_position(),
        })?;
        is_first = matches!(&event, Ok(Event::Text(text)) if is_first && **text == *BYTE_ORDER_MARK);
    }
    let at = reader.buffer_position();
    decoder.finish().map_err(|cause| Malformed { cause, at })
}

/// The same for a complete document.
pub fn decode(document: &[u8], keep: &Keep) -> Result<Answer, Malformed> {
    let mut reading = pin!(read(document, keep));
    match reading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("there is nothing to wait for"),
    }
}

fn feed(decoder: &mut Decoder<'_>, event: &Event<'_>, is_first: bool) -> Result<(), Cause> {
    match event {
        Event::Start(tag) => {
            if tag.name().into_inner().len() > NAME_LIMIT {
                return Err(format!("an element whose name has more than {NAME_LIMIT} bytes").into());
            }
            for attribute in tag.attributes().with_checks(false) {
                attribute.map_err(|_| "a malformed attribute")?;
            }
            decoder.start(tag.local_name().into_inner())
        }
        Event::End(_) => decoder.end(),
        // Expanded to a start and an end.
        Event::Empty(_) | Event::Eof | Event::Comment(_) => Ok(()),
        Event::Text(text) => {
            let text = text.xml10_content();
            let text = text.strip_prefix(BYTE_ORDER_MARK).filter(|_| is_first).unwrap_or(&text);
            decoder.text(text)
        }
        Event::CData(_) | Event::GeneralRef(_) if decoder.is_outside() => Err("text outside of the document".into()),
        Event::CData(text) => decoder.text(&text.xml10_content()),
        Event::GeneralRef(reference) => {
            let reference = reference.xml10_content();
            match character(&reference) {
                Some(character) => decoder.text(character.encode_utf8(&mut [0; 4])),
                // The number of a character that XML does not allow.
                None if reference.starts_with('#') && decoder.is_dropping() => Ok(()),
                None => Err("an entity that is not one of XML's own".into()),
            }
        }
        Event::Decl(declaration) if is_first => check(declaration),
        Event::Decl(_) => Err("an XML declaration that is not at the start".into()),
        Event::PI(_) => Err("a processing instruction".into()),
        Event::DocType(name) if name.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("html")) => Err(HTML.into()),
        Event::DocType(_) => Err("a document type".into()),
    }
}

/// Only UTF-8 is accepted, and US-ASCII, which is a subset of it.
fn check(declaration: &BytesDecl<'_>) -> Result<(), Cause> {
    let malformed = || Cause::from("a malformed XML declaration");
    let version = declaration.version().map_err(|_| malformed())?;
    if !version.starts_with("1.") {
        return Err(malformed());
    }
    match declaration.encoding() {
        None => Ok(()),
        Some(Err(_)) => Err(malformed()),
        Some(Ok(encoding))
            if ["utf-8", "us-ascii"]
                .iter()
                .any(|good| encoding.eq_ignore_ascii_case(good)) =>
        {
            Ok(())
        }
        Some(Ok(_)) => Err("another encoding than UTF-8".into()),
    }
}

/// The character of a reference. `reference` is the text between `&` and `;`.
fn character(reference: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let plain = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        let code = u32::from_str_radix(digits, radix).ok().filter(|_| plain)?;
        char::from_u32(code).filter(|&character| is_xml(character))
    };
    match reference {
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

/// The parser's error. Its own texts are not used because they quote the document.
fn describe(cause: &Error, is_first: bool) -> Cause {
    match cause {
        Error::Io(_) => too_much_text(),
        Error::Syntax(_) if is_first => "no XML".into(),
        Error::Syntax(_) => "markup that is not XML, or ends in the middle".into(),
        Error::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_)) => {
            "an end tag that does not belong to the start tag".into()
        }
        Error::IllFormed(IllFormedError::UnclosedReference) => "a bare &".into(),
        Error::Encoding(_) => "bytes that are not UTF-8".into(),
        _ => "malformed XML".into(),
    }
}

pub(super) fn too_much_text() -> Cause {
    Cow::from(format!("more than {} MiB of text", TEXT_LIMIT / 1024 / 1024))
}
