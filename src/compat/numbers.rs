//! Numbers as the command lines of the four tools have them: `strtoimax(3)` and sizes with suffixes, but never
//! wrapped or cut.

/// Why some text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberError {
    /// It is not one.
    Form,
    /// It is beyond what can be meant.
    Range,
}

impl NumberError {
    /// What follows the quoted text in a message.
    pub(super) fn tail(self) -> &'static str {
        match self {
            Self::Form => "",
            Self::Range => ": Numerical result out of range",
        }
    }
}

/// A decimal number of 32 bits with an optional sign.
pub(super) fn decimal(text: &[u8]) -> Result<i32, NumberError> {
    let (negative, digits) = signed(text);
    let number = i128::from(digits_of(digits, 10)?);
    i32::try_from(if negative { -number } else { number }).map_err(|_| NumberError::Range)
}

/// An id, 0 to 2147483647, decimal or, as ipcrm(1) has it, hexadecimal after `0x`.
pub(super) fn id(text: &[u8]) -> Result<i32, NumberError> {
    match text {
        [b'0', b'x' | b'X', digits @ ..] => {
            i32::try_from(digits_of(digits, 16)?).map_err(|_| NumberError::Range)
        }
        _ => decimal(text),
    }
}

/// A key: 32 bits with or without a sign; decimal, octal after `0`, hexadecimal after `0x`.
pub(super) fn key(text: &[u8]) -> Result<u32, NumberError> {
    let (negative, digits) = signed(text);
    let number = any_base(digits)?;
    if negative {
        i32::try_from(-i128::from(number)).map(|key| u32::from_ne_bytes(key.to_ne_bytes()))
    } else {
        u32::try_from(number)
    }
    .map_err(|_| NumberError::Range)
}

/// Permission bits: octal, at most 07777.
pub(super) fn mode(text: &[u8]) -> Result<u32, NumberError> {
    let (negative, digits) = signed(text);
    let number = digits_of(digits, 8)?;
    u32::try_from(number).ok().filter(|mode| !negative && *mode <= 0o7777).ok_or(NumberError::Range)
}

/// Bytes: a number, maybe with a fraction, and a suffix. `K` and `KiB` are 1024, `KB` is 1000.
pub(super) fn size(text: &[u8]) -> Result<u64, NumberError> {
    let text = skip_spaces(text);
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let is_hex = matches!(text, [b'0', b'x' | b'X', ..]);
    let end = |from: &[u8], base: u32| {
        from.iter().position(|byte| !char::from(*byte).is_digit(base)).unwrap_or(from.len())
    };
    let (whole, rest) = text.split_at(if is_hex { 2 + end(&text[2..], 16) } else { end(text, 10) });
    let whole = any_base(whole)?;
    let (base, part) = match rest {
        [b'.', after @ ..] => {
            let (digits, suffix) = after.split_at(end(after, 10));
            let base = unit(suffix)?;
            // There are no parts of a byte.
            if base == 1 {
                return Err(NumberError::Form);
            }
            (base, if digits.is_empty() { 0 } else { fraction_of(base, digits)? })
        }
        suffix => (unit(suffix)?, 0),
    };
    let bytes = u128::from(whole).checked_mul(base).and_then(|bytes| bytes.checked_add(part));
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).ok_or(NumberError::Range)
}

/// The part of `base` that the digits after a point stand for, rounded down.
fn fraction_of(base: u128, digits: &[u8]) -> Result<u128, NumberError> {
    let number = u128::from(digits_of(digits, 10)?);
    let length = u32::try_from(digits.len()).map_err(|_| NumberError::Range)?;
    // So many zeros at least that nothing is left.
    let Some(power) = 10u128.checked_pow(length) else { return Ok(0) };
    Ok(base.checked_mul(number).ok_or(NumberError::Range)? / power)
}

/// What a suffix multiplies by.
fn unit(suffix: &[u8]) -> Result<u128, NumberError> {
    let Some((letter, rest)) = suffix.split_first() else { return Ok(1) };
    let base: u128 = match rest {
        b"" | b"iB" | b"ib" => 1024,
        b"B" | b"b" => 1000,
        _ => return Err(NumberError::Form),
    };
    let letters = b"KMGTPEZY";
    let place = letters.iter().position(|one| *one == letter.to_ascii_uppercase());
    let exponent =
        u32::try_from(place.ok_or(NumberError::Form)? + 1).map_err(|_| NumberError::Range)?;
    Ok(base.pow(exponent))
}

