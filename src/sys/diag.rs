//! What the kernel tells of all sockets of the network namespace: `sock_diag(7)` over `netlink(7)`. It is asked in one
//! socket, and answers anybody with every row, whoever the sockets belong to.

pub mod inet;
pub mod unix;

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};

/// The kernel never gives more than 32 KiB at once.
const ROOM: usize = 64 * 1024;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
/// Bytes of a `struct nlmsghdr`.
const HEADER: usize = 16;

/// A socket to ask with.
pub struct Diag {
    socket: OwnedFd,
    room: Vec<u8>,
}

impl Diag {
    /// Opens one.
    ///
    /// # Errors
    /// EPROTONOSUPPORT: the kernel has no `sock_diag`. EACCES where a security module forbids it.
    pub fn open() -> io::Result<Self> {
        let protocol = Some(netlink::SOCK_DIAG);
        let (kind, flags) = (SocketType::DGRAM, SocketFlags::CLOEXEC);
        let socket = rustix::net::socket_with(AddressFamily::NETLINK, kind, flags, protocol)?;
        Ok(Self { socket, room: vec![0; ROOM] })
    }

    /// Asks for all sockets that a request describes, and hands over each answer without its header.
    ///
    /// # Errors
    /// ENOENT: the kernel has no `sock_diag` for this family.
    fn dump(&mut self, request: &[u8], each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.ask(request, NLM_F_DUMP)?;
        while !messages(self.receive()?, each)? {}
        Ok(())
    }

    /// Asks for one socket.
    ///
    /// # Errors
    /// ENOENT: there is none, or the kernel has no `sock_diag` for this family.
    fn one(&mut self, request: &[u8], each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.ask(request, 0)?;
        messages(self.receive()?, each).map(drop)
    }

    fn ask(&self, request: &[u8], flags: u16) -> io::Result<()> {
        let length = u32::try_from(HEADER + request.len()).unwrap_or_default();
        let mut message = Vec::with_capacity(HEADER + request.len());
        message.extend(length.to_ne_bytes());
        message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        message.extend((NLM_F_REQUEST | flags).to_ne_bytes());
        // Sequence and port: there is one question at a time.
        message.extend([0; 8]);
        message.extend(request);
        rustix::net::send(&self.socket, &message, SendFlags::empty())?;
        Ok(())
    }

    fn receive(&mut self) -> io::Result<&[u8]> {
        loop {
            match rustix::net::recv(&self.socket, &mut self.room[..], RecvFlags::TRUNC) {
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok((read, whole)) if whole > read => return Err(io::ErrorKind::InvalidData.into()),
                Ok((read, _)) => return Ok(self.room.get(..read).unwrap_or_default()),
            }
        }
    }
}

/// Hands over what is in the messages of one answer. Returns true if it was the last.
///
/// # Errors
/// The error that the kernel answers with.
fn messages(mut bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
    while let Some(length) = u32_at(bytes, 0) {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(content) = bytes.get(HEADER..length) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        match u16_at(bytes, 4) {
            Some(NLMSG_DONE) => return code(content).map(|()| true),
            Some(NLMSG_ERROR) => return code(content).map(|()| true),
            Some(SOCK_DIAG_BY_FAMILY) => each(content),
            _ => {}
        }
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

/// The error behind the number that an error or an end begins with.
fn code(content: &[u8]) -> io::Result<()> {
    match u32_at(content, 0).map_or(0, u32::cast_signed) {
        number @ ..0 => Err(io::Error::from_raw_os_error(number.saturating_neg())),
        _ => Ok(()),
    }
}

/// Hands over the attributes of an answer: their types and contents. One that is cut short ends them.
fn attributes(mut bytes: &[u8], each: &mut dyn FnMut(u16, &[u8])) {
    while let (Some(length), Some(number)) = (u16_at(bytes, 0), u16_at(bytes, 2)) {
        let Some(content) = bytes.get(4..usize::from(length)) else { return };
        each(number, content);
        bytes = bytes.get(usize::from(length).next_multiple_of(4)..).unwrap_or_default();
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Gives any bytes to every parser: for `fuzz/`.
#[cfg(any(fuzzing, test))]
pub fn fuzz(bytes: &[u8]) {
    let _ = messages(bytes, &mut |content| {
        let _ = unix::parse(content);
        let _ = inet::parse(content);
    });
    let _ = (unix::parse(bytes), inet::parse(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(bytes: Vec<u8>) {
            fuzz(&bytes);
        }

        #[test]
        fn any_bytes_in_a_message_are_read_to_their_end(bytes: Vec<u8>) {
            let mut message = u32::try_from(HEADER + bytes.len()).unwrap().to_ne_bytes().to_vec();
            message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
            message.extend([0; 10]);
            message.extend(&bytes);
            fuzz(&message);
        }
    }

    #[test]
    fn an_error_of_the_kernel_is_told() {
        let mut message = 20u32.to_ne_bytes().to_vec();
        message.extend(NLMSG_ERROR.to_ne_bytes());
        message.extend([0; 10]);
        message.extend((-libc::ENOENT).to_ne_bytes());
        let error = messages(&message, &mut |_| {}).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
    }
}
