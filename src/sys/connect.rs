//! Whether a socket is bound to a socket file, asked so that nobody notices: `connect(2)` with a socket of another type.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

fn datagram() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?)
}

/// Returns true if a socket is bound to the very socket file that `handle` (`O_PATH`) stands for, in whatever namespaces its
/// holders are. A datagram socket is connected to it for a moment: that of a server which takes connections or packets is
/// refused by its type, that of one which takes datagrams makes no message.
///
/// For what is no socket the answer is false, too: its type has to be known. So it is for a socket file that another process
/// is making at this moment.
///
/// # Errors
/// EACCES: without write permission on the file nothing is told. ENOENT when /proc is not mounted.
///
/// [`connect(2)`](https://man7.org/linux/man-pages/man2/connect.2.html), [`unix(7)`](https://man7.org/linux/man-pages/man7/unix.7.html)
#[doc(alias = "connect")]
pub fn is_bound(handle: BorrowedFd<'_>, socket: &mut Option<OwnedFd>) -> io::Result<bool> {
    let address = SocketAddrUnix::new(format!("/proc/self/fd/{}", handle.as_raw_fd()))?;
    // A socket that was refused can be used again.
    let asking = match socket.take() {
        Some(socket) => socket,
        None => datagram()?,
    };
    let answer = match connect(&asking, &address) {
        Ok(()) => return Ok(true),
        // A datagram socket that is connected to another one takes nothing from us.
        Err(rustix::io::Errno::PROTOTYPE | rustix::io::Errno::PERM) => Ok(true),
        Err(rustix::io::Errno::CONNREFUSED) => Ok(false),
        Err(error) => Err(error.into()),
    };
    *socket = Some(asking);
    answer
}

/// A socket file that no socket is bound to.
pub struct Unbound(OwnedFd);

impl Unbound {
    /// A file that was found to be without a socket: a handle on it (`O_PATH`).
    pub fn new(handle: OwnedFd) -> Self {
        Self(handle)
    }

    /// Returns true if no socket is bound to it by now, wherever it has been moved.
    pub fn is_still(&self) -> bool {
        is_bound(self.0.as_fd(), &mut None).is_ok_and(|bound| !bound)
    }
}

/// The device that sockets are on, which stays the same while the machine runs; `None` when no socket could be made to find
/// out.
pub fn device() -> Option<u64> {
    static DEVICE: std::sync::OnceLock<Option<u64>> = std::sync::OnceLock::new();
    *DEVICE.get_or_init(|| Some(super::file::stat(&datagram().ok()?).ok()?.device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::file;
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{UnixDatagram, UnixListener};
    use std::path::Path;

    fn asked(path: &Path) -> bool {
        let name = CString::new(path.as_os_str().as_bytes()).unwrap();
        let handle = file::handle_at(nix::fcntl::AT_FDCWD, &name).unwrap();
        let mut socket = None;
        let first = is_bound(handle.as_fd(), &mut socket).unwrap();
        assert_eq!(is_bound(handle.as_fd(), &mut socket).unwrap(), first, "the second time");
        first
    }

    #[test]
    fn a_bound_socket_is_told_from_none_and_sees_nothing_of_it() {
        let directory = tempfile::tempdir().unwrap();
        let [stream, datagram] = ["stream", "datagram"].map(|name| directory.path().join(name));
        let server = UnixListener::bind(&stream).unwrap();
        server.set_nonblocking(true).unwrap();
        let receiver = UnixDatagram::bind(&datagram).unwrap();
        receiver.set_nonblocking(true).unwrap();
        assert!(asked(&stream) && asked(&datagram));
        assert_eq!(server.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(receiver.recv(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop((server, receiver));
        assert!(!asked(&stream) && !asked(&datagram));
    }
}
