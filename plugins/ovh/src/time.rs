//! Times in the formats of the device, as seconds since 1970.

use fencebox_sdk::time::parse_rfc3339;

/// A time such as `2026-01-31T10:00:00+01:00` (tasks) or `2026-01-31 10:00:00`
/// (the SOAP API, which does not report its zone: only the difference of two such
/// times has a meaning). `None` if the text is invalid.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let time = parse_rfc3339(text).or_else(|_| parse_rfc3339(&format!("{}Z", text.trim())));
    time.ok()
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_time_may_have_no_zone() {
        for text in [
            "2023-11-14T23:13:20+01:00",
            "2023-11-14T17:43:20.5-0430",
            "2023-11-14 22:13:20",
        ] {
            assert_eq!(moment(text), Some(1_700_000_000), "{text}");
        }
        assert_eq!(moment("1970-01-01 00:00:00"), Some(0));
    }

    #[test]
    fn an_invalid_time_is_none() {
        for text in [
            "",
            "soon",
            "0000-00-00 00:00:00",
            "2023-11-14",
            "2023-11-14 10:00",
            "2023-11-14T10:00:00+1",
        ] {
            assert_eq!(moment(text), None, "{text:?}");
        }
    }
}
