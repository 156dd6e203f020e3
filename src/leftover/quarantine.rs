//! A folder of its own on the same file system, to which files are moved before they are removed: whoever looks for one
//! by name meets no lease, and until the last step everything can be put back under its name. A run that was
//! interrupted leaves its folder unlocked, and the next run puts back what is in it.

use std::ffi::{CStr, CString};
use std::fmt::{self, Display};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::fcntl::OFlag;

use crate::kinds::backing::Home;
use crate::model::Encoded;
use crate::sys::file;
use crate::sys::folder::{self, Entry};
use crate::sys::lease::Lease;

/// What the names of these folders begin with.
const PREFIX: &str = ".ipcctl-";
/// So many names are tried: somebody else may make folders of such names.
const TRIES: usize = 16;

/// A quarantine beside the files that come into it. Locked as long as its maker lives.
pub struct Quarantine {
    home: Home,
    name: CString,
    folder: OwnedFd,
}

impl Quarantine {
    /// Makes one, for its owner alone.
    ///
    /// # Errors
    /// EACCES, ENOSPC, EROFS of the folder in which it is to be.
    pub fn new(home: &Home) -> io::Result<Self> {
        let mut last = io::ErrorKind::AlreadyExists.into();
        for _ in 0..TRIES {
            match Self::attempt(home) {
                Ok(quarantine) => return Ok(quarantine),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn attempt(home: &Home) -> io::Result<Self> {
        let name =
            CString::new(format!("{PREFIX}{:016x}", RandomState::new().build_hasher().finish()))?;
        folder::make(&*home.folder, &name)?;
        let folder = own(home, &name)?.ok_or(io::ErrorKind::AlreadyExists)?;
        // Another run may have found the folder before it was locked, and removed it.
        folder::lock(&folder)?;
        if file::stat(&folder)?.links == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self { home: home.clone(), name, folder })
    }

    /// Is this its place?
    pub fn is_at(&self, home: &Home) -> bool {
        let same = |one: io::Result<file::Stat>, two: io::Result<file::Stat>| match (one, two) {
            (Ok(one), Ok(two)) => (one.device, one.inode) == (two.device, two.inode),
            _ => false,
        };
        Rc::ptr_eq(&self.home.folder, &home.folder)
            || same(file::stat(&*self.home.folder), file::stat(&*home.folder))
    }

    /// Takes a file in.
    ///
    /// # Errors
    /// ENOENT, EPERM and EACCES for others than its owner, EEXIST when it has one of that name.
    pub fn take(&self, name: &CStr) -> io::Result<()> {
        folder::rename(&*self.home.folder, name, &self.folder, name)
    }

    /// What it has under this name.
    ///
    /// # Errors
    /// ENOENT.
    pub fn stat(&self, name: &CStr) -> io::Result<file::Stat> {
        file::stat_at(&self.folder, name)
    }

    /// Puts a file back under its name.
    ///
    /// # Errors
    /// EEXIST when the name has been taken: the file stays.
    pub fn put_back(&self, name: &CStr) -> io::Result<()> {
        folder::rename(&self.folder, name, &*self.home.folder, name)
    }

    /// Removes a file for good.
    ///
    /// # Errors
    /// ENOENT.
    pub fn destroy(&self, name: &CStr) -> io::Result<()> {
        folder::unlink(&self.folder, name)
    }

    /// Where a file is that could not be put back.
    pub fn path(&self, name: &CStr) -> PathBuf {
        path(&self.home.path, &[&self.name, name])
    }
}

impl Drop for Quarantine {
    fn drop(&mut self) {
        // Only an empty folder goes.
        let _ = folder::remove(&*self.home.folder, &self.name);
    }
}

fn path(home: &Path, names: &[&CStr]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    names
        .iter()
        .fold(home.to_owned(), |path, name| path.join(std::ffi::OsStr::from_bytes(name.to_bytes())))
}

/// The folder of this name, if it is our own and closed to others.
fn own(home: &Home, name: &CStr) -> io::Result<Option<OwnedFd>> {
    let folder = folder::open_at(&*home.folder, name)?;
    let stat = file::stat(&folder)?;
    let ours = stat.uid == nix::unistd::geteuid().as_raw() && stat.mode & 0o077 == 0;
    Ok(ours.then_some(folder))
}

/// What became of a file that an interrupted run had taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It is back under its name.
    PutBack(PathBuf),
    /// Its name has been taken by another, nobody held it, and it is gone.
    Finished(PathBuf),
    /// Its name has been taken by another, and somebody holds it; or it could not be moved.
    Stays(PathBuf),
    /// It would be put back.
    Waits(PathBuf),
}

impl Display for Recovered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        use std::os::unix::ffi::OsStrExt;
        let (path, what) = match self {
            Self::PutBack(path) => (path, "is back in its place"),
            Self::Finished(path) => (path, "is removed: its name has been taken"),
            Self::Stays(path) => {
                (path, "stays there: its name has been taken, and somebody holds it")
            }
            Self::Waits(path) => (path, "will be put back by the next run that removes anything"),
        };
        write!(
            out,
            "an earlier run was interrupted: {} {what}",
            Encoded(path.as_os_str().as_bytes())
        )
    }
}

/// Puts back what interrupted runs of this user left in quarantine below `home`, and removes their folders. What
/// runs that go on have in theirs is left alone. With `dry` nothing is moved, and what is there is told.
///
/// # Errors
/// The folder cannot be read.
pub fn recover(home: &Home, dry: bool) -> io::Result<Vec<Recovered>> {
    let mut recovered = Vec::new();
    let ours = |name: &[u8]| name.starts_with(PREFIX.as_bytes());
    for Entry { name, .. } in folder::entries(&*home.folder, &ours)? {
        // A file of such a name, a link, or a folder of somebody else's is none of ours.
        let Ok(Some(folder)) = own(home, &name) else { continue };
        if folder::lock(&folder).is_err() {
            continue;
        }
        let files = folder::entries(&folder, &|_| true)?;
        if dry {
            let waits = |file: &Entry| Recovered::Waits(path(&home.path, &[&name, &file.name]));
            recovered.extend(files.iter().map(waits));
            continue;
        }
        let quarantine = Quarantine { home: home.clone(), name, folder };
        recovered.extend(files.iter().map(|file| quarantine.recover(&file.name)));
    }
    Ok(recovered)
}

impl Quarantine {
    fn recover(&self, name: &CStr) -> Recovered {
        if self.put_back(name).is_ok() {
            return Recovered::PutBack(path(&self.home.path, &[name]));
        }
        let free = || {
            // Nobody else can put anything there.
            if !file::stat_at(&self.folder, name)?.is(libc::S_IFREG) {
                return Err(io::ErrorKind::Unsupported.into());
            }
            let opened = file::open_at(&self.folder, name, OFlag::empty())?;
            Lease::take(opened).map_err(|(error, _)| error)
        };
        // Nobody can open it by a name in this folder: whoever does not hold it by now never will.
        match free().and_then(|_lease| self.destroy(name)) {
            Ok(()) => Recovered::Finished(self.path(name)),
            Err(_) => Recovered::Stays(self.path(name)),
        }
    }
}
