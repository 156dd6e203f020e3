//! Reading and writing POSIX shared memory as the file that it is.

use std::os::fd::AsFd;

use nix::fcntl::OFlag;

use super::{PosixShm, existing};
use crate::kinds::capability::{Memory, Query, Region, RegionAccess};
use crate::kinds::posix::room;
use crate::kinds::region::FileRegion;
use crate::model::{Fault, Locator};
use crate::sys::file;

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
        Ok(Box::new(FileRegion::new(file, |bytes| room::full(0, bytes))))
    }
}
