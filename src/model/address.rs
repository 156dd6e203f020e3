//! `FACILITY:LOCATOR`: the one name that every verb prints and accepts.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::encoding::{Encoded, decode, quoted};

/// What a kind of object is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facility {
    /// Shared memory.
    Shm,
    /// Message queue.
    Mq,
    /// Semaphore, or set of semaphores.
    Sem,
    /// Named pipe.
    Fifo,
}

impl Facility {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Shm, Self::Mq, Self::Sem, Self::Fifo];

    /// The word before the colon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shm => "shm",
            Self::Mq => "mq",
            Self::Sem => "sem",
            Self::Fifo => "fifo",
        }
    }

    fn parse(word: &[u8]) -> Result<Self, String> {
        match word {
            b"msg" => Ok(Self::Mq),
            _ => Self::ALL.into_iter().find(|one| one.name().as_bytes() == word).ok_or_else(|| {
                format!(
                    "unknown facility {}: it is one of shm, mq (or msg), sem, fifo",
                    quoted(word)
                )
            }),
        }
    }
}

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

impl Family {
    /// The word that `--family` takes and the column prints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sysv => "sysv",
            Self::Posix => "posix",
            Self::File => "file",
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
    /// A POSIX name, with or without its leading slash.
    ///
    /// # Errors
    /// A sentence that names the broken rule.
    pub fn name(facility: Facility, name: &[u8]) -> Result<Self, String> {
        let name = name.strip_prefix(b"/").unwrap_or(name);
        check_name(facility, name)?;
        Ok(Self::Name(OsStr::from_bytes(name).into()))
    }

    /// The family that this form of locator belongs to.
    pub fn family(&self) -> Family {
        match self {
            Self::Id(_) | Self::Key(_) => Family::Sysv,
            Self::Name(_) => Family::Posix,
            Self::Path(_) => Family::File,
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

/// The address of one object. Printed, it is safe on a terminal and in a shell, and parses back to itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What the object is for.
    pub facility: Facility,
    /// Which one it is.
    pub locator: Locator,
}

impl Address {
    /// Reads `FACILITY:LOCATOR`, with `%XX` for any byte.
    ///
    /// # Errors
    /// A sentence that names the broken rule.
    pub fn parse(text: &OsStr) -> Result<Self, String> {
        match Selector::parse(text)? {
            Selector::Address(address) => Ok(address),
            Selector::Facility(facility) => Err(format!(
                "{} is a facility; an address names one object, as {0}:{}",
                facility.name(),
                if facility == Facility::Fifo { "PATH" } else { "ID, :0xKEY or :/NAME" }
            )),
        }
    }
}

impl Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.facility.name())?;
        out.write_str(":")?;
        self.locator.fmt(out)
    }
}

/// A facility as a whole, or one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Every object of a facility.
    Facility(Facility),
    /// One object.
    Address(Address),
}

impl Selector {
    /// Reads `FACILITY` or `FACILITY:LOCATOR`.
    ///
    /// # Errors
    /// A sentence that names the broken rule.
    pub fn parse(text: &OsStr) -> Result<Self, String> {
        let bytes = text.as_bytes();
        let Some(colon) = bytes.iter().position(|&byte| byte == b':') else {
            return Facility::parse(bytes).map(Self::Facility);
        };
        let facility = Facility::parse(&bytes[..colon])?;
        let text = decode(&bytes[colon + 1..]);
        let locator = match facility {
            Facility::Fifo => parse_path(text)?,
            _ => parse_locator(facility, text)?,
        };
        Ok(Self::Address(Address { facility, locator }))
    }
}

fn parse_path(text: Vec<u8>) -> Result<Locator, String> {
    if text.is_empty() {
        return Err("the path of the FIFO is missing: fifo:PATH".into());
    }
    if text.contains(&0) {
        return Err("a path cannot contain a NUL byte".into());
    }
    let path = std::path::absolute(OsString::from_vec(text))
        .map_err(|error| format!("the current directory cannot be found: {error}"))?;
    Ok(Locator::Path(path.into()))
}

