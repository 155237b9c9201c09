//! Dates as the service writes them.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

fn written(seconds: i64, utc_offset: i32, format: &str) -> String {
    let zone = Offset::from_seconds(utc_offset).unwrap_or(Offset::UTC);
    let time = Timestamp::from_second(seconds).unwrap_or_default();
    time.to_zoned(TimeZone::fixed(zone)).strftime(format).to_string()
}

/// `2026-01-31T10:00:00+01:00`, for seconds since 1970 and an offset in seconds.
pub(super) fn iso(seconds: i64, utc_offset: i32) -> String {
    written(seconds, utc_offset, "%Y-%m-%dT%H:%M:%S%:z")
}

/// `2026-01-31 10:00:00`, without a time zone.
pub(super) fn local(seconds: i64, utc_offset: i32) -> String {
    written(seconds, utc_offset, "%Y-%m-%d %H:%M:%S")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_in_the_time_zone() {
        assert_eq!(iso(1_700_000_000, 3600), "2023-11-14T23:13:20+01:00");
        assert_eq!(local(1_700_000_000, 7200), "2023-11-15 00:13:20");
    }
}
