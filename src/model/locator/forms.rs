//! The forms of locators, a static each: how the text is told, and how it is read.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::super::encoding::quoted;
use super::super::inet::{InetAddress, Transport};
use super::super::process::ProcessName;
use super::{Family, Locator, LocatorForm};

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

/// A process or thread.
pub static PROCESS: LocatorForm = LocatorForm {
    word: "PID[/TID]",
    about: "a process id, with /TID for a thread, with :INODE or :@TICKS for no later process of the same number",
    family: Family::Kernel,
    begins: &[],
    fits: |text| !text.is_empty(),
    parse: |text, _, _| ProcessName::parse(&text).map(Locator::Process),
};

/// A word in memory: what follows the plus is looked for in the text as it was typed.
pub static WORD: LocatorForm = LocatorForm {
    word: "MEMORY+0xOFFSET",
    about: "a place in memory (/frames+0x40)",
    family: Family::Word,
    begins: &[],
    fits: |_| false,
    parse: |text, _, _| Err(format!("{} is no place in memory", quoted(&text))),
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

/// What only descriptors lead to. `/proc/PID/fd` shows the number in brackets, which are accepted and not printed.
pub static INODE: LocatorForm = LocatorForm {
    word: "INO",
    about: "an inode number",
    family: Family::Kernel,
    begins: &[],
    fits: |text| is_number(without_brackets(text)),
    parse: |text, _, _| match number(without_brackets(&text)) {
        Some(inode) => Ok(Locator::Inode(inode)),
        None => Err(format!("{} is no inode number", quoted(&text))),
    },
};

/// A file without a name.
pub static FILE: LocatorForm = LocatorForm {
    word: "MAJOR:MINOR/INO",
    about: "a device and an inode number (0:27/11)",
    family: Family::Kernel,
    begins: &[],
    fits: |text| file(text).is_some(),
    parse: |text, _, _| match file(&text) {
        Some((Some(major), Some(minor), Some(inode))) => Ok(Locator::File(major, minor, inode)),
        _ => Err(format!("{} is no device and inode: a number is too large", quoted(&text))),
    },
};

/// A descriptor of a process, as `/proc` has them.
pub static DESCRIPTOR: LocatorForm = LocatorForm {
    word: "PID/FD",
    about: "a process id and the number of a descriptor (812/4)",
    family: Family::Kernel,
    begins: &[],
    fits: |text| descriptor(text).is_some(),
    parse: |text, _, _| match descriptor(&text) {
        Some((Some(pid), Some(fd))) if pid > 0 && pid <= MAX && fd <= MAX => {
            Ok(Locator::Descriptor(pid, fd))
        }
        _ => Err(format!("{} is no process id and descriptor number", quoted(&text))),
    },
};

/// A descriptor that this program has inherited.
pub static OWN: LocatorForm = LocatorForm {
    word: "fd:N",
    about: "an inherited descriptor (fd:3)",
    family: Family::Posix,
    begins: &[],
    fits: |text| text.strip_prefix(b"fd:").is_some_and(is_number),
    parse: |text, _, _| match text.get(3..).and_then(number).filter(|fd| *fd <= MAX) {
        Some(fd) => Ok(Locator::Own(fd)),
        None => Err(format!("{} is no descriptor: the number is too large", quoted(&text))),
    },
};

/// An abstract name of a Unix socket.
pub static ABSTRACT: LocatorForm = LocatorForm {
    word: "@NAME",
    about: "an abstract name (@NAME)",
    family: Family::Unix,
    begins: &[("@", " with an abstract name")],
    fits: |text| text.first() == Some(&b'@'),
    parse: |text, _, _| match text.get(1..).unwrap_or_default() {
        name if name.len() <= LONGEST_ABSTRACT => {
            Ok(Locator::Abstract(OsStr::from_bytes(name).into()))
        }
        name => Err(format!(
            "an abstract name has at most {LONGEST_ABSTRACT} bytes after its @, this one has {}",
            name.len()
        )),
    },
};

/// Bytes of an abstract name: those of `sun_path` but the first, `unix(7)`.
const LONGEST_ABSTRACT: usize = 107;

/// Where a socket of TCP is bound.
pub static TCP: LocatorForm = LocatorForm {
    word: "tcp:HOST:PORT",
    about: "a TCP port (tcp:127.0.0.1:80)",
    family: Family::Inet,
    begins: &[("tcp:localhost:", " of TCP")],
    fits: |text| text.starts_with(b"tcp:"),
    parse: |text, _, _| inet(Transport::Tcp, &text),
};

/// Where a socket of UDP is bound.
pub static UDP: LocatorForm = LocatorForm {
    word: "udp:HOST:PORT",
    about: "a UDP port (udp:127.0.0.1:53)",
    family: Family::Inet,
    begins: &[("udp:localhost:", " of UDP")],
    fits: |text| text.starts_with(b"udp:"),
    parse: |text, _, _| inet(Transport::Udp, &text),
};

fn inet(transport: Transport, text: &[u8]) -> Result<Locator, String> {
    InetAddress::parse(transport, text.get(4..).unwrap_or_default()).map(Locator::Inet)
}

/// The largest process id and descriptor number.
const MAX: u32 = i32::MAX.unsigned_abs();

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// A decimal number; `None` if it is too large.
fn number<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn without_brackets(text: &[u8]) -> &[u8] {
    let inside = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]"));
    inside.unwrap_or(text)
}

