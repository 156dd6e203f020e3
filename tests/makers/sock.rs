//! Sockets: Unix sockets by file and by abstract name, and what becomes of their files.
//!
//! `unix(7)`.

#![allow(unsafe_code)]

use std::fs;
use std::io::{self, Read};
use std::mem;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::{checked, now};

/// The inode of a socket.
pub fn inode(socket: &impl AsRawFd) -> u64 {
    let link = fs::read_link(format!("/proc/thread-self/fd/{}", socket.as_raw_fd())).unwrap();
    let text = link.to_str().unwrap();
    text.strip_prefix("socket:[").and_then(|text| text.strip_suffix(']')).unwrap().parse().unwrap()
}

/// The inode of the socket that a process has bound to this path, as its kernel tells: `/proc/PID/net/unix`.
pub fn inode_of(pid: i64, path: &str) -> u64 {
    let table = fs::read_to_string(format!("/proc/{pid}/net/unix")).unwrap();
    let links = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let links: Vec<_> = links.filter_map(|fd| fs::read_link(fd.unwrap().path()).ok()).collect();
    let of = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let inode = words.get(6).filter(|_| words.get(7) == Some(&path))?;
        links.contains(&format!("socket:[{inode}]").into()).then(|| inode.parse().ok())?
    };
    table.lines().find_map(of).unwrap()
}

/// The address of a socket by its inode.
pub fn address(socket: &impl AsRawFd) -> String {
    format!("sock:{}", inode(socket))
}

/// A listener with exactly this backlog.
pub fn listener(path: impl AsRef<Path>, backlog: libc::c_int) -> UnixListener {
    let listener = UnixListener::bind(path).unwrap();
    // SAFETY: a descriptor and a number.
    checked("listen", unsafe { libc::listen(listener.as_raw_fd(), backlog) });
    listener
}

/// A listener of type SOCK_SEQPACKET.
pub fn packet_listener(path: impl AsRef<Path>) -> UnixListener {
    let socket = socket(libc::AF_UNIX, libc::SOCK_SEQPACKET);
    // SAFETY: all zeros is a value of the structure.
    let mut place: libc::sockaddr_un = unsafe { mem::zeroed() };
    place.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let name = path.as_ref().as_os_str().as_encoded_bytes();
    for (to, from) in place.sun_path.iter_mut().zip(name) {
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    let length = u32::try_from(size_of_val(&place)).unwrap();
    // SAFETY: an address and its length.
    checked("bind", unsafe { libc::bind(socket.as_raw_fd(), (&raw const place).cast(), length) });
    // SAFETY: a descriptor and a number.
    checked("listen", unsafe { libc::listen(socket.as_raw_fd(), 5) });
    UnixListener::from(socket)
}

/// A listener with an abstract name of these bytes.
pub fn abstract_listener(name: &[u8]) -> UnixListener {
    UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap()
}

/// A datagram socket with an abstract name of these bytes.
pub fn abstract_datagram(name: &[u8]) -> UnixDatagram {
    UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap()
}

/// A connection to an abstract name.
pub fn abstract_connection(name: &[u8]) -> UnixStream {
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap()
}

/// A socket of this type without a name.
pub fn socket(family: libc::c_int, kind: libc::c_int) -> OwnedFd {
    // SAFETY: no pointer is passed.
    let made = checked("socket", unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) });
    // SAFETY: the descriptor has just been made.
    unsafe { OwnedFd::from_raw_fd(made) }
}

