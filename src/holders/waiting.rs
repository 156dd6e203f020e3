//! Calls that threads wait in, as `/proc/PID/task/TID/syscall` shows them: which ones are of interest, and what
//! their arguments mean. Knows numbers and no object.

mod numbers;

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::ResolveFlag;

use crate::model::{Access, LockSort};
use crate::sys::calls::RawCall;
use crate::sys::file;
use crate::sys::memory::Memory;
use crate::sys::processes::Process;
use numbers::{ArgumentMeaning, CALLS, COMPAT, Numbers};

/// A call that concerns an object, with the name that programs know it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// On the System V queue with this id.
    Queue(u32, &'static str),
    /// On the System V set with this id.
    Set(u32, &'static str),
    /// On the POSIX queue behind this descriptor of the thread.
    Descriptor(i32, &'static str),
    /// For the word at this address to change: the operation with its flags comes last.
    Word(u64, &'static str, u64),
    /// For the other side of a FIFO: the descriptor that a relative path begins at, and where the path is.
    Open(i32, u64, &'static str),
    /// For a lock on a file.
    Lock(LockCall),
}

/// A call that waits for a lock on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LockCall {
    /// The descriptor.
    pub(super) fd: i32,
    /// Which sort of lock.
    pub(super) sort: LockSort,
    /// LOCK_SH or LOCK_EX of `flock(2)`, or where `struct flock` is.
    argument: u64,
}

/// A range of a file as a lock has it: its first byte and its last, if there is a last.
type LockRange = (u64, Option<u64>);

impl LockCall {
    /// Whether it is to be a lock for reading or writing, and on which bytes, as far as that can be read.
    pub(super) fn range(
        &self,
        process: &Process,
        directory: &str,
    ) -> (Option<Access>, Option<LockRange>) {
        if self.sort == LockSort::Flock {
            let exclusive = self.argument & libc::LOCK_EX as u64 != 0;
            let access = if exclusive { Access::Write } else { Access::Read };
            return (Some(access), Some((0, None)));
        }
        let mut bytes = [0; 24];
        let memory = Memory::open(process, directory);
        let read = memory.and_then(|memory| memory.read(self.argument, &mut bytes));
        if read.is_ok_and(|length| length == bytes.len()) { flock_of(&bytes) } else { (None, None) }
    }
}

/// `struct flock` of 64-bit programs: type and whence as short integers, then start and length at the next multiple of eight.
fn flock_of(bytes: &[u8; 24]) -> (Option<Access>, Option<LockRange>) {
    let [t0, t1, w0, w1, _, _, _, _, rest @ ..] = bytes;
    let access = match libc::c_int::from(i16::from_ne_bytes([*t0, *t1])) {
        libc::F_RDLCK => Some(Access::Read),
        libc::F_WRLCK => Some(Access::Write),
        _ => None,
    };
    let (start, length) = rest.split_at(8);
    let number = |bytes: &[u8]| Some(i64::from_ne_bytes(bytes.try_into().ok()?));
    let range = || {
        // Counted from the position or the end of the file, it cannot be told.
        if libc::c_int::from(i16::from_ne_bytes([*w0, *w1])) != libc::SEEK_SET {
            return None;
        }
        let (start, length) = (number(start)?, number(length)?);
        let (first, end) = match length {
            0 => (start, None),
            1.. => (start, Some(start.checked_add(length)?)),
            _ => (start.checked_add(length)?, Some(start)),
        };
        let last = end.map(|end| u64::try_from(end).ok()?.checked_sub(1));
        Some((u64::try_from(first).ok()?, last.map_or(Some(None), |last| last.map(Some))?))
    };
    (access, range())
}

/// What the text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing of interest.
    Other,
    /// This.
    Waiting(Call),
    /// One of these, in a thread whose stack is where programs of 32 bits have theirs: the numbers of their calls mean other
    /// things.
    Either {
        /// In a program of 64 bits.
        native: Option<Call>,
        /// In one of 32 bits; `None` where it is nothing of interest.
        compat: Result<Option<Call>, UnknownNumbers>,
    },
}

/// The numbers of the other instruction set are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnknownNumbers;

/// Returns true if waiting calls can be told on this machine.
pub(super) fn is_known() -> bool {
    !CALLS.is_empty()
}

/// FUTEX_PRIVATE_FLAG: the word is of one process alone.
pub(super) const PRIVATE: u64 = 0x80;

/// FUTEX_WAIT, FUTEX_LOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI and FUTEX_LOCK_PI2, without the flags for private words and the clock.
const FUTEX_WAITS: [u64; 5] = [0, 6, 9, 11, 13];
pub(super) const FUTEX_FLAGS: u64 = 0x180;

/// Reads `NUMBER ARGUMENT*6 STACK PROGRAM`, all but the first hexadecimal; `running` and `-1 …` are no calls.
pub(super) fn parse(text: &[u8]) -> Doing {
    parse_known(text).unwrap_or(Doing::Other)
}

fn parse_known(text: &[u8]) -> Option<Doing> {
    let RawCall { number, arguments, foreign } = RawCall::parse(text)?;
    let native = meaning(CALLS, number, &arguments);
    if !foreign {
        return native.map(Doing::Waiting);
    }
    let compat = COMPAT.ok_or(UnknownNumbers).map(|calls| meaning(calls, number, &arguments));
    Some(match (native, compat) {
        (None, Ok(None)) => Doing::Other,
        (native, compat) => Doing::Either { native, compat },
    })
}

/// What a call with these arguments is, by the numbers of one instruction set.
fn meaning(calls: Numbers, number: libc::c_long, arguments: &[u64; 6]) -> Option<Call> {
    let (_, name, meaning) = calls.iter().find(|(known, ..)| *known == number)?;
    let [first, second, third, ..] = *arguments;
    // Arguments are registers; what is an int is their lower half.
    let int = |argument: u64| (argument & u64::from(u32::MAX)) as i32;
    let id = |argument| u32::try_from(int(argument)).ok();
    Some(match meaning {
        ArgumentMeaning::Queue => Call::Queue(id(first)?, name),
        ArgumentMeaning::Set => Call::Set(id(first)?, name),
        ArgumentMeaning::Descriptor => Call::Descriptor(int(first), name),
        ArgumentMeaning::Flock => {
            Call::Lock(LockCall { fd: int(first), sort: LockSort::Flock, argument: second })
        }
        ArgumentMeaning::Fcntl => {
            let sort = match int(second) {
                libc::F_SETLKW => LockSort::Fcntl,
                libc::F_OFD_SETLKW => LockSort::Ofd,
                _ => return None,
            };
            Call::Lock(LockCall { fd: int(first), sort, argument: third })
        }
        ArgumentMeaning::Futex if FUTEX_WAITS.contains(&(second & !FUTEX_FLAGS)) => {
            Call::Word(first, name, second)
        }
        ArgumentMeaning::Futex => return None,
        ArgumentMeaning::Open => Call::Open(libc::AT_FDCWD, first, name),
        ArgumentMeaning::OpenAt => Call::Open(int(first), second, name),
        // The upper half is a version.
        ArgumentMeaning::Multiplexed => match first & 0xffff {
            numbers::SEMOP | numbers::SEMTIMEDOP => Call::Set(id(second)?, "semop"),
            numbers::MSGSND => Call::Queue(id(second)?, "msgsnd"),
            numbers::MSGRCV => Call::Queue(id(second)?, "msgrcv"),
            _ => return None,
        },
    })
}

/// Longest path that the kernel takes, with its NUL.
const PATH: usize = 4096;

/// A handle on the file that a thread waits to open; `None` when it waits for something else. `directory` is that of
/// the thread: `task/12/`. The path is looked up as the thread does it, from its own root and directory. The thread's own call
/// keeps it remembered by the kernel; where it does not, a file system may have to be asked, and not for long.
///
/// # Errors
/// EACCES and EPERM for the processes of others, and what stands in the way of the path.
pub(super) fn opened(
    process: &Process,
    directory: &str,
    from: i32,
    address: u64,
) -> io::Result<Option<OwnedFd>> {
    let mut buffer = [0; 64];
    let sleeps_in = process.read(&CString::new(format!("{directory}wchan"))?, &mut buffer)?;
    // Without the names of the kernel's functions it is 0. FIFOs are waited for in one of them alone.
    if !matches!(sleeps_in, b"" | b"0") && sleeps_in != b"wait_for_partner" {
        return Ok(None);
    }
    let path = string(&Memory::open(process, directory)?, address)?;
    let start = |name: &str| process.handle(&CString::new(format!("{directory}{name}"))?);
    let (start, scope) = match (path.first(), from) {
        (None, _) => return Ok(None),
        (Some(b'/'), _) => (start("root")?, ResolveFlag::RESOLVE_IN_ROOT),
        (Some(_), libc::AT_FDCWD) => (start("cwd")?, ResolveFlag::empty()),
        (Some(_), descriptor) => (start(&format!("fd/{descriptor}"))?, ResolveFlag::empty()),
    };
    let scope = scope | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    file::handle_in_time(start.as_fd(), &CString::new(path)?, true, scope).map(Some)
}

/// The string at `address`, page by page: the next one may not be there.
fn string(memory: &Memory, address: u64) -> io::Result<Vec<u8>> {
    let page = procfs::page_size().max(1);
    let (mut path, mut at) = (Vec::new(), address);
    while path.len() < PATH {
        let room = usize::try_from(page - at % page).unwrap_or(PATH).min(PATH - path.len());
        let mut buffer = vec![0; room];
        let length = memory.read(at, &mut buffer)?;
        let piece = buffer.get(..length).unwrap_or_default();
        if let Some(end) = piece.iter().position(|&byte| byte == 0) {
            path.extend(piece.iter().take(end));
            return Ok(path);
        }
        if piece.is_empty() {
            break;
        }
        path.extend_from_slice(piece);
        at = at.saturating_add(piece.len() as u64);
    }
    Err(io::Error::from_raw_os_error(libc::EIO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STACK: &str = "0x7ffd4c8b1a58 0x7f1c2e4d9a3b\n";

    fn line(number: libc::c_long, first: u64, second: u64) -> Vec<u8> {
        format!("{number} {first:#x} {second:#x} 0x3 0x0 0x0 0x0 {STACK}").into_bytes()
    }

    #[test]
    fn what_is_no_call_is_nothing() {
        for text in ["", "running\n", "-1 0x7ffd4c8b1a58 0x7f1c2e4d9a3b\n", "70", "70 0x1 x"] {
            assert_eq!(parse(text.as_bytes()), Doing::Other, "{text}");
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_call_of_a_low_stack_is_read_by_both_tables() {
        let low = |number: i64, first: u64, second: u64| {
            let text =
                format!("{number} {first:#x} {second:#x} 0x3 0x0 0x0 0x0 0xff8b1a58 0xf7d9a3b0\n");
            parse(text.as_bytes())
        };
        let set = Call::Set(7, "semop");
        assert_eq!(low(65, 7, 0), Doing::Either { native: Some(set), compat: Ok(None) });
        let compat = Ok(Some(set));
        assert_eq!(low(117, 4, 7), Doing::Either { native: None, compat });
        assert_eq!(low(420, 7, 0), Doing::Either { native: None, compat });
        let queue = Ok(Some(Call::Queue(7, "msgrcv")));
        assert_eq!(low(117, 0x1_000c, 7), Doing::Either { native: None, compat: queue });
        // getpid in either.
        assert_eq!(low(20, 7, 0), Doing::Other);
    }

    #[test]
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn the_calls_of_interest_are_told_apart() {
        let waiting = |text: &[u8]| match parse(text) {
            Doing::Waiting(call) => Some(call),
            _ => None,
        };
        assert_eq!(waiting(&line(libc::SYS_msgrcv, 5, 0)), Some(Call::Queue(5, "msgrcv")));
        assert_eq!(waiting(&line(libc::SYS_semtimedop, 0, 0)), Some(Call::Set(0, "semop")));
        assert_eq!(
            waiting(&line(libc::SYS_mq_timedreceive, 4, 0)),
            Some(Call::Descriptor(4, "mq_receive"))
        );
        // FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME is what sem_wait(3) does, FUTEX_WAKE is what sem_post(3) does.
        assert_eq!(
            waiting(&line(libc::SYS_futex, 0x7f00, 0x189)),
            Some(Call::Word(0x7f00, "sem_wait", 0x189))
        );
        assert_eq!(waiting(&line(libc::SYS_futex, 0x7f00, 1)), None);
        let here = u64::from(libc::AT_FDCWD.cast_unsigned());
        assert_eq!(
            waiting(&line(libc::SYS_openat, here, 0x55)),
            Some(Call::Open(libc::AT_FDCWD, 0x55, "open"))
        );
        assert_eq!(waiting(&line(libc::SYS_read, 5, 0)), None);
    }

    #[test]
    fn a_range_is_read_as_the_kernel_takes_it() {
        let flock = |kind: libc::c_int, whence: libc::c_int, start: i64, length: i64| {
            let mut bytes = [0; 24];
            bytes[..2].copy_from_slice(&i16::try_from(kind).unwrap().to_ne_bytes());
            bytes[2..4].copy_from_slice(&i16::try_from(whence).unwrap().to_ne_bytes());
            bytes[8..16].copy_from_slice(&start.to_ne_bytes());
            bytes[16..].copy_from_slice(&length.to_ne_bytes());
            flock_of(&bytes)
        };
        let write = Some(Access::Write);
        assert_eq!(flock(libc::F_WRLCK, 0, 5, 10), (write, Some((5, Some(14)))));
        assert_eq!(flock(libc::F_WRLCK, 0, 5, 0), (write, Some((5, None))));
        assert_eq!(flock(libc::F_RDLCK, 0, 5, -2), (Some(Access::Read), Some((3, Some(4)))));
        assert_eq!(flock(libc::F_WRLCK, 1, 5, 10), (write, None));
        assert_eq!(flock(7, 0, i64::MIN, -1), (None, None));
        assert_eq!(flock(libc::F_WRLCK, 0, i64::MAX, i64::MAX), (write, None));
    }

    #[test]
    fn an_id_that_is_none_is_nothing() {
        assert_eq!(parse(&line(libc::SYS_msgrcv, u64::from(u32::MAX), 0)), Doing::Other);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_call_or_none(bytes: Vec<u8>) {
            parse(&bytes);
        }

        #[test]
        fn any_id_comes_back(id in 0..=i32::MAX.unsigned_abs()) {
            if is_known() {
                let parsed = parse(&line(libc::SYS_msgsnd, id.into(), 0));
                prop_assert_eq!(parsed, Doing::Waiting(Call::Queue(id, "msgsnd")));
            }
        }
    }
}
