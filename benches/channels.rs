//! What the endpoints are measured on: one object of each kind that carries something, and what goes through them.
//!
//! Made as [`crate::objects`] makes its objects: with raw calls, in the world they belong to.

use std::ffi::CStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};

use crate::Result;

/// The key of the queue, the segment and the set.
pub const KEY: libc::key_t = 0x0100_0001;
/// The POSIX queue, of as many messages as every user may have in one.
pub const QUEUE: &CStr = c"/bench-queue";
/// Bytes of a message.
pub const MESSAGE: usize = 100;
/// Messages that are sent.
pub const LINES: usize = 1_000_000;
/// Bytes of the segment and of the POSIX memory.
pub const MEMORY: usize = 4 << 30;
/// Bytes that go through the FIFO.
const STREAM: u64 = 8 << 30;
/// Where the files are: in the world's own `/dev/shm`, so in memory.
const FOLDER: &str = "/dev/shm";

/// Make it, fail if the key is taken, for its owner alone.
const NEW: libc::c_int = libc::IPC_CREAT | libc::IPC_EXCL | 0o600;

/// Makes them all: the id of the set.
pub fn make() -> Result<libc::c_int> {
    // SAFETY: mq_attr is plain numbers, for which all zeroes is a value.
    let mut shape: libc::mq_attr = unsafe { std::mem::zeroed() };
    (shape.mq_maxmsg, shape.mq_msgsize) = (10, MESSAGE as libc::c_long);
    // SAFETY: the name is NUL-terminated, the attributes outlive the call, the rest are numbers alone.
    let set = unsafe {
        let flags = libc::O_CREAT | libc::O_EXCL | libc::O_RDWR;
        check(libc::mq_open(QUEUE.as_ptr(), flags, 0o600 as libc::mode_t, &raw const shape))?;
        check(libc::msgget(KEY, NEW))?;
        check(libc::shmget(KEY, MEMORY, NEW))?;
        let set = check(libc::semget(KEY, 1, NEW))?;
        check(libc::semctl(set, 0, libc::SETVAL, 1))?;
        set
    };
    // SAFETY: the name is NUL-terminated.
    check(unsafe { libc::mkfifo(c"/dev/shm/fifo".as_ptr(), 0o600) })?;
    hole("bench-memory", MEMORY as u64)?;
    hole("stream", STREAM)?;
    let mut lines = BufWriter::new(File::create(format!("{FOLDER}/lines"))?);
    for number in 0..LINES {
        writeln!(lines, "{number:0width$}", width = MESSAGE)?;
    }
    lines.flush()?;
    fs::write(format!("{FOLDER}/lock"), "")?;
    Ok(set)
}

/// A file of zeros that takes no memory yet.
fn hole(name: &str, length: u64) -> io::Result<()> {
    File::create(format!("{FOLDER}/{name}"))?.set_len(length)
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
