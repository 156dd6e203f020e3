//! Numbers, sizes, permissions and foreign bytes as text, the way these tools print them. Listings have hundreds
//! of thousands of cells, so that all of it writes into buffers and nothing goes through `format!`.

/// A number as text, on the stack.
pub(super) struct Digits {
    bytes: [u8; 24],
    begin: usize,
}

impl Digits {
    fn empty() -> Self {
        Self { bytes: [0; 24], begin: 24 }
    }

    fn new<const BASE: u64>(number: u64) -> Self {
        let mut digits = Self::empty();
        digits.push_number::<BASE>(number);
        digits
    }

    /// Puts a number before what is there. To divide by a constant is several times faster.
    fn push_number<const BASE: u64>(&mut self, mut number: u64) {
        loop {
            // A digit is below 16.
            self.push(b"0123456789abcdef"[(number % BASE) as usize]);
            number /= BASE;
            if number == 0 {
                break;
            }
        }
    }

    /// Puts a byte before what is there.
    fn push(&mut self, byte: u8) {
        self.begin -= 1;
        self.bytes[self.begin] = byte;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.begin..]
    }
}

/// `%u`.
pub(super) fn decimal(number: u64) -> Digits {
    Digits::new::<10>(number)
}

/// `%d`.
pub(super) fn signed(number: i64) -> Digits {
    let mut digits = decimal(number.unsigned_abs());
    if number < 0 {
        digits.push(b'-');
    }
    digits
}

/// `%o`.
pub(super) fn octal(number: u32) -> Digits {
    Digits::new::<8>(number.into())
}

/// `%#o`: with a leading 0, but for 0 itself.
pub(super) fn marked_octal(number: u32) -> Digits {
    let mut digits = octal(number);
    if number != 0 {
        digits.push(b'0');
    }
    digits
}

/// `0x%08x`.
pub(super) fn key(key: u32) -> [u8; 10] {
    let mut text = *b"0x00000000";
    let digits = Digits::new::<16>(key.into());
    let digits = digits.bytes();
    text[10 - digits.len()..].copy_from_slice(digits);
    text
}

/// `%-WIDTHs`: never cut.
pub(super) fn left(out: &mut Vec<u8>, text: &[u8], width: usize) {
    out.extend_from_slice(text);
    spaces(out, width.saturating_sub(text.len()));
}

/// `%WIDTHs`: never cut.
pub(super) fn right(out: &mut Vec<u8>, text: &[u8], width: usize) {
    spaces(out, width.saturating_sub(text.len()));
    out.extend_from_slice(text);
}

/// So many spaces.
pub(super) fn spaces(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, b' ');
}

/// A size with one letter for its unit and at most one decimal, rounded half up: `1000B`, `4K`, `120.6K`.
pub(super) fn human(size: u64) -> Digits {
    // The place of the highest bit says the unit: 10 bits each.
    let place = size.max(1).ilog2() / 10;
    let shift = place * 10;
    let (mut whole, mut rest) = (size >> shift, size & ((1 << shift) - 1));
    // Bits that a thousandth does not see would be too many for the product.
    rest >>= shift.saturating_sub(50);
    // Thousandths come first and are cut, tenths are rounded from them.
    let mut tenths = (((rest * 1000) >> shift.min(50)) + 50) / 100;
    if tenths == 10 {
        (whole, tenths) = (whole + 1, 0);
    }
    let mut digits = Digits::empty();
    digits.push(b"BKMGTPE"[place as usize]);
    if tenths > 0 {
        digits.push_number::<10>(tenths);
        digits.push(b'.');
    }
    digits.push_number::<10>(whole);
    digits
}

/// `rw-r-----`.
pub(super) fn permissions(mode: u32) -> [u8; 9] {
    let mut text = *b"rwxrwxrwx";
    for (at, letter) in text.iter_mut().enumerate() {
        if mode & (0o400 >> at) == 0 {
            *letter = b'-';
        }
    }
    text
}

/// `\x1b`.
pub(super) fn escaped(byte: u8) -> String {
    format!("\\x{byte:02x}")
}

/// Adds foreign bytes with those escaped that `hide` names, given each byte and the one after it.
pub(super) fn escape(out: &mut Vec<u8>, text: &[u8], hide: impl Fn(u8, Option<u8>) -> bool) {
    let mut begin = 0;
    for (at, byte) in text.iter().enumerate() {
        if hide(*byte, text.get(at + 1).copied()) {
            out.extend_from_slice(&text[begin..at]);
            out.extend_from_slice(escaped(*byte).as_bytes());
            begin = at + 1;
        }
    }
    out.extend_from_slice(&text[begin..]);
}

/// Escapes what could move a cursor, and what a reader of the C locale cannot show.
pub(super) fn hide_unprintable(byte: u8, next: Option<u8>) -> bool {
    !matches!(byte, b' '..=b'~') || byte == b'\\' && next == Some(b'x')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn numbers_are_those_of_printf() {
        for number in [0, 1, 9, 10, 4096, i64::MAX, i64::MIN, -1] {
            assert_eq!(text(signed(number).bytes()), number.to_string());
        }
        assert_eq!(text(decimal(u64::MAX).bytes()), u64::MAX.to_string());
        assert_eq!(text(octal(0o3600).bytes()), "3600");
        assert_eq!(text(marked_octal(0o640).bytes()), "0640");
        assert_eq!(text(marked_octal(0).bytes()), "0");
        assert_eq!(text(&key(0x5eed)), "0x00005eed");
        assert_eq!(text(&key(u32::MAX)), "0xffffffff");
    }

    #[test]
    fn sizes_round_to_tenths_and_may_reach_1024_of_a_unit() {
        for (size, expected) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1K"),
            (123_456, "120.6K"),
            (5_000_000, "4.8M"),
            (1_048_575, "1024K"),
            (10 << 30, "10G"),
            (u64::MAX, "16E"),
            ((1 << 60) + (1 << 59) - 1, "1.5E"),
            (1 << 63, "8E"),
        ] {
            assert_eq!(text(human(size).bytes()), expected);
        }
    }

    #[test]
    fn permissions_are_nine_letters() {
        assert_eq!(text(&permissions(0o640)), "rw-r-----");
        assert_eq!(text(&permissions(0o1007)), "------rwx");
    }

    #[test]
    fn no_escape_can_be_forged() {
        let mut out = Vec::new();
        escape(&mut out, b"a\x1b\\x1b\\\xff", hide_unprintable);
        assert_eq!(text(&out), "a\\x1b\\x5cx1b\\\\xff");
    }
}
