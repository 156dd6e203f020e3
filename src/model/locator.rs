//! The part of an address after the colon, and the forms that it can have. A facility names its forms in a table.

mod forms;

use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub use forms::{
    ABSTRACT, DESCRIPTOR, FILE, ID, INODE, KEY, MARKED_PATH, NAME, OWN, PATH, PROCESS, TCP, UDP,
    WORD,
};

use super::encoding::Encoded;
use super::inet::{InetAddress, Transport};
use super::named::Named;
use super::process::ProcessName;

/// Which interface of the kernel an object belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// System V IPC: named by id and key.
    Sysv,
    /// POSIX IPC: named by a name with one leading slash.
    Posix,
    /// A file that any path can name.
    File,
    /// What the kernel makes for descriptors and mappings, without a file that has a name.
    Kernel,
    /// Unix sockets.
    Unix,
    /// Internet sockets.
    Inet,
    /// Words in shared memory.
    Word,
}

impl Named for Family {
    const ALL: &'static [Self] =
        &[Self::Sysv, Self::Posix, Self::File, Self::Kernel, Self::Unix, Self::Inet, Self::Word];

    fn name(self) -> &'static str {
        match self {
            Self::Sysv => "sysv",
            Self::Posix => "posix",
            Self::File => "file",
            Self::Kernel => "kernel",
            Self::Unix => "unix",
            Self::Inet => "inet",
            Self::Word => "word",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Sysv => "System V IPC",
            Self::Posix => "POSIX IPC",
            Self::File => "Files that any path can name",
            Self::Kernel => "Objects without a file that has a name",
            Self::Unix => "Unix sockets",
            Self::Inet => "Internet sockets",
            Self::Word => "Semaphores and locks in shared memory",
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
    /// What only descriptors lead to, by its inode: a pipe, a socket.
    Inode(u64),
    /// A file without a name: major and minor number of its device, and its inode.
    File(u32, u32, u64),
    /// An abstract name of a Unix socket, without the NUL byte at its beginning.
    Abstract(Box<OsStr>),
    /// Where an Internet socket is bound.
    Inet(InetAddress),
    /// Whatever this descriptor of this process is: resolved to the object, as a key is.
    Descriptor(u32, u32),
    /// A descriptor that this program has inherited.
    Own(u32),
    /// A process or thread.
    Process(ProcessName),
    /// A place in the memory that this locator names, in bytes from its beginning.
    Word(Box<Self>, u64),
}

impl Locator {
    /// The form that this locator has.
    pub fn form(&self) -> &'static LocatorForm {
        match self {
            Self::Id(_) => &ID,
            Self::Key(_) => &KEY,
            Self::Name(_) => &NAME,
            Self::Path(_) => &PATH,
            Self::Inode(_) => &INODE,
            Self::File(..) => &FILE,
            Self::Descriptor(..) => &DESCRIPTOR,
            Self::Own(_) => &OWN,
            Self::Abstract(_) => &ABSTRACT,
            Self::Inet(inet) if inet.transport == Transport::Tcp => &TCP,
            Self::Inet(_) => &UDP,
            Self::Process(_) => &PROCESS,
            Self::Word(..) => &WORD,
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
                write_name(name.as_bytes(), out)
            }
            Self::Path(path) => write_name(path.as_os_str().as_bytes(), out),
            Self::Inode(inode) => write!(out, "{inode}"),
            Self::File(major, minor, inode) => write!(out, "{major}:{minor}/{inode}"),
            Self::Descriptor(pid, fd) => write!(out, "{pid}/{fd}"),
            Self::Own(fd) => write!(out, "fd:{fd}"),
            Self::Abstract(name) => {
                out.write_str("@")?;
                Encoded(name.as_bytes()).fmt(out)
            }
            Self::Inet(inet) => inet.fmt(out),
            Self::Process(process) => process.fmt(out),
            Self::Word(memory, offset) => write!(out, "{memory}+{offset:#x}"),
        }
    }
}

/// A name or path, which may end as the address of a word does: then its plus is encoded.
fn write_name(name: &[u8], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match word_offset(name) {
        Some((before, _)) => {
            let digits = name.get(before.len() + 1..).unwrap_or_default();
            write!(out, "{}%2B{}", Encoded(before), Encoded(digits))
        }
        None => Encoded(name).fmt(out),
    }
}

/// What stands before `+0xOFFSET` at the end of a text, and the offset; `None` for a text that does not end so.
pub(super) fn word_offset(text: &[u8]) -> Option<(&[u8], u64)> {
    let plus = text.iter().rposition(|byte| *byte == b'+').filter(|plus| *plus > 0)?;
    let digits = text.get(plus + 1..)?.strip_prefix(b"0x")?;
    let digits = std::str::from_utf8(digits).ok()?;
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let offset = u64::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((text.get(..plus)?, offset))
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
