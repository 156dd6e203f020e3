//! Unix sockets: by the file or abstract name that they are bound to, and each by its inode.
//!
//! A socket file and the socket that is bound to it are one object, and its connections are objects of their own. The address
//! has the path only if that leads, as it is seen from here, to the file that the socket is bound to.

mod facts;
mod reach;
mod store;

use std::collections::{BTreeMap, HashSet};
use std::ffi::{CString, OsStr};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::binding::{Binding, Prober};
use super::table::UnixTable;
use crate::kinds::KindRecord;
use crate::kinds::capability::{Configure, ConfigureRequest, Each, Inspect, Query, Remove};
use crate::kinds::fact::{FactPlan, fields};
use crate::kinds::file::{change_file, id, timestamp};
use crate::kinds::link::{self, Meant};
use crate::kinds::search::{self, Sought};
use crate::model::{
    ABSTRACT, Breadth, Class, DESCRIPTOR, Encoded, Facility, Family, Fault, FileType, Form, Found,
    History, Holding, INODE, Kind, Locator, Object, ObjectName, PATH, Param, Part, Subject, Trace,
    UsePattern, Vacancy, Value,
};
use crate::sys::diag::unix::{UnixSocket, state};
use crate::sys::file::{self, Stat};
use facts::{FACTS, UnixRow};

pub(super) static KIND: Kind = Kind {
    name: "unix-sock",
    facility: Facility::Sock,
    family: Family::Unix,
    forms: &[&PATH, &ABSTRACT, &INODE, &DESCRIPTOR],
    file_type: Some(FileType { word: "socket", bits: libc::S_IFSOCK }),
    listed: Breadth::Usual,
    about: "Unix socket",
    fields: || fields(FACTS),
    content: &[Part::Fact("status"), Part::Word(" "), Part::Fact("queue")],
};

/// How a socket file is held: by the socket that is bound to it. No descriptor shows that.
static FILE: Holding = Holding { vacancy: Vacancy::Probed, ..Holding::NONE };

/// The record of this kind.
pub(in crate::kinds) static RECORD: KindRecord = KindRecord {
    configure: Some(&Unix),
    remove: Some(&Unix),
    backing: Some(&store::SocketFiles),
    ..KindRecord::read_only(&KIND, &FILE, &Unix)
};

struct Unix;

static DIRECTORY: Param = Param {
    name: "socket-dir",
    metavar: "DIR",
    help: "Search this directory tree for socket files, too; repeatable",
    form: Form::Paths,
};

/// UnixRow listing, or one look.
struct Looking<'a> {
    look: &'a Query<'a>,
    plan: FactPlan<'a, UnixRow>,
    prober: Prober<'a>,
}

impl<'a> Looking<'a> {
    fn new(look: &'a Query<'a>) -> Self {
        let plan = FactPlan::new(&KIND, FACTS, look);
        Self { look, plan, prober: Prober::new(look.proc, look.files) }
    }

    /// The socket file at a path, with the socket that is bound to it where the table has it.
    fn file(&self, path: &Path, stat: Stat, table: Option<&Rc<UnixTable>>) -> Object {
        let known = table.and_then(|table| Some((table, table.bound_to(&stat)?)));
        let (socket, binding) = match known {
            Some((table, (at, true))) => (Some((Rc::clone(table), at)), Binding::Bound),
            // What is left of a listener that is gone may tell its name.
            Some((table, (at, false))) => match self.ask(path, &stat) {
                Binding::Bound => (Some((Rc::clone(table), at)), Binding::Bound),
                binding => (None, binding),
            },
            None => (None, self.ask(path, &stat)),
        };
        self.object(path, stat, socket, binding)
    }

    fn ask(&self, path: &Path, stat: &Stat) -> Binding {
        match handle(path) {
            Ok((handle, now)) if id(&now) == id(stat) => self.prober.ask(handle.as_fd(), &now),
            _ => Binding::Unsure("it was replaced meanwhile"),
        }
    }

