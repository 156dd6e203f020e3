//! Processes as addresses name them. Plain data.

use std::fmt::{self, Display};

use super::encoding::quoted;

/// A process or a thread of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessName {
    /// Its number.
    pub pid: u32,
    /// Which part of it, or which process of this number.
    pub part: ProcessPart,
}

/// What an address says of a process besides its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcessPart {
    /// Nothing: whatever process has the number now.
    Whole,
    /// The thread with this number.
    Thread(u32),
    /// The process whose file in pidfs has this inode, and no other under the same number.
    Inode(u64),
    /// The process that was started so many ticks after boot, and no other under the same number.
    Started(u64),
}

impl Display for ProcessName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pid = self.pid;
        match self.part {
            ProcessPart::Whole => write!(out, "{pid}"),
            ProcessPart::Thread(thread) => write!(out, "{pid}/{thread}"),
            ProcessPart::Inode(inode) => write!(out, "{pid}:{inode}"),
            ProcessPart::Started(ticks) => write!(out, "{pid}:@{ticks}"),
        }
    }
}

impl ProcessName {
    /// Reads `PID`, `PID/TID`, `PID:INO`, `PID:@TICKS` or `self`.
    ///
    /// # Errors
    /// A sentence that says how a process is named.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let parse = || {
            let text = std::str::from_utf8(text).ok()?;
            if text == "self" {
                return Some(Self { pid: std::process::id(), part: ProcessPart::Whole });
            }
            let (pid, part) = match text.split_once(['/', ':']) {
                None => (text, ProcessPart::Whole),
                Some((pid, rest)) if text.as_bytes().get(pid.len()) == Some(&b'/') => {
                    (pid, ProcessPart::Thread(pid_of(rest)?))
                }
                Some((pid, rest)) => match rest.strip_prefix('@') {
                    Some(ticks) => (pid, ProcessPart::Started(digits(ticks)?)),
                    None => (pid, ProcessPart::Inode(digits(rest)?)),
                },
            };
            Some(Self { pid: pid_of(pid)?, part })
        };
        parse().ok_or_else(|| {
            format!("{} is no process: PID, PID/TID, PID:INODE, PID:@TICKS or self", quoted(text))
        })
    }
}

fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Numbers of processes are positive integers of 32 bits.
fn pid_of(text: &str) -> Option<u32> {
    let pid = u32::try_from(digits(text)?).ok()?;
    (1..=i32::MAX.unsigned_abs()).contains(&pid).then_some(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_comes_back_as_it_was() {
        for text in ["1", "812/815", "4711:4026532", "4711:@99"] {
            assert_eq!(ProcessName::parse(text.as_bytes()).unwrap().to_string(), text);
        }
        assert_eq!(ProcessName::parse(b"self").unwrap().pid, std::process::id());
    }

    #[test]
    fn what_is_no_process_is_refused() {
        for text in [
            "",
            "0",
            "-1",
            "x",
            "1/",
            "1/0",
            "1:",
            "1:@",
            "1:x",
            "2147483648",
            "1/2/3",
            "+1",
            "\u{ff11}",
        ] {
            assert!(ProcessName::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
