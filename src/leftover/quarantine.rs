//! A directory of its own on the same file system, to which files are moved before they are removed: whoever looks for one
//! by name meets no lease, and until the last step everything can be put back under its name. A run that was
//! interrupted leaves its directory unlocked, and the next run puts back what is in it. There is one only where no other
//! user can move it, and only what has this program's mark in it is taken for one.

use std::ffi::{CStr, CString};
use std::fmt::{self, Display};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::fcntl::OFlag;

use crate::kinds::backing::Directory;
use crate::model::{Class, Encoded, Fault};
use crate::sys::directory::{self, Entry};
use crate::sys::file;
use crate::sys::lease::Lease;

/// What the names of these directories begin with.
const PREFIX: &str = ".ipcctl-";
/// So many names are tried: somebody else may make directories of such names.
const TRIES: usize = 16;

/// A quarantine beside the files that come into it. Locked as long as its maker lives.
pub struct Quarantine {
    home: Directory,
    name: CString,
    directory: OwnedFd,
}

impl Quarantine {
    /// Makes one, for its owner alone.
    ///
    /// # Errors
    /// EACCES, ENOSPC, EROFS of the directory in which it is to be.
    pub fn new(home: &Directory) -> io::Result<Self> {
        let mut last = io::ErrorKind::AlreadyExists.into();
        for _ in 0..TRIES {
            match Self::attempt(home) {
                // Another's name, or another run found it first.
                Err(error) if is_chance(&error) => last = error,
                answer => return answer,
            }
        }
        Err(last)
    }

    fn attempt(home: &Directory) -> io::Result<Self> {
        let name =
            CString::new(format!("{PREFIX}{:016x}", RandomState::new().build_hasher().finish()))?;
        directory::make(&*home.directory, &name)?;
        Self::made(home, name.clone()).inspect_err(|_| {
            // Only an empty directory goes.
            let _ = directory::remove(&*home.directory, &name);
        })
    }

    /// Locks the directory that has just been made, and marks it.
    fn made(home: &Directory, name: CString) -> io::Result<Self> {
        let directory = own(home, &name)?.ok_or(io::ErrorKind::AlreadyExists)?;
        // Another run may have found the directory before it was locked, and removed it.
        directory::lock(&directory)?;
        if file::stat(&directory)?.links == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        directory::make_link(&directory, &name, &mark(&directory)?)?;
        Ok(Self { home: home.clone(), name, directory })
    }

    /// Returns true if this is its place.
    pub fn is_at(&self, home: &Directory) -> bool {
        let same = |one: io::Result<file::Stat>, two: io::Result<file::Stat>| match (one, two) {
            (Ok(one), Ok(two)) => (one.device, one.inode) == (two.device, two.inode),
            _ => false,
        };
        Rc::ptr_eq(&self.home.directory, &home.directory)
            || same(file::stat(&*self.home.directory), file::stat(&*home.directory))
    }

    /// Takes a file in.
    ///
    /// # Errors
    /// ENOENT, EPERM and EACCES for others than its owner, EEXIST when it has one of that name.
    pub fn take(&self, name: &CStr) -> io::Result<()> {
        directory::rename(&*self.home.directory, name, &self.directory, name)
    }

    /// What it has under this name.
    ///
    /// # Errors
    /// ENOENT.
    pub fn stat(&self, name: &CStr) -> io::Result<file::Stat> {
        file::stat_at(&self.directory, name)
    }

    /// Puts a file back under its name.
    ///
    /// # Errors
    /// EEXIST when the name has been taken: the file stays.
    pub fn put_back(&self, name: &CStr) -> io::Result<()> {
        directory::rename(&self.directory, name, &*self.home.directory, name)
    }

    /// Removes a file for good.
    ///
    /// # Errors
    /// ENOENT.
    pub fn destroy(&self, name: &CStr) -> io::Result<()> {
        directory::unlink(&self.directory, name)
    }

