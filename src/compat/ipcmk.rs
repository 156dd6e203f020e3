//! `ipcmk`: makes objects, exclusively: what exists already is left as it is. System V objects get a random key.

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;

use super::numbers;
use super::objects;
use super::options::{Choice, Options, Takes, both};
use super::shown::Shown;
use super::tool::{Tool, ToolExit, reason};
use crate::kinds::KindRecord;
use crate::kinds::capability::{CreateRequest, Query, Want};
use crate::model::{Address, Argument, Class, Facility, Family, Fault, Locator, Settings};

static CHOICES: &[Choice] = &[
    both('M', "shmem", Takes::Value),
    both('m', "posix-shmem", Takes::Value),
    both('S', "semaphore", Takes::Value),
    both('s', "posix-semaphore", Takes::Nothing),
    both('Q', "queue", Takes::Nothing),
    both('q', "posix-mqueue", Takes::Nothing),
    both('p', "mode", Takes::Value),
    both('n', "name", Takes::Value),
    both('V', "version", Takes::Nothing),
    both('h', "help", Takes::Nothing),
];

/// What to make, each once at most.
#[derive(Default)]
struct IpcmkRequest {
    segment: Option<u64>,
    memory: Option<u64>,
    queue: bool,
    posix_queue: bool,
    set: Option<i32>,
    semaphore: bool,
    name: Option<OsString>,
    mode: Option<u32>,
}

/// Two programs may choose the same key at the same time, but not this often.
const TRIES: usize = 100;

/// Runs the tool.
pub(super) fn run(tool: &mut Tool, arguments: &[OsString]) -> Result<(), ToolExit> {
    let request = read(tool, arguments)?;
    let posix = request.memory.is_some() || request.posix_queue || request.semaphore;
    if !posix && request.segment.is_none() && !request.queue && request.set.is_none() {
        return Err(tool.misused(&"bad usage"));
    }
    if posix && request.name.is_none() {
        return Err(tool.misused(&"name is required for POSIX IPC"));
    }
    if let Some(size) = request.segment {
        let words = ("Shared memory id", "create share memory failed");
        sysv(tool, &request, Facility::Shm, Some(("size", size)), words)?;
    }
    if let Some(size) = request.memory {
        let words = ("POSIX shared memory name", "create POSIX shared memory failed");
        named(tool, &request, Facility::Shm, Some(("size", size)), words)?;
    }
    if request.queue {
        let words = ("Message queue id", "create message queue failed");
        sysv(tool, &request, Facility::Mq, None, words)?;
    }
    if request.posix_queue {
        let words = ("POSIX message queue name", "create POSIX message queue failed");
        named(tool, &request, Facility::Mq, None, words)?;
    }
    if let Some(count) = request.set {
        // A negative count is none that a set can have.
        let count = u64::try_from(count).unwrap_or(0);
        let words = ("Semaphore id", "create semaphore failed");
        sysv(tool, &request, Facility::Sem, Some(("count", count)), words)?;
    }
    if request.semaphore {
        let words = ("POSIX semaphore name", "create POSIX semaphore failed");
        named(tool, &request, Facility::Sem, None, words)?;
    }
    Ok(())
}

fn read(tool: &mut Tool, arguments: &[OsString]) -> Result<IpcmkRequest, ToolExit> {
    let mut request = IpcmkRequest::default();
    let mut options = Options::new(CHOICES, arguments);
    while let Some((name, value)) = options.next().map_err(|misuse| tool.bad_option(&misuse))? {
        let value = value.unwrap_or_default();
        match name {
            "shmem" => request.segment = Some(size(tool, &value)?),
            "posix-shmem" => request.memory = Some(size(tool, &value)?),
            "queue" => request.queue = true,
            "posix-mqueue" => request.posix_queue = true,
            "semaphore" => request.set = Some(count(tool, &value)?),
            "posix-semaphore" => request.semaphore = true,
            "name" => request.name = Some(value),
            "mode" => request.mode = Some(mode(tool, &value)?),
            "version" => return Err(tool.version()),
            _ => return Err(tool.help(include_str!("help/ipcmk.txt"))),
        }
    }
    Ok(request)
}

