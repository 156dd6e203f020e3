//! What a kind can do, as traits: a kind's record has one for each capability, and verbs are written over
//! these alone.

mod counters;
mod memory;
mod messages;

use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use crate::model::{
    Address, Breadth, Difference, Discovery, Facts, Fault, Field, FileClass, FileId, Findings,
    Found, History, Kind, Limit, Locator, Object, Param, Part, Settings, Trace,
};

use super::search::FileSearch;

pub use counters::{Atomic, Counters, ReleaseMode};
pub use memory::{Memory, Region, RegionAccess, TransferError};
pub(crate) use messages::has;
pub use messages::{
    Attempt, Bounded, ByteSink, ByteSource, Copies, EndpointSide, Flow, Incoming, Messages,
    Outgoing, Received, Receiver, Sender,
};

/// Where to look and what to read there.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// The facts that will be printed, sorted or filtered by.
    pub want: Want<'a>,
    /// How much a listing was asked for.
    pub breadth: Breadth,
    /// What later stages need of the objects.
    pub needs: StageNeeds,
    /// The process file system: `/proc` but in tests and containers.
    pub proc: &'a Path,
    /// Finds files that only processes show.
    pub processes: &'a dyn Discovery,
    /// The files of the usual directories, where one walk is to do for several kinds.
    pub files: Option<&'a FileSearch>,
    /// The options that kinds declare for a search: [`Inspect::params`].
    pub options: &'a Settings,
}

impl<'a> Query<'a> {
    /// Without options, and without a look at the processes: for kinds that are listed from a place of their own.
    pub fn new(want: Want<'a>, proc: &'a Path) -> Self {
        static NONE: Settings = Settings::NONE;
        let (breadth, needs) = (Breadth::Usual, StageNeeds::NONE);
        Self { want, breadth, needs, proc, processes: &Unasked, files: None, options: &NONE }
    }
}

/// What later stages of a listing need of its objects, besides facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageNeeds {
    /// Holders will be looked for: traces have to be exact.
    pub holders: bool,
    /// States will be judged, or objects compared with what they were: the history has to be read.
    pub history: bool,
}

impl StageNeeds {
    /// Nothing.
    pub const NONE: Self = Self { holders: false, history: false };
    /// What it takes to judge an object or to compare it.
    pub const HISTORY: Self = Self { holders: false, history: true };
}

/// No process was looked at.
struct Unasked;

impl Discovery for Unasked {
    fn announce(&self, _class: &'static FileClass) {}

    fn announce_file(&self, _class: &'static FileClass, _file: FileId) {}

    fn expect(&self, _trace: &Trace) {}

    fn show_process(&self, _pid: i32) {}

    fn shown_processes(&self) -> Vec<i32> {
        Vec::new()
    }

    fn found_file(&self, class: &'static FileClass, _file: FileId) -> Rc<Findings> {
        self.found(class)
    }

    fn found(&self, _class: &'static FileClass) -> Rc<Findings> {
        Rc::new(Findings { unread: 1, ..Findings::default() })
    }
}

/// Which facts of a kind's own to read: reading is what costs.
#[derive(Clone, Copy)]
pub enum Want<'a> {
    /// Every fact there is.
    Everything,
    /// The facts that come with the listing, and these.
    FreeAnd(&'a [&'a str]),
    /// These alone.
    Only(&'a [&'a str]),
}

impl Want<'_> {
    /// Returns true if this fact of `kind` is wanted. CONTENT wants the facts it is built from.
    pub fn has(&self, kind: &Kind, field: &Field) -> bool {
        let (names, free) = match self {
            Self::Everything => return true,
            Self::FreeAnd(names) => (names, true),
            Self::Only(names) => (names, false),
        };
        let in_content = |part: &Part| matches!(part, Part::Fact(name) if *name == field.name);
        free && field.free
            || names.contains(&field.name)
            || names.contains(&"content") && kind.content.iter().any(in_content)
    }

    /// Returns true if this column that every kind has is wanted; asked for columns that cost a call.
    pub fn has_column(&self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::FreeAnd(names) | Self::Only(names) => names.contains(&name),
        }
    }
}

/// Takes what a search comes across, and says whether to go on.
pub type Each<'a> = &'a mut dyn FnMut(Found) -> ControlFlow<()>;

