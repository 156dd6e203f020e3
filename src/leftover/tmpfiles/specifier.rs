//! The specifiers of `tmpfiles.d(5)`, as the manager of the machine resolves them. Each is asked for when it is met, and once.

use std::cell::OnceCell;
use std::os::unix::ffi::OsStrExt;

use nix::sys::utsname::{UtsName, uname};

/// What specifiers stand for on this machine.
#[derive(Default)]
pub(super) struct Specifiers {
    machine: OnceCell<Option<UtsName>>,
}

impl Specifiers {
    /// A text with its specifiers resolved.
    ///
    /// # Errors
    /// A sentence about one that cannot be resolved.
    pub(super) fn resolve(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        let mut resolved = Vec::with_capacity(text.len());
        let mut rest = text.iter();
        while let Some(&byte) = rest.next() {
            if byte != b'%' {
                resolved.push(byte);
                continue;
            }
            let letter = rest.next().copied();
            match letter.and_then(|letter| self.value(letter)) {
                Some(value) => resolved.extend(value),
                None => {
                    let letter = letter.filter(u8::is_ascii_graphic).map(char::from);
                    let letter = letter.map(String::from).unwrap_or_default();
                    return Err(format!("%{letter} cannot be resolved"));
                }
            }
        }
        Ok(resolved)
    }

    fn value(&self, letter: u8) -> Option<Vec<u8>> {
        let fixed: &[u8] = match letter {
            b'%' => b"%",
            b't' => b"/run",
            b'S' => b"/var/lib",
            b'C' => b"/var/cache",
            b'L' => b"/var/log",
            b'T' => b"/tmp",
            b'V' => b"/var/tmp",
            b'u' | b'g' => b"root",
            b'U' | b'G' => b"0",
            b'h' => b"/root",
            b'b' => return id("/proc/sys/kernel/random/boot_id"),
            b'm' => return id("/etc/machine-id"),
            b'H' => return self.machine(UtsName::nodename),
            b'v' => return self.machine(UtsName::release),
            b'l' => {
                let name = self.machine(UtsName::nodename)?;
                let short = name.split(|byte| *byte == b'.').next()?.to_vec();
                return (!short.is_empty()).then_some(short);
            }
            _ => return None,
        };
        Some(fixed.to_vec())
    }

    fn machine(&self, part: fn(&UtsName) -> &std::ffi::OsStr) -> Option<Vec<u8>> {
        let machine = self.machine.get_or_init(|| uname().ok()).as_ref()?;
        Some(part(machine).as_bytes().to_vec()).filter(|text| !text.is_empty())
    }
}

/// An id of 32 hexadecimal digits, which the kernel prints with hyphens.
fn id(path: &str) -> Option<Vec<u8>> {
    let text = std::fs::read(path).ok()?;
    let digits: Vec<u8> = text.trim_ascii().iter().copied().filter(|byte| *byte != b'-').collect();
    (digits.len() == 32 && digits.iter().all(u8::is_ascii_hexdigit)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_knows_is_resolved_and_the_rest_is_not() {
        let specifiers = Specifiers::default();
        let resolve = |text: &str| {
            specifiers.resolve(text.as_bytes()).map(|text| String::from_utf8(text).unwrap())
        };
        assert_eq!(resolve("%t/a-%U%%").unwrap(), "/run/a-0%");
        assert_eq!(resolve("%b").unwrap().len(), 32);
        assert!(!resolve("%v").unwrap().is_empty() && !resolve("%H").unwrap().contains('%'));
        assert_eq!(resolve("/run/%A").unwrap_err(), "%A cannot be resolved");
        assert_eq!(resolve("/run/%\u{1b}").unwrap_err(), "% cannot be resolved");
        assert_eq!(resolve("/run/%").unwrap_err(), "% cannot be resolved");
    }
}
