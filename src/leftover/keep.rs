//! What is never to be touched: addresses and patterns from the command line and from the keep files.

mod pattern;

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use glob::Pattern;
use nix::unistd::geteuid;

use crate::model::{
    Address, Class, DESCRIPTOR, Facility, Fault, FileId, INODE, Locator, OWN, Object, Trace, Value,
};
use crate::sys::directory as directories;
use crate::sys::file as files;

/// The list of the machine's administrator.
const FILE: &str = "/etc/ipcctl/keep";
/// The lists of packages and services.
const DIRECTORY: &str = "/etc/ipcctl/keep.d";
/// No list is longer, in bytes.
const LONGEST: u64 = 1 << 20;

/// What is kept, and where that stands.
#[derive(Clone, Debug)]
struct KeepLine {
    what: Matcher,
    origin: String,
}

/// What a line stands for.
#[derive(Clone, Debug)]
enum Matcher {
    /// One object, in whichever form its address was written.
    Address(Address),
    /// All whose address looks so, of one facility or of all.
    Pattern(Option<Facility>, Pattern),
}

/// What is to be kept.
#[derive(Clone, Debug, Default)]
pub struct Keep {
    lines: Vec<KeepLine>,
    /// Lines that a later version may understand, with what this one does not.
    pub warnings: Vec<String>,
}

/// The keep files: those of the machine, and the caller's own, which root has none of.
///
/// # Errors
/// A directory of lists is there and cannot be read.
pub fn files() -> Result<Vec<PathBuf>, Fault> {
    let mut files = vec![PathBuf::from(FILE)];
    files.extend(lists(Path::new(DIRECTORY))?);
    if !geteuid().is_root() {
        let absolute =
            |name| std::env::var_os(name).map(PathBuf::from).filter(|at| at.is_absolute());
        let home = || Some(absolute("HOME")?.join(".config"));
        let own = absolute("XDG_CONFIG_HOME").or_else(home);
        files.extend(own.map(|directory| directory.join("ipcctl/keep")));
    }
    Ok(files)
}

/// The lists in a directory, in the order of their names, hidden files apart.
fn lists(directory: &Path) -> Result<Vec<PathBuf>, Fault> {
    let entries = match directories::list(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| unreadable(directory, Fault::from_os(&error)))?,
    };
    let shown = entries.iter().filter(|entry| !entry.name.to_bytes().starts_with(b"."));
    let mut lists: Vec<_> = shown.map(|entry| directory.join(entry.name())).collect();
    lists.sort();
    Ok(lists)
}

fn unreadable(path: &Path, fault: Fault) -> Fault {
    Fault { cause: format!("{} cannot be read: {}", path.display(), fault.cause), ..fault }
}

/// The text of a list; empty where there is none. A FIFO or a device in its place is not waited for.
fn text(file: &Path) -> Result<String, Fault> {
    let fault = |cause: &str| unreadable(file, Fault::new(Class::Failed, cause));
    let from_os = |error: std::io::Error| unreadable(file, Fault::from_os(&error));
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let opened = match File::options().read(true).custom_flags(flags).open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            return Err(fault("it is a symbolic link"));
        }
        opened => opened.map_err(from_os)?,
    };
    if !opened.metadata().map_err(from_os)?.is_file() {
        return Err(fault("it is no regular file"));
    }
    let mut bytes = Vec::new();
    let length = opened.take(LONGEST + 1).read_to_end(&mut bytes).map_err(from_os)?;
    if length as u64 > LONGEST {
        return Err(fault("it has more than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| fault("it is not UTF-8 text"))
}

/// What stands in a line before its comment, which begins at its start or after white space: names may have a `#`.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    let comment = line.char_indices().find(|(_, letter)| {
        let begins = *letter == '#' && before.is_whitespace();
        before = *letter;
        begins
    });
    comment.map_or(line, |(at, _)| &line[..at]).trim()
}

/// The word before the colon, if it could be that of a facility and is none of this version.
fn unknown_facility(text: &str) -> Option<&str> {
    let (word, _) = text.split_once(':')?;
    let is_word = word.starts_with(|letter: char| letter.is_ascii_lowercase())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (is_word && Facility::parse(word.as_bytes()).is_err()).then_some(word)
}

