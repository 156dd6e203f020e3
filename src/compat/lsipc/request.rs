//! The command line of `lsipc` as what is to be done: which objects, which columns, which form.

use std::ffi::{OsStr, OsString};

use super::columns::{self, ColumnError, LIMITS, LsipcColumn, LsipcSubject, SUBJECTS};
use super::has_ids;
use super::table::Mode;
use crate::compat::numbers;
use crate::compat::options::{Choice, Options, Takes, both, long};
use crate::compat::shown::Shown;
use crate::compat::times::TimeForm;
use crate::compat::tool::{Tool, ToolExit};

static CHOICES: &[Choice] = &[
    both('b', "bytes", Takes::Nothing),
    both('c', "creator", Takes::Nothing),
    both('e', "export", Takes::Nothing),
    both('g', "global", Takes::Nothing),
    both('h', "help", Takes::Nothing),
    both('i', "id", Takes::Value),
    both('J', "json", Takes::Nothing),
    both('l', "list", Takes::Nothing),
    both('N', "name", Takes::Value),
    both('n', "newline", Takes::Nothing),
    long("noheadings", Takes::Nothing),
    long("notruncate", Takes::Nothing),
    both('P', "numeric-perms", Takes::Nothing),
    both('o', "output", Takes::Value),
    both('Q', "posix-mqueues", Takes::Nothing),
    both('S', "posix-semaphores", Takes::Nothing),
    both('M', "posix-shmems", Takes::Nothing),
    both('q', "queues", Takes::Nothing),
    both('r', "raw", Takes::Nothing),
    both('s', "semaphores", Takes::Nothing),
    both('m', "shmems", Takes::Nothing),
    both('t', "time", Takes::Nothing),
    long("time-format", Takes::Value),
    both('V', "version", Takes::Nothing),
    both('y', "shell", Takes::Nothing),
];

/// Options of which only one can be meant.
static EXCLUSIVE: [&[&str]; 4] = [
    &["creator", "output", "time"],
    &["export", "json", "list", "newline", "raw"],
    &["global", "id", "name"],
    &["posix-mqueues", "posix-semaphores", "posix-shmems", "queues", "semaphores", "shmems"],
];

/// Which objects of the subject.
pub(super) enum Selection {
    All,
    Id(u32),
    Name(OsString),
}

/// What is to be done.
pub(super) struct LsipcRequest {
    /// `None`: the limits of all.
    pub(super) subject: Option<&'static LsipcSubject>,
    /// Its limits rather than its objects.
    pub(super) global: bool,
    pub(super) which: Selection,
    pub(super) columns: Vec<&'static LsipcColumn>,
    pub(super) mode: Mode,
    pub(super) times: TimeForm,
    pub(super) bytes: bool,
    pub(super) octal: bool,
    pub(super) headings: bool,
    pub(super) truncate: bool,
    pub(super) shell: bool,
}

/// What has been given so far.
#[derive(Default)]
struct PartialRequest {
    names: Vec<&'static str>,
    id: Option<u32>,
    name: Option<OsString>,
    output: Option<OsString>,
    times: Option<TimeForm>,
}

impl PartialRequest {
    fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }
}

/// Reads the command line.
pub(super) fn read(tool: &mut Tool, arguments: &[OsString]) -> Result<LsipcRequest, ToolExit> {
    let mut given = PartialRequest::default();
    let mut options = Options::new(CHOICES, arguments);
    while let Some((name, value)) = options.next().map_err(|misuse| tool.bad_option(&misuse))? {
        exclude(tool, &given, name)?;
        given.names.push(name);
        let value = value.unwrap_or_default();
        match name {
            "id" => given.id = Some(id(tool, &value)?),
            "name" => given.name = Some(value),
            "output" => given.output = Some(value),
            "time-format" => given.times = Some(form(tool, &value)?),
            "version" => return Err(tool.version()),
            "help" => return Err(tool.help(include_str!("../help/lsipc.txt"))),
            _ => {}
        }
    }
    let subject = SUBJECTS.iter().find(|subject| given.has(subject.option));
    check(tool, &given, subject)?;
    let global = given.has("global") || subject.is_none();
    let mode = mode(&given);
    let columns = columns(tool, &given, subject.filter(|_| !global), mode)?;
    let which = match (given.id, &given.name) {
        (Some(id), _) => Selection::Id(id),
        (None, Some(name)) => Selection::Name(name.clone()),
        (None, None) => Selection::All,
    };
    let usual = if mode == Mode::Pretty { TimeForm::Full } else { TimeForm::Short };
    Ok(LsipcRequest {
        subject,
        global,
        which,
        columns,
        mode,
        times: given.times.unwrap_or(usual),
        bytes: given.has("bytes"),
        octal: given.has("numeric-perms"),
        headings: !given.has("noheadings"),
        truncate: !given.has("notruncate"),
        shell: given.has("shell"),
    })
}

