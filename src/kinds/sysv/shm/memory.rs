//! Reading and writing System V segments by attaching them: a segment never changes its size. `shmat(2)`.

use std::io;
use std::os::fd::BorrowedFd;

use super::super::fault;
use super::{SOURCE, SysvShm};
use crate::kinds::capability::{Access, Broken, Look, Memory, Region};
use crate::model::{Class, Fault, Locator};
use crate::sys::shm::Attachment;

/// Bytes that are moved at once. Nothing is copied in between, so this only says how often progress is told.
const BLOCK: u64 = 4 * 1024 * 1024;

impl Memory for SysvShm {
    fn open(
        &self,
        _look: &Look,
        locator: &Locator,
        access: Access,
    ) -> Result<Box<dyn Region>, Fault> {
        let id = SOURCE.resolve(locator)?;
        let attached = Attachment::new(id, access == Access::Write);
        Ok(Box::new(attached.map_err(|error| refused(&error, access))?))
    }
}

fn refused(error: &io::Error, access: Access) -> Fault {
    match (error.raw_os_error(), access) {
        (Some(libc::EACCES), Access::Write) => {
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

fn broken(error: io::Error) -> Broken {
    if lacks_page(&error) { Broken::Region(transfer_fault(&error)) } else { Broken::Stream(error) }
}

fn block(length: u64) -> usize {
    usize::try_from(length.min(BLOCK)).unwrap_or(usize::MAX)
}

impl Region for Attachment {
    fn size(&self) -> Result<u64, Fault> {
        Ok(self.size())
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        self.copy_out(offset, buffer).map_err(|error| transfer_fault(&error))
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<usize, Fault> {
        self.copy_in(offset, bytes).map_err(|error| transfer_fault(&error))
    }

    fn pour(&mut self, offset: u64, length: u64, to: BorrowedFd<'_>) -> Result<u64, Broken> {
        self.write_to(offset, block(length), to).map(|count| count as u64).map_err(broken)
    }

    fn fill(&mut self, offset: u64, length: u64, from: BorrowedFd<'_>) -> Result<u64, Broken> {
        self.read_from(offset, block(length), from).map(|count| count as u64).map_err(broken)
    }
}
