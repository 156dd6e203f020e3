//! Advisory locks on files, as `/proc` tells them: `proc_locks(5)`, and the lines `lock:` of `proc_pid_fdinfo(5)`. Plain data.

use super::holder::{Access, LockSort};
use super::subject::FileId;

/// A lock on a file, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileLock {
    /// Whose call takes it.
    pub sort: LockSort,
    /// Shared, which is for reading, or exclusive, which is for writing.
    pub access: Access,
    /// The process that has taken it, as far as it can be told: it may have ended, and left the lock to another.
    pub taker: LockTaker,
    /// The first byte.
    pub first: u64,
    /// The last byte; without one it is all that follows.
    pub last: Option<u64>,
}

/// The process that has taken a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockTaker {
    /// The process that had this number then.
    Pid(i32),
    /// It has ended, or is outside of this pid namespace.
    Unseen,
    /// The kernel does not note it: that is so of open file description locks.
    Unnoted,
}

/// A line of `/proc/locks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockLine {
    /// The lock.
    pub lock: FileLock,
    /// Its file, as the kernel numbers it: some file systems tell programs other devices.
    pub file: FileId,
    /// The taker waits for it.
    pub waits: bool,
}

impl LockLine {
    /// Reads `1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF`, with or without `->` before the word. Leases and what else
    /// is no advisory lock is `None`.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let mut words = line.split_ascii_whitespace().skip(1).peekable();
        let waits = words.next_if_eq(&"->").is_some();
        let sort = match words.next()? {
            "FLOCK" => LockSort::Flock,
            "POSIX" => LockSort::Fcntl,
            "OFDLCK" => LockSort::Ofd,
            _ => return None,
        };
        let _mandatory = words.next()?;
        let access = match words.next()? {
            "READ" => Access::Read,
            "WRITE" => Access::Write,
            _ => return None,
        };
        let taker = match words.next()?.parse::<i32>().ok()? {
            0 => LockTaker::Unseen,
            pid @ 1.. => LockTaker::Pid(pid),
            // Locks of other machines have negative numbers.
            _ => LockTaker::Unnoted,
        };
        let file = file(words.next()?)?;
        let first = words.next()?.parse().ok()?;
        let last = match words.next()? {
            "EOF" => None,
            last => Some(last.parse().ok()?),
        };
        Some(Self { lock: FileLock { sort, access, taker, first, last }, file, waits })
    }

    /// The locks that the text of `fdinfo` names.
    pub fn of_descriptor(text: &[u8]) -> impl Iterator<Item = FileLock> {
        let lines = text.split(|&byte| byte == b'\n');
        let locks = lines.filter_map(|line| Self::parse(line.strip_prefix(b"lock:")?));
        locks.filter(|line| !line.waits).map(|line| line.lock)
    }
}

/// `MAJOR:MINOR:INODE`, the first two hexadecimal.
fn file(word: &str) -> Option<FileId> {
    let mut parts = word.split(':');
    let mut device = || u32::from_str_radix(parts.next()?, 16).ok();
    let (major, minor) = (device()?, device()?);
    let inode = parts.next()?.parse().ok()?;
    // The coding of makedev(3).
    let (major, minor) = (u64::from(major), u64::from(minor));
    let device =
        (minor & 0xff) | (major & 0xfff) << 8 | (minor & !0xff) << 12 | (major & !0xfff) << 32;
    Some(FileId { device, inode })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOCK: FileLock = FileLock {
        sort: LockSort::Flock,
        access: Access::Write,
        taker: LockTaker::Pid(359),
        first: 0,
        last: None,
    };

    #[test]
    fn locks_and_those_who_wait_for_them_are_told_apart() {
        let line = b"2: FLOCK  ADVISORY  WRITE 359 fe:00:247780 0 EOF";
        assert_eq!(
            LockLine::parse(line),
            Some(LockLine {
                lock: LOCK,
                file: FileId { device: 0xfe00, inode: 247_780 },
                waits: false
            })
        );
        let waits = LockLine::parse(b"2: -> FLOCK  ADVISORY  READ 7 fe:00:247780 0 EOF").unwrap();
        assert!(waits.waits && waits.lock.access == Access::Read);
        let range = LockLine::parse(b"11: OFDLCK ADVISORY  WRITE -1 00:1a:5 10 19").unwrap().lock;
        assert_eq!((range.taker, range.first, range.last), (LockTaker::Unnoted, 10, Some(19)));
    }

    #[test]
    fn what_is_no_advisory_lock_is_left_out() {
        for line in [
            &b"3: LEASE  ACTIVE    WRITE 12 fe:00:1 0 EOF"[..],
            b"3: FLOCK  ADVISORY  UNLCK 12 fe:00:1 0 EOF",
            b"4: POSIX  *NOINODE* WRITE 1 <none>:x 0 EOF",
            b"",
            b"1:",
            b"\xff: FLOCK",
        ] {
            assert_eq!(LockLine::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_descriptor_names_its_locks_among_other_lines() {
        let text = b"pos:\t0\nflags:\t02\nmnt_id:\t43\nino:\t1\nlock:\t1: FLOCK  ADVISORY  WRITE 359 00:13:1 0 EOF\n";
        assert_eq!(LockLine::of_descriptor(text).collect::<Vec<_>>(), [LOCK]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_locks_or_none(bytes: Vec<u8>) {
            LockLine::parse(&bytes);
            LockLine::of_descriptor(&bytes).count();
        }
    }
}
