//! The listings of `ipcs`: a title, a heading, a line an object. Columns are padded as wide as their headings
//! and never cut, but for the owner.

use std::io::Write;

use super::{IpcsRequest, IpcsView, SizeUnit, pick};
use crate::compat::objects::{self, PlainNumbers};
use crate::compat::text::{self, left, right, spaces};
use crate::compat::times::TimeForm;
use crate::compat::tool::{Tool, ToolExit};
use crate::kinds::KindRecord;
use crate::model::Object;

/// One of the columns.
#[derive(Clone, Copy)]
enum IpcsColumn {
    Key,
    Id(usize),
    Owner,
    Mode,
    /// Bytes, in a fact or as the object's size.
    Size(Option<&'static str>, usize),
    Count(&'static str, usize),
    /// A word if the fact is so.
    Flag(&'static str, &'static str),
    Pid(&'static str),
    /// With so many more spaces before it, right-aligned.
    PidRight(usize, &'static str),
    Stamp(&'static str),
    /// With so many more spaces before it.
    Date(usize, &'static str),
    Creator,
    CreatorGroup,
    User,
    Group,
}
use IpcsColumn::*;

/// A section of one view.
struct Section {
    title: &'static str,
    heading: &'static str,
    /// The heading where sizes have units.
    human: &'static str,
    columns: &'static [IpcsColumn],
}

const fn section_of(
    title: &'static str,
    heading: &'static str,
    columns: &'static [IpcsColumn],
) -> Section {
    Section { title, heading, human: heading, columns }
}

static QUEUES: Section = Section {
    human: "key        msqid      owner      perms      size         messages    ",
    ..section_of(
        "Message Queues",
        "key        msqid      owner      perms      used-bytes   messages    ",
        &[Key, Id(10), Owner, Mode, Size(Some("bytes"), 12), Count("messages", 12)],
    )
};
static SEGMENTS: Section = Section {
    human: "key        shmid      owner      perms      size       nattch     status      ",
    ..section_of(
        "Shared Memory Segments",
        "key        shmid      owner      perms      bytes      nattch     status      ",
        &[
            Key,
            Id(10),
            Owner,
            Mode,
            Size(None, 10),
            Count("attached", 10),
            Flag("marked", "dest"),
            Flag("locked", "locked"),
        ],
    )
};
static SETS: Section = section_of(
    "Semaphore Arrays",
    "key        semid      owner      perms      nsems     ",
    &[Key, Id(10), Owner, Mode, Count("count", 10)],
);

static QUEUE_TIMES: Section = section_of(
    "Message Queues Send/Recv/Change Times",
    "msqid    owner      send                 recv                 change              ",
    &[Id(8), Owner, Stamp("last-send"), Stamp("last-receive"), Stamp("changed")],
);
static SEGMENT_TIMES: Section = section_of(
    "Shared Memory Attach/Detach/Change Times",
    "shmid      owner      attached             detached             changed             ",
    &[Id(10), Owner, Stamp("last-attach"), Stamp("last-detach"), Stamp("changed")],
);
static SET_TIMES: Section = section_of(
    "Semaphore Operation/Change Times",
    "semid    owner      last-op                    last-changed              ",
    &[Id(8), Owner, Date(1, "last-operation"), Date(0, "changed")],
);

static QUEUE_PIDS: Section = section_of(
    "Message Queues PIDs",
    "msqid      owner      lspid      lrpid     ",
    &[Id(8), Owner, PidRight(1, "sender-pid"), PidRight(4, "receiver-pid")],
);
static SEGMENT_PIDS: Section = section_of(
    "Shared Memory Creator/Last-op PIDs",
    "shmid      owner      cpid       lpid      ",
    &[Id(10), Owner, Pid("creator-pid"), Pid("last-pid")],
);

const PEOPLE: &[IpcsColumn] = &[Id(10), Mode, Creator, CreatorGroup, User, Group];
static QUEUE_CREATORS: Section = section_of(
    "Message Queues Creators/Owners",
    "msqid      perms      cuid       cgid       uid        gid       ",
    PEOPLE,
);
static SEGMENT_CREATORS: Section = section_of(
    "Shared Memory Segment Creators/Owners",
    "shmid      perms      cuid       cgid       uid        gid       ",
    PEOPLE,
);
static SET_CREATORS: Section = section_of(
    "Semaphore Arrays Creators/Owners",
    "semid      perms      cuid       cgid       uid        gid       ",
    PEOPLE,
);

impl IpcsColumn {
    /// The fact that it prints, if it is one of the kind's own.
    fn fact(self) -> Option<&'static str> {
        match self {
            Key => Some("key"),
            Size(fact, _) => fact,
            Count(fact, _) | Flag(fact, _) | Pid(fact) | PidRight(_, fact) => Some(fact),
            Stamp(fact) | Date(_, fact) => Some(fact),
            Creator => Some("cuid"),
            CreatorGroup => Some("cgid"),
            Id(_) | Owner | Mode | User | Group => None,
        }
    }
}

/// Prints one section.
pub(super) fn section(
    tool: &mut Tool,
    record: &'static KindRecord,
    request: &IpcsRequest,
) -> Result<(), ToolExit> {
    let section = match request.view {
        IpcsView::Times => pick(record, &QUEUE_TIMES, &SEGMENT_TIMES, &SET_TIMES),
        IpcsView::Creators => pick(record, &QUEUE_CREATORS, &SEGMENT_CREATORS, &SET_CREATORS),
        // Nobody keeps the pids of a set.
        IpcsView::Pids => match pick(record, Some(&QUEUE_PIDS), Some(&SEGMENT_PIDS), None) {
            Some(section) => section,
            None => return Ok(super::line(tool, b"")?),
        },
        _ => pick(record, &QUEUES, &SEGMENTS, &SETS),
    };
    let heading = if request.unit == SizeUnit::Human { section.human } else { section.heading };
    writeln!(tool.out, "\n------ {} --------\n{heading}", section.title)?;
    let want: Vec<&str> = section.columns.iter().filter_map(|column| column.fact()).collect();
    let mut row = Vec::new();
    objects::each(tool, record, &want, &mut |tool, object| {
        row.clear();
        for (at, column) in section.columns.iter().enumerate() {
            if at > 0 {
                row.push(b' ');
            }
            cell(tool, object, *column, request.unit, &mut row);
        }
        row.push(b'\n');
        Ok(tool.out.write_all(&row)?)
    })
}

fn cell(tool: &mut Tool, object: &Object, column: IpcsColumn, unit: SizeUnit, row: &mut Vec<u8>) {
    match column {
        Key => row.extend_from_slice(&text::key(object.key())),
        Id(width) => left(row, text::decimal(objects::id(object).into()).bytes(), width),
        Owner => {
            let owner = tool.people.user(object.uid().unwrap_or_default());
            left(row, &owner[..owner.len().min(10)], 10);
        }
        Mode => left(row, text::octal(objects::mode(object)).bytes(), 10),
        Size(fact, width) => size(object, fact, width, unit, row),
        Count(fact, width) => left(row, text::decimal(object.number(fact)).bytes(), width),
        Flag(fact, word) => left(row, if object.flag(fact) { word.as_bytes() } else { b"" }, 6),
        Pid(fact) => left(row, text::signed(object.pid(fact).into()).bytes(), 10),
        PidRight(gap, fact) => {
            spaces(row, gap);
            right(row, text::signed(object.pid(fact).into()).bytes(), 5);
        }
        Stamp(fact) => left(row, time(tool, object, fact, TimeForm::Stamp).as_bytes(), 20),
        Date(gap, fact) => {
            spaces(row, gap);
            left(row, time(tool, object, fact, TimeForm::Full).as_bytes(), 26);
        }
        Creator => left(row, tool.people.user(object.number("cuid") as u32), 10),
        CreatorGroup => left(row, tool.people.group(object.number("cgid") as u32), 10),
        User => left(row, tool.people.user(object.uid().unwrap_or_default()), 10),
        Group => left(row, tool.people.group(object.gid().unwrap_or_default()), 10),
    }
}

/// Room for a size with a unit.
const HUMAN: usize = 6;

fn size(object: &Object, fact: Option<&str>, width: usize, unit: SizeUnit, row: &mut Vec<u8>) {
    let bytes = match fact {
        Some(fact) => object.number(fact),
        None => objects::number(Some(&object.size)).unwrap_or(0),
    };
    if unit == SizeUnit::Human {
        // One more digit moves the rest of the line.
        right(row, text::human(bytes).bytes(), HUMAN);
        spaces(row, width.saturating_sub(HUMAN));
    } else {
        left(row, text::decimal(bytes).bytes(), width);
    }
}

/// A time, or that there was none.
pub(super) fn time<'a>(tool: &'a mut Tool, object: &Object, fact: &str, form: TimeForm) -> &'a str {
    match object.time(fact) {
        0 => "Not set",
        secs => tool.clock.text(secs, form),
    }
}
