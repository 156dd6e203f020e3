//! What `tmpfiles.d(5)` provides or keeps: files that systemd makes at each start, and files that it never cleans away. A
//! program comes back for such a file, whoever lives. Knows no kind: a file is a path.

mod line;
mod specifier;

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use nix::fcntl::OFlag;

use crate::model::{Address, Encoded, Locator};
use crate::sys::directory as directories;
use crate::sys::file;
use line::{Line, LineSort};
use specifier::Specifiers;

/// Where the lists are: a file in an earlier one stands for those of the same name in later ones.
const DIRECTORIES: [&str; 4] =
    ["/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"];
/// No list is longer, in bytes.
const LONGEST: u64 = 1 << 20;
/// What `fnmatch(3)` does there: `*` stays in one directory and does not mean hidden files.
const GLOB: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// A glob of files that are never cleaned away.
#[derive(Clone, Debug)]
struct Excluded {
    glob: Pattern,
    /// What is below is meant, too.
    below: bool,
    origin: String,
}

/// What the lists of the machine provide and keep.
#[derive(Clone, Debug, Default)]
struct Tmpfiles {
    provided: HashMap<Vec<u8>, String>,
    excluded: Vec<Excluded>,
    /// Lines and lists that protect nothing, because they cannot be understood or read, with the reason.
    notes: Vec<String>,
}

/// The lists of the machine, read when the first file is held against them: where there is none, nothing is read.
#[derive(Clone, Debug, Default)]
pub struct MachineLists(OnceCell<Tmpfiles>);

impl MachineLists {
    /// The line that protects the object of this address, in a sentence.
    pub fn protects(&self, address: &Address) -> Option<String> {
        let is_file = matches!(&address.locator, Locator::Path(_) | Locator::Name(_));
        is_file.then(|| self.0.get_or_init(Tmpfiles::read).protects(address)).flatten()
    }

    /// What is wrong with the lists, if they were read.
    pub fn notes(&self) -> &[String] {
        self.0.get().map_or(&[], |lists| &lists.notes)
    }
}

impl Tmpfiles {
    /// Reads the lists of the machine. What is not there provides nothing.
    fn read() -> Self {
        Self::of(&DIRECTORIES.map(Path::new))
    }

    fn of(directories: &[&Path]) -> Self {
        let mut tmpfiles = Self::default();
        let mut lists: BTreeMap<OsString, PathBuf> = BTreeMap::new();
        for directory in directories {
            match directories::list(directory) {
                Ok(entries) => {
                    let is_list =
                        |name: &[u8]| name.ends_with(b".conf") && name.first() != Some(&b'.');
                    let names = entries.iter().filter(|entry| is_list(entry.name.to_bytes()));
                    for entry in names {
                        let path = directory.join(entry.name());
                        lists.entry(entry.name().to_owned()).or_insert(path);
                    }
                }
                Err(error) if is_absent(&error) => {}
                Err(error) => tmpfiles.note(directory, &error.to_string()),
            }
        }
        let specifiers = Specifiers::default();
        for path in lists.values() {
            match text(path) {
                Ok(text) => tmpfiles.add(path, &text, &specifiers),
                Err(error) if is_absent(&error) => {}
                Err(error) => tmpfiles.note(path, &error.to_string()),
            }
        }
        tmpfiles
    }

    fn note(&mut self, of: &Path, why: &str) {
        let of = Encoded(of.as_os_str().as_bytes());
        self.notes.push(format!("{of} protects nothing: {why}"));
    }

