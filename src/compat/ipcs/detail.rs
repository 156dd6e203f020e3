//! `ipcs -i`: all that is known of one object.

use std::fmt::Write as _;
use std::io::Write as _;

use super::list::time;
use super::{IpcsRequest, SizeUnit, pick};
use crate::compat::objects::{self, PlainNumbers};
use crate::compat::text::{self, left, marked_octal};
use crate::compat::times::TimeForm;
use crate::compat::tool::{Tool, ToolExit, reason};
use crate::kinds::KindRecord;
use crate::model::{Class, Locator, Object, Value};

/// Prints an object.
pub(super) fn section(
    tool: &mut Tool,
    record: &'static KindRecord,
    request: &IpcsRequest,
) -> Result<(), ToolExit> {
    let id = request.id.unwrap_or_default();
    // Commands are not printed, and looking them up costs.
    let fields = (record.kind.fields)();
    let names = fields.iter().map(|field| field.name);
    let facts: Vec<&str> = names.filter(|name| !name.ends_with("command")).collect();
    let object = match objects::find(tool, record, &Locator::Id(id), &facts) {
        Ok(object) => object,
        Err(fault) if fault.class == Class::NotFound => {
            // No failure: ipcs(1) does not promise that it is one.
            tool.warn(&format!("id {id} not found"));
            return Ok(());
        }
        Err(fault) => return Err(tool.refuse(&format!("id {id}: {}", reason(&fault)))),
    };
    let text: fn(&mut Tool, &Object, SizeUnit) -> String = pick(record, queue, segment, set);
    let text = text(tool, &object, request.unit);
    writeln!(tool.out, "\n{text}")?;
    if let Some(Value::Unknown(why)) = object.facts.get("semaphores") {
        tool.fail(&format!("the semaphores of id {id} cannot be read: {why}"));
    }
    Ok(())
}

fn date(tool: &mut Tool, object: &Object, fact: &str) -> String {
    format!("{:<26}", time(tool, object, fact, TimeForm::Full))
}

/// `uid=0 gid=0 cuid=0 cgid=0` with this between them.
fn people(object: &Object, gap: &str) -> String {
    format!(
        "uid={}{gap}gid={}{gap}cuid={}{gap}cgid={}",
        object.uid().unwrap_or_default(),
        object.gid().unwrap_or_default(),
        object.number("cuid"),
        object.number("cgid"),
    )
}

fn octal(mode: u32) -> String {
    String::from_utf8_lossy(marked_octal(mode).bytes()).into_owned()
}

fn queue(tool: &mut Tool, object: &Object, unit: SizeUnit) -> String {
    let word = if unit == SizeUnit::Human { "size" } else { "bytes" };
    let used = unit.size(object.number("bytes"));
    let most = unit.size(object.number("max-bytes"));
    format!(
        "Message Queue msqid={}\n\
         {}\tmode={}\n\
         c{word}={used}\tq{word}={most}\tqnum={}\tlspid={}\tlrpid={}\n\
         send_time={}\n\
         rcv_time={}\n\
         change_time={}\n",
        objects::id(object),
        people(object, "\t"),
        octal(objects::mode(object)),
        object.number("messages"),
        object.pid("sender-pid"),
        object.pid("receiver-pid"),
        date(tool, object, "last-send"),
        date(tool, object, "last-receive"),
        date(tool, object, "changed"),
    )
}

fn segment(tool: &mut Tool, object: &Object, unit: SizeUnit) -> String {
    let word = if unit == SizeUnit::Human { "size" } else { "bytes" };
    let bit = |fact, bit| if object.flag(fact) { bit } else { 0 };
    let permissions = objects::mode(object);
    // The kernel keeps the two states of a segment in its mode.
    let mode = permissions | bit("marked", 0o1000) | bit("locked", 0o2000);
    format!(
        "Shared memory Segment shmid={}\n\
         {}\n\
         mode={}\taccess_perms={}\n\
         {word}={}\tlpid={}\tcpid={}\tnattch={}\n\
         att_time={}\n\
         det_time={}\n\
         change_time={}\n",
        objects::id(object),
        people(object, "\t"),
        octal(mode),
        octal(permissions),
        unit.size(objects::number(Some(&object.size)).unwrap_or(0)),
        object.pid("last-pid"),
        object.pid("creator-pid"),
        object.number("attached"),
        date(tool, object, "last-attach"),
        date(tool, object, "last-detach"),
        date(tool, object, "changed"),
    )
}

fn set(tool: &mut Tool, object: &Object, _unit: SizeUnit) -> String {
    let mode = octal(objects::mode(object));
    let mut text = format!(
        "Semaphore Array semid={}\n\
         {}\n\
         mode={mode}, access_perms={mode}\n\
         nsems = {}\n\
         otime = {}\n\
         ctime = {}\n\
         semnum     value      ncount     zcount     pid       \n",
        objects::id(object),
        people(object, "\t "),
        object.number("count"),
        date(tool, object, "last-operation"),
        date(tool, object, "changed"),
    );
    if let Some(Value::Rows(members)) = object.facts.get("semaphores") {
        for member in &members.rows {
            let _ = writeln!(text, "{}", String::from_utf8_lossy(&row(member)));
        }
    }
    text
}

/// Index, value, waiters for a rise and for zero, and pid of one semaphore.
fn row(member: &[Value]) -> Vec<u8> {
    let mut row = Vec::new();
    for (at, value) in member.iter().take(5).enumerate() {
        let number = match value {
            Value::Pid(pid) => i64::from(*pid),
            value => i64::try_from(objects::number(Some(value)).unwrap_or(0)).unwrap_or(i64::MAX),
        };
        if at > 0 {
            row.push(b' ');
        }
        left(&mut row, text::signed(number).bytes(), 10);
    }
    row
}
