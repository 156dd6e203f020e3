//! What is wrong with sockets: rows of the table.

use super::{Case, Finding};
use crate::model::Value;

/// A peer that closed so many seconds ago will not be answered any more.
const LONG: i64 = 60;

pub(super) fn full(case: &Case) -> Finding {
    let (Some(waiting), Some(backlog)) = (case.count("waiting"), case.count("backlog")) else {
        return Finding::No;
    };
    if waiting <= backlog {
        return Finding::No;
    }
    Finding::Yes(vec![
        format!("{waiting} connections wait to be accepted, and {backlog} may"),
        "who connects to it now waits, or fails with EAGAIN".into(),
    ])
}

pub(super) fn broken(case: &Case) -> Finding {
    match case.count("left") {
        Some(left @ 1..) => Finding::Yes(vec![format!(
            "{left} bytes in it were not read, and its other end is gone"
        )]),
        _ => Finding::No,
    }
}

pub(super) fn stale(case: &Case) -> Finding {
    match case.word("status") {
        Some("unbound") => {
            let lines = [
                "no socket is bound to it, and none will be: bind(2) makes a new file",
                "a program that binds here fails with EADDRINUSE until the file is removed",
            ];
            Finding::Yes(lines.map(str::to_owned).into())
        }
        _ => Finding::No,
    }
}

pub(super) fn unreachable(case: &Case) -> Finding {
    let leads = match case.fact("leads-to") {
        Some(Value::Word(leads @ ("nothing" | "another file"))) => *leads,
        Some(Value::Unknown(reason)) => return Finding::Unknown(reason),
        _ => return Finding::No,
    };
    let path = case.name("bound-to").unwrap_or_else(|| "its path".into());
    Finding::Yes(vec![
        format!("it was bound to {path}, and as its holder sees that path, it leads to {leads}"),
        "nobody can connect to it by that path".into(),
    ])
}

pub(super) fn drops(case: &Case) -> Finding {
    let (drops, taken, room) =
        (case.count("drops"), case.count("queued-memory"), case.count("room"));
    match (drops, taken, room) {
        // A datagram takes more than half of the room, or less: then the queue is not full.
        (Some(drops @ 1..), Some(taken), Some(room)) if taken > room / 2 => Finding::Yes(vec![
            format!("{drops} datagrams were lost since it was made"),
            format!("its queue takes {taken} of {room} bytes, and is not read fast enough"),
        ]),
        _ => Finding::No,
    }
}

pub(super) fn close_wait(case: &Case) -> Finding {
    if case.word("status") != Some("close-wait") {
        return Finding::No;
    }
    let heard = match case.fact("heard") {
        Some(Value::Age(heard)) => heard.secs,
        Some(Value::Unknown(reason)) => return Finding::Unknown(reason),
        _ => return Finding::No,
    };
    let silent = super::now().saturating_sub(heard);
    if silent <= LONG {
        return Finding::No;
    }
    Finding::Yes(vec![
        format!("its peer closed the connection at least {silent} s ago"),
        "its process has not closed it, and keeps the descriptor".into(),
    ])
}
