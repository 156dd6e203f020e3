//! POSIX message queues: `mq_open(3)` and the rest, over nix, with descriptors that close themselves.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_getattr, mq_open, mq_unlink};
use nix::sys::stat::Mode;

use super::check;

/// How a queue was made and what is in it: `struct mq_attr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Messages it may hold.
    pub max_messages: u64,
    /// Bytes that one message may have.
    pub message_size: u64,
    /// Messages in it.
    pub messages: u64,
}

/// Opens an existing queue for reading or, failing permission, writing, without blocking later.
///
/// # Errors
/// ENOENT, EACCES.
///
/// [`mq_open(3)`](https://man7.org/linux/man-pages/man3/mq_open.3.html)
#[doc(alias = "mq_open")]
pub fn open(name: &CStr) -> io::Result<OwnedFd> {
    let open = |flag| {
        mq_open(name, flag | MQ_OFlag::O_NONBLOCK | MQ_OFlag::O_CLOEXEC, Mode::empty(), None)
    };
    match open(MQ_OFlag::O_RDONLY) {
        Err(nix::Error::EACCES) => Ok(owned(open(MQ_OFlag::O_WRONLY)?)),
        other => Ok(owned(other?)),
    }
}

/// What a queue is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenFor {
    /// To send.
    Send,
    /// To receive; and to send back what cannot be delivered, where that is allowed.
    Receive,
}

/// Opens an existing queue; calls on it block or say EAGAIN.
///
/// # Errors
/// ENOENT, EACCES.
///
/// [`mq_open(3)`](https://man7.org/linux/man-pages/man3/mq_open.3.html)
#[doc(alias = "mq_open")]
pub fn open_for(name: &CStr, access: OpenFor, blocks: bool) -> io::Result<OwnedFd> {
    let more = if blocks { MQ_OFlag::empty() } else { MQ_OFlag::O_NONBLOCK };
    let open = |flag| mq_open(name, flag | more | MQ_OFlag::O_CLOEXEC, Mode::empty(), None);
    Ok(owned(match access {
        OpenFor::Send => open(MQ_OFlag::O_WRONLY)?,
        OpenFor::Receive => match open(MQ_OFlag::O_RDWR) {
            Err(nix::Error::EACCES) => open(MQ_OFlag::O_RDONLY)?,
            other => other?,
        },
    }))
}

/// A time that is over: a call that would wait says ETIMEDOUT.
static OVER: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 0 };

/// As [`send`], without waiting where the queue is open so that it would.
///
/// # Errors
/// As [`send`]; ETIMEDOUT: it is full.
///
/// [`mq_timedsend(3)`](https://man7.org/linux/man-pages/man3/mq_send.3.html)
#[doc(alias = "mq_timedsend")]
pub fn send_now(queue: BorrowedFd<'_>, message: &[u8], priority: u32) -> io::Result<()> {
    let (message, length) = (message.as_ptr().cast(), message.len());
    // SAFETY: as many bytes as the length says, and they and the time outlive the call.
    check(unsafe {
        libc::mq_timedsend(queue.as_raw_fd(), message, length, priority, &raw const OVER)
    })
    .map(drop)
}

/// As [`receive`], without waiting where the queue is open so that it would.
///
/// # Errors
/// As [`receive`]; ETIMEDOUT: it is empty.
///
/// [`mq_timedreceive(3)`](https://man7.org/linux/man-pages/man3/mq_receive.3.html)
#[doc(alias = "mq_timedreceive")]
pub fn receive_now(queue: BorrowedFd<'_>, room: &mut [u8]) -> io::Result<(usize, u32)> {
    let mut priority: libc::c_uint = 0;
    let (at, length) = (room.as_mut_ptr().cast(), room.len());
    // SAFETY: the kernel writes at most as many bytes as the length says; the time outlives the call.
    let length = check(unsafe {
        let priority = &raw mut priority;
        libc::mq_timedreceive(queue.as_raw_fd(), at, length, priority, &raw const OVER)
    })?;
    Ok((length.unsigned_abs(), priority))
}