fn size(tool: &mut Tool, word: &OsString) -> Result<u64, ToolExit> {
    numbers::size(word.as_encoded_bytes()).map_err(|why| {
        let tail = match why {
            numbers::NumberError::Form => ": Invalid argument",
            numbers::NumberError::Range => why.tail(),
        };
        tool.refuse(&format!("failed to parse size: '{}'{tail}", Shown(word)))
    })
}

fn count(tool: &mut Tool, word: &OsString) -> Result<i32, ToolExit> {
    numbers::decimal(word.as_encoded_bytes()).map_err(|why| {
        tool.refuse(&format!("failed to parse elements: '{}'{}", Shown(word), why.tail()))
    })
}

fn mode(tool: &mut Tool, word: &OsString) -> Result<u32, ToolExit> {
    numbers::mode(word.as_encoded_bytes()).map_err(|why| {
        tool.refuse(&format!("failed to parse mode: '{}'{}", Shown(word), why.tail()))
    })
}

/// The number that a kind needs, under the name of its option.
type Need = Option<(&'static str, u64)>;

/// What is printed before the address, and what when it could not be made.
type Words = (&'static str, &'static str);

/// Makes a System V object with a key that none has, and prints its id.
fn sysv(
    tool: &mut Tool,
    request: &IpcmkRequest,
    facility: Facility,
    need: Need,
    (made, failed): Words,
) -> Result<(), ToolExit> {
    let record = objects::kind(tool, facility, Family::Sysv)?;
    let mode = request.mode.unwrap_or(0o644) & 0o777;
    let mut result = Err(Fault::new(Class::Exists, "no free key was found"));
    for _ in 0..TRIES {
        result = make(tool, record, &Locator::Key(random_key()), mode, need);
        if !matches!(&result, Err(fault) if fault.class == Class::Exists) {
            break;
        }
    }
    match result.map(|address| address.locator) {
        Ok(locator) => Ok(writeln!(tool.out, "{made}: {locator}")?),
        Err(fault) => Err(tool.refuse(&format!("{failed}: {}", reason(&fault)))),
    }
}

/// Makes a POSIX object and prints its name as it was given.
fn named(
    tool: &mut Tool,
    request: &IpcmkRequest,
    facility: Facility,
    need: Need,
    (made, failed): Words,
) -> Result<(), ToolExit> {
    let record = objects::kind(tool, facility, Family::Posix)?;
    let name = request.name.clone().unwrap_or_default();
    let mode = request.mode.unwrap_or(0o644) & !umask();
    let result = facility
        .named(name.as_encoded_bytes())
        .map_err(|rule| Fault { errno: broken_rule(&name), ..Fault::usage(rule) })
        .and_then(|locator| make(tool, record, &locator, mode, need));
    match result {
        Ok(_) => {
            tool.out.write_all(format!("{made}: ").as_bytes())?;
            tool.out.write_all(name.as_encoded_bytes())?;
            Ok(tool.out.write_all(b"\n")?)
        }
        Err(fault) => Err(tool.refuse(&format!("{failed}: {}", reason(&fault)))),
    }
}

/// What the C library says of a name that cannot be.
fn broken_rule(name: &OsString) -> Option<i32> {
    Some(if name.len() > 251 { libc::ENAMETOOLONG } else { libc::EINVAL })
}

fn make(
    tool: &Tool,
    record: &KindRecord,
    locator: &Locator,
    mode: u32,
    need: Need,
) -> Result<Address, Fault> {
    let create = record.create.ok_or_else(|| Fault::usage("it cannot be made"))?;
    let mut settings = Settings::default();
    if let Some((name, number)) = need
        && let Some(param) = create.params().iter().find(|param| param.name == name)
    {
        settings.push(param, Argument::Number(number));
    }
    let look = Query::new(Want::Only(&[]), &tool.proc);
    let making =
        CreateRequest { locator: Some(locator), mode, uid: None, gid: None, settings: &settings };
    create.create(&look, &making)
}

/// Any key but IPC_PRIVATE.
fn random_key() -> u32 {
    // Every state has keys of its own from the system's random numbers.
    let random = RandomState::new().build_hasher().finish();
    ((random & u64::from(u32::MAX)) as u32).max(1)
}

/// The bits that new files are not to have.
fn umask() -> u32 {
    use nix::sys::stat::{Mode, umask};
    let mask = umask(Mode::empty());
    umask(mask);
    mask.bits()
}
