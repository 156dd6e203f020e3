//! Files that somebody has locked, as `/proc/locks` tells: a sign of life of programs that lock a file beside their
//! memory. That no lock is shown proves nothing: most programs have none, and those of other pid namespaces are hidden.

use std::collections::HashSet;
use std::path::Path;

use crate::model::FileId;

/// The locked files.
pub fn read(proc: &Path) -> HashSet<FileId> {
    let text = std::fs::read(proc.join("locks")).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().filter_map(parse).collect()
}

/// `1: POSIX  ADVISORY  WRITE 1234 00:19:56 0 EOF`: device major and minor in hexadecimal, then the inode. A line about
/// somebody who waits has `->` before the rest.
fn parse(line: &str) -> Option<FileId> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let file = words.iter().rev().nth(2)?;
    let mut parts = file.split(':');
    let mut hexadecimal = || u32::from_str_radix(parts.next()?, 16).ok();
    let device = libc::makedev(hexadecimal()?, hexadecimal()?);
    let inode = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some(FileId { device, inode })
}

/// For `fuzz/`: lines of `/proc/locks`.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    String::from_utf8_lossy(bytes).lines().for_each(|line| {
        let _ = parse(line);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_lock_names_its_file_and_a_waiter_too() {
        let file = FileId { device: libc::makedev(0, 0x19), inode: 56 };
        for line in [
            "1: POSIX  ADVISORY  WRITE 1234 00:19:56 0 EOF",
            "2: FLOCK  ADVISORY  WRITE -1 00:19:56 0 EOF",
            "2: -> FLOCK  ADVISORY  READ  77 00:19:56 0 EOF",
            "3: LEASE  ACTIVE    WRITE 12 00:19:56 0 EOF",
            "4: POSIX  ADVISORY  READ 1 00:19:56 1073741826 1073742335",
        ] {
            assert_eq!(parse(line), Some(file), "{line}");
        }
        assert_eq!(parse("5: POSIX  ADVISORY  WRITE 3 <none>:0 0 EOF"), None);
    }

    proptest! {
        #[test]
        fn any_line_is_a_lock_or_none(line: String) {
            let _ = parse(&line);
        }
    }
}
