//! Values to words and numbers: the one place that knows what sizes, times and modes look like.

use std::ffi::OsStr;
use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use super::Names;
use crate::model::{Address, Encoded, Holders, Locator, Named, Timestamp, Value};
use crate::sys::time::local;

/// What points in time look like in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// What has passed since: `5m`.
    Relative,
    /// The local date and time.
    Iso,
    /// Both, for a single object.
    Both,
}

impl Named for Times {
    const ALL: &'static [Self] = &[Self::Relative, Self::Iso];

    fn name(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Iso => "iso",
            Self::Both => "both",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Relative => "Time that has passed: 5m",
            Self::Iso => "The local date and time",
            Self::Both => "Both",
        }
    }
}

/// How values are shown.
pub struct View {
    /// Names of users and groups.
    pub names: Names,
    /// Sizes in tables as exact numbers of bytes.
    pub bytes: bool,
    /// Points in time in tables.
    pub times: Times,
    /// Seconds since the epoch, now.
    pub now: i64,
}

/// Last second that RFC 3339 can name: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// `2026-11-21T07:42:13Z`; `None` for a time that has no such form.
pub(super) fn rfc3339(time: Timestamp) -> Option<String> {
    let secs = u64::try_from(time.secs).ok().filter(|_| time.secs <= LAST_SECOND)?;
    let time_point = UNIX_EPOCH.checked_add(Duration::new(secs, time.nanos))?;
    Some(match time.nanos {
        0 => humantime::format_rfc3339_seconds(time_point).to_string(),
        _ => humantime::format_rfc3339_nanos(time_point).to_string(),
    })
}

/// Returns true if the value stands at the right edge of its column.
pub(super) fn is_number(value: &Value) -> bool {
    matches!(
        value,
        Value::Count(_)
            | Value::Bytes(_)
            | Value::AtLeast(_)
            | Value::Percent(_)
            | Value::Id(_)
            | Value::Pid(_)
            | Value::Age(_)
    )
}

impl View {
    /// For tables: short, for people. What is unknown or absent is `-`.
    pub fn human(&self, value: &Value, out: &mut String) {
        match value {
            Value::Bytes(bytes) if !self.bytes => size(*bytes, "", out),
            Value::Flag(flag) => out.push_str(if *flag { "yes" } else { "no" }),
            Value::Time(time) => self.time(*time, out),
            Value::Age(since) if self.times == Times::Iso => self.time(*since, out),
            Value::Age(since) => self.span(*since, out),
            Value::Percent(share) => push(out, format_args!("{share:.1}%")),
            Value::AtLeast(number) => {
                out.push_str(">=");
                self.human(number, out);
            }
            Value::Phrase(parts) => parts.iter().for_each(|part| match part {
                Value::Bytes(bytes) if !self.bytes => size(*bytes, "i", out),
                Value::Bytes(bytes) => push(out, format_args!("{bytes} B")),
                part => self.human(part, out),
            }),
            Value::List(values) => separated(", ", values, out, |one, out| self.human(one, out)),
            Value::ModeWithList(_) => {
                self.exact(value, "-", out);
                out.push('+');
            }
            Value::WordFor(word, process) => push(out, format_args!("{word} {process}")),
            Value::Holders(found) => match (found.holders.as_slice(), found.unseen) {
                ([], Some(unseen @ 1..)) => push(out, format_args!("{unseen} not visible")),
                (_, Some(unseen @ 1..)) => {
                    holders(", ", found, out);
                    push(out, format_args!(" and {unseen} more not visible"));
                }
                ([], _) => out.push('-'),
                _ => holders(", ", found, out),
            },
            _ => self.exact(value, "-", out),
        }
    }

    /// For `show`: what is unknown says why, what is absent says how.
    pub fn telling(&self, value: &Value, out: &mut String) {
        match value {
            Value::Unknown(reason) => push(out, format_args!("unknown ({reason})")),
            Value::None(how) => out.push_str(how),
            Value::Bytes(bytes) if !self.bytes && *bytes >= 1024 => {
                size(*bytes, "i", out);
                push(out, format_args!(" ({bytes} bytes)"));
            }
            Value::Bytes(1) => out.push_str("1 byte"),
            Value::Bytes(bytes) => push(out, format_args!("{bytes} bytes")),
            Value::Holders(found) => match (found.holders.len(), found.unseen) {
                (0, Some(unseen @ 1..)) => push(out, format_args!("{unseen} not visible")),
                (0, _) => out.push_str("none"),
                (seen, unseen) => {
                    let processes = if seen == 1 { "process" } else { "processes" };
                    push(out, format_args!("{seen} {processes}"));
                    match unseen {
                        Some(0) => {}
                        Some(unseen) => push(out, format_args!(" and {unseen} more not visible")),
                        None => out.push_str(", and perhaps others that cannot be seen"),
                    }
                }
            },
            _ => self.human(value, out),
        }
    }

