//! System V message queues: `msgget(2)`, `msgctl(2)`, `msgop(2)`.

use std::io;

use super::{Permissions, check, id_argument, key_argument, zeroed};

/// From the kernel's <linux/msg.h>; the libc crate lacks it.
const MSG_STAT_ANY: libc::c_int = 13;

/// What the kernel keeps about a queue: `struct msqid_ds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The id.
    pub id: u32,
    /// Key, owner, creator, mode.
    pub perm: Permissions,
    /// Bytes of the messages in it.
    pub bytes: u64,
    /// Messages in it.
    pub messages: u64,
    /// Bytes it may hold; /proc/sysvipc does not say.
    pub max_bytes: Option<u64>,
    /// Who last sent; 0 for nobody.
    pub last_sender: i32,
    /// Who last received; 0 for nobody.
    pub last_receiver: i32,
    /// Last send, seconds since the epoch, 0 for never.
    pub send_time: i64,
    /// Last receive.
    pub receive_time: i64,
    /// Creation or last change of owner, mode or limit.
    pub change_time: i64,
}

/// `msgget(2)`: finds or makes a queue. `flags` are IPC_CREAT and the like with the mode.
///
/// # Errors
/// ENOENT, EEXIST, EACCES, ENOSPC (MSGMNI), ENOMEM.
///
/// [`msgget(2)`](https://man7.org/linux/man-pages/man2/msgget.2.html)
#[doc(alias = "msgget")]
pub fn get(key: u32, flags: libc::c_int) -> io::Result<u32> {
    // SAFETY: no pointer is passed.
    let id = check(unsafe { libc::msgget(key_argument(key), flags) })?;
    Ok(id.unsigned_abs())
}

fn control(id: u32, command: libc::c_int) -> io::Result<Queue> {
    // SAFETY: msqid_ds is a C structure of integers.
    let mut data: libc::msqid_ds = unsafe { zeroed() };
    // SAFETY: `data` is what these commands fill, and it outlives the call.
    let answer = check(unsafe { libc::msgctl(id_argument(id)?, command, &raw mut data) })?;
    Ok(Queue {
        id: if command == libc::IPC_STAT { id } else { answer.unsigned_abs() },
        perm: Permissions::from(&data.msg_perm),
        bytes: data.__msg_cbytes,
        messages: data.msg_qnum,
        max_bytes: Some(data.msg_qbytes),
        last_sender: data.msg_lspid,
        last_receiver: data.msg_lrpid,
        send_time: data.msg_stime,
        receive_time: data.msg_rtime,
        change_time: data.msg_ctime,
    })
}

/// `IPC_STAT`: the queue with this id.
///
/// # Errors
/// EINVAL and EIDRM when there is none, EACCES without read permission.
pub fn stat(id: u32) -> io::Result<Queue> {
    control(id, libc::IPC_STAT)
}

/// `MSG_STAT_ANY`: the queue in the slot of this id or index, whatever its mode. The answer has the full id.
///
/// # Errors
/// EINVAL when the slot is empty, and always before Linux 4.17.
pub fn stat_any(index: u32) -> io::Result<Queue> {
    control(index, MSG_STAT_ANY)
}

fn information(command: libc::c_int) -> io::Result<(libc::msginfo, u32)> {
    // SAFETY: msginfo is a C structure of integers.
    let mut info: libc::msginfo = unsafe { zeroed() };
    // SAFETY: these commands fill a `struct msginfo`.
    let highest = check(unsafe { libc::msgctl(0, command, (&raw mut info).cast()) })?;
    Ok((info, highest.unsigned_abs()))
}

/// What all queues of the namespace use.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Queues.
    pub queues: u64,
    /// Messages in all queues.
    pub messages: u64,
    /// Bytes in all queues.
    pub bytes: u64,
}

/// `MSG_INFO`: usage, and the highest index in use.
///
/// # Errors
/// None from the kernel; a security module may say EACCES.
pub fn usage() -> io::Result<(Usage, u32)> {
    let (info, highest) = information(libc::MSG_INFO)?;
    // MSG_INFO puts the counts where IPC_INFO has limits that mean nothing any more: msgctl(2).
    let usage = Usage {
        queues: info.msgpool.unsigned_abs().into(),
        messages: info.msgmap.unsigned_abs().into(),
        bytes: info.msgtql.unsigned_abs().into(),
    };
    Ok((usage, highest))
}

/// The limits of the namespace.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// MSGMNI: queues.
    pub max_queues: u64,
    /// MSGMAX: bytes of one message.
    pub max_message: u64,
    /// MSGMNB: bytes that a new queue may hold.
    pub max_bytes: u64,
}

/// `IPC_INFO`: the limits.
///
/// # Errors
/// None from the kernel; a security module may say EACCES.
pub fn limits() -> io::Result<Limits> {
    let (info, _) = information(libc::IPC_INFO)?;
    Ok(Limits {
        max_queues: info.msgmni.unsigned_abs().into(),
        max_message: info.msgmax.unsigned_abs().into(),
        max_bytes: info.msgmnb.unsigned_abs().into(),
    })
}

