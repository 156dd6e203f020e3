//! `ipcrm`: removes objects, each option at once and in its turn, and everything of a kind last of all.
//!
//! Only what is an object of the kind is removed: no directory, FIFO or link that lies in `/dev/shm`.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{self, Write};

use super::numbers;
use super::objects;
use super::options::{Choice, Options, Takes, both, long};
use super::shown::Shown;
use super::text;
use super::tool::{Tool, ToolExit, reason};
use crate::kinds::KindRecord;
use crate::kinds::capability::{Query, Want};
use crate::model::{Class, Facility, Family, Fault, Locator};
use crate::sys::{msg, sem, shm};

static CHOICES: &[Choice] = &[
    both('m', "shmem-id", Takes::Value),
    both('M', "shmem-key", Takes::Value),
    long("posix-shmem", Takes::Value),
    both('q', "queue-id", Takes::Value),
    both('Q', "queue-key", Takes::Value),
    long("posix-mqueue", Takes::Value),
    both('s', "semaphore-id", Takes::Value),
    both('S', "semaphore-key", Takes::Value),
    long("posix-semaphore", Takes::Value),
    both('a', "all", Takes::Maybe),
    both('v', "verbose", Takes::Nothing),
    both('V', "version", Takes::Nothing),
    both('h', "help", Takes::Nothing),
];

/// A kind as this tool knows it.
struct IpcrmKind {
    /// What `--all` calls it.
    word: &'static str,
    facility: Facility,
    family: Family,
    /// What `--verbose` calls it.
    title: &'static str,
}

const fn sort(
    word: &'static str,
    facility: Facility,
    family: Family,
    title: &'static str,
) -> IpcrmKind {
    IpcrmKind { word, facility, family, title }
}

/// In the order in which `--all` goes through them.
static SORTS: [IpcrmKind; 6] = [
    sort("shm", Facility::Shm, Family::Sysv, "shared memory segment id"),
    sort("pshm", Facility::Shm, Family::Posix, "POSIX shared memory"),
    sort("sem", Facility::Sem, Family::Sysv, "semaphore id"),
    sort("psem", Facility::Sem, Family::Posix, "POSIX semaphore"),
    sort("msg", Facility::Mq, Family::Sysv, "message queue id"),
    sort("pmsg", Facility::Mq, Family::Posix, "POSIX message queue"),
];

fn named(word: &OsStr) -> Option<&'static IpcrmKind> {
    SORTS.iter().find(|sort| word == sort.word)
}

fn of(facility: Facility, family: Family) -> &'static IpcrmKind {
    let found = SORTS.iter().find(|sort| (sort.facility, sort.family) == (facility, family));
    found.unwrap_or(&SORTS[0])
}

/// Runs the tool.
pub(super) fn run(tool: &mut Tool, arguments: &[OsString]) -> Result<(), ToolExit> {
    match arguments {
        [] => return Err(tool.misused(&"bad usage")),
        [word, ids @ ..] if ["shm", "msg", "sem"].iter().any(|one| word == one) => {
            return old_syntax(tool, word, ids);
        }
        _ => {}
    }
    let mut remover = IpcrmRemover { tool, verbose: false };
    let mut all: Option<&[IpcrmKind]> = None;
    let mut options = Options::new(CHOICES, arguments);
    loop {
        let given = options.next().map_err(|misuse| remover.tool.bad_option(&misuse))?;
        let Some((name, value)) = given else { break };
        let value = value.as_deref();
        match name {
            "all" => all = Some(remover.sorts(value)?),
            "verbose" => remover.verbose = true,
            "version" => return Err(remover.tool.version()),
            "help" => return Err(remover.tool.help(include_str!("help/ipcrm.txt"))),
            name => remover.option(name, value.unwrap_or_default())?,
        }
    }
    if let Some(word) = options.operands().first() {
        return Err(remover.tool.misused(&format!("unknown argument: {}", Shown(word))));
    }
    let all = all.unwrap_or_default();
    // Who names no kind may be on a system that lacks one.
    let missing: fn(&mut Tool, &dyn Display) =
        if all.len() > 1 { |tool, reason| tool.warn(reason) } else { Tool::fail };
    all.iter().try_for_each(|sort| remover.everything(sort, missing))
}