    /// Where a file is that could not be put back.
    pub fn path(&self, name: &CStr) -> PathBuf {
        path(&self.home.path, &[&self.name, name])
    }
}

impl Drop for Quarantine {
    fn drop(&mut self) {
        // The mark stays as long as there is anything that it is for. A call that fails once is tried again; what stays then is
        // removed by the next run.
        for _ in 0..2 {
            let files = directory::entries(&self.directory, &|name| name != self.name.to_bytes());
            match files {
                Ok(files) if !files.is_empty() => return,
                Ok(_) => {}
                Err(_) => continue,
            }
            let _ = directory::unlink(&self.directory, &self.name);
            if directory::remove(&*self.home.directory, &self.name).is_ok() {
                return;
            }
        }
    }
}

/// The text of the link by which a quarantine is known: it has the name of the directory, so that no file that comes in can
/// have it, and names the directory's inode, so that a copy or a directory of another name is none.
fn mark(directory: &OwnedFd) -> io::Result<CString> {
    Ok(CString::new(format!("ipcctl quarantine {}", file::stat(directory)?.inode))?)
}

/// Returns true if files can be kept in a directory below `home` that nobody but its maker and root can move or replace: it
/// is writable for its owner alone or sticky, and its owner is this user or root.
pub fn is_safe(home: &Directory) -> bool {
    let own = nix::unistd::geteuid().as_raw();
    file::stat(&*home.directory).is_ok_and(|stat| {
        let sticky = stat.mode & libc::S_ISVTX != 0;
        // Seen from a user namespace, the owner of the system's own directory may be nobody.
        let trusted = stat.uid == own || stat.uid == 0 || home.is_fixed;
        trusted && (sticky || stat.mode & 0o022 == 0)
    })
}

/// Returns true if another name may have more luck.
fn is_chance(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, NotFound, WouldBlock};
    matches!(error.kind(), AlreadyExists | NotFound | WouldBlock)
}

fn path(home: &Path, names: &[&CStr]) -> PathBuf {
    names
        .iter()
        .fold(home.to_owned(), |path, name| path.join(std::ffi::OsStr::from_bytes(name.to_bytes())))
}

/// The directory of this name, if it is our own and closed to others.
fn own(home: &Directory, name: &CStr) -> io::Result<Option<OwnedFd>> {
    let directory = directory::open_at(&*home.directory, name)?;
    let stat = file::stat(&directory)?;
    let ours = stat.uid == nix::unistd::geteuid().as_raw() && stat.mode & 0o077 == 0;
    Ok(ours.then_some(directory))
}

/// What became of a file that an interrupted run had taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It is back under its name.
    PutBack(PathBuf),
    /// Its name has been taken by another, nobody held it, and it is gone.
    Finished(PathBuf),
    /// It stays where it is, and why.
    Stays(PathBuf, String),
    /// It would be put back.
    Waits(PathBuf),
    /// It is called like a quarantine, and has no mark.
    Strange(PathBuf),
}

impl Display for Recovered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because;
        let (path, what) = match self {
            Self::PutBack(path) => (path, "is back in its place"),
            Self::Finished(path) => (path, "is removed: its name has been taken"),
            Self::Stays(path, why) => {
                because = format!("stays there: {why}");
                (path, because.as_str())
            }
            Self::Waits(path) => (path, "will be put back by the next run that removes anything"),
            Self::Strange(path) => {
                let name = Encoded(path.as_os_str().as_bytes());
                return write!(out, "{name} is left alone: it has no mark of this program");
            }
        };
        write!(
            out,
            "an earlier run was interrupted: {} {what}",
            Encoded(path.as_os_str().as_bytes())
        )
    }
}

