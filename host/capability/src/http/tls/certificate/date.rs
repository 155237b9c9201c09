//! Dates of certificates.

use std::fmt;
use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;

use super::Element;

const DAY: i64 = 24 * 60 * 60;
/// `UTCTime`, whose years have two digits.
const SHORT: u8 = 0x17;
/// `GeneralizedTime`
const LONG: u8 = 0x18;

/// A time in seconds since 1970, UTC. It is printed as a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Date(i64);

impl Date {
    /// From `YYMMDDhhmm[ss]Z` or `YYYYMMDDhhmm[ss]Z`.
    pub(super) fn read(element: Element<'_>) -> Option<Self> {
        let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
        if !text.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let (year, rest) = match element.tag {
            SHORT => text.split_at_checked(2)?,
            LONG => text.split_at_checked(4)?,
            _ => return None,
        };
        let mut year: i64 = year.parse().ok()?;
        if element.tag == SHORT {
            year += if year < 50 { 2000 } else { 1900 };
        }
        let pair = |index: usize| rest.get(2 * index..2 * index + 2)?.parse::<i64>().ok();
        let seconds = if rest.len() == 8 { 0 } else { pair(4)? };
        let days = days(year, pair(0)?, pair(1)?);
        (rest.len() <= 10).then_some(Self(days * DAY + pair(2)? * 60 * 60 + pair(3)? * 60 + seconds))
    }

    /// As a time of the system; none before 1970.
    pub(in super::super) fn time(self) -> Option<SystemTime> {
        let seconds = u64::try_from(self.0).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }
}

impl From<UnixTime> for Date {
    fn from(time: UnixTime) -> Self {
        Self(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The inverse of `days`, by Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
        let shifted = self.0.div_euclid(DAY) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

/// Days since 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = (month + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::{Date, Element, LONG, SHORT};

    fn read(tag: u8, text: &str) -> Option<Date> {
        let content = text.as_bytes();
        Date::read(Element {
            tag,
            content,
            whole: content,
        })
    }

    #[test]
    fn both_forms_are_read() {
        for (tag, text, seconds, shown) in [
            (SHORT, "700101000000Z", 0, "1970-01-01"),
            (SHORT, "7001010000Z", 0, "1970-01-01"),
            (SHORT, "491231235959Z", 2_524_607_999, "2049-12-31"),
            (SHORT, "500101000000Z", -631_152_000, "1950-01-01"),
            (LONG, "20240229120030Z", 1_709_208_030, "2024-02-29"),
            (LONG, "99991231235959Z", 253_402_300_799, "9999-12-31"),
            (LONG, "00000101000000Z", -62_167_219_200, "0000-01-01"),
        ] {
            let date = read(tag, text).unwrap();
            assert_eq!((date.0, date.to_string().as_str()), (seconds, shown), "{text}");
        }
    }

    #[test]
    fn other_forms_are_not_read() {
        for (tag, text) in [
            (SHORT, ""),
            (SHORT, "Z"),
            (SHORT, "7001010000"),
            (SHORT, "700101000000+0100"),
            (SHORT, "70010100000Z"),
            (SHORT, "7001010000000Z"),
            (SHORT, "+10101000000Z"),
            (LONG, "20240229120030.5Z"),
            (4, "700101000000Z"),
        ] {
            assert_eq!(read(tag, text), None, "{text}");
        }
    }
}
