//! Words of the command line to values, for clap's `value_parser`. Errors are sentences that name the rule.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::kinds::word;
use crate::model::{Address, Argument, Form, Named, Selector, quoted};

/// An address.
pub fn address() -> impl TypedValueParser<Value = Address> {
    OsStringValueParser::new().try_map(|text| read_address(&text))
}

/// Reads an address as it was typed.
///
/// # Errors
/// A sentence that names the broken rule.
pub fn read_address(text: &OsStr) -> Result<Address, String> {
    Address::parse(text).map(|address| meant(address, text))
}

/// A facility or an address.
pub fn selector() -> impl TypedValueParser<Value = Selector> {
    OsStringValueParser::new().try_map(|text| {
        Ok::<_, String>(match Selector::parse(&text)? {
            Selector::Address(address) => Selector::Address(meant(address, &text)),
            facility => facility,
        })
    })
}

/// The object whose name ends as the address of a word does, if there is one: it is meant before the word.
fn meant(address: Address, text: &OsStr) -> Address {
    Address::plain(text).filter(|plain| word::is_named(&plain.locator)).unwrap_or(address)
}

/// One of a closed set of choices, by its word.
pub fn named<T: Named>() -> impl TypedValueParser<Value = T> {
    let words = T::ALL.iter().map(|one| PossibleValue::new(one.name()).help(one.help()));
    PossibleValuesParser::new(words).try_map(|word| {
        let chosen = T::ALL.iter().copied().find(|one| one.name() == word);
        chosen.ok_or_else(|| format!("there is no {word}"))
    })
}

/// Bytes, with binary units: `64K` is 65536.
///
/// # Errors
/// Not a size, or more than 64 bits hold.
pub fn size(text: &str) -> Result<u64, String> {
    let config = parse_size::Config::new().with_binary();
    // The longest number of 64 bits has 20 digits; the parser overflows where there are more.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    Some(text).filter(|_| digits <= 20).and_then(|text| config.parse_size(text).ok()).ok_or_else(
        || "a size is a number of bytes, or one with a unit: 4096, 64K, 1.5M, 2G".into(),
    )
}

/// A whole number.
///
/// # Errors
/// Not a number, or more than 64 bits hold.
pub fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a number is 0 or more, in decimal digits".into())
}

/// A whole number that may be negative.
///
/// # Errors
/// Not a number, or more than 64 bits hold.
pub fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| {
        "a number is written in decimal digits, with - before it if it is negative".into()
    })
}

/// `10`, `1.5`, `2h`, `1h 30m`, `3 days`: seconds without a unit.
///
/// # Errors
/// Not a duration.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds =
        text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.or_else(|| humantime::parse_duration(text).ok()).ok_or_else(|| {
        "a duration is a number of seconds, or one with a unit: 90, 1.5, 10m, 2h, 3days".into()
    })
}

/// Permission bits in octal.
///
/// # Errors
/// Not octal, or more than the nine bits.
pub fn mode(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let octal = !digits.is_empty() && digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
    octal
        .then(|| u32::from_str_radix(digits, 8).ok())
        .flatten()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| "a mode is octal, 0 to 0777".into())
}

/// The number that `chown(2)` takes for "leave it as it is": nobody has it.
const UNCHANGED: u32 = u32::MAX;

/// A user's name or id, as an id. Digits that are a user's name mean that user, as `chown(1)` has it; `+5` is always an id.
///
/// # Errors
/// No user has that name.
pub fn user(text: &str) -> Result<u32, String> {
    let named = users::get_user_by_name(text).map(|user| user.uid());
    named
        .or_else(|| text.parse().ok())
        .filter(|uid| *uid != UNCHANGED)
        .ok_or_else(|| format!("there is no user {}", quoted(text.as_bytes())))
}

/// A group's name or id, as an id, as [`user`] reads it.
///
/// # Errors
/// No group has that name.
pub fn group(text: &str) -> Result<u32, String> {
    let named = users::get_group_by_name(text).map(|group| group.gid());
    named
        .or_else(|| text.parse().ok())
        .filter(|gid| *gid != UNCHANGED)
        .ok_or_else(|| format!("there is no group {}", quoted(text.as_bytes())))
}

/// A user as [`user`] reads it, to whom an object can be given.
///
/// # Errors
/// As [`user`], and for one that is not in this user namespace: the kernel would call the number invalid.
pub fn owner(text: &str) -> Result<u32, String> {
    let uid = user(text)?;
    match is_mapped(uid, "/proc/self/uid_map") {
        true => Ok(uid),
        false => Err(format!("there is no user {uid} in this user namespace")),
    }
}

