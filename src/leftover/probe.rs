//! What the kernel itself says of a file: whether anybody has it open or mapped, whoever and wherever they are. Holds the
//! places where files are, opened once for many questions.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::evidence::{HeldBy, Hold, Proof, Unreadable};
use super::locks;
use crate::kinds::backing::Store;
use crate::kinds::capability::Query;
use crate::kinds::{self, KINDS, KindRecord};
use crate::model::{Address, FileId, Object};
use crate::sys::file;
use crate::sys::lease::Lease;

/// Where the files of a kind are, opened when somebody first asks; nothing for a kind that has none.
struct OpenStore {
    record: &'static KindRecord,
    store: OnceCell<Option<Box<dyn Store>>>,
}

/// The files of all kinds.
pub(super) struct Files {
    proc: PathBuf,
    shelves: Vec<OpenStore>,
    locks: OnceCell<HashSet<FileId>>,
}

impl Files {
    pub(super) fn new(proc: &Path) -> Self {
        let shelf = |record: &&'static KindRecord| OpenStore { record, store: OnceCell::new() };
        let shelves = KINDS.iter().map(shelf).collect();
        Self { proc: proc.to_owned(), shelves, locks: OnceCell::new() }
    }

    /// Where the files of a kind are.
    pub(super) fn store(&self, kind: &str, look: &Query) -> Option<&dyn Store> {
        let shelf = self.shelves.iter().find(|shelf| shelf.record.kind.name == kind)?;
        let open = || shelf.record.backing?.store(look).ok();
        shelf.store.get_or_init(open).as_deref()
    }

    /// Has somebody a lock on this file?
    pub(super) fn is_locked(&self, file: &FileId) -> bool {
        self.locks.get_or_init(|| locks::read(&self.proc)).contains(file)
    }

    /// The kernel's answer for an object's file; `None` when it has none.
    pub(super) fn probe(&self, object: &Object, id: FileId, look: &Query) -> Option<Hold> {
        let store = self.store(object.kind.name, look)?;
        match identified(store.open_seen(&object.address.locator)) {
            Ok((_, found)) if found != id => {
                Some(Hold::Unseen(Unreadable::Object("it was replaced meanwhile")))
            }
            Ok((opened, _)) => lease(opened),
            Err(hold) => hold,
        }
    }

    /// Is the object with this address held, as far as the kernel says?
    pub(super) fn is_held(&self, address: &Address, look: &Query) -> bool {
        let Ok(record) = kinds::of_address(address) else { return false };
        let Some(store) = self.store(record.kind.name, look) else { return false };
        let hold = match identified(store.open(&address.locator)) {
            Ok((_, id)) if self.is_locked(&id) => return true,
            Ok((opened, _)) => lease(opened),
            Err(hold) => hold,
        };
        matches!(hold, Some(Hold::Held(_)))
    }
}

/// Which file was opened, or what follows from that it could not be.
fn identified(opened: io::Result<OwnedFd>) -> Result<(OwnedFd, FileId), Option<Hold>> {
    let opened = opened.map_err(|error| {
        // Somebody has a lease on it, and therefore has it open.
        let leased = error.raw_os_error() == Some(libc::EAGAIN);
        leased.then_some(Hold::Held(HeldBy::Leased))
    })?;
    let stat = file::stat(&opened).map_err(|_| None)?;
    Ok((opened, FileId { device: stat.device, inode: stat.inode }))
}

/// Asks for a lease, and gives it back at once.
fn lease(opened: OwnedFd) -> Option<Hold> {
    match Lease::take(opened) {
        Ok(_) => Some(Hold::Free(Proof::Leased)),
        // Only this says that somebody has it; others say that we may not ask.
        Err((error, _)) if error.raw_os_error() == Some(libc::EAGAIN) => {
            Some(Hold::Held(HeldBy::Leased))
        }
        Err(_) => None,
    }
}
