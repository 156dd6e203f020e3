//! `ipcs`: the three System V facilities, always queues, segments, sets. Which view is another file's business.

mod detail;
mod limits;
mod list;

use std::ffi::OsString;

use super::numbers;
use super::objects;
use super::options::{Choice, Options, Takes, both, long};
use super::shown::Shown;
use super::text;
use super::tool::{Tool, ToolExit};
use crate::kinds::KindRecord;
use crate::model::{Facility, Family};

static CHOICES: &[Choice] = &[
    both('i', "id", Takes::Value),
    both('q', "queues", Takes::Nothing),
    both('m', "shmems", Takes::Nothing),
    both('s', "semaphores", Takes::Nothing),
    both('a', "all", Takes::Nothing),
    both('t', "time", Takes::Nothing),
    both('p', "pid", Takes::Nothing),
    both('c', "creator", Takes::Nothing),
    both('l', "limits", Takes::Nothing),
    both('u', "summary", Takes::Nothing),
    long("human", Takes::Nothing),
    both('b', "bytes", Takes::Nothing),
    both('V', "version", Takes::Nothing),
    both('h', "help", Takes::Nothing),
];

/// What is said of every object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IpcsView {
    Status,
    Times,
    Pids,
    Creators,
    Limits,
    Totals,
}

/// How sizes are printed. Views differ in what they do unless told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SizeUnit {
    Default,
    Bytes,
    Human,
}

impl SizeUnit {
    /// A size, or its number of bytes.
    fn size(self, bytes: u64) -> String {
        let digits = if self == Self::Human { text::human(bytes) } else { text::decimal(bytes) };
        String::from_utf8_lossy(digits.bytes()).into_owned()
    }
}

/// What the command line asks for.
struct IpcsRequest {
    facilities: Vec<Facility>,
    view: IpcsView,
    unit: SizeUnit,
    id: Option<u32>,
}

/// The order of the sections.
const ORDER: [Facility; 3] = [Facility::Mq, Facility::Shm, Facility::Sem];

/// Runs the tool.
pub(super) fn run(tool: &mut Tool, arguments: &[OsString]) -> Result<(), ToolExit> {
    let request = read(tool, arguments)?;
    let section = match (request.id, request.view) {
        (Some(_), _) => detail::section,
        (None, IpcsView::Limits) => limits::limits,
        (None, IpcsView::Totals) => limits::totals,
        (None, _) => list::section,
    };
    for facility in &request.facilities {
        let record = objects::kind(tool, *facility, Family::Sysv)?;
        section(tool, record, &request)?;
    }
    if request.id.is_none() {
        line(tool, b"")?;
    }
    Ok(())
}

fn read(tool: &mut Tool, arguments: &[OsString]) -> Result<IpcsRequest, ToolExit> {
    let mut request = IpcsRequest {
        facilities: Vec::new(),
        view: IpcsView::Status,
        unit: SizeUnit::Default,
        id: None,
    };
    let mut facilities = Vec::new();
    let mut options = Options::new(CHOICES, arguments);
    while let Some((name, value)) = options.next().map_err(|misuse| tool.bad_option(&misuse))? {
        match name {
            "id" => request.id = Some(id(tool, &value.unwrap_or_default())?),
            "queues" => facilities.push(Facility::Mq),
            "shmems" => facilities.push(Facility::Shm),
            "semaphores" => facilities.push(Facility::Sem),
            "all" => facilities.extend(ORDER),
            "time" => request.view = IpcsView::Times,
            "pid" => request.view = IpcsView::Pids,
            "creator" => request.view = IpcsView::Creators,
            "limits" => request.view = IpcsView::Limits,
            "summary" => request.view = IpcsView::Totals,
            "human" => request.unit = SizeUnit::Human,
            "bytes" => request.unit = SizeUnit::Bytes,
            "version" => return Err(tool.version()),
            _ => return Err(tool.help(include_str!("../help/ipcs.txt"))),
        }
    }
    let all = facilities.is_empty() && request.id.is_none();
    request.facilities =
        ORDER.into_iter().filter(|facility| all || facilities.contains(facility)).collect();
    if request.id.is_some() && request.facilities.len() != 1 {
        return Err(tool.refuse(&"when using an ID, a single resource must be specified"));
    }
    Ok(request)
}

fn id(tool: &mut Tool, word: &OsString) -> Result<u32, ToolExit> {
    let bad = |tool: &mut Tool, tail| {
        tool.refuse(&format!("failed to parse id argument: '{}'{tail}", Shown(word)))
    };
    let number = numbers::decimal(word.as_encoded_bytes()).map_err(|why| bad(tool, why.tail()))?;
    // The tools of util-linux take a negative id for the first object there is.
    u32::try_from(number).map_err(|_| bad(tool, ""))
}

/// Writes one line.
fn line(tool: &mut Tool, text: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    tool.out.write_all(text)?;
    tool.out.write_all(b"\n")
}

/// The differences of the three sections that every view has.
fn pick<T>(record: &KindRecord, queues: T, segments: T, sets: T) -> T {
    match record.kind.facility {
        Facility::Mq => queues,
        Facility::Shm => segments,
        _ => sets,
    }
}