fn parse_locator(facility: Facility, text: Vec<u8>) -> Result<Locator, String> {
    let shown = quoted(&text);
    let word = facility.name();
    match text.as_slice() {
        [] => Err(format!("the locator is missing: {word}:ID, {word}:0xKEY or {word}:/NAME")),
        [b'/', name @ ..] => {
            check_name(facility, name)?;
            Ok(Locator::Name(OsStr::from_bytes(name).into()))
        }
        [b'0', b'x' | b'X', digits @ ..] => match parse_key(digits) {
            Some(0) => Err("key 0x0 is IPC_PRIVATE and names no object".into()),
            Some(key) => Ok(Locator::Key(key)),
            None => Err(format!("{shown} is no System V key: keys are 0x1 to 0xffffffff")),
        },
        digits if digits.iter().all(u8::is_ascii_digit) => {
            let id = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            match id.filter(|&id| id <= i32::MAX.unsigned_abs()) {
                Some(id) => Ok(Locator::Id(id)),
                None => Err(format!("{shown} is no System V id: ids are 0 to 2147483647")),
            }
        }
        _ => Err(format!(
            "{shown} is neither a System V id (0 to 2147483647), a key (0x1 to 0xffffffff) nor a POSIX name (/NAME)"
        )),
    }
}

fn parse_key(digits: &[u8]) -> Option<u32> {
    let all_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| all_hex)?;
    u32::from_str_radix(digits, 16).ok()
}

/// The C library's rules: `shm_open(3)`, `mq_overview(7)`, `sem_overview(7)`.
fn check_name(facility: Facility, name: &[u8]) -> Result<(), String> {
    // The C library puts "sem." before a semaphore's name, and a file's name has at most 255 bytes.
    let longest = if facility == Facility::Sem { 251 } else { 255 };
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
            "a {} name has at most {longest} bytes after its slash, this one has {}",
            facility.name(),
            name.len()
        ))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Address, String> {
        Address::parse(OsStr::new(text))
    }

    #[test]
    fn the_form_of_the_locator_says_the_family() {
        for (text, family) in [
            ("shm:0", Family::Sysv),
            ("shm:2147483647", Family::Sysv),
            ("msg:0xffffffff", Family::Sysv),
            ("sem:/gate", Family::Posix),
            ("fifo:/run/x", Family::File),
        ] {
            assert_eq!(parse(text).unwrap().locator.family(), family, "{text}");
        }
    }

    #[test]
    fn nothing_is_wrapped_truncated_or_guessed() {
        for text in [
            "shm:-1",
            "shm:4294967296",
            "shm:2147483648",
            "shm:0x100000001",
            "shm:0x0",
            "shm:0x",
            "shm:0x+1",
            "shm:+1",
            "shm: 1",
            "shm:",
            "sem:/a/b",
            "sem:/",
            "mq:noslash",
            "mq:/.",
            "mq:/a%00b",
            "fifo:",
            "pipe:/x",
            ":/x",
            "",
            "shm",
            "shm:99999999999999999999999",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&format!("sem:/{}", "x".repeat(251))).is_ok());
        assert!(parse(&format!("sem:/{}", "x".repeat(252))).is_err());
        assert!(parse(&format!("shm:/{}", "x".repeat(255))).is_ok());
        assert!(parse(&format!("shm:/{}", "x".repeat(256))).is_err());
    }

    #[test]
    fn an_alias_prints_as_the_facility() {
        assert_eq!(parse("msg:0x5EED").unwrap().to_string(), "mq:0x5eed");
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_back(facility in 0..4usize, number: u32, name: Vec<u8>, form in 0..3) {
            let facility = Facility::ALL[facility];
            let locator = match (facility, form) {
                (Facility::Fifo, _) => {
                    let mut path = b"/".to_vec();
                    path.extend(name.iter().filter(|b| **b != 0));
                    Locator::Path(std::path::absolute(OsString::from_vec(path)).unwrap().into())
                }
                (_, 0) => Locator::Id(number >> 1),
                (_, 1) => Locator::Key(number.max(1)),
                _ => {
                    prop_assume!(check_name(facility, &name).is_ok());
                    Locator::Name(OsStr::from_bytes(&name).into())
                }
            };
            let address = Address { facility, locator };
            prop_assert_eq!(Address::parse(OsStr::new(&address.to_string())), Ok(address));
        }

        #[test]
        fn any_input_is_an_address_or_a_sentence(bytes: Vec<u8>) {
            if let Err(sentence) = Selector::parse(OsStr::from_bytes(&bytes)) {
                prop_assert!(!sentence.chars().any(char::is_control));
            }
        }
    }
}
