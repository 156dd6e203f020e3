//! The room in `/dev/shm`, where shared memory and semaphores are: how much there is, and what a refusal for lack of it means.
//! `tmpfs(5)`.

use nix::sys::statvfs::{Statvfs, statvfs};

use super::FOLDER;
use crate::model::{Class, Fault, Shortage, Use};

/// The room at one moment.
pub(super) struct Room(Statvfs);

impl Room {
    /// The room now.
    ///
    /// # Errors
    /// Those of `statvfs(3)`.
    pub(super) fn now() -> nix::Result<Self> {
        statvfs(FOLDER).map(Self)
    }

    /// Bytes in all; 0 where there is no limit.
    pub(super) fn bytes(&self) -> u64 {
        self.0.blocks().saturating_mul(self.0.fragment_size())
    }

    /// Bytes that are in use.
    pub(super) fn used(&self) -> u64 {
        self.bytes().saturating_sub(self.free())
    }

    /// Bytes that are free.
    pub(super) fn free(&self) -> u64 {
        self.0.blocks_free().saturating_mul(self.0.fragment_size())
    }

    /// Files that there can be, and those that there are.
    pub(super) fn files(&self) -> (u64, u64) {
        (self.0.files(), self.0.files().saturating_sub(self.0.files_free()))
    }

    /// ENOSPC of a call that needed one more file, or so many bytes: which of the two it was.
    pub(super) fn full(&self, files: u64, bytes: u64) -> Fault {
        let (most, used) = self.files();
        let limits = [
            Shortage {
                name: "SHM_INODES",
                unit: " files",
                used: Use::Exactly(used),
                limit: most,
                more: files,
                hint: "remove leftovers (ipcctl clean), or mount -o remount,nr_inodes=N /dev/shm"
                    .into(),
            },
            Shortage {
                name: "SHM_SPACE",
                unit: " bytes",
                used: Use::Exactly(self.used()),
                limit: self.bytes(),
                more: bytes,
                hint: "remove leftovers (ipcctl clean), or mount -o remount,size=SIZE /dev/shm"
                    .into(),
            },
        ];
        let short = limits.into_iter().find(|limit| limit.limit > 0 && limit.is_short());
        let full = |more: String| Fault::new(Class::Limit, format!("/dev/shm is full{more}"));
        match short {
            Some(short) => full(format!(" ({}): {}", short.name, short.figures())).hint(short.hint),
            None => full(String::new()).hint("see ipcctl limits"),
        }
    }
}

/// ENOSPC of a call that was made a moment ago.
pub(super) fn full(files: u64, bytes: u64) -> Fault {
    Room::now().map_or_else(
        |_| Fault::new(Class::Limit, "/dev/shm is full").hint("see ipcctl limits"),
        |room| room.full(files, bytes),
    )
}
