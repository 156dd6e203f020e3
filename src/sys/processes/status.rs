//! What `/proc/PID/stat` says: `proc_pid_stat(5)`.

/// Some of `/proc/PID/stat`, which everybody may read of every process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its command: up to 15 bytes of anything.
    pub command: Vec<u8>,
    /// R, S, D, Z and so on.
    pub state: u8,
    /// Its parent; 0 for one outside of this pid namespace, or none.
    pub parent: i32,
    /// Its session: the process that began it.
    pub session: i32,
    /// Its flags, `PF_…` of the kernel.
    pub flags: u32,
    /// How many threads it has.
    pub threads: u64,
    /// When it was started, in ticks since boot.
    pub start: u64,
    /// As `wait(2)` has it: of one that is stopped, the signal that has stopped it. 0 where it may not be read.
    pub exit_code: u32,
}

/// PF_KTHREAD of the kernel.
const KERNEL_THREAD: u32 = 0x0020_0000;
/// PF_FORKNOEXEC of the kernel.
const FORKED: u32 = 0x0000_0040;

impl Status {
    /// Reads the line. The command may contain anything, blanks and parentheses too; nothing after it does.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let open = text.iter().position(|&byte| byte == b'(')?;
        let close = text.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // The first is the third of proc(5): what stands before it has been taken off.
        let field = |number: usize| fields.get(number - 3);
        Some(Self {
            command: text.get(open + 1..close)?.to_vec(),
            state: *field(3)?.as_bytes().first()?,
            parent: field(4)?.parse().ok()?,
            session: field(6)?.parse().ok()?,
            flags: field(9)?.parse().ok()?,
            threads: field(20)?.parse().ok()?,
            start: field(22)?.parse().ok()?,
            exit_code: field(52).and_then(|code| code.parse().ok()).unwrap_or(0),
        })
    }

    /// Returns true if it has not run another program since it was forked: its memory began as a copy of its parent's.
    pub fn is_forked(&self) -> bool {
        self.flags & FORKED != 0
    }

    /// Returns true if it is one of the kernel's own.
    pub fn is_kernel_thread(&self) -> bool {
        self.flags & KERNEL_THREAD != 0
    }

    /// Returns true if its first thread has ended and others go on: most entries of the process are empty then.
    pub fn is_headless(&self) -> bool {
        matches!(self.state, b'Z' | b'X') && self.threads > 1
    }

    /// Returns true if it has nothing: no memory, no descriptors, no thread that could wait.
    pub fn is_empty(&self) -> bool {
        self.is_kernel_thread() || (matches!(self.state, b'Z' | b'X') && self.threads <= 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_a_status_or_none(text: Vec<u8>) {
            let _ = Status::parse(&text);
        }

        #[test]
        fn a_command_of_any_bytes_is_read_whole(command in proptest::collection::vec(any::<u8>(), 0..16), start: u64) {
            let mut line = b"7 (".to_vec();
            line.extend_from_slice(&command);
            line.extend_from_slice(format!(") S 1 2 3 4 5 4194304 6 7 8 9 10 11 12 13 20 0 3 0 {start} 15 16\n").as_bytes());
            let status = Status::parse(&line).unwrap();
            prop_assert_eq!((status.state, status.threads, status.start), (b'S', 3, start));
            prop_assert_eq!(status.command, command);
        }
    }
}
