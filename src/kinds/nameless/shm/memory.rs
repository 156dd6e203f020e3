//! Reading and writing memory without a name as the file that it is, through a descriptor or mapping of a process that holds
//! it: that disturbs no holder.

use nix::fcntl::OFlag;

use super::{MEMORY, NamelessShm};
use crate::kinds::capability::{Memory, Query, Region, RegionAccess};
use crate::kinds::file::id;
use crate::kinds::held;
use crate::kinds::nameless::identity;
use crate::kinds::region::FileRegion;
use crate::model::{Class, Fault, Locator};
use crate::sys::processes::Proc;

impl Memory for NamelessShm {
    fn reserved(&self) -> Option<&'static str> {
        Some("it belongs to the processes that hold it")
    }

    fn open(
        &self,
        look: &Query,
        locator: &Locator,
        access: RegionAccess,
    ) -> Result<Box<dyn Region>, Fault> {
        let file = identity(locator)?;
        let found = look.processes.found(&MEMORY);
        let shown = held::shown(&found, file)?;
        let flags = match access {
            RegionAccess::Read => OFlag::O_RDONLY,
            RegionAccess::Write => OFlag::O_WRONLY,
        };
        let proc = Proc::open(look.proc)?;
        let opened = held::open(&proc, &shown.showings, |stat| id(stat) == file, flags)?;
        Ok(Box::new(FileRegion::new(opened, |_| {
            Fault::new(Class::Limit, "no memory is left for it")
        })))
    }
}
