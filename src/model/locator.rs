//! The part of an address after the colon, and the forms that it can have. A facility names its forms in a table.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::encoding::{Encoded, quoted};
use super::named::Named;

/// Which interface of the kernel an object belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// System V IPC: named by id and key.
    Sysv,
    /// POSIX IPC: named by a name with one leading slash.
    Posix,
    /// A file that any path can name.
    File,
}

impl Named for Family {
    const ALL: &'static [Self] = &[Self::Sysv, Self::Posix, Self::File];

    fn name(self) -> &'static str {
        match self {
            Self::Sysv => "sysv",
            Self::Posix => "posix",
            Self::File => "file",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Sysv => "System V IPC",
            Self::Posix => "POSIX IPC",
            Self::File => "Files that any path can name",
        }
    }
}

/// Which object of its facility: its form alone says the family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Locator {
    /// A System V id, 0 to 2147483647.
    Id(u32),
    /// A System V key, never 0 (IPC_PRIVATE names nothing).
    Key(u32),
    /// A POSIX name, without its leading slash.
    Name(Box<OsStr>),
    /// An absolute path.
    Path(Box<Path>),
}

impl Locator {
    /// The form that this locator has.
    pub fn form(&self) -> &'static LocatorForm {
        match self {
            Self::Id(_) => &ID,
            Self::Key(_) => &KEY,
            Self::Name(_) => &NAME,
            Self::Path(_) => &PATH,
        }
    }
}

impl Display for Locator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(out, "{id}"),
            Self::Key(key) => write!(out, "{key:#x}"),
            Self::Name(name) => {
                out.write_str("/")?;
                Encoded(name.as_bytes()).fmt(out)
            }
            Self::Path(path) => Encoded(path.as_os_str().as_bytes()).fmt(out),
        }
    }
}

/// A form of locators.
pub struct LocatorForm {
    /// What stands for it in help and messages: `0xKEY`.
    pub word: &'static str,
    /// The same in a sentence: `a key (0x1 to 0xffffffff)`.
    pub about: &'static str,
    /// The family of the objects that have it.
    pub family: Family,
    /// How the locator of a new object can begin, with a remark; empty if the kernel chooses it.
    pub begins: &'static [(&'static str, &'static str)],
    /// Returns true if a decoded text has this form.
    fits: fn(&[u8]) -> bool,
    /// Reads a decoded text of this form. `longest` is the most bytes that a name may have.
    parse: fn(text: Vec<u8>, word: &str, longest: usize) -> Result<Locator, String>,
}

// There is one static of each.
impl PartialEq for LocatorForm {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl LocatorForm {
    /// Reads a decoded text, if it has this form. `word` is the facility's, `longest` the most bytes that a name may have.
    ///
    /// # Errors
    /// A sentence that names the broken rule.
    pub fn read(&self, text: &[u8], word: &str, longest: usize) -> Option<Result<Locator, String>> {
        (self.fits)(text).then(|| (self.parse)(text.to_vec(), word, longest))
    }
}

/// A System V id.
pub static ID: LocatorForm = LocatorForm {
    word: "ID",
    about: "a System V id (0 to 2147483647)",
    family: Family::Sysv,
    begins: &[],
    fits: |text| !text.is_empty() && text.iter().all(u8::is_ascii_digit),
    parse: |text, _, _| {
        let id = std::str::from_utf8(&text).ok().and_then(|digits| digits.parse().ok());
        match id.filter(|&id| id <= i32::MAX.unsigned_abs()) {
            Some(id) => Ok(Locator::Id(id)),
            None => Err(format!("{} is no System V id: ids are 0 to 2147483647", quoted(&text))),
        }
    },
};

/// A System V key.
pub static KEY: LocatorForm = LocatorForm {
    word: "0xKEY",
    about: "a key (0x1 to 0xffffffff)",
    family: Family::Sysv,
    begins: &[("0x", " with a key")],
    fits: |text| matches!(text, [b'0', b'x' | b'X', ..]),
    parse: |text, _, _| match text.get(2..).and_then(parse_key) {
        Some(0) => Err("key 0x0 is IPC_PRIVATE and names no object".into()),
        Some(key) => Ok(Locator::Key(key)),
        None => Err(format!("{} is no System V key: keys are 0x1 to 0xffffffff", quoted(&text))),
    },
};

/// A POSIX name.
pub static NAME: LocatorForm = LocatorForm {
    word: "/NAME",
    about: "a POSIX name (/NAME)",
    family: Family::Posix,
    begins: &[("/", "")],
    fits: |text| text.first() == Some(&b'/'),
    parse: |text, word, longest| {
        let name = text.strip_prefix(b"/").unwrap_or(&text);
        check_name(word, name, longest)?;
        Ok(Locator::Name(OsStr::from_bytes(name).into()))
    },
};

/// A path. A relative one is looked up from the current directory.
pub static PATH: LocatorForm = LocatorForm {
    word: "PATH",
    about: "a path",
    family: Family::File,
    begins: &[("/", ""), ("./", " in this directory")],
    fits: |text| !text.is_empty(),
    parse: |text, _, _| {
        if text.contains(&0) {
            return Err("a path cannot contain a NUL byte".into());
        }
        let path = std::path::absolute(OsString::from_vec(text))
            .map_err(|error| format!("the current directory cannot be found: {error}"))?;
        Ok(Locator::Path(path.into()))
    },
};

fn parse_key(digits: &[u8]) -> Option<u32> {
    let all_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| all_hex)?;
    u32::from_str_radix(digits, 16).ok()
}

/// The C library's rules: `shm_open(3)`, `mq_overview(7)`, `sem_overview(7)`.
fn check_name(word: &str, name: &[u8], longest: usize) -> Result<(), String> {
    if name.is_empty() {
        Err("a POSIX name needs at least one character after its slash".into())
    } else if name.contains(&b'/') {
        Err("a POSIX name has one leading slash and no other".into())
    } else if name.contains(&0) {
        Err("a POSIX name cannot contain a NUL byte".into())
    } else if name == b"." || name == b".." {
        Err("/. and /.. are no POSIX names".into())
    } else if name.len() > longest {
        Err(format!(
            "a {word} name has at most {longest} bytes after its slash, this one has {}",
            name.len()
        ))
    } else {
        Ok(())
    }
}
