//! What kinds of object are for, as a table: the words of addresses, and the forms that their locators have.

use super::encoding::quoted;
use super::locator::{
    ABSTRACT, DESCRIPTOR, FILE, ID, INODE, KEY, Locator, LocatorForm, MARKED_PATH, NAME, OWN, PATH,
    PROCESS, TCP, UDP, WORD,
};
use super::named::listed;

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
    /// File with advisory locks.
    Lock,
    /// Pipe without a name.
    Pipe,
    /// File that is mapped shared.
    Map,
    /// Socket.
    Sock,
    /// Process.
    Pid,
    /// The smallest kind, for tests alone.
    #[cfg(any(test, feature = "skeleton"))]
    Skeleton,
}

/// A row of the table.
struct FacilityRow {
    facility: Facility,
    name: &'static str,
    alias: Option<&'static str>,
    forms: &'static [&'static LocatorForm],
    /// Bytes that a name may have after its slash. The C library puts `sem.` before a semaphore's name, and the name of a
    /// file has at most 255 bytes.
    longest: usize,
}

static ROWS: &[FacilityRow] = &[
    FacilityRow {
        facility: Facility::Shm,
        name: "shm",
        alias: None,
        forms: &[&ID, &KEY, &NAME, &FILE, &WORD],
        longest: 255,
    },
    FacilityRow {
        facility: Facility::Mq,
        name: "mq",
        alias: Some("msg"),
        forms: &[&ID, &KEY, &NAME, &FILE, &OWN],
        longest: 255,
    },
    FacilityRow { facility: Facility::Sem, name: "sem", alias: None, forms: HELD, longest: 251 },
    FacilityRow {
        facility: Facility::Fifo,
        name: "fifo",
        alias: None,
        forms: &[&PATH],
        longest: 0,
    },
    FacilityRow {
        facility: Facility::Lock,
        name: "lock",
        alias: None,
        forms: &[&PATH],
        longest: 0,
    },
    FacilityRow {
        facility: Facility::Pipe,
        name: "pipe",
        alias: None,
        forms: &[&INODE, &DESCRIPTOR],
        longest: 0,
    },
    FacilityRow {
        facility: Facility::Map,
        name: "map",
        alias: None,
        forms: &[&MARKED_PATH, &FILE, &WORD],
        longest: 0,
    },
    FacilityRow {
        facility: Facility::Sock,
        name: "sock",
        alias: None,
        forms: &[&MARKED_PATH, &ABSTRACT, &TCP, &UDP, &INODE, &DESCRIPTOR],
        longest: 0,
    },
    FacilityRow {
        facility: Facility::Pid,
        name: "pid",
        alias: None,
        forms: &[&PROCESS],
        longest: 0,
    },
    #[cfg(any(test, feature = "skeleton"))]
    FacilityRow {
        facility: Facility::Skeleton,
        name: "skeleton",
        alias: None,
        forms: &[&PATH],
        longest: 0,
    },
];

/// What people call a facility, besides its word: suggested, and not accepted.
static CALLED: &[(Facility, &[&str])] = &[
    (Facility::Shm, &["shmem", "memory", "segment", "segments", "shared-memory"]),
    (Facility::Mq, &["queue", "queues", "mqueue", "message-queue", "message-queues", "messages"]),
    (Facility::Sem, &["semaphore", "semaphores"]),
    (Facility::Fifo, &["fifos", "named-pipe", "named-pipes"]),
    (Facility::Pipe, &["pipes"]),
    (Facility::Map, &["maps", "mapping", "mappings", "mmap"]),
    (Facility::Lock, &["locks", "flock"]),
];

/// Where the files of names are usually, and what they begin with.
static FILES: &[(Facility, &str)] = &[
    (Facility::Shm, "/dev/shm/"),
    (Facility::Mq, "/dev/mqueue/"),
    (Facility::Sem, "/dev/shm/sem."),
];

/// The forms of objects that System V and POSIX both have, and of those that processes hold without a name.
const HELD: &[&LocatorForm] = &[&ID, &KEY, &NAME, &FILE];

