//! The time stamp of a signed request, `YYYYMMDD'T'HHMMSS'Z'`.
//!
//! A calendar in thirty lines, because the crate has no use for a time library otherwise.

const DAY: i64 = 86_400;
/// Days in 400 Gregorian years.
const ERA_DAYS: i64 = 146_097;

/// Seconds since 1970 of a time stamp, or nothing if it is not exactly of the form above or names
/// no real moment.
pub fn parse_amz_date(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    if date.len() != 8 || time.len() != 6 {
        return None;
    }
    let days = days_from_civil(number(date, 0, 4)?, number(date, 4, 6)?, number(date, 6, 8)?);
    let seconds = number(time, 0, 2)? * 3600 + number(time, 2, 4)? * 60 + number(time, 4, 6)?;
    let moment = days * DAY + seconds;
    // A thirteenth month, a thirtieth of February or a twenty-fifth hour is carried over and so
    // comes back different.
    (format_amz_date(moment) == text).then_some(moment)
}

/// The time stamp of a moment in seconds since 1970. Four-digit years only have the form that is
/// parsed.
pub fn format_amz_date(unix_seconds: i64) -> String {
    let (year, month, day) = civil_from_days(unix_seconds.div_euclid(DAY));
    let second = unix_seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

fn number(text: &str, from: usize, to: usize) -> Option<i64> {
    let digits = text.get(from..to)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Days since 1970-01-01. Counts from March, so that the leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / (ERA_DAYS - 1)) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_known_moments() {
        let moments = [
            ("19700101T000000Z", 0),
            ("19691231T235959Z", -1),
            ("20150830T123600Z", 1_440_938_160),
            ("20000229T000000Z", 951_782_400),
            ("20240229T235959Z", 1_709_251_199),
            ("20380119T031408Z", 1 << 31),
            ("99991231T235959Z", 253_402_300_799),
        ];
        for (text, moment) in moments {
            assert_eq!(parse_amz_date(text), Some(moment), "{text}");
            assert_eq!(format_amz_date(moment), text);
        }
    }

    #[test]
    fn refuses_what_is_no_moment_or_another_form() {
        for text in [
            "",
            "Z",
            "TZ",
            "20150830T123600",
            "20150830T123600z",
            "20150830t123600Z",
            "20150830 123600Z",
            "2015-08-30T12:36:00Z",
            "20150830T1236Z",
            "20150830T12360Z0",
            "20150830T123600.5Z",
            " 20150830T123600Z",
            "+2015083T123600Z",
            "20151330T123600Z",
            "20150030T123600Z",
            "20150800T123600Z",
            "20150229T123600Z",
            "21000229T123600Z",
            "20150230T123600Z",
            "20150830T243600Z",
            "20150830T126000Z",
            "20150830T123660Z",
            "2015083éT123600Z",
            "٢٠١٥T123600Z",
        ] {
            assert_eq!(parse_amz_date(text), None, "{text}");
        }
    }

    #[test]
    fn absurd_moments_do_not_overflow() {
        format_amz_date(i64::MAX);
        format_amz_date(i64::MIN);
    }

    proptest! {
        #[test]
        fn every_moment_with_a_four_digit_year_comes_back(
            moment in -62_167_219_200_i64..=253_402_300_799,
        ) {
            prop_assert_eq!(parse_amz_date(&format_amz_date(moment)), Some(moment));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,20}") {
            parse_amz_date(&text);
        }
    }
}