/// `IPC_RMID`: removes the queue with all its messages and wakes who waits on it.
///
/// # Errors
/// EINVAL and EIDRM when there is none, EPERM for others than owner, creator and root.
///
/// [`msgctl(2)`](https://man7.org/linux/man-pages/man2/msgctl.2.html)
#[doc(alias = "msgctl")]
pub fn remove(id: u32) -> io::Result<()> {
    // SAFETY: IPC_RMID takes no buffer.
    check(unsafe { libc::msgctl(id_argument(id)?, libc::IPC_RMID, std::ptr::null_mut()) }).map(drop)
}

/// `IPC_SET`: owner, group, mode and the bytes it may hold.
///
/// # Errors
/// EINVAL and EIDRM when there is none, EPERM for others than owner, creator and root, and for more than
/// MSGMNB bytes without CAP_SYS_RESOURCE.
///
/// [`msgctl(2)`](https://man7.org/linux/man-pages/man2/msgctl.2.html)
#[doc(alias = "msgctl")]
pub fn set(id: u32, uid: u32, gid: u32, mode: u32, max_bytes: u64) -> io::Result<()> {
    // SAFETY: msqid_ds is a C structure of integers.
    let mut data: libc::msqid_ds = unsafe { zeroed() };
    data.msg_perm.uid = uid;
    data.msg_perm.gid = gid;
    data.msg_perm.mode = (mode & 0o777) as _;
    data.msg_qbytes = max_bytes;
    // SAFETY: IPC_SET reads `data`, which outlives the call.
    check(unsafe { libc::msgctl(id_argument(id)?, libc::IPC_SET, &raw mut data) }).map(drop)
}

/// A message with its type before its bytes: `struct msgbuf`.
pub struct Buffer(Vec<libc::c_long>);

/// Bytes of the type.
const TYPE: usize = size_of::<libc::c_long>();

impl Buffer {
    /// A buffer with room for a message of `length` bytes.
    pub fn new(length: usize) -> Self {
        Self(vec![0; 1 + length.div_ceil(TYPE)])
    }

    /// Bytes that a message in it may have.
    pub fn room(&self) -> usize {
        (self.0.len() - 1) * TYPE
    }

    /// The first bytes of the message in it.
    pub fn bytes(&self, length: usize) -> &[u8] {
        let length = length.min(self.room());
        // SAFETY: integers are bytes, and the length is within what was allocated behind the type.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast::<u8>().add(TYPE), length) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let room = self.room();
        // SAFETY: as in `bytes`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast::<u8>().add(TYPE), room) }
    }
}

/// `msgsnd(2)` of a message that is copied into `buffer` first, which must have room for it.
///
/// # Errors
/// EAGAIN with IPC_NOWAIT when the queue is full, EINTR when it blocks and a signal comes, EIDRM and EINVAL when
/// the queue is gone, EACCES without write permission, EINVAL for a type below 1 and for more than MSGMAX bytes.
///
/// [`msgsnd(2)`](https://man7.org/linux/man-pages/man2/msgsnd.2.html)
#[doc(alias = "msgsnd")]
pub fn send(
    id: u32,
    buffer: &mut Buffer,
    kind: libc::c_long,
    message: &[u8],
    flags: libc::c_int,
) -> io::Result<()> {
    let Some(room) = buffer.bytes_mut().get_mut(..message.len()) else {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    };
    room.copy_from_slice(message);
    buffer.0[0] = kind;
    // SAFETY: the buffer holds the type and then at least as many bytes as the length says.
    check(unsafe { libc::msgsnd(id_argument(id)?, buffer.0.as_ptr().cast(), message.len(), flags) })
        .map(drop)
}

/// `msgrcv(2)`: the length of the message and its type. `selection` is the type, or the index with MSG_COPY.
///
/// # Errors
/// ENOMSG with IPC_NOWAIT when there is none, E2BIG when there is too little room (the message stays), EINTR when
/// it blocks and a signal comes, EIDRM and EINVAL when the queue is gone, EACCES without read permission. With
/// MSG_COPY also EINVAL for a message above MSGMAX, and ENOSYS where the kernel was built without it.
///
/// [`msgrcv(2)`](https://man7.org/linux/man-pages/man2/msgrcv.2.html)
#[doc(alias = "msgrcv")]
pub fn receive(
    id: u32,
    buffer: &mut Buffer,
    selection: libc::c_long,
    flags: libc::c_int,
) -> io::Result<(usize, libc::c_long)> {
    let room = buffer.room();
    receive_up_to(id, buffer, room, selection, flags)
}

/// As [`receive`], of a message that has at most `most` bytes: E2BIG for a longer one.
///
/// # Errors
/// As [`receive`].
pub fn receive_up_to(
    id: u32,
    buffer: &mut Buffer,
    most: usize,
    selection: libc::c_long,
    flags: libc::c_int,
) -> io::Result<(usize, libc::c_long)> {
    let (id, room) = (id_argument(id)?, buffer.room().min(most));
    // SAFETY: the kernel writes the type and at most `room` bytes, which the buffer has.
    let length =
        check(unsafe { libc::msgrcv(id, buffer.0.as_mut_ptr().cast(), room, selection, flags) })?;
    Ok((length.unsigned_abs(), buffer.0[0]))
}