    fn object(
        &self,
        path: &Path,
        stat: Stat,
        socket: Option<(Rc<UnixTable>, usize)>,
        binding: Binding,
    ) -> Object {
        let found = socket.as_ref().and_then(|(table, at)| table.get(*at));
        let file = Trace::new(Subject::File(id(&stat)), &FILE);
        let counted = match binding {
            Binding::Bound => Some(1),
            Binding::Unbound { .. } => Some(0),
            Binding::Unsure(_) => None,
        };
        let shared = binding == Binding::Unbound { shared: true };
        let trace = found.and_then(|socket| super::trace(socket.inode));
        let one = UnixRow { stat: Some(stat), socket, binding: Some(binding) };
        Object {
            name: ObjectName::Locator,
            owner: Value::User(stat.uid),
            group: Value::Group(stat.gid),
            mode: Value::Mode(stat.mode & 0o7777),
            since: Some(timestamp(stat.born.unwrap_or(stat.changed))),
            facts: self.plan.read(&one),
            trace: Some(trace.unwrap_or(Trace { counted, ..file })),
            past: self.plan.wants_past().then(|| past(&stat, shared)),
            ..Object::new(&KIND, Locator::Path(path.into()))
        }
    }

    /// A socket that is no file to be seen from here.
    fn socket(&self, table: &Rc<UnixTable>, at: usize, locator: Locator) -> Option<Object> {
        let socket = table.get(at)?;
        let name = match &locator {
            Locator::Abstract(_) => ObjectName::Locator,
            _ => ObjectName::None,
        };
        let one = UnixRow { stat: None, socket: Some((Rc::clone(table), at)), binding: None };
        Some(Object {
            name,
            owner: socket.uid.map_or(super::NOT_TOLD, Value::User),
            facts: self.plan.read(&one),
            trace: super::trace(socket.inode),
            ..Object::new(&KIND, locator)
        })
    }

    /// The address of a socket: its abstract name if that leads to it alone, else its inode. What is bound to a file that can
    /// be seen from here is none of its business.
    fn named(&self, table: &Rc<UnixTable>, at: usize) -> Option<Object> {
        let socket = table.get(at)?;
        let locator = match abstract_name(socket).filter(|_| table.is_bound(at)) {
            Some(name) if table.of_abstract(name).len() == 1 => {
                Locator::Abstract(OsStr::from_bytes(name).into())
            }
            _ => super::of_inode(socket.inode),
        };
        self.socket(table, at, locator)
    }
}

/// The abstract name of a socket, without the NUL at its beginning.
fn abstract_name(socket: &UnixSocket) -> Option<&[u8]> {
    socket.name.strip_prefix(&[0])
}

/// The path that a socket was bound to, as it was given.
fn path_name(socket: &UnixSocket) -> Option<&Path> {
    let name = socket.name.split(|byte| *byte == 0).next().filter(|name| !name.is_empty())?;
    Some(Path::new(OsStr::from_bytes(name)))
}

/// The file whose name a socket tells, if its path leads there from here, and whether it is certainly bound to that.
fn visible(table: &UnixTable, at: usize) -> Option<(PathBuf, Stat, bool)> {
    let path = path_name(table.get(at)?).filter(|path| path.is_absolute())?;
    let stat = search::stat(path).filter(|stat| stat.is(libc::S_IFSOCK))?;
    let (bound, certain) = table.bound_to(&stat)?;
    (bound == at).then(|| (path.to_owned(), stat, certain))
}

/// A handle on what a path names, which neither opens it nor follows a link.
fn handle(path: &Path) -> Result<(OwnedFd, Stat), Fault> {
    let handle = file::handle_at(nix::fcntl::AT_FDCWD, &c_path(path)?)?;
    let stat = file::stat(&handle)?;
    check(path, &stat)?;
    Ok((handle, stat))
}

fn c_path(path: &Path) -> Result<CString, Fault> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Fault::usage("a path cannot contain a NUL byte"))
}

fn check(path: &Path, stat: &Stat) -> Result<(), Fault> {
    static MEANT: Meant =
        Meant { facility: Facility::Sock, word: "a socket", is: |stat| stat.is(libc::S_IFSOCK) };
    if (MEANT.is)(stat) { Ok(()) } else { Err(link::refusal(path, stat, &MEANT)) }
}

/// What a socket file remembers. Only its own change tells: a connection to a datagram socket sets its access time.
fn past(stat: &Stat, shared: bool) -> History {
    let (born, nanos) = stat.born.unwrap_or_default();
    History {
        actors: Ok(Vec::new()),
        last: Some(stat.changed.0),
        changed: None,
        pace: UsePattern::Once,
        links: stat.links,
        serial: [born.unsigned_abs(), nanos.into(), stat.inode],
        shared,
        ..History::NONE
    }
}

