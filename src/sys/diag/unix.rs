//! Unix sockets, as `sock_diag(7)` tells of them.

use std::io;

use super::{Diag, attributes, u32_at};

/// States of Unix sockets, which are called after those of TCP.
pub mod state {
    /// Connected.
    pub const ESTABLISHED: u8 = 1;
    /// `connect(2)` waits.
    pub const SYN_SENT: u8 = 2;
    /// Neither connected nor listening.
    pub const CLOSE: u8 = 7;
    /// Listening.
    pub const LISTEN: u8 = 10;
}

/// One Unix socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnixSocket {
    /// Its inode on the file system of sockets.
    pub inode: u32,
    /// `SOCK_STREAM`, `SOCK_DGRAM`, `SOCK_SEQPACKET`.
    pub socket_type: u8,
    /// One of [`state`].
    pub state: u8,
    /// 1: nothing more is received; 2: nothing more is sent.
    pub shutdown: u8,
    /// The inode of its peer; 0 for one that nobody has accepted yet or that is gone, `None` without a peer.
    pub peer: Option<u32>,
    /// The user who made it: Linux 5.3.
    pub uid: Option<u32>,
    /// Its name, as it was given to `bind(2)`; begins with NUL when it is abstract, and is empty when there is none.
    pub name: Box<[u8]>,
    /// The file that it is bound to: major and minor number of the device, and the lower half of the inode number.
    pub file: Option<(u32, u32, u32)>,
    /// Bytes to be read and memory of what was sent; of a listener the connections that wait and how many may.
    pub queues: Option<(u32, u32)>,
    /// The inodes of sockets whose connections wait to be accepted.
    pub pending: Box<[u32]>,
}

const SHOW_NAME: u32 = 0x01;
const SHOW_VFS: u32 = 0x02;
const SHOW_PEER: u32 = 0x04;
const SHOW_ICONS: u32 = 0x08;
const SHOW_RQLEN: u32 = 0x10;
const SHOW_UID: u32 = 0x40;

fn request(inode: u32) -> Vec<u8> {
    let show = SHOW_NAME | SHOW_VFS | SHOW_PEER | SHOW_ICONS | SHOW_RQLEN | SHOW_UID;
    let mut request = vec![libc::AF_UNIX as u8, 0, 0, 0];
    for number in [u32::MAX, inode, show, u32::MAX, u32::MAX] {
        request.extend(number.to_ne_bytes());
    }
    request
}

/// Hands over every Unix socket of the network namespace.
///
/// # Errors
/// ENOENT: the kernel has no `sock_diag` for Unix sockets.
pub fn each(diag: &mut Diag, each: &mut dyn FnMut(UnixSocket)) -> io::Result<()> {
    diag.dump(&request(0), &mut |content| {
        if let Some(socket) = parse(content) {
            each(socket);
        }
    })
}

/// The Unix socket with this inode.
///
/// # Errors
/// ENOENT: there is none in this network namespace, or the kernel has no `sock_diag` for Unix sockets.
pub fn one(diag: &mut Diag, inode: u32) -> io::Result<UnixSocket> {
    let mut found = None;
    diag.one(&request(inode), &mut |content| found = parse(content))?;
    found.ok_or_else(|| io::Error::from_raw_os_error(libc::ENOENT))
}

/// Reads a `struct unix_diag_msg` and its attributes.
pub(super) fn parse(content: &[u8]) -> Option<UnixSocket> {
    let &[_, socket_type, state, _, ..] = content else { return None };
    let inode = u32_at(content, 4)?;
    let mut socket = UnixSocket { inode, socket_type, state, ..UnixSocket::default() };
    attributes(content.get(16..)?, &mut |number, content| match number {
        0 => socket.name = content.into(),
        1 => {
            if let (Some(inode), Some(device)) = (u32_at(content, 0), u32_at(content, 4)) {
                // The kernel's own coding: twenty bits of minor number.
                socket.file = Some((device >> 20, device & 0xf_ffff, inode));
            }
        }
        2 => socket.peer = u32_at(content, 0),
        3 => {
            let inodes = content.chunks_exact(4).filter_map(|inode| u32_at(inode, 0));
            socket.pending = inodes.collect();
        }
        4 => socket.queues = u32_at(content, 0).zip(u32_at(content, 4)),
        6 => socket.shutdown = content.first().copied().unwrap_or_default(),
        7 => socket.uid = u32_at(content, 0),
        _ => {}
    });
    Some(socket)
}
