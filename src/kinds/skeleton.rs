//! The smallest kind there can be, as a recipe: copy this file, and add its `mod` line and its line of `KINDS`. It is a
//! part of the tests and of no release: its objects are the regular files in one directory, which can only be looked at.
//!
//! What a kind leaves out of its record it cannot do, and what it leaves out of its [`Holding`] its holders do not show.
//! Nothing else in the program has to know of it.

use std::ffi::CString;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::KindRecord;
use super::capability::{Each, Inspect, Query};
use super::fact::{Fact, FactPlan, fields};
use super::file::{Backed, id, inode, timestamp};
use crate::model::{
    Breadth, Facility, Family, Fault, Found, Holding, Kind, Locator, Object, ObjectName, PATH,
    Subject, Trace, Value,
};
use crate::sys::directory;
use crate::sys::file::{self, Stat};

/// Where its objects are.
const DIRECTORY: &str = "/dev/shm/skeleton";

static KIND: Kind = Kind {
    name: "skeleton",
    facility: Facility::Skeleton,
    family: Family::File,
    forms: &[&PATH],
    file_type: None,
    listed: Breadth::Usual,
    about: "file of the skeleton",
    fields: || fields(FACTS),
    content: &[],
};

/// Holders have it open; whether there is none takes a look at every process.
static HOLDING: Holding = Holding { descriptors: true, ..Holding::NONE };

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord::read_only(&KIND, &HOLDING, &Skeleton);

/// What the kernel says of one object.
struct Bone {
    stat: Stat,
}

impl Backed for Bone {
    fn stat(&self) -> Option<&Stat> {
        Some(&self.stat)
    }
}

static FACTS: &[Fact<Bone>] = &[inode()];

struct Skeleton;

fn stat(path: &Path) -> Result<Stat, Fault> {
    let path = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Fault::usage("a path cannot contain a NUL byte"))?;
    let stat = file::stat_path(&path)?;
    if stat.is(libc::S_IFREG) { Ok(stat) } else { Err(Fault::not_found()) }
}

fn seen(plan: &FactPlan<Bone>, path: &Path, stat: Stat) -> Object {
    let one = Bone { stat };
    let stat = &one.stat;
    Object {
        name: ObjectName::Locator,
        owner: Value::User(stat.uid),
        group: Value::Group(stat.gid),
        mode: Value::Mode(stat.mode & 0o7777),
        size: Value::Bytes(stat.size),
        since: Some(timestamp(stat.changed)),
        facts: plan.read(&one),
        trace: Some(Trace::new(Subject::File(id(stat)), &HOLDING)),
        ..Object::new(&KIND, Locator::Path(path.into()))
    }
}

impl Inspect for Skeleton {
    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let place = Path::new(DIRECTORY);
        let entries = match directory::list(place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return each(Found::Missing(Fault::from_os(&error).cause)),
            Ok(entries) => entries,
        };
        let mut paths: Vec<PathBuf> =
            entries.iter().map(|entry| place.join(entry.name())).collect();
        paths.sort_unstable();
        for path in paths {
            if let Ok(stat) = stat(&path) {
                each(Found::Object(Box::new(seen(&plan, &path, stat))))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        match locator {
            Locator::Path(path) => Ok(seen(&plan, path, stat(path)?)),
            _ => Err(Fault::usage("a file of the skeleton has a path")),
        }
    }
}
