//! `ipcs -l` and `ipcs -u`: limits, and what all objects come to.

use std::io::Write;

use super::{IpcsRequest, SizeUnit, pick};
use crate::compat::objects::{self, PlainNumbers};
use crate::compat::tool::{Tool, ToolExit};
use crate::kinds::KindRecord;
use crate::model::{Facts, Limit};

/// Fewest bytes of a segment: SHMMIN of `shmget(2)`, which no knob changes.
const SHMMIN: u64 = 1;

/// The lines of one facility, given its limits by name.
type Lines = fn(&dyn Fn(&str) -> u64, SizeUnit) -> String;

/// Prints the limits of one facility.
pub(super) fn limits(
    tool: &mut Tool,
    record: &'static KindRecord,
    request: &IpcsRequest,
) -> Result<(), ToolExit> {
    let limits = objects::limits(tool, record);
    let get = |name: &str| limit(&limits, name);
    let title = pick(record, "Messages Limits", "Shared Memory Limits", "Semaphore Limits");
    writeln!(tool.out, "\n------ {title} --------")?;
    let lines: Lines = pick(record, queue_limits, segment_limits, set_limits);
    let lines = lines(&get, request.unit);
    Ok(tool.out.write_all(lines.as_bytes())?)
}

fn limit(limits: &[Limit], name: &str) -> u64 {
    let limit = limits.iter().find(|limit| limit.name == name);
    objects::number(limit.map(|limit| &limit.limit)).unwrap_or(0)
}

fn queue_limits(get: &dyn Fn(&str) -> u64, unit: SizeUnit) -> String {
    let (most, message, queue) = (get("MSGMNI"), get("MSGMAX"), get("MSGMNB"));
    let word = if unit == SizeUnit::Human { "" } else { " (bytes)" };
    format!(
        "max queues system wide = {most}\n\
         max size of message{word} = {}\n\
         default max size of queue{word} = {}\n",
        unit.size(message),
        unit.size(queue),
    )
}

fn segment_limits(get: &dyn Fn(&str) -> u64, unit: SizeUnit) -> String {
    let (most, largest, pages) = (get("SHMMNI"), get("SHMMAX"), get("SHMALL"));
    let page = procfs::page_size();
    // What is too much to count is all whole pages that can be counted.
    let all = |page: u64| pages.checked_mul(page).unwrap_or(u64::MAX - u64::MAX % page);
    let (word, largest, total) = match unit {
        SizeUnit::Human => ("", unit.size(largest), unit.size(all(page))),
        SizeUnit::Bytes => (" (bytes)", unit.size(largest), unit.size(all(page))),
        SizeUnit::Default => {
            (" (kbytes)", (largest / 1024).to_string(), all((page / 1024).max(1)).to_string())
        }
    };
    let least = if unit == SizeUnit::Human { "" } else { " (bytes)" };
    format!(
        "max number of segments = {most}\n\
         max seg size{word} = {largest}\n\
         max total shared memory{word} = {total}\n\
         min seg size{least} = {}\n",
        unit.size(SHMMIN),
    )
}

fn set_limits(get: &dyn Fn(&str) -> u64, _unit: SizeUnit) -> String {
    format!(
        "max number of arrays = {}\n\
         max semaphores per array = {}\n\
         max semaphores system wide = {}\n\
         max ops per semop call = {}\n\
         semaphore max value = {}\n",
        get("SEMMNI"),
        get("SEMMSL"),
        get("SEMMNS"),
        get("SEMOPM"),
        get("SEMVMX"),
    )
}

/// Prints what all objects of one facility come to.
pub(super) fn totals(
    tool: &mut Tool,
    record: &'static KindRecord,
    request: &IpcsRequest,
) -> Result<(), ToolExit> {
    let title = pick(record, "Messages Status", "Shared Memory Status", "Semaphore Status");
    writeln!(tool.out, "\n------ {title} --------")?;
    let lines: fn(&Facts, SizeUnit) -> String =
        pick(record, queue_totals, segment_totals, set_totals);
    let lines = lines(&record.inspect.totals(), request.unit);
    Ok(tool.out.write_all(lines.as_bytes())?)
}

fn queue_totals(all: &Facts, unit: SizeUnit) -> String {
    let bytes = unit.size(all.number("bytes"));
    let space = match unit {
        SizeUnit::Default => format!("used space = {bytes} bytes"),
        SizeUnit::Bytes => format!("used space (bytes) = {bytes}"),
        SizeUnit::Human => format!("used space = {bytes}"),
    };
    let (queues, messages) = (all.number("queues"), all.number("messages"));
    format!("allocated queues = {queues}\nused headers = {messages}\n{space}\n")
}

fn segment_totals(all: &Facts, _unit: SizeUnit) -> String {
    format!(
        "segments allocated {}\n\
         pages allocated {}\n\
         pages resident  {}\n\
         pages swapped   {}\n\
         Swap performance: {} attempts\t {} successes\n",
        all.number("segments"),
        all.number("pages"),
        all.number("resident-pages"),
        all.number("swapped-pages"),
        all.number("swap-attempts"),
        all.number("swap-successes"),
    )
}

fn set_totals(all: &Facts, _unit: SizeUnit) -> String {
    let (sets, semaphores) = (all.number("sets"), all.number("semaphores"));
    format!("used arrays = {sets}\nallocated semaphores = {semaphores}\n")
}
