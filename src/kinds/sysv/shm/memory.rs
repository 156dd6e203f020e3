//! Reading and writing System V segments by attaching them: a segment never changes its size. `shmat(2)`.

use std::io;
use std::os::fd::BorrowedFd;

use super::super::fault;
use super::{SOURCE, SysvShm};
use crate::kinds::capability::{Memory, Query, Region, RegionAccess, TransferError};
use crate::model::{Class, Fault, Locator};
use crate::sys::attachment::Attachment;
use crate::sys::stream;

/// Bytes that are moved at once. Nothing is copied in between, so this only says how often progress is told.
const BLOCK: u64 = 4 * 1024 * 1024;

impl Memory for SysvShm {
    fn open(
        &self,
        _look: &Query,
        locator: &Locator,
        access: RegionAccess,
    ) -> Result<Box<dyn Region>, Fault> {
        let id = SOURCE.resolve(locator)?;
        let attached = Attachment::new(id, access == RegionAccess::Write);
        Ok(Box::new(attached.map_err(|error| refused(&error, access))?))
    }
}

fn refused(error: &io::Error, access: RegionAccess) -> Fault {
    match (error.raw_os_error(), access) {
        (Some(libc::EACCES), RegionAccess::Write) => {
            fault(error).hint("to write to a segment takes permission to read it too")
        }
        _ => fault(error),
    }
}

/// EFAULT: a page of the segment could not be had.
fn lacks_page(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EFAULT)
}

fn transfer_fault(error: &io::Error) -> Fault {
    if lacks_page(error) {
        Fault::new(Class::Limit, "the kernel has no memory for a page of it")
    } else {
        Fault::from_os(error)
    }
}

fn broken(error: io::Error) -> TransferError {
    if lacks_page(&error) {
        TransferError::Region(transfer_fault(&error))
    } else {
        TransferError::Stream(error)
    }
}

fn block(length: u64) -> usize {
    usize::try_from(length.min(BLOCK)).unwrap_or(usize::MAX)
}

/// What a hole has in it.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// A page that is not there is all zeros, and stays not there.
fn run(segment: &Attachment, offset: u64, length: usize) -> Result<(bool, usize), Fault> {
    segment.run(offset, length).map_err(|error| Fault::from_os(&error))
}

impl Region for Attachment {
    fn size(&self) -> Result<u64, Fault> {
        Ok(self.size())
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let (is_hole, length) = run(self, offset, buffer.len())?;
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        if is_hole {
            buffer.fill(0);
            return Ok(length);
        }
        self.copy_out(offset, buffer).map_err(|error| transfer_fault(&error))
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<usize, Fault> {
        self.copy_in(offset, bytes).map_err(|error| transfer_fault(&error))
    }

    fn pour(&mut self, offset: u64, length: u64, to: BorrowedFd<'_>) -> Result<u64, TransferError> {
        let (is_hole, length) = run(self, offset, block(length))?;
        if is_hole {
            let zeros = ZEROS.get(..length).unwrap_or(&ZEROS);
            stream::write_all(to, zeros).map_err(TransferError::Stream)?;
            return Ok(zeros.len() as u64);
        }
        self.write_to(offset, length, to).map(|count| count as u64).map_err(broken)
    }

    fn fill(
        &mut self,
        offset: u64,
        length: u64,
        from: BorrowedFd<'_>,
    ) -> Result<u64, TransferError> {
        self.read_from(offset, block(length), from).map(|count| count as u64).map_err(broken)
    }
}
