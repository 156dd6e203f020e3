//! Reading and writing a mapped file as the file that it is, by its path or through a mapping.

use std::ffi::CString;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use nix::fcntl::{AT_FDCWD, OFlag};

use super::{FACTS, KIND, MAPPED, MapReading, Maps, named};
use crate::kinds::capability::{Memory, Query, Region, RegionAccess};
use crate::kinds::fact::FactPlan;
use crate::kinds::file::id;
use crate::kinds::held;
use crate::kinds::region::FileRegion;
use crate::model::{Class, Fault, Locator};
use crate::sys::file::{self, Stat};
use crate::sys::processes::Proc;

impl Memory for Maps {
    fn reserved(&self) -> Option<&'static str> {
        Some("processes have it mapped, and see at once what is written")
    }

    fn open(
        &self,
        look: &Query,
        locator: &Locator,
        access: RegionAccess,
    ) -> Result<Box<dyn Region>, Fault> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let [_, shared] = &MAPPED;
        let found = look.processes.found(shared);
        let (shown, reached) = named(&found, &mut MapReading::new(&plan, look), locator)?;
        let wanted = reached.stat.as_ref().map_or(shown.facts.file, id);
        let is_it = |stat: &Stat| id(stat) == wanted && stat.is(libc::S_IFREG);
        let flags = match access {
            RegionAccess::Read => OFlag::O_RDONLY,
            RegionAccess::Write => OFlag::O_WRONLY,
        };
        let file = match &reached.path {
            Some(path) => {
                let name = CString::new(path.as_os_str().as_bytes()).unwrap_or_default();
                let handle = file::handle_at(AT_FDCWD, &name)?;
                // What is opened is what was looked at.
                if !is_it(&file::stat(&handle)?) {
                    return Err(Fault::new(Class::NotFound, "it is another file by now"));
                }
                file::reopen(handle.as_fd(), flags)?
            }
            None => held::open(&Proc::open(look.proc)?, &shown.showings, is_it, flags)?,
        };
        Ok(Box::new(FileRegion::new(file, |_| {
            Fault::new(Class::Limit, "no space is left on its file system")
        })))
    }
}
