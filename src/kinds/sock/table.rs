//! All Unix sockets of the network namespace, as one answer of the kernel's: which of them are bound where, and which belong
//! to each other.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io;
use std::path::Path;

use super::procnet;
use crate::sys::diag::Diag;
use crate::sys::diag::unix::{self, UnixSocket, state};
use crate::sys::file::Stat;

/// The sockets, in the order of their inodes.
#[derive(Default)]
pub(super) struct UnixTable {
    sockets: Vec<UnixSocket>,
    /// The socket that is bound to a file or has an abstract name, among those that tell it. Accepted ones tell it, too.
    bound: HashMap<Name, Bound>,
    pairs: OnceCell<Pairs>,
    /// The kernel does not tell all of them.
    pub(super) is_poor: bool,
}

/// A name that several sockets can tell.
#[derive(PartialEq, Eq, Hash)]
enum Name {
    /// Of a file: major and minor number of its device, and the lower half of its inode number.
    File(u32, u32, u32),
    /// Of an abstract name, with its NUL, and the type of the socket: each type has names of its own.
    Abstract(Box<[u8]>, u8),
}

#[derive(Clone, Copy)]
struct Bound {
    at: usize,
    rank: u8,
}

/// Who belongs to whom, beside what a socket itself tells of its peer.
#[derive(Default)]
struct Pairs {
    /// The listener at which the connection of a socket waits to be accepted.
    waits_at: HashMap<u32, u32>,
    /// The sockets that are connected to a listener, or to a datagram socket that has another peer or none.
    clients: HashMap<u32, u64>,
}

impl UnixTable {
    /// Asks for all of them; from `/proc/net/unix` where the kernel has nothing better.
    ///
    /// # Errors
    /// Neither can be read.
    pub(super) fn read(proc: &Path) -> io::Result<Self> {
        let mut sockets = Vec::new();
        let asked = Diag::open()
            .and_then(|mut diag| unix::each(&mut diag, &mut |socket| sockets.push(socket)));
        match asked {
            Ok(()) => Ok(Self::new(sockets)),
            Err(_) => {
                let sockets = procnet::unix(proc)?;
                Ok(Self { is_poor: true, ..Self::new(sockets) })
            }
        }
    }

    /// One of them alone.
    ///
    /// # Errors
    /// ENOENT: there is none with this inode.
    pub(super) fn one(inode: u32) -> io::Result<Self> {
        Ok(Self::new(vec![unix::one(&mut Diag::open()?, inode)?]))
    }

