//! How the objects of a System V kind are found: slot by slot with the *_STAT_ANY calls, or in the table
//! below `/proc/sysvipc`.

use std::collections::HashSet;
use std::io;
use std::ops::ControlFlow;

use super::slots::in_blocks;
use super::{Record, fault, table};
use crate::kinds::capability::{Each, Query};
use crate::model::{Fault, Found, Locator, Object};

/// A line of the table costs as much as asking so many empty slots.
const EMPTY_SLOTS: usize = 8;
/// So many empty slots are nothing.
const PATIENCE: usize = 64;

/// The differences between the three kinds, as data.
pub(super) struct TableSource<T: 'static> {
    /// The file below `/proc/sysvipc`, and how many columns it has at least.
    pub(super) table: (&'static str, usize),
    /// One line of that file.
    pub(super) parse: fn(&[u64]) -> T,
    /// The object in a slot.
    pub(super) stat_any: fn(u32) -> io::Result<T>,
    /// The object with an id.
    pub(super) stat: fn(u32) -> io::Result<T>,
    /// The highest index in use; 0 also when there is none.
    pub(super) highest: fn() -> io::Result<u32>,
    /// Objects in use. Adding up costs segments as much as listing them, so it is asked for last.
    pub(super) used: fn() -> io::Result<u64>,
    /// The id of a key.
    pub(super) by_key: fn(u32) -> io::Result<u32>,
}

impl<T: Record> TableSource<T> {
    /// Hands every object to `each`. Asking slot by slot is three times faster than the table unless few of
    /// the slots are in use, which is found out on the way; `table_first` says that only the table has what is
    /// wanted.
    pub(super) fn list(
        &self,
        look: &Query,
        table_first: bool,
        make: &dyn Fn(&T) -> Object,
        each: Each,
    ) -> ControlFlow<()> {
        let mut show = |record: &T, each: Each| each(Found::Object(Box::new(make(record))));
        let Ok(highest) = (self.highest)() else {
            return self.list_table(look, &mut show, each);
        };
        if table_first {
            match self.read_table(look) {
                Ok(records) => return records.iter().try_for_each(|record| show(record, each)),
                Err(reason) => each(Found::Note(reason))?,
            }
        }
        let (mut shown, mut empty) = (Vec::new(), 0);
        let walked = in_blocks(highest, self.stat_any, |block| {
            for slot in &block {
                match slot {
                    Some(record) => {
                        shown.push(record.id());
                        show(record, each).map_break(|()| None)?;
                    }
                    None => empty += 1,
                }
                if empty == PATIENCE + shown.len() * EMPTY_SLOTS
                    && let Ok(records) = self.read_table(look)
                {
                    return ControlFlow::Break(Some(records));
                }
            }
            ControlFlow::Continue(())
        });
        match walked {
            ControlFlow::Continue(()) => {}
            ControlFlow::Break(None) => return ControlFlow::Break(()),
            ControlFlow::Break(Some(records)) => {
                let shown: HashSet<u32> = shown.into_iter().collect();
                let mut rest = records.iter().filter(|record| !shown.contains(&record.id()));
                return rest.try_for_each(|record| show(record, each));
            }
        }
        // Before Linux 4.17 no slot answers. After it, all can have been removed meanwhile: the table knows.
        if shown.is_empty() && !matches!((self.used)(), Ok(0)) {
            self.list_table(look, &mut show, each)
        } else {
            ControlFlow::Continue(())
        }
    }

    fn list_table(
        &self,
        look: &Query,
        show: &mut dyn FnMut(&T, Each) -> ControlFlow<()>,
        each: Each,
    ) -> ControlFlow<()> {
        match self.read_table(look) {
            Ok(records) => records.iter().try_for_each(|record| show(record, each)),
            Err(reason) => each(Found::Missing(reason)),
        }
    }

    /// All records of the table.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(super) fn read_table(&self, look: &Query) -> Result<Vec<T>, String> {
        let (name, columns) = self.table;
        let path = look.proc.join("sysvipc").join(name);
        let text = std::fs::read(&path).map_err(|error| {
            format!("{} cannot be read: {}", path.display(), Fault::from_os(&error).cause)
        })?;
        let rows =
            table::rows(&text, columns).map_err(|reason| format!("{} {reason}", path.display()))?;
        Ok(rows.map(|row| (self.parse)(&row)).collect())
    }

    /// The record of one object. The table is the last resort, for kernels where IPC_STAT refuses and nothing
    /// else answers; with `table_first` it is the first.
    ///
    /// # Errors
    /// No such object, or no permission to see it.
    pub(super) fn find(
        &self,
        look: &Query,
        locator: &Locator,
        table_first: bool,
    ) -> Result<T, Fault> {
        let id = self.resolve(locator)?;
        let in_table = || self.read_table(look).ok()?.into_iter().find(|record| record.id() == id);
        if table_first && let Some(record) = in_table() {
            return Ok(record);
        }
        match (self.stat_any)(id) {
            // The slot of the id may hold a later object.
            Ok(record) if record.id() == id => Ok(record),
            Ok(_) => Err(Fault::not_found()),
            Err(_) => (self.stat)(id).or_else(|error| match error.kind() {
                io::ErrorKind::PermissionDenied => in_table().ok_or_else(|| Fault::from_os(&error)),
                _ => Err(fault(&error)),
            }),
        }
    }

    /// Returns true if the object is still exactly as it was. The sooner something follows from the answer the better: the
    /// last call is the one to the kernel, or those of `last`.
    ///
    /// # Errors
    /// As [`TableSource::find`].
    pub(super) fn is_same(
        &self,
        look: &Query,
        object: &Object,
        make: &dyn Fn(&T) -> Object,
        last: &dyn Fn(&T) -> bool,
    ) -> Result<bool, Fault>
    where
        T: PartialEq,
    {
        let one = self.find(look, &object.address.locator, false)?;
        if !make(&one).is_same(object) {
            return Ok(false);
        }
        let again = (self.stat_any)(one.id()).or_else(|_| (self.stat)(one.id()));
        Ok(again.is_ok_and(|again| again == one) && last(&one))
    }

    /// The id behind a locator.
    ///
    /// # Errors
    /// No object has the key.
    pub(super) fn resolve(&self, locator: &Locator) -> Result<u32, Fault> {
        match locator {
            Locator::Id(id) => Ok(*id),
            Locator::Key(key) => (self.by_key)(*key).map_err(|error| fault(&error)),
            _ => Err(Fault::usage("a System V object has an id or a key")),
        }
    }
}
