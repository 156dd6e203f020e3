//! Whether a process holds an object, by the cheapest proof that there is.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use super::evidence::{HeldBy, Hold, Proof, Unreadable};
use super::producers::Origin;
use super::{Classifier, KnownHolders, takers};
use crate::kinds::backing::Store;
use crate::kinds::capability::Query;
use crate::model::{Address, Facility, History, Locator, Object, Subject, Trace, Vacancy};
use crate::sys::directory as directories;

impl Classifier<'_> {
    /// Whether a process holds it; `None` when only a look at the processes can tell.
    pub(super) fn hold(
        &self,
        object: &Object,
        trace: &Trace,
        (past, look, young): (&History, &Query, bool),
        known: KnownHolders,
    ) -> Option<Hold> {
        let found = match known {
            KnownHolders::Leased => return Some(Hold::Free(Proof::Leased)),
            KnownHolders::Seen(found) => Some(found),
            KnownHolders::Nothing => None,
        };
        if trace.holding.vacancy == Vacancy::Probed {
            return Some(self.bound(object, trace, look));
        }
        if trace.holding.undo
            && let Some(taker) = takers::of_history(&self.proc, past, &self.lives).pop()
        {
            return Some(Hold::Held(HeldBy::Taken(taker, trace.counted.unwrap_or(0))));
        }
        if let Some(count @ 1..) = trace.counted {
            return Some(Hold::Held(match trace.holding.mappings {
                true => HeldBy::Attached(count),
                false => HeldBy::Waiting(count),
            }));
        }
        if let Some(found) = found.filter(|found| !found.holders.is_empty()) {
            return Some(Hold::Held(HeldBy::Seen(Arc::clone(found))));
        }
        if trace.holding.vacancy == Vacancy::Existence {
            return Some(Hold::Held(HeldBy::Existing));
        }
        let by_processes = |sure: Hold| match found {
            Some(found) if found.complete() => Some(sure),
            Some(_) => Some(Hold::Unseen(Unreadable::Processes(self.scanner.unread()))),
            None => None,
        };
        match (trace.holding.vacancy, trace.subject) {
            (Vacancy::Counted, _) => match (trace.counted, found) {
                (Some(_), _) => Some(Hold::Free(match trace.holding.mappings {
                    true => Proof::Counted,
                    false => Proof::NoWaiter,
                })),
                (None, Some(_)) => Some(Hold::Unseen(Unreadable::Object("permission denied"))),
                (None, None) => None,
            },
            (Vacancy::Leased { in_flight }, Subject::File(file)) => {
                if self.files.is_locked(&file) {
                    return Some(Hold::Held(HeldBy::Locked));
                }
                // A program that opens its object at this moment, and will not wait, must not meet a lease.
                let asked = if young { None } else { self.files.probe(object, file, look) };
                asked.or_else(|| {
                    by_processes(match in_flight {
                        true => Hold::NoneSeenButInFlight,
                        false => Hold::NoneSeen,
                    })
                })
            }
            (_, _) => by_processes(Hold::NoneSeen),
        }
    }

    /// Whether a socket is bound to a socket file: as it was found to be, or as the kernel says now.
    fn bound(&self, object: &Object, trace: &Trace, look: &Query) -> Hold {
        match (trace.counted, trace.file()) {
            (Some(0), _) => Hold::Free(Proof::Unbound),
            (Some(_), _) => Hold::Held(HeldBy::Bound),
            (None, Some(file)) => self
                .files
                .probe(object, file, look)
                .unwrap_or(Hold::Unseen(Unreadable::Object("the kernel could not be asked"))),
            (None, None) => Hold::Unseen(Unreadable::Object("it is no file")),
        }
    }

    /// A free object whose companion is held is held with it.
    pub(super) fn companions(
        &self,
        hold: Hold,
        object: &Object,
        origin: Option<Origin>,
        look: &Query,
    ) -> Hold {
        let group = match (&hold, origin) {
            (Hold::Held(_), _) | (_, None) => return hold,
            (_, Some(origin)) => origin.group(&object.address),
        };
        let mut others = group.iter().filter(|address| **address != object.address);
        let held =
            others.find(|address| self.files.is_held(address, look)).map(ToString::to_string);
        let family = || self.held_of_family(origin?.family()?, look);
        match held.or_else(family) {
            Some(address) => Hold::Held(HeldBy::Companion(address)),
            None => hold,
        }
    }

    /// An object that is held, of those whose names begin so. They are looked for once.
    fn held_of_family(
        &self,
        (facility, begin): (Facility, &'static str),
        look: &Query,
    ) -> Option<String> {
        let find = || {
            let place = facility.path_of(b"")?;
            let directory = Path::new(OsStr::from_bytes(&place));
            let entries = directories::list(directory).ok()?;
            let names = entries.iter().map(|entry| entry.name.to_bytes());
            let mut family = names.filter(|name| name.starts_with(begin.as_bytes())).map(|name| {
                let locator = Locator::Name(OsStr::from_bytes(name).into());
                Address { facility, locator }
            });
            family.find(|address| self.files.is_held(address, look)).map(|one| one.to_string())
        };
        self.families.borrow_mut().entry(begin).or_insert_with(find).clone()
    }

    /// Where the files of a kind are.
    pub(super) fn store(&self, kind: &str, look: &Query) -> Option<&dyn Store> {
        self.files.store(kind, look)
    }
}