fn skip_spaces(text: &[u8]) -> &[u8] {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    &text[text.iter().position(|byte| !space(byte)).unwrap_or(text.len())..]
}

/// Whether there is a minus, and what follows the sign.
fn signed(text: &[u8]) -> (bool, &[u8]) {
    match skip_spaces(text) {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    }
}

fn any_base(digits: &[u8]) -> Result<u64, NumberError> {
    match digits {
        [b'0', b'x' | b'X', digits @ ..] => digits_of(digits, 16),
        [b'0', digits @ ..] if !digits.is_empty() => digits_of(digits, 8),
        digits => digits_of(digits, 10),
    }
}

fn digits_of(digits: &[u8], base: u32) -> Result<u64, NumberError> {
    if digits.is_empty() {
        return Err(NumberError::Form);
    }
    let mut number = Ok(0u64);
    for byte in digits {
        let digit = char::from(*byte).to_digit(base).ok_or(NumberError::Form)?;
        let more = |number: u64| number.checked_mul(base.into())?.checked_add(digit.into());
        number = number.and_then(|number| more(number).ok_or(NumberError::Range));
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_and_keys_are_never_wrapped() {
        assert_eq!(decimal(b" +5"), Ok(5));
        assert_eq!(decimal(b"4294967296"), Err(NumberError::Range));
        assert_eq!(decimal(b"99999999999999999999"), Err(NumberError::Range));
        assert_eq!(decimal(b"5x"), Err(NumberError::Form));
        assert_eq!(decimal(b""), Err(NumberError::Form));
        assert_eq!(id(b"0x10"), Ok(16));
        assert_eq!(id(b"010"), Ok(10));
        assert_eq!(id(b"0x80000000"), Err(NumberError::Range));
        assert_eq!(key(b"0xffffffff"), Ok(u32::MAX));
        assert_eq!(key(b"-1"), Ok(u32::MAX));
        assert_eq!(key(b"010"), Ok(8));
        assert_eq!(key(b"0x100000001"), Err(NumberError::Range));
        assert_eq!(key(b"-2147483649"), Err(NumberError::Range));
        assert_eq!(mode(b"0640"), Ok(0o640));
        assert_eq!(mode(b"9"), Err(NumberError::Form));
        assert_eq!(mode(b"10000"), Err(NumberError::Range));
    }

    #[test]
    fn sizes_have_binary_and_decimal_suffixes_and_fractions() {
        for (text, bytes) in [
            ("0", Ok(0)),
            ("1k", Ok(1024)),
            ("1KiB", Ok(1024)),
            ("1kb", Ok(1000)),
            ("1.5K", Ok(1536)),
            ("0x10", Ok(16)),
            ("010", Ok(8)),
            ("15E", Ok(15 << 60)),
            ("16E", Err(NumberError::Range)),
            ("1Y", Err(NumberError::Range)),
            ("-1", Err(NumberError::Form)),
            ("1B", Err(NumberError::Form)),
            ("1 K", Err(NumberError::Form)),
            ("K", Err(NumberError::Form)),
            ("", Err(NumberError::Form)),
            ("1.5", Err(NumberError::Form)),
            ("1.K", Ok(1024)),
            ("1.", Err(NumberError::Form)),
            ("1KIB", Err(NumberError::Form)),
            ("1.25M", Ok(1_310_720)),
            ("1.000000000000000000001K", Ok(1024)),
            ("1.99999999999999999999999K", Err(NumberError::Range)),
            ("1.0000000000000000000000000000000000000000001K", Ok(1024)),
        ] {
            assert_eq!(size(text.as_bytes()), bytes, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_number_or_none(text: Vec<u8>) {
            let _ = (decimal(&text), id(&text), key(&text), mode(&text), size(&text));
        }

        #[test]
        fn every_number_is_read_as_it_is_written(number: i32, bytes: u64) {
            prop_assert_eq!(decimal(number.to_string().as_bytes()), Ok(number));
            prop_assert_eq!(size(bytes.to_string().as_bytes()), Ok(bytes));
            prop_assert_eq!(size(format!("{bytes:#x}").as_bytes()), Ok(bytes));
        }
    }
}
