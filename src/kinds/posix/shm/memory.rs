//! Reading and writing POSIX shared memory as the file that it is. It is never mapped: another process may cut
//! it short at any time, and a mapping would make that our end. `pread(2)`, `pwrite(2)`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::fcntl::OFlag;
use nix::sys::uio::{pread, pwrite};

use super::{PosixShm, existing};
use crate::kinds::capability::{Memory, Query, Region, RegionAccess, TransferError};
use crate::kinds::posix::room;
use crate::model::{Class, Fault, Locator};
use crate::sys::buffer::PageBuffer;
use crate::sys::{file, stream};

/// Bytes that are moved at once: they stay in the processor's cache between reading and writing.
const BLOCK: usize = 256 * 1024;

impl Memory for PosixShm {
    fn open(
        &self,
        _look: &Query,
        locator: &Locator,
        access: RegionAccess,
    ) -> Result<Box<dyn Region>, Fault> {
        let (handle, _) = existing(locator)?;
        let open = |flags| file::reopen(handle.as_fd(), flags);
        let file = match access {
            // To read leaves no trace in the access time, where we are allowed to ask for that.
            RegionAccess::Read => {
                open(OFlag::O_RDONLY | OFlag::O_NOATIME).or_else(|_| open(OFlag::O_RDONLY))
            }
            RegionAccess::Write => open(OFlag::O_WRONLY),
        }?;
        Ok(Box::new(File { file, block: PageBuffer::new(BLOCK) }))
    }
}

/// The file behind an object.
struct File {
    file: OwnedFd,
    block: PageBuffer,
}

impl Region for File {
    fn size(&self) -> Result<u64, Fault> {
        Ok(file::stat(&self.file)?.size)
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        read(&self.file, offset, buffer)
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<usize, Fault> {
        write(&self.file, offset, bytes)
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
            written += write(&self.file, offset + written as u64, rest)?;
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
fn write(file: &OwnedFd, offset: u64, bytes: &[u8]) -> Result<usize, Fault> {
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
            Err(nix::Error::ENOSPC) => {
                return Err(room::full(0, bytes.len() as u64));
            }
            result => return result.map_err(|error| Fault::from_os(&error.into())),
        }
    }
}

fn position(offset: u64) -> Result<i64, Fault> {
    i64::try_from(offset).map_err(|_| Fault::usage("no file is as long as that offset"))
}
