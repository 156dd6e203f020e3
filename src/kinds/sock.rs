//! Unix sockets that are bound to a path: `unix(7)`, `/proc/net/unix`. A trial.

use std::ffi::CString;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::KindRecord;
use super::capability::{Each, Inspect, Query};
use super::fact::{Fact, FactPlan, fields};
use super::file::{Backed, id, inode, timestamp};
use crate::model::{
    Facility, Family, Fault, Found, Holding, Kind, Locator, Object, ObjectName, PATH, Part,
    Subject, Trace, Value,
};
use crate::sys::file::{self, Stat};

static KIND: Kind = Kind {
    name: "sock",
    facility: Facility::Sock,
    family: Family::File,
    forms: &[&PATH],
    file_type: None,
    about: "Unix socket with a path",
    fields: || fields(FACTS),
    content: &[Part::Word("bound")],
};

/// Holders have it open; whether there is none takes a look at every process.
static HOLDING: Holding = Holding { descriptors: true, ..Holding::NONE };

/// The record of this kind.
pub(crate) static RECORD: KindRecord = KindRecord::read_only(&KIND, &HOLDING, &Sock);

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

struct Sock;

fn stat(path: &Path) -> Result<Stat, Fault> {
    let path = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Fault::usage("a path cannot contain a NUL byte"))?;
    let stat = file::stat_path(&path)?;
    if stat.is(libc::S_IFSOCK) { Ok(stat) } else { Err(Fault::not_found()) }
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

impl Inspect for Sock {
    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let plan = FactPlan::new(&KIND, FACTS, look);
        let table = std::fs::read_to_string(look.proc.join("net/unix")).unwrap_or_default();
        let paths = table.lines().filter_map(|line| line.split(' ').next_back());
        let mut paths: Vec<PathBuf> =
            paths.filter(|path| path.starts_with('/')).map(PathBuf::from).collect();
        paths.sort_unstable();
        paths.dedup();
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
            _ => Err(Fault::usage("a socket with a path has a path")),
        }
    }
}