impl Matcher {
    /// Reads an address or a pattern of addresses.
    ///
    /// # Errors
    /// A sentence that says why it can match nothing.
    fn parse(text: &str) -> Result<Self, String> {
        if !text.contains(pattern::SPECIAL) && !text.ends_with(']') {
            let address = Address::parse(OsStr::new(text))?;
            if [&DESCRIPTOR, &OWN].contains(&address.locator.form()) {
                return Err("it can match nothing: a descriptor is no object".into());
            }
            return Ok(Self::Address(address));
        }
        // Numbers in brackets, as /proc has them, are an address.
        if let Ok(address) = Address::parse(OsStr::new(text))
            && address.locator.form() == &INODE
        {
            return Ok(Self::Address(address));
        }
        if text.starts_with(pattern::SPECIAL) {
            return Ok(Self::Pattern(None, pattern::read(text)?));
        }
        let (word, locator) = text.split_once(':').ok_or_else(|| {
            format!("it does not begin with a facility ({}) and a colon", Facility::words())
        })?;
        let facility = Facility::parse(word.as_bytes())?;
        if !pattern::can_match(facility, locator) {
            return Err(format!("it can match nothing: {}", facility.patterns()));
        }
        let pattern = pattern::read(&format!("{}:{locator}", facility.name()))?;
        Ok(Self::Pattern(Some(facility), pattern))
    }

    fn fits(&self, address: &Address, file: Option<FileId>) -> bool {
        match self {
            Self::Address(one) => one == address || is_same_file(one, address, file),
            Self::Pattern(facility, pattern) => {
                facility.is_none_or(|one| one == address.facility)
                    && pattern.matches(&address.to_string())
            }
        }
    }
}

/// Returns true if a line has another path to the file of an object: one that leads through a link, as `/var/run` does.
fn is_same_file(line: &Address, address: &Address, file: Option<FileId>) -> bool {
    let (Locator::Path(one), Locator::Path(other), Some(file)) =
        (&line.locator, &address.locator, file)
    else {
        return false;
    };
    let stat = || {
        let path = CString::new(one.as_os_str().as_bytes()).ok()?;
        files::stat_in_time(&path).ok()
    };
    line.facility == address.facility
        && one.file_name() == other.file_name()
        && stat().is_some_and(|stat| (FileId { device: stat.device, inode: stat.inode }) == file)
}

/// Returns true if a line names a path from the current directory, which is another one in each run.
fn is_relative(line: &str) -> bool {
    let Some((word, path)) = line.split_once(':') else { return false };
    Facility::parse(word.as_bytes()).is_ok_and(|facility| match facility.locator(path.as_bytes()) {
        Ok(Locator::Path(_)) => !path.starts_with('/'),
        _ => false,
    })
}

impl Keep {
    /// What the command line and the files keep. A file that is not there keeps nothing.
    ///
    /// # Errors
    /// A file cannot be read, or a line can match nothing: then it is not known what to keep.
    pub fn read(given: &[Pattern], files: &[PathBuf]) -> Result<Self, Fault> {
        let mut keep = Self::default();
        for pattern in given {
            let origin = format!("--keep {pattern}");
            let what = Matcher::parse(pattern.as_str())
                .map_err(|why| Fault::usage(format!("{origin}: {why}")))?;
            keep.lines.push(KeepLine { what, origin });
        }
        for file in files {
            for (line, number) in text(file)?.lines().zip(1..) {
                let line = without_comment(line);
                if line.is_empty() {
                    continue;
                }
                let broken = |why| {
                    let cause = format!("{} line {number}: {why}", file.display());
                    Fault::new(Class::Failed, cause)
                        .hint("a line is an address, which may have *, ? or […]: shm:/ora_*")
                };
                if let Some(word) = unknown_facility(line) {
                    keep.warnings.push(format!(
                        "{} line {number} keeps nothing: this version has no facility {word}",
                        file.display()
                    ));
                    continue;
                }
                if is_relative(line) {
                    return Err(broken("a path in a list begins with /".into()));
                }
                let what = Matcher::parse(line).map_err(broken)?;
                let origin = format!("{} line {number}: {line}", file.display());
                keep.lines.push(KeepLine { what, origin });
            }
        }
        Ok(keep)
    }

    /// The line that keeps this object, by its address or by the address that its key makes.
    pub fn keeps(&self, object: &Object) -> Option<&str> {
        if self.lines.is_empty() {
            return None;
        }
        let facility = object.address.facility;
        let by_key = match object.facts.get("key") {
            Some(Value::Key(key)) => Some(Address { facility, locator: Locator::Key(*key) }),
            _ => None,
        };
        let file = object.trace.as_ref().and_then(Trace::file);
        let fits = |line: &&KeepLine| {
            line.what.fits(&object.address, file)
                || by_key.as_ref().is_some_and(|key| line.what.fits(key, None))
        };
        self.lines.iter().find(fits).map(|line| line.origin.as_str())
    }
}