/// `ipcrm shm ID...`
fn old_syntax(tool: &mut Tool, word: &OsStr, ids: &[OsString]) -> Result<(), ToolExit> {
    let Some(sort) = named(word).filter(|_| !ids.is_empty()) else {
        return Err(tool.misused(&"not enough arguments"));
    };
    let mut remover = IpcrmRemover { tool, verbose: false };
    let mut failed = false;
    for word in ids {
        match numbers::decimal(word.as_encoded_bytes()) {
            Ok(id) => failed |= !remover.by_id(sort, id, "id")?,
            Err(_) => {
                failed = true;
                remover.tool.fail(&format!("invalid id: {}", Shown(word)));
            }
        }
    }
    if !failed {
        writeln!(remover.tool.out, "resource(s) deleted")?;
    }
    Ok(())
}

/// Whether the caller may read a System V object.
fn is_readable(facility: Facility, id: u32) -> bool {
    let denied = match facility {
        Facility::Shm => shm::stat(id).err(),
        Facility::Mq => msg::stat(id).err(),
        _ => sem::stat(id).err(),
    };
    denied.is_none_or(|error| error.kind() != io::ErrorKind::PermissionDenied)
}

struct IpcrmRemover<'a> {
    tool: &'a mut Tool,
    verbose: bool,
}