    fn new(mut sockets: Vec<UnixSocket>) -> Self {
        sockets.sort_unstable_by_key(|socket| socket.inode);
        let mut bound: HashMap<Name, Bound> = HashMap::new();
        for (at, socket) in sockets.iter().enumerate() {
            let Some(name) = name(socket) else { continue };
            let one = Bound { at, rank: rank(socket) };
            let known = bound.entry(name).or_insert(one);
            if known.rank < one.rank {
                *known = one;
            }
        }
        Self { sockets, bound, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&UnixSocket> {
        self.sockets.get(at)
    }

    /// The place of the socket with this inode.
    pub(super) fn place(&self, inode: u32) -> Option<usize> {
        self.sockets.binary_search_by_key(&inode, |socket| socket.inode).ok()
    }

    /// The socket that is bound to this file, and whether that is certain: where its listener is gone, what is left are the
    /// connections that it has accepted.
    pub(super) fn bound_to(&self, stat: &Stat) -> Option<(usize, bool)> {
        let (major, minor) = (libc::major(stat.device), libc::minor(stat.device));
        // The kernel tells the lower half of the inode number.
        let name = Name::File(major, minor, (stat.inode & u64::from(u32::MAX)) as u32);
        self.bound.get(&name).map(|bound| (bound.at, bound.rank > CONNECTED))
    }

    /// The sockets that have this abstract name, in the order of their inodes.
    pub(super) fn of_abstract(&self, wanted: &[u8]) -> Vec<usize> {
        let names = self.bound.iter().filter_map(|(name, bound)| match name {
            Name::Abstract(name, _) if name.get(1..) == Some(wanted) => Some(bound.at),
            _ => None,
        });
        let mut places: Vec<usize> = names.collect();
        places.sort_unstable();
        places
    }

    /// Returns true if the socket is the one that its name leads to.
    pub(super) fn is_bound(&self, at: usize) -> bool {
        let name = self.get(at).and_then(name);
        name.and_then(|name| self.bound.get(&name)).is_some_and(|bound| bound.at == at)
    }

    /// The inode of the other end: the peer, or the listener at which the connection waits. `None` for a socket without one,
    /// or whose peer is gone.
    pub(super) fn peer(&self, socket: &UnixSocket) -> Option<u32> {
        match socket.peer {
            Some(0) => self.pairs().waits_at.get(&socket.inode).copied(),
            peer => peer,
        }
    }

    /// How many sockets are connected to this one.
    pub(super) fn clients(&self, inode: u32) -> u64 {
        self.pairs().clients.get(&inode).copied().unwrap_or(0)
    }

    fn pairs(&self) -> &Pairs {
        self.pairs.get_or_init(|| {
            let mut pairs = Pairs::default();
            for (at, socket) in self.sockets.iter().enumerate() {
                let waits = socket.pending.iter().map(|client| (*client, socket.inode));
                pairs.waits_at.extend(waits);
                if let Some(server) = self.server(at, socket) {
                    *pairs.clients.entry(server).or_default() += 1;
                }
            }
            pairs
        })
    }

    /// The socket that this one is a client of, or was made by.
    fn server(&self, at: usize, socket: &UnixSocket) -> Option<u32> {
        if i32::from(socket.socket_type) == libc::SOCK_DGRAM {
            let peer = self.get(self.place(socket.peer?)?)?;
            return (peer.peer != Some(socket.inode)).then_some(peer.inode);
        }
        let bound = self.bound.get(&name(socket)?)?.at;
        let listener = self.get(bound).filter(|one| bound != at && one.state == state::LISTEN)?;
        Some(listener.inode)
    }
}

/// The rank of a connected socket that tells the name of its listener, or its own.
const CONNECTED: u8 = 1;

fn rank(socket: &UnixSocket) -> u8 {
    match (socket.state, i32::from(socket.socket_type)) {
        (state::LISTEN, _) => 3,
        (state::CLOSE, _) | (_, libc::SOCK_DGRAM) => 2,
        _ => CONNECTED,
    }
}

fn name(socket: &UnixSocket) -> Option<Name> {
    match (socket.file, socket.name.first()) {
        (Some((major, minor, inode)), _) => Some(Name::File(major, minor, inode)),
        (None, Some(0)) => Some(Name::Abstract(socket.name.clone(), socket.socket_type)),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(inode: u32, socket_type: i32, state: u8) -> UnixSocket {
        UnixSocket { inode, socket_type: socket_type as u8, state, ..UnixSocket::default() }
    }

    #[test]
    fn a_listener_is_told_from_the_connections_that_tell_its_name() {
        let file = Some((0, 27, 9));
        let named = |socket| UnixSocket { file, ..socket };
        let listener = named(socket(5, libc::SOCK_STREAM, state::LISTEN));
        let accepted = named(socket(3, libc::SOCK_STREAM, state::ESTABLISHED));
        let table = UnixTable::new(vec![
            listener,
            accepted.clone(),
            named(socket(8, libc::SOCK_STREAM, state::ESTABLISHED)),
        ]);
        let stat = Stat { device: libc::makedev(0, 27), inode: 9, ..STAT };
        assert_eq!(table.bound_to(&stat), Some((1, true)));
        assert!(table.is_bound(1) && !table.is_bound(0));
        assert_eq!(table.clients(5), 2);
        let alone = UnixTable::new(vec![accepted]);
        assert_eq!(alone.bound_to(&stat), Some((0, false)), "its listener is gone");
    }

    #[test]
    fn the_other_end_is_found_where_only_the_other_end_tells() {
        let listener =
            UnixSocket { pending: [7].into(), ..socket(5, libc::SOCK_STREAM, state::LISTEN) };
        let waiting =
            UnixSocket { peer: Some(0), ..socket(7, libc::SOCK_STREAM, state::ESTABLISHED) };
        let server = socket(20, libc::SOCK_DGRAM, state::CLOSE);
        let sender = |inode| UnixSocket {
            peer: Some(20),
            ..socket(inode, libc::SOCK_DGRAM, state::ESTABLISHED)
        };
        let table = UnixTable::new(vec![listener, waiting.clone(), server, sender(21), sender(22)]);
        assert_eq!(table.peer(&waiting), Some(5));
        assert_eq!(table.peer(&sender(21)), Some(20));
        assert_eq!((table.clients(20), table.clients(21)), (2, 0));
    }

    #[test]
    fn each_type_of_socket_has_abstract_names_of_its_own() {
        let named = |inode, kind| UnixSocket {
            name: (*b"\0x").into(),
            ..socket(inode, kind, state::CLOSE)
        };
        let table = UnixTable::new(vec![named(1, libc::SOCK_STREAM), named(2, libc::SOCK_DGRAM)]);
        assert_eq!(table.of_abstract(b"x"), [0, 1]);
    }

    const STAT: Stat = Stat {
        mode: libc::S_IFSOCK,
        uid: 0,
        gid: 0,
        size: 0,
        blocks: 0,
        links: 1,
        inode: 0,
        device: 0,
        accessed: (0, 0),
        modified: (0, 0),
        changed: (0, 0),
        born: None,
    };
}