    /// For machines: numbers in full, times as seconds since the epoch, `absent` for what is not known.
    pub(super) fn exact(&self, value: &Value, absent: &str, out: &mut String) {
        match value {
            Value::Unknown(_) | Value::None(_) => out.push_str(absent),
            Value::Flag(flag) => push(out, flag),
            Value::Count(number) | Value::Bytes(number) | Value::Id(number) => {
                decimal(*number, out);
            }
            Value::Percent(share) => push(out, format_args!("{share:.3}")),
            Value::AtLeast(number) => self.exact(number, absent, out),
            Value::Key(key) => {
                out.push_str("0x");
                digits::<16>((*key).into(), 1, out);
            }
            Value::Mode(mode) | Value::ModeWithList(mode) => digits::<8>((*mode).into(), 4, out),
            Value::User(uid) => self.names.user(*uid, out),
            Value::Group(gid) => self.names.group(*gid, out),
            Value::Pid(pid) => signed((*pid).into(), out),
            Value::Time(time) => signed(time.secs, out),
            Value::Age(since) => signed(self.now.saturating_sub(since.secs), out),
            Value::Word(word) | Value::WordFor(word, _) => out.push_str(word),
            Value::Witness(process) => push(out, process),
            Value::Text(text) => out.push_str(text),
            Value::Name(name) => Encoded(name.as_encoded_bytes()).push(out),
            Value::Address(Address { facility, locator: Locator::Id(id) }) => {
                out.push_str(facility.name());
                out.push(':');
                decimal((*id).into(), out);
            }
            Value::Address(Address { facility, locator: Locator::Name(name) })
                if !name.as_encoded_bytes().contains(&b'+') =>
            {
                out.push_str(facility.name());
                out.push_str(":/");
                Encoded(name.as_encoded_bytes()).push(out);
            }
            Value::Address(address) => push(out, address),
            Value::Phrase(parts) => parts.iter().for_each(|part| match part {
                Value::Bytes(bytes) => push(out, format_args!("{bytes} B")),
                part => self.exact(part, absent, out),
            }),
            Value::List(values) => {
                separated(",", values, out, |one, out| self.exact(one, absent, out));
            }
            Value::Words(values) => {
                separated(" ", values, out, |one, out| self.exact(one, absent, out));
            }
            Value::Rows(rows) => push(out, rows.rows.len()),
            Value::Holders(found) if found.holders.is_empty() => out.push_str(absent),
            Value::Holders(found) => holders(",", found, out),
        }
    }

    fn time(&self, time: Timestamp, out: &mut String) {
        if self.times != Times::Relative {
            match local(time.secs) {
                Some(text) => out.push_str(&text),
                // A year that no calendar prints: the number is all there is.
                None => push(out, format_args!("@{}", time.secs)),
            }
        }
        match self.times {
            Times::Iso => {}
            Times::Relative => self.ago(time, out),
            Times::Both => {
                out.push_str(" (");
                self.ago(time, out);
                out.push(')');
            }
        }
    }

    fn ago(&self, time: Timestamp, out: &mut String) {
        if time.secs > self.now {
            out.push_str("in ");
            span(time.secs.abs_diff(self.now), out);
        } else {
            self.span(time, out);
            out.push_str(" ago");
        }
    }

    fn span(&self, since: Timestamp, out: &mut String) {
        if since.secs > self.now {
            // The clock was stepped, or somebody set the time of the file.
            out.push('-');
        }
        span(since.secs.abs_diff(self.now), out);
    }
}

/// One number and one unit, rounded down: `59s`, `59m`, `47h`, `729d`, `2y`.
fn span(secs: u64, out: &mut String) {
    const UNITS: &[(u64, u64, char)] = &[
        (60, 1, 's'),
        (3600, 60, 'm'),
        (48 * 3600, 3600, 'h'),
        (730 * 86400, 86400, 'd'),
        (u64::MAX, 31_557_600, 'y'),
    ];
    let unit = UNITS.iter().find(|(below, ..)| secs < *below);
    let (_, divisor, letter) = unit.unwrap_or(&(0, 31_557_600, 'y'));
    decimal(secs / divisor, out);
    out.push(*letter);
}

/// Binary units with one decimal: `512`, `4.0K`; with `long` as `i`, `512 B`, `4.0 KiB`.
fn size(bytes: u64, long: &str, out: &mut String) {
    const UNITS: &[u8] = b"KMGTPE";
    let (gap, unit) = if long.is_empty() { ("", "") } else { (" ", "B") };
    if bytes < 1024 {
        decimal(bytes, out);
        out.push_str(gap);
        return out.push_str(unit);
    }
    // Tenths of the unit in whole numbers, rounded half up: floats would round 1023.95 K to 1024.0 K.
    let tenths = |exponent: u32| {
        let shift = 10 * exponent;
        let (whole, rest) = (bytes >> shift, bytes & ((1 << shift) - 1));
        whole * 10 + ((rest * 10 + (1 << (shift - 1))) >> shift)
    };
    let mut exponent = 1;
    while exponent < 6 && tenths(exponent) >= 10240 {
        exponent += 1;
    }
    let tenths = tenths(exponent);
    decimal(tenths / 10, out);
    out.push('.');
    decimal(tenths % 10, out);
    out.push_str(gap);
    out.push(UNITS.get(exponent as usize - 1).copied().map_or('E', char::from));
    out.push_str(long);
    out.push_str(unit);
}