impl Inspect for Unix {
    fn params(&self) -> &'static [&'static Param] {
        static PARAMS: &[&Param] = &[&DIRECTORY];
        PARAMS
    }

    fn list(&self, look: &Query, each: Each) -> ControlFlow<()> {
        let looking = Looking::new(look);
        let found = search::files(look.files, Sought::Socket, look.options.paths(&DIRECTORY));
        for reason in found.unsearched {
            each(Found::Missing(reason))?;
        }
        let mut files = BTreeMap::new();
        for path in found.paths {
            if let Some(stat) = search::stat(&path).filter(|stat| stat.is(libc::S_IFSOCK)) {
                files.insert(path, stat);
            }
        }
        if look.breadth == Breadth::Usual {
            stale(&looking, files, each)?;
        } else {
            all(&looking, files, each)?;
        }
        match search::counted(&[(found.unread, "directory", "directories")]) {
            Some(count) if look.breadth != Breadth::Usual => {
                each(Found::Note(format!("{count} could not be read in the search for sockets")))
            }
            // The search for FIFOs goes through the same directories.
            _ => ControlFlow::Continue(()),
        }
    }

    fn find(&self, look: &Query, locator: &Locator) -> Result<Object, Fault> {
        match locator {
            Locator::Path(path) => by_path(look, path),
            Locator::Abstract(name) => super::one_of(by_name(look, name)?),
            _ => super::by_number(look, locator),
        }
    }

    fn find_all(&self, look: &Query, locator: &Locator) -> Result<Vec<Object>, Fault> {
        match locator {
            Locator::Abstract(name) => by_name(look, name),
            _ => Ok(vec![self.find(look, locator)?]),
        }
    }
}

/// Files to which no socket is bound.
fn stale(looking: &Looking, files: BTreeMap<PathBuf, Stat>, each: Each) -> ControlFlow<()> {
    for (path, stat) in files {
        let binding = looking.ask(&path, &stat);
        if matches!(binding, Binding::Unbound { .. }) {
            each(Found::Object(Box::new(looking.object(&path, stat, None, binding))))?;
        }
    }
    ControlFlow::Continue(())
}

/// Files, names, and sockets that are bound; with [`Breadth::All`] every socket.
fn all(looking: &Looking, mut files: BTreeMap<PathBuf, Stat>, each: Each) -> ControlFlow<()> {
    let table = match UnixTable::read(looking.look.proc) {
        Ok(table) => Rc::new(table),
        Err(error) => {
            let cause = Fault::from_os(&error).cause;
            each(Found::Missing(format!("Unix sockets cannot be listed: {cause}")))?;
            Rc::default()
        }
    };
    for at in 0..table.len() {
        if table.is_bound(at)
            && let Some((path, stat, _)) = visible(&table, at)
        {
            files.entry(path).or_insert(stat);
        }
    }
    if looking.plan.has("leads-to") {
        reach::announce(&table, looking.look);
    }
    let mut shown = HashSet::new();
    for (path, stat) in files {
        let object = looking.file(&path, stat, Some(&table));
        // What is left of a listener that is gone is no part of its file.
        let is_held = object.trace.is_some_and(|trace| *trace.holding != FILE);
        shown.extend(table.bound_to(&stat).filter(|_| is_held).map(|(at, _)| at));
        each(Found::Object(Box::new(object)))?;
    }
    let mut rest = Vec::new();
    for at in (0..table.len()).filter(|at| !shown.contains(at)) {
        let Some(socket) = table.get(at) else { continue };
        if table.is_bound(at)
            && abstract_name(socket).is_some()
            && let Some(object) = looking.named(&table, at)
        {
            rest.push(object);
        }
    }
    rest.sort_by(|one, other| one.address.cmp(&other.address));
    rest.into_iter().try_for_each(|object| each(Found::Object(Box::new(object))))?;
    for at in (0..table.len()).filter(|at| !shown.contains(at)) {
        let Some(socket) = table.get(at) else { continue };
        let is_bound = table.is_bound(at);
        if is_bound && abstract_name(socket).is_some() {
            continue;
        }
        let is_named =
            is_bound && socket.state != state::ESTABLISHED || socket.state == state::LISTEN;
        if (is_named || looking.look.breadth == Breadth::All)
            && let Some(object) = looking.socket(&table, at, super::of_inode(socket.inode))
        {
            each(Found::Object(Box::new(object)))?;
        }
    }
    match table.is_poor {
        true => each(Found::Note(
            "the kernel has no sock_diag for Unix sockets: peers, queues and files are not known"
                .into(),
        )),
        false => ControlFlow::Continue(()),
    }
}

