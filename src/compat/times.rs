//! Points in time as these tools print them, in the local zone and with the names of the C locale.

use std::ffi::CStr;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::sys::time::local_as;

/// The forms of `--time-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeForm {
    /// `08:37` today, `Nov21` this year, `2025-Nov21` otherwise.
    Short,
    /// `Sat Nov 21 08:37:46 2026`: `ctime(3)`.
    Full,
    /// `2026-11-21T08:37:46+00:00`.
    Iso,
    /// `Nov 21 08:37:46`: what `ipcs -t` cuts out of `ctime(3)`.
    Stamp,
}

/// Formats times. Objects made together share theirs, so that the last answer is kept.
pub(super) struct TimeFormatter {
    now: i64,
    last: Option<(i64, TimeForm, String)>,
}

impl TimeFormatter {
    pub(super) fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { now: i64::try_from(now).unwrap_or(i64::MAX), last: None }
    }

    /// The text of a point in time, seconds since the epoch.
    pub(super) fn text(&mut self, secs: i64, form: TimeForm) -> &str {
        let known = matches!(&self.last, Some((last, how, _)) if (*last, *how) == (secs, form));
        if !known {
            self.last = Some((secs, form, self.format(secs, form)));
        }
        self.last.as_ref().map_or("", |(_, _, text)| text)
    }

    fn format(&self, secs: i64, form: TimeForm) -> String {
        let text = match form {
            TimeForm::Short if self.same(secs, c"%Y-%j") => local_as(secs, c"%H:%M"),
            TimeForm::Short if self.same(secs, c"%Y") => local_as(secs, c"%b%d"),
            TimeForm::Short => local_as(secs, c"%Y-%b%d"),
            TimeForm::Full => local_as(secs, c"%a %b %e %H:%M:%S %Y"),
            TimeForm::Stamp => local_as(secs, c"%b %e %H:%M:%S"),
            TimeForm::Iso => local_as(secs, c"%Y-%m-%dT%H:%M:%S%z").map(|mut text| {
                // The zone of strftime(3) has no colon.
                text.insert(text.len().saturating_sub(2), ':');
                text
            }),
        };
        // A year that no calendar prints: the number is all there is.
        text.unwrap_or_else(|| format!("@{secs}"))
    }

    fn same(&self, secs: i64, part: &CStr) -> bool {
        local_as(secs, part) == local_as(self.now, part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_time_has_a_text_in_every_form() {
        let mut clock = TimeFormatter { now: 0, last: None };
        for secs in [i64::MIN, -62_167_305_600, -1, 0, 253_402_300_800, i64::MAX] {
            for form in [TimeForm::Short, TimeForm::Full, TimeForm::Iso, TimeForm::Stamp] {
                assert!(!clock.text(secs, form).is_empty());
            }
        }
    }

    #[test]
    fn the_short_form_says_no_more_than_tells_it_from_now() {
        // Noon on a day in the middle of a year, so that no zone moves it into another.
        let mut clock = TimeFormatter { now: 1_781_524_800, last: None };
        assert!(clock.text(1_781_524_800, TimeForm::Short).ends_with(":00"));
        assert_eq!(clock.text(1_781_092_800, TimeForm::Short), "Jun10");
        assert_eq!(clock.text(1_749_988_800, TimeForm::Short), "2025-Jun15");
    }
}