/// A number. Long listings are mostly numbers, and this takes a fraction of what the standard library's formatting does,
/// which also serves padding, signs and traits.
fn decimal(number: u64, out: &mut String) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// A number to another base, with at least so many digits.
fn digits<const BASE: u64>(mut number: u64, least: usize, out: &mut String) {
    // 64 bits have at most 22 octal digits.
    let mut text = [b'0'; 22];
    let mut at = text.len();
    while number > 0 || text.len() - at < least {
        at -= 1;
        text[at] = b"0123456789abcdef"[(number % BASE) as usize];
        number /= BASE;
    }
    out.extend(text[at..].iter().copied().map(char::from));
}

/// A number that may be below zero.
fn signed(number: i64, out: &mut String) {
    if number < 0 {
        out.push('-');
    }
    decimal(number.unsigned_abs(), out);
}

fn separated<T>(by: &str, all: &[T], out: &mut String, one: impl Fn(&T, &mut String)) {
    for (at, item) in all.iter().enumerate() {
        if at > 0 {
            out.push_str(by);
        }
        one(item, out);
    }
}

/// `postgres(812), psql(991)`: a parenthesis in a command is escaped.
fn holders(by: &str, found: &Holders, out: &mut String) {
    separated(by, &found.holders, out, |holder, out| {
        let command = holder.command.as_deref().map_or(&b"-"[..], OsStr::as_encoded_bytes);
        push(out, format_args!("{}({})", Encoded(command), holder.pid));
    });
}

fn push(out: &mut String, text: impl std::fmt::Display) {
    // Writing to a String does not fail.
    let _ = write!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(times: Times) -> View {
        View { names: Names::default(), bytes: false, times, now: 1_000_000 }
    }

    fn human(value: &Value) -> String {
        let mut out = String::new();
        view(Times::Relative).human(value, &mut out);
        out
    }

    #[test]
    fn sizes_have_one_decimal_and_never_reach_the_next_unit() {
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1.0K"),
            (65536, "64.0K"),
            (1_048_575, "1.0M"),
            (1 << 26, "64.0M"),
            (u64::MAX, "16.0E"),
        ] {
            assert_eq!(human(&Value::Bytes(bytes)), text);
        }
        let phrase = Value::Phrase([Value::Bytes(512), Value::Word(" queued")].into());
        assert_eq!(human(&phrase), "512 B queued");
        let phrase = Value::Phrase([Value::Bytes(4096), Value::Word(" queued")].into());
        assert_eq!(human(&phrase), "4.0 KiB queued");
    }

    #[test]
    fn what_is_unknown_or_absent_is_a_hyphen_and_never_a_number() {
        assert_eq!(human(&Value::Unknown("permission denied")), "-");
        assert_eq!(human(&Value::None("never")), "-");
    }

    #[test]
    fn numbers_look_as_the_standard_library_writes_them() {
        for number in [0, 7, 8, 10, 0o777, 1000, u64::from(u32::MAX), u64::MAX] {
            let mut out = String::new();
            decimal(number, &mut out);
            out.push(' ');
            digits::<16>(number, 1, &mut out);
            out.push(' ');
            digits::<8>(number, 4, &mut out);
            assert_eq!(out, format!("{number} {number:x} {number:04o}"));
        }
        for number in [i64::MIN, -1, 0, i64::MAX] {
            let mut out = String::new();
            signed(number, &mut out);
            assert_eq!(out, number.to_string());
        }
    }

    #[test]
    fn an_age_has_one_unit_and_a_time_to_come_a_minus() {
        for (secs, text) in
            [(999_941, "59s"), (999_940, "1m"), (996_400, "1h"), (0, "11d"), (1_000_060, "-1m")]
        {
            assert_eq!(human(&Value::Age(Timestamp::seconds(secs))), text, "{secs}");
        }
    }

    #[test]
    fn any_time_has_a_text_and_none_is_a_panic() {
        for secs in [i64::MIN, -1, 0, LAST_SECOND, LAST_SECOND + 1, i64::MAX] {
            let mut out = String::new();
            view(Times::Both).human(&Value::Time(Timestamp { secs, nanos: 5 }), &mut out);
            assert!(!out.is_empty());
            assert_eq!(
                rfc3339(Timestamp { secs, nanos: 5 }).is_some(),
                (0..=LAST_SECOND).contains(&secs)
            );
        }
    }
}
