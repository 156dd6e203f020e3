//! The kinds of object: a record each, in the order in which they are listed. Adding a kind is a file and a
//! line of [`KINDS`].

mod alike;
pub mod backing;
pub(crate) mod borrowed;
pub mod capability;
pub mod existing;
mod fact;
mod fifo;
mod file;
mod held;
pub mod inherited;
mod link;
mod lock;
mod map;
mod nameless;
mod pid;
mod pipe;
mod posix;
pub mod process;
mod region;
pub mod search;
mod sizes;
#[cfg(any(test, feature = "skeleton"))]
mod skeleton;
mod sock;
mod sysv;
mod uppers;
pub mod word;
mod words;

use crate::model::{Address, Facility, Family, Fault, Holding, Kind, Named};
use backing::Backing;
use capability::{Atomic, Configure, Copies, Counters, Create, Inspect, Memory, Messages, Remove};
pub(crate) use pid::stuck;

/// Every kind.
pub static KINDS: &[&KindRecord] = &[
    &sysv::shm::RECORD,
    &posix::shm::RECORD,
    &nameless::shm::RECORD,
    &sysv::mq::RECORD,
    &posix::mq::RECORD,
    &nameless::mq::RECORD,
    &sysv::sem::RECORD,
    &posix::sem::RECORD,
    &nameless::sem::RECORD,
    &fifo::RECORD,
    &lock::RECORD,
    &pipe::RECORD,
    &map::RECORD,
    &sock::UNIX,
    &sock::INET,
    &pid::RECORD,
    &word::RECORD,
    #[cfg(any(test, feature = "skeleton"))]
    &skeleton::RECORD,
];

/// What a kind can do. `None`: it cannot.
pub struct KindRecord {
    /// What it is.
    pub kind: &'static Kind,
    /// How it is held, and how it is proved that no process holds it.
    pub holding: &'static Holding,
    /// Look at it.
    pub inspect: &'static dyn Inspect,
    /// Make it.
    pub create: Option<&'static dyn Create>,
    /// Change it.
    pub configure: Option<&'static dyn Configure>,
    /// Remove it.
    pub remove: Option<&'static dyn Remove>,
    /// Send to it and receive from it.
    pub messages: Option<&'static dyn Messages>,
    /// Look at what is in it, where nothing can be sent to it or received from it.
    pub copies: Option<&'static dyn Copies>,
    /// Read from it and write to it at any place.
    pub memory: Option<&'static dyn Memory>,
    /// Wait for it and post to it.
    pub counters: Option<&'static dyn Counters>,
    /// Reach the file that it is.
    pub backing: Option<&'static dyn Backing>,
}

impl KindRecord {
    /// A kind that can be looked at; the rest is added by naming it.
    const fn read_only(
        kind: &'static Kind,
        holding: &'static Holding,
        inspect: &'static dyn Inspect,
    ) -> Self {
        Self {
            kind,
            holding,
            inspect,
            create: None,
            configure: None,
            remove: None,
            backing: None,
            messages: None,
            copies: None,
            memory: None,
            counters: None,
        }
    }

    /// The capabilities, as the matrix of `kinds` shows them.
    pub fn capabilities(&self) -> [(&'static str, bool); 7] {
        [
            ("inspect", true),
            ("create", self.create.is_some()),
            ("set", self.configure.is_some()),
            ("rm", self.remove.is_some()),
            ("messages", self.messages.is_some()),
            ("memory", self.memory.is_some()),
            ("counters", self.counters.is_some()),
        ]
    }
}

/// The parsers of what the kernel prints, for `fuzz/`.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// Gives `bytes` to every parser.
    pub fn parse(bytes: &[u8]) {
        super::sysv::fuzz(bytes);
        super::posix::mq::fuzz(bytes);
        super::sock::fuzz(bytes);
        super::map::fuzz(bytes);
    }
}

/// The kinds of one facility.
pub fn of_facility(facility: Facility) -> impl Iterator<Item = &'static KindRecord> {
    KINDS.iter().copied().filter(move |record| record.kind.facility == facility)
}

/// The kind of a facility in this family.
///
/// # Errors
/// A usage error when the facility has no such kind: no kind is both a FIFO and System V.
pub fn of_family(facility: Facility, family: Family) -> Result<&'static KindRecord, Fault> {
    of_facility(facility)
        .find(|record| record.kind.family == family)
        .ok_or_else(|| Fault::usage(format!("there is no {} {}", family.name(), facility.name())))
}

/// The kind that an address names, by its facility and the form of its locator.
///
/// # Errors
/// A usage error when the facility has no kind with this form.
pub fn of_address(address: &Address) -> Result<&'static KindRecord, Fault> {
    let form = address.locator.form();
    let has_form = |record: &&KindRecord| record.kind.forms.contains(&form);
    // A word has the facility of its memory, and is listed with semaphores.
    let mut elsewhere = KINDS.iter().copied().filter(|_| address.facility.forms().contains(&form));
    let found = of_facility(address.facility).find(has_form);
    found.or_else(|| elsewhere.find(has_form)).ok_or_else(|| {
        Fault::usage(format!("{} has no address with {}", address.facility.name(), form.about))
    })
}

