//! Reads DER leniently: only as far as it is needed to find a part of a certificate. Lengths may
//! have more bytes than necessary, and the content of a skipped element may be anything.

/// `SEQUENCE`
pub(super) const SEQUENCE: u8 = 0x30;
/// `SET`
pub(super) const SET: u8 = 0x31;
/// `BOOLEAN`
pub(super) const BOOLEAN: u8 = 0x01;
/// `INTEGER`
pub(super) const INTEGER: u8 = 0x02;
/// `BIT STRING`
pub(super) const BIT_STRING: u8 = 0x03;
/// `OCTET STRING`
pub(super) const OCTET_STRING: u8 = 0x04;
/// `OBJECT IDENTIFIER`
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;

/// Tags with a number above 30 take several bytes. Certificates have none.
const LONG_TAG: u8 = 0x1f;

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Tag, length and content.
    pub(super) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements in the content.
    pub(super) fn elements(&self) -> Reader<'a> {
        Reader(self.content)
    }

    /// The content of a `BIT STRING` of whole bytes.
    pub(super) fn bits(&self) -> Option<&'a [u8]> {
        match self.content.split_first() {
            Some((0, bits)) if self.tag == BIT_STRING => Some(bits),
            _ => None,
        }
    }

    /// The content of an `INTEGER` as an unsigned number without leading zeros. Some devices omit
    /// the zero that marks a number as positive.
    pub(super) fn unsigned(&self) -> Option<&'a [u8]> {
        let start = self.content.iter().position(|byte| *byte != 0)?;
        (self.tag == INTEGER).then_some(self.content.get(start..)?)
    }
}

/// Elements that follow each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next element; none at the end, or if it is malformed.
    pub(super) fn next(&mut self) -> Option<Element<'a>> {
        let [tag, first, rest @ ..] = self.0 else {
            return None;
        };
        if tag & LONG_TAG == LONG_TAG {
            return None;
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
                (usize::try_from(length).ok()?, rest)
            }
            // 0x80 is the indefinite length of BER. More than four bytes are more than a message of TLS.
            _ => return None,
        };
        let (content, left) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - left.len())?;
        self.0 = left;
        let tag = *tag;
        Some(Element { tag, content, whole })
    }

    /// The next element, if it has this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.next().filter(|element| element.tag == tag)
    }

    /// The next element, if it has this tag. Otherwise nothing is read.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        let mut ahead = *self;
        let found = ahead.expect(tag)?;
        *self = ahead;
        Some(found)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        Reader::next(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{BIT_STRING, INTEGER, OCTET_STRING, Reader};

    fn content(bytes: &[u8]) -> Option<&[u8]> {
        Reader(bytes).expect(OCTET_STRING).map(|element| element.content)
    }

    #[test]
    fn lengths_may_have_more_bytes_than_necessary() {
        for bytes in [
            &[4, 2, 7, 8][..],
            &[4, 0x81, 2, 7, 8],
            &[4, 0x82, 0, 2, 7, 8],
            &[4, 0x84, 0, 0, 0, 2, 7, 8, 9],
        ] {
            assert_eq!(content(bytes), Some(&[7, 8][..]), "{bytes:?}");
        }
    }

    #[test]
    fn malformed_elements_are_not_read() {
        for bytes in [
            &[][..],
            &[4],
            &[4, 2, 7],
            &[4, 0x80, 7, 8, 0, 0],
            &[4, 0x81],
            &[4, 0x82, 2],
            &[4, 0x84, 0xff, 0xff, 0xff, 0xff, 7],
            &[4, 0x85, 0, 0, 0, 0, 1, 7],
            &[0x1f, 0x81, 1, 1, 7],
            &[5, 0],
        ] {
            assert_eq!(content(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn an_optional_element_is_read_only_if_it_is_next() {
        let mut reader = Reader(&[2, 1, 5, 4, 0]);
        assert!(reader.optional(OCTET_STRING).is_none());
        assert_eq!(reader.optional(INTEGER).unwrap().whole, [2, 1, 5]);
        assert_eq!(reader.next().unwrap().whole, [4, 0]);
        assert!(reader.next().is_none());
    }

    #[test]
    fn numbers_are_unsigned_and_bits_are_whole_bytes() {
        let only = |bytes: &'static [u8]| Reader(bytes).next().unwrap();
        assert_eq!(only(&[INTEGER, 2, 0, 0x80]).unsigned(), Some(&[0x80][..]));
        assert_eq!(only(&[INTEGER, 1, 0x80]).unsigned(), Some(&[0x80][..]));
        assert_eq!(only(&[INTEGER, 1, 0]).unsigned(), None);
        assert_eq!(only(&[BIT_STRING, 2, 0, 9]).bits(), Some(&[9][..]));
        assert_eq!(only(&[BIT_STRING, 2, 1, 8]).bits(), None);
        assert_eq!(only(&[BIT_STRING, 0]).bits(), None);
    }
}
