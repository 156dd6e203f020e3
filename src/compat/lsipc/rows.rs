//! Objects as rows: the text of every cell.

use std::os::unix::ffi::OsStrExt;

use super::columns::{Cell, Column};
use super::facts_of;
use super::request::Request;
use super::table::Table;
use crate::compat::objects::{self, Plain};
use crate::compat::text;
use crate::compat::times::Form;
use crate::compat::tool::Tool;
use crate::kinds::process::CommandLines;
use crate::model::{Facility, Object, Value};

/// What all rows have in common.
pub(super) struct Rows {
    columns: Vec<&'static Column>,
    commands: CommandLines,
    times: Form,
    bytes: bool,
    octal: bool,
}

impl Rows {
    pub(super) fn new(request: &Request, table: &Table) -> Self {
        let (times, bytes, octal) = (request.times, request.bytes, request.octal);
        let columns = table.columns();
        Self { columns, commands: CommandLines::default(), times, bytes, octal }
    }

    /// The facts that the columns need.
    pub(super) fn facts(&self) -> Vec<&'static str> {
        let mut facts = facts_of(&self.columns);
        // A status is two facts; who made a segment is told from when.
        if self.columns.iter().any(|column| column.cell == Cell::Status) {
            facts.push("locked");
        }
        if self.columns.iter().any(|column| column.cell == Cell::Command) {
            facts.push("changed");
        }
        facts
    }

    /// Adds the row of an object.
    pub(super) fn add(&mut self, tool: &mut Tool, object: &Object, table: &mut Table) {
        for at in 0..self.columns.len() {
            self.cell(tool, object, self.columns[at], table);
        }
    }

    fn cell(&mut self, tool: &mut Tool, object: &Object, column: &Column, table: &mut Table) {
        let fact = column.fact.unwrap_or_default();
        match column.cell {
            Cell::Key => table.own(&text::key(object.key())),
            Cell::Id => table.own(text::decimal(objects::id(object).into()).bytes()),
            Cell::Name => name(object, table),
            Cell::Permissions => self.permissions(object, table),
            Cell::Person => table.own(text::decimal(object.number(fact)).bytes()),
            Cell::Owner => owner(tool, object.uid, table),
            Cell::UserName => user(tool, Some(object.number(fact) as u32), table),
            Cell::GroupName => group(tool, Some(object.number(fact) as u32), table),
            Cell::User | Cell::FileUserName => user(tool, object.uid, table),
            Cell::Group | Cell::FileGroupName => group(tool, object.gid, table),
            Cell::Uid => number(object.uid.map(u64::from), table),
            Cell::Gid => number(object.gid.map(u64::from), table),
            Cell::Time => match object.time(fact) {
                0 => table.none(),
                secs => table.foreign(tool.clock.text(secs, self.times).as_bytes()),
            },
            Cell::Size => self.size(objects::number(Some(&object.size)), table),
            Cell::Bytes => self.size(objects::number(object.facts.get(fact)), table),
            Cell::Count => number(objects::number(object.facts.get(fact)), table),
            Cell::Pid => table.own(text::signed(object.pid(fact).into()).bytes()),
            Cell::Status => table.own(match (object.flag("marked"), object.flag("locked")) {
                (true, true) => b"dest,locked",
                (true, false) => b"dest",
                (false, true) => b"locked",
                (false, false) => b"",
            }),
            Cell::Command => {
                let (pid, time) = (object.pid(fact), object.time("changed"));
                match self.commands.get(&tool.proc, pid, time) {
                    Some(line) => table.foreign(line.as_bytes()),
                    None => table.none(),
                }
            }
            Cell::Text => table.none(),
        }
    }

    fn permissions(&self, object: &Object, table: &mut Table) {
        let mode = objects::mode(object);
        match object.mode {
            None => table.none(),
            Some(_) if self.octal => table.own(text::marked_octal(mode).bytes()),
            Some(_) => table.own(&text::permissions(mode)),
        }
    }

    fn size(&self, bytes: Option<u64>, table: &mut Table) {
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
        table: &mut Table,
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

fn number(number: Option<u64>, table: &mut Table) {
    match number {
        Some(number) => table.own(text::decimal(number).bytes()),
        None => table.none(),
    }
}

fn name(object: &Object, table: &mut Table) {
    let name = objects::name(object).as_bytes();
    if object.address.facility == Facility::Mq {
        table.foreign(&[b"/", name].concat());
    } else {
        table.foreign(name);
    }
}

fn owner(tool: &mut Tool, uid: Option<u32>, table: &mut Table) {
    match uid {
        Some(uid) => table.foreign(tool.people.user(uid)),
        None => table.none(),
    }
}

fn user(tool: &mut Tool, uid: Option<u32>, table: &mut Table) {
    match uid.and_then(|uid| tool.people.user_name(uid)) {
        Some(name) => table.foreign(name),
        None => table.none(),
    }
}

fn group(tool: &mut Tool, gid: Option<u32>, table: &mut Table) {
    match gid.and_then(|gid| tool.people.group_name(gid)) {
        Some(name) => table.foreign(name),
        None => table.none(),
    }
}
