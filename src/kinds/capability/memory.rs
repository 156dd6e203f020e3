//! To be read from and written to at any place. Knows nothing of files, dumps or commands.

use std::io;
use std::os::fd::BorrowedFd;

use super::Query;
use crate::model::{Fault, Locator};

/// What a region is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionAccess {
    /// To read it.
    Read,
    /// To write to it.
    Write,
}

/// To be read from and written to at any place.
pub trait Memory: Sync {
    /// Why to write to it takes `--force`, if it does.
    fn reserved(&self) -> Option<&'static str> {
        None
    }

    /// Opens the memory of an object.
    ///
    /// # Errors
    /// [`crate::model::Class::NotFound`], [`crate::model::Class::Denied`].
    fn open(
        &self,
        look: &Query,
        locator: &Locator,
        access: RegionAccess,
    ) -> Result<Box<dyn Region>, Fault>;
}

/// What ends a transfer between a region and a stream.
#[derive(Debug)]
pub enum TransferError {
    /// The stream, and what the system says.
    Stream(io::Error),
    /// The region.
    Region(Fault),
}

impl From<Fault> for TransferError {
    fn from(fault: Fault) -> Self {
        Self::Region(fault)
    }
}

/// An opened region. Offsets and lengths are bytes. Nothing here changes its size, and every transfer moves a
/// block of at most some mebibytes, so that the memory that it takes does not depend on the length.
pub trait Region {
    /// Bytes that it has now: some may be cut short by others.
    ///
    /// # Errors
    /// What the system says.
    fn size(&self) -> Result<u64, Fault>;

    /// Copies bytes from `offset` into the buffer: how many, 0 at the end.
    ///
    /// # Errors
    /// What the system says.
    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault>;

    /// Copies bytes to `offset`: how many. They fit, as far as its caller knows.
    ///
    /// # Errors
    /// Nothing is written past the end: the fault says that it has been cut short.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<usize, Fault>;

    /// Moves at most `length` bytes from `offset` to a stream: how many, 0 at the end of the region.
    ///
    /// # Errors
    /// As [`Region::read`], and what the stream says.
    fn pour(&mut self, offset: u64, length: u64, to: BorrowedFd<'_>) -> Result<u64, TransferError>;

    /// Moves at most `length` bytes from a stream to `offset`: how many, 0 at the end of the stream.
    ///
    /// # Errors
    /// As [`Region::write`], and what the stream says.
    fn fill(
        &mut self,
        offset: u64,
        length: u64,
        from: BorrowedFd<'_>,
    ) -> Result<u64, TransferError>;
}
