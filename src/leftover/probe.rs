//! What the kernel itself says of a file: whether anybody has it open or mapped, whoever and wherever they are. Holds the
//! places where files are, opened once for many questions.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::evidence::{HeldBy, Hold, Proof, Unreadable};
use super::locks;
use crate::kinds::backing::{Claim, Refusal, Store};
use crate::kinds::capability::Query;
use crate::kinds::{self, KINDS, KindRecord};
use crate::model::{Address, FileId, Object, Vacancy};
use crate::sys::file;

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

    /// Returns true if a process has a lock on this file.
    pub(super) fn is_locked(&self, file: &FileId) -> bool {
        self.locks.get_or_init(|| locks::read(&self.proc)).contains(file)
    }

    /// The kernel's answer for an object's file; `None` when it has none.
    pub(super) fn probe(&self, object: &Object, id: FileId, look: &Query) -> Option<Hold> {
        let store = self.store(object.kind.name, look)?;
        match store.claim(&object.address.locator, Some(id)) {
            Ok(Claim::Leased(_)) => Some(Hold::Free(Proof::Leased)),
            Err(Refusal::Held) => Some(Hold::Held(HeldBy::Leased)),
            Err(Refusal::Changed) => {
                Some(Hold::Unseen(Unreadable::Object("it was replaced meanwhile")))
            }
            Ok(Claim::Unbound(_)) => Some(Hold::Free(Proof::Unbound)),
            Err(Refusal::Bound) => Some(Hold::Held(HeldBy::Bound)),
            Err(Refusal::Unsure(why)) => Some(Hold::Unseen(Unreadable::Object(why))),
            Ok(Claim::Opened(_) | Claim::Untouched) | Err(Refusal::Failed(_)) => None,
        }
    }

    /// The access control list of an object's file; `None` when it has none or it cannot be read.
    pub(super) fn list(&self, object: &Object, look: &Query) -> Option<Vec<u8>> {
        let spot = self.store(object.kind.name, look)?.spot(&object.address.locator).ok()??;
        file::access_list(&*spot.home.directory, &spot.name).ok()?
    }

    /// Returns true if the object with this address is held, as far as the kernel says.
    pub(super) fn is_held(&self, address: &Address, look: &Query) -> bool {
        let Ok(record) = kinds::of_address(address) else { return false };
        // What its kind does not declare to be leased is never opened.
        if !matches!(record.holding.vacancy, Vacancy::Leased { .. }) {
            return false;
        }
        let Some(store) = self.store(record.kind.name, look) else { return false };
        let file = match store.claim(&address.locator, None) {
            Err(Refusal::Held) => return true,
            Ok(Claim::Leased(lease)) => file::stat(lease.file()),
            Ok(Claim::Opened(file)) => file::stat(&file),
            Ok(Claim::Untouched | Claim::Unbound(_)) | Err(_) => return false,
        };
        file.is_ok_and(|stat| self.is_locked(&FileId { device: stat.device, inode: stat.inode }))
    }
}
