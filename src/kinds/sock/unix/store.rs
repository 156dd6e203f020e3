//! Where socket files are, and whether a socket is bound to one, for those who remove.

use std::cell::RefCell;
use std::ffi::CString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::super::binding::{Binding, Prober};
use crate::kinds::backing::{Backing, Claim, DirEntry, Directory, Refusal, Store};
use crate::kinds::capability::Query;
use crate::kinds::file::id;
use crate::model::{FileId, Locator};
use crate::sys::connect::Unbound;
use crate::sys::{directory, file};

/// Socket files are wherever their paths lead.
pub(super) struct SocketFiles;

impl Backing for SocketFiles {
    fn store(&self, look: &Query) -> io::Result<Box<dyn Store>> {
        Ok(Box::new(SocketPaths { prober: Prober::new(look.proc, None), last: RefCell::default() }))
    }
}

struct SocketPaths {
    prober: Prober<'static>,
    /// The directory that came last: socket files often lie side by side.
    last: RefCell<Option<(PathBuf, Directory)>>,
}

impl SocketPaths {
    fn directory(&self, path: &Path) -> io::Result<Directory> {
        let mut last = self.last.borrow_mut();
        match &*last {
            Some((known, directory)) if known == path => Ok(directory.clone()),
            _ => {
                let name = CString::new(path.as_os_str().as_bytes())?;
                let opened = directory::open(&name).or_else(|_| directory::handle(&name))?;
                let home =
                    Directory { directory: Rc::new(opened), path: path.into(), is_fixed: false };
                Ok(last.insert((path.to_owned(), home)).1.clone())
            }
        }
    }

    fn entry(&self, locator: &Locator) -> io::Result<DirEntry> {
        let parts = match locator {
            Locator::Path(path) => path.parent().zip(path.file_name()),
            _ => None,
        };
        let (parent, name) = parts.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(DirEntry { home: self.directory(parent)?, name: CString::new(name.as_bytes())? })
    }
}

impl Store for SocketPaths {
    fn claim(&self, locator: &Locator, seen: Option<FileId>) -> Result<Claim, Refusal> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Refusal::Changed,
            _ => Refusal::Failed(error),
        };
        let DirEntry { home, name } = self.entry(locator).map_err(failed)?;
        let handle = file::handle_at(&*home.directory, &name).map_err(failed)?;
        let stat = file::stat(&handle).map_err(failed)?;
        if !stat.is(libc::S_IFSOCK) || seen.is_some_and(|seen| seen != id(&stat)) {
            return Err(Refusal::Changed);
        }
        match self.prober.ask(handle.as_fd(), &stat) {
            Binding::Bound => Err(Refusal::Bound),
            Binding::Unsure(why) => Err(Refusal::Unsure(why)),
            Binding::Unbound { .. } => Ok(Claim::Unbound(Unbound::new(handle))),
        }
    }

    fn spot(&self, locator: &Locator) -> io::Result<Option<DirEntry>> {
        self.entry(locator).map(Some)
    }

    fn home(&self) -> Option<Directory> {
        None
    }
}
