//! Signals and kin of a process or thread, as everybody may read them: `proc_pid_status(5)`. The command in it may be any
//! bytes, but the kernel escapes its newlines.

/// Some of the lines of `/proc/PID/status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusLines {
    /// The parent: 0 if that is outside of the pid namespace.
    pub parent: i32,
    /// Effective group id.
    pub gid: u32,
    /// Signals that are queued for its user, and how many may be.
    pub queued: (u64, u64),
    /// Signals that wait for this thread, as a set: the lowest bit is signal 1.
    pub pending: u64,
    /// Signals that wait for any thread of the process.
    pub shared: u64,
    /// Signals that the thread blocks.
    pub blocked: u64,
    /// Signals that the process ignores.
    pub ignored: u64,
    /// Signals for which the process has a handler.
    pub caught: u64,
    /// Its numbers in the pid namespaces from that of `/proc` inwards.
    pub numbers: Vec<i32>,
    /// The process that traces it; 0 for none.
    pub tracer: i32,
}

impl StatusLines {
    /// Reads the text; `None` when the signals are missing.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut lines = Self::default();
        let mut signals = 0;
        for line in text.split(|&byte| byte == b'\n') {
            let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
            let (name, value) = line.split_at(colon);
            let Ok(value) = std::str::from_utf8(value.get(1..).unwrap_or_default()) else {
                continue;
            };
            let value = value.trim();
            let set = || u64::from_str_radix(value, 16).ok();
            match name {
                b"PPid" => lines.parent = value.parse().ok()?,
                b"TracerPid" => lines.tracer = value.parse().ok()?,
                b"Gid" => lines.gid = value.split_ascii_whitespace().nth(1)?.parse().ok()?,
                b"NSpid" => {
                    lines.numbers =
                        value.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect();
                }
                b"SigQ" => {
                    let (queued, limit) = value.split_once('/')?;
                    lines.queued = (queued.parse().ok()?, limit.parse().ok()?);
                }
                b"SigPnd" => (lines.pending, signals) = (set()?, signals + 1),
                b"ShdPnd" => (lines.shared, signals) = (set()?, signals + 1),
                b"SigBlk" => (lines.blocked, signals) = (set()?, signals + 1),
                b"SigIgn" => (lines.ignored, signals) = (set()?, signals + 1),
                b"SigCgt" => (lines.caught, signals) = (set()?, signals + 1),
                _ => {}
            }
        }
        (signals == 5).then_some(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_command_that_looks_like_a_line_is_none() {
        let text = b"Name:\tx\\nSigIgn:\tff\nPPid:\t7\nTracerPid:\t0\nGid:\t1\t2\t3\t4\nNSpid:\t99\t1\nSigQ:\t3/96364\n\
            SigPnd:\t0000000000000000\nShdPnd:\t0000000000004000\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000000002\n\
            SigCgt:\t0000000000000004\n";
        let lines = StatusLines::parse(text).unwrap();
        assert_eq!((lines.parent, lines.gid, lines.queued), (7, 2, (3, 96364)));
        assert_eq!((lines.shared, lines.blocked, lines.ignored, lines.caught), (0x4000, 1, 2, 4));
        assert_eq!(lines.numbers, [99, 1]);
        assert_eq!(StatusLines::parse(b"Name:\tx\n"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_lines_or_none(bytes: Vec<u8>) {
            StatusLines::parse(&bytes);
        }
    }
}