impl IpcrmRemover<'_> {
    /// What `--all` goes through.
    fn sorts(&mut self, word: Option<&OsStr>) -> Result<&'static [IpcrmKind], ToolExit> {
        let Some(word) = word else { return Ok(&SORTS) };
        match named(word) {
            Some(sort) => Ok(std::slice::from_ref(sort)),
            None => Err(self.tool.refuse(&format!("unknown argument: {}", Shown(word)))),
        }
    }

    /// An option that names one object. One that cannot be removed does not stop the rest.
    fn option(&mut self, name: &str, word: &OsStr) -> Result<(), ToolExit> {
        let (facility, how) = match name.rsplit_once('-').unwrap_or((name, "")) {
            ("shmem", how) => (Facility::Shm, how),
            ("queue", how) => (Facility::Mq, how),
            ("semaphore", how) => (Facility::Sem, how),
            (_, "shmem") => (Facility::Shm, "name"),
            (_, "mqueue") => (Facility::Mq, "name"),
            _ => (Facility::Sem, "name"),
        };
        let bytes = word.as_encoded_bytes();
        let bad = |tool: &mut Tool, why: numbers::NumberError| {
            tool.refuse(&format!("failed to parse argument: '{}'{}", Shown(word), why.tail()))
        };
        match how {
            "id" => {
                let id = numbers::id(bytes).map_err(|why| bad(self.tool, why))?;
                self.by_id(of(facility, Family::Sysv), id, "id").map(drop)
            }
            "key" => {
                let key = numbers::key(bytes).map_err(|why| bad(self.tool, why))?;
                self.by_key(of(facility, Family::Sysv), key, word)
            }
            _ => self.by_name(of(facility, Family::Posix), word),
        }
    }

    /// Removes the System V object with an id, and says whether that went well. It was asked for by `what`, an id or
    /// a key; messages tell the id either way.
    fn by_id(&mut self, sort: &IpcrmKind, id: i32, what: &str) -> Result<bool, ToolExit> {
        self.announce(sort, id.to_string().as_bytes())?;
        let removed = match u32::try_from(id) {
            Ok(id) => self.remove(sort, &Locator::Id(id))?,
            Err(_) => Err(Fault::not_found()),
        };
        let Err(fault) = removed else { return Ok(true) };
        let message = match (fault.class, fault.errno) {
            (Class::NotFound, Some(libc::EIDRM)) => format!("already removed {what} ({id})"),
            (Class::NotFound, _) => format!("invalid {what} ({id})"),
            (Class::Denied, _) => format!("permission denied for {what} ({id})"),
            _ => format!("{what} failed: {}", reason(&fault)),
        };
        self.tool.fail(&message);
        Ok(false)
    }

    fn by_key(&mut self, sort: &IpcrmKind, key: u32, word: &OsStr) -> Result<(), ToolExit> {
        if key == 0 {
            // IPC_PRIVATE, which any number of objects have.
            self.tool.fail(&format!("illegal key ({})", Shown(word)));
            return Ok(());
        }
        let record = objects::kind(self.tool, sort.facility, sort.family)?;
        match objects::find(self.tool, record, &Locator::Key(key), &[]) {
            Ok(object) => {
                let id = i32::try_from(objects::id(&object)).unwrap_or(-1);
                self.by_id(sort, id, "key").map(drop)
            }
            Err(fault) if fault.class == Class::NotFound => {
                self.tool.fail(&format!("invalid key ({})", Shown(word)));
                Ok(())
            }
            Err(fault) if fault.class == Class::Denied => {
                self.tool.fail(&format!("permission denied for key ({})", Shown(word)));
                Ok(())
            }
            Err(fault) => {
                self.tool.fail(&format!("key failed: {}", reason(&fault)));
                Ok(())
            }
        }
    }

    fn by_name(&mut self, sort: &IpcrmKind, word: &OsStr) -> Result<(), ToolExit> {
        self.announce(sort, word.as_encoded_bytes())?;
        let removed = match sort.facility.named(word.as_encoded_bytes()) {
            Ok(locator) => self.remove(sort, &locator)?,
            Err(_) => Err(Fault::not_found()),
        };
        let Err(fault) = removed else { return Ok(()) };
        let shown = Shown(word);
        let message = match fault.class {
            Class::NotFound if fault.hint.is_some() => format!("name `{shown}': {}", fault.cause),
            Class::NotFound => format!("name `{shown}' not found"),
            Class::Denied => format!("permission denied for name `{shown}'"),
            _ => format!("name failed: {}", reason(&fault)),
        };
        self.tool.fail(&message);
        Ok(())
    }

    /// Removes every object of a kind. One that somebody else has just removed is no failure; `missing` says what
    /// to make of a kind that could not be looked at.
    fn everything(
        &mut self,
        sort: &IpcrmKind,
        missing: fn(&mut Tool, &dyn Display),
    ) -> Result<(), ToolExit> {
        let record = objects::kind(self.tool, sort.facility, sort.family)?;
        let mut found = Vec::new();
        objects::each_there(self.tool, record, &[], missing, &mut |_, object| {
            found.push(object.address.locator.clone());
            Ok(())
        })?;
        for locator in found {
            match &locator {
                Locator::Id(id) => self.one_of_all(sort, &locator, id.to_string().as_bytes())?,
                Locator::Name(name) => {
                    let slash: &[u8] = if sort.facility == Facility::Mq { b"/" } else { b"" };
                    self.one_of_all(sort, &locator, &[slash, name.as_encoded_bytes()].concat())?;
                }
                // Kinds that this tool knows have no other locators.
                _ => {}
            }
        }
        Ok(())
    }

    fn one_of_all(
        &mut self,
        sort: &IpcrmKind,
        locator: &Locator,
        shown: &[u8],
    ) -> Result<(), ToolExit> {
        let removed = self.remove(sort, locator)?;
        if let (Err(fault), Locator::Id(id)) = (&removed, locator)
            && fault.class == Class::Denied
            && !is_readable(sort.facility, *id)
        {
            // Not among all that this caller sees, as ever.
            return Ok(());
        }
        self.announce(sort, shown)?;
        let Err(fault) = removed else { return Ok(()) };
        let (name, open, close) = match sort.family {
            Family::Sysv => ("id", "(", ")"),
            _ => ("name", "`", "'"),
        };
        let mut safe = Vec::new();
        text::escape(&mut safe, shown, text::hide_unprintable);
        let shown = String::from_utf8_lossy(&safe);
        match fault.class {
            Class::NotFound => {}
            Class::Denied => {
                self.tool.fail(&format!("permission denied for {name} {open}{shown}{close}"));
            }
            _ => self.tool.fail(&format!("{name} failed: {}", reason(&fault))),
        }
        Ok(())
    }

    fn announce(&mut self, sort: &IpcrmKind, shown: &[u8]) -> io::Result<()> {
        if !self.verbose {
            return Ok(());
        }
        let mut line = format!("removing {} `", sort.title).into_bytes();
        text::escape(&mut line, shown, text::hide_unprintable);
        line.extend_from_slice(b"'\n");
        self.tool.out.write_all(&line)
    }

    fn remove(
        &mut self,
        sort: &IpcrmKind,
        locator: &Locator,
    ) -> Result<Result<(), Fault>, ToolExit> {
        let record: &KindRecord = objects::kind(self.tool, sort.facility, sort.family)?;
        let look = Query::new(Want::Only(&[]), &self.tool.proc);
        Ok(match record.remove {
            Some(remove) => remove.remove(&look, locator).map(drop),
            None => Err(Fault::usage(format!("a {} cannot be removed", record.kind.name))),
        })
    }
}
