//! What is never to be touched: address patterns from the command line and from `/etc/ipcctl/keep`.

use std::io::ErrorKind;
use std::path::Path;

use glob::Pattern;

use crate::model::{Address, Facility, Fault, Locator, Object, Value};

/// The list of the machine's administrator.
pub const FILE: &str = "/etc/ipcctl/keep";

/// A pattern and where it stands.
#[derive(Clone, Debug)]
struct KeepLine {
    pattern: Pattern,
    origin: String,
}

/// Patterns of addresses that are to be kept.
#[derive(Clone, Debug, Default)]
pub struct Keep(Vec<KeepLine>);

impl Keep {
    /// The patterns of the command line and of the file, if it is there.
    ///
    /// # Errors
    /// The file cannot be read or has a line that is no pattern: then it is not known what to keep.
    pub fn read(given: &[Pattern], file: &Path) -> Result<Self, Fault> {
        let mut keep = Self::default();
        for pattern in given {
            keep.0.push(KeepLine { pattern: pattern.clone(), origin: format!("--keep {pattern}") });
        }
        let text = match std::fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(keep),
            Err(error) => {
                let fault = Fault::from_os(&error);
                let cause = format!("{} cannot be read: {}", file.display(), fault.cause);
                return Err(Fault { cause, ..fault });
            }
        };
        let broken = |number: usize, why: &str| {
            Fault::new(
                crate::model::Class::Failed,
                format!("{} line {number}: {why}", file.display()),
            )
            .hint("a line is an address with *, ? or […]: shm:/ora_*; # begins a comment")
        };
        let text = String::from_utf8(text).map_err(|_| broken(1, "it is not UTF-8 text"))?;
        for (line, number) in text.lines().zip(1..) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let pattern = Pattern::new(line).map_err(|error| broken(number, error.msg))?;
            let is_address = Facility::all()
                .any(|one| line.starts_with(&format!("{}:", one.name())))
                || line.starts_with('*');
            if !is_address {
                return Err(broken(number, "it does not begin with shm:, mq:, sem: or fifo:"));
            }
            keep.0.push(KeepLine {
                pattern,
                origin: format!("{} line {number}: {line}", file.display()),
            });
        }
        Ok(keep)
    }

    /// The line that keeps this object, by its address or by the address that its key makes.
    pub fn keeps(&self, object: &Object) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let mut names = vec![object.address.to_string()];
        if let Some(Value::Key(key)) = object.facts.get("key") {
            let facility = object.address.facility;
            names.push(Address { facility, locator: Locator::Key(*key) }.to_string());
        }
        let fits = |line: &&KeepLine| names.iter().any(|name| line.pattern.matches(name));
        self.0.iter().find(fits).map(|line| line.origin.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Keep, Fault> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("keep");
        std::fs::write(&file, text).unwrap();
        Keep::read(&[], &file)
    }

    #[test]
    fn comments_and_empty_lines_are_nothing() {
        assert_eq!(read("# all of Oracle\n\n shm:/ora_* # here\n*:/mine\n").unwrap().0.len(), 2);
    }

    #[test]
    fn a_missing_file_keeps_nothing_and_a_broken_one_is_a_fault() {
        assert!(Keep::read(&[], Path::new("/nonexistent/keep")).unwrap().0.is_empty());
        assert!(read("shm:/[a").unwrap_err().cause.contains("line 1"));
        assert!(read("shm:/a\n/ora_*").unwrap_err().cause.contains("line 2"));
        assert!(Keep::read(&[], Path::new("/")).is_err(), "a directory is no list");
    }
}
