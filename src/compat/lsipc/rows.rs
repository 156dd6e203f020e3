//! Objects as rows: the text of every cell.

use std::os::unix::ffi::OsStrExt;

use super::columns::{CellSource, LsipcColumn};
use super::facts_of;
use super::request::LsipcRequest;
use super::table::LsipcTable;
use crate::compat::objects::{self, PlainNumbers};
use crate::compat::text;
use crate::compat::times::TimeForm;
use crate::compat::tool::Tool;
use crate::kinds::process::CommandLines;
use crate::model::{Facility, Object, Value};

/// What all rows have in common.
pub(super) struct RowContext {
    columns: Vec<&'static LsipcColumn>,
    commands: CommandLines,
    times: TimeForm,
    bytes: bool,
    octal: bool,
}

impl RowContext {
    pub(super) fn new(request: &LsipcRequest, table: &LsipcTable) -> Self {
        let (times, bytes, octal) = (request.times, request.bytes, request.octal);
        let columns = table.columns();
        Self { columns, commands: CommandLines::default(), times, bytes, octal }
    }

    /// The facts that the columns need.
    pub(super) fn facts(&self) -> Vec<&'static str> {
        let mut facts = facts_of(&self.columns);
        // A status is two facts; who made a segment is told from when.
        if self.columns.iter().any(|column| column.cell == CellSource::Status) {
            facts.push("locked");
        }
        if self.columns.iter().any(|column| column.cell == CellSource::Command) {
            facts.push("changed");
        }
        facts
    }

    /// Adds the row of an object.
    pub(super) fn add(&mut self, tool: &mut Tool, object: &Object, table: &mut LsipcTable) {
        for at in 0..self.columns.len() {
            self.cell(tool, object, self.columns[at], table);
        }
    }

    fn cell(
        &mut self,
        tool: &mut Tool,
        object: &Object,
        column: &LsipcColumn,
        table: &mut LsipcTable,
    ) {
        let fact = column.fact.unwrap_or_default();
        match column.cell {
            CellSource::Key => table.own(&text::key(object.key())),
            CellSource::Id => table.own(text::decimal(objects::id(object).into()).bytes()),
            CellSource::Name => name(object, table),
            CellSource::Permissions => self.permissions(object, table),
            CellSource::Person => table.own(text::decimal(object.number(fact)).bytes()),
            CellSource::Owner => owner(tool, object.uid(), table),
            CellSource::UserName => user(tool, Some(object.number(fact) as u32), table),
            CellSource::GroupName => group(tool, Some(object.number(fact) as u32), table),
            CellSource::User | CellSource::FileUserName => user(tool, object.uid(), table),
            CellSource::Group | CellSource::FileGroupName => group(tool, object.gid(), table),
            CellSource::Uid => number(object.uid().map(u64::from), table),
            CellSource::Gid => number(object.gid().map(u64::from), table),
            CellSource::Time => match object.time(fact) {
                0 => table.none(),
                secs => table.foreign(tool.clock.text(secs, self.times).as_bytes()),
            },
            CellSource::Size => self.size(objects::number(Some(&object.size)), table),
            CellSource::Bytes => self.size(objects::number(object.facts.get(fact)), table),
            CellSource::Count => number(objects::number(object.facts.get(fact)), table),
            CellSource::Pid => table.own(text::signed(object.pid(fact).into()).bytes()),
            CellSource::Status => table.own(match (object.flag("marked"), object.flag("locked")) {
                (true, true) => b"dest,locked",
                (true, false) => b"dest",
                (false, true) => b"locked",
                (false, false) => b"",
            }),
            CellSource::Command => {
                let (pid, time) = (object.pid(fact), object.time("changed"));
                match self.commands.get(&tool.proc, pid, time) {
                    Some(line) => table.foreign(line.as_bytes()),
                    None => table.none(),
                }
            }
            CellSource::Text => table.none(),
        }
    }

    fn permissions(&self, object: &Object, table: &mut LsipcTable) {
        let mode = objects::mode(object);
        match object.permissions() {
            None => table.none(),
            Some(_) if self.octal => table.own(text::marked_octal(mode).bytes()),
            Some(_) => table.own(&text::permissions(mode)),
        }
    }

    fn size(&self, bytes: Option<u64>, table: &mut LsipcTable) {
        match bytes {
            None => table.none(),
            Some(bytes) if self.bytes => table.own(text::decimal(bytes).bytes()),
            Some(bytes) => table.own(text::human(bytes).bytes()),
        }
    }

    /// Adds a row for every semaphore of a set.
    ///
    /// # Errors
    /// Why they could not be read.
    pub(super) fn members(
        &mut self,
        tool: &Tool,
        object: &Object,
        table: &mut LsipcTable,
    ) -> Result<(), &'static str> {
        let rows = match object.facts.get("semaphores") {
            Some(Value::Rows(rows)) => &rows.rows,
            Some(Value::Unknown(why)) => return Err(why),
            _ => return Err("it was not read"),
        };
        let last = object.time("last-operation").max(object.time("changed"));
        for row in rows {
            for value in row.iter().take(4) {
                table.own(text::decimal(objects::number(Some(value)).unwrap_or(0)).bytes());
            }
            let pid = objects::pid(row.get(4));
            table.own(text::signed(pid.into()).bytes());
            match self.commands.get(&tool.proc, pid, last) {
                Some(line) => table.foreign(line.as_bytes()),
                None => table.none(),
            }
        }
        Ok(())
    }
}

fn number(number: Option<u64>, table: &mut LsipcTable) {
    match number {
        Some(number) => table.own(text::decimal(number).bytes()),
        None => table.none(),
    }
}

fn name(object: &Object, table: &mut LsipcTable) {
    let name = objects::name(object).as_bytes();
    if object.address.facility == Facility::Mq {
        table.foreign(&[b"/", name].concat());
    } else {
        table.foreign(name);
    }
}

fn owner(tool: &mut Tool, uid: Option<u32>, table: &mut LsipcTable) {
    match uid {
        Some(uid) => table.foreign(tool.people.user(uid)),
        None => table.none(),
    }
}

fn user(tool: &mut Tool, uid: Option<u32>, table: &mut LsipcTable) {
    match uid.and_then(|uid| tool.people.user_name(uid)) {
        Some(name) => table.foreign(name),
        None => table.none(),
    }
}

fn group(tool: &mut Tool, gid: Option<u32>, table: &mut LsipcTable) {
    match gid.and_then(|gid| tool.people.group_name(gid)) {
        Some(name) => table.foreign(name),
        None => table.none(),
    }
}
