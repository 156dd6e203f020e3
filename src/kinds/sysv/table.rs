//! The text of `/proc/sysvipc/shm`, `msg` and `sem`: a heading and a line of numbers an object.

/// The lines as numbers, each with at least `columns` of them, in the order of the heading. Permissions, the
/// third column, are octal; keys and pids may be negative and come back with their bits unchanged. Lines that
/// are no such row are left out.
///
/// # Errors
/// What is wrong with a file that has no heading: it is empty, as when it is masked in a container.
pub(super) fn rows(text: &[u8], columns: usize) -> Result<impl Iterator<Item = Vec<u64>>, String> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let heading = lines.next().unwrap_or_default();
    if heading.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count() < columns {
        return Err("is empty or masked".into());
    }
    Ok(lines.filter_map(move |line| {
        let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let numbers: Option<Vec<_>> =
            words.enumerate().map(|(at, word)| number(word, at == 2)).collect();
        numbers.filter(|numbers| numbers.len() >= columns)
    }))
}

fn number(word: &[u8], octal: bool) -> Option<u64> {
    let word = std::str::from_utf8(word).ok()?;
    if octal {
        u64::from_str_radix(word, 8).ok()
    } else if word.starts_with('-') {
        word.parse::<i64>().ok().map(|number| number as u64)
    } else {
        word.parse().ok()
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
