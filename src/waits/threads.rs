//! What the threads of a process do at this moment, as far as it concerns pipes: the calls that they sleep in, how often they
//! ran, and since when they sleep. Knows descriptors and no object.

use std::ffi::CString;
use std::io;

use nix::sys::uio::pread;

use crate::sys::calls::RawCall;
use crate::sys::processes::Process;

/// What a thread waits for on a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Bytes to read, or the end of file.
    Read,
    /// Room to write.
    Write,
    /// To be told that there is something to read: `poll(2)` and its like.
    Poll,
}

/// One thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ThreadLook {
    pub(super) tid: i32,
    /// How often it was switched out: a thread with the same number has not run meanwhile.
    switches: u64,
    /// The call that it sleeps in; `None` while it runs.
    call: Option<RawCall>,
    /// What it waits for, where it is a call on pipes.
    pub(super) waits: Vec<(i32, Direction)>,
}

impl ThreadLook {
    /// Returns true if it sleeps, and has not run between two looks.
    pub(super) fn has_slept(&self, later: &Self) -> bool {
        self.call.is_some() && self == later
    }
}

/// A `poll(2)` of more descriptors than this is that of a server, which any of them can wake.
const FEW: u64 = 8;

/// The threads of a process.
///
/// # Errors
/// EACCES and EPERM for the processes of others, ENOENT and ESRCH for one that has ended.
pub(super) fn of(process: &Process) -> io::Result<Vec<ThreadLook>> {
    if process.threads()? == 1 {
        return Ok(vec![look(process, process.pid, "")?]);
    }
    let (_, threads) = process.numbers(c"task")?;
    let mut looks = Vec::new();
    for tid in threads {
        match look(process, tid, &format!("task/{tid}/")) {
            Ok(look) => looks.push(look),
            Err(error) if crate::sys::processes::is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(looks)
}

fn look(process: &Process, tid: i32, directory: &str) -> io::Result<ThreadLook> {
    let file = |name: &str| CString::new(format!("{directory}{name}"));
    let mut buffer = [0; 4096];
    let call = RawCall::parse(process.read(&file("syscall")?, &mut buffer)?);
    let waits = call.filter(|call| !call.foreign).map(|call| waits(process, directory, &call));
    let mut buffer = [0; 4096];
    let switches = switches(process.read(&file("status")?, &mut buffer)?);
    Ok(ThreadLook { tid, switches, call, waits: waits.unwrap_or_default() })
}

/// How often a thread was switched out, by its own will or not: `proc_pid_status(5)`.
fn switches(status: &[u8]) -> u64 {
    let counts = status.split(|byte| *byte == b'\n').filter_map(|line| {
        let at = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at_checked(at)?;
        let value = std::str::from_utf8(value.get(1..)?).ok()?.trim().parse::<u64>().ok();
        value.filter(|_| name.ends_with(b"voluntary_ctxt_switches"))
    });
    counts.fold(0, u64::wrapping_add)
}

/// The descriptors that a call waits on, as pipes know it.
fn waits(process: &Process, directory: &str, call: &RawCall) -> Vec<(i32, Direction)> {
    let [first, second, ..] = call.arguments;
    match call.number {
        libc::SYS_read | libc::SYS_readv => vec![(call.int(0), Direction::Read)],
        libc::SYS_write | libc::SYS_writev | libc::SYS_vmsplice => {
            vec![(call.int(0), Direction::Write)]
        }
        libc::SYS_tee => vec![(call.int(0), Direction::Read), (call.int(1), Direction::Write)],
        libc::SYS_splice => vec![(call.int(0), Direction::Read), (call.int(2), Direction::Write)],
        libc::SYS_sendfile => vec![(call.int(1), Direction::Read), (call.int(0), Direction::Write)],
        libc::SYS_ppoll => polled(process, directory, first, second),
        libc::SYS_pselect6 => selected(process, directory, second, first),
        libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => watched(process, directory, call.int(0)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll => polled(process, directory, first, second),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_select => selected(process, directory, second, first),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait => watched(process, directory, call.int(0)),
        _ => Vec::new(),
    }
}

/// Reads memory of a process without waiting for anybody: `/proc/PID/mem`.
fn memory<const N: usize>(process: &Process, directory: &str, address: u64) -> Option<[u8; N]> {
    let memory = process.open(&CString::new(format!("{directory}mem")).ok()?).ok()?;
    let mut bytes = [0; N];
    let length = pread(&memory, &mut bytes, i64::try_from(address).ok()?).ok()?;
    (length == N).then_some(bytes)
}

/// The descriptors of an array of `struct pollfd` that are watched for something to read.
fn polled(process: &Process, directory: &str, array: u64, count: u64) -> Vec<(i32, Direction)> {
    let mut found = Vec::new();
    for place in 0..count.min(FEW + 1) {
        let Some([a, b, c, d, low, high, ..]) =
            memory::<8>(process, directory, array.saturating_add(place * 8))
        else {
            return Vec::new();
        };
        let events = i16::from_ne_bytes([low, high]);
        if events & libc::POLLIN != 0 {
            found.push((i32::from_ne_bytes([a, b, c, d]), Direction::Poll));
        }
    }
    if count > FEW { Vec::new() } else { found }
}

/// The descriptors of an `fd_set` for reading.
fn selected(process: &Process, directory: &str, set: u64, below: u64) -> Vec<(i32, Direction)> {
    let Some(bits) = memory::<128>(process, directory, set).filter(|_| set != 0) else {
        return Vec::new();
    };
    let is_set = |fd: &i32| {
        let place = usize::try_from(*fd).unwrap_or(usize::MAX);
        bits.get(place / 8).is_some_and(|byte| byte >> (place % 8) & 1 == 1)
    };
    let most = i32::try_from(below.min(1024)).unwrap_or(0);
    let found: Vec<_> = (0..most).filter(is_set).map(|fd| (fd, Direction::Poll)).collect();
    if found.len() as u64 > FEW { Vec::new() } else { found }
}

/// The descriptors that an epoll instance watches: the lines `tfd: FD events: …` of its fdinfo, `proc_pid_fdinfo(5)`.
fn watched(process: &Process, directory: &str, epoll: i32) -> Vec<(i32, Direction)> {
    let mut buffer = [0; 4096];
    let Ok(name) = CString::new(format!("{directory}fdinfo/{epoll}")) else { return Vec::new() };
    let Ok(text) = process.read(&name, &mut buffer) else { return Vec::new() };
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"tfd:"));
    let fd =
        |line: &[u8]| std::str::from_utf8(line).ok()?.split_ascii_whitespace().next()?.parse().ok();
    let found: Vec<_> = lines.filter_map(fd).map(|fd| (fd, Direction::Poll)).collect();
    if found.len() as u64 > FEW { Vec::new() } else { found }
}

/// Seconds since a thread ran last, where the kernel tells: `se.exec_start` of `/proc/PID/task/TID/sched`, in milliseconds of
/// the clock that our own thread has there, too.
pub(super) fn idle(process: &Process, own: &Process, tid: i32) -> Option<f64> {
    let read = |process: &Process, name: &str| {
        let mut buffer = [0; 4096];
        exec_start(process.read(&CString::new(name).ok()?, &mut buffer).ok()?)
    };
    let now = read(own, "sched")?;
    Some((now - read(process, &format!("task/{tid}/sched"))?) / 1000.0)
}

fn exec_start(text: &[u8]) -> Option<f64> {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().find(|line| line.starts_with("se.exec_start"))?;
    line.split(':').nth(1)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use std::path::Path;

    fn own() -> Process {
        let proc = crate::sys::processes::Proc::open(Path::new("/proc")).unwrap();
        proc.process(proc.own_pid().unwrap()).unwrap()
    }

    fn call(number: libc::c_long, first: u64, second: u64) -> RawCall {
        RawCall { number, arguments: [first, second, 0, 0, 0, 0], foreign: false }
    }

    #[test]
    fn a_thread_that_waits_to_read_a_pipe_is_seen_to_sleep() {
        let (reader, writer) = std::io::pipe().unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&reader);
        let thread = std::thread::spawn(move || std::io::Read::read(&mut &reader, &mut [0]));
        let waits = |look: &&ThreadLook| look.waits == [(number, Direction::Read)];
        let find = || of(&own()).unwrap().iter().find(waits).cloned();
        let first = loop {
            if let Some(look) = find() {
                break look;
            }
            std::thread::yield_now();
        };
        assert!(first.has_slept(&find().unwrap()));
        (&writer).write_all(b"x").unwrap();
        thread.join().unwrap().unwrap();
    }

    #[test]
    fn the_descriptors_of_a_poll_of_few_are_read_from_memory() {
        let one = |fd, events| libc::pollfd { fd, events, revents: 0 };
        let few = [one(3, libc::POLLIN), one(4, libc::POLLOUT), one(-1, libc::POLLIN)];
        let address = few.as_ptr() as u64;
        let found = waits(&own(), "", &call(libc::SYS_ppoll, address, 3));
        assert_eq!(found, [(3, Direction::Poll), (-1, Direction::Poll)]);
        let many: Vec<_> = (0..9).map(|fd| one(fd, libc::POLLIN)).collect();
        assert!(waits(&own(), "", &call(libc::SYS_ppoll, many.as_ptr() as u64, 9)).is_empty());
        assert!(
            waits(&own(), "", &call(libc::SYS_ppoll, 8, 3)).is_empty(),
            "memory that is not there"
        );
        let mut bits = [0u8; 128];
        bits[0] = 0b101;
        let found = waits(&own(), "", &call(libc::SYS_pselect6, 3, bits.as_ptr() as u64));
        assert_eq!(found, [(0, Direction::Poll), (2, Direction::Poll)]);
    }

    #[test]
    fn context_switches_of_both_sorts_are_added() {
        let status = b"Name:\tx:voluntary_ctxt_switches:\t9\nvoluntary_ctxt_switches:\t4\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(switches(status), 7);
    }

    proptest! {
        #[test]
        fn any_text_has_switches_and_a_start_or_none(text: Vec<u8>) {
            switches(&text);
            let _ = exec_start(&text);
        }
    }
}