/// Two listeners of TCP at one place: `SO_REUSEPORT`.
pub fn sharing() -> (TcpListener, TcpListener) {
    let bound = |port: u16| {
        let socket = socket(libc::AF_INET, libc::SOCK_STREAM);
        let on: libc::c_int = 1;
        let length = u32::try_from(size_of_val(&on)).unwrap();
        let (level, name) = (libc::SOL_SOCKET, libc::SO_REUSEPORT);
        // SAFETY: an int and its length.
        checked("setsockopt", unsafe {
            libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const on).cast(), length)
        });
        // SAFETY: all zeros is a value of the structure.
        let mut place: libc::sockaddr_in = unsafe { mem::zeroed() };
        place.sin_family = libc::AF_INET as libc::sa_family_t;
        (place.sin_port, place.sin_addr.s_addr) =
            (port.to_be(), u32::from_ne_bytes([127, 0, 0, 1]));
        let length = u32::try_from(size_of_val(&place)).unwrap();
        // SAFETY: an address and its length.
        checked("bind", unsafe {
            libc::bind(socket.as_raw_fd(), (&raw const place).cast(), length)
        });
        // SAFETY: a descriptor and a number.
        checked("listen", unsafe { libc::listen(socket.as_raw_fd(), 1) });
        TcpListener::from(socket)
    };
    let first = bound(0);
    let port = first.local_addr().unwrap().port();
    (first, bound(port))
}

/// Sets how much memory what is queued at a socket may take, of which the kernel takes twice as much.
pub fn set_room(socket: &impl AsRawFd, bytes: libc::c_int) {
    let length = u32::try_from(size_of_val(&bytes)).unwrap();
    let value = (&raw const bytes).cast();
    // SAFETY: an int and its length.
    checked("setsockopt", unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, value, length)
    });
}

/// Enters a mount namespace of its own.
pub fn leave_mounts() {
    // SAFETY: no pointer is passed.
    checked("unshare", unsafe { libc::unshare(libc::CLONE_NEWNS) });
}

/// Mounts an empty file system over a directory.
pub fn cover(directory: &str) {
    let target = super::c_string(directory);
    let kind = c"tmpfs".as_ptr();
    // SAFETY: strings that end in NUL.
    checked("mount", unsafe { libc::mount(kind, target.as_ptr(), kind, 0, std::ptr::null()) });
}

/// Enters a network namespace of its own.
pub fn leave_network() {
    // SAFETY: no pointer is passed.
    checked("unshare", unsafe { libc::unshare(libc::CLONE_NEWNET) });
}

/// A socket file of this mode with a listener that lives as long as this process.
pub fn lasting(path: &str, mode: u32) {
    mem::forget(UnixListener::bind(path).unwrap());
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A place of TCP that nobody else takes: an address of this machine by chance, for tests run in several processes, and a port
/// below those that the kernel gives to who asks for any.
pub fn free_place() -> String {
    let mut chance = [0; 5];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut chance).unwrap();
    let [a, b, c, high, low] = chance;
    let port = 10_000 + u16::from_ne_bytes([high, low]) % 20_000;
    format!("127.{}.{b}.{}:{port}", a % 200 + 1, c % 250 + 1)
}

/// A listener of TCP that lives as long as this process.
pub fn lasting_listener(place: &str) {
    mem::forget(TcpListener::bind(place).unwrap());
}

/// Checks that somebody listens at a place of TCP.
///
/// # Errors
/// ENOENT: nobody does.
pub fn is_taken(place: &str) -> io::Result<()> {
    match TcpListener::bind(place) {
        Ok(_) => Err(io::Error::from_raw_os_error(libc::ENOENT)),
        Err(error) if error.raw_os_error() == Some(libc::EADDRINUSE) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A socket file to which no socket is bound.
pub fn stale(path: impl AsRef<Path>) {
    drop(UnixListener::bind(path).unwrap());
}

/// Waits until a file is so old that it can be told whether a socket is bound to it.
pub fn aged(path: impl AsRef<Path>) {
    while now() - fs::symlink_metadata(&path).unwrap().ctime() <= 2 {
        thread::sleep(Duration::from_millis(50));
    }
}

/// Returns true if nobody has tried to connect.
pub fn saw_nothing(listener: &UnixListener) -> bool {
    listener.set_nonblocking(true).unwrap();
    listener.accept().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Returns true if there is a socket file.
pub fn exists(path: impl AsRef<Path>) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}
