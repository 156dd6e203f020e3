//! `lsipc`: the objects of one kind in columns of choice, one object with all that is known of it, or the limits.

mod columns;
mod limits;
mod request;
mod rows;
mod table;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;

use super::objects;
use super::shown::Shown;
use super::tool::{Tool, ToolExit, reason};
use crate::model::{Class, Family, Fault, Locator, Object};
use crate::sys::terminal;
use columns::{ELEMENT, LsipcColumn, LsipcSubject};
use request::{LsipcRequest, Selection};
use rows::RowContext;
use table::{LsipcTable, Mode};

/// Runs the tool.
pub(super) fn run(tool: &mut Tool, arguments: &[OsString]) -> Result<(), ToolExit> {
    let request = request::read(tool, arguments)?;
    let mut table = LsipcTable::new(request.mode, request.columns.clone());
    if request.shell {
        table.shell_names();
    }
    if !request.headings {
        table.no_headings();
    }
    match request.subject {
        Some(subject) if !request.global => match &request.which {
            Selection::All => all(tool, &request, subject, table),
            Selection::Id(id) => one(tool, &request, subject, &Locator::Id(*id), table),
            Selection::Name(name) => {
                let locator = subject.facility.named(name.as_bytes());
                match locator {
                    Ok(locator) => one(tool, &request, subject, &locator, table),
                    Err(_) => missing(tool, &request, subject, &table),
                }
            }
        },
        _ => {
            limits::fill(tool, &request, &mut table);
            write(tool, &request, &table, "ipclimits")
        }
    }
}

fn all(
    tool: &mut Tool,
    request: &LsipcRequest,
    subject: &LsipcSubject,
    mut table: LsipcTable,
) -> Result<(), ToolExit> {
    let record = objects::kind(tool, subject.facility, subject.family)?;
    let mut rows = RowContext::new(request, &table);
    objects::each(tool, record, &rows.facts(), &mut |tool, object| {
        rows.add(tool, object, &mut table);
        Ok(table.pass_on(&mut tool.out, subject.records)?)
    })?;
    write(tool, request, &table, subject.records)
}

fn one(
    tool: &mut Tool,
    request: &LsipcRequest,
    subject: &LsipcSubject,
    locator: &Locator,
    mut table: LsipcTable,
) -> Result<(), ToolExit> {
    let record = objects::kind(tool, subject.facility, subject.family)?;
    let mut rows = RowContext::new(request, &table);
    let elements = request.mode == Mode::Pretty && subject.option == "semaphores";
    let mut facts = rows.facts();
    if elements {
        facts.extend(["semaphores", "last-operation", "changed"]);
    }
    match objects::find(tool, record, locator, &facts) {
        Ok(object) => {
            rows.add(tool, &object, &mut table);
            write(tool, request, &table, subject.records)?;
            if elements { members(tool, request, &mut rows, &object) } else { Ok(()) }
        }
        Err(fault) if fault.class == Class::NotFound => missing(tool, request, subject, &table),
        Err(fault) => Err(unreadable(tool, request, &fault)),
    }
}

/// The semaphores of a set as a table of their own.
fn members(
    tool: &mut Tool,
    request: &LsipcRequest,
    rows: &mut RowContext,
    object: &Object,
) -> Result<(), ToolExit> {
    use std::io::Write;
    let mut table = LsipcTable::new(Mode::List, ELEMENT.to_vec());
    if let Err(why) = rows.members(tool, object, &mut table) {
        return Err(
            tool.refuse(&format!("{}: the semaphores cannot be read: {why}", object.address))
        );
    }
    tool.out.write_all(b"Elements:\n\n")?;
    write(tool, request, &table, "")
}

/// Says that there is no such object. lsipc(1) promises status 0 only where all went well.
fn missing(
    tool: &mut Tool,
    request: &LsipcRequest,
    subject: &LsipcSubject,
    table: &LsipcTable,
) -> Result<(), ToolExit> {
    if request.mode == Mode::Json {
        write(tool, request, table, subject.records)?;
    }
    let title = subject.title;
    Err(tool.refuse(&match &request.which {
        Selection::Name(name) => format!("{title} {} not found", Shown(name)),
        Selection::Id(id) => format!("{title} {id} not found"),
        Selection::All => format!("{title} not found"),
    }))
}

fn unreadable(tool: &mut Tool, request: &LsipcRequest, fault: &Fault) -> ToolExit {
    tool.refuse(&match &request.which {
        Selection::Name(name) => format!("{}: {}", Shown(name), reason(fault)),
        Selection::Id(id) => format!("id {id}: {}", reason(fault)),
        Selection::All => reason(fault),
    })
}

fn write(
    tool: &mut Tool,
    request: &LsipcRequest,
    table: &LsipcTable,
    records: &str,
) -> Result<(), ToolExit> {
    let is_cut = request.truncate && io::stdout().is_terminal();
    let width = if is_cut { terminal::size(io::stdout()).map(|size| size.width) } else { None };
    Ok(table.write(&mut tool.out, records, width)?)
}

/// Returns true if this subject has System V ids, rather than POSIX names.
fn has_ids(subject: &LsipcSubject) -> bool {
    subject.family == Family::Sysv
}

/// The facts of the kind that some columns need.
fn facts_of(columns: &[&'static LsipcColumn]) -> Vec<&'static str> {
    columns.iter().filter_map(|column| column.fact).collect()
}