/// Puts back what interrupted runs of this user left in quarantine below `home`, and removes their directories. What
/// runs that go on have in theirs is left alone, and all of it where others can move directories. With `dry` nothing is
/// moved, and what is there is told.
///
/// # Errors
/// The directory cannot be read.
pub fn recover(home: &Directory, dry: bool) -> io::Result<Vec<Recovered>> {
    let mut recovered = Vec::new();
    if !is_safe(home) {
        return Ok(recovered);
    }
    let ours = |name: &[u8]| name.starts_with(PREFIX.as_bytes());
    for Entry { name, .. } in directory::entries(&*home.directory, &ours)? {
        // A file of such a name, a link, or a directory of somebody else's is none of ours.
        let Ok(Some(directory)) = own(home, &name) else { continue };
        if directory::lock(&directory).is_err() {
            continue;
        }
        let files = directory::entries(&directory, &|file| file != name.to_bytes())?;
        let text = directory::link_text(&directory, &name);
        let is_marked = mark(&directory)?;
        let is_marked = text.is_ok_and(|text| text.as_bytes() == is_marked.as_bytes());
        if !is_marked && !files.is_empty() {
            recovered.push(Recovered::Strange(path(&home.path, &[&name])));
        } else if dry {
            let waits = |file: &Entry| Recovered::Waits(path(&home.path, &[&name, &file.name]));
            recovered.extend(files.iter().map(waits));
        } else {
            // It removes itself at the end, as what is left of one that was killed before it was marked.
            let quarantine = Quarantine { home: home.clone(), name, directory };
            recovered.extend(files.iter().map(|file| quarantine.recover(&file.name)));
        }
    }
    Ok(recovered)
}

impl Quarantine {
    fn recover(&self, name: &CStr) -> Recovered {
        // What this program takes is a file that processes share.
        match self.stat(name) {
            Ok(stat) if stat.is(libc::S_IFREG) || stat.is(libc::S_IFIFO) => {}
            Ok(stat) => {
                let why = format!("it is {}, which was not put there", stat.file_type());
                return Recovered::Stays(self.path(name), why);
            }
            Err(error) => {
                let why = format!("it cannot be looked at: {}", Fault::from_os(&error).cause);
                return Recovered::Stays(self.path(name), why);
            }
        }
        let error = match self.put_back(name) {
            Ok(()) => return Recovered::PutBack(path(&self.home.path, &[name])),
            Err(error) => error,
        };
        if error.kind() != io::ErrorKind::AlreadyExists {
            let why = format!("it cannot be put back: {}", cannot_move(&error).cause);
            return Recovered::Stays(self.path(name), why);
        }
        match self.destroy_unheld(name) {
            Ok(()) => Recovered::Finished(self.path(name)),
            Err(why) => {
                Recovered::Stays(self.path(name), format!("its name has been taken, and {why}"))
            }
        }
    }

    /// Removes a file that nobody holds. Nobody can open it by a name in this directory: whoever does not hold it by now never
    /// will. The error is a clause that says why it stays.
    fn destroy_unheld(&self, name: &CStr) -> Result<(), String> {
        let cannot =
            |what| move |error| format!("it cannot be {what}: {}", Fault::from_os(&error).cause);
        // Nobody else can put anything there.
        if !file::stat_at(&self.directory, name).map_err(cannot("looked at"))?.is(libc::S_IFREG) {
            return Err("it is no regular file, which nothing proves to be unused".into());
        }
        let opened =
            file::open_at(&self.directory, name, OFlag::empty()).map_err(cannot("opened"))?;
        let _lease = Lease::take(opened).map_err(|(error, _)| match error.kind() {
            io::ErrorKind::WouldBlock => "a process holds it".to_owned(),
            _ => cannot("leased")(error),
        })?;
        self.destroy(name).map_err(cannot("removed"))
    }
}

/// Why a file cannot be moved into quarantine or out of it.
pub fn cannot_move(error: &io::Error) -> Fault {
    match error.raw_os_error() {
        Some(libc::EINVAL | libc::ENOSYS) => Fault::new(
            Class::Failed,
            "this kernel or file system moves no file without replacing another (renameat2, RENAME_NOREPLACE)",
        ),
        _ => Fault::from_os(error),
    }
}