/// Two numbers with this byte between them, which is there once.
fn pair(text: &[u8], between: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == between)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn descriptor(text: &[u8]) -> Option<(Option<u32>, Option<u32>)> {
    let (pid, fd) = pair(text, b'/')?;
    (is_number(pid) && is_number(fd)).then(|| (number(pid), number(fd)))
}

fn file(text: &[u8]) -> Option<(Option<u32>, Option<u32>, Option<u64>)> {
    let (major, rest) = pair(text, b':')?;
    let (minor, inode) = pair(rest, b'/')?;
    let are_numbers = is_number(major) && is_number(minor) && is_number(inode);
    are_numbers.then(|| (number(major), number(minor), number(inode)))
}

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

/// A path where a locator can have other forms, too: it shows by its beginning that it is one. The locator is that of
/// [`PATH`].
pub static MARKED_PATH: LocatorForm = LocatorForm {
    word: "/PATH",
    about: "a path that begins with /, ./ or ../",
    family: Family::File,
    begins: PATH.begins,
    fits: |text| [&b"/"[..], b"./", b"../"].iter().any(|begin| text.starts_with(begin)),
    parse: PATH.parse,
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The locator that the first of these forms reads.
    fn read(forms: &[&LocatorForm], text: &str) -> Option<Result<Locator, String>> {
        forms.iter().find_map(|form| form.read(text.as_bytes(), "test", 255))
    }

    #[test]
    fn what_has_no_name_is_read_by_its_numbers_and_printed_without_brackets() {
        let forms = [&MARKED_PATH, &FILE, &DESCRIPTOR, &INODE];
        for (text, locator, printed) in [
            ("[66400]", Locator::Inode(66400), "66400"),
            ("18446744073709551615", Locator::Inode(u64::MAX), "18446744073709551615"),
            ("812/4", Locator::Descriptor(812, 4), "812/4"),
            ("0:27/11", Locator::File(0, 27, 11), "0:27/11"),
            ("/12/4", Locator::Path(Path::new("/12/4").into()), "/12/4"),
        ] {
            assert_eq!(read(&forms, text), Some(Ok(locator.clone())), "{text}");
            assert_eq!(locator.to_string(), printed);
            assert_eq!(read(&forms, printed), Some(Ok(locator)), "{printed}");
        }
    }

    #[test]
    fn numbers_that_are_none_or_too_large_are_refused() {
        let forms = [&MARKED_PATH, &FILE, &DESCRIPTOR, &INODE];
        for text in
            ["18446744073709551616", "0/1", "4294967296/1", "1/2147483648", "0:4294967296/1"]
        {
            assert!(matches!(read(&forms, text), Some(Err(_))), "{text}");
        }
        for text in ["[", "[]", "[1", "1]", "/", "1/", "1:2", "1:2/", "run/x", "-1", "+1", "1/-2"] {
            let path = text.starts_with('/');
            assert!(path || read(&forms, text).is_none(), "{text}");
        }
    }
}