fn by_path(look: &Query, path: &Path) -> Result<Object, Fault> {
    let looking = Looking::new(look);
    let stat = match file::stat_path(&c_path(path)?) {
        Ok(stat) => stat,
        Err(error) => {
            let fault = Fault::from(error);
            return Err(if fault.class == Class::NotFound {
                hinted(fault, look, path)
            } else {
                fault
            });
        }
    };
    check(path, &stat)?;
    // Whether it is bound says the file itself; everything else is the socket's.
    let table = (facts::needs_table(&looking.plan) || look.needs.holders)
        .then(|| UnixTable::read(look.proc).ok().map(Rc::new))
        .flatten();
    Ok(looking.file(path, stat, table.as_ref()))
}

/// Where a path leads nowhere: the living socket that was bound to it, or an abstract name of the same bytes.
fn hinted(fault: Fault, look: &Query, path: &Path) -> Fault {
    let Ok(table) = UnixTable::read(look.proc) else { return fault };
    let was_bound = (0..table.len())
        .find(|at| table.is_bound(*at) && table.get(*at).and_then(path_name) == Some(path));
    if let Some(socket) = was_bound.and_then(|at| table.get(at)) {
        let inode = socket.inode;
        return fault.hint(format!("sock:{inode} was bound to this path, which is gone"));
    }
    let bytes = path.as_os_str().as_bytes();
    match table.of_abstract(bytes).first() {
        Some(_) => fault.hint(format!("there is the abstract name sock:@{}", Encoded(bytes))),
        None => fault,
    }
}

/// The sockets with this abstract name: each type has names of its own. One that is alone is called by it.
fn by_name(look: &Query, name: &OsStr) -> Result<Vec<Object>, Fault> {
    let looking = Looking::new(look);
    let table = Rc::new(UnixTable::read(look.proc)?);
    let places = table.of_abstract(name.as_bytes());
    let found: Vec<Object> = places.iter().filter_map(|at| looking.named(&table, *at)).collect();
    if found.is_empty() { Err(Fault::not_found()) } else { Ok(found) }
}

/// The Unix socket with this inode, if there is one in this network namespace.
pub(super) fn of_inode(look: &Query, inode: u32) -> Option<Object> {
    let looking = Looking::new(look);
    let alone = Rc::new(UnixTable::one(inode).or_else(|_| UnixTable::read(look.proc)).ok()?);
    let found = alone.get(alone.place(inode)?)?;
    // Who belongs to it, and whether its name is its own, only all sockets can tell.
    let is_told = found.name.is_empty()
        && found.state != state::LISTEN
        && found.peer.is_some_and(|peer| peer != 0);
    let table = match is_told {
        true => alone,
        false => Rc::new(UnixTable::read(look.proc).ok()?),
    };
    let at = table.place(inode)?;
    match visible(&table, at) {
        Some((path, stat, certain)) if certain || looking.ask(&path, &stat) == Binding::Bound => {
            let socket = Some((Rc::clone(&table), at));
            Some(looking.object(&path, stat, socket, Binding::Bound))
        }
        _ => looking.named(&table, at),
    }
}

/// The path of a socket file; what is no file has nothing to change or remove.
fn path(locator: &Locator) -> Result<&Path, Fault> {
    match locator {
        Locator::Path(path) => Ok(path),
        _ => Err(Fault::usage("it is no socket file: a socket ends with its last descriptor")
            .hint("ipcctl show names the processes that hold it")),
    }
}

impl Configure for Unix {
    fn params(&self) -> &'static [&'static Param] {
        &[]
    }

    fn set(
        &self,
        _look: &Query,
        locator: &Locator,
        change: &ConfigureRequest,
    ) -> Result<(), Fault> {
        change_file(handle(path(locator)?)?.0.as_fd(), change)
    }
}

impl Remove for Unix {
    fn remove(&self, _look: &Query, locator: &Locator) -> Result<Option<String>, Fault> {
        let path = path(locator)?;
        let name = c_path(path)?;
        check(path, &file::stat_path(&name)?)?;
        nix::unistd::unlink(name.as_c_str()).map_err(|error| Fault::from_os(&error.into()))?;
        Ok(None)
    }
}