/// `mq_send(3)`.
///
/// # Errors
/// EAGAIN or EINTR: the queue is full. EMSGSIZE: the message is longer than its messages may be. EINVAL: the priority is
/// above 32767. EBADF: it is open for reading alone.
///
/// [`mq_send(3)`](https://man7.org/linux/man-pages/man3/mq_send.3.html)
#[doc(alias = "mq_send")]
pub fn send(queue: BorrowedFd<'_>, message: &[u8], priority: u32) -> io::Result<()> {
    // SAFETY: as many bytes as the length says, and they outlive the call.
    check(unsafe {
        libc::mq_send(queue.as_raw_fd(), message.as_ptr().cast(), message.len(), priority)
    })
    .map(drop)
}

/// `mq_receive(3)`: the length of the message and its priority. The room must have the queue's message size.
///
/// # Errors
/// EAGAIN or EINTR: the queue is empty. EMSGSIZE: there is too little room.
///
/// [`mq_receive(3)`](https://man7.org/linux/man-pages/man3/mq_receive.3.html)
#[doc(alias = "mq_receive")]
pub fn receive(queue: BorrowedFd<'_>, room: &mut [u8]) -> io::Result<(usize, u32)> {
    let mut priority: libc::c_uint = 0;
    // SAFETY: the kernel writes at most as many bytes as the length says.
    let length = check(unsafe {
        libc::mq_receive(queue.as_raw_fd(), room.as_mut_ptr().cast(), room.len(), &raw mut priority)
    })?;
    Ok((length.unsigned_abs(), priority))
}

/// Makes a queue that did not exist. The umask applies to `mode`.
///
/// # Errors
/// EEXIST, EACCES, EINVAL (msg_max, msgsize_max), ENOSPC (queues_max), EMFILE (RLIMIT_MSGQUEUE), ENAMETOOLONG.
///
/// [`mq_open(3)`](https://man7.org/linux/man-pages/man3/mq_open.3.html)
#[doc(alias = "mq_open")]
pub fn create(name: &CStr, mode: u32, (messages, size): (i64, i64)) -> io::Result<OwnedFd> {
    let flags = MQ_OFlag::O_RDONLY | MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_CLOEXEC;
    // Without attributes nix 0.31 passes no mode either, and the kernel gets whatever is in the register.
    let shape = MqAttr::new(0, messages, size, 0);
    Ok(owned(mq_open(name, flags, Mode::from_bits_truncate(mode), Some(&shape))?))
}

fn owned(queue: MqdT) -> OwnedFd {
    // SAFETY: nix hands over the descriptor, which nothing else closes.
    unsafe { OwnedFd::from_raw_fd(queue.into_raw_fd()) }
}

/// `mq_getattr(3)`.
///
/// # Errors
/// EBADF for a descriptor that is no queue.
///
/// [`mq_getattr(3)`](https://man7.org/linux/man-pages/man3/mq_getattr.3.html)
#[doc(alias = "mq_getattr")]
pub fn attributes(queue: BorrowedFd<'_>) -> io::Result<Attributes> {
    // SAFETY: the descriptor stays open for the call, and into_raw_fd below keeps MqdT from closing it.
    let borrowed = unsafe { MqdT::from_raw_fd(queue.as_raw_fd()) };
    let result = mq_getattr(&borrowed);
    let _ = borrowed.into_raw_fd();
    let attributes = result?;
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Attributes {
        max_messages: number(attributes.maxmsg()),
        message_size: number(attributes.msgsize()),
        messages: number(attributes.curmsgs()),
    })
}

/// `mq_unlink(3)`.
///
/// # Errors
/// ENOENT, EACCES for others than the owner.
///
/// [`mq_unlink(3)`](https://man7.org/linux/man-pages/man3/mq_unlink.3.html)
#[doc(alias = "mq_unlink")]
pub fn remove(name: &CStr) -> io::Result<()> {
    Ok(mq_unlink(name)?)
}