/// Refuses an option that contradicts an earlier one.
fn exclude(tool: &mut Tool, given: &PartialRequest, name: &str) -> Result<(), ToolExit> {
    for group in EXCLUSIVE.iter().filter(|group| group.contains(&name)) {
        let other = given.names.iter().find(|one| **one != name && group.contains(one));
        if let Some(other) = other {
            return Err(tool.refuse(&format!("options --{other} and --{name} cannot be combined")));
        }
    }
    Ok(())
}

/// Refuses what makes no sense together.
fn check(
    tool: &mut Tool,
    given: &PartialRequest,
    subject: Option<&LsipcSubject>,
) -> Result<(), ToolExit> {
    let Some(subject) = subject else {
        let one = ["creator", "id", "name", "time"].iter().any(|name| given.has(name));
        return if one {
            Err(tool
                .refuse(&"--global is mutually exclusive with --creator, --id, --name and --time"))
        } else {
            Ok(())
        };
    };
    if given.has("id") && !has_ids(subject) {
        return Err(tool.refuse(&"--id goes with --shmems, --queues or --semaphores"));
    }
    if given.has("name") && has_ids(subject) {
        let names = "--posix-shmems, --posix-mqueues or --posix-semaphores";
        return Err(tool.refuse(&format!("--name goes with {names}")));
    }
    Ok(())
}

fn id(tool: &mut Tool, word: &OsStr) -> Result<u32, ToolExit> {
    let bad = |tool: &mut Tool, tail| {
        tool.refuse(&format!("failed to parse IPC identifier: '{}'{tail}", Shown(word)))
    };
    let number = numbers::decimal(word.as_encoded_bytes()).map_err(|why| bad(tool, why.tail()))?;
    u32::try_from(number).map_err(|_| bad(tool, ""))
}

fn form(tool: &mut Tool, word: &OsStr) -> Result<TimeForm, ToolExit> {
    match word.as_encoded_bytes() {
        b"short" => Ok(TimeForm::Short),
        b"full" => Ok(TimeForm::Full),
        b"iso" => Ok(TimeForm::Iso),
        _ => Err(tool.refuse(&format!("unknown time format: {}", Shown(word)))),
    }
}

fn mode(given: &PartialRequest) -> Mode {
    match () {
        () if given.has("json") => Mode::Json,
        () if given.has("export") => Mode::Export,
        () if given.has("newline") => Mode::Newline,
        () if given.has("raw") => Mode::Raw,
        () if given.has("list") => Mode::List,
        () if given.id.is_some() || given.name.is_some() => Mode::Pretty,
        () => Mode::List,
    }
}

fn columns(
    tool: &mut Tool,
    given: &PartialRequest,
    subject: Option<&'static LsipcSubject>,
    mode: Mode,
) -> Result<Vec<&'static LsipcColumn>, ToolExit> {
    let (all, usual): (&[_], &[_]) =
        subject.map_or((&LIMITS, &LIMITS), |subject| (subject.all, subject.usual));
    let Some(list) = &given.output else {
        return Ok(match subject {
            Some(subject) if given.has("creator") => [subject.usual, subject.creator].concat(),
            Some(subject) if given.has("time") => subject.times.to_vec(),
            _ if mode == Mode::Pretty => all.to_vec(),
            _ => usual.to_vec(),
        });
    };
    // What `+` adds to is what would be shown without it.
    let usual = if mode == Mode::Pretty { all } else { usual };
    columns::choose(&list.to_string_lossy(), all, usual).map_err(|bad| match bad {
        ColumnError::Empty => {
            // Refused without a word, as ever.
            tool.fail_silently()
        }
        ColumnError::Unknown(rest) => {
            tool.refuse(&format!("unknown column: {}", Shown(OsStr::new(&rest))))
        }
        ColumnError::Elsewhere(rest) => {
            let rest = Shown(OsStr::new(&rest)).to_string();
            tool.refuse(&format!("column {rest} does not apply to the specified IPC"))
        }
    })
}
