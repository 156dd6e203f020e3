//! Where the values of arguments come from: what an argument calls its value says what it is. Knows the names
//! of values, and no verb.

use std::fs;

use clap::Arg;

use super::line::CommandLine;
use super::{Candidate, addresses};
use crate::cli::context::Context;
use crate::commands::Verb;
use crate::kinds::KindRecord;
use crate::model::Encoded;
use crate::sys::processes::Proc;

/// What could stand there.
pub(super) enum Answer {
    /// These.
    Candidates(Vec<Candidate>),
    /// The shell knows: `files`, `dirs`, `commands`.
    Shell(&'static str),
}

/// Where values of one name come from.
#[derive(Clone, Copy)]
enum ValueSource {
    /// Whatever the user has in mind: a number, a size, a pattern.
    Free,
    /// Objects that are there.
    Addresses,
    /// Facilities and objects that are there; for a verb that takes no objects, those that could be made.
    Selectors,
    /// Names of columns, with commas between them.
    Columns,
    Users,
    Groups,
    Processes,
    Verbs,
    Files,
    Directories,
    /// A program, then its arguments.
    Run,
}

/// What arguments call their values.
static SOURCES: &[(&str, ValueSource)] = &[
    ("ADDRESS", ValueSource::Addresses),
    ("ADDRESS|-", ValueSource::Addresses),
    ("ADDRESS|FILE", ValueSource::Addresses),
    ("FROM", ValueSource::Addresses),
    ("TO", ValueSource::Addresses),
    ("FACILITY", ValueSource::Selectors),
    ("FACILITY|ADDRESS", ValueSource::Selectors),
    ("LIST", ValueSource::Columns),
    ("USER", ValueSource::Users),
    ("GROUP", ValueSource::Groups),
    ("PID", ValueSource::Processes),
    ("PATH[,PROJECT]", ValueSource::Files),
    ("VERB", ValueSource::Verbs),
    ("FILE", ValueSource::Files),
    ("DIR", ValueSource::Directories),
    ("COMMAND", ValueSource::Run),
    ("DURATION", ValueSource::Free),
    ("GLOB", ValueSource::Free),
    ("NAME", ValueSource::Free),
    ("NAME|N", ValueSource::Free),
    ("I", ValueSource::Free),
    ("N", ValueSource::Free),
    ("TEXT", ValueSource::Free),
    ("A,B,…", ValueSource::Free),
    ("MESSAGE", ValueSource::Free),
    ("OCTAL", ValueSource::Free),
    ("PERCENT", ValueSource::Free),
    ("SEALS", ValueSource::Free),
    ("SIZE", ValueSource::Free),
    ("TERM", ValueSource::Free),
    ("TEXT", ValueSource::Free),
];

/// What an argument calls its value.
pub(super) fn value_name(arg: &Arg) -> &str {
    arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str())
}

/// Returns true if there is an entry for values of this name.
#[cfg(test)]
pub(super) fn is_known(name: &str) -> bool {
    SOURCES.iter().any(|(known, _)| *known == name)
}

/// The values that an argument can have, and how many bytes of what was typed stand before the one at the cursor,
/// where it is a list.
pub(super) fn values(
    arg: &Arg,
    verb: Option<&Verb>,
    typed: &str,
    line: &CommandLine,
    cx: &Context,
) -> (usize, Answer) {
    let possible = arg.get_possible_values();
    let last_of_list = |separator: char| typed.rfind(separator).map_or(0, |at| at + 1);
    if !possible.is_empty() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        let about = |help: Option<&clap::builder::StyledStr>| {
            help.map(ToString::to_string).unwrap_or_default()
        };
        let values = shown.map(|value| (value.get_name().to_owned(), about(value.get_help())));
        return (
            arg.get_value_delimiter().map_or(0, last_of_list),
            Answer::Candidates(values.collect()),
        );
    }
    let name = value_name(arg);
    let source = SOURCES
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(ValueSource::Free, |(_, source)| *source);
    let takes: fn(&KindRecord) -> bool = verb.map_or(|_| true, |verb| verb.takes);
    let mut list = 0;
    let candidates = match source {
        ValueSource::Free => Vec::new(),
        ValueSource::Addresses => addresses::existing(typed, &line.words, takes, cx),
        ValueSource::Selectors => addresses::selectors(typed, &line.words, takes, cx),
        ValueSource::Columns => {
            list = last_of_list(',');
            // What adds or reverses is no part of a name.
            list += usize::from(typed[list..].starts_with(['+', '-']));
            verb.map(|verb| (verb.columns)()).unwrap_or_default()
        }
        ValueSource::Users => accounts("/etc/passwd", "uid"),
        ValueSource::Groups => accounts("/etc/group", "gid"),
        ValueSource::Processes => processes(cx),
        ValueSource::Verbs => super::verbs(&super::definition()),
        ValueSource::Files => return (0, Answer::Shell("files")),
        ValueSource::Directories => return (0, Answer::Shell("dirs")),
        ValueSource::Run if line.run == 0 => return (0, Answer::Shell("commands")),
        ValueSource::Run => return (0, Answer::Shell("files")),
    };
    (list, Answer::Candidates(candidates))
}

/// Names and numbers of `passwd(5)` or `group(5)`. Those that a directory on the network has are not looked for:
/// there may be a million.
fn accounts(file: &str, number: &str) -> Vec<Candidate> {
    let text = fs::read(file).unwrap_or_default();
    let lines = String::from_utf8_lossy(&text).into_owned();
    let account = |line: &str| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        let usable = !name.is_empty() && Encoded(name.as_bytes()).to_string() == name;
        usable.then(|| (name.to_owned(), format!("{number} {}", Encoded(id.as_bytes()))))
    };
    lines.lines().filter_map(account).collect()
}

fn processes(cx: &Context) -> Vec<Candidate> {
    let Ok(proc) = Proc::open(&cx.proc) else { return Vec::new() };
    let process = |pid: i32| {
        let mut buffer = [0; 64];
        let process = proc.process(pid).ok()?;
        let name = process.read(c"comm", &mut buffer).unwrap_or_default();
        Some((pid.to_string(), Encoded(name.trim_ascii_end()).to_string()))
    };
    proc.pids().unwrap_or_default().into_iter().filter_map(process).collect()
}
