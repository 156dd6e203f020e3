//! A file on its way out: under a lease where there is one, and moved aside where that is safe; then removed for good, or
//! put back.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use super::RemovalOutcome::{self, Failed, Left, Removed, Skipped};
use super::changed;
use crate::holders::Scanner;
use crate::kinds::KindRecord;
use crate::kinds::backing::{Claim, DirEntry, Directory};
use crate::kinds::capability::Query;
use crate::leftover::quarantine::{Quarantine, cannot_move};
use crate::model::{Encoded, Fault, FileId, Object, Trace};
use crate::sys::{directory, file};

/// Where the file is by now.
pub(super) enum FilePlace {
    /// In quarantine, under this name.
    Aside(Rc<Quarantine>, CString),
    /// Where it was: others may move what is in its directory.
    There(DirEntry),
    /// Where it was: its kind moves no files.
    Fixed,
}

/// A file on its way out.
pub(super) struct Staged {
    pub(super) record: &'static KindRecord,
    pub(super) object: Object,
    pub(super) trace: Trace,
    pub(super) claim: Claim,
    pub(super) place: FilePlace,
}

impl Staged {
    /// Returns true if no process has asked for it since it was taken.
    pub(super) fn is_free(&self, scanner: &Scanner) -> bool {
        let in_place = match (&self.place, &self.claim) {
            // It is what it was when it was taken in: no other user can get into the quarantine.
            (FilePlace::Aside(..), _) => true,
            // As long as it has a name, it is its own: where its name can be moved to another file, that is compared when it goes.
            (_, Claim::Leased(leased)) => has_name(leased.file()),
            (_, Claim::Opened(file)) => has_name(file),
            (FilePlace::There(_), Claim::Unbound(_) | Claim::Untouched) => true,
            (FilePlace::Fixed, Claim::Unbound(_) | Claim::Untouched) => false,
        };
        in_place
            && match &self.claim {
                Claim::Leased(leased) => leased.is_whole(),
                Claim::Unbound(unbound) => unbound.is_still(),
                // Every process is looked at once more.
                Claim::Opened(_) | Claim::Untouched => {
                    let found = scanner.of(&self.trace);
                    found.complete() && found.holders.is_empty()
                }
            }
    }

    fn is_still_it_after_a_rest(&self) -> bool {
        std::thread::yield_now();
        match &self.claim {
            Claim::Leased(leased) => has_name(leased.file()) && leased.is_whole(),
            Claim::Opened(file) => has_name(file),
            Claim::Unbound(_) | Claim::Untouched => false,
        }
    }

    pub(super) fn destroy(self, look: &Query) -> RemovalOutcome {
        let done = match &self.place {
            FilePlace::Aside(quarantine, name) => match quarantine.destroy(name) {
                Ok(()) => Ok(()),
                Err(error) => match quarantine.put_back(name) {
                    Ok(()) => Err(Fault::from_os(&error)),
                    Err(again) => {
                        return Left(format!(
                            "it could not be removed ({}) nor put back ({}); it is kept as {}",
                            Fault::from_os(&error).cause,
                            cannot_move(&again).cause,
                            shown(quarantine, name)
                        ));
                    }
                },
            },
            FilePlace::There(spot) => match self.trace.file() {
                Some(id) if spot.is_of(id) => {
                    directory::unlink(&*spot.home.directory, &spot.name).map_err(Fault::from)
                }
                _ => return changed(),
            },
            FilePlace::Fixed => match self.record.remove {
                // Its name can be removed and given to another one by then, and the kernel removes by name alone. With a time
                // slice that has just begun it is improbable that others run between this look and the removal.
                Some(_) if !self.is_still_it_after_a_rest() => return changed(),
                Some(remove) => remove.remove(look, &self.object.address.locator).map(drop),
                None => Err(Fault::usage("it cannot be removed")),
            },
        };
        done.map_or_else(|fault| Failed(fault.into()), |()| Removed)
    }

    /// Puts it back under its name. Only then the lease is given back: whoever waits for it gets the file as it was.
    pub(super) fn put_back(self) -> RemovalOutcome {
        let wanted = || Skipped("a process asked for it at the last moment".into());
        let FilePlace::Aside(quarantine, name) = &self.place else { return wanted() };
        let Err(error) = quarantine.put_back(name) else { return wanted() };
        let path = shown(quarantine, name);
        Left(match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("its name was taken by another object meanwhile; it is kept as {path}")
            }
            _ => format!(
                "it could not be put back ({}); it is kept as {path}",
                cannot_move(&error).cause
            ),
        })
    }

    pub(super) fn is_leased(&self) -> bool {
        matches!(self.claim, Claim::Leased(_))
    }
}

fn shown(quarantine: &Quarantine, name: &CString) -> String {
    Encoded(quarantine.path(name).as_os_str().as_encoded_bytes()).to_string()
}

fn has_name(file: &OwnedFd) -> bool {
    file::stat(file).is_ok_and(|stat| stat.links > 0)
}

/// The quarantine at this place: one for all files of a directory.
pub(super) fn quarantine_at(
    known: &mut Vec<Rc<Quarantine>>,
    home: &Directory,
) -> io::Result<Rc<Quarantine>> {
    if let Some(quarantine) = known.iter().find(|one| one.is_at(home)) {
        return Ok(Rc::clone(quarantine));
    }
    let quarantine = Rc::new(Quarantine::new(home)?);
    known.push(Rc::clone(&quarantine));
    Ok(quarantine)
}

/// Moves a file into quarantine. The name may mean another file by now: that goes back at once.
pub(super) fn move_away(
    quarantine: &Quarantine,
    name: &CString,
    id: FileId,
) -> Result<(), RemovalOutcome> {
    quarantine.take(name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => changed(),
        _ => Failed(cannot_move(&error).into()),
    })?;
    match quarantine.stat(name) {
        Ok(stat) if (stat.device, stat.inode) == (id.device, id.inode) => Ok(()),
        _ => match quarantine.put_back(name) {
            Ok(()) => Err(changed()),
            Err(_) => Err(Left(format!(
                "an object that was made under its name meanwhile could not be put back; it is kept as {}",
                shown(quarantine, name)
            ))),
        },
    }
}
