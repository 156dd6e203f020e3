//! Sockets as `/proc/net` has them, for kernels without `sock_diag`: no peers and no files, but what is there.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::model::Transport;
use crate::sys::diag::inet::InetSocket;
use crate::sys::diag::unix::{UnixSocket, state};

/// The Unix sockets.
///
/// # Errors
/// The table cannot be read.
pub(super) fn unix(proc: &Path) -> io::Result<Vec<UnixSocket>> {
    let text = std::fs::read(proc.join("net/unix"))?;
    Ok(text.split(|byte| *byte == b'\n').filter_map(unix_line).collect())
}

/// `0000000000000000: 00000002 00000000 00010000 0001 01 38193 /run/x`: flags, type, state, inode and name. A name that has a
/// line end in it goes on in a line that is none of these.
fn unix_line(line: &[u8]) -> Option<UnixSocket> {
    let mut words = line.splitn(7, |byte| *byte == b' ').skip(3);
    let hexadecimal = |word: &[u8]| u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok();
    let flags = hexadecimal(words.next()?)?;
    let socket_type = u8::try_from(hexadecimal(words.next()?)?).ok()?;
    let connecting = hexadecimal(words.next()?)?;
    // The inode is padded on its left.
    let mut rest = words.next()?.trim_ascii_start().splitn(2, |byte| *byte == b' ');
    let inode = std::str::from_utf8(rest.next()?).ok()?.parse().ok()?;
    let name = rest.next().unwrap_or_default();
    let name = match name.strip_prefix(b"@") {
        // NUL bytes of abstract names are shown as @, the first among them.
        Some(rest) => [b"\0", rest].concat(),
        None => name.to_vec(),
    };
    // SO_ACCEPTCON, and the states of `struct socket`: connecting 2, connected 3.
    let state = match (flags & 0x1_0000 != 0, connecting) {
        (true, _) => state::LISTEN,
        (false, 3) => state::ESTABLISHED,
        (false, 2) => state::SYN_SENT,
        _ => state::CLOSE,
    };
    Some(UnixSocket { inode, socket_type, state, name: name.into(), ..UnixSocket::default() })
}

/// The Internet sockets of one protocol and family.
///
/// # Errors
/// The table cannot be read.
pub(super) fn inet(proc: &Path, transport: Transport, six: bool) -> io::Result<Vec<InetSocket>> {
    let name = format!("net/{}{}", transport.name(), if six { "6" } else { "" });
    let text = std::fs::read_to_string(proc.join(name))?;
    Ok(text.lines().filter_map(inet_line).collect())
}

/// `0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 38193 …`.
fn inet_line(line: &str) -> Option<InetSocket> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let word = |at: usize| words.get(at).copied();
    let number = |text: &str| u32::from_str_radix(text, 16).ok();
    let (sent, received) = word(4)?.split_once(':')?;
    Some(InetSocket {
        inode: word(9)?.parse().ok()?,
        state: u8::from_str_radix(word(3)?, 16).ok()?,
        local: inet_place(word(1)?)?,
        remote: inet_place(word(2)?)?,
        interface: 0,
        uid: word(7)?.parse().ok()?,
        queues: (number(received)?, number(sent)?),
        memory: None,
        heard: None,
    })
}

/// An address as words of 32 bits, each in the byte order of the machine, and a port.
fn inet_place(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let mut words = Vec::new();
    for at in (0..address.len()).step_by(8) {
        words.extend(u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    let address = match words.len() {
        4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(words).ok()?)),
        _ => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words).ok()?)),
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

/// Gives any bytes to the parsers: for `fuzz/`.
#[cfg(any(fuzzing, test))]
pub(super) fn fuzz(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let _ = unix_line(line);
        let _ = inet_line(&String::from_utf8_lossy(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(bytes: Vec<u8>) {
            fuzz(&bytes);
        }
    }

    #[test]
    fn a_line_of_a_unix_socket_is_read() {
        let line = b"0000000000000000: 00000002 00000000 00010000 0001 01 38193 /run/a b";
        let socket = unix_line(line).unwrap();
        assert_eq!(
            (socket.inode, socket.state, &*socket.name),
            (38193, state::LISTEN, &b"/run/a b"[..])
        );
        let line = b"0000000000000000: 00000003 00000000 00000000 0001 03    42";
        let socket = unix_line(line).unwrap();
        assert_eq!((socket.inode, socket.state, &*socket.name), (42, state::ESTABLISHED, &b""[..]));
        let line = b"0000000000000000: 00000002 00000000 00000000 0002 01    42 @x";
        assert_eq!(&*unix_line(line).unwrap().name, b"\0x");
        assert_eq!(unix_line(b"Num       RefCount Protocol Flags    Type St Inode Path"), None);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_line_of_an_internet_socket_is_read() {
        let line = "   0: 0100007F:0016 00000000:0000 0A 00000003:00000002 00:00000000 00000000  1000        0 38193 1 0";
        let socket = inet_line(line).unwrap();
        assert_eq!(socket.local, (IpAddr::from([127, 0, 0, 1]), 22));
        assert_eq!((socket.inode, socket.uid, socket.queues), (38193, 1000, (2, 3)));
        let line = "0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 5";
        assert_eq!(inet_line(line).unwrap().local, ("::1".parse().unwrap(), 8080));
    }
}
