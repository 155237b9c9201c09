//! Times in the formats of devices, as seconds since 1970 in UTC.
//!
//! ```
//! use fencebox_sdk::time;
//!
//! assert_eq!(time::parse_rfc3339("2023-11-14T23:13:20+01:00"), Ok(1_700_000_000));
//! assert_eq!(time::rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
//! assert_eq!(time::parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT"), Ok(1_700_000_000));
//! assert_eq!(time::http_date(1_700_000_000), "Tue, 14 Nov 2023 22:13:20 GMT");
//! ```

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Error, Result, excerpt};

const DAY: i64 = 86_400;
/// The last second of the year 9999, the last that the formats can contain.
const LAST: i64 = 253_402_300_799;

/// The time of this machine, whose clock may be wrong. To measure a duration,
/// use [`std::time::Instant`].
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(LAST)
}

/// A time in the format of RFC 3339, in UTC: `2026-01-31T10:00:00Z`. A time
/// before 1970 or after 9999 becomes the first or last time in between.
#[must_use]
pub fn rfc3339(seconds: i64) -> String {
    let seconds = seconds.clamp(0, LAST);
    let (days, second) = (seconds / DAY, seconds % DAY);
    // Years begin in March here, so that the leap day is the last day of a year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year, month + 3);
    let (year, month) = if month > 12 {
        (year + 1, month - 12)
    } else {
        (year, month)
    };
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The seconds of a time such as `2026-01-31T10:00:00.5+01:00` (RFC 3339). The
/// zone may also be `+0100`. Fractions of a second are cut off.
///
/// # Errors
/// [`Error::Unexpected`] for another text, or a time without a zone.
pub fn parse_rfc3339(text: &str) -> Result<i64> {
    read(text.trim())
        .ok_or_else(|| Error::unexpected(format!("not a time in the format of RFC 3339: {}", excerpt(text))))
}

/// A time as in the header field `Date` (RFC 9110): `Sun, 06 Nov 1994 08:49:37
/// GMT`. A time before 1970 or after 9999 becomes the first or last time in
/// between.
#[must_use]
pub fn http_date(seconds: i64) -> String {
    let seconds = u64::try_from(seconds.clamp(0, LAST)).unwrap_or_default();
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// The seconds of a time in a header field such as `Date`, in any of the three
/// formats of RFC 9110.
///
/// # Errors
/// [`Error::Unexpected`] for another text.
pub fn parse_http_date(text: &str) -> Result<i64> {
    let seconds = |time: SystemTime| i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok();
    let time = httpdate::parse_http_date(text).ok().and_then(seconds);
    time.ok_or_else(|| Error::unexpected(format!("not a time of HTTP: {}", excerpt(text))))
}

fn read(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let (clock, zone) = rest.split_at(rest.find(['Z', 'z', '+', '-'])?);
    let clock = match clock.split_once('.') {
        Some((clock, fraction)) if !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()) => clock,
        Some(_) => return None,
        None => clock,
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    // A leap second counts as the first second after it.
    let is_time = hour < 24 && minute < 60 && second <= 60;
    let time = hour * 3600 + minute * 60 + second;
    is_time.then_some(days(year, month, day)? * DAY + time - offset(zone)?)
}

/// Three numbers with exactly these numbers of digits.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        *number = self::number(parts.next()?, digits)?;
    }
    parts.next().is_none().then_some(numbers)
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Seconds ahead of UTC, from `Z`, `+01:00` or `+0100`.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next()? {
        'Z' | 'z' if zone.len() == 1 => return Some(0),
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let value = match zone[1..].split_once(':') {
        Some((hours, minutes)) => number(hours, 2)? * 100 + number(minutes, 2)?,
        None => number(&zone[1..], 4)?,
    };
    (value < 2400 && value % 100 < 60).then_some(sign * (value / 100 * 3600 + value % 100 * 60))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) || year < 1970 {
        return None;
    }
    // As in `rfc3339`.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    Some(365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_follow_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
            assert_eq!(parse_rfc3339(text), Ok(seconds));
        }
        assert_eq!(rfc3339(-1), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(i64::MAX), "9999-12-31T23:59:59Z");
        for seconds in (0..LAST).step_by(86_400 * 97 + 12_345) {
            assert_eq!(parse_rfc3339(&rfc3339(seconds)), Ok(seconds));
        }
    }

    #[test]
    fn a_time_has_a_zone() {
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14T23:13:20+01:00",
            "2023-11-14T17:43:20.5-0430",
            "2023-11-14 22:13:20z",
            " 2023-11-14T22:13:20Z\n",
        ] {
            assert_eq!(parse_rfc3339(text), Ok(1_700_000_000), "{text}");
        }
    }

    #[test]
    fn an_invalid_time_is_unexpected() {
        for text in [
            "",
            "soon",
            "0000-00-00T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2023-11-14",
            "2023-11-14T22:13:20",
            "2023-11-14T25:00:00Z",
            "2023-11-14T10:00Z",
            "2023-11-14T10:00:00+1",
            "2023-11-14T10:00:00+é",
            "2023-11-14T10:00:00.Z",
            "2023-11-14-2T10:00:00Z",
            "99999-11-14T10:00:00Z",
        ] {
            assert!(matches!(parse_rfc3339(text), Err(Error::Unexpected(_))), "{text:?}");
        }
    }

    #[test]
    fn an_http_date_has_three_formats() {
        for text in [
            "Tue, 14 Nov 2023 22:13:20 GMT",
            "Tuesday, 14-Nov-23 22:13:20 GMT",
            "Tue Nov 14 22:13:20 2023",
        ] {
            assert_eq!(parse_http_date(text), Ok(1_700_000_000), "{text}");
        }
        for text in ["", "Tue, 14 Foo 2023 22:13:20 GMT", "1700000000"] {
            assert!(matches!(parse_http_date(text), Err(Error::Unexpected(_))), "{text:?}");
        }
    }

    #[test]
    fn this_machine_has_a_time() {
        assert!(now() > 1_700_000_000);
    }
}
