//! Room for POSIX queues. What one user may have in all of them together, RLIMIT_MSGQUEUE of `getrlimit(2)`, is counted
//! over all namespaces: it is the one thing that these tests share with the machine. A namespace that has ended is taken
//! down a while later, and until then its queues count.
//!
//! Who makes a queue asks for as many bytes as it takes and waits for them, not for long. Where others keep them in use
//! the test is reported as ignored, by name and with the reason; in CI, where there are no others, it fails.

#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::mem;
use std::panic;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Failed};

const PATIENCE: Duration = Duration::from_secs(30);

/// The geometry of a queue that is made without further words (`mq_overview(7)`).
const MESSAGES: u64 = 10;
const SIZE: u64 = 8192;

/// Ends a test that found no room.
struct NoRoom;

/// Bytes that the kernel counts for a queue.
pub fn charge(messages: u64, size: u64) -> u64 {
    messages * (size + 96)
}

/// Waits until the calling thread's user could have so many bytes more.
pub fn wait_for(bytes: u64) {
    patiently(|| probe(bytes));
}

/// Waits for the queues that a program will make, as its command line tells, which may be a script.
pub fn wait_for_program(words: &str) {
    let mut bytes = 0;
    for made in words.split("create mq:/").skip(1) {
        let rest = made.split(['\\', ';', '|', '&']).next().unwrap_or(made);
        // A test that says how long messages are wants them short.
        let size = if rest.contains("--message-size") { 512 } else { SIZE };
        bytes += charge(MESSAGES, size);
    }
    // Of Python's module, and of `ipcmk --posix-mqueue`.
    let others = ["MessageQueue(", " -q -n "].map(|making| words.matches(making).count() as u64);
    bytes += others.iter().sum::<u64>() * charge(MESSAGES, SIZE);
    if bytes > 0 {
        wait_for(bytes);
    }
}

/// Does what makes a queue, again and again while there is no room for it.
pub fn patiently(make: impl Fn() -> io::Result<()>) {
    let begin = Instant::now();
    loop {
        match make() {
            Err(error) if error.raw_os_error() == Some(libc::EMFILE) => {}
            done => return done.expect("mq_open"),
        }
        if begin.elapsed() > PATIENCE {
            panic::resume_unwind(Box::new(NoRoom));
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// What becomes of a test that ended with this panic, if it did for want of room.
pub fn completion_of(panic: &(dyn std::any::Any + Send)) -> Option<Result<Completion, Failed>> {
    const REASON: &str = "RLIMIT_MSGQUEUE is in use by others";
    panic.downcast_ref::<NoRoom>().map(|_| {
        let everything_is_there = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        if everything_is_there {
            Err(Failed::from(REASON))
        } else {
            Ok(Completion::ignored_with(REASON))
        }
    })
}

/// Makes queues of so many bytes together, and takes them away again.
fn probe(bytes: u64) -> io::Result<()> {
    let mut names: Vec<CString> = Vec::new();
    let mut left = bytes;
    let mut outcome = Ok(());
    while left > 0 && outcome.is_ok() {
        let name = CString::new(format!("/room-{}", names.len())).expect("no NUL");
        let size = left.div_ceil(MESSAGES).saturating_sub(96).clamp(1, SIZE);
        outcome = make(&name, size);
        left = left.saturating_sub(charge(MESSAGES, size));
        names.push(name);
    }
    for name in &names {
        // SAFETY: a NUL-terminated string. The last one may not have been made.
        unsafe { libc::mq_unlink(name.as_ptr()) };
    }
    // Other limits are the program's own to reach.
    outcome.or_else(
        |error| {
            if error.raw_os_error() == Some(libc::EMFILE) { Err(error) } else { Ok(()) }
        },
    )
}

fn make(name: &CString, size: u64) -> io::Result<()> {
    let number = |value: u64| libc::c_long::try_from(value).expect("small");
    // SAFETY: all zero bytes are a valid mq_attr; a NUL-terminated string and numbers; the queue is closed once.
    unsafe {
        let mut shape: libc::mq_attr = mem::zeroed();
        (shape.mq_maxmsg, shape.mq_msgsize) = (number(MESSAGES), number(size));
        let flags = libc::O_CREAT | libc::O_EXCL | libc::O_RDWR;
        let queue = libc::mq_open(name.as_ptr(), flags, 0o600, &mut shape);
        if queue == -1 {
            return Err(io::Error::last_os_error());
        }
        libc::mq_close(queue);
    }
    Ok(())
}
