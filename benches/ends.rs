//! Pipes and sockets by the ten thousand, and the least that it takes to tell them: `sock_diag(7)`, and for pipes a walk over
//! the descriptors of all processes with a copy of one end of each.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{self, Write};
use std::mem::zeroed;
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;

use crate::Result;
use crate::processes;

const PIPES: usize = 4;
const PAIRS: usize = 2;
const CONNECTIONS: usize = 5_000;

/// Starts so many processes with four pipes and two pairs of Unix sockets each; the first has 5,000 connections to itself.
pub fn start(count: usize) -> Result<()> {
    raise_loopback()?;
    processes::start_each(count, furnish)
}

fn furnish(number: usize) -> io::Result<()> {
    let mut ends = [0; 2];
    for _ in 0..PIPES {
        // SAFETY: room for two descriptors.
        check(unsafe { libc::pipe(ends.as_mut_ptr()) })?;
    }
    for _ in 0..PAIRS {
        // SAFETY: room for two descriptors.
        check(unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, ends.as_mut_ptr()) })?;
    }
    if number == 0 {
        let room = libc::rlimit { rlim_cur: 20_000, rlim_max: 20_000 };
        // SAFETY: the structure outlives the call.
        check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const room) })?;
        let server = TcpListener::bind("127.0.0.1:0")?;
        for _ in 0..CONNECTIONS {
            std::mem::forget(TcpStream::connect(server.local_addr()?)?);
            std::mem::forget(server.accept()?);
        }
        std::mem::forget(server);
    }
    Ok(())
}

/// In a network namespace of its own the loopback device is down.
fn raise_loopback() -> io::Result<()> {
    // SAFETY: all zeros is a value of the structure, which outlives the calls; a descriptor of our own.
    unsafe {
        let socket = check(libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0))?;
        let mut device: libc::ifreq = zeroed();
        for (to, from) in device.ifr_name.iter_mut().zip(*b"lo") {
            *to = from as libc::c_char;
        }
        device.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
        check(libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw mut device))?;
        check(libc::close(socket)).map(drop)
    }
}

/// Dumps the Unix, TCP and UDP sockets of the network namespace, and prints a line for each.
pub fn sockets() -> io::Result<usize> {
    // NAME, VFS, PEER, ICONS, RQLEN and UID of `struct unix_diag_req`.
    const SHOW: u32 = 0x5f;
    let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let mut seen = 0;
    let mut unix = vec![libc::AF_UNIX as u8, 0, 0, 0];
    unix.extend(u32::MAX.to_ne_bytes());
    unix.extend(0_u32.to_ne_bytes());
    unix.extend(SHOW.to_ne_bytes());
    unix.resize(24, 0);
    let mut line = |content: &[u8], inode: usize| {
        let number = u32_at(content, inode);
        seen += 1;
        writeln!(out, "sock:{number} {} {}", content[1], content[2])
    };
    dump(&unix, |content| line(content, 4))?;
    for protocol in [libc::IPPROTO_TCP, libc::IPPROTO_UDP] {
        for family in [libc::AF_INET, libc::AF_INET6] {
            let mut inet = vec![family as u8, protocol as u8, 0, 0];
            inet.extend(u32::MAX.to_ne_bytes());
            inet.resize(56, 0);
            dump(&inet, |content| line(content, 68))?;
        }
    }
    out.flush()?;
    Ok(seen)
}

fn dump(request: &[u8], mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    const BY_FAMILY: u16 = 20;
    const DONE: u16 = 3;
    const ERROR: u16 = 2;
    let mut message = Vec::new();
    message.extend((16 + request.len() as u32).to_ne_bytes());
    message.extend(BY_FAMILY.to_ne_bytes());
    message.extend(0x301_u16.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(request);
    let mut room = vec![0_u8; 64 * 1024];
    // SAFETY: buffers as long as said, and a descriptor of our own.
    unsafe {
        let socket =
            check(libc::socket(libc::AF_NETLINK, libc::SOCK_DGRAM, libc::NETLINK_SOCK_DIAG))?;
        check(libc::send(socket, message.as_ptr().cast(), message.len(), 0) as libc::c_int)?;
        loop {
            let got = libc::recv(socket, room.as_mut_ptr().cast(), room.len(), 0);
            let mut rest = &room[..usize::try_from(got).map_err(|_| io::Error::last_os_error())?];
            while rest.len() >= 16 {
                let length = u32_at(rest, 0) as usize;
                match u16::from_ne_bytes([rest[4], rest[5]]) {
                    // Without IPv6 there is nothing to dump.
                    DONE | ERROR => return check(libc::close(socket)).map(drop),
                    _ => each(&rest[16..length])?,
                }
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            }
        }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Looks at every descriptor of every process, and asks one end of each pipe for its bytes.
pub fn pipes() -> io::Result<usize> {
    processes::on_two_threads(look)
}

static ASKED: Mutex<Option<HashSet<u64>>> = Mutex::new(None);

fn look(proc: libc::c_int, pid: i32) -> usize {
    let asked = RefCell::new(0);
    let path = format!("{pid}/fd\0");
    // SAFETY: the path ends in NUL, the structures are as the kernel has them, and the descriptors are ours.
    unsafe {
        let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
        let table = libc::openat(proc, path.as_ptr().cast(), flags);
        let mut handle = -1;
        processes::entries(table, |name| {
            let mut facts: libc::stat = zeroed();
            if libc::fstatat(table, name.as_ptr(), &raw mut facts, 0) != 0
                || facts.st_mode & libc::S_IFMT != libc::S_IFIFO
            {
                return;
            }
            let is_new = ASKED
                .lock()
                .map(|mut asked| asked.get_or_insert_default().insert(facts.st_ino))
                .unwrap_or(false);
            let number = name.to_str().ok().and_then(|name| name.parse::<i32>().ok());
            let Some(number) = number.filter(|_| is_new) else { return };
            if handle == -1 {
                handle = libc::syscall(libc::SYS_pidfd_open, pid, 0) as libc::c_int;
            }
            let copy = libc::syscall(libc::SYS_pidfd_getfd, handle, number, 0) as libc::c_int;
            let mut bytes: libc::c_int = 0;
            if libc::ioctl(copy, libc::FIONREAD, &raw mut bytes) == 0 {
                *asked.borrow_mut() += 1;
            }
            libc::close(copy);
        });
        libc::close(handle);
        libc::close(table);
    }
    asked.into_inner()
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
