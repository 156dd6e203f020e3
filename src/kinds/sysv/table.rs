//! The text of `/proc/sysvipc/shm`, `msg` and `sem`: a heading and a line of numbers an object.

use std::ops::Deref;

/// The numbers of a line, in the order of the heading.
pub(super) struct TableRow {
    numbers: [u64; TableRow::MOST],
    count: usize,
}

impl TableRow {
    /// More than any of the tables has.
    const MOST: usize = 24;

    /// Takes a line apart; `None` where a word is no number. What comes after the last number that there is room for is not
    /// looked at.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut row = Self { numbers: [0; Self::MOST], count: 0 };
        let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        for (place, word) in row.numbers.iter_mut().zip(words) {
            *place = number(word, if row.count == 2 { 8 } else { 10 })?;
            row.count += 1;
        }
        Some(row)
    }
}

impl Deref for TableRow {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.numbers[..self.count]
    }
}

/// The lines as numbers, each with at least `columns` of them. Permissions, the third column, are octal; keys and pids
/// may be negative and come back with their bits unchanged. Lines that are no such row are left out.
///
/// # Errors
/// What is wrong with a file that has no heading: it is empty, as when it is masked in a container.
pub(super) fn rows(text: &[u8], columns: usize) -> Result<impl Iterator<Item = TableRow>, String> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let heading = lines.next().unwrap_or_default();
    if heading.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count() < columns {
        return Err("is empty or masked".into());
    }
    Ok(lines.filter_map(move |line| TableRow::parse(line).filter(|row| row.len() >= columns)))
}

/// A number that the kernel has printed. A listing of sparse ids is mostly these.
fn number(word: &[u8], base: u8) -> Option<u64> {
    let (negative, digits) = match word {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let add = |number: u64, digit: &u8| {
        let digit = digit.wrapping_sub(b'0');
        let more = number.checked_mul(base.into())?.checked_add(digit.into())?;
        (digit < base).then_some(more)
    };
    let number = digits.iter().try_fold(0, add).filter(|_| !digits.is_empty())?;
    match negative {
        false => Some(number),
        true => (number <= i64::MIN.unsigned_abs()).then_some(number.wrapping_neg()),
    }
}

/// The low 32 bits: how keys and ids are printed.
pub(super) fn low(number: u64) -> u32 {
    (number & u64::from(u32::MAX)) as u32
}

/// A process id as it was printed.
pub(super) fn pid(number: u64) -> i32 {
    low(number) as i32
}

/// A time as it was printed.
pub(super) fn time(number: u64) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADING: &str = "key shmid perms size\n";

    #[test]
    fn keys_are_signed_and_permissions_octal() {
        let text = format!("{HEADING}-1146370887  0  1600 18446744073692774399\n");
        let rows: Vec<_> = rows(text.as_bytes(), 4).unwrap().collect();
        assert_eq!(low(rows[0][0]), (-1146370887i32) as u32);
        assert_eq!(rows[0][2], 0o1600);
        assert_eq!(rows[0][3], 18446744073692774399);
    }

    #[test]
    fn what_is_no_number_of_64_bits_is_none() {
        let most = u64::MAX.to_string();
        assert_eq!(number(most.as_bytes(), 10), Some(u64::MAX));
        assert_eq!(number(b"-9223372036854775808", 10), Some(1 << 63));
        for word in ["", "-", "+1", "1x", "/", ":", "18446744073709551616", "-9223372036854775809"]
        {
            assert_eq!(number(word.as_bytes(), 10), None, "{word}");
        }
        assert_eq!((number(b"8", 8), number(b"17", 8)), (None, Some(0o17)));
    }

    #[test]
    fn an_empty_file_is_an_error_and_a_short_line_is_left_out() {
        assert!(rows(b"", 4).is_err());
        assert_eq!(
            rows(format!("{HEADING}1 2 3\n1 x 3 4\n1 2 3 4 5").as_bytes(), 4).unwrap().count(),
            1
        );
    }

    proptest! {
        #[test]
        fn any_text_ends_and_every_row_is_long_enough(text: Vec<u8>) {
            if let Ok(rows) = rows(&text, 3) {
                for row in rows {
                    prop_assert!(row.len() >= 3);
                }
            }
        }

        #[test]
        fn every_number_comes_back(numbers in proptest::collection::vec(any::<(i32, u32, u64)>(), 0..20)) {
            let mut text = String::from("key id perms size\n");
            for (key, id, size) in &numbers {
                text.push_str(&format!("{key:>10} {id:>10} {:>4o} {size:>21}\n", id & 0o7777));
            }
            let rows: Vec<_> = rows(text.as_bytes(), 4).unwrap().collect();
            prop_assert_eq!(rows.len(), numbers.len());
            for (row, (key, id, size)) in rows.iter().zip(&numbers) {
                prop_assert_eq!(low(row[0]), *key as u32);
                prop_assert_eq!((low(row[1]), row[2], row[3]), (*id, u64::from(id & 0o7777), *size));
            }
        }
    }
}
