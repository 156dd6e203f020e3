//! The floors of the endpoints: bare loops, as one would write them in C to move nothing but bytes. Each is one end,
//! and runs as a process of its own, as `ipcctl` does. They know every size beforehand and look after nothing.

use std::ffi::c_void;
use std::io;

use crate::channels::{KEY, LINES, MEMORY, MESSAGE, QUEUE};

/// As many bytes as stay in the processor's cache between two calls.
const BLOCK: usize = 128 * 1024;
/// A block as it is copied fastest: it begins with a page.
#[repr(align(4096))]
struct Page([u8; BLOCK]);
/// As many bytes as one `splice` is asked to move.
const SPLICE: usize = 1 << 20;

/// Runs the loop of this name: how many messages or bytes it moved. `None`: there is none.
pub fn run(name: &str) -> Option<io::Result<usize>> {
    Some(match name {
        "mq-send" => mq_send(),
        "mq-receive" => mq_receive(),
        "msg-send" => msg_send(),
        "msg-receive" => msg_receive(),
        "splice" => splice(),
        "copy" => copy(),
        "memory-write" => memory_write(),
        "memory-read" => memory_read(),
        "segment-write" => segment_write(),
        "segment-read" => segment_read(),
        _ => return None,
    })
}

fn open_queue(flags: libc::c_int) -> io::Result<libc::mqd_t> {
    // SAFETY: the name is NUL-terminated.
    check(unsafe { libc::mq_open(QUEUE.as_ptr(), flags) })
}

fn mq_send() -> io::Result<usize> {
    let queue = open_queue(libc::O_WRONLY)?;
    let message = [b'x'; MESSAGE];
    for _ in 0..LINES {
        // SAFETY: the message has the length that is passed.
        check(unsafe { libc::mq_send(queue, message.as_ptr().cast(), MESSAGE, 0) })?;
    }
    Ok(LINES)
}

fn mq_receive() -> io::Result<usize> {
    let queue = open_queue(libc::O_RDONLY)?;
    let mut room = [0_u8; MESSAGE];
    for _ in 0..LINES {
        let (place, length) = (room.as_mut_ptr().cast(), room.len());
        // SAFETY: the room has the length that is passed.
        size(unsafe { libc::mq_receive(queue, place, length, std::ptr::null_mut()) })?;
    }
    Ok(LINES)
}

/// `struct msgbuf`.
#[repr(C)]
struct Message {
    kind: libc::c_long,
    bytes: [u8; MESSAGE],
}

fn msg_send() -> io::Result<usize> {
    // SAFETY: msgget takes numbers alone.
    let id = check(unsafe { libc::msgget(KEY, 0) })?;
    let message = Message { kind: 1, bytes: [b'x'; MESSAGE] };
    for _ in 0..LINES {
        // SAFETY: the message has as many bytes behind its type as the length says.
        check(unsafe { libc::msgsnd(id, (&raw const message).cast(), MESSAGE, 0) })?;
    }
    Ok(LINES)
}

fn msg_receive() -> io::Result<usize> {
    // SAFETY: msgget takes numbers alone.
    let id = check(unsafe { libc::msgget(KEY, 0) })?;
    let mut room = Message { kind: 0, bytes: [0; MESSAGE] };
    for _ in 0..LINES {
        // SAFETY: there is as much room behind the type as the length says.
        size(unsafe { libc::msgrcv(id, (&raw mut room).cast(), MESSAGE, 0, 0) })?;
    }
    Ok(LINES)
}

/// From standard input to standard output, one of which is a pipe.
fn splice() -> io::Result<usize> {
    let mut moved = 0;
    loop {
        let none = std::ptr::null_mut();
        // SAFETY: no offsets are passed.
        match size(unsafe { libc::splice(0, none, 1, none, SPLICE, libc::SPLICE_F_MOVE) })? {
            0 => return Ok(moved),
            more => moved += more,
        }
    }
}

/// From standard input to standard output.
fn copy() -> io::Result<usize> {
    let mut block = Page([0; BLOCK]);
    let block = &mut block.0;
    let mut moved = 0;
    loop {
        match read(block)? {
            0 => return Ok(moved),
            length => moved += write(&block[..length])?,
        }
    }
}

fn open_memory(flags: libc::c_int) -> io::Result<libc::c_int> {
    // SAFETY: the name is NUL-terminated.
    check(unsafe { libc::shm_open(c"/bench-memory".as_ptr(), flags, 0) })
}

fn memory_write() -> io::Result<usize> {
    let file = open_memory(libc::O_WRONLY)?;
    let mut block = Page([0; BLOCK]);
    let block = &mut block.0;
    for at in (0..MEMORY).step_by(BLOCK) {
        read(block)?;
        // SAFETY: the block has the length that is passed.
        size(unsafe { libc::pwrite(file, block.as_ptr().cast(), BLOCK, at as libc::off_t) })?;
    }
    Ok(MEMORY)
}

fn memory_read() -> io::Result<usize> {
    let file = open_memory(libc::O_RDONLY)?;
    let mut block = Page([0; BLOCK]);
    let block = &mut block.0;
    for at in (0..MEMORY).step_by(BLOCK) {
        // SAFETY: the block has the length that is passed.
        size(unsafe { libc::pread(file, block.as_mut_ptr().cast(), BLOCK, at as libc::off_t) })?;
        write(block)?;
    }
    Ok(MEMORY)
}

fn attach() -> io::Result<*mut u8> {
    // SAFETY: shmget takes numbers alone, and the kernel chooses where to attach.
    let place = unsafe { libc::shmat(check(libc::shmget(KEY, 0, 0))?, std::ptr::null(), 0) };
    if place as isize == -1 { Err(io::Error::last_os_error()) } else { Ok(place.cast()) }
}

fn segment_write() -> io::Result<usize> {
    let segment = attach()?;
    let mut block = Page([0; BLOCK]);
    let block = &mut block.0;
    for at in (0..MEMORY).step_by(BLOCK) {
        read(block)?;
        // SAFETY: the segment has MEMORY bytes, and the block is a part of that.
        unsafe { segment.add(at).copy_from_nonoverlapping(block.as_ptr(), BLOCK) };
    }
    Ok(MEMORY)
}

fn segment_read() -> io::Result<usize> {
    let segment = attach()?;
    let mut block = Page([0; BLOCK]);
    let block = &mut block.0;
    for at in (0..MEMORY).step_by(BLOCK) {
        // SAFETY: as above.
        unsafe { segment.add(at).copy_to_nonoverlapping(block.as_mut_ptr(), BLOCK) };
        write(block)?;
    }
    Ok(MEMORY)
}

fn read(block: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the block has the length that is passed.
    size(unsafe { libc::read(0, block.as_mut_ptr().cast::<c_void>(), block.len()) })
}

fn write(block: &[u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < block.len() {
        let rest = &block[done..];
        // SAFETY: as above.
        done += size(unsafe { libc::write(1, rest.as_ptr().cast(), rest.len()) })?;
    }
    Ok(done)
}

fn size(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
