//! What went wrong with one object: its class (which is the exit status), its cause in the words of this
//! domain, and what would help.

use std::io;

/// The classes of failure. The number is the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Failed otherwise, or the answer is incomplete.
    Failed = 1,
    /// The command line makes no sense: nothing was attempted.
    Usage = 2,
    /// No such object.
    NotFound = 3,
    /// Permission denied.
    Denied = 4,
    /// Would block, or timed out.
    WouldBlock = 5,
    /// It exists already.
    Exists = 6,
    /// A limit is reached.
    Limit = 7,
}

impl Class {
    /// All of them, by number.
    pub const ALL: [Self; 7] = [
        Self::Failed,
        Self::Usage,
        Self::NotFound,
        Self::Denied,
        Self::WouldBlock,
        Self::Exists,
        Self::Limit,
    ];

    /// What the exit status means, in as few words as possible.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed or incomplete",
            Self::Usage => "usage",
            Self::NotFound => "no such object",
            Self::Denied => "permission denied",
            Self::WouldBlock => "would block or timed out",
            Self::Exists => "it exists already",
            Self::Limit => "a limit is reached",
        }
    }

    /// What the exit status means, without a full stop.
    pub fn about(self) -> &'static str {
        match self {
            Self::Failed => {
                "failed, or several objects failed for different reasons, or the answer is incomplete"
            }
            Self::Usage => "usage: nothing was attempted",
            Self::NotFound => "no such object",
            Self::Denied => "permission denied",
            Self::WouldBlock => "would block, or timed out",
            Self::Exists => "it exists already",
            Self::Limit => {
                "a limit is reached; the message names it, its value and how to raise it"
            }
        }
    }
}

/// Why one operation on one object failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the exit status says.
    pub class: Class,
    /// Lower case, no full stop: what follows the colon of `cannot remove shm:42: …`.
    pub cause: String,
    /// What would help, for the `hint:` line.
    pub hint: Option<String>,
    /// That is to be root or another user, which root need not be told.
    pub takes_another_user: bool,
    /// What the kernel said, for those who have to repeat its own words: `errno(3)`.
    pub errno: Option<i32>,
}

impl Fault {
    /// A failure of `class` with its cause.
    pub fn new(class: Class, cause: impl Into<String>) -> Self {
        Self { class, cause: cause.into(), hint: None, takes_another_user: false, errno: None }
    }

    /// The operation makes no sense for this object: a usage error.
    pub fn usage(cause: impl Into<String>) -> Self {
        Self::new(Class::Usage, cause)
    }

    /// No such object.
    pub fn not_found() -> Self {
        Self::new(Class::NotFound, "no such object")
    }

    /// The same fault with what would help.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same fault with whom to be. Root gets another hint: whom the kernel refuses has no such right in a container.
    #[must_use]
    pub fn hint_of_user(self, hint: impl Into<String>) -> Self {
        Self { takes_another_user: true, ..self.hint(hint) }
    }

    /// What would help whoever runs this, who is root or not.
    pub fn hint_for(&self, is_root: bool) -> Option<&str> {
        match &self.hint {
            Some(_) if is_root && self.takes_another_user => {
                Some("root may not do this here: run on the host, outside of containers")
            }
            hint => hint.as_deref(),
        }
    }

    /// The same fault with what the kernel said, where it does not know it yet.
    #[must_use]
    pub fn said(self, error: &io::Error) -> Self {
        Self { errno: self.errno.or(error.raw_os_error()), ..self }
    }

    /// What an errno means where nothing more is known of the call. Kinds translate what means something
    /// else to them first.
    pub fn from_os(error: &io::Error) -> Self {
        let fault = match error.kind() {
            io::ErrorKind::NotFound => Self::not_found(),
            io::ErrorKind::PermissionDenied => Self::new(Class::Denied, "permission denied"),
            io::ErrorKind::AlreadyExists => Self::new(Class::Exists, "it exists already"),
            io::ErrorKind::WouldBlock => Self::new(Class::WouldBlock, "it would block"),
            io::ErrorKind::TimedOut => Self::new(Class::WouldBlock, "timed out"),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::new(Class::Limit, "the file system is full").hint("see ipcctl limits")
            }
            io::ErrorKind::OutOfMemory => Self::new(Class::Limit, "the kernel is out of memory"),
            io::ErrorKind::ReadOnlyFilesystem => {
                Self::new(Class::Failed, "the file system is mounted read-only")
            }
            io::ErrorKind::InvalidFilename => {
                Self::usage("the name is too long for the file system")
            }
            _ => Self::new(Class::Failed, lower(&error.to_string())),
        };
        fault.said(error)
    }

    /// Like [`Fault::from_os`], where a missing object is gone rather than misnamed.
    pub fn reason(error: &io::Error) -> &'static str {
        match error.kind() {
            io::ErrorKind::NotFound => "it is gone",
            io::ErrorKind::PermissionDenied => "permission denied",
            _ => "it could not be read",
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::from_os(&error)
    }
}

/// The C library's sentences without their capital and the number that the standard library adds.
fn lower(text: &str) -> String {
    let text = text.split(" (os error").next().unwrap_or(text);
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errno_becomes_a_class_and_lower_case_words() {
        let fault = Fault::from_os(&io::Error::from_raw_os_error(22));
        assert_eq!((fault.class, fault.cause.as_str()), (Class::Failed, "invalid argument"));
        assert_eq!(Fault::from_os(&io::Error::from_raw_os_error(13)).class, Class::Denied);
        assert_eq!(Fault::from_os(&io::Error::from_raw_os_error(1)).class, Class::Denied);
        assert_eq!(Fault::from_os(&io::Error::from_raw_os_error(28)).class, Class::Limit);
    }
}