/// For `fuzz/`: the lines of a keep file, held against an address.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let address = Address::parse(OsStr::new("shm:/psm_1a2b3c4d-aaaaaaaaaaaaaaaaaaaaaaaa"));
    for line in text.lines().map(without_comment) {
        if let (Ok(matcher), Ok(address)) = (Matcher::parse(line), &address) {
            matcher.fits(address, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read(text: &str) -> Result<Keep, Fault> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("keep");
        fs::write(&file, text).unwrap();
        Keep::read(&[], &[file])
    }

    fn fits(line: &str, address: &str) -> bool {
        Matcher::parse(line).unwrap().fits(&Address::parse(OsStr::new(address)).unwrap(), None)
    }

    #[test]
    fn comments_and_empty_lines_are_nothing() {
        assert_eq!(
            read("# all of Oracle\n\n shm:/ora_* # here\n*:/mine\n").unwrap().lines.len(),
            2
        );
        assert_eq!(without_comment("shm:/a#1 # the first"), "shm:/a#1");
        assert_eq!(without_comment(" # nothing"), "");
    }

    #[test]
    fn every_form_of_an_address_keeps_the_object() {
        assert!(fits("shm:0x5", "shm:0x00000005") && fits("msg:/q", "mq:/q"));
        assert!(fits("shm:/a%20b", "shm:/a b") && fits("msg:/q*", "mq:/q1"));
        assert!(
            fits("*_el", "shm:/p_el") && !fits("shm:/a*", "sem:/a1") && !fits("shm:/a", "shm:/b")
        );
        // As typed, and as printed.
        assert!(fits("shm:/a#b*", "shm:/a#b1") && fits("shm:/a%23b*", "shm:/a#b1"));
        assert!(fits("shm:/a b?", "shm:/a b1") && fits("shm:/m[äö]*", "shm:/mär"));
        assert!(
            fits("sock:[77]", "sock:77") && fits("pipe:[7]", "pipe:7") && fits("shm:?", "shm:5")
        );
        assert!(fits("shm:0xde?d", "shm:0xdead") && fits("sock:@x*", "sock:@xy"));
        assert!(
            fits("sock:tcp:127.0.0.1:*", "sock:tcp:127.0.0.1:80")
                && fits("fifo:/run/*", "fifo:/run/a/b")
        );
    }

    #[test]
    fn a_facility_of_a_later_version_is_a_warning() {
        let keep = read("later:/x\nshm:/a\nshn:0x5*\n").unwrap();
        assert_eq!((keep.lines.len(), keep.warnings.len()), (1, 2));
        assert!(
            keep.warnings[0].contains("line 1 keeps nothing: this version has no facility later")
        );
        assert!(Keep::read(&[Pattern::new("later:/x").unwrap()], &[]).is_err());
    }

    #[test]
    fn a_missing_file_keeps_nothing_and_a_broken_one_is_a_fault() {
        assert!(Keep::read(&[], &["/nonexistent/keep".into()]).unwrap().lines.is_empty());
        for line in [
            "/ora_*", "shm:/[a", "shm:a*", "shm:", "shm", "shm:/a/*", "shm:0x0*", "sem:5*z",
            "fifo:a*", "fifo:a", "fifo:./a", "sock:./a", "sock:7/4", "pipe:7/4", "Shm:/a",
            "mq:/a/b", "sock:a*",
        ] {
            let fault = read(&format!("shm:/a\n{line}")).expect_err(line);
            assert!(fault.cause.contains("line 2"), "{line}: {}", fault.cause);
        }
        assert!(read(&"#".repeat(1 << 20)).is_ok() && read(&"#".repeat((1 << 20) + 1)).is_err());
        assert!(Keep::read(&[], &["/".into()]).is_err(), "a directory is no list");
        assert!(
            Keep::read(&[Pattern::new("cache_*").unwrap()], &[]).is_err(),
            "it matches nothing"
        );
    }

    #[test]
    fn a_list_behind_a_link_or_in_a_fifo_is_a_fault_and_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let (fifo, link) = (directory.path().join("b"), directory.path().join("a"));
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        fs::write(directory.path().join(".hidden"), "shm:/x").unwrap();
        assert_eq!(lists(directory.path()).unwrap(), [link.clone(), fifo.clone()]);
        assert!(Keep::read(&[], &[fifo]).unwrap_err().cause.contains("regular"));
        assert!(Keep::read(&[], &[link]).unwrap_err().cause.contains("symbolic link"));
    }
}
