//! Memory as the file that is behind it. It is never mapped: another process may cut it short at any time, and a mapping
//! would make that our end. `pread(2)`, `pwrite(2)`.

use std::os::fd::{BorrowedFd, OwnedFd};

use nix::sys::uio::{pread, pwrite};

use super::capability::{Region, TransferError};
use crate::model::{Class, Fault};
use crate::sys::buffer::PageBuffer;
use crate::sys::{file, stream};

/// Bytes that are moved at once: they stay in the processor's cache between reading and writing.
const BLOCK: usize = 256 * 1024;

/// A file that is open for what will be done with it.
pub(super) struct FileRegion {
    file: OwnedFd,
    block: PageBuffer,
    /// What is said when the file system is full.
    full: fn(u64) -> Fault,
}

impl FileRegion {
    /// The bytes of this file. `full` says what it means that there is no room for so many more of them.
    pub(super) fn new(file: OwnedFd, full: fn(u64) -> Fault) -> Self {
        Self { file, block: PageBuffer::new(BLOCK), full }
    }
}

impl Region for FileRegion {
    fn size(&self) -> Result<u64, Fault> {
        Ok(file::stat(&self.file)?.size)
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        read(&self.file, offset, buffer)
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<usize, Fault> {
        put(&self.file, self.full, offset, bytes)
    }

    fn pour(&mut self, offset: u64, length: u64, to: BorrowedFd<'_>) -> Result<u64, TransferError> {
        let block = part(&mut self.block, length);
        let got = read(&self.file, offset, block)?;
        stream::write_all(to, block.get(..got).unwrap_or_default())
            .map_err(TransferError::Stream)?;
        Ok(got as u64)
    }

    fn fill(
        &mut self,
        offset: u64,
        length: u64,
        from: BorrowedFd<'_>,
    ) -> Result<u64, TransferError> {
        let block = part(&mut self.block, length);
        let got = stream::read(from, block).map_err(TransferError::Stream)?;
        let mut written = 0;
        while written < got {
            let rest = block.get(written..got).unwrap_or_default();
            written += put(&self.file, self.full, offset + written as u64, rest)?;
        }
        Ok(got as u64)
    }
}

/// As much of the block as is wanted.
fn part(block: &mut [u8], length: u64) -> &mut [u8] {
    let most = block.len();
    block.get_mut(..usize::try_from(length).unwrap_or(most).min(most)).unwrap_or_default()
}

fn read(file: &OwnedFd, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
    loop {
        match pread(file, buffer, position(offset)?) {
            Err(nix::Error::EINTR) => {}
            result => return result.map_err(|error| Fault::from_os(&error.into())),
        }
    }
}

/// A write past its end would make the file longer, so each one is held against the size of this moment.
fn put(file: &OwnedFd, full: fn(u64) -> Fault, offset: u64, bytes: &[u8]) -> Result<usize, Fault> {
    let size = file::stat(file)?.size;
    if offset.saturating_add(bytes.len() as u64) > size {
        return Err(Fault::new(
            Class::Failed,
            format!("it was cut short to {size} bytes meanwhile"),
        ));
    }
    loop {
        match pwrite(file, bytes, position(offset)?) {
            Err(nix::Error::EINTR) => {}
            Err(nix::Error::ENOSPC) => return Err(full(bytes.len() as u64)),
            Err(nix::Error::EPERM) => {
                return Err(Fault::new(Class::Denied, "it is sealed against writing"));
            }
            result => return result.map_err(|error| Fault::from_os(&error.into())),
        }
    }
}

fn position(offset: u64) -> Result<i64, Fault> {
    i64::try_from(offset).map_err(|_| Fault::usage("no file is as long as that offset"))
}
