//! Internet sockets, as `sock_diag(7)` tells of them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Diag, attributes, u32_at};

/// States of Internet sockets.
pub mod state {
    /// Connected.
    pub const ESTABLISHED: u8 = 1;
    /// `connect(2)` waits.
    pub const SYN_SENT: u8 = 2;
    /// A connection that is being made.
    pub const SYN_RECV: u8 = 3;
    /// Closed on this side, which the peer has not seen.
    pub const FIN_WAIT1: u8 = 4;
    /// Closed on this side, which the peer has seen.
    pub const FIN_WAIT2: u8 = 5;
    /// Over, and remembered for a while.
    pub const TIME_WAIT: u8 = 6;
    /// Neither connected nor listening.
    pub const CLOSE: u8 = 7;
    /// Closed by the peer, and not on this side.
    pub const CLOSE_WAIT: u8 = 8;
    /// Closed by both, which the peer has not seen.
    pub const LAST_ACK: u8 = 9;
    /// Listening.
    pub const LISTEN: u8 = 10;
    /// Closed by both at the same time.
    pub const CLOSING: u8 = 11;
    /// A connection that is being made, since Linux 4.4.
    pub const NEW_SYN_RECV: u8 = 12;
}

/// One Internet socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InetSocket {
    /// Its inode on the file system of sockets; 0 for one that nobody has accepted yet, or that belongs to no process any more.
    pub inode: u32,
    /// One of [`state`].
    pub state: u8,
    /// Where it is bound.
    pub local: (IpAddr, u16),
    /// Where its peer is bound; zeros without one.
    pub remote: (IpAddr, u16),
    /// The network interface that it is bound to, 0 for none.
    pub interface: u32,
    /// The user who made it.
    pub uid: u32,
    /// Bytes to be read, and bytes sent that the peer has not acknowledged; of a listener the connections that wait and how
    /// many may.
    pub queues: (u32, u32),
    /// What the receive queue takes of memory, how much it may take, and how many datagrams were dropped.
    pub memory: Option<(u32, u32, u32)>,
    /// Milliseconds since the peer sent anything, for a socket of TCP.
    pub heard: Option<u32>,
}

/// The sockets of a family and a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// `IPPROTO_TCP` or `IPPROTO_UDP`.
    pub protocol: u8,
    /// IPv6 rather than IPv4.
    pub six: bool,
    /// The states that they may have: bit N for state N.
    pub states: u32,
    /// With the memory of their queues.
    pub memory: bool,
    /// With what TCP knows of the connection.
    pub info: bool,
}

const ATTRIBUTE_INFO: u16 = 2;
const ATTRIBUTE_SKMEMINFO: u16 = 7;

/// Hands over every Internet socket that is wanted of the network namespace.
///
/// # Errors
/// ENOENT: the kernel has no `sock_diag` for the protocol.
pub fn each(diag: &mut Diag, wanted: Wanted, each: &mut dyn FnMut(InetSocket)) -> io::Result<()> {
    let family = if wanted.six { libc::AF_INET6 } else { libc::AF_INET };
    let flag = |attribute: u16, on: bool| if on { 1u8 << (attribute - 1) } else { 0 };
    let extensions = flag(ATTRIBUTE_SKMEMINFO, wanted.memory) | flag(ATTRIBUTE_INFO, wanted.info);
    let mut request = vec![family as u8, wanted.protocol, extensions, 0];
    request.extend(wanted.states.to_ne_bytes());
    // Any ports, addresses, interface and cookie.
    request.resize(request.len() + 48, 0);
    diag.dump(&request, &mut |content| {
        if let Some(socket) = parse(content) {
            each(socket);
        }
    })
}

/// Reads a `struct inet_diag_msg` and its attributes.
pub(super) fn parse(content: &[u8]) -> Option<InetSocket> {
    let &[family, state, _, _, ..] = content else { return None };
    let six = i32::from(family) == libc::AF_INET6;
    let port = |at: usize| Some(u16::from_be_bytes(content.get(at..at + 2)?.try_into().ok()?));
    let address = |at: usize| {
        Some(match six {
            true => {
                let bytes: [u8; 16] = content.get(at..at + 16)?.try_into().ok()?;
                IpAddr::V6(Ipv6Addr::from(bytes))
            }
            false => {
                let bytes: [u8; 4] = content.get(at..at + 4)?.try_into().ok()?;
                IpAddr::V4(Ipv4Addr::from(bytes))
            }
        })
    };
    let mut socket = InetSocket {
        inode: u32_at(content, 68)?,
        state,
        local: (address(8)?, port(4)?),
        remote: (address(24)?, port(6)?),
        interface: u32_at(content, 40)?,
        uid: u32_at(content, 64)?,
        queues: (u32_at(content, 56)?, u32_at(content, 60)?),
        memory: None,
        heard: None,
    };
    attributes(content.get(72..)?, &mut |number, content| match number {
        // Of `struct tcp_info`, tcpi_last_ack_recv.
        ATTRIBUTE_INFO => socket.heard = u32_at(content, 56),
        ATTRIBUTE_SKMEMINFO => {
            let numbers = (u32_at(content, 0), u32_at(content, 4), u32_at(content, 32));
            if let (Some(taken), Some(room), Some(drops)) = numbers {
                socket.memory = Some((taken, room, drops));
            }
        }
        _ => {}
    });
    Some(socket)
}
