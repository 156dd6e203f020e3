//! Which of the files that are shown have an access control list: asked only where MODE is printed.

use crate::kinds;
use crate::kinds::backing::Store;
use crate::kinds::capability::Query;
use crate::model::{Object, Trace, Value};
use crate::sys::file;

/// The places of files, opened once for a listing.
#[derive(Default)]
pub struct AccessLists {
    stores: Vec<(&'static str, Option<Box<dyn Store>>)>,
    /// Also of files that are anywhere. To look up the path of one may take its time.
    anywhere: bool,
}

impl AccessLists {
    /// Also of files that are outside of the directories in which the system keeps those of a kind.
    pub fn anywhere() -> Self {
        Self { anywhere: true, ..Self::default() }
    }

    /// Notes in the mode of an object that its file has a list. The group's bits are the mask of a list: where there are
    /// none, a list lets nobody in, and nothing is asked.
    pub fn mark(&mut self, object: &mut Object, look: &Query) {
        let Some(mode) = object.permissions().filter(|mode| mode & 0o070 != 0) else { return };
        if object.trace.as_ref().and_then(Trace::file).is_some()
            && self.has_list(object, look) == Some(true)
        {
            object.mode = Value::ModeWithList(mode);
        }
    }

    fn has_list(&mut self, object: &Object, look: &Query) -> Option<bool> {
        let name = object.kind.name;
        let known = self.stores.iter().position(|(kind, _)| *kind == name);
        let at = known.unwrap_or_else(|| {
            let store = || {
                let backing = kinds::of_address(&object.address).ok()?.backing?;
                let store = backing.store(look).ok()?;
                (self.anywhere || store.home().is_some()).then_some(store)
            };
            self.stores.push((name, store()));
            self.stores.len() - 1
        });
        let spot = self.stores.get(at)?.1.as_ref()?.spot(&object.address.locator).ok()??;
        file::has_access_list(&*spot.home.directory, &spot.name).ok()
    }
}