    fn add(&mut self, list: &Path, text: &[u8], specifiers: &Specifiers) {
        for (line, number) in text.split(|byte| *byte == b'\n').zip(1u64..) {
            let origin = || format!("{} line {number}", Encoded(list.as_os_str().as_bytes()));
            let Some(Line { sort, path }) = Line::parse(line) else { continue };
            let path = match specifiers.resolve(&path) {
                Ok(path) => line::simplified(&path),
                Err(why) => {
                    self.notes.push(format!("{} protects nothing: {why}", origin()));
                    continue;
                }
            };
            let Some(path) = path else { continue };
            match sort {
                LineSort::Provides => drop(self.provided.entry(path).or_insert_with(origin)),
                LineSort::Excludes { below } => match Pattern::new(&String::from_utf8_lossy(&path))
                {
                    Ok(glob) => self.excluded.push(Excluded { glob, below, origin: origin() }),
                    Err(error) => {
                        self.notes.push(format!("{} protects nothing: {}", origin(), error.msg));
                    }
                },
            }
        }
    }

    /// The line that protects the object of this address, in a sentence.
    fn protects(&self, address: &Address) -> Option<String> {
        if self.provided.is_empty() && self.excluded.is_empty() {
            return None;
        }
        let path = match &address.locator {
            Locator::Path(path) => path.as_os_str().as_bytes().to_vec(),
            Locator::Name(name) => address.facility.path_of(name.as_bytes())?,
            _ => return None,
        };
        if let Some(origin) = self.provided.get(&path) {
            return Some(format!("{origin} provides it"));
        }
        let text = String::from_utf8_lossy(&path);
        let path = Path::new(&*text);
        let keeps = |one: &&Excluded| {
            let mut ancestors = path.ancestors().take(if one.below { usize::MAX } else { 1 });
            ancestors.any(|path| one.glob.matches_path_with(path, GLOB))
        };
        let one = self.excluded.iter().find(keeps)?;
        Some(format!("{} keeps it", one.origin))
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The bytes of a list. A link is followed, for that is how lists are put there by some; one to /dev/null masks those of
/// its name. Nothing but a regular file is opened.
fn text(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
    let handle = nix::fcntl::open(path, flags, nix::sys::stat::Mode::empty())?;
    let stat = file::stat(&handle)?;
    if stat.is(libc::S_IFCHR) {
        return Ok(Vec::new());
    }
    if !stat.is(libc::S_IFREG) {
        return Err(io::Error::other("it is no regular file"));
    }
    let opened = file::reopen(handle.as_fd(), OFlag::O_RDONLY)?;
    let mut bytes = Vec::with_capacity(usize::try_from(stat.size.min(LONGEST) + 1).unwrap_or(0));
    let length = std::fs::File::from(opened).take(LONGEST + 1).read_to_end(&mut bytes)?;
    if length as u64 > LONGEST {
        return Err(io::Error::other("it has more than 1 MiB"));
    }
    Ok(bytes)
}

/// For `fuzz/`: the lines of a list, held against a path.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    let mut tmpfiles = Tmpfiles::default();
    tmpfiles.add(Path::new("fuzz.conf"), bytes, &Specifiers::default());
    for note in &tmpfiles.notes {
        assert!(!note.chars().any(char::is_control));
    }
    if let Ok(address) = Address::parse(std::ffi::OsStr::new("fifo:/run/initctl")) {
        tmpfiles.protects(&address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn of(text: &str) -> Tmpfiles {
        let mut tmpfiles = Tmpfiles::default();
        tmpfiles.add(Path::new("/x.conf"), text.as_bytes(), &Specifiers::default());
        tmpfiles
    }

    fn protects(tmpfiles: &Tmpfiles, address: &str) -> Option<String> {
        tmpfiles.protects(&Address::parse(OsStr::new(address)).unwrap())
    }

    #[test]
    fn files_fifos_and_links_are_provided_whatever_follows_the_letter() {
        let lines = "f /dev/shm/a\nF!+ /dev/shm/sem.b 0600 root root -\np+ /run/c\nL?= //run/./d/ - - - - /x\n";
        let tmpfiles = of(&format!("# f /run/e\n\n d /run/g\n{lines}f~^$ /dev/mqueue/h\n"));
        for address in ["shm:/a", "sem:/b", "fifo:/run/c", "fifo:/run/d", "mq:/h"] {
            assert!(protects(&tmpfiles, address).is_some(), "{address}: {tmpfiles:?}");
        }
        assert_eq!(protects(&tmpfiles, "shm:/a").unwrap(), "/x.conf line 4 provides it");
        for address in ["shm:/b", "fifo:/run/e", "fifo:/run/g", "fifo:/run/c/x", "shm:5", "sem:/h"]
        {
            assert_eq!(protects(&tmpfiles, address), None, "{address}");
        }
    }

    #[test]
    fn what_is_excluded_from_cleaning_is_kept_by_glob() {
        let tmpfiles = of("x /run/private-*\nX! /dev/shm/cache-[0-9]\nx /var/run/old*\n");
        for address in
            ["fifo:/run/private-7", "fifo:/run/private-7/a/b", "shm:/cache-4", "fifo:/run/old1"]
        {
            assert!(protects(&tmpfiles, address).unwrap().ends_with("keeps it"), "{address}");
        }
        let below = of("X /run/y\nx /run/*/z");
        for address in ["fifo:/run/private", "shm:/cache-44", "fifo:/run/.private-7"] {
            assert_eq!(protects(&tmpfiles, address), None, "{address}");
        }
        assert!(
            protects(&below, "fifo:/run/y").is_some()
                && protects(&below, "fifo:/run/a/z").is_some()
        );
        assert!(
            protects(&below, "fifo:/run/y/a").is_none()
                && protects(&below, "fifo:/run/a/b/z").is_none()
        );
    }

    #[test]
    fn a_specifier_that_cannot_be_resolved_protects_nothing_and_is_noted() {
        let tmpfiles = of("f %t/a%%b\nf /run/%A\nf /run/%\nd /run/%A\nx /run/[a\n");
        assert!(protects(&tmpfiles, "fifo:/run/a%25b").is_some());
        assert_eq!(tmpfiles.notes.len(), 3, "{:?}", tmpfiles.notes);
        assert!(tmpfiles.notes[0].starts_with("/x.conf line 2 protects nothing: "));
    }

    #[test]
    fn an_earlier_directory_goes_first_and_a_link_to_nothing_masks() {
        let directory = tempfile::tempdir().unwrap();
        let [etc, usr] = ["etc", "usr"].map(|name| directory.path().join(name));
        for path in [&etc, &usr] {
            fs::create_dir(path).unwrap();
        }
        fs::write(usr.join("a.conf"), "f /dev/shm/usr-a\n").unwrap();
        fs::write(etc.join("a.conf"), "f /dev/shm/etc-a\n").unwrap();
        fs::write(usr.join("masked.conf"), "f /dev/shm/masked\n").unwrap();
        symlink("/dev/null", etc.join("masked.conf")).unwrap();
        fs::write(usr.join("kept.conf.bak"), "f /dev/shm/backup\n").unwrap();
        fs::write(directory.path().join("far"), "f /dev/shm/linked\n").unwrap();
        symlink("../far", usr.join("link.conf")).unwrap();
        // What is not to be waited for, and what is too much.
        nix::unistd::mkfifo(&usr.join("fifo.conf"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let large = fs::File::create(usr.join("large.conf")).unwrap();
        large.set_len(1 << 40).unwrap();
        symlink("nothing", usr.join("dangling.conf")).unwrap();
        let tmpfiles = Tmpfiles::of(&[&etc, &usr, &directory.path().join("none")]);
        for (address, there) in [
            ("shm:/etc-a", true),
            ("shm:/usr-a", false),
            ("shm:/masked", false),
            ("shm:/backup", false),
            ("shm:/linked", true),
        ] {
            assert_eq!(protects(&tmpfiles, address).is_some(), there, "{address}");
        }
        assert_eq!(tmpfiles.notes.len(), 2, "{:?}", tmpfiles.notes);
    }
}