impl Facility {
    /// All of them, in the order in which they are listed.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        ROWS.iter().map(|row| row.facility)
    }

    fn row(self) -> &'static FacilityRow {
        // The first row stands for what the table lacks, which a test excludes.
        ROWS.iter().find(|row| row.facility == self).unwrap_or(&ROWS[0])
    }

    /// The word before the colon.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Another word that is accepted for it.
    pub fn alias(self) -> Option<&'static str> {
        self.row().alias
    }

    /// The forms that a locator can have, each of which belongs to one kind of the facility.
    pub fn forms(self) -> &'static [&'static LocatorForm] {
        self.row().forms
    }

    /// All words in a row for help: `shm, mq, sem, fifo`.
    pub fn words() -> String {
        Self::all().map(Self::name).collect::<Vec<_>>().join(", ")
    }

    /// How addresses look: `shm:ID, shm:0xKEY or shm:/NAME`.
    pub fn patterns(self) -> String {
        let pattern = |form: &&LocatorForm| format!("{}:{}", self.name(), form.word);
        listed(self.forms().iter().map(pattern).collect(), "or")
    }

    /// Reads the word of a facility.
    ///
    /// # Errors
    /// A sentence that names the facilities.
    pub fn parse(word: &[u8]) -> Result<Self, String> {
        let is = |name: &str| name.as_bytes() == word;
        let known = ROWS.iter().find(|row| is(row.name) || row.alias.is_some_and(is));
        known.map(|row| row.facility).ok_or_else(|| {
            let named = ROWS.iter().map(|row| match row.alias {
                Some(alias) => format!("{} (or {alias})", row.name),
                None => row.name.to_owned(),
            });
            let named: Vec<_> = named.collect();
            format!("unknown facility {}: it is one of {}", quoted(word), named.join(", "))
        })
    }

    /// The facility that is perhaps meant by a word that is none.
    pub fn meant(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let called = CALLED.iter().find(|(_, words)| words.contains(&word.as_str()));
        Self::parse(word.as_bytes()).ok().or_else(|| called.map(|(facility, _)| *facility))
    }

    /// The name, without its slash, of the object whose file this path usually is.
    pub fn name_in_path(self, path: &[u8]) -> Option<&[u8]> {
        let beginnings = FILES.iter().filter(|(facility, _)| *facility == self);
        beginnings.filter_map(|(_, begin)| path.strip_prefix(begin.as_bytes())).next()
    }

    /// The path that the file of an object of this name, without its slash, usually has.
    pub fn path_of(self, name: &[u8]) -> Option<Vec<u8>> {
        let (_, begin) = FILES.iter().find(|(facility, _)| *facility == self)?;
        Some([begin.as_bytes(), name].concat())
    }

    /// Reads the locator of one of its objects, decoded.
    ///
    /// # Errors
    /// A sentence that names the broken rule.
    pub fn locator(self, text: &[u8]) -> Result<Locator, String> {
        let FacilityRow { name, forms, longest, .. } = self.row();
        if text.is_empty() {
            return Err(format!("the locator is missing: {}", self.patterns()));
        }
        forms.iter().find_map(|form| form.read(text, name, *longest)).unwrap_or_else(|| {
            let about = forms.iter().map(|form| form.about.to_owned()).collect();
            let neither = if forms.len() > 1 { "neither" } else { "not" };
            Err(format!("{} is {neither} {}", quoted(text), listed(about, "nor")))
        })
    }

    /// A POSIX name, with or without its leading slash.
    ///
    /// # Errors
    /// A sentence that names the broken rule.
    pub fn named(self, name: &[u8]) -> Result<Locator, String> {
        let with_slash = [b"/", name.strip_prefix(b"/").unwrap_or(name)].concat();
        let FacilityRow { name, longest, .. } = self.row();
        NAME.read(&with_slash, name, *longest)
            .unwrap_or_else(|| Err(format!("{} is no POSIX name", quoted(&with_slash))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_facility_has_a_row_of_its_own() {
        for facility in Facility::all() {
            assert_eq!(facility.row().facility, facility);
            assert_eq!(Facility::parse(facility.name().as_bytes()), Ok(facility));
            assert!(!facility.forms().is_empty());
        }
        assert_eq!(Facility::parse(b"msg"), Ok(Facility::Mq));
    }

    #[test]
    fn words_and_patterns_follow_from_the_table() {
        assert!(Facility::words().starts_with("shm, mq, sem"));
        assert_eq!(
            Facility::Shm.patterns(),
            "shm:ID, shm:0xKEY, shm:/NAME, shm:MAJOR:MINOR/INO or shm:MEMORY+0xOFFSET"
        );
        assert_eq!(Facility::Fifo.patterns(), "fifo:PATH");
    }
}