/// To be looked at: what every kind can.
pub trait Inspect: Sync {
    /// The options of this kind for verbs that search.
    fn params(&self) -> &'static [&'static Param] {
        &[]
    }

    /// Announces what [`Inspect::find`] will ask of the processes for this object, so that one scan answers for several.
    fn announce(&self, look: &Query, _locator: &Locator) {
        let _ = look;
    }

    /// Every object of the kind, in a stable order. Objects that vanish meanwhile are left out.
    fn list(&self, look: &Query, each: Each) -> ControlFlow<()>;

    /// One object, looked up directly.
    ///
    /// # Errors
    /// [`crate::model::Class::NotFound`] when there is none.
    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault>;

    /// Every object that a locator names: several sockets can have one address. In a stable order, and never none.
    ///
    /// # Errors
    /// As [`Inspect::find`].
    fn find_all(&self, look: &Query, locator: &Locator) -> Result<Vec<Object>, Fault> {
        Ok(vec![self.find(look, locator)?])
    }

    /// The kernel's limits on the kind.
    fn limits(&self, _look: &Query) -> Vec<Limit> {
        Vec::new()
    }

    /// What is worth a line beside the limits: what uses them up and is not listed.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// What all objects of the kind come to, where the kernel adds it up.
    fn totals(&self) -> Facts {
        Facts::default()
    }
}

/// What `create` was asked for, besides the options of the kind.
#[derive(Clone, Debug)]
pub struct CreateRequest<'a> {
    /// Which object; a System V object without one is private.
    pub locator: Option<&'a Locator>,
    /// Exact permission bits.
    pub mode: u32,
    /// The owner, if it is to be another.
    pub uid: Option<u32>,
    /// The group, if it is to be another.
    pub gid: Option<u32>,
    /// The options of the kind.
    pub settings: &'a Settings,
}

/// To be made.
pub trait Create: Sync {
    /// The options of this kind.
    fn params(&self) -> &'static [&'static Param];

    /// Returns true if the kernel chooses the locator of an object that is created without one.
    fn chooses_locator(&self) -> bool {
        false
    }

    /// Makes an object that did not exist, and tells its address.
    ///
    /// # Errors
    /// [`crate::model::Class::Exists`] when it exists: it is left untouched.
    fn create(&self, look: &Query, making: &CreateRequest) -> Result<Address, Fault>;

    /// The locator of the object that is meant, by which an existing one is found.
    ///
    /// # Errors
    /// A usage error when there is none.
    fn locator(&self, making: &CreateRequest) -> Result<Locator, Fault> {
        making.locator.cloned().ok_or_else(|| Fault::usage("it needs an address"))
    }

    /// The group that the object gets.
    fn group(&self, making: &CreateRequest) -> u32 {
        making.gid.unwrap_or_else(|| nix::unistd::getegid().as_raw())
    }

    /// What an existing object has otherwise than the options of the kind ask for. `object` has the facts that are called as
    /// the options that were given.
    ///
    /// # Errors
    /// A usage error in the options.
    fn differences(
        &self,
        look: &Query,
        object: &Object,
        making: &CreateRequest,
    ) -> Result<Vec<Difference>, Fault>;

    /// Returns Ok if a new object outlives this program.
    ///
    /// # Errors
    /// Why the kernel would remove it.
    fn check_lasting(&self, _look: &Query) -> Result<(), Fault> {
        Ok(())
    }

    /// What can go wrong with the new object, although it was made.
    fn caution(&self, _making: &CreateRequest) -> Option<String> {
        None
    }
}

/// What `set` was asked for, besides the options of the kind.
#[derive(Clone, Debug)]
pub struct ConfigureRequest<'a> {
    /// New permission bits.
    pub mode: Option<u32>,
    /// New owner.
    pub uid: Option<u32>,
    /// New group.
    pub gid: Option<u32>,
    /// The options of the kind.
    pub settings: &'a Settings,
}

/// To be changed.
pub trait Configure: Sync {
    /// The options of this kind.
    fn params(&self) -> &'static [&'static Param];

    /// Changes the object.
    ///
    /// # Errors
    /// Checks come before changes: what can be refused is refused while nothing has changed.
    fn set(&self, look: &Query, locator: &Locator, change: &ConfigureRequest) -> Result<(), Fault>;
}

/// To be removed.
pub trait Remove: Inspect {
    /// Removes the object, and says what is worth saying of it: that it lives until its last detach.
    ///
    /// # Errors
    /// [`crate::model::Class::NotFound`], [`crate::model::Class::Denied`].
    fn remove(&self, look: &Query, locator: &Locator) -> Result<Option<String>, Fault>;

    /// Bytes that the kernel gets back when these objects of the kind go; `None` where that cannot be told.
    fn freed(&self, _look: &Query, objects: &[&Object]) -> Vec<Option<u64>> {
        objects.iter().map(|object| object.past.as_ref().map(History::freed)).collect()
    }

    /// Removes the object if it is still exactly as it was, with as little as possible between the last look and the
    /// removal.
    ///
    /// # Errors
    /// As [`Remove::remove`].
    fn remove_same(&self, look: &Query, object: &Object) -> Result<Removal, Fault> {
        let locator = &object.address.locator;
        if !self.find(look, locator)?.is_same(object) {
            return Ok(Removal::Changed);
        }
        self.remove(look, locator).map(Removal::Gone)
    }
}

/// What became of an object that was to be removed as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone, or it is worth saying how it goes on.
    Gone(Option<String>),
    /// It is another one by now, or somebody has used or changed it: it stays.
    Changed,
}
