//! The kinds of object: a record each, in the order in which they are listed. Adding a kind is a file and a
//! line of [`KINDS`].

pub mod backing;
pub mod capability;
mod fact;
mod fifo;
mod file;
mod posix;
pub mod process;
#[cfg(any(test, feature = "skeleton"))]
mod skeleton;
mod sysv;

use crate::model::{Address, Facility, Family, Fault, Holding, Kind};
use backing::Backing;
use capability::{Configure, Counters, Create, Inspect, Memory, Messages, Remove};

/// Every kind.
pub static KINDS: &[&KindRecord] = &[
    &sysv::shm::RECORD,
    &posix::shm::RECORD,
    &sysv::mq::RECORD,
    &posix::mq::RECORD,
    &sysv::sem::RECORD,
    &posix::sem::RECORD,
    &fifo::RECORD,
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
    of_facility(address.facility).find(|record| record.kind.forms.contains(&form)).ok_or_else(
        || Fault::usage(format!("{} has no address with {}", address.facility.name(), form.about)),
    )
}

/// A capability that a verb cannot do without.
///
/// # Errors
/// A usage error that names the kinds that have it.
pub fn require<T>(
    record: &KindRecord,
    capability: fn(&KindRecord) -> Option<T>,
) -> Result<T, Fault> {
    capability(record).ok_or_else(|| {
        let able: Vec<_> =
            KINDS.iter().filter(|one| capability(one).is_some()).map(|one| one.kind.name).collect();
        Fault::usage(format!("a {} cannot do that", record.kind.name))
            .hint(format!("kinds that can: {}", able.join(", ")))
    })
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
