//! What is wrong with processes: rows of the table.

use super::{Case, Finding};
use crate::model::Value;

/// A process that ended so many seconds ago is not collected any more.
const LONG: i64 = 60;

pub(super) fn zombie(case: &Case) -> Finding {
    if case.word("run-state") != Some("zombie") {
        return Finding::No;
    }
    let ended = match case.fact("ended") {
        Some(Value::Age(ended)) => ended.secs,
        Some(Value::Unknown(reason)) => return Finding::Unknown(reason),
        _ => return Finding::No,
    };
    let past = super::now().saturating_sub(ended);
    if past <= LONG {
        return Finding::No;
    }
    let mut lines = vec![format!("it ended {past} s ago")];
    lines.push(match case.fact("parent") {
        Some(Value::Pid(parent @ 1..)) => {
            format!("its parent {parent} has not collected it: wait(2)")
        }
        _ => "its parent has not collected it: wait(2)".into(),
    });
    Finding::Yes(lines)
}

pub(super) fn stopped(case: &Case) -> Finding {
    let state = match case.word("run-state") {
        Some(state @ ("stopped" | "traced")) => state,
        _ => return Finding::No,
    };
    let pending = case.words("pending");
    let parent = match case.fact("awaited-by") {
        Some(Value::Pid(parent)) => Some(*parent),
        _ => None,
    };
    if pending.is_empty() && parent.is_none() {
        return Finding::No;
    }
    let by = case.word("stopped-by").map_or_else(String::new, |signal| format!(" by {signal}"));
    let mut lines = vec![match state {
        "traced" => "it is stopped by the process that traces it".into(),
        _ => format!("it was stopped{by}, and goes on at SIGCONT"),
    }];
    if !pending.is_empty() {
        lines.push(format!("until then it does not get what is pending: {}", pending.join(", ")));
    }
    lines.extend(parent.map(|parent| format!("its parent {parent} waits for a child to end")));
    Finding::Yes(lines)
}

pub(super) fn blocked(case: &Case) -> Finding {
    let now = case.words("stuck");
    let Some(later) = case.stuck.as_ref().filter(|_| !now.is_empty()) else { return Finding::No };
    let lasting: Vec<&str> = now.into_iter().filter(|signal| later.contains(signal)).collect();
    if lasting.is_empty() {
        return Finding::No;
    }
    Finding::Yes(vec![format!(
        "{}: pending for more than a second, and blocked by every thread",
        lasting.join(", ")
    )])
}

pub(super) fn no_handler(case: &Case) -> Finding {
    let is_init = matches!(case.fact("init"), Some(Value::Flag(true)));
    // Lists that could not be read name nothing, and prove nothing.
    let lacks = |name: &str| match case.fact(name) {
        Some(Value::List(_) | Value::None(_)) => !case.words(name).contains(&"TERM"),
        _ => false,
    };
    if !is_init || case.word("run-state") == Some("zombie") || !lacks("caught") || !lacks("blocked")
    {
        return Finding::No;
    }
    Finding::Yes(vec![
        "it is the first process of its pid namespace, and has no handler for SIGTERM".into(),
        "the kernel drops signals to such a process: only SIGKILL from outside ends it".into(),
    ])
}
