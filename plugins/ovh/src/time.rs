//! Times in the formats of the device, as seconds since 1970.

/// A time such as `2026-01-31T10:00:00+01:00` (tasks) or `2026-01-31 10:00:00`
/// (the SOAP API, which does not report its zone: only the difference of two such
/// times has a meaning). `None` if the text is invalid.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let (date, rest) = text.trim().split_once(['T', ' '])?;
    let mut date = date.split('-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    if date.next().is_some() {
        return None;
    }
    let (clock, zone) = match rest.find(['Z', '+', '-']) {
        Some(at) => rest.split_at(at),
        None => (rest, "Z"),
    };
    let clock = clock.split_once('.').map_or(clock, |(whole, _)| whole);
    Some(days(year, month, day)? * 86_400 + time_of_day(clock)? - offset(zone)?)
}

/// The time in an HTTP `Date` (RFC 9110 §5.6.7):
/// `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = text.split_once(", ")?.1.split(' ');
    let day = number(words.next()?)?;
    let name = words.next()?;
    let month = (1..).zip(MONTHS).find(|(_, own)| *own == name)?.0;
    let year = number(words.next()?)?;
    Some(days(year, month, day)? * 86_400 + time_of_day(words.next()?)?)
}

fn number(text: &str) -> Option<i64> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Seconds since midnight, from a text such as `10:00:00`.
fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':').map(number);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let is_time = hours < 24 && minutes < 60 && seconds <= 60 && parts.next().is_none();
    is_time.then_some(hours * 3600 + minutes * 60 + seconds)
}

/// Seconds ahead of UTC, from `Z`, `+01:00` or `+0100`.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next()? {
        'Z' if zone.len() == 1 => return Some(0),
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits = zone[1..].replace(':', "");
    let value = number(&digits).filter(|_| digits.len() == 4)?;
    Some(sign * (value / 100 * 3600 + value % 100 * 60))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year < 1970 {
        return None;
    }
    // The computation starts a year in March, so that the leap day is its last day.
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
    use super::{http_date, moment};

    #[test]
    fn a_time_may_have_a_zone() {
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14T23:13:20+01:00",
            "2023-11-14T17:43:20.5-0430",
            "2023-11-14 22:13:20",
        ] {
            assert_eq!(moment(text), Some(1_700_000_000), "{text}");
        }
        assert_eq!(moment("1970-01-01 00:00:00"), Some(0));
        assert_eq!(moment("2024-02-29 00:00:00"), Some(1_709_164_800));
        assert_eq!(moment("2024-03-01 00:00:00"), Some(1_709_251_200));
    }

    #[test]
    fn an_invalid_time_is_none() {
        for text in [
            "",
            "soon",
            "0000-00-00 00:00:00",
            "2023-13-01 00:00:00",
            "2023-11-14",
            "2023-11-14 25:00:00",
            "2023-11-14 10:00",
            "2023-11-14T10:00:00+1",
            "2023-11-14T10:00:00+é",
            "2023-11-14-2 10:00:00",
            "99999-11-14 10:00:00",
        ] {
            assert_eq!(moment(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_http_date_is_parsed() {
        assert_eq!(http_date("Tue, 14 Nov 2023 22:13:20 GMT"), Some(1_700_000_000));
        for text in ["", "Tue, 14 Foo 2023 22:13:20 GMT", "Tuesday, 14-Nov-23 22:13:20 GMT"] {
            assert_eq!(http_date(text), None, "{text:?}");
        }
    }
}