/// What a verb cannot do without, and what is said of a kind that lacks it.
pub struct Capability<T> {
    /// The capability of a kind, if it has it.
    pub of: fn(&KindRecord) -> Option<T>,
    /// What a kind without it does not have or cannot do: follows its name.
    lack: &'static str,
}

/// Objects of the kind can be made.
pub static CREATE: Capability<&dyn Create> =
    Capability { of: |record| record.create, lack: "cannot be created" };
/// Objects of the kind can be changed.
pub static CONFIGURE: Capability<&dyn Configure> =
    Capability { of: |record| record.configure, lack: "has nothing that can be changed" };
/// Objects of the kind can be removed.
pub static REMOVE: Capability<&dyn Remove> =
    Capability { of: |record| record.remove, lack: "cannot be removed" };
/// Messages can be sent to objects of the kind and received from them.
pub static MESSAGES: Capability<&dyn Messages> =
    Capability { of: |record| record.messages, lack: "carries no messages" };
/// The same, and messages that were taken can be put back.
pub static QUEUES: Capability<&dyn Messages> = Capability {
    of: |record| record.messages.filter(|messages| messages.takes_back()),
    lack: "takes no message back",
};
/// Objects of the kind have bytes at offsets.
pub static MEMORY: Capability<&dyn Memory> =
    Capability { of: |record| record.memory, lack: "has no bytes at an offset" };
/// Objects of the kind count, and can be waited for.
pub static COUNTERS: Capability<&dyn Counters> =
    Capability { of: |record| record.counters, lack: "has no counter" };
/// Several counters of an object of the kind change at once.
pub static ATOMIC: Capability<&dyn Atomic> = Capability {
    of: |record| record.counters.and_then(|counters| counters.atomic()),
    lack: "has no counters that change at once",
};

impl<T> Capability<T> {
    /// A capability with what is said of a kind that lacks it.
    pub const fn new(of: fn(&KindRecord) -> Option<T>, lack: &'static str) -> Self {
        Self { of, lack }
    }

    /// The capability of the kind of an object, to `act` on it: *wait on*.
    ///
    /// # Errors
    /// A usage error that says what the kind lacks, and names the verb that does the like to it, and the kinds that can.
    pub fn require(&self, act: &str, address: &Address, record: &KindRecord) -> Result<T, Fault> {
        let because = |fault: Fault| {
            let able = fault.hint.unwrap_or_default();
            let hint = alike::instead(act, record).map_or(able.clone(), |(verb, does)| {
                format!("ipcctl {verb} {address} {does}; {able}")
            });
            Fault {
                cause: format!("cannot {act} {address}: {}", fault.cause),
                hint: Some(hint),
                ..fault
            }
        };
        self.of_kind(record).map_err(because)
    }

    /// The same, for callers that say themselves what cannot be done.
    ///
    /// # Errors
    /// As [`Capability::require`].
    pub fn of_kind(&self, record: &KindRecord) -> Result<T, Fault> {
        (self.of)(record).ok_or_else(|| {
            let able = KINDS.iter().filter(|one| (self.of)(one).is_some());
            let able: Vec<_> = able.map(|one| one.kind.about).collect();
            let kind = with_article(record.kind.about);
            Fault::usage(format!("{kind} {}", self.lack))
                .hint(format!("kinds that can: {}", able.join(", ")))
        })
    }
}

/// The words for a kind, as a sentence begins with them. Memory is not counted.
fn with_article(about: &str) -> String {
    if about.ends_with("memory") { about.to_owned() } else { format!("a {about}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::COMMON;
    use std::collections::HashSet;

    #[test]
    fn kinds_have_names_of_their_own_and_are_found_by_facility_and_family() {
        let names: HashSet<_> = KINDS.iter().map(|record| record.kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
        for record in KINDS {
            let found = of_family(record.kind.facility, record.kind.family).unwrap();
            assert_eq!(found.kind.name, record.kind.name);
        }
    }

    #[test]
    fn fields_are_named_in_lower_case_with_hyphens_and_explained_in_a_sentence() {
        for record in KINDS {
            let mut names: HashSet<_> = COMMON.iter().map(|column| column.field.name).collect();
            for field in (record.kind.fields)() {
                assert!(names.insert(field.name), "{} twice in {}", field.name, record.kind.name);
                assert!(
                    field.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                    "{}",
                    field.name
                );
                assert!(field.help.ends_with('.'), "{}", field.name);
            }
        }
    }

    #[test]
    fn content_is_built_from_facts_that_the_kind_has() {
        for record in KINDS {
            for part in record.kind.content {
                if let crate::model::Part::Fact(name) = part {
                    assert!(
                        (record.kind.fields)().iter().any(|field| field.name == *name),
                        "{name}"
                    );
                }
            }
        }
    }

    #[test]
    fn options_of_the_same_name_are_read_the_same_way() {
        let mut seen: Vec<&crate::model::Param> = Vec::new();
        for record in KINDS {
            let params = record.create.map(|c| c.params()).into_iter().flatten();
            for param in params.chain(record.configure.map(|c| c.params()).into_iter().flatten()) {
                for other in &seen {
                    assert!(other.name != param.name || other.form == param.form, "{}", param.name);
                }
                seen.push(param);
            }
        }
    }
}
