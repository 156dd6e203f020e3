//! What is wrong with pipes and FIFOs: rows of the table.

use super::{Case, Finding};
use crate::waits::flow::{End, PipeFlow};
use crate::waits::threads::Direction;

/// A thread that waits to read has slept for so many seconds before anybody is suspected.
const LONG: f64 = 2.0;

pub(super) fn full(case: &Case) -> Finding {
    let Some(flow) = case.flow.filter(|flow| flow.states.writable == Some(false)) else {
        return Finding::No;
    };
    if flow.states.no_reader != Some(false) {
        return Finding::No;
    }
    let mut writers = flow.waiters(&[Direction::Write]).peekable();
    if writers.peek().is_none() || !flow.readers().iter().all(|pid| flow.still.contains(pid)) {
        return Finding::No;
    }
    let queued = flow.states.queued.map_or("bytes".into(), |queued| format!("{queued} bytes"));
    let mut lines =
        vec![format!("{queued} are in it, and there is no room for what is to be written")];
    lines.extend(
        writers.map(|one| format!("{} waits to write to it as fd {}", flow.name(one.pid), one.fd)),
    );
    let reader = |pid: &i32| {
        let does = match flow.waits(*pid, &[Direction::Read, Direction::Poll]) {
            true => "sleeps, and does not take it",
            false => "sleeps in another call",
        };
        format!("{} could read it as {}, and {does}", flow.name(*pid), flow.fds(*pid, End::reads))
    };
    lines.extend(flow.readers().iter().map(reader));
    if flow.readers().is_empty() {
        lines.push("its readers cannot be seen from here".into());
    }
    Finding::Yes(lines)
}

pub(super) fn broken(case: &Case) -> Finding {
    match case.flow.map(|flow| (flow, flow.states.no_reader, flow.states.queued)) {
        Some((flow, Some(true), Some(queued @ 1..))) => {
            let mut lines =
                vec![format!("{queued} bytes are in it, and no process can read them any more")];
            lines.extend(flow.writers().iter().map(|pid| {
                format!(
                    "{} has it open for writing as {}",
                    flow.name(*pid),
                    flow.fds(*pid, End::writes)
                )
            }));
            Finding::Yes(lines)
        }
        _ => Finding::No,
    }
}

/// An empty pipe on which threads sleep to read, and which has writers.
fn starved<'c>(case: &'c Case) -> Option<&'c PipeFlow> {
    case.flow.filter(|flow| {
        flow.states.queued == Some(0)
            && flow.states.no_writer != Some(true)
            && !flow.writers().is_empty()
    })
}

const UNREAD: &str = "not every process could be read";

pub(super) fn self_held(case: &Case) -> Finding {
    let Some(flow) = starved(case) else { return Finding::No };
    if !flow.writers().iter().all(|pid| flow.waits(*pid, &[Direction::Read])) {
        return Finding::No;
    }
    if case.unread > 0 {
        return Finding::Unknown(UNREAD);
    }
    let line = |pid: &i32| {
        format!(
            "{} waits to read from it, and has it open for writing itself as {}",
            flow.name(*pid),
            flow.fds(*pid, End::writes)
        )
    };
    let mut lines: Vec<String> = flow.writers().iter().map(line).collect();
    lines.push("the end of file comes when these close their ends for writing".into());
    lines.extend(case.others());
    Finding::Yes(lines)
}

pub(super) fn leaked(case: &Case) -> Finding {
    let Some(flow) = starved(case).filter(|flow| flow.orphans) else { return Finding::No };
    let patient = |idle: Option<f64>| idle.is_some_and(|idle| idle > LONG);
    let mut readers =
        flow.waiters(&[Direction::Read, Direction::Poll]).filter(|one| patient(one.idle));
    let Some(reader) = readers.next() else { return Finding::No };
    if case.unread > 0 {
        return Finding::Unknown(UNREAD);
    }
    let seconds = reader.idle.unwrap_or(0.0);
    let mut lines = vec![format!(
        "{} has waited for {seconds:.0} s to read from it as fd {}",
        flow.name(reader.pid),
        reader.fd
    )];
    lines.extend(flow.writers().iter().map(|pid| {
        format!(
            "{} keeps it open for writing as {}, and its parent is gone",
            flow.name(*pid),
            flow.fds(*pid, End::writes)
        )
    }));
    lines.push("the end of file comes when these close it or end".into());
    lines.extend(case.others());
    Finding::Yes(lines)
}