/// A group as [`group`] reads it, to which an object can be given.
///
/// # Errors
/// As [`group`], and for one that is not in this user namespace.
pub fn owner_group(text: &str) -> Result<u32, String> {
    let gid = group(text)?;
    match is_mapped(gid, "/proc/self/gid_map") {
        true => Ok(gid),
        false => Err(format!("there is no group {gid} in this user namespace")),
    }
}

/// Returns true if this number is one of those in the map of our user namespace, or if that cannot be read: `user_namespaces(7)`.
fn is_mapped(id: u32, map: &str) -> bool {
    let Ok(map) = std::fs::read_to_string(map) else { return true };
    map.lines().any(|line| {
        let numbers: Vec<u64> =
            line.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect();
        let [first, _, count] = *numbers else { return false };
        (first..first.saturating_add(count)).contains(&id.into())
    })
}

/// A pattern with `*`, `?` and `[…]` for what an address has after its colon.
///
/// # Errors
/// The pattern is broken.
pub fn glob(text: &str) -> Result<glob::Pattern, String> {
    glob::Pattern::new(text).map_err(|error| {
        format!("the pattern is broken at character {}: {}", error.pos + 1, error.msg)
    })
}

/// A share of a limit.
///
/// # Errors
/// Not a number of 0 or more.
pub fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok();
    number
        .filter(|share| (0.0..=1e9).contains(share))
        .ok_or_else(|| "a share is a number of percent: 80".into())
}

/// The value of an option of a kind.
///
/// # Errors
/// As the form says.
pub fn argument(form: Form, text: &OsStr) -> Result<Argument, String> {
    let words = || text.to_str().ok_or_else(|| "this is not UTF-8 text".to_owned());
    match form {
        Form::Words => {
            Ok(Argument::Words(words()?.split(',').map(|word| word.trim().to_owned()).collect()))
        }
        Form::Size => size(words()?).map(Argument::Number),
        Form::Count => count(words()?).map(Argument::Number),
        Form::Integer => integer(words()?).map(Argument::Integer),
        Form::Counts => {
            words()?.split(',').map(count).collect::<Result<_, _>>().map(Argument::Numbers)
        }
        Form::Flag => Ok(Argument::Given),
        Form::Key => key_source(text),
        Form::Paths => Ok(Argument::Paths(vec![PathBuf::from(text)])),
    }
}

/// `PATH[,PROJECT]`: the project is one character or a number from 1 to 255.
fn key_source(text: &OsStr) -> Result<Argument, String> {
    let bytes = text.as_encoded_bytes();
    let Some(comma) = bytes.iter().rposition(|&byte| byte == b',') else {
        return Ok(Argument::Key(PathBuf::from(text), 1));
    };
    let project = &bytes[comma + 1..];
    let number = std::str::from_utf8(project).ok().and_then(|digits| digits.parse().ok());
    let project = match (number, project) {
        (Some(number @ 1..=255u8), _) => number,
        (None, [character]) => *character,
        _ => {
            return Err("a project is one character or a number from 1 to 255: PATH,PROJECT".into());
        }
    };
    // Cut at a comma, which is ASCII: what is before it stands by itself.
    let path = std::os::unix::ffi::OsStringExt::from_vec(bytes[..comma].to_vec());
    let path: OsString = path;
    Ok(Argument::Key(path.into(), project))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_binary_and_never_saturate() {
        assert_eq!(size("64K"), Ok(65536));
        assert_eq!(size("1.5M"), Ok(1_572_864));
        assert!(size("99999999999999999999").is_err());
        assert!(size("-1").is_err());
        assert!(size("").is_err());
    }

    #[test]
    fn modes_are_octal_and_nothing_else() {
        assert_eq!(mode("0640"), Ok(0o640));
        assert_eq!(mode("7"), Ok(7));
        for text in ["", "8", "1000", "+7", "0x1", "rw", " 7"] {
            assert!(mode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_seconds_unless_they_have_a_unit() {
        assert_eq!(duration("5"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        for text in ["", "-1", "x", "nan", "inf", "1e400"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_made_of_a_path_and_a_project() {
        let key = |text: &str| argument(Form::Key, OsStr::new(text));
        assert_eq!(key("/etc"), Ok(Argument::Key("/etc".into(), 1)));
        assert_eq!(key("/etc,65"), Ok(Argument::Key("/etc".into(), 65)));
        assert_eq!(key("/a,b,A"), Ok(Argument::Key("/a,b".into(), 65)));
        assert!(key("/etc,").is_err() && key("/etc,0").is_err() && key("/etc,256").is_err());
    }

    proptest! {
        #[test]
        fn any_word_is_a_value_or_a_sentence(text: String) {
            let _ = (size(&text), count(&text), duration(&text), mode(&text), glob(&text), percent(&text));
            let _ = argument(Form::Counts, OsStr::new(&text));
            let _ = argument(Form::Key, OsStr::new(&text));
        }
    }
}
