//! Moments: seconds since 1970 in UTC, in and out of RFC 3339 and of ASN.1.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls_pki_types::UnixTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment, in whole seconds since 1970-01-01T00:00:00Z; earlier ones are negative. Between the years 0 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;
const DAY: i64 = 86_400;

impl Time {
    /// The present.
    pub fn now() -> Self {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Self::from_unix(i64::try_from(since.as_secs()).unwrap_or(LAST)),
            Err(before) => Self::from_unix(-i64::try_from(before.duration().as_secs()).unwrap_or(LAST)),
        }
    }

    /// The moment so many seconds after 1970; brought into the range of years 0 to 9999 if it lies outside.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(FIRST, LAST))
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// From RFC 3339, such as `2026-11-22T12:00:00Z` or `2026-11-22T13:00:00+01:00`. A date alone means its first moment in UTC.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let whole;
        let candidate = if text.len() == 10 {
            whole = format!("{text}T00:00:00Z");
            &whole
        } else {
            text
        };
        OffsetDateTime::parse(candidate, &Rfc3339)
            .map(|moment| Self::from_unix(moment.unix_timestamp()))
            .map_err(|_| format!("`{text}` is not a time: write it as 2026-11-22T12:00:00Z (RFC 3339) or as a date"))
    }

    /// From the text of a UTCTime (RFC 5280 section 4.1.2.5.1): `YYMMDDHHMMSSZ`, the years 1950 to 2049.
    pub(crate) fn from_utc_time(text: &[u8]) -> Option<Self> {
        let (digits, zone) = text.split_at_checked(12)?;
        let year = number(&digits[..2])?;
        let year = if year < 50 { 2000 + year } else { 1900 + year };
        (zone == b"Z").then(|| Self::from_digits(year, &digits[2..]))?
    }

    /// From the text of a GeneralizedTime (RFC 5280 section 4.1.2.5.2): `YYYYMMDDHHMMSSZ`.
    pub(crate) fn from_generalized_time(text: &[u8]) -> Option<Self> {
        let (digits, zone) = text.split_at_checked(14)?;
        let year = number(&digits[..4])?;
        (zone == b"Z").then(|| Self::from_digits(year, &digits[4..]))?
    }

    /// From a UTCTime or GeneralizedTime in any form that X.680 has and that is met in certificates: without seconds, and with an
    /// offset from UTC instead of `Z`. RFC 5280 allows neither, but one of Windows' own roots has both.
    pub(crate) fn from_ber(text: &[u8], is_generalized: bool) -> Option<Self> {
        let (year, rest) = text.split_at_checked(if is_generalized { 4 } else { 2 })?;
        let year = match (number(year)?, is_generalized) {
            (year, true) => year,
            (year, false) if year < 50 => 2000 + year,
            (year, false) => 1900 + year,
        };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, zone) = rest.split_at_checked(digits)?;
        let mut padded = *b"0000000000";
        if !matches!(digits.len(), 8 | 10) {
            return None;
        }
        padded.iter_mut().zip(digits).for_each(|(to, from)| *to = *from);
        let local = Self::from_digits(year, &padded)?;
        let offset = match zone {
            b"Z" => 0,
            [sign @ (b'+' | b'-'), hours_and_minutes @ ..] if hours_and_minutes.len() == 4 => {
                let (hours, minutes) = (number(&hours_and_minutes[..2])?, number(&hours_and_minutes[2..])?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let seconds = hours * 3600 + minutes * 60;
                if *sign == b'+' { seconds } else { -seconds }
            }
            _ => return None,
        };
        Some(Self::from_unix(local.0 - offset))
    }

    /// From a Windows FILETIME: units of 100 nanoseconds since 1601.
    pub fn from_filetime(filetime: u64) -> Self {
        Self::from_unix(i64::try_from(filetime / 10_000_000).unwrap_or(LAST) - 11_644_473_600)
    }

    fn from_digits(year: i64, rest: &[u8]) -> Option<Self> {
        let mut parts = [0i64; 5];
        for (part, digits) in parts.iter_mut().zip(rest.chunks(2)) {
            *part = number(digits)?;
        }
        let [month, day, hour, minute, second] = parts;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=last).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        Some(Self(days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second))
    }

    /// Whole days from `self` to `later`; when `later` is past, whole days since then, negative, and -1 from the first second on, so
    /// that what is past is never 0. 23 hours are 0 days, one second ago and 47 hours ago are -1.
    pub fn days_until(self, later: Self) -> i64 {
        let days = (later.0 - self.0) / DAY;
        if later < self { days.min(-1) } else { days }
    }

    /// So many days later.
    pub fn plus_days(self, days: i64) -> Self {
        Self::from_unix(self.0.saturating_add(days.saturating_mul(DAY)))
    }

    /// The date alone, `2026-11-22`.
    pub fn date(self) -> String {
        self.to_string()[..10].to_owned()
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

impl Time {
    /// RFC 3339 in UTC with whole seconds: `2026-11-22T12:00:00Z`.
    fn text(self) -> [u8; 20] {
        let days = self.0.div_euclid(DAY);
        let seconds = self.0.rem_euclid(DAY);
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_index + 2) / 5 + 1;
        let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let mut text = *b"0000-00-00T00:00:00Z";
        let (hour, minute) = (seconds / 3600, seconds % 3600 / 60);
        for (places, number) in
            [(0..4, year), (5..7, month), (8..10, day), (11..13, hour), (14..16, minute), (17..19, seconds % 60)]
        {
            let mut rest = number;
            for digit in text[places].iter_mut().rev() {
                *digit += (rest % 10) as u8;
                rest /= 10;
            }
        }
        text
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl From<UnixTime> for Time {
    fn from(time: UnixTime) -> Self {
        Self::from_unix(i64::try_from(time.as_secs()).unwrap_or(LAST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_round_trips_over_every_century() {
        for text in [
            "0001-01-01T00:00:00Z",
            "1950-02-28T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2000-02-29T12:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(Time::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn asn1_times_agree_with_rfc3339() {
        assert_eq!(Time::from_utc_time(b"491231235959Z").unwrap().to_string(), "2049-12-31T23:59:59Z");
        assert_eq!(Time::from_utc_time(b"500101000000Z").unwrap().to_string(), "1950-01-01T00:00:00Z");
        assert_eq!(Time::from_generalized_time(b"20240229010203Z").unwrap().to_string(), "2024-02-29T01:02:03Z");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in
            [&b"230229000000Z"[..], b"231301000000Z", b"2301010000Z", b"230101000000+0000", b"23010100000aZ", b""]
        {
            assert_eq!(Time::from_utc_time(text), None, "{text:?}");
        }
        assert_eq!(Time::from_generalized_time(b"20240101000000.5Z"), None);
    }

    #[test]
    fn times_that_only_ber_allows_are_the_moments_that_openssl_prints() {
        for (text, is_generalized, moment) in [
            (&b"990630000000+1000"[..], false, Some("1999-06-29T14:00:00Z")),
            (b"160810160431-0500", false, Some("2016-08-10T21:04:31Z")),
            (b"1204270000Z", false, Some("2012-04-27T00:00:00Z")),
            (b"205712010607Z", true, Some("2057-12-01T06:07:00Z")),
            (b"20560811122001-0600", true, Some("2056-08-11T18:20:01Z")),
            (b"20560811122001.5Z", true, None),
            (b"20560811122001", true, None),
            (b"2056081112Z", true, None),
            (b"160810160431-9900", false, None),
            (b"160810160431+05", false, None),
            (b"", false, None),
        ] {
            let read = Time::from_ber(text, is_generalized).map(|time| time.to_string());
            assert_eq!(read.as_deref(), moment, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_day_that_has_begun_does_not_count() {
        let noon = Time::parse("2026-01-01T12:00:00Z").unwrap();
        assert_eq!(noon.days_until(Time::parse("2026-01-02T11:59:59Z").unwrap()), 0);
    }

    #[test]
    fn what_is_past_is_so_many_whole_days_ago_and_never_none() {
        let noon = Time::parse("2026-01-01T12:00:00Z").unwrap();
        for (past, days) in [
            ("2026-01-01T11:59:59Z", -1),
            ("2025-12-31T12:00:00Z", -1),
            ("2025-12-30T12:00:01Z", -1),
            ("2025-12-30T12:00:00Z", -2),
        ] {
            assert_eq!(noon.days_until(Time::parse(past).unwrap()), days, "{past}");
        }
    }

    #[test]
    fn filetime_counts_from_1601() {
        assert_eq!(Time::from_filetime(116_444_736_000_000_000).unix(), 0);
    }
}
